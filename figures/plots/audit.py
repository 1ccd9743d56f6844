"""Figure ``audit``: every bound under every law, and how far it is from what was observed.

A cell's number is the bound over the figure observed at the rate that the bound concedes, or its inverse for lower
bounds: 1 is as tight as can be. It is drawn from ``results/laws/audit.json``, reports as ``cwmp audit`` writes them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import matplotlib
from matplotlib.axes import Axes
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from figures import style
from figures.captions.origin import update_words
from figures.captions.sources import sources_in_words
from figures.catalogue import AUDIT
from figures.records import Records
from theory.claims.table import CLAIMS
from theory.claims.verdict import seeds_in_words

_LOWER = ("P8", "P13 below")  # whose bound is a lower one
_METHOD = {"hoeffding": "Hoeffding", "bernstein": "Bernstein", "chebyshev": "Chebyshev", "exact": ""}
_COLOURS, _LOOSEST = "Blues_r", 100.0  # looser is as light
_LIGHT = 0.42  # of the colour scale: lighter cells have black figures
_ROW, _STACKED = 0.19, 0.16  # inches
_ABREAST = 9  # columns of a panel, up to which panels stand side by side
_KEY = (
    "number: bound over seen    –: does not apply    ✓: holds, nothing seen to compare with    ×: violated    ?: open"
)

Cell = dict[str, Any]


@style.styled
def draw_audit(records: Records, venue: str = "ieee") -> Figure:
    """A panel per budget: rows are laws, columns bounds; dark is tight, a dash where the bound does not apply."""
    reports = records[AUDIT]["reports"]
    budgets = [at["beta"] for at in reports[0]["budgets"]]
    abreast = len(reports[0]["budgets"][0]["cells"]) <= _ABREAST
    down = 1 if abreast else len(budgets)
    figure = style.new_figure("page", 0.25 + down * (0.95 + (_ROW if abreast else _STACKED) * len(reports)), venue)
    axes: Sequence[Axes] = list(figure.subplots(down, len(budgets) // down, squeeze=False, sharey=True).flat)
    norm = LogNorm(1, _LOOSEST, clip=True)
    style.panel_letters(list(axes), [f"budget {100 * beta:g} %" for beta in budgets])
    for k, ax in enumerate(axes):
        _panel(ax, [_ordered(report["budgets"][k]["cells"]) for report in reports], norm)
    for ax in axes if down > 1 else axes[:1]:
        ax.set_yticks(range(len(reports)), [f"{update_words(r['magnitude'])}, {r['cost']}" for r in reports])
    figure.supxlabel(_KEY, fontsize=7.5)
    colours = matplotlib.cm.ScalarMappable(norm, _COLOURS)
    bar = figure.colorbar(colours, ax=axes, aspect=40, pad=0.01, extend="max", format="{x:g}")
    bar.set_label("bound over observed (1: tight)")
    bar.outline.set_linewidth(0.4)  # type: ignore[operator]
    return figure


def caption_audit(records: Records) -> str:
    """Which bounds, how many instances, and what was found."""
    reports = records[AUDIT]["reports"]
    cells = [cell for report in reports for at in report["budgets"] for cell in at["cells"]]
    trials = [at["trials"] for report in reports for at in report["budgets"]]
    applying = [cell for cell in cells if cell["answer"] != "does not apply"]
    violated = sum(cell["answer"] == "violated" for cell in applying)
    open_ = sum(cell["answer"] == "open" for cell in applying)
    first = reports[0]
    claims = "; ".join(f"{id_}, {CLAIMS[id_].title}" for id_ in dict.fromkeys(c["claim"] for c in _ordered(cells)))
    return (
        f"Bounds (columns: {claims}) under laws of magnitudes and costs (rows), {first['d']:,} coordinates an "
        f"instance, {min(trials):,} to {max(trials):,} instances at each budget (a share of the energy of sending "
        f"everything), {seeds_in_words(report['seed'] for report in reports)}. Number: bound over what was observed at "
        "the rate that the bound concedes, or its inverse for lower bounds (P8, P13 below); a tick where nothing was "
        "observed to compare with, a dash where the bound does not apply. "
        f"Of {len(cells)} cells {len(applying)} apply, {violated} are violated and {open_} undecided; the answers for "
        f"one law are right together with probability {1 - first['alpha']:g}. "
        f"{sources_in_words(report['provenance'] for report in reports)}."
    )


def slack(cell: Cell) -> float | None:
    """How many times the bound is off, 1 when tight; None where there is nothing to compare."""
    tightness: float | None = cell.get("tightness")
    if not tightness:
        return None
    side = f"{cell['claim']} {cell['method'].rpartition(' ')[2]}"
    return 1 / tightness if cell["claim"] in _LOWER or side in _LOWER else tightness


def cell_text(cell: Cell) -> str:
    """What stands in a cell."""
    if cell["answer"] == "does not apply":
        return "–"
    if cell["answer"] in ("violated", "open"):
        return {"violated": "×", "open": "?"}[cell["answer"]]
    off = slack(cell)
    if off is None:
        return "✓"
    thousands = off / 1000
    if thousands >= 1:
        return f"{thousands:.0f}k" if thousands >= 10 else f"{thousands:.1f}k"
    return f"{off:.0f}" if off >= 10 else f"{off:.1f}"


def _ordered(cells: Sequence[Cell]) -> list[Cell]:
    """In the order of the claim table, methods of a claim side by side."""
    table, methods = list(CLAIMS), list(_METHOD)
    place = lambda cell: (table.index(cell["claim"]), methods.index(cell["method"].partition(" ")[0]), cell["method"])  # noqa: E731
    return sorted(cells, key=place)


def _named(method: str) -> str:
    """``hoeffding below`` as ``Hoeffding, below``."""
    first, _, side = method.partition(" ")
    return f"{_METHOD[first]}{', ' + side if side else ''}"


def _panel(ax: Axes, rows: Sequence[Sequence[Cell]], norm: LogNorm) -> None:
    names = [f"{cell['claim']} {_named(cell['method'])}".strip() for cell in rows[0]]
    colours = matplotlib.colormaps[_COLOURS]
    for y, cells in enumerate(rows):
        for x, cell in enumerate(cells):
            off = slack(cell)
            shade = None if off is None else float(norm(off))
            face = "white" if shade is None else colours(shade)
            wrong = cell["answer"] == "violated"
            edge = style.VERMILION if wrong else "#e4e4e4"
            ax.add_patch(
                Rectangle((x - 0.5, y - 0.5), 1, 1, facecolor=face, edgecolor=edge, linewidth=1.5 if wrong else 0.4)
            )
            ink = "white" if shade is not None and shade < _LIGHT else style.GREY if shade is None else "black"
            ax.text(x, y, cell_text(cell), ha="center", va="center_baseline", fontsize=7.5, color=ink)
    ax.set(xlim=(-0.5, len(names) - 0.5), ylim=(len(rows) - 0.5, -0.5))
    ax.set_xticks(range(len(names)), names, rotation=90)
    ax.tick_params(length=0, top=False, labeltop=True, labelbottom=False, labelsize=7.5, pad=1)
    ax.grid(visible=False)
    for spine in ax.spines.values():
        spine.set_visible(False)
