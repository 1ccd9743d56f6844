"""The score that CWMP loses concentrates whatever the tail: P13's interval against what was seen, law by law."""

from __future__ import annotations

from itertools import groupby
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from figures.captions.origin import percent
from figures.captions.sources import sources_in_words
from figures.catalogue import LAWS
from figures.records import Records
from figures.style import BLUE, GREY, VERMILION, legend_above, new_figure, panel_letters, styled
from theory.claims.verdict import seeds_in_words

BOUNDED, ONE_SIDED = BLUE, VERMILION  # costs bounded; second moment only


@styled
def draw_concentration(records: Records, venue: str = "ieee") -> Figure:
    """One panel a budget, one bar a law of magnitudes and costs, all over the expected loss."""
    rows = _with_bounds(records[LAWS])
    betas = sorted({row["beta"] for row in rows})
    figure = new_figure("page", 1.0 + 1.45 * len(betas), venue)
    axes = list(np.atleast_1d(figure.subplots(len(betas), 1, sharex=True)))
    panel_letters(axes, [f"budget {percent(beta)}" for beta in betas])
    for ax, beta in zip(axes, betas, strict=True):
        _bars(ax, [row for row in rows if row["beta"] == beta])
        ax.set_ylabel("lost / expected")
        ax.grid(visible=False, axis="x")
        ax.tick_params(axis="x", length=0)
    _names(axes[-1], [row["magnitude"] for row in rows if row["beta"] == betas[0]])
    legend_above(figure, axes[0])
    return figure


def _with_bounds(record: dict[str, Any]) -> list[dict[str, Any]]:
    return [row for row in record["losses"] if "why" not in row]


def _bars(ax: Axes, rows: list[dict[str, Any]]) -> None:
    """A wide bar from bound to bound, a narrow one over what was seen."""
    x, mean = np.arange(len(rows)), np.array([row["mean"] for row in rows])
    for method, colour, words in (
        ("bernstein", BOUNDED, "P13, bounded costs"), ("chebyshev", ONE_SIDED, r"P13, $\mathrm{E}\,c^2$ finite"),
    ):  # fmt: skip
        some = np.array([row["method"] == method for row in rows])
        low, high = (np.array([row[key] for row in rows])[some] / mean[some] for key in ("low", "high"))
        ax.vlines(x[some], low, high, color=colour, linewidth=3, alpha=0.45, label=words)
    seen = [np.array([row[f"seen_{end}"] for row in rows]) / mean for end in ("low", "high")]
    ax.vlines(x, *seen, color="black", linewidth=1.2, label="seen, 5 % to 95 %", zorder=3)
    ax.axhline(1, color=GREY, linewidth=0.6, zorder=1)


def _names(ax: Axes, magnitudes: list[str]) -> None:
    """Laws of magnitudes under their bars, which go through the laws of costs in one order."""
    at, start = [], 0
    for name, group in groupby(magnitudes):
        count = len(list(group))
        at.append((start + (count - 1) / 2, name.replace(" normal", "\nnormal")))
        start += count
    ax.set_xticks([place for place, _ in at], [name for _, name in at])


def caption_concentration(records: Records) -> str:
    """What is drawn, the violations, how tight the bounds are, and where there are none."""
    record = records[LAWS]
    rows = _with_bounds(record)
    broken = sum(sum(row["violations"]) for row in rows)
    trials = sum(row["trials"] for row in rows)
    deviations = np.median([max(row["deviations"]) for row in rows])
    ends = np.median([max(row["over_seen"]) for row in rows])
    costs = ", ".join(dict.fromkeys(row["cost"] for row in rows))
    none = len(record["losses"]) - len(rows)
    return (
        f"Score per coordinate that CWMP loses, over its expectation, under {len(rows)} laws and budgets of "
        f"{rows[0]['d']:,} coordinates. Wide bars: the two-sided interval of P13 at failure 5 % an end; narrow: what "
        f"{rows[0]['trials']} draws showed. Under each law of magnitudes its costs in the order {costs}. "
        f"{broken} violations in {trials:,} draws, where one in ten is allowed; "
        f"bound over seen at the worse end {ends:.2f} in the median, its "
        f"deviation from the expectation {deviations:.1f} times the one seen. No bound for {none} of them, whose costs "
        f"have no second moment. {seeds_in_words([record['seed']]).capitalize()}; "
        f"{sources_in_words([record['provenance']])}."
    )
