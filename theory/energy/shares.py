"""Where the energy of an update lies: its layers in groups of one kind and one way to have decided it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from fractions import Fraction
from itertools import pairwise
from typing import Any

import numpy as np

from theory.arithmetic.blocks import counted
from theory.arithmetic.exact import as_fraction
from theory.energy.costs import Costs
from theory.instance import CostClasses, Instance
from theory.layers import Layer

EXAMPLES = 3  # names written out of a group


@dataclass(frozen=True)
class Share:
    """Layers of one kind, decided in one way.

    Attributes:
        kind: of the layers. how: it was decided. guess: whether that is one.
        names: of the layers. coordinates: together. energy: their share of sending everything; None without costs.
    """

    kind: str
    how: str
    guess: bool
    names: tuple[str, ...]
    coordinates: int
    energy: float | None


def shares(layers: Sequence[Layer], costs: Costs | None = None) -> tuple[Share, ...]:
    """The groups of an update, in order of first appearance; shares of energy are exact and rounded once."""
    joules = _joules(layers, costs) if costs else None
    total = sum(joules, Fraction(0)) if joules else Fraction(0)
    groups: dict[tuple[str, str], list[int]] = {}
    for k, layer in enumerate(layers):
        groups.setdefault((layer.kind, _short(layer.how)), []).append(k)
    return tuple(
        Share(kind, how, layers[at[0]].guessed, tuple(layers[k].name for k in at), sum(layers[k].size for k in at),
              float(sum((joules[k] for k in at), Fraction(0)) / total) if joules and total else None)
        for (kind, how), at in groups.items()
    )  # fmt: skip


def _short(how: str) -> str:
    """A bias is counted where its weight is."""
    return how.removesuffix(" (its weight)")


def _joules(layers: Sequence[Layer], costs: Costs) -> list[Fraction]:
    """What sending each layer costs, exactly."""
    values = costs.values
    sizes = [layer.size for layer in layers]
    if isinstance(values, Fraction):
        return [size * values for size in sizes]
    starts = np.cumsum([0, *sizes])
    if isinstance(values, CostClasses):
        exact = [as_fraction(value, "class cost") for value in values.values]
        labels = np.asarray(values.labels)
        counts = [counted(labels[a:b], len(exact)) for a, b in pairwise(starts)]
        return [sum((int(n) * c for n, c in zip(row, exact, strict=True) if n), Fraction(0)) for row in counts]  # type: ignore[arg-type]
    return [
        (one := Instance(np.broadcast_to(np.float16(0), b - a), values[a:b], 0)).total_cost * one.unit
        if b > a
        else Fraction(0)
        for a, b in pairwise(starts)
    ]


def shares_fields(found: Sequence[Share]) -> list[dict[str, Any]]:
    """The groups as plain data, with the number of their layers and the first few names."""
    return [{**asdict(one), "names": list(one.names[:EXAMPLES]), "tensors": len(one.names)} for one in found]
