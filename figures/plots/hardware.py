"""Where cost-weighting can pay: saving and ceiling against the ratio of radio to memory, real hardware as points."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from figures.captions.origin import data_of, origin, percent
from figures.catalogue import HARDWARE
from figures.records import Records
from figures.style import BLACK, BLUE, DASHES, GREEN, GREY, ORANGE, PURPLE, VERMILION, new_figure, panel_letters, styled

FLOOR = 1e-8  # savings below are drawn there
SHIFT = 0.24  # of a radio's marks in the row of a memory
LINES = (BLUE, VERMILION)  # of the budgets
RADIOS = ((BLACK, "o"), (GREEN, "^"), (PURPLE, "s"), (ORANGE, "D"))


@styled
def draw_hardware(records: Records, venue: str = "ieee") -> Figure:
    """Left: curves over the ratio, with the pairs on that of the larger budget. Right: the same pairs by memory."""
    record = records[HARDWARE]
    figure = new_figure("page", 3.3, venue)
    plane, rows = figure.subplots(1, 2, width_ratios=(1.15, 1))
    largest = max(record["parameters"]["betas"])
    panel_letters([plane, rows], ["saving and its ceiling", f"at {percent(largest)}, by memory"])
    _curves(plane, record)
    _pairs(plane, rows, record, largest)
    _legend(figure, record)
    return figure


def _at(savings: list[dict[str, float]], beta: float) -> dict[str, float]:
    return next(saving for saving in savings if saving["beta"] == beta)


def _curves(ax: Axes, record: dict[str, Any]) -> None:
    ratio = [row["ratio"] for row in record["curve"]]
    ax.plot(ratio, [row["ceiling"] for row in record["curve"]], color=GREY, linewidth=1.6, label="ceiling")
    for beta, colour in zip(record["parameters"]["betas"], LINES, strict=True):
        for key, dash in (("exact", "-"), ("predicted", DASHES[2])):
            values = np.array([_at(row["savings"], beta)[key] for row in record["curve"]])
            ax.plot(ratio, np.where(values > FLOOR, values, np.nan), color=colour, linestyle=dash, linewidth=1,
                    label=f"{key} {beta}")  # fmt: skip
    ax.set(xscale="log", yscale="log", ylim=(FLOOR / 2, 2))
    ax.set_xlabel("radio's joules over the memory's, per coordinate")
    ax.set_ylabel("energy saved at Top-K's score")


def _pairs(plane: Axes, rows: Axes, record: dict[str, Any], beta: float) -> None:
    """Points of every radio; a hollow one at the floor saves less than that."""
    memories = record["parameters"]["memories"]
    for number, (radio, (colour, marker)) in enumerate(zip(record["parameters"]["radios"], RADIOS, strict=False)):
        points = [point for point in record["points"] if point["radio"] == radio]
        exact = np.array([_at(point["savings"], beta)["exact"] for point in points])
        drawn, below = np.maximum(exact, FLOOR), exact < FLOOR
        height = np.array([memories.index(point["memory"]) for point in points]) + SHIFT * (number - 1)
        look: dict[str, Any] = {"color": colour, "marker": marker, "linestyle": "", "markersize": 3.6, "zorder": 4}
        for hollow in (False, True):
            some = below == hollow
            fill: dict[str, Any] = {"markerfacecolor": "white"} if hollow else {}
            x = np.array([point["ratio"] for point in points])
            plane.plot(x[some], drawn[some], **look, **fill, label=radio if not hollow else f"{radio}, less")
            rows.plot(drawn[some], height[some], **look, **fill, label=radio if not hollow else f"{radio}, less")
        rows.plot([point["ceiling"] for point in points], height, color=colour, marker="|", linestyle="", markersize=5,
                  markeredgewidth=1, label=f"{radio}, ceiling")  # fmt: skip
    rows.set_yticks(range(len(memories)), memories)
    rows.set(xscale="log", xlim=(FLOOR / 2, 2), ylim=(-0.6, len(memories) - 0.4))
    rows.set_xlabel("energy saved; bars: ceiling")


def _legend(figure: Figure, record: dict[str, Any]) -> None:
    entries = [Line2D([], [], color=GREY, linewidth=1.6, label="ceiling, any selector")]
    for beta, colour in zip(record["parameters"]["betas"], LINES, strict=True):
        entries.append(Line2D([], [], color=colour, label=f"CWMP at {percent(beta)}"))
    entries.append(Line2D([], [], color=BLACK, linestyle=DASHES[2], label="predicted (P11)"))
    for radio, (colour, marker) in zip(record["parameters"]["radios"], RADIOS, strict=False):
        entries.append(Line2D([], [], color=colour, marker=marker, linestyle="", markersize=3.6, label=radio))
    figure.legend(handles=entries, loc="outside upper center", ncols=4, columnspacing=1.2)


def caption_hardware(records: Records) -> str:
    """What is drawn, and which hardware leaves anything to be saved."""
    record = records[HARDWARE]
    betas = record["parameters"]["betas"]
    largest = max(betas)
    pays = [p for p in record["points"] if _at(p["savings"], largest)["exact"] >= 0.01]
    best = max(record["points"], key=lambda p: _at(p["savings"], largest)["exact"])
    return (
        f"Energy that CWMP saves at Top-K's score where {percent(record['data']['dear'])} of the coordinates of "
        f"{data_of(record)} live in a memory and the rest costs the radio alone, against the joules of the radio over "
        f"those of the memory; budgets {' and '.join(percent(b) for b in betas)} of sending everything. Grey: the "
        f"ceiling 1/(1 + ratio) of every selector on every update (D19). Marks: named memories behind named radios, "
        f"the rest in SRAM, at {percent(largest)}; hollow at the edge: below {FLOOR:g}. A curve ends where nothing is "
        f"saved, no coordinate being worth another. Of {len(record['points'])} "
        f"pairs {len(pays)} save 1 % or more; the most is {percent(_at(best['savings'], largest)['exact'])}, "
        f"{best['memory']} behind {best['radio']}. {origin(record)}"
    )
