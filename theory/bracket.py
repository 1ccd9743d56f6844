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
from collections.abc import Iterable
from fractions import Fraction
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from theory.entries import Entries
from theory.exact import exact_sum, floor_float
from theory.order import Floats, Indices, Prefix, critical_run, keys, longest_affordable, sorted_prefix
from theory.sweep import Swept, sweep
from theory.tally import Lists

SMALL = 1 << 14  # below this many items, sorting them is as fast

_SORTED = 1 << 12  # of a sample: keys that are sorted without looking which of them matter
_BINS = 1024  # into which the items inside the bracket are sorted out
_ALL = (0.0, math.inf)  # keys between which everything lies
_WIDTHS = (3.0, 14.0, 60.0)  # standard deviations of the sample to either side; wider after a miss


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
    drawn = _drawn(entries.d, _sample_size(entries.d))
    weight, cost = entries.weights_of(drawn), entries.costs_of(drawn)
    if not (np.isfinite(weight).all() and np.isfinite(cost).all() and (cost > 0).all()):
        return None
    may, unit = (weight > 0) & (cost <= floor_float(budget)), float(cost.max())
    if not may.all():
        weight, cost = weight[may], cost[may]
    key = keys(weight, cost) if entries.by_cost else weight
    return _Sample(key, np.divide(cost, unit, out=cost), unit, drawn.size)


@lru_cache(maxsize=2)
def _drawn(d: int, size: int) -> Indices:
    """Stratified: one item of each of ``size`` equal parts, ascending, so that memory is read in its order."""
    drawn = ((np.arange(size) + np.random.default_rng(0).random(size)) * (d / size)).astype(np.intp)
    return np.minimum(drawn, d - 1, out=drawn)


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
        some = slice(None, None, int(key.size ** (1 / 3)))
        least, most = _enclosed(key[some], cost[some], target * key[some].size / key.size, 1.25 * width)
        first, near = np.compress(key >= most, cost), (key >= least) & (key < most)
        before, squares = float(first.sum()), float(np.square(first).sum())  # BLAS would keep a core waiting
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
    columns = tuple(zip(*found.inside, strict=True))  # items, keys, costs
    for least, most in (_narrowed(found.inside, left), _ALL):
        before = [(key >= most) & (most < math.inf) for key in columns[1]]  # keys may be too large for a float
        among = [(key >= least) & ~b for key, b in zip(columns[1], before, strict=True)]
        spent = sum(map(exact_sum, map(np.compress, before, columns[2])), Fraction(0))
        items, key, cost, taken = _ranked(entries, *(_chosen(column, among) for column in columns), left=left - spent)
        if 0 <= taken < items.size or (least, most) == _ALL:  # else rounding chose the wrong bin
            break
    if (taken == items.size and low > 0) or (taken < items.size and not low <= key[taken] < high):
        return None
    for those, b in zip(columns[0], before, strict=True):
        mask[those] = b
    mask[items[:taken]] = True
    spent += found.above + exact_sum(cost[:taken])
    return Prefix(mask, spent, int(items[taken]) if taken < items.size else None)


def _chosen(columns: Iterable[NDArray[Any]], flags: list[NDArray[np.bool_]]) -> NDArray[Any]:
    """The flagged entries of a column that lies in several arrays, joined."""
    return np.concatenate(list(map(np.compress, flags, columns)))


def _ranked(
    entries: Entries, items: Indices, key: Floats, cost: Floats, *, left: Fraction
) -> tuple[Indices, Floats, Floats, int]:
    """Items, ascending, in the exact order as far as it matters, and how many fit; -1 when ``left`` is negative."""
    order, taken = np.argsort(-key, kind="stable"), -1
    if left >= 0:
        taken = _taken(cost[order], left)
    if 0 <= taken < order.size:
        weight = entries.weights_of(items[order])
        by = cost[order] if entries.by_cost else np.ones_like(cost)
        exactly = critical_run(weight, by, key[order], taken)
        if exactly is not None:
            order = order[exactly]
            taken = longest_affordable(cost[order], left)[0]
    return items[order], key[order], cost[order], taken


def _narrowed(lists: list[Lists], left: Fraction) -> tuple[float, float]:
    """Keys between which the critical one of the listed items is found, ``left`` being what these may cost.

    Keys fall into bins, and bins are settled by their costs. This only saves sorting: bounds that are not the right
    ones, by rounding, are noticed by the exact sums of whoever asks.
    """
    filled = [key for _, key, _ in lists if key.size]
    lowest = min((float(key.min()) for key in filled), default=0.0)
    highest = max((float(key.max()) for key in filled), default=0.0)
    width, sums = (highest - lowest) / _BINS, np.zeros(_BINS + 1)
    if sum(key.size for key in filled) < _BINS or not 0 < width < math.inf:
        return _ALL
    for _, key, cost in lists:
        for start in range(0, key.size, SMALL):  # scratch of this size costs nothing
            part = slice(start, start + SMALL)
            bins = ((key[part] - lowest) / width).astype(np.intp)
            sums += np.bincount(np.minimum(bins, _BINS), weights=cost[part], minlength=sums.size)
    settled = int(np.searchsorted(np.cumsum(sums[::-1]), floor_float(left), side="right"))
    critical = _BINS - settled
    if critical < 0:
        return _ALL
    return lowest + critical * width, lowest + (critical + 1) * width if settled else math.inf


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
