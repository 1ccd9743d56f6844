"""The scan by loops that numba compiles, where it is installed: Python's lock is met seldom."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from theory.arithmetic import compiled_loops, sums
from theory.arithmetic.sums import FLOATS, Window
from theory.selection.entries import Entries
from theory.selection.scan_numpy import SAFE, PartialScan, Thresholds, Unsuited, Workspace

_LABELS = tuple(np.dtype(kind) for kind in ("uint8", "int8", "int32", "int64"))


def reader(entries: Entries, whole: int = 0) -> type[PartialScan] | None:
    """What reads these entries: they are many and contiguous, of usual types, and numba is there; else None.

    Args:
        whole: how many there are together with others that are read in the same way.
    """
    if not compiled_loops.worth_it(max(entries.d, whole)):
        return None
    read, kinds = (entries.labels, _LABELS) if entries.cost is None else (entries.cost, FLOATS)
    assert read is not None
    usual = entries.values.dtype in FLOATS and read.dtype in kinds
    in_order = read.flags.c_contiguous or (entries.cost is None and read.strides == (0,))
    if not (usual and entries.values.flags.c_contiguous and in_order):
        return None
    return _ClassScan if entries.cost is None else _CostScan


class _SpanScan(PartialScan):
    """A part span by span."""

    def run(self, start: int, stop: int, mask: NDArray[np.bool_]) -> None:
        """Everything from ``start`` to ``stop``."""
        scratch = np.zeros(compiled_loops.BLOCK, dtype=bool), np.zeros(compiled_loops.BLOCK, dtype=bool)
        while start < stop:
            lists = self._free(max(compiled_loops.BLOCK + 1, self._lists[0].size - self._listed))
            start, listed = self._span(start, min(start + compiled_loops.SPAN, stop), mask, *scratch, *lists)
            self._listed += listed

    def _span(self, start: int, stop: int, *scratch: NDArray) -> tuple[int, int]:
        """Read on from ``start``, to ``stop`` or till the lists are full; where that was, and how many are listed.

        Args:
            scratch: the mask, two arrays of scratch flags, and the lists.
        """
        raise NotImplementedError

    def _numbers(self) -> tuple[Any, ...]:
        """What every loop is told about weights: whether to square, one, and between what they must lie."""
        kind, square = self.thresholds.precision, self.entries.weight == "square"
        least, most = kind(0), np.finfo(kind).max
        if square and self.entries.values.dtype == np.float64:
            least, most = kind(SAFE**-2), kind((SAFE / 2) ** 2)
        return square, kind(1), least, most


class _CostScan(_SpanScan):
    """A cost each."""

    def __init__(self, entries: Entries, thresholds: Thresholds, workspace: Workspace) -> None:
        super().__init__(entries, thresholds, workspace)
        assert entries.cost is not None
        self._cost, self._bits, t = entries.cost, sums.as_bits(entries.cost), thresholds
        self._loop = compiled_loops.compiled(compiled_loops.by_coordinate)
        self._window, self._table = Window.around(entries.cost), sums.table()
        kind, limits = entries.cost.dtype.type, (t.cheapest, t.dearest) if entries.by_cost else (0.0, math.inf)
        with np.errstate(over="ignore", under="ignore"):
            affordable, lowest, highest = _floor(t.affordable, kind), kind(limits[0]), kind(limits[1])
        ends = self._window.ends(kind, *limits, float(affordable))
        self._lines = entries.by_cost, t.low, t.high, affordable, lowest, highest, *ends, *self._window.rule

    def _span(self, start: int, stop: int, *scratch: NDArray) -> tuple[int, int]:
        end, listed, bad, many, few = self._loop(
            self.entries.values,
            self._cost,
            self._bits,
            start,
            stop,
            *scratch,
            self._table,
            *self._numbers(),
            *self._lines,
        )
        if bad:
            raise Unsuited
        self._more += self._window.sum_of(many, few)
        return end, listed

    @property
    def above(self) -> Fraction:
        """Exact cost of everything above the bracket."""
        return self._more + sums.sum_of_table(self._table)


class _ClassScan(_SpanScan):
    """Classes."""

    def __init__(self, entries: Entries, thresholds: Thresholds, workspace: Workspace) -> None:
        super().__init__(entries, thresholds, workspace)
        self._loop = compiled_loops.compiled(compiled_loops.by_class)
        assert entries.class_cost is not None
        assert entries.labels is not None
        one_label = entries.labels.strides == (0,)
        self._labels = entries.labels[:1].copy() if one_label else entries.labels
        self._classes = np.arange(min(self._counts.size, np.iinfo(entries.labels.dtype).max + 1)).astype(
            entries.labels.dtype
        )
        line = self._class_cost if entries.by_cost else np.ones_like(self._class_cost)
        may = entries.class_cost <= thresholds.affordable
        self._line = np.empty(compiled_loops.BLOCK, thresholds.precision)
        lines = np.where(may, line, thresholds.precision(np.inf))
        self._lines = entries.by_cost, thresholds.low, thresholds.high, lines

    def _span(self, start: int, stop: int, *scratch: NDArray) -> tuple[int, int]:
        entries = self.entries
        end, listed, bad = self._loop(
            entries.values, self._labels, start, stop, *scratch, *self._numbers(), *self._lines,
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
