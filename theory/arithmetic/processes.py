"""Processes that share the work of one call with the one that asks for it, where Python's threads would wait.

A function is applied to one thing after another, and what comes of them comes in their order. Each other process has a
few things ahead of it, so that it need not wait; this one sees to that, and does things of its own between. What is
said goes through pipes. Large bytes lie in memory that both see, in one slot for each thing ahead; in its first byte
the other process counts what it has done, so that this one knows without waiting.

Needs the standard library alone: so the others start within a tenth of a second.
"""

from __future__ import annotations

import io
import mmap
import os
import pickle
import subprocess
import sys
import tempfile
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

_AHEAD = 8  # things that another process has before it
_WAITING = 32  # things, done or not, that wait for an earlier one
_LARGE = 1 << 12  # bytes that do not go through the pipe ...
_SLOT = 1 << 17  # ... of one thing
_SIZE = _LARGE + _AHEAD * _SLOT  # of the memory; of its first page but one byte is used
_UNREAD = 1 << 12  # bytes that a pipe takes while nobody reads

Apply = Callable[[Callable[[Any], Any], Iterator[Any]], Iterable[Any]]
_Outcome = tuple[Any, Exception | None]


@contextmanager
def sharing(processes: int) -> Iterator[Apply]:
    """How to apply a function to many things by so many processes, this one among them; like ``map`` if it is one.

    The others are Python as this one is, and end with the context, whatever ends it. Where none can be started, this
    one does everything.
    """
    helpers: list[_Helper] = []
    try:
        with suppress(OSError):
            for _ in range(processes - 1):
                helpers.append(_Helper())
        yield (lambda function, things: _shared(function, things, helpers)) if helpers else map
    finally:
        for helper in helpers:
            helper.end()


class _Given:
    """A thing that has been given to some process, and what came of it."""

    def __init__(self, thing: Any) -> None:
        self.thing: Any = thing
        self.outcome: _Outcome | None = None

    def done_by(self, function: Callable[[Any], Any]) -> None:
        """Here and now."""
        self.outcome, self.thing = _outcome(function, self.thing), None


class _Helper:
    """Another process.

    Attributes:
        ahead: what it has been given and nothing has come of yet, and the size of each message.
        gone: it has ended, or says what nobody understands.
    """

    def __init__(self) -> None:
        self.ahead: deque[tuple[_Given, int]] = deque()
        self.gone, self._put, self._taken = False, 0, 0
        self._process, self._memory = _start()

    def do(self, function: Callable[[Any], Any]) -> None:
        """From now on this, whatever it was before."""
        while self.ahead:
            self.take()
        self._write(_packed((True, function)))

    def give(self, given: _Given) -> bool:
        """Whether it takes a thing: it is there, has few ahead, and need not read for all to be in the pipe."""
        if self.gone or len(self.ahead) == _AHEAD:
            return False
        first = _LARGE + self._put % _AHEAD * _SLOT
        message = _packed((False, given.thing), self._memory, first)
        if self.ahead and len(message) + sum(size for _, size in self.ahead) > _UNREAD:
            return False
        self.ahead.append((given, len(message)))
        self._put += 1
        self._write(message)
        return True

    def has_some(self) -> bool:
        """Whether :meth:`take` need not wait."""
        return bool(self.ahead) and (self.gone or self._memory[0] != self._taken % 256)

    def take(self) -> None:
        """What comes of the first thing ahead; nothing if it is gone."""
        given, _ = self.ahead.popleft()
        self._taken += 1
        if self.gone:
            return
        assert self._process.stdout is not None
        try:
            given.outcome = pickle.load(self._process.stdout)
            given.thing = None
        except Exception:
            self.gone = True

    def end(self) -> None:
        """Let it be no more."""
        self._process.kill()
        with suppress(OSError):
            self._process.communicate()

    def _write(self, message: bytes) -> None:
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(message)
            self._process.stdin.flush()
        except OSError:
            self.gone = True


def _start() -> tuple[subprocess.Popen[bytes], mmap.mmap]:
    """One that is waiting, and the memory it shares; Ctrl-C at a terminal is not for it, and it ends with its input."""
    path = os.pathsep.join([str(Path(__file__).parents[2]), *filter(None, [os.environ.get("PYTHONPATH")])])
    with tempfile.TemporaryFile() as file:
        file.truncate(_SIZE)
        name: int | str = file.fileno()
        if sys.platform == "win32":  # where files are not handed on, but memory has a name
            name = f"cwmp-{os.getpid()}-{os.urandom(8).hex()}"
        code = f"from theory.arithmetic import processes; processes.serve({name!r})"
        process = subprocess.Popen(
            [sys.executable or "python", "-P", "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": path}, start_new_session=True,
            pass_fds=[name] if isinstance(name, int) else [],
        )  # fmt: skip
        return process, _memory(name)


def _memory(name: int | str) -> mmap.mmap:
    if sys.platform == "win32":
        return mmap.mmap(-1, _SIZE, tagname=str(name))
    return mmap.mmap(int(name), _SIZE)


class _Pickler(pickle.Pickler):
    """Puts large bytes into a slot of the memory, as long as there is room."""

    def __init__(self, file: io.BytesIO, memory: mmap.mmap, first: int) -> None:
        super().__init__(file, pickle.HIGHEST_PROTOCOL)
        self._memory, self._at, self._end = memory, first, first + _SLOT

    def persistent_id(self, thing: Any) -> tuple[int, int] | None:
        if type(thing) is not bytes or len(thing) < _LARGE or self._at + len(thing) > self._end:
            return None
        start, self._at = self._at, self._at + len(thing)
        self._memory[start : self._at] = thing
        return start, self._at


class _Unpickler(pickle.Unpickler):
    """Finds them there."""

    def __init__(self, file: Any, memory: mmap.mmap) -> None:
        super().__init__(file)
        self._memory = memory

    def persistent_load(self, where: tuple[int, int]) -> bytes:
        return self._memory[slice(*where)]


def _packed(thing: Any, memory: mmap.mmap | None = None, first: int = 0) -> bytes:
    file = io.BytesIO()
    (_Pickler(file, memory, first) if memory else pickle.Pickler(file, pickle.HIGHEST_PROTOCOL)).dump(thing)
    return file.getvalue()


def _shared(function: Callable[[Any], Any], things: Iterator[Any], helpers: list[_Helper]) -> Iterator[Any]:
    """What comes of all things, in their order."""
    for helper in helpers:
        helper.do(function)
    waiting: deque[_Given] = deque()
    end: Exception | None = None
    while waiting or end is None:
        for helper in helpers:
            while helper.has_some():
                helper.take()
        if waiting and (found := waiting[0].outcome) is not None:
            waiting.popleft()
            yield _result(found)
        elif end is None and len(waiting) < _WAITING:
            thing, end = _outcome(next, things)
            if end is None:
                waiting.append(_Given(thing))
                if not any(helper.give(waiting[-1]) for helper in helpers):
                    waiting[-1].done_by(function)
        else:
            for helper in helpers:
                if helper.ahead and helper.ahead[0][0] is waiting[0]:
                    helper.take()
            if waiting[0].outcome is None:  # nobody has it
                waiting[0].done_by(function)
    if not isinstance(end, StopIteration):
        raise end


def _outcome(function: Callable[[Any], Any], thing: Any) -> _Outcome:
    try:
        return function(thing), None
    except Exception as error:
        return None, error


def _result(outcome: _Outcome) -> Any:
    found, error = outcome
    if error is not None:
        raise error
    return found


def serve(name: int | str) -> None:
    """Be another process: read functions and things to apply them to, and write what comes of these, till the end."""
    memory, done = _memory(name), 0
    function: Callable[[Any], Any] = repr
    with suppress(EOFError, OSError):
        while True:
            is_function, thing = _Unpickler(sys.stdin.buffer, memory).load()
            if is_function:
                function = thing
                continue
            outcome, done = _outcome(function, thing), done + 1
            memory[0] = done % 256
            pickle.dump(outcome, sys.stdout.buffer, pickle.HIGHEST_PROTOCOL)
            sys.stdout.buffer.flush()
