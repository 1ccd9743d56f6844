"""Labels at the ends of lines instead of a legend, moved apart so that none covers another."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from matplotlib.axes import Axes

LINE = 1.12  # distance of two labels' baselines, in type sizes


@dataclass(frozen=True)
class End:
    """Where a line ends, in data, and what it is called there."""

    x: float
    y: float
    text: str
    colour: str


def label_ends(ax: Axes, ends: Sequence[End], size: float = 7.5, offset: float = 5.0) -> None:
    """Write each text ``offset`` points right of its line's end, as near to its height as the others allow.

    Call it last: the heights are measured on the axes as they are now.
    """
    figure = ax.get_figure(root=True)
    if not ends or figure is None:
        return
    figure.draw_without_rendering()
    points = 72 / figure.dpi
    wanted = [float(ax.transData.transform((end.x, end.y))[1]) * points for end in ends]
    for end, at, placed in zip(ends, wanted, apart(wanted, LINE * size), strict=True):
        leader = {"arrowstyle": "-", "color": end.colour, "linewidth": 0.5, "shrinkA": 0, "shrinkB": 2}
        ax.annotate(
            end.text, (end.x, end.y), (offset, placed - at), textcoords="offset points", color=end.colour,
            fontsize=size, va="center", annotation_clip=False,
            arrowprops=leader if abs(placed - at) > size / 2 else None,
        )  # fmt: skip


def apart(wanted: Sequence[float], gap: float) -> list[float]:
    """Positions in the given order of heights, at least ``gap`` apart, nearest to the wanted ones (least squares).

    Less ``k gap`` for the k-th from below, this is isotonic regression: blocks that collide take their mean.
    """
    order = sorted(range(len(wanted)), key=lambda i: wanted[i])
    blocks: list[list[float]] = []  # mean, count
    for rank, i in enumerate(order):
        blocks.append([wanted[i] - rank * gap, 1])
        while len(blocks) > 1 and blocks[-2][0] > blocks[-1][0]:
            mean, count = blocks.pop()
            before, many = blocks[-1]
            blocks[-1] = [(mean * count + before * many) / (count + many), count + many]
    level = [mean for mean, count in blocks for _ in range(int(count))]
    placed = [0.0] * len(wanted)
    for rank, i in enumerate(order):
        placed[i] = level[rank] + rank * gap
    return placed
