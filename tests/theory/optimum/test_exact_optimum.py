"""The search for the optimum, piece by piece and against every mask, with and without enough states to finish."""

import random
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
import pytest

from theory import Instance, cwmp, top_k
from theory.optimum import exact_optimum as module
from theory.optimum.certificate import certify
from theory.optimum.core_search import Found, Item
from theory.optimum.duals import Base, Prices, Split, base_of, reduced_value
from theory.optimum.exact_optimum import solve
from theory.optimum.watch import UNWATCHED

N = 11
MASKS = ((np.arange(1 << N)[:, None] >> np.arange(N)) & 1).astype(bool)


def drawn(seed):
    """Integers, strongly correlated ones, dyadic costs; budgets from next to nothing to nearly all."""
    rng = np.random.default_rng(seed)
    c = rng.permutation(np.arange(20, 60))[:N].astype(float)
    p = {0: c + 10, 1: rng.integers(1, 90, N), 2: c * 2 - rng.integers(0, 3, N)}[seed % 3].astype(float)
    if seed % 4 == 0:
        c, p = c + rng.integers(0, 1 << 20, N) / (1 << 20), p + rng.integers(0, 1 << 20, N) / (1 << 20)
    return Instance.from_scores(p, c, Fraction(int(rng.integers(15, int(c.sum())))))


def best(instance):
    """The most that any mask retains: doubles hold these sums exactly."""
    fits = MASKS @ instance.cost <= float(instance.budget)
    return Fraction(float((MASKS[fits] @ instance.score).max()))


@pytest.mark.parametrize("seed", range(60))
def test_what_is_proved_is_the_optimum(seed):
    instance = drawn(seed)
    solution = solve(instance)
    assert solution.proved
    assert instance.feasible(solution.mask)
    assert instance.retained(solution.mask) == best(instance)
    assert solution.bound(instance) - solution.loss == best(instance)


@pytest.mark.parametrize("seed", range(60))
@pytest.mark.parametrize("states", [1, 12, 60])
def test_cut_short_the_interval_holds_the_optimum_and_every_selector(seed, states):
    instance = drawn(seed)
    solution = solve(instance, max_states=states)
    found = instance.retained(solution.mask)
    assert instance.feasible(solution.mask)
    assert found <= best(instance) <= found + solution.loss
    assert not solution.proved or found == best(instance)
    assert found >= max(s(instance, rounding=r).retained for s in (cwmp, top_k) for r in ("prefix", "fill", "best-of"))


def test_a_start_that_overruns_gives_up_what_is_cheapest_to_lose():
    """The prices are too low: the set costs 9 of 5; of densities 1, 2 and 3/2 the first two to go are 1 and 3/2."""
    instance = Instance.from_scores([4.0, 4, 4.5], [4.0, 2, 3], 5)
    base = base_of(instance, Prices(Fraction(1, 2)), Fraction(5))
    assert base.slack == -4
    loss, deviations = module._feasible_start(instance, base)
    assert deviations == [0]
    assert loss == reduced_value(instance, base.prices, 0) + base.prices.energy * 0
    loss, deviations = module._feasible_start(
        instance.with_budget(4), base_of(instance, Prices(Fraction(1, 2)), Fraction(4))
    )
    assert deviations == [0, 2]
    assert loss == 2 + 3 + Fraction(1, 2) * 2


def test_a_start_counts_what_the_cut_leaves():
    instance = Instance.from_scores([4.0, 4, 4], [1.0, 1, 1], 3)
    base = base_of(instance, Prices(Fraction(1), Fraction(5), 3, Fraction(2)), Fraction(3))
    assert (base.mask.any(), base.spare) == (False, 3)
    assert module._feasible_start(instance, base) == (Fraction(3 + 15), [])


@pytest.mark.parametrize("seed", range(8))
def test_the_pool_lacks_no_item_below_its_limit(monkeypatch, seed):
    instance = drawn(seed)
    base = base_of(instance, Prices(Fraction(3, 2)), instance.budget)
    reduced = {i: reduced_value(instance, base.prices, i) for i in range(N)}
    may = {i for i in range(N) if Fraction(instance.cost[i]) <= instance.budget}
    for size in (3, 100):
        pool, complete = module._pool(instance, base, Fraction(50), size, 1)
        assert [x.loss for x in pool] == sorted(abs(reduced[x.at]) for x in pool)
        assert {x.at for x in pool} >= {i for i in may if abs(reduced[i]) < complete}
        assert all(x.shift == (1 if base.mask[x.at] else -1) * Fraction(instance.cost[x.at]) for x in pool)
        assert (complete == 50) == (size == 100 or sum(abs(reduced[i]) <= 50 for i in may) <= 3)
        assert len(pool) <= size


def test_both_searches_are_tried_and_the_better_mask_stays(monkeypatch):
    asked = []

    def search(name, found):
        return name, lambda core, base, limit, visits, stopped: asked.append((name, visits)) or found

    poor, good = Found((Fraction(5), [1]), 9, False), Found((Fraction(2), [2]), 9, False)
    base = Base(Prices(Fraction(1)), np.zeros(1, bool), 0, Fraction(1), 0)
    for first, second, expected in (
        (poor, good, "halves"),
        (good, poor, "ordered"),
        (Found(None, 9, False), poor, "halves"),
    ):
        for name, found in (search("ordered", first), search("halves", second)):
            monkeypatch.setattr(module, name, found)
        found, method = module._search([], base, Fraction(9), True, 40, UNWATCHED)
        assert (method, found) == (expected, first if expected == "ordered" else second)
    assert asked[:2] == [("ordered", 20), ("halves", 20)]
    asked.clear()
    monkeypatch.setattr(module, "halves", search("halves", Found(None, 3, True))[1])
    assert module._search([], base, Fraction(9), False, 40, UNWATCHED) == (Found(None, 3, True), "halves")
    assert asked == [("halves", 20)]


def test_a_spread_takes_near_items_of_every_shift():
    pool = sorted(Item(Fraction(k % 90), Fraction((k * 7) % 100 - 50), k) for k in range(2000))
    spread = module._spread(pool)
    assert 40 <= len(spread) <= 80
    assert [x.shift for x in spread] == sorted(x.shift for x in spread)
    assert max(x.loss for x in spread) <= pool[1599].loss
    assert module._spread([]) == []
    assert len(module._spread(pool[:7])) == 7


# --- how it is found -------------------------------------------------------------------------------


def posed(kind, seed):
    """Forty items: integers (their scores in quarters, so that no step is used), near-proportional ones, real costs."""
    rng = random.Random(f"{kind} {seed}")
    c = np.array([20 + int(40 * rng.random()) for _ in range(40)], dtype=float)
    p = c + 10.25 if kind == "proportional" else np.array([1 + int(360 * rng.random()) / 4 for _ in range(40)])
    if kind == "real":
        c += np.array([int(2**20 * rng.random()) / 2**20 for _ in range(40)])
    return Instance.from_scores(p, c, Fraction(int(c.sum() * (0.2 + 0.5 * rng.random()))))


def path_to(kind, states):
    """What settles each of five instances: method, size of the core / visits, and whether it is proved."""
    found = []
    for seed in range(5):
        solution = solve(posed(kind, seed), max_states=states)
        found.append(f"{solution.method} {solution.core}/{solution.visits}{'' if solution.proved else '?'}")
    return found


PATHS = {
    ("integers", 10**6): ["ordered 10/103", "ordered 10/80", "ordered 10/77", "ordered 10/49", "ordered 10/116"],
    ("integers", 300): ["halves 10/36", "halves 10/31", "halves 10/33", "ordered 10/49", "halves 10/37"],
    ("proportional", 10**6): [
        "ordered 10/15",
        "ordered 21/194",
        "ordered 35/929",
        "ordered 33/889",
        "ordered 21/102",
    ],
    ("proportional", 300): ["ordered 10/15", "ordered 0/0?", "ordered 0/0?", "ordered 0/0?", "ordered 0/0?"],
    ("real", 10**6): ["ordered 10/84", "ordered 10/81", "ordered 6/39", "ordered 10/78", "ordered 12/90"],
    ("real", 300): ["halves 10/33", "halves 10/37", "ordered 6/39", "halves 10/29", "halves 12/41"],
}


@pytest.mark.parametrize(("kind", "states"), PATHS)
def test_the_search_deepens_as_before(kind, states):
    """Recorded: deeper than necessary leaves fewer instances within reach. Record a change on purpose."""
    assert path_to(kind, states) == PATHS[kind, states]


@dataclass(frozen=True)
class Said:
    """A search of one side of a split, as far as comparing it with others goes."""

    name: str
    most: int
    proved: bool = False
    step: int = 1
    grid: int = 1

    def bound(self, instance):
        return self.most


@pytest.mark.parametrize(
    ("sides", "best"),
    [([("a", 9, 8)], "a"), ([("a", 9, 9)], "a"), ([("a", 8, 9)], "start"), ([("a", 10, 3)], "start"),
     ([("a", 9, 3), ("b", 8, 3)], "b"), ([("a", 8, 3), ("b", 8, 3)], "a"), ([("a", 8, 3), ("b", 7, 8)], "a"),
     ([], "start")],
)  # fmt: skip
def test_the_split_whose_sides_bound_all_masks_best_gives_the_interval(sides, best, monkeypatch):
    """Each a name, the bound of the side that was searched, and that of the other, which may be the larger."""
    searched = iter([Said(name, most) for name, most, _ in sides])
    monkeypatch.setattr(module, "base_of", lambda *_: None)
    monkeypatch.setattr(module, "_solve_from", lambda *_: next(searched))
    splits = [Prices(1, split=Split((0, 0, 1), False, 1, 1, other)) for *_, other in sides]
    instance = Instance.from_scores([3.0, 2.0], [2.0, 2.0], 3)
    found = module._by_splits(instance, Said("start", 10, step=7), splits, 100, UNWATCHED)
    assert (found.name, found.proved, found.step) == (best, False, 7)


@pytest.mark.parametrize(("more", "n"), [(1, 20), (0, 20), (3, 30)])
def test_a_small_core_of_large_numbers_is_proved_so_that_it_can_be_checked(more, n):
    """Some integers of 2^45, scores a little above costs, half the budget: by halves, sooner than any other way."""
    rng = np.random.default_rng(n + more)
    cost = rng.integers(1 << 44, 1 << 45, n).astype(float)
    found = certify(Instance.from_scores(cost + more * rng.integers(1, 1 << 20, n), cost, int(cost.sum()) // 2))
    assert (found.verdict, found.unchecked) == ("exact", False)
    assert found.fields["proof"]["search"] == "halves"
