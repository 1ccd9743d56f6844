"""The checks of anyone's selector: each fault is named, at every size and once; right selectors pass."""

import contextlib
import io
from dataclasses import replace
from functools import partial
from pathlib import Path

import broken_selectors as zoo
import numpy as np
import pytest
from checked import SMALL, here
from hypothesis import given
from right_selectors import RIGHT

from proofs_check.selector import (
    CHECKS,
    BrokenPromiseError,
    Promise,
    Selector,
    Status,
    check_selector,
    from_instance,
    sizes,
)
from proofs_check.selector.strategies import edge_instances, hard_instances, instances, tied_instances
from theory import InputError, cwmp, random_k, top_k

# --- the zoo -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("selector", "check"), zoo.BROKEN, ids=[f"{s.name}-{check}" for s, check in zoo.BROKEN])
def test_each_fault_is_caught_by_the_check_that_names_it(selector, check):
    (result,) = here(selector, checks=[check]).results
    assert (result.check, result.status) == (check, Status.FAILED)
    assert result.detail
    assert result.statement.endswith(".")


def test_every_check_catches_something_in_the_zoo():
    assert {check for _, check in zoo.BROKEN} == {check.name for check in CHECKS}
    assert len({selector.name for selector, _ in zoo.BROKEN}) >= 40


def test_a_sampled_threshold_is_caught_on_large_updates():
    """Right on few coordinates, where the sample is everything."""

    def sampled(update, cost, budget):
        if update.size <= 50:
            return zoo.right(update, cost, budget)
        kept = zoo.right(update[::4], cost[::4], budget / 4)
        key = zoo.density(update, cost)
        return zoo.right(np.where(key >= key[::4][kept].min(initial=np.inf) * 1.3, update, 0), cost, budget)

    look = {"checks": ["feasible", "spends_budget", "order"], "examples": 20}
    assert [r.check for r in here(sampled, zoo.PREFIX, dims=(10, 100, 257), **look).faults] == ["check_spends_budget"]
    assert here(sampled, zoo.PREFIX, dims=(10, 49, 50), **look).passed


OF_SOME_SIZES = ("no_empty_layers", "overspends_when_large", "drops_one_between", "share_of_coordinates")
ORDERED = [(s, check) for s, check in zoo.BROKEN if s.promise == zoo.PREFIX and s.name not in OF_SOME_SIZES]


@pytest.mark.parametrize(("selector", "check"), ORDERED, ids=[f"{s.name}-{check}" for s, check in ORDERED])
def test_every_promise_is_held_at_large_sizes_too(selector, check):
    """The same faults in a selector that is right below 1,000 coordinates."""

    def right_when_small(update, cost, budget):
        return (selector.function if update.size >= 1000 else zoo.right)(update, cost, budget)

    large = replace(selector, function=right_when_small)
    assert here(large, checks=[check], dims=(20, 100, 999)).passed
    (result,) = here(large, checks=[check], dims=(999, 1000, 1024, 1300, 1537, 2000)).results
    assert (result.status, bool(result.script)) == (Status.FAILED, True)


@pytest.mark.parametrize(
    ("name", "check", "unseen", "says"),
    [
        ("overspends_when_large", "feasible", range(2900, 3001, 25), "sized(3001, selector.promise, seed="),
        ("drops_one_between", "spends_budget", [1, 13, 40, 60, 100], "sized(41, selector.promise, seed="),
    ],
)
def test_a_fault_of_some_sizes_is_found_where_it_begins(name, check, unseen, says):
    selector = Selector(getattr(zoo, name), zoo.PREFIX)
    report = here(selector, checks=[check])
    (fault,) = report.faults
    assert says in fault.script
    with pytest.raises(BrokenPromiseError) as raised, contextlib.redirect_stdout(io.StringIO()):
        exec(fault.script, {})
    assert str(raised.value) == fault.detail
    assert here(selector, checks=[check], dims=unseen).passed  # dims chooses


def test_the_last_line_says_what_was_tried():
    dims = (20, 21, 22, 500)
    report = here(zoo.right, zoo.PREFIX, checks=["feasible"], dims=dims, seed=3)
    assert str(report).splitlines()[-1] == "Tried: 4 instances of 20-22, 500 coordinates. Seed 3."
    (result,) = here(zoo.right, zoo.PREFIX, checks=["feasible"]).results
    assert set(sizes.DIMS) <= set(result.dims)
    assert max(result.dims) == 100_000
    around = {2**k + off for k in range(7, 17) for off in (-1, 0, 1)}
    assert around | {*range(1, 67), 1000, 1536} <= set(sizes.DIMS)
    assert result.trials >= 60 + len(sizes.DIMS)


@pytest.mark.parametrize("selector", RIGHT, ids=lambda s: f"{s.name}-{s.promise}")
def test_no_false_alarm(selector):
    shipped = selector.name in ("cwmp_on_arrays", "top_k_on_arrays")
    report = here(selector, examples=10, dims=(*SMALL, 1025, 65_537) if shipped else SMALL)
    assert report.passed, str(report)
    assert sum(r.trials for r in report.results) > 100 + 5 * len(SMALL)


@pytest.mark.parametrize(
    ("name", "check"),
    [
        ("float64_sums", "budget_edge"), ("in_place", "inputs_unchanged"), ("last_index_first", "ties"),
        ("signed", "signs"), ("one_too_many", "feasible"), ("one_too_few", "gap"), ("nan_first", "nan"),
        ("no_empty_layers", "empty"), ("reads_memory", "strides"), ("promoted", "dtypes"),
    ],
)  # fmt: skip
def test_the_script_of_a_failure_runs_and_fails_alike(name, check):
    (fault,) = here(Selector(getattr(zoo, name), zoo.PREFIX), checks=[check]).faults
    with pytest.raises(BrokenPromiseError) as raised, contextlib.redirect_stdout(io.StringIO()):
        exec(fault.script, {})
    assert str(raised.value) == fault.detail


def test_the_script_of_an_adapted_selector_runs_too():
    selector = from_instance(partial(cwmp, loss="l1", rounding="fill"), Promise(score="l2", rounding="fill"))
    (fault,) = here(selector, checks=["order"]).faults
    with pytest.raises(BrokenPromiseError), contextlib.redirect_stdout(io.StringIO()):
        exec(fault.script, {})


def test_counterexamples_are_small():
    (result,) = here(zoo.one_too_many, zoo.PREFIX, checks=["feasible"]).results
    assert "update = np.array([1.0, 1.0], " in result.script
    assert "more than the budget" in result.detail
    (result,) = here(zoo.by(lambda g, c: np.abs(g) / c), zoo.PREFIX, checks=["order"], dims=[200]).results
    assert result.script.count(",") < 30  # of 200 coordinates


# --- one fault, said once ----------------------------------------------------------------------------


def test_one_fault_is_said_once_with_the_checks_it_breaks():
    report = here(zoo.one_too_many, zoo.PREFIX, dims=SMALL, examples=30)
    (root,) = report.roots
    assert root.check == "check_feasible"
    assert len(report.faults) == 4
    assert {r.cause for r in report.faults if r is not root} == {"check_feasible"}
    text = str(report)
    assert text.count("Instance(update, cost") == 1
    assert "The same fault breaks check_ties" in text
    assert f"{len(report.faults)} of 26 checks found a fault, which have 1 cause." in text


def test_two_faults_are_two():
    def both(update, cost, budget):
        return zoo.one_too_many(np.maximum(update, 0), cost, budget)

    report = here(both, zoo.PREFIX, dims=SMALL, checks=["feasible", "budget_edge", "signs"])
    assert {r.check for r in report.roots} == {"check_feasible", "check_signs"}


def raises_inside(update, cost, budget):
    return deeper(update)


def deeper(update):
    raise KeyError("no such layer")


@pytest.mark.parametrize("isolate", [False, True])
def test_an_error_is_shown_once_with_its_own_traceback(isolate):
    report = check_selector(raises_inside, zoo.PREFIX, dims=SMALL, seconds=1e5, on_fail="report", isolate=isolate)
    text = str(report)
    assert text.count("no such layer") == 2  # what it said, and the line that raised it
    assert text.count('raise KeyError("no such layer")') == 1
    assert f'{Path(__file__).name}", line' in text
    assert "subject.py" not in text
    assert [r.check for r in report.roots] == ["check_output"]
    assert len(report.faults) > 20


# --- promises ----------------------------------------------------------------------------------------


BY_MAGNITUDE = Selector(zoo.by(lambda g, c: np.abs(g) / c), Promise(score="l1", ties="any"), "by_magnitude")


def test_what_is_said_beside_a_selectors_promise_is_added_to_it():
    report = here(BY_MAGNITUDE, promised={"rounding": "prefix"}, checks=["order"], dims=SMALL)
    assert report.promise == "Promise(score='l1', rounding='prefix', ties='any')"
    assert report.results[0].status is Status.PASSED
    assert here(BY_MAGNITUDE, Promise(rounding="prefix"), checks=["output"]).promise == report.promise
    with pytest.raises(InputError, match="score='l2' contradicts the score='l1' that it promises itself"):
        here(BY_MAGNITUDE, promised={"score": "l2"})
    with pytest.raises(InputError, match="ties='lowest' contradicts the ties='any'"):
        here(BY_MAGNITUDE, promised={"ties": "lowest"})
    with pytest.raises(InputError, match="no promise 'colour'; there are score, rounding"):
        here(BY_MAGNITUDE, promised={"colour": "red"})


def test_random_selectors_pass_as_what_they_are():
    drawn = from_instance(partial(random_k, seed=zoo.ANY_RNG), Promise(rounding="prefix"))
    assert {r.check for r in here(drawn, dims=[20, 50], examples=20).faults} >= {"check_deterministic"}
    open_ = from_instance(partial(random_k, seed=zoo.ANY_RNG), Promise(rounding="prefix", deterministic=False))
    assert here(open_, dims=SMALL).passed
    (seeds,) = here(from_instance(random_k, zoo.SEEDED), checks=["seeds"], dims=SMALL).results
    assert (seeds.status, seeds.trials) == (Status.PASSED, 60 + len(SMALL))


# --- strategies --------------------------------------------------------------------------------------


@pytest.mark.parametrize("strategy", [instances(), tied_instances(), edge_instances(), hard_instances()])
def test_a_selector_gets_the_numbers_it_is_judged_by(strategy):
    budgets = set()

    @given(strategy)
    def looked_at(instance):
        budgets.add(instance.budget)
        assert instance.update is not None
        assert float(instance.budget) == instance.budget
        assert instance.feasible(top_k(instance).mask)

    looked_at()
    assert len(budgets) > 5
