"""The Coq proofs: the kernel accepts them, wrong statements do not compile, and the page says what is so."""

import re
import shutil
from pathlib import Path

import pytest

from proofs_check.formal import kernel, page
from proofs_check.formal.compiling import default_cache, find_coq
from proofs_check.formal.kernel import REAL_NUMBERS, axioms_in, check_proofs
from proofs_check.formal.sources import closure, in_order, read_sources, source
from proofs_check.formal.theorems import FOUNDATIONS, NOT_FORMAL, THEOREMS, theorem_of
from theory.claims.table import CLAIMS
from theory.errors import InputError

needs_coq = pytest.mark.skipif(find_coq() is None, reason="needs coqc on the path: install coq")
SOURCES = read_sources()


@pytest.fixture(scope="module")
def proofs():
    return {proof.claim: proof for proof in check_proofs((*THEOREMS, *FOUNDATIONS))}


@pytest.fixture(scope="module")
def scratch(proofs, tmp_path_factory):
    """A copy of the cache, once everything is in it, for what is planted."""
    folder = tmp_path_factory.mktemp("coq") / "cache"
    shutil.copytree(default_cache(), folder)
    return folder


# --- the kernel --------------------------------------------------------------------------------


@needs_coq
@pytest.mark.parametrize("claim", [theorem.claim for theorem in (*THEOREMS, *FOUNDATIONS)])
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
    used = {name for t in (*THEOREMS, *FOUNDATIONS) for name in closure(t.module, SOURCES)}
    assert used | closure("Evaluation", SOURCES) == set(SOURCES)


@pytest.mark.parametrize("claim", CLAIMS)
def test_every_claim_has_a_theorem_or_a_reason(claim):
    assert (theorem_of(claim) is None) == (claim in NOT_FORMAL)


@pytest.mark.parametrize("theorem", THEOREMS, ids=lambda theorem: theorem.claim)
def test_a_file_opens_with_the_words_of_its_claim(theorem):
    words = SOURCES[theorem.module].words
    assert words.startswith(f"{theorem.claim}. ")
    claim = CLAIMS[theorem.claim]
    assert words == f"{claim.id}. {claim.title}. {claim.statement} Assumes: {claim.assumptions}."
    assert (theorem.name == "refuted") == (claim.kind == "false")


# --- wrong statements, and proofs that are none --------------------------------------------------

PLANTED = [
    ("D01", "value (knapsack n g c b) m.\n\nTheorem", "2 * value (knapsack n g c b) m.\n\nTheorem"),
    ("D02", "affordable I z -> spend I z <= B I -> value", "spend I z <= B I -> value"),
    ("D04", "<= share I * critical_score I <=", "<= share I * critical_score I / 2 <="),
    ("D05", "spend I m <= spend I (kept (cwmp reals I)) ->", "spend I m <= B I ->"),
    ("D06", "density I j < density I i) /\\", "density I j <= density I i) /\\"),
    ("D08", "p I j < p I i -> c I i <= c I j) ->\n  forall", "p I i < p I j -> c I i <= c I j) ->\n  forall"),
    ("D10", "value I m / 2 <=", "value I m / 2 * (3 / 2) <="),
    ("D13a", "c i <= cmax) -> cmax <= b ->", "c i <= cmax) ->"),
    ("D14a", "(1 - / INR k) * (M", "(1 + / INR k) * (M"),
    ("D15a", "price (at_budget I b) * (b' - b) /\\\n", "price (at_budget I b') * (b' - b) /\\\n"),
    ("Checker", "step_fine && cut_fine && accounts_fine", "step_fine && accounts_fine"),
    ("Checker", "loss C - unit C * step C + 1", "loss C - unit C * step C"),
    ("Checker", "target slack (spare base) core.", "target slack 0 core."),
    ("Counts", "(B I <? c I i) ||", "(B I <=? c I i) ||"),
    ("Counts", "reduced i <=? 0) (skipn", "reduced i <=? 1) (skipn"),
    ("Transfer", "critical_item reals J = critical_item integers I /\\", "critical_item reals J = None /\\"),
    (
        "D19a",
        "I (S (length (top_k reals I))) <= spend I m) /\\",
        "I (S (S (length (top_k reals I)))) <= spend I m) /\\",
    ),
    ("D17", "(forall t i, is64 (update t i)) -> forall t i,\n     let s", "forall t i,\n     let s"),
    ("D20a", "sum c S <= sum c T /\\", "sum c T <= sum c S /\\"),
    ("D20a", "forall i, In i l -> w i <> 0) ->", "True) ->"),
    ("D21a", "retains K client m + p (client k) s) /\\", "retains K client m + p (client k) s / 2) /\\"),
    ("D23a", "spend I reserve <= theta * spend I T /\\", "spend I reserve <= theta * theta * spend I T /\\"),
    ("D22a", "0 <= lower <= lam -> In i (seq 0 n) -> best", "lam <= lower -> In i (seq 0 n) -> best"),
    ("D22b", "score m - score M <= lam * left) /\\ lam * left < worth reals I page f e\n  | None => forall m",
     "score m - score M <= lam * left / 2) /\\ lam * left < worth reals I page f e\n  | None => forall m"),
    ("D23b", "lam * c I r - p I r) | []", "lam * c I r - 2 * p I r) | []"),
    ("D23b", "(sum (c I) (reserves reals I layer layers num den) <= B I ->\n   let price", "(True ->\n   let price"),
    ("P07", "beyond ((b - a) * sqrt (L / (2 * INR d))) <= exp", "beyond ((b - a) * sqrt (L / (3 * INR d))) <= exp"),
    ("P08", "independent outcomes q d p c -> 0 <= L", "pairwise_independent outcomes q d p c -> 0 <= L"),
    ("P08", "<= failure / 2 ->\n  let short", "<= failure ->\n  let short"),
    ("P09", "(t + Rmin pmax (lam * cmax)) ^ 2)).", "(Rmax t (Rmin pmax (lam * cmax))) ^ 2))."),
    ("P13", "lam * beta * y)) (lam * cmax)\n", "lam * beta * y)) (lam * beta * cmax)\n"),
    ("TransferStructured", "safe_fill reals J layer layers of over = safe_fill integers I",
     "safe_fill reals J layer layers of over = safe_prefix integers I"),
]  # fmt: skip


def judged(theorem, text, cache):
    """What becomes of a theorem when its file is ``text``: of all files only that one is compiled anew."""
    (proof,) = check_proofs([theorem], {**SOURCES, theorem.module: source(theorem.module, text)}, cache=cache)
    return proof


def of_module(module):
    return next(theorem for theorem in (*THEOREMS, *FOUNDATIONS) if theorem.module == module)


@needs_coq
@pytest.mark.parametrize(("module", "old", "new"), PLANTED, ids=[module for module, _, _ in PLANTED])
def test_a_wrong_statement_does_not_compile(module, old, new, scratch):
    text = SOURCES[module].text
    assert text.count(old) == 1, (module, text.count(old))
    proof = judged(of_module(module), text.replace(old, new), scratch)
    assert proof.outcome == "failed"
    assert proof.reason.startswith(f"{module}.v, line ")


@needs_coq
@pytest.mark.parametrize(
    ("ending", "reason"),
    [
        ("Theorem proved : claim.\nProof. Admitted.\n", "D05.proved, which is no axiom"),
        ("Axiom easy : claim.\nTheorem proved : claim.\nProof. exact easy. Qed.\n", "D05.easy, which is no axiom"),
        ("Theorem proved : True.\nProof. auto. Qed.\n", "no proof of the statement"),
        ("Theorem proven : True.\nProof. auto. Qed.\n", "no proof of the statement"),
        ("Require Import Classical.\nTheorem proved : claim.\nProof. destruct (classic claim); auto. Qed.\n", "line "),
        ("Theorem proved : claim.\nProof. auto. Qed.\n", "line "),
    ],
    ids=["admitted", "axiom", "another theorem", "another name", "logic alone", "no proof"],
)
def test_what_is_no_proof_is_refused(ending, reason, scratch):
    text = SOURCES["D05"].text
    proof = judged(of_module("D05"), text[: text.index("Theorem proved")] + ending, scratch)
    assert proof.outcome == "failed"
    assert reason in proof.reason, proof.reason


@needs_coq
def test_an_axiom_that_is_true_is_refused_all_the_same(scratch):
    """Excluded middle is consistent with everything here, but no axiom of the real numbers."""
    text = SOURCES["D05"].text.replace(
        "Proof.\n", "Proof.\n  destruct (Classical_Prop.classic True) as [_|[]]; [|exact I].\n"
    )
    text = text.replace("From CWMP", "From Coq Require Classical_Prop.\nFrom CWMP", 1)
    proof = judged(of_module("D05"), text, scratch)
    assert (proof.outcome, proof.reason) == (
        "failed", "rests on Classical_Prop.classic, which is no axiom of the real numbers",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("said", "names"),
    [
        ("Closed under the global context\n", ()),
        ("Axioms:\nA.b : nat\nc'\n  : forall x,\n    x = x\n", ("A.b", "c'")),
        ("Axioms:\n", None),
        ("", None),
        ("Closed under the global context\nand more\n", None),
        ("Axioms:\n? : nat\n", None),
    ],
)
def test_assumptions_are_read(said, names):
    assert axioms_in(said) == names


def test_files_that_require_what_is_not_there_are_named(tmp_path):
    (tmp_path / "A.v").write_text("From CWMP Require Import Nowhere.\n")
    with pytest.raises(InputError, match=r"A\.v requires Nowhere"):
        read_sources(tmp_path)


def test_an_empty_folder_is_named(tmp_path):
    with pytest.raises(InputError, match="holds no Coq files"):
        read_sources(tmp_path)


def test_files_in_a_circle_are_named():
    text = "From CWMP Require Import {}.\n"
    circle = {a: source(a, text.format(b)) for a, b in (("A", "B"), ("B", "A"))}
    with pytest.raises(InputError, match="require one another: A, B"):
        list(in_order(circle))


def test_without_coq_nothing_is_shown_as_checked(monkeypatch):
    monkeypatch.setattr(kernel, "find_coq", lambda: None)
    assert {proof.outcome for proof in check_proofs()} == {"not run: install coq"}
    assert all(proof.statement and not proof.assumptions for proof in check_proofs())


# --- the page ------------------------------------------------------------------------------------

PAGE = (Path(__file__).parents[3] / "docs" / "formal.md").read_text(encoding="utf-8")


@needs_coq
def test_the_page_says_what_the_kernel_does(proofs):
    assert page.refreshed(PAGE, tuple(proofs.values())) == PAGE


@pytest.mark.parametrize("theorem", THEOREMS, ids=lambda theorem: theorem.claim)
def test_words_and_statement_stand_side_by_side(theorem):
    """Also where there is no Coq: whoever changes one of them has the other before their eyes."""
    one = SOURCES[theorem.module]
    assert f"{page.in_markdown(one.words)}\n\n`{theorem.full_name}` proves" in PAGE
    assert f"claim`:\n\n```coq\n{one.statement}\n```" in PAGE


def test_a_page_of_unchecked_theorems_is_refused():
    proof = kernel.Proof("D4", "D04.proved", "D04.v", False, "D4.", "claim", "failed", "D04.v, line 3: ...")
    with pytest.raises(InputError, match="not kernel-checked: D4"):
        page.refreshed(PAGE, (proof,))
