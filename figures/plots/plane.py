"""Figure ``plane``: accuracy that CWMP gains over cost ratio and sparsity, with as many coordinates or as many joules.

The columns are cost models of two classes, by what a coordinate of a convolution costs over one of a linear layer; at
1:1 CWMP is Top-K (claim D7). A column is framed where the verdict on it is *holds*.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import CenteredNorm, LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from figures import style
from figures.captions.sources import sources_in_words
from figures.catalogue import PAPER
from figures.records import Experiment, Records
from theory.claims.verdict import Outcome, Verdict

QUESTIONS = {"equal-sparsity": "as many coordinates", "equal-joules": "as many joules"}
_NAMED = {"fc-dear": (1, 10), "uniform": (1, 1), "conv-dear": (10, 1)}
_RATIO = re.compile(r"ratio-(\d+)-(\d+)")
_COLOURS = LinearSegmentedColormap.from_list("gain", [style.VERMILION, "#ffffff", style.BLUE])


@dataclass(frozen=True)
class Column:
    """A cost model: ``ratio`` of a convolution's cost to a linear layer's, and its verdict, None at 1:1."""

    ratio: tuple[int, int]
    verdict: Verdict | None

    @property
    def label(self) -> str:
        """``10:1``."""
        return f"{self.ratio[0]}:{self.ratio[1]}"

    def gain(self, share: str) -> tuple[float, bool]:
        """Points of accuracy over Top-K, mean over seeds, and whether all seeds agree on the sign."""
        if self.verdict is None:
            return 0.0, False
        cell = self.verdict.observed["sparsities"][share]
        return 100 * cell["difference"]["mean"], bool(cell["every seed"]) and cell["difference"]["pairs"] > 1


@style.styled
def draw_plane(records: Records, venue: str = "ieee") -> Figure:
    """Two panels, one for each way of comparing; rows are shares of the coordinates."""
    found = {question: columns(records[PAPER], question) for question in QUESTIONS}
    rows = shares(records[PAPER])
    gains = {q: np.array([[c.gain(share)[0] for c in found[q]] for share in rows]) for q in found}
    reach = max(0.1, max(float(np.abs(values).max()) for values in gains.values()))
    figure = style.new_figure("page", 0.34 * len(rows) + 1.1, venue)
    axes = figure.subplots(1, 2, sharey=True)
    for ax, question in zip(axes, QUESTIONS, strict=True):
        _panel(ax, found[question], rows, gains[question], reach)
    style.panel_letters(list(axes), list(QUESTIONS.values()))
    axes[0].set_ylabel("coordinates sent (%)")
    figure.supxlabel("cost of a coordinate, convolution : linear layer", fontsize=8.5)
    return figure


def caption_plane(records: Records) -> str:
    """What a cell is, how many seeds there are, and where the claim holds."""
    experiment: Experiment = records[PAPER]
    verdicts = [column.verdict for q in QUESTIONS for column in columns(experiment, q) if column.verdict]
    seeds = len({run.seed for run in experiment.runs})
    said = []
    for question, words in QUESTIONS.items():
        mine = [c for c in columns(experiment, question) if c.verdict]
        held = [c.label for c in mine if c.verdict and c.verdict.outcome is Outcome.HOLDS]
        open_ = [c.label for c in mine if c.verdict and c.verdict.outcome is Outcome.INCONCLUSIVE]
        said.append(
            f"{words}: {', '.join(held) or 'nowhere'}" + (f", undecided at {', '.join(open_)}" if open_ else "")
        )
    first = verdicts[0]
    setting = first.domain.partition("; ")[2].rpartition("; seeds")[0]
    return (
        f"Points of accuracy that CWMP by |g|/c gains over Top-K, paired by seed, mean over {seeds} "
        f"{'seed' if seeds == 1 else 'seeds'}; a star where all agree on the sign, two at least. In (a) both send "
        "as many coordinates, which on one update costs CWMP no more and retains no more (D20); in (b) Top-K has the "
        "joules that CWMP spent. At 1:1 the two are the same (D7). A column is framed where the claim holds by the "
        f"verdicts ({'; '.join(said)}). {first.domain.split(',')[0]}; {setting}. {first.observed['second hand']} "
        f"{sources_in_words(run.provenance for run in experiment.runs)}."
    )


def columns(experiment: Experiment, question: str) -> list[Column]:
    """The cost models of two classes without feedback, linear layers dear first."""
    found = [
        Column(ratio, verdict)
        for verdict in experiment.verdicts
        if verdict.claim == f"E2-{question}" and not verdict.observed["feedback"]
        and (ratio := ratio_of(verdict.observed["cost"]))
    ]  # fmt: skip
    if all(column.ratio[0] != column.ratio[1] for column in found):
        found.append(Column((1, 1), None))
    return sorted(found, key=lambda column: column.ratio[0] / column.ratio[1])


def ratio_of(cost: str) -> tuple[int, int] | None:
    """What convolutions and linear layers cost; None for other models."""
    if cost in _NAMED:
        return _NAMED[cost]
    found = _RATIO.fullmatch(cost)
    return (int(found[1]), int(found[2])) if found else None


def shares(experiment: Experiment) -> list[str]:
    """Shares of the coordinates, ascending."""
    found = {share for v in experiment.verdicts if v.claim.startswith("E2-") for share in v.observed["sparsities"]}
    return sorted(found, key=float)


def _panel(ax: Axes, found: list[Column], rows: list[str], gains: Any, reach: float) -> None:
    ax.pcolormesh(gains, cmap=_COLOURS, norm=CenteredNorm(halfrange=reach), edgecolors="white", linewidth=0.6)
    for x, column in enumerate(found):
        for y, share in enumerate(rows):
            gain, agreed = column.gain(share)
            text = "= Top-K" if column.verdict is None else f"{gain:+.1f}{'*' * agreed}".replace("-", "\N{MINUS SIGN}")
            dark = abs(gain) > 0.75 * reach
            ax.text(
                x + 0.5, y + 0.5, text, ha="center", va="center", fontsize=7, color="white" if dark else style.BLACK
            )
        if column.verdict and column.verdict.outcome is Outcome.HOLDS:
            ax.add_patch(Rectangle((x, 0), 1, len(rows), fill=False, edgecolor=style.BLACK, linewidth=1.4, zorder=4))
    ax.set_xticks(np.arange(len(found)) + 0.5, [column.label for column in found])
    ax.set_yticks(np.arange(len(rows)) + 0.5, [f"{100 * float(share):g}" for share in rows])
    ax.grid(visible=False)
    ax.tick_params(length=0)
