"""``energy``, ``models`` and ``layers_of``: what sending a model's update costs, and where the numbers come from."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from cwmp.api.given import given_costs, given_layers, given_update, kind_texts
from cwmp.api.result import Result
from cwmp.pages import energies as pages
from cwmp.pages.blocks import Block
from theory import layers as theory_layers
from theory.energy.costs import Costs, costs_of
from theory.energy.models import MODELS, CostModel, break_even, coefficient_of_variation, cost_model
from theory.energy.own import model_of
from theory.errors import InputError
from theory.instance import CostClasses, Instance
from theory.layers import Layer

NEAR = "1.1"  # dearest over cheapest from which on there is little to save


@dataclass(frozen=True)
class KindEnergy:
    """What the layers of one kind cost.

    Attributes:
        kind: of layer. size: coordinates. energy: of sending them all, in joules or units. share: of everything.
        radio, memory: per coordinate, where an energy model tells them apart; else None. each: per coordinate, the
            mean where they differ.
    """

    kind: str
    size: int
    energy: float
    share: float
    each: float
    radio: float | None
    memory: float | None


@dataclass(frozen=True, repr=False)
class Energy(Result):
    """What sending everything costs, by kind of layer.

    Attributes:
        update: what it is of. d: coordinates. cost: in words. energy_unit: ``J``, or ``units`` for ratios.
        total: of every coordinate. overhead: what any non-empty selection pays on top (a bitmap).
        ratio: dearest over cheapest coordinate. cv: coefficient of variation of the costs: what a saving depends on.
        ceiling: share of Top-K's energy that any selector saves at most while it retains as much, ``1 - 1/ratio``.
        radio: the model's joules per bit. break_even: joules per bit from which on dearest and cheapest differ by at
            most a tenth; None for both without a model in joules.
        kinds: in order of appearance. model: the energy model, where there is one.
    """

    update: str
    d: int
    cost: str
    energy_unit: str
    total: float
    overhead: float
    ratio: float
    cv: float
    ceiling: float
    radio: float | None
    break_even: float | None
    kinds: tuple[KindEnergy, ...]
    model: CostModel | None

    def plot(self, ax: Any = None) -> Any:
        """Draw each kind's share of coordinates and of energy; returns the Axes.

        Args:
            ax: Matplotlib's Axes to draw in; by default those of a new figure, which a notebook shows.
        """
        from cwmp.pages.plots import energy_plot

        return energy_plot(self, ax)

    @property
    def caption(self) -> str:
        """What its figure shows."""
        return f"Each kind's share of the coordinates and of the energy of {self.update}, costs {self.cost}."

    def page(self) -> list[Block]:
        """As ``cwmp energy`` prints it."""
        return pages.energy_page(self)

    def to_dict(self) -> dict[str, Any]:
        """Plain data: what ``cwmp energy --json`` prints."""
        rest = {name: value for name, value in vars(self).items() if name not in ("kinds", "model")}
        return {**rest, "kinds": [vars(kind) for kind in self.kinds], "model": self.model and self.model.fields()}


def energy(model: Any, cost: Any = None, *, layers: Any = None, kinds: Any = (), key: str | None = None) -> Energy:
    """What sending a model's update costs, by kind of layer.

        cwmp.energy(model, "ble-dram")

    Args:
        model: a PyTorch module, of which nothing but its parameters' names, types and shapes are read, or an update
            in any form that :func:`cwmp.certify` takes.
        cost, layers, kinds, key: as for :func:`cwmp.certify`.

    Raises:
        InputError: as :func:`cwmp.certify`.
    """
    if cost is None:
        raise InputError('cost is missing: an energy model such as "fc-dear", joules, a dict by kind or name, an array')
    if callable(getattr(model, "named_parameters", None)):
        own = theory_layers.layers_of(model)
        placed = own if layers is None else given_layers(layers, _size(own), own)
        placed = theory_layers.with_kinds(placed, kind_texts(kinds))
        name, costs = type(model).__name__, costs_of(cost, placed)
    else:
        given = given_update(model, layers, key, kinds)
        name, placed, costs = given.name, given.layers, given_costs(cost, given)
    instance = Instance(np.zeros(_size(placed), np.float32), costs.values, 0)
    values = costs.values if isinstance(costs.values, CostClasses) else instance.cost
    spread = instance.class_cost[np.unique(instance.labels)] if instance.class_cost is not None else instance.cost  # type: ignore[arg-type]
    ratio = float(spread.max() / spread.min()) if spread.size else 1.0
    overhead = float(costs.model.overhead(placed)) if costs.model else 0.0
    even = break_even(costs.model, placed, NEAR) if costs.model and not costs.model.relative and placed else None
    return Energy(
        name, instance.d, pages.cost_words(cost), costs.unit, float(instance.total_cost * instance.unit), overhead,
        ratio, coefficient_of_variation(values) if instance.d else 0.0, 1 - 1 / ratio,
        float(even.model_radio) if even else None, float(even.radio) if even else None,
        _kinds(instance, placed, costs), costs.model,
    )  # fmt: skip


def layers_of(model: Any) -> tuple[Layer, ...]:
    """The layers of a model's update: name, shape and kind of each parameter, in the order of the flat vector.

    Args:
        model: a PyTorch module, or an update in any form that :func:`cwmp.certify` takes.

    Raises:
        InputError: neither.
    """
    if callable(getattr(model, "named_parameters", None)):
        return theory_layers.layers_of(model)
    return given_update(model).layers


@dataclass(frozen=True, repr=False)
class Models(Result):
    """Energy models.

    Attributes:
        chosen: the models. sources: whether the page gives the source of every number.
    """

    chosen: tuple[CostModel, ...]
    sources: bool

    def page(self) -> list[Block]:
        """As ``cwmp models`` prints it."""
        return pages.models_page(self.chosen, sources=self.sources)

    def to_dict(self) -> dict[str, Any]:
        """Plain data, by the name of the model."""
        return {model.name: model.fields() for model in self.chosen}


def models(name: str | Path | None = None) -> Models:
    """The energy models, or one of them with the source of every number.

    Args:
        name: of a model, or of a changed one or a TOML file, as costs take them.

    Raises:
        InputError: no model is called so.
    """
    if not isinstance(name, (str, Path, type(None))):
        raise InputError(f"a model is asked for by its name, or the path of a TOML file; got {type(name).__name__}")
    chosen = tuple(MODELS.values()) if name is None else (model_of(str(name)) or cost_model(str(name)),)
    return Models(chosen, sources=name is not None)


def _kinds(instance: Instance, layers: tuple[Layer, ...], costs: Costs) -> tuple[KindEnergy, ...]:
    unit, total = float(instance.unit), float(instance.total_cost)
    found: dict[str, tuple[int, float]] = {}
    parts = costs.model.parts(layers) if costs.model else {}
    at = 0
    for layer in layers:
        part = slice(at, at + layer.size)
        at += layer.size
        if instance.labels is not None and instance.class_cost is not None:
            counts = np.bincount(instance.labels[part], minlength=instance.class_cost.size)
            cost = float(counts @ instance.class_cost)
        else:
            cost = float(instance.cost[part].sum())
        before = found.get(layer.kind, (0, 0.0))
        found[layer.kind] = before[0] + layer.size, before[1] + cost
    return tuple(
        KindEnergy(
            kind, size, cost * unit, cost / total if total else 0.0, cost * unit / size if size else 0.0,
            float(parts[kind].radio) if kind in parts else None, float(parts[kind].memory) if kind in parts else None,
        )
        for kind, (size, cost) in found.items()
    )  # fmt: skip


def _size(layers: tuple[Layer, ...]) -> int:
    return sum(layer.size for layer in layers)
