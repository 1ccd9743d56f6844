"""The page of a saving: at equal energy, at equal score, at the threshold, and the break-even."""

from __future__ import annotations

import math
from typing import Any

_UNSEEN = 1e-6  # errors up to this are not printed


def saving_text(report: dict[str, Any]) -> str:
    """The page of :func:`theory.laws.saving.saving_report`."""
    beta, r = report["beta"], report
    head = f"{r['law']}, budget {100 * beta:.12g} % of sending everything"
    if r["keeps_all"]:
        return (
            f"{head}\n\nnothing to save    all non-zero entries together cost {_percent(r['support_share'])} "
            "of sending everything: CWMP and Top-K both keep all of them"
        )
    unit = f"({'+-' if r['error_is'] == 'quadrature' else '95 %: +-'}"
    error = lambda e: f"{unit} {_percent(e.error)})" if math.isfinite(e.error) else "(error not known)"  # noqa: E731
    exact = lambda e: f"{_percent(e.value)}{'' if e.error <= _UNSEEN else ' ' + error(e)}"  # noqa: E731
    left = beta * (1 - r["saving"].value)
    lines = [
        head,
        "",
        f"at equal energy    CWMP retains {_percent(r['V'].value)} of ||g||^2, Top-K {_percent(r['V_K'].value)}: "
        f"{exact(r['gain'])} more; the advantage law (P5) says {_percent(r['gain_predicted'])}",
        f"at equal score     CWMP spends {_percent(left)} of sending everything, Top-K {_percent(beta)}: it "
        f"saves {exact(r['saving'])}; the saving law (P6) says {_law(r['saving_predicted'])}{_between(r)}",
        f"at the threshold   |g| = {r['tau']:.4g}: {_profile(r)}",
        f"break-even         {_break_even(r)}",
    ]
    return "\n".join([*lines, *([f"note               {r['doubt']}"] if r["doubt"] else [])])


def _profile(r: dict[str, Any]) -> str:
    """What the laws of advantage and saving are made of, as far as there is any of it."""
    if math.isnan(r["spread"]):
        return "nothing is kept above it, or it is an atom: the laws have no density to look at"
    spread = f"by CV {r['spread']:.3g}" if math.isfinite(r["spread"]) else "without a finite variance"
    tail = f"{r['tail']:.3g}" if math.isfinite(r["tail"]) else "infinite"
    return f"costs vary {spread}, local tail index {tail}, elasticity of the mean cost {_elasticity(r)}"


def _elasticity(r: dict[str, Any]) -> str:
    """With its interval, where data gave it."""
    value, error = r["elasticity"], r["elasticity_error"]
    if math.isnan(value):
        return "not determined"
    return f"{value:.2g} (95 %: +- {error:.2g})" if error else f"{value:.2g}"


def _between(r: dict[str, Any]) -> str:
    """What the elasticity's interval leaves open of the saving law."""
    low, high = r["saving_predicted_range"]
    if not (r["elasticity_error"] and math.isfinite(r["saving_predicted"])):
        return ""
    return f" ({_percent(low)} to {_law(high)} over the interval of the elasticity)"


def _break_even(r: dict[str, Any]) -> str:
    """The spread that saves the target."""
    if not math.isfinite(r["break_even"]):
        return f"the saving law names no spread of costs that saves {_percent(r['target'])}"
    return f"to save {_percent(r['target'])}, costs there must vary by at least CV {r['break_even']:.3g}"


def _law(saving: float) -> str:
    """What the saving law says, unless that is more than there is."""
    return "more than all of it, which is out of its region" if saving >= 1 else _percent(saving)


def _percent(share: float) -> str:
    rounded = 0.0 if abs(share) < 1e-9 else share  # a quadrature's rounding is no saving
    return f"{100 * rounded:.3g} %" if math.isfinite(share) else "nothing"
