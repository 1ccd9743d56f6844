"""Prices for masks in two kinds: those whose whole weights add up to at most a bound, and those beyond it.

Where a bound for all masks of one kind is not above what some mask retains, it is optimal if it is so among the others,
and prices for these alone leave it a smaller loss (a split disjunction; Balas 1979, Cook, Kannan & Schrijver 1990).
Weights are 1 an item, which branches on the number of items, or, where scores less costs are few multiples of one
number, that multiple: with ``p = c + t w`` a mask retains what it costs and ``t`` times its weight. The bound is the
weight of the relaxation's solution, rounded down: it lies between the two kinds.

Where items are as large as a good part of the budget, there is a third weight: how many ``m``-th parts of ``B + 1`` an
item costs, rounded down. Masks of weight ``m`` cost more than the budget, so one side is empty (a rank-one cut; Chvatal
1973), and the relaxation, which fills the budget with a part of a large item, may be on it.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from fractions import Fraction
from heapq import nlargest
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from theory.instance import Instance
from theory.optimum.duals import Base, Prices, Split, adds_up, narrowest
from theory.selection.order import eligible

_MOST_MULTIPLES = 64  # of one number, that scores less costs may be
_MOST_PARTS = 1 << 9  # of the budget, that costs are counted in
_ROUNDINGS = 3  # weights by parts that are tried, of those that cut off most in either sense
_DEAREST = 2.0**60
_Ints = NDArray[np.int64]
_Weight = tuple[Fraction, Fraction, Fraction]


class _Items(NamedTuple):
    """Scores, costs and weights of the eligible items, whole numbers, the cheapest first; and the budget."""

    score: _Ints
    cost: _Ints
    weight: _Ints
    budget: int


class _Bound(NamedTuple):
    """What masks on one side of a split retain at most, and the prices that say so."""

    value: Fraction
    energy: Fraction
    item: Fraction


def prices_with_split(instance: Instance, base: Base, budget: Fraction) -> list[Prices]:
    """Prices for one side of each split, with those that bound the other side; the least bounds first.

    Args:
        instance: of whole scores and costs. base: of the relaxation's prices. budget: on the costs' grid.
    """
    relaxed = _relaxed(instance, base, budget)
    return [] if relaxed is None else _priced(relaxed, _weights(relaxed.score, relaxed.cost))


def prices_with_rounding(instance: Instance, base: Base, budget: Fraction) -> list[Prices]:
    """The same for the splits with an empty side, by parts of the budget, that the relaxation's solution is beyond."""
    relaxed = _relaxed(instance, base, budget)
    return [] if relaxed is None else _priced(relaxed, _parts(relaxed))


class _Relaxed(NamedTuple):
    """The eligible items, scores and costs whole numbers; the budget; and the relaxation's solution: the items that are
    kept, and the share of the critical one.
    """

    score: _Ints
    cost: _Ints
    budget: int
    kept: NDArray[np.bool_]
    critical: int
    share: Fraction


def _relaxed(instance: Instance, base: Base, budget: Fraction) -> _Relaxed | None:
    """None where nothing is left out, or numbers are too large."""
    may = np.flatnonzero(eligible(instance, instance.score))
    kept = base.mask[may]
    if not adds_up(instance) or kept.all():
        return None
    score, cost = (values[may].astype(np.int64) for values in (instance.score, instance.cost))
    critical = int(np.argmin(np.where(kept, np.inf, -score / cost)))
    return _Relaxed(score, cost, int(budget), kept, critical, base.slack / int(cost[critical]))


def _priced(relaxed: _Relaxed, weights: Iterable[tuple[_Weight, _Ints]]) -> list[Prices]:
    found, order = [], np.argsort(relaxed.cost, kind="stable")
    for weight, units in weights:
        items = _Items(relaxed.score[order], relaxed.cost[order], units[order], relaxed.budget)
        bound = int(units[relaxed.kept].sum()) + math.floor(relaxed.share * int(units[relaxed.critical]))
        sides = [(_bound(items, most, least), most, least) for most, least in ((bound, False), (bound + 1, True))]
        (main, most, least), (other, _, _) = sorted(sides, key=lambda side: side[0].value, reverse=True)
        split = Split(weight, least, other.energy, other.item, other.value)
        found.append((main.value, Prices(main.energy, main.item, most, split=split)))
    return [prices for _, prices in sorted(found, key=lambda one: one[0])]


def _weights(score: _Ints, cost: _Ints) -> Iterator[tuple[_Weight, _Ints]]:
    """Weights to try, each as the numbers of its rule and by item."""
    yield (Fraction(0), Fraction(0), Fraction(1)), np.ones_like(score)
    values = np.unique(score - cost)
    unit = int(np.gcd.reduce(values))
    if 0 < values[0] < values[-1] <= unit * _MOST_MULTIPLES:
        yield (Fraction(1, unit), Fraction(-1, unit), Fraction(0)), (score - cost) // unit


def _parts(relaxed: _Relaxed) -> Iterator[tuple[_Weight, _Ints]]:
    """Weights by parts of the budget, by which the relaxation's solution is far beyond what fits: by most parts, and by
    most of the budget.
    """
    kept, beyond = relaxed.cost[relaxed.kept], relaxed.budget + 1
    critical = int(relaxed.cost[relaxed.critical])
    over = {m: int((kept * m // beyond).sum()) + relaxed.share * (critical * m // beyond) - (m - 1)
            for m in range(2, _MOST_PARTS + 1)}  # fmt: skip
    first = nlargest(_ROUNDINGS, over, key=lambda m: over[m]) + nlargest(_ROUNDINGS, over, key=lambda m: over[m] / m)
    for m in sorted(set(first)):
        if over[m] > 0:
            yield (Fraction(0), Fraction(m, beyond), Fraction(0)), relaxed.cost * m // beyond


def _bound(items: _Items, most: int, least: bool) -> _Bound:
    """The least bound for masks of weight up to ``most`` (``least``: from there on), by bisection on the energy price.

    Whatever the prices, the bound holds; it is exact, and rounding in between costs tightness alone.
    """
    low = high = 0.0
    if _overspends(items, low, most, least):
        high = 1.0
        while high < _DEAREST and _overspends(items, high, most, least):
            low, high = high, 2 * high
    while low < (middle := (low + high) / 2) < high:
        low, high = (middle, high) if _overspends(items, middle, most, least) else (low, middle)
    return min(_at(items, price, most, least) for price in narrowest(low, high))


def _taken(items: _Items, price: float, most: int, least: bool) -> tuple[NDArray[np.intp], int, int]:
    """Items by what each unit of weight is worth at a price, how many of them the best mask of this side takes whole,
    and how much weight of the next.
    """
    value = items.score - price * items.cost
    free = np.where(value > 0, np.inf, -np.inf)  # what weighs nothing is taken, or not
    worth = np.divide(value, items.weight, out=free, where=items.weight > 0)
    order = np.argsort(-worth, kind="stable")
    weights = np.cumsum(items.weight[order][: np.count_nonzero(worth > -np.inf)])
    useful, within = int((worth > 0).sum()), int(np.searchsorted(weights, most, side="right"))
    if within >= useful and not least:
        return order, useful, 0
    whole = max(useful, within) if least else within
    return order, whole, max(most - int(items.weight[order[:whole]].sum()), 0)


def _overspends(items: _Items, price: float, most: int, least: bool) -> bool:
    order, whole, part = _taken(items, price, most, least)
    over = int(items.cost[order[:whole]].sum()) - items.budget
    if not part:
        return over > 0
    critical = order[whole]
    return over * int(items.weight[critical]) + part * int(items.cost[critical]) > 0


def _at(items: _Items, price: Fraction, most: int, least: bool) -> _Bound:
    """The bound at an energy price, under the item price of the item taken in part, or if none is, of the first that is
    left out, or the last one taken.
    """
    order, whole, part = _taken(items, float(price), most, least)
    critical = whole - 1 if least and not part else whole
    above, below = price.numerator, price.denominator
    reduced = items.score.astype(object) * below - items.cost.astype(object) * above  # times the denominator
    item = Fraction(0)
    if critical < order.size and items.weight[order[critical]]:
        item = Fraction(int(reduced[order[critical]]), below * int(items.weight[order[critical]]))
        item = min(item, Fraction(0)) if least else max(item, Fraction(0))
    worth = reduced * item.denominator - items.weight.astype(object) * (item.numerator * below)
    retained = Fraction(int(np.maximum(worth, 0).sum()), below * item.denominator)
    return _Bound(price * items.budget + item * most + retained, price, abs(item))
