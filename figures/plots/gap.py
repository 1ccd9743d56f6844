"""Relative gap to the certified optimum against the number of coordinates: roundings, bound D4, relaxation."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from figures.captions.origin import origin
from figures.catalogue import GAP
from figures.labels import End, label_ends
from figures.records import Records
from figures.style import GREY, METHODS, new_figure, panel_letters, styled

LINES: dict[str, dict[str, Any]] = {
    "bound": {"color": GREY, "marker": "", "linestyle": (0, (1.2, 1.2)), "label": "bound D4"},
    "prefix": METHODS["prefix"].line(),
    "fill": METHODS["fill"].line(),
    "relaxation": {**METHODS["optimum"].line(markersize=6.0), "label": "relaxation"},
}
SLOPES: dict[str, tuple[Callable[[Any], Any], str, float]] = {  # of the uniform law, the optimum being of order n
    "prefix": (lambda n: 1 / n, r"$1/n$", 5.0),
    "fill": (lambda n: n**-1.5, r"$n^{-3/2}$", 4.0),
    "relaxation": (lambda n: np.log(n) ** 2 / n**2, r"$\log^2\!n/n^2$", 0.2),
}  # the last number moves a line off the data
FLOOR = 1e-11


@styled
def draw_gap(records: Records, venue: str = "ieee") -> Figure:
    """One panel per family: means as lines, quartiles as bars; slopes of the theory beside the law they are for."""
    record = records[GAP]
    figure = new_figure("page", 2.7, venue)
    families = list(record["families"])
    axes = list(figure.subplots(1, len(families), sharey=True))
    panel_letters(axes, [TITLES.get(family, family) for family in families])
    for ax, family in zip(axes, families, strict=True):
        rows = [row for row in record["rows"] if row["family"] == family]
        for name, look in LINES.items():
            _line(ax, rows, name, look)
        ax.set(xscale="log", yscale="log", ylim=(FLOOR, 1))
        ax.set_xlabel("coordinates $n$")
        ax.set_xticks([1e1, 1e2, 1e3, 1e4, 1e5, 1e6])
    _slopes(axes[0], [row for row in record["rows"] if row["family"] == families[0]])
    axes[0].set_ylabel("gap, relative to the optimum")
    last = [row for row in record["rows"] if row["family"] == families[-1]][-1]
    label_ends(axes[-1], [End(last["n"], max(last[name]["mean"], FLOOR), look["label"], look["color"])
                          for name, look in LINES.items()])  # fmt: skip
    return figure


TITLES = {
    "uniform": "uniform scores and costs",
    "lognormal": "Laplace, lognormal costs",
    "two classes": "Laplace, costs 1 and 10",
}


def _line(ax: Axes, rows: list[dict[str, Any]], name: str, look: dict[str, Any]) -> None:
    """Means over instances, and bars from the lower to the upper quartile where both are above zero."""
    n = np.array([row["n"] for row in rows], dtype=float)
    mean = np.array([row[name]["mean"] for row in rows])
    shown = mean > 0
    ax.plot(n[shown], mean[shown], **{**look, "label": name, "zorder": 3})
    if look["marker"]:
        low, high = np.array([[row[name]["quartiles"][k] for row in rows] for k in (0, 2)])
        ax.vlines(n[low > 0], low[low > 0], high[low > 0], color=look["color"], linewidth=2.4, alpha=0.35)


def _slopes(ax: Axes, rows: list[dict[str, Any]]) -> None:
    """Thin lines of the theory's orders, scaled to the means at n of about 10,000 and moved off them."""
    anchor = min(rows, key=lambda row: abs(np.log(row["n"] / 1e4)))
    n = np.geomspace(0.3 * anchor["n"], max(row["n"] for row in rows), 50)
    for name, (order, words, move) in SLOPES.items():
        scale, colour = move * anchor[name]["mean"] / order(float(anchor["n"])), LINES[name]["color"]
        ax.plot(n, scale * order(n), color=colour, linewidth=0.7, zorder=2)
        above = move > 1
        ax.text(n[35], scale * order(n[35]) * (1.3 if above else 1 / 1.6), words, color=colour, fontsize=7.5,
                ha="left" if above else "right", va="bottom" if above else "top")  # fmt: skip


def caption_gap(records: Records) -> str:
    """What is drawn, how many instances, what is certified, and what the sources say."""
    record = records[GAP]
    rows, parameters = record["rows"], record["parameters"]
    trials, certified = sum(row["trials"] for row in rows), sum(row["certified"] for row in rows)
    sizes = [(int(n), k) for n, k in parameters["sizes"].items()]
    each = f"{sizes[0][1]} at n = {sizes[0][0]:,} to {sizes[-1][1]} at n = {sizes[-1][0]:,} in each family"
    zero = [row["fill"]["zero"] for row in rows if row["family"] == "two classes"]
    return (
        f"Distance of CWMP's roundings from the certified 0/1 optimum, the bound D4, and how far the relaxation "
        f"is above "
        f"the optimum, all divided by the optimum. Means (lines) and quartiles (bars, where above 0) over "
        f"{trials:,} instances ({each}), "
        f"budget {100 * float(parameters['share']):g} % of the total cost; the optimum is certified exact in "
        f"{certified:,} of them. Families: {'; '.join(record['families'].values())}. With two classes fill is exactly "
        f"optimal in {100 * min(zero):.0f} to {100 * max(zero):.0f} % of the instances of a size. Thin lines, for the "
        f"uniform law only: 1/n, one item of n; n^(-3/2) (Calvin and Leung 2003, for greedy that skips what does not "
        f"fit); log^2 n/n^2 (Lueker 1982, an upper bound), each moved off the data. {origin(record)}"
    )
