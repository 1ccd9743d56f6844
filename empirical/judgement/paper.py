"""The paper's claim in the paper's setting: one verdict per question, cost model and form of feedback.

    equal sparsity    CWMP and Top-K send as many coordinates. CWMP is always cheaper and always retains less (D20), so
                      less energy shows nothing by itself: is it more accurate, too?
    equal joules      CWMP at k % of the coordinates, and Top-K with the joules that it spent

Both are paired by seed, the mean over the sparsities being tested, Holm over all contests that are shown together.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

from empirical.designs import SECOND_HAND, Paper, baseline_cost, sparse, spent_share
from empirical.judgement.paired import ALPHA, Paired, holm, paired
from empirical.judgement.verdicts import decided, percent, plain
from empirical.prices import by_kind, experiment_model
from empirical.records import RunFile
from empirical.setting import Arm, Run, Setting
from empirical.training.compress import BASELINE
from theory.claims.verdict import Outcome, Verdict, seeds_in_words
from theory.layers import Layer

CLAIM = "E2"
QUESTIONS = {"equal-sparsity": "equal sparsity", "equal-joules": "equal joules"}

Files = Mapping[Run, RunFile]


@dataclass(frozen=True)
class Cell:
    """One sparsity of a contest.

    Attributes:
        share: of the coordinates that CWMP sends. accuracy, baseline: final, mean over seeds. difference: paired.
        energy, base_energy: of a client's round, mean over seeds, in updates that send everything.
        honest, base_honest: honest gain, captured, base_captured: captured norm, means over seeds.
    """

    share: str
    accuracy: float
    baseline: float
    difference: Paired
    energy: float
    base_energy: float
    honest: float
    base_honest: float
    captured: float
    base_captured: float


@dataclass(frozen=True)
class Contest:
    """The paper's rule against Top-K: the same number of coordinates, or the same joules.

    Attributes:
        difference: of accuracy, mean over the sparsities, over seeds. family: contests judged together.
        p: Holm-adjusted over them.
    """

    question: str
    cost: str
    feedback: bool
    cells: tuple[Cell, ...]
    difference: Paired
    family: int
    p: float
    outcome: Outcome
    why: str

    @property
    def name(self) -> str:
        """Of the costs and the feedback."""
        return f"{self.cost}-feedback-{'on' if self.feedback else 'off'}"


def contests(design: Paper, files: Files, seeds: Sequence[int], layers: Sequence[Layer]) -> list[Contest]:
    """Every question under every cost model of every setting, one family.

    Args:
        files: the runs of the design, those at equal joules too. layers: of the network, which price a kind of layer.
    """
    usual = design.settings[0].lr
    by = {(replace(run.setting, lr=usual), run.arm, run.seed): file for run, file in files.items()}
    found = []
    for setting in design.settings:
        for cost in design.costs_of(setting):
            for question in QUESTIONS:
                pairs = {
                    share: [_pair(by, setting, cost, share, seed, question, design.method) for seed in seeds]
                    for share in design.shares
                }
                found.append((question, setting, cost, pairs))
    family = len(found)
    means = [_means(pairs) for *_, pairs in found]
    adjusted = holm([paired(values, family).p for values in means])
    return [_judged(*one, values, family, p, layers) for one, values, p in zip(found, means, adjusted, strict=True)]


Pair = tuple[RunFile, RunFile]


def _pair(by: Any, setting: Setting, cost: str, share: str, seed: int, question: str, method: str) -> Pair:
    mine = by[setting, sparse(cost, share, method), seed]
    if question == "equal-sparsity":
        return mine, by[setting, sparse(baseline_cost(cost), share, BASELINE), seed]
    return mine, by[setting, Arm(cost, spent_share(mine), BASELINE), seed]


def _means(pairs: Mapping[str, Sequence[Pair]]) -> list[float]:
    """Per seed: the mean over sparsities of the difference of accuracies."""
    by_share = [[mine.final_accuracy - base.final_accuracy for mine, base in some] for some in pairs.values()]
    return [sum(one) / len(one) for one in zip(*by_share, strict=True)]


def _judged(
    question: str, setting: Setting, cost: str, pairs: Mapping[str, Sequence[Pair]], values: Sequence[float],
    family: int, p: float, layers: Sequence[Layer],
) -> Contest:  # fmt: skip
    cells = tuple(_cell(share, some, cost, layers) for share, some in pairs.items())
    difference = paired(values, family)
    outcome = decided(difference, cells, family, p, "CWMP's accuracy is {} Top-K's")
    return Contest(question, cost, setting.error_feedback, cells, difference, family, p, *outcome)


def _cell(share: str, pairs: Sequence[Pair], cost: str, layers: Sequence[Layer]) -> Cell:
    mean = lambda values: sum(values) / len(values)  # noqa: E731
    mine, base = [a for a, _ in pairs], [b for _, b in pairs]
    return Cell(
        share, mean([a.final_accuracy for a in mine]), mean([b.final_accuracy for b in base]),
        paired([a.final_accuracy - b.final_accuracy for a, b in pairs], 1),
        mean([energy_of_a_round(a, cost, layers) for a in mine]),
        mean([energy_of_a_round(b, cost, layers) for b in base]),
        mean([a.honest_gain for a in mine]), mean([b.honest_gain for b in base]),
        mean([a.captured for a in mine]), mean([b.captured for b in base]),
    )  # fmt: skip


def energy_of_a_round(file: RunFile, cost: str, layers: Sequence[Layer]) -> float:
    """What a client's round took under a cost model, in updates that send everything, mean over clients and rounds.

    A run under another model is priced by how many coordinates of each kind of layer it sent.
    """
    clients = sum(len(record.cohort) - len(record.dropped) for record in file.records)
    if file.identity["run"]["arm"]["cost"] == cost or not by_kind(cost):
        return float(file.energy / clients)
    parts = experiment_model(cost).parts(layers)
    each = {kind: part.total for kind, part in parts.items()}
    full = sum((each[layer.kind] * layer.size for layer in layers), Fraction(0))
    spent = sum((each.get(e.kind, each["norm"]) * e.coordinates for r in file.records for e in r.ledger), Fraction(0))
    return float(spent / full / clients)


def verdicts(found: Sequence[Contest], design: Paper, files: Files, seeds: Sequence[int]) -> list[Verdict]:
    """The contests in the form of every other verdict."""
    file, made = next(iter(files.values())), []
    rates = {run.arm.method: run.setting.lr for run in files}
    for contest in found:
        s = next(s for s in design.settings if s.error_feedback == contest.feedback)
        shares = ", ".join(percent(cell.share) for cell in contest.cells)
        domain = (
            f"{file.data}, {contest.cost} costs, {QUESTIONS[contest.question]}, {shares} of the coordinates; {s.model} "
            f"with {s.normalisation} normalisation, {s.clients} clients, {s.partition}, {s.cohort} a round, {s.steps} "
            f"steps of {s.batch} at lr {rates[design.method]:g} (Top-K {rates[BASELINE]:g}), {s.rounds} rounds, error "
            f"feedback {'on' if s.error_feedback else 'off'}; {seeds_in_words(seeds)}"
        )
        reach = "this network, data and training; seeds vary the split, the start, batches and random costs"
        observed = {
            "why": contest.why, "question": QUESTIONS[contest.question], "cost": contest.cost,
            "feedback": contest.feedback, "second hand": SECOND_HAND, "family-wise error": ALPHA,
            "family": contest.family, "test": "sign flips of the paired differences, exact; Holm over the family",
            "holm p": contest.p, "difference": plain(contest.difference),
            "sparsities": {cell.share: _observed(cell) for cell in contest.cells},
        }  # fmt: skip
        claim, trials = f"{CLAIM}-{contest.question}", len(seeds) * len(contest.cells)
        made.append(Verdict(claim, contest.name, contest.outcome, domain, reach, trials, observed=observed))
    return [verdict.stamped(seconds=0.0, provenance=file.provenance) for verdict in made]


def _observed(cell: Cell) -> dict[str, Any]:
    return {
        "accuracy": cell.accuracy, "top-k": cell.baseline, "difference": plain(cell.difference),
        "every seed": cell.difference.agree == cell.difference.pairs, "energy": cell.energy,
        "top-k energy": cell.base_energy, "captured": [cell.captured, cell.base_captured],
        "honest gain": [x if math.isfinite(x) else None for x in (cell.honest, cell.base_honest)],
    }  # fmt: skip
