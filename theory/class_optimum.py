"""The exact 0/1 optimum of an instance with few different costs, at any size: one count per cost class.

The relaxation's counts are the optimum but for a few moves near the threshold. A search over counts
(:mod:`theory.class_search`) below a limit needs no more of a class than the values whose losses add up to the limit, so
the limit deepens as in :mod:`theory.optimum`, and the windows (:mod:`theory.class_windows`) widen when they are found too
narrow for it.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from theory.class_search import Ladder, Question, Run, below
from theory.class_windows import Classes, Side, classes_of, spent_by
from theory.duals import Prices, common_grid
from theory.instance import Instance
from theory.relaxation import Relaxation

MOST_CLASSES = 16
_WINDOWS = (1 << 10, 1 << 14, 1 << 18)  # distinct values per side that are looked at, ever more
_FIRST, _DEEPER = 32, 1.5  # moves within the first limit, and how many more within each next one


@dataclass(frozen=True, eq=False)
class ClassSolution:
    """The best counts found.

    Attributes:
        prices: those of the relaxation. mask: bool (d,).
        loss: exact loss of the mask against the relaxation's bound. proved: no counts lose less.
        counts: cost, relaxation's count and the mask's, for each affordable cost. visits: states of the last search.
    """

    prices: Prices
    mask: NDArray[np.bool_]
    loss: Fraction
    proved: bool
    counts: list[tuple[float, int, int]]
    visits: int


def solve_classes(instance: Instance, relaxed: Relaxation, max_states: int) -> ClassSolution | None:
    """The optimum of ``instance``, or the best counts found; None when it has too many different costs."""
    classes = classes_of(instance, relaxed.prefix, min(MOST_CLASSES, instance.d // 2))
    if classes is None:
        return None
    best: tuple[Fraction, list[int]] | None = None
    visits = 0
    for most in _WINDOWS:
        windows = classes.windows(most)
        question, unit = _question(classes, windows, relaxed.threshold, best and best[0])
        total, moves = question.fill()
        if best is not None and best[0] <= Fraction(total, unit):
            total, moves = int(best[0] * unit), best[1]
        proved = total == 0
        reach = _reach(question, windows)
        for limit in _limits(question, total if reach is None else min(total, reach), max_states):
            found = question.search(limit, max_states - visits)
            visits += found.visits
            if found.best is not None:
                total, moves = found.best
            proved = found.finished and total <= limit
            if proved or not found.finished:
                break
        best = Fraction(total, unit), moves
        if proved or visits >= max_states or reach is None or reach >= total:
            break
    assert best is not None
    counts = [
        (float(cost), int(base), int(base) + move)
        for cost, base, move in zip(classes.cost, classes.base, best[1], strict=True)
    ]
    mask = classes.mask(best[1], windows)
    return ClassSolution(Prices(relaxed.threshold), mask, best[0], proved, counts, visits)


def _question(
    classes: Classes, windows: Sequence[tuple[Side, Side]], price: Fraction, enough: Fraction | None
) -> tuple[Question, int]:
    """The search in integers, and how many of their unit make a unit of score.

    Args:
        enough: what a side loses in all when no more of it is needed; None: all of it is.
    """
    grid = common_grid(classes.cost) if classes.cost.size else Fraction(1)
    budget = classes.instance.budget // grid
    finest = min((float(side.value.min()) for both in windows for side in both if side.value.size), default=1.0)
    unit = math.lcm((price * grid).denominator, Fraction(math.ulp(finest)).denominator, enough.denominator if enough else 1)
    energy = int(price * grid * unit)
    most = None if enough is None else int(enough * unit)
    ladders = []
    for cost, (inside, outside) in zip(classes.cost, windows, strict=True):
        steps = int(Fraction(cost) / grid)
        ladders.append(Ladder(steps, *(_runs(side, steps * energy, unit, most) for side in (inside, outside))))
    spent = int(spent_by(classes.cost, classes.base.tolist()) / grid)
    return Question(budget - spent, energy, ladders), unit


def _runs(side: Side, priced: int, unit: int, enough: int | None) -> list[Run]:
    """What the items of one side lose when they move, until that adds up to ``enough``."""
    runs, paid = [], 0
    for value, count in zip(side.value.tolist(), side.count.tolist(), strict=True):
        numerator, denominator = value.as_integer_ratio()
        run = Run(abs(numerator * (unit // denominator) - priced), count)
        runs.append(run)
        paid += run.loss * run.count
        if enough is not None and paid >= enough:
            break
    return runs


def _reach(question: Question, windows: Sequence[tuple[Side, Side]]) -> int | None:
    """Up to what limit the windows hold all that a search needs; None: whatever the limit."""
    reaches = []
    for ladder, sides in zip(question.ladders, windows, strict=True):
        for runs, side in zip((ladder.out, ladder.into), sides, strict=True):
            if not side.whole and sum(run.count for run in runs) < question.most_moves:
                reaches.append(sum(run.loss * run.count for run in runs) + runs[-1].loss)
    return min(reaches, default=None)


def _limits(question: Question, last: int, most: int) -> Iterator[int]:
    """Rising limits, each with more moves below it than the one before, up to ``last``."""
    most = min(most, question.most_moves)
    sides = [runs for ladder in question.ladders for runs in (ladder.out, ladder.into)]
    paid = sorted(loss for runs in sides for loss in below(runs, last, most))
    count, limit = _FIRST, 0
    while limit < last:
        limit = max(limit + 1, paid[count]) if count < len(paid) else last
        yield min(limit, last)
        count = int(max(count, bisect_right(paid, limit)) * _DEEPER)
