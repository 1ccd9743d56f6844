"""Figure ``captured``: does capturing more of the squared norm than Top-K mean learning more than Top-K?

Each point is a paired difference from Top-K of the same costs, budget and seed: mean share of ``||g||^2`` sent, over
all rounds, against final accuracy. In the shaded quadrants norm and accuracy point opposite ways.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from figures import frontiers as fronts
from figures import style
from figures.captions.experiment import cost_label, experiment_in_words
from figures.captions.sources import sources_in_words
from figures.catalogue import EXPERIMENT
from figures.records import BASELINE, DENSE, Experiment, Records, Run

_ASIDE = "random-k"  # captures and learns next to nothing: its distance would hide the others
_SHADE = "#ececec"


@dataclass(frozen=True)
class Pair:
    """A run against Top-K's: differences of captured norm and of final accuracy, both in points (per cent)."""

    method: str
    share: str
    seed: int
    norm: float
    accuracy: float


@style.styled
def draw_captured(records: Records, venue: str = "ieee") -> Figure:
    """A panel per cost model, one scale; small markers are seeds, large ones their means, open at smaller budgets."""
    experiment: Experiment = records[EXPERIMENT]
    costs = fronts.costs(experiment)
    rows, across = style.rows_and_columns(len(costs))
    figure = style.new_figure("page", 2.3 * rows + 0.3, venue)
    grid = figure.subplots(rows, across, squeeze=False, sharex=True, sharey=True)
    style.panel_letters(list(grid.flat), [cost_label(cost) for cost in costs])
    for ax, cost in zip(grid.flat, costs, strict=False):
        _panel(ax, list(pairs(experiment, cost)))
        ax.tick_params(labelbottom=True)
    for ax in grid.flat[len(costs) :]:
        ax.set_visible(False)
    for ax in grid.flat[: len(costs)]:
        _shade(ax)
    grid[0, 0].text(0.98, 0.03, "more norm,\nless accuracy", transform=grid[0, 0].transAxes, ha="right", fontsize=7.5,
                    fontstyle="italic", color=style.GREY)  # fmt: skip
    figure.supxlabel("captured norm, less Top-K’s (points)", fontsize=8.5)
    figure.supylabel("accuracy, less Top-K’s (points)", fontsize=8.5)
    _key(grid[0, 0], sorted({float(run.share) for run in experiment.runs if run.method != DENSE}))
    style.legend_above(figure, grid[0, 0], handlelength=1)
    return figure


def caption_captured(records: Records) -> str:
    """What a point is, how often norm and accuracy agree, and what was trained."""
    experiment: Experiment = records[EXPERIMENT]
    agreeing = []
    for cost in fronts.costs(experiment):
        mine = [pair for pair in pairs(experiment, cost) if pair.method == "cwmp" and pair.norm > 0]
        more = sum(pair.accuracy > 0 for pair in mine)
        agreeing.append(f"{cost}: {more} of {len(mine)}")
    shares = sorted({float(run.share) for run in experiment.runs if run.method != DENSE})
    return (
        "Difference from Top-K under the same costs, budget and seed: share of the squared norm sent (mean over "
        "rounds, of the update with what error feedback carried over) against final accuracy. Small markers are "
        f"seeds, large ones their means; open at {100 * shares[0]:g} % of the energy, filled above. Shaded: norm and "
        "accuracy point opposite ways. Of the pairs in which CWMP captured more of the norm it learned more in "
        f"{'; '.join(agreeing)}. Random-K is left out. "
        f"{experiment_in_words(experiment)} {sources_in_words(run.provenance for run in experiment.runs)}."
    )


def pairs(experiment: Experiment, cost: str) -> Iterator[Pair]:
    """Every competitor's runs under a cost model, less Top-K's."""
    runs = {(run.method, run.share, run.seed): run for run in experiment.runs if run.cost == cost}
    for method in fronts.methods(experiment, cost):
        if method in (BASELINE, _ASIDE):
            continue
        for run in (run for key, run in sorted(runs.items()) if key[0] == method):
            base = runs[BASELINE, run.share, run.seed]
            gained = run.final_accuracy - base.final_accuracy
            yield Pair(method, run.share, run.seed, 100 * (_captured(run) - _captured(base)), 100 * gained)


def _captured(run: Run) -> float:
    return float(np.mean(run.captured))


def _panel(ax: Axes, found: list[Pair]) -> None:
    smallest = min(float(pair.share) for pair in found)
    named: set[str] = set()
    for method, share in dict.fromkeys((pair.method, pair.share) for pair in found):
        look = style.METHODS[method]
        mine = [pair for pair in found if (pair.method, pair.share) == (method, share)]
        norm, accuracy = [pair.norm for pair in mine], [pair.accuracy for pair in mine]
        open_ = float(share) == smallest and share != max((pair.share for pair in found), key=float)
        face: dict[str, Any] = {"color": look.colour, "marker": look.marker, "linestyle": "none"}
        ax.plot(norm, accuracy, **face, markersize=2.2, alpha=0.5, markeredgewidth=0, zorder=2.5)
        fill = "white" if open_ else look.colour
        label = "" if method in named or open_ else look.label
        named |= {method} if label else set()
        ax.plot(np.mean(norm), np.mean(accuracy), **face, markersize=5.5, markerfacecolor=fill, markeredgewidth=1,
                label=label, zorder=4)  # fmt: skip
    for line in (ax.axhline, ax.axvline):
        line(0, color=style.BLACK, linewidth=0.6, zorder=1.5)


def _key(ax: Axes, shares: list[float]) -> None:
    """What open, filled and small markers mean, for the legend."""
    look: dict[str, Any] = {"color": style.GREY, "linestyle": "none", "marker": "o"}
    if len(shares) > 1:
        ax.plot([], [], **look, markersize=5.5, markerfacecolor="white", label=f"budget {100 * shares[0]:g} %")
    filled = " or ".join(f"{100 * share:g}" for share in shares[1:] or shares)
    ax.plot([], [], **look, markersize=5.5, label=f"budget {filled} %")
    ax.plot([], [], **look, markersize=2.2, alpha=0.5, label="one seed")


def _shade(ax: Axes) -> None:
    (left, right), (low, high) = ax.get_xlim(), ax.get_ylim()
    ax.fill_between([0, right], low, 0, color=_SHADE, linewidth=0, zorder=0)
    ax.fill_between([left, 0], 0, high, color=_SHADE, linewidth=0, zorder=0)
    ax.set(xlim=(left, right), ylim=(low, high))
