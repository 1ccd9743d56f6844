"""Predicted against exact saving on real updates: the power-mean law (P11) beside that for small spreads (P6)."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

from figures.captions.origin import percent
from figures.captions.sources import sources_in_words
from figures.catalogue import LAWS
from figures.records import Records
from figures.style import BLUE, GREY, ORANGE, legend_above, new_figure, panel_letters, styled
from theory.claims.verdict import seeds_in_words

PREDICTIONS: dict[str, dict[str, Any]] = {
    "saving_P6": {"marker": "s", "color": ORANGE, "markerfacecolor": "none", "label": "P6, small spread"},
    "saving_P11": {"marker": "o", "color": BLUE, "label": "P11, power means"},
}
GROUPS = {False: "independent costs", True: "costs by layer"}
FRAME = (0.006, 1.3)  # of exact savings
TOP = 300  # of predictions: P6 has no bound


@styled
def draw_prediction(records: Records, venue: str = "ieee") -> Figure:
    """One panel for costs that are drawn, one for costs by layer; the line is equality."""
    figure = new_figure("page", 2.9, venue)
    axes = list(figure.subplots(1, 2, sharey=True))
    panel_letters(axes, list(GROUPS.values()))
    for ax, by_layer in zip(axes, GROUPS, strict=True):
        rows = [row for row in records[LAWS]["updates"] if row["by_layer"] == by_layer]
        ax.plot(FRAME, FRAME, color=GREY, linewidth=0.8, zorder=1)
        for key, look in PREDICTIONS.items():
            some = _known(rows, key)
            ax.plot([row["saving"] for row in some], [row[key] for row in some], linestyle="", markersize=3.2,
                    markeredgewidth=0.6, **look)  # fmt: skip
        _axes(ax)
    axes[0].set_ylabel("predicted")
    legend_above(figure, axes[0])
    return figure


def _known(rows: list[dict[str, Any]], key: str) -> list[dict[str, Any]]:
    """Rows with a positive saving and a prediction of it."""
    return [row for row in rows if row["saving"] > 0 and math.isfinite(row[key]) and row[key] > 0]


def _axes(ax: Axes) -> None:
    ax.set(xscale="log", yscale="log", xlim=FRAME, ylim=(FRAME[0], TOP))
    ax.set_xlabel("energy saved at Top-K's score, exact")
    for axis in (ax.xaxis, ax.yaxis):
        axis.set_major_formatter(FuncFormatter(lambda x, _: f"{100 * x:g} %"))


def caption_prediction(records: Records) -> str:
    """What is drawn, and how far each law was off, in the median and at the 90th percentile; no number: infinitely."""
    record = records[LAWS]
    rows = record["updates"]
    words = []
    for by_layer, group in GROUPS.items():
        mine = [row for row in rows if row["by_layer"] == by_layer]
        words.append(f"{group}: {' and '.join(_off(mine, key) for key in PREDICTIONS)}")
    without = sum(len(rows) - len(_known(rows, key)) for key in PREDICTIONS)
    updates = len({row["update"] for row in rows})
    betas = ", ".join(percent(beta) for beta in sorted({row["beta"] for row in rows}))
    return (
        f"Predicted against exact saving on {updates} recorded updates under {len({row['cost'] for row in rows})} cost "
        f"models at budgets {betas}. |ln(predicted/exact)|, median and 90th percentile, {'; '.join(words)}. Not drawn, "
        f"and counted as infinitely far off: {without} where a law gives no number. "
        f"{seeds_in_words([record['seed']]).capitalize()}; {sources_in_words([record['provenance']])}."
    )


def _off(rows: list[dict[str, Any]], key: str) -> str:
    known = [abs(math.log(row[key] / row["saving"])) for row in _known(rows, key)]
    errors = known + [math.inf] * (len(rows) - len(known))
    name = key.removeprefix("saving_")
    return (
        f"{name} {np.median(errors):.3f} and {np.quantile(errors, 0.9, method='higher'):.2f}"
        if known
        else f"{name} none"
    )
