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
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from theory.arithmetic.exact import floor_float
from theory.instance import Instance
from theory.optimum.duals import distinct_costs
from theory.selection.order import Floats

_CHUNK = 1 << 18


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

    def windows(self, most: int) -> list[Window]:
        """For each class the ``most`` values nearest to the threshold on either side."""
        sides = [(_Nearest(most), _Nearest(most)) for _ in self.cost]
        many = np.zeros(self.cost.size + 1, dtype=np.int64)
        edge = np.append(self.threshold, np.inf)
        for _, label, value in self._parts():
            above = value > edge[label]
            many += np.bincount(label[above], minlength=many.size)
            for k in np.flatnonzero(np.bincount(label, minlength=many.size)[:-1]).tolist():
                here = label == k
                sides[k][0].add(value[here & above])
                sides[k][1].add(-value[here & ~above & (value > 0)])
        return [Window(int(n), a.side(1), b.side(-1)) for n, (a, b) in zip(many, sides, strict=False)]

    def mask(self, counts: Sequence[int], windows: Sequence[Window]) -> NDArray[np.bool_]:
        """The mask of the ``counts[k]`` largest values of every class, lowest index first; all within the windows."""
        edges = [self._edge(*one) for one in zip(counts, windows, self.threshold.tolist(), strict=True)]
        edge = np.array([value for value, _ in edges] + [np.inf])
        left = [ties for _, ties in edges]
        mask = np.empty(self.instance.d, dtype=bool)
        for start, label, value in self._parts():
            part = mask[start : start + value.size]
            np.greater(value, edge[label], out=part)
            tied = np.flatnonzero(value == edge[label])
            for k in np.unique(label[tied]).tolist():
                first = tied[label[tied] == k][: left[k]]
                part[first] = True
                left[k] -= first.size
        return mask

    def _edge(self, count: int, window: Window, threshold: float) -> tuple[float, int]:
        """The smallest value that the ``count`` largest reach, and how many of it they hold."""
        move = count - window.kept
        if not move:
            return threshold, 0
        side, wanted = (window.below, move) if move > 0 else (window.above, 1 - move)
        reached = np.cumsum(side.many)
        at = int(np.searchsorted(reached, wanted))
        if at == reached.size:  # none is left
            return math.inf, 0
        before = int(reached[at]) - int(side.many[at])
        return float(side.value[at]), wanted - before if move > 0 else int(reached[at]) + move

    def _parts(self) -> Iterator[tuple[int, NDArray[np.intp], Floats]]:
        """First index, class (``m`` where it is dearer than the budget) and value of consecutive items."""
        given = self.instance
        of_label = None if given.labels is None or given.class_cost is None else _position(self.cost, given.class_cost)
        for start in range(0, given.d, _CHUNK):
            part = slice(start, start + _CHUNK)
            label = _position(self.cost, given.cost[part]) if of_label is None else of_label[given.labels[part]]  # type: ignore[index]
            yield start, label, self._values(part)

    def _values(self, part: slice) -> Floats:
        if self.instance.update is None:
            return self.instance.score[part]
        values: Floats = np.abs(self.instance.update[part].astype(np.float64))
        return np.ldexp(values, -self.instance.scale_exponent)


def classes_of(instance: Instance, price: Fraction, most: int) -> Classes | None:
    """The classes of ``instance`` when it has at most ``most`` different costs, else None."""
    costs = distinct_costs(instance, most)
    if costs is None:
        return None
    costs = costs[costs <= floor_float(instance.budget)]
    largest = _floor_root if instance.update is not None else floor_float
    threshold = np.array([largest(price * Fraction(c)) for c in costs.tolist()], dtype=np.float64)
    return Classes(instance, costs, price, threshold)


def spent_by(costs: Floats, counts: Sequence[int]) -> Fraction:
    """Exact cost of so many items of each class."""
    return sum((n * Fraction(c) for n, c in zip(counts, costs.tolist(), strict=True)), Fraction(0))


class _Nearest:
    """The ``most`` smallest distinct values of all that were added, with their multiplicities."""

    def __init__(self, most: int) -> None:
        self._most, self._bound, self._whole = most, np.inf, True
        self._value, self._count = np.empty(0), np.empty(0, dtype=np.int64)
        self._waiting: list[Floats] = []
        self._size = 0

    def add(self, values: Floats) -> None:
        near = values[values < self._bound]
        self._whole = self._whole and near.size == values.size
        self._waiting.append(near)
        self._size += near.size
        if self._size > 4 * self._most:
            self._settle()

    def side(self, sign: int) -> Side:
        self._settle()
        return Side(sign * self._value, self._count, self._whole)

    def _settle(self) -> None:
        fresh = np.concatenate([np.empty(0), *self._waiting])
        value, place = np.unique(np.concatenate([self._value, fresh]), return_inverse=True)
        weight = np.concatenate([self._count, np.ones(fresh.size, dtype=np.int64)])
        count = np.bincount(place.ravel(), weights=weight, minlength=value.size).astype(np.int64)
        if value.size > self._most:
            self._bound, self._whole = float(value[self._most]), False
        self._value, self._count = value[: self._most], count[: self._most]
        self._waiting, self._size = [], 0


def _position(costs: Floats, values: Floats) -> NDArray[np.intp]:
    """Where each value stands among ``costs``; their number where it does not."""
    place = np.searchsorted(costs, values)
    found = place < costs.size
    found[found] = costs[place[found]] == values[found]
    return np.where(found, place, costs.size)


def _floor_root(value: Fraction) -> float:
    """The largest float64 whose square is at most ``value >= 0``."""
    shift = max(0, 2100 + value.denominator.bit_length() - value.numerator.bit_length())
    shift += shift % 2
    return floor_float(Fraction(math.isqrt((value.numerator << shift) // value.denominator), 1 << shift // 2))
