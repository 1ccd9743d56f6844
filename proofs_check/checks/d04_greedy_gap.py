"""D4. The greedy gap is at most the critical item's share.

    OPT - p(prefix) <= phi p_s <= p_s

Assumptions: none. Kind: tight (an upper bound, attained in the limit). Source: Dantzig 1957.

Proof idea. The relaxation allows every feasible mask, so OPT <= LP. By D2 the relaxation's optimum is
p(prefix) + phi p_s. Tightness: two items, the first tiny and dense, the second as dear as the budget:
p = (eps, 1), c = (eps/2, 1), B = 1 gives OPT = 1, p(prefix) = eps, phi -> 1.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from proofs_check.methods import smt as z
from proofs_check.methods.instances import instances
from proofs_check.methods.judge import (
    Check,
    Falsehood,
    Oracle,
    Violation,
    certified,
    enumerated,
    exhaust,
    from_smt,
    sample,
    search,
)  # fmt: skip
from proofs_check.methods.rational import Rational
from theory.claims.verdict import Outcome, Verdict
from theory.instance import Instance
from theory.optimum import bounds
from theory.optimum.relaxation import Relaxation, relax

Bound = Callable[[Instance, Relaxation], Rational]


def holds(instance: Instance, optimum: Oracle, bound: Bound = bounds.greedy_gap) -> Violation | None:
    """``OPT - p(prefix) <= bound <= p_s`` on one instance, exactly."""
    relaxation = relax(instance)
    gap, limit = optimum(instance) - instance.retained(relaxation.prefix), bound(instance, relaxation)
    if gap > limit:
        return Violation("OPT - p(prefix) <= phi p_s", gap, limit)
    s = relaxation.critical_item
    largest = Rational(0) if s is None else Rational(instance.score[s])
    return Violation("phi p_s <= p_s", limit, largest) if limit > largest else None


def smt(seed: int = 0, n_max: int = 5, share: Rational = Rational(1)) -> Verdict:
    """All real p, c, B: no mask of up to ``n_max`` items beats the prefix by more than ``share * phi p_s``."""

    def obligations():  # type: ignore[no-untyped-def]
        for n in range(1, n_max + 1):
            for case in z.greedy_cases(n):
                k, p, c = case.taken, case.p, case.c
                for mask in z.masks(n):
                    feasible = [z.z3.Sum([c[i] for i in mask]) <= case.budget]
                    gain = z.z3.Sum([p[i] for i in mask]) - z.z3.Sum(p[:k])
                    left = case.budget - z.z3.Sum(c[:k])
                    bound = gain * c[k] <= z.rational(share) * left * p[k] if k < n else gain <= 0
                    yield case.assumptions + feasible, bound

    domain = f"all real p >= 0, c > 0, B with n <= {n_max} items, every mask"
    return from_smt("D4", z.prove(obligations()), domain=domain, reach=f"n <= {n_max}; every n follows from D2 and D3")


def exhaustion(seed: int = 0, bound: Bound = bounds.greedy_gap) -> Verdict:
    """Every small integer instance against enumeration."""
    return exhaust("D4", lambda instance, optimum: holds(instance, optimum, bound))


def families(seed: int = 0, bound: Bound = bounds.greedy_gap) -> Verdict:
    """Random families against enumeration."""
    return sample("D4", lambda instance, optimum: holds(instance, optimum, bound), seed=seed)


def certificate(seed: int = 0, bound: Bound = bounds.greedy_gap) -> Verdict:
    """Random families of 1,000 coordinates against certified optima."""
    judge = lambda instance, optimum: holds(instance, optimum, bound)  # noqa: E731
    return sample("D4", judge, seed=seed, n=1000, per_family=1, method="certificate", oracle=certified)


def shrinking(seed: int = 0, bound: Bound = bounds.greedy_gap) -> Verdict:
    """Property-based search over hard small instances."""
    return search("D4", lambda instance, optimum: holds(instance, optimum, bound), instances(), seed=seed)


def tightness(seed: int = 0) -> Verdict:
    """The family of the proof idea: gap / (phi p_s) climbs to 1."""
    ratios = []
    for k in range(1, 60, 4):
        eps = 2.0**-k
        instance = Instance.from_scores(np.array([eps, 1.0]), np.array([eps / 2, 1.0]), 1)
        relaxation = relax(instance)
        gap = enumerated(instance) - instance.retained(relaxation.prefix)
        ratios.append(gap / bounds.greedy_gap(instance, relaxation))
    attained = ratios == sorted(ratios) and 1 - ratios[-1] < Rational(1, 10**15)
    return Verdict(
        "D4", "tightness", Outcome.CHECKED if attained else Outcome.REFUTED,
        "p = (eps, 1), c = (eps/2, 1), B = 1 with eps = 2^-1 .. 2^-57, exact", "the limit eps -> 0", len(ratios),
        observed={"largest gap / bound": float(ratios[-1])},
    )  # fmt: skip


def _half(instance: Instance, relaxation: Relaxation) -> Rational:
    return bounds.greedy_gap(instance, relaxation) / 2


def _stale_fraction(instance: Instance, relaxation: Relaxation) -> Rational:
    """``phi`` computed from ``B/C`` instead of what the prefix leaves."""
    s = relaxation.critical_item
    return Rational(0) if s is None else instance.budget / instance.total_cost * Rational(instance.score[s])


CHECKS = (
    Check("D4", "smt", smt),
    Check("D4", "exhaustion", exhaustion),
    Check("D4", "families", families),
    Check("D4", "certificate", certificate),
    Check("D4", "search", shrinking),
    Check("D4", "tightness", tightness),
)

FALSEHOODS = (
    Falsehood("D4", "the gap is at most half the critical item's share", lambda: exhaustion(bound=_half)),
    Falsehood("D4", "the same, over all reals", lambda: smt(n_max=2, share=Rational(1, 2))),
    Falsehood("D4", "phi is the budget's share of the total", lambda: families(bound=_stale_fraction)),
)
