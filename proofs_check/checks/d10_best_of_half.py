"""D10. Best-of keeps at least half.

    p(best-of) >= OPT / 2,   and 1/2 cannot be improved

Assumptions: none, because items dearer than the budget are left out before ordering; without that rule every item
must fit alone (c_max <= B). Kind: lower. Source: Martello & Toth 1990, section 2.4 (extended greedy).

Proof idea. OPT <= p(prefix) + p_s (D4). Fill keeps at least the prefix, the best single item at least p_s, so their
sum is at least OPT and the better one at least half of it. Tightness: p = (1 + 2e, 1, 1), c = (1 + e, 1, 1), B = 2
keeps 1 + 2e of OPT = 2.
"""

from __future__ import annotations

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
    enumerated,
    from_smt,
    search,
    standard_checks,
)  # fmt: skip
from proofs_check.methods.rational import Rational
from theory.claims.verdict import Outcome, Verdict
from theory.instance import Instance
from theory.optimum import bounds
from theory.selection.order import density_order, longest_affordable
from theory.selection.selectors import Selection, cwmp

Selector = Callable[[Instance], Selection]


def best_of(instance: Instance) -> Selection:
    """CWMP, the better of fill and the best single affordable item."""
    return cwmp(instance, rounding="best-of")


def holds(
    instance: Instance, optimum: Oracle, selector: Selector = best_of, share: Rational | None = None
) -> Violation | None:
    """``p(selector) >= share OPT``."""
    share = bounds.best_of_share() if share is None else share
    retained, least = selector(instance).retained, share * optimum(instance)
    return Violation(f"p(best-of) >= {share} OPT", retained, least) if retained < least else None


def smt(seed: int = 0, n_max: int = 5, twice: Rational = Rational(2)) -> Verdict:
    """All real p, c, B: no feasible mask is worth more than twice both the prefix and every single item."""

    def obligations() -> Iterator[tuple[list[Any], Any]]:
        factor = z.rational(twice)
        for n in range(1, n_max + 1):
            for case in z.greedy_cases(n):
                best = [factor * case.score(range(case.taken)), *(factor * p for p in case.p)]
                for mask in z.masks(n):
                    feasible = case.spent(mask) <= case.budget
                    yield [*case.assumptions, feasible], z.z3.Or([case.score(mask) <= b for b in best])

    domain = f"all real p >= 0, c > 0, B with n <= {n_max} items, every mask"
    return from_smt("D10", z.prove(obligations()), domain=domain, reach=f"n <= {n_max}; every n from D4")


def tightness(seed: int = 0) -> Verdict:
    """The family of the proof idea: the share kept falls to 1/2."""
    shares = []
    for k in range(1, 50, 4):
        e = 2.0**-k
        instance = Instance.from_scores(np.array([1 + 2 * e, 1, 1]), np.array([1 + e, 1, 1]), 2)
        shares.append(best_of(instance).retained / enumerated(instance))
    attained = shares == sorted(shares, reverse=True) and shares[-1] - Rational(1, 2) < Rational(1, 10**14)
    return Verdict(
        "D10", "tightness", Outcome.CHECKED if attained else Outcome.REFUTED,
        "p = (1 + 2e, 1, 1), c = (1 + e, 1, 1), B = 2 with e = 2^-1 .. 2^-49, exact", "the limit e -> 0", len(shares),
        observed={"smallest share kept": float(shares[-1])},
    )  # fmt: skip


CHECKS = (
    Check("D10", "smt", smt),
    *standard_checks("D10", holds),
    Check("D10", "tightness", tightness),
)


def _blocked_by_the_unaffordable(instance: Instance) -> Selection:
    """The rule without leaving out: an item dearer than the budget stops the prefix, and may be the best single."""
    order = density_order(instance.score, instance.cost)
    taken, spent = longest_affordable(instance.cost[order], instance.budget)
    mask = np.zeros(instance.d, dtype=bool)
    mask[order[:taken]] = True
    return Selection(mask, spent, instance.retained(mask))


FALSEHOODS = (
    Falsehood("D10", "the prefix alone keeps half",
              lambda: search("D10", lambda i, o: holds(i, o, cwmp), instances(), seed=0)),
    Falsehood("D10", "items dearer than the budget need not be left out",
              lambda: search("D10", lambda i, o: holds(i, o, _blocked_by_the_unaffordable), instances(), seed=0)),
    Falsehood("D10", "it keeps 3/5, over all reals", lambda: smt(n_max=3, twice=Rational(5, 3))),
)  # fmt: skip
