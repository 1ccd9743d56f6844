"""Honest gain: the share of the cohort's common descent that was sent (claim P15).

    [<s, u> - sum_k n_k^2 <s_k, u_k>] / [||u||^2 - sum_k n_k^2 ||u_k||^2],   s = sum_k n_k s_k,   u = sum_k n_k u_k

with ``u_k`` the update that client k computed in this round and ``s_k`` what it sent, its residual included. Numerator
and denominator are each without bias for what the clients have in common: pairs of different clients only. Captured
norm counts a client's own noise on both sides.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray


def honest_gain(
    sent: Sequence[NDArray[np.floating]], updates: Sequence[NDArray[np.floating]], examples: Sequence[int]
) -> tuple[float, float]:
    """Numerator and denominator: over rounds they are added up, as a ratio of one round may divide by next to nothing.

    Args:
        sent, updates: of the clients, shape (d,) each. examples: their weights in the average.

    Sums are formed in one order whatever the machine's threads.
    """
    total, d = sum(examples), updates[0].size
    mean_sent, mean_update, own_sent, own_update = np.zeros(d), np.zeros(d), 0.0, 0.0
    for s, u, n in zip(sent, updates, examples, strict=True):
        s_k, u_k = n / total * s.astype(np.float64), n / total * u.astype(np.float64)
        mean_sent += s_k
        mean_update += u_k
        own_sent += _dot(s_k, u_k)
        own_update += _dot(u_k, u_k)
    return _dot(mean_sent, mean_update) - own_sent, _dot(mean_update, mean_update) - own_update


def _dot(x: NDArray[np.float64], y: NDArray[np.float64]) -> float:
    return float(np.einsum("i,i->", x, y))
