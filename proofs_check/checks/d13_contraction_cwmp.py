"""D13. CWMP is a contraction.

    D13a   ||g - CWMP_B(g)||^2 <= (1 - delta) ||g||^2,  delta = c(prefix)/C, with equality when all p_i/c_i are equal,
           and delta = (B - c_max)/C, known before g is
    D13b   (false) the same with delta = c(prefix)/C at every budget

Assumptions: B >= c_max; B <= C for the second delta. Kinds: lower, false. Source: Chebyshev's sum inequality;
contraction as in Stich, Cordonnier & Jaggi 2018.

Proof idea. In the order, ratios fall: the prefix has at least the average ratio, p(prefix)/c(prefix) >= P/C. The
prefix stops only when the next item does not fit, so c(prefix) > B - c_max. Below c_max the dearest items are left
out before ordering and may carry the norm; then nothing of the kind holds.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from proofs_check.methods import smt as z
from proofs_check.methods.instances import instances
from proofs_check.methods.judge import (
    Check,
    Falsehood,
    Oracle,
    Violation,
    exhaust,
    from_smt,
    sample,
    search,
    standard_checks,
)  # fmt: skip
from proofs_check.methods.rational import Rational
from theory.claims.verdict import Outcome, Verdict
from theory.instance import Instance
from theory.optimum import bounds
from theory.selection.selectors import cwmp

Delta = Callable[[Instance, Rational], Rational]


def dearest_fits(instance: Instance) -> bool:
    """``B >= c_max``."""
    return bool(instance.d) and Rational(float(instance.cost.max())) <= instance.budget


def contracts(instance: Instance, _: Oracle, delta: Delta = bounds.contraction_cwmp) -> Violation | None:
    """``||g||^2 - p(prefix) <= (1 - delta) ||g||^2``."""
    chosen, norm = cwmp(instance), sum(map(Rational, instance.score.tolist()), Rational(0))
    lost, limit = norm - chosen.retained, (1 - delta(instance, chosen.spent)) * norm
    return Violation("||g - CWMP(g)||^2 <= (1 - delta) ||g||^2", lost, limit) if lost > limit else None


def both(instance: Instance, optimum: Oracle, delta: Delta = bounds.contraction_cwmp) -> Violation | None:
    """The contraction by what was spent and by what is known beforehand."""
    prior: Delta = lambda instance, _: bounds.contraction_cwmp_prior(instance)  # noqa: E731
    return contracts(instance, optimum, delta) or contracts(instance, optimum, prior)


def smt(seed: int = 0, n_max: int = 5, spent_all: bool = False) -> Verdict:
    """All real p, c, B: ``p(prefix) C >= c(prefix) P`` and ``c(prefix) + c_s > B``."""

    def obligations() -> Iterator[tuple[list[Any], Any]]:
        for n in range(1, n_max + 1):
            for case in z.greedy_cases(n):
                prefix, every = range(case.taken), range(n)
                spent = case.budget if spent_all else case.spent(prefix)
                partial = [case.budget <= case.spent(every)]
                yield [*case.assumptions, *partial], case.score(prefix) * case.spent(every) >= spent * case.score(every)
                dearest = [x >= y for x in (z.z3.Real("c_max"),) for y in case.c]
                left = case.spent(prefix) >= case.budget - z.z3.Real("c_max")
                yield [*case.assumptions, *partial, *dearest], left

    domain = f"all real p >= 0, c > 0, c_max <= B <= C with n <= {n_max}"
    return from_smt("D13a", z.prove(obligations()), domain=domain, reach=f"n <= {n_max}")


def merging(seed: int = 0) -> Verdict:
    """Chebyshev for every n: the prefix's mean ratio is >= lambda and the rest's is <= lambda; z3 on the two sums."""
    p, c, q, e, price = z.z3.Reals("p_prefix c_prefix p_rest c_rest lambda")
    setting = [p >= price * c, q <= price * e, c >= 0, e >= 0, price >= 0, q >= 0]
    reach = "every n: sums of p_i >= lambda c_i over the prefix and p_i <= lambda c_i over the rest"
    claim = p * (c + e) >= c * (p + q)
    return from_smt("D13a", z.prove([(setting, claim)]), domain="two sums, all reals", reach=reach, method="lemmas")


def tightness(seed: int = 0) -> Verdict:
    """Equal ratios: equality, exactly, for several cost vectors and every budget from c_max to C."""
    trials, unequal = 0, 0
    for costs in ([1.0, 2, 3], [0.5, 0.5, 4], [1.0, 1, 1, 1], [3.0, 5, 7, 11]):
        c = np.array(costs)
        for budget in range(int(c.max()), int(c.sum()) + 1):
            instance = Instance.from_scores(3 * c, c, budget)
            chosen, norm = cwmp(instance), Rational(3) * instance.total_cost
            trials += 1
            unequal += norm - chosen.retained != (1 - bounds.contraction_cwmp(instance, chosen.spent)) * norm
    outcome = Outcome.REFUTED if unequal else Outcome.CHECKED
    words = "p = 3c for four cost vectors, every integer budget from c_max to C"
    return Verdict("D13a", "tightness", outcome, words, "equality is attained", trials)


def without_assumption(seed: int = 0) -> Verdict:
    """D13b: the smallest counterexample."""
    return exhaust("D13b", contracts)


def without_assumption_search(seed: int = 0) -> Verdict:
    """D13b by property-based search."""
    return search("D13b", contracts, instances(), seed=seed)


def without_assumption_smt(seed: int = 0) -> Verdict:
    """D13b: two items over all reals, the first dearer than the budget."""
    p0, c0, p1, c1, budget = z.z3.Reals("p0 c0 p1 c1 B")
    setting = [p0 >= 0, p1 > 0, c1 > 0, c0 > budget, c1 <= budget]
    obligation = (setting, p1 * (c0 + c1) >= c1 * (p0 + p1))
    return from_smt(
        "D13b", z.prove([obligation]), domain="two items, one dearer than B, all reals", reach="one suffices"
    )


CHECKS = (
    Check("D13a", "smt", smt),
    Check("D13a", "lemmas", merging),
    *standard_checks("D13a", both, keep=dearest_fits, given="B >= c_max", at_scale=False),
    Check("D13a", "tightness", tightness),
    Check("D13b", "exhaustion", without_assumption),
    Check("D13b", "smt", without_assumption_smt),
    Check("D13b", "search", without_assumption_search),
)


def _of_the_budget(instance: Instance, _: Rational) -> Rational:
    return min(Rational(1), instance.budget / instance.total_cost)


def _of_the_items(instance: Instance, _: Rational) -> Rational:
    return Rational(int(cwmp(instance).mask.sum()), instance.d)


FALSEHOODS = (
    Falsehood("D13a", "delta = B/C", lambda: sample(
        "D13a", lambda i, o: contracts(i, o, _of_the_budget), seed=0, keep=dearest_fits)),
    Falsehood("D13a", "delta = kept/d, as for Top-K at equal costs", lambda: sample(
        "D13a", lambda i, o: contracts(i, o, _of_the_items), seed=0, keep=dearest_fits)),
    Falsehood("D13a", "the whole budget counts as spent, over all reals", lambda: smt(n_max=2, spent_all=True)),
    Falsehood("D13b", "delta = (B/C)^2 holds at every budget", lambda: exhaust(
        "D13b", lambda i, o: contracts(i, o, lambda i, _: _of_the_budget(i, _) ** 2 if i.d else Rational(1)))),
)  # fmt: skip
