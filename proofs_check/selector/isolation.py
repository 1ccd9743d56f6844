"""Running checks where a selector that hangs, crashes or allocates without bound harms nothing.

The selector lives in a process of its own, loaded there by name or by pickle. The file ``trail`` always holds the
instance that the selector is working on, so a hang or a crash is reported with the input that caused it. A check stops
by itself when its time is up, between two instances; the process is killed, not asked, when one instance alone takes as
long, and the next check gets a new one. Neither says that the selector is wrong, or that it is right.
"""

from __future__ import annotations

import base64
import pickle
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from time import perf_counter
from typing import Any

from proofs_check.oracles import Worker
from proofs_check.selector.catalogue import Check, Domain
from proofs_check.selector.report import Result, Status
from proofs_check.selector.subject import Selector
from theory.arithmetic.exact import as_fraction
from theory.errors import InputError

LOADING_SECONDS = 600.0
MOST_SECONDS = 1e6
MOST_KILLS = 2  # a selector that hangs on everything would take its time limit once a check

_CHILD = "proofs_check.selector.child"


def packed(thing: Any) -> str:
    """A picklable thing as text."""
    return base64.b64encode(pickle.dumps(thing)).decode()


def can_be_sent(selector: Selector) -> bool:
    """Whether another process can load this selector: its functions have a name in a module that can be imported."""
    try:
        data = pickle.dumps(selector)
    except (pickle.PicklingError, AttributeError, TypeError):
        return False
    return b"__main__" not in data


class Isolated:
    """A selector in a process of its own; a context manager.

    Args:
        subject: a selector that :func:`can_be_sent`, or ``package.module:name``.
        promised: fields of a promise, added to what the named selector promises itself.
        seconds: the longest that one check, and one instance, may take.
        megabytes: what the process may allocate beyond what loading took.

    Raises:
        InputError: from :meth:`describe`, when the name leads to nothing that can be called.
    """

    def __init__(
        self, subject: str | Selector, promised: Mapping[str, Any] | None = None, *, seconds: float = 60.0,
        megabytes: int = 1024,
    ) -> None:  # fmt: skip
        if not 0 < as_fraction(seconds, "seconds") < MOST_SECONDS or megabytes < 1:
            raise InputError(f"seconds must be > 0 and megabytes at least 1, got {seconds} and {megabytes}")
        self.target = subject if isinstance(subject, str) else ""
        self._subject = packed((subject, dict(promised or {})) if isinstance(subject, str) else subject)
        self._seconds, self._megabytes = seconds, megabytes
        self._worker, self._kills, self._loaded = Worker(), 0, False
        self._folder = tempfile.TemporaryDirectory(prefix="cwmp-")
        self._trail, self._looked = Path(self._folder.name, "instance.py"), 0

    def __enter__(self) -> Isolated:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the process."""
        self._worker.close()
        self._folder.cleanup()

    def describe(self) -> dict[str, str]:
        """Name and promise, from the process that loaded the selector."""
        arguments = {"subject": self._subject, "megabytes": self._megabytes, "seconds": LOADING_SECONDS}
        reply = self._worker.call(f"{_CHILD}:describe", arguments, seconds=LOADING_SECONDS)
        if reply.outcome != "result" or "refused" in reply.result:
            said = reply.result["refused"] if reply.outcome == "result" else f"loading it failed: {reply.detail}"
            raise InputError(said if not self.target or self.target in said else f"{self.target}: {said}")
        self._loaded = True
        return dict(reply.result)

    def run(self, check: Check, domain: Domain, seed: int, examples: int, suspects: Sequence[Check] = ()) -> Result:
        """One check; whatever the selector does, there is a result."""
        if self._kills >= MOST_KILLS:
            detail = f"the selector's process had to be killed {MOST_KILLS} times"
            return Result(check.name, check.claim, check.statement, Status.NOT_RUN, detail)
        if not self._loaded:
            self.describe()
        self._trail.write_text("")
        start = perf_counter()
        arguments = {
            "subject": self._subject, "check": check.name, "domain": packed(domain), "trail": str(self._trail),
            "target": self.target, "seed": seed, "examples": examples, "seconds": self._seconds,
            "suspects": [suspect.name for suspect in suspects],
        }  # fmt: skip
        reply = self._worker.call(f"{_CHILD}:run", arguments, seconds=self._seconds, moving=self._moved)
        if reply.outcome == "result":
            told = reply.result
            return Result(**{**told, "status": Status(told["status"]), "dims": tuple(told["dims"])})
        self._kills, self._loaded = self._kills + 1, False
        return replace(self._ended(check, reply.outcome, reply.detail), seconds=perf_counter() - start)

    def _moved(self) -> bool:
        """Whether the selector has got to another instance since this was last asked."""
        before, self._looked = self._looked, self._trail.stat().st_mtime_ns
        return self._looked != before

    def _ended(self, check: Check, outcome: str, detail: str) -> Result:
        """The result of a check in which the process was killed or died."""
        self._worker.close()
        script = self._trail.read_text()
        if outcome == "timeout":
            status, detail = Status.NO_ANSWER, f"none within {self._seconds:g} s; the process was killed"
        elif "MemoryError" in detail or "bad_alloc" in detail:
            status, detail = Status.MEMORY, f"more than {self._megabytes} MiB were asked for"
        else:
            status = Status.CRASHED
            detail = detail.replace("the solver's process", "the process")
        if script:
            detail += ", at work on the instance below"
        return Result(check.name, check.claim, check.statement, status, detail, script, trials=1)
