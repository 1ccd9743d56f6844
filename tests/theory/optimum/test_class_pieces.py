"""The optimum by counts, piece by piece: what a search is asked, how far windows reach, how both are widened."""

import itertools
from dataclasses import replace
from fractions import Fraction
from types import SimpleNamespace

import numpy as np
import pytest

from theory import CostClasses, Instance
from theory.optimum import class_optimum as solver
from theory.optimum.class_optimum import solve_classes
from theory.optimum.class_search import Counts, Ladder, Question, Run
from theory.optimum.class_windows import Side, Window, classes_of

RNG = np.random.default_rng


S = 2**53  # in whole numbers of this, scores have no fractions


def by_hand(budget):
    """At 3/2 the costs 2 and 4 have thresholds 3 and 6: 7 4 4 | 3 3 1 and 9 | 6 6 5; the last is dearer than it all."""
    scores = np.array([7, 4, 4, 3, 3, 1, 9, 6, 6, 5, 999.0]) * S
    instance = Instance.from_scores(scores, [2.0] * 6 + [4.0] * 4 + [900], budget)
    return classes_of(instance, Fraction(3, 2) * S, 3)


OUT = [Run(S, 2), Run(4 * S, 1)], [Run(3 * S, 1)]


@pytest.mark.parametrize(
    ("budget", "slack", "ties"), [(21, 1, (2, 1)), (13, 0, (1, 0)), (11, 0, (0, 0)), (10, 0, (0, 0)), (5, -3, (0, 0))]
)
def test_a_search_starts_with_the_ties_that_fit(budget, slack, ties):
    """The first class takes of its two ties what fits, then the second; they can move out again at no loss."""
    near = solver._near(by_hand(budget), 9, None, 1)
    first, second = [Run(0, 2 - ties[0]), Run(2 * S, 1)], [Run(0, 2 - ties[1]), Run(S, 1)]
    held = [[Run(0, n)] if n else [] for n in ties]
    ladders = [Ladder(1, held[0] + OUT[0], first), Ladder(2, held[1] + OUT[1], second)]
    assert near.question == Question(slack, 3 * S, ladders)
    assert near.start == [3 + ties[0], 1 + ties[1]]
    assert (near.unit, near.reach) == (1, None)
    assert near != replace(near), "they are compared as the objects that they are"


def test_units_are_no_finer_than_a_step_of_the_grid_needs():
    """A third of a step's price for each of a grid of three."""
    near = solver._near(classes_of(Instance.from_scores([4.0 * S, S], [3.0, 6], 9), Fraction(S, 3), 2), 9, None, 1)
    assert (near.unit, near.question.energy) == (1, S)


def test_a_side_ends_once_it_loses_enough():
    near = solver._near(by_hand(5), 9, Fraction(5 * S, 3), 1)
    assert (near.unit, near.question.energy) == (3, 9 * S)
    assert near.question.ladders[0] == Ladder(1, [Run(3 * S, 2)], [Run(0, 2), Run(6 * S, 1)])


@pytest.mark.parametrize(
    ("enough", "runs"), [(None, 3), (S, 1), (2 * S, 1), (2 * S + 1, 2), (6 * S, 2), (6 * S + 1, 3), (99 * S, 3)]
)
def test_runs_until_they_lose_enough(enough, runs):
    side = Side(np.array([4.0, 7, 9]) * S, np.array([2, 1, 1]), True)
    found = solver._runs(by_hand(9), side, 3 * S, 1, enough)
    assert found == [Run(S, 2), Run(4 * S, 1), Run(6 * S, 1)][:runs]


@pytest.mark.parametrize("seed", range(12))
def test_ladders_hold_what_every_item_loses(seed):
    rng = RNG([61, seed])
    labels, costs, make = rng.integers(0, 3, 40), (3, 5, 8), (Instance, Instance.from_scores)[seed % 2]
    instance = make(rng.integers(0, 12, 40) / 8, CostClasses(labels, costs), int(rng.integers(8, 120)))
    price = Fraction(int(rng.integers(0, 40)), (21, 64)[seed % 3 > 0])
    near = solver._near(classes_of(instance, price, 3), 99, None, 1)
    every = [[instance.exact_score(i) for i in np.flatnonzero(labels == k)] for k in range(3)]
    above = [sorted(p - price * c for p in scores if p > price * c) for scores, c in zip(every, costs, strict=True)]
    under = [
        sorted(price * c - p for p in scores if 0 < p <= price * c) for scores, c in zip(every, costs, strict=True)
    ]
    left = instance.budget - sum(len(kept) * c for kept, c in zip(above, costs, strict=True))
    for k, (ladder, cost) in enumerate(zip(near.question.ladders, costs, strict=True)):
        ties = near.start[k] - len(above[k])
        assert ties == min(under[k].count(0), max(left, 0) // cost)
        out, into = ([Fraction(loss, near.unit) for loss, many in runs for _ in range(many)] for runs in ladder[1:])
        assert (ladder.cost, out, into) == (cost, [0] * ties + above[k], under[k][ties:])
        left -= ties * cost
    assert (near.question.slack, Fraction(near.question.energy, near.unit)) == (left, price)


@pytest.mark.parametrize(
    ("last", "whole", "reach"),
    [(9, "", 3), (9, "b", 4), (9, "bc", 9), (9, "abc", None), (5, "abc", 35), (6, "abc", None), (5, "abcd", None)],
)
def test_windows_reach_as_far_as_the_one_that_is_used_up_first(last, whole, reach):
    """Five moves at most: a side of more, or of all there is, is never used up."""
    question = Question(0, 1, [Ladder(3, [Run(2, 2), Run(5, 1)], [Run(1, 3)]), Ladder(2, [Run(4, 1)], [Run(7, last)])])
    assert question.most_moves == 5
    sides = [Side(np.empty(0), np.empty(0, np.int64), name in whole) for name in "abcd"]
    assert solver._reach(question, [Window(0, *sides[:2]), Window(0, *sides[2:])]) == reach


def near_of(runs, reach=None, search=None):
    """The search for one class that can do without some items, two units to one of score."""
    ladder = Ladder(1000, runs, [])
    question = Question(0, 1, [ladder]) if search is None else SimpleNamespace(
        ladders=[ladder], most_moves=1000, search=search
    )  # fmt: skip
    return solver._Near([], [70], question, 2, reach)


@pytest.mark.parametrize(
    ("runs", "last", "most", "limits"),
    [
        ([Run(1, 100)], 1000, 10**6, [33, 50, 76, 1000]),
        ([Run(1, 100)], 60, 10**6, [33, 50, 60]),
        ([Run(1, 100)], 1000, 40, [33, 1000]),
        ([Run(1, 33)], 1000, 10**6, [33, 1000]),
        ([Run(1, 32)], 1000, 10**6, [1000]),
        ([Run(0, 60)], 1000, 10**6, [1, 1000]),
        ([Run(0, 60)], 2, 10**6, [1, 2]),
        ([Run(0, 60)], 1, 10**6, [1]),
        ([Run(0, 60)], 0, 10**6, []),
    ],
)
def test_limits_have_32_moves_below_them_and_then_half_as_many_again(runs, last, most, limits):
    assert list(itertools.islice(near_of(runs)._limits(last, most), 9)) == limits


@pytest.mark.parametrize(
    ("reach", "found", "limits", "answer"),
    [
        (None, [Counts(None, 5, True)] * 4, [33, 50, 76, 80], ((40, [65]), True, 20)),
        (80, [Counts(None, 5, True)] * 4, [33, 50, 76, 80], ((40, [65]), True, 20)),
        (79, [Counts(None, 5, True)] * 4, [33, 50, 76, 79], ((40, [65]), False, 20)),
        (60, [Counts(None, 5, True)] * 3, [33, 50, 60], ((40, [65]), False, 15)),
        (60, [Counts(None, 5, True), Counts((45, [-3]), 6, True)], [33, 50], ((Fraction(45, 2), [67]), True, 11)),
        (None, [Counts(None, 5, True), Counts(None, 7, False)], [33, 50], ((40, [65]), False, 12)),
    ],
)
def test_a_search_deepens_until_it_finds_or_has_seen_all(reach, found, limits, answer):
    asked, left = [], iter(found)

    def search(limit, most, stopped):
        asked.append((limit, most))
        return next(left)

    near = near_of([Run(1, 100)], reach, search)
    assert near.deepened((Fraction(40), [65]), 1000, bool) == answer
    assert asked == [(limit, 1000 - 5 * k) for k, limit in enumerate(limits)]
    assert near.deepened((Fraction(0), [65]), 1000, bool) == ((0, [65]), True, 0)
    assert len(asked) == len(limits), "where nothing is lost nothing is searched"


def test_what_windows_suffice_for():
    assert near_of([], None).holds(Fraction(10**9))
    assert [near_of([], 9).holds(Fraction(loss, 4)) for loss in (16, 18, 19)] == [True, True, False]
    assert near_of([Run(3, 1)]).first() == (0, [70])
    assert solver._Near([], [70], Question(-1, 1, []), 2, None).first() is None


@pytest.mark.parametrize(
    ("found", "held", "stops", "asked"),
    [
        ([(5, True, 1)], False, False, 1),
        ([(5, False, 1)], True, False, 1),
        ([(5, False, 1)], False, True, 1),
        ([(5, False, 100)], False, False, 1),
        ([(5, False, 101)], False, False, 1),
        ([(5, False, 99), (4, False, 1)], False, False, 2),
        ([(5, False, 90), (4, False, 9), (3, False, 0)], False, False, 3),
        ([(5, False, 1), (4, False, 1), (4, False, 2)], False, False, 3),
    ],
)
def test_windows_widen_until_something_is_proved_or_there_is_no_use(monkeypatch, found, held, stops, asked):
    """Each window is told what is lost so far, and searched with the states that are left."""
    instance = Instance.from_scores([4.0, 3, 2, 1], [1.0, 1, 2, 2], 5)
    windows, states, answers = [], [], iter(found)

    def near(classes, most, enough, threads):
        windows.append((most, enough, threads))
        return SimpleNamespace(windows=wide.windows, start=wide.start, first=lambda: (9, [1, 1]), deepened=deepened,
                               holds=lambda loss: held and loss == found[len(windows) - 1][0])  # fmt: skip

    def deepened(best, left, stopped):
        states.append(left)
        loss, proved, visits = next(answers)
        return (loss, [2, 2 - proved]), proved, visits

    wide = solver._near(classes_of(instance, Fraction(1), 2), 9, None, 1)
    monkeypatch.setattr(solver, "_near", near)
    solution = solve_classes(instance, Fraction(1), 100, lambda: stops)
    assert [one[0] for one in windows] == [1 << 10, 1 << 14, 1 << 18][:asked]
    assert [one[1:] for one in windows] == [(loss, 1) for loss in [None, *(loss for loss, _, _ in found)][:asked]]
    assert states == [100 - sum(f[2] for f in found[:k]) for k in range(asked)]
    assert (solution.loss, solution.proved, solution.counts) == (found[-1][0], found[-1][1], [2, 2 - found[-1][1]])
    assert (solution.start, solution.costs, solution.prices.energy) == (wide.start, [1, 2], 1)
    assert solution.mask.tolist() == [True, True, True, not found[-1][1]]
    assert solution != replace(solution), "they are compared as the objects that they are"


@pytest.mark.parametrize(
    ("costs", "d", "few"), [(16, 32, True), (17, 40, False), (16, 31, False), (2, 4, True), (2, 5, True), (3, 5, False)]
)
def test_few_costs_are_sixteen_and_no_more_than_half_as_many_as_there_are_items(costs, d, few):
    instance = Instance.from_scores(np.arange(d) + 1.0, np.arange(d) % costs + 1.0, 5)
    assert (solve_classes(instance, Fraction(1), 10**4) is not None) == few


def test_where_nothing_is_affordable_the_budget_is_lost():
    found = solve_classes(Instance.from_scores([4.0, 4], [5.0, 5], 3), Fraction(1), 100)
    assert (found.proved, found.loss, found.counts, found.mask.tolist()) == (True, 3, [], [False, False])
