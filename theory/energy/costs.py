"""Costs and budgets as people write them on a command line.

    costs     fc-dear                a named energy model (theory.energy.models)
              0.003                  joules, the same for every coordinate
              fc=10,rest=1           joules per kind of layer, or per layer by its name
              enc.*=3,rest=1         joules per layer whose name a glob matches
              costs.npy              joules per coordinate
    budget    10%                    a share of what sending everything costs, up to 100 %
              0.4J 3mJ 5uJ 7nJ 2pJ   joules
              1200units              units, where costs are ratios

Every decimal means exactly itself.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from numpy.typing import NDArray

from theory.arithmetic.exact import as_float64
from theory.budget import UNITS, as_joules, as_share
from theory.energy.models import MODELS, CostModel
from theory.errors import InputError
from theory.files.updates import read_array
from theory.instance import DEAREST, CostClasses, as_cost
from theory.layers import Layer, layer_classes, matches

_RATIOS = "units"
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


@dataclass(frozen=True)
class Budget:
    """Either a share of the total cost, or joules (units for relative costs)."""

    share: Fraction | None
    joules: Fraction | None
    in_units: bool = False

    def amount(self, costs: Costs, layers: Sequence[Layer]) -> dict[str, Fraction]:
        """The keyword that :class:`theory.Instance` takes: ``fraction``, or ``budget`` less a model's fixed overhead.

        Raises:
            InputError: joules where costs are ratios, or units where they are joules.
        """
        if self.share is not None:
            return {"fraction": self.share}
        assert self.joules is not None
        model = costs.model
        if model is None:
            return {"budget": self.joules}
        if model.relative != self.in_units:
            meant = "ratios: give a share such as 10% or units" if model.relative else "joules, not units"
            raise InputError(f"the costs of {model.name} are {meant}")
        return {"budget": model.spendable(self.joules, layers)}


def cost_spec(text: str, layers: Sequence[Layer]) -> Costs:
    """Costs for an update made of ``layers``.

    Raises:
        InputError: a text that is none of the forms above, a layer without a cost, a file that does not fit.
    """
    if text in MODELS:
        return Costs(MODELS[text].costs(layers), model=MODELS[text])
    if text.endswith(".npy"):
        d = sum(layer.size for layer in layers)
        values = read_array(text, "the costs").reshape(-1)
        if values.size != d:
            raise InputError(f"{text}: {values.size} costs for an update of {d} coordinates")
        values = as_float64(values, text)
        if (values > float(DEAREST)).any():
            raise InputError(f"{text}: a cost is above 1e+300; costs must be at most that many joules")
        return Costs(values, path=Path(text))
    if "=" in text:
        return Costs(_by_layer(text, layers))
    if re.match(r"[-+.0-9]", text):
        return Costs(as_cost(text, "cost"))
    raise InputError(
        f"cost {text!r} is no energy model ({', '.join(MODELS)}), number, kind=number list (fc=10,rest=1) or .npy file"
    )


def _by_layer(text: str, layers: Sequence[Layer]) -> CostClasses:
    """``name=number`` pairs: a layer's name counts first, then the first glob that matches it, its kind, ``rest``."""
    prices: dict[str, Fraction] = {}
    for pair in text.split(","):
        name, _, number = (part.strip() for part in pair.partition("="))
        if not name or not number:
            raise InputError(f"cost {pair!r} must be a kind, name or glob of a layer, '=', and a number of joules")
        if name in prices:
            raise InputError(f"cost of {name!r} is given twice")
        prices[name] = as_cost(number, f"cost of {name!r}")
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


def budget_spec(text: str) -> Budget:
    """A budget from a text with its unit.

    Raises:
        InputError: no number, one out of range, or one without % or unit: nobody can tell what it would mean.
    """
    accepted = "a share such as 10% or joules such as 0.4J, 3mJ, 5uJ, 7nJ, 2pJ (or units, for relative costs)"
    found = _NUMBER.fullmatch(text)
    if not found or found[2] not in {"%", _RATIOS, *UNITS}:
        raise InputError(f"budget {text!r} must be {accepted}")
    if found[2] == "%":
        return Budget(as_share(text, "budget"), None)
    in_units = found[2] == _RATIOS
    amount = as_joules(found[1] if in_units else text)
    if amount > DEAREST:
        raise InputError(f"budget {text!r} is more than 1e+300")
    return Budget(None, amount, in_units)
