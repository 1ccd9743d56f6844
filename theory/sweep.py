"""The one pass of :mod:`theory.bracket` over everything: what lies above a bracket, what inside, what is not finite.

Comparisons are rounded, so thresholds are widened beyond rounding; costs are summed without any. Chunks stay in a
core's cache. Where numba is installed (the extra ``fast``), large passes run compiled (:mod:`theory.compiled`), which
is faster and lets threads run side by side; NumPy's calls are too short for that. The answer is the same.
"""

from __future__ import annotations

import math
from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction
from functools import cached_property
from itertools import pairwise
from threading import local
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from theory import compiled
from theory.entries import Entries
from theory.exact import exact_sum, floor_float, joined
from theory.order import Floats, Indices

_CHUNK = 1 << 17
_SPAN, _LISTED = 1 << 20, 1 << 16  # of a compiled call: coordinates at most, room for those inside the bracket
_RUN = 1 << 9  # coordinates on average from which equal labels side by side are worth treating together
_CHUNKS_PER_THREAD = 8  # fewer are done before a thread has started
_MARGIN = {np.float32: 2.0**-20, np.float64: 2.0**-48}  # relative, above three roundings
_RANGE = {np.float32: 2.0**100, np.float64: 2.0**900}  # thresholds within this are far from under- and overflow
_SAFE = 2.0**480  # |g| within this, either way, squares to a normal float64


class Unsuited(Exception):  # noqa: N818
    """An entry, or the scale of the data, that this way of computing cannot take."""


class Swept(NamedTuple):
    """What one pass found: the exact cost of the items above the bracket, and those inside, ascending."""

    above: Fraction
    inside: Indices
    weight: Floats
    cost: Floats


def sweep(
    entries: Entries, budget: Fraction, low: float, high: float, threads: int, mask: NDArray[np.bool_]
) -> Swept | None:
    """The pass in float32 where inputs and thresholds allow it, else in float64; None where neither will do."""
    narrow = entries.values.dtype.itemsize <= 4 and (entries.cost is None or entries.cost.dtype.itemsize <= 4)
    precisions: list[type[np.floating]] = [np.float32, np.float64] if narrow else [np.float64]
    for precision in precisions:
        try:
            return _pass(entries, budget, Thresholds.of(entries, budget, low, high, precision), threads, mask)
        except Unsuited:
            continue
    return None


class Thresholds(NamedTuple):
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
    ) -> Thresholds:
        """Raises :class:`Unsuited` when a threshold leaves the range of ``precision``."""
        margin, extent = _MARGIN[precision], _RANGE[precision]
        if any(not 1 / extent < x < extent for x in (low, high) if x not in (0.0, math.inf)):
            raise Unsuited
        smaller, larger = low or (high if high < math.inf else 1.0), high if high < math.inf else low or 1.0
        cheapest, dearest = max(1 / extent, 1 / extent / smaller), min(extent, extent / larger)
        costs = entries.class_cost
        if costs is not None and entries.by_cost and not (cheapest < costs.min() and costs.max() < dearest):
            raise Unsuited
        lower, higher = precision(low * (1 - margin)), precision(high * (1 + margin))
        return cls(lower, higher, cheapest, dearest, floor_float(budget), precision)


def _pass(entries: Entries, budget: Fraction, thresholds: Thresholds, threads: int, mask: NDArray[np.bool_]) -> Swept:
    """One pass over everything. Chunks are the same whatever the number of threads, and so is every sum."""
    starts = range(0, entries.d, _CHUNK)
    threads = max(1, min(threads, len(starts) // _CHUNKS_PER_THREAD))
    reader = _CompiledTally if compiled.usable(entries) else _Tally
    shares = [starts[k * len(starts) // threads : (k + 1) * len(starts) // threads] for k in range(threads)]

    rooms = _KEPT.first(threads, thresholds.precision, _CHUNK)

    def work(share: range, room: _Room) -> _Tally:
        tally = reader(entries, thresholds, room)
        tally.run(share.start, min(share.stop, entries.d), mask)
        return tally

    if threads == 1:
        tallies = [work(starts, rooms[0])]
    else:
        with ThreadPoolExecutor(threads - 1) as pool:
            others = [pool.submit(work, share, room) for share, room in zip(shares[1:], rooms[1:], strict=True)]
            tallies = [work(shares[0], rooms[0]), *(other.result() for other in others)]  # this thread has a core
    above = sum((tally.above for tally in tallies), Fraction(0))
    columns = list(zip(*(part for tally in tallies for part in tally.inside), strict=True))
    tallies.clear()
    return Swept(above, *(np.concatenate(columns.pop(0)) for _ in range(3)))  # each list goes as soon as it is joined


class _Room:
    """Room for what one thread works on; each part is made when it is first used."""

    def __init__(self, precision: type[np.floating], size: int) -> None:
        self.precision, self.size = precision, size

    @cached_property
    def weight(self) -> NDArray[np.floating]:
        return np.empty(self.size, self.precision)

    @cached_property
    def line(self) -> NDArray[np.floating]:
        return np.empty(self.size, self.precision)

    @cached_property
    def cost(self) -> NDArray[np.floating]:
        return np.empty(self.size, self.precision)

    @cached_property
    def maybe(self) -> NDArray[np.bool_]:
        return np.empty(self.size, bool)

    @cached_property
    def lists(self) -> tuple[Indices, Floats, Floats]:
        return np.empty(_LISTED, np.intp), np.empty(_LISTED), np.empty(_LISTED)


class _Kept(local):
    """Rooms of a calling thread, kept from call to call: pages that are there already spare a third of the time."""

    def __init__(self) -> None:
        self.rooms: dict[tuple[type[np.floating], int], list[_Room]] = {}

    def first(self, count: int, precision: type[np.floating], size: int) -> list[_Room]:
        """As many rooms as threads work for the caller, each for ``size`` coordinates at a time."""
        rooms = self.rooms.setdefault((precision, size), [])
        rooms += [_Room(precision, size) for _ in range(count - len(rooms))]
        return rooms[:count]


_KEPT = _Kept()


class _Tally:
    """One thread's part of the pass: what lies above the bracket is summed, what lies inside is listed."""

    def __init__(self, entries: Entries, thresholds: Thresholds, room: _Room) -> None:
        self.entries, self.thresholds, self._room = entries, thresholds, room
        self.inside: list[tuple[Indices, Floats, Floats]] = []
        self._sums: list[float] = []
        self._more = Fraction(0)
        if entries.class_cost is not None:
            self._counts = np.zeros(entries.class_cost.size, dtype=np.int64)
            self._class_cost = entries.class_cost.astype(thresholds.precision)

    def run(self, start: int, stop: int, mask: NDArray[np.bool_]) -> None:
        """Everything from ``start`` to ``stop``, chunk by chunk."""
        for first in range(start, stop, _CHUNK):
            part = slice(first, min(first + _CHUNK, stop))
            self._read(part, mask[part])

    def _read(self, part: slice, above: NDArray[np.bool_]) -> None:
        """One chunk; ``above`` is its part of the mask."""
        n = part.stop - part.start
        weight, line, maybe = self._room.weight[:n], self._room.line[:n], self._room.maybe[:n]
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
        """Weights of a chunk; raises :class:`Unsuited` on NaN, infinity, or squares out of range."""
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
            raise Unsuited

    def _refuse_extremes(self, values: NDArray) -> None:
        """Float64 entries whose squares leave the normal range are scaled elsewhere."""
        magnitude = np.abs(values, out=self._room.line[: values.size])
        smallest = magnitude.min()
        if smallest < 1 / _SAFE:
            smallest = magnitude.min(initial=np.inf, where=magnitude > 0)
        if not (magnitude.max() <= _SAFE / 2 and smallest >= 1 / _SAFE):
            raise Unsuited

    def _costs(self, part: slice) -> tuple[NDArray | None, NDArray[np.bool_] | None]:
        """Costs of a chunk that the order divides by, and which of its items are affordable (None: all of them)."""
        thresholds, cost = self.thresholds, self.entries.cost
        assert cost is not None
        cost = cost[part]
        cheapest, dearest = self._cheapest, self._dearest = float(cost.min()), float(cost.max())
        if not (cheapest > 0 and dearest < math.inf):
            raise Unsuited
        may = None if dearest <= thresholds.affordable else cost <= np.float64(thresholds.affordable)
        if not self.entries.by_cost:
            return None, may
        if not (thresholds.cheapest < cheapest and dearest < thresholds.dearest):
            raise Unsuited
        return cost, may

    def _class_costs(self, part: slice) -> tuple[NDArray | None, NDArray[np.bool_] | None]:
        """The same for classes; most chunks of a layered model hold one class only."""
        class_cost, labels = self.entries.class_cost, self.entries.labels
        assert class_cost is not None
        assert labels is not None
        own = labels[part]
        first, last = int(own.min()), int(own.max())
        if first < 0 or last >= class_cost.size:
            raise Unsuited
        self._one_class, may = first == last, None
        if float(class_cost[first : last + 1].max()) > self.thresholds.affordable:
            may = (class_cost <= self.thresholds.affordable)[own]
        if self._one_class:
            return self._class_cost[first] if self.entries.by_cost else None, may
        self._runs = _runs(own)
        return self._costs_of(own) if self.entries.by_cost else None, may

    def _costs_of(self, own: NDArray[np.integer]) -> NDArray:
        """The cost of each item of a chunk with several classes."""
        line = self._room.cost[: own.size]
        if self._runs is None:
            return self._class_cost.take(own, out=line, mode="clip")
        for label, run in self._runs:
            line[run] = self._class_cost[label]
        return line

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
        elif self._runs is None:
            self._counts += np.bincount(np.compress(above, labels), minlength=self._counts.size)
        else:
            for label, run in self._runs:
                self._counts[label] += np.count_nonzero(above[run])

    @property
    def above(self) -> Fraction:
        """Exact cost of everything above the bracket."""
        if self.entries.cost is None:
            return self.entries.cost_of_counts(self._counts)
        return self._more + joined(self._sums)


def _runs(labels: NDArray[np.integer]) -> list[tuple[int, slice]] | None:
    """Equal labels side by side, as in a model whose layers are classes; None where labels change too often."""
    changes = np.flatnonzero(labels[1:] != labels[:-1]) + 1
    if changes.size * _RUN > labels.size:
        return None
    return [(int(labels[a]), slice(a, b)) for a, b in pairwise([0, *changes.tolist(), labels.size])]


class _CompiledTally(_Tally):
    """The same for costs per coordinate, by a compiled loop; Python's lock is met once in ``_SPAN`` coordinates."""

    def run(self, start: int, stop: int, mask: NDArray[np.bool_]) -> None:
        """Everything from ``start`` to ``stop``, span by span."""
        entries = self.entries
        assert entries.cost is not None
        cost, flags = entries.cost, np.empty(compiled.BLOCK, dtype=bool)
        numbers, tick = self._numbers(cost)
        ticks, used, lists = 0, 0, self._room.lists
        while start < stop:
            if used + compiled.BLOCK > _LISTED:
                self.inside.append((lists[0][:used].copy(), lists[1][:used].copy(), lists[2][:used].copy()))
                used = 0
            end, bad, wide, many, few, listed = compiled.loop()(
                entries.values, cost, start, min(start + _SPAN, stop), *numbers,
                entries.weight == "square", entries.by_cost, mask, flags, *(part[used:] for part in lists),
            )  # fmt: skip
            if bad:
                raise Unsuited
            used += listed
            if not wide and cost.dtype.itemsize <= 4:
                ticks += (int(many) << 30) + int(few)
            elif self.thresholds.high < np.inf:
                self._more += exact_sum(np.compress(mask[start:end], cost[start:end]))
            start = end
        self.inside.append((lists[0][:used], lists[1][:used], lists[2][:used]))
        self._more += ticks * Fraction(tick)

    def _numbers(self, cost: NDArray) -> tuple[tuple[Any, ...], float]:
        """What the loop compares with, and a tick: costs in a window around the usual one are multiples of it."""
        entries, t, one, kind = self.entries, self.thresholds, self.thresholds.precision(1), cost.dtype.type
        limits = (t.cheapest, t.dearest) if entries.by_cost else (0.0, math.inf)
        squares = entries.weight == "square" and entries.values.dtype == np.float64
        safe = (1 / _SAFE, _SAFE / 2) if squares else (0.0, math.inf)
        usual = math.frexp(math.sqrt(2) * float(np.median(cost[:: max(1, cost.size // 256)])))[1] - 1
        near = math.ldexp(1.0, min(max(usual, -900), 900) - 8)
        tick = math.ldexp(near, -23)  # a float32 has 24 bits; with 16 of the window and 13 of a block, 53
        with np.errstate(over="ignore", under="ignore"):
            cheapest, dearest, least, most = (kind(x) for x in (*limits, near, math.ldexp(near, 16)))
        return (
            one, one * np.inf, t.low, t.high, _floor(t.affordable, kind), cheapest, dearest,
            t.precision(safe[0]), t.precision(safe[1]), least, most, 1 / tick,
        ), tick  # fmt: skip


def _floor(value: float, kind: type[np.floating]) -> np.floating:
    """The largest number of a precision that is not above ``value``."""
    with np.errstate(over="ignore"):
        nearest = kind(value)
    return nearest if float(nearest) <= value else np.nextafter(nearest, kind(-np.inf))
