"""What a paired difference and the budgets beside it decide, case by case; ledgers and prices on paper."""

from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import product

import numpy as np
import pytest

from empirical.judgement.paired import ALPHA, Paired, not_worse, paired
from empirical.judgement.verdicts import Cell, Contest, decided, undecided
from empirical.prices import NOR, STATE, Entry, given, prices
from empirical.training.compress import CWMP
from theory.claims.verdict import Outcome
from theory.energy.costs import budget_spec
from theory.energy.hardware import MEMORIES
from theory.instance import CostClasses
from theory.layers import named_layers

HOLDS, REVERSES, OPEN = Outcome.HOLDS, Outcome.REVERSES, Outcome.INCONCLUSIVE
WORDS = "the frontier is {} Top-K's"


@dataclass(frozen=True)
class At:
    """A budget."""

    difference: Paired


def difference(low, mean, high, pairs=10):
    return Paired(mean, low, high, 0.95, 0.5, pairs, pairs)


NOTHING = difference(0.0, 0.0, 0.0)
UP, DOWN, UNSURE = difference(0.1, 0.2, 0.3), difference(-0.3, -0.2, -0.1), difference(-0.1, 0.1, 0.2)


def test_identical_is_three_zeros():
    for low, mean, high in product((-1.0, 0.0, 1.0), repeat=3):
        assert difference(low, mean, high).identical == ((low, mean, high) == (0, 0, 0))


def test_too_few_pairs_have_a_mean_and_nothing_else():
    for values in ([0.5], [1.0, 3.0], [1.0, np.inf, 2.0]):
        found = paired(values, 3)
        assert (found.low, found.high, found.level, found.p) == (-np.inf, np.inf, 1.0, 1.0)
        assert found.mean == np.mean(values)


@pytest.mark.parametrize("seed", range(12))
def test_not_worse_is_the_share_of_flips_at_least_as_good(seed):
    """Every pattern of signs of the differences plus the margin, in integers."""
    rng = np.random.default_rng(seed)
    differences, margin = rng.integers(-4, 6, 3 + seed % 5), int(rng.integers(0, 3))
    shifted = differences + margin
    sums = [int(np.dot(signs, shifted)) for signs in product((1, -1), repeat=shifted.size)]
    share = sum(one >= shifted.sum() for one in sums) / len(sums)
    assert not_worse((differences / 8).tolist(), margin / 8) == share


def test_not_worse_needs_pairs_that_can_be_flipped():
    assert not_worse([1.0, 2.0], 0.5) == not_worse([1.0] * 23, 0.5) == not_worse([1.0, np.nan, 2.0], 0.5) == 1.0
    assert not_worse([1.0, 2.0, 3.0], 0.5) == 1 / 8
    assert not_worse([1.0] * 22, 0.5) == 2.0**-22


@pytest.mark.parametrize(
    ("value", "cells", "p", "expected", "says"),
    [
        (UP, [UP, UNSURE], 0.04, HOLDS, "the frontier is above Top-K's"),
        (UP, [UP, difference(-0.3, -0.1, 0.0)], 0.04, HOLDS, "above"),  # an interval that ends at 0 contradicts nothing
        (UP, [UP, DOWN], 0.04, OPEN, "the frontier and a single budget point in opposite directions"),
        (UP, [UNSURE, DOWN], 0.04, OPEN, "opposite"),
        (UP, [DOWN], 0.04, OPEN, "opposite"),
        (DOWN, [DOWN, UNSURE], 0.04, REVERSES, "the frontier is below Top-K's"),
        (DOWN, [DOWN, difference(0.0, 0.1, 0.3)], 0.04, REVERSES, "below"),
        (DOWN, [UP], 0.04, OPEN, "opposite"),
        (difference(-0.1, 0.0, 0.1), [UP], 0.04, OPEN, "opposite"),
        (UP, [UP], ALPHA, HOLDS, "above"),
        (UP, [UP], 0.051, OPEN, "p = 0.051 among 4 contests"),
        (NOTHING, [NOTHING, NOTHING], 1.0, OPEN, "identical runs"),
        (NOTHING, [NOTHING, UNSURE], 1.0, OPEN, "p = 1 among 4 contests"),
        (UP, [NOTHING], 0.001, HOLDS, "above"),
        (difference(0.1, 0.2, 0.3, pairs=7), [UP], 0.001, OPEN, "7 seeds decide nothing among 4 contests"),
        (difference(0.1, 0.2, 0.3, pairs=8), [UP], 0.001, HOLDS, "above"),
    ],
)
def test_every_way_to_a_verdict(value, cells, p, expected, says):
    outcome, why = decided(value, [At(cell) for cell in cells], 4, p, WORDS)
    assert outcome is expected
    assert says in why


def contest(method, outcome, frontier):
    return Contest("fc-dear", method, 0.1, (), frontier, UNSURE, 1, 0.5, outcome, "")


def test_an_experiment_is_undecided_where_the_papers_method_is():
    cases = [(CWMP, OPEN, UNSURE, True), (CWMP, HOLDS, UP, False), (CWMP, OPEN, NOTHING, False)]
    for method in ("safe", "a", "z"):
        cases.append((method, OPEN, UNSURE, False))
    for method, outcome, frontier, expected in cases:
        assert undecided([contest(method, outcome, frontier)]) is expected
    assert undecided([contest("z", HOLDS, UP), contest(CWMP, OPEN, UNSURE)])
    assert not undecided([])


def test_seeds_agree_where_all_do():
    cell = Cell("0.1", 0.5, 0.4, UP)
    assert cell.every_seed
    assert not replace(cell, difference=replace(UP, agree=9)).every_seed


def test_a_ledger_of_drawn_costs_is_kind_by_kind():
    layers = named_layers([("0.weight", (2, 1, 1, 1)), ("9.weight", (1, 3))])
    priced = prices("lognormal", layers, 3)
    mask = np.array([True, False, True, False, True])
    conv, fc = priced.ledger(mask)
    exact = [Fraction(float(c)) for c in priced.costs]
    assert (conv.kind, conv.coordinates, conv.memory, conv.radio, conv.index) == ("conv", 1, exact[0], 0, 0)
    assert (fc.kind, fc.coordinates, fc.memory) == ("fc", 2, exact[2] + exact[4])
    assert priced.total == sum(exact)


def test_a_ledger_of_given_classes():
    layers = named_layers([("0.weight", (2, 1, 1, 1)), ("9.weight", (1, 3))])
    priced = given(CostClasses(np.array([0, 1, 1, 1, 2]), ["0.5", "2", "7"]), layers)
    first, second = priced.ledger(np.array([True, True, True, False, True]))
    assert (first.coordinates, first.energy) == (2, Fraction(5, 2))
    assert (second.coordinates, second.energy) == (2, 9)
    assert [e.energy for e in priced.ledger(np.zeros(5, bool))] == [0, 0]
    assert priced.total == Fraction(1, 2) + 3 * 2 + 7


def test_indices_are_paid_for_unless_all_is_sent():
    layers = named_layers([("9.weight", (4, 4))])
    priced = prices("ble-dram", layers, 0)
    assert [one.coordinates for one in priced.each] == [1]
    kept = np.arange(16) < 5
    (sparse,), (dense,) = priced.ledger(kept), priced.ledger(kept, dense=True)
    bit = Fraction("7.1e-3") * 3 / 10**6
    assert (sparse.radio, sparse.index) == (5 * 32 * bit, 5 * 4 * bit)
    assert (dense.radio, dense.index, dense.memory) == (sparse.radio, 0, sparse.memory)
    assert priced.total == 16 * sparse.energy / 5
    assert sparse + sparse == Entry(sparse.kind, 10, 2 * sparse.radio, 2 * sparse.index, 2 * sparse.memory)


def test_state_that_travels_whole_is_priced_as_normalisation_or_as_the_average():
    with_norm = prices("ble-dram", named_layers([("ln_1.weight", (3,)), ("9.weight", (1, 3))]), 0)
    (whole,) = with_norm.whole(4)
    bit, sram = Fraction("7.1e-3") * 3 / 10**6, Fraction(5, 32) / 10**12
    assert whole == Entry(STATE, 4, 4 * 32 * bit, Fraction(0), 4 * 32 * sram)  # no index is sent with it
    without = prices("fc-dear", named_layers([("0.weight", (2, 1, 1, 1)), ("9.weight", (1, 3))]), 0)
    assert without.whole(10) == (Entry(STATE, 10, memory=10 * Fraction(2 + 30, 5)),)
    assert without.whole(0) == with_norm.whole(0) == ()


def test_budgets_of_an_experiment_in_joules_or_units():
    layers = named_layers([("0.weight", (2, 1, 1, 1)), ("9.weight", (1, 3))])
    assert prices("fc-dear", layers, 0).joules(budget_spec("25%"), layers) == 8
    assert prices("fc-dear", layers, 0).joules(budget_spec("7units"), layers) == 7
    assert prices("ble-dram", layers, 0).joules(budget_spec("3uJ"), layers) == Fraction(3, 10**6)


def test_models_that_an_experiment_adds():
    layers = named_layers([("0.weight", (2, 1, 1, 1)), ("9.weight", (1, 3))])
    found = prices("ratio-3-5", layers, 0)
    assert [(e.kind, e.energy) for e in found.each] == [("conv", 3), ("fc", 5)]
    assert found.unit == "units"
    nor = prices(NOR, layers, 0)
    written = next(m for m in MEMORIES if m.name == "serial NOR (TelosB)").write.exact
    (fc,) = (e for e in nor.each if e.kind == "fc")
    assert fc.memory == 32 * written
