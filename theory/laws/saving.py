"""What CWMP would save: predicted, exact and the break-even, as plain data."""

from __future__ import annotations

import math
from typing import Any

from theory.energy.shares import shares_fields
from theory.laws.deviation import AnyLaw
from theory.laws.efficiency import Efficiency, Saving
from theory.laws.joint import Law
from theory.laws.power_mean import NO_LAW, PowerMeanLaw, predicted_saving
from theory.laws.starving import starved_fields

VALID_SPREAD = 0.3  # CV_tau up to which P5 and P6 were within 13 % and 22 % over a table of laws (results/laws)
_WORTH_A_NOTE = 0.005  # savings below this are not worth a word on how well they were predicted
_FAR = 0.3  # relative, in logarithm


def saving_report(law: AnyLaw, beta: float, target: float) -> dict[str, Any]:
    """V, V_K, the saving and what predicts it at the budget share ``beta``; the spread needed to save ``target``.

    ``saving_law`` is the power-mean law (P11), layer by layer where layers are known, ``index`` and ``groups`` what it
    was made of; ``saving_predicted`` is its limit for small spreads (P6). ``ceiling`` is what no selector exceeds
    (D19). ``starved`` lists the layers where CWMP keeps less than 80 % of what Top-K does, at equal energy (D23).

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
        "starved": [] if at.keeps_all else starved_fields(law, beta),
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
            why = "costs follow magnitudes there" if profile.elasticity.value else "tails there are no powers"
            doubts.append(f"the power-mean law says {ratio:.2g} times the exact saving: {why}")
    return "; ".join(doubts) or None
