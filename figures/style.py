"""How every figure looks, and files of it that are the same bytes each time.

Widths and type are those of the papers that figures go into: IEEE's column is 3.5 in and its page 7.16 in, NeurIPS has
one column of 5.5 in. Colours are Okabe and Ito's (2008), which the colour-blind tell apart; every method also has a
marker, a dash and a hatch of its own, so that nothing is said by colour alone. Type is STIX, which Matplotlib brings
along and which sits well beside Times; PDF embeds it as TrueType (Type 42), as IEEE asks.

Nothing here touches the global settings of Matplotlib: :func:`styled` wraps a drawing function, :func:`save` a file.
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import Any, Literal, ParamSpec

import matplotlib
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator

from theory.errors import InputError
from theory.files.outputs import PDF, PNG, write_atomically

Width = Literal["column", "page"]
P = ParamSpec("P")

VENUES: dict[str, dict[Width, float]] = {
    "ieee": {"column": 3.5, "page": 7.16},
    "neurips": {"column": 5.5, "page": 5.5},
}
DPI = 300
SMALLEST = 7.0  # points, at print size
_ENTRY = 1.0  # inches that an entry of a legend takes

BLACK, GREY = "#000000", "#6e6e6e"
ORANGE, SKY, GREEN, YELLOW = "#E69F00", "#56B4E9", "#009E73", "#F0E442"
BLUE, VERMILION, PURPLE = "#0072B2", "#D55E00", "#CC79A7"
CYCLE = (BLUE, VERMILION, GREEN, PURPLE, ORANGE, SKY, BLACK)  # for things that are no methods
MARKERS = ("o", "s", "^", "D", "v", "P", "X")
DASHES: tuple[Any, ...] = ("-", (0, (5, 1.5)), (0, (1.2, 1.2)), (0, (5, 1.2, 1.2, 1.2)), (0, (3, 3)), (0, (8, 2)), "-.")

STYLE: dict[Any, Any] = {
    "font.family": "STIXGeneral",
    "mathtext.fontset": "stix",
    "font.size": 8.5,
    "axes.labelsize": 8.5,
    "axes.titlesize": 8.5,
    "axes.titlelocation": "left",
    "axes.titlepad": 4,
    "axes.linewidth": 0.6,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": "#d9d9d9",
    "grid.linewidth": 0.4,
    "xtick.labelsize": 7.5,
    "ytick.labelsize": 7.5,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "xtick.minor.width": 0.4,
    "ytick.minor.width": 0.4,
    "xtick.major.size": 2.5,
    "ytick.major.size": 2.5,
    "xtick.minor.size": 1.5,
    "ytick.minor.size": 1.5,
    "lines.linewidth": 1.2,
    "lines.markersize": 4,
    "hatch.linewidth": 0.5,
    "legend.fontsize": 7.5,
    "legend.frameon": False,
    "legend.handlelength": 2.6,
    "legend.borderaxespad": 0.2,
    "figure.constrained_layout.use": True,
    "figure.constrained_layout.w_pad": 0.02,
    "figure.constrained_layout.h_pad": 0.02,
    "figure.dpi": DPI,
    "savefig.dpi": DPI,
    "pdf.fonttype": 42,
    "svg.fonttype": "path",
    "path.simplify": False,
}


@dataclass(frozen=True)
class Method:
    """How a method is drawn everywhere.

    Attributes:
        label: as a reader meets it. colour, marker, dash: of its lines. hatch: of its areas and bars.
    """

    label: str
    colour: str
    marker: str
    dash: Any = "-"
    hatch: str = ""

    def line(self, **more: Any) -> dict[str, Any]:
        """Keywords for ``Axes.plot``; ``more`` overrides."""
        own = {"color": self.colour, "marker": self.marker, "linestyle": self.dash, "label": self.label}
        size = {"*": 7.0, "X": 5.0}.get(self.marker, 4.0)
        return {**own, "markersize": size, "markeredgecolor": "white", "markeredgewidth": 0.4, **more}


METHODS: dict[str, Method] = {
    "top-k": Method("Top-K", BLACK, "s", DASHES[1], "///"),
    "cwmp": Method(r"CWMP, $g^2\!/c$", BLUE, "o", "-", ""),
    "cwmp-l1": Method(r"CWMP, $|g|/c$", SKY, "D", DASHES[3], "..."),
    "random-k": Method("Random-K", GREY, "X", DASHES[2], "xxx"),
    "dense": Method("dense", GREEN, "*", DASHES[5], "|||"),
    "per-layer": Method("per layer", PURPLE, "v", DASHES[4], "\\\\\\"),
    "curvature": Method("curvature", VERMILION, "^", DASHES[6], "---"),
    "safe": Method("safe CWMP", ORANGE, "P", DASHES[3], "xxx"),
    "prefix": Method("prefix", BLUE, "o", "-", ""),
    "fill": Method("fill", ORANGE, "v", DASHES[3], "..."),
    "best-of": Method("best-of", PURPLE, "^", DASHES[4], "\\\\\\"),
    "optimum": Method("optimum", GREEN, "*", DASHES[5], "|||"),
}


@contextmanager
def context() -> Iterator[None]:
    """This style and nothing of the user's own settings; what was set before is set again afterwards."""
    with matplotlib.rc_context():
        matplotlib.rcdefaults()
        matplotlib.rcParams.update(STYLE)
        yield


def styled(draw: Callable[P, Figure]) -> Callable[P, Figure]:
    """Run a drawing function in this style, and lay out what it made: once, for every format alike."""

    @wraps(draw)
    def run(*args: P.args, **options: P.kwargs) -> Figure:
        with context():
            figure = draw(*args, **options)
            figure.draw_without_rendering()
            figure.set_layout_engine("none")
            return figure

    return run


def new_figure(width: Width = "column", height: float = 2.4, venue: str = "ieee") -> Figure:
    """An empty figure, without any global state.

    Args:
        width: one column or the whole page of the venue. height: inches, whatever the venue.

    Raises:
        InputError: no such venue.
    """
    if venue not in VENUES:
        raise InputError(f"no venue {venue!r}; the venues are {', '.join(VENUES)}")
    figure = Figure(figsize=(VENUES[venue][width], height))
    FigureCanvasAgg(figure)
    return figure


def rows_and_columns(panels: int) -> tuple[int, int]:
    """Of a page of panels, three abreast at most."""
    across = min(3, panels)
    return -(-panels // across), across


def panel_letters(axes: list[Axes], titles: list[str]) -> None:
    """Title each panel ``(a) ...``, ``(b) ...``, aligned left."""
    for letter, ax, title in zip("abcdefghijkl", axes, titles, strict=False):
        ax.set_title(f"({letter}) {title}")


def log_x(ax: Axes) -> None:
    """A logarithmic axis of energies, its ticks as plain numbers: 1, 2, 5 in each decade when these are few.

    Call it when everything is drawn: it looks at the ends of the axis.
    """
    ax.set_xscale("log")
    low, high = ax.get_xlim()
    ax.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5) if high < 100 * low else (1,)))
    ax.xaxis.set_major_formatter("{x:g}")
    ax.xaxis.set_minor_formatter("")


def legend_above(figure: Figure, ax: Axes, **more: Any) -> None:
    """One legend for all panels above them, in as many columns as the width has room for."""
    handles, labels = ax.get_legend_handles_labels()
    across = min(len(labels), int(figure.get_figwidth() / _ENTRY))
    for rows in range(-(-len(labels) // across), len(labels) + 1):
        even = -(-len(labels) // rows)  # rows as full as one another
        legend = figure.legend(handles, labels, loc="outside upper center", ncols=even, columnspacing=1.2, **more)
        if even == 1 or legend.get_window_extent().width <= figure.bbox.width:
            return
        legend.remove()


def in_full(figure: Figure) -> Figure:
    """The figure laid out once, after which positions of texts can be measured."""
    with context():
        figure.canvas.draw()
    return figure


def save(figure: Figure, stem: Path) -> tuple[Path, Path]:
    """Write ``stem.pdf`` and ``stem.png`` (300 dpi), each whole or not at all; the same figure gives the same bytes."""
    pdf, png = stem.with_name(f"{stem.name}.pdf"), stem.with_name(f"{stem.name}.png")
    write_atomically(pdf, _bytes(figure, "pdf", stem.name), PDF)
    write_atomically(png, _bytes(figure, "png", stem.name), PNG)
    return pdf, png


def svg(figure: Figure, name: str) -> str:
    """The figure as an ``<svg>`` element to stand in a page: letters are outlines, ids begin with ``name``."""
    text = _bytes(figure, "svg", name).decode()
    text = text[text.index("<svg") :]
    text = re.sub(r"<metadata>.*?</metadata>\s*", "", text, flags=re.DOTALL)
    text = re.sub(r"<style.*?</style>", "", text, count=1, flags=re.DOTALL)  # of the page it would style everything
    text = text.replace("<svg", '<svg style="stroke-linejoin: round; stroke-linecap: butt"', 1)
    return re.sub(r'(\bid="|xlink:href="#|\bhref="#|url\(#)', rf"\g<1>{name}-", text)


_METADATA: dict[str, dict[str, Any]] = {
    "pdf": {"Creator": "cwmp", "Producer": "Matplotlib", "CreationDate": None},
    "png": {"Software": "cwmp"},
    "svg": {"Creator": None, "Date": None, "Format": None, "Type": None},
}


def _bytes(figure: Figure, kind: str, name: str) -> bytes:
    file = io.BytesIO()
    with context():
        matplotlib.rcParams["svg.hashsalt"] = name
        try:
            figure.savefig(file, format=kind, metadata=_METADATA[kind])
        except ValueError as error:  # Matplotlib reads a dollar sign in a text as mathematics
            raise InputError(f"figure {name}: a text of its records cannot be set ({error!s:.60})") from None
    return file.getvalue()
