"""Instances of any size and exact places in an order: what the checks look at and with."""

import contextlib
from dataclasses import replace
from fractions import Fraction
from typing import get_args

import numpy as np
import pytest

from proofs_check.selector import BrokenPromiseError, Promise, Selector, check_order, check_spends_budget, sized
from proofs_check.selector.ranks import ranks, running, whole
from proofs_check.selector.sizes import DIMS, FEWER, Kind, in_words, ladder, read_dims
from proofs_check.selector.strategies import clear
from theory import Instance

ULP = 2.0**-52


def plain_ranks(weight, cost):
    keys = [Fraction(w) / Fraction(c) for w, c in zip(weight.tolist(), cost.tolist(), strict=True)]
    place = {key: k for k, key in enumerate(sorted(set(keys)))}
    return [place[key] for key in keys]


def some_weights(seed):
    rng = np.random.default_rng(seed)
    close = 1 + ULP * rng.integers(0, 4, 300)  # quotients that round alike or the wrong way round
    c = rng.choice([1.0, 3.0, 0.1, 1 + ULP, 1 + 3 * ULP], 300)
    return close * c * rng.choice([1.0, 1.0, 2.0, 0.0], 300), c


@pytest.mark.parametrize("seed", range(5))
def test_ranks_are_those_of_fractions(seed):
    weight, cost = some_weights(seed)
    assert ranks(weight, cost).tolist() == plain_ranks(weight, cost)
    floats = weight / cost
    assert np.unique(floats).size < np.unique(ranks(weight, cost)).size  # floats alone would tie them


@pytest.mark.parametrize(
    ("weight", "cost"),
    [([], []), ([0.0, 0.0], [1.0, 2.0]), ([5e-324, 1e-323, 5e-324], [1e300, 1e300, 2e300]),
     ([1e300, 2e300, 1e300], [1e-300, 1e-300, 2e-300]), ([1.0, 2.0, 3.0], [2.0, 4.0, 6.0])],
)  # fmt: skip
def test_ranks_at_the_ends_of_the_range(weight, cost):
    weight, cost = np.array(weight), np.array(cost)
    assert ranks(weight, cost).tolist() == plain_ranks(weight, cost)


def test_costs_as_integers_lose_nothing():
    cost = np.array([0.1, 1 / 3, 5e-324, 1e300, 7.0])
    units, q = whole(cost)
    assert [Fraction(n, q) for n in units] == [Fraction(c) for c in cost.tolist()]
    assert running(units)[-1] == sum(units)


def test_sizes_are_read_as_they_are_written():
    assert read_dims("1-4, 100,1e5,2") == (1, 2, 3, 4, 100, 100_000)
    assert in_words((5, 1, 2, 3, 3, 7)) == "1-3,5,7"
    for dims in (DIMS, FEWER, ladder(7)):
        assert read_dims(in_words(dims)) == dims
    assert ladder(0) != ladder(1)  # some are drawn
    assert set(DIMS) < set(ladder(0))


@pytest.mark.parametrize("kind", get_args(Kind))
@pytest.mark.parametrize(
    "promise",
    [Promise(), Promise(score="l2", rounding="fill"), Promise(score="magnitude"), Promise(score=np.log1p),
     Promise(score="l2", order_tolerance=0.05), Promise(score="l1", dtypes=("float16",)),
     Promise(score="l2", order_tolerance=0)],
)  # fmt: skip
def test_instances_of_any_size_can_be_judged(kind, promise):
    looked = set()
    for d in (1, 2, 3, 7, 40, 200):
        instance = sized(d, promise, seed=d, kind=kind)
        again = sized(d, promise, seed=d, kind=kind)
        assert instance.update.tobytes() == again.update.tobytes()
        assert (instance.cost == again.cost).all()
        assert instance.budget == again.budget == float(instance.budget)
        assert (instance.d, str(instance.update.dtype) in promise.dtypes) == (d, True)
        affordable = instance.cost <= float(instance.budget)
        if kind not in ("dear", "whole"):  # what is planted there is left out before ordering, or has no order
            assert clear(promise)(instance)
        looked.add((bool(affordable.all()), bool((instance.update == 0).any())))
    assert (kind == "dear") <= any(not all_ for all_, _ in looked)
    assert (kind in ("rich", "whole", "sparse")) <= all(all_ for all_, _ in looked)
    assert (kind == "sparse") <= any(zero for _, zero in looked)


def test_instances_of_a_kind_of_costs_and_of_a_real_update():
    update = np.array([17.125, -19.5, 0.25], dtype=np.float32)
    instance = sized(50, Promise(score="l2"), cost="integers", update=update)
    assert set(np.abs(instance.update).tolist()) <= set(np.abs(update).tolist())
    assert set(instance.cost.tolist()) <= set(range(1, 10))
    assert np.unique(sized(50, kind="equal").cost).size == 1
    assert np.unique(sized(50, cost="equal").cost).size == 1


def test_an_edge_is_within_a_unit_in_the_last_place_of_a_sum():
    promise, below = Promise(score="l2"), 0
    for seed in range(20):
        instance = sized(30, promise, seed=seed, kind="edge")
        order = np.argsort(-instance.score / instance.cost, kind="stable")
        sums = [Fraction(0)]
        for c in instance.cost[order].tolist():
            sums.append(sums[-1] + Fraction(c))
        nearest = min(abs(s - instance.budget) for s in sums)
        assert nearest <= 2 * Fraction(np.spacing(float(instance.budget)))
        below += instance.budget not in sums
    assert below  # floats do not meet most sums


KEEPS_THE_FIRST = Selector(lambda update, cost, budget: [0], Promise(score="magnitude", rounding="prefix"))


@pytest.mark.parametrize(
    ("ties", "tolerance", "right"), [("any", 0, True), ("lowest", 1e-6, True), ("lowest", 0, False)]
)
def test_a_prefix_stops_at_any_of_the_items_that_may_come_next(ties, tolerance, right):
    """Items 1 and 2 tie; 2 does not fit. Who takes it first stops there, who must take the lowest index does not."""
    instance = Instance([2.0, 1.0, 1.0], [1.0, 1.0, 3.0], 3.0)
    promise = Promise(score="magnitude", rounding="prefix", ties=ties, order_tolerance=tolerance)
    with contextlib.nullcontext() if right else pytest.raises(BrokenPromiseError, match=r"1 \(update 1.0.*still fits"):
        check_spends_budget(replace(KEEPS_THE_FIRST, promise=promise), instance)


def test_an_item_left_out_for_nothing_worse_is_no_fault_of_the_order():
    promise = Promise(score="l2", rounding="fill")
    instance = Instance([3.0, 1.0], 1, 2.0)
    check_order(replace(KEEPS_THE_FIRST, promise=promise), instance)
    with pytest.raises(BrokenPromiseError, match="still fits"):
        check_spends_budget(replace(KEEPS_THE_FIRST, promise=promise), instance)
