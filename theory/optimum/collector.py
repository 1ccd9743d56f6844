"""Searches without the collector of circular references."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def uncollected() -> Iterator[None]:
    """Keep the collector away for a while: it looks at the millions of tuples that a search holds, again and again.

    There are no circles among them, so that each is gone once nobody holds it. Afterwards the collector is as it was.
    """
    enabled = gc.isenabled()
    try:
        gc.disable()
        yield
    finally:
        if enabled:
            gc.enable()
