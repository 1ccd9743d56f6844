"""The checks of anyone's selector: each fault is named, right selectors pass, and nothing takes the run down."""

import contextlib
import io
import json
import subprocess
import sys
from functools import partial
from pathlib import Path

import broken_selectors as zoo
import numpy as np
import pytest
from click.testing import CliRunner
from hypothesis import given
from right_selectors import RIGHT

from cwmp import main
from proofs_check.selector import (
    CHECKS,
    BrokenPromiseError,
    Promise,
    Selector,
    Status,
    as_selector,
    check_selector,
    from_instance,
    selector_test,
    strategies,
)
from proofs_check.selector.strategies import edge_instances, hard_instances, instances, real_instances, tied_instances
from theory import InputError, Instance, cwmp, top_k

here = partial(check_selector, isolate=False, on_fail="report")


# --- the zoo -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("selector", "check"), zoo.BROKEN, ids=[f"{s.name}-{check}" for s, check in zoo.BROKEN])
def test_each_fault_is_caught_by_the_check_that_names_it(selector, check):
    (result,) = here(selector, checks=[check]).results
    assert (result.check, result.status) == (check, Status.FAILED)
    assert result.detail
    assert result.statement.endswith(".")


def test_every_check_catches_something_in_the_zoo():
    assert {check for _, check in zoo.BROKEN} | {"check_large_update"} == {check.name for check in CHECKS}
    assert len({selector.name for selector, _ in zoo.BROKEN}) >= 40


def test_a_sampled_threshold_is_caught_on_large_updates():
    """Right on few coordinates, where the sample is everything."""

    def sampled(update, cost, budget):
        if update.size <= 50:
            return zoo.right(update, cost, budget)
        kept = zoo.right(update[::4], cost[::4], budget / 4)
        key = zoo.density(update, cost)
        return zoo.right(np.where(key >= key[::4][kept].min(initial=np.inf) * 1.3, update, 0), cost, budget)

    assert [r.check for r in here(sampled, zoo.PREFIX).faults] == ["check_large_update"]


@pytest.mark.parametrize("selector", RIGHT, ids=lambda s: f"{s.name}-{s.promise}")
def test_no_false_alarm(selector):
    report = here(selector, examples=15)
    assert report.passed, str(report)
    assert sum(r.trials for r in report.results) > 150


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
    (result,) = here(zoo.by(lambda g, c: np.abs(g) / c), zoo.PREFIX, checks=["large_update"]).results
    assert result.script.count(",") < 100  # of 200 coordinates


# --- isolation ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "status", "says"),
    [
        ("hangs", Status.HUNG, "no answer within 2 s"),
        ("crashes", Status.CRASHED, "SIGSEGV" if sys.platform != "win32" else "exit code"),
        ("devours", Status.MEMORY, "more memory than it may have"),
    ],
)
def test_a_selector_that_takes_the_process_down_is_reported_with_the_instance(name, status, says):
    seconds = 2 if name == "hangs" else 60  # a busy machine is no reason to see fewer instances
    report = check_selector(
        f"broken_selectors:{name}", zoo.PREFIX, checks=["output", "empty", "feasible"], on_fail="report",
        seconds=seconds, megabytes=128,
    )  # fmt: skip
    output, empty, feasible = report.results
    assert (output.status, empty.status, feasible.status) == (status, Status.PASSED, status)
    assert says in output.detail
    assert f"from broken_selectors import {name}" in output.script
    update = eval(output.script.partition("np.array(")[2].partition("],")[0] + "]")
    assert len(update) > 2  # the one it was at work on, not an earlier one
    assert report.isolated
    assert not report.passed


def test_a_selector_that_always_hangs_is_given_up():
    report = check_selector("broken_selectors:hangs", seconds=0.5, on_fail="report")
    assert [r.status for r in report.results].count(Status.HUNG) == 2
    assert Status.NOT_RUN in {r.status for r in report.results}


def test_functions_are_isolated_when_they_can_be():
    assert check_selector(zoo.right, zoo.PREFIX, checks=["output"]).isolated
    assert not check_selector(lambda g, c, b: zoo.right(g, c, b), zoo.PREFIX, checks=["output"]).isolated
    with pytest.raises(InputError, match="another process cannot load"):
        check_selector(lambda g, c, b: g, isolate=True)


# --- the interface -----------------------------------------------------------------------------------


def test_a_fault_raises_with_the_report_as_its_message():
    with pytest.raises(BrokenPromiseError, match=r"(?s)check_feasible.*FAILED.*1 of 1 checks found a fault"):
        check_selector(zoo.one_too_many, zoo.PREFIX, checks=["feasible"], isolate=False)


def test_choices_of_checks():
    names = lambda report: {r.check for r in report.results}  # noqa: E731
    assert names(here(zoo.right, zoo.PREFIX, claims=["D5", "d15"])) == {"check_optimal_for_spent", "check_nested"}
    assert names(here(zoo.right, zoo.PREFIX, claims=["D16"])) == {
        f"check_{name}" for name in ("signs", "scale", "joules", "permutation")
    }
    skipped = here(zoo.nan_first, zoo.PREFIX, checks=["nan"], skip=["nan"])
    assert skipped.passed
    assert skipped.results[0].detail == "left out by request"
    (exact,) = here(zoo.best_of, zoo.BEST, exact=True, checks=["exact_optimum"]).results
    assert exact.status is Status.FAILED


def test_costs_that_a_selector_is_made_for():
    """A Top-K that ignores costs is right where all are equal."""

    def by_count(update, cost, budget):
        if not np.isfinite(update).all():
            raise ValueError("not finite")
        order = np.argsort(-np.abs(update), kind="stable")[: int(budget // cost[0]) if cost.size else 0]
        return order[update[order] != 0]

    promise = Promise(score="magnitude", rounding="prefix")
    assert here(by_count, promise, cost_model="equal", examples=20).passed
    assert not here(by_count, promise, checks=["feasible", "spends_budget"]).passed
    assert here(zoo.right, zoo.PREFIX, cost_model="memory-only", examples=10).passed


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
        (lambda: here(zoo.right, examples=0), "examples must be at least 1"),
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


# --- the command line and pytest ---------------------------------------------------------------------


def run(*arguments):
    return CliRunner().invoke(main, ["check", *arguments], catch_exceptions=False)


def test_check_prints_a_table_and_exits_with_1_on_a_fault():
    good = run("broken_selectors:right", "--score", "l2", "--rounding", "prefix", "--claim", "D5", "--quiet")
    assert good.exit_code == 0
    assert "All 1 checks passed. Seed 0." in good.stdout
    assert good.stderr == ""
    bad = run("broken_selectors:one_too_many", "--check", "feasible", "--check", "zeros", "--json")
    assert bad.exit_code == 1
    report = json.loads(bad.stdout)
    assert [r["status"] for r in report["results"]] == ["passed", "FAILED"]
    assert "check_feasible" in bad.stderr


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ("nope:f", "no module 'nope'"),
        ("broken_selectors:right --cost solar", "solar"),
        ("x", "package.module:function"),
    ],
)
def test_check_refuses_in_one_line(arguments, says):
    done = run(*arguments.split())
    assert done.exit_code == 2
    assert len(done.stderr.strip().splitlines()) == 1
    assert says in done.stderr


test_one_line = selector_test(zoo.right, zoo.PREFIX, examples=5)


def test_the_plugin_runs_every_check_as_a_test(tmp_path):
    (tmp_path / "mine.py").write_text(
        "from broken_selectors import *\nmine = Selector(pays_for_zeros, Promise(rounding='prefix'))\n"
    )
    (tmp_path / "test_other.py").write_text("def test_other(): assert False\n")
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "--cwmp-selector", "mine:mine", "-v",
               "--cwmp-examples", "30"]  # fmt: skip
    environment = {"PYTHONPATH": f"{tmp_path}:{Path(__file__).parent}:{Path(__file__).parent.parent}", "PATH": ""}
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 1, done.stdout + done.stderr
    assert "mine:mine::check_feasible PASSED" in done.stdout
    assert "mine:mine::check_zeros FAILED" in done.stdout
    assert "No joule is spent on a coordinate that is zero" in done.stdout
    assert "1 failed" in done.stdout
    assert "test_other" not in done.stdout
    assert done.stdout.count("::check_") >= len(CHECKS)
