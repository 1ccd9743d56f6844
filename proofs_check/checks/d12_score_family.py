"""D12. The score must match the loss.

    D12a   the order of w(|g_i|)/c_i, with the fractional critical item, maximises sum w(|g_i|) z_i over the relaxation
    D12b   (false) the order of |g_i|/c_i maximises sum g_i^2 z_i over the relaxation

Assumptions: w >= 0, w(0) = 0. Kinds: tight, false. Source: D2 with p replaced by w(|g|); D12b is one of three
readings of the abstract, which does not print its score.

Proof idea. D2 used nothing of p but p >= 0. So g^2/c, which orders like |g|/sqrt(c), is optimal for the l2 loss, and
|g|/c for the l1 loss; |g|/c for l2 puts 1/c of one unit beside 1/c of one item of two units.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

import numpy as np
from hypothesis import strategies as st
from numpy.typing import NDArray

from proofs_check.checks.d02_relaxation import best_vertex
from proofs_check.methods import smt as z
from proofs_check.methods.judge import Check, Falsehood, Oracle, Violation, exhaust, from_smt, sample, search
from proofs_check.methods.rational import Rational
from theory.claims.verdict import Verdict
from theory.instance import Instance
from theory.selection.bracket import greedy_prefix
from theory.selection.entries import entries_of
from theory.selection.selectors import Loss, cwmp, loss_weight


def relaxed_value(instance: Instance, order_by: Loss, worth: NDArray[np.float64]) -> Rational:
    """What the order of ``order_by`` collects of ``worth``, the critical item in part."""
    taken = cwmp(instance, loss=order_by)
    s = greedy_prefix(entries_of(instance, loss_weight(instance, order_by)), instance.budget).critical_item
    value = sum(map(Rational, worth[taken.mask]), Rational(0))
    if s is None:
        return value
    return value + (instance.budget - taken.spent) / Rational(instance.cost[s]) * Rational(worth[s])


def holds(instance: Instance, _: Oracle, order_by: Loss = "l1", judged_by: Loss = "l1") -> Violation | None:
    """The order of one loss collects the best vertex of the relaxation of (another) one."""
    worth = loss_weight(instance, judged_by)
    best = best_vertex(Instance.from_scores(worth, instance.cost, instance.budget))
    value = relaxed_value(instance, order_by, worth)
    return Violation("value of the order = best vertex", value, best) if value != best else None


def cubed(magnitude: NDArray[np.float64]) -> NDArray[np.float64]:
    """A loss nobody asked for: ``w = |g|^3``."""
    return magnitude**3


def every_loss(instance: Instance, optimum: Oracle) -> Violation | None:
    """The l1, l2 and cubic losses, each in its own order."""
    return next((v for w in ("l1", "l2", cubed) if (v := holds(instance, optimum, w, w))), None)  # type: ignore[arg-type]


def _updates() -> Iterator[Instance]:
    items = list(itertools.product((0.0, 1.0, 2.0, 3.0), (1.0, 2.0)))
    for n in range(4):
        for chosen in itertools.combinations_with_replacement(items, n):
            update, cost = np.array(chosen).reshape(-1, 2).T
            for half in range(2 * int(cost.sum()) + 2):
                yield Instance(update, cost, Rational(half, 2))


_WORDS = "multisets of n <= 3 items, |g| in 0..3, c in {1, 2}, all half-integer budgets"


@st.composite
def updates(draw: st.DrawFn) -> Instance:
    """Small integer updates, so that every loss is exact, with integer costs."""
    items = draw(st.lists(st.tuples(st.integers(-9, 9), st.integers(1, 9)), max_size=5))
    update, cost = np.array(items, dtype=float).reshape(-1, 2).T
    return Instance(update, cost, draw(st.integers(0, 30)))


def exhaustion(seed: int = 0) -> Verdict:
    """D12a on a finite domain."""
    return exhaust("D12a", every_loss, domain=_updates(), words=_WORDS)


def families(seed: int = 0) -> Verdict:
    """D12a on random families."""
    judge = lambda i, o: holds(i, o) or holds(i, o, "l2", "l2")  # noqa: E731
    return sample("D12a", judge, seed=seed, n=6, per_family=8)


def shrinking(seed: int = 0) -> Verdict:
    """D12a by property-based search."""
    return search(
        "D12a", every_loss, updates(), seed=seed, words="at most 5 items with integer updates -9..9 and costs 1..9"
    )


def smt_own_loss(seed: int = 0, n_max: int = 3) -> Verdict:
    """D12a over all reals: weights w >= 0 in their own order, every z."""

    def obligations() -> Iterator[tuple[list[Any], Any]]:
        for n in range(1, n_max + 1):
            for case in z.greedy_cases(n):
                k, x = case.taken, z.z3.Reals(" ".join(f"z{i}" for i in range(n)))
                box = [y >= 0 for y in x] + [y <= 1 for y in x]
                spent = z.z3.Sum([c * y for c, y in zip(case.c, x, strict=True)])
                gain = z.z3.Sum([w * y for w, y in zip(case.p, x, strict=True)]) - case.score(range(k))
                left = case.budget - case.spent(range(k))
                bound = gain * case.c[k] <= left * case.p[k] if k < n else gain <= 0
                yield [*case.assumptions, *box, spent <= case.budget], bound

    domain = f"all real w >= 0, c > 0, B and z in [0,1]^n with n <= {n_max}"
    return from_smt("D12a", z.prove(obligations()), domain=domain, reach=f"n <= {n_max}; w enters only by its values")


def wrong_score(seed: int = 0) -> Verdict:
    """D12b on a finite domain: the smallest counterexample."""
    return exhaust("D12b", lambda i, o: holds(i, o, "l1", "l2"), domain=_updates(), words=_WORDS)


def wrong_score_search(seed: int = 0) -> Verdict:
    """D12b by property-based search."""
    return search("D12b", lambda i, o: holds(i, o, "l1", "l2"), updates(), seed=seed)


def wrong_score_smt(seed: int = 0) -> Verdict:
    """D12b: a real counterexample of two items, one unit of budget."""
    g0, g1, c0, c1, budget = z.z3.Reals("g0 g1 c0 c1 B")
    setting = [g0 >= 0, g1 >= 0, c0 > 0, c1 > 0, g0 * c1 >= g1 * c0, budget >= c0, budget >= c1, budget < c0 + c1]
    first = g0 * g0 + g1 * g1 * (budget - c0) / c1
    other = g1 * g1 + g0 * g0 * (budget - c1) / c0
    return from_smt("D12b", z.prove([(setting, first >= other)]), domain="two items, all reals", reach="one suffices")


CHECKS = (
    Check("D12a", "smt", smt_own_loss),
    Check("D12a", "exhaustion", exhaustion),
    Check("D12a", "families", families),
    Check("D12a", "search", shrinking),
    Check("D12b", "exhaustion", wrong_score),
    Check("D12b", "smt", wrong_score_smt),
    Check("D12b", "search", wrong_score_search),
)

FALSEHOODS = (
    Falsehood("D12a", "the order of the l2 loss serves l1", lambda: sample(
        "D12a", lambda i, o: holds(i, o, "l2", "l1"), seed=0, n=6)),
    Falsehood("D12b", "the order of the cubic loss serves l2", lambda: sample(
        "D12b", lambda i, o: holds(i, o, cubed, "l2"), seed=0, n=6)),
)  # fmt: skip
