"""D14. Top-K's contraction under the same joules.

    D14a   ||g - TopK_B(g)||^2 <= (1 - k_B/d) ||g||^2,  k_B the largest k whose k dearest coordinates cost at most B
    D14b   (false) the same with k_B counted over the affordable items only

Assumptions: none; below c_max, k_B = 0 and D14a says nothing. Kinds: lower, false. Source: counting argument; Stich,
Cordonnier & Jaggi 2018 for equal costs.

Proof idea. Any k_B coordinates cost at most B, so Top-K keeps at least its k_B largest, which hold at least the
average share k_B/d. With equal magnitudes and costs that is an equality. Against D13a: CWMP's share (B - c_max)/C
counts joules at the mean cost, k_B/d counts them at the dearest: a factor of up to c_max/mean(c).
"""

from __future__ import annotations

import itertools
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
from theory.selection.order import longest_affordable
from theory.selection.selectors import cwmp, top_k

Delta = Callable[[Instance], Rational]


def contracts(instance: Instance, _: Oracle, delta: Delta = bounds.contraction_top_k) -> Violation | None:
    """``||g||^2 - p(Top-K) <= (1 - delta) ||g||^2``."""
    norm = sum(map(Rational, instance.score.tolist()), Rational(0))
    lost, limit = norm - top_k(instance).retained, (1 - delta(instance)) * norm
    return Violation("||g - TopK(g)||^2 <= (1 - delta) ||g||^2", lost, limit) if lost > limit else None


def affordable_only(instance: Instance) -> Rational:
    """``k_B/d`` with ``k_B`` counted over the items that fit alone."""
    fitting = sorted((Rational(c) for c in instance.cost if Rational(c) <= instance.budget), reverse=True)
    count, spent = 0, Rational(0)
    while count < len(fitting) and spent + fitting[count] <= instance.budget:
        spent, count = spent + fitting[count], count + 1
    return Rational(count, instance.d) if instance.d else Rational(1)


def holds_with_affordable(instance: Instance, optimum: Oracle) -> Violation | None:
    """D14b."""
    return contracts(instance, optimum, affordable_only)


def smt(seed: int = 0, n_max: int = 6, more: int = 0) -> Verdict:
    """All real p in descending order: the first k of n hold at least ``(k + more)/n`` of the sum."""

    def obligations() -> Iterator[tuple[list[Any], Any]]:
        for n in range(1, n_max + 1):
            p = z.z3.Reals(" ".join(f"p{i}" for i in range(n)))
            falling = [p[i] >= p[i + 1] for i in range(n - 1)] + [p[-1] >= 0]
            for k in range(n + 1):
                yield falling, n * z.z3.Sum(p[:k]) >= min(k + more, n) * z.z3.Sum(p)

    domain = f"all real p >= 0 with n <= {n_max}, every k"
    return from_smt("D14a", z.prove(obligations()), domain=domain, reach=f"n <= {n_max}; every n by the lemma")


def lemma(seed: int = 0) -> Verdict:
    """Every n: kept items are >= some level t, dropped ones <= t; z3 on the two sums of k and d - k items."""
    kept, dropped, t, k, rest = z.z3.Reals("p_kept p_dropped t k rest")
    setting = [kept >= k * t, dropped <= rest * t, k >= 0, rest >= 0, t >= 0, dropped >= 0]
    reach = "every n: the k largest are >= t, the others <= t, t the k-th largest"
    claim = kept * (k + rest) >= k * (kept + dropped)
    return from_smt("D14a", z.prove([(setting, claim)]), domain="two sums, all reals", reach=reach, method="lemmas")


def tightness(seed: int = 0) -> Verdict:
    """Equal magnitudes at equal costs: equality at every budget."""
    trials = unequal = 0
    for d in (1, 2, 5, 40):
        for k in range(d + 1):
            instance = Instance(np.ones(d), 0.1, Rational(k, 10))
            norm, trials = Rational(d), trials + 1
            unequal += norm - top_k(instance).retained != (1 - bounds.contraction_top_k(instance)) * norm
    outcome = Outcome.REFUTED if unequal else Outcome.CHECKED
    words = "d equal magnitudes at cost 0.1, budgets of k items, d = 1, 2, 5, 40 and every k"
    return Verdict("D14a", "tightness", outcome, words, "equality is attained", trials)


def separation(seed: int = 0, factor: Rational = Rational(1)) -> Verdict:
    """m coordinates at M joules, the others at 1: guarantees (1 - 1/k) M/mean(c) apart at B = k M, both attained.

    Equal magnitudes, dear ones first, are Top-K's worst case; scores equal to the costs are CWMP's.
    """
    trials, largest = 0, Rational(0)
    words = "d = 50, 500; m = 5, 20 dear coordinates at M = 10, 100, 1000 joules, the others at 1; B = k M, k = 2, 5"
    for d, m, dear, k in itertools.product((50, 500), (5, 20), (10, 100, 1000), (2, 5)):
        cost = np.where(np.arange(d) < m, float(dear), 1.0)
        flat, even = Instance(np.ones(d), cost, k * dear), Instance.from_scores(cost, cost, k * dear)
        mean, trials = flat.total_cost / d, trials + 1
        bound_k, bound_c = bounds.contraction_top_k(flat), bounds.contraction_cwmp_prior(even)
        own = cwmp(even)
        attained = top_k(flat).retained == bound_k * d and own.retained == own.spent >= bound_c * even.total_cost
        apart = bound_c / bound_k == factor * (1 - Rational(1, k)) * dear / mean
        largest = max(largest, bound_c / bound_k)
        if not (attained and apart and cwmp(flat).retained > top_k(flat).retained):
            found = {"n": d, "dear": m, "M": dear, "k": k, "ratio": str(bound_c / bound_k)}
            return Verdict("D14a", "separation", Outcome.REFUTED, words, "one suffices", trials, None, found)
    observed = {"largest ratio of the guarantees": float(largest)}
    return Verdict("D14a", "separation", Outcome.CHECKED, words, "these instances, exact", trials, observed=observed)


def affordable_exhaustion(seed: int = 0) -> Verdict:
    """D14b: the smallest counterexample."""
    return exhaust("D14b", holds_with_affordable)


def affordable_search(seed: int = 0) -> Verdict:
    """D14b by property-based search."""
    return search("D14b", holds_with_affordable, instances(), seed=seed)


CHECKS = (
    Check("D14a", "smt", smt),
    Check("D14a", "lemmas", lemma),
    *standard_checks("D14a", contracts, at_scale=False),
    Check("D14a", "tightness", tightness),
    Check("D14a", "separation", separation),
    Check("D14b", "exhaustion", affordable_exhaustion),
    Check("D14b", "search", affordable_search),
)


def _of_the_mean_cost(instance: Instance) -> Rational:
    """``B/C``: what it would be if every coordinate cost the mean."""
    return min(Rational(1), instance.budget / instance.total_cost)


def _cheapest_counted(instance: Instance) -> Rational:
    """``k_B`` counted from the cheapest."""
    count = longest_affordable(np.sort(instance.cost), instance.budget)[0]
    return Rational(count, instance.d) if instance.d else Rational(1)


FALSEHOODS = (
    Falsehood("D14a", "Top-K contracts by B/C, like CWMP", lambda: sample(
        "D14a", lambda i, o: contracts(i, o, _of_the_mean_cost), seed=0)),
    Falsehood("D14a", "k_B may be counted from the cheapest", lambda: sample(
        "D14a", lambda i, o: contracts(i, o, _cheapest_counted), seed=0)),
    Falsehood("D14a", "the guarantees are c_max/mean(c) apart twice over", lambda: separation(factor=Rational(2))),
    Falsehood("D14a", "k items hold (k + 1)/n, over all reals", lambda: smt(n_max=2, more=1)),
    Falsehood("D14b", "half of the affordable count holds at every budget", lambda: exhaust(
        "D14b", lambda i, o: contracts(i, o, lambda i: affordable_only(i) / 2 if i.d else Rational(1)))),
)  # fmt: skip
