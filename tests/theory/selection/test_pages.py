"""Pages: every fast answer is the slow one; the bound and the checker hold; bad pages are one line."""

from fractions import Fraction

import numpy as np
import pytest

from theory import CostClasses, InputError, Instance, cwmp
from theory.arithmetic import page_loops, page_scan
from theory.budget import percent
from theory.energy.pages import PAGE_MODELS
from theory.optimum.page_bound import compare_pages, page_bound
from theory.page_checker import check_pages
from theory.pages import PageCosts, page_layout, pages_of
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
        monkeypatch.setattr(module, "_brackets", lambda _, edges=(low, high): [edges])
        found = by_pages(problem)
        assert np.array_equal(found.mask, expected.mask)
        assert (found.spent, found.threshold) == (expected.spent, expected.threshold)


def test_compiled_brackets_by_sample_change_nothing(monkeypatch):
    pytest.importorskip("numba")
    costs = PageCosts(4, "0.1", "0.2")
    expected = by_pages(UPDATE, costs, budget="30%")
    monkeypatch.setattr(module, "_COMPILED", 1)
    monkeypatch.setattr(module, "_SAMPLED", 1)
    assert module._brackets(paged(UPDATE, costs, budget="30%"))
    found = by_pages(UPDATE, costs, budget="30%")
    assert np.array_equal(found.mask, expected.mask)
    assert (found.spent, found.threshold) == (expected.spent, expected.threshold)


@pytest.mark.parametrize("item", ["one", "each", "free"])
def test_numpy_and_the_loops_see_the_same(monkeypatch, item):
    monkeypatch.setattr(page_scan, "_PIECE", 100)  # many pieces, and pages longer than one
    layout = page_layout(
        PageCosts([(0, 7), (7, 200), (200, 201), (201, D)] if item == "free" else 24, ITEM[item], 0.5), D
    )
    room = np.where(np.arange(layout.page.size) % 5 == 0, 0.3, np.inf)
    given = UPDATE, True, np.atleast_1d(layout.item), layout.ends, layout.page, room, 1.5, 2.5
    found = []
    for passes in (page_loops, page_scan):
        states, mask = np.full(layout.page.size, 9, dtype=np.int8), np.zeros(D, dtype=bool)
        assert passes.state(*given, states)
        listed, pages = np.zeros(D, dtype=np.intp), np.zeros(D, dtype=np.intp)
        count = passes.sift(*given, states, mask, listed, pages)
        order = np.zeros(count, dtype=np.intp)
        starts = np.flatnonzero(np.r_[True, np.diff(pages[:count]) > 0])
        passes.rank(np.round(UPDATE[listed[:count]], 1), starts, np.r_[starts[1:], count], order)
        assert passes.sift(*given, states, mask, listed[:3].copy(), pages[:3].copy()) == count
        found.append((states, mask, listed, pages, order))
    assert {0, 1, 2} >= set(found[0][0].tolist())
    assert found[0][1].any()
    for one, other in zip(*found, strict=True):
        assert np.array_equal(one, other)
    broken = UPDATE.astype(np.float64)
    broken[5] = 1e200
    with np.errstate(over="ignore", invalid="ignore"):
        for passes in (page_loops, page_scan):
            assert not passes.state(broken, *given[1:], np.zeros(layout.page.size, dtype=np.int8))


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
