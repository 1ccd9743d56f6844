"""The bounds the claims speak of, one function each, in exact arithmetic.

Every function takes what the bound is stated in and returns a ``Fraction``; none of them looks at an optimum.
"""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np

from theory.arithmetic.exact import exact_sum
from theory.instance import Instance
from theory.optimum.relaxation import Relaxation
from theory.selection.order import longest_affordable
from theory.selection.rounding import Selection


def greedy_gap(instance: Instance, relaxation: Relaxation) -> Fraction:
    """``phi p_s``: OPT exceeds what the prefix retains by at most this (claim D4; Dantzig 1957)."""
    s = relaxation.critical_item
    return Fraction(0) if s is None else relaxation.fraction * instance.exact_score(s)


def best_of_share() -> Fraction:
    """``1/2``: the share of OPT that best-of retains when every item fits alone (claim D10)."""
    return Fraction(1, 2)


def contraction_cwmp(instance: Instance, spent: Fraction) -> Fraction:
    """``delta = c(prefix)/C`` in ``||g - CWMP(g)||^2 <= (1 - delta) ||g||^2`` for ``B >= c_max`` (claim D13a)."""
    return spent / instance.total_cost if instance.d else Fraction(1)


def contraction_cwmp_prior(instance: Instance) -> Fraction:
    """``max(0, (B - c_max)/C)``, at most 1: the contraction known before the update is (claim D13a)."""
    if not instance.d:
        return Fraction(1)
    dearest = Fraction(float(instance.cost.max()))
    return min(Fraction(1), max(Fraction(0), (instance.budget - dearest) / instance.total_cost))


def contraction_top_k(instance: Instance) -> Fraction:
    """``delta = k_B/d``, ``k_B`` the largest k such that the k dearest coordinates cost at most B (claim D14a)."""
    dearest_first = np.sort(instance.cost)[::-1]
    return Fraction(longest_affordable(dearest_first, instance.budget)[0], instance.d) if instance.d else Fraction(1)


def least_cost_at_score(instance: Instance, best: Selection) -> Fraction:
    """The sum of the k smallest costs, k what Top-K keeps: no mask that retains as much costs less (claim D19a)."""
    kept = int(best.mask.sum())
    return exact_sum(np.partition(instance.cost, kept - 1)[:kept]) if kept else Fraction(0)


def saving_ceiling(instance: Instance, best: Selection) -> Fraction:
    """The share of Top-K's energy that any selector saves at most at its score (claim D19a); 0 where it keeps nothing.

    Args:
        best: Top-K's selection on ``instance``, whose budget it was made with.
    """
    return 1 - least_cost_at_score(instance, best) / best.spent if best.spent else Fraction(0)


def error_feedback_rate(
    *, smoothness: float, second_moment: float, gap: float, delta: float, step: float, steps: int
) -> float:
    """Upper bound on ``min_t E||grad f(x_t)||^2`` after ``steps`` steps of EF-SGD (claim D18).

        2 gap/(eta T) + eta L G^2 + 4 eta^2 L^2 G^2 (1 - delta)/delta^2

    Args:
        smoothness: L. second_moment: G^2, with ``E||g||^2 <= G^2``. gap: ``f(x_0) - f*``.
        delta: contraction in (0, 1]. step: eta > 0. steps: T >= 1. Outside these ranges the bound is infinite.

    Source: Karimireddy, Rebjock, Stich & Jaggi 2019, "Error Feedback Fixes SignSGD", theorem II and its proof.
    """
    if not (0 < delta <= 1 and step > 0 and steps >= 1):
        return math.inf
    descent = 2 * gap / (step * steps)
    return (
        descent
        + step * smoothness * second_moment
        + 4 * (step * smoothness) ** 2 * second_moment * (1 - delta) / delta**2
    )
