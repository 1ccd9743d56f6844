"""The search of the core, piece by piece: where it starts, how far it deepens, which items it holds."""

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from theory import Instance
from theory.optimum import exact_optimum as module
from theory.optimum.core_search import Found, Item
from theory.optimum.duals import Base, Prices, Split, base_of
from theory.optimum.watch import UNWATCHED, Watch

F = Fraction
BASE = Base(Prices(F(1)), np.zeros(4, bool), 0, F(6), 0)
INSTANCE = Instance.from_scores([6.0, 5, 4, 3], [3.0, 2, 2, 2], 6)


# --- how it deepens --------------------------------------------------------------------------------

POOL = [Item(F(k), F(1), k) for k in range(9)]
NOTHING, UNFINISHED = Found(None, 5, True), Found(None, 5, False)


@pytest.mark.parametrize(
    ("found", "stops", "halved", "asked", "answer"),
    [
        ([Found((F(2), [1]), 5, True)], 99, None, [(3, 100)], (2, [1], True, "halves", 3, 5)),
        ([NOTHING, Found((F(3), [1]), 7, True)], 99, None, [(3, 100), (4, 95)], (3, [1], True, "halves", 4, 7)),
        ([NOTHING] * 3, 99, None, [(3, 100), (4, 95), (9, 90)], (9, [0], True, "halves", 9, 5)),
        ([NOTHING, UNFINISHED], 99, None, [(3, 100), (4, 95)], (9, [0], False, "ordered", 0, 0)),
        ([NOTHING, Found((F(3), [1]), 7, False)], 99, None, [(3, 100), (4, 95)], (3, [1], False, "ordered", 0, 0)),
        ([UNFINISHED], 99, (F(1), [2]), [(3, 100)], (1, [2], False, "ordered", 0, 0)),
        ([UNFINISHED], 99, (F(0), [2]), [(3, 100)], (0, [2], True, "ordered", 0, 0)),
        ([NOTHING], 1, (F(1), [2]), [(3, 100)], (9, [0], False, "ordered", 0, 0)),
        ([UNFINISHED], 1, (F(1), [2]), [(3, 100)], (9, [0], False, "ordered", 0, 0)),
        ([], 0, (F(1), [2]), [], (9, [0], False, "ordered", 0, 0)),
    ],
)
def test_cores_are_searched_until_one_holds_a_mask_below_its_limit(monkeypatch, found, stops, halved, asked, answer):
    """From a mask that loses 9, below 3, 4 and 9; where a search does not finish, one more attempt at a better mask."""
    seen, yielded, given = [], [], iter(found)

    def cores(instance, base, loss, watch):
        for limit in (F(3), F(4), loss):
            yielded.append(limit)
            yield limit, POOL

    def halves(spread, base, limit, states, stopped):
        assert (spread, limit, states) == (POOL, found[-1].best[0] if found[-1].best else 9, 100)
        return Found(halved, 0, True)

    def search(core, base, limit, on_grid, states, watch):
        assert core == [x for x in POOL if x.loss < limit]
        seen.append((limit, states))
        return next(given), "halves"

    for name, instead in (("_cores", cores), ("halves", halves), ("_search", search)):
        monkeypatch.setattr(module, name, instead)
    monkeypatch.setattr(module, "_feasible_start", lambda instance, base: (F(9), [0]))
    base = BASE
    end = module._solve_from(INSTANCE, base, F(1), 100, Watch(stopped=lambda: len(seen) >= stops))
    assert seen == asked
    assert len(yielded) == max(len(asked), 1) + (stops == 1 and found == [NOTHING]), "the first after it is to stop"
    assert (end.loss, end.deviations, end.proved, end.method, end.core, end.visits) == answer
    assert (end.base, end.grid, end.step) == (base, 1, 0)


@pytest.mark.parametrize(("loss", "proved"), [(0, True), (1, False)])
def test_a_start_that_loses_nothing_is_proved(monkeypatch, loss, proved):
    monkeypatch.setattr(module, "_feasible_start", lambda instance, base: (F(loss), [2]))
    monkeypatch.setattr(module, "_cores", lambda *given: iter([]))
    monkeypatch.setattr(module, "halves", lambda *given: Found(None, 0, True))
    end = module._solve_from(INSTANCE, BASE, F(1), 100, UNWATCHED)
    assert (end.loss, end.proved, end.method, end.core, end.visits) == (loss, proved, "ordered", 0, 0)


def test_real_costs_are_halved_first(monkeypatch):
    asked = []
    monkeypatch.setattr(module, "halves", lambda *given: asked.append(("halves", given[3])) or UNFINISHED)
    monkeypatch.setattr(module, "ordered", lambda *given: asked.append(("ordered", given[3])) or NOTHING)
    assert module._search([], BASE, F(9), False, 41, UNWATCHED) == (NOTHING, "ordered")
    assert asked == [("halves", 20), ("ordered", 20)]


@pytest.mark.parametrize(
    ("budget", "prices", "start"),
    [
        (9, Prices(F(1, 2)), (0, [])),  # it just fits
        (12, Prices(F(1, 2)), (F(3, 2), [])),
        (8, Prices(F(1, 2)), (2 + F(3, 2), [0])),  # one too many
        (5, Prices(F(1, 2), F(1, 4), 3, F(5)), (F(7, 4) + F(1, 4), [0])),  # with a price of items, which one now saves
    ],
)
def test_a_start_keeps_what_fits(budget, prices, start):
    instance = Instance.from_scores([4.0, 4, 4.5], [4.0, 2, 3], budget)
    base = base_of(instance, prices, F(budget))
    assert base.mask.all()
    assert module._feasible_start(instance, base) == start


def test_densities_are_not_rounded():
    instance = Instance.from_scores([4.5, 3, 7], [3.0, 2.5, 4], 9)
    assert module._feasible_start(instance, base_of(instance, Prices(F(1)), F(9)))[1] == [1]
    assert list(module._cheapest_to_lose(instance, replace(BASE, mask=np.ones(3, bool)))) == [1, 0, 2]


# --- the core --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("limits", "loss", "asked", "cores"),
    [
        ([[F(1, 2), 8], [3, 8, 20]], 30, [2_000, 10_000], [(F(1, 2), 2_000), (8, 2_000), (20, 10_000)]),
        ([[3, 20], [99]], 20, [2_000], [(3, 2_000), (20, 2_000)]),
        ([[0, 8], [8]], 20, [2_000, 10_000], [(8, 2_000)]),
    ],
)
def test_the_pool_grows_where_the_limits_do_not_reach_the_loss(monkeypatch, limits, loss, asked, cores):
    """The second pool goes on beyond the last limit of the first."""
    seen = []

    def pool(instance, base, loss, most, threads):
        seen.append(most)
        return most, len(seen) - 1

    monkeypatch.setattr(module, "_pool", pool)
    monkeypatch.setattr(module, "_limits", lambda pool, complete: [F(x) for x in limits[complete]])
    found = list(module._cores(INSTANCE, BASE, F(loss), UNWATCHED))
    assert seen == asked
    assert found == cores


EIGHT = Instance.from_scores(np.arange(1.0, 9), [2.0] * 8, 7)  # at a price of 1 they are 1 0 1 2 3 4 5 6 from it


@pytest.mark.parametrize(
    ("loss", "most", "size", "complete"),
    [
        (3, 8, 5, 3),
        (3, 5, 5, 3),
        (3, 4, 4, 3 * (1 - F(1, 1 << 30))),
        (9, 8, 8, 9),
        (9, 7, 7, 6 * (1 - F(1, 1 << 30))),
        (F(13, 4), 4, 4, 3 * (1 - F(1, 1 << 30))),
    ],
)
def test_a_pool_is_complete_up_to_the_first_that_it_does_not_hold(loss, most, size, complete):
    base = base_of(EIGHT, Prices(F(1)), F(7))
    pool, limit = module._pool(EIGHT, base, F(loss), most, 1)
    assert (len(pool), limit) == (size, complete)
    signs = [1 if base.mask[x.at] else -1 for x in pool]
    assert [x[:2] + x[3:] for x in pool] == [
        (abs(F(x.at) - 1), 2 * sign, sign) for x, sign in zip(pool, signs, strict=True)
    ]


@pytest.mark.parametrize("least", [False, True])
def test_a_core_item_of_a_split_moves_its_weight(least):
    """Of weights 1 to 8, up to a sum or from there on."""
    prices = Prices(F(1), F(1, 4), 9, split=Split((F(1), F(0), F(0)), least, F(1), F(0), F(99)))
    base = base_of(EIGHT, prices, F(7))
    pool, _ = module._pool(EIGHT, base, F(99), 99, 1)
    assert len(pool) == 8
    for x in pool:
        weight = (-1 if least else 1) * (x.at + 1)
        assert x.loss == abs(F(x.at + 1) - 2 - F(1, 4) * weight)
        assert x.units == (weight if base.mask[x.at] else -weight)


def test_no_pool_reaches_beyond_the_loss(monkeypatch):
    """A tenth is less than its float, which a sample may suggest."""
    base = base_of(EIGHT, Prices(F(1)), F(7))
    monkeypatch.setattr(module, "_enough", lambda instance, prices, most: 0.1)
    assert module._pool(EIGHT, base, F(1, 10), 9, 1)[1] == F(1, 10)
    assert module._pool(EIGHT, base, F(1, 5), 9, 1)[1] == F(0.1)


@pytest.mark.parametrize(("d", "most", "share"), [(16, 4, 0.5), (16, 2, 0.25), (24, 3, 0.25), (31, 31, 1), (17, 99, 1)])
def test_a_sample_says_how_wide_so_many_items_are(monkeypatch, d, most, share):
    """Every second or third item, and twice as many as are wanted."""
    monkeypatch.setattr(module, "_SAMPLE", 8)
    distance = np.random.default_rng(d).permutation(d) + 1.0
    instance = Instance.from_scores(distance, np.ones(d), 1)
    sample = distance[:: d // 8]
    assert module._enough(instance, Prices(F(0)), most) == np.quantile(sample, share)


def test_only_of_large_instances_a_sample_is_drawn():
    large = Instance.from_scores(np.ones(1 << 19), 1, 1)
    assert module._enough(large, Prices(F(0)), 9) == 1
    assert module._enough(Instance.from_scores(np.ones((1 << 19) - 1), 1, 1), Prices(F(0)), 9) == np.inf


def test_distances_from_the_threshold():
    instance, items = Instance.from_scores([6.0, 5, 4, 1e308], [3.0, 2, 5, 1e308], 6), np.arange(3)
    assert module._distance(instance, Prices(F(1)), items).tolist() == [3, 3, 1]
    assert module._distance(instance, Prices(F(1), F(1, 2), 2), items).tolist() == [2.5, 2.5, 1.5]
    weighed = Prices(F(1), F(1, 2), 2, split=Split((F(1), F(0), F(0)), False, F(1), F(0), F(9)))
    assert module._distance(instance, weighed, items).tolist() == [0, 0.5, 3]
    assert module._distance(instance, Prices(F(2)), np.array([3])).tolist() == [np.inf]


class Rising(list):
    """A pool of which no item is looked at twice."""

    asked = -1

    def __getitem__(self, at):
        assert at > self.asked
        self.asked = at
        return super().__getitem__(at)


def limits_of(losses, most):
    return module._limits(Rising(Item(F(loss), F(1), k) for k, loss in enumerate(losses)), F(most))


def test_limits_hold_ten_items_and_then_ever_more():
    assert limits_of(range(60), 1000) == [10, 12, 14, 16, 18, 21, 24, 27, 31, 35, 40, 45, 51, 58, 1000]
    assert limits_of(range(11), 1000) == [10, 1000]
    assert limits_of(range(10), 1000) == [1000]
    assert limits_of(range(40), "16.5") == [10, 12, 14, 16, F("16.5")]
    assert limits_of(range(40), "1/2") == [F(1, 2)]
    assert limits_of([], 0) == []


def test_equal_losses_are_one_limit_and_none_is_nothing():
    assert limits_of([k // 20 for k in range(60)], 1000) == [1, 2, 1000]
    assert limits_of([k // 15 for k in range(30)], 9) == [1, 9]
    assert limits_of([k // 12 for k in range(30)], 1) == [1]


def test_a_spread_is_forty_of_the_nearest_sixteen_hundred():
    pool = [Item(F(k), F(k * 7 % 4001), k) for k in range(2000)]
    spread = module._spread(pool)
    nearest = sorted(pool[:1600], key=lambda x: x.shift)
    assert spread == nearest[::40]
    assert module._spread(pool[:1]) == pool[:1]
    assert len(module._spread([*pool[:1599], *[Item(F(1599), F(k), k) for k in range(80)]])) == 41
