"""Running the checks: processes that hang or die, checks that are cut short, requests that make no sense."""

import itertools
import os
import sys

import broken_selectors as zoo
import numpy as np
import pytest
from checked import SMALL, here

from proofs_check.oracles import Worker
from proofs_check.selector import (
    BrokenPromiseError,
    InconclusiveError,
    Promise,
    Status,
    Verdict,
    as_selector,
    check_selector,
    isolation,
    sizes,
    strategies,
    trial,
)
from proofs_check.selector.strategies import real_instances
from theory import InputError, Instance, cwmp

# --- isolation ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "status", "says"),
    [
        ("hangs", Status.NO_ANSWER, "the process was killed"),
        ("crashes", Status.CRASHED, "SIGSEGV" if sys.platform != "win32" else "exit code"),
        ("devours", Status.MEMORY, "more memory than it may have"),
    ],
)
def test_a_selector_that_takes_the_process_down_is_reported_with_the_instance(name, status, says, when_it_hangs):
    report = check_selector(
        f"broken_selectors:{name}", zoo.PREFIX, checks=["output", "empty", "feasible"], on_fail="report",
        seconds=1e5, megabytes=128, dims=range(1, 14),
    )  # fmt: skip
    output, empty, feasible = report.results
    assert (output.status, empty.status, feasible.status) == (status, Status.PASSED, status)
    assert says in output.detail
    assert f"from broken_selectors import {name}" in output.script
    update = eval(output.script.partition("np.array(")[2].partition("],")[0] + "]")
    assert len(update) > 2  # the one it was at work on, not an earlier one
    assert report.isolated
    assert report.verdict is (Verdict.INCONCLUSIVE if name == "hangs" else Verdict.BROKEN)


@pytest.fixture
def when_it_hangs(tmp_path, monkeypatch):
    """The time of a call is up when the selector says that it hangs, however slow the machine is."""
    sign = tmp_path / "hangs"
    monkeypatch.setenv("CWMP_HANGS", str(sign))

    class Patient(Worker):
        def call(self, function, arguments, *, seconds, moving=None):
            def not_hanging():
                hanging = sign.exists()
                sign.unlink(missing_ok=True)
                return not hanging

            if moving is None:
                return super().call(function, arguments, seconds=seconds)
            return super().call(function, arguments, seconds=0.1, moving=not_hanging)

    monkeypatch.setattr(isolation, "Worker", Patient)


def test_a_selector_that_always_hangs_is_given_up(when_it_hangs):
    report = check_selector("broken_selectors:hangs", seconds=1e5, on_fail="report", dims=[20, 30])
    assert [r.status for r in report.results].count(Status.NO_ANSWER) == 2
    assert Status.NOT_RUN in {r.status for r in report.results}
    assert report.verdict is Verdict.INCONCLUSIVE


def test_a_call_has_its_time_anew_as_long_as_it_gets_on():
    asked = []
    with Worker() as worker:
        reply = worker.call("time:sleep", {}, seconds=0.01, moving=lambda: len(asked) < 3 and not asked.append(1))
    assert reply.outcome in ("timeout", "failed")  # sleep takes no keywords: an error, if it came before the third time
    trail = isolation.Isolated("broken_selectors:right")
    try:
        trail._trail.write_text("one")
        os.utime(trail._trail, ns=(1, 1))
        assert [trail._moved(), trail._moved()] == [True, False]
        os.utime(trail._trail, ns=(2, 2))
        assert trail._moved()
    finally:
        trail.close()


def test_functions_are_isolated_when_they_can_be():
    quick = {"checks": ["output"], "dims": SMALL, "seconds": 1e5}
    assert check_selector(zoo.right, zoo.PREFIX, **quick).isolated
    assert not check_selector(lambda g, c, b: zoo.right(g, c, b), zoo.PREFIX, **quick).isolated
    with pytest.raises(InputError, match="another process cannot load"):
        check_selector(lambda g, c, b: g, isolate=True)


# --- cut short ---------------------------------------------------------------------------------------


@pytest.fixture
def ticking(monkeypatch):
    """A clock that goes on by a second whenever anybody looks at it."""
    clock = itertools.count()
    monkeypatch.setattr(trial, "perf_counter", lambda: float(next(clock)))


def test_a_check_that_is_cut_short_is_inconclusive_and_says_how_far_it_got(ticking):
    report = here(zoo.right, zoo.PREFIX, checks=["feasible", "zeros"], seconds=30)
    assert report.verdict is Verdict.INCONCLUSIVE
    assert not report.passed
    for result in report.results:
        assert (result.status, result.trials) == (Status.INCONCLUSIVE, 30)
        assert result.detail == "cut short after 30 instances by the limit of 30 s"
    assert "Inconclusive: 2 of 2 checks were cut short or not run." in str(report)
    with pytest.raises(InconclusiveError, match="cut short after 30 instances"):
        check_selector(zoo.right, zoo.PREFIX, checks=["feasible"], isolate=False, seconds=30)


def test_a_fault_found_in_time_is_a_fault(ticking):
    report = here(zoo.one_too_many, zoo.PREFIX, checks=["feasible", "signs"], seconds=50)
    assert [r.status for r in report.results] == [Status.FAILED, Status.INCONCLUSIVE]
    assert report.verdict is Verdict.BROKEN


def test_an_interrupt_leaves_what_was_judged_and_no_verdict():
    def interrupt(result):
        if result.check == "check_zeros":
            raise KeyboardInterrupt

    arguments = {"checks": ["output", "zeros", "feasible"], "dims": range(1, 14), "on_result": interrupt}
    report = here(zoo.right, zoo.PREFIX, **arguments)
    assert [r.status for r in report.results] == [Status.PASSED, Status.PASSED, Status.INCONCLUSIVE]
    assert report.results[-1].detail == "stopped by an interrupt"
    assert report.verdict is Verdict.INCONCLUSIVE
    with pytest.raises(KeyboardInterrupt):
        here(zoo.right, zoo.PREFIX, **{**arguments, "on_fail": "raise"})


def test_nothing_tried_is_nothing_shown():
    assert here(zoo.right, zoo.PREFIX, checks=["exact_optimum"]).verdict is Verdict.INCONCLUSIVE
    assert "no check applies" in str(here(zoo.right, zoo.PREFIX, checks=["exact_optimum"]))


# --- the interface -----------------------------------------------------------------------------------


def test_a_fault_raises_with_the_report_as_its_message():
    with pytest.raises(BrokenPromiseError, match=r"(?s)check_feasible.*FAILED.*1 of 1 check found a fault"):
        check_selector(zoo.one_too_many, zoo.PREFIX, checks=["feasible"], isolate=False, seconds=1e5)


def test_choices_of_checks():
    names = lambda report: {r.check for r in report.results}  # noqa: E731
    assert names(here(zoo.right, zoo.PREFIX, claims=["D5", "d15"])) == {"check_optimal_for_spent", "check_nested"}
    assert names(here(zoo.right, zoo.PREFIX, claims=["D16"])) == {
        f"check_{name}" for name in ("signs", "scale", "joules", "permutation")
    }
    skipped = here(zoo.nan_first, zoo.PREFIX, checks=["nan"], skip=["nan"])
    assert skipped.verdict is Verdict.INCONCLUSIVE  # nothing was tried
    assert skipped.results[0].detail == "left out by request"
    (exact,) = here(zoo.best_of, zoo.BEST, promised={"exact": True}, checks=["exact_optimum"]).results
    assert exact.status is Status.FAILED


def test_costs_that_a_selector_is_made_for():
    """A Top-K that ignores costs is right where all are equal."""

    def by_count(update, cost, budget):
        if not np.isfinite(update).all():
            raise ValueError("not finite")
        order = np.argsort(-np.abs(update), kind="stable")[: int(budget // cost[0]) if cost.size else 0]
        return order[update[order] != 0]

    promise = Promise(score="magnitude", rounding="prefix")
    assert here(by_count, promise, cost_model="equal", examples=20, dims=SMALL).passed
    assert not here(by_count, promise, checks=["feasible", "spends_budget"]).passed
    assert here(zoo.right, zoo.PREFIX, cost_model="memory-only", examples=10, dims=SMALL).passed


def test_a_real_update_is_drawn_from():
    seen = []

    def spying(update, cost, budget):
        seen.extend(update.tolist())
        return zoo.right(update, cost, budget)

    here(spying, zoo.PREFIX, update=np.array([17.125, 19.5], dtype=np.float32), checks=["order"])
    assert 17.125 in seen


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: check_selector("nothing"), "must be package.module:function"),
        (lambda: check_selector("no.such:thing"), "no module 'no'"),
        (lambda: check_selector("broken_selectors:nope"), "has no 'nope'"),
        (lambda: check_selector("right_selectors:RIGHT"), "is list, no function"),
        (lambda: here(3), "must be callable, got int"),
        (lambda: here(zoo.right, checks=["zeal"]), "no check 'check_zeal'; the checks are check_output"),
        (lambda: here(zoo.right, claims=["D99"]), "no check of claim 'D99'; there are checks of protocol, D1"),
        (lambda: here(zoo.right, cost_model="solar"), "no energy model 'solar'"),
        (lambda: here(zoo.right, examples=0), "examples must be a whole number >= 1"),
        (lambda: here(zoo.right, dims=[]), "dims must be sizes of at least 1"),
        (lambda: here(zoo.right, dims=[0, 5]), "dims must be sizes of at least 1"),
        (lambda: here(zoo.right, seconds=0), "seconds must be > 0"),
        (lambda: sizes.read_dims("5-"), "dims must be sizes from 1 to 1e8"),
        (lambda: sizes.read_dims("9-5"), "dims must be sizes and ranges"),
        (lambda: sizes.read_dims("1e9"), "dims must be sizes from 1 to 1e8"),
        (lambda: sizes.sized(5, kind="odd"), "a kind of plain, sparse"),
        (lambda: Promise(deterministic=False, seeded=True), "that is deterministic"),
        (lambda: check_selector(zoo.right, seconds=0), "seconds must be > 0"),
        (lambda: check_selector(zoo.right, on_fail="cry"), "on_fail must be raise or report"),
        (lambda: Promise(score="g2"), "score must be one of l2, l1, magnitude"),
        (lambda: Promise(rounding="up"), "rounding must be one of prefix, fill, best-of or None"),
        (lambda: Promise(score="magnitude", exact=True), "exact is a promise about the loss"),
        (lambda: Promise(dtypes=("int8",)), "dtypes must be some of"),
        (lambda: Promise(budget_tolerance=2), "at least 0 and below 1"),
        (lambda: Promise(ties="first"), "ties must be lowest or any"),
        (lambda: real_instances([]), "no coordinates to draw from"),
        (lambda: strategies.costs(3, "solar"), "no energy model 'solar'"),
    ],
)
def test_bad_requests(call, says):
    with pytest.raises(InputError, match=says):
        call()


@pytest.mark.parametrize(
    "output",
    [
        np.array([True, False, True]),
        np.array([2, 0]),
        [0, 2],
        np.array([1.5, 0.0, 2.5], dtype=np.float32),
        (np.array([1.5, 2.5], dtype=np.float32), np.array([0, 2])),
        (np.array([0, 2]), np.array([1.5, 2.5], dtype=np.float32)),
        cwmp(Instance([1.0, 0.0, 3.0], 1, 3)),
    ],
)
def test_outputs_that_are_read(output):
    kept = as_selector(lambda g, c, b: output)(np.array([1.5, 9, 2.5], dtype=np.float32), np.ones(3), 3.0)
    assert kept.support == [0, 2]


@pytest.mark.parametrize(
    ("output", "says"),
    [
        (np.array([0, 0]), "an index occurs twice"),
        (np.array([3]), r"must lie in 0\.\.2"),
        (np.array([-1]), r"must lie in 0\.\.2"),
        (np.array([True]), "has shape"),
        (np.array([1.0, np.inf, 0.0]), "not finite"),
        (None, "no mask, indices or update"),
        ("mask", "no mask, indices or update"),
        ((np.array([1.0]), np.array([0, 1])), "2 indices for 1 values"),
        ((np.array([1.0]), np.array([1.0])), "one must be indices"),
        (np.ones((3, 2)), "has shape"),
    ],
)
def test_outputs_that_are_refused(output, says):
    with pytest.raises(BrokenPromiseError, match=says):
        as_selector(lambda g, c, b: output)(np.ones(3), np.ones(3), 3.0)
