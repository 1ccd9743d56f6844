"""What a claim is: a statement, its assumptions, which way it compares, where it comes from. Data only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Kind = Literal["identity", "tight", "upper", "lower", "false"]

PAPER = "paper, abstract (arXiv 2603.22465); formalised here"


@dataclass(frozen=True)
class Claim:
    """One statement to be judged.

    Attributes:
        id: ``D4``; a letter marks a part of a claim (``D12b``).
        title: a few words. statement: the claim in full.
        assumptions: what it needs beyond the setting above.
        kind: which way the comparison goes. ``false`` claims stay in the table, are expected to be
            refuted, and their smallest counterexample is kept.
        source: where it comes from.
        instead: for a false claim, one sentence that says what is true.
        typeset: the statement again, its mathematics in LaTeX: ``$...$`` in a line, ``$$...$$`` displayed.
    """

    id: str
    title: str
    statement: str
    assumptions: str
    kind: Kind
    source: str
    instead: str = ""
    typeset: str = ""

    @property
    def expected_to_hold(self) -> bool:
        """False for the claims kept in the table to be refuted."""
        return self.kind != "false"
