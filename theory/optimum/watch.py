"""Who watches a certification: when it is to stop, and what it is doing."""

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
    """

    stopped: Callable[[], bool] = lambda: False
    on_phase: Callable[[str], None] = lambda name: None


UNWATCHED = Watch()


def deadline(seconds: float, clock: Callable[[], float]) -> Callable[[], bool]:
    """Whether ``seconds`` have passed on ``clock`` since this call."""
    end = clock() + seconds
    return lambda: clock() >= end
