"""The exact 0/1 optimum at any size: fix what the dual bound decides, search the few items it does not.

In the notation of :mod:`theory.duals`, the optimum is the mask of least loss. With a feasible mask of loss ``Gamma``
at hand, no better mask can deviate from S at an item with ``|r_i| >= Gamma``; the others are the *core*, tens to a few
thousand items (Balas & Zemel 1980; Beier & Vöcking 2004). Three steps:

    1. S from the relaxation, and its loss;
    2. a beam search over the items nearest to the threshold, in floating point, for a good mask;
    3. an exhaustive dynamic programme over the core in integers: states (slack, loss), in the order of ``|r|/c``,
       dominated states and those whose bound reaches ``Gamma`` dropped. If it finishes, the best mask is optimal.

What this module returns is still only a claim: :mod:`theory.checker` verifies it with code of its own.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from itertools import groupby
from operator import itemgetter
from typing import NamedTuple

import numpy as np

from theory.duals import Base, Prices, base_of, cost_grid, on_grid, prices_with_cut, reduced_value, sift, to_float
from theory.instance import Instance
from theory.order import Floats, Indices
from theory.relaxation import relax

MAX_STATES = 1_000_000  # state visits of one exhaustive search before it gives up
_BEAM = 2048
_BEAM_ITEMS = 400
_CORE = 20_000
_HUGE = 1e100


class Item(NamedTuple):
    """A core item: deviating from S here costs ``loss`` and moves the slack by ``shift`` (+c when removed from S)."""

    loss: Fraction
    shift: Fraction
    index: int


@dataclass(frozen=True, eq=False)
class Solution:
    """The best mask found, as S plus deviations.

    Attributes:
        base: S with its prices. deviations: indices where the mask differs from S, ascending.
        loss: exact loss of the mask against U: ``OPT - p(mask) <= loss``, and 0 remains if ``proved``.
        proved: the exhaustive search over the core finished, so the mask is optimal.
        grid: costs are multiples of this (0: no grid used).
        core: number of core items searched last. visits: states the search looked at.
    """

    base: Base
    deviations: list[int]
    loss: Fraction
    proved: bool
    grid: Fraction
    core: int
    visits: int


def solve(instance: Instance, *, max_states: int = MAX_STATES) -> Solution:
    """The optimum of ``instance``, or the best mask found together with the width of the interval it leaves.

    Tries the prices of the relaxation first, then those with the cardinality cut.
    """
    grid = cost_grid(instance)
    budget = on_grid(instance.budget, grid)
    best = _solve_from(instance, base_of(instance, Prices(relax(instance).threshold), budget), grid, max_states)
    if best.proved:
        return best
    for prices in prices_with_cut(instance, budget):
        other = _solve_from(instance, base_of(instance, prices, budget), grid, max_states)
        if other.proved:
            return other
        best = min(best, other, key=lambda solution: solution.loss)
    return best


def _solve_from(instance: Instance, base: Base, grid: Fraction, max_states: int) -> Solution:
    loss, deviations = _feasible_start(instance, base)
    if loss == 0:
        return Solution(base, deviations, loss, True, grid, 0, 0)
    core: list[Item] = []
    for _ in range(3):
        core = _core(instance, base, loss, _BEAM_ITEMS)
        better = _beam(core, base, loss)
        if better is None:
            break
        loss, deviations = better
        if loss == 0:
            return Solution(base, deviations, loss, True, grid, 0, 0)
    core = _core(instance, base, loss, _CORE + 1)
    if len(core) > _CORE:
        return Solution(base, deviations, loss, False, grid, len(core), 0)
    best, visits, finished = _exhaust(core, base, loss, max_states)
    if best is not None:
        loss, deviations = best
    return Solution(base, sorted(deviations), loss, finished, grid, len(core), visits)


def _feasible_start(instance: Instance, base: Base) -> tuple[Fraction, list[int]]:
    """A feasible mask to begin with: S, less its cheapest-to-lose items while it overruns the budget."""
    deviations: list[int] = []
    loss, slack, spare = Fraction(0), base.slack, base.spare
    if slack < 0:
        inside = np.flatnonzero(base.mask)
        order = inside[np.argsort(instance.score[inside] / instance.cost[inside], kind="stable")]
        for i in order:
            if slack >= 0:
                break
            deviations.append(int(i))
            loss += reduced_value(instance, base.prices, i)
            slack, spare = slack + Fraction(instance.cost[i]), spare + 1
    return loss + base.prices.energy * slack + base.prices.item * spare * bool(base.prices.most_items), deviations


def _core(instance: Instance, base: Base, loss: Fraction, most: int) -> list[Item]:
    """The items with ``|r_i| < loss``, in search order; of too many, the nearest in ``|r|`` and in ``|r|/c``,
    and some of the close ones at random, for the variety of their costs."""
    _, near = sift(instance, base.prices, to_float(loss))
    if near.size > most:
        cost = instance.cost[near]
        distance = np.abs(instance.score[near] - to_float(base.prices.energy) * cost - to_float(base.prices.item))
        nearest = [np.argpartition(key, most // 2)[: most // 2] for key in (distance, distance / cost)]
        close = np.flatnonzero(distance < 1e-3 * to_float(loss))
        varied = np.random.default_rng(0).permutation(close)[: most // 2]
        near = near[np.unique(np.concatenate([*nearest, varied]))]
    items = []
    for i in near.tolist():
        reduced, cost = abs(reduced_value(instance, base.prices, i)), Fraction(instance.cost[i])
        if reduced < loss:
            items.append(Item(reduced, cost if base.mask[i] else -cost, i))
    if base.prices.most_items:
        return sorted(items, key=lambda x: (x.loss, x.shift))
    return sorted(items, key=lambda x: (x.loss / abs(x.shift), abs(x.shift), x.shift))


def _beam(core: list[Item], base: Base, loss: Fraction) -> tuple[Fraction, list[int]] | None:
    """A better feasible mask than one of loss ``loss``, by beam search in float64; the answer is exact."""
    unit = max((abs(x.shift) for x in core), default=Fraction(1))  # slack in units of the dearest core item,
    energy, item = _scaled(base.prices.energy * unit / loss), _scaled(base.prices.item / loss)  # losses of ``loss``
    slack, spare, paid = np.array([_scaled(base.slack / unit)]), np.array([float(base.spare)]), np.zeros(1)
    rates = [_scaled(x.loss / loss * unit / abs(x.shift)) for x in core]
    trail: list[tuple[Indices, int]] = []
    found: list[tuple[float, int, int]] = []
    for step, x in enumerate(core):
        n, shift = slack.size, _scaled(x.shift / unit)
        slack, spare = np.r_[slack, slack + shift], np.r_[spare, spare + math.copysign(1, shift)]
        paid = np.r_[paid, paid + _scaled(x.loss / loss)]
        total = paid + energy * slack + item * spare
        rate = rates[step + 1] if step + 1 < len(core) else _HUGE
        away = np.where(slack < 0, -slack * rate, slack * min(energy, rate))
        keep = _undominated(slack, total, paid + away, energy * np.abs(slack) + item * np.abs(spare))
        feasible = keep[slack[keep] >= -1e-13]
        if feasible.size:
            best = feasible[np.argmin(total[feasible])]
            if total[best] < (found[-1][0] if found else 1.0):
                found.append((float(total[best]), step, int(np.flatnonzero(keep == best)[0])))
        trail.append((keep, n))
        slack, spare, paid = slack[keep], spare[keep], paid[keep]
        if not keep.size:
            break
    return _first_better(core, base, loss, trail, found)


def _scaled(value: Fraction) -> float:
    return max(-_HUGE, min(to_float(value), _HUGE))


def _undominated(slack: Floats, total: Floats, bound: Floats, distance: Floats) -> Indices:
    """The most promising states: none with more slack has a smaller total, and the bound stays below 1.

    Equal bounds, as of items that all lie on the threshold, are told apart by the distance from an exact fit.
    """
    order = np.lexsort((total, -slack))
    best_before = np.r_[np.inf, np.minimum.accumulate(total[order])[:-1]]
    order = order[(total[order] < best_before) & (bound[order] < 1)]
    if order.size <= _BEAM:
        return order
    promise = bound[order] + 1e-6 * distance[order] / distance[order].max()
    return order[np.argpartition(promise, _BEAM - 1)[:_BEAM]]


def _first_better(
    core: list[Item], base: Base, loss: Fraction, trail: list[tuple[Indices, int]], found: list[tuple[float, int, int]]
) -> tuple[Fraction, list[int]] | None:
    """The best of the beam's masks that is feasible and better than ``loss`` in exact arithmetic."""
    best: tuple[Fraction, list[int]] | None = None
    for _, last, at in reversed(found[-12:]):
        chosen: list[Item] = []
        for step in range(last, -1, -1):
            keep, n = trail[step]
            at = int(keep[at])
            if at >= n:
                chosen.append(core[step])
                at -= n
        slack = base.slack + sum(x.shift for x in chosen)
        exact = _total(base, chosen)
        if slack >= 0 and exact < (best[0] if best else loss):
            best = exact, sorted(x.index for x in chosen)
    return best


def _total(base: Base, chosen: Iterable[Item]) -> Fraction:
    """Exact loss of S with the ``chosen`` items deviating."""
    slack, spare, paid = base.slack, base.spare, Fraction(0)
    for x in chosen:
        slack, paid = slack + x.shift, paid + x.loss
        spare += 1 if x.shift > 0 else -1
    return paid + base.prices.energy * slack + (base.prices.item * spare if base.prices.most_items else 0)


class _Group(NamedTuple):
    """Interchangeable core items, in integers."""

    loss: int
    shift: int
    members: list[int]


_State = tuple[int, int, int, tuple]  # slack, spare, paid, and the path as nested (members, rest)


def _exhaust(
    core: list[Item], base: Base, loss: Fraction, max_states: int
) -> tuple[tuple[Fraction, list[int]] | None, int, bool]:
    """Search the core exhaustively for a mask of loss below ``loss``.

    Returns:
        the best such mask as (loss, deviations) or None; the states visited; whether the search finished.
    """
    scale = _Scale.of(core, base, loss)
    groups = [_Group(*key, [x.index for x in same]) for key, same in groupby(core, key=lambda x: scale.item_key(x))]
    states: list[_State] = [(scale.cost(base.slack), base.spare, 0, ())]
    limit, visits = scale.loss(loss), 0
    best: _State | None = None
    energy, item = scale.energy, scale.item
    for at, (price, shift, members) in enumerate(groups):
        last, sign, count = at + 1 == len(groups), 1 if shift > 0 else -1, len(members)
        # the next group bounds what any later deviation costs per unit of slack, or per item with the cut
        next_price, step = (0, 1) if last else (groups[at + 1].loss, abs(groups[at + 1].shift))
        short, over = (next_price, min(next_price, item)) if item else (next_price, min(next_price, energy * step))
        grown: list[tuple[int, int, _State]] = []
        for state in states:
            slack, spare, paid, path = state
            for copies in range(count + 1):
                if copies:
                    slack, spare, paid = slack + shift, spare + sign, paid + price
                    state = slack, spare, paid, (members[:copies], path)
                    if paid >= limit:
                        break
                total = paid + energy * slack + item * spare
                if slack >= 0 and total < limit:
                    limit, best = total, state
                if item:
                    reaches = paid + (over * spare if spare >= 0 else -short * spare) < limit
                else:
                    reaches = (paid - limit) * step + (over * slack if slack >= 0 else -short * slack) < 0
                if reaches:
                    grown.append((-slack, total, state))
                elif copies and (slack < 0) == (shift < 0):
                    break
            visits += count + 1
        if visits > max_states:
            return _unpack(best, limit, scale), visits, False
        states = [] if last else _front(grown)
    return _unpack(best, limit, scale), visits, True


def _front(grown: list[tuple[int, int, _State]]) -> list[_State]:
    """Nondominated states: more slack only at a higher total."""
    grown.sort(key=itemgetter(0, 1))
    kept, lowest = [], None
    for _, total, state in grown:
        if lowest is None or total < lowest:
            lowest = total
            kept.append(state)
    return kept


@dataclass(frozen=True)
class _Scale:
    """Common denominators that turn the search into integers: ``total = paid + energy*slack + item*spare``."""

    costs: int
    losses: int
    energy: int
    item: int

    @classmethod
    def of(cls, core: list[Item], base: Base, loss: Fraction) -> _Scale:
        costs = math.lcm(base.slack.denominator, *(x.shift.denominator for x in core))
        rate = base.prices.energy / costs
        losses = math.lcm(
            loss.denominator, rate.denominator, base.prices.item.denominator, *(x.loss.denominator for x in core)
        )
        item = base.prices.item if base.prices.most_items else Fraction(0)
        return cls(costs, losses, int(rate * losses), int(item * losses))

    def cost(self, value: Fraction) -> int:
        return int(value * self.costs)

    def loss(self, value: Fraction) -> int:
        return int(value * self.losses)

    def item_key(self, x: Item) -> tuple[int, int]:
        return self.loss(x.loss), self.cost(x.shift)


def _unpack(best: _State | None, limit: int, scale: _Scale) -> tuple[Fraction, list[int]] | None:
    if best is None:
        return None
    deviations: list[int] = []
    path = best[3]
    while path:
        members, path = path
        deviations.extend(members)
    return Fraction(limit, scale.losses), deviations
