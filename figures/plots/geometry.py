"""One update in the plane of cost and squared magnitude: CWMP's ray against Top-K's line at the same joules."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure

from figures.captions.origin import data_of, origin, percent
from figures.catalogue import GEOMETRY
from figures.records import Records
from figures.style import BLACK, BLUE, METHODS, ORANGE, new_figure, styled

SHOWN: dict[str, dict[str, Any]] = {
    "both": {"marker": "o", "facecolor": BLUE, "edgecolor": "none"},
    "cwmp only": {"marker": "o", "facecolor": "white", "edgecolor": BLUE},
    "top-k only": {"marker": "s", "facecolor": ORANGE, "edgecolor": BLACK},
}
NAMES = {"both": "both", "cwmp only": "CWMP only", "top-k only": "Top-K only"}
BOX = {"facecolor": "white", "alpha": 0.85, "edgecolor": "none", "pad": 1.0}


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
    ax.set_ylim(record["line"] * 6e-6, edges["score"][-1] * 40)
    return float(low), float(high)


def _density(record: dict[str, Any], ax: Axes) -> None:
    """How many coordinates lie where: greys on a logarithmic scale."""
    histogram = record["histogram"]
    x, y = (10.0 ** np.array(histogram["log10"][side]) for side in ("cost", "score"))
    counts = np.ma.masked_equal(np.array(histogram["counts"]).T, 0)
    ax.pcolormesh(x, y, counts, cmap="Greys", norm=LogNorm(0.3, 30 * counts.max()), rasterized=True, zorder=1)


def _regions(record: dict[str, Any], ax: Axes) -> None:
    """In each region: which rule keeps it, how many coordinates, their energy and their share of the norm."""
    places = {"both": (0.36, 0.99, "center", "top"), "cwmp only": (0.015, 0.03, "left", "bottom"),
              "top-k only": (0.99, 0.99, "right", "top")}  # fmt: skip
    for name, (x, y, side, vertical) in places.items():
        group, points = record["groups"][name], np.array(record["points"][name])
        words = (
            f"{NAMES[name]}: {group['count']:,} coordinates\n{percent(group['energy'])} of the energy\n"
            f"{percent(group['score'])} of $\\|g\\|^2$"
        )
        to = np.exp(np.log(points).mean(axis=0)) if len(points) else (1.0, record["line"])
        ax.annotate(
            words, to, (x, y), textcoords="axes fraction", ha=side, va=vertical, fontsize=7.5, linespacing=1.2,
            multialignment="left", bbox=BOX, zorder=6,
            arrowprops={"arrowstyle": "-", "linewidth": 0.7, "color": BLACK, "shrinkA": 0, "shrinkB": 0},
        )  # fmt: skip


def _rules(record: dict[str, Any], ax: Axes) -> None:
    """Labels on the left end of the ray and on the right end of the line."""
    low, high = ax.get_xlim()
    ray = "CWMP: $g^2 = \\lambda\\, c$"
    ax.text(high / 1.1, record["line"] / 1.25, "Top-K: $g^2 = \\tau^2$", ha="right", va="top", fontsize=7.5, bbox=BOX)
    ax.text(low * 1.15, record["ray"] * low / 1.8, ray, color=BLUE, ha="left", va="top", fontsize=7.5, bbox=BOX)


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
