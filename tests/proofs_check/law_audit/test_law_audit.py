"""Audits of laws: planted bounds are caught, any number of workers gives the same numbers, resuming repeats nothing."""

import json
import warnings

import numpy as np
import pytest

from cwmp.pages.audits import audit_page, sizes_page
from cwmp.pages.blocks import as_text
from proofs_check.law_audit import audit as law_audit
from proofs_check.law_audit.audit import AuditPlan, audit_law, exit_code
from proofs_check.law_audit.cells import Cell, as_columns, cells_of, lower_cell, upper_cell
from proofs_check.law_audit.trials import BATCH, run_batch
from theory.errors import InputError
from theory.laws.lost_score import mean_loss
from theory.laws.parse import law_of
from theory.laws.rates import RateTest
from theory.laws.samples import SampleLaw

BOUNDED = law_of("uniform(loc=-1, scale=2)", "uniform(loc=1, scale=1)")
COIN = law_of("classes(0=0.5, 1=0.5)", "constant(1)")  # X of P7 takes two values: Hoeffding is at its tightest


def plan(law=BOUNDED, **changes):
    return AuditPlan(law, **{"d": 200, "betas": (0.3,), "trials": 200, **changes})


def numbers(report):
    return {key: value for key, value in report.items() if key != "provenance"}


def test_nothing_true_is_violated(tmp_path):
    report = audit_law(plan(d=2000, betas=(0.2, 0.5), trials=800), folder=tmp_path, jobs=1)
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
    assert "no limit exists" in as_text(audit_page([report]))
    json.dumps(report)


@pytest.mark.parametrize(
    ("changes", "says"),
    [({"d": 1}, "dim must be a whole number >= 2, got 1"), ({"d": "200"}, "dim must be a whole number >= 2, got '200'"),
     ({"betas": (1.5,)}, "must be a share in"), ({"betas": ()}, "an audit needs a budget"),
     ({"claims": ("D1",)}, "does not cover D1"), ({"trials": 0}, "trials must be a whole number >= 1, got 0"),
     ({"trials": 50.5}, "trials must be"), ({"seed": None}, "seed must be a whole number >= 0, got None")],
)  # fmt: skip
def test_plans_that_make_no_sense(changes, says):
    with pytest.raises(InputError, match=says):
        plan(**changes)


@pytest.mark.parametrize("trials", [1, 10, BATCH, BATCH + 3])
def test_no_more_instances_are_looked_at_than_were_asked_for(trials, tmp_path):
    (found,) = audit_law(plan(trials=trials), folder=tmp_path, jobs=1)["budgets"]
    assert found["trials"] == trials


@pytest.mark.parametrize("magnitude", ["bernoulli(p=0.2)", "poisson(mu=0.3)", "classes(0=0.7, 2=0.3)"])
def test_where_the_budget_buys_all_nothing_is_lost_and_the_bounds_say_so(magnitude, tmp_path):
    """At the limit the loss is a difference of equal sums, which is not to come out below 0."""
    law = law_of(magnitude, "constant(1)")
    assert 0 <= mean_loss(law, 0.5) < 1e-12
    (found,) = audit_law(plan(law, betas=(0.5,), claims=("P13",), trials=BATCH), folder=tmp_path, jobs=1)["budgets"]
    cells = {cell["method"]: cell for cell in found["cells"]}
    assert cells["chebyshev above"]["limit"] >= 0
    assert {cell.get("failures", 0) for cell in cells.values()} == {0}


def test_an_open_cell_is_not_a_success(tmp_path):
    """Violated now and then, allowed 5 %: 50 trials cannot tell, and the exit code says so."""
    cell = Cell("P7", "hoeffding", 0.3, 0.05, 1.0, violated=lambda t: np.arange(t["kept"].size) % 20 == 0)
    report = audit_law(plan(trials=BATCH), folder=tmp_path, jobs=1, cells=[[cell]])
    assert report["budgets"][0]["cells"][0]["answer"] == "open"
    assert exit_code(report) == 3


def test_the_answers_share_alpha_over_every_cell_that_can_be_judged(tmp_path):
    """Two budgets, each bound that applies once: with alpha for each cell instead, a fair coin would be condemned."""
    report = audit_law(plan(betas=(0.1, 0.3), alpha=0.02), folder=tmp_path, jobs=1)
    cells = [cell for at in report["budgets"] for cell in at["cells"] if cell["answer"] != "does not apply"]
    assert len(cells) > 8
    assert report["alpha_per_cell"] == 0.02 / len(cells)
    for cell in cells:
        assert cell["caught"] == RateTest(cell["allowed"], 0.02 / len(cells), cell["trials"]).caught()

    def heads(t):  # 14 of 100: beyond 5 % for one cell at alpha, not for one of twelve
        return np.arange(t["kept"].size) % 100 < 14

    assert RateTest(0.05, 0.2, 100).answer(14, 100) == "violated"
    assert RateTest(0.05, 0.2 / 12, 100).answer(14, 100) == "open"
    many = [Cell("P7", "hoeffding", 0.3, 0.05, 1.0, violated=heads) for _ in range(12)]
    for cells, answer in ((many[:1], "violated"), (many, "open")):
        one = audit_law(plan(d=20, trials=100, alpha=0.2), folder=tmp_path / answer, jobs=1, cells=[cells])
        assert {cell["answer"] for cell in one["budgets"][0]["cells"]} == {answer}


def test_instances_without_a_share_are_left_out_and_counted(tmp_path):
    """Twenty coordinates, mostly zeros, at 8 % of the energy: in some nothing fits, in some there is nothing."""
    law = law_of("spike(0.9, norm())", "classes(1=0.5, 10=0.5)")
    report = audit_law(plan(law, d=20, betas=(0.08,)), folder=tmp_path, jobs=1)
    (at,) = report["budgets"]
    trials = as_columns([row for k in range(4) for row in run_batch(law, 20, 0.08, 0, (0, k))])
    empty, nothing = trials["norm"] == 0, trials["top_k"] == 0
    assert 5 < empty.sum() < nothing.sum() < 200
    rng, fits = np.random.default_rng(np.random.SeedSequence(0, spawn_key=(0, 0))), []
    for _ in range(BATCH):
        cost = law.sample(rng, 20)[1]
        fits.append(bool(cost.max() <= 0.08 * cost.sum()))
    assert np.array_equal(trials["dearest_fits"][:BATCH] > 0, np.array(fits) & ~empty[:BATCH])
    (prior,) = [cell for cell in at["cells"] if cell["claim"] == "D13a"]
    assert prior["trials"] == int(trials["dearest_fits"].sum()) if prior["answer"] != "does not apply" else True
    assert at["undefined"] == {"V": empty.sum(), "V_K": empty.sum(), "R": nothing.sum(), "saving": empty.sum(),
                               "d gap": empty.sum()}  # fmt: skip
    ratio = trials["kept"][~nothing] / trials["top_k"][~nothing]
    assert at["measured"]["R"][0] == pytest.approx(ratio.mean())
    assert at["measured"]["R"][0] > 0.9  # as zeros, those left out made it less than half
    assert at["measured"]["V"][0] == pytest.approx((trials["kept"] / np.where(empty, 1, trials["norm"]))[~empty].mean())
    assert f"{nothing.sum()} of 200 instances left out: undefined there" in as_text(audit_page([report]))


def test_nothing_defined_at_all_is_said(tmp_path):
    """One coordinate costs nearly everything: no budget of a hundredth buys it, or the other."""
    data = SampleLaw.of([1.0, 1.0], [1.0, 1.0])
    report = audit_law(plan(data, d=2, betas=(0.01,), trials=BATCH), folder=tmp_path, jobs=1)
    assert report["budgets"][0]["measured"]["R"] is None
    assert report["budgets"][0]["undefined"]["R"] == BATCH
    assert "none" in as_text(audit_page([report]))
    json.dumps(report)


def test_several_sizes_show_the_bias_of_the_small_one_vanish(tmp_path):
    """The limit is outside the interval at 200 coordinates, which is said, and inside at 20,000."""
    plans = AuditPlan.at_several(law_of("t(df=4)", "lognorm(s=1)"), (200, 20_000), betas=(0.1,), trials=100)
    assert [one.alpha for one in plans] == [0.005, 0.005]
    reports = [audit_law(one, folder=tmp_path, jobs=1) for one in plans]
    small, large = (report["budgets"][0] for report in reports)
    assert "V" in small["outside"]
    assert "outside: the prediction is the limit" in as_text(audit_page(reports[:1]))
    bias = [abs(at["predicted"]["V"][0] - at["measured"]["V"][0]) for at in (small, large)]
    assert bias[1] < bias[0] / 5
    assert bias[1] <= 3 * large["measured"]["V"][1]
    text = as_text(sizes_page(reports))
    assert "d = 200" in text
    assert "d = 20000" in text
    line = next(line for line in text.splitlines() if line.startswith("V "))
    value = small["predicted"]["V"][0] - small["measured"]["V"][0]
    assert f"{100 * value:+.3f} +- {196 * small['measured']['V'][1]:.3f} %*" in line


def test_what_is_inside_is_not_flagged():
    from proofs_check.law_audit.audit import _outside
    from theory.laws.efficiency import Estimate

    assert not _outside(Estimate(0.5, 0.0), [0.519, 0.01])
    assert _outside(Estimate(0.5, 0.0), [0.520, 0.01])
    assert not _outside(Estimate(0.5, 0.01), [0.520, 0.01])
    assert not _outside(Estimate(0.5, 0.0), None)
