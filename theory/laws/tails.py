"""Which moments a ``scipy.stats`` distribution has: known from its family, or said not to be known."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

Status = Literal["finite", "infinite", "unknown"]


@dataclass(frozen=True)
class Existence:
    """Whether a moment is finite, and ``why``."""

    status: Status
    why: str

    @property
    def excluded(self) -> bool:
        """Known to be infinite."""
        return self.status == "infinite"


def _kappa4(h: float, k: float) -> float:
    """``F = (1 - h (1 - k x)^(1/k))^(1/h)``: a power at the upper end for k < 0, at the lower one for h < 0 < k."""
    upper = -1 / k if k < 0 else math.inf
    return min(upper, -1 / (h * k) if h < 0 < k else math.inf)


# P(|X| > x) = x^-(index + o(1)); all moments below the index exist, none above it, and not the one at it.
_INDEX: dict[str, Callable[..., float]] = {
    "alpha": lambda a: 1.0,
    "t": lambda df: df,
    "nct": lambda df, nc: df,
    "jf_skew_t": lambda a, b: 2 * min(a, b),
    "cauchy": lambda: 1.0,
    "halfcauchy": lambda: 1.0,
    "foldcauchy": lambda c: 1.0,
    "skewcauchy": lambda a: 1.0,
    "crystalball": lambda beta, m: m - 1,
    "pareto": lambda b: b,
    "lomax": lambda c: c,
    "dpareto_lognorm": lambda u, s, a, b: a,
    "burr": lambda c, d: c,
    "burr12": lambda c, d: c * d,
    "mielke": lambda k, s: s,
    "kappa3": lambda a: a,
    "kappa4": _kappa4,
    "fisk": lambda c: c,
    "gengamma": lambda a, c: -a * c if c < 0 else math.inf,
    "invgamma": lambda a: a,
    "invweibull": lambda c: c,
    "betaprime": lambda a, b: b,
    "f": lambda dfn, dfd: dfd / 2,
    "ncf": lambda dfn, dfd, nc: dfd / 2,
    "studentized_range": lambda k, df: df,
    "levy": lambda: 0.5,
    "levy_l": lambda: 0.5,
    "landau": lambda: 1.0,
    "levy_stable": lambda alpha, beta: alpha if alpha < 2 else math.inf,
    "loglaplace": lambda c: c,
    "rel_breitwigner": lambda rho: 3.0,
    "tukeylambda": lambda lam: -1 / lam if lam < 0 else math.inf,
    "genpareto": lambda c: 1 / c if c > 0 else math.inf,
    "genextreme": lambda c: -1 / c if c < 0 else math.inf,
    "zipf": lambda a: a - 1,
    "yulesimon": lambda alpha: alpha,
    "betanbinom": lambda n, a, b: a,
}

# fmt: off
_LIGHT = frozenset({
    "norm", "laplace", "gennorm", "lognorm", "expon", "gamma", "erlang", "halfnorm", "halfgennorm",
    "weibull_min", "weibull_max", "exponweib", "exponpow", "logistic", "halflogistic", "rayleigh", "maxwell", "chi",
    "chi2", "ncx2", "rice", "hypsecant", "gumbel_r", "gumbel_l", "invgauss", "wald", "skewnorm", "norminvgauss",
    "laplace_asymmetric", "exponnorm", "foldnorm", "nakagami", "dgamma", "dweibull", "moyal", "gompertz",
    "genlogistic", "loggamma", "geninvgauss", "recipinvgauss", "genexpon", "powernorm", "powerlognorm",
    "genhyperbolic", "gibrat", "fatiguelife", "johnsonsu", "kstwobign", "pearson3", "truncnorm", "truncweibull_min",
    "bernoulli", "binom", "boltzmann", "dlaplace", "geom", "logser", "nbinom", "planck", "poisson", "skellam",
})
# fmt: on


def tail_existence(frozen: Any, order: float) -> Existence:
    """Whether ``E|X|^order`` exists for a frozen distribution of unbounded support."""
    name = frozen.dist.name
    if name in _LIGHT:
        return Existence("finite", f"{name} has all moments")
    if name in _INDEX:
        shapes, _, _ = frozen.dist._parse_args(*frozen.args, **frozen.kwds)
        index = float(_INDEX[name](*map(float, shapes)))
        if math.isinf(index):
            return Existence("finite", f"{name} has all moments at these parameters")
        return Existence("finite" if order < index else "infinite", f"its tail index is {index:g}, needed is > {order}")
    return Existence(
        "unknown", f"the tail of {name} is not known here; locally its index is {_local_index(frozen):.3g}"
    )


def _local_index(frozen: Any) -> float:
    """``-d log P(X > x)/d log x`` between the quantiles at 1e-12 and 1e-14: a hint, no proof."""
    with np.errstate(all="ignore"):
        try:
            x = np.abs([frozen.isf(1e-12), frozen.isf(1e-14)])
        except (ArithmeticError, ValueError):
            return math.nan
        return float(math.log(100.0) / np.log(x[1] / x[0]))
