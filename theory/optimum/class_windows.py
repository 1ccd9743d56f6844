"""An instance by cost classes: which values lie on either side of a price's threshold, nearest first.

Among items of equal cost the n of largest magnitude are the best n, so a mask worth considering is one count a class.
Counts that lose little differ from those of the relaxation's price by few: all that a search needs of a class is its
*window*, the values nearest to the threshold. Equal values are one entry with its multiplicity.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from theory.arithmetic.exact import floor_float
from theory.arithmetic.threads import IN_ORDER, each, shares, useful_threads
from theory.instance import Instance
from theory.optimum.duals import distinct_costs, position
from theory.selection.order import Floats

_CHUNK = 1 << 16


class Side(NamedTuple):
    """Distinct values on one side of a class's threshold, nearest first, and how many items have each.

    ``whole``: there is nothing beyond them.
    """

    value: Floats
    many: NDArray[np.int64]
    whole: bool


class Window(NamedTuple):
    """What lies near the threshold of one class.

    Attributes:
        kept: items with ``r > 0``. above: the nearest of them. below: of those with ``r <= 0``, ties first.
    """

    kept: int
    above: Side
    below: Side


@dataclass(frozen=True, eq=False)
class Classes:
    """The affordable costs of an instance, and a price for them.

    Values are magnitudes ``|g|`` where there is an update (scaled as its squares are), else scores.

    Attributes:
        cost: distinct, ascending, float64 of shape (m,). price: ``lambda``, exact.
        threshold: the largest value of each class with ``r <= 0``, float64 of shape (m,).
    """

    instance: Instance
    cost: Floats
    price: Fraction
    threshold: Floats

    def score(self, value: float) -> Fraction:
        """The exact score of an item of this value."""
        return Fraction(value) ** (1 if self.instance.update is None else 2)

    def score_in(self, unit: int, value: float) -> int:
        """The same in parts of a ``unit``-th, rounded down."""
        above, below = value.as_integer_ratio()
        return unit * above // below if self.instance.update is None else unit * above * above // (below * below)

    def windows(self, most: int, threads: int) -> list[Window]:
        """For each class the ``most`` values nearest to the threshold on either side."""
        spans = shares(useful_threads(threads, self.instance.d, IN_ORDER), self.instance.d)
        (many, sides), *others = each(lambda span: self._nearest(most, *span), spans)
        for more, theirs in others:
            many += more
            for own, other in zip(sides, theirs, strict=True):
                own[0].join(other[0])
                own[1].join(other[1])
        return [Window(int(n), a.side(1), b.side(-1)) for n, (a, b) in zip(many, sides, strict=False)]

    def _nearest(
        self, most: int, first: int, end: int
    ) -> tuple[NDArray[np.int64], list[tuple[_Nearest, _Nearest]]]:  # fmt: skip
        """How many items of each class from ``first`` to ``end`` are above its threshold, and the nearest values."""
        sides = [(_Nearest(most), _Nearest(most)) for _ in self.cost]
        edge = np.append(self.threshold, np.inf)
        many = np.zeros(edge.size, dtype=np.int64)
        for _, label, value in self._parts(first, end):
            above = value > edge[label]
            if isinstance(label, int):
                many[label] += np.count_nonzero(above)
            else:
                many += np.bincount(label[above], minlength=many.size)
            top = np.array([side.bound for side, _ in sides] + [np.inf])[label]
            bottom = np.array([max(-side.bound, 0.0) for _, side in sides] + [np.inf])[label]
            near = np.flatnonzero((value < top) & (value > bottom))
            value, above = value[near], above[near]
            own = np.full(near.size, label) if isinstance(label, int) else label[near]
            for k in np.unique(own).tolist():
                here = own == k
                sides[k][0].add(value[here & above])
                sides[k][1].add(-value[here & ~above])
        return many, sides

    def mask(self, counts: Sequence[int], windows: Sequence[Window], threads: int) -> NDArray[np.bool_]:
        """The mask of the ``counts[k]`` largest values of every class, lowest index first; all within the windows."""
        edges = [_edge(*one) for one in zip(counts, windows, strict=True)]
        edge = np.array([value for value, _ in edges] + [np.inf])
        mask = np.empty(self.instance.d, dtype=bool)

        def tied(span: tuple[int, int]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
            items, labels = [np.empty(0, np.intp)], [np.empty(0, np.intp)]
            for start, label, value in self._parts(*span):
                np.greater(value, edge[label], out=mask[start : start + value.size])
                at = np.flatnonzero(value == edge[label])
                items.append(start + at)
                labels.append(np.full(at.size, label) if isinstance(label, int) else label[at])
            return np.concatenate(items), np.concatenate(labels)

        found = each(tied, shares(useful_threads(threads, mask.size, IN_ORDER), mask.size))
        items, labels = (np.concatenate(parts) for parts in zip(*found, strict=True))
        for k, (_, ties) in enumerate(edges):
            mask[items[labels == k][:ties]] = True
        return mask

    def _parts(self, first: int, end: int) -> Iterator[tuple[int, Any, Floats]]:
        """First index, class and value of consecutive items: one class for all, as an int, or one each.

        The class of what is dearer than the budget is ``m``.
        """
        given = self.instance
        of_label = None if given.class_cost is None else position(self.cost, given.class_cost)
        for start in range(first, end, _CHUNK):
            part = slice(start, min(start + _CHUNK, end))
            label: Any
            if of_label is None:
                label = position(self.cost, given.costs_of(part))
            else:
                own = given.labels[part]  # type: ignore[index]
                least, most = int(own.min()), int(own.max())
                label = int(of_label[least]) if least == most else of_label[own]
            yield start, label, self._values(part)

    def _values(self, part: slice) -> Floats:
        if self.instance.update is None:
            return self.instance.scores_of(part)
        values: Floats = self.instance.update[part].astype(np.float64)
        np.abs(values, out=values)
        exponent = self.instance.scale_exponent
        return np.ldexp(values, -exponent) if exponent else values


def classes_of(instance: Instance, price: Fraction, most: int) -> Classes | None:
    """The classes of ``instance`` when it has at most ``most`` different costs, else None."""
    costs = distinct_costs(instance, most)
    if costs is None:
        return None
    costs = costs[costs <= floor_float(instance.budget)]
    largest = _floor_root if instance.update is not None else floor_float
    threshold = np.array([largest(price * Fraction(c)) for c in costs.tolist()], dtype=np.float64)
    return Classes(instance, costs, price, threshold)


def _edge(count: int, window: Window) -> tuple[float, int]:
    """The smallest value that the ``count`` largest reach, and how many of it they hold; infinite for none."""
    if not count:
        return math.inf, 0
    move = count - window.kept
    side, wanted = (window.below, move) if move > 0 else (window.above, 1 - move)
    reached = np.cumsum(side.many)
    at = int(np.searchsorted(reached, wanted))
    fewer = int(reached[at] - side.many[at])
    return float(side.value[at]), wanted - fewer if move > 0 else int(reached[at]) + move


def spent_by(costs: Floats, counts: Sequence[int]) -> Fraction:
    """Exact cost of so many items of each class."""
    return sum((n * Fraction(c) for n, c in zip(counts, costs.tolist(), strict=True)), Fraction(0))


class _Nearest:
    """The ``most`` smallest distinct values of all that were added, with their multiplicities.

    Values from ``bound`` on are none of them.
    """

    def __init__(self, most: int) -> None:
        self._most, self.bound, self._whole = most, math.inf, True
        self._value, self._count = np.empty(0), np.empty(0, dtype=np.int64)
        self._waiting: list[Floats] = []
        self._size = 0

    def add(self, values: Floats) -> None:
        self._waiting.append(values)
        self._size += values.size
        if self._size > 4 * self._most:
            self._settle()

    def join(self, other: _Nearest) -> None:
        other._settle()
        self._settle(other._value, other._count)
        self._whole = self._whole and other._whole

    def side(self, sign: int) -> Side:
        self._settle()
        return Side(sign * self._value, self._count, self._whole)

    def _settle(self, more: Floats | None = None, counts: NDArray[np.int64] | None = None) -> None:
        if more is not None and self._waiting:
            self._settle()
        fresh = np.concatenate([np.empty(0), *self._waiting]) if more is None else more
        weight = np.ones(fresh.size, dtype=np.int64) if counts is None else counts
        value, place = np.unique(np.concatenate([self._value, fresh]), return_inverse=True)
        weight = np.concatenate([self._count, weight])
        count = np.bincount(place.ravel(), weights=weight, minlength=value.size).astype(np.int64)
        if value.size > self._most:
            self.bound, self._whole = float(value[self._most]), False
        self._value, self._count = value[: self._most], count[: self._most]
        self._waiting, self._size = [], 0


def _floor_root(value: Fraction) -> float:
    """The largest float64 whose square is at most ``value >= 0``: all are multiples of ``2 ** -1074``."""
    return floor_float(Fraction(math.isqrt((value.numerator << 2148) // value.denominator), 1 << 1074))
