"""D5. CWMP is optimal for the energy it spends.

    c(M) <= c(prefix)   implies   p(M) <= p(prefix)

This is the exact sense in which the abstract's "optimal greedy solution" is true.

Assumptions: none. Kind: tight. Source: the paper's abstract; formalised here.

Proof idea. Take any lambda between the ratio of the last item taken and that of the first one left. Items of the
prefix have p_i >= lambda c_i, the others p_i <= lambda c_i, so p(M) - p(prefix) <= lambda (c(M) - c(prefix)) <= 0.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from proofs_check.methods import smt as z
from proofs_check.methods.judge import (
    Check,
    Falsehood,
    Oracle,
    Violation,
    from_smt,
    sample,
    standard_checks,
)  # fmt: skip
from theory.claims.verdict import Verdict
from theory.instance import Instance
from theory.selection.selectors import Selection, cwmp, top_k

Selector = Callable[[Instance], Selection]


def holds(instance: Instance, optimum: Oracle, selector: Selector = cwmp) -> Violation | None:
    """OPT at the energy actually spent is what the selector retained."""
    chosen = selector(instance)
    best = optimum(instance.with_budget(chosen.spent))
    return Violation("p(prefix) = OPT at budget c(prefix)", chosen.retained, best) if chosen.retained != best else None


def smt(seed: int = 0, n_max: int = 5, extra: int = 0) -> Verdict:
    """All real p, c, B: every mask of up to ``n_max`` items that costs no more than the prefix (plus ``extra`` c_s)."""

    def obligations() -> Iterator[tuple[list[Any], Any]]:
        for n in range(1, n_max + 1):
            for case in z.greedy_cases(n):
                k = range(case.taken)
                more = extra * case.c[case.taken] if case.taken < n else 0
                for mask in z.masks(n):
                    within = case.spent(mask) <= case.spent(k) + more
                    yield [*case.assumptions, within], case.score(mask) <= case.score(k)

    domain = f"all real p >= 0, c > 0, B with n <= {n_max} items, every mask"
    return from_smt("D5", z.prove(obligations()), domain=domain, reach=f"n <= {n_max}; every n by the lemmas")


def lemmas(seed: int = 0) -> Verdict:
    """One item: what it adds to ``p(M) - p(prefix) - lambda (c(M) - c(prefix))`` is never positive."""
    p, c, price = z.z3.Reals("p c lambda")
    left_out = ([c > 0, p >= price * c], -p + price * c <= 0)
    taken_in = ([c > 0, p <= price * c], p - price * c <= 0)
    reach = "every n: items of the prefix have p >= lambda c, all others p <= lambda c, and the terms add up"
    return from_smt("D5", z.prove([left_out, taken_in]), domain="one item, all reals", reach=reach, method="lemmas")


CHECKS = (Check("D5", "smt", smt), Check("D5", "lemmas", lemmas), *standard_checks("D5", holds))


def _fill(instance: Instance) -> Selection:
    return cwmp(instance, rounding="fill")


FALSEHOODS = (
    Falsehood(
        "D5", "fill is optimal for what it spends", lambda: sample("D5", lambda i, o: holds(i, o, _fill), seed=0)
    ),
    Falsehood("D5", "so is Top-K", lambda: sample("D5", lambda i, o: holds(i, o, top_k), seed=0)),
    Falsehood("D5", "the prefix is optimal up to one more item's energy", lambda: smt(n_max=2, extra=1)),
)
