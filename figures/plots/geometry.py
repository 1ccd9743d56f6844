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
from figures.style import BLACK, BLUE, METHODS, ORANGE, log_x, new_figure, styled

SHOWN: dict[str, dict[str, Any]] = {
    "both": {"marker": "o", "facecolor": BLUE, "edgecolor": "none"},
    "cwmp only": {"marker": "o", "facecolor": "white", "edgecolor": BLUE},
    "top-k only": {"marker": "s", "facecolor": ORANGE, "edgecolor": BLACK},
}
NAMES = {"both": "both", "cwmp only": "CWMP only", "top-k only": "Top-K only"}


@styled
def draw_geometry(records: Records, venue: str = "ieee") -> Figure:
    """All coordinates in grey, those kept by one rule or both as points, and what each region is worth."""
    record = records[GEOMETRY]
    figure = new_figure("column", 3.5, venue)
    ax = figure.subplots()
    draw_in(ax, record)
    figure.legend(loc="outside upper left", handlelength=1.6, borderaxespad=0)
    return figure


def draw_in(ax: Axes, record: dict[str, Any]) -> None:
    """The plane, in any Axes; what each mark is, and is worth, are the labels for a legend beside it."""
    low, high = _frame(record, ax)
    _density(record, ax)
    for name, look in SHOWN.items():
        cost, score = np.array(record["points"][name]).reshape(-1, 2).T
        ax.scatter(cost, score, s=5 if name != "top-k only" else 7, linewidth=0.5, label=_words(record, name), gid=name,
                   zorder=3, **look)  # fmt: skip
    costs = np.array([low, high])
    for rule, height, words in (
        ("cwmp", record["ray"] * costs, r"CWMP keeps what is above $g^2 = \lambda\, c$"),
        ("top-k", np.full(2, record["line"]), r"Top-K keeps what is above $g^2 = \tau^2$"),
    ):
        if height[0] > 0:  # else everything is kept
            ax.plot(costs, height, **METHODS[rule].line(marker="", zorder=4, label=words))
    log_x(ax)
    unit = record["parameters"].get("unit", "relative to the median")
    ax.set_xlabel(rf"cost $c_i$ ({unit})")
    ax.set_ylabel(r"squared magnitude $g_i^2$")


def _words(record: dict[str, Any], name: str) -> str:
    """Of a region: which rule keeps it, how many coordinates, their energy and their share of the norm."""
    group = record["groups"][name]
    return (
        f"{NAMES[name]}: {group['count']:,} coordinates, {percent(group['energy'])} of the energy, "
        f"{percent(group['score'])} of $\\|g\\|^2$"
    )


def _frame(record: dict[str, Any], ax: Axes) -> tuple[float, float]:
    """Logarithmic axes around what is kept; returns the ends of the cost axis."""
    edges = {side: 10.0 ** np.array(values) for side, values in record["histogram"]["log10"].items()}
    low, high = edges["cost"][0] / 1.1, edges["cost"][-1] * 1.1
    shown = [score for name in SHOWN for _, score in record["points"][name]]
    bottom = max(edges["score"][0], record["line"] * 6e-6) if record["line"] else edges["score"][0]
    ax.set(xscale="log", yscale="log", xlim=(low, high))
    ax.set_ylim(min([bottom, *shown]) / 1.5, max([edges["score"][-1], *shown]) * 3)
    return float(low), float(high)


def _density(record: dict[str, Any], ax: Axes) -> None:
    """How many coordinates lie where: greys on a logarithmic scale."""
    histogram = record["histogram"]
    x, y = (10.0 ** np.array(histogram["log10"][side]) for side in ("cost", "score"))
    counts = np.ma.masked_equal(np.array(histogram["counts"]).T, 0)
    ax.pcolormesh(x, y, counts, cmap="Greys", norm=LogNorm(0.3, 30 * counts.max()), rasterized=True, zorder=1)


def caption_geometry(records: Records) -> str:
    """What is drawn, of which update, and what each rule keeps."""
    record = records[GEOMETRY]
    share, cost = float(record["parameters"]["share"]), record["parameters"]["cost"]
    drawn = "unit" not in record["parameters"]
    costs = f"costs drawn from {cost} independently of the update" if drawn else f"costs {cost}"
    cwmp, top_k = (record["rules"][name] for name in ("cwmp", "top-k"))
    return (
        f"What CWMP and Top-K keep of {data_of(record)} at {percent(share)} of the energy of sending everything, "
        f"{costs}. CWMP keeps what lies above the ray, Top-K what lies above the "
        f"line; neither spends more than that. CWMP retains {percent(cwmp['score'])} of the squared norm in "
        f"{cwmp['count']:,} "
        f"coordinates, Top-K {percent(top_k['score'])} in {top_k['count']:,}. Grey: density of all coordinates "
        f"({record['histogram']['outside']:,} of the smallest lie outside); points: at most "
        f"{record['parameters']['points']} of each region. {origin(record)}"
    )
