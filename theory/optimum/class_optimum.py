"""The exact 0/1 optimum of an instance with few different costs, at any size: one count per cost class.

The counts of the relaxation's price are the optimum's but for a few moves near the threshold. A search over counts
(:mod:`theory.optimum.class_search`) below a limit needs no more of a class than the values whose losses add up to the
limit. So the limit deepens as in :mod:`theory.optimum.exact_optimum`, and the windows
(:mod:`theory.optimum.class_windows`) widen where they are found too narrow for it.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from theory.instance import Instance
from theory.optimum.class_search import Ladder, Question, Run, below
from theory.optimum.class_windows import Classes, Side, Window, classes_of, spent_by
from theory.optimum.duals import Prices, common_grid
from theory.optimum.watch import UNWATCHED

MOST_CLASSES = 16
_WINDOWS = (1 << 10, 1 << 14, 1 << 18)  # distinct values a side that are looked at, ever more
_FIRST, _DEEPER = 32, 1.5  # moves within the first limit, and how many more within each next one

_Best = tuple[Fraction, list[int]]  # a loss, and the counts that have it


@dataclass(frozen=True, eq=False)
class ClassSolution:
    """The best counts found.

    Attributes:
        prices: of the relaxation. mask: bool (d,).
        loss: exact loss of the mask against the bound of these prices. proved: no counts lose less.
        costs: the affordable costs, exact. start: counts that the search starts from: every item of positive reduced
            value, and some ties. counts: those of the mask.
    """

    prices: Prices
    mask: NDArray[np.bool_]
    loss: Fraction
    proved: bool
    costs: list[Fraction]
    start: list[int]
    counts: list[int]


def solve_classes(
    instance: Instance, price: Fraction, max_states: int, stopped: Callable[[], bool] = UNWATCHED.stopped,
    threads: int = 1,
) -> ClassSolution | None:  # fmt: skip
    """The optimum of ``instance``, or the best counts found; None when it has too many different costs.

    Args:
        price: of the relaxation, ``lambda``. Any price is right, and others only take longer.
        threads: how many share the passes.
    """
    classes = classes_of(instance, price, min(MOST_CLASSES, instance.d // 2))
    if classes is None:
        return None
    best: _Best | None = None
    left = max_states
    for most in _WINDOWS:
        near = _near(classes, most, best and best[0], threads)
        if (best := best or near.first()) is None:
            return None
        best, proved, visits = near.deepened(best, left, stopped)
        left -= visits
        if proved or left <= 0 or near.holds(best[0]) or stopped():
            break
    assert best is not None
    mask = classes.mask(best[1], near.windows, threads)
    costs = [Fraction(c) for c in classes.cost.tolist()]
    return ClassSolution(Prices(price), mask, best[0], proved, costs, near.start, best[1])


@dataclass(frozen=True, eq=False)
class _Near:
    """The search through some windows.

    Attributes:
        start: counts without moves. unit: how many of the search's units make a unit of score.
        reach: below what limit the windows hold all that a search needs; None: whatever the limit.
    """

    windows: list[Window]
    start: list[int]
    question: Question
    unit: int
    reach: int | None

    def holds(self, loss: Fraction) -> bool:
        """Whether the windows suffice for a search below this loss."""
        return self.reach is None or loss * self.unit <= self.reach

    def first(self) -> _Best | None:
        """A feasible answer to begin with."""
        found = self.question.fill()
        return found and self._answer(*found)

    def deepened(self, best: _Best, max_states: int, stopped: Callable[[], bool]) -> tuple[_Best, bool, int]:
        """Search below rising limits: the best answer, whether nothing is better, and the states visited."""
        total, visits = int(best[0] * self.unit), 0
        if not total:
            return best, True, 0
        for limit in self._limits(total if self.reach is None else min(total, self.reach), max_states):
            found = self.question.search(limit, max_states - visits, stopped)
            visits += found.visits
            if found.best is not None:
                return self._answer(*found.best), True, visits
            if not found.finished:
                return best, False, visits
        return best, self.holds(best[0]), visits

    def _answer(self, total: int, moves: list[int]) -> _Best:
        return Fraction(total, self.unit), [n + move for n, move in zip(self.start, moves, strict=True)]

    def _limits(self, last: int, most: int) -> Iterator[int]:
        """Rising limits, each with more moves below it than the one before, up to ``last``."""
        most = min(most, self.question.most_moves)
        sides = [runs for ladder in self.question.ladders for runs in (ladder.out, ladder.into)]
        paid = sorted(loss for runs in sides for loss in below(runs, last, most))
        count, limit = _FIRST, 0
        while limit < last:
            limit = max(limit + 1, paid[count]) if count < len(paid) else last
            yield limit
            count = int(max(count, bisect_right(paid, limit)) * _DEEPER)


def _near(classes: Classes, most: int, enough: Fraction | None, threads: int) -> _Near:
    """The search through windows of ``most`` values a side, in integers.

    Args:
        enough: what a side loses in all when no more of it is needed; None: all of it is.
    """
    windows = classes.windows(most, threads)
    grid = common_grid(classes.cost) if classes.cost.size else Fraction(1)
    smallest = [float(side.value.min()) for w in windows for side in (w.above, w.below) if side.value.size]
    finest = (classes.score(math.ulp(value)).denominator for value in smallest)
    unit = math.lcm((classes.price * grid).denominator, *finest, 1 if enough is None else enough.denominator)
    energy, limit = int(classes.price * grid * unit), None if enough is None else int(enough * unit)
    slack = (classes.instance.budget - spent_by(classes.cost, [w.kept for w in windows])) // grid
    start, ladders = [], []
    for cost, window in zip(classes.cost.tolist(), windows, strict=True):
        steps = Fraction(cost) // grid
        out, into = (_runs(classes, side, steps * energy, unit, limit) for side in (window.above, window.below))
        ties = min(into[0].many, max(slack, 0) // steps) if into and not into[0].loss else 0
        if ties:
            out, into = [Run(0, ties), *out], [Run(0, into[0].many - ties), *into[1:]]
        ladders.append(Ladder(steps, out, into))
        start.append(window.kept + ties)
        slack -= ties * steps
    question = Question(slack, energy, ladders)
    return _Near(windows, start, question, unit, _reach(question, windows))


def _runs(classes: Classes, side: Side, priced: int, unit: int, enough: int | None) -> list[Run]:
    """What the items of one side lose when they move, until that adds up to ``enough``."""
    runs: list[Run] = []
    paid = 0
    for value, many in zip(side.value.tolist(), side.many.tolist(), strict=True):
        runs.append(Run(abs(classes.score_in(unit, value) - priced), many))
        paid += runs[-1].loss * many
        if enough is not None and paid >= enough:
            break
    return runs


def _reach(question: Question, windows: Sequence[Window]) -> int | None:
    """Below what limit no search moves all that a window holds and more; None: whatever the limit."""
    reaches = []
    for ladder, window in zip(question.ladders, windows, strict=True):
        for runs, side in ((ladder.out, window.above), (ladder.into, window.below)):
            if not side.whole and sum(run.many for run in runs) <= question.most_moves:
                reaches.append(sum(run.loss * run.many for run in runs))
    return min(reaches, default=None)
