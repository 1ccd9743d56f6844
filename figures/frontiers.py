"""Accuracy that energy buys: frontiers of recorded runs over seeds, and paired differences with their intervals.

    A_s(e) = max accuracy that seed s measured at cumulative energy <= e, over all budgets of a method

Somebody who may choose the budget and when to stop has A_s. Energies are in full updates: one client sending every
coordinate once. Differences are paired by seed; their interval is Student's, pointwise in e.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtrit

from figures.records import BASELINE, DENSE, Experiment, Run
from figures.style import METHODS

LEVEL = 0.95
_FIRST = ("fc-dear", "lognormal", "conv-dear")  # the order of panels; others follow
_ROUNDING = 1e-9  # energies of a run are sums rounded to float64
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Band:
    """A mean over seeds with its interval, shape (n,) each; nan where a seed has nothing, infinite for < 3 seeds."""

    mean: Floats
    low: Floats
    high: Floats


def costs(experiment: Experiment) -> list[str]:
    """Cost models in which methods compete, in the order of their panels."""
    found = dict.fromkeys(run.cost for run in experiment.runs if run.method != DENSE)
    return [*(cost for cost in _FIRST if cost in found), *(cost for cost in found if cost not in _FIRST)]


def methods(experiment: Experiment, cost: str) -> list[str]:
    """Competitors under a cost model, without dense, in the order in which they are drawn."""
    found = {run.method for run in experiment.runs if run.cost == cost and run.method != DENSE}
    return [method for method in METHODS if method in found]


def seeds(experiment: Experiment) -> list[int]:
    """Of the paired runs, ascending."""
    return sorted({run.seed for run in experiment.runs})


def planned(experiment: Experiment, cost: str) -> Floats:
    """Energies by which a measurement was due under some budget: share times clients invited, ascending.

    No client exceeds its budget, so every method has by then made that measurement, whatever it left unspent.
    """
    due = {
        Fraction(run.share) * run.setting["cohort"] * rounds
        for run in experiment.runs
        for rounds, _ in run.accuracies
        if run.cost == cost and run.method != DENSE
    }
    return np.array([float(energy) * (1 + _ROUNDING) for energy in sorted(due)])


def staircases(experiment: Experiment, cost: str, method: str, energies: Floats) -> Floats:
    """``A_s(e)``, shape (seeds, energies), nan before the first measurement.

    Raises:
        KeyError: a seed without a run of this method.
    """
    return np.array([_staircase(_runs(experiment, cost, method, seed), energies) for seed in seeds(experiment)])


def band(samples: Floats, level: float = LEVEL) -> Band:
    """Mean over the first axis with Student's interval at ``level``.

    Args:
        samples: shape (seeds, n).
    """
    n, mean = samples.shape[0], samples.mean(axis=0)
    if n < 3:
        return Band(mean, np.full_like(mean, -np.inf), np.full_like(mean, np.inf))
    reach = stdtrit(n - 1, (1 + level) / 2) * samples.std(axis=0, ddof=1) / np.sqrt(n)
    return Band(mean, mean - reach, mean + reach)


def dense_accuracy(experiment: Experiment) -> float | None:
    """Mean final accuracy of the runs that send everything; None when there are none."""
    final = [run.final_accuracy for run in experiment.runs if run.method == DENSE]
    return float(np.mean(final)) if final else None


def dense_energy(experiment: Experiment, cost: str) -> float:
    """Energy of a whole dense run under a cost model, in full updates, mean over seeds."""
    share = next(run.dense_share for run in experiment.runs if run.cost == cost)
    return share * float(np.mean([run.clients_sent[-1] for run in experiment.runs if run.method == DENSE]))


def _runs(experiment: Experiment, cost: str, method: str, seed: int) -> list[Run]:
    found = [run for run in experiment.runs if (run.cost, run.method, run.seed) == (cost, method, seed)]
    if not found:
        raise KeyError(f"no run {cost} {method} seed {seed}")
    return found


def _points(run: Run) -> list[tuple[float, float]]:
    return [(run.spent[rounds - 1], accuracy) for rounds, accuracy in run.accuracies]


def _staircase(runs: Iterable[Run], energies: Floats) -> Floats:
    at, accuracy = np.array(sorted(point for run in runs for point in _points(run))).T
    best = np.r_[np.nan, np.maximum.accumulate(accuracy)]
    result: Floats = best[np.searchsorted(at, energies, side="right")]
    return result


def differences(experiment: Experiment, cost: str, method: str, energies: Floats) -> Floats:
    """``A_s(e)`` of a method less Top-K's, shape (seeds, energies)."""
    result: Floats = staircases(experiment, cost, method, energies) - staircases(experiment, cost, BASELINE, energies)
    return result
