"""Laws of (|g|, c) and what they say of CWMP and Top-K, by quadrature (claims P1 to P6).

    C(lambda) = E[c; p > lambda c]     energy per coordinate of the rule that keeps p = g^2 above lambda c
    P(lambda) = E[p; p > lambda c]     what it retains
    K(tau), T(tau)                     the same for the rule |g| > tau

    V(beta)   = min over lambda >= 0 of {lambda beta E c + P(lambda) - lambda C(lambda)} / E p
    V_K(beta) = T(tau)/E p  with  K(tau) = beta E c

    saving    = 1 - C/(beta E c)  at the lambda with  P(lambda) = T(tau)

Where Top-K keeps nearly all, the last is solved for what both lose, E[p; p <= lambda c] = E[p; |g| <= tau]: of what
they keep, float64 would no longer tell the difference. At a jump dP = lambda dC.

Energies are integrated over the cost with the magnitude's conditional tail, scores over the magnitude with the cost's
conditional distribution function: one dimension each, for independent sides and for a Gaussian copula alike.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy import optimize, special

from theory.arithmetic.exact import Real
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
from theory.laws.marginals import COARSE, FINE, Floats, Marginal
from theory.laws.power_mean import Group

_ROUNDING = 1e-13  # relative, of sums over thousands of nodes
_STEP = 1e-3  # relative, of the derivative that gives the elasticity
_DIVERGING = 1e-6  # share of an integral in its outermost panel from which it counts as infinite
_TAIL = 1e-300  # probabilities below are 0
_NUDGE = 1e-12  # relative, to both sides of a threshold that may be an atom
_JUMP = 1e-9  # relative to the budget: a jump of the energy that is one, and no rounding


@dataclass(frozen=True, eq=False)
class Law:
    """Independent coordinates ``(|g_i|, c_i)``, each side with its own distribution.

    Attributes:
        magnitude: of ``|g|``. cost: of ``c``.
        correlation: of the normal scores of both (Gaussian copula), in (-1, 1).

    Raises:
        InputError: a correlation outside (-1, 1), magnitudes that are 0 almost surely, a side with no known quantile.
    """

    magnitude: Marginal
    cost: Marginal
    correlation: float = 0.0

    def __post_init__(self) -> None:
        if not -1 < self.correlation < 1:
            raise InputError(f"correlation must be in (-1, 1), got {self.correlation}")
        if self.magnitude.upper <= 0:
            raise InputError(f"magnitude {self.magnitude.text}: is 0 with probability 1, there is nothing to send")
        if self.correlation:
            self.magnitude.quantile(np.zeros(1))

    def __str__(self) -> str:
        copula = f", correlation {self.correlation:g}" if self.correlation else ""
        return f"|g| ~ {self.magnitude.text}, c ~ {self.cost.text}{copula}"

    @property
    def failing(self) -> tuple[str, ...]:
        """Which assumptions of the limits are known to fail; empty when none is."""
        found = []
        if (cost := self.cost.moment(1)).excluded:
            found.append(f"costs have no mean ({cost.why}): the share beta of the total is no share per coordinate")
        if (score := self.magnitude.moment(2)).excluded:
            found.append(f"squared magnitudes have no mean ({score.why}): few coordinates carry the whole norm")
        return tuple(found)

    @property
    def doubtful(self) -> tuple[str, ...]:
        """Which of them cannot be known."""
        sides = (("E c", self.cost.moment(1)), ("E g^2", self.magnitude.moment(2)))
        return tuple(f"{what} may not exist: {found.why}" for what, found in sides if found.status == "unknown")

    def sample(self, rng: np.random.Generator, n: int) -> tuple[Floats, Floats]:
        """``n`` independent pairs: magnitudes and costs, float64 of shape (n,)."""
        if not self.correlation:
            return self.magnitude.sample(rng, n), self.cost.sample(rng, n)
        z, other = rng.standard_normal((2, n))
        zeta = self.correlation * z + math.sqrt(1 - self.correlation**2) * other
        return self.magnitude.quantile(z), self.cost.quantile(zeta)

    # --- the four integrals -------------------------------------------------------------------------

    def mean_cost(self, count: int = FINE) -> float:
        """``E c``."""
        nodes = self.cost.nodes(count=count)
        return float(nodes.weight @ nodes.x)

    def mean_score(self, count: int = FINE) -> float:
        """``E p``."""
        nodes = self.magnitude.nodes(count=count)
        return float(nodes.weight @ nodes.x**2)

    def energy(self, threshold: float, count: int = FINE) -> float:
        """``C(lambda) = E[c; p > lambda c]``."""
        return self._cost_above(
            lambda c: np.sqrt(threshold * c), [a * a / threshold for a in self.magnitude.kinks], count
        )

    def energy_top_k(self, tau: float, count: int = FINE) -> float:
        """``K(tau) = E[c; |g| > tau]``."""
        return self._cost_above(lambda c: np.full(c.shape, tau), [], count)

    def score_above(self, threshold: float, count: int = FINE) -> float:
        """``P(lambda) = E[p; p > lambda c]``."""
        return self._side(threshold, count, lost=False)

    def score_below(self, threshold: float, count: int = FINE) -> float:
        """``E[p; p <= lambda c]``, finite whenever ``E c`` is."""
        return self._side(threshold, count, lost=True)

    def score_top_k(self, tau: float, count: int = FINE) -> float:
        """``T(tau) = E[p; |g| > tau]``."""
        return self._score_top_k(tau, count)[0]

    def _score(self, threshold: float, count: int) -> tuple[float, float]:
        """``E[p; p > lambda c]`` and ``E[p; p <= lambda c]``."""
        return self._side(threshold, count, lost=False), self._side(threshold, count, lost=True)

    def _side(self, threshold: float, count: int, *, lost: bool) -> float:
        """One of the two."""
        breaks = [math.sqrt(threshold * a) for a in self.cost.joints]
        nodes = self.magnitude.nodes(breaks, spread=bool(self.correlation), count=count)
        limit = nodes.x**2 / threshold * (1 - 1e-15)  # p > lambda c is strict
        if self.correlation:
            score = (self.cost.score(limit) - self.correlation * nodes.score) / math.sqrt(1 - self.correlation**2)
            share = special.ndtr(-score if lost else score)
        else:
            share = self.cost.sf(limit) if lost else self.cost.cdf(limit)
        return float(nodes.weight @ (nodes.x**2 * share))

    def _score_top_k(self, tau: float, count: int) -> tuple[float, float]:
        """``E[p; |g| > tau]`` and ``E[p; |g| <= tau]``."""
        nodes = self.magnitude.nodes([tau], count=count)
        p, above = nodes.x**2, nodes.x > tau
        return float(nodes.weight @ (p * above)), float(nodes.weight @ (p * ~above))

    def threshold(self, energy: float, count: int = FINE) -> float:
        """``lambda`` with ``C(lambda) = energy``, or where C jumps across it."""
        start = self.mean_score(count) / self.mean_cost(count)
        low = high = start
        while self.energy(low, count) < energy and low > start * 1e-200:
            low /= 16.0
        while self.energy(high, count) > energy:
            high *= 16.0
        return _root(lambda x: self.energy(x, count) - energy, low, high)

    def tau(self, energy: float, count: int = FINE) -> float:
        """The magnitude at which Top-K has spent ``energy`` per coordinate."""
        low = high = math.sqrt(self.mean_score(count))
        while self.energy_top_k(low, count) < energy and low > 1e-200 * high:
            low /= 4.0
        while self.energy_top_k(high, count) > energy:
            high *= 4.0
        return _root(lambda x: self.energy_top_k(x, count) - energy, low, high)

    @cached_property
    def support_share(self) -> float:
        """The share of the energy that all non-zero entries cost: from there on a budget decides nothing."""
        return self.energy_top_k(0.0) / self.mean_cost()

    # --- what the deviation bounds ask for ------------------------------------------------------------

    @property
    def ranges(self) -> Ranges:
        """Least cost, largest cost, largest score; infinite where there is none."""
        return Ranges(self.cost.lower, self.cost.upper, self.magnitude.upper**2)

    def lacks(self, score: int, cost: int) -> str | None:
        """Which of ``E p^score`` and ``E c^cost`` is not known to exist; None when both are (0: not asked for)."""
        sides = [(f"E c^{cost}", self.cost.moment(cost))] if cost else []
        if score:
            sides.insert(0, (f"E g^{2 * score}", self.magnitude.moment(2 * score)))
        missing = [f"{what} is {found.status} ({found.why})" for what, found in sides if found.status != "finite"]
        return "; ".join(missing) or None

    def expectation(self, f: Callable[[Floats, Floats], Floats], threshold: float) -> float:
        """``E f(p, c)`` for an ``f`` that jumps at ``p = lambda c`` only, to three digits or better.

        Args:
            f: of scores of shape (m, 1) and costs of shape (1, n), bounded by multiples of p^2, p c and c^2.
        """
        breaks, spread = [math.sqrt(threshold * a) for a in self.cost.joints], bool(self.correlation)
        magnitude = self.magnitude.nodes(breaks, spread=spread, count=COARSE)
        cost = self.cost.nodes(spread=spread, count=COARSE)
        weight = magnitude.weight[:, None] * cost.weight
        if self.correlation:
            r, z, zeta = self.correlation, magnitude.score[:, None], cost.score
            weight *= np.exp(-(r * r * (z * z + zeta * zeta) - 2 * r * z * zeta) / (2 * (1 - r * r)))
            weight /= math.sqrt(1 - r * r)
        return float(np.sum(weight * f(magnitude.x[:, None] ** 2, cost.x[None, :])))

    @cached_property
    def groups(self) -> tuple[Group, ...]:
        """The law as the power-mean law takes it: one group, with the magnitude's tail at every cost."""
        nodes = self.cost.nodes(spread=bool(self.correlation))
        if not self.correlation:
            return (Group(nodes.x, nodes.weight, self.magnitude.sf, _TAIL),)
        r, s = self.correlation, math.sqrt(1 - self.correlation**2)
        given = lambda t: special.ndtr((r * nodes.score - self.magnitude.score(t)) / s)  # noqa: E731
        return (Group(nodes.x, nodes.weight, given, _TAIL),)

    def ceiling(self, beta: Real) -> float:
        """What any selector saves at most at Top-K's score as d grows (claim D19a): it keeps the cheapest, as many.

        Raises:
            InputError: as :meth:`efficiency`.
        """
        budget = min(self.allowed(beta), self.support_share) * self.mean_cost()
        _, low, high, share = self._edge(budget, FINE)
        above, with_ties = self.magnitude.sf(np.array([high, low]))
        kept = float((1 - share) * above + share * with_ties)
        edge = float(self.cost.quantile(special.ndtri(np.array([min(kept, 1 - 1e-16)])))[0])
        nodes = self.cost.nodes([edge])
        inside = nodes.x < edge * (1 - _NUDGE)
        mass, least = float(nodes.weight[inside].sum()), float(nodes.weight[inside] @ nodes.x[inside])
        return max(0.0, 1 - (least + max(kept - mass, 0.0) * edge) / budget)

    # --- what follows from them ---------------------------------------------------------------------

    def efficiency(self, beta: Real) -> Efficiency:
        """V, V_K and R at the budget share ``beta``, with the quadrature's error.

        Raises:
            InputError: ``beta`` outside (0, 1], or a law without the moments (see :attr:`failing`).
        """
        beta = self.allowed(beta)
        if buys_all(beta, self.support_share):
            return everything(beta)
        fine, coarse = (self._in_floats(self._efficiency, beta, count) for count in (FINE, COARSE))
        missing = self.magnitude.missing[1] / self.mean_score() + self.cost.missing[0] / self.mean_cost()
        cwmp, top_k = (Estimate(f, abs(f - c) + _ROUNDING + missing) for f, c in zip(fine[2:], coarse[2:], strict=True))
        return Efficiency(beta, fine[0], fine[1], cwmp, top_k, cwmp.over(top_k))

    def _in_floats(self, solve: Callable[..., tuple[float, ...]], *arguments: float) -> tuple[float, ...]:
        """What ``solve`` finds.

        Raises:
            InputError: where it leaves the floats.
        """
        try:
            with np.errstate(all="ignore"):
                found = solve(*arguments)
        except InputError:
            raise
        except (ArithmeticError, RuntimeError, ValueError):  # from SciPy's root finder or its distributions
            found = (math.nan,)
        if not all(map(math.isfinite, found)):
            raise InputError(f"{self}: at this budget its integrals leave the floats, so there is no answer")
        return found

    def _efficiency(self, beta: float, count: int) -> tuple[float, float, float, float]:
        budget, total = beta * self.mean_cost(count), self.mean_score(count)
        threshold = self.threshold(budget, count)
        (spent, kept, _), (more, with_ties, _) = self._sides(threshold, count)
        best = kept + threshold * (budget - spent)  # the dual value
        if more - spent > _JUMP * budget:
            best = kept + (with_ties - kept) * min(max((budget - spent) / (more - spent), 0.0), 1.0)
        tau, top, _ = self._top_k(budget, count)
        return threshold, tau, best / total, top / total

    def _sides(self, threshold: float, count: int) -> tuple[tuple[float, float, float], ...]:
        """Energy, and the score kept and lost, above a threshold without what ties there, and with it."""
        nudge = _NUDGE if self.magnitude.values and self.cost.values else 0.0
        both = (threshold * (1 + nudge), threshold * (1 - nudge))
        return tuple((self.energy(t, count), *self._score(t, count)) for t in both)

    def _top_k(self, budget: float, count: int) -> tuple[float, float, float]:
        """``tau``, and the score that Top-K keeps and loses, both per coordinate; ties are kept in part."""
        tau, low, high, share = self._edge(budget, count)
        without, with_all = (self._score_top_k(t, count) for t in (high, low))
        kept, lost = ((1 - share) * a + share * b for a, b in zip(without, with_all, strict=True))
        return tau, kept, lost

    def _edge(self, budget: float, count: int) -> tuple[float, float, float, float]:
        """``tau``, a little less and a little more, and the share of what ties there that Top-K keeps."""
        tau = self.tau(budget, count)
        nudge = _NUDGE if self.magnitude.values else 0.0
        low, high = tau * (1 - nudge), tau * (1 + nudge)
        above, with_ties = (self.energy_top_k(t, count) for t in (high, low))
        share = (budget - above) / (with_ties - above) if with_ties - above > _JUMP * budget else 0.0
        return tau, low, high, min(max(share, 0.0), 1.0)

    def saving(self, beta: Real) -> Saving:
        """What CWMP saves at Top-K's score and gains at Top-K's energy, exactly, and what predicts them.

        Raises:
            InputError: as :meth:`efficiency`.
        """
        at = self.efficiency(beta)
        if at.keeps_all:
            return nothing_to_save(at.beta)
        (fine, noise), (coarse, _) = (
            self._in_floats(self._saving, at.beta, at.threshold, count) for count in (FINE, COARSE)
        )
        error = abs(fine - coarse) + noise + self.cost.missing[0] / self.mean_cost()
        gain = Estimate(at.ratio.value - 1, at.ratio.error)
        return Saving(at.beta, Estimate(fine, error), gain, self.profile(at.tau))

    def _saving(self, beta: float, start: float, count: int) -> tuple[float, float]:
        """The saving, and the rounding in it; its ``lambda`` is looked for from ``start`` on."""
        budget = beta * self.mean_cost(count)
        _, *wanted = self._top_k(budget, count)
        side = int(wanted[1] < wanted[0])  # 0: match what is kept, 1: match what is lost
        sign = -1 if side else 1
        excess = lambda x: sign * (self._side(x, count, lost=bool(side)) - wanted[side])  # noqa: E731
        low = high = start
        while excess(low) < 0 and low > start * 1e-200:
            low /= 2.0
        while excess(high) > 0:
            high *= 2.0
        threshold = _root(excess, low, high)
        less, more = self._sides(threshold, count)
        spent = less[0] + sign * (wanted[side] - less[side + 1]) / threshold  # dP = lambda dC
        if more[0] - less[0] > _JUMP * budget:
            share = (wanted[side] - less[side + 1]) / (more[side + 1] - less[side + 1])
            spent = less[0] + (more[0] - less[0]) * min(max(share, 0.0), 1.0)
        return 1 - spent / budget, _ROUNDING * (1 + wanted[side] / threshold / budget)

    def profile(self, tau: float) -> Profile:
        """What the laws of advantage and saving need at the magnitude ``tau``."""
        if any(abs(value - tau) <= 1e-9 * tau for value in self.magnitude.values):
            return no_profile(tau)  # an atom: no density at the threshold
        mean, square = self._cost_at(tau)
        kept, retained = self.energy_top_k(tau), self.score_top_k(tau)
        if not (kept > 0 and retained > 0):
            raise InputError(f"{self}: so small a budget ends at |g| = {tau:.3g}, beyond what float64 tells of the law")
        tail = tau * float(self.magnitude.pdf(np.array(tau))) * mean / kept
        up, down = self._cost_at(tau * (1 + _STEP))[0], self._cost_at(tau * (1 - _STEP))[0]
        elasticity = math.log(up / down) / math.log((1 + _STEP) / (1 - _STEP)) if self.correlation else 0.0
        share = tau**2 * kept / (mean * retained)
        return Profile(tau, math.sqrt(max(square / mean**2 - 1, 0.0)), tail, Estimate(elasticity, 0.0), share)

    def _cost_at(self, tau: float) -> tuple[float, float]:
        """``E[c | |g| = tau]`` and ``E[c^2 | |g| = tau]``; infinite when the last panel still matters."""
        nodes = self.cost.nodes(spread=bool(self.correlation))
        weight = nodes.weight
        if self.correlation:
            z, r = float(self.magnitude.score(np.array(tau))), self.correlation
            s = math.sqrt(1 - r * r)
            weight = weight * np.exp((nodes.score**2 - ((nodes.score - r * z) / s) ** 2) / 2) / s
        square = weight * nodes.x**2
        diverges = square[-FINE:].sum() > _DIVERGING * square.sum() and self.cost.upper == math.inf
        return float(weight @ nodes.x), math.inf if diverges else float(square.sum())

    def _cost_above(self, level: Callable[[Floats], Floats], breaks: list[float], count: int) -> float:
        """``E[c; |g| > level(c)]``."""
        nodes = self.cost.nodes(breaks, spread=bool(self.correlation), count=count)
        at = level(nodes.x)
        if not self.correlation:
            return float(nodes.weight @ (nodes.x * self.magnitude.sf(at)))
        score = (self.correlation * nodes.score - self.magnitude.score(at)) / math.sqrt(1 - self.correlation**2)
        return float(nodes.weight @ (nodes.x * special.ndtr(score)))

    def allowed(self, beta: Real) -> float:
        """``beta``, where the law has a limit there.

        Raises:
            InputError: as :meth:`efficiency`.
        """
        share = check_share(beta)
        if self.failing:
            raise InputError(f"{self}: no limit exists, because {'; '.join(self.failing)}")
        return share


def _root(falling: Callable[[float], float], low: float, high: float) -> float:
    """Where a non-increasing function of a positive number changes sign, also by a jump."""
    f = lambda x: falling(math.exp(x))  # noqa: E731
    if f(math.log(low)) <= 0:
        return low
    if f(math.log(high)) >= 0:
        return high
    return math.exp(optimize.brentq(f, math.log(low), math.log(high), xtol=1e-14, rtol=1e-14, maxiter=300))
