"""The greedy order, and the longest prefix of it that a budget can pay for: both exact.

``fl(w/c)`` is correctly rounded, hence monotone in ``w/c``: sorting by it can only merge neighbours,
never swap them. So the float keys do the work and only runs of equal keys are compared as rationals.
"""

from __future__ import annotations

import sys
from fractions import Fraction
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from theory.arithmetic.exact import exact_ratio, exact_sum, floor_float
from theory.instance import Instance

Floats = NDArray[np.float64]
Indices = NDArray[np.intp]

_FEW = 64  # items that are quicker added up one by one
_LARGEST = sys.float_info.max


def density_order(weight: Floats, cost: Floats) -> Indices:
    """Indices by ``weight/cost`` descending, lowest index first among exact ties.

    Args:
        weight: shape (n,), ``>= 0``. cost: shape (n,), ``> 0``.
    """
    key = keys(weight, cost)
    order: Indices = (-key).argsort(kind="stable")
    key = key[order]
    same = key[1:] == key[:-1]
    if not np.count_nonzero(same):
        return order
    equal = np.zeros(key.size + 1, dtype=bool)  # to the one before
    equal[1:-1] = same
    ends = (equal[1:] != equal[:-1]).nonzero()[0]  # of runs of two or more, first and last by turns
    for lo, hi in zip(ends[::2], ends[1::2] + 1, strict=True):
        run = order[lo:hi]
        if np.count_nonzero(weight[run] != weight[run[0]]) or np.count_nonzero(cost[run] != cost[run[0]]):
            order[lo:hi] = sorted(run.tolist(), key=lambda i: (-exact_ratio(weight[i].item(), cost[i].item()), i))
    return order


def longest_affordable(cost: Floats, budget: Fraction) -> tuple[int, Fraction]:
    """Largest ``k`` with ``sum(cost[:k]) <= budget``, and that sum, exactly in O(n)."""
    if cost.size <= _FEW:
        return _first_affordable(cost.tolist(), budget)
    k = how_many_affordable(cost, budget)
    return k, exact_sum(cost[:k])


def how_many_affordable(cost: Floats, budget: Fraction) -> int:
    """That ``k`` alone: by sums in float64, by exact ones where rounding could decide."""
    room, doubt = floor_float(budget), 2.0**-50 * (cost.size + 2)
    with np.errstate(over="ignore"):
        sums = np.cumsum(cost)
        low = int(np.searchsorted(sums * (1 + doubt), room, side="right"))
        high = int(np.searchsorted(np.minimum(sums, _LARGEST) * (1 - doubt), room, side="right"))
    left = budget if low == high else budget - exact_sum(cost[:low])
    while low < high:
        middle = (low + high + 1) // 2
        more = exact_sum(cost[low:middle])
        if more <= left:
            low, left = middle, left - more
        else:
            high = middle - 1
    return low


def _first_affordable(cost: list[float], budget: Fraction) -> tuple[int, Fraction]:
    """The same in integers, multiples of the finest denominator: all are powers of two."""
    ratios = list(map(float.as_integer_ratio, cost))
    finest = max((d for _, d in ratios), default=1)
    most, spent = budget.numerator * finest // budget.denominator, 0
    for k, (numerator, denominator) in enumerate(ratios):
        more = spent + numerator * (finest // denominator)
        if more > most:
            return k, Fraction(spent, finest)
        spent = more
    return len(ratios), Fraction(spent, finest)


def eligible(instance: Instance, weight: Floats) -> NDArray[np.bool_]:
    """Coordinates a selector may take: positive weight, and affordable on their own (``c_i <= B``)."""
    most = floor_float(instance.budget)
    if instance.labels is not None and instance.class_cost is not None:
        may: NDArray[np.bool_] = (instance.class_cost <= most)[instance.labels]
        return may & (weight > 0)
    assert instance.given_cost is not None
    return (weight > 0) & (instance.given_cost <= np.array([most]))  # in float64, whatever the costs are in


class Prefix(NamedTuple):
    """The items before the first that does not fit, in the order of ``weight/cost``."""

    mask: NDArray[np.bool_]
    spent: Fraction
    critical_item: int | None


def sorted_prefix(
    weight: Floats, cost: Floats, budget: Fraction, *, by_cost: bool = True, out: NDArray[np.bool_] | None = None
) -> Prefix:
    """Longest affordable prefix of the eligible items, by sorting them all: what every faster way must equal.

    Args:
        weight: shape (d,), ``>= 0``. cost: shape (d,), ``> 0``.
        by_cost: whether the order divides by the cost. out: bool of shape (d,) to receive the mask.
    """
    mask = np.empty(weight.size, dtype=bool) if out is None else out
    mask[:] = False
    candidates = ((weight > 0) & (cost <= floor_float(budget))).nonzero()[0]
    weight, cost = weight[candidates], cost[candidates]
    order = density_order(weight, cost if by_cost else np.ones_like(cost))
    k, spent = longest_affordable(cost[order], budget)
    mask[candidates[order[:k]]] = True
    return Prefix(mask, spent, int(candidates[order[k]]) if k < order.size else None)


def critical_run(weight: Floats, cost: Floats, key: Floats, at: int) -> Indices | None:
    """The exact order of items sorted by ``key = fl(weight/cost)``, as far as the item at position ``at`` needs it.

    Equal keys are next to each other, lowest index first. That is their exact order when their ratios are equal; when
    quotients of unequal ratios round alike, the run that holds ``at`` is ordered by rationals.

    Returns:
        A permutation of all positions, or None where the order stands.
    """
    start, end = np.searchsorted(-key, -key[at]), np.searchsorted(-key, -key[at], side="right")
    run = slice(start, end)
    if _same_ratio(weight[run], cost[run]):
        return None
    order = np.arange(key.size)
    order[run] = start + density_order(weight[run], cost[run])
    return order


def _same_ratio(weight: Floats, cost: Floats) -> bool:
    """Whether all ``weight/cost`` are equal for certain: ``w_i c_0 = w_0 c_i``, by products with their errors."""
    if (weight == weight[0]).all() and (cost == cost[0]).all():
        return True
    values = np.concatenate([weight, cost])
    if not ((values > 2.0**-200) & (values < 2.0**200)).all():
        return False
    ours, theirs = _product(weight, cost[0]), _product(cost, weight[0])
    return bool((ours[0] == theirs[0]).all() and (ours[1] == theirs[1]).all())


def _product(a: Floats, b: float) -> tuple[Floats, Floats]:
    """``a b`` as a float64 and its exact rounding error (Dekker 1971), clear of overflow and underflow."""
    (a_high, a_low), (b_high, b_low) = _halves(a), _halves(np.array([b]))
    product = a * b
    return product, ((a_high * b_high - product) + a_high * b_low + a_low * b_high) + a_low * b_low


def _halves(a: Floats) -> tuple[Floats, Floats]:
    """26 high bits and the rest (Veltkamp 1968)."""
    scaled = a * (2.0**27 + 1)
    high = scaled - (scaled - a)
    return high, a - high


def keys(weight: Floats, cost: Floats) -> Floats:
    """``fl(weight/cost)``, monotone in the exact ratio."""
    with np.errstate(over="ignore", under="ignore"):
        return weight / cost
