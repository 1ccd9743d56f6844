"""The method ``formal``: each theorem of the table as a check, whose verdict is what Coq's kernel says now.

A verdict that is found on disk stands only where this Coq has checked these very files.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from functools import partial

from proofs_check.formal.compiling import find_coq
from proofs_check.formal.kernel import Proof, check_proofs
from proofs_check.formal.sources import Source, closure, read_sources
from proofs_check.formal.theorems import THEOREMS, Theorem, theorem_of
from proofs_check.methods.judge import Check
from theory.claims.verdict import Outcome, Verdict

METHOD = "formal"
NOT_RUN = "formal proofs not run: install coq"


def judge(theorem: Theorem, proof: Proof, digest: str) -> Verdict:
    """The verdict that an answer of the kernel amounts to.

    Args:
        digest: of the files that the theorem rests on, see :func:`sources_of`.
    """
    if proof.outcome != "kernel-checked":
        outcome, reach = Outcome.INCONCLUSIVE, proof.reason or proof.outcome
    elif proof.refutes:
        outcome, reach = Outcome.REFUTED, "the negation, kernel-checked"
    elif proof.beyond:
        outcome, reach = Outcome.CHECKED, f"every n, kernel-checked; not: {proof.beyond}"
    else:
        outcome, reach = Outcome.KERNEL, "every n: Coq's kernel"
    observed = {
        "theorem": proof.theorem,
        "file": proof.file,
        "statement": proof.statement,
        "assumptions": list(proof.assumptions),
        "coq": proof.coq,
        "sources": digest,
    }
    return Verdict(proof.claim, METHOD, outcome, f"every n, {theorem.numbers}", reach, 1, observed=observed)


def run(theorem: Theorem, seed: int = 0) -> Verdict:
    """Have the kernel check one theorem; nothing is drawn, so the ``seed`` is of no use.

    Raises:
        InputError: what is compiled cannot be kept.
    """
    sources = read_sources()
    (proof,) = check_proofs((theorem,), sources, processes=1)
    return judge(theorem, proof, sources_of(theorem, sources))


def sources_of(theorem: Theorem, sources: Mapping[str, Source] | None = None) -> str:
    """Digest of a theorem's file and of all the Coq files that it needs, by default as they are now."""
    found = dict(read_sources() if sources is None else sources)
    digest = hashlib.sha256(theorem.full_name.encode())
    for name in sorted(closure(theorem.module, found)):
        digest.update(f"\0{name}\0{found[name].text}".encode())
    return digest.hexdigest()[:16]


def still_stands(verdict: Verdict) -> bool:
    """Whether a stored verdict of this method is what a run would say: the same Coq is here, and so are its files."""
    theorem, coq = theorem_of(verdict.claim), find_coq()
    if theorem is None or coq is None:
        return False
    made = verdict.observed.get("coq"), verdict.observed.get("sources")
    return made == (coq.version, sources_of(theorem))


CHECKS = tuple(Check(theorem.claim, METHOD, partial(run, theorem)) for theorem in THEOREMS)
