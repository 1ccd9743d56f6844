"""Energy saved at equal score: the saving law against exact savings, and where it may be trusted (P6)."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, NullFormatter

from figures.catalogue import LAWS, SAVING
from figures.origin import origin
from figures.records import Records
from figures.style import BLACK, BLUE, GREEN, GREY, ORANGE, VERMILION, new_figure, panel_letters, styled

TRUSTED, TOLERANCE = 0.3, 0.25  # spread of costs up to which the law is within that share of the exact saving
KINDS: dict[str, dict[str, Any]] = {
    "lognormal costs, independent": {"marker": "o", "color": BLUE},
    "lognormal costs, correlated": {"marker": "^", "color": GREEN},
    "two cost classes": {"marker": "s", "color": ORANGE},
}


@styled
def draw_saving(records: Records, venue: str = "ieee") -> Figure:
    """Left: predicted against exact, with the line of equality. Right: their ratio against the spread of costs."""
    cells, updates = _cells(records[SAVING]), _updates(records[LAWS])
    figure = new_figure("page", 2.9, venue)
    equal, ratio = figure.subplots(1, 2)
    panel_letters([equal, ratio], ["saving law against exact saving", "where the law may be trusted"])
    for kind, look in KINDS.items():
        _points(equal, ratio, [cell for cell in cells if _kind(cell) == kind], look, kind)
    for ax, x, y in ((equal, "exact", "predicted"), (ratio, "spread", "ratio")):
        inside = [row for row in updates if y == "predicted" or 0.04 < row["ratio"] < 12]
        ax.errorbar([row[x] for row in inside], [row[y] for row in inside], **_bars(inside, x), color=BLACK, marker="x",
                    linestyle="", markersize=4, elinewidth=0.5, markeredgewidth=0.8, zorder=4,
                    label="real updates")  # fmt: skip
    _equality(equal)
    _region(ratio)
    return figure


def _cells(record: dict[str, Any]) -> list[dict[str, Any]]:
    return [{**cell, "ratio": cell["predicted"] / cell["exact"]} for cell in record["cells"] if cell["exact"] > 0]


def _updates(laws: dict[str, Any]) -> list[dict[str, Any]]:
    """Real updates, under the names of the study's cells."""
    return [
        {"exact": row["saving"], "predicted": row["saving_P6"], "error": row["saving_error"], "spread": row["spread"],
         "ratio": row["saving_P6"] / row["saving"]}
        for row in laws.get("updates", ()) if row["saving"] > 0 and math.isfinite(row["saving_P6"])
    ]  # fmt: skip


def _kind(cell: dict[str, Any]) -> str:
    if cell["cost"].startswith("classes"):
        return "two cost classes"
    return f"lognormal costs, {'correlated' if cell['correlation'] else 'independent'}"


def _points(equal: Axes, ratio: Axes, cells: list[dict[str, Any]], look: dict[str, Any], kind: str) -> None:
    """Filled where the spread of costs is small enough for the law, hollow beyond."""
    for ax, x, y in ((equal, "exact", "predicted"), (ratio, "spread", "ratio")):
        for trusted in (True, False):
            some = [cell for cell in cells if (cell["spread"] <= TRUSTED) == trusted]
            fill = look["color"] if trusted else "none"
            ax.plot([cell[x] for cell in some], [cell[y] for cell in some], linestyle="", marker=look["marker"],
                    markersize=3.2, markerfacecolor=fill, markeredgecolor=look["color"], markeredgewidth=0.6,
                    label=kind if trusted else f"{kind}, beyond")  # fmt: skip


def _bars(rows: list[dict[str, Any]], x: str) -> dict[str, list[float]]:
    """95 % intervals of the measured saving; of the ratio they would hide the points."""
    return {"xerr": [row["error"] for row in rows]} if x == "exact" else {}


def _equality(ax: Axes) -> None:
    ends = np.array([4e-4, 2.0])
    ax.plot(ends, ends, color=GREY, linewidth=0.8, zorder=1, label="equal")
    ax.set(xscale="log", yscale="log", xlim=(4e-4, 1.2), ylim=(4e-4, 20))
    ax.set_xlabel("energy saved at Top-K's score, exact")
    ax.set_ylabel("predicted by the law")
    for axis in (ax.xaxis, ax.yaxis):
        axis.set_major_formatter(FuncFormatter(lambda x, _: f"{100 * x:g} %"))
    handles = dict(zip(*reversed(ax.get_legend_handles_labels()), strict=True))
    shown = [*KINDS, *(["real updates"] if "real updates" in handles else [])]
    ax.legend([handles[text] for text in shown], shown, loc="upper left")


def _region(ax: Axes) -> None:
    """The ratio's axis, with the region where the law is within the tolerance."""
    ax.axhline(1, color=GREY, linewidth=0.8, zorder=1)
    ax.axvspan(0.03, TRUSTED, ymin=0, ymax=1, color=VERMILION, alpha=0.08, linewidth=0)
    ax.axhspan(1 / (1 + TOLERANCE), 1 + TOLERANCE, color=GREY, alpha=0.15, linewidth=0)
    ax.text(0.033, 9.5, f"trusted: CV $\\leq$ {TRUSTED:g}", fontsize=7.5, va="top", color=VERMILION)
    ax.set(xscale="log", yscale="log", xlim=(0.03, 4), ylim=(0.1, 12))
    ax.set_xlabel(r"spread of costs at the threshold, $\mathrm{CV}_\tau$")
    ax.set_ylabel("predicted / exact")
    ax.set_yticks([0.1, 0.2, 0.5, 1, 2, 5, 10])
    ax.set_xticks([0.05, 0.1, 0.3, 1, 3])
    for axis in (ax.xaxis, ax.yaxis):
        axis.set_major_formatter(FuncFormatter(lambda x, _: f"{x:g}"))
        axis.set_minor_formatter(NullFormatter())


def caption_saving(records: Records) -> str:
    """What is drawn, and how far the law was off inside and outside the region."""
    record, laws = records[SAVING], records[LAWS]
    cells, updates = _cells(record), _updates(laws)
    near = [abs(cell["ratio"] - 1) for cell in cells if cell["spread"] <= TRUSTED]
    far = [cell["ratio"] for cell in cells if cell["spread"] > TRUSTED]
    real = ""
    if updates:
        names = {row["update"] for row in laws["updates"]}
        inside = [abs(row["ratio"] - 1) for row in updates if row["spread"] <= TRUSTED]
        outside = sum(not 0.04 < row["ratio"] < 12 for row in updates)
        real = (
            f" Crosses: {len(updates)} savings measured on {len(names)} real updates with 95 % intervals; for the "
            f"{len(inside)} of CV at most {TRUSTED:g} the law was off by {100 * np.median(inside):.0f} % in the median "
            f"and {100 * max(inside):.0f} % at most; {outside} lie outside panel (b)."
        )
    betas = ", ".join(f"{100 * beta:g} %" for beta in record["parameters"]["betas"])
    return (
        f"Energy that CWMP saves while it retains as much as Top-K: predicted by the saving law (P6) against the exact "
        f"value by quadrature, for {len(cells)} laws and budgets ({', '.join(record['parameters']['magnitudes'])} "
        f"magnitudes; budgets {betas}; correlated: a Gaussian copula of +-0.3). Filled: spread of costs at the threshold "
        f"at most {TRUSTED:g}, where the law was off by {100 * np.median(near):.1f} % in the median and "
        f"{100 * max(near):.0f} % at most; hollow: beyond, where predicted over exact ran from {min(far):.2g} to "
        f"{max(far):.2g}. Grey band: {100 * TOLERANCE:g} % either way.{real} {origin(record)}"
    )
