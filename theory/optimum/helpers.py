"""What a check of a large certificate is helped by: numbers as they are asked for, and processes that share it.

The checker applies functions of its own to one piece of the data after another. With several processes each takes the
next piece in turn; Python's threads would wait for one another. The answers come back in the order of the pieces.
"""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from theory.arithmetic.exact import as_float64

_HELP = "from theory.optimum import helpers; helpers.serve()"
_TURN = 8  # pieces that each other process takes at once; this one, which hands them out, takes one less


class Floats64(Sequence[float]):
    """Numbers of any precision as float64, converted when they are asked for, so that a file is never in memory whole.

    Args:
        values_of: gives those of a slice. size: how many there are. on_share: told what share was asked for before.
    """

    def __init__(
        self, values_of: Callable[[slice], NDArray], size: int, on_share: Callable[[float], None] | None = None
    ) -> None:
        self._values_of, self._size, self._on_share = values_of, size, on_share

    @classmethod
    def of(cls, values: NDArray, name: str, on_share: Callable[[float], None] | None = None) -> Floats64:
        """The numbers of an array.

        Raises:
            InputError: numbers that float64 does not hold.
        """
        if values.dtype.kind != "f" or values.dtype.itemsize > 8:
            values = as_float64(values, name)
        return cls(values.__getitem__, values.size, on_share)

    def __len__(self) -> int:
        return self._size

    def __getitem__(self, part: Any) -> Any:
        if self._on_share is not None:
            self._on_share(part.start / self._size)
        return memoryview(np.ascontiguousarray(self._values_of(part), dtype=np.float64))  # type: ignore[arg-type]


Apply = Callable[[Callable[[Any], Any], Iterator[Any]], Iterable[Any]]


@contextmanager
def sharing(processes: int) -> Iterator[Apply]:
    """How to apply a function to many things by so many processes, this one among them; like ``map`` if it is one.

    The others are Python as this one is, and end with the context, whatever ends it. Where none can be started, this
    one does everything.
    """
    helpers: list[subprocess.Popen[bytes]] = []
    try:
        with suppress(OSError):
            helpers += [_start() for _ in range(processes - 1)]
        yield (lambda function, things: _shared(function, things, helpers)) if helpers else map
    finally:
        for helper in helpers:
            helper.kill()
            with suppress(OSError):
                helper.communicate()


def _start() -> subprocess.Popen[bytes]:
    """One that is waiting; Ctrl-C at a terminal is not for it, and it ends when its input does."""
    path = os.pathsep.join([str(Path(__file__).parents[2]), *filter(None, [os.environ.get("PYTHONPATH")])])
    return subprocess.Popen(
        [sys.executable or "python", "-c", _HELP], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": path}, start_new_session=True,
    )  # fmt: skip


def _shared(
    function: Callable[[Any], Any], things: Iterator[Any], helpers: list[subprocess.Popen[bytes]]
) -> Iterator[Any]:
    """What comes of all things, in their order; the last of each round's batches is for this process."""
    failed = [helper for helper in helpers if not _put(helper, function)]
    while True:
        helpers = [helper for helper in helpers if helper not in failed]
        taken = [_outcomes(next, [things] * n) for n in (*[_TURN] * len(helpers), _TURN - 1)]
        batches = [[thing for thing in batch if not isinstance(thing, Exception)] for batch in taken]
        failed += [helper for helper, batch in zip(helpers, batches, strict=False) if not _put(helper, batch)]
        mine = _outcomes(function, batches[-1])
        for helper, batch in zip(helpers, batches, strict=False):
            outcomes = None if helper in failed else _got(helper)
            if outcomes is None:
                failed.append(helper)
                outcomes = _outcomes(function, batch)
            yield from _results(outcomes)
        yield from _results(mine)
        for batch in taken:
            if batch and isinstance(batch[-1], Exception):
                if isinstance(batch[-1], StopIteration):
                    return
                raise batch[-1]


def _put(helper: subprocess.Popen[bytes], thing: Any) -> bool:
    """Whether a helper took something."""
    assert helper.stdin is not None
    try:
        pickle.dump(thing, helper.stdin, pickle.HIGHEST_PROTOCOL)
        helper.stdin.flush()
    except OSError:
        return False
    return True


def _got(helper: subprocess.Popen[bytes]) -> list[Any] | None:
    """What a helper gives back, None if it is no more."""
    assert helper.stdout is not None
    try:
        found: list[Any] = pickle.load(helper.stdout)
    except (OSError, EOFError, pickle.UnpicklingError):
        return None
    return found


def _outcomes(function: Callable[[Any], Any], things: list[Any]) -> list[Any]:
    """What comes of some things: an exception in its place, and nothing after it."""
    found: list[Any] = []
    try:
        for thing in things:
            found.append(function(thing))
    except Exception as error:
        found.append(error)
    return found


def _results(outcomes: list[Any]) -> Iterator[Any]:
    for outcome in outcomes:
        if isinstance(outcome, Exception):
            raise outcome
        yield outcome


def serve() -> None:
    """Be a helper: read a function, then batches to apply it to, and write what comes of them, as long as there are."""
    with suppress(EOFError, OSError):
        function = pickle.load(sys.stdin.buffer)
        while True:
            pickle.dump(_outcomes(function, pickle.load(sys.stdin.buffer)), sys.stdout.buffer, pickle.HIGHEST_PROTOCOL)
            sys.stdout.buffer.flush()
