"""D1. The projection keeps coordinates unchanged.

    min { ||g - x||^2 : sum_i c_i 1[x_i != 0] <= B }  =  sum_i p_i - OPT,   attained at x = m * g,  m in {0,1}^d

Assumptions: none. Kind: identity. Source: the paper's abstract; formalised here.

Proof idea. Fix the support of x. Coordinate i adds (g_i - x_i)^2 >= 0 if it is in the support, with equality at
x_i = g_i, and exactly g_i^2 = p_i if it is not. So the best x on a support M is g restricted to it, its
distance is sum p_i - p(M), and the supports allowed are the feasible masks of the knapsack.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator

import numpy as np
import sympy

from proofs_check.methods import smt as z
from proofs_check.methods.judge import Check, Falsehood, Oracle, Violation, exhaust, from_smt, sample
from proofs_check.methods.rational import Rational
from proofs_check.oracles import enumerate_optimum
from theory.claims.verdict import Outcome, Verdict
from theory.instance import Instance
from theory.optimum.relaxation import relax

Minimum = Callable[[Instance, Oracle], Rational]

_GRID = [Rational(k, 2) for k in range(-3, 5)]


def knapsack_minimum(instance: Instance, optimum: Oracle) -> Rational:
    """``sum p_i - OPT``."""
    return sum(map(Rational, instance.score.tolist()), Rational(0)) - optimum(instance)


def no_point_is_nearer(instance: Instance, optimum: Oracle, minimum: Minimum = knapsack_minimum) -> Violation | None:
    """Every x on the grid of halves, zero and the update's own values included, against the stated minimum."""
    update = [Rational(float(x)) for x in instance.update] if instance.update is not None else []
    cost = [Rational(c) for c in instance.cost]
    nearest = min(
        sum(((g - y) ** 2 for g, y in zip(update, x, strict=True)), Rational(0))
        for x in itertools.product(_GRID, repeat=instance.d)
        if sum((c for c, y in zip(cost, x, strict=True) if y), Rational(0)) <= instance.budget
    )
    stated = minimum(instance, optimum)
    return Violation("min ||g - x||^2 = sum p_i - OPT", nearest, stated) if nearest != stated else None


def attained(instance: Instance, optimum: Oracle, keep: Rational = Rational(1)) -> Violation | None:
    """``x = keep * m * g`` with the optimal mask m is at the stated distance, from the update itself."""
    mask = enumerate_optimum(instance).mask
    assert mask is not None
    assert instance.update is not None
    update = [Rational(float(x)) for x in instance.update]
    distance = sum(((g - keep * g * int(m)) ** 2 for g, m in zip(update, mask, strict=True)), Rational(0))
    stated = knapsack_minimum(instance, optimum)
    return Violation("||g - m g||^2 = sum p_i - OPT", distance, stated) if distance != stated else None


def _domain() -> Iterator[Instance]:
    items = list(itertools.product((-1.0, 0.0, 2.0), (1.0, 2.0)))
    for n in range(4):
        for chosen in itertools.combinations_with_replacement(items, n):
            update, cost = np.array(chosen, dtype=float).reshape(-1, 2).T
            for half in range(2 * int(cost.sum()) + 2):
                yield Instance(update, cost, Rational(half, 2))


def exhaustion(seed: int = 0, minimum: Minimum = knapsack_minimum) -> Verdict:
    """Every small update and budget, against every x on a grid."""
    words = (
        "multisets of n <= 3 items, g in {-1, 0, 2}, c in {1, 2}, all half-integer budgets; x on halves in [-3/2, 2]"
    )
    judge = lambda instance, optimum: no_point_is_nearer(instance, optimum, minimum)  # noqa: E731
    return exhaust("D1", judge, domain=_domain(), words=words)


def smt(seed: int = 0, shrunk: int = 1) -> Verdict:
    """One coordinate, all reals; a sum of such coordinates is the claim for every d."""
    g, x = z.z3.Reals("g x")
    kept = [((x != 0), (g - x) * (g - x) >= (g - shrunk * g) * (g - shrunk * g))]
    dropped = [((x == 0), (g - x) * (g - x) == g * g)]
    lemmas = [([premise], conclusion) for premise, conclusion in kept + dropped]
    reach = "every d: the distance is a sum over coordinates and the support decides which lemma applies to each"
    return from_smt("D1", z.prove(lemmas), domain="one coordinate, all real g and x", reach=reach)


def symbolic(seed: int = 0) -> Verdict:
    """``(g - m g)^2 - (g^2 - m g^2)`` is a multiple of ``m (m - 1)``, which is 0 on masks."""
    g, m = sympy.symbols("g m", real=True)
    rest = sympy.simplify((g - m * g) ** 2 - (g**2 - m * g**2) - g**2 * m * (m - 1))
    outcome = Outcome.CHECKED if rest == 0 else Outcome.REFUTED
    return Verdict("D1", "symbolic", outcome, "one coordinate, symbolic g and m", "every d, summed over coordinates", 1)


def families(seed: int = 0, keep: Rational = Rational(1)) -> Verdict:
    """Random families: the distance of ``m g`` computed from the update, not from the scores."""
    judge = lambda instance, optimum: attained(instance, optimum, keep)  # noqa: E731
    return sample("D1", judge, seed=seed, n=8, per_family=10)


CHECKS = (
    Check("D1", "smt", smt),
    Check("D1", "symbolic", symbolic),
    Check("D1", "exhaustion", exhaustion),
    Check("D1", "families", families),
)


def _relaxed(instance: Instance, optimum: Oracle) -> Rational:
    return sum(map(Rational, instance.score.tolist()), Rational(0)) - relax(instance).value


FALSEHOODS = (
    Falsehood("D1", "the minimum is sum p_i minus the relaxation's value", lambda: exhaustion(minimum=_relaxed)),
    Falsehood("D1", "kept coordinates are shrunk to half", lambda: families(keep=Rational(1, 2))),
    Falsehood("D1", "kept coordinates may as well be doubled, over all reals", lambda: smt(shrunk=2)),
)
