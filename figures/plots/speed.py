"""Figure ``speed``: time and memory of selecting and of certifying, against the number of coordinates, with peers."""

from __future__ import annotations

import math
from collections import defaultdict
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from figures import style
from figures.captions.sources import sources_in_words
from figures.catalogue import CERTIFY, SELECTION
from figures.labels import End, label_ends
from figures.records import Records

_DTYPE, _PLACE = "float32", "cpu, 1 threads"
_SELECTING = {  # contestant of benchmarks/selection.py -> label, colour, marker, dash
    "sort (reference)": ("full sort", style.PURPLE, "v", style.DASHES[4]),
    "torch.topk": ("torch.topk", style.VERMILION, "^", style.DASHES[6]),
    "np.partition": ("np.partition", style.BLACK, "s", style.DASHES[1]),
    "cwmp": ("CWMP", style.BLUE, "o", "-"),
    "one read of (g, c)": ("one read", style.GREY, "X", style.DASHES[2]),
}
_KINDS = {
    "two-class": ("two classes", style.ORANGE, "s"),
    "ten-class": ("ten classes", style.GREEN, "^"),
    "lognormal": ("lognormal", style.BLUE, "o"),
}

Curves = dict[str, list[tuple[float, float]]]  # (d, value), d ascending


@style.styled
def draw_speed(records: Records, venue: str = "ieee") -> Figure:
    """Four panels: (a) time and (b) extra memory of selecting, (c) time and (d) memory of certifying, against d."""
    figure = style.new_figure("page", 4.0, venue)
    (a, b), (c, d) = figure.subplots(2, 2)
    seconds, memory = (selecting(records[SELECTION], key) for key in ("wall_s", "bytes_per_coordinate"))
    del memory["one read of (g, c)"]  # it needs none
    _selecting(a, {name: [(d, 1e9 * s / d) for d, s in curve] for name, curve in seconds.items()})
    _selecting(b, memory)
    _certifying(c, records[CERTIFY])
    _peaks(d, certifying(records[CERTIFY], "peak_gb"))
    a.set_ylabel("ns per coordinate")
    b.set_ylabel("extra bytes per coordinate")
    c.set_ylabel("seconds")
    d.set_ylabel("peak bytes per coordinate")
    figure.get_layout_engine().set(wspace=0.06)  # type: ignore[union-attr, call-arg]
    titles = ["selecting: time", "selecting: memory", "certifying the optimum: time", "certifying: memory"]
    style.panel_letters([a, b, c, d], titles)
    for ax in (a, b, c, d):
        ax.set_xlabel("coordinates $d$")
    return figure


def caption_speed(records: Records) -> str:
    """What was timed and where."""
    selection, certify = records[SELECTION], records[CERTIFY]
    shown = [entry for key, entry in selection.items() if key.endswith(f"{_DTYPE} {_PLACE}")]
    rounds = " or ".join(map(str, sorted({entry["rounds"] for entry in shown})))
    limit = " OR-Tools did not finish the next size where its line ends in a cross." if unfinished(certify) else ""
    made = [entry["provenance"] for entry in shown]
    proofs = [row["provenance"] for row in certify["at_scale"].values()] + [certify["side_by_side"]["provenance"]]
    exact = sum(row["verdict"] == "exact" for row in certify["at_scale"].values())
    return (
        f"Selecting 10 % of the energy of a Gaussian update ({_DTYPE}, a lognormal cost for each coordinate, one "
        f"thread; medians of {rounds} rounds, the sort of the largest update once), and certifying the exact optimum "
        f"of such problems by kind of costs ({exact} of {len(certify['at_scale'])} optima at 10^6 and more exact; "
        "processor seconds there, the check included). "
        "np.partition and torch.topk rank magnitudes alone and are told how many to take; one read: of g and c, the "
        "least that any selector does. Markers of (d) are moved apart sideways."
        f"{limit} Selection: {sources_in_words(made)}. Certification: {sources_in_words(proofs)}."
    )


def selecting(selection: dict[str, Any], key: str) -> Curves:
    """``key`` of each contestant against d, at the drawn width and place."""
    curves: Curves = defaultdict(list)
    for name, entry in selection.items():
        size, _, rest = name.partition(" ")
        if rest == f"{_DTYPE} {_PLACE}":
            for row in entry["rows"]:
                curves[row["contestant"]].append((float(size), row[key]))
    return {name: sorted(curves[name]) for name in _SELECTING if name in curves}


def certifying(certify: dict[str, Any], key: str) -> Curves:
    """``key`` of the runs at scale, and of the small ones where they have it, by kind of costs.

    At scale one thread's seconds are those of the processor, where they were noted: a busy machine adds none to them.
    """
    rows = [*certify["side_by_side"]["rows"], *certify["at_scale"].values()]
    noted = lambda row: "cpu_s" if key == "certify_s" and "cpu_s" in row else key  # noqa: E731
    return {
        kind: sorted((row["d"], row[noted(row)]) for row in rows if row["kind"] == kind and key in row)
        for kind in _KINDS
    }


def unfinished(certify: dict[str, Any]) -> list[tuple[str, int]]:
    """(kind, d) where the exact solver ran out of time."""
    return [(row["kind"], row["d"]) for row in certify["side_by_side"]["rows"] if "ortools_s" not in row]


def _selecting(ax: Axes, curves: Curves) -> None:
    ends = []
    for name, curve in curves.items():
        label, colour, marker, dash = _SELECTING[name]
        x, y = zip(*curve, strict=True)
        ax.loglog(x, y, color=colour, marker=marker, linestyle=dash, label=label, markersize=3.5)
        ends.append(End(x[-1], y[-1], label, colour))
    low, high = ax.get_ylim()
    ax.set_ylim(10 ** math.floor(math.log10(low)), 10 ** math.ceil(math.log10(high)))
    ax.yaxis.set_major_formatter("{x:g}")
    label_ends(ax, ends)


def _certifying(ax: Axes, certify: dict[str, Any]) -> None:
    ax.set(xscale="log", yscale="log")
    ours, theirs = certifying(certify, "certify_s"), certifying(certify, "ortools_s")
    for kind, (label, colour, marker) in _KINDS.items():
        look: dict[str, Any] = {"color": colour, "marker": marker, "markersize": 3.5}
        ax.plot(*_columns(ours[kind]), **look, label=label)
        ax.plot(*_columns(theirs[kind]), **look, markerfacecolor="white", linestyle=style.DASHES[1])
    for kind, _ in unfinished(certify):
        ax.plot(*theirs[kind][-1], marker="x", markersize=8, color=_KINDS[kind][1], linestyle="none")
    ax.set_ylim(top=3 * ax.get_ylim()[1])
    ax.yaxis.set_major_formatter("{x:g}")
    ax.legend(loc="lower right", title="costs", title_fontsize=7.5, alignment="left")
    for curves, text, gap, ha in ((theirs, "OR-Tools", (0, 6), "center"), (ours, "certify", (6, 0), "left")):
        last = max(point for curve in curves.values() for point in curve)
        ax.annotate(
            text,
            last,
            gap,
            textcoords="offset points",
            fontsize=7.5,
            ha=ha,
            va="center_baseline",
            annotation_clip=False,
        )


def _peaks(ax: Axes, peaks: Curves) -> None:
    """In bytes per coordinate; markers moved apart sideways, for the curves lie on one another."""
    for aside, (kind, (label, colour, marker)) in zip((0.8, 1.0, 1.25), _KINDS.items(), strict=True):
        x, y = _columns([(aside * d, 1e9 * gb / d) for d, gb in peaks[kind]])
        ax.plot(x, y, color=colour, marker=marker, markersize=4, label=label)
    ax.set(xscale="log", ylim=(0, 1.1 * ax.get_ylim()[1]))
    ax.legend(loc="upper right", title="costs", title_fontsize=7.5, alignment="left")


def _columns(curve: list[tuple[float, float]]) -> tuple[list[float], list[float]]:
    return [x for x, _ in curve], [y for _, y in curve]
