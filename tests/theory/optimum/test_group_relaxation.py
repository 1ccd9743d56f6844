"""Gomory's relaxation by remainders, against every mask and against every number of items."""

import itertools
import math
from fractions import Fraction

import numpy as np
import pytest
from forging import forged, optimum

from theory import Instance
from theory.optimum import group_relaxation
from theory.optimum.certificate import certify
from theory.optimum.duals import Prices, base_of
from theory.optimum.group_relaxation import group
from theory.optimum.relaxation import relax


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
