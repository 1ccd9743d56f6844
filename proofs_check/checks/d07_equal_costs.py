"""D7. Equal costs: CWMP is Top-K.

    c_1 = ... = c_d   implies   CWMP(g) = Top-K(g) and p(CWMP(g)) = OPT, at every budget

Assumptions: equal costs. Kind: identity. Source: special case of D2.

Proof idea. Dividing by a constant keeps the order and its ties. All masks that fit hold at most k = floor(B/c)
items, and no k items are worth more than the k largest. This is the case of a radio that charges every
coordinate alike and dwarfs the memory: there is nothing to gain over Top-K.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from hypothesis import strategies as st

from proofs_check.methods import smt as z
from proofs_check.methods.instances import MAGNITUDES, instances
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
from proofs_check.methods.rational import Rational
from theory.budget import percent
from theory.claims.verdict import Outcome, Verdict
from theory.instance import Instance
from theory.selection.selectors import Selection, cwmp, top_k

Selector = Callable[[Instance], Selection]

_COSTS = (0.1, 1.0, 3.0)


def holds(instance: Instance, optimum: Oracle, selector: Selector = cwmp) -> Violation | None:
    """The same mask as Top-K, and optimal."""
    ours, largest = selector(instance), top_k(instance)
    if (ours.mask != largest.mask).any():
        return Violation("same mask as Top-K", str(ours.support.tolist()), str(largest.support.tolist()))
    best = optimum(instance)
    return Violation("p(mask) = OPT", ours.retained, best) if ours.retained != best else None


def _domain(spread: float = 0.0) -> Iterator[Instance]:
    for n in range(5):
        for score in itertools.product(range(3), repeat=n):
            for cost in _COSTS:
                costs = np.full(n, cost)
                costs[:1] += spread
                for k in range(2 * n + 2):
                    yield Instance.from_scores(np.array(score, float), costs, Rational(cost) * Rational(k, 2))


def exhaustion(seed: int = 0, selector: Selector = cwmp, spread: float = 0.0) -> Verdict:
    """Every small instance of equal costs."""
    words = "n <= 4 items, scores 0..2 in every order, equal costs of 0.1, 1 or 3, budgets of k/2 items"
    return exhaust("D7", lambda i, o: holds(i, o, selector), domain=_domain(spread), words=words)


def families(seed: int = 0, n: int = 1000, per_family: int = 5) -> Verdict:
    """Random magnitudes at random equal costs, against certified optima."""
    rng, trials = np.random.default_rng(seed), 0
    words = f"{len(MAGNITUDES)} magnitudes, {n} coordinates, one cost for all"
    for draw in MAGNITUDES.values():
        for _ in range(per_family):
            share = Rational(int(rng.integers(1, 1000)), 1000)
            instance = Instance(draw(rng, n).astype(np.float32), float(rng.lognormal()), budget=percent(share))
            trials += 1
            if violation := holds(instance, certified):
                return refuted("D7", "certificate", instance, violation, domain=words, trials=trials, seed=seed)
    reach = "these instances, each optimum certified"
    return Verdict("D7", "certificate", Outcome.CERTIFIED, words, reach, trials, seed=seed)


def shrinking(seed: int = 0) -> Verdict:
    """Property-based search, every cost replaced by the first."""

    def equalise(instance: Instance) -> Instance:
        return Instance.from_scores(instance.score, np.full(instance.d, instance.cost[0]), instance.budget)

    strategy: st.SearchStrategy[Instance] = instances(min_items=1).map(equalise)
    return search("D7", holds, strategy, seed=seed)


def smt(seed: int = 0, n_max: int = 6, equal: bool = True) -> Verdict:
    """All real p, c, B: with equal costs no feasible mask of up to ``n_max`` items beats the prefix."""

    def obligations() -> Iterator[tuple[list[Any], Any]]:
        for n in range(1, n_max + 1):
            for case in z.greedy_cases(n):
                same = [case.c[i] == case.c[0] for i in range(1, n)] if equal else []
                for mask in z.masks(n):
                    feasible = case.spent(mask) <= case.budget
                    yield [*case.assumptions, *same, feasible], case.score(mask) <= case.score(range(case.taken))

    domain = f"all real p >= 0, c > 0, B with n <= {n_max} items of equal cost, every mask"
    return from_smt("D7", z.prove(obligations()), domain=domain, reach=f"n <= {n_max}")


CHECKS = (
    Check("D7", "smt", smt),
    Check("D7", "exhaustion", exhaustion),
    Check("D7", "certificate", families),
    Check("D7", "search", shrinking),
)


def _last_index_first(instance: Instance) -> Selection:
    """Breaks ties by the highest index."""
    turned = Instance.from_scores(instance.score[::-1], instance.cost[::-1], instance.budget)
    found = cwmp(turned)
    return Selection(found.mask[::-1], found.spent, found.retained)


FALSEHOODS = (
    Falsehood("D7", "one cost may differ a little", lambda: exhaustion(spread=0.05)),
    Falsehood("D7", "ties may be broken by the highest index", lambda: exhaustion(selector=_last_index_first)),
    Falsehood("D7", "costs need not be equal, over all reals", lambda: smt(n_max=2, equal=False)),
)
