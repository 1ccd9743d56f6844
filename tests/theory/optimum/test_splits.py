"""Splits by a whole weight: their bounds against every mask, and what the checker makes of right and wrong ones."""

import copy
import itertools
import math
from fractions import Fraction

import numpy as np
import pytest
from enumerated import masks, textbook
from forging import at, forge, forged, leaves, optimum, sign, variants, weight_of

from theory import Instance, checker
from theory.optimum import exact_optimum, splits
from theory.optimum.certificate import certify, check_certificate
from theory.optimum.duals import Prices, base_of, cost_grid, on_grid, reduced_value
from theory.optimum.relaxation import relax
from theory.optimum.splits import prices_with_split

FAMILIES = {
    "inverse": lambda c, rng: np.maximum(c - 5, 1),
    "multiple": lambda c, rng: c + np.where(c % 3 == 0, 30, 20),
    "similar": lambda c, rng: rng.integers(1, 40, c.size),
    "strongly": lambda c, rng: c + 7,
}


def drawn(family, rng, n):
    cost = rng.integers(200, 211, n) if family == "similar" else rng.integers(6, 60, n)
    return FAMILIES[family](cost, rng), cost, int(rng.integers(cost.max(), cost.sum()))


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


def test_parts_of_the_budget_are_those_that_the_solution_is_furthest_beyond():
    """Of 2 to 512 parts: the three that it exceeds by most parts, and the three by most of the budget; if it does."""
    rng, numbers = np.random.default_rng(15), []
    for k in range(40):
        budget = int(rng.integers(600, 5000))
        cost = rng.integers(budget // 9, budget + 1, 5)
        kept, share = rng.random(5) < (0.2, 0.5, 0.8)[k % 3], Fraction(int(rng.integers(0, 7)), 7)
        kept[critical := int(rng.integers(5))] = False
        sent = [(int(c), Fraction(1)) for c in cost[kept]] + [(int(cost[critical]), share)]
        over = {m: sum(part * (c * m // (budget + 1)) for c, part in sent) - (m - 1) for m in range(2, 513)}
        tried = {*sorted(over, key=lambda m: (-over[m], m))[:3], *sorted(over, key=lambda m: (-over[m] / m, m))[:3]}
        relaxed = splits._Relaxed(np.ones(5, np.int64), cost, budget, kept, critical, share)
        found = {int(rule[1] * (budget + 1)): units.tolist() for rule, units in splits._parts(relaxed)}
        assert found == {m: (cost * m // (budget + 1)).tolist() for m in sorted(tried) if over[m] > 0}
        numbers += found
    assert {2, 512} <= set(numbers) < set(range(2, 513))
