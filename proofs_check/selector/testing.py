"""The checks as tests of pytest: a decorated test, or one line.

    test_mine = selector_test(mine, Promise(score="l2", rounding="prefix"))

gives a test per check, ``test_mine[check_feasible]`` and so on; checks that do not apply are skipped with the reason.
The same on the command line, without a test file: ``pytest --cwmp-selector package.module:name``.
"""

from __future__ import annotations

import atexit
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from typing import Any

from proofs_check.selector.catalogue import CHECKS, Check, Domain
from proofs_check.selector.promise import BrokenPromiseError, InconclusiveError, Promise
from proofs_check.selector.report import Result, Status, fault_text
from proofs_check.selector.runner import Opened, opened
from proofs_check.selector.strategies import Costs
from proofs_check.selector.subject import Selector


class Session:
    """One selector for the tests of one run: its process starts with the first test and ends with the interpreter."""

    def __init__(self, selector: Any, promise: Promise | None, domain: Domain, seed: int, examples: int) -> None:
        self._arguments = selector, promise
        self._domain, self._seed, self._examples = domain, seed, examples
        self._stack, self._opened = ExitStack(), None

    def run(self, check: Check) -> Result:
        """The result of one check."""
        opened_here: Opened | None = self._opened
        if opened_here is None:
            opened_here = self._stack.enter_context(opened(*self._arguments))
            self._opened = opened_here  # type: ignore[assignment]
            atexit.register(self._stack.close)
        return opened_here.judge(check, self._domain, self._seed, self._examples)


def selector_test(
    selector: str | Selector | Callable[..., Any], promise: Promise | None = None, *, cost_model: Costs | None = None,
    dims: Sequence[int] | None = None, seed: int = 0, examples: int = 60,
) -> Callable[[Check], None]:  # fmt: skip
    """A test function with one parameter set per check; assign it to a name that starts with ``test_``."""
    import pytest

    session = Session(selector, promise, Domain(cost_model, dims=None if dims is None else tuple(dims)), seed, examples)

    @pytest.mark.parametrize("check", CHECKS, ids=[check.name for check in CHECKS])
    def test(check: Check) -> None:
        __tracebackhide__ = True
        judge(session.run(check))

    return test


def judge(result: Result) -> None:
    """Pass, skip or fail as the result says.

    Raises:
        BrokenPromiseError: when the check found a fault.
        InconclusiveError: when it was cut short or not run.
    """
    import pytest

    __tracebackhide__ = True
    if result.status is Status.SKIPPED:
        pytest.skip(result.detail)
    if result.faulty:
        raise BrokenPromiseError(fault_text(result))
    if result.open:
        raise InconclusiveError(fault_text(result))
