"""What CWMP would save: predicted, exact and the break-even, as plain data and as a page for a terminal."""

from __future__ import annotations

import math
from typing import Any

from theory.energy.shares import shares_fields
from theory.laws.deviation import AnyLaw
from theory.laws.efficiency import Efficiency, Saving
from theory.laws.joint import Law
from theory.laws.power_mean import NO_LAW, PowerMeanLaw, predicted_saving

VALID_SPREAD = 0.3  # CV_tau up to which P5 and P6 were within 13 % and 22 % over a table of laws (results/laws)
_WORTH_A_NOTE = 0.005  # savings below this are not worth a word on how well they were predicted
_FAR = 0.3  # relative, in logarithm
_UNSEEN = 1e-6  # errors up to this are not printed


def saving_report(law: AnyLaw, beta: float, target: float) -> dict[str, Any]:
    """V, V_K, the saving and what predicts it at the budget share ``beta``; the spread needed to save ``target``.

    ``saving_law`` is the power-mean law (P11), layer by layer where layers are known, ``index`` and ``groups`` what it
    was made of; ``saving_predicted`` is its limit for small spreads (P6). ``ceiling`` is what no selector exceeds
    (D19).

    Raises:
        InputError: shares out of range, a law without the moments.
    """
    at, saving = law.efficiency(beta), law.saving(beta)
    profile = saving.profile
    means = NO_LAW if at.keeps_all else predicted_saving(law.groups, profile.tau)
    return {
        "law": str(law), "beta": beta, "V": at.cwmp, "V_K": at.top_k, "R": at.ratio,
        "saving": saving.at_equal_score, "saving_law": means.saving, "index": means.index, "groups": means.groups,
        "ceiling": 0.0 if at.keeps_all else law.ceiling(beta), "saving_predicted": profile.saving,
        "saving_predicted_range": list(profile.saving_range),
        "gain": saving.at_equal_energy, "gain_predicted": profile.advantage,
        "tau": profile.tau, "spread": profile.spread, "tail": profile.tail, "elasticity": profile.elasticity.value,
        "elasticity_error": profile.elasticity.error,
        "target": target, "break_even": profile.break_even(target), "doubt": _doubt(law, at, saving, means),
        "remark": "" if isinstance(law, Law) else law.remark,
        "error_is": "quadrature" if isinstance(law, Law) else "half of a 95 % interval",
        "support_share": law.support_share, "keeps_all": at.keeps_all,
        "layers": shares_fields(getattr(law, "shares", ())),
    }  # fmt: skip


def _doubt(law: AnyLaw, at: Efficiency, saving: Saving, means: PowerMeanLaw = NO_LAW) -> str | None:
    """What a reader should know before believing the interval or the prediction."""
    profile = saving.profile
    doubts = list(law.doubtful) if isinstance(law, Law) else law.doubts(at.tau)
    if at.keeps_all:
        doubts = ["the budget buys every non-zero entry"]
    elif math.isnan(profile.elasticity.value) and not math.isnan(profile.spread):
        doubts.append("the data do not determine how the mean cost moves with the magnitude: the laws give no figure")
    elif math.isnan(profile.saving):
        doubts.append("the saving law does not apply: no density at the threshold, or costs outrun the scores")
    elif math.isinf(profile.spread):
        doubts.append("the saving law does not apply: costs at the threshold have no finite variance")
    elif profile.spread > VALID_SPREAD:
        doubts.append(f"the laws are second order in the spread, at CV {profile.spread:.2g} an order of magnitude")
    elif saving.at_equal_score.value > _WORTH_A_NOTE:
        ratio = profile.saving / saving.at_equal_score.value
        if abs(math.log(max(ratio, 1e-9))) > _FAR:
            doubts.append(f"the saving law says {ratio:.2g} times the exact saving: the law changes near the threshold")
    if means.saving > 0 and saving.at_equal_score.value > _WORTH_A_NOTE:
        ratio = means.saving / saving.at_equal_score.value
        if abs(math.log(ratio)) > _FAR:
            doubts.append(f"the power-mean law says {ratio:.2g} times the exact saving: costs follow magnitudes there")
    return "; ".join(doubts) or None


def saving_text(report: dict[str, Any]) -> str:
    """The page of :func:`saving_report`."""
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
    ]
    return "\n".join([*lines, *([f"note               {r['doubt']}"] if r["doubt"] else [])])


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


def _law(saving: float) -> str:
    """What the saving law says, unless that is more than there is."""
    return "more than all of it, which is out of its region" if saving >= 1 else _percent(saving)


def _percent(share: float) -> str:
    rounded = 0.0 if abs(share) < 1e-9 else share  # a quadrature's rounding is no saving
    return f"{100 * rounded:.3g} %" if math.isfinite(share) else "nothing"
