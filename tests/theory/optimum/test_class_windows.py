"""Classes of costs: the windows of values that a search needs, against plain NumPy, and what the searches look at."""

import itertools
import random
from fractions import Fraction

import numpy as np
import pytest

from theory import CostClasses, Instance, relax
from theory.optimum import class_optimum as solver
from theory.optimum import class_windows as module
from theory.optimum.class_optimum import solve_classes
from theory.optimum.class_search import Ladder, Question, Run
from theory.optimum.class_windows import classes_of

RNG = np.random.default_rng


# --- windows ---------------------------------------------------------------------------------------


def plain_side(values, most):
    """The ``most`` nearest of some distances, how often each occurs, and whether that is all."""
    value, many = np.unique(values, return_counts=True)
    return value[:most].tolist(), many[:most].tolist(), value.size <= most


@pytest.mark.parametrize("most", [1, 2, 5, 400])
@pytest.mark.parametrize("by_class", [True, False])
@pytest.mark.parametrize("scores", [True, False])
def test_windows_hold_the_nearest_values_of_every_class(most, by_class, scores, monkeypatch):
    monkeypatch.setattr(module, "_CHUNK", 37)
    rng = RNG(58)
    labels, values = rng.integers(0, 4, 400), np.array([2.0, 3.0, 5.0, 90.0])  # the last is dearer than the budget
    g = np.where(rng.random(400) < 0.1, 0, rng.integers(0, 60, 400) / 4)
    cost = CostClasses(labels, values) if by_class else values[labels]
    instance = Instance.from_scores(g**2, cost, 80) if scores else Instance(g * (-1) ** labels, cost, 80)
    unit = float(instance.unit)
    price = Fraction(9) * instance.unit
    classes = classes_of(instance, price, 4)
    assert (classes.cost * unit).tolist() == [2, 3, 5]
    assert classes_of(instance, price, 3) is None
    windows = classes.windows(most)
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
        assert np.array_equal(classes.mask(counts, windows), want), move


def test_a_threshold_is_the_largest_magnitude_that_is_not_above_its_price():
    for value in (Fraction(0), Fraction(2), Fraction(9), Fraction(1, 3), Fraction(10) ** 300, Fraction(1, 10**300),
                  Fraction(9) - Fraction(1, 10**40), Fraction(7) ** 700, Fraction(1, 7**700)):  # fmt: skip
        root = module._floor_root(value)
        assert Fraction(root) ** 2 <= value < Fraction(np.nextafter(root, np.inf)) ** 2


def test_items_all_of_which_are_kept_or_none():
    instance = Instance(np.array([3.0, 2.0, 1.0, 0.0]), CostClasses(np.zeros(4, int), [1]), 3)
    classes = classes_of(instance, Fraction(4), 1)
    windows = classes.windows(9)
    masks = [classes.mask([count], windows).tolist() for count in range(4)]
    assert masks == [[i < count for i in range(4)] for count in range(4)]


# --- what is looked at -----------------------------------------------------------------------------


def drawn_question(seed):
    """Two to five classes of a few runs a side."""
    rng = random.Random(f"classes {seed}")
    whole = lambda low, high: low + int((high - low) * rng.random())  # noqa: E731

    def runs():
        return [Run(loss, whole(1, 4)) for loss in sorted(whole(0, 15) for _ in range(whole(0, 4)))]

    ladders = [Ladder([1, 2, 3, 10, 15, 20][whole(0, 6)], runs(), runs()) for _ in range(whole(2, 6))]
    return Question(whole(-9, 30), whole(0, 5), ladders)


VISITED = [
    [8, 13, 13],
    [22, 143, 260],
    [5, 29, 37],
    [42, 149, 157],
    [16, 48, 76],
    [8, 68, 78],
    [0, 3, 3],
    [31, 600, 1122],
    [5, 25, 32],
    [26, 133, 116],
    [5, 11, 11],
    [3, 136, 429],
    [4, 14, 17],
    [20, 75, 93],
    [46, 143, 160],
    [30, 67, 102],
]


def test_the_search_visits_as_many_states_as_before():
    """Recorded: more of them leave fewer instances within reach, fewer may miss counts. Record a change on purpose."""
    found = [[drawn_question(seed).search(limit, 10**6).visits for limit in (9, 40, 150)] for seed in range(16)]
    assert found == VISITED


def test_the_search_ends_where_it_is_told():
    """It finishes with the visits that it takes, not with one less, and goes on no longer than it has to."""
    for seed in range(16):
        question = drawn_question(seed)
        needed = question.search(40, 10**6).visits
        assert question.search(40, needed) == question.search(40, 10**6)
        if needed > 20:
            short = question.search(40, needed - 1)
            assert (short.best, short.finished) == (None, False)


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
