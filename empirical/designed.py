"""A design from its runs to its verdicts: in turns, because some runs depend on what others found.

``paper`` takes one seed after the other, first the runs at equal sparsity and then Top-K with their joules; ``safe``
chooses its form of Safe CWMP first. So an experiment that is stopped early has whole pairs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from empirical.designs import TUNING_SHARE, Paper, Safety
from empirical.judgement import paper, safety
from empirical.judgement.paper_report import paper_report
from empirical.judgement.safety_report import safety_report
from empirical.outcome import Complete, Outcome
from empirical.records import RunFile
from empirical.runs.campaign import OnProgress, Progress, complete_all
from empirical.runs.tuning import Tuning, tuned, untuned
from empirical.setting import Run
from empirical.training.federated import network_layers
from theory.claims.verdict import Outcome as Finding


def design_outcome(design: Paper | Safety, source: str, folder: Path, complete: Complete) -> Outcome:
    """Complete the runs of a design in ``folder`` and judge them; nothing is written but runs."""
    tuning = _tuning(design, source, folder / "tuning", complete)
    if isinstance(design, Paper):
        return _paper(design, source, folder, complete, tuning)
    return _safety(design, source, folder, complete, tuning)


def _paper(design: Paper, source: str, folder: Path, complete: Complete, tuning: Tuning) -> Outcome:
    files: dict[Run, RunFile] = {}
    for seed in design.seeds:
        sparse = complete(design.runs(seed, source, tuning.rates), folder)
        files |= {**sparse, **complete(design.equal_joules(sparse), folder)}
    found = paper.contests(design, files, design.seeds, network_layers(design.settings[0].network))
    made = paper.verdicts(found, design, files, design.seeds)
    text = paper_report(design, files, found, design.seeds, tuning)
    return Outcome(text, made, any(c.outcome is Finding.INCONCLUSIVE and c.cost in design.costs for c in found))


def _safety(design: Safety, source: str, folder: Path, complete: Complete, tuning: Tuning) -> Outcome:
    choice = safety.choose(design, complete(design.choosing_runs(source, tuning.rates), folder / "choice"))
    files: dict[Run, RunFile] = {}
    for seed in design.seeds:
        files |= complete(design.runs([seed], choice.arm, source, tuning.rates), folder)
    found = safety.judged(design, files, design.seeds, choice)
    predicts = safety.what_predicts(design, files, design.seeds, choice)
    made = safety.verdicts(found, design, files, design.seeds, choice, predicts)
    cwmp = safety.cwmp_compared(design, files, design.seeds)
    text = safety_report(design, files, found, cwmp, design.seeds, choice, predicts, tuning)
    return Outcome(text, made, any(one.outcome is Finding.INCONCLUSIVE for one in found))


def _tuning(design: Paper | Safety, source: str, folder: Path, complete: Complete) -> Tuning:
    if len(design.rates) == 1:
        return untuned(design.methods, *design.rates)
    return tuned(complete(design.tuning_runs(source), folder), TUNING_SHARE)


class Turns:
    """Completes runs in turns, as one campaign that says how far the whole of it is.

    Args:
        design: how many runs there will be follows from it. jobs: at a time.
    """

    def __init__(self, design: Paper | Safety, jobs: int, on_progress: OnProgress) -> None:
        self.jobs, self.on_progress = jobs, on_progress
        self.total, self.left = planned(design)
        self.done = 0

    def __call__(self, runs: Sequence[Run], folder: Path) -> Mapping[Run, RunFile]:
        """The next turn."""
        self.left -= sum(run.setting.rounds for run in runs)
        found = complete_all(runs, folder, jobs=self.jobs, on_progress=self._within)
        self.done += len(runs)
        return found

    def _within(self, turn: Progress) -> None:
        """The progress of a turn as that of the whole."""
        whole = replace(turn, total=self.total, done=self.done + turn.done, rounds_left=turn.rounds_left + self.left)
        self.on_progress(whole)


def planned(design: Paper | Safety) -> tuple[int, int]:
    """How many runs a design has, and how many rounds."""
    rates = dict.fromkeys(design.methods, 1.0)
    runs = design.tuning_runs("") if len(design.rates) > 1 else []
    if isinstance(design, Safety):
        runs += [*design.choosing_runs("", rates), *design.runs(design.seeds, design.candidates[0], "", rates)]
    else:
        one = [run for seed in design.seeds for run in design.runs(seed, "", rates)]
        runs += [*one, *(run for run in one if run.arm.method == design.method)]
    return len(runs), sum(run.setting.rounds for run in runs)
