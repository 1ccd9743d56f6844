"""The claim table for a terminal."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

from proofs_check.table import note
from theory.claims.status import Row


def terminal_table(rows: Sequence[Row], width: int = 100) -> str:
    """Plain text: id, title, what came out, and by which methods; a line below for what is false and what is true."""
    lines = []
    for row in rows:
        lines.append(f"{row.claim.id:<5}{row.claim.title:<58.58}{row.word:<14}{note(row)}".rstrip())
        behind = _wrapped("; ".join(f"{kind}: {', '.join(names)}" for kind, names in row.methods.items()), width - 5)
        lines += [f"     {line}" for line in behind]
        if row.refuted:
            lines += [f"     {line}" for line in _wrapped(f"e.g. {row.counterexample_words}", width - 5)]
        if row.claim.instead:
            lines += [f"     {line}" for line in _wrapped(f"True instead: {row.claim.instead}", width - 5)]
    return "\n".join(lines)


def _wrapped(text: str, width: int) -> list[str]:
    return textwrap.wrap(text, width)
