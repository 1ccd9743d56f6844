"""D9. 0/1 CWMP is optimal at every budget. (False.)

    p(prefix) = OPT   for every g, c and B

Assumptions: none. Kind: false. Source: the literal reading of the abstract's "optimal greedy solution".

Why it fails. The critical item may be worth more than everything before it: with p = (2, 3), c = (1, 2) and B = 2
the prefix takes the first item, the second no longer fits, and 3 > 2. No ratios tie there, so no way to break ties
helps. (The smallest instance of all, p = (1, 2), c = (1, 2), B = 2, is a tie: taking the second item first would be
right. It is kept beside the strict one.) What is true instead: the prefix is optimal
for the energy it spends (D5) and within phi p_s of OPT for the budget given (D4).
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import replace
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
from proofs_check.methods.rational import Rational
from theory.claims.verdict import Verdict
from theory.instance import Instance
from theory.selection.selectors import Rounding, cwmp


def holds(instance: Instance, optimum: Oracle, rounding: Rounding = "prefix") -> Violation | None:
    """CWMP attains OPT."""
    retained, best = cwmp(instance, rounding=rounding).retained, optimum(instance)
    return Violation(f"p({rounding}) = OPT", retained, best) if retained != best else None


def by_every_order(instance: Instance, rounding: Rounding = "prefix") -> list[Rational]:
    """What the prefix (or fill) retains under each order that p/c allows: ties broken in all ways, exactly."""
    p, c = [Rational(x) for x in instance.score.tolist()], [Rational(x) for x in instance.cost.tolist()]
    items = [i for i in range(instance.d) if c[i] <= instance.budget and p[i] > 0]
    values = []
    for order in itertools.permutations(items):
        if any(p[i] * c[j] < p[j] * c[i] for i, j in itertools.pairwise(order)):
            continue
        spent = kept = Rational(0)
        for i in order:
            if spent + c[i] <= instance.budget:
                spent, kept = spent + c[i], kept + p[i]
            elif rounding == "prefix":
                break
        values.append(kept)
    return values


def holds_strictly(instance: Instance, optimum: Oracle, rounding: Rounding = "prefix") -> Violation | None:
    """Some way to break ties attains OPT."""
    retained, best = max(by_every_order(instance, rounding)), optimum(instance)
    relation = f"p({rounding}) = OPT for some order of ties"
    return Violation(relation, retained, best) if retained != best else None


def exhaustion(seed: int = 0, rounding: Rounding = "prefix") -> Verdict:
    """The smallest counterexample of the small domain where no order of ties helps."""
    return exhaust("D9", lambda i, o: holds_strictly(i, o, rounding))


def tie(seed: int = 0) -> Verdict:
    """The smallest of all, which another order of its ties would undo."""
    verdict = exhaust("D9", holds)
    return replace(verdict, method="tie")


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
    Check("D9", "tie", tie),
    Check("D9", "smt", smt),
    Check("D9", "search", shrinking),
    Check("D9", "certificate", certificate),
)

FALSEHOODS = (
    Falsehood("D9", "fill repairs it", lambda: exhaustion(rounding="fill")),
    Falsehood("D9", "best-of repairs it", lambda: sample("D9", lambda i, o: holds(i, o, "best-of"), seed=0)),
)
