"""A page as blocks: lines, tables and texts as they are; one page gives the text for a terminal and the HTML.

A table's numbers are texts already: the page says how they read, this module only where they stand.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from figures.report.markup import html, joined, lines


@dataclass(frozen=True)
class Line:
    """A line, or a paragraph."""

    text: str


@dataclass(frozen=True)
class Table:
    """A table.

    Attributes:
        head: of the columns; the first column holds the names of the rows. rows: texts. left: columns that are words.
    """

    head: Sequence[str]
    rows: Sequence[Sequence[str]]
    left: Sequence[int] = (0,)


@dataclass(frozen=True)
class Verbatim:
    """A text that is laid out already."""

    text: str


Block = Line | Table | Verbatim
_GAP = "  "


def as_text(blocks: Sequence[Block]) -> str:
    """The page for a terminal: blocks one below the other, an empty line around tables."""
    parts: list[str] = []
    before: Block | None = None
    for block in blocks:
        if before is not None and not (isinstance(before, Line) and isinstance(block, Line)):
            parts.append("")
        parts.append(_table_text(block) if isinstance(block, Table) else block.text)
        before = block
    return re.sub(r"\n{3,}", "\n\n", "\n".join(parts))


def _table_text(table: Table) -> str:
    cells = [tuple(table.head), *map(tuple, table.rows)]
    widths = [max(len(row[k]) for row in cells) for k in range(len(table.head))]
    place = lambda row: _GAP.join(  # noqa: E731
        text.ljust(width) if k in table.left else text.rjust(width)
        for k, (text, width) in enumerate(zip(row, widths, strict=True))
    )
    return "\n".join(place(row).rstrip() for row in cells)


def as_html(blocks: Sequence[Block]) -> str:
    """The page for a notebook, escaped."""
    return str(html('<div class="cwmp">\n{}\n</div>', lines(map(_block_html, blocks))))


def _block_html(block: Block) -> str:
    if isinstance(block, Line):
        return html("<p>{}</p>", block.text)
    if isinstance(block, Verbatim):
        return html("<pre>{}</pre>", block.text)
    align = ["left" if k in block.left else "right" for k in range(len(block.head))]
    cell = '<{0} style="text-align:{1}">{2}</{0}>'
    row = lambda tag, texts: joined(html(cell, tag, a, t) for a, t in zip(align, texts, strict=True))  # noqa: E731
    body = lines(html("<tr>{}</tr>", row("td", texts)) for texts in block.rows)
    return html(
        "<table>\n<thead><tr>{}</tr></thead>\n<tbody>\n{}\n</tbody>\n</table>", row("th", block.head), body
    )  # fmt: skip
