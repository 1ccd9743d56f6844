"""Threads that share the work of one call with the thread that asks for it.

They write into memory that the caller owns, so none may go on when the call is over, whatever ended it. A thread pool
cannot promise that: an interrupt (Ctrl-C) while it starts a thread, or waits for one, leaves a thread that it does not
know of, or a lock that nobody opens. Here a share is claimed before it is begun, by one atomic step, so that the caller
knows of each whether to wait for it.
"""

from __future__ import annotations

import os
from _thread import allocate_lock, start_new_thread
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any, Generic, TypeVar

from theory.arithmetic.exact import as_whole

IN_ORDER = 1 << 20  # coordinates read in order that are worth a thread
SCATTERED = 1 << 16  # and such as lie far apart

_Share = TypeVar("_Share")
_Result = TypeVar("_Result")


def as_threads(threads: Any) -> int:
    """The number of threads; raises :class:`InputError` for what is none."""
    return as_whole(threads, "threads")


def as_jobs(jobs: Any) -> int:
    """How many processes work at a time, None for one a core; raises :class:`InputError` for what is no number."""
    return as_whole(os.cpu_count() or 1 if jobs is None else jobs, "jobs")


def useful_threads(threads: int, items: int, least: int) -> int:
    """How many of ``threads`` find at least so many items each; one does in any case."""
    return max(1, min(threads, items // least))


def shares(threads: int, size: int) -> list[tuple[int, int]]:
    """Where each thread's share of ``size`` items begins and where it ends."""
    return list(pairwise(size * k // threads for k in range(threads + 1)))


def each(work: Callable[[_Share], _Result], given: Sequence[_Share]) -> list[_Result]:
    """``work`` of every share, in their order: of the first in this thread, which has a core, of each other in another.

    Raises:
        BaseException: what ``work`` raised, or an interrupt; nobody works any more then.
    """
    others = [_Other(work, share) for share in given[1:]]
    try:
        try:
            for other in others:
                other.start()
            mine = [work(share) for share in given[:1]]
            return [*mine, *(other.result() for other in others)]
        finally:
            _settle(others)
    finally:  # once more: an interrupt may have come just there
        _settle(others)


class _Other(Generic[_Share, _Result]):
    """A share that another thread is to do; what none has begun when its result is wanted, the caller does."""

    def __init__(self, work: Callable[[_Share], _Result], share: _Share) -> None:
        self._work, self._share = work, share
        self._claim: dict[str, str] = {}
        self._over, self._running = False, allocate_lock()
        self._result: list[_Result] = []
        self._error: BaseException | None = None
        self._running.acquire()

    def start(self) -> None:
        """Ask for a thread."""
        try:
            start_new_thread(self._run, ())
        except RuntimeError:  # there is none to be had
            return

    def result(self) -> _Result:
        """What came of it; raises what ``work`` raised."""
        if self.is_callers():
            return self._work(self._share)
        self.wait()
        if self._error is not None:
            raise self._error
        return self._result[0]

    def is_callers(self) -> bool:
        """Claim the share for the caller, unless a thread has begun with it; no thread will, then."""
        return self._claim.setdefault("by", "caller") == "caller"

    def wait(self) -> None:
        """Till the thread that has begun is done."""
        while not self._over:
            self._running.acquire()
            self._running.release()

    def _run(self) -> None:
        if self._claim.setdefault("by", "thread") != "thread":
            return
        try:
            self._result.append(self._work(self._share))
        except BaseException as error:  # the caller raises it
            self._error = error
        finally:
            self._over = True
            self._running.release()


def _settle(others: Sequence[_Other[_Share, _Result]]) -> None:
    """Nobody begins any more, and who has begun is done."""
    for other in others:
        if not other.is_callers():
            other.wait()
