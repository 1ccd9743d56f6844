"""Is a method's accuracy-energy frontier above Top-K's? One verdict per method and cost model.

What is compared, seed by seed: the hypervolume of the frontier (:func:`empirical.judgement.pareto.hypervolume`); beside
it the final accuracy at each budget, and the energy that an accuracy takes
(:func:`empirical.judgement.pareto.log_energy`).

    holds       the frontiers differ (exact test of paired differences, Holm-adjusted over *all* contests that are shown
                together, whatever their method and cost model), Top-K's is the lower one, and no budget's own 95 %
                interval is below 0
    reverses    the other way round
    undecided   neither; also when all pairs are identical, as equal costs make CWMP and Top-K (claim D7), and whenever
                there are too few seeds to decide anything among so many contests

So the chance that any verdict of an experiment is a false finding is 0.05 at most. The frontiers' intervals hold
together with the same probability where there are seeds enough, and so do the energies'; accuracies at single budgets
are shown as they are, with the seeds that agree.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Protocol

from empirical.judgement.paired import ALPHA, Paired, holm, needed, paired
from empirical.judgement.pareto import hypervolume, joined, log_energy, points
from empirical.records import RunFile
from empirical.runs.tuning import Tuning
from empirical.setting import Arm, Run
from empirical.training.compress import BASELINE, CWMP, DENSE
from theory.claims.verdict import Outcome, Verdict, seeds_in_words

CHANCE = 0.1  # ten classes
CLAIM, SAME_RATE = "E1", "-same-rate"  # the latter: at Top-K's learning rate instead of its own

Files = Mapping[Run, RunFile]


class HasDifference(Protocol):
    """A cell of a table."""

    @property
    def difference(self) -> Paired:
        """From Top-K's, over seeds."""


@dataclass(frozen=True)
class Cell:
    """Final accuracies at one budget. difference: from Top-K's, not corrected for anything."""

    share: str
    accuracy: float
    baseline: float
    difference: Paired

    @property
    def every_seed(self) -> bool:
        """Whether all seeds agree on the sign of the difference."""
        return self.difference.agree == self.difference.pairs


@dataclass(frozen=True)
class Contest:
    """A method against Top-K under one cost model.

    Attributes:
        lr: of the method's runs. cells: by budget. frontier: difference of hypervolumes, in accuracy.
        energy: mean logarithm of the energy that an accuracy takes, over what Top-K needs for it, over the upper half
            of the accuracies above chance that both reach.
        family: how many contests are judged together. p: of the frontier, Holm-adjusted over them.
        outcome, why: the verdict and its reason in words.
    """

    cost: str
    method: str
    lr: float
    cells: tuple[Cell, ...]
    frontier: Paired
    energy: Paired
    family: int
    p: float
    outcome: Outcome
    why: str


@dataclass(frozen=True)
class _Measured:
    """What a contest is judged by: per seed, the difference of hypervolumes and the log ratio of energies."""

    cost: str
    method: str
    lr: float
    cells: tuple[Cell, ...]
    volumes: list[float]
    ratios: list[float]


def contests(*together: Files) -> list[list[Contest]]:
    """Every method but dense against Top-K, under every cost model, in the order of the runs.

    Args:
        together: sets of runs whose contests are shown together, each with its own baseline: one family.
    """
    measured = [_measured(files) for files in together]
    family = sum(map(len, measured))
    adjusted = iter(holm([paired(one.volumes, family).p for several in measured for one in several]))
    return [[_judged(one, family, next(adjusted)) for one in several] for several in measured]


def _measured(files: Files) -> list[_Measured]:
    by = {(run.arm, run.seed): file for run, file in files.items()}
    arms = list(dict.fromkeys(run.arm for run in files if run.arm.method != DENSE))
    seeds = list(dict.fromkeys(run.seed for run in files))
    methods = [m for m in dict.fromkeys(arm.method for arm in arms) if m != BASELINE]
    found = []
    for method in methods:
        (lr,) = {run.setting.lr for run in files if run.arm.method == method}
        for cost in dict.fromkeys(arm.cost for arm in arms):
            mine = [arm for arm in arms if (arm.method, arm.cost) == (method, cost)]
            cells = tuple(_cell(by, arm, seeds) for arm in mine)
            compared = _frontiers(by, cost, method, [arm.share for arm in mine], seeds)
            found.append(_Measured(cost, method, lr, cells, *compared))
    return found


def _judged(one: _Measured, family: int, p: float) -> Contest:
    frontier, energy = paired(one.volumes, family), paired(one.ratios, family)
    outcome = decided(frontier, one.cells, family, p, "the frontier is {} Top-K's")
    return Contest(one.cost, one.method, one.lr, one.cells, frontier, energy, family, p, *outcome)


def verdicts(found: Sequence[Contest], files: Files, tuning: Tuning) -> list[Verdict]:
    """The contests in the form of every other verdict."""
    run, file = next(iter(files.items()))
    seeds = sorted({run.seed for run in files})
    s, data = run.setting, file.data
    made = []
    for contest in found:
        shares = ", ".join(percent(cell.share) for cell in contest.cells)
        domain = (
            f"{data}, {contest.cost} costs, budgets {shares} of a full update; {s.clients} clients, {s.partition}, "
            f"{s.cohort} a round, {s.steps} steps of {s.batch} at lr {contest.lr:g} "
            f"(Top-K {tuning.rates[BASELINE]:g}), {s.rounds} rounds, "
            f"error feedback {'on' if s.error_feedback else 'off'}; {seeds_in_words(seeds)}"
        )
        reach = "this network, data and training; seeds vary the split, the start, cohorts, batches and random costs"
        observed: dict[str, Any] = {
            "why": contest.why,
            "family-wise error": ALPHA,
            "family": contest.family,
            "test": "sign flips of the paired differences, exact; Holm over the family",
            "holm p": contest.p,
            "frontier": plain(contest.frontier),
            "log energy ratio at equal accuracy": plain(contest.energy),
            "budgets": {
                cell.share: {
                    "accuracy": cell.accuracy,
                    "top-k": cell.baseline,
                    "difference": plain(cell.difference),
                    "every seed": cell.every_seed,
                }
                for cell in contest.cells
            },
        }
        claim = f"{CLAIM}-{contest.method}{'' if contest.lr == tuning.rates[contest.method] else SAME_RATE}"
        trials = len(seeds) * len(contest.cells)
        made.append(Verdict(claim, contest.cost, contest.outcome, domain, reach, trials, observed=observed))
    return [verdict.stamped(seconds=0.0, provenance=file.provenance) for verdict in made]


def undecided(found: Sequence[Contest]) -> bool:
    """Whether the paper's method is left without a verdict somewhere that costs differ."""
    return any(c.method == CWMP and c.outcome is Outcome.INCONCLUSIVE and not c.frontier.identical for c in found)


def percent(share: str) -> str:
    """``0.01`` as ``1 %``."""
    return f"{100 * float(share):g} %"


def _cell(by: Mapping[tuple[Arm, int], RunFile], arm: Arm, seeds: Sequence[int]) -> Cell:
    mine = [by[arm, seed].final_accuracy for seed in seeds]
    base = [by[Arm(arm.cost, arm.share, BASELINE), seed].final_accuracy for seed in seeds]
    difference = paired([a - b for a, b in zip(mine, base, strict=True)], 1)
    return Cell(arm.share, sum(mine) / len(mine), sum(base) / len(base), difference)


def _frontiers(
    by: Mapping[tuple[Arm, int], RunFile], cost: str, method: str, shares: Sequence[str], seeds: Sequence[int]
) -> tuple[list[float], list[float]]:
    """Per seed: the difference of hypervolumes, and the logarithm of the energy ratio at equal accuracy."""
    volumes, ratios = [], []
    for seed in seeds:
        mine, base = (
            joined(points(by[Arm(cost, share, name), seed]) for share in shares) for name in (method, BASELINE)
        )
        both = joined([mine, base])
        low, high = float(both[:, 0].min()), float(both[:, 0].max())
        volumes.append(hypervolume(mine, low, high, CHANCE) - hypervolume(base, low, high, CHANCE))
        reached = float(min(mine[:, 1].max(), base[:, 1].max()))
        middle = (CHANCE + reached) / 2
        ratios.append(log_energy(mine, middle, reached) - log_energy(base, middle, reached))
    return volumes, ratios


def decided(value: Paired, cells: Sequence[HasDifference], family: int, p: float, words: str) -> tuple[Outcome, str]:
    """The verdict on a paired difference, and its reason.

    Args:
        cells: of single budgets, which must not contradict it. family: contests shown together. p: Holm-adjusted.
        words: what holds or reverses, with ``{}`` for "above" or "below".
    """
    if value.identical and all(cell.difference.identical for cell in cells):
        return Outcome.INCONCLUSIVE, "identical runs: there is nothing to decide"
    if value.pairs < needed(family):
        few = f"{value.pairs} seeds decide nothing among {family} contests, however much they agree"
        return Outcome.INCONCLUSIVE, f"{few}: it takes {needed(family)}"
    if p > ALPHA:
        return Outcome.INCONCLUSIVE, f"p = {p:.2g} among {family} contests"
    if value.mean > 0 and not any(cell.difference.high < 0 for cell in cells):
        return Outcome.HOLDS, words.format("above")
    if value.mean < 0 and not any(cell.difference.low > 0 for cell in cells):
        return Outcome.REVERSES, words.format("below")
    return Outcome.INCONCLUSIVE, f"{_subject(words)} and a single budget point in opposite directions"


def _subject(words: str) -> str:
    """``the frontier`` of ``the frontier is {} Top-K's``."""
    return words.partition(" is ")[0]


def plain(value: Paired) -> dict[str, Any]:
    """Finite numbers only: what is infinite or undefined becomes None, as JSON has no word for it."""
    return {name: None if isinstance(x, float) and not math.isfinite(x) else x for name, x in asdict(value).items()}
