"""D20. Equal sparsity is a trade.

    D20a   S the k best by |g|^a/c, T the k best by |g|^b/c, 0 < a < b <= infinity (infinite: by |g| alone), any tie
               rule: c(S) <= c(T)   and   p(S) <= p(T)
    D20b   (false) if S is the k best by |g|/c and c(S) < c(Top-K's k), Top-K with the energy c(S) retains at most p(S)

Assumptions: at least k non-zero entries (zeros may be exchanged for one another at any cost). Kinds: identity, false.
Source: exchange argument.

Proof idea. Let i be in S only, j in T only. (g_i/g_j)^a >= c_i/c_j >= (g_i/g_j)^b, so |g_i| <= |g_j|, and then c_i <=
(g_i/g_j)^a c_j <= c_j. There are as many of the one sort as of the other. So "cheaper at the same sparsity" holds for
every update, every cost and every such score, and "retains less" as well: it shows nothing about either rule.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from functools import lru_cache

import numpy as np
from hypothesis import strategies as st

from proofs_check.methods import smt as z
from proofs_check.methods.instances import FAMILIES, family_instance
from proofs_check.methods.judge import Check, Falsehood, Oracle, Violation, exhaust, from_smt, refuted, search, survived
from proofs_check.methods.rational import Rational
from theory.claims.verdict import Verdict
from theory.instance import Instance
from theory.selection.order import density_order
from theory.selection.selectors import top_k

Ties = Callable[[Instance, Rational | None, int], Iterator[tuple[int, ...]]]

EXPONENTS = (Rational(1, 2), Rational(1), Rational(2), None)  # None: by |g| alone
WORDS = "exponents 1/2, 1, 2 of |g| over c, and |g| alone; every k, every way to break ties"


def key(score: Rational, cost: Rational, exponent: Rational | None) -> Rational:
    """What orders like ``|g|^exponent/c`` and is rational for rational ``p = g^2``: its fourth power."""
    return score if exponent is None else score ** int(2 * exponent) / cost**4


@lru_cache(maxsize=1)  # every k and every exponent of one instance follow each other
def exact(instance: Instance) -> tuple[list[Rational], list[Rational]]:
    """Its scores and its costs."""
    return [Rational(p) for p in instance.score.tolist()], [Rational(c) for c in instance.cost.tolist()]


def k_best(instance: Instance, exponent: Rational | None, k: int) -> Iterator[tuple[int, ...]]:
    """Every choice of the ``k`` best, ties broken in all ways."""
    keys = [key(p, c, exponent) for p, c in zip(*exact(instance), strict=True)]
    edge = sorted(keys, reverse=True)[k - 1]
    above, tied = [i for i, x in enumerate(keys) if x > edge], [i for i, x in enumerate(keys) if x == edge]
    for some in itertools.combinations(tied, k - len(above)):
        yield (*above, *some)


def totals(instance: Instance, items: tuple[int, ...]) -> tuple[Rational, Rational]:
    """``c`` and ``p`` of a mask."""
    score, cost = exact(instance)
    return sum((cost[i] for i in items), Rational(0)), sum((score[i] for i in items), Rational(0))


def holds(instance: Instance, _: Oracle, zeros_too: bool = False, backwards: bool = False) -> Violation | None:
    """Both comparisons, for every pair of exponents, every k and every way to break ties."""
    most = instance.d if zeros_too else int(np.count_nonzero(instance.score))
    for k in range(1, most + 1):
        sets = [[totals(instance, mask) for mask in k_best(instance, a, k)] for a in EXPONENTS]
        for low, high in itertools.combinations(sets, 2):
            for (spent, kept), (spent_t, kept_t) in itertools.product(low, high):
                if spent > spent_t:
                    return Violation(f"c(S) <= c(T) at k = {k}", spent, spent_t)
                if kept > kept_t or (backwards and kept < kept_t):
                    return Violation(f"p(S) {'>=' if backwards else '<='} p(T) at k = {k}", kept, kept_t)
    return None


def _items(n: int, g: int, c: int) -> Iterator[Instance]:
    """Multisets of at most ``n`` items with scores 0, 1, 4 .. g^2, costs 1..c, smallest first; the budget is idle."""
    items = sorted(itertools.product(range(g + 1), range(1, c + 1)), key=sum)
    for size in range(1, n + 1):
        for chosen in itertools.combinations_with_replacement(items, size):
            magnitude, cost = np.array(chosen, dtype=float).T
            yield Instance(magnitude, cost, int(cost.sum()))


def exhaustion(seed: int = 0, zeros_too: bool = False) -> Verdict:
    """D20a on a finite domain."""
    words = f"multisets of n <= 4 items, |g| in 0..3, c in 1..3; {WORDS}"
    return exhaust("D20a", lambda i, o: holds(i, o, zeros_too), domain=_items(4, 3, 3), words=words)


def smt(seed: int = 0, strict: bool = True) -> Verdict:
    """One pair, all real magnitudes and costs: what is in S only is no larger and no dearer than what is in T only.

    For a = 1 and b = 2, for a = 1 and b infinite, and for a = 2 and b infinite.
    """
    gi, gj, ci, cj = z.z3.Reals("g_i g_j c_i c_j")
    setting = [gi >= 0, gj > 0 if strict else gj >= 0, ci > 0, cj > 0]
    first, second = gi * cj >= gj * ci, gi * gi * cj >= gj * gj * ci
    pairs = ([first, gi * gi * cj <= gj * gj * ci], [first, gi <= gj], [second, gi <= gj])
    obligations = [([*setting, *both], z.z3.And(gi <= gj, ci <= cj)) for both in pairs]
    reach = "a, b = 1, 2, infinity; one pair for every n, the counting is prose"
    return from_smt("D20a", z.prove(obligations), domain="two items, all reals", reach=reach)


def families(seed: int = 0, backwards: bool = False, n: int = 40) -> Verdict:
    """Random families with the library's own order."""
    rng, trials = np.random.default_rng(seed), 0
    words = f"{len(FAMILIES)} families of magnitudes x costs, {n} coordinates, k = 1, 4, 10, 20; |g|/c, g^2/c and |g|"
    for family in FAMILIES:
        for _ in range(5):
            instance = family_instance(*family, n, rng)
            one = np.ones_like(instance.cost)
            magnitude = np.abs(np.asarray(instance.update, dtype=float))
            keys = ((magnitude, instance.cost), (instance.score, instance.cost), (instance.score, one))
            orders = [density_order(weight, cost) for weight, cost in keys]
            trials += 1
            for k in (1, 4, 10, 20):
                seen = [totals(instance, tuple(order[:k])) for order in orders]
                for (spent, kept), (spent_t, kept_t) in itertools.combinations(seen, 2):
                    wrong = kept < kept_t if backwards else spent > spent_t or kept > kept_t
                    if wrong:
                        violation = Violation(f"c(S) <= c(T) and p(S) <= p(T) at k = {k}", f"{kept}", f"{kept_t}")
                        return refuted("D20a", "families", instance, violation, domain=words, trials=trials, seed=seed)
    return survived("D20a", "families", words, trials, seed)


@st.composite
def updates(draw: st.DrawFn) -> Instance:
    """Small integer updates with integer costs; the budget pays for all."""
    items = draw(st.lists(st.tuples(st.integers(0, 9), st.integers(1, 9)), min_size=1, max_size=5))
    magnitude, cost = np.array(items, dtype=float).reshape(-1, 2).T
    return Instance(magnitude, cost, int(cost.sum()))


def shrinking(seed: int = 0) -> Verdict:
    """D20a by property-based search."""
    words = "at most 5 items with integer magnitudes 0..9 and costs 1..9; " + WORDS
    return search("D20a", holds, updates(), seed=seed, examples=200, words=words)


def better_at_its_energy(instance: Instance, _: Oracle, exponent: Rational = Rational(1)) -> Violation | None:
    """D20b, at every k; ties for S are left aside and T's count as they cost least, so that no order of ties helps."""
    for k in range(1, int(np.count_nonzero(instance.score)) + 1):
        chosen, *others = k_best(instance, exponent, k)
        if others:
            continue
        (spent, kept), spent_t = (
            totals(instance, chosen),
            min(totals(instance, t)[0] for t in k_best(instance, None, k)),
        )
        at_its_energy = instance.with_budget(spent)
        other = top_k(at_its_energy).retained
        if spent < spent_t and other > kept:
            return Violation(f"Top-K with the energy of the {k} best retains at most p(S)", other, kept, at_its_energy)
    return None


def better_exhaustion(seed: int = 0, exponent: Rational = Rational(1)) -> Verdict:
    """D20b: the smallest counterexample."""
    words = "multisets of n <= 3 items, |g| in 0..3, c in 1..3; every k where S has no ties"
    judge = lambda i, o: better_at_its_energy(i, o, exponent)  # noqa: E731
    return exhaust("D20b", judge, domain=_items(3, 3, 3), words=words)


def better_search(seed: int = 0) -> Verdict:
    """D20b by property-based search."""
    words = "at most 5 items with integer magnitudes 0..9 and costs 1..9; every k where S has no ties"
    return search("D20b", better_at_its_energy, updates(), seed=seed, examples=2000, words=words)


def better_smt(seed: int = 0) -> Verdict:
    """D20b: a real counterexample of three items, the first two by |g|/c against the largest alone."""
    g, c = z.z3.Reals("g0 g1 g2"), z.z3.Reals("c0 c1 c2")
    setting = [x > 0 for x in (*g, *c)] + [g[i] * c[2] > g[2] * c[i] for i in (0, 1)]
    setting += [g[2] > g[0], g[0] > g[1], c[2] <= c[0] + c[1], c[2] + c[0] > c[0] + c[1]]
    claim = g[0] * g[0] + g[1] * g[1] >= g[2] * g[2]
    return from_smt("D20b", z.prove([(setting, claim)]), domain="three items, all reals", reach="one suffices")


CHECKS = (
    Check("D20a", "smt", smt),
    Check("D20a", "exhaustion", exhaustion),
    Check("D20a", "families", families),
    Check("D20a", "search", shrinking),
    Check("D20b", "exhaustion", better_exhaustion),
    Check("D20b", "smt", better_smt),
    Check("D20b", "search", better_search),
)

FALSEHOODS = (
    Falsehood("D20a", "entries of 0 may be among the k", lambda: exhaustion(zeros_too=True)),
    Falsehood("D20a", "so they may, over all reals", lambda: smt(strict=False)),
    Falsehood("D20a", "the cheaper set retains as much", lambda: families(backwards=True)),
    Falsehood("D20b", "so it is with |g|^(1/2)/c", lambda: better_exhaustion(exponent=Rational(1, 2))),
)
