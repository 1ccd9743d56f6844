"""How the mean cost moves with the magnitude, from data: ``d log E[c | |g| = t] / d log t`` with a 95 % interval.

Costs are regressed on ``x = log(|g|/tau)`` by a parabola over a window around 0; the elasticity is the slope at 0 over
the value there, its interval Student's with standard errors that allow any spread of costs at any x (White 1980;
HC3 of MacKinnon & White 1985).

The window reaches a factor of two either way and shrinks like ``n^(-1/6)`` with the coordinates it holds: faster than
the width of least squared error, n^(-1/7), so that in the end the interval is wide enough for the parabola's own error,
and slowly enough that it closes. (A window of ``n^(2/3)`` coordinates has a slope that no amount of data determines.)
"""

from __future__ import annotations

import math

import numpy as np
from scipy import special

from theory.laws.efficiency import NOT_DETERMINED, Estimate
from theory.laws.marginals import Floats

_WIDEST = math.log(2)
_ENOUGH = 200  # coordinates from which on the window shrinks
_FEWEST = 30  # on either side; below, standard errors mean little
_LOOSEST = 0.5  # half-width up to which a value is given: at 0, the law's factor 1/(1 - e/2) is then known to a third


def elasticity(log_ratio: Floats, cost: Floats) -> Estimate:
    """Elasticity of the mean cost at magnitude tau, or ``NOT_DETERMINED`` where its interval is wider than +-0.5.

    Whether it is given depends on the width alone, so that what is given is no selection of values.

    Args:
        log_ratio: ``log(|g|/tau)``, shape (n,). cost: shape (n,), > 0.
    """
    x, c = _window(log_ratio, cost)
    if min(np.count_nonzero(x > 0), np.count_nonzero(x < 0)) < _FEWEST:
        return NOT_DETERMINED
    if (c == c[0]).all():
        return Estimate(0.0, 0.0)
    found = _slope_over_level(x, c / c.mean())
    return found if found is not None and found.error <= _LOOSEST else NOT_DETERMINED


def _window(log_ratio: Floats, cost: Floats) -> tuple[Floats, Floats]:
    """The coordinates around 0 that the parabola is fitted to."""
    reach = np.abs(log_ratio)
    count = int(np.count_nonzero(reach <= _WIDEST))
    inside = reach <= _WIDEST * min(1.0, (_ENOUGH / max(count, 1)) ** (1 / 6))
    return log_ratio[inside], cost[inside]


def _slope_over_level(x: Floats, c: Floats) -> Estimate | None:
    """``b/a`` of the least squares fit ``c = a + b x + q x^2``; None where x takes too few values for one."""
    design = np.stack([np.ones_like(x), x, x * x], axis=1)
    inverse, rank = np.linalg.pinv(design.T @ design, hermitian=True), np.linalg.matrix_rank(design)
    if rank < 3:
        return None
    level, slope, _ = fit = inverse @ (design.T @ c)
    if not level > 0:
        return None
    leverage = np.minimum(np.einsum("ij,jk,ik->i", design, inverse, design), 1 - 1e-9)
    weighted = ((c - design @ fit) / (1 - leverage))[:, None] * design
    covariance = inverse @ (weighted.T @ weighted) @ inverse
    value = float(slope / level)
    gradient = np.array([-value, 1.0, 0.0]) / level
    quantile = float(special.stdtrit(x.size - 3, 0.975))
    return Estimate(value, quantile * math.sqrt(float(gradient @ covariance @ gradient)))
