"""Laws known only through data: an update and its costs, or draws from a user's own function; all by plug-in.

    V, V_K      the relaxation and the fractional Top-K of the data themselves, at beta times its total cost
    intervals   Student's, from the influence functions; with as many degrees of freedom as their variance is known with
                psi   = {lambda beta (c - E c) + (p - lambda c)+ - mean - V (p - E p)} / E p       (envelope theorem)
                psi_K = {p 1[|g|>tau] - slope (c 1[|g|>tau] - beta c) - mean - V_K (p - E p)} / E p
    saving      1 - beta'/beta with V(beta') = V_K; where V_K is near 1 the same is asked of what the two lose,
                added up from the smallest entry: of what they keep, float64 would no longer tell the difference

The intervals say how much another draw of coordinates from the same law would move the values. They need
coordinates that are exchangeable and E g^4 < infinity; neither can be read off the data, :meth:`SampleLaw.doubts`
says when the tail makes the second doubtful. Where a budget keeps few coordinates, the estimate and its own error are
tied together and the interval is too short: at ten kept it covers 89 to 95 %, at forty 93 to 94 % (four laws,
simulated); :meth:`SampleLaw.doubts` says that too.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from theory.arithmetic.exact import Real
from theory.arrays import plain
from theory.energy.shares import Share
from theory.errors import InputError
from theory.laws.efficiency import (
    Efficiency,
    Estimate,
    Profile,
    Ranges,
    Saving,
    buys_all,
    check_share,
    everything,
    no_profile,
    nothing_to_save,
)
from theory.laws.elasticity import elasticity
from theory.laws.marginals import Floats
from theory.laws.power_mean import Group
from theory.laws.sample_frontier import SampleFrontier

_UPPER = 0.975  # of a 95 % interval
_VISIBLE, _FEW = 0.01, 50  # a share of ||g||^2, a number of coordinates: intervals are trusted below, and from there on
_CLASSES = 64  # distinct costs up to which each may be a group of its own
_SMALLEST, _LARGEST = 1e-140, 1e140  # of the largest magnitude and cost: squares and their sums stay floats


@dataclass(frozen=True, eq=False)
class SampleLaw:
    """The empirical law of pairs ``(|g_i|, c_i)``.

    Attributes:
        magnitude: float64 of shape (n,), >= 0. cost: float64 of shape (n,), > 0. name: for messages.
        layer: which layer each coordinate is of, integers of shape (n,), where that is known: the power-mean law is
            then taken layer by layer. remark: on where the costs come from.
        shares: of the energy, by kind of layer, where the costs come from layers. layer_names: by number of layer.

    Raises:
        InputError: shapes that differ, no coordinates, values that are negative or not finite, all magnitudes 0,
            or a largest one that is outside 1e-140 to 1e140.
    """

    magnitude: Floats
    cost: Floats
    name: str = "sample"
    layer: NDArray[np.integer] | None = None
    remark: str = ""
    shares: tuple[Share, ...] = field(default=(), compare=False, repr=False)
    layer_names: tuple[str, ...] = field(default=(), compare=False, repr=False)

    def __post_init__(self) -> None:
        magnitude, cost = self.magnitude, self.cost
        if magnitude.ndim != 1 or magnitude.shape != cost.shape:
            raise InputError(f"{self.name}: {magnitude.shape} magnitudes and {cost.shape} costs; give (n,) of each")
        if not magnitude.size:
            raise InputError(f"{self.name}: no coordinates")
        if self.layer is not None and self.layer.shape != magnitude.shape:
            raise InputError(f"{self.name}: {self.layer.shape} layer numbers for {magnitude.shape} magnitudes")
        for what, values, low in (("magnitude", magnitude, magnitude < 0), ("cost", cost, cost <= 0)):
            bad = np.flatnonzero(low | ~np.isfinite(values))
            if bad.size:
                accepted = "finite and >= 0" if what == "magnitude" else "finite and > 0"
                raise InputError(f"{self.name}: {what}[{bad[0]}] = {values[bad[0]]} must be {accepted}")
        if not magnitude.any():
            raise InputError(f"{self.name}: every magnitude is 0, there is nothing to send")
        for what, largest in (("magnitude", float(magnitude.max())), ("cost", float(cost.max()))):
            if not _SMALLEST <= largest <= _LARGEST:
                raise InputError(
                    f"{self.name}: the largest {what} is {largest:g}, accepted is {_SMALLEST:g} to {_LARGEST:g}, so "
                    "that sums of squares are floats; scale it, shares do not change"
                )

    @classmethod
    def of(
        cls, update: ArrayLike, cost: ArrayLike, name: str = "update", *, layer: ArrayLike | None = None,
        remark: str = "",
    ) -> SampleLaw:  # fmt: skip
        """From an update of any sign, shape (n,), one cost per coordinate or for all, and layer numbers if known.

        Raises:
            InputError: as the class; what holds no real numbers, and costs of another shape.
        """
        magnitude = np.abs(_numbers(update, f"{name}: the update"))
        costs = _numbers(cost, f"{name}: the costs")
        if costs.ndim and costs.shape != magnitude.shape:
            raise InputError(f"{name}: {magnitude.shape} magnitudes and {costs.shape} costs; give (n,) of each")
        costs = np.array(np.broadcast_to(costs, magnitude.shape))
        return cls(magnitude, costs, name, None if layer is None else plain(layer, f"{name}: the layers"), remark)

    @classmethod
    def drawn(
        cls, sample: Callable[[np.random.Generator, int], tuple[ArrayLike, ArrayLike]], *, n: int, seed: int
    ) -> SampleLaw:
        """From a user's function ``sample(rng, n) -> (g, c)``: any dependence at all.

        Raises:
            InputError: as the class, when what it returns is no sample.
        """
        name = getattr(sample, "__name__", "sample")
        if not callable(sample):
            raise InputError(f"a sampler must be a function (rng, n) -> (g, c), got {type(sample).__name__}")
        pair: Any = sample(np.random.default_rng(seed), n)
        if not (isinstance(pair, (tuple, list)) and len(pair) == 2):
            raise InputError(f"{name} must return two arrays of shape ({n},), (g, c), got {type(pair).__name__}")
        return cls.of(pair[0], pair[1], name)

    def __str__(self) -> str:
        return f"{self.name}, {self.magnitude.size} coordinates"

    def sample(self, rng: np.random.Generator, n: int) -> tuple[Floats, Floats]:
        """``n`` coordinates drawn with replacement: magnitudes and costs."""
        at = rng.integers(0, self.magnitude.size, n)
        return self.magnitude[at], self.cost[at]

    @property
    def failing(self) -> tuple[str, ...]:
        """Data always have means."""
        return ()

    def doubts(self, tau: float) -> list[str]:
        """Why the intervals at Top-K's threshold ``tau`` may be too short; nothing when no reason is seen."""
        found = []
        if (largest := float(self.score.max() / self.score.sum())) >= _VISIBLE:
            found.append(f"one coordinate holds {100 * largest:.2g} % of ||g||^2: the intervals are too short")
        if (kept := int(np.count_nonzero(self.magnitude > tau))) < _FEW:
            found.append(f"Top-K keeps {kept} coordinates: from so few, 95 % intervals cover less, near 90 %")
        return found

    @cached_property
    def score(self) -> Floats:
        """``p = g^2``."""
        return np.square(self.magnitude)

    # --- what the deviation bounds ask for, of draws with replacement -----------------------------------

    @property
    def ranges(self) -> Ranges:
        """Least cost, largest cost, largest score."""
        return Ranges(float(self.cost.min()), float(self.cost.max()), float(self.score.max()))

    def lacks(self, score: int, cost: int) -> str | None:
        """Data have all moments."""
        return None

    def mean_cost(self) -> float:
        """``E c``."""
        return float(self.cost.mean())

    def mean_score(self) -> float:
        """``E p``."""
        return float(self.score.mean())

    def energy(self, threshold: float) -> float:
        """``E[c; p > lambda c]``."""
        return float(self.cost[self.score > threshold * self.cost].sum() / self.cost.size)

    def score_above(self, threshold: float) -> float:
        """``E[p; p > lambda c]``."""
        return float(self.score[self.score > threshold * self.cost].sum() / self.cost.size)

    def score_below(self, threshold: float) -> float:
        """``E[p; p <= lambda c]``."""
        return float(self.score[self.score <= threshold * self.cost].sum() / self.cost.size)

    def energy_top_k(self, tau: float) -> float:
        """``E[c; |g| > tau]``."""
        return float(self.cost[self.magnitude > tau].sum() / self.cost.size)

    def score_top_k(self, tau: float) -> float:
        """``E[p; |g| > tau]``."""
        return float(self.score[self.magnitude > tau].sum() / self.cost.size)

    def threshold(self, energy: float) -> float:
        """``lambda`` at which CWMP has spent ``energy`` per coordinate."""
        at = self._by_density.at_energy(energy * self.cost.size)[0]
        return float(self.score[at] / self.cost[at])

    def tau(self, energy: float) -> float:
        """The magnitude at which Top-K has spent ``energy`` per coordinate."""
        return float(self.magnitude[self._by_magnitude.at_energy(energy * self.cost.size)[0]])

    def expectation(self, f: Callable[[Floats, Floats], Floats], threshold: float) -> float:
        """``E f(p, c)``."""
        return float(np.mean(f(self.score, self.cost)))

    # --- what follows ----------------------------------------------------------------------------------

    @cached_property
    def groups(self) -> tuple[Group, ...]:
        """Layers where they are known; else coordinates of equal cost where those are many; else all in one."""
        if self.layer is not None:
            labels = np.asarray(self.layer)
        else:
            values, classes, counts = np.unique(self.cost, return_inverse=True, return_counts=True)
            classed = values.size <= _CLASSES and counts.min() >= _FEW
            labels = classes if classed else np.zeros(self.cost.size, dtype=np.intp)
        order = np.argsort(labels, kind="stable")
        parts = np.split(order, np.flatnonzero(np.diff(labels[order])) + 1)
        return tuple(Group.of_data(self.magnitude[part], self.cost[part]) for part in parts)

    def ceiling(self, beta: Real) -> float:
        """What any selector saves at most at Top-K's score (claim D19a), Top-K's last item taken in part.

        Raises:
            InputError: ``beta`` outside (0, 1].
        """
        energy = min(check_share(beta), self.support_share) * float(self.cost.sum())
        kept = self._by_magnitude.count_at(energy)
        whole = int(kept)
        cheapest = np.partition(self.cost, min(whole, self.cost.size - 1))[: whole + 1]
        least = float(cheapest[:whole].sum()) + (kept - whole) * float(cheapest[-1])
        return max(0.0, 1 - least / energy)

    def efficiency(self, beta: Real) -> Efficiency:
        """V, V_K and R of the data at ``beta`` times their total cost, with 95 % intervals.

        Raises:
            InputError: ``beta`` outside (0, 1].
        """
        beta = check_share(beta)
        if buys_all(beta, self.support_share):
            return everything(beta)
        at, psi, psi_k = self._influence(beta)
        ratio = (psi - at[2] / at[3] * psi_k) / at[3]
        errors = [half_width(x) for x in (psi, psi_k, ratio)]
        values = at[2], at[3], at[2] / at[3]
        cwmp, top_k, over = (Estimate(x, e) for x, e in zip(values, errors, strict=True))
        return Efficiency(beta, at[0], at[1], cwmp, top_k, over)

    def _influence(self, beta: float) -> tuple[tuple[float, float, float, float], Floats, Floats]:
        """``(lambda, tau, V, V_K)`` and the influence functions of the last two."""
        p, c = self.score, self.cost
        at, kept, _ = self._by_density.at_energy(beta * c.sum())
        top, kept_k, _ = self._by_magnitude.at_energy(beta * c.sum())
        threshold, tau = float(p[at] / c[at]), float(self.magnitude[top])
        mean, v, v_k = p.mean(), kept / p.sum(), kept_k / p.sum()
        psi = (threshold * beta * c + np.maximum(p - threshold * c, 0) - v * p) / mean
        above = self.magnitude > tau
        slope = tau**2 / self._cost_near(tau)[0]
        psi_k = (above * p - slope * (above * c - beta * c) - v_k * p) / mean
        return (threshold, tau, float(v), float(v_k)), psi, psi_k

    def saving(self, beta: Real) -> Saving:
        """What CWMP saves at Top-K's score and gains at its energy on the data, and the laws' ingredients.

        The interval of the saving is that of ``V - V_K`` at the energy that is left, carried over by the slope of
        CWMP's frontier there.

        Raises:
            InputError: ``beta`` outside (0, 1].
        """
        at = self.efficiency(beta)
        beta = at.beta
        if at.keeps_all:
            return nothing_to_save(beta)
        p, c, total = self.score, self.cost, self.cost.sum()
        _, kept, lost = self._by_magnitude.at_energy(beta * total)
        item, spent = self._by_density.at_score(kept, lost)
        rate, slope = float(p[item] / c[item]), at.tau**2 / self._cost_near(at.tau)[0]
        above = self.magnitude > at.tau
        # (psi - psi_K) E p/lambda, with p above the threshold taken out of both: what is left of it is what they lose
        with np.errstate(all="ignore"):  # a score per joule that underflows: no error is known then
            worth = p / rate
        psi = spent / total * c + slope / rate * c * (above - beta) + np.where(above, 0, worth) - np.minimum(worth, c)
        error = half_width(psi) / (beta * c.mean())
        gain = Estimate(at.ratio.value - 1, at.ratio.error)
        return Saving(beta, Estimate(float(1 - spent / (beta * total)), float(error)), gain, self.profile(at.tau))

    def profile(self, tau: float) -> Profile:
        """What the laws of advantage and saving need, from the coordinates around ``tau``."""
        mean, spread, tail = self._cost_near(tau)
        above = self.magnitude > tau
        kept, retained = self.cost[above].sum(), self.score[above].sum()
        if not kept:
            return no_profile(tau)
        share = float(tau**2 * kept / (mean * retained))
        return Profile(tau, spread, tail / float(kept), self._elasticity(tau), share)

    def _elasticity(self, tau: float) -> Estimate:
        if self.cost.min() == self.cost.max():
            return Estimate(0.0, 0.0)
        positive = self.magnitude > 0
        return elasticity(np.log(self.magnitude[positive]) - math.log(tau), self.cost[positive])

    def _cost_near(self, tau: float) -> tuple[float, float, float]:
        """At ``tau``: mean cost, its coefficient of variation, energy per unit of log |g|.

        The window holds ``n^(2/3)`` coordinates, fewer where the tail has no more, half on either side in rank.
        """
        order = self._by_magnitude.order
        n = order.size
        rank = int(np.searchsorted(-self.magnitude[order], -tau, side="left"))
        half = max(8, min(math.ceil(n ** (2 / 3) / 2), rank // 4))
        inside = order[max(0, rank - half) : rank + half]
        inside = inside[self.magnitude[inside] > 0]
        c, log_g = self.cost[inside], np.log(self.magnitude[inside])
        width = float(log_g.max() - log_g.min())
        mean = float(c.mean())
        return mean, float(c.std()) / mean, float(c.sum()) / width if width else math.inf

    @cached_property
    def support_share(self) -> float:
        """The share of the energy that all non-zero entries cost: from there on a budget decides nothing."""
        return self._by_magnitude.energy_of(int(np.count_nonzero(self.score))) / float(self.cost.sum())

    @cached_property
    def _by_density(self) -> SampleFrontier:
        return SampleFrontier(np.argsort(-self.score / self.cost, kind="stable"), self.score, self.cost)

    @cached_property
    def _by_magnitude(self) -> SampleFrontier:
        return SampleFrontier(np.argsort(-self.magnitude, kind="stable"), self.score, self.cost)


def _numbers(values: ArrayLike, name: str) -> Floats:
    """Float64 of what somebody hands over."""
    array = plain(values, name)
    try:
        if array.dtype.kind not in "fiubO":
            raise TypeError
        return array.astype(np.float64)
    except (TypeError, ValueError, OverflowError):
        raise InputError(f"{name} must be real numbers, got dtype {array.dtype}") from None


def degrees_of_freedom(psi: Floats) -> float:
    """What the variance of the mean of ``psi`` is known with: ``2 n/(kurtosis - 1)``, at least 1 (Satterthwaite 1946).

    A mean that a few coordinates decide has a variance that few coordinates decide: their number, in substance.
    """
    centred = np.square(psi - psi.mean())
    variance = float(centred.mean())
    if not variance > 0:
        return math.inf
    spread = float(np.square(centred / variance).mean()) - 1
    return max(1.0, 2 * psi.size / spread) if spread > 0 else math.inf


def half_width(psi: Floats) -> float:
    """Half of the 95 % interval of the mean of ``psi``, shape (n,): Student's, with the degrees of freedom it has."""
    quantile = float(special.stdtrit(min(degrees_of_freedom(psi), 1e9), _UPPER))
    return quantile * float(psi.std()) / math.sqrt(psi.size)
