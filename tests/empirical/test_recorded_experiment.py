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
    seeds = {json.dumps(v["domain"].rpartition("seeds ")[2]) for v in made}
    words = " ".join((ROOT / "docs" / "experiment.md").read_text(encoding="utf-8").split())
    assert seeds == {'"[0]"'} and {v["outcome"] for v in made} == {"inconclusive"}  # noqa: PT018
    assert "One seed was run: every verdict is *undecided*" in words
    sparse = {v["observed"]["cost"]: v["observed"] for v in made if v["claim"] == "E2-equal-sparsity"
              and not v["observed"]["feedback"]}  # fmt: skip
    cells = [c for v in sparse.values() for c in v["sparsities"].values()]
    assert len(cells) == 16
    assert all(c["energy"] < c["top-k energy"] and c["accuracy"] < c["top-k"] for c in cells)
    assert "In all 16 cells without feedback CWMP was cheaper and less accurate than Top-K at equal sparsity" in words


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


def test_what_is_said_of_the_choosing_runs_is_in_them():
    design, folder = DESIGNS["safe-small"], PARETO / "safe-small" / "choice"
    files = recorded(design.choosing_runs("", dict.fromkeys(design.methods, *design.rates)), folder)
    choice = choose(design, files)
    words = " ".join((ROOT / "docs" / "experiment.md").read_text(encoding="utf-8").split())
    assert f"one seed): on it `{choice.arm}` is {100 * choice.worst[choice.arm]:.1f} points above Top-K" in words
    assert not list(folder.parent.glob("verdicts/*"))
    assert "No seed has been judged yet" in words
