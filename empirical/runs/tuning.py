"""Learning rates, tuned per method on a seed that no result uses.

    lr(method) = argmax over a grid of the mean final accuracy over the cost models,
                 at one budget, on the tuning seed; of equal means, the smaller rate

A method has one rate for all cost models and budgets, as a practitioner would choose it. Dense sending is tuned alike.
A best rate at an end of the grid is said to be there: a wider grid might hold a better one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from statistics import fmean

from empirical.records import RunFile
from empirical.setting import Run


@dataclass(frozen=True)
class Tuning:
    """What was chosen, and from what.

    Attributes:
        rates: method to learning rate. grid: the rates that were tried, ascending.
        accuracy: method to mean final accuracy at each rate of the grid; empty where there was one rate only.
        source: in words, the runs that decided.
    """

    rates: Mapping[str, float]
    grid: tuple[float, ...]
    accuracy: Mapping[str, tuple[float, ...]]
    source: str

    @property
    def words(self) -> str:
        """The rates and how they came about, in a sentence or two."""
        if len(self.grid) == 1:
            return f"Learning rate {self.grid[0]:g} for every method, not tuned."
        chosen = ", ".join(f"{method} {rate:g}" for method, rate in self.rates.items())
        text = (
            f"Learning rates, each method's best of {', '.join(f'{r:g}' for r in self.grid)} {self.source}: {chosen}."
        )
        ends = [method for method, rate in self.rates.items() if rate in (self.grid[0], self.grid[-1])]
        return text + (f" At an end of the grid: {', '.join(ends)}." if ends else "")


def tuned(files: Mapping[Run, RunFile], share: str) -> Tuning:
    """The best rate of each method.

    Args:
        files: finished tuning runs of one seed: every method under the same cost models at every rate.
        share: the budget of the methods that have one.
    """
    grid = tuple(sorted({run.setting.lr for run in files}))
    (seed,) = {run.seed for run in files}
    means: dict[str, tuple[float, ...]] = {}
    for method in dict.fromkeys(run.arm.method for run in files):
        mine = [(run.setting.lr, file.final_accuracy) for run, file in files.items() if run.arm.method == method]
        means[method] = tuple(fmean(accuracy for rate, accuracy in mine if rate == one) for one in grid)
    rates = {method: grid[accuracies.index(max(accuracies))] for method, accuracies in means.items()}
    return Tuning(rates, grid, means, f"at {100 * float(share):g} % on seed {seed}")


def untuned(methods: Iterable[str], rate: float) -> Tuning:
    """One rate for every method."""
    return Tuning(dict.fromkeys(methods, rate), (rate,), {}, "")
