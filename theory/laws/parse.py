"""Laws as people write them, read strictly: nothing is ever evaluated.

    t(df=3)                     a continuous distribution of scipy.stats, its parameters by name
    lognorm(s=1, scale=2)
    classes(1=0.5, 10=0.5)      finitely many values, value=probability
    constant(2)                 one value
    spike(0.9, laplace())       0 with probability 0.9, else drawn from the distribution

Magnitudes are the absolute value of what is written; costs must be positive as they are.
"""

from __future__ import annotations

import math
import re
from typing import Any

from theory.errors import InputError
from theory.laws.joint import Law
from theory.laws.marginals import Marginal

_CALL = re.compile(r"\s*([A-Za-z_][A-Za-z0-9_]*)\s*(?:\((.*)\))?\s*", re.DOTALL)
_NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")
ACCEPTED = "a scipy.stats distribution such as t(df=3), classes(1=0.5, 10=0.5), constant(2) or spike(0.9, laplace())"


def magnitude_law(text: str) -> Marginal:
    """The law of ``|g|`` that ``text`` denotes.

    Raises:
        InputError: unknown distribution, missing, unknown or impossible parameters.
    """
    return _marginal(text, "magnitude")


def law_of(magnitude: str, cost: str, correlation: float = 0.0) -> Law:
    """The joint law of two texts, tied by a Gaussian copula.

    Raises:
        InputError: as :func:`magnitude_law` and :func:`cost_law`.
    """
    return Law(magnitude_law(magnitude), cost_law(cost), correlation)


def cost_law(text: str) -> Marginal:
    """The law of the cost ``c > 0`` that ``text`` denotes.

    Raises:
        InputError: as :func:`magnitude_law`, and costs that may be negative or are 0 with positive probability.
    """
    law = _marginal(text, "cost")
    if law.values and min(law.values) <= 0:
        raise InputError(f"cost {text!r}: costs must be > 0, but 0 has probability {law.masses[0]:g}")
    return law


def is_law(text: str) -> bool:
    """Whether ``text`` has the form of a law, known or not."""
    found = _CALL.fullmatch(text)
    return bool(found and found[2] is not None)


def _marginal(text: str, what: str) -> Marginal:
    found = _CALL.fullmatch(text)
    if not found:
        raise InputError(f"{what} {text!r} must be {ACCEPTED}")
    name, arguments = found[1], (found[2] or "").strip()
    written = f"{name}({arguments})"
    if name == "classes":
        return _classes(written, arguments, what)
    if name == "constant":
        return Marginal(written, values=(_number(arguments, f"{what} {text!r}"),), masses=(1.0,))
    if name == "spike":
        return _spike(written, arguments, what)
    return Marginal(written, continuous=_frozen(name, arguments, what), folded=what == "magnitude")


def _classes(written: str, arguments: str, what: str) -> Marginal:
    pairs: dict[float, float] = {}
    for pair in arguments.split(","):
        value, equals, mass = pair.partition("=")
        if not equals:
            raise InputError(f"{what} {written!r}: {pair.strip()!r} must be value=probability")
        key = _number(value, f"{what} {written!r}")
        if key in pairs:
            raise InputError(f"{what} {written!r}: the value {key:g} is given twice")
        pairs[key] = _number(mass, f"{what} {written!r}")
    return Marginal(written, values=tuple(sorted(pairs)), masses=tuple(pairs[value] for value in sorted(pairs)))


def _spike(written: str, arguments: str, what: str) -> Marginal:
    mass, comma, slab = arguments.partition(",")
    if not comma:
        raise InputError(f"{what} {written!r} must be spike(probability of 0, distribution)")
    inner = _marginal(slab.strip(), what)
    probability = _number(mass, f"{what} {written!r}")
    if inner.continuous is None or inner.values or not 0 <= probability < 1:
        raise InputError(f"{what} {written!r}: spike takes a probability in [0, 1) and a continuous distribution")
    return Marginal(written, inner.continuous, (0.0,), (probability,), inner.folded)


def _frozen(name: str, arguments: str, what: str) -> Any:
    """A frozen distribution from ``name`` and ``key=number`` pairs."""
    from scipy import stats

    distribution = getattr(stats, name, None) if not name.startswith("_") else None
    if not isinstance(distribution, stats.rv_continuous):
        discrete = isinstance(distribution, stats.rv_discrete)
        hint = "is discrete; write its values as classes(...)" if discrete else "is no distribution of scipy.stats"
        raise InputError(f"{what} {name!r} {hint}; accepted: {ACCEPTED}")
    shapes = [shape.strip() for shape in (distribution.shapes or "").split(",") if shape.strip()]
    given: dict[str, float] = {}
    for pair in filter(str.strip, arguments.split(",")):
        key, equals, number = (part.strip() for part in pair.partition("="))
        if not equals or key not in {*shapes, "loc", "scale"}:
            wanted = ", ".join([*shapes, "loc", "scale"])
            raise InputError(
                f"{what} {name}({arguments}): {pair.strip()!r} must be name=number, the names are {wanted}"
            )
        if key in given:
            raise InputError(f"{what} {name}({arguments}): {key} is given twice")
        given[key] = _number(number, f"{what} {name}({arguments}): {key}")
    if missing := [shape for shape in shapes if shape not in given]:
        raise InputError(f"{what} {name}({arguments}): {', '.join(missing)} is missing")
    frozen = distribution(**given)
    if math.isnan(frozen.support()[0]):
        raise InputError(f"{what} {name}({arguments}): these parameters are outside the distribution's range")
    return frozen


def _number(text: str, name: str) -> float:
    text = text.strip()
    if not _NUMBER.fullmatch(text) or not math.isfinite(float(text)):
        raise InputError(f"{name}: {text!r} must be a finite number")
    return float(text)
