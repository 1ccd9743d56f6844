"""Contraction under the same joules: worst cases of CWMP and Top-K, and error feedback under both (D13, D14, D18)."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from figures.captions.origin import origin
from figures.catalogue import CONTRACTION
from figures.records import Records
from figures.style import GREY, METHODS, new_figure, panel_letters, styled

GRID = np.linspace(0, 6, 241)  # energies, in updates that send everything


@styled
def draw_contraction(records: Records, venue: str = "ieee") -> Figure:
    """Left: the least share retained of any update. Middle and right: loss against energy on two problems."""
    record = records[CONTRACTION]
    figure = new_figure("page", 2.6, venue)
    worst, apart, tailed = figure.subplots(1, 3)
    _worst(record, worst)
    _descent(record["descent"]["separation"]["paths"], apart)
    _descent(record["descent"]["heavy-tailed"]["paths"], tailed)
    apart.set_ylabel(r"$f(x_t)/f(x_0)$")
    titles = ["least share of any update", "descent, a few dear items", "descent, heavy tails"]
    panel_letters([worst, apart, tailed], titles)
    return figure


def _worst(record: dict[str, Any], ax: Axes) -> None:
    """Worst case of each rule against the budget as lines, the guarantees as thin lines below."""
    total = sum(record["parameters"]["costs"])
    beta = np.array([row["budget"] / total for row in record["worst"]])
    for rule in ("cwmp", "top-k"):
        look = METHODS[rule]
        share, promised = (
            np.array([float(Fraction(row[rule][key])) for row in record["worst"]]) for key in ("worst", "guaranteed")
        )
        ax.step(beta, share, where="post", color=look.colour, linestyle=look.dash, label=rule)
        ax.plot(beta, promised, color=look.colour, linewidth=0.6, linestyle=":", label=f"{rule} guaranteed",
                drawstyle="steps-post" if rule == "top-k" else "default")  # fmt: skip
    dearest = max(record["parameters"]["costs"]) / total
    ax.axvline(dearest, color=GREY, linewidth=0.6, linestyle=":")
    ax.text(dearest - 0.02, 0.97, r"$c_{\max}$", color=GREY, fontsize=7.5, ha="right", va="top")
    ax.text(0.25, 0.5, "CWMP", color=METHODS["cwmp"].colour, fontsize=7.5)
    ax.text(0.62, 0.10, "Top-K", color=METHODS["top-k"].colour, fontsize=7.5, ha="left")
    ax.set(xlabel=r"budget $B/C$", ylabel=r"least share of $\|g\|^2$ retained, $\delta$", xlim=(0, 1), ylim=(0, 1))
    ax.xaxis.set_major_formatter(PercentFormatter(1, symbol=r" %"))


def _descent(paths: list[dict[str, Any]], ax: Axes) -> None:
    """Loss against energy: the median over the paths, and their quartiles where there are several."""
    for rule in ("top-k", "cwmp"):
        look, curves = METHODS[rule], on_grid(paths, rule)
        low, middle, high = np.quantile(curves, (0.25, 0.5, 0.75), axis=0)
        ax.plot(GRID, middle, color=look.colour, linestyle=look.dash, label=look.label)
        if len(paths) > 1:
            ax.fill_between(GRID, low, high, facecolor=look.colour, alpha=0.2, linewidth=0)
    ax.set(yscale="log", xlabel="energy (updates in full)", xlim=(0, GRID[-1]))
    ax.legend(loc="lower left")


def on_grid(paths: list[dict[str, Any]], rule: str) -> np.ndarray:
    """Losses at the energies of :data:`GRID`, shape (paths, points): that of the last round paid for."""
    rows = []
    for path in paths:
        at = np.searchsorted(path[rule]["energy"], GRID, side="right") - 1
        rows.append(np.array(path[rule]["loss"])[at])
    return np.array(rows)


def caption_contraction(records: Records) -> str:
    """What is drawn, on which problems, and what energy feedback took to reach the levels."""
    record = records[CONTRACTION]
    parameters, descent = record["parameters"], record["descent"]
    costs = parameters["costs"]
    words = [f"{costs.count(c)} at {c} J" for c in sorted(set(costs))]
    reached = "; ".join(_reached(name, descent[name]["paths"], parameters["levels"]) for name in descent)
    return (
        f"(a) The least share of the squared norm that each rule retains of any update, by enumeration of all "
        f"{2 ** len(costs):,} sets ({' and '.join(words)}), and what D13 and D14 guarantee (dotted; for Top-K it is "
        f"attained everywhere). Gradient descent with error feedback, step {parameters['step']:g}, loss against "
        f"energy: "
        f"(b) {descent['separation']['words']}, dear ones first, Top-K's worst order; (c) "
        f"{descent['heavy-tailed']['words']}"
        f", median and quartiles of {parameters['runs']} draws. Energy to reach a loss, CWMP against Top-K: {reached}. "
        f"{origin(record)}"
    )


def _reached(name: str, paths: list[dict[str, Any]], levels: list[float]) -> str:
    """``heavy-tailed: 50 % 0.31/0.38, ...``; medians, a run that does not get there counting as infinite."""
    parts = []
    for k, level in enumerate(levels):
        middle = [
            float(
                np.median([np.inf if path[rule]["reached"][k] is None else path[rule]["reached"][k] for path in paths])
            )
            for rule in ("cwmp", "top-k")
        ]
        parts.append(f"{100 * level:g} % of the start {middle[0]:.2f} against {middle[1]:.2f}")
    return f"{name}, {', '.join(parts)}"
