"""The power-mean law: what CWMP saves where magnitudes have power tails, whatever the spread of costs (claim P11).

    P(|g| > t | c) = L(c) t^-alpha above the thresholds        M_q(c) = (E c^q)^(1/q), the power mean; M_0 geometric
    energy of CWMP / energy of Top-K, at equal score  =  M_{1-alpha/2}(c)/M_1(c),   c the costs of what Top-K keeps

No tail is a power law throughout. :func:`predicted_saving` takes what is one where it matters: groups of coordinates
(layers), and in each for every cost the *secant index* between Top-K's threshold tau and CWMP's own, r = sqrt(lambda
c)/tau in units of tau,

    alpha = -log(S(r tau)/S(tau))/log r        over at least a tenth either way of tau

One scalar equation, "what is gained below tau is lost above it", gives the price lambda:

    sum A_c alpha (1 - r^(2-alpha))/(2 - alpha) = 0        saving = 1 - sum A_c c r^-alpha / sum A_c c,   A_c = S(tau |
    c)

With one group, one index and a power tail that is the closed form above; for a small spread of costs it is P6.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import optimize

from theory.laws.marginals import Floats

_NARROW = 1.1  # of tau: the least range over which a slope is taken, either way
_FLATTEST = 0.01  # index below which a tail is taken to end
_GEOMETRIC = 1e-9  # orders closer to 0 are 0
_BINS = 200  # costs of a group of data are told apart in so many quantiles


@dataclass(frozen=True, eq=False)
class Group:
    """Coordinates of one law of magnitudes, by cost.

    Attributes:
        cost: float64 of shape (n,), > 0. weight: how many coordinates (or what probability) each stands for, (n,).
        tail: ``t -> P(|g| > t | c)``, both of shape (n,), t beside its cost.
        least: the smallest probability that is told from 0.
    """

    cost: Floats
    weight: Floats
    tail: Callable[[Floats], Floats]
    least: float

    @classmethod
    def of_data(cls, magnitude: Floats, cost: Floats) -> Group:
        """Of coordinates whose costs are taken to be independent of their magnitudes, all shape (n,)."""
        ascending, n = np.sort(magnitude), magnitude.size

        def above(t: Floats) -> Floats:
            return np.asarray((n - np.searchsorted(ascending, t, side="right")) / n, dtype=np.float64)

        values, counts = np.unique(cost, return_counts=True)
        if values.size > _BINS:
            parts = np.array_split(np.sort(cost), _BINS)
            values, counts = np.array([x.mean() for x in parts]), np.array([x.size for x in parts])
        return cls(values, counts.astype(float), above, 0.5 / n)


@dataclass(frozen=True)
class PowerMeanLaw:
    """What the law says at one threshold.

    Attributes:
        saving: share of Top-K's energy that CWMP saves at its score. index: the mean of alpha, by Top-K's energy.
        groups: how many laws of magnitudes it was made of.
    """

    saving: float
    index: float
    groups: int


NO_LAW = PowerMeanLaw(math.nan, math.nan, 0)


def power_mean(cost: Floats, order: float, weight: Floats | None = None) -> float:
    """``(E c^q)^(1/q)``, the geometric mean at ``q = 0``; scaled so that no power overflows.

    Args:
        cost: > 0, shape (n,). weight: of each cost, or None for equal ones.
    """
    share = np.full(cost.size, 1 / cost.size) if weight is None else weight / weight.sum()
    logs = np.log(cost)
    if abs(order) < _GEOMETRIC:
        return float(np.exp(share @ logs))
    top = float(np.max(order * logs))
    return float(np.exp((top + math.log(share @ np.exp(order * logs - top))) / order))


def power_mean_saving(index: float, cost: Floats, weight: Floats | None = None) -> float:
    """``1 - M_{1-alpha/2}/M_1`` over the costs of what Top-K keeps: the law for one power tail (claim P11).

    Args:
        index: alpha > 0. cost, weight: as for :func:`power_mean`.
    """
    return 1 - power_mean(cost, 1 - index / 2, weight) / power_mean(cost, 1.0, weight)


def predicted_saving(groups: Sequence[Group], tau: float) -> PowerMeanLaw:
    """The law for groups of coordinates at Top-K's threshold ``tau``; no law where nothing is kept above it."""
    known = [group for group in groups if group.weight.sum() and (group.tail(group.cost * 0) > group.least).any()]
    if not tau > 0 or not any((g.tail(np.full(g.cost.shape, tau)) * g.weight).sum() > 0 for g in known):
        return NO_LAW
    cheapest, dearest = (f([f(group.cost) for group in known]) for f in (np.min, np.max))
    gain = lambda x: sum(_moved(group, tau, math.exp(x))[0] for group in known)  # noqa: E731
    low, high = math.log(tau**2 / dearest) - 1, math.log(tau**2 / cheapest) + 1
    if not gain(low) > 0 > gain(high):
        return NO_LAW
    price = math.exp(optimize.bisect(gain, low, high, xtol=1e-10))  # counts of data jump
    moved = [_moved(group, tau, price) for group in known]
    before, after, tilted = (sum(m[k] for m in moved) for k in (1, 2, 3))
    return PowerMeanLaw(1 - after / before, tilted / before, len(known))


def _moved(group: Group, tau: float, price: float) -> tuple[float, float, float, float]:
    """Of one group at a price: score gained (in tau^2), energy of Top-K, energy of CWMP, and the first times alpha."""
    r = np.sqrt(price * group.cost) / tau
    below, beyond = np.minimum(r, 1 / _NARROW), np.maximum(r, _NARROW)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        many, few = (np.maximum(group.tail(tau * at), group.least) for at in (below, beyond))
        alpha = np.maximum(np.log(many / few) / np.log(beyond / below), _FLATTEST)
        here = group.tail(np.full(r.shape, tau))
        here = group.weight * np.where(here > group.least, here, many * below**alpha)  # the tail carried on to tau
        order = 2 - alpha
        flat = np.abs(order) < 1e-6
        gained = alpha * np.where(flat, -np.log(r), (1 - r**order) / np.where(flat, 1.0, order))
        after = here * group.cost * r**-alpha
    spent = here * group.cost
    return float(here @ gained), float(spent.sum()), float(after.sum()), float(spent @ alpha)
