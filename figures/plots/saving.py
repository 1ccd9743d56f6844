"""Energy saved at equal score: the saving law against exact savings, and where it may be small (P6)."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, NullFormatter

from figures.captions.origin import origin
from figures.catalogue import LAWS, SAVING
from figures.records import Records
from figures.style import BLACK, BLUE, GREEN, GREY, ORANGE, VERMILION, new_figure, panel_letters, styled

SMALL, TOLERANCE = 0.3, 0.25  # spread of costs up to which points are filled; half-width of the band
KINDS: dict[str, dict[str, Any]] = {
    "lognormal costs, independent": {"marker": "o", "color": BLUE},
    "lognormal costs, correlated": {"marker": "^", "color": GREEN},
    "two cost classes": {"marker": "s", "color": ORANGE},
}
MEASURED = {"real updates, costs drawn": "+", "real updates, costs by layer": "x"}
FRAME = (0.1, 12)  # of the ratio


@styled
def draw_saving(records: Records, venue: str = "ieee") -> Figure:
    """Left: predicted against exact, with the line of equality. Right: their ratio against the spread of costs."""
    cells, updates = _cells(records[SAVING]), _updates(records[LAWS])
    figure = new_figure("page", 2.9, venue)
    equal, ratio = figure.subplots(1, 2)
    panel_letters([equal, ratio], ["saving law against exact saving", "its error grows with the spread of costs"])
    for kind, look in KINDS.items():
        _points(equal, ratio, [cell for cell in cells if _kind(cell) == kind], look, kind)
    for kind, marker in MEASURED.items():
        _measured(equal, ratio, [row for row in updates if row["kind"] == kind], marker, kind)
    _equality(equal)
    _region(ratio)
    return figure


def _cells(record: dict[str, Any]) -> list[dict[str, Any]]:
    return [{**cell, "ratio": cell["predicted"] / cell["exact"]} for cell in record["cells"] if cell["exact"] > 0]


def _updates(laws: dict[str, Any]) -> list[dict[str, Any]]:
    """Real updates, under the names of the study's cells."""
    return [
        {"exact": row["saving"], "predicted": row["saving_P6"], "error": row["saving_error"], "spread": row["spread"],
         "ratio": row["saving_P6"] / row["saving"],
         "kind": f"real updates, costs {'drawn' if '(' in row['cost'] else 'by layer'}"}
        for row in laws.get("updates", ()) if row["saving"] > 0 and math.isfinite(row["saving_P6"])
    ]  # fmt: skip


def _kind(cell: dict[str, Any]) -> str:
    if cell["cost"].startswith("classes"):
        return "two cost classes"
    return f"lognormal costs, {'correlated' if cell['correlation'] else 'independent'}"


def _points(equal: Axes, ratio: Axes, cells: list[dict[str, Any]], look: dict[str, Any], kind: str) -> None:
    """Filled where the spread of costs is small enough for the law, hollow beyond."""
    for ax, x, y in ((equal, "exact", "predicted"), (ratio, "spread", "ratio")):
        for small in (True, False):
            some = [cell for cell in cells if (cell["spread"] <= SMALL) == small]
            fill = look["color"] if small else "none"
            ax.plot([cell[x] for cell in some], [cell[y] for cell in some], linestyle="", marker=look["marker"],
                    markersize=3.2, markerfacecolor=fill, markeredgecolor=look["color"], markeredgewidth=0.6,
                    label=kind if small else f"{kind}, beyond")  # fmt: skip


def _measured(equal: Axes, ratio: Axes, rows: list[dict[str, Any]], marker: str, kind: str) -> None:
    """Savings measured on real updates, with 95 % intervals where they do not hide the points."""
    look: dict[str, Any] = {"color": BLACK, "marker": marker, "linestyle": "", "markersize": 4, "elinewidth": 0.5,
                            "markeredgewidth": 0.8, "zorder": 4, "label": kind}  # fmt: skip
    columns = {key: [row[key] for row in rows] for key in ("exact", "predicted", "error", "spread", "ratio")}
    equal.errorbar(columns["exact"], columns["predicted"], xerr=columns["error"], **look)
    ratio.errorbar(columns["spread"], columns["ratio"], **look)


def _equality(ax: Axes) -> None:
    ends = np.array([4e-4, 2.0])
    ax.plot(ends, ends, color=GREY, linewidth=0.8, zorder=1, label="equal")
    ax.set(xscale="log", yscale="log", xlim=(4e-4, 1.2), ylim=(4e-4, 60))
    ax.set_xlabel("energy saved at Top-K's score, exact")
    ax.set_ylabel("predicted by the law")
    for axis in (ax.xaxis, ax.yaxis):
        axis.set_major_formatter(FuncFormatter(lambda x, _: f"{100 * x:g} %"))
    handles = dict(zip(*reversed(ax.get_legend_handles_labels()), strict=True))
    shown = [name for name in (*KINDS, *MEASURED) if name in handles]
    ax.legend([handles[name] for name in shown], shown, loc="upper left")


def _region(ax: Axes) -> None:
    """The ratio's axis, with the region where the law is within the tolerance."""
    ax.axhline(1, color=GREY, linewidth=0.8, zorder=1)
    ax.axvspan(0.03, SMALL, ymin=0, ymax=1, color=VERMILION, alpha=0.08, linewidth=0)
    ax.axhspan(1 / (1 + TOLERANCE), 1 + TOLERANCE, color=GREY, alpha=0.15, linewidth=0)
    ax.text(0.033, 9.5, f"CV $\\leq$ {SMALL:g}", fontsize=7.5, va="top", color=VERMILION)
    ax.set(xscale="log", yscale="log", xlim=(0.03, 4), ylim=FRAME)
    ax.set_xlabel(r"spread of costs at the threshold, $\mathrm{CV}_\tau$")
    ax.set_ylabel("predicted / exact")
    ax.set_yticks([0.1, 0.2, 0.5, 1, 2, 5, 10])
    ax.set_xticks([0.05, 0.1, 0.3, 1, 3])
    for axis in (ax.xaxis, ax.yaxis):
        axis.set_major_formatter(FuncFormatter(lambda x, _: f"{x:g}"))
        axis.set_minor_formatter(NullFormatter())


def caption_saving(records: Records) -> str:
    """What is drawn, and how far the law was off inside and outside the region."""
    record = records[SAVING]
    cells, updates = _cells(record), _updates(records[LAWS])
    near = [abs(cell["ratio"] - 1) for cell in cells if cell["spread"] <= SMALL]
    far = [cell["ratio"] for cell in cells if cell["spread"] > SMALL]
    real = " ".join(["", *(_in_words(updates, kind) for kind in MEASURED)]) if updates else ""
    betas = ", ".join(f"{100 * beta:g} %" for beta in record["parameters"]["betas"])
    return (
        f"Energy that CWMP saves while it retains as much as Top-K: predicted by the saving law (P6) against the exact "
        f"value by quadrature, for {len(cells)} laws and budgets ({', '.join(record['parameters']['magnitudes'])} "
        f"magnitudes; budgets {betas}; correlated: a Gaussian copula of +-0.3). Filled: spread of costs at the "
        f"threshold "
        f"at most {SMALL:g}, where the law was off by {100 * np.median(near):.1f} % in the median and "
        f"{100 * max(near):.0f} % at most; hollow: beyond, where predicted over exact ran from {min(far):.2g} to "
        f"{max(far):.2g}. Grey band: {100 * TOLERANCE:g} % either way.{real} {origin(record)}"
    )


def _in_words(updates: list[dict[str, Any]], kind: str) -> str:
    """How far the law was off on the real updates of one kind, at small spreads and at all."""
    rows = [row for row in updates if row["kind"] == kind]
    near, ratios = [row["ratio"] for row in rows if row["spread"] <= 1.1 * SMALL], [row["ratio"] for row in rows]
    outside = sum(not FRAME[0] < ratio < FRAME[1] for ratio in ratios)
    small = f", {min(near):.2g} to {max(near):.2g} at CV up to {1.1 * SMALL:.2g}" if near else ""
    beyond = f", {outside} of them outside panel (b)" if outside else ""
    ends = f"{min(ratios):.2g} to {max(ratios):.3g}"
    return f"{kind.capitalize()}: {len(rows)}, predicted over measured {ends}{small}{beyond}."
