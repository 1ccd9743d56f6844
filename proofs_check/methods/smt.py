"""Statements over all real numbers, decided by z3 (QF_NRA).

Greedy selection is case analysis: fix the order of the ratios and the length of the prefix, and every claim
about it becomes polynomial inequalities in p, c and B. Without loss of generality the items are numbered in the
order and each fits alone, since items that do not are left out before ordering.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import z3 as z3  # re-exported for the pages

_STEPS = 10**8  # of z3's own count, as many on every machine; a formula here takes up to 2 * 10**5


@dataclass(frozen=True)
class GreedyCase:
    """``n`` ordered items of which exactly the first ``taken`` form the prefix.

    Attributes:
        p, c: z3 reals, one per item. budget: z3 real.
        taken: length of the prefix; the critical item is ``p[taken]`` when ``taken < n``.
        assumptions: the constraints that make this the case at hand.
    """

    p: list[Any]
    c: list[Any]
    budget: Any
    taken: int
    assumptions: list[Any]

    def score(self, items: Iterable[int]) -> Any:
        """``sum p_i`` over ``items``."""
        return z3.Sum([self.p[i] for i in items])

    def spent(self, items: Iterable[int]) -> Any:
        """``sum c_i`` over ``items``."""
        return z3.Sum([self.c[i] for i in items])


def ordered_items(n: int) -> tuple[list[Any], list[Any], list[Any]]:
    """``p >= 0``, ``c > 0`` and the constraints that number the items by ``p/c`` descending."""
    p, c = z3.Reals(" ".join(f"p{i}" for i in range(n))), z3.Reals(" ".join(f"c{i}" for i in range(n)))
    sign = [x >= 0 for x in p] + [x > 0 for x in c]
    return list(p), list(c), sign + [p[i] * c[i + 1] >= p[i + 1] * c[i] for i in range(n - 1)]


def greedy_cases(n: int) -> Iterator[GreedyCase]:
    """Every length of prefix that ``n`` ordered, individually affordable items can have."""
    for taken in range(1, n + 1):
        p, c, ordered = ordered_items(n)
        budget = z3.Real("B")
        fits = [x <= budget for x in c] + [z3.Sum(c[:taken]) <= budget]
        stops = [z3.Sum(c[: taken + 1]) > budget] if taken < n else []
        yield GreedyCase(p, c, budget, taken, ordered + fits + stops)


def rational(value: Fraction) -> Any:
    """A rational as z3 has it."""
    return z3.Q(int(value.numerator), int(value.denominator))


def masks(n: int) -> Iterator[tuple[int, ...]]:
    """All subsets of ``range(n)``."""
    return itertools.chain.from_iterable(itertools.combinations(range(n), k) for k in range(n + 1))


@dataclass(frozen=True)
class Decided:
    """What z3 found: ``model`` is None when every negation was unsatisfiable, ``unknown`` counts give-ups."""

    formulas: int
    unknown: int
    model: dict[str, str] | None


def prove(obligations: Iterable[tuple[list[Any], Any]]) -> Decided:
    """Prove each ``assumptions => conclusion`` by refuting its negation; stop at the first counterexample."""
    formulas = unknown = 0
    for assumptions, conclusion in obligations:
        solver = z3.SolverFor("QF_NRA")
        solver.set("rlimit", _STEPS)
        solver.add(*assumptions, z3.Not(conclusion))
        answer = solver.check()
        formulas += 1
        if answer == z3.sat:
            model = solver.model()
            return Decided(formulas, unknown, {str(x): str(model[x]) for x in model.decls() if x.arity() == 0})
        unknown += answer == z3.unknown
    return Decided(formulas, unknown, None)
