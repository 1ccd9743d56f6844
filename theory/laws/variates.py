"""Independent draws from any frozen distribution of ``scipy.stats``, fast also where SciPy's own method is not.

own method of SciPy               where the family has one, or a quantile function in closed form
its construction                  studentized_range: the range of k normals over an independent chi; gausshyper
numerical inversion of the pdf    to 1e-10 of probability (Derflinger, Hoermann & Leydold 2010; SciPy's UNU.RAN)
quantiles in a table              where that does not work or is slow: monotone cubics between 1,025 of them
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import special

from theory.errors import InputError

Floats = NDArray[np.float64]

_KNOTS = 1025
_MOST_UNIFORMS = 40_000_000
_MOST_MASSES = 1 << 20
_LARGEST_KS = 1000


def _has_method(dist: Any) -> bool:
    """Whether draws or quantiles of a family are its own, not SciPy's search for a root."""
    from scipy.stats import rv_continuous

    family = type(dist)
    return family._rvs is not rv_continuous._rvs or family._ppf is not rv_continuous._ppf


def _studentized_ranges(frozen: Any, rng: np.random.Generator, n: int) -> Floats:
    """Range of ``k`` independent normals, from the largest and then the smallest, over ``sqrt(chi2_df/df)``."""
    (k, df), loc, scale = frozen.dist._parse_args(*frozen.args, **frozen.kwds)
    with np.errstate(all="ignore"):
        log_u = np.log(rng.random(n)) / k  # the largest of k uniforms; given it, the others are uniform below it
        smallest = np.exp(log_u) * -np.expm1(np.log(rng.random(n)) / (k - 1))
        ranges = -special.ndtri(-np.expm1(log_u)) - special.ndtri(smallest)
    below = np.sqrt(rng.chisquare(df, n) / df) if np.isfinite(df) else 1.0
    return np.asarray(loc + scale * ranges / below)


def _gauss_hypergeometrics(frozen: Any, rng: np.random.Generator, n: int) -> Floats:
    """By the distribution function in ``t = logit x``: its density is ``x^a (1 - x)^b (1 + z x)^-c`` but for a factor.

    A trapezoidal rule on 65,536 points, over all t where the density is above e^-40 of its largest value.
    """
    (a, b, c, z), loc, scale = frozen.dist._parse_args(*frozen.args, **frozen.kwds)
    log_density = lambda t: (  # noqa: E731
        -a * np.logaddexp(0, -t) - b * np.logaddexp(0, t) - c * np.log1p(z * special.expit(t))
    )
    t = np.r_[-np.geomspace(1e6, 1e-3, 4096), np.geomspace(1e-3, 1e6, 4096)]
    for _ in range(3):  # the range narrows to where the density is
        seen = log_density(t)
        inside = np.flatnonzero(seen > seen.max() - 40)
        t = np.linspace(t[max(inside[0] - 1, 0)], t[min(inside[-1] + 1, t.size - 1)], 65_536)
    density = np.exp(log_density(t) - log_density(t).max())
    below = np.r_[0.0, np.cumsum((density[1:] + density[:-1]) / 2)]
    return np.asarray(loc + scale * special.expit(np.interp(rng.random(n), below / below[-1], t)))


def _by_table(frozen: Any, rng: np.random.Generator, n: int) -> Floats:
    """Quantiles between those at the Chebyshev points of probability, each level to within its own cell."""
    from scipy.interpolate import PchipInterpolator

    levels = (1 - np.cos(np.linspace(0, np.pi, _KNOTS + 2)[1:-1])) / 2
    knots = np.maximum.accumulate(np.asarray(frozen.ppf(levels), dtype=np.float64))
    u = np.clip(rng.random(n), levels[0], levels[-1])
    return np.asarray(PchipInterpolator(levels, knots)(u))


def _zipfians(frozen: Any, rng: np.random.Generator, n: int) -> Floats:
    """From all masses, which are as ``k^-a``; SciPy adds up a sum of them for every quantile."""
    (a, most), loc, _ = frozen.dist._parse_args(*frozen.args, **frozen.kwds)
    if most > _MOST_MASSES:
        raise InputError(f"zipfian(n={most:g}): its masses take too long to add up; accepted is n <= {_MOST_MASSES}")
    below = np.cumsum(np.arange(1.0, most + 1) ** -float(a))
    return np.asarray(loc + 1.0 + np.searchsorted(below, below[-1] * rng.random(n), side="right"))


_OWN = {  # quantiles of ksone and kstwo are their own, but milliseconds each
    "studentized_range": _studentized_ranges, "gausshyper": _gauss_hypergeometrics,
    "ksone": _by_table, "kstwo": _by_table, "zipfian": _zipfians,
}  # fmt: skip


def affordable(frozen: Any, n: int) -> int:
    """``n`` draws, or as many fewer as a few seconds give.

    Raises:
        InputError: fewer than a thousand.
    """
    name = frozen.dist.name
    size = float(frozen.dist._parse_args(*frozen.args, **frozen.kwds)[0][0]) if name in ("irwinhall", "ksone") else 0.0
    if name == "irwinhall" and size > _MOST_UNIFORMS / 1000:
        raise InputError(
            f"irwinhall(n={size:g}): a sum of so many uniforms takes too long to draw; it is "
            f"norm(loc={size / 2:g}, scale={(size / 12) ** 0.5:g}) to all digits that such a draw would have"
        )
    if name == "ksone" and size > _LARGEST_KS:
        raise InputError(
            f"ksone(n={size:g}): its quantiles take too long above n = {_LARGEST_KS}; its limit is "
            f"rayleigh(scale={0.5 / size**0.5:g})"
        )
    return min(n, int(_MOST_UNIFORMS / size)) if name == "irwinhall" else n


def draw(frozen: Any, rng: np.random.Generator, n: int) -> Floats:
    """``n`` independent draws, float64 of shape (n,).

    Raises:
        InputError: SciPy cannot draw with these parameters.
    """
    from scipy import stats
    from scipy.stats import sampling

    dist = frozen.dist
    if dist.name in _OWN:
        return _OWN[dist.name](frozen, rng, n)
    if isinstance(dist, stats.rv_discrete) or _has_method(dist):
        try:
            return np.asarray(frozen.rvs(size=n, random_state=rng), dtype=np.float64)
        except (ArithmeticError, ValueError) as error:
            said = " ".join(str(error).split())
            raise InputError(
                f"{dist.name}: SciPy cannot draw with these parameters ({said}); take less extreme ones"
            ) from None
    try:
        inverse = sampling.NumericalInversePolynomial(frozen, center=float(frozen.median()), random_state=rng)
    except (sampling.UNURANError, ArithmeticError, RuntimeError, ValueError):
        return _by_table(frozen, rng, n)
    return np.asarray(inverse.rvs(n), dtype=np.float64)
