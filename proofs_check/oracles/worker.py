"""A process to run solvers in, because a solver may overrun its time limit, crash, or never return.

The worker starts on first use, stays for the next call (importing a solver takes seconds, a small instance
milliseconds), and is killed, not asked, when a call runs out of time; the next call starts a new one.
Requests and replies are lines of JSON, which carries integers and float64 exactly.
"""

from __future__ import annotations

import contextlib
import json
import math
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Thread
from time import perf_counter
from typing import IO, Any, Literal, NamedTuple

from proofs_check.oracles.answer import Optimum, unanswered
from theory.errors import InputError

_STARTUP_SECONDS = 600.0  # for a cold interpreter to import a solver; not counted against a call's own time
_OURS = str(Path(__file__).resolve().parents[2])
# Our packages are imported before a folder of the user's is looked at; other names are the user's before they are ours.
_START = (
    f"import sys; sys.path.insert(0, {_OURS!r}); from proofs_check.oracles.child import main; del sys.path[0]; main()"
)


class Reply(NamedTuple):
    """How a call ended: with a ``result``, at its ``timeout`` (and killed), or ``failed``; ``detail`` says why."""

    outcome: Literal["result", "timeout", "failed"]
    result: Any
    detail: str


class Worker:
    """A child process that can be killed; use it as a context manager.

    ``call("package.module:function", {...}, seconds=5)`` imports the function in the child and calls it with
    those keyword arguments, all of them JSON values.
    """

    def __init__(self) -> None:
        self._process: subprocess.Popen[str] | None = None
        self._lines: SimpleQueue[str | None] = SimpleQueue()
        self._stderr: IO[bytes] | None = None

    def __enter__(self) -> Worker:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def pid(self) -> int | None:
        """Process id of the child, or None while there is none."""
        return None if self._process is None else self._process.pid

    def call(
        self, function: str, arguments: dict[str, Any], *, seconds: float, moving: Callable[[], bool] = lambda: False
    ) -> Reply:
        """Run ``function(**arguments)`` in the child for at most ``seconds``, imports not counted.

        Args:
            moving: asked when they have passed; as long as the call gets on it may have as many again.

        Raises:
            InputError: ``seconds`` is not positive.
        """
        if not 0 < seconds < math.inf:
            raise InputError(f"seconds must be > 0 and finite, got {seconds}")
        process = self._running()
        try:
            assert process.stdin is not None
            process.stdin.write(json.dumps({"function": function, "arguments": arguments}) + "\n")
            process.stdin.flush()
        except OSError:
            return self._died()
        imported = self._receive(_STARTUP_SECONDS)
        if imported.outcome != "result" or imported.result != "imported":
            return imported
        return self._receive(seconds, moving)

    def close(self) -> None:
        """Kill the child, if there is one, and wait until it is gone."""
        process, self._process = self._process, None
        if process is None:
            return
        process.kill()
        process.wait()
        assert process.stdin is not None
        assert self._stderr is not None
        with contextlib.suppress(OSError):  # bytes that the child will never read
            process.stdin.close()
        self._stderr.close()

    def _running(self) -> subprocess.Popen[str]:
        if self._process is not None and self._process.poll() is not None:
            self.close()
        if self._process is None:
            self._stderr = tempfile.TemporaryFile()  # noqa: SIM115  (closed by close)
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-W", "ignore", "-c", _START],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._stderr, text=True,
                env={**os.environ, "PYTHONPATH": os.pathsep.join(_path())},
            )  # fmt: skip
            self._lines = SimpleQueue()
            Thread(target=_forward, args=(self._process.stdout, self._lines), daemon=True).start()
        return self._process

    def _receive(self, seconds: float, moving: Callable[[], bool] = lambda: False) -> Reply:
        start = perf_counter()
        while True:
            try:
                line = self._lines.get(timeout=seconds)
                break
            except Empty:
                if not moving():
                    self.close()
                    return Reply("timeout", None, f"killed after {perf_counter() - start:.1f} s")
        if line is None:
            return self._died()
        try:
            reply = json.loads(line)
        except ValueError:  # half a line: it died while writing
            return self._died()
        if "error" in reply:
            return Reply("failed", None, reply["error"])
        return Reply("result", reply["result"], "")

    def _died(self) -> Reply:
        assert self._process is not None
        assert self._stderr is not None
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(timeout=60)
        self._process.kill()
        code = self._process.wait()
        self._stderr.seek(0)
        words = [line for line in self._stderr.read().decode(errors="replace").splitlines() if line.strip()]
        how = f"signal {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"
        said = next((line for line in words if "failed" in line.lower()), words[-1] if words else "")
        self.close()
        return Reply("failed", None, f"the solver's process ended with {how}" + (f": {said}" if said else ""))


def _path() -> list[str]:
    """Where the child looks for modules: where this process does, in the working folder, and for ours last."""
    here = os.getcwd()
    entries = [os.path.abspath(entry) if entry else here for entry in sys.path]
    return [*dict.fromkeys([*(entry for entry in entries if entry != _OURS), here]), _OURS]


def ask(worker: Worker | None, solver: str, arguments: dict[str, Any], seconds: float) -> Reply:
    """Run ``solver(**arguments, seconds=seconds)`` in ``worker``, or in a process of its own.

    A solver is asked to stop after ``seconds`` and killed when it is a quarter and half a second late. A result that
    claims an optimum without a finite objective, or with items that there are not, counts as ``failed``.
    """
    if worker is None:
        with Worker() as own:
            return ask(own, solver, arguments, seconds)
    late = seconds if seconds <= 0 else 1.25 * seconds + 0.5
    reply = worker.call(solver, {**arguments, "seconds": seconds}, seconds=late)
    if reply.outcome == "result" and not _makes_sense(reply.result, len(arguments["score"])):
        return Reply("failed", None, f"the solver's reply makes no sense: {str(reply.result)[:200]}")
    return reply


def _makes_sense(result: Any, items: int) -> bool:
    if not isinstance(result, dict) or not isinstance(result.get("status"), str):
        return False
    objective, chosen = result.get("objective"), result.get("chosen")
    if result["status"] != "optimal":
        return True
    finite = isinstance(objective, (int, float)) and abs(objective) < math.inf
    return finite and isinstance(chosen, list) and all(type(i) is int and 0 <= i < items for i in chosen)


def unsolved(method: str, reply: Reply, seconds: float) -> Optimum:
    """The answer to a reply that claims no optimum."""
    if reply.outcome != "result":
        return unanswered(method, reply.outcome, seconds, reply.detail)
    said = reply.result["status"]
    status: Literal["timeout", "failed"] = "timeout" if said == "timeout" else "failed"
    return unanswered(method, status, seconds, f"the solver ended with: {said}")


def _forward(stdout: IO[str], lines: SimpleQueue[str | None]) -> None:
    with stdout:
        for line in stdout:
            lines.put(line)
    lines.put(None)
