"""Checks that can fail: every claim's wrong variants are refuted by the claim's own checks."""

import pytest

from proofs_check.checks.falsehoods import FALSEHOODS
from theory.claims.table import CLAIMS
from theory.claims.verdict import Outcome


@pytest.mark.parametrize("falsehood", FALSEHOODS, ids=lambda f: f"{f.claim}: {f.says}")
def test_falsehood_is_refuted(falsehood):
    verdict = falsehood.run()
    assert verdict.outcome is Outcome.REFUTED
    assert verdict.claim == falsehood.claim


def test_every_claim_has_one():
    assert {falsehood.claim for falsehood in FALSEHOODS} == set(CLAIMS)
