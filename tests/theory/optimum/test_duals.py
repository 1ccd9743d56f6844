"""Prices and their sets on paper and against LP solvers: what a search starts from, whatever it then finds."""

from fractions import Fraction
from itertools import combinations, pairwise

import numpy as np
import pytest
from scipy import optimize
from scipy.optimize import linprog

from theory import CostClasses, Instance, checker
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
    to_float,
    whole,
    whole_step,
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
@pytest.mark.parametrize("n", [12, 300])
def test_prices_with_the_cut_are_those_of_the_linear_relaxation(seed, n):
    """The least bound over both prices, against HiGHS on the primal with at most K items."""
    instance = drawn(seed, n, few=seed % 2 == 0)
    if n > 12:
        instance = instance.with_budget(instance.budget * 20)
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
    first = np.array([1, 0, 2, 0, 0, 2, 0, 0, 0, 2])  # 9 among the first four alone, and 5/4 last
    cost = CostClasses(first, values) if classes else np.array([float(values[k]) for k in first])
    assert distinct_costs(Instance.from_scores(np.ones(10), cost, 3), 3).size == 3


def test_sets_are_compared_as_objects():
    """They hold masks, of which Python could not say whether they are equal."""
    instance = drawn(0)
    assert base_of(instance, Prices(Fraction(1)), Fraction(3)) != base_of(instance, Prices(Fraction(1)), Fraction(3))
    assert Prices(Fraction(1)) == Prices(Fraction(1), Fraction(0), 0, Fraction(0))


def test_nothing_to_sift():
    above, near = sift(Instance.from_scores([], [], 1), Prices(Fraction(1)), 0.0)
    assert above.size == near.size == 0


def test_an_item_is_above_or_near_and_not_both():
    """Of a score that is its own margin, to the last bit, without a price."""
    score = 1e-300 + 2.0**-50 * 1e-300
    above, near = sift(Instance.from_scores([score], [1.0], 1), Prices(Fraction(0)), 0.0)
    assert (above.tolist(), near.tolist()) == ([False], [0])


def test_a_price_that_floats_hardly_hold_is_left_to_exact_arithmetic():
    """lambda = 1e-320 is 1.2e-5 off as a float: of scores on either side of lambda c it takes some for the others."""
    price, cost = Fraction(1, 10**320), 1e300
    threshold, nearest = float(price * Fraction(cost)), float(Fraction(float(price)) * Fraction(cost))
    p = np.linspace(min(threshold, nearest), max(threshold, nearest), 9)[1:-1]
    instance = Instance.from_scores(p, np.full(7, cost), Fraction(10) ** 400)
    assert base_of(instance, Prices(price), instance.budget).mask.all() == (threshold < nearest)
    item = Prices(Fraction(0), price * Fraction(cost), 7, Fraction(1))
    assert base_of(instance, item, instance.budget).mask.all() == (threshold < nearest)


def test_budgets_on_a_grid():
    assert common_grid(np.array([0.75, 1.25, 2.0])) == Fraction(1, 4)
    assert on_grid(Fraction(17, 5), Fraction(3, 4)) == 3
    assert on_grid(Fraction(17, 5), Fraction(0)) == Fraction(17, 5)


def test_where_a_grid_is_looked_for(monkeypatch):
    """Among few different costs, or many of them that are whole."""
    grid = lambda *costs: cost_grid(Instance.from_scores(np.ones(len(costs)), np.array(costs), 3))  # noqa: E731
    monkeypatch.setattr(duals, "_GRID_VALUES", 2)
    monkeypatch.setattr(duals, "_WHOLE_VALUES", 3)
    monkeypatch.setattr(duals, "_SAMPLE", 4)
    assert grid(0.5, 0.75, 0.5) == Fraction(1, 4)
    assert grid(0.5, 0.75, 1.0) == 0
    assert grid(6.0, 9.0, 15.0, 6.0) == 3
    assert grid(6.0, 9.0, 15.0, 18.0) == 0
    assert grid(6.0, 9.0, 6.0, 9.0, 1.5) == 0  # not whole beyond the sample
    assert grid(6.0, 9.0, 6.0, 9.0, 9.0) == 3
    assert cost_grid(Instance.from_scores([], [], 1)) == 0


def test_how_many_different_costs_may_have_a_grid():
    """As many whole ones as the checker compares with it, and 4,096 of any other kind."""
    for most, part, grid in ((checker._MAX_GRID_COSTS, 1, 1), (4096, 2, Fraction(1, 2))):
        for many, found in ((most, grid), (most + 1, 0)):
            costs = np.arange(1, many + 1) / part
            assert cost_grid(Instance.from_scores(costs, costs, 3)) == found


def test_whole_numbers_that_float64_tells_apart():
    assert whole(np.array([0.0, 3.0, 2.0**53 - 1]))
    assert whole(np.empty(0))
    assert not whole(np.array([1.0, 2.0**53]))
    assert not whole(np.array([1.0, 2.5]))


def test_the_step_of_scores(monkeypatch):
    monkeypatch.setattr(duals, "_SAMPLE", 2)
    assert whole_step(np.array([6.0, 0.0, 15.0])) == 3
    assert whole_step(np.array([6.0, 0.0, 1.5])) == 0
    assert whole_step(np.array([1.5, 6.0, 3.0])) == 0
    assert whole_step(np.zeros(3)) == whole_step(np.empty(0)) == 0


@pytest.mark.parametrize("item", [Fraction(0), Fraction(1, 7)])
@pytest.mark.parametrize("energy", [Fraction(1, 3), Fraction(3, 2) + Fraction(99, 100 << 53)])
def test_no_item_beside_the_threshold_is_misjudged(energy, item, monkeypatch):
    """A few last digits of p around lambda c + mu, at any scale: decided rightly, or left to exact arithmetic."""
    monkeypatch.setattr(duals, "_CHUNK", 100)
    rng = np.random.default_rng(3)
    c = 10.0 ** rng.uniform(-9, 9, 600)
    p = np.array([float(energy * Fraction(x) + item) for x in c]) * (1 + rng.integers(-3, 4, 600) * 2.0**-52)
    instance = Instance.from_scores(p, c, Fraction(10) ** 10)
    above, near = sift(instance, Prices(energy, item), 0.0)
    exact = np.array([reduced_value(instance, Prices(energy, item), i) > 0 for i in range(600)])
    rest = np.setdiff1d(np.arange(600), near)
    assert (above[rest] == exact[rest]).all()
    assert not above[near].any()
    assert rest.size < 600
    base = base_of(instance, Prices(energy, item), Fraction(10) ** 14)
    tied = np.array([reduced_value(instance, Prices(energy, item), i) == 0 for i in range(600)])
    assert base.mask.tolist() == (exact | tied).tolist()
    assert base.ties == tied.sum()


@pytest.mark.parametrize("width", [0.0, 0.25, 3.0])
def test_what_is_left_to_exact_arithmetic_is_what_lies_within_the_width(width, monkeypatch):
    monkeypatch.setattr(duals, "_CHUNK", 100)
    rng = np.random.default_rng(4)
    instance = Instance.from_scores(rng.lognormal(size=600), rng.lognormal(size=600), 5)
    for prices in (Prices(Fraction(7, 5)), Prices(Fraction(0), Fraction(1, 3)), Prices(Fraction(2, 3), Fraction(1, 9))):
        above, near = sift(instance, prices, width)
        may = (instance.score > 0) & (instance.cost <= 5)
        reduced = instance.score - float(prices.energy) * instance.cost - float(prices.item)
        assert near.tolist() == np.flatnonzero(may & (np.abs(reduced) <= width)).tolist()
        assert above.tolist() == (may & (reduced > width)).tolist()


def prices_by_breakpoints(instance, most):
    """The least bound with the cut: U is convex and piecewise linear in lambda, so one of its corners has it."""
    may = [i for i in range(instance.d) if instance.score[i] > 0 and Fraction(instance.cost[i]) <= instance.budget]
    p, c = ([Fraction(x[i]) for i in may] for x in (instance.score, instance.cost))
    corners = {Fraction(0), *(x / y for x, y in zip(p, c, strict=True))}
    corners |= {(p[i] - p[j]) / (c[i] - c[j]) for i, j in combinations(range(len(may)), 2) if c[i] != c[j]}

    def bound(price):
        reduced = sorted((x - price * y for x, y in zip(p, c, strict=True)), reverse=True)
        return price * instance.budget + sum(max(r, Fraction(0)) for r in reduced[:most])

    return min(bound(price) for price in corners if price >= 0)


@pytest.mark.parametrize("seed", range(46))
def test_the_first_price_with_the_cut_is_exact_on_a_grid(seed):
    """The least bound of all, and beside it a price just beyond, at which the cheapest win ties."""
    rng = np.random.default_rng([seed, 5])
    n = 10 if seed < 40 else 50
    p, c = rng.integers(1, 40, n).astype(float), rng.integers(3, 12, n).astype(float)
    unit, budget = [1, 64, 4096][seed % 5 % 3], int(rng.integers(8, 50)) * n // 10
    instance = Instance.from_scores(p * 2.0 ** [0, 1, -6][seed % 3], c / unit, Fraction(budget, unit))
    found = prices_with_cut(instance, instance.budget)
    if not found:
        return
    assert upper_bound(instance, found[0]) == prices_by_breakpoints(instance, found[0].most_items)
    assert len(found) == (2 if found[0].energy else 1)
    for one, other in pairwise(found):
        assert one.energy < other.energy < one.energy * (1 + Fraction(1, 1 << 30))
        assert float(upper_bound(instance, other)) == pytest.approx(float(upper_bound(instance, one)), rel=1e-9)


@pytest.mark.parametrize("after", [0, 1, 5])
def test_prices_with_the_cut_that_were_stopped_bound_every_mask(after):
    rng, calls = np.random.default_rng(after), []
    p, c = rng.integers(1, 40, 10).astype(float), rng.integers(3, 12, 10).astype(float)
    instance = Instance.from_scores(p, c, 30)
    found = prices_with_cut(instance, instance.budget, lambda: len(calls) >= after or calls.append(0))
    assert len(calls) == after
    masks = ((np.arange(1 << 10)[:, None] >> np.arange(10)) & 1).astype(bool)
    best = max(int(p[mask].sum()) for mask in masks if c[mask].sum() <= 30)
    assert found
    assert all(upper_bound(instance, prices) >= best for prices in found)


def test_prices_with_the_cut_at_any_scale():
    """Scores and costs near the ends of float64: the bisection starts from what is finite, and ends."""
    for scores, costs in ((1e300, 2.0**-17), (1e-300, 2.0**17), (1.0, 2.0**-990)):
        instance = Instance.from_scores(
            scores * np.array([5.0, 4, 3, 2, 1]), costs * np.array([4.0, 2, 3, 1, 5]), Fraction(costs) * 6
        )
        for prices in prices_with_cut(instance, instance.budget):
            assert prices.most_items == 3
            assert prices.energy >= 0 <= prices.item
            base = base_of(instance, prices, instance.budget)
            assert base.spare == 3 - base.mask.sum()


def test_the_simplest_fraction_of_an_interval():
    ends = sorted({Fraction(a, b) for b in range(1, 9) for a in range(17)})
    for low, high in combinations(ends, 2):
        found = duals._simplest_between(low, high)
        denominator = next(q for q in range(1, 99) if (low * q).__ceil__() <= high * q)
        assert low <= found <= high
        assert found.denominator == denominator


def test_floats_beyond_the_largest():
    huge = Fraction(10) ** 400
    assert (to_float(huge), to_float(-huge), to_float(1 / huge)) == (np.inf, -np.inf, 0.0)


def test_prices_with_the_cut_where_a_part_of_many_items_is_sorted():
    """At 4,000 items a partition leaves all but one place unsorted: the item price is the K-th reduced value, and the
    bound is the least of all, to a billionth, as the sorted values say."""
    rng = np.random.default_rng(31)
    c = 1 + 0.2 * rng.random(4000)
    p = c + 1 + 0.02 * rng.random(4000)  # dearer ones are worth more, cheaper ones more for their cost: the cut binds
    instance = Instance.from_scores(p, c, Fraction(1500))
    most = int(np.searchsorted(np.cumsum(np.sort(c)), 1500))

    def bound(price):
        best = np.sort(p - price * c)[::-1][:most]
        return price * 1500 + best[best > 0].sum()

    least = optimize.minimize_scalar(bound, bounds=(0.0, float((p / c).max())), options={"xatol": 1e-12})
    found = prices_with_cut(instance, instance.budget)
    assert found[0].item > 0
    for prices in found:
        reduced = sorted((Fraction(x) - prices.energy * Fraction(y) for x, y in zip(p, c, strict=True)), reverse=True)
        assert prices.most_items == most
        assert prices.item == max(reduced[most - 1], 0)
        assert float(upper_bound(instance, prices)) == pytest.approx(least.fun, rel=1e-9)
