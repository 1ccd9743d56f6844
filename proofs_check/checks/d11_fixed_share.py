"""D11. Prefix or fill CWMP keeps a fixed share of OPT. (False.)

    there is kappa > 0 with p(prefix) >= kappa OPT (or p(fill) >= kappa OPT) on every instance

Assumptions: none. Kind: false. Source: a common reading of "greedy approximation".

Why it fails. p = (2, N), c = (1, N), B = N: the cheap item has the better ratio, is taken, and the other no
longer fits, by the prefix or by fill. The share kept is 2/N, below any kappa, and no ratios tie: no way to break ties
helps. (The smallest instance that misses 1/2 is a tie, and is kept beside the strict one.) What is true instead: only
best-of has a constant (1/2, D10); prefix and fill lose at most one critical item (D4), which may be nearly everything.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import sympy

from proofs_check.checks.d09_optimal_everywhere import by_every_order
from proofs_check.methods import smt as z
from proofs_check.methods.instances import small_domain, small_instances
from proofs_check.methods.judge import Check, Falsehood, Oracle, Violation, enumerated, exhaust, from_smt, refuted
from proofs_check.methods.rational import Rational
from theory.claims.verdict import Outcome, Verdict
from theory.instance import Instance
from theory.selection.selectors import Rounding, cwmp

_ROUNDINGS: tuple[Rounding, ...] = ("prefix", "fill")


def keeps(instance: Instance, optimum: Oracle, kappa: Rational, roundings: tuple[Rounding, ...]) -> Violation | None:
    """``p(rounding) >= kappa OPT`` for at least one of the roundings."""
    retained = max(cwmp(instance, rounding=rounding).retained for rounding in roundings)
    least = kappa * optimum(instance)
    return Violation(f"p({' or '.join(roundings)}) >= {kappa} OPT", retained, least) if retained < least else None


def keeps_for_some_order(
    instance: Instance, optimum: Oracle, kappa: Rational, roundings: tuple[Rounding, ...]
) -> Violation | None:
    """``p(rounding) >= kappa OPT`` for at least one of the roundings and one way to break ties."""
    retained = max(max(by_every_order(instance, rounding)) for rounding in roundings)
    relation, least = f"p({' or '.join(roundings)}) >= {kappa} OPT for some order of ties", kappa * optimum(instance)
    return Violation(relation, retained, least) if retained < least else None


def exhaustion(
    seed: int = 0, kappa: Rational = Rational(1, 2), roundings: tuple[Rounding, ...] = _ROUNDINGS
) -> Verdict:
    """The smallest instance on which neither rounding keeps half, whatever the order of ties."""
    words, judge = small_domain(2, 5, 5) + f", kappa = {kappa}", keeps_for_some_order
    return exhaust("D11", lambda i, o: judge(i, o, kappa, roundings), domain=small_instances(2, 5, 5), words=words)


def tie(seed: int = 0, kappa: Rational = Rational(1, 2)) -> Verdict:
    """The smallest of all, which another order of its ties would undo."""
    words = small_domain(2, 5, 5) + f", kappa = {kappa}"
    judge = lambda i, o: keeps(i, o, kappa, _ROUNDINGS)  # noqa: E731
    return replace(exhaust("D11", judge, domain=small_instances(2, 5, 5), words=words), method="tie")


def family(seed: int = 0) -> Verdict:
    """The family above against every kappa down to 2^-50, exact; and in the limit, symbolically."""
    n = sympy.symbols("N", positive=True)
    vanishes = sympy.limit(2 / n, n, sympy.oo) == 0
    words = "p = (2, N), c = (1, N), B = N with N = 2^k; kappa = 2^-1 .. 2^-50"
    trials = 0
    for k in range(1, 51):
        size = 2.0 ** (k + 2)
        instance = Instance.from_scores(np.array([2.0, size]), np.array([1.0, size]), Rational(size))
        trials += 1
        violation = keeps(instance, enumerated, Rational(1, 2**k), _ROUNDINGS)
        if violation is None or not vanishes:
            return Verdict("D11", "family", Outcome.SURVIVED, words, f"the family fails at kappa = 2^-{k}", trials)
    return refuted("D11", "family", instance, violation, domain=words, trials=trials)  # type: ignore[arg-type]


def smt(seed: int = 0) -> Verdict:
    """A model of two items for a small kappa that is itself a variable."""

    def obligations() -> Iterator[tuple[list[Any], Any]]:
        kappa = z.z3.Real("kappa")
        for case in z.greedy_cases(2):
            small = [kappa > 0, kappa <= z.z3.Q(1, 1000), case.p[0] > 0]
            if case.taken == 1:  # the other item does not fit beside the first, so fill is the prefix
                yield [*case.assumptions, *small], case.p[0] >= kappa * case.p[1]

    return from_smt("D11", z.prove(obligations()), domain="all real p, c, B, two items, kappa <= 1/1000", reach="as is")


CHECKS = (
    Check("D11", "exhaustion", exhaustion),
    Check("D11", "tie", tie),
    Check("D11", "family", family),
    Check("D11", "smt", smt),
)


def _nearly_half() -> Iterator[Instance]:
    """Best-of keeps 10 of 16."""
    yield Instance.from_scores(np.array([10.0, 8, 8]), np.array([9.0, 8, 8]), 16)


FALSEHOODS = (
    Falsehood("D11", "best-of keeps 3/4", lambda: exhaust(
        "D11", lambda i, o: keeps(i, o, Rational(3, 4), ("best-of",)), domain=_nearly_half(), words="one instance")),
    Falsehood("D11", "fill keeps half", lambda: exhaustion(roundings=("fill",))),
)  # fmt: skip
