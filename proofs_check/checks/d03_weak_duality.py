"""D3. Weak duality, item by item.

    lambda B + sum (p_i - lambda c_i)+ - sum p_i z_i
        = lambda (B - sum c_i z_i) + sum [ (p_i - lambda c_i)+ - (p_i - lambda c_i) z_i ]

for every lambda >= 0 and z in [0,1]^d with sum c_i z_i <= B, and every term on the right is >= 0.

Assumptions: none. Kind: identity. Source: Lagrangian duality (Boyd & Vandenberghe 2004, section 5.2).

Proof idea. Add and subtract lambda sum c_i z_i: the identity is algebra. With r = p_i - lambda c_i the terms are
r+ - r z >= 0, because r z <= r+ for z in [0,1]. This is the whole theory of the certificates: what a mask loses
against the dual bound is a sum of non-negative terms, one per item and one for unspent budget.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import sympy

from proofs_check.methods import smt as z
from proofs_check.methods.instances import small_domain, small_instances
from proofs_check.methods.judge import Check, Falsehood, Oracle, Violation, exhaust, from_smt, sample
from proofs_check.methods.rational import Rational
from theory.claims.verdict import Outcome, Verdict
from theory.instance import Instance

Term = Callable[[Rational, Rational], Rational]

ZERO = Rational(0)
_PRICES = (Rational(0), Rational(1, 2), Rational(3))
_LEVELS = (Rational(0), Rational(1, 2), Rational(1))


def slack_of(r: Rational, z_i: Rational) -> Rational:
    """``r+ - r z``: what one item at level ``z`` loses against the bound."""
    return max(r, Rational(0)) - r * z_i


@dataclass(frozen=True)
class Priced:
    """An instance in exact numbers, at one lambda: ``p``, ``c``, ``B``, the reduced scores and the bound."""

    p: list[Rational]
    c: list[Rational]
    budget: Rational
    price: Rational
    reduced: list[Rational]
    bound: Rational

    @classmethod
    def at(cls, instance: Instance, price: Rational) -> Priced:
        """By the definition."""
        p, c = ([Rational(x) for x in of.tolist()] for of in (instance.score, instance.cost))
        budget, reduced = Rational(instance.budget), [pi - price * ci for pi, ci in zip(p, c, strict=True)]
        return cls(p, c, budget, price, reduced, price * budget + sum((max(r, ZERO) for r in reduced), ZERO))


def holds_at(priced: Priced, levels: tuple[Rational, ...], term: Term) -> Violation | None:
    """Both sides at one lambda and one z, and the signs of the terms."""
    spent = sum((ci * y for ci, y in zip(priced.c, levels, strict=True)), ZERO)
    if spent > priced.budget:
        return None
    terms = [term(r, y) for r, y in zip(priced.reduced, levels, strict=True)]
    terms.append(priced.price * (priced.budget - spent))
    lost = priced.bound - sum((pi * y for pi, y in zip(priced.p, levels, strict=True)), ZERO)
    if lost != (added := sum(terms, ZERO)):
        return Violation("bound - sum p z = sum of terms", lost, added)
    return Violation("every term >= 0", min(terms), 0) if min(terms) < 0 else None


def holds(instance: Instance, _: Oracle, term: Term = slack_of) -> Violation | None:
    """Every z with levels 0, 1/2 and 1, at three prices."""
    for price in _PRICES:
        priced = Priced.at(instance, price)
        for levels in itertools.product(_LEVELS, repeat=instance.d):
            if violation := holds_at(priced, levels, term):
                return violation
    return None


def exhaustion(seed: int = 0, term: Term = slack_of) -> Verdict:
    """Every small instance, z and price of a finite domain."""
    words = small_domain(3, 2, 2) + "; z in {0, 1/2, 1}^n, lambda in {0, 1/2, 3}"
    judge = lambda instance, optimum: holds(instance, optimum, term)  # noqa: E731
    return exhaust("D3", judge, domain=small_instances(3, 2, 2), words=words)


def families(seed: int = 0, term: Term = slack_of) -> Verdict:
    """Random families with a random dyadic z and a price near the items' own ratios."""
    rng = np.random.default_rng(seed)

    def judge(instance: Instance, _: Oracle) -> Violation | None:
        price = Rational(float(np.median(instance.score / instance.cost)))
        levels = tuple(Rational(int(k), 64) for k in rng.integers(0, 65, instance.d))
        return holds_at(Priced.at(instance.with_budget(instance.total_cost), price), levels, term)

    return sample("D3", judge, seed=seed, n=20, per_family=20)


def smt(seed: int = 0, lowest_price: int = 0) -> Verdict:
    """The one-item lemmas over all reals; they add up to the claim for every n."""

    def lemmas() -> Iterator[tuple[list[object], object]]:
        p, c, price, y, budget, spent, bound, value = z.z3.Reals("p c lambda z B spent bound value")
        setting = [p >= 0, c > 0, price >= lowest_price, y >= 0, y <= 1]
        r = p - price * c
        positive = z.z3.If(r > 0, r, 0)
        yield setting, positive - r * y >= 0
        yield [*setting, spent <= budget], price * (budget - spent) >= 0
        # one more item: it keeps "value <= bound + lambda spent", the induction step, if its own term is >= 0
        yield [*setting, value <= bound + price * spent], value + p * y <= bound + positive + price * (spent + c * y)

    reach = "every n, by induction on the items: no item, then one more"
    return from_smt("D3", z.prove(lemmas()), domain="one item and the budget, all reals", reach=reach)


def symbolic(seed: int = 0) -> Verdict:
    """The identity with n = 6 symbolic items, the positive parts as free symbols."""
    n = 6
    price, budget = sympy.symbols("lambda B")
    p, c, y, plus = (sympy.symbols(f"{name}0:{n}") for name in ("p", "c", "z", "r"))
    left = price * budget + sum(plus) - sum(p[i] * y[i] for i in range(n))
    terms = [plus[i] - (p[i] - price * c[i]) * y[i] for i in range(n)]
    right = price * (budget - sum(c[i] * y[i] for i in range(n))) + sum(terms)
    outcome = Outcome.CHECKED if sympy.expand(left - right) == 0 else Outcome.REFUTED
    return Verdict("D3", "symbolic", outcome, f"{n} symbolic items", "linear in the items, so any number of them", 1)


CHECKS = (
    Check("D3", "smt", smt),
    Check("D3", "symbolic", symbolic),
    Check("D3", "exhaustion", exhaustion),
    Check("D3", "families", families),
)

FALSEHOODS = (
    Falsehood(
        "D3", "the terms are r - r z, without the positive part", lambda: exhaustion(term=lambda r, y: r - r * y)
    ),
    Falsehood("D3", "the terms are |r| (1 - z)", lambda: families(term=lambda r, y: abs(r) * (1 - y))),
    Falsehood("D3", "lambda may be negative", lambda: smt(lowest_price=-1)),
)
