"""D22. Costs by page.

    D22a   M(lambda) maximises p - lambda cost over all masks, is optimal for what it spends and grows as lambda falls
    D22b   at a budget it misses at most the block that does not fit: OPT - p(M) <= lambda (B - cost(M))
    D22c   (false) item-wise CWMP, pages ignored, keeps a fixed share of the page optimum

Assumptions: none for D22a and D22b; nestedness from the dearest item with its page on. Kinds: tight, upper, false.
Source: formalised here.

Proof idea. At a price the pages do not meet: each is worth max(0, sum (p - lambda c)+ - lambda f). Falling prices raise
every surplus and lower every fee, so items and pages only join.

D22c fails with equal items: one larger item draws the budget to its page, and the page full of good ones stays shut.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from proofs_check.methods import smt as z
from proofs_check.methods.judge import Check, Falsehood, Violation, from_smt, judge_cases, readable
from proofs_check.methods.rational import Rational
from theory.claims.verdict import Outcome, Verdict
from theory.optimum.page_bound import item_wise, page_bound, whole_pages
from theory.page_checker import check_pages
from theory.pages import PageCosts
from theory.selection.paged import Paged, by_pages, paged
from theory.selection.rounding import Selection

Rule = Callable[[Paged], Selection]


@dataclass(frozen=True, eq=False)
class Flash:
    """Integer scores, costs, pages and what they cost."""

    p: tuple[int, ...]
    c: tuple[int, ...]
    pages: tuple[tuple[int, int], ...]
    f: tuple[int, ...]

    def under(self, budget: Rational) -> Paged:
        """The problem as the selector takes it."""
        costs = PageCosts(self.pages, np.array(self.c, dtype=float), [float(x) for x in self.f])
        return paged(np.array(self.p, dtype=float), costs, budget, scores=True)

    def masks(self) -> list[tuple[int, int]]:
        """Cost and score of every mask, in whole numbers, by themselves."""
        found = []
        for mask in itertools.product((False, True), repeat=len(self.p)):
            cost = sum(x for x, taken in zip(self.c, mask, strict=True) if taken)
            cost += sum(f for (a, b), f in zip(self.pages, self.f, strict=True) if any(mask[a:b]))
            found.append((cost, sum(x for x, taken in zip(self.p, mask, strict=True) if taken)))
        return found


def best_for_spent(flash: Flash, rule: Rule = by_pages, room: int = 0) -> Violation | None:
    """At every budget: within it, optimal for what it spends (and ``room`` more), and larger than at the one before."""
    masks, before = flash.masks(), None
    whole = sum(flash.c) + sum(flash.f)
    dearest = max(flash.c) + max(flash.f)
    for budget in map(Rational, range(whole + 2)):
        chosen = rule(flash.under(budget))
        spent = chosen.spent
        best = max(value for cost, value in masks if cost <= spent + room)
        if spent > budget or chosen.retained != best:
            return Violation(f"optimal for what it spends, at B = {budget}", chosen.retained, best)
        if before is not None and budget > dearest and (before & ~chosen.mask).any():
            return Violation(f"grows with the budget, at B = {budget}", "not", "nested")
        before = chosen.mask if budget >= dearest else None
    return None


def within_a_block(flash: Flash, factor: Rational = Rational(1)) -> Violation | None:
    """D22b at every budget, and the bound by the checker that shares no code with the selector."""
    masks = flash.masks()
    for budget in map(Rational, range(sum(flash.c) + sum(flash.f) + 2)):
        problem = flash.under(budget)
        chosen = by_pages(problem)
        price = chosen.threshold or Rational(0)
        best = max(value for cost, value in masks if cost <= budget)
        spent, kept = chosen.spent, [bool(x) for x in chosen.mask]
        affordable = [i for (a, b), f in zip(flash.pages, flash.f, strict=True) for i in range(a, b)
                      if flash.c[i] + f <= budget]  # fmt: skip
        scores = [flash.p[i] if i in affordable else 0 for i in range(len(flash.p))]
        found = check_pages(scores, flash.c, flash.pages, flash.f, budget, kept, price)
        if (found.retained, found.spent) != (chosen.retained, spent):
            return Violation(f"the checker's sums, at B = {budget}", found.retained, chosen.retained)
        if best - chosen.retained > factor * price * (budget - spent):
            return Violation(f"OPT - p(M) <= lambda (B - cost), at B = {budget}", best - chosen.retained,
                             factor * price * (budget - spent))  # fmt: skip
        if best > found.bound or found.bound != chosen.retained + price * (budget - spent):
            return Violation(f"OPT <= dual = p(M) + lambda (B - cost), at B = {budget}", best, found.bound)
        if page_bound(problem, price) < best:
            return Violation(f"OPT <= the fast bound, at B = {budget}", best, page_bound(problem, price))
    return None


def small_flash() -> Iterator[Flash]:
    """Three items on one or two pages."""
    items = [(p, c) for p in (1, 3) for c in (0, 1, 2)]
    for chosen in itertools.combinations_with_replacement(items, 3):
        p, c = zip(*chosen, strict=True)
        for pages, fees in ((((0, 3),), ((2,),)), (((0, 1), (1, 3)), ((1, 2),))):
            for f in fees:
                yield Flash(p, c, pages, f)


def drawn_flash(seed: int, count: int) -> Iterator[Flash]:
    """Random ones, up to seven items and three pages."""
    rng = np.random.default_rng(seed)
    for _ in range(count):
        n = int(rng.integers(2, 8))
        ends = sorted({0, n, *rng.integers(1, n, 2).tolist()})
        pages = tuple(itertools.pairwise(ends))
        scores, costs, fees = (
            [int(x) for x in rng.integers(0, most, k)] for most, k in ((9, n), (5, n), (7, len(pages)))
        )
        yield Flash(tuple(scores), tuple(costs), pages, tuple(fees))


def _judged(claim: str, method: str, cases: Iterator[Flash], judge: Callable[[Flash], Violation | None], words: str,
            seed: int | None) -> Verdict:  # fmt: skip
    described = lambda flash: {  # noqa: E731
        "d": len(flash.p), "p": str(flash.p), "c": str(flash.c), "pages": str(flash.pages), "f": str(flash.f)
    }  # fmt: skip
    return judge_cases(claim, method, cases, judge, words, seed, described)


_SMALL = (
    "all multisets of 3 items, scores 1 and 3, costs 0..2, on one page of cost 2 or two of cost 1 and 2, every integer "
    "budget"
)
_DRAWN = "random integers: up to 7 items on up to 3 pages, every integer budget, against all masks"


def exhaustion(seed: int = 0, judge: Callable[[Flash], Violation | None] = best_for_spent) -> Verdict:
    """D22a on every small case, at every budget."""
    return _judged("D22a", "exhaustion", small_flash(), judge, _SMALL, None)


def families(seed: int = 0, judge: Callable[[Flash], Violation | None] = best_for_spent) -> Verdict:
    """D22a on random cases."""
    return _judged("D22a", "families", drawn_flash(seed, 12), judge, _DRAWN, seed)


def lemmas(seed: int = 0, rises: int = 1) -> Verdict:
    """One page: any choice on it is worth at most its surplus, which falls with the price."""
    p, c, x, price, more, surplus, fee, kept = z.z3.Reals("p c z l l2 s f kept")
    positive = lambda e: z.z3.If(e > 0, e, 0)  # noqa: E731
    item = ([p >= 0, c >= 0, price >= 0, x >= 0, x <= 1], (p - price * c) * x <= positive(p - price * c))
    page = ([fee >= 0, price >= 0, kept <= surplus], kept - price * fee <= positive(surplus - price * fee))
    falls = ([p >= 0, c >= 0, price >= 0, more >= price], positive(p - more * c) <= rises * positive(p - price * c))
    reach = "every n and every number of pages: items and pages do not meet at a price, and the terms add up"
    return from_smt("D22a", z.prove([item, page, falls]), domain="one item, one page, all reals", reach=reach,
                    method="lemmas")  # fmt: skip


def bound_exhaustion(seed: int = 0, factor: Rational = Rational(1)) -> Verdict:
    """D22b on every small case, at every budget."""
    return _judged("D22b", "exhaustion", small_flash(), lambda flash: within_a_block(flash, factor), _SMALL, None)


def bound_families(seed: int = 0, factor: Rational = Rational(1)) -> Verdict:
    """D22b on random cases."""
    return _judged("D22b", "families", drawn_flash(seed, 12), lambda flash: within_a_block(flash, factor), _DRAWN, seed)


# --- D22c ------------------------------------------------------------------------------------------------


def crowded(n: int) -> Flash:
    """One item of score 3 on a page of its own; n of score 2 on another; costs 1 each, pages n each."""
    return Flash((3, *[2] * n), (1,) * (n + 1), ((0, 1), (1, n + 1)), (n, n))


def keeps(flash: Flash, budget: Rational, kappa: Rational, rule: Rule = item_wise) -> Violation | None:
    """The rule keeps the share ``kappa`` of the best mask."""
    best = max(value for cost, value in flash.masks() if cost <= budget)
    kept = rule(flash.under(budget)).retained
    return Violation(f"p >= {kappa} OPT at B = {budget}", kept, kappa * best) if kept < kappa * best else None


def crowded_family(seed: int = 0) -> Verdict:
    """``3/(2n)``, exact, for n up to 11, and for every n by its formula."""
    words, trials = "1 item of score 3 and n of score 2, all of cost 1, two pages of cost n, B = 2 n", 0
    for n in range(2, 12):
        trials += 1
        share = Rational(2, n)
        if keeps(crowded(n), Rational(2 * n), share) is None:
            return Verdict("D22c", "family", Outcome.SURVIVED, words, f"the family fails at n = {n}", trials)
    smallest = crowded(2)
    lost = keeps(smallest, Rational(4), Rational(1))
    found = {"d": 3, "p": str(smallest.p), "c": str(smallest.c), "pages": str(smallest.pages), "f": str(smallest.f),
             "B": "4", "kept": readable(lost.left if lost else 0), "best": readable(lost.right if lost else 0),
             "with n of score 2": "3/(2n)"}  # fmt: skip
    return Verdict("D22c", "family", Outcome.REFUTED, words, "one counterexample suffices", trials, None, found)


def share_exhaustion(seed: int = 0, rule: Rule = item_wise, kappa: Rational = Rational(4, 5)) -> Verdict:
    """The smallest case with equal items: up to three, costs 1, two pages of cost 1 or 2, no two scores alike."""

    def cases() -> Iterator[Flash]:
        for n in (2, 3):
            for p in itertools.permutations((1, 3, 4, 5), n):
                for first in range(1, n):
                    for f in (1, 2):
                        yield Flash(p, (1,) * n, ((0, first), (first, n)), (f, f))

    def judge(flash: Flash) -> Violation | None:
        halves = range(2 * (sum(flash.c) + sum(flash.f)) + 1)
        return next(filter(None, (keeps(flash, Rational(h, 2), kappa, rule) for h in halves)), None)

    words = f"up to 3 items of cost 1, different scores of 1, 3, 4, 5, two pages of cost 1 or 2, kappa = {kappa}"
    return _judged("D22c", "exhaustion", cases(), judge, words, None)


CHECKS = (
    Check("D22a", "lemmas", lemmas),
    Check("D22a", "exhaustion", exhaustion),
    Check("D22a", "families", families),
    Check("D22b", "exhaustion", bound_exhaustion),
    Check("D22b", "families", bound_families),
    Check("D22c", "exhaustion", share_exhaustion),
    Check("D22c", "family", crowded_family),
)

FALSEHOODS = (
    Falsehood("D22a", "CWMP that ignores pages is optimal for what it spends",
              lambda: exhaustion(judge=lambda flash: best_for_spent(flash, item_wise))),
    Falsehood("D22a", "so are whole pages", lambda: families(judge=lambda flash: best_for_spent(flash, whole_pages))),
    Falsehood("D22a", "optimal for a joule more", lambda: families(judge=lambda flash: best_for_spent(flash, room=1))),
    Falsehood("D22a", "a page's surplus rises with the price", lambda: lemmas(rises=0)),
    Falsehood("D22b", "half of the block is enough", lambda: bound_exhaustion(factor=Rational(1, 2))),
    Falsehood("D22c", "whole pages keep that share", lambda: share_exhaustion(rule=whole_pages)),
)  # fmt: skip
