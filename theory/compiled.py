"""The pass of :mod:`theory.sweep` by loops that numba compiles, where it is installed: Python's lock is met seldom."""

from __future__ import annotations

import math
from fractions import Fraction
from importlib.util import find_spec
from typing import Any

import numpy as np
from numpy.typing import NDArray

from theory import loops
from theory.entries import Entries
from theory.exact import exact_sum
from theory.tally import SAFE, Lists, Room, Tally, Thresholds, Unsuited

FROM = 1 << 20  # coordinates from which it is worth loading numba (about a second, the first time some more to compile)
SPAN = 1 << 20  # coordinates between two looks at Python's lock, at most

_FLOATS = (np.dtype(np.float32), np.dtype(np.float64))
_LABELS = tuple(np.dtype(kind) for kind in ("uint8", "int8", "int32", "int64"))


def reader(entries: Entries) -> type[Tally] | None:
    """What reads these entries: they are many and contiguous, of usual types, and numba is there; else None."""
    if entries.d < FROM or find_spec("numba") is None:
        return None
    read, kinds = (entries.labels, _LABELS) if entries.cost is None else (entries.cost, _FLOATS)
    assert read is not None
    usual = entries.values.dtype in _FLOATS and read.dtype in kinds
    if not (usual and entries.values.flags.c_contiguous and read.flags.c_contiguous):
        return None
    return _ClassTally if entries.cost is None else _CostTally


class _SpanTally(Tally):
    """A tally span by span."""

    def run(self, start: int, stop: int, mask: NDArray[np.bool_]) -> None:
        """Everything from ``start`` to ``stop``."""
        flags = np.empty(loops.BLOCK, dtype=bool)
        while start < stop:
            lists = self._free(max(loops.BLOCK, self._lists[0].size - self._listed))
            start, listed = self._span(start, min(start + SPAN, stop), mask, flags, lists)
            self._listed += listed

    def _span(
        self, start: int, stop: int, mask: NDArray[np.bool_], flags: NDArray[np.bool_], lists: Lists
    ) -> tuple[int, int]:
        """Read on from ``start``, to ``stop`` or till the lists are full; where that was, and how many are listed."""
        raise NotImplementedError

    def _numbers(self) -> tuple[Any, ...]:
        """What every loop is told about weights: whether to square, one, infinity, and the range of safe magnitudes."""
        kind, square = self.thresholds.precision, self.entries.weight == "square"
        safe = (1 / SAFE, SAFE / 2) if square and self.entries.values.dtype == np.float64 else (0.0, math.inf)
        return square, kind(1), kind(np.inf), kind(safe[0]), kind(safe[1])


class _CostTally(_SpanTally):
    """A cost each."""

    def __init__(self, entries: Entries, thresholds: Thresholds, room: Room) -> None:
        super().__init__(entries, thresholds, room)
        self._loop = loops.compiled(loops.by_coordinate)
        self._lines, self._tick = self._lines_and_tick()

    def _span(
        self, start: int, stop: int, mask: NDArray[np.bool_], flags: NDArray[np.bool_], lists: Lists
    ) -> tuple[int, int]:
        cost = self.entries.cost
        assert cost is not None
        end, listed, bad, wide, many, few = self._loop(
            self.entries.values, cost, start, stop, mask, flags, *lists, *self._numbers(), *self._lines
        )
        if bad:
            raise Unsuited
        if not wide and cost.dtype.itemsize <= 4:
            self._more += ((int(many) << 30) + int(few)) * self._tick
        elif self.thresholds.high < np.inf:
            self._more += exact_sum(np.compress(mask[start:end], cost[start:end]))
        return end, listed

    def _lines_and_tick(self) -> tuple[tuple[Any, ...], Fraction]:
        """What the loop compares costs with, and a tick: costs in a window around the usual one are multiples of it."""
        by_cost, t, cost = self.entries.by_cost, self.thresholds, self.entries.cost
        assert cost is not None
        limits = (t.cheapest, t.dearest) if by_cost else (0.0, math.inf)
        usual = math.frexp(math.sqrt(2) * float(np.median(cost[:: max(1, cost.size // 256)])))[1] - 1
        near = math.ldexp(1.0, min(max(usual, -900), 900) - 8)
        tick = math.ldexp(near, -23)  # a float32 has 24 bits; with 16 of the window and 13 of a block, 53
        kind = cost.dtype.type
        with np.errstate(over="ignore", under="ignore"):
            cheapest, dearest, least, most = (kind(x) for x in (*limits, near, math.ldexp(near, 16)))
        lines = by_cost, t.low, t.high, _floor(t.affordable, kind), cheapest, dearest, least, most, 1 / tick
        return lines, Fraction(tick)


class _ClassTally(_SpanTally):
    """Classes."""

    def __init__(self, entries: Entries, thresholds: Thresholds, room: Room) -> None:
        super().__init__(entries, thresholds, room)
        self._loop = loops.compiled(loops.by_class)
        assert entries.class_cost is not None
        assert entries.labels is not None
        self._classes = np.arange(min(self._counts.size, np.iinfo(entries.labels.dtype).max + 1)).astype(
            entries.labels.dtype
        )
        line = self._class_cost if entries.by_cost else np.ones_like(self._class_cost)
        may = entries.class_cost <= thresholds.affordable
        self._line = np.empty(loops.BLOCK, thresholds.precision)
        lines = np.where(may, line, thresholds.precision(np.inf))
        self._lines = entries.by_cost, thresholds.low, thresholds.high, lines

    def _span(
        self, start: int, stop: int, mask: NDArray[np.bool_], flags: NDArray[np.bool_], lists: Lists
    ) -> tuple[int, int]:
        entries = self.entries
        end, listed, bad = self._loop(
            entries.values, entries.labels, start, stop, mask, flags, *lists, *self._numbers(), *self._lines,
            self._line, entries.class_cost, self._classes, self._counts,
        )  # fmt: skip
        if bad:
            raise Unsuited
        return end, listed


def _floor(value: float, kind: type[np.floating]) -> np.floating:
    """The largest number of a precision that is not above ``value``."""
    with np.errstate(over="ignore"):
        nearest = kind(value)
    return nearest if float(nearest) <= value else np.nextafter(nearest, kind(-np.inf))
