"""All masks of a small instance by cost and value: CWMP's prefixes are the vertices of their upper hull (D6)."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from figures.catalogue import FRONTIER
from figures.origin import origin
from figures.records import Records
from figures.style import BLUE, GREEN, GREY, METHODS, new_figure, panel_letters, styled

RULES = ("prefix", "best-of", "top-k")


@styled
def draw_frontier(records: Records, venue: str = "ieee") -> Figure:
    """Left: masks, hull and prefixes. Right: what each rule falls short of the optimum of every budget."""
    record = records[FRONTIER]
    figure = new_figure("page", 2.7, venue)
    plane, short = figure.subplots(1, 2, width_ratios=(1.15, 1))
    _plane(record, plane)
    _shortfall(record, short)
    panel_letters([plane, short], ["every mask, and the frontier CWMP traces", "short of the optimum at each budget"])
    return figure


def _plane(record: dict[str, Any], ax: Axes) -> None:
    cost, value = np.array(record["masks"]).T
    ax.scatter(cost, value, s=1.5, color="#b5b5b5", linewidth=0, rasterized=True, label="masks")
    rows = record["budgets"]
    ax.step([row["budget"] for row in rows], [row["optimum"] for row in rows], where="post", color=GREEN,
            linewidth=0.9, label="optimum")  # fmt: skip
    top = np.array(sorted({tuple(row["top-k"]) for row in rows}))
    ax.plot(*top.T, **METHODS["top-k"].line(linestyle="", markersize=3.2, label="Top-K"))
    below, above = _prefixes(record)
    ax.plot(*np.array(record["hull"]).T, color=BLUE, linewidth=1.1, zorder=4, label="hull")
    ax.plot(*np.array(above).T, **METHODS["prefix"].line(linestyle="", markersize=4.6, zorder=5))
    if below:
        ax.plot(*np.array(below).T, marker="o", markersize=3.8, linestyle="", markerfacecolor="white", color=BLUE,
                markeredgewidth=0.8, zorder=5, label="below c_max")  # fmt: skip
    _name(record, ax, [tuple(p) for p in above], below, top)
    ax.set(xlabel="energy of the mask (J)", ylabel=r"retained $\sum m_i\,g_i^2$", xlim=(-1, None), ylim=(-3, None))


def _prefixes(record: dict[str, Any]) -> tuple[list[tuple[int, int]], list[tuple[int, int]]]:
    """What the prefix reaches below the dearest item's cost but nowhere on the hull, and at all other budgets."""
    hull = {tuple(point) for point in record["hull"]}
    dearest = max(record["cost"])
    found = {(tuple(row["prefix"]), row["budget"] >= dearest) for row in record["budgets"]}
    above = sorted({point for point, fits in found if fits or point in hull})
    return sorted({point for point, _ in found} - set(above)), above


def _name(
    record: dict[str, Any], ax: Axes, above: list[tuple[int, int]], below: list[tuple[int, int]], top: np.ndarray
) -> None:
    """Direct labels, each with a thin line to what it names."""
    total, most = record["budgets"][-1]["budget"], record["budgets"][-1]["optimum"]
    style: dict[str, Any] = {"fontsize": 7.5, "arrowprops": {"arrowstyle": "-", "linewidth": 0.5, "color": GREY}}
    at = above[len(above) // 3]
    ax.annotate("CWMP prefixes = hull", at, (0.02 * total, 0.93 * most), color=BLUE, **style)
    worst = max(top.tolist(), key=lambda p: dict(_optimum(record))[p[0]] - p[1])
    ax.annotate("Top-K", worst, (worst[0] + 0.12 * total, worst[1] - 0.13 * most), **style)
    if below:
        ax.annotate(r"prefix at $B < c_{\max}$", below[0], (0.14 * total, 0.03 * most), color=BLUE, **style)
    ax.annotate("optimum", (0.86 * total, most), (0.7 * total, 0.78 * most), color=GREEN, **style)
    ax.text(0.62 * total, 0.33 * most, f"{len(record['masks']):,} different points", fontsize=7.5, color=GREY,
            bbox={"facecolor": "white", "edgecolor": "none", "pad": 1})  # fmt: skip


def _optimum(record: dict[str, Any]) -> list[tuple[int, int]]:
    return [(row["budget"], row["optimum"]) for row in record["budgets"]]


def shortfall(record: dict[str, Any], rule: str) -> np.ndarray:
    """``OPT - rule`` at every whole budget."""
    return np.array([row["optimum"] - row[rule][1] for row in record["budgets"]])


def _shortfall(record: dict[str, Any], ax: Axes) -> None:
    budgets = np.array([row["budget"] for row in record["budgets"]])
    for rule in ("top-k", "prefix", "best-of"):
        look = METHODS[rule]
        ax.step(budgets, shortfall(record, rule), where="post", color=look.colour, linestyle=look.dash, linewidth=1.1,
                label=look.label)  # fmt: skip
    dearest = max(record["cost"])
    ax.axvline(dearest, color=GREY, linewidth=0.6, linestyle=":")
    ax.text(dearest + 0.6, 0.98, r"$c_{\max}$", transform=ax.get_xaxis_transform(), va="top", fontsize=7.5, color=GREY)
    ax.legend(loc="upper right")
    ax.set(xlabel="budget $B$ (J)", ylabel="below the optimum", xlim=(0, budgets[-1]), ylim=(0, None))


def caption_frontier(records: Records) -> str:
    """What is drawn, of which instance, and how often each rule is optimal."""
    record = records[FRONTIER]
    rows, n = record["budgets"], record["parameters"]["items"]
    optimal = {rule: int((shortfall(record, rule) == 0).sum()) for rule in RULES}
    return (
        f"The {2**n:,} masks of an instance of {n} items ({record['parameters']['law']}), in exact arithmetic. CWMP's "
        f"prefixes are the {len(record['hull'])} vertices of the upper concave hull (claim D6); at budgets below the "
        f"dearest item's cost, items that cannot be paid for leave the order and the prefix need not be a vertex. Of "
        f"the {len(rows)} whole budgets the prefix is optimal at {optimal['prefix']}, best-of at {optimal['best-of']}, "
        f"Top-K at {optimal['top-k']}. {origin(record)}"
    )
