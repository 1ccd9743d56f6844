"""Accuracy against energy: the experiment's verdicts, a table per cost model."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any

from figures.captions.experiment import rates_in_words
from figures.report import designs
from figures.report.answers import gains
from figures.report.evidence import MAKING, PARETO, Evidence, Trial
from figures.report.html import (
    chip,
    code,
    missing,
    paragraph,
    percent,
    scientific,
    section,
    signed,
    small,
    table,
    words,
)
from figures.report.markup import Markup, html, joined, lines
from theory.claims.verdict import Outcome, Verdict
from theory.energy.models import MODELS

LABELS = {
    "cwmp": "CWMP, g^2/c", "cwmp-same-rate": "CWMP, g^2/c, at Top-K's rate", "cwmp-l1": "|g|/c",
    "random-k": "Random-K", "per-layer": "per layer", "curvature": "curvature", "one-price": "one price, g^2/c",
    "hard-threshold": "hard threshold", "layer-wise": "layer-wise budgets",
}  # fmt: skip
READING = (
    "Final test accuracy in per cent, in brackets the paired difference from Top-K, with a star where all seeds agree "
    "on its sign. Frontier: points of accuracy above Top-K's frontier, mean over the logarithm of energy, with its "
    "interval. Energy: what an accuracy takes, over what Top-K needs for it. *Holds*: the frontiers differ by the "
    "exact sign-flip test of their paired differences, Holm-adjusted over all contests shown, so that any verdict "
    "here is false with probability 0.05 at most, and no single budget contradicts it; *reverses*: the other way "
    "round; *undecided*: neither, or too few seeds to decide anything among so many contests."
)


def experiment(evidence: Evidence, *figures: str) -> Markup:
    """The part of the page on accuracy."""
    title = "Accuracy against energy"
    if not evidence.trials:
        nothing = missing("No experiment was recorded.", [MAKING[PARETO], MAKING["pareto/credible"]])
        return section("experiment", title, nothing, *designs.parts(evidence.designs), *figures)
    made = [_trial(evidence, trial) for trial in evidence.trials]
    return section("experiment", title, paragraph(READING), *made, *designs.parts(evidence.designs), *figures)


def costs_of(trial: Trial) -> list[str]:
    """The cost models, in the order of the verdicts on the paper's method, or of any."""
    return list(dict.fromkeys(v.method for v in (*trial.of("cwmp"), *trial.verdicts)))


def verdicts_under(trial: Trial, cost: str) -> list[Verdict]:
    """The verdicts of one cost model, the paper's method first."""
    found = [verdict for verdict in trial.verdicts if verdict.method == cost]
    return sorted(found, key=lambda v: [*LABELS].index(method(v)) if method(v) in LABELS else len(LABELS))


def method(verdict: Verdict) -> str:
    """Name of the method that a verdict is about."""
    return verdict.claim.removeprefix("E1-")


def word(verdict: Verdict) -> str:
    """``holds``, ``reverses`` or ``undecided``."""
    return "undecided" if verdict.outcome is Outcome.INCONCLUSIVE else verdict.outcome.value


def _trial(evidence: Evidence, trial: Trial) -> Markup:
    setting = "; ".join(_without_rate(part) for part in trial.verdicts[0].domain.split("; ")[1:])
    warning = paragraph("The images are drawn by a program: these runs say that everything works, and nothing about "
                        "real data.") if trial.synthetic else ""  # fmt: skip
    return lines([
        html("<h3>{}, {}: {}</h3>", trial.data, code(trial.name), gains(trial)),
        warning,
        html("<p>{} {}</p>", words(f"{setting[:1].upper()}{setting[1:]}."), _about_runs(evidence, trial)),
        *(_costs(trial, cost) for cost in costs_of(trial)),
    ])  # fmt: skip


def _without_rate(words: str) -> str:
    """A part of a verdict's domain without its method's learning rate: methods differ in theirs."""
    return re.sub(r" at lr [^,]*", "", words)


def _about_runs(evidence: Evidence, trial: Trial) -> Markup:
    """What the runs themselves add to their verdicts."""
    runs = evidence.runs(trial)
    dense = [run.final_accuracy for run in runs if run.method == "dense"]
    gaps = [run.gap for run in runs if run.method == "cwmp"]
    said = [f"{rates_in_words(runs).capitalize()}."] if runs else []
    said += [f"Dense training reaches {percent(sum(dense) / len(dense))}."] if dense else []
    if gaps:
        ending = words("||g||^2 from the optimum (D4).")
        said.append(html("No mask of CWMP is further than {} of {}", scientific(max(gaps)), ending))
    return joined(said, " ")


def _costs(trial: Trial, cost: str) -> Markup:
    verdicts = verdicts_under(trial, cost)
    budgets = list(verdicts[0].observed["budgets"])
    head = ["method", *(f"at {100 * float(b):g} %" for b in budgets), "frontier, points", "energy", "verdict"]
    base = ["Top-K", *(f"{100 * verdicts[0].observed['budgets'][b]['top-k']:.1f}" for b in budgets), "–", "1", "–"]
    rows = [base, *(contest(verdict, budgets) for verdict in verdicts)]
    about = f" ({MODELS[cost].summary})" if cost in MODELS else ""
    return table(f"Under {cost} costs{about}", head, rows)


def contest(verdict: Verdict, budgets: list[str]) -> list[str]:
    """The cells of one method under one cost model."""
    seen = verdict.observed
    cells = [_accuracy(seen["budgets"][budget]) for budget in budgets]
    name = words(LABELS.get(method(verdict), method(verdict)))
    why = small(words(seen["why"]))
    ends = points(seen["frontier"]), ratio(seen["log energy ratio at equal accuracy"])
    return [name, *cells, *ends, joined([chip(word(verdict)), why])]


def points(value: Mapping[str, Any]) -> str:
    """A difference in points of accuracy with its interval."""
    return _with_interval(value, lambda x: signed(100 * x))


def ratio(value: Mapping[str, Any]) -> str:
    """A ratio of energies with its interval."""
    return _with_interval(value, lambda x: f"{math.exp(x):.2f}")


def _with_interval(value: Mapping[str, Any], shown: Any) -> str:
    if value["mean"] is None:
        return "–"
    if value["low"] is None or value["high"] is None:
        return f"{shown(value['mean'])} [no interval]"
    return f"{shown(value['mean'])} [{shown(value['low'])}, {shown(value['high'])}]"


def _accuracy(cell: Mapping[str, Any]) -> str:
    star = "*" if cell.get("every seed") else ""
    return f"{100 * cell['accuracy']:.1f} ({signed(100 * cell['difference']['mean'])}){star}"
