"""What selectors retain per joule, as numbers with their error: the values that laws and samples both give.

V(beta)     share of ||g||^2 that CWMP retains with the share beta of the energy (claim P1)
V_K(beta)   the same for Top-K (claim P2);   R = V/V_K (claim P3)
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

from theory.arithmetic.exact import Real
from theory.budget import as_share
from theory.errors import InputError

_ROUNDING = 1e-12  # relative, of sums of a million costs


class Estimate(NamedTuple):
    """A value and how far from it the truth may be: a quadrature's error, or the half-width of a 95 % interval."""

    value: float
    error: float

    def over(self, other: Estimate) -> Estimate:
        """``self/other`` for independent errors taken at their worst."""
        if not other.value:
            return Estimate(math.nan, math.inf)
        ratio = self.value / other.value
        return Estimate(ratio, (self.error + abs(ratio) * other.error) / abs(other.value))


NOT_DETERMINED = Estimate(math.nan, math.inf)


class Ranges(NamedTuple):
    """Ends of the supports: least cost, largest cost, largest score; infinite where there is none."""

    cost_low: float
    cost_high: float
    score_high: float


@dataclass(frozen=True)
class Efficiency:
    """Retained shares at one budget share ``beta``.

    Attributes:
        threshold: ``lambda``, score per joule at which CWMP stops. tau: magnitude at which Top-K stops.
        cwmp, top_k: ``V`` and ``V_K``. ratio: ``R``.
        keeps_all: whether the budget buys every non-zero entry: both rules keep all of them.
    """

    beta: float
    threshold: float
    tau: float
    cwmp: Estimate
    top_k: Estimate
    ratio: Estimate
    keeps_all: bool = False


@dataclass(frozen=True)
class Profile:
    """What the laws of advantage and saving need to know at Top-K's threshold ``tau``.

    Attributes:
        spread: ``CV_tau``, coefficient of variation of the cost among coordinates of magnitude tau.
        tail: ``tau h(tau)``, h the cost-weighted hazard rate ``f(tau) E[c; |g|=tau]/E[c; |g|>tau]``: the local
            tail index, per logarithm of magnitude.
        elasticity: ``d log E[c | |g|=t] / d log t`` at tau; 0 when costs do not depend on magnitudes, NaN where data
            do not determine it. Its error is 0 for laws, the half-width of a 95 % interval for data.
        share: ``tau^2/E[p; |g|>tau] * E[c; |g|>tau]/E[c | |g|=tau]``: what turns energy saved into score gained.
    """

    tau: float
    spread: float
    tail: float
    elasticity: Estimate
    share: float

    @property
    def saving(self) -> float:
        """Energy CWMP saves at Top-K's retained score, to second order in the spread (claim P6a).

        ``CV_tau^2/4 * tau h(tau) / (1 - elasticity/2)``
        """
        return self.spread**2 / 4 * self.tail / self._slope

    @property
    def saving_range(self) -> tuple[float, float]:
        """``saving`` at either end of the elasticity's interval; infinite where dearer costs may outrun the scores."""
        ends = (1 - (self.elasticity.value + sign * self.elasticity.error) / 2 for sign in (-1, 1))
        low, high = (self.spread**2 / 4 * self.tail / end if end > 0 else math.inf for end in ends)
        return low, high

    @property
    def advantage(self) -> float:
        """``R - 1`` at Top-K's energy, to second order in the spread (claim P5).

        ``CV^2/4 * tau^3 f(tau)/E[p; |g|>tau]`` for independent costs.
        """
        return self.saving * self.share

    def break_even(self, target: float) -> float:
        """The spread ``CV_tau`` from which the saving law promises the share ``target`` of the energy, in (0, 1).

        Raises:
            InputError: for a target outside (0, 1).
        """
        if not 0 < target < 1:
            raise InputError(f"the saving aimed at must be a share in (0, 1), got {target}")
        rate = self.tail / self._slope
        return 2 * math.sqrt(target / rate) if rate > 0 else math.inf

    @property
    def _slope(self) -> float:
        """``1 - elasticity/2``: at 0 and below, dearer costs outrun the scores and the law does not apply (NaN)."""
        slope = 1 - self.elasticity.value / 2
        return slope if slope > 0 else math.nan


@dataclass(frozen=True)
class Saving:
    """The practitioner's two questions at one budget share.

    Attributes:
        beta: Top-K's share of the energy.
        at_equal_score: share of Top-K's energy that CWMP saves while it retains as much, exactly.
        at_equal_energy: ``R - 1``, how much more CWMP retains with Top-K's energy, exactly.
        profile: the ingredients of the laws that predict both.
    """

    beta: float
    at_equal_score: Estimate
    at_equal_energy: Estimate
    profile: Profile


def no_profile(tau: float) -> Profile:
    """Where there is no density to look at."""
    return Profile(tau, math.nan, math.nan, NOT_DETERMINED, math.nan)


def buys_all(beta: float, support_share: float) -> bool:
    """Whether ``beta`` pays for all non-zero entries, which cost ``support_share``, up to the rounding of sums."""
    return beta >= support_share * (1 - _ROUNDING)


def everything(beta: float) -> Efficiency:
    """At a budget that buys every non-zero entry: both rules keep all of them."""
    one = Estimate(1.0, 0.0)
    return Efficiency(beta, 0.0, 0.0, one, one, one, keeps_all=True)


def nothing_to_save(beta: float) -> Saving:
    """The same; there is no threshold for the laws to look at."""
    nothing, unknown = Estimate(0.0, 0.0), no_profile(0.0)
    return Saving(beta, nothing, nothing, unknown)


def check_share(beta: Real) -> float:
    """``beta`` if it is a budget share in (0, 1]; at 1 everything is sent.

    Raises:
        InputError: otherwise.
    """
    return float(as_share(beta, "budget"))
