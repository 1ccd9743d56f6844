"""P13. The lost score concentrates whatever the tail.

    every feasible mask   loses at least  sum Y_i,   Y_i = min(p_i, lambda c_i) - lambda beta c_i
    prefix CWMP           loses at most   sum p_i 1[p_i <= lambda' c_i]   whenever the rule p > lambda' c fits the
    budget -lambda beta c_i <= Y_i <= lambda (1 - beta) c_i,      0 <= p_i 1[p_i <= lambda' c_i] <= lambda' c_i

Assumptions: costs bounded (Hoeffding, Bernstein) or E c^2 finite (one-sided Chebyshev); none of the magnitudes, so also
where E p is infinite. Kind: upper. Source: weak duality (D3) for what is lost; P8's containment; Hoeffding 1963;
Bernstein (Boucheron, Lugosi & Massart 2013, theorem 2.10); Cantelli.

Proof idea. p (1 - z) >= min(p, lambda c) - lambda c z for every z in [0, 1], and sum c z <= beta sum c: add up. The
large scores, which make the norm wander, are kept by both; what is lost has no tail that the costs do not have.
"""

from __future__ import annotations

from itertools import product
from typing import get_args

import numpy as np

from proofs_check.methods import smt as z
from proofs_check.methods.finite_laws import FiniteLaw, Rare, by_density, greedy, rare_indeed
from proofs_check.methods.instances import instances, small_domain, small_instances
from proofs_check.methods.judge import (
    Check,
    Falsehood,
    Oracle,
    Violation,
    exhaust,
    from_smt,
    search,
    survived,
)  # fmt: skip
from proofs_check.methods.rational import Rational
from theory.budget import percent
from theory.claims.verdict import Outcome, Verdict
from theory.instance import Instance
from theory.laws.lost_score import LossMethod, lost_at_least, lost_at_most, mean_loss
from theory.laws.parse import law_of
from theory.optimum.relaxation import relax
from theory.selection.selectors import cwmp

METHODS: tuple[LossMethod, ...] = get_args(LossMethod)
CASES = (
    (FiniteLaw((0, 1), (1, 1), (1, 1)), (200,), (Rational(1, 4), Rational(3, 4))),
    (FiniteLaw((0, 9), (1, 4), (2, 1)), (200, 1000), (Rational(1, 2),)),
    (FiniteLaw((1, 4, 90_000), (1, 3, 9), (2, 1, 1)), (60, 120), (Rational(1, 2), Rational(3, 4))),
    (FiniteLaw((0, 4, 3), (1, 2, 1), (3, 1, 2)), (60, 120), (Rational(1, 2),)),
)
FAILURES = (0.02, 0.1, 0.3)


def holds(
    instance: Instance, optimum: Oracle, tilt: Rational = Rational(1), slack: Rational = Rational(1)
) -> Violation | None:
    """Both inequalities at every density as lambda, and at 0 and beyond all, in exact arithmetic.

    ``tilt`` other than 1 charges that share of the budget in Y; ``slack``: the rule may cost that many budgets.
    """
    p, c = [Rational(x) for x in instance.score.tolist()], [Rational(x) for x in instance.cost.tolist()]
    budget = min(instance.budget, instance.total_cost)
    norm = sum(p, Rational(0))
    least, prefix = norm - optimum(instance), norm - cwmp(instance).retained
    levels = {Rational(0), *(x / y for x, y in zip(p, c, strict=True))}
    for price in sorted({*levels, max(levels) + 1}):
        low = sum((min(x, price * y) for x, y in zip(p, c, strict=True)), Rational(0)) - tilt * price * budget
        if least < low:
            return Violation("every mask loses at least sum Y", least, low)
        rule = sum((y for x, y in zip(p, c, strict=True) if x > price * y), Rational(0))
        most = sum((x for x, y in zip(p, c, strict=True) if x <= price * y), Rational(0))
        if rule <= slack * instance.budget and prefix > most:
            return Violation("prefix loses at most sum p 1[p <= lambda c]", prefix, most)
    return None


def exhaustion(seed: int = 0, tilt: Rational = Rational(1), slack: Rational = Rational(1)) -> Verdict:
    """Both inequalities on every small instance, against the best of all masks."""
    domain = small_domain(3, 3, 2) + ", lambda every density"
    return exhaust("P13", lambda i, o: holds(i, o, tilt, slack), domain=small_instances(3, 3, 2), words=domain)


def shrinking(seed: int = 0) -> Verdict:
    """Both inequalities by property-based search."""
    return search("P13", holds, instances(), seed=seed)


def smt(seed: int = 0, least: int = 1) -> Verdict:
    """One item, all reals: what it adds to the loss, and the ranges that the inequalities use.

    ``least``: 2 claims twice the minimum.
    """
    p, c, lam, share, beta, most = z.z3.Reals("p c lambda z beta c_max")
    setting = [p >= 0, c > 0, c <= most, lam >= 0, share >= 0, share <= 1, beta > 0, beta <= 1]
    smaller = z.z3.If(p < lam * c, p, lam * c)
    term = smaller - lam * beta * c
    dropped = z.z3.If(p <= lam * c, p, 0)
    claims = [
        (setting, p * (1 - share) >= least * smaller - lam * c * share),
        (setting, z.z3.And(term >= -lam * beta * most, term <= lam * (1 - beta) * most)),
        (setting, z.z3.And(dropped >= 0, dropped <= lam * most)),
    ]
    reach = "one item; sums over every d, and the inequalities of Hoeffding, Bernstein and Cantelli, are prose"
    return from_smt("P13", z.prove(claims), domain="one item, all reals", reach=reach)


def probabilities(seed: int = 0, weaken: float = 1.0) -> Verdict:
    """The exact probability of either bound's failure, over all outcomes of d draws from laws with few atoms."""
    words = "4 laws of 2 or 3 atoms, d = 60 to 1000, beta = 1/4, 1/2, 3/4, failure 0.02, 0.1, 0.3, three inequalities"
    events, none = [], 0
    cases = [(law, d, beta) for law, sizes, shares in CASES for d in sizes for beta in shares]
    for (law, d, beta), failure, method in product(cases, FAILURES, METHODS):
        given = law.as_sample, float(beta), d, failure, method
        low, high, mean = lost_at_least(*given), lost_at_most(*given), mean_loss(law.as_sample, float(beta))
        none += (not low.applies) + (not high.applies)
        score = np.array(law.score, dtype=np.int64)
        if low.limit is not None:
            floor = d * (mean + weaken * (low.limit - mean))

            def less(counts: np.ndarray, law=law, beta=beta, floor=floor, score=score) -> np.ndarray:  # type: ignore[no-untyped-def]
                lost = counts @ score - greedy(law, counts, beta, by_density)[1]
                return np.asarray(lost < floor * (1 - 1e-9))

            events.append(Rare(law, d, beta, f"{method} below", failure, less))
        if high.limit is not None:
            top = d * (mean + weaken * (high.limit - mean))

            def more(counts: np.ndarray, law=law, beta=beta, top=top, score=score) -> np.ndarray:  # type: ignore[no-untyped-def]
                return np.asarray(counts @ score - greedy(law, counts, beta, by_density)[0] > top * (1 + 1e-9))

            events.append(Rare(law, d, beta, f"{method} above", failure, more))
    observed, should = {"no bound at this d": none}, "P(lost outside the bound) <= failure"
    return rare_indeed("P13", "probabilities", events, words=words, should=should, observed=observed)


LAWS: tuple[tuple[str, str, LossMethod | None], ...] = (
    ("t(df=1.5)", "classes(1=0.5, 10=0.5)", "bernstein"),  # E p is infinite
    ("cauchy()", "uniform(loc=1, scale=9)", "hoeffding"),  # so is E |g|
    ("t(df=2.1)", "lognorm(s=0.5)", "chebyshev"),
    ("norm()", "classes(1=0.5, 10=0.5)", "bernstein"),
    ("norm()", "pareto(b=1.5)", None),  # E c^2 is infinite: no bound
    ("norm()", "pareto(b=0.9)", None),
)


def families(seed: int = 0, weaken: float = 1.0) -> Verdict:
    """Drawn instances between both ends; for two laws of costs the answer must be that no bound applies."""
    rng, d, beta, failure, trials, violations = np.random.default_rng(seed), 4000, 0.2, 0.05, 0, 0
    words = (
        f"6 laws, {d} coordinates, beta = {beta}, failure {failure} at either end, 60 instances each; no bound for 2"
    )
    for magnitude, cost, method in LAWS:
        law = law_of(magnitude, cost)
        if method is None:
            ends = [bound(law, beta, d, failure, m) for bound in (lost_at_least, lost_at_most) for m in METHODS]
            if any(end.applies for end in ends):
                wrong = {"law": str(law), "should": "assumptions are checked", "left": "a bound"}
                return Verdict(
                    "P13", "families", Outcome.REFUTED, words, "an assumption", trials, None, wrong, seed=seed
                )
            continue
        low, high = (bound(law, beta, d, failure, method).limit for bound in (lost_at_least, lost_at_most))
        mean = mean_loss(law, beta)
        assert low is not None
        assert high is not None
        floor, top = mean + weaken * (low - mean), mean + weaken * (high - mean)
        for _ in range(60):
            instance = Instance(*law.sample(rng, d), budget=percent(beta))
            relaxation, norm = relax(instance), instance.retained(np.ones(d, dtype=bool))
            scale = 4.0**instance.scale_exponent / d
            best = scale * float(norm - relaxation.value)
            lost = scale * float(norm - instance.retained(relaxation.prefix))
            trials, violations = trials + 1, violations + (best < floor or lost > top)
    if violations > 0.2 * trials:  # with probability 0.1 at most, 48 of 240 has probability below 1e-5
        found = {"violations": violations, "instances": trials, "should": "at most 10 % but for chance"}
        return Verdict("P13", "families", Outcome.REFUTED, words, "violations", trials, None, found, seed=seed)
    return survived("P13", "families", words, trials, seed, violations=violations)


CHECKS = (
    Check("P13", "smt", smt),
    Check("P13", "exhaustion", exhaustion),
    Check("P13", "search", shrinking),
    Check("P13", "probabilities", probabilities),
    Check("P13", "families", families),
)

FALSEHOODS = (
    Falsehood("P13", "half of the budget's price need be paid", lambda: exhaustion(tilt=Rational(1, 2))),
    Falsehood("P13", "a rule that costs twice the budget will do", lambda: exhaustion(slack=Rational(2))),
    Falsehood("P13", "the least loss is twice the minimum", lambda: smt(least=2)),
    Falsehood("P13", "the deviations are a quarter as large", lambda: probabilities(weaken=0.25)),
    Falsehood("P13", "there is no deviation", lambda: families(weaken=1e-9)),
)
