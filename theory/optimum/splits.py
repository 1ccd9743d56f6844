"""Prices for masks in two kinds: those whose whole weights add up to at most a bound, and those beyond it.

Where a bound for all masks of one kind is not above what some mask retains, it is optimal if it is so among the others,
and prices for these alone leave it a smaller loss (a split disjunction; Balas 1979, Cook, Kannan & Schrijver 1990).
Weights are 1 an item, which branches on the number of items, or, where scores less costs are few multiples of one
number, that multiple: with ``p = c + t w`` a mask retains what it costs and ``t`` times its weight. The bound is the
weight of the relaxation's solution, rounded down: it lies between the two kinds.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from fractions import Fraction
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from theory.instance import Instance
from theory.optimum.duals import Base, Prices, Split, adds_up, narrowest
from theory.selection.order import eligible

_MOST_MULTIPLES = 64  # of one number, that scores less costs may be
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
    may = np.flatnonzero(eligible(instance, instance.score))
    if not adds_up(instance):
        return []
    score, cost = (values[may].astype(np.int64) for values in (instance.score, instance.cost))
    kept, found = base.mask[may], []
    if kept.all():
        return []
    order = np.argsort(cost, kind="stable")
    for weight, units in _weights(score, cost):
        items = _Items(score[order], cost[order], units[order], int(budget))
        critical = int(np.argmin(np.where(kept, np.inf, -score / cost)))
        share = base.slack / int(cost[critical])
        bound = int(units[kept].sum()) + math.floor(share * int(units[critical]))
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
    worth = (items.score - price * items.cost) / items.weight
    order = np.argsort(-worth, kind="stable")
    weights = np.cumsum(items.weight[order])
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
    if critical < order.size:
        item = Fraction(int(reduced[order[critical]]), below * int(items.weight[order[critical]]))
        item = min(item, Fraction(0)) if least else max(item, Fraction(0))
    worth = reduced * item.denominator - items.weight.astype(object) * (item.numerator * below)
    retained = Fraction(int(np.maximum(worth, 0).sum()), below * item.denominator)
    return _Bound(price * items.budget + item * most + retained, price, abs(item))
