"""How far a finite update strays from the limits: explicit bounds on probabilities (claims P7 to P10).

    d independent pairs (p_i, c_i), budget B = beta sum c_i, lambda >= 0

    P7   LP/d <= mean X_i,  X_i = lambda beta c_i + (p_i - lambda c_i)+      weak duality; least E X is V E p
    P8   if sum c_i (1[p_i > lambda' c_i] - beta) <= 0, the rule 1[p > lambda' c] fits and the prefix contains it
    P9   prefix < Top-K needs: the rule at lambda' does not fit, or {|g| > tau'} fits, or the rule scores less than it

Each mean is bounded by Hoeffding's inequality (1963) where its terms are bounded, or by the one-sided Chebyshev
inequality (Cantelli) where their variance is finite. A bound whose assumptions fail says so: it *does not apply*.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np

from theory.arithmetic.exact import Real
from theory.errors import InputError
from theory.laws.efficiency import check_share
from theory.laws.joint import Law
from theory.laws.marginals import Floats
from theory.laws.samples import SampleLaw

Method = Literal["hoeffding", "chebyshev"]
AnyLaw = Law | SampleLaw

_MARGIN = 1.01  # variances come from a quadrature good to three digits


@dataclass(frozen=True)
class Bound:
    """A bound, or why there is none.

    Attributes:
        limit: score per coordinate (P7, P8), or a probability (P9); None when the bound does not apply.
        why: which assumption fails.
    """

    limit: float | None
    why: str = ""

    @property
    def applies(self) -> bool:
        """Whether there is a bound."""
        return self.limit is not None


def upper_deviation(law: AnyLaw, beta: Real, d: int, failure: float, method: Method = "hoeffding") -> Bound:
    """P7: ``LP/d`` is at most ``limit`` but with probability ``failure``.

    ``V E p + range(X) sqrt(ln(1/failure)/(2 d))``, or ``V E p + sqrt(Var X (1/failure - 1)/d)``.

    Raises:
        InputError: a share outside (0, 1], a probability outside (0, 1), d < 1.
    """
    beta = checked(beta, d, failure)
    if reason := _unfit(law, method, score=2, cost=2):
        return Bound(None, reason)
    threshold = law.threshold(beta * law.mean_cost())
    dual = lambda p, c: threshold * beta * c + np.maximum(p - threshold * c, 0)  # noqa: E731
    mean = threshold * beta * law.mean_cost() + law.score_above(threshold) - threshold * law.energy(threshold)
    low, high, score = law.ranges
    width = max(threshold * beta * high, score - threshold * (1 - beta) * low) - threshold * beta * low
    return Bound(mean + _deviation(law, dual, threshold, mean, width, d, failure, method))


def lower_deviation(law: AnyLaw, beta: Real, d: int, failure: float, method: Method = "hoeffding") -> Bound:
    """P8: the prefix retains at least ``limit`` per coordinate but with probability ``failure``.

    Half of ``failure`` pays for a threshold ``lambda'`` large enough to fit, half for what the rule then retains.

    Raises:
        InputError: as :func:`upper_deviation`.
    """
    beta = checked(beta, d, failure)
    if reason := _unfit(law, method, score=2, cost=2):
        return Bound(None, reason)
    threshold = _fitting(law, beta, d, failure / 2, method)
    if threshold is None:
        return Bound(None, f"d = {d} is too small: no threshold fits the budget with probability {1 - failure / 2:g}")
    kept = lambda p, c: p * (p > threshold * c)  # noqa: E731
    mean = law.score_above(threshold)
    limit = mean - _deviation(law, kept, threshold, mean, law.ranges.score_high, d, failure / 2, method)
    return Bound(limit) if limit > 0 else Bound(None, f"d = {d} is too small: the bound is below 0")


def two_sided(law: AnyLaw, beta: Real, d: int, failure: float, method: Method = "hoeffding") -> tuple[Bound, Bound]:
    """P8 with P7: both ends, together but with probability ``failure``."""
    low = lower_deviation(law, beta, d, failure / 2, method)
    return low, upper_deviation(law, beta, d, failure / 2, method) if low.applies else low


def overtaken(law: AnyLaw, beta: Real, d: int) -> Bound:
    """P9: the probability that the prefix retains less than Top-K with the same energy.

        2 exp(-2 d eta^2/c_max^2) + exp(-2 d D^2/w^2),   eta = beta E c - C(lambda') = K(tau') - beta E c
        D = P(lambda') - T(tau'),   w = tau'^2 + min(p_max, lambda' c_max)

    minimised over ``eta``. Costs must be bounded, magnitudes need not be: where the rules differ, scores lie between
    ``-lambda' c_max`` and ``tau'^2``. Exponential in ``d`` whenever V > V_K.

    Raises:
        InputError: a share outside (0, 1], d < 1.
    """
    beta = checked(beta, d, 0.5)
    low, high, score = law.ranges
    if not math.isfinite(high):
        return Bound(None, "costs are not bounded")
    if beta * d * low < high:
        return Bound(None, f"the dearest coordinate may exceed the budget: needs beta d c_min >= c_max, d = {d}")
    if reason := law.lacks(1, 1):
        return Bound(None, reason)
    budget, best = beta * law.mean_cost(), 1.0
    for share in np.geomspace(1e-3, 0.6, 40):
        threshold, tau = law.threshold(budget * (1 - share)), law.tau(budget * (1 + share)) * (1 - 1e-9)
        fits, overspends = budget - law.energy(threshold), law.energy_top_k(tau) - budget
        ahead = law.score_above(threshold) - law.score_top_k(tau)
        if min(fits, overspends, ahead) <= 0:
            continue
        width = tau**2 + min(score, threshold * high)
        terms = (fits / high, overspends / high, ahead / width)
        best = min(best, sum(math.exp(-2 * d * x * x) for x in terms))
    return Bound(best) if best < 1 else Bound(None, f"d = {d} is too small, or V = V_K: the bound reaches 1")


def integrality_constant(law: AnyLaw, beta: Real) -> Bound:
    """P10: ``d E[phi p_s/LP]`` tends to ``lambda E[c^2 | p = lambda c]/(2 E[c | p = lambda c] V E p)``.

    For independent sides with a density of ``|g|`` (the law of ``c`` given ``p = lambda c`` has weight
    ``f(sqrt(lambda c)) sqrt(c)``) and costs that differ: with one cost for all, the rest that the budget leaves over a
    multiple of it decides.

    Raises:
        InputError: a share outside (0, 1].
    """
    beta = check_share(beta)
    if not isinstance(law, Law) or law.correlation or law.magnitude.continuous is None:
        return Bound(None, "the constant is stated for independent sides and magnitudes with a density")
    if reason := law.lacks(1, 1):
        return Bound(None, reason)
    if len(law.cost.values) == 1:
        return Bound(None, "all costs are equal: the budget's rest over a multiple of them decides")
    threshold = law.threshold(beta * law.mean_cost())
    nodes = law.cost.nodes()
    weight = nodes.weight * law.magnitude.pdf(np.sqrt(threshold * nodes.x)) * np.sqrt(nodes.x)
    residual = float(weight @ nodes.x**2) / (2 * float(weight @ nodes.x))
    return Bound(threshold * residual / (law.efficiency(beta).cwmp.value * law.mean_score()))


def checked(beta: Real, d: int, failure: float) -> float:
    """The share ``beta`` as a float.

    Raises:
        InputError: a share outside (0, 1], a probability outside (0, 1), d < 1.
    """
    share = check_share(beta)
    if d < 1 or not 0 < failure < 1:
        raise InputError(f"d must be >= 1 and the failure probability in (0, 1), got {d} and {failure}")
    return share


def _unfit(law: AnyLaw, method: Method, *, score: int, cost: int) -> str | None:
    """Which assumption of the inequality fails."""
    if method not in ("hoeffding", "chebyshev"):
        raise InputError(f"method must be hoeffding or chebyshev, got {method!r}")
    if method == "chebyshev":
        return law.lacks(score, cost)
    ranges = law.ranges
    unbounded = [n for n, end in (("scores", ranges.score_high), ("costs", ranges.cost_high)) if math.isinf(end)]
    return f"{' and '.join(unbounded)} are not bounded" if unbounded else None


def _deviation(
    law: AnyLaw, f: Callable[[Floats, Floats], Floats], threshold: float, mean: float, width: float,
    d: int, failure: float, method: Method,
) -> float:  # fmt: skip
    """What the mean of ``d`` terms ``f(p, c)`` exceeds its expectation by with probability at most ``failure``."""
    if method == "hoeffding":
        return width * math.sqrt(math.log(1 / failure) / (2 * d))
    variance = law.expectation(lambda p, c: (f(p, c) - mean) ** 2, threshold)
    return math.sqrt(_MARGIN * variance * (1 / failure - 1) / d)


def _fitting(law: AnyLaw, beta: float, d: int, failure: float, method: Method) -> float | None:
    """A threshold whose rule costs more than ``beta sum c`` with probability at most ``failure``."""
    budget = beta * law.mean_cost()
    margin = 0.0
    while margin < budget:  # the variance depends on the threshold: a few rounds settle it
        threshold = law.threshold(budget - margin) * (1 + 1e-9)
        left = budget - law.energy(threshold)
        excess = lambda p, c, at=threshold: c * ((p > at * c) - beta)  # noqa: E731
        needed = _deviation(law, excess, threshold, -left, law.ranges.cost_high, d, failure, method)
        if left >= needed:
            return threshold
        margin = max(needed, margin + 0.02 * budget)
    return None
