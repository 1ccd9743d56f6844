"""What lies above a bracket, what inside, what is not finite: one thread's part of the scan.

Comparisons are rounded, so thresholds are widened beyond rounding; costs are summed without any. Chunks stay in a
core's cache.
"""

from __future__ import annotations

import math
from fractions import Fraction
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from theory.arithmetic.exact import exact_sum, floor_float, joined
from theory.selection.entries import Entries
from theory.selection.order import Floats, Indices, keys

LISTED = 1 << 16  # room for those inside the bracket, at first
KEPT = 1 << 19  # and at most from call to call

_MARGIN = {np.float32: 2.0**-20, np.float64: 2.0**-48}  # relative, above three roundings
_RANGE = {np.float32: 2.0**100, np.float64: 2.0**900}  # thresholds within this are far from under- and overflow
_RUN = 1 << 9  # coordinates on average from which equal labels side by side are worth treating together

SAFE = 2.0**480  # |g| within this, either way, squares to a normal float64


Lists = tuple[Indices, Floats, Floats]  # items, their keys (weight per cost; Top-K: weight) and costs


class Unsuited(Exception):  # noqa: N818
    """An entry, or the scale of the data, that this way of computing cannot take."""


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


class Workspace:
    """Where one thread works, ``size`` coordinates at a time; memory that is never touched is not there."""

    def __init__(self, precision: type[np.floating], size: int) -> None:
        self.size = size
        self.weight, self.line, self.cost = (np.empty(size, precision) for _ in range(3))
        self.maybe = np.empty(size, dtype=bool)
        self.lists = _lists(LISTED)


def _lists(size: int) -> Lists:
    return np.empty(size, np.intp), np.empty(size), np.empty(size)


class PartialScan:
    """One thread's part of the pass: what lies above the bracket is summed, what lies inside is listed."""

    def __init__(self, entries: Entries, thresholds: Thresholds, workspace: Workspace) -> None:
        self.entries, self.thresholds, self._workspace = entries, thresholds, workspace
        self._lists, self._listed = workspace.lists, 0
        self._sums: list[float] = []
        self._more = Fraction(0)
        if entries.class_cost is not None:
            self._counts = np.zeros(entries.class_cost.size, dtype=np.int64)
            with np.errstate(over="ignore", under="ignore"):  # thresholds see to it where costs matter
                self._class_cost = entries.class_cost.astype(thresholds.precision)

    def run(self, start: int, stop: int, mask: NDArray[np.bool_]) -> None:
        """Everything from ``start`` to ``stop``, chunk by chunk."""
        for first in range(start, stop, self._workspace.size):
            part = slice(first, min(first + self._workspace.size, stop))
            self._read(part, mask[part])

    def _read(self, part: slice, above: NDArray[np.bool_]) -> None:
        """One chunk; ``above`` is its part of the mask."""
        n = part.stop - part.start
        weight, line, maybe = self._workspace.weight[:n], self._workspace.line[:n], self._workspace.maybe[:n]
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
        self._list(np.flatnonzero(maybe) + part.start)
        if high < np.inf:
            self._add(part, above)

    def _list(self, inside: Indices) -> None:
        items, key, cost = self._free(inside.size)
        items[:], cost[:] = inside, self.entries.costs_of(inside)
        weight = self.entries.weights_of(inside)
        key[:] = keys(weight, cost) if self.entries.by_cost else weight
        self._listed += inside.size

    def _free(self, size: int) -> Lists:
        """Where the next ``size`` items are to be listed."""
        end, full = self._listed + size, self._lists[0].size
        if end > full:
            lists = _lists(max(end, 2 * full))
            for new, old in zip(lists, self._lists, strict=True):
                new[: self._listed] = old[: self._listed]
            self._lists = lists
            if lists[0].size <= KEPT:
                self._workspace.lists = lists
        items, key, cost = self._lists
        return items[self._listed : end], key[self._listed : end], cost[self._listed : end]

    @property
    def inside(self) -> Lists:
        """What lies inside, ascending: valid until the thread that called for the pass calls for the next."""
        items, key, cost = self._lists
        return items[: self._listed], key[: self._listed], cost[: self._listed]

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
        magnitude = np.abs(values, out=self._workspace.line[: values.size])
        smallest = magnitude.min()
        if smallest < 1 / SAFE:
            smallest = magnitude.min(initial=np.inf, where=magnitude > 0)
        if not (magnitude.max() <= SAFE / 2 and smallest >= 1 / SAFE):
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
        line = self._workspace.cost[: own.size]
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
