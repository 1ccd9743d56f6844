"""The claim table, from verdict files, for a page of Markdown between two markers."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from proofs_check.checks import CHECKS
from proofs_check.formal.checks import METHOD
from theory.claims.status import Row, summarise
from theory.claims.verdict import Verdict, read_verdict, verdict_path
from theory.errors import InputError
from theory.files.outputs import Kind

BEGIN, END = "<!-- claims:begin -->", "<!-- claims:end -->"
PAGE = Kind("a page with the markers of the table", lambda path: BEGIN.encode() in path.read_bytes())


def stored_verdicts(folder: Path) -> list[Verdict]:
    """Every verdict file of ``folder`` that belongs to a check.

    Raises:
        InputError: when one is damaged or missing; those of formal proofs may be missing, for they need Coq.
    """
    paths = [(check.method, verdict_path(check.claim, check.method, folder)) for check in CHECKS]
    return [read_verdict(path) for method, path in paths if method != METHOD or path.exists()]


def markdown_table(rows: Sequence[Row]) -> str:
    """The table of the README: no times and no versions, so that it changes only when a verdict does."""
    lines = ["| | claim | kind | verdict | reach of the proof | methods |", "|---|---|---|---|---|---|"]
    for row in rows:
        methods = "; ".join(f"{kind}: {', '.join(names)}" for kind, names in row.methods.items())
        word = f"**{row.word}**" if row.refuted else row.word
        cells = row.claim.id, row.claim.title, row.claim.kind, f"{word}{note(row)}", row.reach, methods
        lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    false = [row for row in rows if row.refuted]
    lines += ["", "What is false, by the smallest counterexample found, and what is true instead:", ""]
    for row in false:
        lines.append(f"- **{row.claim.id}, {row.claim.title}.** {row.counterexample_words}. {row.claim.instead}")
    return "\n".join(lines)


def replaced_in(page: Path, table: str) -> bytes:
    """The content of ``page`` with ``table`` between its markers; every byte outside them stays as it is.

    Raises:
        InputError: no UTF-8, or not each marker once, the beginning first.
    """
    try:
        text = page.read_bytes().decode()
    except UnicodeDecodeError as error:
        raise InputError(f"{page}: not UTF-8 ({error.reason} at byte {error.start})") from None
    return replace_between(text, table).encode()


def replace_between(text: str, table: str) -> str:
    """``text`` with what lies between the markers replaced by ``table``, in the line endings of ``text``.

    Raises:
        InputError: when there is not each marker once, the beginning first.
    """
    if [text.count(BEGIN), text.count(END)] != [1, 1] or text.index(BEGIN) > text.index(END):
        raise InputError(f"the page needs the markers {BEGIN} and {END}, each once and in this order")
    head, _, rest = text.partition(BEGIN)
    _, _, tail = rest.partition(END)
    new_line = "\r\n" if "\r\n" in text else "\n"
    return head + new_line.join([BEGIN, *table.split("\n"), END]) + tail


def table_of(folder: Path) -> str:
    """The Markdown table of the verdict files in ``folder``."""
    return markdown_table(summarise(stored_verdicts(folder)))


def note(row: Row) -> str:
    """What stands behind a verdict that is not as expected, in capitals."""
    return "" if row.standing == "as expected" else f" ({row.standing.upper()})"
