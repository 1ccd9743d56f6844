"""The recorded experiment: its verdicts follow from its runs, and what is said of it in words from its verdicts."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from recomputed import differences, text_differences

from empirical.designs import DESIGNS
from empirical.experiment import judge
from empirical.judgement.safety import choose, judged
from empirical.records import read_run
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
    assert {v["domain"].rpartition("seeds ")[2] for v in made} == {"0 to 8"}
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


def test_which_comparisons_are_the_hardest_is_said():
    made = [json.loads(path.read_text()) for path in sorted((PARETO / "safe-small" / "verdicts").iterdir())]
    words = " ".join((ROOT / "docs/experiment.md").read_text(encoding="utf-8").split())
    arms = {v["claim"].removeprefix("E3-"): v["observed"] for v in made}
    binding = [c for c in arms["learnt-joules"]["comparisons"] if c["binding"]]
    *others, second, first = sorted(binding, key=lambda c: c["p not worse"])
    assert [(c["cost"], c["share"], c["feedback"], c["against"]) for c in (first, second)] == [
        ("ratio-3-1", "0.01", True, "top-k"), ("fc-dear", "0.01", True, "cwmp")
    ]  # fmt: skip
    assert f"(p = {first['p not worse']:.3f} and {second['p not worse']:.3f}, before Holm)" in words
    assert others[-1]["p not worse"] < 0.012, "in every other its p-value is below 0.012"
    hardest = {name: max(one["comparisons"], key=lambda c: c["p not worse"] * c["binding"])
               for name, one in arms.items()}  # fmt: skip
    assert {name: (c["cost"], c["share"], c["feedback"]) for name, c in hardest.items()} == {
        "safe-0.5": ("ratio-3-1", "0.05", False), "learnt-joules": ("ratio-3-1", "0.01", True),
        "learnt-safe": ("uniform", "0.05", True),
    }  # fmt: skip


def test_what_is_said_of_the_safe_arms_is_in_their_verdicts():
    made = [json.loads(path.read_text()) for path in sorted((PARETO / "safe-small" / "verdicts").iterdir())]
    words, readme = (
        " ".join((ROOT / at).read_text(encoding="utf-8").split()) for at in ("docs/experiment.md", "README.md")
    )
    arms = {v["claim"].removeprefix("E3-"): v["observed"] for v in made}
    assert set(arms) == {"safe-0.5", "learnt-safe", "learnt-joules"}
    assert {v["outcome"] for v in made} == {"inconclusive"}
    assert {v["domain"].rpartition("seeds ")[2] for v in made} == {"0 to 10"}
    assert all(len(one["comparisons"]) == 56 and one["margin"] == 0.005 for one in arms.values())
    assert {(c["share"], c["difference"]["pairs"]) for one in arms.values() for c in one["comparisons"]} == {
        ("0.01", 11), ("0.05", 8)
    }  # fmt: skip
    assert "**Undecided, for all three arms**, and close" in words
    against = lambda other, one: [c for c in one["comparisons"] if c["against"] == other]  # noqa: E731
    every = {
        arm: {(c["cost"], c["share"], c["feedback"]): 100 * c["difference"]["mean"] for c in against("top-k", one)}
        for arm, one in arms.items()
    }
    points = {
        arm: {(cost, on): value for (cost, share, on), value in each.items() if share == "0.01"}
        for arm, each in every.items()
    }
    worst = {arm: min(each.values()) for arm, each in every.items()}
    assert f"over its 28 conditions the worst mean is {worst['learnt-joules']:.1f} points" in words
    fives = {arm: [value for (_, share, _), value in each.items() if share == "0.05"] for arm, each in every.items()}
    assert f"(`learnt-joules` {min(fives['learnt-joules']):+.1f} to {max(fives['learnt-joules']):+.1f} points," in words
    assert f"`learnt-safe` {min(fives['learnt-safe']):+.1f} to {max(fives['learnt-safe']):+.1f}," in words
    assert f"Safe CWMP {min(fives['safe-0.5']):+.1f} to {max(fives['safe-0.5']):+.1f}," in words
    assert {c["cost"] for c in arms["safe-0.5"]["comparisons"] if c["share"] == "0.05"} == set(DESIGNS["safe"].costs)
    plain = [100 * (c["other"] - t["other"]) for c, t in zip(against("cwmp", arms["safe-0.5"]),
                                                             against("top-k", arms["safe-0.5"]), strict=True)
             if c["share"] == "0.05"]  # fmt: skip
    assert f"CWMP {min(plain):+.1f} to {max(plain):+.1f})" in words
    assert f"`learnt-safe`'s is {worst['learnt-safe']:.1f}," in words
    assert "Learnt weights of layers were never more than 0.2 points below Top-K on average" in readme
    assert -0.2 < min(worst["learnt-joules"], worst["learnt-safe"]) < -0.1
    alone = [each for arm in ("learnt-joules", "learnt-safe") for (_, on), each in points[arm].items() if not on]
    assert len(alone) == 14
    assert min(alone) > 0
    equal = points["learnt-joules"]["uniform", False], points["learnt-safe"]["uniform", False]
    assert "({:+.1f} and {:+.1f})".format(*equal) in words
    p = arms["learnt-joules"]["holm p"], arms["learnt-safe"]["holm p"]
    assert "seeds give {:.3f} and {:.3f}".format(*p) in words
    safe, both = points["safe-0.5"], (against("cwmp", arms["safe-0.5"]), against("top-k", arms["safe-0.5"]))
    plain = {
        c["cost"]: 100 * (c["other"] - t["other"])
        for c, t in zip(*both, strict=True) if not c["feedback"] and c["share"] == "0.01"
    }  # fmt: skip
    mended = plain["conv-dear"], safe["conv-dear", False]
    assert "mends conv-dear ({:.1f} points without feedback become {:+.1f})".format(*mended) in words
    assert f"(CWMP {plain['ratio-3-1']:.1f}, Safe CWMP {safe['ratio-3-1', False]:.1f})" in words
    lost = -100 * min(c["difference"]["mean"] for c in both[0])
    assert f"gives up {lost:.1f} points at most of what CWMP gains" in words
    rank = arms["safe-0.5"]["rank correlation with accuracy"]
    said = rank["honest gain"]["mean"], rank["captured norm"]["mean"]
    assert "predicts accuracy better (rank correlation {:+.2f}) than captured norm ({:+.2f})".format(*said) in words


def test_the_first_three_cost_models_alone_would_hold_as_is_said():
    first = replace(DESIGNS["safe-small"], costs=("fc-dear", "conv-dear", "lognormal"), further=())
    design, folder = first, PARETO / "safe-small"
    rates = dict.fromkeys(design.methods, *design.rates)
    choice = choose(design, recorded(design.choosing_runs("", rates), folder / "choice"))
    found = judged(design, recorded(design.runs(design.seeds, choice.arm, "", rates), folder), design.seeds, choice)
    assert {one.outcome.value for one in found} == {"holds"}


def test_the_safe_form_was_chosen_by_its_worst_condition():
    design, folder = DESIGNS["safe-small"], PARETO / "safe-small" / "choice"
    files = recorded(design.choosing_runs("", dict.fromkeys(design.methods, *design.rates)), folder)
    choice = choose(design, files)
    assert choice.arm == max(choice.worst, key=choice.worst.get) == "safe-0.5"
    assert "E3-safe-0.5-everywhere.json" in {path.name for path in (folder.parent / "verdicts").iterdir()}
    assert not set(design.choosing) & set(design.seeds), "nothing is judged by the seeds that chose"


def test_what_is_said_of_the_neighbours_is_in_their_verdicts_and_runs():
    folder = PARETO / "neighbours-small"
    words = " ".join((ROOT / "docs" / "experiment.md").read_text(encoding="utf-8").split())
    made = {tuple(path.stem.removeprefix("E1-").rsplit("-", 1)): json.loads(path.read_text())
            for path in (folder / "verdicts").glob("*.json")}  # fmt: skip
    by = {(v["claim"].removeprefix("E1-"), v["method"]): v for v in made.values()}
    costs = ("fc-dear", "conv-dear", "lognormal")
    outcomes = {method: [by[method, cost]["outcome"] for cost in costs] for method, _ in by}
    assert outcomes["hard-threshold"] == ["reverses"] * 3
    assert outcomes["one-price"] == ["inconclusive"] * 3
    assert outcomes["layer-wise"][:2] == outcomes["cwmp"][:2] == ["holds", "inconclusive"]
    budgets = lambda method, cost: by[method, cost]["observed"]["budgets"].values()  # noqa: E731
    gains = lambda *which: [100 * budget["difference"]["mean"] for budget in budgets(*which)]  # noqa: E731
    apart = lambda one, other, cost: max(map(abs, np.subtract(gains(one, cost), gains(other, cost))))  # noqa: E731
    assert max(apart("layer-wise", "cwmp", cost) for cost in costs[:2]) < 0.5
    assert max(apart("one-price", "cwmp", cost) for cost in costs) < 0.5
    assert np.abs(gains("layer-wise", "lognormal")).max() < 0.15
    below = [-gains("hard-threshold", cost)[0] for cost in costs]
    assert f"{min(below):.1f} to {max(below):.1f} points below Top-K at 1 %" in words
    rounds = lambda pattern, share: [  # noqa: E731
        1 + int(np.searchsorted(spent, share * spent[-1]))
        for path in folder.glob(pattern) for spent in [np.cumsum([float(r.energy) for r in read_run(path).records])]
    ]  # fmt: skip
    gone, half = rounds("*-0.01-hard-threshold-*", 0.99), rounds("*-one-price-*", 0.5)
    assert f"all joules are gone by round {min(gone)} to {max(gone)}" in words
    assert f"it spends half of them by round {min(half)} to {max(half)} of 25" in words
