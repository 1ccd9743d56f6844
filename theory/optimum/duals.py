"""Prices that bound the 0/1 optimum from above, and the greedy set that goes with them.

For prices ``lambda >= 0`` per joule and ``mu >= 0`` per item, and ``K`` the largest number of items any
feasible mask holds, put ``r_i = p_i - lambda c_i - mu``. Every mask M of cost at most B satisfies

    p(M) = U - [ lambda (B - c(M)) + mu (K - |M|) + sum_{i in S xor M} |r_i| ],
    U    = lambda B + mu K + sum (r_i)+,      S = {r_i > 0}, with any of {r_i = 0} added,

so the bracket is the *loss* of M against the upper bound U, and a sum of non-negative terms. Profits are never
summed; only ``c(S)`` and ``|S|`` have to be exact. With ``mu = 0`` and ``lambda = p_s/c_s`` the set S is CWMP's
prefix and U the relaxation's value (Dantzig 1957); the cut ``|M| <= K`` is what makes U tight when costs are
nearly equal or strongly correlated with the scores (Martello & Toth 1997).
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from theory.arithmetic.exact import exact_sum, floor_float
from theory.arithmetic.threads import IN_ORDER, each, shares, useful_threads
from theory.instance import Instance
from theory.optimum.watch import UNWATCHED
from theory.selection.order import Floats, Indices, eligible, longest_affordable

_CHUNK = 1 << 16
_BRACKET = Fraction(1, 1 << 40)  # widens the bisection's last bracket, for the rounding of p - lambda c
_GRID_VALUES = 4096  # costs with more distinct values than this are not searched for a common grid
_WHOLE_VALUES = 1 << 16  # the same for integers: as many as the checker compares with a grid
_SAMPLE = 1 << 10
_EXACT_INTEGERS = 1 << 53
_ROUNDING = 2.0**-50  # bounds the relative error of fl(p - lambda c - mu) against p + lambda c + mu


@dataclass(frozen=True)
class Split:
    """Masks in two kinds, by the sum of whole weights ``w_i = floor(a p_i + b c_i + e)``: up to a bound, and beyond.

    Attributes:
        weight: ``a, b, e``. least: the prices that it belongs to are for sums of at least their bound, not at most.
        energy, item: prices of the other masks. bound: what none of these retains more than.
    """

    weight: tuple[Fraction, Fraction, Fraction]
    least: bool
    energy: Fraction
    item: Fraction
    bound: Fraction

    def units(self, score: Fraction, cost: Fraction) -> int:
        """``w_i`` of an item."""
        a, b, e = self.weight
        return math.floor(a * score + b * cost + e)


@dataclass(frozen=True)
class Prices:
    """Multipliers of the budget and of the cardinality cut, exact.

    Attributes:
        energy: ``lambda``. item: ``mu`` (0 without the cut).
        most_items: ``K``, or 0 without the cut.
        cheap: with the cut, a cost ``theta``: the items cheaper than it, and enough at ``theta``, already
            overrun the budget with ``K + 1`` items. This is how ``K`` is checked in one pass.
        split: in place of the cut: ``mu`` is per unit of weight, for masks of weight up to ``K`` (or from there).
    """

    energy: Fraction
    item: Fraction = Fraction(0)
    most_items: int = 0
    cheap: Fraction = Fraction(0)
    split: Split | None = None

    @property
    def cut(self) -> bool:
        """Whether items have a price, or could have one."""
        return self.split is not None or self.most_items > 0

    @property
    def sign(self) -> int:
        """Of the item price in the reduced value: -1 where weights are to reach a bound."""
        return -1 if self.split is not None and self.split.least else 1

    def units(self, score: Fraction, cost: Fraction) -> int:
        """What an item takes from the spare: 1, or its weight in the split."""
        return 1 if self.split is None else self.sign * self.split.units(score, cost)

    def reduced(self, score: Fraction, cost: Fraction) -> Fraction:
        """``r_i`` of an item."""
        value = score - self.energy * cost
        return value - self.item * self.units(score, cost) if self.item else value


@dataclass(frozen=True, eq=False)
class Base:
    """The set S of some prices: where a certificate starts from.

    Attributes:
        mask: bool (d,). ties: how many of ``{r_i = 0}`` are in it: lowest indices first; with the cut,
            cheapest first.
        slack: ``B - c(S)``, with B rounded down to the costs' grid. spare: ``K - |S|`` (0 without the cut), in
            units of the split where there is one.
    """

    prices: Prices
    mask: NDArray[np.bool_]
    ties: int
    slack: Fraction
    spare: int

    @property
    def loss(self) -> Fraction:
        """Loss of S itself against U; meaningful when S is feasible."""
        return self.prices.energy * self.slack + self.prices.item * self.spare


def distinct_costs(instance: Instance, most: int) -> Floats | None:
    """The different costs, ascending, or None when there are more than ``most`` of them (or no coordinates)."""
    if instance.labels is not None and instance.class_cost is not None:
        used = np.zeros(instance.class_cost.size, dtype=bool)
        for start in range(0, instance.d, _CHUNK):
            used[instance.labels[start : start + _CHUNK]] = True
        found = np.unique(instance.class_cost[used])
    else:
        found = np.empty(0)
        for start in range(0, instance.d, _CHUNK):
            cost = instance.costs_of(slice(start, start + _CHUNK))
            found = np.union1d(found, cost[position(found, cost) == found.size])
            if found.size > most:
                return None
    return found if 0 < found.size <= most else None


def position(costs: Floats, values: Floats) -> NDArray[np.intp]:
    """Where each value stands among ``costs``, ascending; their number where it does not."""
    place = np.searchsorted(costs, values)
    found = place < costs.size
    found[found] = costs[place[found]] == values[found]
    return np.where(found, place, costs.size)


def cost_grid(instance: Instance) -> Fraction:
    """Largest ``q`` of which every cost is a multiple, or 0 when the costs take too many values to look."""
    values = distinct_costs(instance, _WHOLE_VALUES if whole(instance.costs_of(slice(_SAMPLE))) else _GRID_VALUES)
    if values is not None and values.size > _GRID_VALUES and not whole(values):
        return Fraction(0)
    return Fraction(0) if values is None else common_grid(values)


def whole(values: Floats) -> bool:
    """Whether all of some non-negative numbers are integers that float64 tells apart."""
    return bool((values == np.floor(values)).all() and values.max(initial=0) < _EXACT_INTEGERS)


def whole_step(values: Floats) -> int:
    """The greatest common divisor of some non-negative integers, or 0: no such numbers, or all of them 0."""
    if not whole(values[:_SAMPLE]) or not whole(values):
        return 0
    return int(np.gcd.reduce(values.astype(np.int64), initial=0))


def adds_up(instance: Instance) -> bool:
    """Whether sums of scores and of costs stay below what float64 tells apart, and so within 64 bits."""
    largest = max(float(instance.score.max(initial=0)), float(instance.cost.max(initial=0)))
    return largest * instance.d < _EXACT_INTEGERS


def common_grid(values: Floats) -> Fraction:
    """Largest ``q`` of which all of some positive values are multiples."""
    exact = [Fraction(v) for v in values.tolist()]
    return Fraction(math.gcd(*(f.numerator for f in exact)), math.lcm(*(f.denominator for f in exact)))


def on_grid(budget: Fraction, grid: Fraction) -> Fraction:
    """The largest multiple of ``grid`` not above ``budget`` (the budget itself without a grid)."""
    return budget // grid * grid if grid else budget


def reduced_value(instance: Instance, prices: Prices, i: int) -> Fraction:
    """``r_i = p_i - lambda c_i - mu``, exact."""
    return prices.reduced(instance.exact_score(i), instance.exact_cost(i))


def units_of(instance: Instance, prices: Prices, items: Indices) -> Floats:
    """What each of some items takes from the spare."""
    exact = ((instance.exact_score(i), instance.exact_cost(i)) for i in items.tolist())
    return np.fromiter((prices.units(score, cost) for score, cost in exact), float, items.size)


def sift(instance: Instance, prices: Prices, width: float, threads: int = 1) -> tuple[NDArray[np.bool_], Indices]:
    """One pass over the eligible items: those with ``r_i > width`` for certain, and those that may be within it.

    The second are a superset of ``{|r_i| <= width}``, by a rigorous bound on the rounding of ``r_i``; every other
    item has ``|r_i| > width`` and the sign that the mask says.
    """
    above = np.zeros(instance.d, dtype=bool)
    spans = shares(useful_threads(threads, instance.d, IN_ORDER), instance.d)
    near = each(lambda span: _sifted(instance, prices, width, above, *span), spans)
    return above, np.concatenate(near)


def _sifted(
    instance: Instance, prices: Prices, width: float, above: NDArray[np.bool_], first: int, end: int
) -> Indices:
    """:func:`sift` from ``first`` to ``end``, a block at a time: which are near."""
    near = [np.empty(0, np.intp)]
    energy, item = to_float(prices.energy), to_float(prices.item)
    pairs = (prices.energy, energy), (prices.item, item)
    floats_suffice = prices.split is None and all(exact == 0 or 1e-290 < value < 1e290 for exact, value in pairs)
    affordable = floor_float(instance.budget)
    for start in range(first, end, _CHUNK):
        part = slice(start, min(start + _CHUNK, end))
        p, cost = instance.scores_of(part), instance.costs_of(part)
        may = (p > 0) & (cost <= affordable)
        if not floats_suffice:
            near.append(start + np.flatnonzero(may))
            continue
        with np.errstate(over="ignore", invalid="ignore", under="ignore"):
            priced = energy * cost
            priced += item
            reduced = p - priced
            margin = np.add(p, priced, out=priced)
            margin *= _ROUNDING
            margin += 1e-300
            margin += width
            above[part] = may & (reduced > margin)
            near.append(start + np.flatnonzero(may & ~(np.abs(reduced, out=reduced) > margin)))
    return np.concatenate(near)


def base_of(instance: Instance, prices: Prices, budget: Fraction, threads: int = 1) -> Base:
    """The set of ``prices``: every item with ``r_i > 0``, then those with ``r_i = 0`` in order, while they fit."""
    mask, near = sift(instance, prices, 0.0, threads)
    reduced = [reduced_value(instance, prices, i) for i in near]
    mask[[i for i, r in zip(near, reduced, strict=True) if r > 0]] = True
    tied = np.array([i for i, r in zip(near, reduced, strict=True) if r == 0], dtype=np.intp)
    left = budget - instance.spent(mask)
    spare = prices.most_items - int(mask.sum())
    if prices.cut:
        tied = tied[np.argsort(instance.costs_of(tied), kind="stable")]
        tied = tied if prices.split else tied[: max(spare, 0)]
    taken, spent = longest_affordable(instance.costs_of(tied), left)
    mask[tied[:taken]] = True
    if prices.split:
        units = units_of(instance, prices, np.flatnonzero(mask))
        return Base(prices, mask, taken, left - spent, prices.sign * prices.most_items - int(units.sum()))
    return Base(prices, mask, taken, left - spent, spare - taken if prices.most_items else 0)


def prices_with_cut(
    instance: Instance, budget: Fraction, stopped: Callable[[], bool] = UNWATCHED.stopped
) -> list[Prices]:
    """Prices of the relaxation with the cut ``|M| <= K``: near-minimisers of U, by bisection on ``lambda``.

    For fixed ``lambda`` the best ``mu`` is the K-th largest ``p - lambda c``; U is convex in ``lambda`` with slope
    ``B`` minus the cost of those K items. Two candidates come back: the simplest rational in the last bracket, which is
    exact where costs and scores lie on a grid, and just beyond the bracket, where the cheapest win ties. Any
    prices are valid, so rounding here, or being ``stopped``, costs tightness, never truth. An empty list means that the
    cut says nothing.
    """
    may = np.flatnonzero(eligible(instance, instance.score))
    p, c = instance.scores_of(may), instance.costs_of(may)
    cheapest = np.sort(c)
    most, _ = longest_affordable(cheapest, budget)
    if most in (0, may.size):
        return []
    cheap = Fraction(cheapest[most])

    def overspends(price: float) -> bool:
        with np.errstate(over="ignore"):
            value = p - price * c
        top = np.argpartition(-value, most - 1)[:most]
        return exact_sum(c[top[value[top] > 0]]) > budget

    with np.errstate(over="ignore"):
        low, high = 0.0, min(2 * float((p / c).max()), sys.float_info.max)
    if not overspends(0.0):
        high = 0.0
    for _ in range(80):
        middle = (low + high) / 2
        if not low < middle < high or stopped():
            break
        low, high = (middle, high) if overspends(middle) else (low, middle)
    found = []
    for price in narrowest(low, high):
        with np.errstate(over="ignore"):
            kth = may[np.argpartition(to_float(price) * c - p, most - 1)[most - 1]]
        item = max(reduced_value(instance, Prices(price), kth), Fraction(0))
        found.append(Prices(price, item, most, cheap))
    return found


def narrowest(low: float, high: float) -> list[Fraction]:
    """Two prices for the last bracket of a bisection: its simplest rational, and just beyond it."""
    beyond = Fraction(high) * (1 + _BRACKET)
    ends = [_simplest_between(Fraction(low) * (1 - _BRACKET), beyond), beyond]
    return list(dict.fromkeys(ends if high else [Fraction(0)]))


def to_float(value: Fraction) -> float:
    """Nearest float64, infinite when too large."""
    try:
        return float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf


def _simplest_between(low: Fraction, high: Fraction) -> Fraction:
    """The fraction of smallest denominator in ``[low, high]`` (Stern-Brocot)."""
    whole = math.ceil(low)
    if whole <= high:
        return Fraction(whole)
    floor = low.numerator // low.denominator
    return floor + 1 / _simplest_between(1 / (high - floor), 1 / (low - floor))
