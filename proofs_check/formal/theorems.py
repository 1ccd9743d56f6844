"""Which theorem stands for which claim: one explicit table. A claim that has none stands in it with the reason."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Theorem:
    """A theorem of ``proofs/``, for every number of coordinates.

    Attributes:
        claim: ``D4``. module: its file, ``D04``.
        name: ``proved``, a proof of the statement; or ``refuted``, one of its negation.
        beyond: what the claim says and the theorem does not, or "". numbers: what the coordinates are.
    """

    claim: str
    module: str
    name: Literal["proved", "refuted"] = "proved"
    beyond: str = ""
    numbers: str = "the real numbers"

    @property
    def full_name(self) -> str:
        """As Coq knows it: ``D04.proved``."""
        return f"{self.module}.{self.name}"


THEOREMS = (
    Theorem("D1", "D01"),
    Theorem("D2", "D02"),
    Theorem("D3", "D03"),
    Theorem("D4", "D04"),
    Theorem("D5", "D05"),
    Theorem("D6", "D06"),
    Theorem("D7", "D07"),
    Theorem("D8", "D08"),
    Theorem("D9", "D09", "refuted"),
    Theorem("D10", "D10"),
    Theorem("D11", "D11", "refuted"),
    Theorem("D12a", "D12a"),
    Theorem("D12b", "D12b", "refuted"),
    Theorem("D13a", "D13a"),
    Theorem("D13b", "D13b", "refuted"),
    Theorem("D14a", "D14a"),
    Theorem("D14b", "D14b", "refuted"),
    Theorem("D15a", "D15a"),
    Theorem("D15b", "D15b", "refuted"),
    Theorem("D15c", "D15c", "refuted"),
    Theorem("D16", "D16"),
    Theorem("D17", "D17", numbers="binary64"),
    Theorem("D19a", "D19a"),
    Theorem("D19b", "D19b", "refuted"),
    Theorem("D20a", "D20a"),
    Theorem("D20b", "D20b", "refuted"),
    Theorem("D21a", "D21a"),
    Theorem("D21b", "D21b", "refuted"),
    Theorem("D22a", "D22a"),
    Theorem("D22b", "D22b"),
    Theorem("D22c", "D22c", "refuted"),
    Theorem("D23a", "D23a"),
    Theorem("D23b", "D23b"),
    Theorem("D23c", "D23c", "refuted"),
    Theorem("P3a", "P03a", beyond="laws that are not finite"),
    Theorem("P7", "P07", beyond="laws that are not finite"),
    Theorem("P8", "P08", beyond="laws that are not finite"),
    Theorem("P9", "P09", beyond="laws that are not finite, and that V > V_K gives such lambda' and tau'"),
    Theorem(
        "P10",
        "P10",
        beyond="the limit of the expectation, for which phi is uniform and s drawn by its cost in the limit",
    ),
    Theorem("P13", "P13", beyond="laws that are not finite"),
    Theorem("P15b", "P15b", beyond="laws that are not finite, and that the quotients are consistent"),
)

# Beside the claims: selectors stay within the budget, what is run is what is proved, the checkers are sound.
FOUNDATIONS = (
    Theorem("budget", "Feasible"),
    Theorem("transfer", "Transfer"),
    Theorem("transfer: pages, layers", "TransferStructured"),
    Theorem("checker", "Checker"),
    Theorem("checker: counts", "Counts"),
)

_DENSITIES = "speaks of laws with densities, and of limits, for which Coq's standard library has no measure theory"
NOT_FORMAL = {
    "D18": "needs expectations over stochastic gradients, and smooth functions of many variables",
    **dict.fromkeys(("P1", "P2", "P3b", "P4", "P5", "P6a", "P6b"), _DENSITIES),
    "P11": "integrates power tails over a law of costs, which needs measure theory",
    **dict.fromkeys(("P12a", "P12b"), "speaks of limits of laws with regularly or rapidly varying tails"),
    "P14": "integrates power tails over clients and costs, which needs measure theory",
    "P15a": "needs the posterior mean of a normal law, which needs measure theory",
    "P15c": "speaks of expected loss under normal laws, which needs measure theory",
}


def theorem_of(claim: str) -> Theorem | None:
    """The theorem that stands for a claim, if there is one."""
    return next((theorem for theorem in THEOREMS if theorem.claim == claim), None)
