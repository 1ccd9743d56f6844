"""An update and its layers, as selectors that look at layers need them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from theory.errors import InputError
from theory.instance import Instance
from theory.layers import Layer
from theory.selection.entries import Entries, Unchecked, entries_of
from theory.selection.spans import Exact, Span

Layers = Sequence[Layer | int]
Mask = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Layered:
    """What is to be selected from, under which budget, layer by layer.

    Attributes:
        entries: as a selector reads them. budget: exact, in ``unit`` joules.
        retained: the exact score of some items (indices or a mask). spans: of the layers.
    """

    entries: Entries
    budget: Fraction
    unit: Fraction
    retained: Exact
    spans: tuple[Span, ...]


def spans_of(layers: Layers, d: int) -> tuple[Span, ...]:
    """Where each layer lies in the flat vector.

    Args:
        layers: in the vector's order: :class:`theory.layers.Layer`, or how many coordinates each has.

    Raises:
        InputError: anything else; sizes that do not add up to ``d``.
    """
    sizes = []
    for k, layer in enumerate(layers):
        size: Any = layer.size if isinstance(layer, Layer) else layer
        if isinstance(size, bool) or not isinstance(size, (int, np.integer)) or size < 0:
            raise InputError(f"layer {k} must be a Layer or its number of coordinates, got {layer!r}")
        sizes.append(int(size))
    if sum(sizes) != d:
        raise InputError(f"the layers hold {sum(sizes)} coordinates, the update has {d}")
    return tuple(pairwise(np.cumsum([0, *sizes]).tolist()))


def layer_name(layers: Layers, k: int) -> str:
    """What to call a layer."""
    layer = layers[k]
    return layer.name if isinstance(layer, Layer) and layer.name else f"layer {k}"


def layered(instance: Instance, layers: Layers) -> Layered:
    """An instance and its layers."""
    spans = spans_of(layers, instance.d)
    return Layered(entries_of(instance), instance.budget, instance.unit, instance.retained, spans)


def layered_unchecked(found: Unchecked, layers: Layers) -> Layered:
    """Entries whose values a pass still has to look at, and their layers."""
    spans = spans_of(layers, found.entries.d)
    return Layered(found.entries, found.budget, found.unit, found.entries.retained, spans)
