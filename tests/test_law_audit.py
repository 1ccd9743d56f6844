"""Audits of laws: planted bounds are caught, any number of workers gives the same numbers, resuming repeats nothing."""

import json
import warnings

import numpy as np
import pytest

from proofs_check import law_audit
from proofs_check.cells import Cell, as_columns, cells_of, lower_cell, upper_cell
from proofs_check.law_audit import AuditPlan, audit_law
from proofs_check.law_report import audit_text, exit_code
from proofs_check.trials import BATCH, run_batch
from theory.errors import InputError
from theory.lawspec import law_of
from theory.rates import RateTest
from theory.samples import SampleLaw

BOUNDED = law_of("uniform(loc=-1, scale=2)", "uniform(loc=1, scale=1)")
COIN = law_of("classes(0=0.5, 1=0.5)", "constant(1)")  # X of P7 takes two values: Hoeffding is at its tightest


def plan(law=BOUNDED, **changes):
    return AuditPlan(law, **{"d": 200, "betas": (0.3,), "trials": 200, **changes})


def numbers(report):
    return {key: value for key, value in report.items() if key != "provenance"}


def test_nothing_true_is_violated(tmp_path):
    report = audit_law(plan(d=2000, betas=(0.2, 0.5), trials=400), folder=tmp_path, jobs=1)
    answers = {cell["answer"] for at in report["budgets"] for cell in at["cells"]}
    assert answers <= {"holds", "not violated", "does not apply"}
    assert "holds" in answers
    assert exit_code(report) == 0
    for at in report["budgets"]:
        for cell in at["cells"]:
            assert cell["answer"] == "does not apply" or cell["caught"] > cell["allowed"]
        for name in ("V", "V_K", "saving"):
            mean, error = at["measured"][name]
            assert abs(mean - at["predicted"][name][0]) < 5 * error + 10 / 2000


def test_planted_bounds_are_caught_at_the_stated_power(tmp_path):
    """P7 with its deviation halved, where Hoeffding is tight: 20 audits find it as often as stated or more."""
    audit = plan(COIN, betas=(0.75,), trials=300, d=100)
    wrong = upper_cell(COIN, 100, 0.75, 0.05, "hoeffding", scale=0.5)
    right = upper_cell(COIN, 100, 0.75, 0.05, "hoeffding")
    caught = 0
    for seed in range(20):
        trials = as_columns([row for k in range(audit.batches) for row in run_batch(COIN, 100, 0.75, seed, (0, k))])
        assert not right.violated(trials).mean() > 0.05
        caught += RateTest(0.05, 0.01, 300).answer(int(wrong.violated(trials).sum()), 300) == "violated"
    rate = 0.0967  # P(Binomial(100, 1/2) > 50 + 6.12), exactly
    stated = RateTest(0.05, 0.01, 300).detection(rate)
    assert caught / 20 >= stated - 3 * np.sqrt(stated * (1 - stated) / 20)
    assert caught
    report = audit_law(audit, folder=tmp_path, jobs=1, cells=[[upper_cell(COIN, 100, 0.75, 0.05, "hoeffding", 0.25)]])
    assert report["budgets"][0]["cells"][0]["answer"] == "violated"
    assert exit_code(report) == 1


def test_a_dropped_assumption_is_caught(tmp_path):
    """Hoeffding without its bounded scores: their 80 % quantile is taken for the largest."""
    law, beta, d = law_of("laplace()", "constant(1)"), 0.5, 400
    largest = float(law.magnitude.continuous.isf(0.1)) ** 2
    mean = law.efficiency(beta).cwmp.value * law.mean_score()
    limit = mean + largest * np.sqrt(np.log(1 / 0.05) / (2 * d))
    pretended = Cell("P7", "hoeffding", beta, 0.05, limit, violated=lambda t: t["relaxed"] > limit)
    report = audit_law(plan(law, d=d, betas=(beta,), trials=400), folder=tmp_path, jobs=1, cells=[[pretended]])
    assert report["budgets"][0]["cells"][0]["answer"] == "violated"
    honest = [
        cell for cell in cells_of(law, d, beta, 0.05) if cell.method == "hoeffding" and cell.claim in ("P7", "P8")
    ]
    assert all(cell.allowed is None and cell.why for cell in honest)


def test_a_wrong_lower_bound_is_caught(tmp_path):
    wrong = lower_cell(BOUNDED, 2000, 0.3, 0.05, "hoeffding", scale=0.02)
    report = audit_law(plan(d=2000), folder=tmp_path, jobs=1, cells=[[wrong]])
    assert report["budgets"][0]["cells"][0]["answer"] == "violated"


def test_any_number_of_workers_gives_the_same_numbers(tmp_path):
    reports = []
    for jobs in (1, 2):
        with law_audit.workers(jobs):
            reports.append(audit_law(plan(betas=(0.1, 0.3)), folder=tmp_path / str(jobs)))
    assert numbers(reports[0]) == numbers(reports[1])
    other = audit_law(plan(betas=(0.1, 0.3), seed=1), folder=tmp_path / "3", jobs=1)
    assert numbers(other) != numbers(reports[0])


@pytest.mark.filterwarnings("ignore")
def test_a_dask_cluster_gives_the_same_numbers(tmp_path):
    """Two worker processes of a real local cluster, reached by its address as the command line does."""
    distributed = pytest.importorskip("distributed")
    here = audit_law(plan(), folder=tmp_path / "here", jobs=1)
    with distributed.LocalCluster(n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None) as cluster:
        pids = set(distributed.Client(cluster).run(__import__("os").getpid).values())
        assert len(pids) == 2
        with law_audit.workers(1, cluster.scheduler_address, patience=3600):
            there = audit_law(plan(), folder=tmp_path / "there")
    assert numbers(there) == numbers(here)


def test_a_scheduler_that_is_not_there_is_one_line():
    pytest.importorskip("distributed")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with (
            pytest.raises(InputError, match="no Dask scheduler answers at tcp://127"),
            law_audit.workers(1, "tcp://127.0.0.1:9", patience=1),
        ):
            pass


def test_resuming_repeats_nothing_and_changes_nothing(tmp_path, monkeypatch):
    whole = audit_law(plan(trials=400), folder=tmp_path / "whole", jobs=1)

    def interrupt(done, most):
        raise KeyboardInterrupt

    folder = tmp_path / "parts"
    with pytest.raises(KeyboardInterrupt):
        audit_law(plan(trials=400), folder=folder, jobs=1, on_progress=interrupt)
    finished = {path: path.stat().st_mtime_ns for path in folder.rglob("*batch*.json")}
    assert len(finished) == 4
    damaged, *kept = sorted(finished)
    damaged.write_text(damaged.read_text()[:100])
    drawn = []
    monkeypatch.setattr(law_audit, "run_batch", lambda *a: drawn.append(a[-1]) or run_batch(*a))
    again = audit_law(plan(trials=400), folder=folder, jobs=1)
    assert numbers(again) == numbers(whole)
    assert (0, 0) in drawn
    assert not {(0, 1), (0, 2), (0, 3)} & set(drawn)
    assert all(path.stat().st_mtime_ns == finished[path] for path in kept)


def test_other_data_are_other_batches():
    rng = np.random.default_rng(0)
    one, other = (SampleLaw.of(rng.standard_normal(50), 1.0, "same name") for _ in range(2))
    assert law_audit._digest(plan(one)) != law_audit._digest(plan(other))


def test_heavy_costs_are_said_to_have_no_limit(tmp_path):
    report = audit_law(plan(law_of("norm()", "pareto(b=0.9)"), trials=BATCH), folder=tmp_path, jobs=1)
    assert "costs have no mean" in report["failing"][0]
    assert report["budgets"][0]["predicted"] is None
    assert "no limit exists" in audit_text(report)
    json.dumps(report)


@pytest.mark.parametrize(
    ("changes", "says"),
    [({"d": 1}, "need d >= 2"), ({"betas": (1.5,)}, "must lie in"), ({"claims": ("D1",)}, "does not cover D1"),
     ({"trials": 0}, "trials >= 1")],
)  # fmt: skip
def test_plans_that_make_no_sense(changes, says):
    with pytest.raises(InputError, match=says):
        plan(**changes)


def test_an_open_cell_is_not_a_success(tmp_path):
    """Violated now and then, allowed 5 %: 50 trials cannot tell, and the exit code says so."""
    cell = Cell("P7", "hoeffding", 0.3, 0.05, 1.0, violated=lambda t: np.arange(t["kept"].size) % 20 == 0)
    report = audit_law(plan(trials=BATCH), folder=tmp_path, jobs=1, cells=[[cell]])
    assert report["budgets"][0]["cells"][0]["answer"] == "open"
    assert exit_code(report) == 3
