"""The other end of :mod:`proofs_check.oracles.worker`: reads requests, calls functions, writes replies.

Solvers print to the process's standard output whenever they like, so the channel to the parent is moved to
another descriptor first and standard output is pointed at standard error.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from importlib import import_module
from typing import Any, TextIO


def main() -> None:
    """Serve requests until standard input ends, that is, until the parent is gone.

    An interrupt from the keyboard reaches every process of the terminal; it is the parent's to deal with.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    channel = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    for line in sys.stdin:
        serve(json.loads(line), channel)


def serve(request: dict[str, Any], channel: TextIO) -> None:
    """Import the function, say so, call it, and send what it returns or how it failed."""
    try:
        module, _, name = request["function"].partition(":")
        function = getattr(import_module(module), name)
        _send(channel, {"result": "imported"})
        _send(channel, {"result": function(**request["arguments"])})
    except Exception as error:  # whatever a solver raises is its failure, not ours
        _send(channel, {"error": f"{type(error).__name__}: {' '.join(str(error).split())[:300]}"})


def _send(channel: TextIO, message: dict[str, Any]) -> None:
    channel.write(json.dumps(message) + "\n")
    channel.flush()
