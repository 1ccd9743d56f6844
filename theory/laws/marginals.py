"""One side of a law of (|g|, c): a SciPy distribution, finitely many values, or a spike with a slab.

    X = a_k with probability m_k (atoms),  else drawn from a continuous distribution (folded to |X| for magnitudes)

Integrals are taken over *panels* between quantiles, a decade of survival each down to 1e-290, by Gauss-Legendre
rules in log x. A power tail is a smooth exponential there, so infinite moments are the only thing that it cannot
do; :meth:`Marginal.moment` says which exist, and says so when SciPy's distribution does not tell.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache, cached_property, wraps
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import special

from theory.errors import InputError
from theory.laws.tails import Existence, tail_existence
from theory.laws.variates import draw

Floats = NDArray[np.float64]

FINE, COARSE = 20, 12  # Gauss-Legendre nodes per panel; their difference is the stated error
_NEGLIGIBLE = 1e-18
_LARGEST = 1e150  # squares must stay floats
_FURTHEST = 38.0  # normal score of the smallest floats
_LEAST_SCALE = 1e-140  # and its reciprocal: usual values whose squares are far from the ends of the floats
_UNEVEN = 1e-3  # probability that the quadrature may miss
_LIMIT = 9.0  # normal scores beyond +-9 have probability 1e-19


def _quietly(method: Callable[[Any, Floats], Floats]) -> Callable[[Any, Floats], Floats]:
    """Without SciPy's warnings at the ends of a support, where its formulas pass through infinity."""

    @wraps(method)
    def run(self: Any, x: Floats) -> Floats:
        with np.errstate(all="ignore"):
            return method(self, x)

    return run


class Nodes(NamedTuple):
    """Points ``x`` of a marginal, their probabilities ``weight`` and normal scores ``score = Phi^-1(F(x))``.

    Scores are 0 where they were not asked for: they take as long as all the rest.
    """

    x: Floats
    weight: Floats
    score: Floats


@dataclass(frozen=True, eq=False)
class Marginal:
    """The distribution of one non-negative quantity.

    Attributes:
        text: how it is written, ``t(df=3)``.
        continuous: a frozen ``scipy.stats`` distribution, or None.
        values, masses: atoms, ascending, with their probabilities; the continuous part has the rest.
        folded: whether the quantity is ``|X|`` (magnitudes) or ``X`` (costs).

    Raises:
        InputError: masses that are no probabilities, or a continuous part that may be negative and is not folded.
    """

    text: str
    continuous: Any = None
    values: tuple[float, ...] = ()
    masses: tuple[float, ...] = ()
    folded: bool = False

    def __post_init__(self) -> None:
        total = sum(self.masses)
        if any(m < 0 for m in self.masses) or total > 1 + 1e-9 or (not self.continuous and total < 1 - 1e-9):
            raise InputError(f"{self.text}: probabilities must be >= 0 and add up to 1, got {list(self.masses)}")
        if self.lower < 0:
            moved = self.continuous is not None and np.isfinite(self.lower)
            hint = f"a loc larger by {np.ceil(-self.lower):g} will do" if moved else "lognorm(s=1) is one that never is"
            raise InputError(f"{self.text}: must not be negative, but its values start at {self.lower:g}; {hint}")

    @property
    def slab(self) -> float:
        """Probability of the continuous part."""
        return max(0.0, 1.0 - sum(self.masses))

    @cached_property
    def upper(self) -> float:
        """The largest value, possibly infinite."""
        ends = list(self.values)
        if self.continuous:
            low, high = map(float, self.continuous.support())
            ends.append(max(abs(low), abs(high)) if self.folded else high)
        return max(ends)

    @cached_property
    def lower(self) -> float:
        """The smallest value."""
        ends = list(self.values)
        if self.continuous:
            low, high = map(float, self.continuous.support())
            inside = low if low > 0 else -high if high < 0 else 0.0
            ends.append(inside if self.folded else low)
        return min(ends)

    @_quietly
    def sf(self, x: Floats) -> Floats:
        """``P(X > x)`` for ``x >= 0``, any shape."""
        x = np.asarray(x, dtype=float)
        total = self._masses_above[np.searchsorted(self.values, x, side="right")] if self.values else np.zeros(x.shape)
        if self.continuous and self.slab:
            tail = 2 * self.continuous.sf(x) if self._symmetric else self.continuous.sf(x)
            if self.folded and not self._symmetric:
                tail = tail + self.continuous.cdf(-x)
            total = total + self.slab * tail
        return np.asarray(total, dtype=float)

    @_quietly
    def cdf(self, x: Floats) -> Floats:
        """``P(X <= x)`` for ``x >= 0``, without the cancellation of ``1 - sf`` at small values."""
        x = np.asarray(x, dtype=float)
        total = self._masses_below[np.searchsorted(self.values, x, side="right")] if self.values else np.zeros(x.shape)
        if self.continuous and self.slab:
            below = self.continuous.cdf(x) - (self.continuous.cdf(-x) if self.folded else 0.0)
            total = total + self.slab * below
        return np.asarray(total, dtype=float)

    @_quietly
    def pdf(self, x: Floats) -> Floats:
        """Density of the continuous part, its probability included."""
        if not self.continuous:
            return np.zeros(np.shape(x))
        density = self.continuous.pdf(x) + (self.continuous.pdf(-np.asarray(x)) if self.folded else 0.0)
        return np.asarray(self.slab * density, dtype=float)

    def score(self, x: Floats) -> Floats:
        """Normal score ``Phi^-1(P(X <= x))``, accurate in both tails."""
        below, above = self.cdf(x), self.sf(x)
        scores = np.where(below < 0.5, special.ndtri(below), -special.ndtri(above))
        return np.asarray(np.clip(scores, -_FURTHEST, _FURTHEST))

    def quantile(self, score: Floats) -> Floats:
        """The value at a normal score: the inverse of :meth:`score`.

        Raises:
            InputError: for a folded distribution that is neither symmetric nor of one sign.
        """
        above, below = np.asarray(special.ndtr(-score)), np.asarray(special.ndtr(score))
        if not self.continuous:
            at = np.searchsorted(np.cumsum(self.masses)[:-1], below, side="left")
            return np.asarray(self.values, dtype=float)[np.asarray(at)]
        spike = sum(self.masses)
        upper, lower = np.minimum(above / self.slab, 1.0), np.clip((below - spike) / self.slab, 0.0, 1.0)
        if self.folded and self._symmetric:
            x = self.continuous.isf(upper / 2)
        elif not self.invertible:
            raise InputError(
                f"{self.text}: a correlation needs magnitudes of a symmetric or a non-negative distribution"
            )
        else:
            x = np.where(lower < 0.5, self.continuous.ppf(lower), self.continuous.isf(upper))
        return np.where(below <= spike, 0.0, np.abs(x)) if spike else np.asarray(x, dtype=float)

    def sample(self, rng: np.random.Generator, n: int) -> Floats:
        """``n`` independent draws."""
        if self.continuous:
            x = draw(self.continuous, rng, n)
            x = np.abs(x) if self.folded else x
            return np.where(rng.random(n) < sum(self.masses), 0.0, x) if self.masses else x
        return rng.choice(np.asarray(self.values), size=n, p=np.asarray(self.masses) / sum(self.masses))

    def moment(self, order: float) -> Existence:
        """Whether ``E X^order`` is finite, infinite, or not to be known, and why."""
        if not self.continuous or np.isfinite(self.upper):
            return Existence("finite", "bounded")
        return tail_existence(self.continuous, order)

    def nodes(self, breaks: Iterable[float] = (), *, spread: bool = False, count: int = FINE) -> Nodes:
        """Quadrature points: ``E f(X) = sum weight f(x)`` for ``f`` smooth but at ``breaks``, and of order x^2 at most.

        Args:
            spread: find normal scores, as a copula needs, and give each atom many points over its interval of them.
            count: points per panel.
        """
        breaks = tuple(b for b in breaks if 0 < b < np.inf)
        key = (breaks, spread, count)
        if key in self._cached:
            return self._cached[key]
        parts = [self._atoms(spread, count)]
        if self.continuous and self.slab:
            edges = np.array(sorted({*self._edges, *(b for b in breaks if self._edges[0] < b < self._edges[-1])}))
            x, width = _panel_points(edges, count)
            parts.append(Nodes(x, width * self.pdf(x), self.score(x) if spread else np.zeros(x.size)))
        nodes = Nodes(*(np.concatenate(side) for side in zip(*parts, strict=True)))
        if not breaks:
            self._cached[key] = nodes
        return nodes

    @cached_property
    def missing(self) -> tuple[float, float]:
        """What the quadrature leaves out of ``E X`` and ``E X^2`` beyond its last point, by the local tail index."""
        if not self.continuous or self._edges[-1] >= self.upper:
            return 0.0, 0.0
        x, tail = self._edges[-2:], self.sf(self._edges[-2:])
        if not tail[-1] > 0:
            return 0.0, 0.0
        index = float(-np.diff(np.log(tail))[0] / np.diff(np.log(x))[0])
        most = np.array([self.upper, self.upper**2]) * tail[-1]
        rest = [float(x[-1] ** k * tail[-1]) * (index / (index - k) if index > k else np.inf) for k in (1, 2)]
        return min(rest[0], float(most[0])), min(rest[1], float(most[1]))

    @cached_property
    def unfit(self) -> str:
        """Why the quadrature cannot be trusted, in a few words; empty where it can."""
        if not self.continuous or not self.slab:
            return ""
        try:
            with np.errstate(all="ignore"):
                nodes = self.nodes()
                scores = self.score(nodes.x[len(self.values) :])
                ends = self._edges[[0, -1]]
                expected = float(self.slab - (self.cdf(ends[:1])[0] - self._spike) - self.sf(ends[1:])[0])
                found = float(nodes.weight[len(self.values) :].sum())
        except (ArithmeticError, IndexError, RuntimeError, ValueError) as error:
            if isinstance(error, InputError):
                raise
            return f"the quantiles of {self.text} leave the floats"
        whole = np.isfinite(nodes.weight).all() and np.isfinite(scores).all() and abs(found - expected) <= _UNEVEN
        return "" if whole else f"the density of {self.text} is too uneven to integrate"

    @cached_property
    def kinks(self) -> tuple[float, ...]:
        """Where the distribution function is not smooth: atoms and finite ends of the support."""
        ends = (self.lower, self.upper)
        return tuple(sorted({*self.values, *(e for e in ends if 0 < e < np.inf)}))

    @cached_property
    def joints(self) -> tuple[float, ...]:
        """Between these the distribution function is smooth *and* changes by little: kinks and ends of panels."""
        return tuple(sorted({*self.kinks, *(self._edges[1:].tolist() if self.continuous else ())}))

    @cached_property
    def _masses_above(self) -> Floats:
        """Probability of all atoms but the first k, k = 0, 1, ..."""
        return np.asarray(np.r_[np.cumsum(self.masses[::-1])[::-1], 0.0], dtype=float)

    @cached_property
    def _masses_below(self) -> Floats:
        """Probability of the first k atoms."""
        return np.asarray(np.r_[0.0, np.cumsum(self.masses)], dtype=float)

    @cached_property
    def _spike(self) -> float:
        return float(sum(self.masses))

    @cached_property
    def _cached(self) -> dict[Any, Nodes]:
        return {}

    @cached_property
    def invertible(self) -> bool:
        """Whether :meth:`quantile` is known: not for ``|X|`` of an asymmetric X of both signs."""
        return not self.folded or self.continuous is None or self._symmetric or self.continuous.support()[0] >= 0

    @cached_property
    def _symmetric(self) -> bool:
        """Whether the folded distribution is symmetric about 0."""
        if not self.folded or self.continuous is None:
            return False
        q = np.array([1e-3, 0.1, 0.3, 0.5])
        return bool(np.allclose(self.continuous.ppf(q), -self.continuous.isf(q), rtol=1e-12, atol=1e-12))

    @cached_property
    def _edges(self) -> Floats:
        """Ends of the panels: quantiles at every decade of survival until x^2 P(X > x) is negligible."""
        dist, decades = self.continuous, 10.0 ** -np.arange(1.0, 291.0)
        middle = np.linspace(0.1, 0.9, 17)
        with np.errstate(all="ignore"), warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)  # of quantiles beyond the floats, which are left out below
            points = np.abs(np.concatenate([
                _defined(dist.ppf, middle), _defined(dist.isf, decades), _defined(dist.ppf, decades)
            ]))  # fmt: skip
        scale = self._scale(points[: middle.size])
        points = np.concatenate([points, scale * 10.0 ** -np.arange(1, 10), [self.lower]])
        points = np.unique(points[(points >= self.lower) & (points <= _LARGEST)])
        points = points[(points <= scale) | (self.pdf(points) > 0)]  # beyond, densities underflow
        above, below = points**2 * self.sf(points), points * self.cdf(points)
        last = min(int(np.flatnonzero(above > _NEGLIGIBLE * above.max())[-1]) + 1, points.size - 1)
        first = max(int(np.flatnonzero(below > _NEGLIGIBLE * scale)[0]) - 1, 0)
        points = np.r_[self.lower, points[max(first, 1) : last + 1]]
        keep = np.r_[True, np.diff(points) > 1e-12 * points[1:]]
        points = points[keep]
        if np.isfinite(self.upper) and points[-1] > self.upper * (1 - 1e-9):
            points[-1] = self.upper
        return np.asarray(points)

    def _scale(self, quantiles: Floats) -> float:
        """The median of the quantiles that are not 0.

        Raises:
            InputError: where its square is no float. ArithmeticError: where quantiles are no floats themselves.
        """
        usual = quantiles[np.isfinite(quantiles) & (quantiles > 0)]
        if usual.size < quantiles.size - 1:  # the middle of a symmetric one is 0
            raise ArithmeticError(f"{self.text}: quantiles that are no floats")
        scale = float(np.median(usual))
        if not _LEAST_SCALE <= scale <= 1 / _LEAST_SCALE:
            raise InputError(
                f"{self.text}: its usual values are about {scale:.1g}, accepted is {_LEAST_SCALE:g} to "
                f"{1 / _LEAST_SCALE:g}, so that sums of squares are floats; scale it, shares do not change"
            )
        return scale

    def _atoms(self, spread: bool, count: int) -> Nodes:
        values, masses = np.asarray(self.values, dtype=float), np.asarray(self.masses, dtype=float)
        if not spread or not values.size:
            return Nodes(values, masses, np.zeros(values.size))
        upper = np.clip(self.score(values), -_LIMIT, _LIMIT)
        lower = np.r_[-_LIMIT, upper[:-1]]
        parts = []
        for value, low, high in zip(values, lower, upper, strict=True):
            edges = np.linspace(low, high, max(2, int(np.ceil(2 * (high - low))) + 1))
            z, width = _panel_points(edges, count, linear=True)
            parts.append((np.full(z.size, value), width * np.exp(-z * z / 2) / np.sqrt(2 * np.pi), z))
        return Nodes(*(np.concatenate(side) for side in zip(*parts, strict=True)))


def _defined(quantile: Any, levels: NDArray[np.floating]) -> Floats:
    """Quantiles at ``levels``; NaN where SciPy has none, which it may say for all by raising."""
    try:
        return np.asarray(quantile(levels), dtype=float)
    except (ArithmeticError, RuntimeError, ValueError):
        if levels.size == 1:
            return np.array([np.nan])
    half = levels.size // 2
    return np.concatenate([_defined(quantile, levels[:half]), _defined(quantile, levels[half:])])


@cache
def _rule(count: int) -> tuple[Floats, Floats]:
    x, w = np.polynomial.legendre.leggauss(count)
    return (x + 1) / 2, w / 2


def _panel_points(edges: Floats, count: int, *, linear: bool = False) -> tuple[Floats, Floats]:
    """Gauss-Legendre points and widths on every panel, in log x where the panel does not start at or below 0."""
    at, weight = _rule(count)
    low, high = edges[:-1, None], edges[1:, None]
    straight = low + (high - low) * at, (high - low) * weight
    if linear:
        return straight[0].ravel(), straight[1].ravel()
    safe = np.where(low > 0, low, high)
    ratio = np.log(high / safe)
    x = safe * np.exp(ratio * at)
    logarithmic = low > 0
    points, widths = np.where(logarithmic, x, straight[0]), np.where(logarithmic, x * ratio * weight, straight[1])
    return points.ravel(), widths.ravel()
