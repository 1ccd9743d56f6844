"""The designs: what they promise, judged on runs made up so that the answer is known."""

import itertools
import json
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from made_designs import (
    CONV,
    FC,
    GAINS,
    JOULES,
    LAYERS,
    NORM,
    PAPER,
    RATES,
    SAFE,
    SETTING,
    made,
    paper_files,
    safe_files,
)

from cwmp.__main__ import main
from empirical import designs
from empirical.designed import planned
from empirical.designs import DESIGNS, SECOND_HAND, Paper, Safety, sparse, spent_share
from empirical.judgement import paper, safety
from empirical.judgement.paired import needed, not_worse
from empirical.judgement.paper_report import answers, paper_report
from empirical.prices import STATE, Entry
from empirical.records import read_run, write_run
from empirical.runs.tuning import untuned
from empirical.setting import Arm, Run
from theory.claims.verdict import Outcome, read_verdict, write_verdict


def test_the_papers_question_gets_the_answer_that_was_built_in(tmp_path):
    files = paper_files(GAINS, JOULES, PAPER.seeds)
    found = paper.contests(PAPER, files, PAPER.seeds, LAYERS)
    assert len(found) == 2 * (3 + 2)
    said = {(c.question, c.cost, c.feedback): c.outcome for c in found}
    for feedback in (False, True):
        assert said["equal-sparsity", "fc-dear", feedback] is Outcome.HOLDS
        assert said["equal-sparsity", "conv-dear", feedback] is Outcome.REVERSES
        assert said["equal-joules", "fc-dear", feedback] is Outcome.REVERSES
        assert said["equal-joules", "conv-dear", feedback] is Outcome.HOLDS
    assert said["equal-joules", "ratio-1-100", False] is Outcome.HOLDS
    assert ("equal-sparsity", "ratio-1-100", True) not in said
    text = answers(PAPER, found)
    assert "at equal sparsity?   fc-dear holds, conv-dear reverses" in text
    assert "equal joules: conv-dear, ratio-1-100\n" in text + "\n"
    whole = " ".join(paper_report(PAPER, files, found, PAPER.seeds, untuned(PAPER.methods, 0.1)).split())
    assert " ".join(SECOND_HAND.split()) in whole
    assert "made-up images: 9 paired seeds; small-cnn with group normalisation, 4 clients" in whole
    for verdict in paper.verdicts(found, PAPER, files, PAPER.seeds):
        assert read_verdict(write_verdict(verdict, tmp_path)) == verdict
        assert verdict.observed["second hand"] == SECOND_HAND
    assert len(list(tmp_path.iterdir())) == len(found)


def test_runs_of_top_k_are_priced_under_every_model_of_kinds():
    """10 coordinates of a convolution and 20 of a linear layer, whatever model they were run under."""
    files = paper_files(GAINS, GAINS, (0, 1, 2))
    for contest in paper.contests(PAPER, files, (0, 1, 2), LAYERS):
        conv, fc = {"fc-dear": (1, 10), "conv-dear": (10, 1), "ratio-1-100": (1, 100)}[contest.cost]
        full = (CONV + NORM) * conv + FC * fc
        for cell in contest.cells:
            sent = (10, 20) if contest.question == "equal-sparsity" else (5, 15)
            if contest.cost != "ratio-1-100":
                assert cell.energy == pytest.approx((20 * conv + 10 * fc) / full)
                assert cell.base_energy == pytest.approx((sent[0] * conv + sent[1] * fc) / full)
            elif contest.question == "equal-sparsity":
                assert cell.base_energy == pytest.approx((10 * conv + 20 * fc) / full)
            assert (cell.captured, cell.honest, cell.base_honest) == pytest.approx((0.4, 0.3, 0.2))


def test_lost_clients_take_no_energy_and_state_is_priced_as_normalisation():
    """Three of four invitations were answered; each round 10 coordinates of a convolution and 3 of state, at 10:1."""
    run = Run(SETTING, sparse("uniform", "0.01", "top-k"), 0, "synthetic")
    ledger = (Entry("conv", 10, memory=Fraction(10)), Entry(STATE, 3, memory=Fraction(3)))
    file = made(run, 0.5)
    records = [replace(record, ledger=ledger, dropped=(1,) * t) for t, record in enumerate(file.records)]
    file = replace(file, records=tuple(records))
    full = 10 * (CONV + NORM) + FC  # normalisation is neither fc nor embedding
    assert paper.energy_of_a_round(file, "conv-dear", LAYERS) == pytest.approx(2 * (10 * 10 + 3 * 10) / full / 3)
    assert paper.energy_of_a_round(file, "uniform", LAYERS) == pytest.approx(float(2 * 13 / file.full / 3))
    assert paper.energy_of_a_round(file, "lognormal", LAYERS) == pytest.approx(float(2 * 13 / file.full / 3))


def test_what_is_recorded_of_a_contest_is_what_was_run():
    files = paper_files(GAINS, JOULES, PAPER.seeds)
    rates = {"cwmp-l1": 0.3, "top-k": 0.1, "dense": 0.1}
    files = {replace(run, setting=replace(run.setting, lr=rates[run.arm.method])): file for run, file in files.items()}
    found = paper.contests(PAPER, files, PAPER.seeds, LAYERS)
    verdicts = paper.verdicts(found, PAPER, files, PAPER.seeds)
    assert len(verdicts) == len(found) == 10
    assert paper.verdicts(found, replace(PAPER, settings=PAPER.settings[::-1]), files, PAPER.seeds) == verdicts
    for contest, verdict in zip(found, verdicts, strict=True):
        feedback = {run.setting.error_feedback: run for run in files}[contest.feedback].setting
        assert (verdict.trials, verdict.seconds) == (9 * 2, 0)
        assert contest.difference.mean == pytest.approx(np.mean([cell.difference.mean for cell in contest.cells]))
        assert verdict.claim == f"E2-{contest.question}"
        assert verdict.method == f"{contest.cost}-feedback-{'on' if contest.feedback else 'off'}"
        assert "1 %, 20 % of the coordinates" in verdict.domain
        assert "at lr 0.3 (Top-K 0.1), 2 rounds" in verdict.domain
        assert f"error feedback {'on' if feedback.error_feedback else 'off'}; seeds 0 to 8" in verdict.domain
        said = verdict.observed
        assert (said["family"], said["holm p"], said["feedback"]) == (10, contest.p, contest.feedback)
        assert said["difference"]["mean"] == pytest.approx(contest.difference.mean)
        for share, one in said["sparsities"].items():
            ours = [f.final_accuracy for r, f in files.items() if r.arm == sparse(contest.cost, share, "cwmp-l1")
                    and r.setting.error_feedback == contest.feedback]  # fmt: skip
            assert len(ours) == 9
            assert one["accuracy"] == pytest.approx(np.mean(ours))
            assert one["accuracy"] - one["top-k"] == pytest.approx(one["difference"]["mean"])
            assert one["every seed"] == (one["difference"]["agree"] == 9)
            assert one["captured"] == pytest.approx([0.4, 0.5])
            assert one["honest gain"] == pytest.approx([0.3, 0.2])
        assert any(one["every seed"] for one in said["sparsities"].values()) == (abs(contest.difference.mean) > 0.01)


def test_a_gain_that_no_round_has_is_recorded_as_none():
    files = {run: replace(file, records=tuple(replace(r, honest=None) for r in file.records))
             for run, file in paper_files(GAINS, JOULES, PAPER.seeds).items()}  # fmt: skip
    found = paper.contests(PAPER, files, PAPER.seeds, LAYERS)
    for verdict in paper.verdicts(found, PAPER, files, PAPER.seeds):
        assert {tuple(one["honest gain"]) for one in verdict.observed["sparsities"].values()} == {(None, None)}


def test_too_few_seeds_decide_nothing_and_say_so():
    files = paper_files(GAINS, GAINS, range(5))
    found = paper.contests(PAPER, files, range(5), LAYERS)
    assert {c.outcome for c in found} == {Outcome.INCONCLUSIVE}
    assert {c.why for c in found} == {
        "5 seeds decide nothing among 10 contests, however much they agree: it takes 9"
    }  # fmt: skip
    assert "none; undecided: fc-dear, conv-dear, ratio-1-100" in answers(PAPER, found)


def test_top_k_of_equal_joules_never_has_more_and_misses_less_than_a_billionth():
    run = Run(SETTING, sparse("fc-dear", "0.01", "cwmp-l1"), 0, "synthetic")
    file = made(run, 0.5, conv=7, fc=3)
    share = Fraction(spent_share(file))
    exact = Fraction(7 + 30, (CONV + NORM) + 10 * FC)
    assert 0 <= exact - share < Fraction(1, 10**9)
    (twin,) = PAPER.equal_joules({run: file})
    assert (twin.arm, twin.seed, twin.setting) == (Arm("fc-dear", spent_share(file), "top-k"), 0, SETTING)


def test_a_run_that_spends_nothing_or_all_of_a_full_update_has_that_share():
    run, cost = Run(SETTING, sparse("fc-dear", "0.01", "cwmp-l1"), 0, "synthetic"), CONV + NORM
    assert spent_share(made(run, 0.5, conv=0, fc=0)) == "0"
    assert spent_share(made(run, 0.5, conv=cost, fc=FC)) == "1"


def test_not_worse_is_sign_flips_one_by_one():
    rng = np.random.default_rng(1)
    for n in (3, 6, 9):
        for margin in (0.0, 0.5):
            some = rng.integers(-4, 8, n) / 8
            shifted = some + margin
            sums = [sum(s * x for s, x in zip(signs, shifted, strict=True))
                    for signs in itertools.product((1, -1), repeat=n)]  # fmt: skip
            assert not_worse(some.tolist(), margin) == np.mean([s >= shifted.sum() - 1e-9 for s in sums])
    assert not_worse([0.1] * 8, 0) == 2**-8
    assert not_worse([-0.6] * 8, 0.5) == 1
    assert not_worse([0.1, 0.2], 0.5) == not_worse([0.1, float("nan"), 0.2], 0.5) == 1


CHOSEN = safety.choose(SAFE, safe_files(SAFE.choosing_runs("synthetic", RATES)))


def test_the_form_is_chosen_by_its_worst_condition_on_seeds_that_judge_nothing():
    assert CHOSEN.arm == "safe-0.9"  # never below Top-K, where safe is by 0.1
    assert CHOSEN.wins == {("fc-dear", "0.01", False), ("fc-dear", "0.01", True)}
    for design in DESIGNS.values():
        if isinstance(design, Safety):
            assert not set(design.choosing) & set(design.seeds)
            assert {run.seed for run in design.choosing_runs("", dict.fromkeys(design.methods, 1.0))} == {
                *design.choosing
            }


def test_an_arm_is_judged_by_its_worst_comparison(tmp_path):
    files = safe_files(SAFE.runs(SAFE.seeds, "safe", "synthetic", RATES))
    choice = replace(CHOSEN, arm="safe")
    found = {one.arm: one for one in safety.judged(SAFE, files, SAFE.seeds, choice)}
    assert found["safe"].outcome is Outcome.HOLDS
    assert found["learnt-safe"].outcome is Outcome.HOLDS
    assert found["learnt-joules"].outcome is Outcome.REVERSES  # below Top-K where convolutions are dear
    for one in found.values():
        binding = [c for c in one.comparisons if c.binding]
        assert [(c.condition[0], c.against) for c in binding] == [
            ("fc-dear", "top-k"), ("fc-dear", "cwmp"), ("conv-dear", "top-k"),
        ] * 2  # fmt: skip
        assert one.p >= max(c.p_not_worse for c in binding)
    (of_cwmp,) = {c.difference.mean > 0 for c in found["safe"].comparisons if c.condition[0] == "conv-dear"
                  and c.against == "cwmp"}  # fmt: skip
    assert of_cwmp
    predicts = safety.what_predicts(SAFE, files, SAFE.seeds, choice)
    assert predicts.honest.mean > 0.9 > -0.9 > predicts.captured.mean
    assert predicts.pairs == 4 * 4
    for verdict in safety.verdicts(list(found.values()), SAFE, files, SAFE.seeds, choice, predicts):
        assert read_verdict(write_verdict(verdict, tmp_path)) == verdict
        assert verdict.observed["margin"] == 0.005


def test_an_arm_that_keeps_less_than_cwmp_gains_does_not_hold():
    files = safe_files(SAFE.runs(SAFE.seeds, "safe-0.9", "synthetic", RATES))
    found = {one.arm: one for one in safety.judged(SAFE, files, SAFE.seeds, CHOSEN)}
    assert found["safe-0.9"].outcome is Outcome.REVERSES  # two points below CWMP where that wins


def test_few_seeds_are_said_to_be_few():
    files = safe_files(SAFE.runs((0, 1, 2), "safe", "synthetic", RATES))
    found = safety.judged(SAFE, files, (0, 1, 2), replace(CHOSEN, arm="safe"))
    assert {one.outcome for one in found} == {Outcome.INCONCLUSIVE}
    assert {one.why for one in found} == {"3 seeds decide nothing of 3 arms: it takes 7"}
    assert 3 * 2**-7 <= 0.025 < 3 * 2**-6


def test_designs_are_what_they_promise():
    for name in ("paper", "paper-small"):
        one = DESIGNS[name]
        assert one.shares == ("0.01", "0.05", "0.1", "0.2")
        assert one.method == "cwmp-l1"
        assert [s.error_feedback for s in one.settings] == [False, True]
        assert {(s.clients, s.cohort) for s in one.settings} == {(10, 10)}
        contests = 2 * sum(len(one.costs_of(setting)) for setting in one.settings)
        assert len(one.seeds) >= needed(contests) >= 5
    assert {s.model for s in DESIGNS["paper"].settings} == {"resnet-18"}
    assert {s.model for s in DESIGNS["paper-small"].settings} == {"small-cnn"}
    for name in ("safe", "safe-small"):
        one = DESIGNS[name]
        assert len(one.seeds) >= safety.needed(len(one.others) + 1)
        assert one.candidates == ("safe-0.5", "safe", "safe-0.9")
    assert set(DESIGNS["safe"].costs) == {
        "uniform", "fc-dear", "conv-dear", "ratio-3-1", "lognormal", "layer-lognormal", "ble-nor",
    }  # fmt: skip
    assert len(DESIGNS["safe"].seeds) >= 8
    for one in DESIGNS.values():
        rates = dict.fromkeys(one.methods, 0.1)
        assert {run.seed for run in one.tuning_runs("")}.isdisjoint(one.seeds)
        runs = [r for seed in one.seeds for r in one.runs(seed, "", rates)] if isinstance(one, Paper) else [
            *one.runs(one.seeds, "safe", "", rates)
        ]  # fmt: skip
        assert len(runs) == len({run.name for run in runs})
        assert planned(one)[0] >= len(runs)


TINY = replace(SETTING, steps=1, batch=4)


def test_small_designs_from_the_command_line_resume_and_are_judged(tmp_path, monkeypatch):
    usual, mine = DESIGNS["paper-small"], replace(SAFE, name="safe-small", settings=(TINY,), costs=("fc-dear",))
    monkeypatch.setitem(designs.DESIGNS, "paper-small", replace(
        usual, settings=(TINY,), shares=("0.05",), costs=("fc-dear",), plane=(), seeds=(0, 1), source="synthetic",
    ))  # fmt: skip
    monkeypatch.setitem(designs.DESIGNS, "safe-small", replace(
        mine, seeds=(0,), source="synthetic", candidates=("safe",), others=("learnt-safe",), choosing=(1001,),
    ))  # fmt: skip
    monkeypatch.chdir(tmp_path)
    for name, runs, verdicts in (("paper", 8, {"E2-equal-sparsity", "E2-equal-joules"}),
                                 ("safe", 7, {"E3-safe", "E3-learnt-safe"})):  # fmt: skip
        first = CliRunner().invoke(main, ["pareto", name, "--small", "--jobs", "1"], catch_exceptions=False)
        assert first.exit_code == 3, first.stderr
        assert f"[{runs}/{runs}]" in first.stderr
        again = CliRunner().invoke(main, ["pareto", name, "--small", "--judge-only"], catch_exceptions=False)
        assert (again.stdout, again.exit_code) == (first.stdout, 3)
        told = CliRunner().invoke(main, ["pareto", name, "--small", "--json"], catch_exceptions=False)
        assert {verdict["claim"] for verdict in json.loads(told.stdout)} == verdicts
    wrong = CliRunner().invoke(main, ["pareto", "full", "--small"], catch_exceptions=False)
    assert (wrong.exit_code, "no preset 'full-small'; the presets are smoke" in wrong.stderr) == (2, True)


def test_the_record_of_a_run_names_its_setting_whole(tmp_path):
    run = DESIGNS["paper-small"].runs(0, "synthetic", dict.fromkeys(("dense", "top-k", "cwmp-l1"), 0.1))[-1]
    write_run(tmp_path / "run.json", replace(made(run, 0.3), records=()))
    said = json.loads((tmp_path / "run.json").read_text())["identity"]["run"]
    assert {"model", "normalisation", "clients", "error_feedback"} <= set(said["setting"])
    assert said["arm"] == {"cost": "conv-dear", "share": "0.2", "method": "cwmp-l1", "limit": "coordinates"}


def test_records_of_older_revisions_are_read_as_what_there_was_then():
    path = next((Path(__file__).parents[2] / "results" / "pareto" / "credible").glob("*-seed0.json"))
    said = read_run(path).identity["run"]
    assert (said["setting"]["model"], said["setting"]["normalisation"]) == ("small-cnn", "group")
    assert said["arm"]["limit"] == "joules"
