"""The figures in the page: drawn from the records as SVG, each with its caption and its place."""

from __future__ import annotations

from figures import style
from figures.catalogue import CATALOGUE, COMMANDS, Entry
from figures.report.evidence import Evidence
from figures.report.html import missing, words
from figures.report.markup import Markup, html, lines

PLACES = {
    "theory": ("geometry", "frontier", "gap", "contraction"),
    "laws": ("hardware", "efficiency", "saving", "prediction", "price", "pages", "concentration", "audit"),
    "experiment": ("pareto", "captured", "plane", "safety"),
    "speed": ("speed",),
}


def figures(evidence: Evidence, place: str) -> Markup:
    """The figures of one part of the page; for one that cannot be drawn, what it needs."""
    return lines(_figure(evidence, CATALOGUE[name]) for name in PLACES[place])


def _figure(evidence: Evidence, entry: Entry) -> Markup:
    lacking = [record for record in entry.records if not evidence.has(record)]
    if lacking:
        what = f"Figure {entry.name}: {entry.shows[0].lower()}{entry.shows[1:].rstrip('.')}, is not drawn."
        return missing(what, [COMMANDS[record] for record in lacking])
    records = {record: evidence.load(record) for record in entry.records}
    drawing = style.svg(entry.draw(records), f"figure-{entry.name}").strip()  # Matplotlib's, letters as outlines
    label = html('<svg role="img" aria-label="{}" ', entry.shows)
    return html(
        '<figure id="figure-{0}">\n<div class="paper" role="group" aria-label="{0}" tabindex="0">{1}</div>\n'
        "<figcaption><b>Figure {2}.</b> {3}</figcaption>\n</figure>",
        entry.name, Markup(drawing.replace("<svg ", label, 1)), _number(entry), words(entry.caption(records)),
    )  # fmt: skip


def _number(entry: Entry) -> int:
    """Figures are numbered in the order of the page, those that are not drawn included."""
    return [name for names in PLACES.values() for name in names].index(entry.name) + 1
