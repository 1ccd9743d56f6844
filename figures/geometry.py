"""One update in the plane of cost and squared magnitude: CWMP's ray against Top-K's line at the same joules."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure

from figures.catalogue import GEOMETRY
from figures.origin import data_of, origin, percent
from figures.records import Records
from figures.style import BLACK, BLUE, METHODS, ORANGE, new_figure, styled

SHOWN = {
    "both": {"marker": "o", "facecolor": BLUE, "edgecolor": "none"},
    "cwmp only": {"marker": "o", "facecolor": "white", "edgecolor": BLUE},
    "top-k only": {"marker": "s", "facecolor": ORANGE, "edgecolor": BLACK},
}
NAMES = {"both": "both", "cwmp only": "CWMP only", "top-k only": "Top-K only"}


@styled
def draw_geometry(records: Records, venue: str = "ieee") -> Figure:
    """All coordinates in grey, those kept by one rule or both as points, and what each region is worth."""
    record = records[GEOMETRY]
    figure = new_figure("column", 3.1, venue)
    ax = figure.subplots()
    low, high = _frame(record, ax)
    _density(record, ax)
    for name, look in SHOWN.items():
        cost, score = np.array(record["points"][name]).reshape(-1, 2).T
        ax.scatter(cost, score, s=5 if name != "top-k only" else 7, linewidth=0.5, label=name, zorder=3, **look)
    costs = np.array([low, high])
    ax.plot(costs, record["ray"] * costs, **METHODS["cwmp"].line(marker="", zorder=4))
    ax.axhline(record["line"], **METHODS["top-k"].line(marker="", zorder=4))
    _regions(record, ax)
    _rules(record, ax)
    ax.set_xlabel(r"cost $c_i$ (relative to the median)")
    ax.set_ylabel(r"squared magnitude $g_i^2$")
    return figure


def _frame(record: dict[str, Any], ax: Axes) -> tuple[float, float]:
    """Logarithmic axes around what is kept; returns the ends of the cost axis."""
    edges = {side: 10.0 ** np.array(values) for side, values in record["histogram"]["log10"].items()}
    low, high = edges["cost"][0], edges["cost"][-1]
    ax.set(xscale="log", yscale="log", xlim=(low, high))
    ax.set_ylim(record["line"] * 3e-4, edges["score"][-1] * 30)
    return float(low), float(high)


def _density(record: dict[str, Any], ax: Axes) -> None:
    """How many coordinates lie where: greys on a logarithmic scale."""
    histogram = record["histogram"]
    x, y = (10.0 ** np.array(histogram["log10"][side]) for side in ("cost", "score"))
    counts = np.ma.masked_equal(np.array(histogram["counts"]).T, 0)
    ax.pcolormesh(x, y, counts, cmap="Greys", norm=LogNorm(0.3, 30 * counts.max()), rasterized=True, zorder=1)


def _regions(record: dict[str, Any], ax: Axes) -> None:
    """In each region: which rule keeps it, how many coordinates, their energy and their share of the norm."""
    at = {"both": (0.30, 0.985, "top"), "cwmp only": (0.015, 0.22, "bottom"), "top-k only": (0.985, 0.985, "top")}
    for name, (x, y, vertical) in at.items():
        group = record["groups"][name]
        words = (
            f"$\\bf{{{NAMES[name].replace(' ', '~').replace('-', '{-}')}}}$: {group['count']:,}\n"
            f"{percent(group['energy'])} of the energy\n{percent(group['score'])} of $\\|g\\|^2$"
        )
        side = "right" if x > 0.9 else "left" if x < 0.1 else "center"
        ax.text(x, y, words, transform=ax.transAxes, ha=side, va=vertical, fontsize=7.5, linespacing=1.25,
                bbox={"facecolor": "white", "alpha": 0.8, "edgecolor": "none", "pad": 1}, zorder=5)  # fmt: skip


def _rules(record: dict[str, Any], ax: Axes) -> None:
    """Labels on the ray and on the line."""
    low, high = ax.get_xlim()
    box = {"facecolor": "white", "alpha": 0.85, "edgecolor": "none", "pad": 0.8}
    ax.text(low * 1.12, record["line"] * 0.9, "Top-K: $g^2 = \\tau^2$", ha="left", va="top", fontsize=7.5, bbox=box,
            zorder=6)  # fmt: skip
    ax.text(low * (high / low) ** 0.42, record["ray"] * low * (high / low) ** 0.42 * 0.45, "CWMP: $g^2 = \\lambda c$",
            color=BLUE, ha="left", va="top", fontsize=7.5, bbox=box, zorder=6)  # fmt: skip


def caption_geometry(records: Records) -> str:
    """What is drawn, of which update, and what each rule keeps."""
    record = records[GEOMETRY]
    share, cost = float(record["parameters"]["share"]), record["parameters"]["cost"]
    cwmp, top_k = (record["rules"][name] for name in ("cwmp", "top-k"))
    return (
        f"What CWMP and Top-K keep of {data_of(record)} at {percent(share)} of the energy of sending everything, costs "
        f"drawn from {cost} independently of the update. CWMP keeps what lies above the ray, Top-K what lies above the "
        f"line; both spend the same. CWMP retains {percent(cwmp['score'])} of the squared norm in {cwmp['count']:,} "
        f"coordinates, Top-K {percent(top_k['score'])} in {top_k['count']:,}. Grey: density of all coordinates "
        f"({record['histogram']['outside']:,} of the smallest lie outside); points: at most "
        f"{record['parameters']['points']} of each region. {origin(record)}"
    )
