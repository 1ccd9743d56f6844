"""Two exhaustive searches for a mask of smaller loss, in integers.

The question, in the notation of :mod:`theory.optimum.duals`: S has slack ``s`` and spare ``e``; core item j may deviate
from S, which costs ``loss_j`` and moves the slack by ``shift_j`` (``+c_j`` when it leaves S, ``-c_j`` when it joins).
Which deviations end with slack ``>= 0`` and the smallest

    total = sum loss_j + lambda * slack + mu * spare   <   limit ?

    ordered    items in the order of loss per joule; a state (slack, loss) is dropped when another has more slack
               at a smaller total, or when even the cheapest later items cannot bring it home below the limit.
               Right for costs on a grid, where few slacks are possible (Pisinger 1997; Beier & Vöcking 2004).
    halves     the items dealt into two halves; every affordable deviation of each, joined by one merge, because on
               a front of undominated states the best partner of a state is the first one that makes it feasible.
               Right for real costs: the square root of the states (Horowitz & Sahni 1974).

Both are exact; they differ in how far they get within ``max_visits``, or before they are ``stopped``.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import groupby
from operator import itemgetter
from typing import Any, NamedTuple, TypeVar

from theory.optimum.duals import Base
from theory.optimum.watch import STRIDE, UNWATCHED


class Item(NamedTuple):
    """A core item: deviating from S here costs ``loss``, moves the slack by ``shift`` and, with a cut, the spare by
    ``units``.
    """

    loss: Fraction
    shift: Fraction
    at: int
    units: int = 0


class Found(NamedTuple):
    """Outcome of a search: the best (loss, deviations) below the limit or None, states visited, whether it finished."""

    best: tuple[Fraction, list[int]] | None
    visits: int
    finished: bool


class _Group(NamedTuple):
    """Interchangeable core items."""

    loss: int
    shift: int
    units: int
    members: list[int]


_Path = tuple  # nested (members, how many of them, rest)
_State = tuple[int, int, int, _Path]  # slack, spare, paid, and how it came about


@dataclass(frozen=True)
class _Question:
    """The search in integers, over the common denominators of costs and of losses."""

    groups: list[_Group]
    start: _State
    energy: int
    item: int
    limit: int
    unit: int

    @classmethod
    def of(cls, core: list[Item], base: Base, limit: Fraction) -> _Question:
        item = base.prices.item if base.prices.cut else Fraction(0)
        costs = math.lcm(base.slack.denominator, *(x.shift.denominator for x in core))
        rate = base.prices.energy / costs
        unit = math.lcm(limit.denominator, rate.denominator, item.denominator, *(x.loss.denominator for x in core))
        keyed = sorted(((int(x.loss * unit), int(x.shift * costs), x.units), x.at) for x in core)
        groups = [
            _Group(key[0], key[1], key[2], [i for _, i in same]) for key, same in groupby(keyed, key=itemgetter(0))
        ]
        start = (int(base.slack * costs), base.spare, 0, ())
        return cls(groups, start, int(rate * unit), int(item * unit), int(limit * unit), unit)

    def total(self, state: _State) -> int:
        slack, spare, paid, _ = state
        return paid + self.energy * slack + self.item * spare

    def moved(self, state: tuple[int, int, int], group: _Group, copies: int) -> tuple[int, int, int]:
        """Minus slack, total and what is paid, after ``copies`` of a group."""
        away, total, paid = state
        gain = group.loss + self.energy * group.shift + self.item * group.units
        return away - copies * group.shift, total + copies * gain, paid + copies * group.loss

    def found(self, best: _Path | None, below: int, visits: int, finished: bool) -> Found:
        """The outcome, with its path unrolled."""
        if best is None:
            return Found(None, visits, finished)
        return Found((Fraction(below, self.unit), sorted(members_of(best))), visits, finished)


def ordered(
    core: list[Item], base: Base, limit: Fraction, max_visits: int, stopped: Callable[[], bool] = UNWATCHED.stopped
) -> Found:
    """Search in the order of loss per joule (per unit of the cut, where all have one), bounding what later items do."""
    q = _Question.of(core, base, limit)
    energy, item, below = q.energy, q.item, q.limit
    by_units = item > 0 and all(g.units for g in q.groups)
    key = (
        (lambda g: (Fraction(g.loss, abs(g.units)), 0, g.shift))
        if by_units
        else (lambda g: (Fraction(g.loss, abs(g.shift)), abs(g.shift), g.shift))
    )
    groups = sorted(q.groups, key=key)
    best: _Path | None = None
    states, visits = [q.start], 0
    if q.start[0] >= 0 and q.total(q.start) < below:
        below, best = q.total(q.start), q.start[3]
    for at, (price, shift, units, members) in enumerate(groups):
        last, count = at + 1 == len(groups), len(members)
        # the next group bounds what any later deviation costs per unit of slack, or of the cut
        short, step = 0, 1
        if not last:
            short, step = groups[at + 1].loss, abs(groups[at + 1].units if by_units else groups[at + 1].shift)
        over = min(short, (item if by_units else energy) * step)
        grown: list[_Ranked] = []
        for asked, state in enumerate(states):
            slack, spare, paid, path = state
            for copies in range(count + 1):
                if copies:
                    slack, spare, paid = slack + shift, spare + units, paid + price
                    state = slack, spare, paid, (members, copies, path)
                    if paid >= below:
                        break
                total = paid + energy * slack + item * spare
                if slack >= 0 and total < below:
                    below, best = total, state[3]
                away = spare if by_units else slack
                if (paid - below) * step + (over * away if away >= 0 else -short * away) < 0:
                    grown.append((-slack, total, state))
                elif copies and not item and (slack < 0) == (shift < 0):
                    break  # further copies lead further away; with the cut they may lead back
                visits += 1
            if visits > max_visits or (asked % STRIDE == 0 and stopped()):
                return q.found(best, below, visits, False)
        states = [] if last else [state for _, _, state in undominated(grown)]
    return q.found(best, below, visits, True)


def halves(
    core: list[Item], base: Base, limit: Fraction, max_visits: int, stopped: Callable[[], bool] = UNWATCHED.stopped
) -> Found:
    """Search both halves of the core on their own, dearest items first, and merge the two fronts."""
    q = _Question.of(core, base, limit)
    groups = sorted(q.groups, key=itemgetter(0), reverse=True)
    first = _affordable(q, q.start, groups[0::2], max_visits // 2, stopped)
    second = _affordable(q, (0, 0, 0, ()), groups[1::2], max_visits // 2, stopped)
    best: tuple[_Half, _Half] | None = None
    below, at = q.limit, len(second.states) - 1
    for state in first.states:
        while at >= 0 and second.states[at][0] > -state[0]:
            at -= 1
        if at < 0:
            break
        partner = second.states[at]
        if state[1] + partner[1] < below:
            below, best = state[1] + partner[1], (state, partner)
    ways = best and (first.way_to(q, best[0]), second.way_to(q, best[1]))
    path = ways and (ways[0], len(ways[0]), (ways[1], len(ways[1]), ()))
    return q.found(path, below, first.visits + second.visits, first.finished and second.finished)


_Ranked = tuple[int, int, _State]  # minus slack, total, state: sorts into a front
_Half = tuple[int, int, int]  # the same of one half, and what is paid
_Any = TypeVar("_Any", bound=tuple[int, int, Any])


class _Front(NamedTuple):
    """Undominated states by falling slack, hence by falling total; and the states before each of the groups."""

    states: list[_Half]
    before: list[tuple[_Group, list[_Half]]]
    visits: int
    finished: bool

    def way_to(self, q: _Question, state: _Half) -> list[int]:
        """What deviates in a state: as it is not written down, the states before it are sought."""
        found: list[int] = []
        for group, front in reversed(self.before):
            for copies in range(len(group.members) + 1):
                earlier = q.moved(state, group, -copies)
                if front[(at := bisect_left(front, earlier)) : at + 1] == [earlier]:
                    found += group.members[:copies]
                    state = earlier
                    break
        return found


def _affordable(
    q: _Question, start: _State, groups: Sequence[_Group], max_visits: int, stopped: Callable[[], bool]
) -> _Front:
    """The front of every choice among ``groups`` that loses less than the limit."""
    front: list[_Half] = [(-start[0], q.total(start), 0)]
    before: list[tuple[_Group, list[_Half]]] = []
    visits = 0
    for group in groups:
        before.append((group, front))
        grown = list(front)
        for copies in range(1, len(group.members) + 1):
            (move, more, lost), many = q.moved((0, 0, 0), group, copies), len(grown)
            room = q.limit - lost
            grown += [(away + move, total + more, paid + lost) for away, total, paid in front if paid < room]
            visits += len(front)
            if len(grown) == many or visits > max_visits or stopped():
                break
        front = undominated(grown, None)
        if visits > max_visits or stopped():
            return _Front(front, before, visits, False)
    return _Front(front, before, visits, True)


def undominated(grown: list[_Any], key: Callable[[_Any], int] | None = itemgetter(0)) -> list[_Any]:
    """More slack only at a higher total; of equals the first, or the least where no key is given."""
    grown.sort(key=key)
    kept: list[_Any] = grown[:1]
    for ranked in grown:
        if ranked[1] < kept[-1][1]:
            if ranked[0] == kept[-1][0]:
                kept[-1] = ranked
            else:
                kept.append(ranked)
    return kept


def members_of(path: _Path) -> list[int]:
    """The indices along a path."""
    found: list[int] = []
    while path:
        members, count, path = path
        found.extend(members[:count])
    return found
