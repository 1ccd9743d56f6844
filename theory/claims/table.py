"""The claim table: what is claimed, under which assumptions, from where. Data only; `proofs_check` judges.

The statements, and their notation, are in :mod:`theory.claims.deterministic` (D1 to D20),
:mod:`theory.claims.structured` (D21 to D23) and :mod:`theory.claims.probabilistic`.
"""

from __future__ import annotations

from theory.claims.deterministic import DETERMINISTIC
from theory.claims.probabilistic import PROBABILISTIC
from theory.claims.statement import PAPER, Claim, Kind
from theory.claims.structured import STRUCTURED
from theory.errors import InputError

__all__ = ["CLAIMS", "PAPER", "Claim", "Kind", "claim", "ids_of"]

CLAIMS: dict[str, Claim] = {claim.id: claim for claim in (*DETERMINISTIC, *STRUCTURED, *PROBABILISTIC)}


def claim(claim_id: str) -> Claim:
    """The claim called ``claim_id``.

    Raises:
        InputError: when there is none; the message lists those there are.
    """
    if claim_id not in CLAIMS:
        raise InputError(f"no claim {claim_id!r}; the claims are {', '.join(CLAIMS)}")
    return CLAIMS[claim_id]


def ids_of(name: str) -> tuple[str, ...]:
    """The claims that ``name`` stands for: itself, or its parts (``D12`` is D12a and D12b).

    Raises:
        InputError: as :func:`claim`.
    """
    return tuple(known for known in CLAIMS if known.rstrip("abc") == name) or (claim(name).id,)
