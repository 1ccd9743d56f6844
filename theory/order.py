"""The greedy order, and the longest prefix of it that a budget can pay for: both exact.

``fl(w/c)`` is correctly rounded, hence monotone in ``w/c``: sorting by it can only merge neighbours,
never swap them. So the float keys do the work and only runs of equal keys are compared as rationals.
"""

from __future__ import annotations

from fractions import Fraction
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from theory.exact import exact_sum, floor_float
from theory.instance import Instance

Floats = NDArray[np.float64]
Indices = NDArray[np.intp]

_SAMPLE = 4096  # keys sampled to bracket the critical ratio
_SMALL = 1 << 14  # below this many candidates, sort


def density_order(weight: Floats, cost: Floats) -> Indices:
    """Indices by ``weight/cost`` descending, lowest index first among exact ties.

    Args:
        weight: shape (n,), ``>= 0``. cost: shape (n,), ``> 0``.
    """
    key = _keys(weight, cost)
    order = np.argsort(-key, kind="stable")
    key = key[order]
    starts = np.flatnonzero(np.r_[True, key[1:] != key[:-1]]) if key.size else np.empty(0, np.intp)
    ends = np.r_[starts[1:], key.size]
    for lo, hi in zip(starts[ends - starts > 1], ends[ends - starts > 1], strict=True):
        run = order[lo:hi]
        if (weight[run] != weight[run[0]]).any() or (cost[run] != cost[run[0]]).any():
            order[lo:hi] = sorted(
                run.tolist(), key=lambda i: (-Fraction(float(weight[i])) / Fraction(float(cost[i])), i)
            )
    return order


def longest_affordable(cost: Floats, budget: Fraction) -> tuple[int, Fraction]:
    """Largest ``k`` with ``sum(cost[:k]) <= budget``, and that sum, by exact bisection in O(n)."""
    low, high, spent = 0, cost.size, Fraction(0)
    while low < high:
        middle = (low + high + 1) // 2
        more = exact_sum(cost[low:middle])
        if spent + more <= budget:
            low, spent = middle, spent + more
        else:
            high = middle - 1
    return low, spent


def eligible(instance: Instance, weight: Floats) -> NDArray[np.bool_]:
    """Coordinates a selector may take: positive weight, and affordable on their own (``c_i <= B``)."""
    return (weight > 0) & (instance.cost <= floor_float(instance.budget))


class Prefix(NamedTuple):
    """The items before the first that does not fit, in the order of ``weight/cost``."""

    mask: NDArray[np.bool_]
    spent: Fraction
    critical_item: int | None


def greedy_prefix(instance: Instance, weight: Floats) -> Prefix:
    """Longest affordable prefix of the eligible items, without sorting them all.

    Quickselect on the keys: a sample brackets the critical ratio, one pass settles everything outside
    the bracket with exact cost sums, and only what is left inside is sorted. A bracket that misses
    just moves the search to the side where the critical item lies, so the answer is always exact.
    """
    cost, rng = instance.cost, np.random.default_rng(0)
    mask = np.zeros(instance.d, dtype=bool)
    left = instance.budget
    candidates = np.flatnonzero(eligible(instance, weight))
    while candidates.size > _SMALL:
        key = _keys(weight[candidates], cost[candidates])
        low, high = _bracket(key, cost[candidates], left, rng)
        above, inside = key > high, (key >= low) & (key <= high)
        if inside.all():
            break
        spent_above = exact_sum(cost[candidates[above]])
        if spent_above > left:
            candidates = candidates[above]
            continue
        mask[candidates[above]] = True
        left -= spent_above
        spent_inside = exact_sum(cost[candidates[inside]])
        if spent_inside > left:
            candidates = candidates[inside]
            continue
        mask[candidates[inside]] = True
        left -= spent_inside
        candidates = candidates[key < low]
    order = candidates[density_order(weight[candidates], cost[candidates])]
    k, spent = longest_affordable(cost[order], left)
    mask[order[:k]] = True
    return Prefix(mask, instance.budget - left + spent, int(order[k]) if k < order.size else None)


def _keys(weight: Floats, cost: Floats) -> Floats:
    with np.errstate(over="ignore", under="ignore"):
        return weight / cost


def _bracket(key: Floats, cost: Floats, budget: Fraction, rng: np.random.Generator) -> tuple[float, float]:
    """Two keys that probably enclose the critical one (a guess: the caller verifies it)."""
    draw = rng.integers(0, key.size, _SAMPLE)
    draw = draw[np.argsort(-key[draw], kind="stable")]
    cumulative = np.cumsum(cost[draw] / cost[draw].max())
    target = float(min(budget / Fraction(cost[draw].max()), Fraction(key.size))) * _SAMPLE / key.size
    at = int(np.searchsorted(cumulative, target))
    spread = int(3.5 * np.sqrt(_SAMPLE) / 2) + 1
    high = key[draw[max(at - spread, 0)]] if at > spread else np.inf
    low = key[draw[at + spread]] if at + spread < _SAMPLE else -np.inf
    return float(low), float(high)
