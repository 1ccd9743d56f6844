"""The tables of ``docs/formal.md``: which theorem, on what it rests, and each claim's words beside its statement.

python -c "from proofs_check.formal.page import write; write('docs/formal.md')"
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from proofs_check.formal.kernel import REAL_NUMBERS, Proof, check_proofs
from proofs_check.formal.theorems import FOUNDATIONS, NOT_FORMAL, THEOREMS
from theory.errors import InputError
from theory.files.outputs import Kind, write_atomically

_PAGE = Kind("a page of the proofs, with its markers", lambda path: b"<!--" in path.read_bytes())

_FOLDER = "../proofs_check/formal/proofs"


def table(proofs: Iterable[Proof]) -> str:
    """One row a theorem."""
    rows = ["| claim | theorem | rests on | n | beyond the theorem |", "|---|---|---|---|---|"]
    for proof in proofs:
        name = f"[`{proof.theorem}`]({_FOLDER}/{proof.file})"
        rows.append(f"| {proof.claim} | {name} | {_rests_on(proof)} | every | {proof.beyond} |")
    return "\n".join(rows)


def outside() -> str:
    """One row a claim without a theorem."""
    rows = ["| claim | why it has no theorem |", "|---|---|"]
    return "\n".join([*rows, *(f"| {claim} | {why} |" for claim, why in NOT_FORMAL.items())])


def statements(proofs: Iterable[Proof]) -> str:
    """Words and statement of every claim, one under the other."""
    return "\n\n".join(
        f"{in_markdown(proof.words)}\n\n{_verdict(proof)}\n\n```coq\n{proof.statement}\n```" for proof in proofs
    )  # fmt: skip


def refreshed(text: str, proofs: tuple[Proof, ...]) -> str:
    """The page with its tables made anew.

    Args:
        proofs: of ``THEOREMS`` and ``FOUNDATIONS``, in that order, all of them checked.

    Raises:
        InputError: one is not kernel-checked, so the page would say what is not so; a marker is missing.
    """
    if unchecked := [proof.claim for proof in proofs if proof.outcome != "kernel-checked"]:
        raise InputError(f"not kernel-checked: {', '.join(unchecked)}")
    text = _between(text, "theorems", table(proofs))
    text = _between(text, "outside", outside())
    return _between(text, "statements", statements(proofs[: len(THEOREMS)]))


def write(path: str | Path) -> None:
    """Make the tables of a page anew.

    Raises:
        InputError: there is no Coq, or a theorem is not checked.
    """
    page = Path(path)
    text = refreshed(page.read_text(encoding="utf-8"), check_proofs((*THEOREMS, *FOUNDATIONS)))
    write_atomically(page, text, _PAGE)


def in_markdown(words: str) -> str:
    """A claim's words as a paragraph: none of its signs is Markdown."""
    return re.sub(r"([*_<>|\\[\]])", r"\\\1", words)


def _rests_on(proof: Proof) -> str:
    return "the real numbers" if set(proof.assumptions) & REAL_NUMBERS else "nothing"


def _verdict(proof: Proof) -> str:
    return f"`{proof.theorem}` proves `{'~ ' if proof.refutes else ''}claim`:"


def _between(text: str, name: str, body: str) -> str:
    begin, end = f"<!-- {name}:begin -->", f"<!-- {name}:end -->"
    if [text.count(begin), text.count(end)] != [1, 1] or text.index(begin) > text.index(end):
        raise InputError(f"the page needs the markers {begin} and {end}, each once and in this order")
    return f"{text.partition(begin)[0]}{begin}\n{body}\n{end}{text.partition(end)[2]}"
