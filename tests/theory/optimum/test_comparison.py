"""What selectors keep beside the optimum: on paper, and against enumeration of all masks."""

from fractions import Fraction
from itertools import product
from types import SimpleNamespace

import numpy as np
import pytest

from theory import CostClasses, Instance, certify, cwmp, top_k
from theory.layers import Layer
from theory.optimum import comparison
from theory.optimum.comparison import Kept, Swap, best_row, compared, kinds_kept, share, swap_fields

LAYERS = (Layer("a", (2,), "conv"), Layer("b", (1,), "fc"), Layer("c", (1, 1), "conv"))


def of(kinds):
    return {k.kind: (k.size, k.of_energy, dict(k.kept), dict(k.retained_of_norm)) for k in kinds}


@pytest.mark.parametrize("cost", [[4, 2, 3, 1], CostClasses(np.arange(4), [4, 2, 3, 1])], ids=["each", "classes"])
@pytest.mark.parametrize("block", [1, 2, 1 << 20])
def test_a_comparison_on_paper(monkeypatch, cost, block):
    """Scores 9, 4, 4 and 1, 5 joules: the prefix keeps 9, fill and the optimum 9 and 1, half of the next item fits."""
    monkeypatch.setattr(comparison, "_BLOCK", block)
    instance = Instance(np.array([3.0, -2.0, 2.0, 1.0]), cost, 5)
    found = compared(instance, certify(instance), LAYERS)
    assert list(found.selections) == ["CWMP prefix", "CWMP fill", "CWMP best-of", "Top-K", "optimum"]
    first = Kept(1, 4.0, 4 / 5, 9 / 18, 1 / 10, False)
    best = Kept(2, 5.0, 1.0, 10 / 18, 0.0, True)
    assert list(found.selections.values()) == [first, best, best, first, best]
    assert (found.relaxation_of_norm, found.bound_of_norm) == (11 / 18, 2 / 18)
    assert (found.swap.dropped.tolist(), found.swap.added.tolist(), found.swap.gain) == ([], [3], 1 / 9)
    assert [kind.kind for kind in found.kinds] == ["conv", "fc"]
    assert of(found.kinds) == {
        "conv": (3, 7 / 10, {"CWMP prefix": 1, "Top-K": 1, "optimum": 2},
                 {"CWMP prefix": 9 / 18, "Top-K": 9 / 18, "optimum": 10 / 18}),
        "fc": (1, 3 / 10, {"CWMP prefix": 0, "Top-K": 0, "optimum": 0},
               {"CWMP prefix": 0.0, "Top-K": 0.0, "optimum": 0.0}),
    }  # fmt: skip


def test_the_prefix_gives_up_what_the_optimum_does_without():
    """4 for 1 joule comes first, and 9 for 3 no longer fits; costs in tenths are said in joules."""
    instance = Instance(np.array([2.0, 3.0]), CostClasses(np.array([0, 1]), ["0.1", "0.3"]), "0.3")
    found = compared(instance, certify(instance), (Layer("w", (2,), "fc"),))
    assert (found.swap.dropped.tolist(), found.swap.added.tolist(), found.swap.gain) == ([0], [1], 5 / 4)
    assert found.selections["CWMP prefix"] == Kept(1, 0.1, 1 / 3, 4 / 13, 5 / 9, False)
    assert found.selections["Top-K"] == found.selections["optimum"] == Kept(1, 0.3, 1.0, 9 / 13, 0.0, True)


def test_what_is_not_proved_is_the_best_found():
    instance = Instance(np.array([3.0, 2.0]), 1, 1)
    mask = np.array([True, False])
    given = SimpleNamespace(mask=mask, spent=Fraction(1), retained=Fraction(9), verdict="interval")
    found = compared(instance, given, (Layer("w", (2,), "fc"),))
    assert list(found.selections)[-1] == "best found"
    assert [one.optimal for one in found.selections.values()] == [False] * 5
    assert [one.below_best for one in found.selections.values()] == [0] * 5
    assert (best_row("exact"), best_row("interval")) == ("optimum", "best found")


@pytest.mark.parametrize("seed", range(6))
def test_small_instances_against_all_masks(seed):
    draw = np.random.default_rng(seed)
    g, cost = draw.integers(-6, 7, 8).astype(float), draw.integers(1, 6, 8)
    budget = int(cost.sum() * draw.uniform(0.2, 0.8))
    instance = Instance(g, cost, budget)
    layers = [Layer(str(k), (2,), "fc" if k % 2 else "conv") for k in range(4)]
    found = compared(instance, certify(instance), layers)
    square = g**2
    masks = np.array([m for m in product((False, True), repeat=8) if cost[np.array(m)].sum() <= budget])
    best, norm = (masks @ square).max(), square.sum()
    for name, one in (("CWMP prefix", cwmp(instance)), ("Top-K", top_k(instance))):
        kept = float(square[one.mask].sum())
        wanted = Kept(one.mask.sum(), float(one.spent), float(one.spent) / budget, kept / norm, (best - kept) / best,
                      kept == best)  # fmt: skip
        assert found.selections[name] == wanted
        for kind, own in (("conv", [0, 1, 4, 5]), ("fc", [2, 3, 6, 7])):
            row = next(k for k in found.kinds if k.kind == kind)
            assert (row.size, row.of_energy) == (4, cost[own].sum() / cost.sum())
            assert (row.kept[name], row.retained_of_norm[name]) == (
                one.mask[own].sum(),
                pytest.approx((square * one.mask)[own].sum() / norm),
            )
    assert found.selections["optimum"].retained_of_norm == best / norm
    swapped = cwmp(instance).mask.copy()
    swapped[found.swap.dropped], swapped[found.swap.added] = False, True
    assert square[swapped].sum() == best


def test_costs_of_classes_are_counted_not_summed():
    """Of 99,999 tenths, as floats, the sum errs; all of them are the whole energy."""
    d = 99_999
    assert np.full(d, 0.1).sum() != d * 0.1
    instance = Instance(np.ones(d), CostClasses(np.zeros(d, int), [0.1]), 1)
    assert kinds_kept(instance, {}, (Layer("w", (d,), "fc"),), Fraction(d))[0].of_energy == 1


def test_nothing_beside_nothing_is_no_share():
    assert (share(Fraction(1), Fraction(0)), share(Fraction(1), Fraction(4))) == (0.0, 0.25)
    nothing = Instance(np.zeros(3), 1, 0)
    found = compared(nothing, certify(nothing), (Layer("w", (3,), "fc"),))
    assert set(found.selections.values()) == {Kept(0, 0.0, 0.0, 0.0, 0.0, True)}
    assert of(found.kinds) == {"fc": (3, 1.0, dict.fromkeys(["CWMP prefix", "Top-K", "optimum"], 0),
                                      dict.fromkeys(["CWMP prefix", "Top-K", "optimum"], 0.0))}  # fmt: skip
    empty = Instance(np.zeros(0), 1, 0)
    assert of(kinds_kept(empty, {}, (Layer("w", (0,), "fc"),), Fraction(0))) == {"fc": (0, 0.0, {}, {})}


def test_a_swap_as_plain_data():
    swap = Swap(np.arange(3, 150), np.array([7, 151]), 0.5)
    assert swap_fields(swap) == {
        "dropped": list(range(3, 103)), "added": [7, 151], "dropped_count": 147, "added_count": 2, "gain": 0.5,
    }  # fmt: skip
    assert swap_fields(swap, most=1)["added"] == [7]


def test_two_comparisons_are_two_whatever_they_hold():
    """They hold arrays, which are neither equal nor different."""
    instance = Instance(np.array([3.0, 2.0]), 1, 1)
    found = [compared(instance, certify(instance), (Layer("w", (2,), "fc"),)) for _ in range(2)]
    assert len(set(found)) == len({one.swap for one in found}) == 2
