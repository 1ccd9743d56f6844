"""Who watches a certification: when it is to stop, what it is doing, and by how many threads."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

STRIDE = 1 << 10  # states between two questions whether to stop


@dataclass(frozen=True)
class Watch:
    """What a certification asks and tells while it runs.

    Attributes:
        stopped: asked every thousand states or so, from within any search. Once it says True it must go on saying so:
            the searches end where they are, and the answer is the interval so far.
        on_phase: called with the name of what begins.
        threads: how many share the passes over the update, and processes the check; the answer does not depend on it.
        on_share: called with the share of the check that is done, often.
    """

    stopped: Callable[[], bool] = lambda: False
    on_phase: Callable[[str], None] = lambda name: None
    threads: int = 1
    on_share: Callable[[float], None] = lambda share: None


UNWATCHED = Watch()


def deadline(seconds: float, clock: Callable[[], float]) -> Callable[[], bool]:
    """Whether ``seconds`` have passed on ``clock`` since this call."""
    end = clock() + seconds
    return lambda: clock() >= end
