"""The drawing of the concepts page: one instance, and what each rule makes of it, computed when the page is built."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from figures.style import BLUE, ORANGE, new_figure, styled
from proofs_check.oracles.enumeration import enumerate_optimum
from theory.instance import Instance
from theory.optimum.relaxation import relax
from theory.selection.selectors import cwmp

SCORE, COST, BUDGET = (8, 9, 10, 2, 1), (2, 3, 4, 1, 2), 7
LIGHT = "#c6dbef"


def instance() -> Instance:
    """Five items in the order of their densities 4, 3, 2.5, 2, 0.5."""
    return Instance.from_scores(np.array(SCORE, dtype=float), np.array(COST, dtype=float), BUDGET)


def shares() -> dict[str, list[float]]:
    """How much of each item every rule takes: 0 or 1, and a part of the critical item in the relaxation."""
    given = instance()
    prefix, fill = cwmp(given), cwmp(given, rounding="fill")
    optimum = enumerate_optimum(given)
    relaxed = relax(given)
    parts = [float(kept) for kept in prefix.mask]
    if relaxed.critical_item is not None:
        parts[relaxed.critical_item] = float(relaxed.fraction)
    return {
        "prefix": [float(kept) for kept in prefix.mask],
        "fill": [float(kept) for kept in fill.mask],
        "optimum": [float(kept) for kept in optimum.mask],
        "relaxation": parts,
    }


@styled
def draw_roundings(venue: str = "ieee") -> Figure:
    """Items as blocks: width is cost, height is density, so area is what is retained."""
    figure = new_figure("page", 1.9, venue)
    for ax, (rule, parts) in zip(figure.subplots(1, 4, sharey=True), shares().items(), strict=True):
        _panel(ax, rule, parts)
    figure.axes[0].set_ylabel("density $p_i/c_i$")
    return figure


def _panel(ax: Axes, rule: str, parts: list[float]) -> None:
    at = 0.0
    for k, part in enumerate(parts):
        if part:
            width = part * COST[k]
            colour = ORANGE if 0 < part < 1 else BLUE if rule != "optimum" else LIGHT
            height = SCORE[k] / COST[k]
            ax.bar(at, height, width, align="edge", color=colour, edgecolor="white")
            ink = "black" if colour != BLUE else "white"
            ax.text(at + width / 2, height / 2, f"{k + 1}", ha="center", va="center", color=ink)
            at += width
    ax.axvline(BUDGET, color="black", linestyle="--", linewidth=0.8)
    retained = sum(part * score for part, score in zip(parts, SCORE, strict=True))
    ax.set(xlim=(0, 8.2), ylim=(0, 4.4), xlabel="cost")
    ax.set_title(f"{rule}: {retained:g}", fontsize="medium")
