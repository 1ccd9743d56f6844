"""The method ``formal``: what it says of proofs, what it keeps, and that it says nothing without Coq."""

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from proofs_check import checks as pages
from proofs_check.checks import checks_of
from proofs_check.formal import checks
from proofs_check.formal.compiling import Coq, find_coq
from proofs_check.formal.kernel import check_proofs
from proofs_check.formal.sources import read_sources, source
from proofs_check.formal.theorems import THEOREMS, Theorem, theorem_of
from proofs_check.table import markdown_table
from proofs_check.verify import run_checks
from theory.claims.status import summarise
from theory.claims.verdict import Outcome, read_verdict, write_verdict

needs_coq = pytest.mark.skipif(find_coq() is None, reason="needs coqc on the path: install coq")
SOURCES = read_sources()
RECORDED = sorted((Path(__file__).parents[3] / "results" / "verify").glob("*-formal.json"))


def formal(claim):
    return tuple(check for check in checks_of([claim]) if check.method == checks.METHOD)


def test_there_is_one_check_for_each_theorem():
    found = [check.claim for check in pages.CHECKS if check.method == checks.METHOD]
    assert found == [theorem.claim for theorem in THEOREMS]


@needs_coq
@pytest.mark.parametrize(
    ("claim", "outcome", "grade"),
    [
        ("D4", Outcome.KERNEL, "proved, kernel-checked"),
        ("D9", Outcome.REFUTED, "refuted"),
        ("P3a", Outcome.CHECKED, "checked, every n but for a part"),
    ],
)
def test_a_verdict_says_what_the_kernel_checked(claim, outcome, grade):
    verdict = checks.run(theorem_of(claim))
    (row,) = summarise([verdict])
    assert (verdict.outcome, row.grade, row.standing) == (outcome, grade, "as expected")
    assert row.counterexample is None
    assert claim in markdown_table([row])
    assert (theorem_of(claim).beyond in row.reach) or outcome is Outcome.REFUTED
    assert verdict.observed["statement"] == SOURCES[theorem_of(claim).module].statement


@needs_coq
@pytest.mark.parametrize(
    "text",
    [
        SOURCES["D05"].text.replace("spend I m <= spend I (kept (cwmp reals I)) ->", "spend I m <= B I ->"),
        SOURCES["D05"].text[: SOURCES["D05"].text.index("Proof.")] + "Proof. Admitted.\n",
    ],
    ids=["wrong statement", "no proof"],
)
def test_what_is_not_proved_is_inconclusive(text, monkeypatch):
    assert text != SOURCES["D05"].text
    monkeypatch.setattr(checks, "read_sources", lambda: {**SOURCES, "D05": source("D05", text)})
    verdict = checks.run(theorem_of("D5"))
    assert verdict.outcome is Outcome.INCONCLUSIVE
    assert "D05" in verdict.reach


@needs_coq
@pytest.mark.parametrize("change", [{"sources": "0" * 16}, {"coq": "8.0"}])
def test_a_stored_verdict_of_other_files_or_another_coq_is_judged_again(change, tmp_path):
    (first,) = run_checks(formal("D5"), seed=0, folder=tmp_path)
    assert first.outcome is Outcome.KERNEL
    assert checks.still_stands(first)
    write_verdict(replace(first, domain="another", observed={**first.observed, **change}), tmp_path)
    assert run_checks(formal("D5"), seed=0, folder=tmp_path)[0].domain == first.domain
    write_verdict(replace(first, domain="the same"), tmp_path)
    assert run_checks(formal("D5"), seed=0, folder=tmp_path)[0].domain == "the same"


def test_without_coq_a_stored_verdict_is_not_shown(monkeypatch, tmp_path):
    theorem = theorem_of("D5")
    observed = {"coq": "8.16.1", "sources": checks.sources_of(theorem)}
    proof = replace(kernel_answer(theorem), outcome="kernel-checked", coq="8.16.1")
    verdict = checks.judge(theorem, proof, observed["sources"])
    assert verdict.outcome is Outcome.KERNEL
    monkeypatch.setattr(checks, "find_coq", lambda: Coq("coqc", "8.16.1"))
    assert checks.still_stands(verdict)
    for module in (checks, pages):
        monkeypatch.setattr(module, "find_coq", lambda: None)
    assert not checks.still_stands(verdict)
    write_verdict(verdict, tmp_path)
    assert run_checks(formal("D5"), seed=0, folder=tmp_path) == []
    assert all(check.method != checks.METHOD for check in pages.runnable(pages.CHECKS))


def kernel_answer(theorem):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("proofs_check.formal.kernel.find_coq", lambda: None)
        return check_proofs((theorem,))[0]


def test_without_coq_an_answer_is_inconclusive():
    theorem = theorem_of("D5")
    verdict = checks.judge(theorem, kernel_answer(theorem), "")
    assert (verdict.outcome, verdict.reach) == (Outcome.INCONCLUSIVE, "not run: install coq")


def test_the_digest_is_of_all_that_is_needed():
    theorem = theorem_of("D5")
    before = checks.sources_of(theorem, SOURCES)
    for name, counts in (("D05", True), ("Sums", True), ("D06", False)):
        changed = {**SOURCES, name: source(name, SOURCES[name].text + "\n")}
        assert (checks.sources_of(theorem, changed) != before) == counts, name


@needs_coq
def test_checks_that_compile_one_file_at_once_agree(tmp_path):
    """On an empty cache: whoever comes first puts the compiled file in place, whole."""
    texts = {
        "Base": "Definition two : nat := 2.\n",
        "T": "From CWMP Require Import Base.\nDefinition claim : Prop := two = 2.\n"
        "Theorem proved : claim.\nProof. reflexivity. Qed.\n",
    }
    sources = {name: source(name, text) for name, text in texts.items()}

    def answer(_):
        return check_proofs((Theorem("D1", "T"),), sources, cache=tmp_path / "cache", processes=1)[0]

    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(answer, range(4)))
    assert {(proof.outcome, proof.reason) for proof in found} == {("kernel-checked", "")}
    assert len(list((tmp_path / "cache").iterdir())) == len(texts)  # no half-made folders are left


@pytest.mark.parametrize("path", RECORDED, ids=lambda path: path.stem)
def test_recorded_verdicts_are_of_these_files(path):
    verdict = read_verdict(path)
    theorem = theorem_of(verdict.claim)
    assert verdict.outcome is not Outcome.INCONCLUSIVE
    assert verdict.observed["sources"] == checks.sources_of(theorem)
    assert json.loads(path.read_text())["observed"]["statement"] == SOURCES[theorem.module].statement
