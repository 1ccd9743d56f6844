"""Is a method's accuracy-energy frontier above Top-K's? One verdict per method and cost model.

What is compared, seed by seed: the hypervolume of the frontier (:func:`empirical.pareto.hypervolume`); beside it the
final accuracy at each budget, and the energy that an accuracy takes (:func:`empirical.pareto.log_energy`).

    holds       the interval of the frontiers' difference, corrected for the number of cost models, is above 0, and no
                budget has an interval below 0
    reverses    the other way round
    undecided   neither; also when all pairs are identical, as equal costs make CWMP and Top-K (claim D7)
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from empirical.compress import BASELINE, CWMP, DENSE
from empirical.paired import ALPHA, Paired, holm, paired
from empirical.pareto import hypervolume, joined, log_energy, points
from empirical.records import RunFile
from empirical.setting import Arm, Run
from empirical.tuning import Tuning
from theory.verdict import Outcome, Verdict

CHANCE = 0.1  # ten classes
CLAIM, SAME_RATE = "E1", "-same-rate"  # the latter: at Top-K's learning rate instead of its own

Files = Mapping[Run, RunFile]


@dataclass(frozen=True)
class Cell:
    """Final accuracies at one budget. difference: from Top-K's, corrected for the method's cells; p: Holm-adjusted."""

    share: str
    accuracy: float
    baseline: float
    difference: Paired
    p: float


@dataclass(frozen=True)
class Contest:
    """A method against Top-K under one cost model.

    Attributes:
        lr: of the method's runs. cells: by budget. frontier: difference of hypervolumes, in accuracy.
        energy: mean logarithm of the energy that an accuracy takes, over what Top-K needs for it, over the upper half
            of the accuracies above chance that both reach.
        outcome, why: the verdict and its reason in words.
    """

    cost: str
    method: str
    lr: float
    cells: tuple[Cell, ...]
    frontier: Paired
    energy: Paired
    outcome: Outcome
    why: str


def contests(files: Files) -> list[Contest]:
    """Every method but dense against Top-K, under every cost model, in the order of the runs."""
    by = {(run.arm, run.seed): file for run, file in files.items()}
    arms = list(dict.fromkeys(run.arm for run in files if run.arm.method != DENSE))
    seeds = list(dict.fromkeys(run.seed for run in files))
    methods = [m for m in dict.fromkeys(arm.method for arm in arms) if m != BASELINE]
    costs = list(dict.fromkeys(arm.cost for arm in arms))
    found = []
    for method in methods:
        (lr,) = {run.setting.lr for run in files if run.arm.method == method}
        cells = _cells(by, [arm for arm in arms if arm.method == method], seeds)
        for cost in costs:
            mine = tuple(cell for arm, cell in cells.items() if arm.cost == cost)
            volumes, ratios = _frontiers(by, cost, method, [cell.share for cell in mine], seeds)
            frontier, energy = paired(volumes, len(costs)), paired(ratios, len(costs))
            found.append(Contest(cost, method, lr, mine, frontier, energy, *_outcome(frontier, mine)))
    return found


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
            f"error feedback {'on' if s.error_feedback else 'off'}; seeds {seeds}"
        )
        reach = "this network, data and training; seeds vary the split, the start, cohorts, batches and random costs"
        observed: dict[str, Any] = {
            "why": contest.why,
            "family-wise error": ALPHA,
            "frontier": _plain(contest.frontier),
            "log energy ratio at equal accuracy": _plain(contest.energy),
            "budgets": {
                cell.share: {
                    "accuracy": cell.accuracy,
                    "top-k": cell.baseline,
                    "difference": _plain(cell.difference),
                    "holm p": cell.p,
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


def _cells(by: Mapping[tuple[Arm, int], RunFile], arms: Sequence[Arm], seeds: Sequence[int]) -> dict[Arm, Cell]:
    made = {}
    for arm in arms:
        mine = [by[arm, seed].final_accuracy for seed in seeds]
        base = [by[Arm(arm.cost, arm.share, BASELINE), seed].final_accuracy for seed in seeds]
        difference = paired([a - b for a, b in zip(mine, base, strict=True)], len(arms))
        made[arm] = Cell(arm.share, sum(mine) / len(mine), sum(base) / len(base), difference, math.nan)
    adjusted = holm([cell.difference.p for cell in made.values()])
    return {
        arm: Cell(cell.share, cell.accuracy, cell.baseline, cell.difference, p)
        for (arm, cell), p in zip(made.items(), adjusted, strict=True)
    }


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


def _outcome(frontier: Paired, cells: Sequence[Cell]) -> tuple[Outcome, str]:
    signs = {cell.difference.sign for cell in cells}
    if frontier.identical and all(cell.difference.identical for cell in cells):
        return Outcome.INCONCLUSIVE, "identical runs: there is nothing to decide"
    if not math.isfinite(frontier.low):
        return Outcome.INCONCLUSIVE, f"{frontier.pairs} pairs give no interval"
    if frontier.sign > 0 and -1 not in signs:
        return Outcome.HOLDS, "the frontier is above Top-K's"
    if frontier.sign < 0 and 1 not in signs:
        return Outcome.REVERSES, "the frontier is below Top-K's"
    if frontier.sign:
        return Outcome.INCONCLUSIVE, "the frontier and a single budget point in opposite directions"
    return Outcome.INCONCLUSIVE, "the interval covers 0"


def _plain(value: Paired) -> dict[str, Any]:
    """Finite numbers only: what is infinite or undefined becomes None, as JSON has no word for it."""
    return {name: None if isinstance(x, float) and not math.isfinite(x) else x for name, x in asdict(value).items()}
