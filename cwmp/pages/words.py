"""Words that pages share: shares in percent, names of coordinates."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

import numpy as np

from theory.layers import Layer


def percent(share: float, digits: int = 3) -> str:
    """``0.05`` as ``5 %``, in so many significant digits; ``-`` for what is none."""
    return f"{100 * share:.{digits}g} %" if math.isfinite(share) else "-"


def fixed(share: float, digits: int) -> str:
    """``0.05`` as ``5.000 %``, with so many decimals."""
    return f"{100 * share:.{digits}f} %"


def several(count: int, word: str) -> str:
    """``1 coordinate``, ``2 coordinates``."""
    return f"{count} {word}{'s' * (count != 1)}"


def coordinates(layers: Sequence[Layer], items: Iterable[int], most: int = 3) -> str:
    """The first few of some coordinates of a flat update, by layer and index: ``fc.weight[3, 2]``."""
    items = list(items)
    ends = np.cumsum([layer.size for layer in layers])
    words = [_coordinate(layers, ends, int(i)) for i in items[:most]]
    return ", ".join([*words, *(["..."] if len(items) > most else [])])


def _coordinate(layers: Sequence[Layer], ends: np.ndarray, i: int) -> str:
    k = int(np.searchsorted(ends, i, side="right"))
    layer = layers[k]
    at = np.unravel_index(i - int(ends[k]) + layer.size, layer.shape) if layer.shape else ()
    return f"{layer.name}[{', '.join(str(int(n)) for n in at)}]"
