"""Rates of failure that deserve trust: exact intervals, a test that may stop at any time, its power.

    Clopper-Pearson   the interval of binomial rates that the data do not reject, exact for a fixed number of trials
    anytime-valid     {q : M_n(q) < 1/alpha}, with the Beta(1, 1) mixture martingale
                      M_n(q) = B(1 + k, 1 + n - k) / (q^k (1 - q)^(n - k)) after k failures in n trials;
                      by Ville's inequality it contains the true rate at *all* n at once with probability 1 - alpha

So a run may stop as soon as the interval lies on one side of the rate that is claimed, and be stopped and go on. Many
cells are judged together by sharing alpha (Bonferroni), which needs nothing of their dependence.

Sources: Clopper & Pearson 1934; Ville 1939; Robbins 1970; Howard, Ramdas, McAuliffe & Sekhon 2021.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from scipy import optimize, special, stats

from theory.errors import InputError

Answer = Literal["violated", "holds", "open"]


def clopper_pearson(failures: int, trials: int, confidence: float = 0.95) -> tuple[float, float]:
    """Two-sided exact interval of a failure rate.

    Raises:
        InputError: counts that are no counts, a confidence outside (0, 1).
    """
    _check(failures, trials, 1 - confidence)
    half = (1 - confidence) / 2
    low = float(stats.beta.ppf(half, failures, trials - failures + 1)) if failures else 0.0
    high = float(stats.beta.ppf(1 - half, failures + 1, trials - failures)) if failures < trials else 1.0
    return low, high


def anytime_interval(failures: int, trials: int, alpha: float) -> tuple[float, float]:
    """Interval of the failure rate that is valid whenever one looks, with probability ``1 - alpha`` for all looks.

    Raises:
        InputError: as :func:`clopper_pearson`.
    """
    _check(failures, trials, alpha)
    if not trials:
        return 0.0, 1.0
    rate = failures / trials
    excess = lambda q: _log_martingale(failures, trials, q) + math.log(alpha)  # noqa: E731
    least, most = 1e-300, math.nextafter(1.0, 0.0)  # rates that are looked at; between them and 0 or 1 is none
    low = float(optimize.brentq(excess, least, rate, xtol=1e-15)) if excess(least) > 0 else 0.0
    high = float(optimize.brentq(excess, rate, most, xtol=1e-15)) if failures < trials and excess(most) > 0 else 1.0
    return low, high


def _log_martingale(failures: int, trials: int, q: float) -> float:
    return float(
        special.betaln(1 + failures, 1 + trials - failures)
        - special.xlogy(failures, q)
        - special.xlog1py(trials - failures, -q)
    )


@dataclass(frozen=True)
class RateTest:
    """Is the failure rate at most ``allowed``? Stops when that is known, or after ``most`` trials.

    Attributes:
        allowed: the rate the claim concedes, in [0, 1). alpha: probability of a wrong answer, over all looks.
        most: number of trials after which the answer stays open.
    """

    allowed: float
    alpha: float
    most: int

    def __post_init__(self) -> None:
        if not 0 <= self.allowed < 1 or not 0 < self.alpha < 1 or self.most < 1:
            raise InputError(
                f"need a rate in [0, 1), alpha in (0, 1), trials >= 1; got {self.allowed}, {self.alpha}, {self.most}"
            )

    def answer(self, failures: int, trials: int) -> Answer:
        """``violated``: the rate is above ``allowed``; ``holds``: it is not; ``open``: not known."""
        low, high = anytime_interval(failures, trials, self.alpha)
        if low > self.allowed:
            return "violated"
        return "holds" if high <= self.allowed else "open"

    def detection(self, rate: float) -> float:
        """At least the probability that a true failure ``rate`` is answered by ``violated`` within ``most`` trials.

        That of looking only once, at the end: looking earlier as well can only find it sooner.
        """
        return float(stats.binom.sf(self._critical - 1, self.most, rate))

    def caught(self, power: float = 0.9) -> float:
        """The smallest failure rate that is found with probability ``power`` at least."""
        if self.detection(1.0) < power:
            return 1.0
        return float(optimize.brentq(lambda q: self.detection(q) - power, self.allowed, 1.0, xtol=1e-9))

    @property
    def decidable(self) -> bool:
        """Whether ``most`` trials without a failure would be answered by ``holds``."""
        return self.answer(0, self.most) == "holds"

    @property
    def _critical(self) -> int:
        """The least number of failures in ``most`` trials that is answered by ``violated``."""
        low, high = 0, self.most + 1
        while low < high:
            middle = (low + high) // 2
            if self.answer(middle, self.most) == "violated":
                high = middle
            else:
                low = middle + 1
        return low


def _check(failures: int, trials: int, alpha: float) -> None:
    if not 0 <= failures <= trials or not 0 < alpha < 1:
        raise InputError(f"need 0 <= failures <= trials and a level in (0, 1), got {failures}, {trials}, {alpha}")
