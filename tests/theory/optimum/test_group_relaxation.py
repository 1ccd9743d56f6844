"""Gomory's relaxation by remainders, against every mask and against every number of items."""

import itertools
import math
import tracemalloc
from fractions import Fraction

import numpy as np
import pytest
from forging import forged, optimum

from theory import Instance
from theory.optimum import exact_optimum, group_relaxation
from theory.optimum.certificate import certify
from theory.optimum.duals import Prices, base_of
from theory.optimum.group_relaxation import _shortest, _subset, _swaps, group
from theory.optimum.relaxation import relax
from theory.optimum.watch import STRIDE


def spanner(rng, n, generators=2, multiples=4, top=30):
    """Scores and costs that are multiples of a few pairs; a budget."""
    pairs, which = rng.integers(1, top, (generators, 2)), rng.integers(0, generators, n)
    times = rng.integers(1, multiples + 1, n)
    score, cost = (pairs[which, k] * times for k in (0, 1))
    return score, cost, int(rng.integers(cost.max(), cost.sum() + 1))


def base_and_loss(score, cost, budget):
    instance = Instance.from_scores(score.astype(float), cost.astype(float), budget)
    base = base_of(instance, Prices(relax(instance).threshold), Fraction(budget))
    return instance, base


def relaxed(p, c, energy, base, slack):
    """The least loss with any number, negative ones too, of what loses nothing: by all subsets of the others."""
    free = [c[i] for i in range(len(p)) if p[i] == energy * c[i]]
    lost = [(abs(p[i] - energy * c[i]), c[i] if i in base else -c[i]) for i in range(len(p)) if p[i] != energy * c[i]]
    divisor = math.gcd(*free)
    return min(
        sum((lost[k][0] for k in some), Fraction(0)) + energy * ((slack + sum(lost[k][1] for k in some)) % divisor)
        for size in range(len(lost) + 1)
        for some in itertools.combinations(range(len(lost)), size)
    )


def test_the_least_loss_is_that_of_the_relaxation_and_its_mask_has_it():
    rng, attained = np.random.default_rng(8), 0
    for _ in range(120):
        score, cost, budget = spanner(rng, int(rng.integers(3, 10)))
        if budget >= cost.sum():
            continue
        instance, base = base_and_loss(score, cost, budget)
        inside = set(np.flatnonzero(base.mask).tolist())
        p, c = score.tolist(), cost.tolist()
        least = group(instance, base, Fraction(10**6), 1, 10**6, lambda: False)
        assert least.loss == relaxed(p, c, base.prices.energy, inside, int(base.slack))
        upper = base.loss + instance.retained(base.mask)
        assert upper - least.loss >= optimum(p, c, budget)
        if least.deviations is not None:
            mask = base.mask.copy()
            mask[least.deviations] ^= True
            assert cost[mask].sum() <= budget
            assert upper - least.loss == int(score[mask].sum()) == optimum(p, c, budget)
            attained += 1
    assert attained > 30


def test_a_limit_that_nothing_is_below_comes_back():
    instance, base = base_and_loss(np.array([6, 4, 2, 3]), np.array([3, 2, 1, 4]), 5)
    assert group(instance, base, Fraction(0), 1, 10**6, lambda: False) == (0, None)


def test_it_gives_up_when_it_is_stopped_or_takes_too_long():
    instance, base = base_and_loss(np.array([7, 9, 9, 5, 4]), np.array([3, 4, 5, 4, 7]), 8)
    assert group(instance, base, Fraction(99), 1, 10**6, lambda: True) is None
    assert group(instance, base, Fraction(99), 1, 1, lambda: False) is None


@pytest.mark.parametrize("grid", [1, 6])
def test_many_equal_items_are_certified_by_the_group(grid):
    """Bounded knapsacks of some thousand items, whose counts a recursion over two kinds of pairs knows."""
    rng = np.random.default_rng(grid)
    for _ in range(6):
        pairs, times = rng.integers(10, 300, (2, 2)), rng.integers(1, 11, 3000)
        which = rng.integers(0, 2, 3000)
        score, cost = pairs[which, 0] * times, grid * pairs[which, 1] * times
        budget = int(cost.sum()) // 2
        found = certify(Instance.from_scores(score.astype(float), cost.astype(float), budget))
        most = [int(times[which == k].sum()) for k in (0, 1)]
        best = 0
        for x in range(min(most[0], budget // (grid * int(pairs[0, 1]))) + 1):
            y = min(most[1], (budget - x * grid * int(pairs[0, 1])) // (grid * int(pairs[1, 1])))
            best = max(best, x * int(pairs[0, 0]) + y * int(pairs[1, 0]))
        assert (found.verdict, found.retained) == ("exact", best)
        proof = found.fields["proof"]
        assert proof["search"] == "group" or Fraction(proof["loss"]) < Fraction(proof["step"])


def test_the_checker_accepts_the_relaxation_s_least_loss_and_nothing_more():
    """Of random masks and prices: by the group exact if and only if no number of items does better."""
    rng, accepted, loose = np.random.default_rng(4), 0, 0
    for _ in range(900):
        score, cost, budget = spanner(rng, int(rng.integers(2, 8)), multiples=3, top=9)
        p, c = score.tolist(), cost.tolist()
        energy = Fraction(p[0], c[0]) if rng.random() < 0.9 else Fraction(1, 97)
        may = [i for i in range(len(p)) if c[i] <= budget]
        p, c = [p[i] for i in may], [c[i] for i in may]
        fits = [some for size in range(len(p) + 1) for some in itertools.combinations(range(len(p)), size)
                if sum(c[i] for i in some) <= budget]  # fmt: skip
        kept = (
            max(fits, key=lambda some: sum(p[i] for i in some)) if rng.random() < 0.7 else fits[rng.integers(len(fits))]
        )
        base = {i for i in range(len(p)) if p[i] > energy * c[i]}
        slack = budget - sum(c[i] for i in base)
        loss = energy * (budget - sum(c[i] for i in kept))
        loss += sum(abs(p[i] - energy * c[i]) for i in base ^ set(kept))
        result = forged(p, c, budget, kept, energy=energy, search="group")
        if not loss:  # and no core
            continue
        if not any(p[i] == energy * c[i] for i in range(len(p))):
            assert result.verdict == "refused"
            continue
        retained, best = sum(p[i] for i in kept), optimum(p, c, budget)
        tight = loss <= relaxed(p, c, energy, base, slack)
        assert (result.verdict == "exact") == tight, (p, c, budget, kept, energy, result)
        assert not tight or retained == best
        accepted += tight
        loose += retained == best and not tight
    assert accepted > 100
    assert loose > 20


def test_the_group_knows_no_item_price():
    result = forged([3.0, 3.0], [1.0, 1.0], 1, [0], energy=2, item=1, items=1, cheap=1, search="group")
    assert result.reason == "the group search knows no item price"


def test_a_group_needs_something_that_loses_nothing():
    result = forged([3.0, 1.0], [2.0, 2.0], 3, [0], energy=1, search="group")
    assert result.reason == "nothing that loses nothing is there for a group"


def test_what_the_group_bounds_another_search_may_have_found(monkeypatch):
    """Where the subset sum is not solved, the mask of the balanced programme is proved by the group all the same."""
    monkeypatch.setattr(group_relaxation, "_swaps", lambda *_: None)
    monkeypatch.setattr(exact_optimum, "_SMALL_CORE", -1)
    rng, proved = np.random.default_rng(2), 0
    for _ in range(12):
        score, cost, budget = spanner(rng, 60, multiples=12)
        found = certify(Instance.from_scores(score.astype(float), cost.astype(float), budget))
        assert found.verdict == "exact"
        best = np.zeros(budget + 1, np.int64)
        for x, y in zip(score.tolist(), cost.tolist(), strict=True):
            best[y:] = np.maximum(best[y:], best[: budget + 1 - y] + x)
        assert found.retained == best[-1]
        proved += found.fields["proof"].get("search") == "group"
    assert proved > 3


def sums(sizes):
    return {sum(some) for k in range(len(sizes) + 1) for some in itertools.combinations(sizes, k)}


def test_a_subset_of_the_wanted_sum_is_found_if_there_is_one():
    rng = np.random.default_rng(31)
    drawn = [rng.integers(1, 7, int(rng.integers(1, 8))) for _ in range(25)]
    for sizes in [*drawn, *(np.full(k, 3) for k in range(1, 14)), np.repeat([2, 5], [9, 2])]:
        reachable = sums(sizes.tolist())
        for wanted in range(-2, int(sizes.sum()) + 3):
            found = _subset(sizes, wanted)
            assert (found is not None) == (wanted in reachable), (sizes, wanted)
            assert found is None or sizes[found].sum() == wanted


def test_a_subset_is_of_the_largest_sizes_and_the_first_of_equal_ones():
    assert _subset(np.array([1, 3, 2]), 3).tolist() == [False, True, False]
    assert _subset(np.array([1, 2, 2, 1, 2]), 4).tolist() == [False, False, True, False, True]
    assert _subset(np.array([4, 1, 1, 3]), 5).tolist() == [True, True, False, False]


def test_a_subset_sum_keeps_so_many_bits_and_no_more(monkeypatch):
    """As many as there are bundles, times the sums up to what is wanted: twelve equal items make 1, 2, 4 and 5."""
    sizes = np.arange(1025, 2049)  # no two alike
    assert _subset(sizes, (1 << 20) - 1) is not None
    assert _subset(sizes, 1 << 20) is None
    monkeypatch.setattr(group_relaxation, "_MOST_BITS", 4 * 10)
    assert _subset(np.full(12, 1), 9).sum() == 9
    assert _subset(np.full(12, 1), 10) is None
    assert _subset(np.array([1, 2, 3, 4]), 9) is not None
    assert _subset(np.array([1, 2, 3, 4]), 10) is None


def test_sums_beyond_what_is_wanted_take_no_room():
    """Thirty sizes of some 100,000: all their sums take 6 megabytes, those up to one and a half of them a tenth."""
    sizes = 10 * np.arange(10_000, 10_030)
    tracemalloc.start()
    assert _subset(sizes, 150_000) is None
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 2_000_000


def test_swaps_make_up_the_difference_if_any_do():
    rng, never = np.random.default_rng(32), lambda: False
    for _ in range(60):
        sizes, kept = rng.integers(1, 6, 6), rng.random(6) < 0.5
        for more in range(-12, 13):
            found = _swaps(sizes, kept, more, never)
            possible = int(sizes[kept].sum()) + more in sums(sizes.tolist())
            assert (found is not None) == possible
            if found is not None:
                after = kept.copy()
                after[found] ^= True
                assert sizes[after].sum() == sizes[kept].sum() + more
    assert _swaps(np.array([1]), np.array([True]), -1, lambda: True) is None


@pytest.mark.parametrize(
    ("kept", "other", "tried"),
    [(32, 33, [32 + 17, 65]), (1000, 40, [32 + 20, 125 + 40, 500 + 40, 1040]), (0, 3, [3]), (5, 0, [5])],
)
def test_swaps_are_looked_for_among_a_few_first(kept, other, tried, monkeypatch):
    """Evenly spread over the sizes of either side, four times as many each time, until all were tried."""
    asked, rounds = [], iter(range(8))
    monkeypatch.setattr(group_relaxation, "_subset", lambda sizes, wanted: asked.append((sizes.tolist(), wanted)))
    sizes, mask = np.arange(kept + other)[::-1] + 1, np.arange(kept + other) < kept
    assert _swaps(sizes, mask, 7, lambda: next(rounds) < 0) is None
    assert [len(some) for some, _ in asked] == tried
    large, small = sorted(sizes[mask].tolist()), sorted(sizes[~mask].tolist())
    for some, wanted in asked:
        mine = [x for x in some if x > other]
        assert mine == large[:: -(-kept // len(mine))] if kept else not mine
        assert [x for x in some if x <= other] == (small[:: -(-other // (len(some) - len(mine)))] if other else [])
        assert wanted == sum(mine) + 7


def members_in(path):
    items, count, rest = path if path else ((), 0, ())
    return [*items[:count], *(members_in(rest) if path else ())]


def test_the_least_paid_for_each_remainder_is_that_of_all_subsets():
    rng = np.random.default_rng(33)
    for _ in range(80):
        n, divisor, limit = int(rng.integers(1, 6)), int(rng.integers(1, 6)), int(rng.integers(1, 9))
        price, move, start = rng.integers(1, 5, n).tolist(), rng.integers(-4, 5, n).tolist(), int(rng.integers(divisor))
        kinds = sorted(zip(price, move, range(n), strict=True))
        least = {}
        for some in (s for k in range(n + 1) for s in itertools.combinations(range(n), k)):
            rest, paid = (start + sum(move[i] for i in some)) % divisor, sum(price[i] for i in some)
            if paid < limit:
                least[rest] = min(paid, least.get(rest, limit))
        found = _shortest(kinds, start, divisor, limit, 10**6, lambda: False)
        assert {rest: paid for rest, (paid, _) in found.items()} == least
        for rest, (paid, path) in found.items():
            some = members_in(path)
            assert len(set(some)) == len(some)
            assert (sum(price[i] for i in some), (start + sum(move[i] for i in some)) % divisor) == (paid, rest)


@pytest.mark.parametrize(
    ("kinds", "divisor", "limit", "steps"),
    [
        ([(1, 1, i) for i in range(5)], 3, 9, 2),  # two of a kind lead everywhere
        ([(1, 1, i) for i in range(5)], 9, 3, 3),  # the third costs the limit: no more are looked at
        ([(1, 1, 0), (2, 1, 1)], 4, 9, 1 + 2),  # from two states
        ([(1, 1, 0), (1, 2, 1)], 4, 9, 1 + 2),
        ([(1, 1, 0), (1, 1, 1)], 4, 9, 2),
        ([(9, 1, 0)], 4, 9, 1),
    ],
)
def test_a_path_takes_so_many_steps(kinds, divisor, limit, steps):
    assert _shortest(kinds, 0, divisor, limit, steps, lambda: False) is not None
    assert _shortest(kinds, 0, divisor, limit, steps - 1, lambda: False) is None
    assert _shortest(kinds, 0, divisor, limit, steps, lambda: True) is None


def test_between_the_states_of_one_kind_it_is_asked_whether_to_stop():
    """Of many copies each kind alone may take minutes."""
    asked, copies = [], 4 * STRIDE
    kinds = [(1, 1, i) for i in range(copies)] + [(2, copies + k, copies + k) for k in (1, 2)]
    assert _shortest(kinds, 0, 10**6, 10**5, 10**9, lambda: asked.append(0) or len(asked) == 3) is None
    assert len(asked) == 3, "once for the first kind, and twice before all states of the second"


def test_of_two_paths_that_cost_the_same_the_first_stays():
    found = _shortest([(1, 1, 7), (1, 1, 8), (2, 2, 9)], 0, 4, 9, 99, lambda: False)
    assert members_in(found[2][1]) == [7, 8]
    assert members_in(found[3][1]) == [9, 7]


@pytest.mark.parametrize("grid", [1, 3])
def test_the_least_loss_on_a_grid_and_where_its_limit_lies(grid):
    """By all subsets; what costs the limit is no better, and a step less of work is too little."""
    rng, attained, none = np.random.default_rng(34), 0, 0
    for _ in range(60):
        score, cost, budget = spanner(rng, int(rng.integers(3, 7)), top=9)
        if budget >= cost.sum():
            continue
        cost, budget = cost * grid, budget * grid
        instance, base = base_and_loss(score, cost, budget)
        inside = set(np.flatnonzero(base.mask).tolist())
        expected = relaxed(score.tolist(), cost.tolist(), base.prices.energy, inside, int(base.slack))
        least = group(instance, base, Fraction(1000), grid, 10**6, lambda: False)
        assert least.loss == expected
        assert group(instance, base, expected, grid, 10**6, lambda: False) == (expected, None)
        assert group(instance, base, expected + Fraction(1, 10**6), grid, 10**6, lambda: False).loss == expected
        if least.deviations is None:
            none += 1
            continue
        assert least.deviations == sorted(set(least.deviations))
        mask = base.mask.copy()
        mask[least.deviations] ^= True
        assert cost[mask].sum() <= budget
        assert base.loss + score[base.mask].sum() - least.loss == score[mask].sum()
        attained += 1
    assert (attained, none) == (47, 9)


def test_only_items_that_lose_less_than_the_limit_and_more_than_nothing_are_steps():
    """At the price 2 the costs 3 lose nothing; 5 loses 1, 9 loses 3: a limit of 3 leaves out the second."""
    instance, _ = base_and_loss(np.array([6, 6, 6, 5, 9]), np.array([3, 3, 3, 2, 6]), 8)
    base = base_of(instance, Prices(Fraction(2)), Fraction(8))
    assert base.mask.tolist() == [True, True, False, True, False]
    for loss, steps in ((3, 1), (4, 1 + 2)):
        assert group(instance, base, Fraction(loss), 1, steps, lambda: False) is not None
        assert group(instance, base, Fraction(loss), 1, steps - 1, lambda: False) is None


def test_there_is_no_group_where_nothing_is_free_or_sums_are_too_large():
    instance, base = base_and_loss(np.array([6, 4, 2, 3]), np.array([3, 2, 1, 4]), 5)
    other = base_of(instance, Prices(Fraction(1, 97)), Fraction(5))
    assert group(instance, other, Fraction(9), 1, 10**6, lambda: False) is None
    for largest, found in ((2.0**51, False), (2.0**50, True)):
        instance, base = base_and_loss(np.array([6, 4, 2, largest]), np.array([3, 2, 1, 4]), 7)
        assert (group(instance, base, Fraction(99), 1, 10**6, lambda: False) is not None) == found
