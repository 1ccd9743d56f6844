"""Paired differences over seeds: means with Student intervals, and what many comparisons cost.

A family of k comparisons is corrected twice over: intervals at level ``1 - alpha/k`` (Bonferroni), which hold
simultaneously, and Holm's adjusted p-values, which reject at least as much. Both control the chance of a single false
finding in the family. With few seeds the assumption that paired differences are roughly normal cannot be checked.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

ALPHA = 0.05
MIN_PAIRS = 3


@dataclass(frozen=True)
class Paired:
    """A mean difference over pairs.

    Attributes:
        mean, low, high: the mean and its interval at ``level``; infinite ends when there are fewer than three pairs, or
            when all pairs differ by the same amount other than zero, which says nothing about the spread.
        level: of the interval, the correction included.
        p: of the two-sided test that the mean is 0, not corrected; nan where the interval is infinite.
        pairs: how many.
    """

    mean: float
    low: float
    high: float
    level: float
    p: float
    pairs: int

    @property
    def sign(self) -> int:
        """1 or -1 when the interval lies on one side of 0, else 0."""
        return int(self.low > 0) - int(self.high < 0)

    @property
    def identical(self) -> bool:
        """No pair differs at all."""
        return self.low == self.mean == self.high == 0


def paired(differences: Sequence[float], family: int, alpha: float = ALPHA) -> Paired:
    """Mean and interval of paired differences (Student), corrected for ``family`` comparisons."""
    values, level = np.asarray(differences, dtype=np.float64), 1 - alpha / family
    n, mean = values.size, float(np.mean(values))
    if n >= MIN_PAIRS and not values.any():
        return Paired(0.0, 0.0, 0.0, level, 1.0, n)
    spread = float(np.std(values, ddof=1)) if n >= MIN_PAIRS else 0.0
    if not spread > 1e-12 * abs(mean):
        return Paired(mean, -math.inf, math.inf, level, math.nan, n)
    error = spread / math.sqrt(n)
    reach = float(stats.t.ppf((1 + level) / 2, n - 1)) * error
    p = 2 * float(stats.t.sf(abs(mean) / error, n - 1))
    return Paired(mean, mean - reach, mean + reach, level, p, n)


def holm(p_values: Sequence[float]) -> list[float]:
    """Holm's step-down adjusted p-values, in the order given (Holm 1979); nan counts as 1."""
    p = np.where(np.isnan(p_values), 1.0, p_values)
    order = np.argsort(p, kind="stable")
    stepped = np.maximum.accumulate(p[order] * (p.size - np.arange(p.size)))
    adjusted = np.empty(p.size)
    adjusted[order] = np.minimum(stepped, 1.0)
    return [float(value) for value in adjusted]
