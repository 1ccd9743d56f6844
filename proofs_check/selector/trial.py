"""One check on one selector: instances are drawn until one fails, and that one is made small."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from time import perf_counter

import hypothesis
import numpy as np

from proofs_check.selector.catalogue import Check, Domain
from proofs_check.selector.promise import BrokenPromiseError
from proofs_check.selector.report import Result, Status, script_of
from proofs_check.selector.subject import Selector
from theory.exact import exact_sum, floor_float
from theory.instance import Instance


class _Stop(Exception):  # noqa: N818
    """Enough time was spent."""


def try_check(
    check: Check, selector: Selector, domain: Domain | None = None, *, seed: int = 0, examples: int = 60,
    seconds: float = 5.0, target: str = "", before: Callable[[str], None] = lambda _: None,
) -> Result:  # fmt: skip
    """Judge up to ``examples`` instances and shrink the first failure.

    Args:
        seconds: drawing stops at half of this time and shrinking at three quarters, whatever was reached.
        target: where the selector was loaded from, for the report.
        before: called with each instance as Python before the selector gets it.
    """
    selector.prepare()
    start = perf_counter()
    if excuse := check.excuse(selector):
        return Result(check.name, check.claim, check.statement, Status.SKIPPED, excuse)
    script_for = partial(script_of, check, selector, target=target)
    search = _Search(check, selector, start, seconds, lambda instance: before(script_for(instance)))
    search.run(domain or Domain(), seed, examples)
    status, detail, script = Status.PASSED, "", ""
    if search.failure is not None:
        instance, detail = search.smallest()
        status, script = Status.FAILED, script_for(instance)
    elif search.starved is not None:
        status, script = Status.MEMORY, script_for(search.starved)
        detail = "a call on this small instance asked for more memory than it may have"
    elif not search.trials:
        status, detail = (
            Status.NOT_RUN,
            "no instance with these costs tells the scores apart beyond the order_tolerance",
        )
    return Result(
        check.name, check.claim, check.statement, status, detail, script, search.trials, perf_counter() - start
    )


class _Search:
    def __init__(
        self, check: Check, selector: Selector, start: float, seconds: float, before: Callable[[Instance], None]
    ) -> None:
        self.check, self.selector, self.before = check, selector, before
        self.start, self.seconds = start, seconds
        self.trials = 0
        self.failure: tuple[Instance, str] | None = None
        self.starved: Instance | None = None

    def run(self, domain: Domain, seed: int, examples: int) -> None:
        """Let hypothesis draw and shrink; the last failure it met is the smallest."""
        cases = self.check.cases(domain, self.selector.promise)

        @hypothesis.seed(seed)
        @hypothesis.settings(
            max_examples=examples, database=None, deadline=None, derandomize=False, report_multiple_bugs=False,
            suppress_health_check=list(hypothesis.HealthCheck), print_blob=False,
            phases=(hypothesis.Phase.generate, hypothesis.Phase.shrink),
        )  # fmt: skip
        @hypothesis.given(cases)
        def judge(instance: Instance) -> None:
            share = (perf_counter() - self.start) / self.seconds
            if self.starved or share > 0.75 or (share > 0.5 and self.failure is None and self.trials):
                raise _Stop
            if said := self.judge(instance):
                self.failure = instance, said
                raise BrokenPromiseError(said)

        try:
            judge()
        except (_Stop, BrokenPromiseError, BaseExceptionGroup, hypothesis.errors.HypothesisException):
            return  # the failure, if there was one, is kept; a selector that depends on chance may not fail twice

    def judge(self, instance: Instance) -> str:
        """What is wrong on this instance, or the empty string."""
        self.trials += 1
        self.before(instance)
        try:
            self.check.run(self.selector, instance)
        except BrokenPromiseError as error:
            return str(error)
        except MemoryError:
            self.starved = instance
            raise _Stop from None
        return ""

    def smallest(self) -> tuple[Instance, str]:
        """The failure less all coordinates it stands without, at the same budget or at one less what they cost."""
        assert self.failure is not None
        instance, said = self.failure
        size = max(1, instance.d // 2)
        while size:
            for smaller in _without(instance, size):
                if perf_counter() - self.start > 0.9 * self.seconds:
                    return instance, said
                if again := self.judge(smaller):
                    instance, said = smaller, again
                    break
            else:
                size //= 2
        return instance, said


def _without(instance: Instance, size: int) -> Iterator[Instance]:
    """The instance less ``size`` consecutive coordinates, in every place, at the two budgets; never an empty one."""
    assert instance.update is not None
    for first in range(0, instance.d if size < instance.d else 0, size):
        gone = slice(first, min(first + size, instance.d))
        update, cost = np.delete(instance.update, gone), np.delete(instance.cost, gone)
        cheaper = floor_float(instance.budget - exact_sum(instance.cost[gone]))
        yield Instance(update, cost, instance.budget)
        if cheaper > 0:
            yield Instance(update, cost, cheaper)
