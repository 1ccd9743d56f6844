"""The exact optimum, piece by piece: who is asked, in which order and with how many states, and what becomes of it."""

from dataclasses import replace
from fractions import Fraction
from types import SimpleNamespace

import numpy as np
import pytest

from theory import Instance, cwmp, top_k
from theory.optimum import exact_optimum as module
from theory.optimum.dense_search import CELLS_PER_STATE, Best
from theory.optimum.duals import Base, Prices, Split, base_of
from theory.optimum.exact_optimum import Solution, solve
from theory.optimum.group_relaxation import Least
from theory.optimum.watch import UNWATCHED, Watch

F = Fraction
INSTANCE = Instance.from_scores([6.0, 5, 4, 3], [3.0, 2, 2, 2], 6)  # the best that fits: the last three, 12
ONE = (F(0), F(0), F(1))  # the weight of a split that counts items


def solution(loss=9, deviations=(), proved=False, **more):
    """Deviations from nothing kept."""
    base = Base(Prices(F(1)), np.zeros(4, bool), 0, F(6), 0)
    return Solution(base, list(deviations), F(loss), proved, F(1), **more)


def watched(asked, stops):
    """To stop once so many have been asked."""
    return Watch(stopped=lambda: len(asked) >= stops)


def test_a_solution_is_s_with_deviations():
    found = solution(7, [0, 3])
    assert found.mask.tolist() == [True, False, False, True]
    assert not found.base.mask.any()
    assert found.bound(INSTANCE) == 7 + 9
    assert found.prices is found.base.prices
    assert (found.method, found.core, found.visits, found.step, found.other) == ("ordered", 0, 0, 0, None)
    assert found != replace(found), "they are compared as the objects that they are"


# --- who is asked ----------------------------------------------------------------------------------

OPEN, SHUT, BEST = solution(9), solution(0, proved=True), solution(3)
COUNTS, WHOLE, CORE, CUT, UNDER_CUT = ("counts", 51), ("whole", 103), ("core", 51), ("cut", 6), ("core", 25)


def solved(monkeypatch, counts, whole, tried, stops=99):
    """What comes of these answers, and who was asked, with how many of 103 states."""
    asked, tried = [], iter(tried)

    def answers(name, says, what):
        monkeypatch.setattr(module, name, lambda *given: asked.append(what(*given)) or says())

    answers("solve_classes", lambda: counts, lambda instance, price, states, stopped, threads: ("counts", states))
    answers("_solve_whole", lambda: whole, lambda instance, base, grid, states, watch: ("whole", states))
    answers("_solve_from", lambda: next(tried), lambda instance, base, grid, states, watch: ("core", states))
    cuts = [Prices(F(k)) for k in (1, 2, 3)]
    answers("prices_with_cut", lambda: cuts, lambda instance, budget, stopped: ("cut", budget))
    monkeypatch.setattr(module, "_halved", lambda instance, proof: proof)
    answers("_best_of", lambda: BEST, lambda instance, tried, masks: ("best", len(tried), [id(m) for m in masks]))
    return solve(INSTANCE, max_states=103, watch=watched(asked, stops)), asked


@pytest.mark.parametrize(
    ("tried", "stops", "asked", "answer"),
    [
        ([SHUT], 99, [CORE], 0),
        ([OPEN, SHUT], 99, [CORE, CUT, UNDER_CUT], 1),
        ([OPEN, OPEN, SHUT], 99, [CORE, CUT, UNDER_CUT, UNDER_CUT], 2),
        ([OPEN, OPEN, OPEN, SHUT], 99, [CORE, CUT, UNDER_CUT, UNDER_CUT, UNDER_CUT], 3),
        ([OPEN] * 4, 99, [CORE, CUT, UNDER_CUT, UNDER_CUT, UNDER_CUT, ("best", 4, [])], None),
        ([OPEN], 3, [CORE, ("best", 1, [])], None),
        ([OPEN, OPEN], 5, [CORE, CUT, UNDER_CUT, ("best", 2, [])], None),
        ([OPEN, OPEN, OPEN], 6, [CORE, CUT, UNDER_CUT, UNDER_CUT, ("best", 3, [])], None),
    ],
)
def test_prices_are_tried_until_something_is_proved_or_it_is_to_stop(monkeypatch, tried, stops, asked, answer):
    found, seen = solved(monkeypatch, None, None, tried, stops)
    assert seen == [COUNTS, WHOLE, *asked]
    assert found is (BEST if answer is None else tried[answer])


def test_what_is_proved_by_counts_or_whole_numbers_is_the_answer(monkeypatch):
    counts = SimpleNamespace(proved=True)
    assert solved(monkeypatch, counts, None, []) == (counts, [COUNTS])
    assert solved(monkeypatch, SimpleNamespace(proved=False), SHUT, []) == (SHUT, [COUNTS, WHOLE])


@pytest.mark.parametrize(("step", "proved"), [(2, False), (3, False), (4, True)])
def test_the_best_of_all_is_proved_where_it_loses_less_than_a_step(monkeypatch, step, proved):
    counts, whole = SimpleNamespace(proved=False, mask=np.ones(4, bool)), SimpleNamespace(proved=False, step=F(step))
    whole.mask, whole.prices = np.zeros(4, bool), Prices(F(1))
    found, asked = solved(monkeypatch, counts, whole, [OPEN] * 4)
    assert asked[-1] == ("best", 4, [id(counts.mask), id(whole.mask)])
    whole.prices = Prices(F(1), split=Split(ONE, False, F(0), F(0), F(0)))
    assert solved(monkeypatch, counts, whole, [OPEN] * 4)[1][-1] == ("best", 5, [id(counts.mask), id(whole.mask)])
    assert (found.loss, found.step, found.proved) == (3, step, proved)
    assert found.base is BEST.base


def test_four_million_states_unless_it_is_told(monkeypatch):
    asked = []
    monkeypatch.setattr(module, "_halved", lambda instance, proof: proof)
    monkeypatch.setattr(module, "solve_classes", lambda *given: asked.append(given[2]))
    monkeypatch.setattr(module, "_solve_whole", lambda *given: asked.append(given[3]) or SHUT)
    assert solve(INSTANCE) is SHUT
    assert asked == [2_000_000, 4_000_000]


# --- whole numbers ---------------------------------------------------------------------------------

TRIPLES = Instance.from_scores([6.0, 3, 9, 3], [3.0, 2, 2, 2], 6)  # their step is 3


@pytest.mark.parametrize(
    ("instance", "grid", "most", "tried"),
    [
        (INSTANCE, F(1), 4, True),
        (INSTANCE, F(2), 4, True),
        (INSTANCE, F(1), 3, False),
        (INSTANCE, F(1), 5, True),
        (INSTANCE, F(1, 4), 4, False),
        (INSTANCE, F(0), 4, False),
        (Instance([3.0, 2], [1.0, 1], 1), F(1), 4, False),
        (Instance.from_scores([1.5, 2], [1.0, 1], 1), F(1), 4, False),
        (Instance.from_scores([0.0, 0], [1.0, 1], 1), F(1), 4, False),
    ],
)
def test_whole_scores_on_a_whole_grid_alone(monkeypatch, instance, grid, most, tried):
    monkeypatch.setattr(module, "MAX_ITEMS", most)
    monkeypatch.setattr(module, "_feasible_start", lambda instance, base: (F(0), [0]))
    base = base_of(instance, Prices(F(1)), instance.budget)
    found = module._solve_whole(instance, base, grid, 100, UNWATCHED)
    assert (found is not None) == tried
    if tried:
        assert (found.base, found.deviations, found.loss, found.proved, found.grid) == (base, [0], 0, True, grid)


RELAXED = {method: solution(3, proved=True, method=method) for method in ("ordered", "dense", "group", "whatever")}


@pytest.mark.parametrize(
    ("loss", "relaxed", "stops", "asked", "answer"),
    [
        (2, None, 99, [], "start"),
        (3, None, 0, [], "start"),
        (4, None, 0, [], "start"),
        (3, OPEN, 99, ["rounded", "relaxation", "splits"], "splits"),
        (4, OPEN, 99, ["rounded", "relaxation", "splits"], "splits"),
        (4, OPEN, 2, ["rounded", "relaxation"], "relaxation"),
        (4, OPEN, 1, ["rounded"], "start"),
        (4, RELAXED["ordered"], 99, ["rounded", "relaxation", "least"], "least"),
        (4, replace(RELAXED["ordered"], loss=F(7)), 99, ["rounded", "relaxation", "least"], "least"),
        (4, replace(RELAXED["ordered"], loss=F(2)), 99, ["rounded", "relaxation"], "relaxation"),
        (4, RELAXED["ordered"], 2, ["rounded", "relaxation"], "relaxation"),
        (4, RELAXED["dense"], 99, ["rounded", "relaxation"], "relaxation"),
        (4, RELAXED["group"], 99, ["rounded", "relaxation"], "relaxation"),
        (4, RELAXED["whatever"], 99, ["rounded", "relaxation"], "relaxation"),
    ],
)
def test_a_relaxation_then_splits_or_prices_of_less_loss(monkeypatch, loss, relaxed, stops, asked, answer):
    seen, ends = [], {"relaxation": relaxed, "splits": solution(1), "least": solution(2), "rounded": None}
    found, watch = whole_solved(monkeypatch, loss, ends, seen, stops)
    assert [end for end, *_ in seen] == asked
    if answer == "start":
        assert (found.deviations, found.loss, found.proved, found.step) == ([2], loss, loss == 2, 3)
    else:
        assert found is ends[answer]
        assert (seen[1][1].loss, seen[1][1].proved, seen[1][2:]) == (loss, False, (100, watch))
        assert all(given is relaxed for _, given, *_ in seen[2:])


def whole_solved(monkeypatch, loss, ends, seen, stops):
    """What comes of these ends (None: what was given), and who was asked."""

    def answers(name, end):
        monkeypatch.setattr(module, name, lambda instance, found, *more: seen.append((end, found, *more)) or ends[end])

    answers("_by_relaxation", "relaxation")
    answers("_of_least_loss", "least")
    monkeypatch.setattr(module, "prices_with_rounding", lambda *given: ("rounded", *given))
    monkeypatch.setattr(module, "prices_with_split", lambda *given: ("splits", *given))
    base = base_of(TRIPLES, Prices(F(1)), F(6))

    def by_splits(instance, found, prices, *more):
        assert prices[1:] == (TRIPLES, base, 6)
        seen.append((prices[0], found, *more))
        return ends[prices[0]] or found

    monkeypatch.setattr(module, "_by_splits", by_splits)
    monkeypatch.setattr(module, "_feasible_start", lambda instance, base: (F(loss), [2]))
    watch = watched(seen, stops)
    return module._solve_whole(TRIPLES, base, F(1), 100, watch), watch


@pytest.mark.parametrize(
    ("rounded", "asked", "answer"),
    [
        (SHUT, ["rounded"], "rounded"),
        (solution(5), ["rounded", "relaxation", "splits"], "splits"),
        (solution(2), ["rounded", "relaxation", "splits"], "rounded"),
    ],
)
def test_parts_of_the_budget_come_first_and_the_best_bound_is_kept(monkeypatch, rounded, asked, answer):
    seen, ends = [], {"relaxation": solution(9), "splits": solution(3), "rounded": rounded}
    found, _ = whole_solved(monkeypatch, 9, ends, seen, 99)
    assert [end for end, *_ in seen] == asked
    assert found is ends[answer]


@pytest.mark.parametrize(
    ("least", "best", "loss", "proved", "method", "others"),
    [
        (Least(F(4), [3]), None, 4, True, "group", ["ordered"]),  # attained
        (Least(F(8), None), None, 10, True, "group", ["ordered"]),  # nothing can be a step better
        (Least(F(7), None), Best(None, True, False), 10, True, "ordered", []),
        (Least(F(7), None), Best(None, False, False), 10, False, "ordered", []),
        (Least(F(6), None), Best(None, False, True), 10, False, "dense", ["ordered"]),
        (Least(F(6), None), Best([3], False, False), 7, True, "group", ["ordered"]),  # now nothing can
        (Least(F(6), None), Best([3], True, True), 7, True, "group", ["dense", "ordered"]),
        (Least(F(4), None), Best([3], True, True), 7, True, "dense", ["ordered"]),
        (Least(F(3), None), Best([3], True, False), 7, True, "ordered", []),
        (None, Best([3], True, True), 7, True, "dense", ["ordered"]),
        (None, Best([3], False, False), 7, False, "ordered", []),
    ],
)
def test_a_relaxation_or_the_dynamic_programme(monkeypatch, least, best, loss, proved, method, others):
    """Of a mask that loses 10, in steps of 3; the last item retains 3."""
    asked = []
    monkeypatch.setattr(module, "group", lambda *given: asked.append(given[2:5]) or least)
    monkeypatch.setattr(module, "dense", lambda *given: asked.append((*given[2:5], given[6])) or best)
    found = module._by_relaxation(INSTANCE, solution(10, step=F(3)), 103, UNWATCHED)
    assert asked == [(10, 1, 25), (10, 3, 1, 103 * CELLS_PER_STATE)][: 1 if best is None else 2]
    assert (found.loss, found.proved, found.method, found.step) == (loss, proved, method, 3)
    assert found.deviations == ([3] if loss < 10 else [])
    for other in others:
        found = found.other
        assert (found.loss, found.proved, found.method) == (loss, proved, other)
    assert found.other is None


@pytest.mark.parametrize(
    ("bounds", "proved", "stops", "asked", "answer"),
    [
        ([6], [False], 99, 1, 0),  # not proved, but a better bound for all masks
        ([6, 6], [False, False], 99, 2, 0),
        ([7, 7], [False, False], 99, 2, 1),
        ([6], [False], 1, 1, 0),
        ([7], [False], 99, 1, None),
        ([8], [True], 99, 1, 0),
        ([9, 8, 8], [True, True, True], 99, 2, 1),
        ([10, 8], [True, True], 99, 2, 1),
        ([8, 8], [False, True], 99, 2, 1),
        ([9, 10], [True, True], 99, 2, None),
        ([8, 9], [False, True], 99, 2, None),
        ([9, 8], [True, True], 1, 1, None),
        ([], [], 99, 0, None),
    ],
)
def test_a_split_proves_where_the_other_side_is_bounded(monkeypatch, bounds, proved, stops, asked, answer):
    """The first item retains 6, scores come in threes: a bound of 8 leaves nothing better, one of 9 does."""
    seen, found = [], solution(10, step=F(3))
    prices = [Prices(F(1), split=Split(ONE, False, F(1), F(0), F(bound))) for bound in bounds]
    tried = [solution(k, [0], one) for k, one in enumerate(proved)]
    monkeypatch.setattr(module, "base_of", lambda instance, prices, budget: (prices, budget))
    monkeypatch.setattr(module, "_solve_from", lambda *given: seen.append(given[1:4]) or tried[len(seen) - 1])
    ended = module._by_splits(INSTANCE, found, prices, 103, watched(seen, stops))
    assert seen == [((one, 6), 1, 25) for one in prices[:asked]]
    if answer is None:
        assert ended is found
    else:
        assert (ended.loss, ended.step, ended.base) == (answer, 3, tried[answer].base)
        assert ended.proved == proved[answer]


def above(prices):
    """What no mask retains more than, by the definition."""
    reduced = [F(p) - prices.energy * F(c) - prices.item for p, c in zip(INSTANCE.score, INSTANCE.cost, strict=True)]
    return prices.energy * 6 + prices.item * prices.most_items + sum(max(r, F(0)) for r in reduced)


def split(energy, item, bound):
    return Prices(F(energy), F(item), 3, split=Split(ONE, False, F(0), F(0), F(bound)))


DEAR, NEAR, CHEAP = Prices(F(1), F(1), 3, F(3)), Prices(F(7, 4), F(1, 4), 3, F(3)), Prices(F(2), F(0), 3, F(3))


@pytest.mark.parametrize(
    ("cuts", "splits", "losses"),
    [
        ([], [], [F(3, 2)]),
        ([DEAR], [], [F(3, 2), 2]),
        ([DEAR, NEAR], [], [F(5, 4), F(3, 2)]),
        ([CHEAP], [], [1]),
        ([CHEAP, DEAR, NEAR], [], [1, F(5, 4)]),
        ([DEAR], [split("7/4", "1/4", 13), split("7/4", "1/4", 14), split(2, 0, "12.5")], [1, 2]),
    ],
)
def test_the_prices_of_least_loss_and_others_with_or_without_a_price_of_items(monkeypatch, cuts, splits, losses):
    """Splits whose other side may hold a step more are left out; what remains is sorted by the loss they leave."""
    mask = np.array([False, True, True, True])
    base = base_of(INSTANCE, Prices(F(3, 2)), F(6))
    found = module._with_mask(
        INSTANCE, Solution(base, *reversed(module._feasible_start(INSTANCE, base)), True, F(1), step=F(1)),
        np.flatnonzero(mask != base.mask).tolist(),
    )  # fmt: skip
    assert found.loss == F(3, 2) == above(found.prices) - 12
    monkeypatch.setattr(module, "prices_with_cut", lambda instance, budget: cuts)
    monkeypatch.setattr(module, "prices_with_split", lambda instance, base, budget: splits)
    first = module._of_least_loss(INSTANCE, found)
    proofs = [first, *[first.other][: len(losses) - 1]]
    assert [proof.loss for proof in proofs] == losses
    assert len(losses) > 1 or first.other is None
    assert len({bool(proof.prices.item) for proof in proofs}) == len(proofs)
    for proof in proofs:
        assert (proof.mask.tolist(), proof.proved, proof.step) == (mask.tolist(), True, 1)
        assert proof.loss == above(proof.prices) - 12


@pytest.mark.parametrize(
    ("masks", "tried", "retained", "loss"),
    [
        ([[1, 2, 3], [0]], [(9, [0]), (5, [1, 2])], 12, 2),
        ([], [(5, [1, 2]), (9, [0])], 11, 3),  # a selector's
        ([[0, 1]], [(9, [0]), (2, [1, 2, 3])], 12, 2),  # one that was tried
        ([[1, 2, 3]], [(9, [0]), (3, [1, 2])], 12, 0),
        ([[1, 2, 3]], [(9, [0]), (4, [1, 2])], 12, 1),
    ],
)
@pytest.mark.parametrize("kept", [[], [0, 1], [1, 2, 3]])
def test_the_best_mask_known_under_the_least_bound(masks, tried, retained, loss, kept):
    def mask(items):
        return np.isin(np.arange(4), items)

    base = replace(solution().base, mask=mask(kept))
    tried = [replace(solution(lost, sorted({*items} ^ {*kept})), base=base) for lost, items in tried]
    found = module._best_of(INSTANCE, tried, [mask(items) for items in masks])
    assert (INSTANCE.retained(found.mask), found.loss, found.proved) == (retained, loss, loss == 0)
    assert found.bound(INSTANCE) == min(one.bound(INSTANCE) for one in tried)


def test_every_selector_is_asked_in_the_roundings_that_no_other_contains():
    update = Instance([3.0, -2, 2, 1], [4.0, 2, 3, 1], 5)
    for instance, more in ((update, [{"loss": "l1"}]), (INSTANCE, [])):
        wanted = [
            selector(instance, rounding=rounding, **loss).mask.tolist()
            for rounding in ("fill", "best-of")
            for selector, loss in [(cwmp, {}), (top_k, {}), *((cwmp, loss) for loss in more)]
        ]
        assert [mask.tolist() for mask in module._selected(instance)] == wanted
