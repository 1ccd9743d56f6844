"""The processes that checks run in: one a check, forked where there is a fork from a server that is ready for any.

The server is a process of its own that has imported the pages once (:mod:`proofs_check.preloaded`), so that a check
costs a fork, some hundredths of a second. Nothing here imports the pages: the server begins to while the caller does.
"""

from __future__ import annotations

import multiprocessing as mp
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

PRELOADED = "proofs_check.preloaded"


def context() -> Any:
    """How processes are started here."""
    if "forkserver" not in mp.get_all_start_methods():
        return mp.get_context("spawn")
    found = mp.get_context("forkserver")
    found.set_forkserver_preload([PRELOADED])
    return found


def get_ready() -> None:
    """Start the server, where there is one, without waiting for it."""
    if context().get_start_method() == "forkserver":
        from multiprocessing import forkserver

        forkserver.ensure_running()


@contextmanager
def main_left_alone() -> Iterator[None]:
    """Processes that are started in here do not run the user's script again, so it needs no ``__main__`` guard.

    They are told to import it by its name and file; what they are handed here is found without it.
    """
    main = sys.modules["__main__"]
    before = {name: getattr(main, name) for name in ("__spec__", "__file__") if hasattr(main, name)}
    main.__spec__ = None
    if "__file__" in before:
        del main.__file__
    try:
        yield
    finally:
        for name, value in before.items():
            setattr(main, name, value)
