"""The recorded experiment: its verdicts follow from its runs, and what is said of it in words from its verdicts."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from recomputed import differences, text_differences

from empirical.designs import DESIGNS
from empirical.experiment import judge
from empirical.judgement.safety import choose
from empirical.runs.runner import recorded

ROOT = Path(__file__).parents[2]
PARETO = ROOT / "results" / "pareto"
RECORDED = PARETO / "credible"


@pytest.mark.parametrize("name", sorted(path.parent.name for path in PARETO.glob("*/report.txt")))
def test_recorded_verdicts_are_what_the_recorded_runs_give(name, tmp_path):
    there = PARETO / name
    shutil.copytree(there, tmp_path / name)
    judge(name, folder=tmp_path / name)
    mend = f"run: cwmp pareto {name} --judge-only --output results/pareto/{name}"
    names = lambda folder: sorted(path.name for path in (folder / "verdicts").iterdir())  # noqa: E731
    assert names(tmp_path / name) == names(there)
    found, recorded = ((folder / "report.txt").read_text() for folder in (tmp_path / name, there))
    assert text_differences(found, recorded) == [], mend
    for verdict in names(there):
        found, recorded = (json.loads((f / "verdicts" / verdict).read_text()) for f in (tmp_path / name, there))
        assert differences(found, recorded, verdict) == [], mend


def test_what_is_said_of_the_papers_setting_is_in_its_verdicts():
    made = [json.loads(path.read_text()) for path in sorted((PARETO / "paper-small" / "verdicts").iterdir())]
    words = " ".join((ROOT / "docs" / "experiment.md").read_text(encoding="utf-8").split())
    assert {v["domain"].rpartition("seeds ")[2] for v in made} == {str(list(range(9)))}
    assert "Nine seeds of `paper --small` were run, and every question is decided" in words
    by = {(v["claim"], v["observed"]["cost"], v["observed"]["feedback"]): v for v in made}
    sparse, fair = (
        {key[1:]: v for key, v in by.items() if key[0] == f"E2-equal-{what}"} for what in ("sparsity", "joules")
    )
    assert len(sparse) == len(fair) == 6
    assert {v["outcome"] for v in sparse.values()} == {"reverses"}
    assert {cost for (cost, _), v in fair.items() if v["outcome"] == "reverses"} == {"conv-dear"}
    assert {v["outcome"] for (cost, _), v in fair.items() if cost != "conv-dear"} == {"holds"}
    cells = [c for (_, feedback), v in sparse.items() if not feedback for c in v["observed"]["sparsities"].values()]
    assert len(cells) == 16
    assert all(c["energy"] < c["top-k energy"] and c["accuracy"] < c["top-k"] for c in cells)
    assert "in all 16 cells without feedback CWMP was cheaper and less accurate than Top-K" in words
    points = lambda v: 100 * v["observed"]["difference"]["mean"]  # noqa: E731
    worse = [-points(v) for (_, feedback), v in sparse.items() if not feedback]
    assert f"by {min(worse):.1f} to {max(worse):.1f} points" in words
    with_and_without = lambda cost: (points(fair[cost, False]), points(fair[cost, True]))  # noqa: E731
    assert "({:+.1f} points without feedback, {:+.1f} with it)".format(*with_and_without("fc-dear")) in words
    assert "ten times as dear ({:+.1f} and {:+.1f})".format(*with_and_without("conv-dear")) in words
    extremes = points(fair["ratio-1-100", False]), points(fair["ratio-100-1", False])
    assert "({:+.1f} and {:+.1f}), where Top-K can send next to nothing".format(*extremes) in words


def test_what_is_said_in_words_of_the_recorded_runs_is_in_their_verdicts():
    words = " ".join((ROOT / "docs" / "experiment.md").read_text(encoding="utf-8").split())
    cwmp = {
        cost: json.loads((RECORDED / "verdicts" / f"E1-cwmp-{cost}.json").read_text())
        for cost in ("fc-dear", "lognormal", "conv-dear")
    }
    assert [v["outcome"] for v in cwmp.values()] == ["holds", "holds", "reverses"]
    better = [b for cost in ("fc-dear", "lognormal") for b in cwmp[cost]["observed"]["budgets"].values()]
    points = [100 * b["difference"]["mean"] for b in better]
    energy = [
        100 * (1 - np.exp(cwmp[cost]["observed"]["log energy ratio at equal accuracy"]["mean"]))
        for cost in ("fc-dear", "lognormal")
    ]
    assert all(b["every seed"] for b in better)
    assert f"CWMP is {min(points):.1f} to {max(points):.1f} points better at the same energy *in every seed*" in words
    assert f"needs {min(energy):.0f} to {max(energy):.0f} % less energy for the same accuracy" in words
    worse = -100 * cwmp["conv-dear"]["observed"]["budgets"]["0.01"]["difference"]["mean"]
    assert f"is {worse:.1f} points worse at 1 %" in words
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert f"CWMP is {min(points):.1f} to {max(points):.1f} points better" in readme


def test_what_is_said_of_the_safe_arms_is_in_their_verdicts():
    made = [json.loads(path.read_text()) for path in sorted((PARETO / "safe-small" / "verdicts").iterdir())]
    words = " ".join((ROOT / "docs" / "experiment.md").read_text(encoding="utf-8").split())
    assert {v["outcome"] for v in made} == {"holds"}
    assert {v["domain"].rpartition("seeds ")[2] for v in made} == {str(list(range(11)))}
    assert len(made) == 3
    assert all(len(v["observed"]["comparisons"]) == 12 and v["observed"]["margin"] == 0.005 for v in made)
    assert "**All three arms hold**: in none of their twelve comparisons" in words
    assert "worse by half a point" in words
    rank = made[0]["observed"]["rank correlation with accuracy"]
    assert f"(rank correlation with accuracy {rank['captured norm']['mean']:.2f})" in words
    assert f"honest gain does ({rank['honest gain']['mean']:+.2f})" in words
    (learnt,) = (v["observed"]["comparisons"] for v in made if v["claim"] == "E3-learnt-safe")
    (best,) = (c for c in learnt if (c["cost"], c["feedback"], c["against"]) == ("conv-dear", False, "top-k"))
    assert best["difference"]["agree"] == 11
    assert f"above Top-K on every seed, by {100 * best['difference']['mean']:.1f} points" in words
    (plain,) = (c["other"] for c in learnt if (c["cost"], c["feedback"], c["against"]) == ("conv-dear", False, "cwmp"))
    assert f"under conv-dear it is {100 * (best['other'] - plain):.1f} points below Top-K without feedback" in words


def test_the_safe_form_was_chosen_by_its_worst_condition():
    design, folder = DESIGNS["safe-small"], PARETO / "safe-small" / "choice"
    files = recorded(design.choosing_runs("", dict.fromkeys(design.methods, *design.rates)), folder)
    choice = choose(design, files)
    assert choice.arm == max(choice.worst, key=choice.worst.get) == "safe-0.5"
    assert "E3-safe-0.5-everywhere.json" in {path.name for path in (folder.parent / "verdicts").iterdir()}
    assert not set(design.choosing) & set(design.seeds), "nothing is judged by the seeds that chose"
