"""Figure ``pareto``: the accuracy that energy buys by cost model, and each method's paired difference from Top-K."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from figures import frontiers as fronts
from figures import style
from figures.captions.experiment import cost_label, experiment_in_words, verdict_on, verdicts_in_words
from figures.captions.sources import sources_in_words
from figures.catalogue import EXPERIMENT
from figures.records import BASELINE, Experiment, Records

_BANDED = ("top-k", "cwmp")
_FLOOR = "random-k"  # far below everything: not in the lower row
_MARKS = 6  # markers a line


@style.styled
def draw_pareto(records: Records, venue: str = "ieee") -> Figure:
    """A column per cost model: above, mean frontiers over seeds; below, paired differences of frontiers from Top-K."""
    experiment: Experiment = records[EXPERIMENT]
    costs = fronts.costs(experiment)
    blocks, across = style.rows_and_columns(len(costs))
    figure = style.new_figure("page", 3.6 * blocks + 0.2, venue)
    grid = figure.subplots(2 * blocks, across, squeeze=False, gridspec_kw={"height_ratios": [1.15, 1] * blocks})
    for k, cost in enumerate(costs):
        above, below = (grid[2 * (k // across) + row, k % across] for row in (0, 1))
        energies = fronts.planned(experiment, cost)
        _frontiers(above, experiment, cost, energies)
        _differences(below, experiment, cost, energies)
        if k % across == 0:
            above.set_ylabel("accuracy (%)")
            below.set_ylabel("difference (points)")
    style.panel_letters(list(grid[0::2].flat), [cost_label(cost) for cost in costs])
    for ax in grid[:, :].flat[2 * across * (blocks - 1) :]:
        ax.set_visible(bool(ax.lines))
    _share_heights(grid[0::2], grid[1::2])
    figure.supxlabel("cumulative energy (full updates)", fontsize=8.5)
    style.legend_above(figure, grid[0, 0])
    return figure


def caption_pareto(records: Records) -> str:
    """What was trained, how often, where, and what the verdicts say."""
    experiment: Experiment = records[EXPERIMENT]
    said, control = (verdicts_in_words(experiment, method) for method in ("cwmp", "cwmp-same-rate"))
    return (
        f"{experiment_in_words(experiment)} Above: the best accuracy that an energy has bought, over budgets and "
        f"rounds, mean over seeds, with {100 * fronts.LEVEL:g} % Student intervals for Top-K and CWMP. Below: the "
        "difference from Top-K, paired by seed, with the same intervals for CWMP (Random-K left out). An energy of 1 "
        "is one client sending every coordinate once. "
        + (f"In blue, CWMP's frontier against Top-K's, in points with the interval: {said}. " if said else "")
        + (f"With Top-K's learning rate instead of its own: {control}. " if control else "")
        + f"{sources_in_words(run.provenance for run in experiment.runs)}."
    )


def _frontiers(ax: Axes, experiment: Experiment, cost: str, energies: fronts.Floats) -> None:
    for method in fronts.methods(experiment, cost):
        found = fronts.staircases(experiment, cost, method, energies)
        _line(ax, energies, fronts.band(100 * found), method, banded=method in _BANDED)
    dense = fronts.dense_accuracy(experiment)
    if dense is not None:
        look = style.METHODS["dense"]
        ax.axhline(100 * dense, color=look.colour, linestyle=look.dash, linewidth=1, label=look.label)
        times = fronts.dense_energy(experiment, cost)
        ax.annotate(f"at an energy of {times:,.0f}", (0.02, 100 * dense), (0, -8), xycoords=("axes fraction", "data"),
                    textcoords="offset points", fontsize=7, color=look.colour)  # fmt: skip
    style.log_x(ax)
    ax.tick_params(labelbottom=False)


def _differences(ax: Axes, experiment: Experiment, cost: str, energies: fronts.Floats) -> None:
    for method in fronts.methods(experiment, cost):
        if method not in (BASELINE, _FLOOR):
            found = fronts.differences(experiment, cost, method, energies)
            _line(ax, energies, fronts.band(100 * found), method, banded=method in _BANDED)
    look = style.METHODS[BASELINE]
    ax.axhline(0, color=look.colour, linestyle=look.dash, linewidth=0.9, zorder=1.5)
    verdict = verdict_on(experiment, "cwmp", cost)
    if verdict:
        ax.set_title(verdict.in_words, fontsize=7, color=style.METHODS["cwmp"].colour)
    style.log_x(ax)


def _line(ax: Axes, energies: fronts.Floats, band: fronts.Band, method: str, *, banded: bool) -> None:
    """A staircase; its last step is drawn as long as a tenth of a decade."""
    look, ends = style.METHODS[method], np.r_[energies, energies[-1] * 10**0.1]
    every = max(1, len(energies) // _MARKS)
    marks = (list(style.METHODS).index(method) % every, every)
    mean, low, high = (np.r_[part, part[-1]] for part in (band.mean, band.low, band.high))
    ax.plot(ends, mean, drawstyle="steps-post",
            **look.line(linewidth=1.3 if banded else 0.9, markevery=marks, zorder=3 if banded else 2))  # fmt: skip
    if banded and np.isfinite(low).any():
        ax.fill_between(ends, low, high, step="post", color=look.colour, alpha=0.18, linewidth=0)


def _share_heights(*rows: Any) -> None:
    """The same scale of accuracy, and of differences, in every panel."""
    for axes in rows:
        shown = [ax for ax in axes.flat if ax.get_visible()]
        low, high = (pick(ax.get_ylim()[end] for ax in shown) for end, pick in ((0, min), (1, max)))
        for ax in shown:
            ax.set_ylim(low, high)
            ax.yaxis.set_major_locator(MaxNLocator(6, steps=[1, 2, 5, 10]))
