"""All masks of a small instance by cost and value: CWMP's prefixes are the vertices of their upper hull (D6)."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from figures.captions.origin import origin
from figures.catalogue import FRONTIER
from figures.records import Records
from figures.style import BLUE, GREEN, GREY, METHODS, new_figure, panel_letters, styled

Point = tuple[int, int]
RULES = ("top-k", "prefix", "best-of")
NAMES = {"top-k": "Top-K", "prefix": "CWMP, prefix", "best-of": "CWMP, best-of"}


@styled
def draw_frontier(records: Records, venue: str = "ieee") -> Figure:
    """Left: masks, hull and prefixes. Right: what each rule falls short of the optimum of every budget."""
    record = records[FRONTIER]
    figure = new_figure("page", 2.7, venue)
    grid = figure.add_gridspec(len(RULES), 2, width_ratios=(1.15, 1))
    plane, first = figure.add_subplot(grid[:, 0]), figure.add_subplot(grid[0, 1])
    strips = [first, *(figure.add_subplot(grid[k, 1], sharex=first, sharey=first) for k in range(1, len(RULES)))]
    _plane(record, plane)
    _shortfall(record, strips)
    panel_letters([plane, strips[0]], ["every mask, and CWMP's frontier", "score below the optimum"])
    return figure


def _plane(record: dict[str, Any], ax: Axes) -> None:
    cost, value = np.array(record["masks"]).T
    ax.scatter(cost, value, s=1.5, color="#b5b5b5", linewidth=0, rasterized=True, label="masks")
    rows = record["budgets"]
    ax.step([row["budget"] for row in rows], [row["optimum"] for row in rows], where="post", color=GREEN,
            linewidth=0.9, label="optimum")  # fmt: skip
    below, above = _prefixes(record)
    ax.plot(*np.array(record["hull"]).T, color=BLUE, linewidth=1.1, zorder=4, label="hull")
    ax.plot(*np.array(above).T, **METHODS["prefix"].line(linestyle="", markersize=4.6, zorder=5))
    if below:
        ax.plot(*np.array(below).T, marker="o", markersize=3.8, linestyle="", markerfacecolor="white", color=BLUE,
                markeredgewidth=0.8, zorder=5, label="below c_max")  # fmt: skip
    inside = sorted({tuple(row["top-k"]) for row in rows} - set(above) - set(below))
    ax.plot(*np.array(inside).reshape(-1, 2).T,
            **METHODS["top-k"].line(linestyle="", markersize=3.6, label="Top-K", zorder=6))  # fmt: skip
    ax.set(xlabel="energy of the mask (J)", ylabel=r"retained $\sum_i m_i\,g_i^2$", xlim=(-1, None), ylim=(-4, None))
    _name(record, ax, above, below, inside)


def _prefixes(record: dict[str, Any]) -> tuple[list[Point], list[Point]]:
    """What the prefix reaches at budgets below the dearest item's cost but nowhere on the hull, and all the rest."""
    hull = {tuple(point) for point in record["hull"]}
    dearest = max(record["cost"])
    found = {(tuple(row["prefix"]), row["budget"] >= dearest) for row in record["budgets"]}
    above = sorted({point for point, fits in found if fits or point in hull})
    return sorted({point for point, _ in found} - set(above)), above


def _name(record: dict[str, Any], ax: Axes, above: list[Point], below: list[Point], inside: list[Point]) -> None:
    """Direct labels, each with a thin line to what it names."""
    total, most = record["budgets"][-1]["budget"], record["budgets"][-1]["optimum"]
    style: dict[str, Any] = {"fontsize": 7.5, "bbox": {"facecolor": "white", "edgecolor": "none", "pad": 0.8},
                             "arrowprops": {"arrowstyle": "-", "linewidth": 0.5, "color": GREY}}  # fmt: skip
    ax.annotate("CWMP's prefixes\ntrace the upper hull", above[len(above) // 2], (0.02 * total, 0.86 * most),
                color=BLUE, **style)  # fmt: skip
    if inside:
        ax.annotate("Top-K's other points", inside[len(inside) // 2], (0.36 * total, 0.99 * most), **style)
    if below:
        ax.annotate(r"prefix where $B < c_{\max}$", below[0], (0.13 * total, 0.05 * most), color=BLUE, **style)
    at = next(row for row in record["budgets"] if row["budget"] >= 0.73 * total)
    ax.annotate("optimum", (at["budget"], at["optimum"]), (0.74 * total, 0.75 * most), color=GREEN, **style)
    ax.text(0.66 * total, 0.05 * most, f"{len(record['masks']):,} points", fontsize=7.5, color=GREY)


def shortfall(record: dict[str, Any], rule: str) -> np.ndarray:
    """``OPT - rule`` at every whole budget."""
    return np.array([row["optimum"] - row[rule][1] for row in record["budgets"]])


def _shortfall(record: dict[str, Any], strips: list[Axes]) -> None:
    """A strip for each rule; ``c_max`` marks from where on every item may be taken."""
    budgets = np.array([row["budget"] for row in record["budgets"]])
    for ax, rule in zip(strips, RULES, strict=True):
        look, lost = METHODS[rule], shortfall(record, rule)
        ax.fill_between(budgets, lost, step="post", facecolor=look.colour, alpha=0.25, linewidth=0)
        ax.step(budgets, lost, where="post", color=look.colour, linewidth=1.0, label=look.label)
        words = f"{NAMES[rule]}: optimal at {int((lost == 0).sum())} of {lost.size} budgets"
        ax.text(0.995, 0.93, words, transform=ax.transAxes, ha="right", va="top", fontsize=7.5, color=look.colour)
        ax.axvline(max(record["cost"]), color=GREY, linewidth=0.6, linestyle=":")
    for ax in strips[:-1]:
        ax.tick_params(labelbottom=False)
    strips[-1].set(xlabel="budget $B$ (J)", xlim=(0, budgets[-1]), ylim=(0, None))
    most = max(shortfall(record, rule).max() for rule in RULES)
    strips[-1].set_ylim(0, 1.35 * most)
    strips[-1].text(max(record["cost"]) + 0.8, 0.9 * most, r"$c_{\max}$", va="top", fontsize=7.5, color=GREY)


def caption_frontier(records: Records) -> str:
    """What is drawn, of which instance, and how often each rule is optimal."""
    record = records[FRONTIER]
    rows, n = record["budgets"], record["parameters"]["items"]
    on_edges = len(_prefixes(record)[1]) - len(record["hull"])
    ties = f", or where densities tie on its edges ({on_edges} here)" if on_edges else ""
    optimal = {rule: int((shortfall(record, rule) == 0).sum()) for rule in RULES}
    return (
        f"The {2**n:,} masks of an instance of {n} items ({record['parameters']['law']}), in exact arithmetic. CWMP's "
        f"prefixes are the {len(record['hull'])} vertices of the upper concave hull (claim D6){ties}; at budgets "
        f"below the dearest item's cost, items that cannot be paid for leave the order and the prefix need not be a "
        f"vertex. Of the {len(rows)} whole budgets the prefix is optimal at {optimal['prefix']}, best-of at "
        f"{optimal['best-of']}, Top-K at {optimal['top-k']}. {origin(record)}"
    )
