"""Draws from any distribution of ``scipy.stats``, and laws that are answered by them.

Some families have quantiles that take minutes where a quadrature needs thousands of them, some have too many values to
add up, and some leave the floats where a quadrature goes. Their law is answered by :data:`DRAWS` pairs drawn from it:
the answers then have 95 % intervals, and say so.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from theory.arithmetic.exact import as_fraction
from theory.errors import InputError
from theory.laws.joint import Law
from theory.laws.marginals import Floats, Marginal
from theory.laws.parse import cost_law, magnitude_law
from theory.laws.samples import SampleLaw
from theory.laws.variates import affordable

DRAWS = 200_000
_SEED = 0

# What one saving took longer than 5 s for, on one core, with SciPy 1.17 at the parameters of its own tests.
_SLOW = frozenset({
    "dpareto_lognorm", "gausshyper", "genhyperbolic", "geninvgauss", "irwinhall", "ksone", "kstwo", "levy_stable",
    "norminvgauss", "skewnorm", "studentized_range",
})  # fmt: skip
_SLOW_FAR_OUT, _FAR_OUT = frozenset({"ncf", "nct", "ncx2", "rice", "rdist"}), 300.0  # the same from such a shape on


def law_or_sample(magnitude: str, cost: str, correlation: float = 0.0, *, n: int = DRAWS) -> Law | SampleLaw:
    """The joint law of two texts, by quadrature or, where that is too slow or does not work, by ``n`` draws.

    Raises:
        InputError: as :func:`theory.laws.parse.law_of`; a law without its moments that would have to be drawn.
    """
    sides, correlation = (magnitude_law(magnitude), cost_law(cost)), float(as_fraction(correlation, "correlation"))
    if correlation and not sides[0].invertible:
        return _tied_by_draws(Law(*sides), correlation, n)
    return answerable(Law(*sides, correlation), n=n)


def answerable(law: Law, *, n: int = DRAWS) -> Law | SampleLaw:
    """``law`` itself, or ``n`` draws of it where a quadrature is too slow or does not work.

    Raises:
        InputError: a law without its moments that would have to be drawn, or draws that leave the floats.
    """
    if law.failing and not any(map(slow, (law.magnitude, law.cost))):
        return law  # bounds that need no moments are its own affair
    law.allowed(1)
    why = why_drawn(law.magnitude) or why_drawn(law.cost)
    return _sampled(law, law.correlation, why, n) if why else law


def _tied_by_draws(law: Law, correlation: float, n: int) -> SampleLaw:
    """Independent sides tied by a copula for which the magnitude's quantiles are not known."""
    if not -1 < correlation < 1:
        raise InputError(f"correlation must be in (-1, 1), got {correlation}")
    law.allowed(1)
    why = f"the correlation, {correlation:g}, is with |X| of an asymmetric law, which is not inverted"
    return _sampled(law, correlation, why, n)


def _sampled(law: Law, correlation: float, why: str, n: int) -> SampleLaw:
    for side in (law.magnitude, law.cost):
        n = affordable(side.continuous, n) if side.continuous else n
    try:
        with np.errstate(all="ignore"):
            g, c = drawn_pairs(law, correlation, np.random.default_rng(_SEED), n)
    except (ArithmeticError, MemoryError, RuntimeError, ValueError) as error:  # from SciPy, at parameters far out
        raise InputError(f"{law}: {why}, and SciPy cannot draw from it ({str(error).splitlines()[0]})") from None
    if not (np.isfinite(g).all() and np.isfinite(c).all()) or _underflows(law.magnitude, g):
        raise InputError(f"{law}: values of it leave the floats at these parameters, so there is no answer")
    return SampleLaw.of(g, c, f"{law}; sampled, because {why}")


def _underflows(side: Marginal, drawn: Floats) -> bool:
    """Whether more draws are 0 than its atom there explains (6 standard deviations), though it has a density."""
    expected = drawn.size * (1 - side.slab)
    density = side.continuous is not None and hasattr(side.continuous.dist, "pdf")
    return density and bool(np.count_nonzero(drawn == 0) > expected + 6 * math.sqrt(expected))


def why_drawn(side: Marginal) -> str:
    """Why a side is answered by draws; empty where it is integrated."""
    return slow(side) or side.unfit


def slow(side: Marginal) -> str:
    """Why a quadrature of a side would take long, from its family alone; empty where it would not."""
    if side.continuous is None:
        return ""
    dist = side.continuous.dist
    if not hasattr(dist, "pdf"):
        return f"{dist.name} has too many values to add up"
    far = dist.name in _SLOW_FAR_OUT and max(map(float, _shapes(side.continuous))) > _FAR_OUT
    return f"quantiles of {dist.name} are slow" if far or dist.name in _SLOW or _integrates(dist) else ""


def _shapes(frozen: Any) -> tuple[Any, ...]:
    shapes: tuple[Any, ...] = frozen.dist._parse_args(*frozen.args, **frozen.kwds)[0]
    return shapes


def _integrates(dist: Any) -> bool:
    """Whether SciPy integrates the density for every value of the distribution function."""
    from scipy.stats import rv_continuous

    return type(dist)._cdf is rv_continuous._cdf


def drawn_pairs(law: Law, correlation: float, rng: np.random.Generator, n: int) -> tuple[Floats, Floats]:
    """``n`` magnitudes and costs, each drawn by itself and put in the order that the copula's normal scores have."""
    g, c = law.magnitude.sample(rng, n), law.cost.sample(rng, n)
    if not correlation:
        return g, c
    z, other = rng.standard_normal((2, n))
    zeta = correlation * z + math.sqrt(1 - correlation**2) * other
    return np.sort(g)[np.argsort(np.argsort(z))], np.sort(c)[np.argsort(np.argsort(zeta))]
