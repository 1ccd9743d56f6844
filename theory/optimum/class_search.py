"""Exhaustive search over counts per cost class, in integers.

The relaxation keeps ``a_k`` items of class k and leaves a slack s. Moving ``x_k`` more of them in (fewer, if negative),
nearest to the threshold first, pays ``f_k(x_k)``, the sum of their ``|r|`` (:mod:`theory.optimum.duals`), convex in
``x_k``. Which moves end with slack ``s - sum C_k x_k >= 0`` and the smallest

    total = sum f_k(x_k) + lambda * (s - sum C_k x_k)   <   limit ?

Costs ``C_k``, slack and budget are whole numbers of the costs' common grid. Three facts keep the search small.

Few moves.  If some of the moves together leave the slack as it was, undoing them loses nothing. So moves can be put
            in an order in which no two partial slacks are equal: one in while the slack is ``>= 0``, one out while it
            is not. These slacks lie between ``-C`` and ``C - 1``, C the dearest cost (or the first slack, where that is
            outside), and there are fewer moves than slacks.
Two halves. The classes are dealt into two halves; each lists its moves on a front of undominated (slack, total), and
            one merge joins them, as in :func:`theory.optimum.core_search.halves`. Two classes: one count each, one
            merge.
Grids.      What the later classes can still change is a multiple of the greatest common divisor G of their costs, so
            a state of slack s pays for ``s mod G`` at least. What the first half pays at least, the second cannot.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from theory.optimum.core_search import undominated
from theory.optimum.watch import STRIDE, UNWATCHED


class Run(NamedTuple):
    """``many`` items that lose ``loss`` each when they move."""

    loss: int
    many: int


class Ladder(NamedTuple):
    """One class: its cost on the grid, and the items to move out or in, nearest to the threshold first."""

    cost: int
    out: list[Run]
    into: list[Run]


class Counts(NamedTuple):
    """Outcome: the least total below the limit and its moves per class, or None; states; whether it finished."""

    best: tuple[int, list[int]] | None
    visits: int
    finished: bool


_Choice = tuple[int, int]  # what it pays, and how many items it moves
_Class = tuple[int, list[_Choice]]  # which, and what it can do: the least paid first
_State = tuple[int, int, tuple]  # minus slack, total, path of choices: sorts into a front


class _Front(NamedTuple):
    """Undominated states by falling slack, hence by falling total."""

    states: list[_State]
    visits: int
    finished: bool


@dataclass(frozen=True)
class Question:
    """The search for one instance.

    Attributes:
        slack: of the relaxation's counts. energy: ``lambda`` per step of the grid. ladders: the classes.
    """

    slack: int
    energy: int
    ladders: list[Ladder]

    @property
    def most_moves(self) -> int:
        """How many moves an optimum needs at most."""
        dearest = max((ladder.cost for ladder in self.ladders), default=0)
        return max(self.slack, dearest - 1) - min(self.slack, -dearest)

    def fill(self) -> tuple[int, list[int]] | None:
        """A feasible answer to begin with, total and moves: out what must go, in what still fits, class by class."""
        slack, paid, moves = self.slack, 0, []
        for ladder in self.ladders:
            sign, runs = (1, ladder.into) if slack >= 0 else (-1, ladder.out)
            move = sign * min(abs(slack // ladder.cost), sum(run.many for run in runs))
            moves.append(move)
            slack -= move * ladder.cost
            paid += sum(below(runs, None, abs(move))[-1:])
        return (paid + self.energy * slack, moves) if slack >= 0 else None

    def search(self, limit: int, max_visits: int, stopped: Callable[[], bool] = UNWATCHED.stopped) -> Counts:
        """The least total below ``limit``, unless it is ``stopped``."""
        choices = [self._choices(at, limit, max_visits) for at in range(len(self.ladders))]
        first, second = _dealt(choices)
        costs = [self.ladders[at].cost for at, _ in [*first, *second]]
        grids = [math.gcd(*costs[place:]) for place in range(len(first) + 1)]
        one = self._front(self.slack, first, limit, max_visits, stopped, grids)
        if not one.states or not one.finished:
            return Counts(None, one.visits, one.finished)
        room = limit - min(self._least(-state[0], state[1], grids[-1]) for state in one.states)
        two = self._front(0, second, room, max_visits - one.visits, stopped)
        best = self._merged(one.states, two.states, limit) if two.finished else None
        return Counts(best, one.visits + two.visits, two.finished)

    def _choices(self, at: int, limit: int, most: int) -> list[_Choice]:
        """What class ``at`` can do below ``limit``, the least paid first; cut short beyond ``most`` choices."""
        ladder = self.ladders[at]
        found: list[_Choice] = [(0, 0)]
        for sign, runs in ((-1, ladder.out), (1, ladder.into)):
            paid = below(runs, limit, min(self.most_moves, most))
            found += zip(paid, range(sign, sign * len(paid) + sign, sign), strict=True)
        return sorted(found)

    def _least(self, slack: int, total: int, grid: int) -> int:
        """What a state comes to at least, once later classes have changed its slack by multiples of ``grid``."""
        return total + self.energy * (slack % grid - slack) if grid else total

    def _front(
        self, slack: int, classes: list[_Class], limit: int, most: int, stopped: Callable[[], bool],
        grids: list[int] | None = None,
    ) -> _Front:  # fmt: skip
        """The front of every choice among ``classes`` that stays below ``limit``; ``grids`` bound what is to come."""
        front: list[_State] = [(-slack, self.energy * slack, ())]
        visits = 0
        for place, (at, choices) in enumerate(classes):
            grown: list[_State] = []
            step, energy = self.ladders[at].cost, self.energy
            for asked, (minus_slack, total, path) in enumerate(front):
                room = limit - total - energy * minus_slack
                for paid, move in choices:
                    visits += 1
                    if paid >= room:
                        break
                    minus, now = minus_slack + move * step, total + paid - energy * move * step
                    if grids is None or self._least(-minus, now, grids[place + 1]) < limit:
                        grown.append((minus, now, (at, move, path)))
                if visits > most or (not asked % STRIDE and stopped()):
                    return _Front([], visits, False)
            front = undominated(grown)
        return _Front(front, visits, True)

    def _merged(self, one: list[_State], two: list[_State], limit: int) -> tuple[int, list[int]] | None:
        """The pair of states that is feasible and loses least: the best partner is the first that makes it feasible."""
        found, at = None, len(two) - 1
        for minus_slack, total, path in one:
            while at >= 0 and two[at][0] > -minus_slack:
                at -= 1
            if at < 0:
                break
            if total + two[at][1] < limit:
                limit, found = total + two[at][1], (path, two[at][2])
        return None if found is None else (limit, self._moves(*found))

    def _moves(self, *paths: tuple) -> list[int]:
        """The moves along some paths, class by class."""
        moves = [0] * len(self.ladders)
        for start in paths:
            path = start
            while path:
                at, move, path = path
                moves[at] = move
        return moves


def below(runs: Sequence[Run], limit: int | None, most: int) -> list[int]:
    """What 1, 2, ... moves pay, as long as it is below ``limit``; at most ``most`` of them."""
    found: list[int] = []
    paid = 0
    for loss, many in runs:
        fits = min(many, most - len(found))
        if limit is not None and loss:
            fits = min(fits, (limit - 1 - paid) // loss)
        found += range(paid + loss, paid + fits * loss + 1, loss) if loss else [paid] * fits
        paid += fits * loss
        if fits < many:
            break
    return found


def _dealt(choices: list[list[_Choice]]) -> tuple[list[_Class], list[_Class]]:
    """Two halves: classes of fewest choices first, as long as the first half remains the smaller one."""
    moving = sorted(((at, those) for at, those in enumerate(choices) if those[1:]), key=lambda one: len(one[1]))
    size = [math.log(len(those)) for _, those in moving]
    cut = sum(sum(size[: k + 1]) <= sum(size[k + 1 :]) for k in range(len(size)))
    return moving[:cut], moving[cut:]
