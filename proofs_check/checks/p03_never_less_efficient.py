"""P3. CWMP is never less efficient than Top-K.

    P3a   R(beta) = V/V_K >= 1, and R = 1 at every budget exactly when a larger p/c always means a larger p
    P3b   (false) R = 1 at one budget means that the orders agree

Assumptions: E p and E c finite. Kinds: lower, false. Source: Neyman-Pearson exchange.

Proof idea. Any rule z in [0, 1] with E[c z] = beta E c has E[p z] = lambda beta E c + E[(p - lambda c) z], which is at
most the dual value with equality only if z = 1 where p > lambda c and 0 where p < lambda c. Top-K's rule is one such z.
It reaches equality at every budget only if every set {p > lambda c} is met on the way down in |g|: agreeing orders.
Ties of p/c do not matter, since either rule may cut them anywhere; ties of p do, since Top-K shares them.
At a single budget the two rules may cut at the same set although they order it differently inside.
"""

from __future__ import annotations

import numpy as np

from proofs_check.methods import smt as z
from proofs_check.methods.finite_laws import FiniteLaw, by_density, by_score, small_laws
from proofs_check.methods.judge import Check, Falsehood, from_smt, survived
from proofs_check.methods.rational import Rational
from theory.claims.verdict import Outcome, Verdict


def smt(seed: int = 0, slack: Rational = Rational(0)) -> Verdict:
    """One item, all reals: ``(p - lambda c)+ >= (p - lambda c) z`` for z in [0, 1], strictly for another rule."""
    p, c, lam, share = z.z3.Reals("p c lambda z")
    setting = [p >= 0, c > 0, lam >= 0, share >= 0, share <= 1]
    profit = p - lam * c
    best = z.z3.If(profit > 0, profit, 0)
    gap = best - profit * share - z.rational(slack)
    ties = z.z3.Implies(gap == 0, z.z3.And(z.z3.Implies(profit > 0, share == 1), z.z3.Implies(profit < 0, share == 0)))
    reach = "every law: integrate over it; one item, all reals"
    return from_smt("P3a", z.prove([(setting, gap >= 0), (setting, ties)]), domain="one item, all reals", reach=reach)


def orders_agree(law: FiniteLaw) -> bool:
    """A larger p/c always means a larger p."""
    atoms = [(p, Rational(p, c)) for p, c in zip(law.score, law.cost, strict=True)]
    return all(a[0] > b[0] for a in atoms for b in atoms if a[1] > b[1])


def _ratio_is_one(law: FiniteLaw, beta: Rational) -> tuple[Rational, Rational, bool]:
    v, v_k = law.retained(beta, by_density), law.retained(beta, by_score)
    return v, v_k, v == v_k


def exhaustion(seed: int = 0, agree: object = orders_agree) -> Verdict:
    """Every small law at 11 budgets: V >= V_K, and equality at all of them exactly when the orders agree."""
    words = "all laws of 2 or 3 atoms with p in 0..3, c in 1..3, masses 1 or 2, beta = 1/12 .. 11/12"
    trials = 0
    for law in small_laws():
        values = [_ratio_is_one(law, Rational(k, 12)) for k in range(1, 12)]
        trials += len(values)
        worse = [(v, v_k) for v, v_k, _ in values if v < v_k]
        everywhere = all(same for _, _, same in values)
        if worse or everywhere != agree(law):  # type: ignore[operator]
            found = {"law": str(law), "should": "V >= V_K, equal everywhere iff the orders agree"}
            found |= {"equal everywhere": str(everywhere)}
            return Verdict("P3a", "exhaustion", Outcome.REFUTED, words, "one suffices", trials, None, found)
    return Verdict("P3a", "exhaustion", Outcome.CHECKED, words, "exactly the stated finite domain", trials)


def families(seed: int = 0, gain: Rational = Rational(1)) -> Verdict:
    """Random laws of up to eight atoms, exact limits."""
    rng, trials = np.random.default_rng(seed), 400
    words = "laws of 2 to 8 atoms, p in 0..50, c in 1..20, masses 1..9, beta = k/100"
    for trial in range(trials):
        law, beta = _random_law(rng)
        v, v_k, _ = _ratio_is_one(law, beta)
        if v < gain * v_k:
            found = {
                "law": str(law),
                "beta": str(beta),
                "should": f"V >= {gain} V_K",
                "left": str(v),
                "right": str(v_k),
            }
            return Verdict("P3a", "families", Outcome.REFUTED, words, "one suffices", trial + 1, None, found, seed=seed)
    return survived("P3a", "families", words, trials, seed)


def _random_law(rng: np.random.Generator) -> tuple[FiniteLaw, Rational]:
    n = int(rng.integers(2, 9))
    score, cost, mass = (tuple(rng.integers(low, high, n).tolist()) for low, high in ((0, 51), (1, 21), (1, 10)))
    score = (score[0] + 1, *score[1:])
    return FiniteLaw(score, cost, mass), Rational(int(rng.integers(1, 100)), 100)


def one_budget_exhaustion(seed: int = 0, budgets: range = range(1, 12)) -> Verdict:
    """P3b: the first small law with R = 1 at some budget and orders that disagree."""
    words = (
        f"all laws of 2 or 3 atoms with p in 0..3, c in 1..3, masses 1 or 2, beta = {budgets[0]}/12 .. {budgets[-1]}/12"
    )
    trials = 0
    for law in small_laws():
        for k in budgets:
            trials += 1
            if not orders_agree(law) and _ratio_is_one(law, Rational(k, 12))[2]:
                return _shared_cut("exhaustion", words, law, Rational(k, 12), trials, None)
    return Verdict("P3b", "exhaustion", Outcome.CHECKED, words, "the stated finite domain", trials)


def one_budget_search(seed: int = 0) -> Verdict:
    """P3b among random laws."""
    rng, words = np.random.default_rng(seed), "random laws of 2 to 8 atoms, p in 0..50, c in 1..20"
    for trial in range(1, 5001):
        law, beta = _random_law(rng)
        if _ratio_is_one(law, beta)[2] and not orders_agree(law):
            return _shared_cut("search", words, law, beta, trial, seed)
    return Verdict("P3b", "search", Outcome.SURVIVED, words, "sampling never proves", 5000, seed=seed)


def _shared_cut(method: str, words: str, law: FiniteLaw, beta: Rational, trials: int, seed: int | None) -> Verdict:
    v, v_k, _ = _ratio_is_one(law, beta)
    found = {"d": len(law.mass), "law": str(law), "beta": str(beta), "V E p": str(v), "V_K E p": str(v_k)}
    return Verdict("P3b", method, Outcome.REFUTED, words, "one counterexample suffices", trials, None, found, seed=seed)


def _same_by_score(law: FiniteLaw) -> bool:
    """Orders "agree" when the dearest atom is the largest: half of the truth."""
    top = max(range(len(law.mass)), key=lambda j: law.score[j])
    return law.order(by_density)[0] == top


CHECKS = (
    Check("P3a", "smt", smt),
    Check("P3a", "exhaustion", exhaustion),
    Check("P3a", "families", families),
    Check("P3b", "exhaustion", one_budget_exhaustion),
    Check("P3b", "search", one_budget_search),
)

FALSEHOODS = (
    Falsehood("P3a", "the exchange gains something always", lambda: smt(slack=Rational(1, 100))),
    Falsehood("P3a", "equal tops are equal orders", lambda: exhaustion(agree=_same_by_score)),
    Falsehood("P3a", "V is 1 % larger at least", lambda: families(gain=Rational(101, 100))),
    Falsehood("P3b", "equality at half the energy is enough", lambda: one_budget_exhaustion(budgets=range(6, 7))),
)
