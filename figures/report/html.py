"""The pieces of the page, finished from plain texts or from finished ones (:mod:`figures.report.markup`)."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from figures.report.markup import Markup, html, joined, lines
from figures.report.notation import to_html
from theory.claims.table import CLAIMS

_SIGNS = {
    "proved, kernel-checked": ("yes", "✓"), "proved": ("yes", "✓"), "checked": ("yes", "✓"),
    "certified": ("yes", "✓"), "holds": ("yes", "✓"), "yes": ("yes", "✓"),
    "refuted": ("no", "✗"), "reverses": ("no", "✗"), "no": ("no", "✗"), "violated": ("no", "✗"),
    "survived": ("open", "○"), "not violated": ("open", "○"),
}  # fmt: skip


def anchor(claim: str) -> str | None:
    """Where a claim of the table, or a page of several (``D12``), is to be found."""
    return f"#{claim}" if claim in CLAIMS or any(known.rstrip("abc") == claim for known in CLAIMS) else None


def words(text: str) -> Markup:
    """Plain text with its notation set and the claims it names linked; finished HTML stays as it is."""
    return text if isinstance(text, Markup) else to_html(text, anchor)


def link(claim: str) -> Markup:
    """A link to a claim's page."""
    return html('<a href="#{0}">{0}</a>', claim)


def chip(word: str) -> Markup:
    """A verdict: its word, with a sign and a colour."""
    kind, sign = _SIGNS.get(word, ("open", "?"))
    return html('<span class="chip {}"><span aria-hidden="true">{}</span> {}</span>', kind, sign, word)


def code(text: str) -> Markup:
    """A command, or a name."""
    return html("<code>{}</code>", text)


def small(text: str) -> Markup:
    """A remark on a line of its own."""
    return html("<br><small>{}</small>", text)


def missing(what: str, commands: Iterable[str]) -> Markup:
    """What is not there, and what makes it."""
    return html('<p class="missing">{} Made by {}.</p>', what, joined(map(code, commands), " or "))


def section(ident: str, title: str, *parts: str) -> Markup:
    """A part of the page, with its heading."""
    heading = html('<h2 id="{}-title">{}</h2>', ident, title)
    body = lines([heading, *parts])
    return html('<section id="{0}" aria-labelledby="{0}-title">\n{1}\n</section>', ident, body)


def paragraph(text: str) -> Markup:
    """Prose."""
    return html("<p>{}</p>", words(text))


def listing(items: Iterable[str]) -> Markup:
    """A list."""
    return html("<ul>\n{}\n</ul>", lines(html("<li>{}</li>", item) for item in items))


def table(caption: str, head: Sequence[str], rows: Iterable[Sequence[str]], *, narrow: Sequence[int] = ()) -> Markup:
    """A table that scrolls by itself where it is too wide; the first cell of a row is its heading.

    Args:
        caption: plain text. head: plain texts. narrow: the columns that a narrow screen shows; () for all.
    """
    classes = [html("") if not narrow or i in narrow else html(' class="wide"') for i in range(len(head))]
    top = joined(html('<th scope="col"{}>{}</th>', c, words(h)) for h, c in zip(head, classes, strict=True))
    body = lines(html("<tr>{}</tr>", _cells(row, classes)) for row in rows)
    return html(
        '<div class="scroll" role="region" tabindex="0" aria-label="{}">\n<table>\n'
        "<caption>{}</caption>\n<thead><tr>{}</tr></thead>\n<tbody>\n{}\n</tbody>\n"
        "</table>\n</div>",
        caption, words(caption), top, body,
    )  # fmt: skip


def _cells(row: Sequence[str], classes: Sequence[Markup]) -> Markup:
    first, *rest = zip(row, classes, strict=True)
    heading = html('<th scope="row"{}>{}</th>', first[1], first[0])
    return joined([heading, *(html("<td{}>{}</td>", c, cell) for cell, c in rest)])


def percent(share: float | None, digits: int = 1) -> str:
    """``0.0345`` as ``3.5 %``, with a space that does not break."""
    return "–" if share is None or not math.isfinite(share) else f"{100 * share:.{digits}f}\u00a0%".replace("-", "−")


def scientific(value: float) -> Markup:
    """``0.00012`` as 1.2 times a power of ten."""
    mantissa, exponent = f"{value:.1e}".split("e")
    return html("{}·10<sup>{}</sup>", *(part.replace("-", "−") for part in (mantissa, str(int(exponent)))))


def signed(value: float | None, digits: int = 1) -> str:
    """``-0.25`` as ``−0.2``, ``0.25`` as ``+0.2``."""
    return "–" if value is None or not math.isfinite(value) else f"{value:+.{digits}f}".replace("-", "−")
