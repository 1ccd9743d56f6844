"""One trial of an audit: draw an update and its costs from a law, select, and keep what every bound is about.

Selection is the library's own, with exact budgets; the figures kept are floats rounded once. A batch of trials is
one unit of work: it depends on the law, d, beta and its place in the seed's tree, and on nothing else.
"""

from __future__ import annotations

from fractions import Fraction
from typing import NamedTuple

import numpy as np

from theory.budget import percent
from theory.instance import Instance
from theory.laws.deviation import AnyLaw
from theory.laws.samples import SampleLaw
from theory.optimum import bounds
from theory.optimum.relaxation import relax
from theory.selection.selectors import top_k

BATCH = 50


class Trial(NamedTuple):
    """What one drawn instance gives, per coordinate where a sum is meant.

    Attributes:
        relaxed, kept, top_k, norm: LP/d, prefix/d, Top-K/d and ``||g||^2/d``.
        lost, lost_least: score per coordinate that the prefix loses, and the least that any mask of the budget can.
        ahead: whether Top-K retains more than the prefix, exactly (1.0 or 0.0).
        contraction_cwmp, contraction_top_k: share of the norm that is lost over what D13a and D14a allow (0/0 is 0).
        gap: the integrality gap ``phi p_s/LP``. gap_used: the gap over P10's bound ``lambda c_max/LP``.
        saved: share of Top-K's energy that CWMP saves at its score, by the data's own frontiers.
        dearest_fits: whether ``B >= c_max``, which D13a assumes.
    """

    relaxed: float
    kept: float
    top_k: float
    norm: float
    ahead: float
    contraction_cwmp: float
    contraction_top_k: float
    gap: float
    gap_used: float
    saved: float
    dearest_fits: float
    lost: float
    lost_least: float


def run_batch(law: AnyLaw, d: int, beta: float, seed: int, key: tuple[int, ...]) -> list[list[float]]:
    """:data:`BATCH` trials, from the seed's child ``key``."""
    rng = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=key))
    return [list(one_trial(law, d, beta, rng)) for _ in range(BATCH)]


def one_trial(law: AnyLaw, d: int, beta: float, rng: np.random.Generator) -> Trial:
    """Draw ``d`` coordinates and select."""
    magnitude, cost = law.sample(rng, d)
    instance = Instance(magnitude, cost, budget=percent(beta))
    relaxation = relax(instance)
    kept, best_k = instance.retained(relaxation.prefix), top_k(instance).retained
    norm = instance.retained(np.ones(d, dtype=bool))
    if not norm:
        return Trial(*[0.0] * len(Trial._fields))
    gap = relaxation.value - kept
    within = instance.cost[instance.cost <= float(instance.budget)]  # rounded up, it leaves none out
    dearest = Fraction(float(within.max(initial=0.0)))
    scale, total = 4.0**instance.scale_exponent, float(norm)
    limits = 1 - bounds.contraction_cwmp_prior(instance), 1 - bounds.contraction_top_k(instance)
    lost = (norm - kept) / norm, (norm - best_k) / norm
    share = lambda x, of: float(x / of) if of else float(x > 0) * 2  # noqa: E731  a loss where none is allowed is 2
    return Trial(
        scale * float(relaxation.value) / d, scale * float(kept) / d, scale * float(best_k) / d, scale * total / d,
        float(best_k > kept), share(lost[0], limits[0]), share(lost[1], limits[1]),
        share(gap, relaxation.value), share(gap, relaxation.threshold * dearest),
        SampleLaw(magnitude, cost).saving(beta).at_equal_score.value,
        float(instance.budget >= instance.cost.max()),
        scale * float(norm - kept) / d, scale * float(norm - relaxation.value) / d,
    )  # fmt: skip
