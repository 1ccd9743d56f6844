"""The balanced dynamic programme, and the proofs by a step and by dense windows, against the textbook recursion."""

import itertools
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from theory import Instance, checker
from theory.optimum import dense_search, exact_optimum
from theory.optimum.certificate import certify, check_certificate
from theory.optimum.dense_search import (
    CHECKED_CELLS,
    CHECKED_WINDOW,
    MAX_ITEMS,
    Best,
    _Core,
    _Windows,
    dense,
)
from theory.optimum.duals import Base, Prices, base_of

COSTS = np.random.default_rng(7).integers(1, 200, 25)


def textbook(score, cost, budget) -> int:
    best = np.zeros(budget + 1, np.int64)
    for p, c in zip(score.astype(int).tolist(), cost.astype(int).tolist(), strict=True):
        if c <= budget:
            best[c:] = np.maximum(best[c:], best[: budget + 1 - c] + p)
    return int(best[-1])


def scores(family, cost, rng):
    return {
        "strongly": cost + 20, "inverse": np.maximum(cost - 20, 0), "equal": cost.copy(), "ceiling": 3 * -(-cost // 3),
        "two": cost + np.where(cost % 6 == 0, 60, 40), "free": rng.integers(0, 200, cost.size),
    }[family]  # fmt: skip


@pytest.mark.parametrize("times", [(1, 1), (7, 1), (1, 6), (10, 14)])
@pytest.mark.parametrize("family", ["strongly", "inverse", "equal", "ceiling", "two", "free"])
def test_no_mask_retains_more_and_the_checker_agrees(family, times):
    rng = np.random.default_rng([times[0], times[1], len(family)])
    for _ in range(12):
        cost = rng.integers(1, 200, rng.integers(17, 40))
        score, cost = scores(family, cost, rng) * times[0], cost * times[1]
        budget = int(rng.integers(0, cost.sum() + 1))
        found = certify(Instance.from_scores(score.astype(float), cost.astype(float), budget))
        assert found.verdict == "exact"
        assert found.retained == textbook(score, cost, budget)
        assert found.spent <= budget


def certified(monkeypatch, method="dense"):
    """A certificate whose proof needs a search, by that method."""
    cost = COSTS.astype(float)
    instance = Instance.from_scores(cost + 1000 * (cost % 2) + 20, cost, int(cost.sum()) // 3)
    whole = exact_optimum._solve_whole

    def under(*arguments):
        found = whole(*arguments)
        assert found is not None
        return replace(found, method=method)

    monkeypatch.setattr(exact_optimum, "_solve_whole", under)
    found = certify(instance)
    assert found.verdict == "exact"
    return instance, found.fields


def answer(instance, fields, **changed):
    proof = {**fields["proof"], **changed}
    altered = {**fields, "proof": {name: value for name, value in proof.items() if value is not None}}
    return check_certificate({**altered, "digest": checker.digest(altered)}, instance.score, instance.cost, scores=True)


def test_a_step_that_scores_do_not_come_in_is_refused(monkeypatch):
    instance, fields = certified(monkeypatch)
    assert "not a multiple of the step" in answer(instance, fields, step="5000").reason
    assert "no float64" in answer(instance, fields, step="1/3").reason
    assert "no float64" in answer(instance, fields, step="-1").reason
    assert answer(instance, fields, step="1/2").verdict == "exact"
    assert answer(instance, fields, step=None).verdict == "exact"


def test_a_step_is_no_argument_about_squares():
    update = np.array([1.0, 2, 3, 4, 5])
    instance = Instance(update, np.array([2.0, 3, 5, 7, 9]), 10)
    fields = certify(instance).fields
    if fields["proof"]["kind"] == "core":
        fields = {**fields, "proof": {**fields["proof"], "step": "1"}}
        fields["digest"] = checker.digest(fields)
        assert "scores that were given" in check_certificate(fields, update, instance.cost).reason


@pytest.mark.parametrize("method", ["dense", "ordered", "halves"])
def test_a_worse_mask_is_refused_by_every_search(monkeypatch, method):
    """The interval of a stopped search, claimed to be exact."""
    for seed in range(40):
        rng = np.random.default_rng(seed)
        cost = rng.integers(1, 200, 30).astype(float)
        score = cost + np.where(cost % 6 == 0, 60, 40)
        instance = Instance.from_scores(score, cost, int(cost.sum()) // 3)
        with monkeypatch.context() as patch:
            patch.setattr(exact_optimum, "_solve_whole", lambda *_: None)
            patch.setattr(exact_optimum, "prices_with_cut", lambda *_: [])
            poor = certify(instance, max_states=1)
        claimed = {**poor.fields, "verdict": "exact"}
        if claimed["proof"]["kind"] != "core":
            continue
        best = textbook(score, cost, int(cost.sum()) // 3)
        said = answer(instance, claimed, step="1", search=method)
        assert said.verdict == ("exact" if poor.retained == best else "refused"), said.reason
        if poor.retained < best:
            assert said.reason == "a better mask exists"


def test_windows_too_wide_for_the_checker_are_refused(monkeypatch):
    instance, fields = certified(monkeypatch)
    monkeypatch.setattr(checker, "MAX_STATES", 20)
    assert "too large to finish" in answer(instance, fields, search="dense", step=None).reason


def test_what_the_checker_cannot_search_again_is_an_interval_that_says_so(monkeypatch):
    cost = COSTS.astype(float)
    instance = Instance.from_scores(cost + np.where(cost % 6 == 0, 60, 40), cost, int(cost.sum()) // 3)
    whole = certify(instance)
    assert whole.verdict == "exact"
    assert not whole.unchecked
    monkeypatch.setattr(checker, "MAX_STATES", 1)
    found = certify(instance)
    assert (found.verdict, found.retained, found.unchecked) == ("interval", whole.retained, True)
    assert "too much to check again" in found.how


NEVER = lambda: False  # noqa: E731


def core_of(loss, shift):
    return _Core(np.array(loss, np.int64), np.array(shift, np.int64), 10 * np.arange(len(loss)))


def item_by_item(loss, shift, slack, energy, step, limit):
    """The programme in a dictionary: every window's ends and what is in it, the best, the limit, and cells by step."""
    paid, low, high = {slack: (0, ())}, slack, slack
    best, windows, cells = None, [], []

    def compared():
        nonlocal best, limit
        total, at = min(((p + energy * s, s) for s, (p, _) in paid.items() if s >= 0), default=(limit, 0))
        if total < limit:
            best, limit = paid[at][1], total - step + 1

    compared()
    for k, (price, move) in enumerate(zip(loss, shift, strict=True)):
        if limit <= 0 or low > high:
            break
        cells.append(0)
        if price >= limit:
            continue
        cells[-1] = high - low + 1 + abs(move)
        grown = dict(paid)
        for s, (p, some) in paid.items():
            if s + move not in paid or p + price < paid[s + move][0]:
                grown[s + move] = p + price, (*some, 10 * k)
        paid, low, high = grown, low + min(move, 0), high + max(move, 0)
        compared()
        if k + 1 < len(loss):
            if loss[k + 1]:
                home = limit * abs(shift[k + 1]) // loss[k + 1]
                low, high = max(low, -home), min(high, max(home, limit // energy) if energy else high)
            paid = {s: one for s, one in paid.items() if low <= s <= high}
            windows.append((low, high, {s: p for s, (p, _) in paid.items()}) if low <= high else None)
    return windows, best, limit, cells


def drawn_core(rng):
    n = int(rng.integers(1, 8))
    loss, shift = rng.integers(0, 9, n).tolist(), (rng.integers(1, 6, n) * rng.choice([-1, 1], n)).tolist()
    order = sorted(range(n), key=lambda i: Fraction(loss[i], abs(shift[i])))
    return [loss[i] for i in order], [shift[i] for i in order], int(rng.integers(-12, 13)), int(rng.integers(0, 4))


def test_windows_close_as_the_limit_says_and_hold_the_least_paid(monkeypatch):
    rng, seen, empty = np.random.default_rng(41), [], 0
    closed = _Windows._close

    def spied(self, loss, cost):
        closed(self, loss, cost)
        ends = self.low, self.low + self.paid.size - 1
        kept = {self.low + k: p for k, p in enumerate(self.paid.tolist()) if p < 1 << 60}
        seen.append((*ends, kept) if self.paid.size else None)

    monkeypatch.setattr(_Windows, "_close", spied)
    for _ in range(400):
        loss, shift, slack, energy = drawn_core(rng)
        step, limit = int(rng.integers(1, 3)), int(rng.integers(-1, 25))
        seen.clear()
        windows, best, last, cells = item_by_item(loss, shift, slack, energy, step, limit)
        search = _Windows(core_of(loss, shift), slack, energy, step, limit, 10**6)
        found = search.search(NEVER)
        assert seen == windows
        assert (found.deviations, search.limit, found.finished) == (None if best is None else [*best], last, True)
        assert 10**6 - search.left == sum(cells)
        empty += None in windows
        spent = sum(cells[:-1])  # before the last item it is asked for the last time
        if cells:
            assert _Windows(core_of(loss, shift), slack, energy, step, limit, spent).search(NEVER).finished
            assert not _Windows(core_of(loss, shift), slack, energy, step, limit, spent - 1).search(NEVER).finished
        else:
            assert _Windows(core_of(loss, shift), slack, energy, step, limit, -1).search(NEVER).finished
    assert empty > 20


@pytest.mark.parametrize(("loss", "move"), [(5, 8), (1, -1)])
def test_a_slack_beside_a_window_took_nothing_of_it(loss, move):
    """Eight slacks are a byte: the one before the first is not the last, and after that comes none. The best is of the
    first and the last item.
    """
    search = _Windows(core_of([1, loss, 1], [7, move, 1]), -8, 1, 1, 100, 99)
    assert search.search(NEVER).deviations == [0, 20]
    assert [size for _, _, size, _ in search.taken[:2]] == [1, 8]


def test_of_two_ways_to_a_slack_that_cost_the_same_the_first_stays():
    """Steps of 1 and 1 or one of 2, at a loss of 1 each, and then one of 3."""
    search = _Windows(core_of([1, 1, 2, 3], [1, 1, 2, 3]), -5, 1, 1, 100, 99)
    assert search.search(NEVER).deviations == [0, 10, 30]


def test_a_slack_beyond_the_limit_is_not_even_priced():
    """2^40 steps at 2^23 each are no integer of 64 bits."""
    search = _Windows(core_of([1], [1]), 1 << 40, 1 << 23, 1, 100, 99)
    search.paid = np.zeros(3, np.int64)
    search._compare()
    assert (search.best, search.limit) == (None, 100)


def test_what_the_checker_would_look_at_is_counted_from_the_start(monkeypatch):
    """Windows below the last limit, from the first slack on: cells of all, and the widest."""
    rng, many = np.random.default_rng(42), 0
    for _ in range(150):
        loss, shift, slack, energy = drawn_core(rng)
        search = _Windows(core_of(loss, shift), slack, energy, 1, int(rng.integers(1, 12)), 10**6)
        low = high = slack
        widths = []
        for price, move in zip(loss, shift, strict=True):
            if price < search.limit:
                if price:
                    home = search.limit * abs(move) // price
                    low, high = max(low, -home), min(high, max(home, search.limit // energy) if energy else high)
                low, high = low + min(move, 0), high + max(move, 0)
                widths.append(high - low)
        cells, width = sum(max(w, 0) for w in widths), max(widths, default=0)
        for most, widest, fits in (
            (cells, width, True),
            (cells - 1, width, not widths),
            (cells, width - 1, not widths),
        ):
            monkeypatch.setattr(dense_search, "CHECKED_CELLS", most)
            monkeypatch.setattr(dense_search, "CHECKED_WINDOW", widest)
            assert search._checkable() == fits
        many += len(widths) > 3
    assert many > 20


def test_the_sizes_that_are_searched_and_checked():
    """The largest of each, and one more."""
    far = lambda *moves: _Windows(core_of([0] * len(moves), moves), -(10**7), 0, 1, 5, 10**9)  # noqa: E731
    assert far(1_499_999).search(NEVER).finished
    assert not far(1_500_000).search(NEVER).finished
    assert far(1_499_998, 1).search(NEVER).finished
    assert not far(1_499_999, 1).search(NEVER).finished
    assert far(10**13, 1).search(NEVER) == Best(None, False), "no window of terabytes is made"
    assert far(CHECKED_WINDOW)._checkable()
    assert not far(CHECKED_WINDOW + 1)._checkable()
    wide = [0] * 79
    assert far(CHECKED_WINDOW, *wide)._checkable()
    assert not far(1, CHECKED_WINDOW - 1, *wide)._checkable()
    assert (CHECKED_CELLS, CHECKED_WINDOW) == (8 * checker.MAX_WORK, checker.MAX_STATES)
    assert far(1).search(lambda: True) == Best(None, False)
    for d in (MAX_ITEMS, MAX_ITEMS + 1):
        instance = Instance.from_scores(np.ones(d), np.ones(d), 4)
        base = Base(Prices(Fraction(1)), np.zeros(d, bool), 0, Fraction(4), 0)
        assert dense(instance, base, Fraction(0), 1, 1, NEVER, -1) == Best(None, d == 1 << 17, d == 1 << 17)


def test_numbers_that_do_not_fit_are_not_searched():
    """Four times the largest term, and the slack's price, are below 2^53: at the price 3/2 a step of a grid of 2."""
    for score, slack, fits in (
        (2**50 - 30, 0, True), (2**50 - 29, 0, False), (9, 2 * (2**53 // 3), True), (9, 2 * (2**53 // 3 + 1), False),
        (9, -2 * (2**53 // 3), True), (9, -2 * (2**53 // 3 + 1), False),
    ):  # fmt: skip
        instance = Instance.from_scores([float(score), 1.0], [2.0, 40.0], 50)
        base = Base(Prices(Fraction(3, 4)), np.zeros(2, bool), 0, Fraction(slack), 0)
        found = dense(instance, base, Fraction(0), 1, 2, NEVER, 99)
        assert found == Best(None, fits, fits)
    huge = Instance.from_scores([5.0, 3.0], [2.0, 1e300], 2 * 10**300)  # no integer of 64 bits
    assert dense(
        huge, Base(Prices(Fraction(1)), np.zeros(2, bool), 0, Fraction(0), 0), Fraction(0), 1, 1, NEVER, 99
    ) == (Best(None, False))
    slack = Fraction(2**53)
    for price, fits in ((1, True), (2, False)):
        instance = Instance.from_scores([5.0, 3.0], [2.0, 4.0], 6)
        base = Base(Prices(Fraction(price)), np.zeros(2, bool), 0, slack, 0)
        assert dense(instance, base, Fraction(0), 1, 1, NEVER, 99).finished == fits


@pytest.mark.parametrize("grid", [1, 3])
def test_the_core_is_what_loses_less_than_the_limit_in_the_order_of_loss_per_cost(grid, monkeypatch):
    """In whole numbers of the price's denominator; and no mask of a smaller loss than the best, by trying all."""
    rng, improved, made = np.random.default_rng(43), 0, []

    class Spied(_Windows):
        def __init__(self, core, *others):
            made.append((core.loss.tolist(), core.shift.tolist(), core.at.tolist(), *others))
            super().__init__(core, *others)

    monkeypatch.setattr(dense_search, "_Windows", Spied)
    for _ in range(60):
        step = int(rng.integers(1, 3))
        score, cost = step * rng.integers(0, 9, 6), grid * rng.integers(1, 7, 6)
        budget = grid * int(rng.integers(1, 1 + cost.sum() // grid))
        instance = Instance.from_scores(score.astype(float), cost.astype(float), budget)
        price = Fraction(int(rng.integers(1, 9)), int(rng.integers(1, 5)))
        base = base_of(instance, Prices(price), Fraction(budget))
        losses = {}
        for kept in itertools.product((False, True), repeat=6):
            mask = np.array(kept)
            if cost[mask].sum() <= budget and (score[mask] > 0).all():
                moved = np.flatnonzero(mask != base.mask)
                lost = sum((abs(int(score[i]) - price * int(cost[i])) for i in moved), Fraction(0))
                losses[tuple(moved.tolist())] = lost + price * (budget - int(cost[mask].sum()))
        loss = sorted(losses.values())[int(rng.integers(len(losses)))]
        unit = (price * grid).denominator
        limit = (loss - step) * unit // 1 + 1
        may = [i for i in range(6) if score[i] > 0 and cost[i] <= budget]
        lost = {i: abs(unit * (int(score[i]) - price * int(cost[i]))) for i in may}
        near = sorted((i for i in may if lost[i] < limit), key=lambda i: (lost[i] / int(cost[i]), i))
        found = dense(instance, base, loss, step, grid, NEVER, 10**6)
        shift = [int(cost[i]) // grid * (1 if base.mask[i] else -1) for i in near]
        energy, slack = (price * grid).numerator, int(base.slack) // grid
        expected = [lost[i] for i in near], shift, near, slack, energy, step * unit, limit, 10**6
        assert made.pop() == expected
        least = min(losses.values())
        assert found.finished
        assert losses[tuple(found.deviations)] == least < loss if found.deviations is not None else least == loss
        improved += found.deviations is not None
    assert 20 < improved < 60


def test_a_state_that_others_may_visit_is_750_cells_of_a_window(monkeypatch):
    asked = []
    monkeypatch.setattr(exact_optimum, "dense", lambda *given: asked.append(given[-1]) or Best(None, False))
    cost = COSTS.astype(float)
    certify(Instance.from_scores(cost + 1000 * (cost % 2) + 20, cost, int(cost.sum()) // 3), max_states=40)
    assert asked == [40 * 750]
