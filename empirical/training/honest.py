"""Honest gain: the share of the cohort's common descent that was sent (claim P15).

    [<s, u> - sum_k n_k^2 <s_k, u_k>] / [||u||^2 - sum_k n_k^2 ||u_k||^2],   s = sum_k n_k s_k,   u = sum_k n_k u_k

with ``u_k`` the update that client k computed in this round and ``s_k`` what it sent, its residual included. Numerator
and denominator are each without bias for what the clients have in common: pairs of different clients only. Captured
norm counts a client's own noise on both sides.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray


def honest_gain(
    sent: Sequence[NDArray[np.floating]], updates: Iterable[NDArray[np.floating]], examples: Sequence[int]
) -> tuple[float, float]:
    """Numerator and denominator: over rounds they are added up, as a ratio of one round may divide by next to nothing.

    Args:
        sent, updates: of the clients, shape (d,) each; updates may be given in the same memory one after the other.
        examples: their weights in the average.

    Sums are formed in one order whatever the machine's threads.
    """
    total, d = sum(examples), sent[0].size
    mean, own, parts = np.zeros(d), np.zeros(2), []
    scaled = np.empty(d)
    for s, u, n in zip(sent, updates, examples, strict=True):
        np.multiply(u, n / total, out=scaled, dtype=np.float64)
        mean += scaled
        items = np.flatnonzero(s)
        values = n / total * s[items].astype(np.float64)
        parts.append((items, values))
        own += _dot(values, scaled[items]), _dot(scaled, scaled)
    common = sum(_dot(values, mean[items]) for items, values in parts)
    return common - float(own[0]), _dot(mean, mean) - float(own[1])


def _dot(x: NDArray[np.float64], y: NDArray[np.float64]) -> float:
    return float(np.einsum("i,i->", x, y))
