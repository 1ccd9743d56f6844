"""``check_selector``: every check that applies, on anyone's selector."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import replace
from functools import partial
from typing import Any, Literal

from proofs_check.selector.catalogue import Check, Domain, checks_named
from proofs_check.selector.isolation import Isolated, can_be_sent
from proofs_check.selector.promise import BrokenPromiseError, Promise
from proofs_check.selector.report import Report, Result, Status, report_text
from proofs_check.selector.strategies import Costs
from proofs_check.selector.subject import Array, Selector, as_selector
from proofs_check.selector.trial import try_check
from theory.errors import InputError
from theory.instance import Instance

OnFail = Literal["raise", "report"]


def check_selector(
    selector: str | Selector | Callable[..., Any], promise: Promise | None = None, *,
    claims: Sequence[str] | None = None, checks: Sequence[str] | None = None, skip: Sequence[str] = (),
    cost_model: Costs | None = None, update: Array | None = None, exact: bool | None = None,
    seed: int = 0, examples: int = 60, seconds: float = 5.0, megabytes: int = 1024,
    isolate: bool | None = None, on_fail: OnFail = "raise", on_result: Callable[[Result], None] = lambda _: None,
) -> Report:  # fmt: skip
    """Hold a selector to its promise by every check that applies; modelled on scikit-learn's ``check_estimator``.

    Args:
        selector: a function ``(update, cost, budget)``, a :class:`Selector` of an adapter, or ``package.module:name``.
        promise: what it is held to; a :class:`Selector` brings its own.
        claims, checks: run only those of these claims (``"D5"``) or names; None: all. skip: names of checks left out.
        cost_model: costs it is made for: ``"equal"``, ``"integers"``, ``"decimals"``, or an energy model or its name.
        update: a real update, shape (d,), from which coordinates are drawn too.
        exact: overrides ``promise.exact``.
        seed, examples: of the random search, and how many instances it draws per check.
        seconds, megabytes: limits of one check, in a process of its own.
        isolate: False runs everything in this process; None isolates when another process can load the selector.
        on_fail: ``"raise"`` a :class:`BrokenPromiseError` whose message is the report, or only ``"report"``.
        on_result: called with each result as soon as it is there.

    Raises:
        BrokenPromiseError: a check found a fault.
        InputError: unknown claims, checks or costs; an ``update`` that is none; a name that leads nowhere; isolation
            that is impossible.
    """
    if on_fail not in ("raise", "report"):
        raise InputError(f"on_fail must be raise or report, got {on_fail!r}")
    if examples < 1:
        raise InputError(f"examples must be at least 1, got {examples}")
    wanted = checks_named(None if checks is None else tuple(checks), None if claims is None else tuple(claims))
    skipped = {check.name for check in checks_named(tuple(skip))}
    if update is not None and not Instance(update, 1, 0).d:  # a fault of the data is not the selector's
        raise InputError("the update has no coordinates to draw from")
    domain = Domain(cost_model, update)
    with opened(selector, promise, exact=exact, seconds=seconds, megabytes=megabytes, isolate=isolate) as subject:
        found = []
        for check in wanted:
            result = _left_out(check) if check.name in skipped else subject.run(check, domain, seed, examples)
            found.append(result)
            on_result(result)
    report = Report(subject.name, subject.promise, tuple(found), seed, subject.isolated)
    if on_fail == "raise" and not report.passed:
        raise BrokenPromiseError("\n" + report_text(report))
    return report


def _left_out(check: Check) -> Result:
    return Result(check.name, check.claim, check.statement, Status.SKIPPED, "left out by request")


class Opened:
    """A selector ready to be tried: its ``name``, ``promise`` as text, whether ``isolated``, and :meth:`run`."""

    def __init__(
        self, name: str, promise: str, isolated: bool, run: Callable[[Check, Domain, int, int], Result]
    ) -> None:
        self.name, self.promise, self.isolated, self.run = name, promise, isolated, run


@contextmanager
def opened(
    selector: str | Selector | Callable[..., Any], promise: Promise | None = None, *, exact: bool | None = None,
    seconds: float = 5.0, megabytes: int = 1024, isolate: bool | None = None,
) -> Iterator[Opened]:  # fmt: skip
    """Load a selector where it will be tried; see :func:`check_selector` for the arguments."""
    if exact is not None:
        if isinstance(selector, str) and promise is None:
            raise InputError("exact= needs the promise of a selector given by name; give promise=")
        own = promise or as_selector(selector).promise  # type: ignore[arg-type]
        promise = replace(own, exact=exact)
    subject = selector if isinstance(selector, str) else as_selector(selector, promise)
    if not isinstance(subject, str) and (isolate is False or not can_be_sent(subject)):
        if isolate:
            raise InputError(
                "another process cannot load this selector: name it package.module:function, or isolate=False"
            )
        yield Opened(subject.name, repr(subject.promise), False, partial(_here, subject, seconds))
        return
    if isolate is False:
        raise InputError("a selector given by name runs in a process of its own; import it to run it in this one")
    with closing(Isolated(subject, promise, seconds=seconds, megabytes=megabytes)) as isolated:
        told = isolated.describe()

        def run(check: Check, domain: Domain, seed: int, examples: int) -> Result:
            return isolated.run(check, domain, seed=seed, examples=examples)

        yield Opened(isolated.target or told["name"], told["promise"], True, run)


def _here(selector: Selector, seconds: float, check: Check, domain: Domain, seed: int, examples: int) -> Result:
    return try_check(check, selector, domain, seed=seed, examples=examples, seconds=seconds)
