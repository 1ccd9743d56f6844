"""The greedy prefix at the speed of memory: a sample brackets the critical ratio, one pass, an exact finish.

1. A random sample of ``d^(2/3)`` items gives a bracket ``(low, high)`` that probably holds the critical ratio.
2. One pass, in chunks that stay in a core's cache: items above the bracket go into the mask and their costs are summed
   exactly; the few inside it are listed. Comparisons such as ``g^2 > high c`` are rounded, so the bracket is widened by
   more than the rounding: what counts as above (below) it is so in exact arithmetic.
3. The listed items are sorted, and the critical one is found among them.

The answer is that of :func:`theory.order.sorted_prefix`, bit for bit, or None: a bracket that misses three times, an
entry that is not finite, or one whose square float64 cannot hold. The pass sees all of these without looking twice.
"""

from __future__ import annotations

import math
from fractions import Fraction
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from theory.entries import Entries
from theory.exact import exact_sum, floor_float
from theory.order import Floats, Indices, Prefix, critical_run, keys, longest_affordable, sorted_prefix
from theory.sweep import Swept, sweep

SMALL = 1 << 14  # below this many items, sorting them is as fast

_SORTED = 1 << 12  # of a sample: keys that are sorted without looking which of them matter
_BINS = 1024  # into which the items inside the bracket are sorted out
_WIDTHS = (3.5, 14.0, 60.0)  # standard deviations of the sample to either side; wider after a miss


def bracketed_prefix(
    entries: Entries, budget: Fraction, *, threads: int = 1, out: NDArray[np.bool_] | None = None
) -> Prefix | None:
    """The longest affordable prefix of the eligible items, exactly, or None where a plain sort is needed.

    Args:
        budget: in the units of the costs. threads: of the pass; the result does not depend on it.
        out: bool of shape (d,) to receive the mask.
    """
    mask = np.empty(entries.d, dtype=bool) if out is None else out
    sample = _sample(entries, budget)
    if sample is None:
        return None
    for width in _WIDTHS:
        low, high = _bracket(sample, budget, entries.d, width)
        found = sweep(entries, budget, low, high, threads, mask)
        if found is None:
            return None
        if (prefix := _finish(entries, budget, low, high, found, mask)) is not None:
            return prefix
    return None


# --- the sample ---------------------------------------------------------------------------------


class _Sample(NamedTuple):
    """Keys of the sampled items that are eligible, in the order drawn, and their costs in ``unit``; ``size`` drawn."""

    key: Floats
    cost: Floats
    unit: float
    size: int


def _sample(entries: Entries, budget: Fraction) -> _Sample | None:
    """``d^(2/3)`` items, drawn with a fixed seed; None if one of them is not finite."""
    size = _sample_size(entries.d)
    drawn = np.random.default_rng(0).integers(0, entries.d, size)
    weight, cost = entries.weights_of(drawn), entries.costs_of(drawn)
    if not (np.isfinite(weight).all() and np.isfinite(cost).all() and (cost > 0).all()):
        return None
    may, unit = (weight > 0) & (cost <= floor_float(budget)), float(cost.max())
    if not may.all():
        weight, cost = weight[may], cost[may]
    key = keys(weight, cost) if entries.by_cost else weight
    return _Sample(key, np.divide(cost, unit, out=cost), unit, size)


def _sample_size(d: int) -> int:
    """Balances drawing and sorting the sample against sorting out what its bracket leaves."""
    return int(d ** (2 / 3))


def _bracket(sample: _Sample, budget: Fraction, d: int, width: float) -> tuple[float, float]:
    """Keys that probably enclose the critical one: where the sampled cost, give or take, reaches the budget."""
    target = floor_float(budget / Fraction(sample.unit) * sample.size / d)
    return _enclosed(sample.key, sample.cost, target, width)


def _enclosed(key: Floats, cost: Floats, target: float, width: float) -> tuple[float, float]:
    """The same for costs in units: sorted are only those keys that a sample of the sample cannot tell from the target.

    Args:
        width: of the bracket, in standard deviations to either side.
    """
    least, most, before, squares = 0.0, math.inf, 0.0, 0.0
    if key.size > _SORTED:
        few = int(key.size ** (2 / 3))
        least, most = _enclosed(key[:few], cost[:few], target * few / key.size, 1.25 * width)
        first, near = cost[key >= most], (key >= least) & (key < most)
        before, squares = float(first.sum()), float(first @ first)
        key, cost = key[near], cost[near]
    order = np.argsort(-key)
    key, cost = key[order], cost[order]
    sums, spread = before + np.cumsum(cost), width * np.sqrt(squares + np.cumsum(cost * cost))
    above = int(np.searchsorted(sums + spread, target))
    inside = int(np.searchsorted(np.maximum.accumulate(sums - spread), target, side="right"))
    high = math.nextafter(float(key[above - 1]), math.inf) if above else most
    low = float(key[inside]) if inside < key.size else least
    return low, high


# --- the finish ---------------------------------------------------------------------------------


def _finish(
    entries: Entries, budget: Fraction, low: float, high: float, found: Swept, mask: NDArray[np.bool_]
) -> Prefix | None:
    """Complete the mask with the affordable ones of the items inside the bracket; None when the bracket missed."""
    left = budget - found.above
    if left < 0:
        return None
    key = keys(found.weight, found.cost if entries.by_cost else np.ones_like(found.cost))
    before, among = _narrowed(key, found.cost, left)
    spent = exact_sum(found.cost[before])
    ranked, taken = _ranked(entries, found, key, among, left - spent)
    if among.size < key.size and not 0 <= taken < ranked.size:  # rounding chose the wrong bin
        before, spent = before[:0], Fraction(0)
        ranked, taken = _ranked(entries, found, key, np.arange(key.size), left)
    if (taken == ranked.size and low > 0) or (taken < ranked.size and not low <= key[ranked[taken]] < high):
        return None
    mask[found.inside[before]] = True
    mask[found.inside[ranked[:taken]]] = True
    spent += found.above + exact_sum(found.cost[ranked[:taken]])
    return Prefix(mask, spent, int(found.inside[ranked[taken]]) if taken < ranked.size else None)


def _ranked(entries: Entries, found: Swept, key: Floats, among: Indices, left: Fraction) -> tuple[Indices, int]:
    """``among`` in the exact order as far as it matters, and how many fit; -1 when too much is spent already."""
    ranked = among[np.argsort(-key[among], kind="stable")]
    if left < 0:
        return ranked, -1
    taken = _taken(found.cost[ranked], left)
    if taken < ranked.size:
        weight, cost = found.weight[ranked], found.cost[ranked]
        exactly = critical_run(weight, cost if entries.by_cost else np.ones_like(cost), key[ranked], taken)
        if exactly is not None:
            ranked = ranked[exactly]
            taken = longest_affordable(found.cost[ranked], left)[0]
    return ranked, taken


def _narrowed(key: Floats, cost: Floats, left: Fraction) -> tuple[Indices, Indices]:
    """Items that come before the critical one for sure, and those among which it must be looked for, ascending.

    Keys fall into bins, and bins are settled by their costs. This only saves sorting: a bin that is not the right one,
    by rounding, is noticed by the exact sums of whoever asks, as long as every key of a higher bin is larger.
    """
    lowest, highest = (float(key.min()), float(key.max())) if key.size else (0.0, 0.0)
    if key.size < _BINS or not (0 < highest - lowest < math.inf):
        return np.empty(0, np.intp), np.arange(key.size)
    scaled = key - lowest
    bins = np.multiply(scaled, _BINS / (highest - lowest), out=scaled).astype(np.intp)
    sums = np.cumsum(np.bincount(bins, weights=cost)[::-1])
    settled = int(np.searchsorted(sums, floor_float(left), side="right"))
    critical = sums.size - 1 - settled
    if critical < 0:
        return np.empty(0, np.intp), np.arange(key.size)
    return np.flatnonzero(bins > critical), np.flatnonzero(bins == critical)


def _taken(cost: Floats, left: Fraction) -> int:
    """How many items, in order, fit what is left: by floating-point sums unless rounding could decide."""
    sums, room = np.cumsum(cost), floor_float(left)
    taken = int(np.searchsorted(sums, room, side="right"))
    near = sums[max(taken - 1, 0) : taken + 1]
    doubt = 2.0**-52 * (cost.size + 1) * np.maximum(near, room)
    if (np.abs(near - room) > doubt).all():
        return taken
    return longest_affordable(cost, left)[0]


def greedy_prefix(
    entries: Entries, budget: Fraction, *, threads: int = 1, out: NDArray[np.bool_] | None = None
) -> Prefix:
    """Longest affordable prefix of the eligible items of valid ``entries``, whatever their number.

    Args:
        budget: in the units of the costs. threads: how many share the pass over a large instance.
        out: bool of shape (d,) to receive the mask.
    """
    if entries.d > SMALL and (found := bracketed_prefix(entries, budget, threads=threads, out=out)) is not None:
        return found
    everything = slice(None)
    weight, cost = entries.weights_of(everything), entries.costs_of(everything)
    return sorted_prefix(weight, cost, budget, by_cost=entries.by_cost, out=out)
