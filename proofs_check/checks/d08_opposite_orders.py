"""D8. Larger never dearer: the prefix is optimal.

    (p_i > p_j implies c_i <= c_j for all i, j)   implies   p(prefix) = OPT, at every budget

Assumptions: p and c oppositely ordered. Kind: tight. Source: exchange argument.

Proof idea. Sort by p descending, then c ascending: costs ascend, so do the ratios descend, and the order is CWMP's.
Any feasible mask of k items costs at least the k cheapest, which are the first k; so the prefix holds as many items
as any feasible mask, and they are the largest.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Any

import numpy as np
from hypothesis import strategies as st

from proofs_check.methods import smt as z
from proofs_check.methods.instances import FAMILIES, family_instance, instances, small_domain, small_instances
from proofs_check.methods.judge import (
    Check,
    Falsehood,
    Oracle,
    Violation,
    certified,
    exhaust,
    from_smt,
    refuted,
    search,
)  # fmt: skip
from theory.claims.verdict import Outcome, Verdict
from theory.instance import Instance
from theory.selection.selectors import Selection, cwmp

Selector = Callable[[Instance], Selection]
Filter = Callable[[Instance], bool]


def holds(instance: Instance, optimum: Oracle, selector: Selector = cwmp) -> Violation | None:
    """The selector attains OPT."""
    retained, best = selector(instance).retained, optimum(instance)
    return Violation("p(prefix) = OPT", retained, best) if retained != best else None


def oppositely_ordered(instance: Instance) -> bool:
    """No larger score is dearer."""
    return _opposed(tuple(zip(instance.score.tolist(), instance.cost.tolist(), strict=True)))


@lru_cache(maxsize=1)  # many budgets of the same items follow each other
def _opposed(items: tuple[tuple[float, float], ...]) -> bool:
    return not any(p > q and c > e for (p, c), (q, e) in itertools.permutations(items, 2))


def equally_ordered(instance: Instance) -> bool:
    """No larger score is cheaper."""
    p, c = instance.score, instance.cost
    return not ((p[:, None] > p) & (c[:, None] < c)).any()


def opposed(instance: Instance) -> Instance:
    """The same scores and costs, the largest score given the smallest cost."""
    score = np.sort(instance.score)[::-1]
    return Instance.from_scores(score, np.sort(instance.cost), instance.budget)


def exhaustion(seed: int = 0, keep: Filter = oppositely_ordered, selector: Selector = cwmp) -> Verdict:
    """Every small instance that is oppositely ordered."""
    words = small_domain(4, 3, 3) + ", oppositely ordered"
    return exhaust("D8", lambda i, o: holds(i, o, selector), domain=filter(keep, small_instances(4, 3, 3)), words=words)


def families(seed: int = 0, n: int = 1000) -> Verdict:
    """Random families, sorted against each other, against certified optima."""
    rng, trials = np.random.default_rng(seed), 0
    words = f"{len(FAMILIES)} families of magnitudes x costs, {n} coordinates, oppositely sorted"
    for family in FAMILIES:
        instance = opposed(family_instance(*family, n, rng))
        trials += 1
        if violation := holds(instance, certified):
            return refuted("D8", "certificate", instance, violation, domain=words, trials=trials, seed=seed)
    reach = "these instances, each optimum certified"
    return Verdict("D8", "certificate", Outcome.CERTIFIED, words, reach, trials, seed=seed)


def shrinking(seed: int = 0) -> Verdict:
    """Property-based search over instances sorted against each other."""
    strategy: st.SearchStrategy[Instance] = instances().map(opposed)
    return search("D8", holds, strategy, seed=seed)


def smt(seed: int = 0, n_max: int = 5, opposite: bool = True) -> Verdict:
    """All real p descending and c ascending: no feasible mask of up to ``n_max`` items beats the prefix."""

    def obligations() -> Iterator[tuple[list[Any], Any]]:
        for n in range(1, n_max + 1):
            for case in z.greedy_cases(n):
                pairs = range(n - 1)
                sorted_ = [case.p[i] >= case.p[i + 1] for i in pairs]
                sorted_ += [case.c[i] <= case.c[i + 1] if opposite else case.c[i] >= case.c[i + 1] for i in pairs]
                for mask in z.masks(n):
                    feasible = case.spent(mask) <= case.budget
                    yield [*case.assumptions, *sorted_, feasible], case.score(mask) <= case.score(range(case.taken))

    domain = f"all real p descending, c ascending, B with n <= {n_max} items, every mask"
    return from_smt("D8", z.prove(obligations()), domain=domain, reach=f"n <= {n_max}")


CHECKS = (
    Check("D8", "smt", smt),
    Check("D8", "exhaustion", exhaustion),
    Check("D8", "certificate", families),
    Check("D8", "search", shrinking),
)

FALSEHOODS = (
    Falsehood("D8", "any monotone relation will do", lambda: exhaustion(keep=equally_ordered)),
    Falsehood("D8", "larger scores may be dearer, over all reals", lambda: smt(n_max=3, opposite=False)),
)
