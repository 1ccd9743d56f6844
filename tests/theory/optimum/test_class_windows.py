"""Classes of costs: the windows of values that a search needs, against plain NumPy, and what the searches look at."""

import itertools
import random
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from theory import CostClasses, Instance, relax
from theory.arithmetic.exact import floor_float
from theory.optimum import class_optimum as solver
from theory.optimum import class_windows as module
from theory.optimum.class_optimum import solve_classes
from theory.optimum.class_search import Question
from theory.optimum.class_windows import Side, Window, classes_of, spent_by

RNG = np.random.default_rng


# --- windows ---------------------------------------------------------------------------------------


def plain_side(values, most):
    """The ``most`` nearest of some distances, how often each occurs, and whether that is all."""
    value, many = np.unique(values, return_counts=True)
    return value[:most].tolist(), many[:most].tolist(), value.size <= most


@pytest.mark.parametrize("most", [1, 2, 5, 400])
@pytest.mark.parametrize(("by_class", "in_order", "threads"), [(True, False, 1), (True, True, 3), (False, False, 3)])
@pytest.mark.parametrize("scores", [True, False])
def test_windows_hold_the_nearest_values_of_every_class(most, by_class, in_order, threads, scores, monkeypatch):
    monkeypatch.setattr(module, "_CHUNK", 37)
    monkeypatch.setattr(module, "IN_ORDER", 100)
    rng = RNG(58)
    labels, values = rng.integers(0, 4, 400), np.array([2.0, 3.0, 5.0, 90.0])  # the last is dearer than the budget
    labels = np.sort(labels) if in_order else labels
    g = np.where(rng.random(400) < 0.1, 0, rng.integers(0, 60, 400) / 4)
    cost = CostClasses(labels, values) if by_class else values[labels]
    instance = Instance.from_scores(g**2, cost, 80) if scores else Instance(g * (-1) ** labels, cost, 80)
    unit = float(instance.unit)
    price = Fraction(9) * instance.unit
    classes = classes_of(instance, price, 4)
    assert (classes.cost * unit).tolist() == [2, 3, 5]
    assert classes_of(instance, price, 3) is None
    windows = classes.windows(most, threads)
    shown = g**2 if scores else abs(g)
    for k, window in enumerate(windows):
        v = shown[labels == k]
        edge = 9 * values[k] if scores else np.sqrt(9 * values[k])
        assert classes.threshold[k] == pytest.approx(edge, rel=1e-15)
        assert window.kept == (v > edge).sum()
        above, below = plain_side(v[v > edge], most), plain_side(-v[(v <= edge) & (v > 0)], most)
        assert (window.above.value.tolist(), window.above.many.tolist(), window.above.whole) == above
        assert ((-window.below.value).tolist(), window.below.many.tolist(), window.below.whole) == below
    for move in itertools.product((-3, -1, 0, 1, 2), repeat=3):
        counts = [w.kept + m for w, m in zip(windows, move, strict=True)]
        if most < 400:
            continue  # a mask beyond its windows is not asked for
        want = np.zeros(400, dtype=bool)
        for k, count in enumerate(counts):
            items = np.flatnonzero(labels == k)
            want[items[np.argsort(-shown[items], kind="stable")][:count]] = True
        assert np.array_equal(classes.mask(counts, windows, threads), want), move


def test_a_threshold_is_the_largest_magnitude_that_is_not_above_its_price():
    for value in (Fraction(0), Fraction(2), Fraction(9), Fraction(1, 3), Fraction(10) ** 300, Fraction(1, 10**300),
                  Fraction(9) - Fraction(1, 10**40), Fraction(7) ** 700, Fraction(1, 7**700),
                  Fraction(1, 4**1074), Fraction(1, 4**1074 + 1)):  # fmt: skip
        root = module._floor_root(value)
        assert Fraction(root) ** 2 <= value < Fraction(np.nextafter(root, np.inf)) ** 2


def test_items_all_of_which_are_kept_or_none():
    instance = Instance(np.array([3.0, 2.0, 1.0, 0.0]), CostClasses(np.zeros(4, int), [1]), 3)
    classes = classes_of(instance, Fraction(4), 1)
    windows = classes.windows(9, 1)
    masks = [classes.mask([count], windows, 1).tolist() for count in range(4)]
    assert masks == [[i < count for i in range(4)] for count in range(4)]


def test_costs_up_to_the_budget_are_classes():
    instance = Instance.from_scores([1.0, 2, 3, 4], [1.0, 2, 3, 3.5], 3)
    classes = classes_of(instance, Fraction(1, 3), 4)
    assert classes.cost.tolist() == [1, 2, 3]
    assert classes.threshold.tolist() == [floor_float(Fraction(c, 3)) for c in (1, 2, 3)]
    assert spent_by(classes.cost, [5, 0, 2]) == 11
    assert classes != replace(classes), "they are compared as the objects that they are"
    assert [classes.score(v) for v in (0.1, 3.0)] == [Fraction(0.1), 3]
    assert [classes_of(Instance([3.0], 1, 1), Fraction(2), 1).score(v) for v in (0.1, 3.0)] == [Fraction(0.1) ** 2, 9]


def test_values_are_scaled_as_scores_are():
    """Squares of these are no floats: the update is taken times a power of two."""
    g = np.array([3.0, -2.0, 1.0, 7.0]) * 2.0**600
    classes = classes_of(Instance(g, 1, 3), Fraction(0), 1)
    exponent = classes.instance.scale_exponent
    assert exponent == 603 - 480
    (window,) = classes.windows(2, 1)
    assert window.above.value.tolist() == [np.ldexp(v, 600 - exponent) for v in (1, 2)]
    assert [classes.score(v) for v in window.above.value] == [classes.instance.exact_score(i) for i in (2, 1)]


ABOVE = Side(np.array([5.0, 7, 8]), np.array([2, 1, 1]), True)
BELOW = Side(np.array([4.0, 1]), np.array([3, 2]), True)
EDGES = [(np.inf, 0), (8, 1), (7, 1), (5, 1), (5, 2), (4, 1), (4, 2), (4, 3), (1, 1), (1, 2)]


@pytest.mark.parametrize(("count", "edge"), list(enumerate(EDGES)))
def test_the_edge_of_so_many_largest_values(count, edge):
    """8 7 5 5 | 4 4 4 1 1: the smallest of the first ``count``, and how often it is among them."""
    assert module._edge(count, Window(4, ABOVE, BELOW)) == edge


def test_the_edge_of_all_values_and_of_none():
    nothing = Side(np.empty(0), np.empty(0, np.int64), True)
    assert module._edge(0, Window(0, nothing, BELOW)) == (np.inf, 0)
    assert module._edge(4, Window(4, ABOVE, nothing)) == (5, 2)


def held(near):
    """What a side shows: distinct values, how many of each, and whether that is all."""
    side = near.side(1)
    return side.value.tolist(), side.many.tolist(), side.whole


def test_the_nearest_are_sifted_once_four_times_as_many_wait():
    near = module._Nearest(2)
    for least, bound in ((20, np.inf), (10, 22)):
        for value in range(least + 7, least - 1, -1):
            near.add(np.array([value], dtype=float))
        assert near.bound == bound, "eight wait"
        near.add(np.array([least], dtype=float))
        assert near.bound == least + 2
    assert held(near) == ([10, 11], [2, 1], False)
    assert near.side(-1).value.tolist() == [-10, -11]
    assert held(module._Nearest(1)) == ([], [], True)


def test_as_many_values_as_a_side_holds_are_all_of_them():
    near = module._Nearest(2)
    near.add(np.array([4.0, 1, 4]))
    assert held(near) == ([1, 4], [1, 2], True)
    assert near.bound == np.inf
    near.add(np.array([9.0]))
    assert held(near) == ([1, 4], [1, 2], False)
    assert near.bound == 9


@pytest.mark.parametrize("settled", [True, False])
@pytest.mark.parametrize(
    ("mine", "theirs", "both"),
    [
        ([1, 2], [2, 2, 2], ([1, 2], [1, 4], True)),
        ([2], [1, 2, 3], ([1, 2], [1, 2], False)),
        ([1, 2, 3], [2], ([1, 2], [1, 2], False)),
        ([5], [1, 4], ([1, 4], [1, 1], False)),
        ([], [3], ([3], [1], True)),
    ],
)
def test_two_shares_are_joined(mine, theirs, both, settled):
    one, other = module._Nearest(2), module._Nearest(2)
    for near, values in ((one, mine), (other, theirs)):
        near.add(np.array(values, dtype=float))
        if settled:
            held(near)
    one.join(other)
    assert held(one) == both


# --- what is looked at -----------------------------------------------------------------------------


def test_items_are_read_in_blocks_and_a_block_of_one_class_has_one_label(monkeypatch):
    d = (1 << 16) + 5
    classes = classes_of(Instance.from_scores(np.ones(d), CostClasses(np.repeat([1, 0], [d - 5, 5]), [2, 1]), 9), 0, 2)
    blocks = [(start, label, value.size) for start, label, value in classes._parts(0, d)]
    assert blocks == [(0, 0, d - 5), (d - 5, 1, 5)]
    monkeypatch.setattr(module, "_CHUNK", 3)
    start, label, value = next(classes._parts(d - 6, d - 4))
    assert (start, label.tolist(), value.tolist()) == (d - 6, [0, 1], [1, 1])


def test_nothing_is_added_that_a_window_could_not_hold(monkeypatch):
    """Beyond the values that are held nothing is looked at again, and zeros are never looked at."""
    seen, add = [], module._Nearest.add

    def watched(near, values):
        seen.extend((value < near.bound, value == 0) for value in values.tolist())
        add(near, values)

    monkeypatch.setattr(module, "_CHUNK", 20)
    monkeypatch.setattr(module._Nearest, "add", watched)
    g = RNG(60).integers(-9, 10, 600)
    classes_of(Instance(g, CostClasses(np.arange(600) % 2, [1, 2]), 90), Fraction(20), 2).windows(2, 1)
    assert set(seen) == {(True, False)}
    assert 30 < len(seen) < 300


def test_one_share_for_each_thread(monkeypatch):
    shares, each = [], module.each
    monkeypatch.setattr(module, "IN_ORDER", 4)
    monkeypatch.setattr(module, "each", lambda work, given: shares.append(given) or each(work, given))
    classes = classes_of(Instance.from_scores(np.arange(9.0), 1, 3), Fraction(4), 1)
    windows = classes.windows(9, 2)
    classes.mask([3], windows, 2)
    classes.mask([3], classes.windows(9, 1), 1)
    assert shares == [[(0, 4), (4, 9)]] * 2 + [[(0, 9)]] * 2


WALKED = {
    (1, 2, 5): [[2, 14], [2, 17], [], [8], [8]],
    (7, 13, 29): [[2, 15, 27, 2, 15, 27, 57], [2, 17, 29], [2, 17, 32], [1], [1]],
    (101, 130, 377): [[2, 17, 31, 35], [2, 4, 31, 35, 2, 4, 31, 57], [2, 3], [2, 3, 30, 52], [8, 15, 32, 57]],
}


def walked(costs, seed):
    """Visits of each search for three classes: windows of four values a side, three moves in the first limit."""
    rng = random.Random(f"walk {seed}")
    g = np.array([round(1000 * rng.random() ** 3) / 64 for _ in range(400)])
    labels = np.array([int(3 * rng.random()) for _ in range(400)])
    instance = Instance(g, CostClasses(labels, costs), budget="9.1%")
    price = relax(instance).threshold
    looked = []
    search = Question.search

    def counted(question, limit, most, stopped):
        found = search(question, limit, most, stopped)
        looked.append(found.visits)
        return found

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Question, "search", counted)
        patch.setattr(solver, "_WINDOWS", (4, 16, 1 << 10))
        patch.setattr(solver, "_FIRST", 3)
        found = solve_classes(instance, price, 10**5)
    assert found.proved
    return looked


@pytest.mark.parametrize("costs", [(1, 2, 5), (7, 13, 29), (101, 130, 377)])
def test_limits_and_windows_deepen_as_before(costs):
    """Recorded, as above."""
    assert [walked(costs, seed) for seed in range(5)] == WALKED[costs]
