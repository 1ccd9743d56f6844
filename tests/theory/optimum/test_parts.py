"""Splits by parts of the budget, where single items cost much of it: against enumeration; what is left undecided."""

import itertools
import math
from fractions import Fraction

import numpy as np
import pytest
from enumerated import masks, textbook
from forging import weight_of

from theory import Instance
from theory.optimum import exact_optimum, splits
from theory.optimum.certificate import certify, check_certificate
from theory.optimum.core_search import Found, Item, ordered
from theory.optimum.duals import Base, Prices, Split, base_of
from theory.optimum.relaxation import relax
from theory.optimum.splits import prices_with_rounding, prices_with_split
from theory.optimum.watch import UNWATCHED


def few_and_large(rng, n, budget, groups, noise=9, small=10):
    """Two thirds of the items cost the budget's half, quarter, … and a little more, the rest next to nothing; scores
    likewise (after Jooken, Leyman & De Causmaecker 2022).
    """
    large = np.concatenate([np.full(-(-2 * n // (3 * groups)), budget >> k) for k in range(1, groups + 1)])
    score, cost = (
        np.concatenate([large + rng.integers(1, noise + 1, large.size), rng.integers(1, small + 1, n // 3)])
        for _ in "pc"
    )
    return score, cost


def test_parts_of_the_budget_cut_off_what_the_relaxation_fills_with_a_part_of_an_item():
    """No mask that fits weighs more; the relaxation's solution does; and what is left is bounded more tightly."""
    rng, found = np.random.default_rng(21), 0
    for k in range(12):
        score, cost = few_and_large(rng, 9, budget := int(rng.integers(150, 250)), 1 + k % 3)
        instance = Instance.from_scores(score.astype(float), cost.astype(float), budget)
        relaxed = base_of(instance, Prices(relax(instance).threshold), Fraction(budget))
        value = relaxed.loss + int(score[relaxed.mask].sum())
        every = list(masks(score, cost, budget))
        tight, tried = [], prices_with_rounding(instance, relaxed, Fraction(budget))
        assert {prices.most_items + 1 for prices in tried} == farthest(score, cost, budget, relaxed)
        for prices in tried:
            parts, split = prices.most_items + 1, prices.split
            assert split.weight == (0, Fraction(parts, budget + 1), 0)
            assert not split.least
            units = np.array([weight_of(split.weight, p, c) for p, c in zip(score, cost, strict=True)])
            assert max(int(units[mask].sum()) for mask, _ in every) <= prices.most_items
            full, critical = relaxed.mask, int(np.argmin(np.where(relaxed.mask, np.inf, -score / cost)))
            assert units[full].sum() + Fraction(relaxed.slack, int(cost[critical])) * units[critical] > parts - 1
            assert split.bound < 0, "nothing is on the other side"
            own = base_of(instance, prices, Fraction(budget))
            upper = own.loss + int(score[own.mask].sum())
            assert max(retained for _, retained in every) <= upper <= value
            tight.append(upper)
        assert tight == sorted(tight)
        found += len(tight) > 0 and tight[0] < value
    assert found > 6


def farthest(score, cost, budget, relaxed):
    """The three numbers of parts by which the relaxation is farthest beyond what fits, in parts and in their size."""
    critical, over = int(np.argmin(np.where(relaxed.mask, np.inf, -score / cost))), {}
    for m in range(2, splits._MOST_PARTS + 1):
        units = [math.floor(Fraction(m * int(c), budget + 1)) for c in cost]
        weight = sum(u for u, kept in zip(units, relaxed.mask, strict=True) if kept)
        over[m] = weight + Fraction(relaxed.slack, int(cost[critical])) * units[critical] - (m - 1)
    first = sorted(over, key=lambda m: (-over[m], m))[:3] + sorted(over, key=lambda m: (-over[m] / m, m))[:3]
    return {m for m in first if over[m] > 0}


def test_where_items_are_small_no_parts_are_tried():
    rng = np.random.default_rng(22)
    instance = Instance.from_scores(
        rng.integers(1, 99, 300).astype(float), rng.integers(50, 99, 300).astype(float), 7000
    )
    base = base_of(instance, Prices(relax(instance).threshold), Fraction(7000))
    assert prices_with_rounding(instance, base, Fraction(7000)) == []
    assert len(prices_with_split(instance, base, Fraction(7000))) == 1
    everything = Instance.from_scores([1.0, 2.0], [1.0, 2.0], 3)
    base = base_of(everything, Prices(relax(everything).threshold), Fraction(3))
    assert prices_with_rounding(everything, base, Fraction(3)) == []


@pytest.mark.parametrize("groups", [1, 2, 3, 5])
def test_few_large_items_are_exact_within_a_moment(groups):
    """Where the relaxation is a third above the optimum: a split by parts of the budget, of which one side is empty."""
    rng, split = np.random.default_rng(groups), 0
    for noise in (1, 5, 60):
        score, cost = few_and_large(rng, 150, 10_000, groups, noise)
        instance = Instance.from_scores(score.astype(float), cost.astype(float), 10_000)
        found = certify(instance)
        assert (found.verdict, found.retained) == ("exact", textbook(score, cost, 10_000))
        assert check_certificate(found.fields, score.astype(float), cost.astype(float), scores=True).verdict == "exact"
        split += "split" in found.fields["proof"]
    assert split


@pytest.mark.parametrize("search", ["ordered", "halves"])
def test_a_search_among_items_that_weigh_nothing_finds_the_least_loss(search, monkeypatch):
    """By enumeration of all that fit, under any prices of energy and weight; one search at a time."""
    gave_up = lambda *_: Found(None, 0, False)  # noqa: E731
    monkeypatch.setattr(exact_optimum, {"ordered": "halves", "halves": "ordered"}[search], gave_up)
    rng, searched = np.random.default_rng(23), 0
    for _ in range(150):
        n = int(rng.integers(3, 9))
        score, cost = rng.integers(1, 30, n), rng.integers(1, 9, n)
        instance = Instance.from_scores(score.astype(float), cost.astype(float), budget := int(rng.integers(8, 25)))
        beyond = Split((Fraction(0), Fraction(1, 4), Fraction(0)), False, Fraction(0), Fraction(0), Fraction(0))
        most, energy, item = (
            int(rng.integers(0, 5)),
            Fraction(int(rng.integers(0, 9)), 2),
            Fraction(int(rng.integers(1, 9))),
        )
        base = base_of(instance, Prices(energy, item, most, split=beyond), Fraction(budget))
        found = exact_optimum._solve_from(instance, base, Fraction(1), 10**6, UNWATCHED)
        upper = base.loss + int(score[base.mask].sum())
        assert found.loss == upper - int(score[found.mask].sum())
        assert cost[found.mask].sum() <= budget
        if found.proved:
            best = max(
                (kept for mask, kept in masks(score, cost, budget) if (cost[mask] // 4).sum() <= most), default=0
            )
            assert int(score[found.mask].sum()) >= best
            searched += found.visits > 3
    assert searched > 25


def test_what_is_not_decided_is_bounded_by_the_best_prices(monkeypatch):
    """No search at all: the interval is that of the split, which closes most of the gap, and the checker agrees."""
    rng = np.random.default_rng(31)
    score, cost = few_and_large(rng, 60, 5_000, 3, noise=300)
    instance = Instance.from_scores(score.astype(float), cost.astype(float), 5_000)
    monkeypatch.setattr(exact_optimum, "_search", lambda *_: (Found(None, 0, False), "ordered"))
    monkeypatch.setattr(exact_optimum, "halves", lambda *_: Found(None, 0, False))
    monkeypatch.setattr(exact_optimum, "_by_relaxation", lambda instance, found, *_: found)
    found = certify(instance)
    best = textbook(score, cost, 5_000)
    assert found.verdict == "interval"
    assert found.retained <= best <= found.retained + found.gap
    assert "split" in found.fields["proof"]
    relaxed = relax(instance).value
    assert found.retained + found.gap - best < (relaxed - best) / 5
    checked = check_certificate(found.fields, score.astype(float), cost.astype(float), scores=True)
    assert (checked.verdict, float(checked.about["gap"])) == ("interval", pytest.approx(float(found.gap), rel=1e-7))


def test_as_many_parts_as_there_may_be(monkeypatch):
    """Items of a fourth of the budget and one more: three fit, and only by fourths and their like is that seen."""
    instance = Instance.from_scores(np.full(9, 26.0), np.full(9, 26.0), 100)
    base, tried = base_of(instance, Prices(relax(instance).threshold), Fraction(100)), {}
    for most in (2, 3, 4, 5):
        monkeypatch.setattr(splits, "_MOST_PARTS", most)
        tried[most] = [prices.split.weight[1] for prices in prices_with_rounding(instance, base, Fraction(100))]
    monkeypatch.undo()
    assert splits._MOST_PARTS == 512, "few enough to look at all of them at once"
    assert tried == {2: [], 3: [], 4: [Fraction(4, 101)], 5: [Fraction(4, 101)]}


def test_in_the_order_of_joules_nothing_within_the_split_is_missed():
    """Any subset of a core in which some items weigh nothing: the least total among those that fit on this side.

    What lies beyond is bounded by other prices: where it could be better, nothing is claimed.
    """
    rng, better, beyond = np.random.default_rng(29), 0, Split((Fraction(0),) * 3, False, *(Fraction(0),) * 3)
    for _ in range(1500):
        n = int(rng.integers(2, 7))
        losses, shifts, units = rng.integers(0, 9, n), rng.choice([-7, -3, -1, 1, 2, 5], n), rng.integers(-4, 5, n)
        units[rng.integers(n)] = 0
        prices = Prices(Fraction(int(rng.integers(0, 7))), Fraction(int(rng.integers(1, 4))), 9, split=beyond)
        base = Base(prices, np.zeros(n, bool), 0, Fraction(int(rng.integers(-6, 7))), int(rng.integers(0, 9)))
        core = [Item(Fraction(int(p)), Fraction(int(s)), i, int(u))
                for i, (p, s, u) in enumerate(zip(losses, shifts, units, strict=True))]  # fmt: skip
        within, outside = [], []
        for chosen in itertools.product((False, True), repeat=n):
            take = np.array(chosen)
            slack, spare = base.slack + int(shifts[take].sum()), base.spare + int(units[take].sum())
            if slack >= 0:
                total = int(losses[take].sum()) + prices.energy * slack + prices.item * spare
                (within if spare >= 0 else outside).append(total)
        limit = Fraction(int(rng.integers(1, 40)))
        if min(outside, default=limit) < limit:
            continue
        found = ordered(core, base, limit, 10**6)
        assert found.finished
        least = min(within, default=limit)
        assert (found.best[0] if found.best else limit) == min(least, limit)
        better += found.best is not None and found.best[1] != []
    assert better > 300
