"""Pictures of results: in the Axes that are given, or in a figure of the house style that a notebook shows.

Nothing here touches pyplot or its state. A picture of ours is an Axes that shows itself where a notebook's cell ends
with it, and whose ``.figure`` is saved as any figure is: ``r.plot().figure.savefig("kept.pdf")``.
"""

from __future__ import annotations

import io
import math
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from theory.errors import InputError

try:
    from matplotlib.axes import Axes

    from figures.style import GREY, METHODS, VERMILION, Method, context, new_figure
except ModuleNotFoundError as error:
    raise InputError(f"pictures need {error.name}: pip install -e '.[figures]'") from None

if TYPE_CHECKING:
    from cwmp.api.certificates import Certified
    from cwmp.api.energies import Energy
    from cwmp.api.frontiers import Frontier
    from cwmp.api.laws import Saving


class Picture(Axes):
    """Axes of a figure of their own, which a notebook shows."""

    def _repr_png_(self) -> bytes:
        return picture(self, "png")


_ABOUT: dict[str, dict[str, Any]] = {
    "pdf": {"Creator": "cwmp", "Producer": "Matplotlib", "CreationDate": None},
    "png": {"Software": "cwmp"},
}


def picture(ax: Any, kind: str) -> bytes:
    """The figure of some Axes as a file, ``pdf`` or ``png``: the same bytes for the same figure."""
    file = io.BytesIO()
    with context():
        ax.get_figure(root=True).savefig(file, format=kind, dpi=150, metadata=_ABOUT[kind])
    return file.getvalue()


@contextmanager
def drawing(ax: Any, height: float = 2.6) -> Iterator[Any]:
    """The Axes to draw in: those given, in the user's style; else new ones, in ours.

    Raises:
        InputError: what is given is no Axes.
    """
    if ax is not None:
        if not isinstance(ax, Axes):
            raise InputError(f"ax must be Matplotlib's Axes, got {type(ax).__name__}")
        yield ax
        return
    with context():
        yield new_figure("column", height).add_subplot(axes_class=Picture)


def frontier_plot(r: Frontier, ax: Any = None) -> Any:
    """Norm kept against energy."""
    with drawing(ax) as to:
        x = [100 * p.budget_share for p in r.points]
        of = lambda name: [100 * getattr(p, name) for p in r.points]  # noqa: E731
        to.plot(x, of("relaxation"), color="#c8c8c8", linewidth=4, solid_capstyle="round", label="relaxation")
        to.plot(x, of("cwmp"), **METHODS["cwmp"].line(label="CWMP"))
        to.plot(x, of("top_k"), **METHODS["top-k"].line())
        for p in (p for p in r.points if p.cwmp_optimal is False):
            to.plot([100 * p.budget_share], [100 * p.cwmp], linestyle="", marker="o", markersize=9,
                    markerfacecolor="none", markeredgecolor=VERMILION)  # fmt: skip
        if any(p.cwmp_optimal is False for p in r.points):
            to.plot([], [], linestyle="", marker="o", markersize=9, markerfacecolor="none", markeredgecolor=VERMILION,
                    label="CWMP not optimal")  # fmt: skip
        to.set(xlabel="energy (% of sending everything)", ylabel=r"kept of $\|g\|^2$ (%)")
        to.legend()
        return to


def kinds_plot(r: Certified, ax: Any = None) -> Any:
    """The share of coordinates kept of each kind of layer."""
    with drawing(ax) as to:
        names = list(r.kinds[0].kept) if r.kinds else []
        shares = {name: [100 * kind.kept[name] / kind.size if kind.size else 0.0 for kind in r.kinds] for name in names}
        _bars(to, shares, [METHODS[key] for key in ("cwmp", "top-k", "optimum")])
        to.set_xticks(range(len(r.kinds)), [kind.kind for kind in r.kinds])
        to.set(xlabel="kind of layer", ylabel="coordinates kept (%)")
        to.legend()
        return to


def energy_plot(r: Energy, ax: Any = None) -> Any:
    """Each kind's share of the coordinates and of the energy."""
    with drawing(ax) as to:
        shares = {
            "coordinates": [100 * kind.size / r.d if r.d else 0.0 for kind in r.kinds],
            "energy": [100 * kind.share for kind in r.kinds],
        }
        _bars(to, shares, [METHODS["random-k"], METHODS["curvature"]])
        to.set_xticks(range(len(r.kinds)), [kind.kind for kind in r.kinds])
        to.set(xlabel="kind of layer", ylabel="share of everything (%)")
        to.legend()
        return to


def _bars(to: Any, shares: dict[str, list[float]], looks: list[Method]) -> None:
    """Bars side by side, a group for each place."""
    width = 0.8 / max(len(shares), 1)
    for k, ((name, heights), look) in enumerate(zip(shares.items(), looks, strict=True)):
        places = [i + (k - (len(shares) - 1) / 2) * width for i in range(len(heights))]
        to.bar(places, heights, width, label=name, facecolor=look.colour, hatch=look.hatch, edgecolor="white")


SHARES = (0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 0.7)


def saving_plot(r: Saving, ax: Any = None) -> Any:
    """Energy saved at Top-K's score over budgets: exact, and as the saving law says; the budget asked for is marked."""
    found = [(share, r.law.saving(share)) for share in SHARES if share < r.law.support_share]
    with drawing(ax) as to:
        x = [100 * share for share, _ in found]
        exact = [one.at_equal_score for _, one in found]
        errors = [100 * e.error if math.isfinite(e.error) else 0.0 for e in exact]
        look = METHODS["cwmp"].line(label="exact")
        to.errorbar(x, [100 * e.value for e in exact], yerr=errors, capsize=2, elinewidth=0.8, **look)
        predicted = [100 * one.profile.saving for _, one in found]
        to.plot(x, predicted, color=VERMILION, linestyle="--", label="saving law (P6)")
        to.axvline(100 * r.budget_share, color=GREY, linestyle=":", linewidth=0.8)
        top = max([100 * e.value for e in exact], default=0.0)
        to.set(xscale="log", xlabel="budget (% of sending everything)", ylabel="energy saved at Top-K's score (%)")
        to.set_ylim(min(0.0, to.get_ylim()[0]), max(1.0, min(100.0, 1.6 * top)))
        to.xaxis.set_major_formatter("{x:g}")
        to.legend()
        return to
