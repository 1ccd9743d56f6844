"""The claim table, from verdict files: for a terminal, and for a page of Markdown between two markers."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from pathlib import Path

from proofs_check.audit import Row, summarise
from proofs_check.checks import CHECKS
from theory.errors import InputError
from theory.verdict import Outcome, Verdict, read_verdict, verdict_path

BEGIN, END = "<!-- claims:begin -->", "<!-- claims:end -->"

_MARK = {Outcome.PROVED: "proved", Outcome.CERTIFIED: "certified", Outcome.SURVIVED: "survived"}


def stored_verdicts(folder: Path) -> list[Verdict]:
    """Every verdict file of ``folder`` that belongs to a check.

    Raises:
        InputError: when one is missing or damaged.
    """
    return [read_verdict(verdict_path(check.claim, check.method, folder)) for check in CHECKS]


def terminal_table(rows: Sequence[Row], width: int = 100) -> str:
    """Plain text: id, title, what came out, and by which methods; a line below for what is false and what is true."""
    lines = []
    for row in rows:
        word = _word(row)
        lines.append(f"{row.claim.id:<5}{row.claim.title:<58.58}{word:<14}{_note(row)}".rstrip())
        behind = _wrapped("; ".join(f"{kind}: {methods}" for kind, methods in _methods(row)), width - 5)
        lines += [f"     {line}" for line in behind]
        if row.refuted:
            lines += [f"     {line}" for line in _wrapped(f"e.g. {counterexample_words(row)}", width - 5)]
        if row.claim.instead:
            lines += [f"     {line}" for line in _wrapped(f"True instead: {row.claim.instead}", width - 5)]
    return "\n".join(lines)


def markdown_table(rows: Sequence[Row]) -> str:
    """The table of the README: no times and no versions, so that it changes only when a verdict does."""
    lines = ["| | claim | kind | verdict | reach of the proof | methods |", "|---|---|---|---|---|---|"]
    for row in rows:
        methods = "; ".join(f"{kind}: {names}" for kind, names in _methods(row))
        word = f"**{_word(row)}**" if row.refuted else _word(row)
        cells = row.claim.id, row.claim.title, row.claim.kind, f"{word}{_note(row)}", _reach(row), methods
        lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    false = [row for row in rows if row.refuted]
    lines += ["", "What is false, by the smallest counterexample found, and what is true instead:", ""]
    for row in false:
        lines.append(f"- **{row.claim.id}, {row.claim.title}.** {counterexample_words(row)}. {row.claim.instead}")
    return "\n".join(lines)


def replace_between(text: str, table: str) -> str:
    """``text`` with what lies between the markers replaced by ``table``.

    Raises:
        InputError: when a marker is missing.
    """
    if BEGIN not in text or END not in text:
        raise InputError(f"the page needs the markers {BEGIN} and {END}")
    head, _, rest = text.partition(BEGIN)
    _, _, tail = rest.partition(END)
    return f"{head}{BEGIN}\n{table}\n{END}{tail}"


def table_of(folder: Path) -> str:
    """The Markdown table of the verdict files in ``folder``."""
    return markdown_table(summarise(stored_verdicts(folder)))


def counterexample_words(row: Row) -> str:
    """A counterexample in one line: the instance, and the comparison that fails."""
    found = row.counterexample
    if not found:
        return "no counterexample was kept"
    if "score" not in found and "model" not in found:
        return ", ".join(f"{name} = {value}" for name, value in found.items())
    if "model" in found:
        return "model " + ", ".join(f"{name} = {value}" for name, value in sorted(found["model"].items()))  # type: ignore[attr-defined]
    instance = f"p = ({', '.join(found['score'])}), c = ({', '.join(found['cost'])}), B = {found['budget']}"  # type: ignore[arg-type]
    return f"{instance} violates {found['should']}: {found['left']} against {found['right']}"


def _word(row: Row) -> str:
    if row.refuted:
        return "refuted"
    outcomes = [verdict.outcome for verdict in row.verdicts]
    return next((word for outcome, word in _MARK.items() if outcome in outcomes), "inconclusive")


def _reach(row: Row) -> str:
    """How far the proof carries beyond finite domains: the widest thing a proving method says of itself."""
    if row.refuted:
        return "one counterexample suffices"
    proving = [
        v.reach for v in row.verdicts if v.outcome is Outcome.PROVED and v.method in ("lemmas", "smt", "symbolic")
    ]
    parts = [part.strip() for reach in proving for part in reach.split(";")]
    widest = next((part for part in parts if "every" in part), parts[0] if parts else "the stated finite domain")
    return widest.split(":")[0].split(", by")[0]


def _note(row: Row) -> str:
    return "" if row.standing == "as expected" else f" ({row.standing.upper()})"


def _methods(row: Row) -> list[tuple[str, str]]:
    """Outcomes and the methods that reached them."""
    grouped: dict[str, list[str]] = {}
    for verdict in row.verdicts:
        grouped.setdefault(verdict.outcome.value, []).append(verdict.method)
    return [(outcome, ", ".join(methods)) for outcome, methods in grouped.items()]


def _wrapped(text: str, width: int) -> list[str]:
    return textwrap.wrap(text, width)
