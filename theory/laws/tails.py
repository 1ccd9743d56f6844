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


# P(|X| > x) = x^-(index + o(1)); all moments below the index exist, none above it, and not the one at it.
_INDEX: dict[str, Callable[..., float]] = {
    "t": lambda df: df,
    "nct": lambda df, nc: df,
    "cauchy": lambda: 1.0,
    "halfcauchy": lambda: 1.0,
    "foldcauchy": lambda c: 1.0,
    "pareto": lambda b: b,
    "lomax": lambda c: c,
    "burr": lambda c, d: c,
    "burr12": lambda c, d: c * d,
    "fisk": lambda c: c,
    "invgamma": lambda a: a,
    "invweibull": lambda c: c,
    "betaprime": lambda a, b: b,
    "f": lambda dfn, dfd: dfd / 2,
    "levy": lambda: 0.5,
    "levy_l": lambda: 0.5,
    "loglaplace": lambda c: c,
    "genpareto": lambda c: 1 / c if c > 0 else math.inf,
    "genextreme": lambda c: -1 / c if c < 0 else math.inf,
}

# fmt: off
_LIGHT = frozenset({
    "norm", "laplace", "gennorm", "lognorm", "expon", "gamma", "erlang", "halfnorm", "halfgennorm",
    "weibull_min", "exponweib", "exponpow", "logistic", "halflogistic", "rayleigh", "maxwell", "chi", "chi2",
    "rice", "hypsecant", "gumbel_r", "gumbel_l", "invgauss", "wald", "skewnorm", "norminvgauss",
    "laplace_asymmetric", "exponnorm", "foldnorm", "nakagami", "dgamma", "dweibull", "moyal", "gompertz",
    "genlogistic", "loggamma", "geninvgauss", "recipinvgauss", "genexpon", "powernorm", "powerlognorm",
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
        return Existence("finite" if order < index else "infinite", f"its tail index is {index:g}")
    return Existence(
        "unknown", f"the tail of {name} is not known here; locally its index is {_local_index(frozen):.3g}"
    )


def _local_index(frozen: Any) -> float:
    """``-d log P(X > x)/d log x`` between the quantiles at 1e-12 and 1e-14: a hint, no proof."""
    x = np.abs([frozen.isf(1e-12), frozen.isf(1e-14)])
    with np.errstate(all="ignore"):
        return float(math.log(100.0) / np.log(x[1] / x[0]))
