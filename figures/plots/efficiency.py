"""How much more CWMP retains than Top-K with the same energy, R = V/V_K, against the budget, by law (P1 to P3)."""

from __future__ import annotations

from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, NullFormatter

from figures.captions.origin import origin, update_words
from figures.catalogue import EFFICIENCY, LAWS
from figures.records import Records
from figures.style import BLACK, CYCLE, DASHES, GREY, MARKERS, new_figure, panel_letters, styled

TITLES = {
    "lognormal 1": r"lognormal costs, $\sigma = 1$",
    "two classes 1:10": "two cost classes, 1 : 10",
}
UPDATES = {  # costs of the real updates that belong beside a law of costs, and the dash of each
    "lognormal 1": {"lognorm(s=1)": ("-", "")},
    "two classes 1:10": {"fc-dear": ("-", "linear layers dear"), "conv-dear": (":", "convolutions dear")},
}
SAMPLES = "a sample of the law"
HOLLOW = ("o", "s", "^", "v", "D", "P", "X", "<", ">")


@styled
def draw_efficiency(records: Records, venue: str = "ieee") -> Figure:
    """One panel per law of costs, one curve per law of magnitudes; real updates as hollow marks."""
    record, laws = records[EFFICIENCY], records[LAWS]
    figure = new_figure("page", 3.4, venue)
    costs = list(record["parameters"]["costs"])
    axes = list(figure.subplots(1, len(costs), sharey=True))
    panel_letters(axes, [TITLES.get(cost, cost) for cost in costs])
    for ax, cost in zip(axes, costs, strict=True):
        curves = [curve for curve in record["curves"] if curve["cost"] == cost]
        for k, curve in enumerate(curves):
            _curve(ax, curve, k)
        _updates(ax, laws.get("updates", []), UPDATES.get(cost, {}))
        ax.axhline(1, color=GREY, linewidth=0.7)
        ax.set(xscale="log", yscale="log", ylim=(0.96, 4.2))
        ax.set_xlabel(r"budget $\beta$, share of sending everything")
        ax.xaxis.set_major_formatter(FuncFormatter(lambda x, _: f"{100 * x:g} %"))
        ax.set_yticks([1, 1.5, 2, 3, 4])
        ax.yaxis.set_major_formatter(FuncFormatter(lambda y, _: f"{y:g}"))
        ax.yaxis.set_minor_formatter(NullFormatter())
    axes[0].set_ylabel(r"$R = $ CWMP / Top-K, retained")
    _legends(figure, axes, record["parameters"]["magnitudes"])
    return figure


def _curve(ax: Axes, curve: dict[str, Any], k: int) -> None:
    """A law's curve by quadrature, and samples of it with 95 % intervals."""
    colour, dash, marker = CYCLE[k], DASHES[k], MARKERS[k]
    beta = [point["beta"] for point in curve["points"]]
    ax.plot(beta, [point["R"][0] for point in curve["points"]], color=colour, linestyle=dash, label=curve["magnitude"])
    seen = curve["sampled"]
    ax.errorbar([p["beta"] for p in seen], [p["R"][0] for p in seen], [p["R"][1] for p in seen], color=colour,
                linestyle="", marker=marker, markersize=3.6, elinewidth=0.8, capsize=1.5, markeredgecolor="white",
                markeredgewidth=0.3)  # fmt: skip


def _updates(ax: Axes, rows: list[dict[str, Any]], wanted: dict[str, tuple[str, str]]) -> None:
    """Real updates: R at each budget with its 95 % interval, the budgets of one update joined by a thin line."""
    names = sorted({row["update"] for row in rows})
    for number, (cost, (dash, words)) in enumerate(wanted.items()):
        for name, marker in zip(names, HOLLOW, strict=False):
            label = f"{'_' * number}{update_words(name)}"
            seen = [row for row in rows if row["cost"] == cost and row["update"] == name]
            ax.errorbar([row["beta"] for row in seen], [1 + row["gain"] for row in seen],
                        [row["gain_error"] for row in seen], color=BLACK, linestyle=dash, linewidth=0.6, elinewidth=0.6,
                        marker=marker, markersize=4, markerfacecolor="white", markeredgewidth=0.8, zorder=4,
                        label=label)  # fmt: skip
        if words:
            ax.plot([], [], color=BLACK, linestyle=dash, linewidth=0.6, label=words)


def _legends(figure: Figure, axes: list[Axes], laws: dict[str, str]) -> None:
    """Laws in the first panel; real updates, and what their lines mean, below both."""
    axes[0].plot([], [], color=GREY, linestyle="", marker="o", markersize=3.6, label=SAMPLES)
    for ax, in_laws in ((axes[0], True), (axes[-1], False)):
        named = dict(zip(*reversed(ax.get_legend_handles_labels()), strict=True))
        shown = {text: handle for text, handle in named.items() if (text in laws or text == SAMPLES) == in_laws}
        if in_laws:
            ax.legend(shown.values(), shown.keys(), loc="upper right")
        elif shown:
            figure.legend(shown.values(), shown.keys(), loc="outside lower center", ncols=3, columnspacing=1.2)


def caption_efficiency(records: Records) -> str:
    """What is drawn, from which laws, samples and updates."""
    record, laws = records[EFFICIENCY], records[LAWS]
    largest = max(point["R"][1] for curve in record["curves"] for point in curve["points"])
    names = sorted({row["update"] for row in laws.get("updates", [])})
    short = "Student-t 3" in record["parameters"]["magnitudes"]
    doubt = " (they assume a finite fourth moment, which Student-t 3 has not)" if short else ""
    updates = (
        f" Crosses: {len(names)} real updates ({'; '.join(map(update_words, names))}), 95 % intervals, "
        "thin lines join those of one update."
        if names
        else ""
    )
    return (
        f"Ratio of what CWMP and Top-K retain of the squared norm with the same energy, against the budget, costs "
        f"independent of magnitudes. Curves: quadrature (stated error at most {largest:.1g}); symbols: samples of "
        f"{record['parameters']['dim']:,} coordinates with 95 % intervals{doubt}. The ratio is never below "
        f"1 (P3).{updates} {origin(record)}"
    )
