"""Splits by a whole weight: their bounds against every mask, and what the checker makes of right and wrong ones."""

import copy
import itertools
import math
from fractions import Fraction

import numpy as np
import pytest
from forging import at, forge, forged, leaves, optimum, sign, variants, weight_of

from theory import Instance, checker
from theory.optimum import exact_optimum, splits
from theory.optimum.certificate import certify, check_certificate
from theory.optimum.core_search import Found
from theory.optimum.duals import Prices, Split, base_of, cost_grid, on_grid, reduced_value
from theory.optimum.relaxation import relax
from theory.optimum.splits import prices_with_rounding, prices_with_split
from theory.optimum.watch import UNWATCHED

FAMILIES = {
    "inverse": lambda c, rng: np.maximum(c - 5, 1),
    "multiple": lambda c, rng: c + np.where(c % 3 == 0, 30, 20),
    "similar": lambda c, rng: rng.integers(1, 40, c.size),
    "strongly": lambda c, rng: c + 7,
}


def drawn(family, rng, n):
    cost = rng.integers(200, 211, n) if family == "similar" else rng.integers(6, 60, n)
    return FAMILIES[family](cost, rng), cost, int(rng.integers(cost.max(), cost.sum()))


def masks(score, cost, budget):
    """Every feasible mask, with what it retains."""
    for chosen in itertools.product((False, True), repeat=len(score)):
        mask = np.array(chosen)
        if cost[mask].sum() <= budget:
            yield mask, int(score[mask].sum())


@pytest.mark.parametrize("family", FAMILIES)
def test_both_bounds_hold_for_the_masks_that_they_are_about(family):
    """By enumeration; and the loss of every mask on the searched side is what the identity says, and not negative."""
    rng, weights, sides = np.random.default_rng(len(family)), set(), set()
    for _ in range(12):
        score, cost, budget = drawn(family, rng, 9)
        instance = Instance.from_scores(score.astype(float), cost.astype(float), budget)
        whole = on_grid(instance.budget, cost_grid(instance))
        base = base_of(instance, Prices(relax(instance).threshold), whole)
        for prices in prices_with_split(instance, base, whole):
            split = prices.split
            units = [weight_of(split.weight, p, c) for p, c in zip(score, cost, strict=True)]
            own = base_of(instance, prices, whole)
            reduced = [reduced_value(instance, prices, i) for i in range(score.size)]
            upper = own.loss + sum(int(score[i]) for i in np.flatnonzero(own.mask))
            for mask, retained in masks(score, cost, budget):
                weight = sum(u for u, kept in zip(units, mask, strict=True) if kept)
                beyond = weight < prices.most_items if split.least else weight > prices.most_items
                if beyond:
                    assert retained <= split.bound
                    continue
                assert retained <= upper
                spare = abs(prices.most_items - weight)
                moved = sum(abs(reduced[i]) for i in np.flatnonzero(mask != own.mask))
                loss = prices.energy * (whole - int(cost[mask].sum())) + prices.item * spare + moved
                assert loss == upper - retained
            weights.add(split.weight)
            sides.add(split.least)
    assert len(weights) == (2 if family == "multiple" else 1)
    assert sides == {True, False} or family == "strongly"


@pytest.mark.parametrize(("family", "item", "least"), [("inverse", 5, True), ("multiple", 10, False)])
def test_the_prices_are_those_that_the_family_is_made_of(family, item, least):
    """With ``p = c + t w`` and as much weight as the bound says, a full budget retains ``B + t K``: no less will do."""
    score, cost, _ = drawn(family, np.random.default_rng(6), 300)
    budget = int(cost.sum()) // 2
    instance = Instance.from_scores(score.astype(float), cost.astype(float), budget)
    base = base_of(instance, Prices(relax(instance).threshold), Fraction(budget))
    prices = prices_with_split(instance, base, Fraction(budget))[0]
    assert (prices.energy, prices.item, prices.split.least) == (1, item, least)
    own = base_of(instance, prices, Fraction(budget))
    upper = own.loss + int(score[own.mask].sum())
    assert upper == budget + (-1 if least else 1) * item * prices.most_items
    assert upper == textbook(score, cost, budget)
    assert prices.split.bound <= upper


@pytest.mark.parametrize("family", FAMILIES)
def test_what_a_split_proves_is_the_optimum(family, monkeypatch):
    """The other proofs left out: exact where it answers so, and the certificate is about masks of either side."""
    monkeypatch.setattr(exact_optimum, "_by_relaxation", lambda instance, found, *_: found)
    rng, split = np.random.default_rng(1), 0
    for _ in range(15):
        score, cost, budget = drawn(family, rng, 14)
        found = certify(Instance.from_scores(score.astype(float), cost.astype(float), budget), max_states=40_000)
        best = textbook(score, cost, budget)
        assert found.retained <= best <= found.retained + found.gap
        split += found.verdict == "exact" and "split" in found.fields["proof"]
    assert split >= 3


def textbook(score, cost, budget):
    best = np.zeros(budget + 1, np.int64)
    for p, c in zip(score.tolist(), cost.tolist(), strict=True):
        best[c:] = np.maximum(best[c:], best[: budget + 1 - c] + p)
    return int(best[-1])


def bound_beyond(p, c, budget, items, split):
    """What the other prices say of masks beyond, in Fractions."""
    energy, item = Fraction(split["energy"]), Fraction(split["item"])
    item, beyond = (item, items - 1) if split["side"] == "least" else (-item, items + 1)
    total = energy * budget + item * beyond
    for x, y in zip(p, c, strict=True):
        if x and y <= budget:
            total += max(x - energy * y - item * weight_of(split["weight"], x, y), 0)
    return total


@pytest.mark.parametrize("search", ["ordered", "halves"])
def test_no_consistent_forgery_is_accepted(search):
    """Random masks, weights, sides, bounds and prices: exact if and only if optimal and bounded beyond."""
    rng, said = np.random.default_rng(len(search)), {"exact": 0, "beyond": 0, "better": 0}
    for _ in range(1200):
        n = int(rng.integers(1, 7))
        p, c = rng.integers(0, rng.choice([4, 12]), n).tolist(), rng.integers(1, rng.choice([3, 6]), n).tolist()
        budget = int(rng.integers(0, sum(c) + 1))
        may = [i for i in range(n) if p[i] and c[i] <= budget]
        kept = list(max(subsets(may, c, budget), key=lambda some: (sum(p[i] for i in some), some)))
        if rng.random() < 0.3 and kept:
            kept.pop()
        weights = ["0", "0", "1"], [f"1/{rng.integers(1, 4)}", "1/2", str(rng.integers(1, 3))], ["0", "1/2", "0"]
        weight = weights[int(rng.choice(3, p=[0.4, 0.3, 0.3]))]  # the last weighs nothing for what costs 1
        items = max(0, sum(weight_of(weight, p[i], c[i]) for i in kept) + int(rng.integers(-1, 2)))
        split = {"weight": weight, "side": str(rng.choice(["most", "least"])),
                 "energy": f"{rng.integers(0, 9)}/2", "item": f"{rng.integers(0, 12)}/2"}  # fmt: skip
        step = {"step": "1"} if rng.random() < 0.5 else {}
        energy, item = Fraction(int(rng.integers(0, 9)), 2), Fraction(int(rng.integers(0, 5)), 2)
        result = forged(p, c, budget, kept, energy=energy, item=item, items=items, search=search, split=split, **step)
        retained, best = sum(p[i] for i in kept), optimum(p, c, budget)
        over = bound_beyond(p, c, budget, items, split) - retained
        bounded = over < 1 if step else over <= 0
        assert (result.verdict == "exact") == (bounded and retained == best), (p, c, budget, kept, result)
        said["exact"] += result.verdict == "exact"
        said["beyond"] += result.reason == "a mask on the other side of the split may retain more"
        said["better"] += result.reason == "a better mask exists"
    assert min(said.values()) > 10, said


def subsets(items, c, budget):
    for size in range(len(items) + 1):
        for some in itertools.combinations(items, size):
            if sum(c[i] for i in some) <= budget:
                yield some


def certified():
    """An instance whose certificate needs its split and a search."""
    score = np.array([17.0, 4, 36, 5, 33, 39, 12, 7, 30, 17, 3, 24])
    cost = np.array([201.0, 203, 210, 202, 207, 205, 201, 204, 208, 209, 200, 206])
    instance = Instance.from_scores(score, cost, 1240)
    budget = instance.budget
    base = base_of(instance, Prices(relax(instance).threshold), budget)
    (prices,) = prices_with_split(instance, base, budget)
    split = {"weight": list(map(str, prices.split.weight)), "side": "least" if prices.split.least else "most",
             "energy": str(prices.split.energy), "item": str(prices.split.item)}  # fmt: skip
    best = max(masks(score, cost, 1240), key=lambda one: one[1])[0]
    ties = base_of(instance, prices, budget).ties
    fields = forge(score, cost, 1240, np.flatnonzero(best).tolist(), energy=prices.energy, item=prices.item,
                   items=prices.most_items, ties=ties, split=split, grid="1", step="1")  # fmt: skip
    return score, cost, fields


def test_no_altered_field_makes_a_false_statement_accepted():
    """Every field, many values each, re-signed: what is still called exact must be true of what it now says."""
    score, cost, fields = certified()
    check = lambda one: check_certificate(sign(one), score, cost, scores=True)  # noqa: E731
    assert check(fields).verdict == "exact"
    accepted = refused = 0
    for path in leaves(fields):
        for value in variants(at(fields, path)):
            other = copy.deepcopy(fields)
            at(other, path[:-1])[path[-1]] = value
            if check(other).verdict == "refused":
                refused += path[:2] == ("proof", "split")
                continue
            accepted += 1
            budget = Fraction(other["budget"])
            assert Fraction(other["retained"]) == textbook(score.astype(int), cost.astype(int), int(budget)), path
    assert refused > 40
    assert accepted


def test_a_split_is_refused_in_words_where_it_is_none():
    score, cost, fields = certified()

    def said(**changed):
        other = copy.deepcopy(fields)
        other["proof"]["split"].update(changed)
        return check_certificate(sign(other), score, cost, scores=True).reason

    assert said(side="both") == "the side must be most or least"
    assert said(weight=["0", "1"]) == "a weight is not of three numbers"
    assert said(more="1") == "the split has, or lacks, the field 'more'"
    assert said(item="-1") == "negative number"
    assert said(energy="0", item="0") == "a mask on the other side of the split may retain more"


def test_an_interval_with_a_split_reaches_as_far_as_the_other_side(monkeypatch):
    """The bound beyond counts where it is the larger."""
    p, c, split = [5, 4, 3], [2, 2, 2], {"weight": ["0", "0", "1"], "side": "most", "energy": "3/2", "item": "0"}
    result = forged(p, c, 5, [0], energy=2, items=2, split=split, verdict="interval", item=0)
    assert result.verdict == "interval"
    assert result.about["gap"] == "6"  # U = 2 * 5 + 1 = 11
    split = {**split, "energy": "0", "item": "0"}
    assert forged(p, c, 5, [0], energy=2, items=2, split=split, verdict="interval").about["gap"] == "7"  # 5 + 4 + 3


def test_every_item_of_a_split_counts_as_work(monkeypatch):
    score, cost, fields = certified()
    monkeypatch.setattr(checker, "MAX_WORK", 40 * score.size)
    assert "too large to finish" in check_certificate(fields, score, cost, scores=True).reason


def items_of(score, cost, weight, budget):
    order = sorted(range(len(score)), key=lambda i: Fraction(int(cost[i]), int(weight[i])) if weight[i] else math.inf)
    return splits._Items(*(np.array(values, np.int64)[order] for values in (score, cost, weight)), budget)


@pytest.mark.parametrize("border", [5.3, math.nextafter(5.3, 6)])
def test_a_price_is_found_by_doubling_then_halving(border, monkeypatch):
    """Until no number is left between; of these two borders one is the even one of two neighbours, one the odd one."""
    tried, items = [], items_of([6, 4], [1, 2], [1, 1], 2)

    def overspends(_, price, most, least):
        tried.append(price)
        assert len(tried) <= 120, "it goes on for ever"
        return price < least

    monkeypatch.setattr(splits, "_overspends", overspends)
    splits._bound(items, 1, border)
    assert tried[:9] == [0, 1, 2, 4, 8, 6, 5, 5.5, 5.25]
    assert len(tried) == 57  # and 2**52 numbers from 4 to 8
    tried.clear()
    assert splits._bound(items, 1, 0.0).energy == 0
    assert tried == [0]
    tried.clear()
    assert float(splits._bound(items, 1, math.inf).energy) == pytest.approx(2**60)  # where no price is enough
    assert tried[:61] == [0, *(2**k for k in range(60))]


def test_items_are_taken_by_worth_for_as_much_weight_as_a_side_has():
    """Up to a bound while they are worth something; or until it is reached, and all that are worth something."""
    rng = np.random.default_rng(11)
    for _ in range(120):
        items = items_of(rng.integers(1, 9, 6), rng.integers(1, 9, 6), rng.choice([0, 1, 2, 4], 6), 9)
        score, cost, weight, _ = items
        price, most = int(rng.integers(0, 9)) / 2, int(rng.integers(0, weight.sum() + 1))
        worth = [value / weight[i] if weight[i] else math.inf if value > 0 else -math.inf
                 for i, value in enumerate(score - price * cost)]  # fmt: skip
        order = sorted(range(6), key=lambda i: -worth[i])
        upto = [int(weight[order[:k]].sum()) for k in range(7)]
        useful = sum(w > 0 for w in worth)
        within = max(k for k in range(7) if upto[k] <= most and -math.inf not in [worth[i] for i in order[:k]])
        upper = (within, most - upto[within]) if within < useful else (useful, 0)
        lower = (within, most - upto[within]) if within > useful else (useful, max(0, most - upto[useful]))
        for least, taken in ((False, upper), (True, lower)):
            found = splits._taken(items, price, most, least)
            assert (found[0].tolist(), *found[1:]) == (order, *taken)


def least_bound(items, most, least):
    """The least bound for one side, and the least prices that give it: at a corner, where two lines meet; or None."""
    score, cost, weight, budget = items
    trio = [tuple(map(int, one)) for one in zip(score, cost, weight, strict=True)]
    cheapest, left = Fraction(0), most
    for _, c, w in sorted(trio, key=lambda one: Fraction(one[1], one[2])):
        cheapest, left = cheapest + c * min(Fraction(left, w), 1), left - min(left, w)
    if least and (left or cheapest > budget):
        return None  # nothing is there to bound
    sign = -1 if least else 1
    energies = {Fraction(0), *(Fraction(p, c) for p, c, _ in trio)}
    for (p, c, w), (q, e, v) in itertools.combinations(trio, 2):
        energies |= {Fraction(p * v - q * w, c * v - e * w)} if c * v != e * w else set()
    best = []
    for energy in (e for e in energies if e >= 0):
        for item in {Fraction(0), *(sign * (p - energy * c) / w for p, c, w in trio)}:
            kept = sum(max(p - energy * c - sign * item * w, 0) for p, c, w in trio)
            best += [(energy * budget + sign * item * most + kept, energy, item)] if item >= 0 else []
    return min(best)


def test_the_bound_of_a_side_is_the_least_of_all_prices():
    """Against every corner of its dual, in Fractions; of the prices with that bound the least come back."""
    rng, none = np.random.default_rng(12), 0
    for k in range(60):
        n = int(rng.integers(1, 5))
        weight = rng.integers(1, 5, n) if k % 2 else np.ones(n, np.int64)
        items = items_of(
            rng.integers(1, 9, n), cost := rng.integers(1, 7, n), weight, int(rng.integers(1, cost.sum() + 1))
        )
        least = bool(rng.random() < 0.5)
        most = int(rng.integers(least, weight.sum() + 1))
        expected = least_bound(items, most, least)
        none += expected is None
        found = splits._bound(items, most, least)
        if expected is None:
            assert float(found.energy) == pytest.approx(2**60)
            assert found.value < -(2**50)
        else:
            assert found == expected, (items, most, least)
    assert 6 < none < 30


def test_a_split_is_at_the_weight_of_the_relaxations_solution():
    """Worked out item by item: the bound between the kinds, the dearer side searched, the tightest split first."""
    rng, seen = np.random.default_rng(13), set()
    for k in range(24):
        cost = rng.integers(1, 12, 5)
        score = cost + 3 * rng.integers(1, 6, 5) if k % 2 else rng.integers(0, 20, 5)
        cost[rng.integers(5)] = 50
        instance = Instance.from_scores(score.astype(float), cost.astype(float), budget := int(rng.integers(12, 25)))
        may = np.flatnonzero((score > 0) & (cost <= budget))
        p, c = score[may], cost[may]
        order = sorted(range(may.size), key=lambda i: (-Fraction(int(p[i]), int(c[i])), i))
        spent = [int(c[order[:k]].sum()) for k in range(may.size + 1)]
        whole = max(k for k in range(may.size + 1) if spent[k] <= budget)
        base = base_of(instance, Prices(relax(instance).threshold), Fraction(budget))
        if whole == may.size:
            assert prices_with_split(instance, base, Fraction(budget)) == []
            continue
        unit, expected = math.gcd(*(p - c).tolist()), []
        ways = [((0, 0, 1), np.ones_like(p)), ((Fraction(1, unit), Fraction(-1, unit), 0), (p - c) // unit)]
        for weight, units in ways if np.unique(p - c).size > 1 and (p > c).all() else ways[:1]:
            items, critical = items_of(p, c, units, budget), order[whole]
            part = Fraction(int(units[critical]) * (budget - spent[whole]), int(c[critical]))
            bound = int(units[order[:whole]].sum()) + math.floor(part)
            most, least = least_bound(items, bound, False), least_bound(items, bound + 1, True)
            sides = [(most, least, bound, False), (least, most, bound + 1, True)]
            main, other, count, side = sides[least is not None and least[0] > most[0]]
            expected.append((main, count, side, tuple(weight), other))
        found = prices_with_split(instance, base, Fraction(budget))
        expected.sort(key=lambda one: one[0][0])
        for prices, (main, count, side, weight, other) in zip(found, expected, strict=True):
            split = prices.split
            assert (prices.energy, prices.item, prices.most_items) == (*main[1:], count)
            assert (split.least, split.weight) == (side, weight)
            assert other is None or (split.bound, split.energy, split.item) == other
            seen.add((side, len(expected), other is None))
    assert {side for side, *_ in seen} == {False, True}


def test_the_weight_of_the_relaxations_solution_has_the_critical_items_part():
    """Of up to 40 units a piece: first in the order of scores per cost, whatever it scores or costs."""
    rng, parts = np.random.default_rng(14), 0
    for _ in range(20):
        cost = rng.integers(1, 30, 8)
        units = rng.integers(1, 41, 8)
        budget = int(rng.integers(30, cost.sum() + 1))
        if budget >= cost.sum() or np.unique(units).size == 1 or math.gcd(*units.tolist()) > 1:
            continue
        instance = Instance.from_scores((cost + 2.0 * units), cost.astype(float), budget)
        base = base_of(instance, Prices(relax(instance).threshold), Fraction(budget))
        left, weight = Fraction(budget), Fraction(0)
        for i in sorted(range(8), key=lambda i: (-Fraction(int(units[i]), int(cost[i])), i)):
            part = min(left / int(cost[i]), Fraction(1))
            left, weight = left - part * int(cost[i]), weight + part * int(units[i])
        (prices,) = [one for one in prices_with_split(instance, base, Fraction(budget)) if one.split.weight[0]]
        assert prices.most_items == math.floor(weight) + prices.split.least
        parts += math.floor(weight) > int(units[base.mask].sum())
    assert parts > 6


@pytest.mark.parametrize(
    ("more", "unit"),
    [([1, 2, 3], 1), ([5, 10, 320], 5), ([5, 10, 325], None), ([1, 64], 1), ([1, 65], None), ([2, 64, 65], None),
     ([5, 5, 5], None), ([0, 3, 6], None), ([-3, 3, 6], None), ([3, 6], 3), ([*range(1, 65)], 1)],
)  # fmt: skip
def test_what_scores_have_over_costs_is_a_weight_where_it_is_few_multiples(more, unit):
    cost = np.arange(10, 10 + len(more))
    (weight, ones), *others = splits._weights(cost + more, cost)
    assert (weight, ones.tolist()) == ((0, 0, 1), [1] * len(more))
    expected = [] if unit is None else [((Fraction(1, unit), Fraction(-1, unit), 0), [m // unit for m in more])]
    assert [(weight, units.tolist()) for weight, units in others] == expected
    assert all(units.dtype == np.int64 for _, units in others)


def test_sums_that_float64_cannot_tell_apart_have_no_split():
    for most, many in ((2.0**51, 0), (2.0**50, 1)):
        instance = Instance.from_scores([9.0, 8.0, 7.0, most], [4.0, 4.0, 4.0, 4.0], 9)
        base = base_of(instance, Prices(relax(instance).threshold), Fraction(9))
        assert len(prices_with_split(instance, base, Fraction(9))) == many


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
    assert tried == {2: [], 3: [], 4: [Fraction(4, 101)], 5: [Fraction(4, 101)]}
