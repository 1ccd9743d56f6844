"""Checks that could not fail would prove nothing: every claim comes with variants that are subtly wrong.

Each is judged by the claim's own check, with one subject swapped (a bound, a selector, a rounding, an assumption), and
has to be refuted. The variants live on the claims' pages, next to the checks that must catch them.
"""

from __future__ import annotations

from proofs_check.checks import PAGES
from proofs_check.methods.judge import Falsehood
from theory.claims.verdict import Outcome

FALSEHOODS: tuple[Falsehood, ...] = tuple(falsehood for page in PAGES for falsehood in page.FALSEHOODS)


def believed() -> list[Falsehood]:
    """The falsehoods that their own checks fail to refute: none, if the checks are worth anything."""
    return [falsehood for falsehood in FALSEHOODS if falsehood.run().outcome is not Outcome.REFUTED]
