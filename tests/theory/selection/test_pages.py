"""Pages: every fast answer is the slow one; the bound and the checker hold; bad pages are one line."""

from fractions import Fraction
from importlib.util import find_spec

import numpy as np
import pytest

from theory import CostClasses, InputError, Instance, cwmp
from theory.arithmetic import compiled_loops, page_loops, page_scan
from theory.budget import percent
from theory.energy.pages import PAGE_MODELS
from theory.optimum.page_bound import compare_pages, page_bound
from theory.page_checker import check_pages
from theory.pages import PageCosts, page_layout, pages_of
from theory.selection import page_bracket
from theory.selection import paged as module
from theory.selection.paged import by_pages, paged

RNG = np.random.default_rng(11)
D = 6_000
UPDATE = (RNG.standard_t(3, D) * np.repeat(RNG.lognormal(size=D // 50), 50)).astype(np.float32)
ITEM = {
    "one": "0.1",
    "free": 0,
    "each": RNG.integers(0, 5, D) / 8,
    "classes": CostClasses(RNG.integers(0, 2, D), ["0.1", "0.3"]),
}


@pytest.mark.parametrize("item", ITEM)
@pytest.mark.parametrize("share", ["0.02", "0.2", "0.7", "1"])
def test_what_is_kept_is_what_the_price_says(item, share):
    """Page by page and item by item, in rationals, at the price that came out."""
    problem = paged(
        UPDATE, PageCosts(16, ITEM[item], "0.5" if item in ("one", "classes") else 0.5), budget=percent(share)
    )
    chosen = by_pages(problem)
    assert chosen.spent == problem.spent(chosen.mask) <= problem.budget
    price, weight, cost = chosen.threshold, problem.weights(slice(None)), problem.layout.items(slice(None))
    checked = check_pages(weight.tolist(), cost.tolist(), pages_of(problem.layout), problem.layout.page.tolist(),
                          problem.budget, chosen.mask.tolist(), price)  # fmt: skip
    assert checked.spent == chosen.spent
    assert checked.retained == chosen.retained
    assert checked.bound == chosen.retained + price * (problem.budget - chosen.spent)  # optimal for what it spends
    assert checked.bound <= page_bound(problem, Fraction(float(price))) + Fraction(1, 10**6)


@pytest.mark.parametrize("item", ["one", "each"])
def test_brackets_change_nothing(monkeypatch, item):
    problem = paged(UPDATE, PageCosts(8, ITEM[item], 0.5), budget="30%")
    expected = by_pages(problem)
    price = float(expected.threshold)
    for low, high in ((price * 0.9, price * 1.1), (price, np.nextafter(price, 1e9)), (price * 1.5, price * 2),
                      (price / 3, price / 2)):  # fmt: skip
        monkeypatch.setattr(module, "brackets", lambda _, edges=(low, high): [edges])
        found = by_pages(problem)
        assert np.array_equal(found.mask, expected.mask)
        assert (found.spent, found.threshold) == (expected.spent, expected.threshold)


def test_compiled_brackets_by_sample_change_nothing(monkeypatch):
    pytest.importorskip("numba")
    costs = PageCosts(4, "0.1", "0.2")
    expected = by_pages(UPDATE, costs, budget="30%")
    monkeypatch.setattr(page_bracket, "_SAMPLED", 1)
    monkeypatch.setattr(page_bracket, "_LOOKED_AT", 2)
    for compiled in (False, True):
        monkeypatch.setattr(compiled_loops, "worth_it", lambda _, compiled=compiled: compiled)
        found_brackets = list(page_bracket.brackets(paged(UPDATE, costs, budget="30%")))
        assert found_brackets
        assert all(low < expected.threshold < high for low, high in found_brackets)
        found = by_pages(UPDATE, costs, budget="30%")
        assert np.array_equal(found.mask, expected.mask)
        assert (found.spent, found.threshold) == (expected.spent, expected.threshold)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_ties_and_the_few_near_the_price_are_decided_by_rationals(monkeypatch, dtype):
    """Whole numbers tie by the hundred; the window of the few that are sorted is a shortcut, its edges no matter."""
    pytest.importorskip("numba")
    monkeypatch.setattr(compiled_loops, "worth_it", lambda _: True)
    tied = np.round(UPDATE / np.abs(UPDATE).max() * 60).astype(dtype)
    for update in (tied, UPDATE.astype(dtype)):
        problem = paged(update, PageCosts(8, 1, "0.7"), budget="40%")
        monkeypatch.setattr(module, "_window", lambda *_: (-np.inf, np.inf))
        expected = by_pages(problem)
        price = float(expected.threshold)
        for low, high in ((price / 2, price * 2), (price, price * 1.01), (price * 0.99, price), (price * 2, price * 3)):
            monkeypatch.setattr(module, "_window", lambda *_, edges=(low, high): edges)
            found = by_pages(problem)
            assert np.array_equal(found.mask, expected.mask)
            assert (found.spent, found.threshold) == (expected.spent, expected.threshold)


def test_an_update_that_is_not_finite_is_refused(monkeypatch):
    for compiled in (False, True) if find_spec("numba") else (False,):
        monkeypatch.setattr(compiled_loops, "worth_it", lambda _, compiled=compiled: compiled)
        for bad in (np.nan, np.inf):
            broken = UPDATE.copy()
            broken[77] = bad
            with pytest.raises(InputError, match=r"update\[77\]"):
                by_pages(broken, PageCosts(16, 1, 3), "10%")


@pytest.mark.parametrize("item", ["one", "each", "free"])
@pytest.mark.parametrize("high", [2.5, np.inf])
def test_numpy_and_the_loops_see_the_same(monkeypatch, item, high):
    monkeypatch.setattr(page_scan, "_PIECE", 100)  # many pieces, and pages longer than one
    layout = page_layout(
        PageCosts([(0, 7), (7, 200), (200, 201), (201, D)] if item == "free" else 24, ITEM[item], 0.5), D
    )
    count, cost = layout.page.size, np.atleast_1d(layout.item)
    room = np.where(np.arange(count) % 5 == 0, 0.3, np.inf)
    given, low = (UPDATE, True, cost, layout.ends), 1.5 if high < np.inf else 0.0
    look = np.float64(1), np.float64(low * cost[0] if cost.size == 1 else low), 2.0**-52 if low else 1.0
    found = []
    for passes in (page_loops, page_scan):
        masked, listed = np.zeros(D, dtype=bool), [np.zeros(D, dtype=np.intp), np.zeros(D), np.zeros(D)]
        blocks = [np.zeros(count, dtype=np.intp), np.zeros(count), np.zeros(count), np.zeros(count, dtype=np.intp)]
        states = np.full(count, 9, dtype=np.int8)
        all_of = *given, layout.page, room, low, high, *look
        with np.errstate(divide="ignore"):
            items, opened, fine = passes.survey(*all_of, masked, states, *listed, *blocks)
            short = [column[:3].copy() for column in listed]
            assert passes.survey(*all_of, masked.copy(), states.copy(), *short, *blocks)[0] == items
        pages, density, price, sizes = blocks = [column[:opened] for column in blocks]
        members = np.zeros(D, dtype=np.intp)
        kept = passes.members(*given, room, pages, density, sizes, members)
        assert kept == sizes[sizes > 0].sum()
        starts = np.concatenate([[0], np.cumsum(np.diff(layout.ends)[::2])])
        weights, prices = np.zeros(starts[-1]), cost if cost.size == 1 else np.zeros(starts[-1])
        chosen = np.arange(0, count, 2)
        passes.gather(*given, room, chosen, starts, weights, prices)
        demands = [passes.demand(weights, prices, starts, layout.page[chosen], step, 1.5, 1.5 * cost[0])
                   for step in (1, 3)]  # fmt: skip
        rounded = density, price, *demands
        found.append(((states, masked, *listed, members, pages, sizes, weights, prices), rounded))
        assert fine
    assert {0, 1, 2} >= set(found[0][0][0].tolist())
    assert found[0][0][1].any() or high == np.inf
    for one, other in zip(found[0][0], found[1][0], strict=True):
        assert np.array_equal(one, other)
    for one, other in zip(found[0][1], found[1][1], strict=True):
        assert np.allclose(one, other, rtol=1e-12, atol=0)
    broken = UPDATE.astype(np.float64)
    broken[5] = 1e200
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        for passes in (page_loops, page_scan):
            assert not passes.survey(
                broken,
                *all_of[1:],
                masked,
                states,
                *listed,
                *[c.copy() for c in blocks],
            )[2]


def test_pages_that_cost_nothing_are_cwmp():
    cost = RNG.lognormal(size=D)
    for share in ("0.05", "0.5"):
        instance = Instance(UPDATE, cost, budget=percent(share))
        found = by_pages(UPDATE, PageCosts(16, cost, 0), instance.budget)
        assert np.array_equal(found.mask, cwmp(instance).mask)


def test_the_comparison_and_the_models():
    for name in ("nor-program", "ble-frames"):
        costs = PAGE_MODELS[name].costs()
        found = compare_pages(paged(UPDATE, costs, budget="10%"))
        assert found.by_pages >= max(found.item_wise, found.whole_pages) - found.bound / 50
        assert found.by_pages <= found.bound
        assert all(0 <= x <= 1 for x in found.of_bound.values())
    assert PAGE_MODELS["nor-program"].costs().page_cost == 256 * 8 * Fraction("39e-9")
    with pytest.raises(InputError, match="holds no word"):
        PAGE_MODELS["nor-program"].costs(4096)


@pytest.mark.parametrize(
    ("pages", "item", "page", "message"),
    [
        ([(0, 3), (2, 6)], 1, 1, "pages overlap: page 1 begins at 2"),
        ([(0, 3), (4, 6)], 1, 1, "leave coordinates 3 to 3 out"),
        ([(0, 3)], 1, 1, "pages end at 3, the update has 6"),
        ([(0, 0), (0, 6)], 1, 1, "holds nothing"),
        (0, 1, 1, "at least 1 coordinate"),
        (3, 1, -1, "page cost = -1: must be >= 0"),
        (3, "1uJ", "40", "page cost = 40 has no unit beside others that have: write 40J or 40uJ"),
        (3, "1", "40uJ", "item cost = 1 has no unit beside others that have: write 1J or 1uJ"),
        (3, -1, 1, "item cost = -1: must be >= 0"),
        (3, np.array([1, 1, -1, 1, 1, 1.0]), 1, r"item cost\[2\]"),
        (3, 1, [1, 2, 3], "there are 2 pages and 3 page costs"),
    ],
)
def test_bad_input_is_one_line(pages, item, page, message):
    with pytest.raises(InputError, match=message) as caught:
        page_layout(PageCosts(pages, item, page), 6)
    assert "\n" not in str(caught.value)


def test_the_checker_refuses_what_is_not_so():
    args = [1, 2], [1, 1], [(0, 2)], [1]
    assert check_pages(*args, 3, [True, True], 0).retained == 3
    for budget, price in ((2, 0), (3, -1)):
        with pytest.raises(ValueError, match=r"costs|negative"):
            check_pages(*args, budget, [True, True], price)
    with pytest.raises(ValueError, match="pages must follow"):
        check_pages([1, 2], [1, 1], [(1, 2)], [1], 3, [True, True], 0)
