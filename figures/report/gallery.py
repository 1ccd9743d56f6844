"""The figures in the page: drawn from the records as SVG, each with its caption and its place."""

from __future__ import annotations

from html import escape

from figures import style
from figures.catalogue import CATALOGUE, COMMANDS, Entry
from figures.report.evidence import Evidence
from figures.report.html import lines, missing, words

PLACES = {
    "theory": ("geometry", "frontier", "gap", "contraction"),
    "laws": ("efficiency", "saving", "audit"),
    "experiment": ("pareto", "captured"),
    "speed": ("speed",),
}


def figures(evidence: Evidence, place: str) -> str:
    """The figures of one part of the page; for one that cannot be drawn, what it needs."""
    return lines(_figure(evidence, CATALOGUE[name]) for name in PLACES[place])


def _figure(evidence: Evidence, entry: Entry) -> str:
    lacking = [record for record in entry.records if not evidence.has(record)]
    if lacking:
        what = f"Figure {entry.name}: {entry.shows[0].lower()}{entry.shows[1:].rstrip('.')}, is not drawn."
        return missing(what, [COMMANDS[record] for record in lacking])
    records = {record: evidence.load(record) for record in entry.records}
    drawing = style.svg(entry.draw(records), f"figure-{entry.name}")
    group = f'<div class="paper" role="group" aria-label="{entry.name}" tabindex="0">'
    label = f'<svg role="img" aria-label="{escape(entry.shows)}" '
    return lines([
        f'<figure id="figure-{entry.name}">',
        f"{group}{drawing.strip().replace('<svg ', label, 1)}</div>",
        f"<figcaption><b>Figure {_number(entry)}.</b> {words(entry.caption(records))}</figcaption>",
        "</figure>",
    ])  # fmt: skip


def _number(entry: Entry) -> int:
    """Figures are numbered in the order of the page, those that are not drawn included."""
    return [name for names in PLACES.values() for name in names].index(entry.name) + 1
