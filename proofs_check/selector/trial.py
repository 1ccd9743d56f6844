"""One check on one selector: instances are drawn and built, size by size, until one fails; that one is made small."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from time import perf_counter
from typing import NamedTuple

import hypothesis
import numpy as np

from proofs_check.selector.catalogue import Check, Domain
from proofs_check.selector.promise import BrokenPromiseError
from proofs_check.selector.report import Result, Status
from proofs_check.selector.script import SHORT, Case, script_of
from proofs_check.selector.subject import Selector
from theory.arithmetic.exact import exact_sum, floor_float
from theory.instance import Instance

SHRINKING = 400  # instances tried, at most, to make a failure smaller
_COORDINATES = 20_000  # and about as many coordinates in all, where they are large


class Failure(NamedTuple):
    """An instance on which a check fails, and what it said."""

    case: Case
    said: str
    traceback: str = ""


class _Stop(Exception):  # noqa: N818
    """Time is up, or memory is."""


def try_check(
    check: Check, selector: Selector, domain: Domain | None = None, *, seed: int = 0, examples: int = 60,
    seconds: float = 60.0, target: str = "", before: Callable[[str], None] = lambda _: None,
    suspects: Sequence[Check] = (),
) -> Result:  # fmt: skip
    """Judge ``examples`` drawn instances and one of every size; make the first failure small.

    Args:
        seconds: no instance is begun after this time. A check cut short without a failure is inconclusive.
        target: where the selector was loaded from, for the report.
        before: called with each instance as Python before the selector gets it.
        suspects: checks that failed before. An instance that fails one of them too counts as their fault.
    """
    selector.prepare()
    start = perf_counter()
    if excuse := check.excuse(selector):
        return Result(check.name, check.claim, check.statement, Status.SKIPPED, excuse)

    def script(case: Case) -> str:
        return script_of(check.name, selector, case, target)

    search = _Search(check, selector, domain or Domain(), start + seconds, lambda case: before(script(case)), suspects)
    search.run(seed, examples)
    status, detail, case = _ending(search, seconds)
    trace = search.failure.traceback if search.failure else ""
    return Result(
        check.name, check.claim, check.statement, status, detail, script(case) if case else "", search.trials,
        perf_counter() - start, tuple(sorted(search.dims)), search.cause if search.failure is None else "", trace,
    )  # fmt: skip


def _ending(search: _Search, seconds: float) -> tuple[Status, str, Case | None]:
    """Status, detail and the instance to show."""
    if search.failure is not None:
        return Status.FAILED, search.failure.said, search.failure.case
    if search.starved is not None:
        d = search.starved.instance.d
        said = f"a call on {d} coordinate{'s' * (d > 1)} asked for more memory than it may have"
        return Status.MEMORY, said, search.starved
    if search.cause:
        return Status.FAILED, f"only on instances that fail {search.cause} too", None
    if search.late:
        return Status.INCONCLUSIVE, f"cut short after {search.trials} instances by the limit of {seconds:g} s", None
    if not search.trials:
        return (
            Status.INCONCLUSIVE,
            "no instance of these costs and sizes tells scores apart beyond order_tolerance",
            None,
        )
    return Status.PASSED, "", None


class _Search:
    """A search for an instance on which a check fails."""

    def __init__(
        self, check: Check, selector: Selector, domain: Domain, deadline: float, before: Callable[[Case], None],
        suspects: Sequence[Check],
    ) -> None:  # fmt: skip
        self.check, self.selector, self.domain, self.before = check, selector, domain, before
        self.deadline, self.suspects = deadline, suspects
        self.trials, self.late, self.cause = 0, False, ""
        self.dims: set[int] = set()
        self.failure: Failure | None = None
        self.starved: Case | None = None

    def run(self, seed: int, examples: int) -> None:
        """Drawn instances, which shrink best, then one of every size; the failure, if there is one, is made small."""
        self._draw(seed, examples)
        with suppress(_Stop):
            if self.failure is None and self.starved is None and not self.late:
                self._climb(seed)
        with suppress(_Stop):
            if self.failure is not None:
                self._shrink()

    def _draw(self, seed: int, examples: int) -> None:
        """Let hypothesis draw and shrink; the last failure it met is the smallest."""
        cases = self.check.drawn(self.domain, self.selector.promise)
        if cases is None:
            return

        @hypothesis.seed(seed)
        @hypothesis.settings(
            max_examples=examples, database=None, deadline=None, derandomize=False, report_multiple_bugs=False,
            suppress_health_check=list(hypothesis.HealthCheck), print_blob=False,
            phases=(hypothesis.Phase.generate, hypothesis.Phase.shrink),
        )  # fmt: skip
        @hypothesis.given(cases)
        def judge(instance: Instance) -> None:
            self.dims.add(instance.d)
            found = self.judge(Case(instance))
            if found is not None:
                self.failure = found
                raise BrokenPromiseError(found.said)

        try:
            judge()
        except (_Stop, BrokenPromiseError, BaseExceptionGroup, hypothesis.errors.HypothesisException):
            return  # the failure, if there was one, is kept; a selector that depends on chance may not fail twice

    def _climb(self, seed: int) -> None:
        """One instance of every size, ascending; from the first that fails down to where it begins to."""
        passed = 0
        for d in self.check.sizes(self.domain, seed):
            self.dims.add(d)
            failed = self.judge(self.check.built(self.domain, self.selector.promise, seed, d))
            while failed is not None:
                self.failure = failed
                between = (passed + d) // 2
                if between == passed:
                    return
                again = self.judge(self.check.built(self.domain, self.selector.promise, seed, between))
                passed, d, failed = (passed, between, again) if again else (between, d, failed)
            passed = d

    def judge(self, case: Case) -> Failure | None:
        """What is wrong on this instance, if anything is and no suspect is at fault."""
        if self.starved is not None or perf_counter() > self.deadline:
            self.late = self.starved is None
            raise _Stop
        self.trials += 1
        self.before(case)
        failure = self._failing(self.check, case)
        if failure is None:
            return None
        for suspect in self.suspects:
            if self._failing(suspect, case) is not None:
                self.cause = self.cause or suspect.name
                return None
        return failure

    def _failing(self, check: Check, case: Case) -> Failure | None:
        try:
            check.run(self.selector, case.instance)
        except BrokenPromiseError as error:
            return Failure(case, str(error), error.traceback)
        except MemoryError:
            self.starved = case
            raise _Stop from None
        return None

    def _shrink(self) -> None:
        """Drop coordinates that the failure stands without, at the same budget or at one less what they cost."""
        assert self.failure is not None
        smallest = self.failure
        size = max(1, smallest.case.instance.d // 2)
        left = min(SHRINKING, 20 + _COORDINATES // max(1, smallest.case.instance.d))
        while size and left:
            for smaller in _without(smallest.case.instance, size):
                left -= 1
                if again := self.judge(Case(smaller)):
                    smallest = again
                    break
                if not left:
                    break
            else:
                size //= 2
            if smallest.case.instance.d <= SHORT:
                self.failure = smallest  # what is still long is shown as it was built, in one line


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
