"""D23. Safety has a price, and it is small.

    D23a   the relaxation with p(z, l) >= theta p(T, l) in every layer l is solved by reserves and one threshold;
           its value is at least (1 - theta) V_CWMP + theta p(T), and the reserves cost at most theta E_T
    D23b   in whole items nothing is lost but phi p_s and, for each starved layer, lambda c_r - p_r
    D23c   (false) there is theta > 0 such that CWMP keeps theta p(T, l) in every layer

Assumptions: layers partition the coordinates, T is Top-K under the same budget, 0 <= theta <= 1; for D23b the whole
reserves fit the budget together. Kinds: tight, upper, false. Source: formalised here.

Proof idea. The dual has a multiplier for the budget and one for each layer's floor: it orders by (1 + mu_l) p/c, and
mu_l > 0 only where the reserve is longer than the threshold's prefix. (1 - theta) z* + theta T is feasible, which
bounds the value from below, and theta T alone pays for the floors, which bounds the reserves. That the floors hold in
every layer is that they hold in every weighing a >= 0 of the layers.

D23c fails with three items: Top-K spends everything on the largest, two better ones push it out.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property, lru_cache

import numpy as np
from scipy.optimize import linprog

from proofs_check.methods import smt as z
from proofs_check.methods.instances import FAMILIES, family_instance, small_domain, small_instances
from proofs_check.methods.judge import (
    Check,
    Falsehood,
    Oracle,
    Violation,
    describe,
    exhaust,
    from_smt,
    judge_cases,
)
from proofs_check.methods.rational import Rational
from proofs_check.oracles import enumerate_masks
from theory.claims.verdict import Verdict
from theory.instance import Instance
from theory.optimum.relaxation import relax
from theory.optimum.safety import SafeRelaxation, relax_safe
from theory.selection.rounding import Rounding, Selection
from theory.selection.safe import safe
from theory.selection.selectors import cwmp, top_k

ZERO = Rational(0)
_SMALL = (
    "all sequences of n <= 3 items with scores 1..3 and costs 1..2, in one or two layers, every integer budget, "
    "theta = 1/2 and 1"
)


@dataclass(frozen=True, eq=False)
class Case:
    """An instance, the sizes of its layers, and theta."""

    instance: Instance
    sizes: tuple[int, ...]
    theta: Rational

    @cached_property
    def layers(self) -> list[range]:
        """The items of each layer."""
        ends = list(itertools.accumulate(self.sizes))
        return [range(end - size, end) for end, size in zip(ends, self.sizes, strict=True)]

    @property
    def p(self) -> list[Rational]:
        """Scores, exact."""
        return _exact(self.instance)[0]

    @property
    def c(self) -> list[Rational]:
        """Costs, exact."""
        return _exact(self.instance)[1]

    @property
    def budget(self) -> Rational:
        """``B``, exact."""
        return _exact(self.instance)[2]

    @property
    def top(self) -> Selection:
        """What Top-K keeps."""
        return _top_k(self.instance)

    @cached_property
    def owed(self) -> list[Rational]:
        """``theta p(T, l)``."""
        kept, p = self.top.mask, self.p
        return [self.theta * sum((p[i] for i in layer if kept[i]), ZERO) for layer in self.layers]


@lru_cache(maxsize=1)  # cases of one instance follow each other
def _exact(instance: Instance) -> tuple[list[Rational], list[Rational], Rational]:
    """Scores, costs and budget."""
    p = [Rational(instance.exact_score(i)) for i in range(instance.d)]
    return p, [Rational(x) for x in instance.cost.tolist()], Rational(instance.budget)


_top_k, _relax = lru_cache(maxsize=1)(top_k), lru_cache(maxsize=1)(relax)
Solver = Callable[[Case], SafeRelaxation]
Judge = Callable[[Case], Violation | None]


def solved(case: Case) -> SafeRelaxation:
    """By the code under test."""
    return relax_safe(case.instance, case.sizes, case.theta)


def optimal(case: Case, solver: Solver = solved, promise: Rational = Rational(0)) -> Violation | None:
    """Primal and dual, both added up here, item by item, agree; the value is what theta promises.

    Args:
        promise: a share of CWMP's gain over Top-K that is promised on top.
    """
    found, p, c, budget = solver(case), case.p, case.c, case.budget
    share = [Rational(found.parts.get(i, int(whole))) for i, whole in enumerate(found.whole.tolist())]
    value, spent = (sum((x * y for x, y in zip(of, share, strict=True)), ZERO) for of in (p, c))
    if spent > budget:
        return Violation("c(z) <= B", spent, budget)
    price = Rational(found.threshold)
    dual = price * budget
    for layer, owed, raised in zip(case.layers, case.owed, map(Rational, found.raised), strict=True):
        kept = sum((p[i] * share[i] for i in layer), ZERO)
        if kept < owed or raised < 0:
            return Violation("p(z, l) >= theta p(T, l)", kept, owed)
        dual -= raised * owed
        dual += sum((max((1 + raised) * p[i] - price * c[i], ZERO) for i in layer if c[i] <= budget), ZERO)
    if value != dual or found.value != value:
        return Violation("primal = dual", value, dual)
    plain, top = Rational(_relax(case.instance).value), Rational(case.top.retained)
    least = (1 - case.theta) * plain + case.theta * top + promise * (plain - top)
    return Violation("V(theta) >= (1 - theta) V + theta p(T)", value, least) if value < least else None


def frugal(case: Case, whole: bool = False) -> Violation | None:
    """The cheapest way to reach the floors, layer by layer, costs at most ``theta E_T`` (in ``whole`` items: false)."""
    spent, p, c = ZERO, case.p, case.c
    for layer, owed in zip(case.layers, case.owed, strict=True):
        may = [i for i in layer if c[i] <= case.budget and p[i]]
        for i in sorted(may, key=lambda i: (-p[i] / c[i], i)):
            part = min(Rational(1), owed / p[i]) if owed > 0 else ZERO
            spent, owed = spent + c[i] * (Rational(int(part > 0)) if whole else part), owed - part * p[i]
    most = case.theta * Rational(case.top.spent)
    return Violation("the reserves cost at most theta E_T", spent, most) if spent > most else None


def in_whole_items(
    case: Case, chosen: Callable[[Case], Selection] | None = None, allowed: Rational = Rational(1)
) -> Violation | None:
    """D23b: safe, within the budget, and as close to the best safe mask, by enumeration, as is claimed."""
    instance, p, c = case.instance, case.p, case.c
    found = safe(instance, case.sizes, case.theta) if chosen is None else chosen(case)
    kept = [sum((p[i] for i in layer if found.mask[i]), ZERO) for layer in case.layers]
    for got, owed in zip(kept, case.owed, strict=True):
        if got < owed:
            return Violation("p(S, l) >= theta p(T, l)", got, owed)
    if found.spent > instance.budget:
        return Violation("c(S) <= B", found.spent, instance.budget)
    s = found.critical_item
    price = ZERO if s is None else p[s] / c[s]
    loss, fits = price * (case.budget - Rational(found.spent)), ZERO
    for layer, owed, got in zip(case.layers, case.owed, kept, strict=True):
        reserve = _reserve(case, layer, owed)
        fits += sum((c[i] for i in reserve), ZERO)
        if reserve and got == sum((p[i] for i in reserve), ZERO):
            loss += max(price * c[reserve[-1]] - p[reserve[-1]], ZERO)
    if fits > case.budget:
        return None  # D23b does not speak of it; the floors and the budget were checked all the same
    best = _best(case, case.owed)
    lost, relation = best - found.retained, "OPT_safe - p(S) <= phi p_s + sum (lambda c_r - p_r)+"
    return Violation(relation, lost, allowed * loss) if lost > allowed * loss else None


def _reserve(case: Case, layer: range, owed: Rational) -> list[int]:
    """The first items of a layer's order that reach what it is owed."""
    p, c, found = case.p, case.c, []
    may = [i for i in layer if c[i] <= case.instance.budget and p[i]]
    for i in sorted(may, key=lambda i: (-p[i] / c[i], i)):
        if owed <= 0:
            break
        found.append(i)
        owed -= p[i]
    return found


def _best(case: Case, floors: Sequence[Rational]) -> Rational:
    """The best mask within the budget that keeps the floors, by looking at all."""
    table, best = enumerate_masks(case.instance), 0
    needs = [
        (sum(1 << i for i in layer), floor / table.value_unit) for layer, floor in zip(case.layers, floors, strict=True)
    ]
    for k, (cost, value) in enumerate(zip(table.cost, table.value, strict=True)):
        if cost <= table.budget and value > best and all(table.value[k & layer] >= need for layer, need in needs):
            best = value
    return best * Rational(table.value_unit)


def small_cases(n: int = 3, p: int = 3, c: int = 2) -> Iterator[Case]:
    """Every sequence of few items, in one or two layers."""
    items = list(itertools.product(range(1, p + 1), range(1, c + 1)))
    for size in range(1, n + 1):
        for chosen in itertools.product(items, repeat=size):
            score, cost = np.array(chosen, dtype=float).T
            for first in range(size):
                sizes = (first, size - first) if first else (size,)
                base = Instance.from_scores(score, cost, 0)
                for budget in range(1, int(cost.sum()) + 1):
                    instance = base.with_budget(Fraction(budget))
                    yield from (Case(instance, sizes, theta) for theta in (Rational(1, 2), Rational(1)))


def drawn_cases(seed: int, n: int, per_family: int) -> Iterator[Case]:
    """Random instances of every family, in up to four layers, with theta of a few tenths."""
    rng = np.random.default_rng(seed)
    for magnitude, cost in FAMILIES:
        for _ in range(per_family):
            cuts = np.sort(rng.integers(0, n + 1, 3))
            sizes = tuple(np.diff([0, *cuts.tolist(), n]).tolist())
            yield Case(family_instance(magnitude, cost, n, rng), sizes, Rational(int(rng.integers(0, 11)), 10))


def _judged(claim: str, method: str, cases: Iterable[Case], judge: Judge, words: str, seed: int | None) -> Verdict:
    def with_layers(case: Case) -> Violation | None:
        found = judge(case)
        words = f"(layers of {case.sizes} items, theta = {case.theta})" if found else ""
        return found and replace(found, relation=f"{found.relation} {words}")

    return judge_cases(claim, method, cases, with_layers, words, seed, lambda case: describe(case.instance))


def exhaustion(seed: int = 0, judge: Judge | None = None) -> Verdict:
    """D23a on every small case: primal, dual, the promise of theta, and the cost of the reserves."""
    both = judge or (lambda case: optimal(case) or frugal(case))
    return _judged("D23a", "exhaustion", small_cases(), both, _SMALL, None)


def families(seed: int = 0, judge: Judge | None = None) -> Verdict:
    """D23a on random families, exactly."""
    words = f"{len(FAMILIES)} families, 10 coordinates in up to 4 layers, theta = 0, 0.1 .. 1"
    both = judge or (lambda case: optimal(case) or frugal(case))
    return _judged("D23a", "families", drawn_cases(seed, 10, 10), both, words, seed)


def linear_programme(seed: int = 0, factor: float = 1.0) -> Verdict:
    """The value against a solver of linear programmes (HiGHS, float64), which knows nothing of orders."""

    def agrees(case: Case) -> Violation | None:
        p, c = (np.array([float(x) for x in of]) for of in (case.p, case.c))
        rows = [c / c.max(), *(_only(-p / p.max(), layer) for layer in case.layers)]
        most = [float(case.instance.budget) / c.max(), *(-float(x) / p.max() for x in case.owed)]
        ends = [(0, int(x <= case.instance.budget)) for x in case.c]
        answer = linprog(-p / p.max(), A_ub=np.array(rows), b_ub=most, bounds=ends, method="highs")
        best, value = -float(answer.fun) * p.max(), factor * float(solved(case).value)
        close = abs(best - value) <= 1e-6 * max(best, 1e-300)
        return None if close else Violation("V(theta) is the solver's, to 1e-6", repr(value), repr(float(best)))

    words = f"{len(FAMILIES)} families, 40 coordinates in up to 4 layers, theta = 0, 0.1 .. 1, against HiGHS"
    usable = (case for case in drawn_cases(seed, 40, 5) if case.instance.score.any())
    return _judged("D23a", "linear-programme", usable, agrees, words, seed)


def _only(values: np.ndarray, layer: range) -> np.ndarray:
    """The values inside a layer, 0 elsewhere."""
    found = np.zeros_like(values)
    found[layer.start : layer.stop] = values[layer.start : layer.stop]
    return found


def lemmas(seed: int = 0, mix: int = 1) -> Verdict:
    """One item, and one layer: everything else is a sum of these."""
    p, c, price, raised, x, theta = z.z3.Reals("p c lambda mu z theta")
    positive = z.z3.If((1 + raised) * p - price * c > 0, (1 + raised) * p - price * c, 0)
    inside = [p >= 0, c > 0, price >= 0, raised >= 0, x >= 0, x <= 1]
    item = (inside, positive - ((1 + raised) * p - price * c) * x >= 0)
    plain, top, cost, spent, budget, weight = z.z3.Reals("p_z p_T c_z c_T B a")
    mixed = [theta >= 0, theta <= 1, plain >= 0, top >= 0, cost <= budget, spent <= budget]
    floor = (mixed, (1 - theta) * plain + mix * theta * top >= mix * theta * top)
    fits = (mixed, (1 - theta) * cost + mix * theta * spent <= budget)
    weighed = ([weight >= 0, plain >= theta * top], weight * plain >= theta * weight * top)
    ratio, reserve = z.z3.Reals("rho r")
    end = z.z3.Implies(p > ratio * c, reserve == 1), z.z3.Implies(p < ratio * c, reserve == 0)
    bounds = [p >= 0, c > 0, ratio > 0, x >= 0, x <= 1, reserve >= 0, reserve <= 1, *end]
    cheapest = (bounds, (x - reserve) * (ratio * c - p) >= 0)
    domain = "one item and one layer, all reals"
    reach = "every n and every number of layers: the terms add up; unit weights a give the converse"
    decided = z.prove([item, floor, fits, weighed, cheapest])
    return from_smt("D23a", decided, domain=domain, reach=reach, method="lemmas")


def whole_exhaustion(seed: int = 0, judge: Judge = in_whole_items) -> Verdict:
    """D23b on every small case, against all masks."""
    return _judged("D23b", "exhaustion", small_cases(), judge, _SMALL, None)


def whole_families(seed: int = 0, judge: Judge = in_whole_items) -> Verdict:
    """D23b on random families, against all masks."""
    words = f"{len(FAMILIES)} families, 9 coordinates in up to 4 layers, theta = 0, 0.1 .. 1"
    return _judged("D23b", "families", drawn_cases(seed, 9, 4), judge, words, seed)


def whole_lemmas(seed: int = 0, strict: int = 1) -> Verdict:
    """Any safe mask M against S at the prices of S: what a layer's overshoot and the unspent budget are worth."""
    price, raised, gain, more, over, last, left = z.z3.Reals("lambda mu dp dc over p_r left")
    # sum over items: (1 + mu_l)(p(M, l) - p(S, l)) - lambda (c(M) - c(S)) <= 0, as S takes what is worth its price
    outside = [price >= 0, raised >= 0, more <= left, over >= 0, over < last]
    lagrange = gain + raised * (-over) * strict - price * more <= 0
    bound = ([*outside, lagrange], gain <= price * left + raised * last)
    reach = "every n, one starved layer at a time: the layers' terms add up"
    return from_smt("D23b", z.prove([bound]), domain="one layer, all reals", reach=reach, method="lemmas")


# --- D23c ----------------------------------------------------------------------------------------------

_EVERY: tuple[Rounding, ...] = ("prefix", "fill", "best-of")


def never_starved(instance: Instance, _: Oracle, roundings: tuple[Rounding, ...] = _EVERY) -> Violation | None:
    """Whether some rounding of CWMP, or its relaxation, keeps something of every item of Top-K, each a layer."""
    lost = top_k(instance).mask.copy()
    for rounding in roundings:
        if not lost.any():
            return None
        lost &= ~cwmp(instance, rounding=rounding).mask
    relaxed = relax(instance)
    lost &= ~relaxed.prefix
    if relaxed.critical_item is not None:
        lost[relaxed.critical_item] &= relaxed.fraction == 0
    if not lost.any() or not instance.score[first := int(lost.argmax())]:
        return None
    words = f"CWMP keeps a share of what Top-K keeps of layer {{{first}}}, every item a layer of its own"
    return Violation(words, 0, instance.exact_score(first))


def _strict(instance: Instance) -> bool:
    """No two scores and no two ratios are equal, so that no rule about ties decides."""
    return _all_differ(tuple(instance.score.tolist()), tuple(instance.cost.tolist()))


@lru_cache(maxsize=1)  # many budgets of the same items follow each other
def _all_differ(score: tuple[float, ...], cost: tuple[float, ...]) -> bool:
    ratios = {Rational(p) / Rational(c) for p, c in zip(score, cost, strict=True)}
    return len(ratios) == len(score) == len(set(score))


def starving_exhaustion(seed: int = 0, roundings: tuple[Rounding, ...] = _EVERY) -> Verdict:
    """The smallest instance on which every rounding and the relaxation keep nothing of a layer."""
    domain, words = filter(_strict, small_instances(3, 4, 4)), small_domain(3, 4, 4) + ", no two scores or ratios equal"
    return exhaust("D23c", lambda i, o: never_starved(i, o, roundings), domain=domain, words=words)


def starving_smt(seed: int = 0) -> Verdict:
    """Two items in one layer, one in the other, all real: no share at all, with strict inequalities."""
    p, q, c, e, budget = z.z3.Reals("p q c e B")
    given = [p > 0, q > 0, c > 0, e > 0, budget == e, q > p, p * e > q * c, 2 * c <= budget, budget < 2 * c + e]
    full = [budget == 2 * c]  # the two better ones spend everything
    obligation = ([*given, *full], q <= 0)
    return from_smt("D23c", z.prove([obligation]), domain="all real p, c, B, three items", reach="as is")


CHECKS = (
    Check("D23a", "lemmas", lemmas),
    Check("D23a", "exhaustion", exhaustion),
    Check("D23a", "families", families),
    Check("D23a", "linear-programme", linear_programme),
    Check("D23b", "lemmas", whole_lemmas),
    Check("D23b", "exhaustion", whole_exhaustion),
    Check("D23b", "families", whole_families),
    Check("D23c", "exhaustion", starving_exhaustion),
    Check("D23c", "smt", starving_smt),
)


FALSEHOODS = (
    Falsehood("D23a", "plain CWMP solves it", lambda: exhaustion(
        judge=lambda case: optimal(case, lambda case: relax_safe(case.instance, case.sizes, 0)))),
    Falsehood("D23a", "safety costs less than its share of the gain",
              lambda: exhaustion(judge=lambda case: optimal(case, promise=Rational(1, 4)))),
    Falsehood("D23a", "whole reserves cost at most theta E_T",
              lambda: exhaustion(judge=lambda case: frugal(case, True))),
    Falsehood("D23a", "the value is 1 % more", lambda: linear_programme(factor=1.01)),
    Falsehood("D23a", "twice Top-K's share still fits", lambda: lemmas(mix=2)),
    Falsehood("D23b", "plain CWMP is safe", lambda: whole_exhaustion(
        judge=lambda case: in_whole_items(case, lambda case: cwmp(case.instance)))),
    Falsehood("D23b", "Top-K itself is that close", lambda: whole_families(
        judge=lambda case: in_whole_items(case, lambda case: top_k(case.instance)))),
    Falsehood("D23b", "half of the loss is enough", lambda: whole_families(
        judge=lambda case: in_whole_items(case, allowed=Rational(1, 2)))),
    Falsehood("D23b", "an overshoot is worth twice its price", lambda: whole_lemmas(strict=3)),
    Falsehood("D23c", "fill starves no layer", lambda: starving_exhaustion(roundings=("fill",))),
)  # fmt: skip
