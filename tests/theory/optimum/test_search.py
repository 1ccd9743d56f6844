"""Both exhaustive searches against plain enumeration of the loss, and against each other."""

import itertools
import random
from fractions import Fraction

import numpy as np
import pytest

from theory.budget import percent
from theory.instance import Instance
from theory.optimum.core_search import Item, halves, ordered
from theory.optimum.duals import Base, Prices, base_of, reduced_value
from theory.optimum.relaxation import relax


def _question(rng, integer):
    n = 9
    p = rng.integers(0, 9, n).astype(float) if integer else rng.exponential(size=n)
    c = rng.integers(1, 9, n).astype(float) if integer else rng.lognormal(size=n)
    instance = Instance.from_scores(p, c, budget=percent(Fraction(int(rng.integers(1, 99)), 100)))
    base = base_of(instance, Prices(relax(instance).threshold), instance.budget)
    items = []
    for i in np.flatnonzero((p > 0) & (instance.cost <= float(instance.budget))):
        cost = Fraction(c[i])
        sign = 1 if base.mask[i] else -1
        items.append(Item(abs(reduced_value(instance, base.prices, int(i))), sign * cost, int(i), sign))
    return base, items


def _least(base, items, limit):
    totals = []
    for chosen in itertools.product((False, True), repeat=len(items)):
        taken = [x for x, yes in zip(items, chosen, strict=True) if yes]
        slack = base.slack + sum(x.shift for x in taken)
        if slack >= 0:
            totals.append(sum((x.loss for x in taken), Fraction(0)) + base.prices.energy * slack)
    return min((t for t in totals if t < limit), default=None)


@pytest.mark.parametrize("search", [halves, ordered])
@pytest.mark.parametrize("integer", [True, False])
def test_finds_the_least_loss_or_shows_there_is_none(search, integer):
    rng = np.random.default_rng(7)
    found_some = found_none = 0
    for _ in range(60):
        base, items = _question(rng, integer)
        for limit in (base.loss, base.loss / 3, base.loss + 1):
            if limit <= 0:
                continue
            core = [x for x in items if x.loss < limit]
            found, least = search(core, base, limit, 10**6), _least(base, core, limit)
            assert found.finished
            assert (found.best[0] if found.best else None) == least
            found_some, found_none = found_some + (least is not None), found_none + (least is None)
    assert found_some > 20
    assert found_none > 20


@pytest.mark.parametrize("search", [halves, ordered])
def test_says_when_it_gave_up(search):
    rng = np.random.default_rng(1)
    base, _ = _question(rng, False)
    core = [Item(Fraction(1, 1000 + i), Fraction((-1) ** i * (i + 1)), i) for i in range(40)]
    assert not search(core, base, Fraction(10), 200).finished


# --- what they look at -----------------------------------------------------------------------------


def _drawn(kind, seed):
    """Base and core of ten items, some alike; with the cut, an item price and how many items it prices."""
    rng = random.Random(f"{kind} {seed}")
    p, c = ([low + int(width * rng.random()) for _ in range(10)] for low, width in ((1, 40), (3, 20)))
    p[3:5], c[3:5] = [p[2]] * 2, [c[2]] * 2
    if "alike" in kind:
        p, c = zip(*([(5, 1), (7, 2), (3, 1), (9, 4)][int(4 * rng.random())] for _ in range(10)), strict=True)
    budget, energy = int(sum(c) * (0.2 + 0.5 * rng.random())), Fraction(int(9 * rng.random()), 3)
    item, most = (Fraction(int(20 * rng.random()), 2), 5) if "cut" in kind else (Fraction(0), 0)
    r = [x - energy * y - item for x, y in zip(p, c, strict=True)]
    mask = np.array([x > 0 for x in r])
    slack, spare = Fraction(budget - int(np.array(c)[mask].sum())), most and most - int(mask.sum())
    items = [
        Item(abs(x), Fraction(y if x > 0 else -y), i, 1 if x > 0 else -1)
        for i, (x, y) in enumerate(zip(r, c, strict=True))
    ]
    return Base(Prices(energy, item, most), mask, 0, slack, spare), items


def _visited(search, kind):
    """States visited below three limits, of six questions each."""
    found = []
    for seed in range(6):
        base, items = _drawn(kind, seed)
        for limit in (Fraction(15), Fraction(60), Fraction(200)):
            found.append(search([x for x in items if x.loss < limit], base, limit, 10**6).visits)
    return found


VISITED = {
    ("ordered", "plain"): [17, 33, 33, 6, 15, 15, 2, 19, 22, 11, 11, 11, 2, 45, 45, 2, 17, 21],
    ("ordered", "cut"): [2, 146, 149, 86, 127, 127, 2, 59, 59, 51, 77, 77, 4, 112, 112, 1, 1, 1],
    ("ordered", "alike"): [9, 17, 17, 3, 12, 12, 6, 25, 25, 2, 28, 28, 24, 24, 24, 2, 20, 20],
    ("ordered", "alike cut"): [60, 60, 60, 28, 35, 35, 14, 96, 96, 58, 72, 72, 3, 62, 62, 15, 15, 15],
    ("halves", "plain"): [17, 28, 28, 10, 31, 31, 4, 26, 36, 30, 36, 36, 14, 32, 32, 4, 20, 35],
    ("halves", "cut"): [3, 32, 37, 18, 32, 32, 6, 23, 26, 17, 31, 31, 13, 41, 42, 11, 25, 32],
    ("halves", "alike"): [18, 20, 20, 20, 22, 22, 15, 17, 17, 10, 25, 25, 22, 22, 22, 17, 22, 22],
    ("halves", "alike cut"): [21, 21, 21, 18, 25, 25, 24, 24, 24, 22, 22, 22, 20, 22, 22, 19, 19, 19],
}


@pytest.mark.parametrize(("search", "kind"), VISITED)
def test_a_search_visits_as_many_states_as_before(search, kind):
    """Recorded: more of them leave fewer instances within reach, fewer may miss a mask. Record a change on purpose."""
    assert _visited({"halves": halves, "ordered": ordered}[search], kind) == VISITED[search, kind]


@pytest.mark.parametrize("search", [halves, ordered])
def test_a_search_ends_where_it_is_told(search):
    """With as many visits as it takes it finishes, with fewer it does not, and it does not go far beyond them."""
    for kind in ("plain", "cut"):
        assert not search(_drawn(kind, 1)[1], _drawn(kind, 1)[0], Fraction(200), 10**6, lambda: True).finished
        base, items = _drawn(kind, 1)
        needed = search(items, base, Fraction(200), 10**6).visits
        enough = next(most for most in range(2 * needed + 2) if search(items, base, Fraction(200), most).finished)
        assert enough == ENOUGH[search.__name__, kind]
        for most in range(0, enough, 7):
            assert not search(items, base, Fraction(200), most).finished


@pytest.mark.parametrize("search", [halves, ordered])
def test_a_set_that_meets_the_budget_and_the_limit_is_found(search):
    base = Base(Prices(Fraction(1)), np.zeros(1, bool), 0, Fraction(0), 0)
    assert search([], base, Fraction(1), 10).best == (0, [])
    assert search([], base, Fraction(0), 10).best is None
    assert search([Item(Fraction(1), Fraction(1), 0)], base, Fraction(9), 10).best == (0, [])
    over = Base(Prices(Fraction(1)), np.zeros(1, bool), 0, Fraction(-1), 0)
    assert search([], over, Fraction(1), 10).best is None
    assert search([Item(Fraction(1), Fraction(1), 0)], over, Fraction(9), 10).best == (1, [0])


ENOUGH = {("ordered", "plain"): 15, ("ordered", "cut"): 127, ("halves", "plain"): 40, ("halves", "cut"): 44}
