"""An instance by cost classes: how many of each the relaxation keeps, and the values on either side of its threshold.

Among items of equal cost the n of largest score are the best n, so a mask worth considering is one count a class.
Counts that lose little differ from the relaxation's by few: all that a search needs of a class is its *window*, the
values nearest to the threshold, on either side. Equal values are one entry with its multiplicity.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from theory.duals import distinct_costs
from theory.exact import floor_float
from theory.instance import Instance
from theory.order import Floats

_CHUNK = 1 << 18


class Side(NamedTuple):
    """Distinct values on one side of a class's threshold, nearest first, and how many items have each.

    ``whole``: there is nothing beyond them.
    """

    value: Floats
    count: NDArray[np.int64]
    whole: bool


@dataclass(frozen=True, eq=False)
class Classes:
    """The affordable costs of an instance, and the relaxation's prefix by class.

    Attributes:
        cost: distinct, ascending, float64 of shape (m,). base: items of each that the prefix keeps, ints of shape (m,).
        prefix: the prefix, bool of shape (d,): in each class its largest scores, lowest index first.
    """

    instance: Instance
    cost: Floats
    base: NDArray[np.int64]
    prefix: NDArray[np.bool_]

    def of(self, part: slice) -> NDArray[np.intp]:
        """The class of each item of a part, ``m`` where it is dearer than the budget."""
        return _class_of(self.instance, self.cost, part)

    def windows(self, most: int) -> list[tuple[Side, Side]]:
        """For each class the ``most`` values nearest to the threshold, inside and outside the prefix."""
        sides = [(_Nearest(most), _Nearest(most)) for _ in self.cost]
        for part in _parts(self.instance.d):
            label, value, inside = self.of(part), self.instance.score[part], self.prefix[part]
            for k in _present(label, self.cost.size):
                here = label == k
                sides[k][0].add(value[here & inside])
                sides[k][1].add(-value[here & ~inside & (value > 0)])
        return [(kept.side(), Side(-left.value, left.count, left.whole)) for kept, left in
                ((one, other.side()) for one, other in sides)]  # fmt: skip

    def mask(self, moves: Sequence[int], windows: Sequence[tuple[Side, Side]]) -> NDArray[np.bool_]:
        """The mask that keeps ``moves[k]`` more items of class k than the prefix does (fewer, if negative)."""
        mask = self.prefix.copy()
        for k, move in enumerate(moves):
            if move:
                self._move(mask, k, move, windows[k][move > 0])
        return mask

    def _move(self, mask: NDArray[np.bool_], k: int, move: int, side: Side) -> None:
        """Of the last value that is reached, those of lowest index are kept."""
        many, sign = abs(move), 1 if move > 0 else -1
        reached = np.cumsum(side.count)
        last = side.value[np.searchsorted(reached, many)]
        beyond, at = [], []
        for part in _parts(mask.size):
            value = self.instance.score[part]
            here = (self.of(part) == k) & (self.prefix[part] != (move > 0))
            beyond.append(part.start + np.flatnonzero(here & (sign * value > sign * last)))
            at.append(part.start + np.flatnonzero(here & (value == last)))
        whole, tied = np.concatenate(beyond), np.concatenate(at)
        rest = many - whole.size
        mask[whole] = move > 0
        mask[tied[:rest] if move > 0 else tied[tied.size - rest :]] = move > 0


def classes_of(instance: Instance, prefix: NDArray[np.bool_], most: int) -> Classes | None:
    """The classes of ``instance`` when it has at most ``most`` different costs, else None."""
    costs = distinct_costs(instance, most)
    if costs is None:
        return None
    costs = costs[costs <= floor_float(instance.budget)]
    base = np.zeros(costs.size + 1, dtype=np.int64)
    for part in _parts(instance.d):
        base += np.bincount(_class_of(instance, costs, part)[prefix[part]], minlength=base.size)
    return Classes(instance, costs, base[:-1], prefix)


def spent_by(costs: Floats, counts: Sequence[int]) -> Fraction:
    """Exact cost of so many items of each class."""
    return sum((int(n) * Fraction(c) for n, c in zip(counts, costs, strict=True)), Fraction(0))


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

    def side(self) -> Side:
        self._settle()
        return Side(self._value, self._count, self._whole)

    def _settle(self) -> None:
        fresh = np.concatenate([np.empty(0), *self._waiting])
        value, place = np.unique(np.concatenate([self._value, fresh]), return_inverse=True)
        weight = np.concatenate([self._count, np.ones(fresh.size, dtype=np.int64)])
        count = np.bincount(place.ravel(), weights=weight, minlength=value.size).astype(np.int64)
        if value.size > self._most:
            self._bound, self._whole = float(value[self._most]), False
        self._value, self._count = value[: self._most], count[: self._most]
        self._waiting, self._size = [], 0


def _class_of(instance: Instance, costs: Floats, part: slice) -> NDArray[np.intp]:
    """Positions in ``costs``, its size where there is none such."""
    if instance.labels is None or instance.class_cost is None:
        return _position(costs, instance.cost[part])
    return _position(costs, instance.class_cost)[instance.labels[part]]


def _position(costs: Floats, values: Floats) -> NDArray[np.intp]:
    place = np.searchsorted(costs, values)
    found = place < costs.size
    found[found] = costs[place[found]] == values[found]
    return np.where(found, place, costs.size)


def _present(label: NDArray[np.intp], classes: int) -> list[int]:
    return np.flatnonzero(np.bincount(label, minlength=classes)[:classes]).tolist()


def _parts(d: int) -> list[slice]:
    return [slice(start, min(start + _CHUNK, d)) for start in range(0, d, _CHUNK)]
