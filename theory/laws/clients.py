"""What one price saves over equal budgets when clients' updates differ in scale only (claim P14)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from theory.errors import InputError


@dataclass(frozen=True)
class PriceLaw:
    """The prediction.

    Attributes:
        retained: score of one price over that of equal budgets, at equal joules.
        energy: joules of one price over those of equal budgets, at equal score.
    """

    retained: float
    energy: float


def power_mean(values: Sequence[float] | np.ndarray, order: float) -> float:
    """``M_q = (mean x^q)^(1/q)`` of positive values; the geometric mean for ``q = 0``."""
    logs = np.log(np.asarray(values, dtype=np.float64))
    if order == 0:
        return float(np.exp(logs.mean()))
    largest = float((order * logs).max())
    return math.exp((largest + math.log(float(np.exp(order * logs - largest).mean()))) / order)


def price_law(scales: Sequence[float], tail_index: float) -> PriceLaw:
    """``(M_a/M_2)^2`` and ``(M_2/M_a)^(2a/(a-2))``, the power means of the clients' scales.

    Client k's magnitudes are ``s_k`` times one law with ``P(|g| > t) = L t^-a`` above every threshold in play, costs
    are drawn from one law, independent of magnitudes there, and scores are those of the tail: thresholds that the least
    of the clients' laws still covers.

    Args:
        scales: ``s_k > 0`` of each client. tail_index: ``a > 2``, so that scores of the tail exist.

    Raises:
        InputError: scales that are not positive and finite; an index of 2 or below.
    """
    s = np.asarray(scales, dtype=np.float64)
    if s.ndim != 1 or not s.size or not (np.isfinite(s) & (s > 0)).all():
        raise InputError("scales must be positive finite numbers, one a client")
    if not 2 < tail_index < math.inf:
        raise InputError(f"tail_index must be a number above 2, got {tail_index}: E p is infinite below")
    ratio = power_mean(s, tail_index) / power_mean(s, 2)
    return PriceLaw(ratio**2, ratio ** (-2 * tail_index / (tail_index - 2)))
