"""The balanced dynamic programme on the cost grid: the optimum where scores and costs are whole numbers.

In the notation of :mod:`theory.optimum.duals`, without the cut: items deviate from S in the order of ``|r_j| / c_j``,
and ``paid[s]`` is the least ``sum |r_j|`` of deviations that leave the slack ``s``, for every s of a window, one
vectorised step an item. Later items lose at least ``rho`` per unit of slack, so a slack s is of no use once ``rho |s|``
(``min(rho, lambda) s`` where it is positive) reaches the limit, and the window closes as the search goes on. The limit
is the loss of the best mask found so far, less the step that scores come in: what retains more retains a step more
(after Pisinger 1997, whose list of states is here an array).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from theory.instance import Instance
from theory.optimum.duals import Base
from theory.selection.order import eligible

MAX_ITEMS = 1 << 17
CELLS_PER_STATE = 750  # entries of all windows together, for a state that the other searches may visit
MAX_WINDOW = 1_500_000  # a wider one is for the other searches
CHECKED_CELLS = 40_000_000  # that the checker looks at in its own such search: its MAX_WORK
CHECKED_WINDOW = 500_000
_LARGEST = 1 << 53
_NEVER = np.int64(1 << 62)
_Ints = NDArray[np.int64]
_Taken = tuple[int, int, int, NDArray[np.uint8]]  # an item, its window's low end and size, and which slacks took it


class Best(NamedTuple):
    """The deviations of the best mask below the limit, ascending, or None; whether nothing is better for certain; and
    whether the checker can search as much.
    """

    deviations: list[int] | None
    finished: bool
    checkable: bool = False


class _Core(NamedTuple):
    """Items in the order of loss per cost: what a deviation loses, how it moves the slack, and which they are."""

    loss: _Ints
    shift: _Ints
    at: NDArray[np.intp]


def dense(
    instance: Instance,
    base: Base,
    loss: Fraction,
    step: int,
    grid: int,
    stopped: Callable[[], bool],
    max_cells: int,
) -> Best:
    """The best mask of loss below ``loss``, which that of some mask is; scores are multiples of ``step``.

    Args:
        base: S under a price without the cut. grid: of the costs. max_cells: effort before it gives up.
    """
    price = base.prices.energy * grid  # per step of the grid
    energy, unit = price.numerator, price.denominator
    may = np.flatnonzero(eligible(instance, instance.score))
    if may.size > MAX_ITEMS:
        return Best(None, False)
    score, cost = instance.score[may], instance.cost[may]
    largest = unit * int(score.max(initial=0)) + energy * (int(cost.max(initial=0)) // grid)
    slack = int(base.slack // grid)
    if largest * 4 > _LARGEST or abs(slack) * energy > _LARGEST:
        return Best(None, False)
    steps = cost.astype(np.int64) // grid
    reduced = unit * score.astype(np.int64) - energy * steps
    limit = math.floor((loss - step) * unit) + 1
    near = np.flatnonzero(np.abs(reduced) < limit)
    near = near[np.argsort(np.abs(reduced[near]) / steps[near], kind="stable")]
    shift = np.where(base.mask[may[near]], steps[near], -steps[near])
    core = _Core(np.abs(reduced[near]), shift, may[near])
    return _Windows(core, slack, energy, step * unit, limit, max_cells).search(stopped)


class _Windows:
    """The programme: ``paid[k]`` belongs to the slack ``low + k``."""

    def __init__(self, core: _Core, slack: int, energy: int, step: int, limit: int, max_cells: int) -> None:
        self.core, self.energy, self.step, self.limit, self.left = core, energy, step, limit, max_cells
        self.low, self.first, self.paid = slack, slack, np.zeros(1, np.int64)
        self.taken: list[_Taken] = []
        self.best: tuple[int, int] | None = None  # how many of these, and the slack

    @property
    def reach(self) -> int:
        """The largest slack that may not alone cost more than the limit."""
        return self.limit // self.energy if self.energy else int(_NEVER)

    def search(self, stopped: Callable[[], bool]) -> Best:
        """Item by item, until none is left that could matter."""
        loss, shift = self.core.loss.tolist(), self.core.shift.tolist()
        self._compare()
        for k, (price, move) in enumerate(zip(loss, shift, strict=True)):
            if self.limit <= 0 or not self.paid.size:
                break
            if self.left < 0 or self.paid.size + abs(move) > MAX_WINDOW or stopped():
                return Best(self._deviations(), False)
            if price >= self.limit:
                continue
            self._take(k, price, move)
            self._compare()
            if k + 1 < len(loss):
                self._close(loss[k + 1], abs(shift[k + 1]))
        return Best(self._deviations(), True, self._checkable())

    def _take(self, k: int, price: int, move: int) -> None:
        old, size = self.paid, self.paid.size + abs(move)
        kept = np.full(size, _NEVER)
        stay, go = max(-move, 0), max(move, 0)
        kept[stay : stay + old.size] = old
        moved = old + price
        there = kept[go : go + old.size]
        took = moved < there
        np.minimum(there, moved, out=there)
        self.low -= stay
        self.taken.append((k, self.low + go, old.size, np.packbits(took)))
        self.paid, self.left = kept, self.left - size

    def _compare(self) -> None:
        """Whether a feasible slack beats the limit now."""
        first = max(self.low, 0)
        paid = self.paid[first - self.low :][: max(self.reach + 1 - first, 0)]
        if paid.size:
            total = paid + self.energy * np.arange(first, first + paid.size)
            k = int(total.argmin())
            if total[k] < self.limit:
                self.limit, self.best = int(total[k]) - self.step + 1, (len(self.taken), first + k)

    def _close(self, loss: int, cost: int) -> None:
        """Let go of the slacks that later items, which lose ``loss / cost`` or more per step, cannot bring home."""
        if not loss:
            return
        below = self.limit * cost // loss
        start, stop = max(0, -below - self.low), max(0, max(below, self.reach) + 1 - self.low)
        self.paid, self.low = self.paid[start:stop], self.low + start

    def _checkable(self) -> bool:
        """Whether the windows remain small enough for the checker, below the last limit from the start."""
        low = high = self.first
        cells = 0
        core = [
            one for one in zip(self.core.loss.tolist(), self.core.shift.tolist(), strict=True) if one[0] < self.limit
        ]
        for loss, move in core:
            if loss:
                below = self.limit * abs(move) // loss
                low, high = max(low, -below), min(high, max(below, self.reach))
            low, high = low + min(move, 0), high + max(move, 0)
            cells += max(high - low, 0)
            if cells > CHECKED_CELLS or high - low > CHECKED_WINDOW:
                return False
        return True

    def _deviations(self) -> list[int] | None:
        if self.best is None:
            return None
        count, slack = self.best
        found = []
        for k, low, size, bits in reversed(self.taken[:count]):
            if 0 <= slack - low < size and np.unpackbits(bits[(slack - low) // 8])[(slack - low) % 8]:
                found.append(int(self.core.at[k]))
                slack -= int(self.core.shift[k])
        return sorted(found)
