"""Threads that share the work of one call, stage after stage, with the thread that asks for it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from itertools import pairwise
from types import TracebackType
from typing import Self, TypeVar

_Share = TypeVar("_Share")
_Result = TypeVar("_Result")

_ENOUGH = 1 << 17  # scattered items: reading fewer takes less time than waking a thread


class Crew:
    """So many threads, the caller's among them; the others end with the ``with`` block."""

    def __init__(self, threads: int) -> None:
        self.threads = max(1, threads)
        self._others = ThreadPoolExecutor(self.threads - 1) if self.threads > 1 else None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._others is not None:
            self._others.shutdown()

    def if_worth(self, items: int) -> Crew:
        """This crew, or the caller alone where no more than so many scattered items are to be looked at."""
        return self if items >= _ENOUGH else Crew(1)

    def each(self, work: Callable[[_Share], _Result], shares: Sequence[_Share]) -> list[_Result]:
        """``work`` of every share, in their order; on return nobody works, whether or not something was raised."""
        if self._others is None:
            return [work(share) for share in shares]
        others = [self._others.submit(work, share) for share in shares[1:]]
        try:
            mine = [work(share) for share in shares[:1]]  # this thread has a core
        finally:
            wait(others)
        return [*mine, *(other.result() for other in others)]

    def shares(self, size: int) -> list[tuple[int, int]]:
        """Where each thread's share of ``size`` items begins and where it ends."""
        return list(pairwise(size * k // self.threads for k in range(self.threads + 1)))
