"""D19. Ceiling: what no selector can save.

    D19a   Top-K keeps k items and spends E_T.  Any mask with p(M) >= p(Top-K) costs at least the sum of the k smallest
           costs of all, so the saving at Top-K's score is at most  1 - (k smallest)/E_T  <=  1 - c_min/mean(c kept)
    D19b   (false) any mask with p(M) >= p(Top-K) holds at least k items

Assumptions: none. Kinds: upper, false. Source: counting argument.

Proof idea. Fewer than k items that Top-K could have taken are worth less than its k, which are the largest of those and
positive. So such a mask is dearer than the budget by itself (it holds an item that was left out, D19b) or has k items
at least. Attained by equal magnitudes where ties fall to the dear ones. Without ties a mask other than Top-K's needs k
+ 1 items, so the bound is then missed by one item's cost, and approached as k grows.
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
from proofs_check.oracles import enumerate_masks
from theory.claims.verdict import Outcome, Verdict
from theory.instance import Instance
from theory.optimum import bounds
from theory.selection.selectors import Selection, cwmp, top_k

Floor = Callable[[Instance, Selection], Rational]


def cheapest_at_score(instance: Instance, score: Rational) -> tuple[Rational, int]:
    """The least cost, and the fewest items, of a mask worth ``score``: all masks, exactly."""
    table = enumerate_masks(instance)
    least = score / table.value_unit
    enough = [k for k, value in enumerate(table.value) if value >= least]
    return min(table.cost[k] for k in enough) * table.cost_unit, min(k.bit_count() for k in enough)


def holds(instance: Instance, _: Oracle, floor: Floor = bounds.least_cost_at_score) -> Violation | None:
    """The cheapest of all masks that retain as much costs no less than the floor, nor the floor less than k c_min."""
    best = top_k(instance)
    k, least = int(best.mask.sum()), floor(instance, best)
    if k and least < k * Rational(float(instance.cost.min())):
        return Violation("k smallest costs >= k c_min", least, k * Rational(float(instance.cost.min())))
    cheapest = cheapest_at_score(instance, best.retained)[0]
    return Violation("cost at Top-K's score >= k smallest costs", cheapest, least) if cheapest < least else None


def holds_at_scale(instance: Instance, _: Oracle) -> Violation | None:
    """CWMP's own prefix, as soon as it retains as much as Top-K: the costs it spent against the floor."""
    best = top_k(instance)
    least = bounds.least_cost_at_score(instance, best)
    own = cwmp(instance.with_budget(instance.total_cost))
    order = np.flatnonzero(own.mask)
    order = order[np.argsort(-(instance.score[order] / instance.cost[order]), kind="stable")]
    kept, spent = Rational(0), Rational(0)
    for i in order:
        if kept >= best.retained:
            break
        kept, spent = kept + Rational(instance.score[i]), spent + Rational(instance.cost[i])
    return Violation("CWMP's cost at Top-K's score >= k smallest", spent, least) if spent < least else None


def holds_k_items(instance: Instance, _: Oracle, spare: int = 0) -> Violation | None:
    """D19b; with ``spare`` items less than k allowed."""
    best = top_k(instance)
    fewest = cheapest_at_score(instance, best.retained)[1]
    least = int(best.mask.sum()) - spare
    return Violation("items of a mask worth Top-K's score >= k", fewest, least) if fewest < least else None


def smt(seed: int = 0, n_max: int = 5, positive: bool = True) -> Verdict:
    """All real p descending, c: every mask worth the first k of n costs at least the cheapest k-subset."""

    def obligations() -> Iterator[tuple[list[Any], Any]]:
        for n in range(1, n_max + 1):
            p, c = z.z3.Reals(" ".join(f"p{i}" for i in range(n))), z.z3.Reals(" ".join(f"c{i}" for i in range(n)))
            falling = [p[i] >= p[i + 1] for i in range(n - 1)] + [x > 0 for x in c]
            falling.append(p[-1] >= 0)
            for k in range(1, n + 1):
                kept = [p[k - 1] > 0] if positive else []
                for mask in z.masks(n):
                    worth = z.z3.Sum([p[i] for i in mask]) >= z.z3.Sum(p[:k])
                    spent = z.z3.Sum([c[i] for i in mask])
                    cheap = [z.z3.Sum([c[i] for i in few]) <= spent for few in itertools.combinations(range(n), k)]
                    yield [*falling, *kept, worth], z.z3.Or(cheap)

    domain = f"all real p >= 0 descending with p_k > 0, c > 0, n <= {n_max}, every k and every mask"
    return from_smt("D19a", z.prove(obligations()), domain=domain, reach=f"n <= {n_max}; every n by the lemma")


def lemma(seed: int = 0, fewer: bool = True) -> Verdict:
    """Every n: of what M lacks of Top-K each is >= t > 0, of what it has beyond each is <= t, and it has fewer."""
    gained, lost, t, more, less = z.z3.Reals("gained lost t more less")
    setting = [gained <= more * t, lost >= less * t, t > 0, more >= 0, more < less if fewer else more <= less]
    reach = "every n: a mask of fewer than k items is worth less; t is Top-K's smallest score; the counting is prose"
    claim = gained < lost
    return from_smt("D19a", z.prove([(setting, claim)]), domain="two sums, all reals", reach=reach, method="lemmas")


def tightness(seed: int = 0, extra: int = 1) -> Verdict:
    """Attained with ties; without them missed by one item: m dear and 2m cheap coordinates, budgets of m dear ones."""
    words = "m coordinates at cost M, 2m at 1, B = m M; m = 1 .. 64, M = 2, 10, 1000; magnitudes equal, or 1 + i/2^20"
    trials, closest = 0, Rational(0)
    for m, dear in itertools.product((1, 2, 8, 64), (2, 10, 1000)):
        cost = np.r_[np.full(m, float(dear)), np.ones(2 * m)]
        tied = Instance.from_scores(np.ones(3 * m), cost, m * dear)
        falling = Instance.from_scores(1 + np.arange(3 * m)[::-1] / 2.0**20, cost, m * dear)
        for instance, items in ((tied, m), (falling, m + extra)):
            best = top_k(instance)
            cheap = int(best.mask.sum()) == m and best.spent == m * dear
            worth = sum(map(Rational, instance.score[m : m + items]), Rational(0))
            trials += 1
            if not (cheap and worth >= best.retained and bounds.least_cost_at_score(instance, best) == m):
                found = {"n": 3 * m, "M": dear, "items": items, "left": str(worth), "right": str(best.retained)}
                return Verdict("D19a", "tightness", Outcome.REFUTED, words, "one suffices", trials, None, found)
        closest = max(closest, (1 - Rational(m + extra, m * dear)) / bounds.saving_ceiling(falling, top_k(falling)))
    observed = {"largest saving without ties, of the ceiling": float(closest)}
    return Verdict("D19a", "tightness", Outcome.CHECKED, words, "these instances, exact", trials, observed=observed)


def count_exhaustion(seed: int = 0) -> Verdict:
    """D19b: the smallest counterexample, an item dearer than the whole budget."""
    return exhaust("D19b", holds_k_items, n=3, p=3, c=3)


def count_search(seed: int = 0) -> Verdict:
    """D19b by property-based search."""
    return search("D19b", holds_k_items, instances(), seed=seed)


def at_scale(seed: int = 0) -> Verdict:
    """1,000 coordinates of every family: CWMP's own cost at Top-K's score."""
    return sample("D19a", holds_at_scale, seed=seed, n=1000, per_family=1, method="at scale")


CHECKS = (
    Check("D19a", "smt", smt),
    Check("D19a", "lemmas", lemma),
    *standard_checks("D19a", holds, small=(3, 3, 3), n=8, per_family=10, at_scale=False),
    Check("D19a", "at scale", at_scale),
    Check("D19a", "tightness", tightness),
    Check("D19b", "exhaustion", count_exhaustion),
    Check("D19b", "search", count_search),
)


def _mean_floor(instance: Instance, best: Selection) -> Rational:
    """``k`` times the mean cost: what a selector blind to costs would pay."""
    return int(best.mask.sum()) * instance.total_cost / instance.d if instance.d else Rational(0)


def _one_more(instance: Instance, best: Selection) -> Rational:
    """The ``k + 1`` smallest costs."""
    k = int(best.mask.sum())
    return sum(map(Rational, np.sort(instance.cost)[: k + 1]), Rational(0)) if k else Rational(0)


def _three_for_one() -> Instance:
    """Top-K keeps three items of score 1; the fourth is worth nine and dearer than the budget."""
    return Instance.from_scores(np.array([1.0, 1, 1, 9]), np.array([1.0, 1, 1, 4]), 3)


FALSEHOODS = (
    Falsehood("D19a", "k + 1 items are needed, ties or not", lambda: exhaust(
        "D19a", lambda i, o: holds(i, o, _one_more))),
    Falsehood("D19a", "a selector pays the mean cost at least", lambda: sample(
        "D19a", lambda i, o: holds(i, o, _mean_floor), seed=0, n=8)),
    Falsehood("D19a", "scores of 0 count too, over all reals", lambda: smt(n_max=2, positive=False)),
    Falsehood("D19a", "as few items may be worth as much", lambda: lemma(fewer=False)),
    Falsehood("D19a", "without ties k items do as well", lambda: tightness(extra=0)),
    Falsehood("D19b", "all but one item are needed at least", lambda: exhaust(
        "D19b", lambda i, o: holds_k_items(i, o, 1), domain=[_three_for_one()], words="one instance")),
)  # fmt: skip
