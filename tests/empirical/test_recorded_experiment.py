"""The recorded experiment: its verdicts follow from its runs, and what is said of it in words from its verdicts."""

import json
import shutil
from pathlib import Path

import numpy as np
from recomputed import differences, text_differences

from empirical.experiment import judge

ROOT = Path(__file__).parents[2]
RECORDED = ROOT / "results" / "pareto" / "credible"


def test_recorded_verdicts_are_what_the_recorded_runs_give(tmp_path):
    shutil.copytree(RECORDED, tmp_path / "credible")
    judge("credible", folder=tmp_path / "credible")
    mend = "run: cwmp pareto credible --judge-only --output results/pareto/credible"
    names = lambda folder: sorted(path.name for path in (folder / "verdicts").iterdir())  # noqa: E731
    assert names(tmp_path / "credible") == names(RECORDED)
    found, recorded = ((folder / "report.txt").read_text() for folder in (tmp_path / "credible", RECORDED))
    assert text_differences(found, recorded) == [], mend
    for name in names(RECORDED):
        found, recorded = (json.loads((f / "verdicts" / name).read_text()) for f in (tmp_path / "credible", RECORDED))
        assert differences(found, recorded, name) == [], mend


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
