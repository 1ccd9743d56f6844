"""The greedy prefix at the speed of memory: a sample brackets the critical ratio, one pass, an exact finish.

1. A random sample of ``d^(2/3)`` items gives a bracket ``(low, high)`` that probably holds the critical ratio.
2. One pass, in chunks that stay in a core's cache: items above the bracket go into the mask and their costs are summed
   exactly; the few inside it are listed. Comparisons such as ``g^2 > high c`` are rounded, so the bracket is widened by
   more than the rounding: what counts as above (below) it is so in exact arithmetic.
3. The critical item is found among those listed, and those before it go into the mask
(:mod:`theory.selection.critical_item`).

The answer is that of :func:`theory.selection.order.sorted_prefix`, bit for bit, or None: a bracket that misses three
times, an entry that is not finite, or one whose square float64 cannot hold. The pass sees all of these without looking
twice.
"""

from __future__ import annotations

import math
from fractions import Fraction
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from theory.arithmetic.exact import floor_float
from theory.arithmetic.threads import IN_ORDER, SCATTERED, each, shares, useful_threads
from theory.selection.critical_item import find_critical_item
from theory.selection.entries import Entries
from theory.selection.order import Floats, Indices, Prefix, keys, sorted_prefix
from theory.selection.scan import lent_workspaces, scan

SMALL = 1 << 14  # below this many items, sorting them is as fast

_SORTED = 1 << 12  # of a sample: keys that are sorted without looking which of them matter
WIDTHS = (3.0, 14.0, 60.0)  # standard deviations of the sample to either side; wider after a miss


def bracketed_prefix(
    entries: Entries, budget: Fraction, *, threads: int = 1, out: NDArray[np.bool_] | None = None
) -> Prefix | None:
    """The longest affordable prefix of the eligible items, exactly, or None where a plain sort is needed.

    Args:
        budget: in the units of the costs. threads: how many share the work; the result does not depend on it.
        out: bool of shape (d,) to receive the mask.
    """
    mask = np.empty(entries.d, dtype=bool) if out is None else out
    sample = sampled(entries, budget, threads)
    if sample is None:
        return None
    threads = useful_threads(threads, entries.d, IN_ORDER)
    with lent_workspaces() as workspaces:
        for width in WIDTHS:
            low, high = bracket_of(sample, budget, entries.d, width)
            found = scan(entries, budget, low, high, threads, workspaces, mask)
            if found is None:
                return None
            if (prefix := find_critical_item(entries, budget, low, high, found, mask)) is not None:
                return prefix
    return None


# --- the sample ---------------------------------------------------------------------------------


class Sample(NamedTuple):
    """Keys of the sampled items that are eligible, in the order drawn, and their costs in ``unit``; ``size`` drawn."""

    key: Floats
    cost: Floats
    unit: float
    size: int


def sampled(entries: Entries, budget: Fraction, threads: int, drawn: Indices | None = None) -> Sample | None:
    """``d^(2/3)`` items, drawn with a fixed seed; None if one of them is not finite or of a class that there is not.

    Args:
        drawn: others than these, ascending.
    """
    drawn = draw(entries.d) if drawn is None else drawn
    parts = [drawn[first:end] for first, end in shares(useful_threads(threads, drawn.size, SCATTERED), drawn.size)]
    try:
        read = each(lambda items: (entries.weights_of(items), entries.costs_of(items)), parts)
    except IndexError:
        return None
    weight, cost = read[0] if len(read) == 1 else map(np.concatenate, zip(*read, strict=True))
    if not (np.isfinite(weight).all() and np.isfinite(cost).all() and (cost > 0).all()):
        return None
    may, unit = (weight > 0) & (cost <= floor_float(budget)), float(cost.max())
    if not may.all():
        weight, cost = weight[may], cost[may]
    key = keys(weight, cost) if entries.by_cost else weight
    return Sample(key, np.divide(cost, unit, out=cost), unit, drawn.size)


def draw(d: int) -> Indices:
    """Which of ``d`` items a sample looks at."""
    return _drawn(d, _sample_size(d))


@lru_cache(maxsize=8)
def _drawn(d: int, size: int) -> Indices:
    """Stratified: one item of each of ``size`` equal parts, ascending, so that memory is read in its order."""
    drawn = ((np.arange(size) + np.random.default_rng(0).random(size)) * (d / size)).astype(np.intp)
    return np.minimum(drawn, d - 1, out=drawn)


def _sample_size(d: int) -> int:
    """Balances drawing and sorting the sample against sorting out what its bracket leaves."""
    return int(d ** (2 / 3))


def bracket_of(sample: Sample, budget: Fraction, d: int, width: float) -> tuple[float, float]:
    """Keys that probably enclose the critical one: where the sampled cost, give or take, reaches the budget."""
    target = floor_float(budget / Fraction(sample.unit) * sample.size / d)
    return enclosed(sample.key, sample.cost, target, width)


def enclosed(key: Floats, cost: Floats, target: float, width: float) -> tuple[float, float]:
    """The same for costs in units: sorted are only those keys that a sample of the sample cannot tell from the target.

    Args:
        width: of the bracket, in standard deviations to either side.
    """
    least, most, before, squares = 0.0, math.inf, 0.0, 0.0
    if key.size > _SORTED:
        some = slice(None, None, int(key.size ** (1 / 3)))
        least, most = enclosed(key[some], cost[some], target * key[some].size / key.size, 1.25 * width)
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
