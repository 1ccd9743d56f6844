"""The ways a claim is checked, each turning a property into a :class:`Verdict`.

A *property* looks at one instance in exact arithmetic and returns what it violates, or None:

    def holds(instance: Instance, optimum: Oracle) -> Violation | None

``optimum`` gives OPT as an exact rational; which oracle stands behind it is the method's choice.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, TypeVar

import hypothesis
import numpy as np
from hypothesis import strategies as st
from scipy import stats

from proofs_check.methods.instances import FAMILIES, family_instance, instances, small_domain, small_instances
from proofs_check.methods.smt import Decided
from proofs_check.oracles import enumerate_optimum
from theory.claims.verdict import Outcome, Verdict
from theory.instance import Instance

_SHOWN = 8  # items of a counterexample written out; a larger one is found again from its seed


@dataclass(frozen=True)
class Violation:
    """A comparison that failed: ``left`` should have stood in relation ``relation`` to ``right``."""

    relation: str
    left: Fraction | int | str
    right: Fraction | int | str
    instance: Instance | None = field(default=None, compare=False)


_Case = TypeVar("_Case")
Oracle = Callable[[Instance], Fraction]
Property = Callable[[Instance, Oracle], Violation | None]


@dataclass(frozen=True)
class Check:
    """One way of judging one claim; ``run(seed)`` gives the verdict."""

    claim: str
    method: str
    run: Callable[[int], Verdict]


@dataclass(frozen=True)
class Falsehood:
    """A subtly wrong variant of a claim: ``run`` judges it with the claim's own check, which must refute it."""

    claim: str
    says: str
    run: Callable[[], Verdict]


class UndecidedError(Exception):
    """An oracle could not settle an instance; the instance is counted, not judged."""


def enumerated(instance: Instance) -> Fraction:
    """OPT by enumeration in exact arithmetic."""
    value = enumerate_optimum(instance).value
    assert value is not None  # enumeration always finishes with the empty mask at worst
    return value


def certified(instance: Instance) -> Fraction:
    """OPT from a certificate that the independent checker accepts as exact.

    Raises:
        UndecidedError: when there is only an interval.
    """
    from theory.optimum.certificate import certify

    certificate = certify(instance)
    if certificate.verdict != "exact":
        raise UndecidedError(certificate.verdict)
    return certificate.retained


def exhaust(
    claim: str, holds: Property, *, n: int = 4, p: int = 3, c: int = 2, domain: Iterable[Instance] | None = None,
    words: str = "", oracle: Oracle = enumerated,
) -> Verdict:  # fmt: skip
    """Judge every instance of a finite domain, smallest first; the first violation is a smallest one."""
    words = words or small_domain(n, p, c)
    trials = 0
    for instance in small_instances(n, p, c) if domain is None else domain:
        trials += 1
        if violation := holds(instance, oracle):
            return refuted(claim, "exhaustion", instance, violation, domain=words, trials=trials)
    return Verdict(claim, "exhaustion", Outcome.CHECKED, words, "exactly the stated finite domain", trials)


def sample(
    claim: str, holds: Property, *, seed: int, n: int = 10, per_family: int = 20, method: str = "families",
    oracle: Oracle = enumerated, keep: Callable[[Instance], bool] = lambda _: True,
) -> Verdict:  # fmt: skip
    """Judge random instances of every family of magnitudes and costs; ``keep`` states the claim's assumption."""
    rng = np.random.default_rng(seed)
    words = f"{len(FAMILIES)} families of magnitudes x costs, {n} coordinates each"
    trials = undecided = 0
    for magnitude, cost in FAMILIES:
        for _ in range(per_family):
            instance = family_instance(magnitude, cost, n, rng)
            while not keep(instance):
                instance = family_instance(magnitude, cost, n, rng)
            try:
                violation = holds(instance, oracle)
            except UndecidedError:
                undecided += 1
                continue
            trials += 1
            if violation:
                return refuted(claim, method, instance, violation, domain=words, trials=trials, seed=seed)
    if oracle is certified:
        reach, outcome = (
            "these instances, each optimum certified",
            Outcome.CERTIFIED if trials else Outcome.INCONCLUSIVE,
        )
        return Verdict(
            claim, method, outcome, words, reach, trials, observed={"only an interval": undecided}, seed=seed
        )
    return survived(claim, method, words, trials, seed)


def search(
    claim: str, holds: Property, strategy: st.SearchStrategy[Instance], *, seed: int, examples: int = 300,
    oracle: Oracle = enumerated, words: str = "few items: integers, decimals, ties, zeros, extreme scales, budgets hit",
) -> Verdict:  # fmt: skip
    """Property-based search; what it finds is shrunk to a small counterexample."""
    found: list[tuple[Instance, Violation]] = []  # the last one, which hypothesis ends with
    trials = 0

    def judge(instance: Instance) -> None:
        nonlocal trials
        trials += 1
        if violation := holds(instance, oracle):
            found[:] = [(instance, violation)]
            raise AssertionError(violation.relation)

    run = hypothesis.seed(seed)(
        hypothesis.settings(
            max_examples=examples, database=None, deadline=None, derandomize=False, report_multiple_bugs=False,
            suppress_health_check=list(hypothesis.HealthCheck),
        )(hypothesis.given(strategy)(judge))
    )  # fmt: skip
    try:
        with _untraced():
            run()
    except AssertionError:
        (last,) = found
        instance, violation = _fewest_items(*last, lambda smaller: holds(smaller, oracle))
        return refuted(claim, "search", instance, violation, domain=words, trials=trials, seed=seed)
    return Verdict(claim, "search", Outcome.SURVIVED, words, "sampling never proves", trials, seed=seed)


@contextmanager
def _untraced() -> Iterator[None]:
    """Hypothesis notes which lines run once something has failed, to print them with what it found.

    Nothing is printed here, and noting takes most of the time of a search that finds something. What is tried, found
    and shrunk does not depend on it. Hypothesis says of the method that replacing it is supported.
    """
    state, name = hypothesis.core.StateForActualGivenExecution, "_should_trace"
    original = getattr(state, name, None)
    setattr(state, name, lambda self: False)
    try:
        yield
    finally:
        if original is not None:
            setattr(state, name, original)


def standard_checks(
    claim: str, holds: Property, *, keep: Callable[[Instance], bool] | None = None, given: str = "",
    strategy: st.SearchStrategy[Instance] | None = None, small: tuple[int, int, int] = (4, 3, 2),
    n: int = 10, per_family: int = 20, at_scale: bool = True,
) -> tuple[Check, ...]:  # fmt: skip
    """Exhaustion, random families, property-based search and, ``at_scale``, certified optima, for one property.

    Args:
        keep: the claim's assumption as a filter, ``given`` in words. strategy: for the search, else :func:`instances`.
        small: arguments of :func:`small_instances`. n, per_family: size and number of the random instances.
        at_scale: whether 1,000 coordinates make sense.
    """
    may = keep or (lambda _: True)
    inputs = (strategy or instances()).filter(may)
    domain = small_domain(*small) + (f", given {given}" if given else "")

    def exhaustion(seed: int) -> Verdict:
        return exhaust(claim, holds, domain=filter(may, small_instances(*small)), words=domain)

    def families(seed: int) -> Verdict:
        return sample(claim, holds, seed=seed, n=n, per_family=per_family, keep=may)

    def shrinking(seed: int) -> Verdict:
        return search(claim, holds, inputs, seed=seed)

    def certificate(seed: int) -> Verdict:
        method, oracle = "certificate", certified
        return sample(claim, holds, seed=seed, n=1000, per_family=1, method=method, oracle=oracle, keep=may)

    runs = {"exhaustion": exhaustion, "families": families, "search": shrinking, "certificate": certificate}
    return tuple(Check(claim, method, run) for method, run in runs.items() if at_scale or run is not certificate)


def _fewest_items(
    instance: Instance, violation: Violation, judge: Callable[[Instance], Violation | None]
) -> tuple[Instance, Violation]:
    """Leave out items, at the same budget, while the violation stands."""
    for i in reversed(range(instance.d)):
        rest, cost = np.arange(instance.d) != i, instance.cost
        data = instance.score if instance.update is None else instance.update
        make = Instance.from_scores if instance.update is None else Instance
        smaller = make(data[rest], cost[rest], instance.budget)
        if smaller_violation := judge(smaller):
            return _fewest_items(smaller, smaller_violation, judge)
    return instance, violation


def from_smt(
    claim: str, decided: Decided, *, domain: str, reach: str, method: str = "smt", whole: bool = False
) -> Verdict:
    """The verdict on a list of SMT obligations; only where they are the ``whole`` claim as stated do they prove it."""
    if decided.model is not None:
        return Verdict(
            claim, method, Outcome.REFUTED, domain, reach, decided.formulas, counterexample={"model": decided.model}
        )
    held = Outcome.PROVED if whole else Outcome.CHECKED
    outcome = Outcome.INCONCLUSIVE if decided.unknown else held
    return Verdict(claim, method, outcome, domain, reach, decided.formulas, observed={"unknown": decided.unknown})


def survived(
    claim: str, method: str, domain: str, trials: int, seed: int, *, violations: int | None = None,
    observed: Mapping[str, Any] | None = None,
) -> Verdict:  # fmt: skip
    """No more ``violations`` in ``trials`` independent random instances than the claim allows; None: it allows none.

    The verdict carries the exact 95 % limit on their rate.
    """
    seen = {} if violations is None else {"violations": violations}
    return Verdict(
        claim, method, Outcome.SURVIVED, domain, "sampling never proves", trials,
        failure_bound(violations or 0, trials), observed={**seen, **(observed or {})}, seed=seed,
    )  # fmt: skip


def failure_bound(failures: int, trials: int, confidence: float = 0.95) -> float:
    """One-sided Clopper-Pearson upper limit of a failure rate (Clopper & Pearson 1934)."""
    return float(stats.beta.ppf(confidence, failures + 1, trials - failures)) if failures < trials else 1.0


def refuted(
    claim: str, method: str, instance: Instance, violation: Violation, *, domain: str, trials: int,
    seed: int | None = None,
) -> Verdict:  # fmt: skip
    """The verdict that carries a counterexample, written so that a reader can retype it."""
    return _refuted(claim, method, describe(violation.instance or instance), violation, domain, trials, seed)


def _refuted(
    claim: str, method: str, described: Mapping[str, Any], violation: Violation, domain: str, trials: int,
    seed: int | None,
) -> Verdict:  # fmt: skip
    counterexample = {
        **described, "should": violation.relation,
        "left": readable(violation.left), "right": readable(violation.right),
    }  # fmt: skip
    return Verdict(
        claim, method, Outcome.REFUTED, domain, "one counterexample suffices", trials,
        counterexample=counterexample, seed=seed,
    )  # fmt: skip


def judge_cases(
    claim: str, method: str, cases: Iterable[_Case], judge: Callable[[_Case], Violation | None], words: str,
    seed: int | None, described: Callable[[_Case], Mapping[str, Any]],
) -> Verdict:  # fmt: skip
    """Judge cases that are no single instance, in turn, up to the first violation.

    Args:
        words: the domain. seed: of drawn cases, or None where ``cases`` are the whole of a finite domain.
        described: a case as plain data, for a counterexample.
    """
    trials = 0
    for trials, case in enumerate(cases, 1):
        if violation := judge(case):
            return _refuted(claim, method, described(case), violation, words, trials, seed)
    if seed is None:
        return Verdict(claim, method, Outcome.CHECKED, words, "exactly the stated finite domain", trials)
    return survived(claim, method, words, trials, seed)


def describe(instance: Instance) -> dict[str, Any]:
    """An instance as plain data: numbers as strings, the first ``_SHOWN`` items."""
    head = slice(0, _SHOWN)
    return {
        "d": instance.d,
        "score": [readable(Fraction(x)) for x in instance.score[head]],
        "cost": [readable(Fraction(x)) for x in instance.cost[head]],
        "budget": readable(instance.budget),
    }


def readable(value: Fraction | int | str) -> str:
    """A fraction as it is while it is short, else its nearest float64."""
    text = str(value)
    return text if isinstance(value, str) or len(text) <= 24 else repr(float(value))
