"""The page of a saving: at equal energy, at equal score, at the threshold, and the break-even."""

from __future__ import annotations

import math
from typing import Any

_SHOWN = 3  # starved layers by name
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
        f"saves {exact(r['saving'])}; the power-mean law (P11) says {_percent(r['saving_law'])}{_made_of(r)}",
        f"small spreads      the saving law (P6) says {_law(r['saving_predicted'])}{_between(r)}",
        f"ceiling            {_ceiling(r)}",
        f"at the threshold   |g| = {r['tau']:.4g}: {_profile(r)}",
        f"break-even         {_break_even(r)}",
        *([f"starved            {_starved(r['starved'])}"] if r["starved"] else []),
    ]
    return "\n".join([*lines, *([f"note               {r['doubt']}"] if r["doubt"] else [])])


def clients_text(report: dict[str, Any]) -> str:
    """The page of one price for several clients, exact and by P14."""
    r = report
    if math.isnan(r["retained_law"]):
        why = (
            "no tail index could be measured there" if math.isnan(r["index"]) else f"the tail index is {r['index']:.3g}"
        )
        why += ", and must be above 2"
        if r["beyond"]:
            why = f"with index {r['index']:.3g} it would keep more than everything, the tail is no power law so far"
        more = less = f"P14 gives no figure: {why}"
    else:
        more = f"P14 says {_percent(r['retained_law'] - 1)} (index {r['index']:.3g})"
        less = f"P14 says {_percent(r['saving_law'])}"
    low, median, high = r["norms"]
    if r["law"] is not None:
        return (
            f"clients            norms ~ {r['law']}, nine in ten from {low:.3g} to {high:.3g}, median {median:.3g}\n"
            f"one price          retains more than equal joules each at equal energy: {more}\n"
            f"at equal score     it saves: {less}; where every client stops within the power tail"
        )
    one, equal = r["of_norm"]
    return "\n".join([
        f"{r['clients']} clients of {r['d']} coordinates, for all of them together a budget of "
        f"{100 * r['beta']:.12g} % of sending everything", "",
        f"at equal energy    one price retains {_percent(one)} of all ||g||^2, equal joules each {_percent(equal)}: "
        f"{_percent(r['retained'] - 1)} more; {more}",
        f"at equal score     one price saves {_percent(r['saving'])} of the joules; {less}",
        f"ceiling            no split of the joules retains {_percent(r['bound'])} more than equal ones (D21)",
        f"joules             from {r['joules'][0]:.3g} to {r['joules'][1]:.3g} equal shares a client",
        f"norms              from {low:.4g} to {high:.4g}, median {median:.4g}",
    ])  # fmt: skip


def _profile(r: dict[str, Any]) -> str:
    """What the laws of advantage and saving are made of, as far as there is any of it."""
    if math.isnan(r["spread"]):
        return "nothing is kept above it, or it is an atom: the laws have no density to look at"
    spread = f"by CV {r['spread']:.3g}" if math.isfinite(r["spread"]) else "without a finite variance"
    tail = f"{r['tail']:.3g}" if math.isfinite(r["tail"]) else "infinite"
    return f"costs vary {spread}, local tail index {tail}, elasticity of the mean cost {_elasticity(r)}"


def _made_of(r: dict[str, Any]) -> str:
    """The index of the power-mean law, and over how many groups of coordinates it was taken."""
    if not math.isfinite(r["index"]):
        return ""
    return f" (index {r['index']:.3g}{', ' + str(r['groups']) + ' groups' if r['groups'] > 1 else ''})"


def _ceiling(r: dict[str, Any]) -> str:
    """What no selector exceeds, and what keeps it low where that is the radio."""
    because = f": {r['remark']}" if r["remark"] else ""
    return f"no selector can save more than {_percent(r['ceiling'])} here (D19){because}"


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


def _starved(layers: list[dict[str, Any]]) -> str:
    """Which layers lose most by cost-weighting, and what mends it."""
    shown = ", ".join(f"{x['layer']} {_percent(x['cwmp'])} instead of {_percent(x['top_k'])}" for x in layers[:_SHOWN])
    more = f" and {len(layers) - _SHOWN} more" if len(layers) > _SHOWN else ""
    some = f"{len(layers)} layer{'s keep' if len(layers) > 1 else ' keeps'}"
    return (
        f"{some} less than 80 % of what Top-K keeps there: {shown}{more}, of its own ||g||^2; safe CWMP mends it (D23)"
    )


def _law(saving: float) -> str:
    """What the saving law says, unless that is more than there is."""
    return "more than all of it, which is out of its region" if saving >= 1 else _percent(saving)


def _percent(share: float) -> str:
    rounded = 0.0 if abs(share) < 1e-9 else share  # a quadrature's rounding is no saving
    return f"{100 * rounded:.3g} %" if math.isfinite(share) else "nothing"
