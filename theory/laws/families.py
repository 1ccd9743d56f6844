"""Families of ``scipy.stats``, continuous and discrete, by name and parameters; what is refused says what would do."""

from __future__ import annotations

import math
import re
from difflib import get_close_matches
from typing import Any

import numpy as np

from theory.errors import InputError
from theory.laws.variates import draw

_NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")
_MOST_VALUES = 2000
_DRAWN = 101  # for the middle of a law
_LEFT_OUT = 1e-18  # relative, of E X^2 beyond the values of a discrete family
_LONGEST = 80
ACCEPTED = (
    "a scipy.stats distribution such as t(df=3) or poisson(mu=3), classes(1=0.5, 10=0.5), constant(2) or "
    "spike(0.9, laplace())"
)


def shortened(text: str) -> str:
    """A text as messages show it: its beginning where it is long."""
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 3]}..."


def number(text: str, name: str) -> float:
    """The finite number that ``text`` denotes.

    Raises:
        InputError: no number, or none that is finite.
    """
    text = text.strip()
    if not _NUMBER.fullmatch(text) or not math.isfinite(float(text)):
        raise InputError(f"{name}: {shortened(text)!r} must be a finite number")
    return float(text)


def frozen(name: str, arguments: str, what: str) -> Any:
    """A frozen distribution, continuous or discrete, from ``name`` and ``key=number`` pairs.

    Args:
        what: for messages, ``magnitude`` or ``cost``.

    Raises:
        InputError: an unknown family, parameters that are missing, unknown, given twice or impossible.
    """
    family = _family(name, what)
    written = f"{what} {name}({shortened(arguments)})"
    shapes = [shape.strip() for shape in (family.shapes or "").split(",") if shape.strip()]
    wanted = [*shapes, "loc", *(["scale"] if hasattr(family, "pdf") else [])]
    given: dict[str, float] = {}
    for pair in filter(str.strip, arguments.split(",")):
        key, equals, value = (part.strip() for part in pair.partition("="))
        if not equals or key not in wanted:
            raise InputError(
                f"{written}: {shortened(pair.strip())!r} must be name=number, the names are {', '.join(wanted)}"
            )
        if key in given:
            raise InputError(f"{written}: {key} is given twice")
        given[key] = number(value, f"{written}: {key}")
    if missing := [shape for shape in shapes if shape not in given]:
        raise InputError(f"{written}: {', '.join(missing)} is missing")
    if not hasattr(family, "pdf") and given.get("loc", 0.0) % 1:
        raise InputError(f"{written}: loc of a discrete distribution must be a whole number")
    exact = given if hasattr(family, "pdf") else {k: int(v) if v.is_integer() else v for k, v in given.items()}
    try:
        found = family(**exact)
        low = float(found.support()[0])
    except (ArithmeticError, TypeError, ValueError):
        low = math.nan
    if math.isnan(low):
        raise InputError(f"{written}: these parameters are outside the distribution's range")
    return found


def _family(name: str, what: str) -> Any:
    from scipy import stats

    family = getattr(stats, name, None) if not name.startswith("_") else None
    if name == "poisson_binom":
        raise InputError(f"{what} {name!r} takes a list of probabilities; write its values as classes(...)")
    if isinstance(family, (stats.rv_continuous, stats.rv_discrete)):
        return family
    known = [n for n in dir(stats) if isinstance(getattr(stats, n), (stats.rv_continuous, stats.rv_discrete))]
    near = get_close_matches(name.lower(), known, 1)
    hint = f"did you mean {near[0]}? " if near else ""
    raise InputError(f"{what} {shortened(name)!r} is no distribution of scipy.stats; {hint}accepted: {ACCEPTED}")


def _middle(discrete: Any) -> float:
    """About the median: of a few draws, where the distribution function has no closed form and SciPy adds up masses."""
    from scipy import stats

    dist = discrete.dist
    try:
        if dist.name != "zipfian" and type(dist)._cdf is not stats.rv_discrete._cdf:
            return float(discrete.median())
        return float(np.median(draw(discrete, np.random.default_rng(0), _DRAWN)))
    except (InputError, RuntimeError):  # SciPy's search for a quantile gave up
        return math.nan


def values_of(discrete: Any) -> tuple[np.ndarray, np.ndarray] | None:
    """Values and probabilities of a frozen discrete distribution; None where they are too many to add up.

    Returns:
        ascending float64 values and their masses, shape (k,) with k <= 2,000, that leave out 1e-18 of E X^2 at most.
    """
    low, high = map(float, discrete.support())
    middle = (low + high) / 2 if high - low < _MOST_VALUES - 1 else _middle(discrete)
    if not math.isfinite(middle) or abs(middle) > 1e15:
        return None
    first, last = max(low, middle - _MOST_VALUES // 2), min(high, middle + _MOST_VALUES // 2 - 1)
    values = np.arange(first, last + 1)
    try:
        with np.errstate(all="ignore"):
            masses = np.nan_to_num(np.asarray(discrete.pmf(values), dtype=float))
    except ArithmeticError:  # beyond what SciPy's code for this family holds
        return None
    part = masses * np.maximum(1.0, values**2)
    ends = [part[0] if first > low else 0.0, part[-1] if last < high else 0.0]
    if max(ends) > _LEFT_OUT * part.max() or abs(masses.sum() - 1) > 1e-9:
        return None
    return values[masses > 0], masses[masses > 0]
