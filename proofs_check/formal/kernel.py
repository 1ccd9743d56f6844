"""Every theorem of the table, checked by Coq's kernel, with the axioms that it rests on.

    for proof in check_proofs():
        proof.claim, proof.outcome, proof.assumptions

A theorem counts only if its file compiles, if it is a proof of the statement that its file opens with (or of the
negation), and if it rests on nothing but the axioms by which Coq's standard library makes the real numbers.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from proofs_check.formal.compiling import Compiled, Coq, compile_all, default_cache, find_coq, run_coq, write_whole
from proofs_check.formal.sources import Source, closure, read_sources
from proofs_check.formal.theorems import THEOREMS, Theorem

REAL_NUMBERS = frozenset({
    "ClassicalDedekindReals.sig_forall_dec",
    "ClassicalDedekindReals.sig_not_dec",
    "FunctionalExtensionality.functional_extensionality_dep",
})  # fmt: skip
_CLOSED = "Closed under the global context"
_NAME = re.compile(r"[A-Za-z_][\w'.]*")

Outcome = Literal["kernel-checked", "not run: install coq", "failed"]


@dataclass(frozen=True)
class Proof:
    """What the kernel says of one theorem.

    Attributes:
        claim, theorem, file: ``D4``, ``D04.proved``, ``D04.v``. refutes: whether it proves the negation.
        words: the claim as its file's head words it. statement: the same in Coq.
        outcome: ``kernel-checked``, ``failed`` or ``not run: install coq``. reason: why it failed, or "".
        assumptions: names of the axioms it rests on. coq: version, or "" where there is none.
        beyond: what the claim says and the theorem does not.
    """

    claim: str
    theorem: str
    file: str
    refutes: bool
    words: str
    statement: str
    outcome: Outcome
    reason: str = ""
    assumptions: tuple[str, ...] = ()
    coq: str = ""
    beyond: str = ""


def check_proofs(
    theorems: Sequence[Theorem] = THEOREMS,
    sources: Mapping[str, Source] | None = None,
    *,
    cache: Path | None = None,
    processes: int = 2,
) -> tuple[Proof, ...]:
    """Have the kernel check theorems, by default all of the table.

    Args:
        sources: the Coq files by name, by default those of ``proofs/``.
        cache: where compiled files are kept, by default the user's cache. processes: how many coqc run at a time.

    Raises:
        InputError: a file is missing, states no claim, or the cache cannot be written.
    """
    sources = read_sources() if sources is None else sources
    coq = find_coq()
    if coq is None:
        return tuple(_proof(t, sources[t.module], "not run: install coq") for t in theorems)
    wanted = {name for t in theorems for name in closure(t.module, dict(sources))}
    needed = {name: sources[name] for name in sorted(wanted)}
    made = compile_all(coq, needed, default_cache() if cache is None else cache, processes=processes)
    with ThreadPoolExecutor(processes) as pool:
        return tuple(pool.map(lambda theorem: _judge(coq, theorem, needed, made), theorems))


def _proof(theorem: Theorem, source: Source, outcome: Outcome, reason: str = "", assumptions: tuple[str, ...] = (),
           coq: str = "") -> Proof:  # fmt: skip
    return Proof(
        theorem.claim, theorem.full_name, f"{theorem.module}.v", theorem.name == "refuted", source.words,
        source.statement, outcome, reason, assumptions, coq, theorem.beyond,
    )  # fmt: skip


def _judge(coq: Coq, theorem: Theorem, sources: Mapping[str, Source], made: Mapping[str, Compiled]) -> Proof:
    source, compiled = sources[theorem.module], made[theorem.module]
    if compiled.error:
        return _proof(theorem, source, "failed", compiled.error, coq=coq.version)
    needed = [made[name] for name in sorted(closure(theorem.module, dict(sources)))]
    said, error = _asked(coq, theorem, needed)
    if error:
        return _proof(theorem, source, "failed", f"no proof of the statement: {error}", coq=coq.version)
    assumptions = axioms_in(said)
    if assumptions is None:
        return _proof(theorem, source, "failed", "cannot read what Coq says of its assumptions", coq=coq.version)
    more = sorted(set(assumptions) - REAL_NUMBERS)
    if more:
        reason = f"rests on {', '.join(more)}, which is no axiom of the real numbers"
        return _proof(theorem, source, "failed", reason, assumptions, coq.version)
    return _proof(theorem, source, "kernel-checked", "", assumptions, coq.version)


def _asked(coq: Coq, theorem: Theorem, needed: list[Compiled]) -> tuple[str, str]:
    """What ``Print Assumptions`` prints of a theorem that is what it should be, and the error if it is not.

    An answer is kept beside the compiled file, on whose content alone it depends.
    """
    kept = next(one.folder for one in needed if one.name == theorem.module) / f"{theorem.name}.assumptions"
    if kept.is_file():
        return kept.read_text(encoding="utf-8"), ""
    says = f"{theorem.module}.claim" if theorem.name == "proved" else f"~ {theorem.module}.claim"
    text = (
        f"From CWMP Require {theorem.module}.\n"
        f"Definition the_statement : {says} := {theorem.full_name}.\nPrint Assumptions the_statement.\n"
    )
    with tempfile.TemporaryDirectory() as scratch:
        file = Path(scratch) / "Question.v"
        file.write_text(text, encoding="utf-8")
        said, error = run_coq(coq, file, needed)
    if not error:
        write_whole(kept, said)
    return said, error


def axioms_in(said: str) -> tuple[str, ...] | None:
    """Names of the axioms in the answer to ``Print Assumptions``, or None where it is another answer.

    Coq also lists definitions whose termination or universe was not checked; those are no axiom of the list either.
    """
    lines = said.strip().splitlines()
    if lines == [_CLOSED]:
        return ()
    if not lines or lines[0] != "Axioms:":
        return None
    names = [_NAME.match(line) for line in lines[1:] if line and not line[0].isspace()]
    if not names or not all(names):
        return None
    return tuple(name[0] for name in names if name is not None)
