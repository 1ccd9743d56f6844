"""Laws as people write them, read strictly: nothing is ever evaluated.

    t(df=3)                     a distribution of scipy.stats, continuous or discrete, its parameters by name
    lognorm(s=1, scale=2)
    classes(1=0.5, 10=0.5)      finitely many values, value=probability
    constant(2)                 one value
    spike(0.9, laplace())       0 with probability 0.9, else drawn from the distribution

Magnitudes are the absolute value of what is written; costs must be positive as they are.
"""

from __future__ import annotations

import re
from typing import Any

import numpy as np

from theory.errors import InputError
from theory.laws.families import ACCEPTED, frozen, number, shortened, values_of
from theory.laws.joint import Law
from theory.laws.marginals import Marginal

_CALL = re.compile(r"\s*([A-Za-z_][A-Za-z0-9_]*)\s*(?:\((.*)\))?\s*", re.DOTALL)


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
        family = not re.match(r"\s*(spike|classes|constant)\b", text)
        hint = "; loc=1 moves its values up by 1" if family else ""
        raise InputError(f"cost {shortened(text)!r}: costs must be > 0, but 0 has probability {law.masses[0]:g}{hint}")
    return law


def is_law(text: str) -> bool:
    """Whether ``text`` has the form of a law, known or not."""
    found = _CALL.fullmatch(text)
    return bool(found and found[2] is not None)


def _marginal(text: str, what: str) -> Marginal:
    found = _CALL.fullmatch(text)
    if not found:
        raise InputError(f"{what} {shortened(text)!r} must be {ACCEPTED}")
    name, arguments = found[1], (found[2] or "").strip()
    written = f"{name}({arguments})"
    if name == "classes":
        return _classes(written, arguments, what)
    if name == "constant":
        return Marginal(written, values=(number(arguments, f"{what} {shortened(text)!r}"),), masses=(1.0,))
    if name == "spike":
        return _spike(written, arguments, what)
    return _of_family(written, frozen(name, arguments, what), folded=what == "magnitude")


def _of_family(written: str, law: Any, *, folded: bool) -> Marginal:
    """A distribution, or the values of a discrete one; one with too many of them is drawn from."""
    found = None if hasattr(law.dist, "pdf") else values_of(law)
    if found is None:
        return Marginal(written, continuous=law, folded=folded)
    values, at = np.unique(np.abs(found[0]) if folded else found[0], return_inverse=True)
    masses = np.bincount(at, weights=found[1])
    return Marginal(written, values=tuple(values.tolist()), masses=tuple((masses / masses.sum()).tolist()))


def _classes(written: str, arguments: str, what: str) -> Marginal:
    pairs: dict[float, float] = {}
    for pair in arguments.split(","):
        value, equals, mass = pair.partition("=")
        if not equals:
            raise InputError(f"{what} {shortened(written)!r}: {shortened(pair.strip())!r} must be value=probability")
        key = number(value, f"{what} {shortened(written)!r}")
        if key in pairs:
            raise InputError(f"{what} {shortened(written)!r}: the value {key:g} is given twice")
        pairs[key] = number(mass, f"{what} {shortened(written)!r}")
    return Marginal(written, values=tuple(sorted(pairs)), masses=tuple(pairs[value] for value in sorted(pairs)))


def _spike(written: str, arguments: str, what: str) -> Marginal:
    mass, comma, slab = arguments.partition(",")
    if not comma:
        raise InputError(f"{what} {shortened(written)!r} must be spike(probability of 0, distribution)")
    if re.match(r"\s*(spike|classes|constant)\b", slab):
        raise InputError(
            f"{what} {shortened(written)!r}: spike takes a probability in [0, 1) and a continuous distribution, no "
            "spike, classes or constant inside it"
        )
    inner = _marginal(slab.strip(), what)
    probability = number(mass, f"{what} {shortened(written)!r}")
    if inner.continuous is None or not hasattr(inner.continuous.dist, "pdf") or not 0 <= probability < 1:
        raise InputError(
            f"{what} {shortened(written)!r}: spike takes a probability in [0, 1) and a continuous distribution"
        )
    return Marginal(written, inner.continuous, (0.0,), (probability,), inner.folded)
