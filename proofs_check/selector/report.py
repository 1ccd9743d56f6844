"""What came out of the checks: a result per check, the table, and the smallest failing instance as runnable Python."""

from __future__ import annotations

import textwrap
from dataclasses import asdict, dataclass
from enum import StrEnum
from functools import partial
from typing import Any

import numpy as np

from proofs_check.selector.catalogue import Check
from proofs_check.selector.subject import Selector
from theory.instance import Instance


class Status(StrEnum):
    """How one check ended."""

    PASSED = "passed"
    FAILED = "FAILED"
    HUNG = "HUNG"
    CRASHED = "CRASHED"
    MEMORY = "OUT OF MEMORY"
    SKIPPED = "skipped"
    NOT_RUN = "not run"


_FAULTS = (Status.FAILED, Status.HUNG, Status.CRASHED, Status.MEMORY)


@dataclass(frozen=True)
class Result:
    """One check of one selector.

    Attributes:
        check, claim, statement: what was checked.
        status: how it ended. detail: what went wrong, or why it was skipped.
        script: the smallest failing instance as Python that runs the check on it; after a hang or a crash, the
            instance during which it happened.
        trials: instances judged, including those of shrinking. seconds: wall time.
    """

    check: str
    claim: str
    statement: str
    status: Status
    detail: str = ""
    script: str = ""
    trials: int = 0
    seconds: float = 0.0

    @property
    def faulty(self) -> bool:
        """Whether the selector is at fault."""
        return self.status in _FAULTS


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
    def passed(self) -> bool:
        """Whether no check found a fault, and none was left out because of one."""
        return all(result.status in (Status.PASSED, Status.SKIPPED) for result in self.results)

    @property
    def faults(self) -> tuple[Result, ...]:
        """The checks that found the selector at fault, in their order."""
        return tuple(result for result in self.results if result.faulty)

    def fields(self) -> dict[str, Any]:
        """Plain data, for JSON."""
        return {**asdict(self), "passed": self.passed}

    def __str__(self) -> str:
        return report_text(self)


def report_text(report: Report, width: int = 100) -> str:
    """The table of checks, and below it each fault: statement, what was found, and the instance."""
    lines = [f"{report.selector}, {report.promise}", ""]
    lines.append(f"{'check':<26}{'claim':<12}{'result':<15}{'trials':>7}{'seconds':>9}")
    for r in report.results:
        trials = f"{r.trials:>7}{r.seconds:>9.2f}" if r.trials else ""
        note = f"  {r.detail}" if r.status in (Status.SKIPPED, Status.NOT_RUN) else ""
        lines.append(f"{r.check:<26}{r.claim:<12}{r.status:<15}{trials}{note}".rstrip())
    for fault in report.faults:
        lines += ["", fault_text(fault, width)]
    ran = sum(r.status is not Status.SKIPPED for r in report.results)
    where = "" if report.isolated else " It ran in this process, where a hang or a crash cannot be caught."
    found = f"{len(report.faults)} of {ran} checks found a fault." if report.faults else f"All {ran} checks passed."
    return "\n".join([*lines, "", f"{found} Seed {report.seed}.{where}"])


def fault_text(fault: Result, width: int = 100) -> str:
    """One fault: which statement is broken, by what, and how to see it."""
    told = textwrap.wrap(f"{fault.check} ({fault.claim}): {fault.statement}", width)
    found = textwrap.wrap(f"{fault.status}: {fault.detail}", width, initial_indent="    ", subsequent_indent="    ")
    script = ["", textwrap.indent(fault.script, "    ")] if fault.script else []
    return "\n".join([*told, *found, *script])


def script_of(check: Check, selector: Selector, instance: Instance, target: str = "") -> str:
    """Python that builds the instance, shows what the selector keeps of it and runs the check again.

    Args:
        target: where the selector was loaded from, ``package.module:name``, when it was named.
    """
    assert instance.update is not None
    imports, expression = _source(selector, target)
    maker = expression.partition("(")[0]
    names = sorted({"Promise", maker, check.name})
    return "\n".join(
        [
            "import numpy as np",
            f"from proofs_check.selector import {', '.join(names)}",
            "from theory import Instance",
            *imports,
            "",
            f'update = np.array({instance.update.tolist()}, dtype="{instance.update.dtype}")',
            f"cost = np.array({instance.cost.tolist()}, dtype=float)",
            f"budget = {float(instance.budget)!r}",
            f"selector = {expression}",
            "print(selector(update.copy(), cost.copy(), budget).support)",
            f"{check.name}(selector, Instance(update, cost, budget))",
        ]
    )


def _source(selector: Selector, target: str) -> tuple[list[str], str]:
    """The imports, and the expression that makes the selector."""
    promise, function = selector.promise, selector.function
    imports = _written(promise.score)[0] if callable(promise.score) else []
    if target:
        module, _, name = target.partition(":")
        return [f"from {module} import {name.split('.')[0]}", *imports], f"as_selector({name}, {promise!r})"
    maker, parts = getattr(function, "made_by", ("Selector", (function,)))
    found = [_written(part) for part in parts]
    lines = list(dict.fromkeys([*(line for more, _ in found for line in more), *imports]))
    return lines, f"{maker}({', '.join(text for _, text in found)}, {promise!r})"


def _written(function: Any) -> tuple[list[str], str]:
    """Imports and an expression for a function; one that no module holds is left to the reader to fill in."""
    if isinstance(function, partial):
        lines, inner = _written(function.func)
        bound = [*map(repr, function.args), *(f"{name}={_value(v)}" for name, v in function.keywords.items())]
        return ["from functools import partial", *lines], f"partial({', '.join([inner, *bound])})"
    module, name = getattr(function, "__module__", None), getattr(function, "__qualname__", type(function).__name__)
    if isinstance(function, np.ufunc):
        return [], f"np.{function.__name__}"
    if not isinstance(module, str) or module == "__main__" or "<" in name:
        return [f"# {name.rpartition('.')[2]}: from where you defined it"], name.rpartition(".")[2]
    return [f"from {module} import {name.split('.')[0]}"], name


def _value(value: Any) -> str:
    return _written(value)[1] if callable(value) else repr(value)
