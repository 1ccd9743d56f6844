"""D2. CWMP solves the relaxation.

    max { sum p_i z_i : 0 <= z <= 1, sum c_i z_i <= B }  =  p(prefix) + phi p_s  =  lambda B + sum (p_i - lambda c_i)+

with lambda = p_s/c_s (0 when everything fits), over the affordable items (c_i <= B).

Assumptions: none. Kind: tight. Source: Dantzig 1957; the paper's abstract.

Proof idea. Weak duality (D3) bounds every z by the right-hand side. The greedy z meets it: before s the terms
p_i - lambda c_i are >= 0 and z_i = 1, after s they are <= 0 and z_i = 0, and s itself adds 0; the budget is spent
exactly, or lambda = 0.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from proofs_check.methods import smt as z
from proofs_check.methods.judge import Check, Falsehood, Oracle, Violation, certified, from_smt, sample, standard_checks
from proofs_check.methods.rational import Rational
from theory.claims.verdict import Verdict
from theory.instance import Instance
from theory.optimum.relaxation import Relaxation, relax

Solver = Callable[[Instance], Relaxation]


def best_vertex(instance: Instance) -> Rational:
    """The relaxation by its vertices: every mask, alone or with one item that takes what is left of the budget."""
    items = [(Rational(p), Rational(c)) for p, c in zip(instance.score.tolist(), instance.cost.tolist(), strict=True)]
    budget = Rational(instance.budget)
    return best_of_vertices([(p, c) for p, c in items if c <= budget], budget)


def best_of_vertices(items: Sequence[tuple[Rational, Rational]], budget: Rational) -> Rational:
    """The same for scores and costs of any items, those dearer than the budget included."""
    masks: list[tuple[Rational, Rational, list[tuple[Rational, Rational]]]] = [(Rational(0), budget, [])]
    for p, c in items:  # value, what is left, and which items are out
        masks = [
            more for value, left, out in masks for more in ((value, left, [*out, (p, c)]), (value + p, left - c, out))
        ]
    best = Rational(0)
    for value, left, out in masks:
        if left >= 0:
            shares = (p if c <= left else p * left / c for p, c in out)
            best = max(best, value + max(shares, default=Rational(0)))
    return best


def dual_value(instance: Instance, price: Rational) -> Rational:
    """``lambda B + sum (p_i - lambda c_i)+`` over the affordable items."""
    price, budget = Rational(price), Rational(instance.budget)
    pairs = zip(instance.score.tolist(), instance.cost.tolist(), strict=True)
    reduced = (Rational(p) - price * Rational(c) for p, c in pairs if Rational(c) <= budget)
    return price * budget + sum((r for r in reduced if r > 0), Rational(0))


def is_vertex_optimum(instance: Instance, _: Oracle, solver: Solver = relax) -> Violation | None:
    """The solver's value is the best vertex and equals its dual value."""
    relaxation, best = solver(instance), best_vertex(instance)
    if relaxation.value != best:
        return Violation("p(prefix) + phi p_s = best vertex of the polytope", relaxation.value, best)
    return no_duality_gap(instance, _, solver)


def no_duality_gap(instance: Instance, _: Oracle, solver: Solver = relax) -> Violation | None:
    """Primal and dual agree exactly, and the primal point is feasible."""
    relaxation = solver(instance)
    dual = dual_value(instance, relaxation.threshold)
    if relaxation.value != dual:
        return Violation("p(prefix) + phi p_s = lambda B + sum (p - lambda c)+", relaxation.value, dual)
    s = relaxation.critical_item
    spent = relaxation.spent + (relaxation.fraction * Rational(instance.cost[s]) if s is not None else 0)
    return Violation("sum c_i z_i <= B", spent, instance.budget) if spent > instance.budget else None


def smt(seed: int = 0, n_max: int = 4, share: int = 1) -> Verdict:
    """All real p, c, B and z: no feasible z retains more than the prefix and its fraction of the critical item."""

    def obligations() -> Iterator[tuple[list[Any], Any]]:
        for n in range(1, n_max + 1):
            for case in z.greedy_cases(n):
                k, x = case.taken, z.z3.Reals(" ".join(f"z{i}" for i in range(n)))
                box = [y >= 0 for y in x] + [y <= 1 for y in x]
                spent = z.z3.Sum([c * y for c, y in zip(case.c, x, strict=True)])
                gain = z.z3.Sum([p * y for p, y in zip(case.p, x, strict=True)]) - case.score(range(k))
                left = case.budget - case.spent(range(k))
                bound = share * gain * case.c[k] <= left * case.p[k] if k < n else gain <= 0
                yield [*case.assumptions, *box, spent <= case.budget], bound

    domain = f"all real p >= 0, c > 0, B and z in [0,1]^n with n <= {n_max}"
    return from_smt("D2", z.prove(obligations()), domain=domain, reach=f"n <= {n_max}; every n by D3's lemmas")


def duality(seed: int = 0, solver: Solver = relax) -> Verdict:
    """Random families of 1,000 coordinates: the dual point certifies the primal one, in exact arithmetic."""
    judge = lambda instance, optimum: no_duality_gap(instance, optimum, solver)  # noqa: E731
    return sample("D2", judge, seed=seed, n=1000, per_family=1, method="certificate", oracle=certified)


CHECKS = (
    Check("D2", "smt", smt),
    *standard_checks("D2", is_vertex_optimum, n=6, per_family=8, at_scale=False),
    Check("D2", "certificate", duality),
)


def _whole_budget_share(instance: Instance) -> Relaxation:
    """``phi`` taken as the share of the whole budget."""
    found = relax(instance)
    if found.critical_item is None:
        return found
    phi = min(Rational(1), instance.budget / Rational(instance.cost[found.critical_item]))
    value = instance.retained(found.prefix) + phi * Rational(instance.score[found.critical_item])
    return replace(found, fraction=phi, value=value)


def _price_of_last_taken(instance: Instance) -> Relaxation:
    """The multiplier of the last item taken instead of the first one left."""
    found = relax(instance)
    if found.critical_item is None or not found.prefix.any():
        return found
    taken = np.flatnonzero(found.prefix)
    return replace(found, threshold=min(Rational(instance.score[i]) / Rational(instance.cost[i]) for i in taken))


FALSEHOODS = (
    Falsehood("D2", "phi is the budget over the critical item's cost", lambda: duality(solver=_whole_budget_share)),
    Falsehood("D2", "lambda is the ratio of the last item taken", lambda: duality(solver=_price_of_last_taken)),
    Falsehood("D2", "the critical item's share counts half, over all reals", lambda: smt(n_max=2, share=2)),
)
