"""Frontiers where writing costs by page: selection by page, whole pages, and CWMP that ignores pages (D22)."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from figures.captions.origin import origin, percent
from figures.catalogue import PAGES
from figures.records import Records
from figures.style import GREY, METHODS, legend_above, log_x, new_figure, panel_letters, styled

LINES: dict[str, dict[str, Any]] = {
    "bound": {"color": GREY, "linewidth": 3.5, "alpha": 0.4, "label": "bound on every mask"},
    "by_pages": METHODS["cwmp"].line(label="by page (D22)"),
    "whole_pages": METHODS["per-layer"].line(label="whole pages"),
    "item_wise": METHODS["curvature"].line(label="item-wise CWMP, pages ignored"),
}


@styled
def draw_pages(records: Records, venue: str = "ieee") -> Figure:
    """One panel a case: retained share of the norm against the budget, every rule within it."""
    record = records[PAGES]
    figure = new_figure("page", 2.5, venue)
    axes = list(figure.subplots(1, len(record["cases"]), sharey=True))
    panel_letters(axes, list(record["cases"]))
    for ax, case in zip(axes, record["cases"], strict=True):
        rows = [row for row in record["rows"] if row["case"] == case]
        for name, look in LINES.items():
            ax.plot([100 * row["share"] for row in rows], [row[name] for row in rows], **look)
        log_x(ax)
        ax.set_xlabel("budget, % of all")
    axes[0].set(ylim=(0, 1.03))
    axes[0].set_ylabel(r"retained share of $\|g\|^2$")
    axes[0].yaxis.set_major_formatter(PercentFormatter(1, decimals=0, symbol=" %"))
    legend_above(figure, axes[0])
    return figure


def caption_pages(records: Records) -> str:
    """What is drawn, and by how much the other two rules fall short of selection by page."""
    record = records[PAGES]
    setting = record["parameters"]
    short = []
    for case in record["cases"]:
        rows = [row for row in record["rows"] if row["case"] == case and row["by_pages"]]
        whole, single = (min(row[name] / row["by_pages"] for row in rows) for name in ("whole_pages", "item_wise"))
        short.append(f"{case}: {percent(whole)} and {percent(single)}")
    below = [1 - row["by_pages"] / row["bound"] for row in record["rows"] if row["bound"]]
    return (
        f"Retained share of the squared norm where every page of {setting['page']} coordinates that is touched costs "
        f"as much as the stated number of items; {setting['pages']:,} pages, magnitudes {setting['law']}, clustered: "
        f"each page with a scale of its own, exp(N(0, 1)). Selection by page is at most {percent(max(below))} below "
        f"the bound on every mask (median {np.median(below):.1g}). At worst whole pages and item-wise CWMP keep, of "
        f"what selection by page does: {'; '.join(short)}. {origin(record)}"
    )
