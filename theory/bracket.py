"""The greedy prefix at the speed of memory: a sample brackets the critical ratio, one pass, an exact finish.

1. A random sample of ``d^(2/3)/2`` items gives a bracket ``(low, high)`` that probably holds the critical ratio.
2. One pass, in chunks that stay in a core's cache: items above the bracket go into the mask and their costs are summed
   exactly; the few inside it are listed. Comparisons such as ``g^2 > high c`` are rounded, so the bracket is widened by
   more than the rounding: what counts as above (below) it is so in exact arithmetic.
3. The listed items are sorted, and the critical one is found among them.

The answer is that of :func:`theory.order.sorted_prefix`, bit for bit, or None: a bracket that misses three times, an
entry that is not finite, or one whose square float64 cannot hold. The pass sees all of these without looking twice.
"""

from __future__ import annotations

import math
from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from theory.entries import Entries
from theory.exact import exact_sum, floor_float, joined
from theory.order import Floats, Indices, Prefix, critical_run, keys, longest_affordable, sorted_prefix

SMALL = 1 << 14  # below this many items, sorting them is as fast

_CHUNK = 1 << 16
_CHUNKS_PER_THREAD = 8  # fewer are done before a thread has started
_BINS = 1024  # into which the items inside the bracket are sorted out
_WIDTHS = (3.5, 14.0, 60.0)  # standard deviations of the sample to either side; wider after a miss
_MARGIN = {np.float32: 2.0**-20, np.float64: 2.0**-48}  # relative, above three roundings
_RANGE = {np.float32: 2.0**100, np.float64: 2.0**900}  # thresholds within this are far from under- and overflow
_SAFE = 2.0**480  # |g| within this, either way, squares to a normal float64


class _Unsuited(Exception):  # noqa: N818
    """An entry, or the scale of the data, that this way of computing cannot take."""


class _Sweep(NamedTuple):
    """What one pass found: the exact cost of the items above the bracket, and those inside, ascending."""

    above: Fraction
    inside: Indices
    weight: Floats
    cost: Floats


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
        found = _sweep_in_best_precision(entries, budget, low, high, threads, mask)
        if found is None:
            return None
        if (prefix := _finish(entries, budget, low, high, found, mask)) is not None:
            return prefix
    return None


# --- 1. the sample ---------------------------------------------------------------------------------


class _Sample(NamedTuple):
    """Keys of the sampled items, falling, with the running sums of their costs and squared costs, in ``unit``."""

    key: Floats
    cost: Floats
    square: Floats
    unit: float
    size: int


def _sample(entries: Entries, budget: Fraction) -> _Sample | None:
    """``d^(2/3)/2`` items, drawn with a fixed seed; None if one of them is not finite."""
    size = _sample_size(entries.d)
    drawn = np.random.default_rng(0).integers(0, entries.d, size)
    weight, cost = entries.weights_of(drawn), entries.costs_of(drawn)
    if not (np.isfinite(weight).all() and np.isfinite(cost).all() and (cost > 0).all()):
        return None
    may = (weight > 0) & (cost <= floor_float(budget))
    weight, cost, unit = weight[may], cost[may], float(cost.max())
    key = keys(weight, cost) if entries.by_cost else weight
    order = np.argsort(-key)
    cost = cost[order] / unit
    return _Sample(key[order], np.cumsum(cost), np.cumsum(cost * cost), unit, size)


def _sample_size(d: int) -> int:
    """Balances drawing and sorting the sample against sorting out what its bracket leaves."""
    return int(d ** (2 / 3) / 2)


def _bracket(sample: _Sample, budget: Fraction, d: int, width: float) -> tuple[float, float]:
    """Keys that probably enclose the critical one: where the sampled cost, give or take, reaches the budget."""
    target = floor_float(budget / Fraction(sample.unit) * sample.size / d)
    spread = width * np.sqrt(sample.square)
    before = int(np.searchsorted(sample.cost + spread, target))
    after = int(np.searchsorted(np.maximum.accumulate(sample.cost - spread), target, side="right"))
    high = math.nextafter(float(sample.key[before - 1]), math.inf) if before else math.inf
    low = float(sample.key[after]) if after < sample.key.size else 0.0
    return low, high


# --- 2. the pass -----------------------------------------------------------------------------------


def _sweep_in_best_precision(
    entries: Entries, budget: Fraction, low: float, high: float, threads: int, mask: NDArray[np.bool_]
) -> _Sweep | None:
    """The pass in float32 where inputs and thresholds allow it, else in float64; None where neither will do."""
    narrow = entries.values.dtype.itemsize <= 4 and (entries.cost is None or entries.cost.dtype.itemsize <= 4)
    precisions: list[type[np.floating]] = [np.float32, np.float64] if narrow else [np.float64]
    for precision in precisions:
        try:
            return _sweep(entries, budget, _Thresholds.of(entries, budget, low, high, precision), threads, mask)
        except _Unsuited:
            continue
    return None


class _Thresholds(NamedTuple):
    """The bracket as the pass compares with it, widened beyond rounding, in the precision of the pass.

    ``low`` and ``high`` multiply the cost (Top-K: are compared with as they are). Costs between ``cheapest`` and
    ``dearest`` keep these products clear of under- and overflow; costs up to ``affordable`` fit the budget alone.
    """

    low: np.floating
    high: np.floating
    cheapest: float
    dearest: float
    affordable: float
    precision: type[np.floating]

    @classmethod
    def of(
        cls, entries: Entries, budget: Fraction, low: float, high: float, precision: type[np.floating]
    ) -> _Thresholds:
        """Raises :class:`_Unsuited` when a threshold leaves the range of ``precision``."""
        margin, extent = _MARGIN[precision], _RANGE[precision]
        if any(not 1 / extent < x < extent for x in (low, high) if x not in (0.0, math.inf)):
            raise _Unsuited
        smaller, larger = low or (high if high < math.inf else 1.0), high if high < math.inf else low or 1.0
        cheapest, dearest = max(1 / extent, 1 / extent / smaller), min(extent, extent / larger)
        costs = entries.class_cost
        if costs is not None and entries.by_cost and not (cheapest < costs.min() and costs.max() < dearest):
            raise _Unsuited
        lower, higher = precision(low * (1 - margin)), precision(high * (1 + margin))
        return cls(lower, higher, cheapest, dearest, floor_float(budget), precision)


def _sweep(
    entries: Entries, budget: Fraction, thresholds: _Thresholds, threads: int, mask: NDArray[np.bool_]
) -> _Sweep:
    """One pass over everything. Chunks are the same whatever the number of threads, and so is every sum."""
    starts = range(0, entries.d, _CHUNK)
    threads = max(1, min(threads, len(starts) // _CHUNKS_PER_THREAD))
    shares = [starts[k * len(starts) // threads : (k + 1) * len(starts) // threads] for k in range(threads)]

    def work(share: range) -> _Tally:
        tally = _Tally(entries, thresholds)
        for start in share:
            tally.read(slice(start, min(start + _CHUNK, entries.d)), mask[start : start + _CHUNK])
        return tally

    if threads == 1:
        tallies = [work(starts)]
    else:
        with ThreadPoolExecutor(threads) as pool:
            tallies = list(pool.map(work, shares))
    found = [part for tally in tallies for part in tally.inside]
    inside, weight, cost = (np.concatenate(parts) for parts in zip(*found, strict=True))
    return _Sweep(sum((tally.above for tally in tallies), Fraction(0)), inside, weight, cost)


class _Tally:
    """One thread's part of the pass: what lies above the bracket is summed, what lies inside is listed."""

    def __init__(self, entries: Entries, thresholds: _Thresholds) -> None:
        self.entries, self.thresholds = entries, thresholds
        self.inside: list[tuple[Indices, Floats, Floats]] = []
        self._sums: list[float] = []
        self._more = Fraction(0)
        if entries.class_cost is not None:
            self._counts = np.zeros(entries.class_cost.size, dtype=np.int64)
            self._class_cost = entries.class_cost.astype(thresholds.precision)
            self._class_line = np.empty(_CHUNK, thresholds.precision)
        self._weight = np.empty(_CHUNK, thresholds.precision)
        self._line = np.empty(_CHUNK, thresholds.precision)
        self._maybe = np.empty(_CHUNK, dtype=bool)

    def read(self, part: slice, above: NDArray[np.bool_]) -> None:
        """One chunk; ``above`` is its part of the mask."""
        n = part.stop - part.start
        weight, maybe, line = self._weight[:n], self._maybe[:n], self._line[:n]
        self._weigh(self.entries.values[part], weight)
        cost, may = self._class_costs(part) if self.entries.cost is None else self._costs(part)
        low, high = self.thresholds.low, self.thresholds.high
        if high == np.inf:
            above[:] = False
        else:
            np.greater(weight, high if cost is None else np.multiply(cost, high, out=line), out=above)
        if low == 0:
            np.not_equal(self.entries.values[part], 0, out=maybe)
        else:
            np.greater_equal(weight, low if cost is None else np.multiply(cost, low, out=line), out=maybe)
        if may is not None:
            above &= may
            maybe &= may
        np.not_equal(maybe, above, out=maybe)  # above lies within maybe, so this is what is inside
        inside = np.flatnonzero(maybe) + part.start
        self.inside.append((inside, self.entries.weights_of(inside), self.entries.costs_of(inside)))
        if high < np.inf:
            self._add(part, above)

    def _weigh(self, values: NDArray, weight: NDArray) -> None:
        """Weights of a chunk; raises :class:`_Unsuited` on NaN, infinity, or squares out of range."""
        kind = self.entries.weight
        if kind == "given":
            weight[:] = values
        elif kind == "magnitude":
            np.abs(values, out=weight)
        else:
            if values.dtype != weight.dtype:
                weight[:] = values
                values = weight
            if self.entries.values.dtype == np.float64:
                self._refuse_extremes(values)
            with np.errstate(over="ignore", under="ignore"):
                np.multiply(values, values, out=weight)
        if not weight.max() < np.inf:
            raise _Unsuited

    def _refuse_extremes(self, values: NDArray) -> None:
        """Float64 entries whose squares leave the normal range are scaled elsewhere."""
        magnitude = np.abs(values, out=self._line[: values.size])
        smallest = magnitude.min()
        if smallest < 1 / _SAFE:
            smallest = magnitude.min(initial=np.inf, where=magnitude > 0)
        if not (magnitude.max() <= _SAFE / 2 and smallest >= 1 / _SAFE):
            raise _Unsuited

    def _costs(self, part: slice) -> tuple[NDArray | None, NDArray[np.bool_] | None]:
        """Costs of a chunk that the order divides by, and which of its items are affordable (None: all of them)."""
        thresholds, cost = self.thresholds, self.entries.cost
        assert cost is not None
        cost = cost[part]
        cheapest, dearest = self._cheapest, self._dearest = float(cost.min()), float(cost.max())
        if not (cheapest > 0 and dearest < math.inf):
            raise _Unsuited
        may = None if dearest <= thresholds.affordable else cost <= np.float64(thresholds.affordable)
        if not self.entries.by_cost:
            return None, may
        if not (thresholds.cheapest < cheapest and dearest < thresholds.dearest):
            raise _Unsuited
        return cost, may

    def _class_costs(self, part: slice) -> tuple[NDArray | None, NDArray[np.bool_] | None]:
        """The same for classes; most chunks of a layered model hold one class only."""
        class_cost, labels = self.entries.class_cost, self.entries.labels
        assert class_cost is not None
        assert labels is not None
        own = labels[part]
        first, last = int(own.min()), int(own.max())
        if first < 0 or last >= class_cost.size:
            raise _Unsuited
        self._one_class, may = first == last, None
        if float(class_cost[first : last + 1].max()) > self.thresholds.affordable:
            may = (class_cost <= self.thresholds.affordable)[own]
        if not self.entries.by_cost:
            return None, may
        if self._one_class:
            return self._class_cost[first], may
        return self._class_cost.take(own, out=self._class_line[: own.size], mode="clip"), may

    def _add(self, part: slice, above: NDArray[np.bool_]) -> None:
        """Costs of the items above, exactly."""
        entries = self.entries
        if entries.cost is not None:
            own = entries.cost[part]
            cost = np.compress(above, own)
            # multiples of the cheapest one's last bit, and too few of them to leave the 53 bits of a float64
            if own.dtype.itemsize <= 4 and cost.size * self._dearest < self._cheapest * 2.0**29:
                self._sums.append(float(cost.sum(dtype=np.float64)))
            else:
                self._more += exact_sum(cost)
            return
        assert entries.labels is not None
        labels = entries.labels[part]
        if self._one_class:
            self._counts[labels[0]] += np.count_nonzero(above)
        else:
            self._counts += np.bincount(np.compress(above, labels), minlength=self._counts.size)

    @property
    def above(self) -> Fraction:
        """Exact cost of everything above the bracket."""
        if self.entries.cost is None:
            return self.entries.cost_of_counts(self._counts)
        return self._more + joined(self._sums)


# --- 3. the finish ---------------------------------------------------------------------------------


def _finish(
    entries: Entries, budget: Fraction, low: float, high: float, found: _Sweep, mask: NDArray[np.bool_]
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


def _ranked(entries: Entries, found: _Sweep, key: Floats, among: Indices, left: Fraction) -> tuple[Indices, int]:
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
    bins = ((key - lowest) * (_BINS / (highest - lowest))).astype(np.intp)
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
