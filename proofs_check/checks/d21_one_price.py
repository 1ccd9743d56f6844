"""D21. One price for all clients.

    D21a   max sum_k V_k(B_k) over sum B_k = B is reached at one lambda; its 0/1 prefix misses by one critical item in
           all; equal budgets lose at most sum |lambda_k - lambda| |B_k* - B/K|, and nothing exactly if one price is a
           slope of every V_k at B/K
    D21b   (false) equal budgets are optimal for clients of unequal norm

Assumptions: for the comparison with equal budgets, every item costs at most B/K. Kinds: tight, false. Source: D2 on the
concatenation; formalises the abstract's "global energy efficiency".

Proof idea. Laid end to end, the clients are one instance: D2. V_k is concave (D15a) and lambda_k one of its slopes at
B/K, so V_k(B_k*) - V_k(B/K) <= lambda_k (B_k* - B/K), and lambda times the differences adds up to 0.

Sharpened: "iff the prices coincide" is right for slopes, not for the one slope that is called lambda_k: at a kink of
V_k every price between its two slopes is one.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np

from proofs_check.checks.d02_relaxation import best_of_vertices
from proofs_check.methods import smt as z
from proofs_check.methods.instances import FAMILIES, family_instance
from proofs_check.methods.judge import Check, Falsehood, Violation, from_smt, judge_cases, readable
from proofs_check.methods.rational import Rational
from theory.claims.verdict import Verdict
from theory.instance import Instance
from theory.optimum.pooled import PriceGain, price_gain
from theory.selection.one_price import OnePrice, one_price

ZERO = Rational(0)
_SMALL = "all pairs of clients of 2 items with scores 1..3 and costs 1..2, every half-integer total from 2 max c on"


@dataclass(frozen=True, eq=False)
class Cohort:
    """Clients as scores ``p`` and costs ``c``, and their total budget; updates are square roots, squared exactly."""

    update: list[np.ndarray]
    cost: list[np.ndarray]
    total: Rational

    def client(self, k: int, budget: Rational) -> Instance:
        """One client under some budget."""
        return Instance(self.update[k], self.cost[k], budget)

    @cached_property
    def clients(self) -> list[Instance]:
        """Each client, with nothing to spend."""
        return [self.client(k, ZERO) for k in range(len(self.update))]

    @cached_property
    def items(self) -> list[list[tuple[Rational, Rational]]]:
        """Scores (the squares, as float64 has them) and costs of each client."""
        both = [(one.score.tolist(), one.cost.tolist()) for one in self.clients]
        return [list(zip(map(Rational, score), map(Rational, cost), strict=True)) for score, cost in both]

    @cached_property
    def known(self) -> dict[tuple[int, Rational], Rational]:
        """Values found so far, of a client under a budget."""
        return {}

    def __str__(self) -> str:
        parts = (
            f"client {k}: g = ({', '.join(readable(Rational(x)) for x in g.tolist())}), "
            f"c = ({', '.join(readable(Rational(x)) for x in c.tolist())})"
            for k, (g, c) in enumerate(zip(self.update, self.cost, strict=True))
        )
        return f"{'; '.join(parts)}; B = {readable(self.total)}"


Judge = Callable[[Cohort], Violation | None]


@lru_cache(maxsize=2)
def gain_of(cohort: Cohort) -> PriceGain:
    """By the code under test."""
    return price_gain(cohort.update, cohort.cost, cohort.total)


def best_split(cohort: Cohort, budget: Rational | None = None) -> Rational:
    """The best of all splits of the budget between two clients: one of them stands at a vertex of its own."""
    spends = [{ZERO}, {ZERO}]
    for spend, items in zip(spends, cohort.items, strict=True):
        for _, c in items:
            spend |= {x + c for x in spend}
    total = cohort.total if budget is None else Rational(budget)
    firsts = {x for x in spends[0] if x <= total} | {total - x for x in spends[1] if x <= total} | {ZERO, total}
    return max(_value(cohort, 0, first) + _value(cohort, 1, total - first) for first in firsts)


def _value(cohort: Cohort, k: int, budget: Rational) -> Rational:
    """``V_k``, by vertices, items dearer than the budget not left out: these are fractions of a pooled budget."""
    budget = Rational(budget)
    if (k, budget) not in cohort.known:
        cohort.known[k, budget] = best_of_vertices(cohort.items[k], budget)
    return cohort.known[k, budget]


def slopes(cohort: Cohort, k: int) -> tuple[Rational, Rational]:
    """The slopes of ``V_k`` at ``B/K`` to its right and to its left (infinite as ``10^9``), by differences."""
    each, cost = cohort.total / len(cohort.update), Rational(1, 1 << 20)
    here = _value(cohort, k, each)
    right = (_value(cohort, k, each + cost) - here) / cost
    left = (here - _value(cohort, k, each - cost)) / cost if each >= cost else Rational(10**9)
    return right, left


def one_is_best(cohort: Cohort, factor: Rational = Rational(1), by_slopes: bool = True) -> Violation | None:
    """Everything D21a says, for two clients."""
    found, split = gain_of(cohort), best_split(cohort)
    if found.one != split:
        return Violation("value at one price = best split", found.one, split)
    if found.one - found.equal > factor * found.bound:
        return Violation("loss of equal budgets <= sum |l_k - l||B_k - B/K|", found.one - found.equal, found.bound)
    equal = sum((_value(cohort, k, cohort.total / 2) for k in range(2)), ZERO)
    if equal != found.equal:
        return Violation("equal budgets are worth", found.equal, equal)
    between = [slopes(cohort, k) if by_slopes else (found.prices[k],) * 2 for k in range(2)]
    same = max(low for low, _ in between) <= min(high for _, high in between)
    if same != (found.one == found.equal):
        return Violation("equal budgets are optimal iff the prices coincide", str(found.one == found.equal), str(same))
    if (as_much := best_split(cohort, found.at_equal_score)) != found.equal:
        return Violation("what one price retains at its lower energy", as_much, found.equal)
    return misses_one(cohort)


def misses_one(cohort: Cohort, select: Callable[..., OnePrice] = one_price) -> Violation | None:
    """The 0/1 prefix is within the budget and one critical item of the value at one price."""
    chosen, value = select(cohort.update, cohort.cost, cohort.total), gain_of(cohort).one
    spent = sum((one.spent(mask) for one, mask in zip(cohort.clients, chosen.masks, strict=True)), ZERO)
    kept = sum((one.retained(mask) for one, mask in zip(cohort.clients, chosen.masks, strict=True)), ZERO)
    if spent > cohort.total:
        return Violation("c(masks) <= B", spent, cohort.total)
    left, price = cohort.total - spent, chosen.threshold
    missing = price * left
    if value - kept != missing:
        return Violation("value - p(masks) = phi p_s", value - kept, missing)
    return None


def small_cohorts(most: int = 3) -> Iterator[Cohort]:
    """Two clients of two items each."""
    items = list(itertools.product((1.0, 2.0, 3.0)[:most], (1.0, 2.0)))
    pairs = list(itertools.combinations_with_replacement(items, 2))
    for one, two in itertools.product(pairs, repeat=2):
        (g, c), (h, e) = np.array(one).T, np.array(two).T
        dearest, whole = max(*c, *e), float(c.sum() + e.sum())
        for half in range(int(4 * dearest), int(2 * whole) + 1):
            yield Cohort([g, h], [c, e], Rational(half, 2))


def drawn_cohorts(seed: int, per_family: int) -> Iterator[Cohort]:
    """Two clients of unequal scale from every family, four coordinates each."""
    rng = np.random.default_rng(seed)
    for magnitude, cost in FAMILIES:
        for _ in range(per_family):
            one, two = (family_instance(magnitude, cost, 4, rng) for _ in range(2))
            scale, share = float(2.0 ** rng.integers(-2, 3)), Rational(int(rng.integers(1, 20)), 20)
            total = share * (one.total_cost + two.total_cost)
            least = 2 * Rational(float(max(one.cost.max(), two.cost.max())))
            updates = [one.update.astype(np.float32), (np.float32(scale) * np.asarray(two.update)).astype(np.float32)]  # type: ignore[union-attr]
            yield Cohort(updates, [one.cost, two.cost], max(total, least))


def _judged(
    method: str, cohorts: Iterable[Cohort], judge: Judge, words: str, seed: int | None, claim: str = "D21a"
) -> Verdict:
    described = lambda cohort: {"d": sum(g.size for g in cohort.update), "clients": str(cohort)}  # noqa: E731
    return judge_cases(claim, method, cohorts, judge, words, seed, described)


def exhaustion(seed: int = 0, judge: Judge = one_is_best) -> Verdict:
    """Every small cohort against every split of its budget."""
    return _judged("exhaustion", small_cohorts(2), judge, _SMALL.replace("1..3", "1 and 4"), None)


def families(seed: int = 0, judge: Judge = one_is_best) -> Verdict:
    """Random cohorts of two clients."""
    words = f"{len(FAMILIES)} families, 2 clients of 4 coordinates, scales 1/4 to 4"
    return _judged("families", drawn_cohorts(seed, 3), judge, words, seed)


def lemmas(seed: int = 0, sign: int = 1) -> Verdict:
    """One client: what it gains from B/K to B_k*, by a slope of its concave value; the budgets add up."""
    here, there, slope, price, more = z.z3.Reals("V_k V_k* l_k l x")
    concave = [there <= here + sign * slope * more]
    bound = z.z3.If((slope - price) * more > 0, (slope - price) * more, -(slope - price) * more)
    one = (concave, there - here - price * more <= bound)
    p, c, x = z.z3.Reals("p c z")
    positive = z.z3.If(p - price * c > 0, p - price * c, 0)
    dual = ([p >= 0, c > 0, price >= 0, x >= 0, x <= 1], positive - (p - price * c) * x >= 0)
    reach = "every n and every number of clients: sum (B_k* - B/K) = 0, and the terms add up"
    return from_smt(
        "D21a", z.prove([one, dual]), domain="one client, one item, all reals", reach=reach, method="lemmas"
    )


def unequal(cohort: Cohort) -> Violation | None:
    """D21b: equal budgets are as good as one price, the clients' norms being unequal."""
    norms = [float((g * g).sum()) for g in cohort.update]
    if norms[0] == norms[1]:
        return None
    equal = sum((_value(cohort, k, cohort.total / 2) for k in range(2)), ZERO)
    best = best_split(cohort)
    return Violation("equal budgets retain as much as any", equal, best) if equal < best else None


def _strict_cohorts() -> Iterator[Cohort]:
    """One cost for all, one or two items a client, no two scores alike: neither ties nor costs decide."""
    for sizes in ((1, 1), (1, 2), (2, 1), (2, 2)):
        for scores in itertools.permutations((1.0, 2.0, 3.0, 4.0), sum(sizes)):
            update = [np.array(scores[: sizes[0]]), np.array(scores[sizes[0] :])]
            for half in range(4, 2 * sum(sizes) + 1):
                yield Cohort(update, [np.ones(n) for n in sizes], Rational(half, 2))


def unequal_exhaustion(seed: int = 0, judge: Judge = unequal) -> Verdict:
    """The smallest cohort."""
    words = "two clients of 1 or 2 items, |g| = 1..4 all different, all costs 1, half-integer totals from 2 on"
    return _judged("exhaustion", _strict_cohorts(), judge, words, None, "D21b")


def unequal_smt(seed: int = 0) -> Verdict:
    """Two items against one, all real: moving a joule from the smaller client to the larger gains."""
    p, q, r = z.z3.Reals("p q r")  # scores: the larger client's two, the smaller client's one; costs 1, B = 2
    return from_smt("D21b", z.prove([([p >= q, q > 0, r > 0], p + r >= p + q)]), domain="three items of cost 1, B = 2",
                    reach="as is")  # fmt: skip


CHECKS = (
    Check("D21a", "lemmas", lemmas),
    Check("D21a", "exhaustion", exhaustion),
    Check("D21a", "families", families),
    Check("D21b", "exhaustion", unequal_exhaustion),
    Check("D21b", "smt", unequal_smt),
)


def _separate(updates: list[np.ndarray], costs: list[np.ndarray], total: Rational) -> OnePrice:
    """Each client under its own share of the joules."""
    parts = [one_price([g], [c], total / len(updates)) for g, c in zip(updates, costs, strict=True)]
    masks = tuple(part.masks[0] for part in parts)
    return OnePrice(masks, (), (), parts[0].threshold, parts[0].critical, total, Rational(1))


def _nearly_equal(cohort: Cohort) -> Violation | None:
    norms = sorted(float((g * g).sum()) for g in cohort.update)
    return unequal(cohort) if norms[1] < 2 * norms[0] else None


FALSEHOODS = (
    Falsehood("D21a", "half of the bound is enough", lambda: exhaustion(
        judge=lambda cohort: one_is_best(cohort, factor=Rational(1, 2)))),
    Falsehood("D21a", "equal budgets are optimal iff the critical items' prices coincide", lambda: exhaustion(
        judge=lambda cohort: one_is_best(cohort, by_slopes=False))),
    Falsehood("D21a", "one critical item in all, with a price each", lambda: families(
        judge=lambda cohort: misses_one(cohort, _separate))),
    Falsehood("D21a", "a value that is convex", lambda: lemmas(sign=-1)),
    Falsehood("D21b", "they are if norms differ by less than twice", lambda: unequal_exhaustion(judge=_nearly_equal)),
)  # fmt: skip
