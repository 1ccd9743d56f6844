"""The figures of one's own data: each painted from its record, in the Axes that are given or in new ones."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from cwmp.pages.plots import drawing
from figures.plots.geometry import draw_in
from figures.style import CYCLE, GREY, MARKERS, METHODS, legend_above, log_x

_GAPS = ("prefix", "best-of", "top-k")


def geometry_plot(record: Mapping[str, Any], ax: Any = None) -> Any:
    """The plane of cost and squared magnitude."""
    with drawing(ax, height=3.5) as to:
        draw_in(to, dict(record))
        figure = to.get_figure(root=True)
        if ax is None:
            figure.legend(loc="outside upper left", handlelength=1.6, borderaxespad=0)
        else:
            to.legend(fontsize="small")
        return to


def gap_plot(record: Mapping[str, Any], ax: Any = None) -> Any:
    """Distances below the best mask over budgets, on a logarithmic axis whose lower edge is 0."""
    rows = record["rows"]
    with drawing(ax) as to:
        x = [100 * row["budget"] for row in rows]
        positive = [row[name] for row in rows for name in (*_GAPS, "bound") if row[name] > 0]
        floor = 10**-6 if not positive else min(positive) / 10
        on = lambda name: [max(row[name], floor) for row in rows]  # noqa: E731
        to.plot(x, on("bound"), color=GREY, linestyle=(0, (1.2, 1.2)), label="bound D4")
        for name in _GAPS:
            to.plot(x, on(name), **METHODS[name].line(), clip_on=False)
        to.set(yscale="log", ylim=(floor, None), xlabel="budget (% of sending everything)",
               ylabel="below the optimum, relative to it")  # fmt: skip
        log_x(to)
        _legend(to, ax)
        return to


def efficiency_plot(record: Mapping[str, Any], ax: Any = None) -> Any:
    """R against the budget, with its errors."""
    rows = record["rows"]
    with drawing(ax) as to:
        x = [100 * row["budget"] for row in rows]
        to.axhline(1, color=GREY, linewidth=0.8)
        to.errorbar(x, [row["ratio"][0] for row in rows], [row["ratio"][1] for row in rows], capsize=2, elinewidth=0.8,
                    **METHODS["cwmp"].line(label="R"))  # fmt: skip
        to.set(xlabel="budget (% of sending everything)", ylabel=r"retained: CWMP / Top-K, $R$")
        log_x(to)
        return to


def contraction_plot(record: Mapping[str, Any], ax: Any = None) -> Any:
    """Guaranteed shares as lines, those of the update as markers."""
    rows = record["rows"]
    with drawing(ax) as to:
        x = [100 * row["budget"] for row in rows]
        for rule in ("cwmp", "top-k"):
            look, label = METHODS[rule], METHODS[rule].label.split(",")[0]
            to.plot(x, [100 * row["guaranteed"][rule] for row in rows],
                    **look.line(marker="", label=f"{label}, guaranteed"))  # fmt: skip
            to.plot(x, [100 * row["seen"][rule] for row in rows],
                    **look.line(linestyle="", label=f"{label}, of this update"))  # fmt: skip
        to.axvline(100 * record["dearest"], color=GREY, linewidth=0.6, linestyle=":")
        to.set(xlabel="budget (% of sending everything)", ylabel=r"retained of $\|g\|^2$ (%)", ylim=(-2, 102))
        _legend(to, ax)
        return to


def audit_plot(report: Mapping[str, Any], ax: Any = None) -> Any:
    """Bounds over what was seen: a row for each bound, a colour and marker for each budget."""
    judged = [(k, cell) for k, at in enumerate(report["budgets"]) for cell in at["cells"] if cell.get("tightness")]
    drawn = {f"{cell['claim']} {cell['method']}" for _, cell in judged}
    every = (f"{cell['claim']} {cell['method']}" for at in report["budgets"] for cell in at["cells"])
    names = [name for name in dict.fromkeys(every) if name in drawn]
    with drawing(ax, height=1.0 + 0.18 * len(names)) as to:
        to.axvline(1, color=GREY, linewidth=0.8)
        for k, cell in judged:
            sure = cell["answer"] == "holds"
            marker = MARKERS[k % len(MARKERS)] if cell["answer"] in ("holds", "not violated") else "x"
            y = len(names) - names.index(f"{cell['claim']} {cell['method']}") + 0.12 * (len(report["budgets"]) / 2 - k)
            to.plot([cell["tightness"]], [y], linestyle="", marker=marker, color=CYCLE[k % len(CYCLE)],
                    markerfacecolor=CYCLE[k % len(CYCLE)] if sure else "white")  # fmt: skip
        for k, at in enumerate(report["budgets"]):
            to.plot([], [], linestyle="", marker=MARKERS[k % len(MARKERS)], color=CYCLE[k % len(CYCLE)],
                    label=f"budget {100 * at['beta']:.3g} %")  # fmt: skip
        to.set_yticks(range(len(names), 0, -1), names)
        to.set(xlabel="bound / seen", ylim=(0.4, len(names) + 0.6))
        log_x(to)
        _legend(to, ax)
        return to


def _legend(to: Any, ax: Any) -> None:
    """Above a figure of our own, where it covers nothing; inside Axes that are the user's."""
    if ax is None:
        legend_above(to.get_figure(root=True), to, handlelength=1.8)
    else:
        to.legend()


PAINTERS: dict[str, Callable[..., Any]] = {
    "geometry": geometry_plot,
    "gap": gap_plot,
    "efficiency": efficiency_plot,
    "contraction": contraction_plot,
}
