"""D9. 0/1 CWMP is optimal at every budget. (False.)

    p(prefix) = OPT   for every g, c and B

Assumptions: none. Kind: false. Source: the literal reading of the abstract's "optimal greedy solution".

Why it fails. The critical item may be worth more than everything before it: with p = (2, 3), c = (1, 2) and B = 2
the prefix takes the first item, the second no longer fits, and 3 > 2. What is true instead: the prefix is optimal
for the energy it spends (D5) and within phi p_s of OPT for the budget given (D4).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from proofs_check.methods import smt as z
from proofs_check.methods.instances import instances
from proofs_check.methods.judge import (
    Check,
    Falsehood,
    Oracle,
    Violation,
    certified,
    exhaust,
    from_smt,
    sample,
    search,
)  # fmt: skip
from theory.claims.verdict import Verdict
from theory.instance import Instance
from theory.selection.selectors import Rounding, cwmp


def holds(instance: Instance, optimum: Oracle, rounding: Rounding = "prefix") -> Violation | None:
    """CWMP attains OPT."""
    retained, best = cwmp(instance, rounding=rounding).retained, optimum(instance)
    return Violation(f"p({rounding}) = OPT", retained, best) if retained != best else None


def exhaustion(seed: int = 0, rounding: Rounding = "prefix") -> Verdict:
    """The smallest counterexample of the small domain."""
    return exhaust("D9", lambda i, o: holds(i, o, rounding))


def smt(seed: int = 0) -> Verdict:
    """A real counterexample of two items."""

    def obligations() -> Iterator[tuple[list[Any], Any]]:
        for case in z.greedy_cases(2):
            for mask in z.masks(2):
                feasible = case.spent(mask) <= case.budget
                yield [*case.assumptions, feasible], case.score(mask) <= case.score(range(case.taken))

    return from_smt("D9", z.prove(obligations()), domain="all real p >= 0, c > 0, B, two items", reach="one suffices")


def shrinking(seed: int = 0) -> Verdict:
    """What a property-based search shrinks to."""
    return search("D9", holds, instances(), seed=seed)


def certificate(seed: int = 0) -> Verdict:
    """1,000 coordinates of a random family: the optimum is certified, and larger."""
    return sample("D9", holds, seed=seed, n=1000, per_family=1, method="certificate", oracle=certified)


CHECKS = (
    Check("D9", "exhaustion", exhaustion),
    Check("D9", "smt", smt),
    Check("D9", "search", shrinking),
    Check("D9", "certificate", certificate),
)

FALSEHOODS = (
    Falsehood("D9", "fill repairs it", lambda: exhaustion(rounding="fill")),
    Falsehood("D9", "best-of repairs it", lambda: sample("D9", lambda i, o: holds(i, o, "best-of"), seed=0)),
)
