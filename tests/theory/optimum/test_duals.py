"""Prices and their sets on paper and against LP solvers: what a search starts from, whatever it then finds."""

from fractions import Fraction
from itertools import combinations

import numpy as np
import pytest
from scipy.optimize import linprog

from theory import CostClasses, Instance
from theory.optimum import duals
from theory.optimum.duals import (
    Prices,
    base_of,
    common_grid,
    cost_grid,
    distinct_costs,
    on_grid,
    prices_with_cut,
    reduced_value,
    sift,
)


def drawn(seed, n=9, *, few=True):
    rng = np.random.default_rng(seed)
    p = rng.integers(0, 12, n) if few else rng.lognormal(size=n)
    c = rng.integers(1, 7, n) if few else rng.lognormal(size=n)
    return Instance.from_scores(p.astype(float), c.astype(float), Fraction(int(rng.integers(3, 20)), 2))


def upper_bound(instance, prices):
    """``U = lambda B + mu K + sum (p - lambda c - mu)+`` over the eligible items, term by term."""
    worth = [
        Fraction(p) - prices.energy * Fraction(c) - prices.item
        for p, c in zip(instance.score.tolist(), instance.cost.tolist(), strict=True)
        if p > 0 and Fraction(c) <= instance.budget
    ]
    return prices.energy * instance.budget + prices.item * prices.most_items + sum(w for w in worth if w > 0)


@pytest.mark.parametrize("seed", range(30))
@pytest.mark.parametrize("price", [Prices(Fraction(3, 2)), Prices(Fraction(0)), Prices(Fraction(1), Fraction(2), 3)])
def test_every_mask_retains_the_bound_less_its_loss(seed, price):
    """The identity of the module's head, for every mask of at most K items that fits."""
    instance = drawn(seed, 7)
    base = base_of(instance, price, instance.budget)
    assert base.slack == instance.budget - instance.spent(base.mask)
    assert base.spare == (price.most_items - int(base.mask.sum()) if price.most_items else 0)
    assert base.loss == price.energy * base.slack + price.item * base.spare
    if base.slack >= 0 and base.spare >= 0:
        assert instance.retained(base.mask) == upper_bound(instance, price) - base.loss
    may = [i for i in range(7) if instance.score[i] > 0 and Fraction(instance.cost[i]) <= instance.budget]
    for size in range(len(may) + 1):
        for kept in combinations(may, size):
            mask = np.isin(np.arange(7), kept)
            slack = instance.budget - instance.spent(mask)
            if slack < 0 or (price.most_items and size > price.most_items):
                continue
            deviations = sum(abs(reduced_value(instance, price, i)) for i in np.flatnonzero(mask != base.mask))
            loss = price.energy * slack + price.item * (price.most_items - size) + deviations
            assert instance.retained(mask) == upper_bound(instance, price) - loss


def test_the_set_of_a_price_takes_what_is_above_and_ties_in_order_while_they_fit():
    instance = Instance.from_scores([4.0, 3, 2, 6, 1, 2], [2.0, 3, 2, 2, 4, 2], 8)  # reduced at 1: 2, 0, 0, 4, -3, 0
    base = base_of(instance, Prices(Fraction(1)), Fraction(8))
    assert (base.mask.tolist(), base.ties, base.slack, base.spare) == ([True, True, False, True, False, False], 1, 1, 0)
    overrun = base_of(instance, Prices(Fraction(1)), Fraction(3))
    assert (overrun.mask.tolist(), overrun.ties, overrun.slack) == ([True, False, False, True, False, False], 0, -1)
    cut = base_of(instance, Prices(Fraction(1), Fraction(0), 4, Fraction(2)), Fraction(8))  # the cheapest ties first
    assert (cut.mask.tolist(), cut.ties, cut.slack, cut.spare) == ([True, False, True, True, False, True], 2, 0, 0)
    full = base_of(instance, Prices(Fraction(1), Fraction(0), 1, Fraction(2)), Fraction(8))
    assert (full.ties, full.spare) == (0, -1)


@pytest.mark.parametrize("seed", range(10))
@pytest.mark.parametrize("width", [0.0, 0.75])
@pytest.mark.parametrize("energy", [Fraction(0), Fraction(7, 5), Fraction(1, 10**300), Fraction(10) ** 295])
def test_what_is_sifted_out_is_decided(monkeypatch, seed, width, energy):
    monkeypatch.setattr(duals, "_CHUNK", 5)
    instance, prices = drawn(seed, 17, few=False), Prices(energy, Fraction(1, 3))
    above, near = sift(instance, prices, width)
    assert not above[near].any()
    for i in range(17):
        may = instance.score[i] > 0 and Fraction(instance.cost[i]) <= instance.budget
        reduced = reduced_value(instance, prices, i)
        if above[i]:
            assert may
            assert reduced > Fraction(width)
        elif may and i not in near:
            assert reduced < -Fraction(width)
    if 0 < energy < 10:
        assert near.size < 17 or energy < Fraction(1, 10)


@pytest.mark.parametrize("seed", range(25))
def test_prices_with_the_cut_are_those_of_the_linear_relaxation(seed):
    """The least bound over both prices, against HiGHS on the primal with at most K items."""
    instance = drawn(seed, 12, few=seed % 2 == 0)
    found = prices_with_cut(instance, instance.budget)
    may = (instance.score > 0) & (instance.cost <= float(instance.budget))
    cheapest = np.sort(instance.cost[may])
    most = int(np.searchsorted(np.cumsum(cheapest), float(instance.budget), side="right"))
    if most in (0, cheapest.size):
        assert found == []
        return
    p, c = instance.score[may], instance.cost[may]
    solved = linprog(-p, A_ub=[c, np.ones(p.size)], b_ub=[float(instance.budget), most], bounds=(0, 1))
    assert found
    for prices in found:
        assert (prices.most_items, prices.cheap) == (most, Fraction(cheapest[most]))
        assert prices.energy >= 0 <= prices.item
    assert min(float(upper_bound(instance, prices)) for prices in found) == pytest.approx(-solved.fun, rel=1e-7)


def test_no_price_where_the_cut_alone_binds():
    """Four equal costs that pay for two: the cut says it all, and joules cost nothing beside it."""
    instance = Instance.from_scores([4.0, 3, 2, 1], [1.0, 1, 1, 1], Fraction(5, 2))
    assert min(upper_bound(instance, prices) for prices in prices_with_cut(instance, instance.budget)) == 7


@pytest.mark.parametrize("classes", [True, False])
def test_different_costs_and_their_grid(monkeypatch, classes):
    monkeypatch.setattr(duals, "_CHUNK", 4)
    labels = np.array([2, 0, 2, 2, 0, 2, 2, 2, 0, 0])
    values = [Fraction(3, 2), Fraction(9), Fraction(5, 4)]
    cost = CostClasses(labels, values) if classes else np.array([float(values[k]) for k in labels])
    instance = Instance.from_scores(np.ones(10), cost, 3)
    unit = [1.25 / float(instance.unit), 1.5 / float(instance.unit)]
    assert distinct_costs(instance, 2).tolist() == unit  # 9 is never used
    assert distinct_costs(instance, 1) is None
    assert cost_grid(instance) * instance.unit == Fraction(1, 4)
    monkeypatch.setattr(duals, "_GRID_VALUES", 1)
    assert cost_grid(instance) == 0
    assert distinct_costs(Instance.from_scores([], [], 1), 3) is None


def test_budgets_on_a_grid():
    assert common_grid(np.array([0.75, 1.25, 2.0])) == Fraction(1, 4)
    assert on_grid(Fraction(17, 5), Fraction(3, 4)) == 3
    assert on_grid(Fraction(17, 5), Fraction(0)) == Fraction(17, 5)
