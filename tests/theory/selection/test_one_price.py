"""One price is one selection of all updates laid end to end; what it saves is exact and as predicted."""

from fractions import Fraction

import numpy as np
import pytest

from theory import CostClasses, InputError, Instance, cwmp
from theory.budget import percent
from theory.laws.clients import power_mean, price_law
from theory.optimum.pooled import price_gain
from theory.selection import one_price as one_price_module
from theory.selection.one_price import _in_doubt, one_price

RNG = np.random.default_rng(5)


@pytest.mark.parametrize("d", [1, 37, 20_000])
@pytest.mark.parametrize("kind", ["each", "shared classes", "one cost", "one dear cost", "own classes"])
@pytest.mark.parametrize("share", ["0.05", "0.4", "1"])
def test_it_is_cwmp_of_the_concatenation(kind, d, share):
    updates = [np.round(RNG.standard_t(3, d) * s, 1).astype(np.float32) for s in (1, 3, 0.5)]
    labels = [RNG.integers(0, 2, d) for _ in updates]
    own, shared = [CostClasses(one, ["0.1", "0.7"]) for one in labels], CostClasses(labels[0], ["0.1", 3])
    each = [RNG.lognormal(size=d) for _ in updates]
    costs, pooled = {
        "each": (each, np.concatenate(each)),
        "shared classes": (shared, CostClasses(np.tile(labels[0], 3), ["0.1", 3])),
        "one cost": ("0.1", "0.1"),
        "one dear cost": (10**20 + 1, 10**20 + 1),  # which is no float: the unit is more than a joule
        "own classes": (own, CostClasses(np.concatenate(labels), ["0.1", "0.7"])),
    }[kind]
    whole = Instance(np.concatenate(updates), pooled, budget=percent(share))
    expected = cwmp(whole)
    calls = []
    found = one_price(lambda: (calls.append(1), iter(updates))[1], costs, whole.budget * whole.unit)
    assert np.array_equal(np.concatenate(found.masks), expected.mask)
    assert sum(found.spent) * found.unit == expected.spent * expected.unit
    assert sum(found.retained) == expected.retained
    assert found.threshold / found.unit == expected.threshold / expected.unit
    assert len(calls) == 2


@pytest.mark.parametrize("clients", [1, 3])
def test_budgets_beyond_any_float_buy_everything(clients):
    updates, dearest = [np.arange(1.0, 6)] * clients, np.full(5, 1e300)
    one = Fraction(1e300)
    for total, kept in (
        (5 * clients * one, 5 * clients),
        (5 * clients * one - 1, 5 * clients - 1),
        (2 * one, 2),
        (10**400, 5 * clients),
    ):
        assert sum(int(mask.sum()) for mask in one_price(updates, dearest, total).masks) == kept


@pytest.mark.parametrize("items", [0, 1024])
def test_which_bins_are_in_doubt(items):
    """Bins 6 and 3 of eight hold a joule each; a sum may err by ``e`` for each item and bin, the budget by ``e``."""
    sums, e = np.array([0, 0, 0, 1.0, 0, 0, 1.0, 0]), 2.0**-50
    each = e * (items + 8)
    for limit, span in ((1, (6, 3)), (1 + each, (6, 3)), (1 + each + 2 * e, (3, 3)), (1.5, (3, 3)), (0.5, (6, 6)),
                        (1 - each, (6, 3)), (1 - each - 2 * e, (6, 6)), (0, (6, 6)), (2, (3, 0)), (3, (-1, 0)),
                        (Fraction(10) ** 400, (-1, 0))):  # fmt: skip
        assert _in_doubt(sums, items, Fraction(limit)) == span, limit


def test_what_it_saves_is_exact():
    updates = [np.array([3.0, 1.0]), np.array([2.0, 1.0])]
    found = price_gain(updates, 1, 2)
    assert (found.one, found.equal) == (9 + 4, 9 + 4)
    assert found.bound == 0
    found = price_gain([np.array([3.0, 2.0]), np.array([1.0, 1.0])], 1, 2)
    assert (found.one, found.equal) == (13, 10)
    assert found.budgets == (2, 0)
    assert found.at_equal_score == 1 + Fraction(1, 4)  # 9, and a quarter of the item of score 4
    assert found.saving == Fraction(3, 8)


def test_the_law_of_clients():
    assert price_law([2, 2, 2], 3.5) == price_law([1], 3.5)
    assert price_law([1, 1], 4).retained == pytest.approx(1)
    law = price_law([1, 3], 4)
    assert law.retained == pytest.approx(np.sqrt(41) / 5)  # M_4^2 = sqrt(41), M_2^2 = 5
    assert law.energy == pytest.approx(law.retained**-2)  # a/(a-2) = 2
    assert power_mean([1, 4], 0) == pytest.approx(2)
    for scales, index in (([1, -1], 3), ([], 3), ([1, 2], 2)):
        with pytest.raises(InputError):
            price_law(scales, index)


@pytest.mark.parametrize(
    ("updates", "costs", "message"),
    [
        ([np.ones(3), np.ones(4)], 1, "client 1 has 4 coordinates, client 0 has 3"),
        ([np.ones(3), np.ones(3), np.ones(2)], 1, "client 2 has 2 coordinates, client 0 has 3"),
        ([np.ones(0), np.ones(3)], 1, "client 1 has 3 coordinates, client 0 has 0"),
        ([np.ones(3)] * 2, [np.ones(3), "0.1"], "costs of some clients are decimals that float64 cannot hold"),
        ([np.ones(3)] * 2, [np.ones(3), 10**20 + 1], "costs of some clients are decimals that float64 cannot hold"),
        ([], 1, "holds no client"),
        ([np.ones(3)] * 2, [1, 1, 1], "3 costs for 2 clients"),
        ([np.ones(3)] * 2, [1], "more clients than costs"),
        ([np.ones(3), np.array([1, np.nan, 1])], 1, "client 1: .*finite"),
        ([np.ones(3), np.full(3, 1e200)], 1, "client 1: .*cannot be pooled"),
    ],
)
def test_bad_input_is_one_line(updates, costs, message):
    with pytest.raises(InputError, match=message) as caught:
        one_price(updates, costs, 2)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("first", "second", "cost", "total"),
    [
        (np.ones(50), np.full(50, 2.0), 1, 5),
        (np.ones(50), np.full(50, 0.5), 1, 5),
        (np.array([3.0, 2.0, 1.0, 1.0]), np.array([3.0, 2.0, 1.0, 2.0]), 1, 2),
        (np.array([3.0, 1.0]), np.array([1.0, 3.0]), np.array([1.0, 2.0]), 2),  # as large, and a joule too dear
    ],
)
def test_updates_that_change_between_the_passes_are_refused(first, second, cost, total):
    draws = iter([first, second])
    with pytest.raises(InputError, match="other updates the second time"):
        one_price(lambda: [next(draws)], cost, total)


def test_nothing_is_bought_for_nothing():
    found = one_price([np.array([2.0, 1.0]), np.zeros(2)], 1, 0)
    assert [mask.tolist() for mask in found.masks] == [[False] * 2] * 2
    assert (found.spent, found.retained, found.threshold, found.critical) == ((0, 0), (0, 0), 0, None)


def test_the_first_pass_counts_what_may_be_bought_and_what_it_costs(monkeypatch):
    seen = []
    monkeypatch.setattr(one_price_module, "_in_doubt", lambda *given: seen.append(given) or _in_doubt(*given))
    found = one_price([np.array([2.0, 0.0, 1.0]), np.array([0.0, 3.0, 5.0])], np.array([1.0, 2.0, 7.0]), 6)
    ((sums, items, budget),) = seen
    assert (sums.sum(), items, budget) == (1 + 2, 2, 6)
    assert [mask.tolist() for mask in found.masks] == [[True, False, False], [False, True, False]]


def test_two_answers_are_two_whatever_they_hold():
    """They hold arrays, which are neither equal nor different."""
    assert len({one_price([np.ones(1)], 1, 1) for _ in range(2)}) == 2
