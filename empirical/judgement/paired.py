"""Paired differences over seeds: tests and intervals exact for the few seeds there are, and what many comparisons cost.

If a method is no better and no worse than the baseline given a seed's split, start and cohorts, its difference on each
seed is as likely d as -d. So of the ``2^n`` ways to flip the signs of n differences each is as likely as the one seen,
and the p-value is the share of them whose mean is as far from 0 (Fisher 1935). The interval is the same test turned
round: the means of all non-empty subsets cut the line into ``2^n`` pieces, each of which holds the centre
with probability ``2^-n`` (Hartigan 1969). Nothing is assumed of the differences beyond that symmetry, where Student's
interval of five seeds needs them normal.

The price: n seeds reach no p-value below ``2^(1-n)``. A family of k comparisons, judged by Holm's adjusted p-values
(Holm 1979; a single false finding with probability alpha at most, however they depend on one another), needs
:func:`needed` of them; with fewer nothing can be decided, however clear it looks, and that is what is then said.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

ALPHA = 0.05
MIN_PAIRS = 3
_MOST_PAIRS = 22  # 2^22 means
_SAME = 1e-12  # relative, of means that differ by rounding only


@dataclass(frozen=True)
class Paired:
    """A mean difference over pairs.

    Attributes:
        mean, low, high: the mean and its interval at ``level``; infinite ends when there are fewer than three pairs, or
            one without a difference.
        level: coverage of this interval by itself: ``1 - alpha/family``, or what so few pairs allow.
        p: of the two-sided test that the differences are symmetric about 0, not corrected; 1 without an interval.
        pairs: how many. agree: how many of them have the sign of the mean.
    """

    mean: float
    low: float
    high: float
    level: float
    p: float
    pairs: int
    agree: int

    @property
    def identical(self) -> bool:
        """No pair differs at all."""
        return self.low == self.mean == self.high == 0


def paired(differences: Sequence[float], family: int, alpha: float = ALPHA) -> Paired:
    """Mean, exact interval and exact test of paired differences, the interval corrected for ``family`` comparisons."""
    values = np.asarray(differences, dtype=np.float64)
    n, mean = values.size, float(np.mean(values))
    agree = int(np.count_nonzero(values * mean > 0))
    if not MIN_PAIRS <= n <= _MOST_PAIRS or not np.isfinite(values).all():
        return Paired(mean, -math.inf, math.inf, 1.0, 1.0, n, agree)
    sums, sizes = _subsets(values)
    means = np.sort(sums[1:] / sizes[1:])
    cut = max(1, math.floor(alpha / family * 2 ** (n - 1)))  # subset means left out at either end, and one
    flipped = np.abs(2 * sums - values.sum())
    p = float(np.mean(flipped >= abs(values.sum()) * (1 - _SAME)))
    return Paired(mean, float(means[cut - 1]), float(means[-cut]), 1 - cut * 2.0 ** (1 - n), p, n, agree)


def not_worse(differences: Sequence[float], margin: float) -> float:
    """The p-value against "worse by ``margin`` or more": sign flips of the differences plus the margin, one side.

    1 for pairs too few or too many to be flipped, or one without a difference. ``n`` pairs reach ``2^-n``.
    """
    values = np.asarray(differences, dtype=np.float64) + margin
    if not MIN_PAIRS <= values.size <= _MOST_PAIRS or not np.isfinite(values).all():
        return 1.0
    sums, _ = _subsets(values)
    reach = _SAME * float(np.abs(values).sum())
    return float(np.mean(sums >= values.sum() - reach))


def needed(family: int, alpha: float = ALPHA) -> int:
    """The fewest pairs with which one of ``family`` comparisons can be decided: ``2^(1-n) <= alpha/family``."""
    return max(MIN_PAIRS, 1 + math.ceil(math.log2(family / alpha)))


def holm(p_values: Sequence[float]) -> list[float]:
    """Holm's step-down adjusted p-values, in the order given."""
    p = np.asarray(p_values, dtype=np.float64)
    order = np.argsort(p, kind="stable")
    stepped = np.maximum.accumulate(p[order] * (p.size - np.arange(p.size)))
    adjusted = np.empty(p.size)
    adjusted[order] = np.minimum(stepped, 1.0)
    return [float(value) for value in adjusted]


def _subsets(values: Floats) -> tuple[Floats, Floats]:
    """Sum and size of every subset, float64 of shape (2^n,), the empty one first."""
    sums: Floats = np.zeros(1)
    sizes: Floats = np.zeros(1)
    for value in values:
        sums, sizes = np.concatenate([sums, sums + value]), np.concatenate([sizes, sizes + 1])
    return sums, sizes
