"""What state costs that travels whole: every coordinate its price, and no index, for the receiver knows the place."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Any

from empirical.prices import COST_MODELS, LOGNORMAL, Prices, prices
from theory.arithmetic.exact import as_fraction
from theory.energy.costs import cost_spec
from theory.errors import InputError
from theory.instance import CostClasses
from theory.layers import Layer, named_layers


def state_energy(
    cost: Any, update: Sequence[Layer], state: Sequence[tuple[str, tuple[int, ...]]], priced: Prices | None, seed: int
) -> Fraction:
    """Joules (or units) of the arrays ``state``, names and shapes, beside an update of ``update`` layers.

    An array costs what a model or a text says of its kind, which is that of the other arrays of its module: what it
    costs to send and write the running variance of a normalisation layer is known. Where nothing is said of it (costs
    per coordinate, a text without ``rest``), a coordinate of state costs what one of the update does on average.
    """
    total, average = Fraction(0), _average(priced)
    for layer in _placed(update, state):
        each = _price(cost, layer, update, seed)
        total += layer.size * (average if each is None else each)
    return total


def _placed(update: Sequence[Layer], state: Sequence[tuple[str, tuple[int, ...]]]) -> list[Layer]:
    """State with the kinds of its modules."""
    kinds = {layer.name.rpartition(".")[0]: layer.kind for layer in reversed(update)}
    layers = named_layers([*((layer.name, layer.shape) for layer in update), *state])[len(update) :]
    return [
        Layer(layer.name, layer.shape, kinds.get(layer.name.rpartition(".")[0], layer.kind))
        if layer.kind in ("other", "unknown") else layer
        for layer in layers
    ]  # fmt: skip


def _price(cost: Any, layer: Layer, update: Sequence[Layer], seed: int) -> Fraction | None:
    """Joules of one coordinate of ``layer``, or None where ``cost`` says nothing of it."""
    if not isinstance(cost, (str, float, int)):
        return None
    text = str(cost)
    try:
        if text in COST_MODELS:
            if text == LOGNORMAL:
                return None
            each = prices(text, [layer], seed).each
            return None if each is None else each[0].radio + each[0].memory
        values = cost_spec(_said_of(text, layer), [layer]).values
    except InputError:
        return None
    if isinstance(values, Fraction):
        return values
    return as_fraction(values.values[0], "cost") if isinstance(values, CostClasses) else None


def _said_of(text: str, layer: Layer) -> str:
    """The part of a list of kinds and names that is about ``layer``: names of other layers mean nothing to it."""
    pairs = [pair for pair in text.split(",") if pair.partition("=")[0].strip() in ("rest", layer.name, layer.kind)]
    return ",".join(pairs) if "=" in text else text


def _average(priced: Prices | None) -> Fraction:
    return priced.total / priced.kind_of.size if priced is not None else Fraction(0)
