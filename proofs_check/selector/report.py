"""What came out of the checks: a result per check, the table, each root fault once, and what was tried."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

from proofs_check.selector.sizes import in_words
from theory.claims.provenance import strict_json


class Status(StrEnum):
    """How one check ended."""

    PASSED = "passed"
    FAILED = "FAILED"
    CRASHED = "CRASHED"
    MEMORY = "OUT OF MEMORY"
    SKIPPED = "skipped"
    INCONCLUSIVE = "inconclusive"  # cut short, or nothing to look at
    NO_ANSWER = "no answer"  # a call did not return in time
    NOT_RUN = "not run"


_FAULTS = (Status.FAILED, Status.CRASHED, Status.MEMORY)
_OPEN = (Status.INCONCLUSIVE, Status.NO_ANSWER, Status.NOT_RUN)


class Verdict(StrEnum):
    """What all checks together say of a selector."""

    PASSED = "passed"
    BROKEN = "broken"
    INCONCLUSIVE = "inconclusive"


@dataclass(frozen=True)
class Result:
    """One check of one selector.

    Attributes:
        check, claim, statement: what was checked.
        status: how it ended. detail: what went wrong, or why it was skipped or cut short.
        script: the smallest failing instance as Python that runs the check on it; where a process was killed or died,
            the instance during which it happened.
        trials: instances judged, including those of shrinking. seconds: wall time.
        dims: the sizes of those instances.
        cause: the name of an earlier check, if every instance that fails this one fails that one too.
        traceback: where in its own code the selector raised, if it did.
    """

    check: str
    claim: str
    statement: str
    status: Status
    detail: str = ""
    script: str = ""
    trials: int = 0
    seconds: float = 0.0
    dims: tuple[int, ...] = ()
    cause: str = ""
    traceback: str = ""

    @property
    def faulty(self) -> bool:
        """Whether the selector is at fault."""
        return self.status in _FAULTS

    @property
    def open(self) -> bool:
        """Whether the check says nothing, for or against the selector."""
        return self.status in _OPEN


@dataclass(frozen=True)
class Report:
    """The results of all checks of one selector.

    Attributes:
        selector: its name. promise: what it was held to, as text. seed: of every random draw.
        isolated: whether it ran in a process of its own, which can be killed.
    """

    selector: str
    promise: str
    results: tuple[Result, ...]
    seed: int
    isolated: bool

    @property
    def verdict(self) -> Verdict:
        """Broken by any fault; inconclusive where a check is open or none was judged; else passed."""
        if self.faults:
            return Verdict.BROKEN
        judged = any(result.status is Status.PASSED for result in self.results)
        return Verdict.PASSED if judged and not self.open else Verdict.INCONCLUSIVE

    @property
    def passed(self) -> bool:
        """Whether every check that applies was carried through and found no fault."""
        return self.verdict is Verdict.PASSED

    @property
    def faults(self) -> tuple[Result, ...]:
        """The checks that found the selector at fault, in their order."""
        return tuple(result for result in self.results if result.faulty)

    @property
    def roots(self) -> tuple[Result, ...]:
        """The faults that no earlier one explains."""
        return tuple(fault for fault in self.faults if not fault.cause)

    @property
    def open(self) -> tuple[Result, ...]:
        """The checks that say nothing: cut short, without an answer, or not run."""
        return tuple(result for result in self.results if result.open)

    def fields(self) -> dict[str, Any]:
        """Plain data, for JSON."""
        return {**asdict(self), "verdict": self.verdict, "passed": self.passed}

    def to_dict(self) -> dict[str, Any]:
        """The same, under the name that every result has."""
        return self.fields()

    def to_json(self) -> str:
        """:meth:`to_dict` as JSON."""
        return strict_json(self.fields())

    def __str__(self) -> str:
        return report_text(self)


def report_text(report: Report, width: int = 100) -> str:
    """The table of checks; below it each root fault with the checks it breaks; in the end what was tried."""
    lines = [f"{report.selector}, {report.promise}", ""]
    lines.append(f"{'check':<26}{'claim':<12}{'result':<15}{'trials':>7}{'seconds':>9}")
    for r in report.results:
        trials = f"{r.trials:>7}{r.seconds:>9.2f}" if r.trials else ""
        note = f"  with {r.cause}" if r.cause else f"  {r.detail}" if r.status not in (Status.PASSED, *_FAULTS) else ""
        lines.append(f"{r.check:<26}{r.claim:<12}{r.status:<15}{trials}{note}".rstrip())
    for root in report.roots:
        lines += ["", fault_text(root, [r.check for r in report.faults if r.cause == root.check], width)]
    for r in report.open:
        lines += ["", fault_text(r, [], width)] if r.script else []
    return "\n".join([*lines, "", *textwrap.wrap(_found(report), width), _tried(report)])


def fault_text(fault: Result, also: Iterable[str] = (), width: int = 100) -> str:
    """One fault: which statement is broken, by what, which checks it breaks besides, and how to see it."""
    told = textwrap.wrap(f"{fault.check} ({fault.claim}): {fault.statement}", width)
    broken = ", ".join(also)
    said = [f"{fault.status}: {fault.detail}", *([f"The same fault breaks {broken}."] if broken else [])]
    found = [textwrap.indent(line, "    ") for text in said for line in textwrap.wrap(text, width - 4)]
    parts = [textwrap.indent(part, "    ") for part in (fault.traceback, fault.script) if part]
    return "\n".join([*told, *found, *(line for part in parts for line in ("", part))])


def _found(report: Report) -> str:
    """The verdict in words."""
    ran = sum(r.status is not Status.SKIPPED for r in report.results)
    where = "" if report.isolated else " It ran in this process, where a hang or a crash cannot be caught."
    checks = f"check{'s' * (ran != 1)}"
    if report.verdict is Verdict.BROKEN:
        causes = len(report.roots)
        several = f", which have {causes} cause{'s' * (causes != 1)}" if len(report.faults) > causes else ""
        return f"{len(report.faults)} of {ran} {checks} found a fault{several}.{where}"
    if report.verdict is Verdict.PASSED:
        return f"All {ran} {checks} passed.{where}"
    if not ran:
        return "Inconclusive: no check applies to what is promised and asked for."
    were = "was" if len(report.open) == 1 else "were"
    return f"Inconclusive: {len(report.open)} of {ran} {checks} {were} cut short or not run.{where}"


def _tried(report: Report) -> str:
    """What was tried, in one line."""
    trials, dims = sum(r.trials for r in report.results), {d for r in report.results for d in r.dims}
    sizes = f" of {in_words(dims).replace(',', ', ')} coordinates" if dims else ""
    return f"Tried: {trials:,} instance{'s' * (trials != 1)}{sizes}. Seed {report.seed}."
