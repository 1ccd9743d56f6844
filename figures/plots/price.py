"""One price for all clients against equal joules each, by how much the clients' norms differ (D21, P14)."""

from __future__ import annotations

from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from figures.captions.origin import origin, percent
from figures.catalogue import PRICE
from figures.records import Records
from figures.style import BLUE, DASHES, VERMILION, legend_above, new_figure, panel_letters, styled

LOOKS = ((BLUE, "o"), (VERMILION, "x"))


@styled
def draw_price(records: Records, venue: str = "ieee") -> Figure:
    """Left: score retained at equal joules. Right: joules saved at equal score. Dashed: predicted."""
    record = records[PRICE]
    figure = new_figure("page", 2.7, venue)
    kept, saved = figure.subplots(1, 2)
    panel_letters([kept, saved], ["retained, at equal joules", "saved, at equal score"])
    for law, (colour, marker) in zip(record["laws"], LOOKS, strict=False):
        rows = [row for row in record["rows"] if row["law"] == law]
        for ax, key, number in ((kept, "retained", 0), (saved, "saving", 1)):
            _line(ax, rows, key, number, {"color": colour, "marker": marker, "label": law})
    kept.set_ylabel("score of one price over equal budgets'")
    saved.set_ylabel("energy that one price saves")
    saved.yaxis.set_major_formatter(PercentFormatter(1, decimals=0, symbol=" %"))
    for ax in (kept, saved):
        ax.set_xlabel("spread of the clients' norms, sd of log")
    legend_above(figure, kept)
    return figure


def _line(ax: Axes, rows: list[dict[str, Any]], key: str, number: int, look: dict[str, Any]) -> None:
    """Exact values as marks, predicted ones as a dashed line, hollow where P14 does not cover every threshold."""
    predicted = [(row["sigma"], row["predicted"][number]) for row in rows if "predicted" in row]
    if predicted:
        ax.plot(*zip(*predicted, strict=True), color=look["color"], linestyle=DASHES[1], linewidth=1,
                label=f"{look['label']}, predicted (P14)")  # fmt: skip
    for covered in (True, False):
        some = [row for row in rows if row.get("covered", True) == covered]
        if some:
            fill = {} if covered else {"markerfacecolor": "white", "label": f"{look['label']}, not covered"}
            ax.plot([row["sigma"] for row in some], [row[key] for row in some], **{**look, **fill}, linestyle="")


def caption_price(records: Records) -> str:
    """What is drawn, how much one price gains, and how far the law is off where it applies."""
    record = records[PRICE]
    setting, rows = record["parameters"], record["rows"]
    off = [abs(row["predicted"][0] / row["retained"] - 1) for row in rows if row.get("covered")]
    widest = max(setting["sigmas"])
    words = "; ".join(
        f"{row['law']}: {row['retained']:.2f} times the score, {percent(row['saving'])} of the energy saved"
        for row in rows
        if row["sigma"] == widest
    )
    law = f" Where its thresholds are covered, P14 is within {percent(max(off))} of the retained ratio." if off else ""
    return (
        f"One price for {setting['clients']} clients of {setting['dim']:,} coordinates against equal joules each, "
        f"{percent(setting['share'])} of sending everything in all, costs "
        f"{', '.join(f'{cost:g}' for cost in setting['costs'])} equally likely: exact values of the relaxations. The "
        f"clients' updates differ in scale, by lognormal quantiles. At a spread of {widest:g}: {words}.{law} "
        f"{origin(record)}"
    )
