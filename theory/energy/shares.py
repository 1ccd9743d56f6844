"""Where the energy of an update lies: its layers in groups of one kind and one way to have decided it.

kind        tensors   coordinates   of energy   how decided
fc               10        101856      93.1 %   type Linear
embedding         1          4096       3.0 %   guess: two dimensions, the name says wte
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from fractions import Fraction
from itertools import pairwise
from typing import Any

import numpy as np

from theory.arithmetic.exact import as_fraction
from theory.energy.costs import Costs
from theory.instance import CostClasses, Instance
from theory.layers import Layer

_EXAMPLES = 3  # names written out of a group


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
        counts = [np.bincount(labels[a:b], minlength=len(exact)) for a, b in pairwise(starts)]
        return [sum((int(n) * c for n, c in zip(row, exact, strict=True) if n), Fraction(0)) for row in counts]
    return [
        (one := Instance(np.zeros(b - a), values[a:b], 0)).total_cost * one.unit if b > a else Fraction(0)
        for a, b in pairwise(starts)
    ]


def shares_fields(found: Sequence[Share]) -> list[dict[str, Any]]:
    """The groups as plain data, with the number of their layers and the first few names."""
    return [{**asdict(one), "names": list(one.names[:_EXAMPLES]), "tensors": len(one.names)} for one in found]


def shares_text(found: Sequence[Share]) -> str:
    """The table for a terminal; guesses are summed up below it."""
    total = sum(one.coordinates for one in found)
    priced = any(one.energy is not None for one in found)
    of = "of energy" if priced else "of all"
    lines = [f"{'kind':<12}{'tensors':>8}{'coordinates':>14}{of:>12}   how decided"]
    for one in found:
        share = one.energy if priced else one.coordinates / max(total, 1)
        lines.append(f"{one.kind:<12}{len(one.names):>8}{one.coordinates:>14}{100 * (share or 0):>10.4g} %   {one.how}"
                     + _named(one))  # fmt: skip
    guessed = [one for one in found if one.guess]
    if guessed:
        coordinates = sum(one.coordinates for one in guessed)
        energy = f", {100 * sum(one.energy or 0 for one in guessed):.4g} % of the energy" if priced else ""
        lines.append(
            f"{sum(len(one.names) for one in guessed)} kinds are guesses: {100 * coordinates / max(total, 1):.4g} % of "
            f"the coordinates{energy}; --kind 'pattern=kind' sets them"
        )
    return "\n".join(lines)


def _named(one: Share) -> str:
    """Which layers a guess is about."""
    if not one.guess:
        return ""
    more = len(one.names) - _EXAMPLES
    return f" ({', '.join(one.names[:_EXAMPLES])}{f' and {more} more' if more > 0 else ''})"
