"""Named random streams of one seed: every draw has an address, so nothing depends on the order of drawing.

    stream(seed, "cohort", t)        whom round t invites
    stream(seed, "batches", t, k)    the mini-batches of client k in round t

Two methods run with the same seed meet the same split, the same start, the same cohorts, batches and dropouts: runs
are *paired*. And a run that is resumed needs no generator's state, only the number of the round.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import torch


def stream(seed: int, name: str, *address: int) -> np.random.Generator:
    """NumPy's generator of the stream ``name`` at ``address``, statistically independent of every other one."""
    return np.random.default_rng(_sequence(seed, name, address))


def torch_stream(seed: int, name: str, *address: int) -> torch.Generator:
    """The same stream for PyTorch, on the CPU: initial weights are drawn there whatever the device."""
    import torch

    state = _sequence(seed, name, address).generate_state(1, np.uint64)[0]
    return torch.Generator().manual_seed(int(state) >> 1)  # PyTorch takes 63 bits


def _sequence(seed: int, name: str, address: tuple[int, ...]) -> np.random.SeedSequence:
    label = int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big")
    return np.random.SeedSequence([seed, label, *address])
