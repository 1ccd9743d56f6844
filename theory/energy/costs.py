"""Costs and budgets as people write them, in Python and on a command line alike.

    costs     "fc-dear"                      a named energy model (theory.energy.models), or a CostModel
              0.003  "0.003"                 joules, the same for every coordinate
              {"fc": 10, "rest": 1}          joules per kind of layer, or per layer by its name
              "fc=10,rest=1"                 the same as a text; with units: "fc=640pJ,rest=5pJ"
              "ble-dram,radio=50nJ/bit"      a model with some of its numbers replaced
              "board.toml"                   a model of one's own (theory.energy.own)
              "enc.*=3,rest=1"               joules per layer whose name a glob matches
              array, "costs.npy"             joules per coordinate
    budget    "10%"                          a share of what sending everything costs, up to 100 %
              "0.4J" "3mJ" "5uJ" "7nJ" "2pJ" joules
              "1200units"                    units, where costs are ratios
              3  "3"                         joules, or units where costs are ratios; never a share

Every decimal means exactly itself. In a text, either all joules have a unit or none.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from theory.arithmetic.exact import Real, as_float64
from theory.arrays import unmasked
from theory.budget import RATIOS, UNITS, as_joules, as_share, percent, refuse_bare
from theory.energy.models import MODELS, CostModel
from theory.energy.own import model_of
from theory.errors import InputError
from theory.files.updates import read_array
from theory.instance import DEAREST, CostClasses, as_cost, is_one_cost
from theory.layers import Layer, layer_classes, matches

_PIECE = 1 << 20  # costs that are looked at together
_NUMBER = re.compile(r"\s*([0-9]*\.?[0-9]+(?:[eE][+-]?[0-9]+)?)\s*(%|[a-zA-Zµ]*)\s*")


@dataclass(frozen=True, eq=False)
class Costs:
    """What a cost text means for an update.

    Attributes:
        values: as :class:`theory.Instance` takes them.
        model: the energy model, when it was named.
        path: the file, when they were read from one.
    """

    values: CostClasses | NDArray | Fraction
    model: CostModel | None = None
    path: Path | None = None

    @property
    def unit(self) -> str:
        """What they are in: ``units`` where a model's numbers are ratios, else ``J``."""
        return RATIOS if self.model and self.model.relative else "J"


@dataclass(frozen=True)
class Budget:
    """Either a share of the total cost, or joules (units for relative costs).

    Attributes:
        in_units: whether units were said; None where nothing was, and the amount is in the unit of the costs.
    """

    share: Fraction | None
    joules: Fraction | None
    in_units: bool | None = False

    def amount(self, costs: Costs, layers: Sequence[Layer]) -> Fraction | str:
        """The budget of the coordinates, as :class:`theory.Instance` takes it: joules less a model's fixed overhead.

        Raises:
            InputError: joules where costs are ratios, or units where they are joules.
        """
        if self.share is not None:
            return percent(self.share)
        assert self.joules is not None
        model = costs.model
        if model is None:
            return self.joules
        if self.in_units is not None and model.relative != self.in_units:
            meant = "ratios: give a share such as 10% or units" if model.relative else "joules, not units"
            raise InputError(f"the costs of {model.name} are {meant}")
        return model.spendable(self.joules, layers)


def costs_of(cost: Any, layers: Sequence[Layer], shape: tuple[int, ...] = ()) -> Costs:
    """Costs for an update made of ``layers``, from any of the forms above.

    Args:
        cost: a text, a path, an energy model, a mapping from kinds or names of layers to joules, :class:`CostClasses`,
            one number, or an array of as many numbers as there are coordinates.
        shape: of the update where it is one tensor; an array of several dimensions must have it.

    Raises:
        InputError: none of these, a layer without a cost, a file or an array that does not fit.
    """
    if isinstance(cost, (str, Path)):
        return cost_spec(str(cost), layers, shape)
    if isinstance(cost, CostModel):
        return Costs(cost.costs(layers), model=cost)
    if isinstance(cost, CostClasses):
        return Costs(cost)
    if isinstance(cost, Mapping):
        return Costs(costs_by_layer(cost, layers))
    if is_one_cost(cost):
        return Costs(as_cost(cost, "cost"))
    given = unmasked(cost, "cost")
    try:
        values = np.asarray(given)
    except (TypeError, ValueError):
        raise InputError(f"costs of type {type(cost).__name__} are no {_ACCEPTED}") from None
    return Costs(_fitting(values, layers, shape, "costs"))


def cost_spec(text: str, layers: Sequence[Layer], shape: tuple[int, ...] = ()) -> Costs:
    """Costs for an update made of ``layers``, from a text; ``shape`` as for :func:`costs_of`.

    Raises:
        InputError: a text that is none of the forms above, a layer without a cost, a file that does not fit.
    """
    if (model := model_of(text)) is not None:
        return Costs(model.costs(layers), model=model)
    if text.endswith(".npy"):
        return Costs(_fitting(read_array(text, "the costs"), layers, shape, text), path=Path(text))
    if "=" in text:
        return Costs(costs_by_layer(_pairs(text), layers))
    if re.match(r"[-+.0-9]", text):
        return Costs(_joules(text, "cost"))
    raise InputError(f"cost {text!r} is no {_ACCEPTED}")


_ACCEPTED = (
    f"energy model ({', '.join(MODELS)}; ble-dram,radio=50nJ/bit; a .toml file), joules (3, 5nJ), kind=joules list "
    "(fc=640pJ,rest=5pJ) or .npy file"
)


def _joules(given: Real | str, name: str) -> Fraction:
    """The exact cost that a number, or a text with its unit, denotes.

    Raises:
        InputError: none, or one that is not positive.
    """
    found = _NUMBER.fullmatch(given) if isinstance(given, str) else None
    if found and found[2] in UNITS:
        return as_cost(as_joules(given), name)  # type: ignore[arg-type]
    if found and found[2]:
        raise InputError(f"{name} = {given}: no unit {found[2]!r}; there are {', '.join(UNITS)}")
    return as_cost(given, name)  # type: ignore[arg-type]


def _fitting(values: NDArray, layers: Sequence[Layer], shape: tuple[int, ...], name: str) -> NDArray:
    d = sum(layer.size for layer in layers)
    if values.size != d:
        raise InputError(f"{name}: {values.size} costs for an update of {d} coordinates")
    if values.ndim > 1 and len(shape) > 1 and values.shape != shape:
        raise InputError(f"{name}: of shape {values.shape}, for an update of shape {shape}; give that, or (d,)")
    values = values.reshape(-1)
    if values.dtype.kind not in "fiub":
        raise InputError(f"{name}: costs must be real numbers, got {values.dtype}")
    if values.dtype.kind != "f" or values.dtype.itemsize > 8:
        values = as_float64(values, name)
    pieces = (values[start : start + _PIECE] for start in range(0, values.size, _PIECE))
    if any((piece > np.float64(DEAREST)).any() for piece in pieces if piece.dtype == np.float64):
        raise InputError(f"{name}: a cost is above 1e+300; costs must be at most that many joules")
    return values


def _pairs(text: str) -> dict[str, str]:
    prices: dict[str, str] = {}
    for pair in text.split(","):
        name, _, number = (part.strip() for part in pair.partition("="))
        if not name or not number:
            raise InputError(f"cost {pair!r} must be a kind, name or glob of a layer, '=', and a number of joules")
        if name in prices:
            raise InputError(f"cost of {name!r} is given twice")
        prices[name] = number
    return prices


def costs_by_layer(given: Mapping[str, Real], layers: Sequence[Layer]) -> CostClasses:
    """Joules by layer: its name counts first, then the first glob that matches it, its kind, ``rest``.

    Raises:
        InputError: a number that is no cost, a text without a unit beside others that have, a name that nothing has, a
            layer without a cost.
    """
    named = [(str(name), f"cost of {name!r}", number) for name, number in given.items()]
    prices = {name: _joules(number, said) for name, said, number in named}
    refuse_bare((said, number) for _, said, number in named)
    known = {"rest", *(layer.name for layer in layers), *(layer.kind for layer in layers)}
    globs = [name for name in prices if name not in known and any(matches(layer, name) for layer in layers)]
    if unknown := [name for name in prices if name not in known and name not in globs]:
        kinds = ", ".join(dict.fromkeys(layer.kind for layer in layers))
        hint = "; give a layers file" if kinds == "unknown" else ""
        raise InputError(f"no layer is called or of kind {unknown[0]!r}; the kinds here are {kinds}{hint}")

    def price(layer: Layer) -> Fraction | None:
        glob = next((name for name in globs if matches(layer, name)), None)
        return next((prices[name] for name in (layer.name, glob, layer.kind, "rest") if name in prices), None)

    costs = [price(layer) for layer in layers]
    if None in costs:
        layer = layers[costs.index(None)]
        raise InputError(f"layer {layer.name!r} of kind {layer.kind!r} has no cost; add {layer.kind}=... or rest=...")
    return layer_classes(layers, [cost for cost in costs if cost is not None])


def budget_spec(budget: Any) -> Budget:
    """A budget from a number or a text, with or without its unit.

    Raises:
        InputError: no number, or one out of range.
    """
    if not isinstance(budget, str):
        return Budget(None, _bounded(as_joules(budget), budget), None)
    accepted = "a share such as 10%, or joules such as 3, 0.4J, 3mJ, 5uJ, 7nJ, 2pJ (or units, for relative costs)"
    found = _NUMBER.fullmatch(budget)
    if not found or found[2] not in {"", "%", RATIOS, *UNITS}:
        raise InputError(f"budget {budget!r} must be {accepted}")
    if found[2] == "%":
        return Budget(as_share(budget, "budget"), None)
    return Budget(None, _bounded(as_joules(budget), budget), {"": None, RATIOS: True}.get(found[2], False))


def _bounded(amount: Fraction, given: Any) -> Fraction:
    if amount > DEAREST:
        raise InputError(f"budget {given!r} is more than 1e+300")
    return amount
