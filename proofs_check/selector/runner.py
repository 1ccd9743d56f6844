"""``check_selector``: every check that applies, on anyone's selector."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from typing import Any, Literal

from proofs_check.selector.catalogue import Check, Domain, checks_named
from proofs_check.selector.isolation import MOST_SECONDS, Isolated, can_be_sent
from proofs_check.selector.promise import BrokenPromiseError, InconclusiveError, Promise
from proofs_check.selector.report import Report, Result, Status, Verdict, report_text
from proofs_check.selector.strategies import Costs
from proofs_check.selector.subject import Array, Selector, with_promise
from proofs_check.selector.trial import try_check
from theory.arithmetic.exact import as_fraction, as_whole
from theory.errors import InputError
from theory.instance import Instance

OnFail = Literal["raise", "report"]
Run = Callable[[Check, Domain, int, int, Sequence[Check]], Result]


def check_selector(
    selector: str | Selector | Callable[..., Any], promise: Promise | None = None, *,
    promised: Mapping[str, Any] | None = None, claims: Sequence[str] | None = None, checks: Sequence[str] | None = None,
    skip: Sequence[str] = (), cost_model: Costs | None = None, update: Array | None = None,
    dims: Sequence[int] | None = None, seed: int = 0, examples: int = 60, seconds: float = 60.0, megabytes: int = 1024,
    isolate: bool | None = None, on_fail: OnFail = "raise", on_result: Callable[[Result], None] = lambda _: None,
) -> Report:  # fmt: skip
    """Hold a selector to its promise by every check that applies; modelled on scikit-learn's ``check_estimator``.

    Args:
        selector: a function ``(update, cost, budget)``, a :class:`Selector` of an adapter, or ``package.module:name``.
        promise: what it is held to. What a :class:`Selector` promises itself is added to, never replaced.
        promised: more of the promise, by the names of its fields: ``{"exact": True}``.
        claims, checks: run only those of these claims (``"D5"``) or names; None: all. skip: names of checks left out.
        cost_model: costs it is made for: ``"equal"``, ``"integers"``, ``"decimals"``, or an energy model or its name.
        update: a real update, shape (d,), from which coordinates are drawn too.
        dims: sizes it is made for; None: 1 to 100,000 (:mod:`proofs_check.selector.sizes`).
        seed, examples: of the random search, and how many instances it draws per check, besides one of every size.
        seconds: limit of one check, after which it is inconclusive; in a process of its own, of one instance too.
        megabytes: limit of the memory of that process.
        isolate: False runs everything in this process; None isolates when another process can load the selector.
        on_fail: ``"raise"`` an error whose message is the report, or only ``"report"``, also what was judged before
            an interrupt from the keyboard.
        on_result: called with each result as soon as it is there.

    Raises:
        BrokenPromiseError: a check found a fault.
        InconclusiveError: no fault was found, but not everything was tried.
        InputError: unknown claims, checks or costs; a promise that contradicts the selector's own; an ``update`` that
            is none; a name that leads nowhere; isolation that is impossible.
    """
    if on_fail not in ("raise", "report"):
        raise InputError(f"on_fail must be raise or report, got {on_fail!r}")
    seed, examples = as_whole(seed, "seed", 0), as_whole(examples, "examples")
    wanted = checks_named(None if checks is None else tuple(checks), None if claims is None else tuple(claims))
    skipped = {check.name for check in checks_named(tuple(skip))}
    if update is not None and not Instance(update, 1, 0).d:  # a fault of the data is not the selector's
        raise InputError("the update has no coordinates to draw from")
    domain = Domain(cost_model, update, None if dims is None else tuple(dims))
    with opened(selector, promise, promised=promised, isolate=isolate, seconds=seconds, megabytes=megabytes) as subject:
        found: list[Result] = []
        try:
            for check in wanted:
                result = _left_out(check) if check.name in skipped else subject.judge(check, domain, seed, examples)
                found.append(result)
                on_result(result)
        except KeyboardInterrupt:
            if on_fail == "raise":
                raise
            found += [_stopped(check) for check in wanted[len(found) :]]
    report = Report(subject.name, subject.promise, tuple(found), seed, subject.isolated)
    if on_fail == "raise" and not report.passed:
        error = BrokenPromiseError if report.verdict is Verdict.BROKEN else InconclusiveError
        raise error("\n" + report_text(report))
    return report


def _left_out(check: Check) -> Result:
    return Result(check.name, check.claim, check.statement, Status.SKIPPED, "left out by request")


def _stopped(check: Check) -> Result:
    return Result(check.name, check.claim, check.statement, Status.INCONCLUSIVE, "stopped by an interrupt")


class Opened:
    """A selector ready to be tried: its ``name``, ``promise`` as text, whether ``isolated``, and :meth:`judge`."""

    def __init__(self, name: str, promise: str, isolated: bool, run: Run) -> None:
        self.name, self.promise, self.isolated, self._run = name, promise, isolated, run
        self._roots: list[Check] = []

    def judge(self, check: Check, domain: Domain, seed: int, examples: int) -> Result:
        """The result of one check; instances that fail an earlier one too are that one's."""
        result = self._run(check, domain, seed, examples, tuple(self._roots))
        if check.root and result.faulty and not result.cause:
            self._roots.append(check)
        return result


@contextmanager
def opened(
    selector: str | Selector | Callable[..., Any], promise: Promise | None = None, *,
    promised: Mapping[str, Any] | None = None, seconds: float = 60.0, megabytes: int = 1024,
    isolate: bool | None = None,
) -> Iterator[Opened]:  # fmt: skip
    """Load a selector where it will be tried; see :func:`check_selector` for the arguments."""
    more = dict(promised or {})
    subject = selector if isinstance(selector, str) else with_promise(selector, promise, more)
    if not isinstance(subject, str) and (isolate is False or not can_be_sent(subject)):
        if isolate:
            raise InputError(
                "another process cannot load this selector: name it package.module:function, or isolate=False"
            )
        yield Opened(subject.name, repr(subject.promise), False, _here(subject, seconds))
        return
    if isolate is False:
        raise InputError("a selector given by name runs in a process of its own; import it to run it in this one")
    named = {**(promise.said if promise else {}), **more}
    with closing(Isolated(subject, named, seconds=seconds, megabytes=megabytes)) as isolated:
        told = isolated.describe()
        yield Opened(isolated.target or told["name"], told["promise"], True, isolated.run)


def _here(selector: Selector, seconds: float) -> Run:
    """Checks in this process."""
    if not 0 < as_fraction(seconds, "seconds") < MOST_SECONDS:
        raise InputError(f"seconds must be > 0 and below {MOST_SECONDS:g}, got {seconds}")

    def run(check: Check, domain: Domain, seed: int, examples: int, suspects: Sequence[Check]) -> Result:
        return try_check(check, selector, domain, seed=seed, examples=examples, seconds=seconds, suspects=suspects)

    return run
