"""D15. The value of a larger budget.

    D15a   for B >= c_max the relaxation's value V(B) is concave and non-decreasing, of slope lambda(B), and the
           prefixes are nested: B <= B' implies prefix(B) subset of prefix(B')
    D15b   (false) the same nesting for fill
    D15c   (false) the nesting of prefixes at every budget

Assumptions: B >= c_max for D15a and D15b. Kinds: identity, false, false. Source: parametric linear programming.

Proof idea. From c_max on, all items are considered and the order no longer depends on B, so a larger budget only
takes more of the same order. V(B') <= lambda B' + sum (p - lambda c)+ = V(B) + lambda (B' - B) for every B', by
D3: lambda is a supergradient. Fill skips the critical item for cheap later ones and takes it when the budget
allows, perhaps at their expense. Below c_max a larger budget lets a dear item in, which may block the rest.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from proofs_check.checks.d13_contraction_cwmp import dearest_fits
from proofs_check.methods import smt as z
from proofs_check.methods.instances import instances, small_domain, small_instances
from proofs_check.methods.judge import (
    Check,
    Falsehood,
    Oracle,
    Violation,
    exhaust,
    from_smt,
    sample,
    search,
    standard_checks,
)  # fmt: skip
from proofs_check.methods.rational import Rational
from theory.claims.verdict import Verdict
from theory.instance import Instance
from theory.optimum.relaxation import Relaxation, relax
from theory.selection.selectors import Rounding, cwmp

Slope = Callable[[Relaxation], Rational]


def _larger_budgets(instance: Instance) -> Iterator[Instance]:
    """The instance with more to spend: by each cost, by half of it, and with everything paid for."""
    for cost in sorted(set(instance.cost.tolist())):
        yield instance.with_budget(instance.budget + Rational(cost) / 2)
        yield instance.with_budget(instance.budget + Rational(cost))
    yield instance.with_budget(max(instance.budget, instance.total_cost))


def nested(instance: Instance, _: Oracle, rounding: Rounding = "prefix") -> Violation | None:
    """No larger budget drops an item."""
    chosen = cwmp(instance, rounding=rounding).mask
    for richer in _larger_budgets(instance):
        more = cwmp(richer, rounding=rounding).mask
        if (chosen & ~more).any():
            relation = f"{rounding}(B) subset of {rounding}(B'), B' = {richer.budget}"
            return Violation(relation, str(chosen.nonzero()[0].tolist()), str(more.nonzero()[0].tolist()))
    return None


def concave(
    instance: Instance, optimum: Oracle, slope: Slope = lambda relaxation: relaxation.threshold
) -> Violation | None:
    """``V(B) <= V(B') <= V(B) + lambda (B' - B)``, equal while the critical item is the same; nested prefixes."""
    here = relax(instance)
    price = slope(here)
    for richer in _larger_budgets(instance):
        there, more = relax(richer), richer.budget - instance.budget
        if there.value < here.value:
            return Violation("V(B) <= V(B')", here.value, there.value)
        if there.value > here.value + price * more:
            return Violation("V(B') <= V(B) + lambda (B' - B)", there.value, here.value + price * more)
        if there.critical_item == here.critical_item and there.value != here.value + price * more:
            return Violation("V(B') = V(B) + lambda (B' - B)", there.value, here.value + price * more)
    return nested(instance, optimum)


def smt(seed: int = 0, n_max: int = 4, up: bool = True) -> Verdict:
    """All real p, c, B <= B': the next length of prefix is no shorter, and lambda is a supergradient."""

    def obligations() -> Iterator[tuple[list[Any], Any]]:
        for n in range(1, n_max + 1):
            for case in z.greedy_cases(n):
                richer, k = z.z3.Real("B2"), case.taken
                more = [richer >= case.budget] if up else []
                yield [*case.assumptions, *more], case.spent(range(k)) <= richer
                for later in range(n + 1):
                    fits = [case.spent(range(later)) <= richer]
                    stops = [case.spent(range(later + 1)) > richer] if later < n else []
                    if k == n or not up:
                        continue
                    gain = case.score(range(later)) - case.score(range(k))
                    if later < n:  # compare values times c_s and c_s', cleared of denominators
                        left, right = case.budget - case.spent(range(k)), richer - case.spent(range(later))
                        scale, p, c = case.c[k] * case.c[later], case.p, case.c
                        bound = (
                            scale * gain + right * p[later] * c[k] <= (left + richer - case.budget) * p[k] * c[later]
                        )
                    else:
                        bound = case.c[k] * gain <= (richer - case.spent(range(k))) * case.p[k]
                    yield [*case.assumptions, *more, *fits, *stops], bound

    domain = f"all real p >= 0, c > 0, c_max <= B <= B' with n <= {n_max}"
    return from_smt("D15a", z.prove(obligations()), domain=domain, reach=f"n <= {n_max}; every n from D3")


def _false(claim: str, rounding: Rounding, keep: Callable[[Instance], bool]) -> tuple[Check, ...]:
    """The checks of the two false nestings."""
    judge = lambda i, o: nested(i, o, rounding)  # noqa: E731
    words = small_domain(3, 3, 3)

    def exhaustion(seed: int) -> Verdict:
        return exhaust(claim, judge, domain=filter(keep, small_instances(3, 3, 3)), words=words)

    def shrinking(seed: int) -> Verdict:
        return search(claim, judge, instances().filter(keep), seed=seed)

    return Check(claim, "exhaustion", exhaustion), Check(claim, "search", shrinking)


CHECKS = (
    Check("D15a", "smt", smt),
    *standard_checks(
        "D15a", concave, keep=dearest_fits, given="B >= c_max", small=(3, 3, 2), per_family=6, at_scale=False
    ),
    *_false("D15b", "fill", dearest_fits),
    *_false("D15c", "prefix", lambda _: True),
)


def _next_ratio(relaxation: Relaxation) -> Rational:
    return relaxation.threshold / 2


FALSEHOODS = (
    Falsehood("D15a", "the slope is half of lambda", lambda: sample(
        "D15a", lambda i, o: concave(i, o, _next_ratio), seed=0, keep=dearest_fits)),
    Falsehood("D15a", "the concavity needs no assumption on c_max", lambda: search(
        "D15a", concave, instances(), seed=0)),
    Falsehood("D15a", "a smaller budget keeps the prefix, over all reals", lambda: smt(n_max=2, up=False)),
    Falsehood("D15b", "best-of is nested", lambda: sample(
        "D15b", lambda i, o: nested(i, o, "best-of"), seed=0, keep=dearest_fits)),
    Falsehood("D15c", "fill is nested at every budget", lambda: sample(
        "D15c", lambda i, o: nested(i, o, "fill"), seed=0)),
)  # fmt: skip
