"""The score that is lost concentrates whatever the tail of the magnitudes (claim P13).

    every feasible mask   loses at least  sum Y_i,   Y_i = min(p_i, lambda c_i) - lambda beta c_i       (weak duality)
    prefix CWMP           loses at most   sum p_i 1[p_i <= lambda' c_i]   whenever the rule p > lambda' c fits

Y_i lies between -lambda beta c_max and lambda (1 - beta) c_max, the terms of the second sum between 0 and lambda'
c_max: with bounded costs Hoeffding's and Bernstein's inequalities hold for every law of magnitudes, also where E p is
infinite and no share of the norm has a limit. With E c^2 finite alone, the one-sided Chebyshev inequality does.

    Bernstein   mean - E <= b L/(3 d) + sqrt((b L/(3 d))^2 + 2 Var L/d),   L = ln(1/failure), terms at most b above E

Sources: Hoeffding 1963; Bernstein 1946 (as in Boucheron, Lugosi & Massart 2013, theorem 2.10); Cantelli.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Literal, get_args

import numpy as np

from theory.arithmetic.exact import Real
from theory.errors import InputError
from theory.laws.deviation import AnyLaw, Bound, checked
from theory.laws.marginals import Floats

LossMethod = Literal["hoeffding", "bernstein", "chebyshev"]

_MARGIN = 1.01  # variances come from a quadrature good to three digits
_ROUNDS = 60


def lost_at_least(law: AnyLaw, beta: Real, d: int, failure: float, method: LossMethod = "bernstein") -> Bound:
    """P13, below: whatever is selected, the score lost per coordinate is at least ``limit`` but with this probability.

    Raises:
        InputError: a share outside (0, 1], a probability outside (0, 1), d < 1, an unknown method.
    """
    beta = checked(beta, d, failure)
    if reason := _unfit(law, method):
        return Bound(None, reason)
    threshold = law.threshold(beta * law.mean_cost())
    budget = threshold * beta * law.mean_cost()
    mean = law.score_below(threshold) + threshold * law.energy(threshold) - budget
    loss = lambda p, c: threshold * beta * c - np.minimum(p, threshold * c)  # noqa: E731  that is -Y
    width = threshold * law.ranges.cost_high
    above = mean + threshold * beta * law.ranges.cost_high  # -Y is at most this far over its mean
    limit = mean - _deviation(law, loss, threshold, -mean, (width, above), d, failure, method)
    return Bound(limit) if limit > 0 else Bound(None, f"d = {d} is too small: the bound is below 0")


def lost_at_most(law: AnyLaw, beta: Real, d: int, failure: float, method: LossMethod = "bernstein") -> Bound:
    """P13, above: prefix CWMP loses at most ``limit`` per coordinate but with this probability.

    Half of ``failure`` pays for a threshold that fits, half for what its rule then loses.

    Raises:
        InputError: as :func:`lost_at_least`.
    """
    beta = checked(beta, d, failure)
    if reason := _unfit(law, method):
        return Bound(None, reason)
    threshold = _fitting(law, beta, d, failure / 2, method)
    if threshold is None:
        return Bound(None, f"d = {d} is too small: no threshold fits the budget with probability {1 - failure / 2:g}")
    loss = lambda p, c: np.where(p <= threshold * c, p, 0.0)  # noqa: E731
    mean, width = law.score_below(threshold), threshold * law.ranges.cost_high
    return Bound(mean + _deviation(law, loss, threshold, mean, (width, width - mean), d, failure / 2, method))


def mean_loss(law: AnyLaw, beta: Real) -> float:
    """``E min(p, lambda c) - lambda beta E c``: what the limit loses per coordinate, finite also where ``E p`` is not.

    Raises:
        InputError: a share outside (0, 1], costs without a mean.
    """
    beta = checked(beta, 1, 0.5)
    if reason := law.lacks(0, 1):
        raise InputError(f"{law}: no limit exists, because {reason}")
    threshold = law.threshold(beta * law.mean_cost())
    loss = law.score_below(threshold) + threshold * (law.energy(threshold) - beta * law.mean_cost())
    return 0.0 if loss < 0 else loss  # rounded, where nothing is lost


def _unfit(law: AnyLaw, method: LossMethod) -> str | None:
    """Which assumption of the inequality fails: none of them is about the magnitudes."""
    if method not in get_args(LossMethod):
        raise InputError(f"method must be one of {', '.join(get_args(LossMethod))}, got {method!r}")
    if method == "chebyshev":
        return law.lacks(0, 2)
    return None if math.isfinite(law.ranges.cost_high) else "costs are not bounded"


def _deviation(
    law: AnyLaw, f: Callable[[Floats, Floats], Floats], threshold: float, mean: float, reach: tuple[float, float],
    d: int, failure: float, method: LossMethod,
) -> float:  # fmt: skip
    """What the mean of ``d`` terms exceeds its expectation by at most; ``reach``: their range, and above the mean."""
    logs = math.log(1 / failure)
    if method == "hoeffding":
        return reach[0] * math.sqrt(logs / (2 * d))
    variance = _MARGIN * law.expectation(lambda p, c: (f(p, c) - mean) ** 2, threshold)
    if method == "chebyshev":
        return math.sqrt(variance * (1 / failure - 1) / d)
    linear = reach[1] * logs / (3 * d)
    return linear + math.sqrt(linear**2 + 2 * variance * logs / d)


def _fitting(law: AnyLaw, beta: float, d: int, failure: float, method: LossMethod) -> float | None:
    """A threshold whose rule costs more than ``beta sum c`` with probability at most ``failure``, nearly the least."""
    budget, dearest = beta * law.mean_cost(), law.ranges.cost_high

    def needed(threshold: float) -> float:
        left = budget - law.energy(threshold)
        excess = lambda p, c: c * ((p > threshold * c) - beta)  # noqa: E731
        reach = dearest, (1 - beta) * dearest + left
        return _deviation(law, excess, threshold, -left, reach, d, failure, method)

    margin = 0.0
    for _ in range(_ROUNDS):  # the deviation hardly depends on the threshold: a few rounds settle it
        threshold = law.threshold(max(budget - margin, 1e-12 * budget)) * (1 + 1e-9)
        left, wanted = budget - law.energy(threshold), needed(threshold)
        if left >= wanted:
            return threshold
        margin = max(wanted * (1 + 1e-6), margin + 1e-3 * budget)
        if margin >= budget:
            return None
    return None
