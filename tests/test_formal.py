"""The Coq proofs: the kernel accepts them, they speak of our code, and wrong statements do not compile."""

import itertools
import re
from fractions import Fraction

import numpy as np
import pytest

from proofs_check.formal.compiling import find_coq
from proofs_check.formal.evaluation import SELECTORS, Rational, select
from proofs_check.formal.kernel import REAL_NUMBERS, axioms_in, check_proofs
from proofs_check.formal.sources import closure, read_sources, source
from proofs_check.formal.theorems import NOT_FORMAL, THEOREMS, theorem_of
from theory.claims import CLAIMS
from theory.errors import InputError
from theory.instance import Instance
from theory.relaxation import relax
from theory.selectors import cwmp, top_k

needs_coq = pytest.mark.skipif(find_coq() is None, reason="needs coqc on the path: install coq")
SOURCES = read_sources()
OURS = {"cwmp": cwmp, "top-k": top_k}


@pytest.fixture(scope="module")
def proofs():
    return {proof.claim: proof for proof in check_proofs()}


# --- the kernel --------------------------------------------------------------------------------


@needs_coq
@pytest.mark.parametrize("claim", [theorem.claim for theorem in THEOREMS])
def test_the_kernel_accepts(claim, proofs):
    proof = proofs[claim]
    assert (proof.outcome, proof.reason) == ("kernel-checked", "")
    assert set(proof.assumptions) <= REAL_NUMBERS
    assert proof.coq == find_coq().version


@pytest.mark.parametrize("name", SOURCES)
def test_nothing_is_assumed_or_switched_off(name):
    forbidden = r"\b(Admitted|admit|Axioms?|Parameters?|Conjecture|Unset|bypass_check|Classical\w*)\b"
    assert not re.findall(forbidden, SOURCES[name].code)


def test_every_file_is_used():
    """By a theorem, by the evaluation or by the checker."""
    used = {name for t in THEOREMS for name in closure(t.module, SOURCES)}
    others = {"Transfer", "Evaluation"}
    assert used | {name for other in others for name in closure(other, SOURCES)} == set(SOURCES)


@pytest.mark.parametrize("claim", CLAIMS)
def test_every_claim_has_a_theorem_or_a_reason(claim):
    assert (theorem_of(claim) is None) == (claim in NOT_FORMAL)


@pytest.mark.parametrize("theorem", THEOREMS, ids=lambda theorem: theorem.claim)
def test_a_file_opens_with_the_words_of_its_claim(theorem):
    words = SOURCES[theorem.module].words
    assert words.startswith(f"{theorem.claim}. ")
    if claim := CLAIMS.get(theorem.claim):
        assert words == f"{claim.id}. {claim.title}. {claim.statement} Assumes: {claim.assumptions}."
        assert (theorem.name == "refuted") == (claim.kind == "false")


# --- the proofs speak of our code ----------------------------------------------------------------


def exact(instance):
    score = tuple(instance.exact_score(i) for i in range(instance.d))
    return Rational(score, tuple(map(Fraction, instance.cost.tolist())), instance.budget)


def ours(instance):
    found = {}
    for name in SELECTORS:
        which, _, rounding = name.partition(" ")
        found[name] = tuple(OURS[which](instance, rounding=rounding).support.tolist())
    return relax(instance).critical_item, found


def every_small_instance():
    """All pairs of items with scores 0..2 and costs 1..3, and their multiples that tie, at every half-integer budget."""
    items = list(itertools.product(range(3), range(1, 4)))
    for pair in itertools.product(items, repeat=2):
        score, cost = np.array(pair, dtype=float).T
        for half in range(int(2 * cost.sum()) + 2):
            yield Instance.from_scores(score, cost, Fraction(half, 2))


def random_instances(number, seed=11):
    """Small integers, so ties of scores and of densities, zeros, unaffordable items and budgets hit exactly abound."""
    rng = np.random.default_rng(seed)
    for _ in range(number):
        d = int(rng.integers(0, 8))
        score = rng.integers(0, 7, d) * rng.choice([1.0, 0.5, 0.1], d)
        cost = rng.integers(1, 6, d) * rng.choice([1.0, 2.0, 0.1], d)
        chosen = cost[rng.random(d) < 0.5]
        budget = sum(map(Fraction, chosen.tolist()), Fraction(int(rng.integers(0, 3)), 2))
        yield Instance.from_scores(score, cost, budget)


@needs_coq
@pytest.mark.parametrize("instances", [every_small_instance, lambda: random_instances(2000)], ids=["all", "random"])
def test_the_selectors_of_the_proofs_keep_what_ours_keep(instances):
    given = list(instances())
    assert len(given) >= 500
    for instance, selected in zip(given, select([exact(one) for one in given]), strict=True):
        assert (selected.critical_item, selected.kept) == ours(instance), exact(instance)


@needs_coq
def test_instances_meet_every_rule():
    """Else the comparison above would show little."""
    given = list(random_instances(2000))
    ties = [len({p / c for p, c in zip(one.score, one.cost, strict=True)}) < one.d for one in given]
    dear = [bool((one.cost > float(one.budget)).any()) for one in given]
    zero = [bool((one.score == 0).any()) for one in given]
    differ = [len(set(ours(one)[1].values())) for one in given]
    assert all(sum(some) > 200 for some in (ties, dear, zero))
    assert sum(n > 1 for n in differ) > 500
    assert sum(n > 3 for n in differ) > 50
