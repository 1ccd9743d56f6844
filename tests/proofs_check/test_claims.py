"""Every claim, judged by every method, comes out as the claim table expects; and the page of claims says so."""

import math
from fractions import Fraction
from pathlib import Path

import pytest
from scipy import stats

from proofs_check.checks import CHECKS, PAGES, checks_of
from proofs_check.formal.checks import METHOD
from proofs_check.formal.compiling import find_coq
from proofs_check.table import replace_between, stored_verdicts, table_of
from proofs_check.verify import exit_code, run_checks, summarise
from theory.claims.table import CLAIMS
from theory.claims.verdict import Outcome
from theory.errors import InputError

ROOT = Path(__file__).parents[2]
RECORDED = ROOT / "results" / "verify"


@pytest.fixture(scope="module")
def rows(tmp_path_factory):
    verdicts = run_checks(seed=1, folder=tmp_path_factory.mktemp("verdicts"), jobs=2, time_limit=math.inf)
    return {row.claim.id: row for row in summarise(verdicts)}


@pytest.mark.parametrize("claim_id", CLAIMS)
def test_claim_comes_out_as_expected(claim_id, rows):
    row = rows[claim_id]
    wrong = [(v.method, v.outcome, v.reach, v.counterexample) for v in row.verdicts if not v.as_expected]
    assert row.standing == "as expected", wrong


def test_the_run_as_a_whole_is_as_expected(rows):
    assert exit_code(list(rows.values())) == 0


@pytest.mark.parametrize("claim_id", CLAIMS)
def test_two_independent_methods_and_not_by_sampling_alone(claim_id, rows):
    outcomes = {v.method: v.outcome for v in rows[claim_id].verdicts}
    assert len(outcomes) >= 2
    assert set(outcomes.values()) & {Outcome.PROVED, Outcome.CHECKED, Outcome.CERTIFIED, Outcome.REFUTED}
    assert len(outcomes.keys() - {METHOD}) >= 2


def test_proved_is_said_of_whole_claims_only(rows):
    """Finite domains, few items and lemmas are evidence: by what the methods are, whatever they call themselves."""
    for row in rows.values():
        for verdict in row.verdicts:
            if verdict.outcome in (Outcome.PROVED, Outcome.KERNEL):
                part = "n <=" in verdict.reach or "finite domain" in verdict.reach or "prose" in verdict.reach
                assert verdict.method not in ("exhaustion", "lemmas", "tightness"), verdict
                assert not part, verdict
        if row.word == "checked":
            in_part = row.reach.startswith("every n, kernel-checked; not: ")
            assert row.grade == f"checked, {'every n but for a part' if in_part else row.reach}"
            assert row.reach
    assert {claim_id for claim_id, row in rows.items() if row.word == "proved"} == {"P4", "P5", "P6a", "P11"}


@pytest.mark.parametrize("claim_id", [c.id for c in CLAIMS.values() if c.kind == "false"])
def test_false_claims_show_a_small_counterexample_and_what_is_true(claim_id, rows):
    found = rows[claim_id].counterexample
    assert found is not None
    assert found.get("d", 2) <= 3
    assert "None" not in rows[claim_id].counterexample_words
    assert CLAIMS[claim_id].instead.endswith(".")


@pytest.mark.parametrize("claim_id", ["D9", "D11"])
def test_the_counterexample_shown_is_strict(claim_id, rows):
    """No two ratios tie, so that no order of ties undoes it; the smaller one that does tie is kept beside it."""
    found = rows[claim_id].counterexample
    ratios = [Fraction(p) / Fraction(c) for p, c in zip(found["score"], found["cost"], strict=True)]
    assert len(set(ratios)) == len(ratios) == 2
    assert "for some order of ties" in rows[claim_id].counterexample_words
    tie = next(v.counterexample for v in rows[claim_id].verdicts if v.method == "tie")
    assert len({Fraction(p) / Fraction(c) for p, c in zip(tie["score"], tie["cost"], strict=True)}) == 1


def test_survivors_state_how_rare_a_failure_may_still_be(rows):
    sampled = [v for row in rows.values() for v in row.verdicts if v.method == "families" and v.trials]
    assert sampled
    for verdict in sampled:
        if verdict.outcome is Outcome.SURVIVED:
            # at the exact 95 % limit, as few failures as were seen have probability 5 %: (1 - q)^n when none was
            seen = verdict.observed.get("violations", 0)
            assert stats.binom.cdf(seen, verdict.trials, verdict.failure_bound) == pytest.approx(0.05, rel=1e-6)


def test_one_page_per_claim():
    names = [page.__name__.rsplit(".", 1)[1] for page in PAGES]  # d04_greedy_gap is the page of D4
    pages = {f"{name[0].upper()}{int(name[1:3])}" for name in names}
    assert pages == {claim_id.rstrip("abc") for claim_id in CLAIMS}
    assert {check.claim for check in CHECKS} == set(CLAIMS)
    keys = [(check.claim, check.method) for check in CHECKS]
    assert len(set(keys)) == len(keys)


def test_a_claim_with_parts_is_named_as_one():
    assert {check.claim for check in checks_of(["D12"])} == {"D12a", "D12b"}
    assert {check.claim for check in checks_of(["D1"])} == {"D1"}
    with pytest.raises(InputError, match="no claim 'D99'"):
        checks_of(["D99"])


def test_the_table_on_the_page_of_claims_is_that_of_the_recorded_verdicts():
    text = (ROOT / "docs" / "claims.md").read_text(encoding="utf-8")
    assert replace_between(text, table_of(RECORDED)) == text, "run: cwmp table results/verify --into docs/claims.md"


def test_recorded_verdicts_agree_with_this_run(rows):
    recorded = {row.claim.id: row for row in summarise(stored_verdicts(RECORDED))}
    assert recorded.keys() == rows.keys()
    left_out = set() if find_coq() else {METHOD}
    for claim_id, row in rows.items():
        now = {v.method: v.outcome for v in row.verdicts}
        then = {v.method: v.outcome for v in recorded[claim_id].verdicts if v.method not in left_out}
        assert now == then, claim_id
