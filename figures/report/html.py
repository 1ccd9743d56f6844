"""Small pieces of HTML: every text is escaped here or comes from :mod:`figures.report.notation`."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from html import escape

from figures.report.notation import to_html
from theory.claims import CLAIMS

_SIGNS = {
    "proved": ("yes", "✓"), "certified": ("yes", "✓"), "holds": ("yes", "✓"), "yes": ("yes", "✓"),
    "refuted": ("no", "✗"), "reverses": ("no", "✗"), "no": ("no", "✗"), "violated": ("no", "✗"),
    "survived": ("open", "○"), "not violated": ("open", "○"),
}  # fmt: skip


def anchor(claim: str) -> str | None:
    """Where a claim of the table, or a page of several (``D12``), is to be found."""
    return f"#{claim}" if claim in CLAIMS or any(known.rstrip("abc") == claim for known in CLAIMS) else None


def words(text: str) -> str:
    """Plain text with its notation set and the claims it names linked."""
    return to_html(text, anchor)


def link(claim: str) -> str:
    """A link to a claim's page."""
    return f'<a href="#{escape(claim)}">{escape(claim)}</a>'


def chip(word: str) -> str:
    """A verdict: its word, with a sign and a colour."""
    kind, sign = _SIGNS.get(word, ("open", "?"))
    return f'<span class="chip {kind}"><span aria-hidden="true">{sign}</span> {escape(word)}</span>'


def code(text: str) -> str:
    """A command, or a name."""
    return f"<code>{escape(text)}</code>"


def missing(what: str, commands: Iterable[str]) -> str:
    """What is not there, and what makes it."""
    made = " or ".join(map(code, commands))
    return f'<p class="missing">{escape(what)} Made by {made}.</p>'


def section(ident: str, title: str, *parts: str) -> str:
    """A part of the page, with its heading."""
    heading = f'<h2 id="{ident}-title">{escape(title)}</h2>'
    return f'<section id="{ident}" aria-labelledby="{ident}-title">\n{lines([heading, *parts])}\n</section>'


def paragraph(text: str) -> str:
    """Escaped prose."""
    return f"<p>{words(text)}</p>"


def listing(items: Iterable[str]) -> str:
    """A list of finished items."""
    return "<ul>\n" + lines(f"<li>{item}</li>" for item in items) + "\n</ul>"


def table(caption: str, head: Sequence[str], rows: Iterable[Sequence[str]], *, narrow: Sequence[int] = ()) -> str:
    """A table of finished cells that scrolls by itself where it is too wide; the first cell of a row is its heading.

    Args:
        caption: plain text. head: plain texts. narrow: the columns that a narrow screen shows; () for all.
    """
    classes = ["" if not narrow or i in narrow else ' class="wide"' for i in range(len(head))]
    top = "".join(f'<th scope="col"{c}>{words(h)}</th>' for h, c in zip(head, classes, strict=True))
    body = []
    for row in rows:
        cells = [f"<td{c}>{cell}</td>" for cell, c in zip(row, classes, strict=True)]
        cells[0] = f'<th scope="row"{classes[0]}>{row[0]}</th>'
        body.append(f"<tr>{''.join(cells)}</tr>")
    return (
        f'<div class="scroll" role="region" tabindex="0" aria-label="{escape(caption)}">\n<table>\n'
        f"<caption>{words(caption)}</caption>\n<thead><tr>{top}</tr></thead>\n<tbody>\n{lines(body)}\n</tbody>\n"
        "</table>\n</div>"
    )


def lines(parts: Iterable[str]) -> str:
    """Parts that are there, one below the other."""
    return "\n".join(part for part in parts if part)


def percent(share: float | None, digits: int = 1) -> str:
    """``0.0345`` as ``3.5 %``, with a space that does not break."""
    return "–" if share is None or not math.isfinite(share) else f"{100 * share:.{digits}f}\u00a0%".replace("-", "−")


def scientific(value: float) -> str:
    """``0.00012`` as 1.2 times a power of ten."""
    mantissa, exponent = f"{value:.1e}".split("e")
    return f"{mantissa}·10<sup>{int(exponent)}</sup>".replace("-", "−")


def signed(value: float | None, digits: int = 1) -> str:
    """``-0.25`` as ``−0.2``, ``0.25`` as ``+0.2``."""
    return "–" if value is None or not math.isfinite(value) else f"{value:+.{digits}f}".replace("-", "−")
