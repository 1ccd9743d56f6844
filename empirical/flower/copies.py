"""Arrays of a record that are one tensor under two names (tied weights), found by what they hold.

A record has lost which of its arrays share memory. Two that were received alike and whose updates, residuals included,
are alike too, bit for bit, may as well be one: sending one and writing it to both loses nothing, whoever is right about
why they are alike. One is what travels, counts and costs, under its first name. Arrays of one value alone say nothing,
unless a model says it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from empirical.flower.layout import Layout
from theory.errors import InputError
from theory.layers import Layer
from theory.shared_storage import second_names

_LEAST, _MOST = 4, 10_000  # coordinates of an array that is looked for in others; places that are looked at

Vector = NDArray[np.floating]


@dataclass(frozen=True, eq=False)
class Copies:
    """The layers of a vector without those that are another one under a second name.

    Attributes:
        layers: what is left. first_of: second name to first name. places: where each coordinate of the whole vector
            is in the short one, shape (d,). kept: bool of shape (d,), what the short one holds.
    """

    layers: tuple[Layer, ...]
    first_of: Mapping[str, str]
    places: NDArray[np.intp]
    kept: NDArray[np.bool_]

    @property
    def d(self) -> int:
        """Length of the short vector."""
        return int(np.count_nonzero(self.kept))


def without(layers: tuple[Layer, ...], first_of: Mapping[str, str]) -> Copies:
    """The short vector of ``layers``, less those that ``first_of`` calls copies.

    Raises:
        InputError: a copy of what there is not, or of another shape.
    """
    starts, left, at = {}, [], 0
    shapes = {layer.name: layer.shape for layer in layers}
    places, kept = [], []
    for layer in layers:
        first = first_of.get(layer.name)
        if first is None:
            starts[layer.name] = at
            left.append(layer)
            at += layer.size
        elif first not in starts or shapes[first] != layer.shape:
            raise InputError(f"array {layer.name!r} is no second name of {first!r}")
        start = starts[first or layer.name]
        places.append(np.arange(start, start + layer.size))
        kept.append(np.full(layer.size, first is None))
    nothing = np.zeros(0, dtype=np.intp)  # of a record without layers
    return Copies(
        tuple(left),
        dict(first_of),
        np.concatenate([nothing, *places]).astype(np.intp),
        np.concatenate([nothing, *kept]).astype(bool),
    )


def copies(here: Layout, before: Vector, total: Vector, dtypes: Mapping[str, Any], known: Mapping[str, str]) -> Copies:
    """What of a vector is there twice.

    Args:
        before: the weights received, shape (d,). total: their update, residual included. dtypes: of each array.
        known: second names that a model has, which need no evidence but that both hold the same.
    """
    first_of: dict[str, str] = {}
    seen: dict[tuple[Any, ...], str] = {}
    for layer, old, new in _parts(here, before, total):
        if not layer.size:
            continue
        evident = (_varies(old) or _varies(new)) and new.any()
        content = (layer.shape, str(dtypes[layer.name]), old.tobytes(), new.tobytes())
        first = seen.setdefault(content, layer.name)
        if first != layer.name and (evident or known.get(layer.name) == first):
            first_of[layer.name] = first
    return without(here.layers, first_of)


def refuse_overlaps(here: Layout, before: Vector, total: Vector, found: Copies) -> None:
    """Raises :class:`InputError` for an array that is a part, or the transpose, of another: it would count twice."""
    parts = [(layer, old, new) for layer, old, new in _parts(here, before, total)
             if layer.size >= _LEAST and layer.name not in found.first_of and _varies(old)]  # fmt: skip
    for i, (one, old, new) in enumerate(parts):
        for other, old2, new2 in parts[i + 1 :]:
            if len(one.shape) == 2 and one.shape == other.shape[::-1] and _transposed(one, old, old2, new, new2):
                raise InputError(_refusal(one, other))
    starts = np.cumsum([0, *(layer.size for layer in here.layers)])
    if not parts:
        return
    places = np.flatnonzero(np.isin(before, np.array([old[0] for _, old, _ in parts])))
    if places.size > _MOST:
        return
    owners = np.searchsorted(starts, places, side="right") - 1
    for place, owner in zip(places.tolist(), owners.tolist(), strict=True):
        room = int(starts[owner + 1]) - place
        for layer, old, new in parts:
            part = slice(place, place + layer.size)
            if here.layers[owner].name in (layer.name, *found.first_of) or layer.size > room:
                continue
            if here.layers[owner].size > layer.size and _same(before[part], old) and _same(total[part], new):
                raise InputError(_refusal(layer, here.layers[owner]))


def model_copies(model: Any) -> dict[str, str]:
    """Second names among the parameters of a ``torch.nn.Module``; nothing without one.

    Raises:
        InputError: parameters that share a part of their storage.
    """
    if model is None:
        return {}
    named = {name: p.detach() for name, p in model.named_parameters(remove_duplicate=False) if p.device.type != "meta"}
    return second_names(named, "make it a tensor of its own, or keep it out of the state dict")


def _parts(here: Layout, *vectors: Vector) -> Any:
    cuts = np.cumsum([layer.size for layer in here.layers])[:-1]
    return zip(here.layers, *(np.split(vector, cuts) for vector in vectors), strict=True)


def _varies(values: Vector) -> bool:
    return bool((values != values[0]).any())


def _same(a: Vector, b: Vector) -> bool:
    return a.tobytes() == b.tobytes()


def _transposed(one: Layer, old: Vector, old2: Vector, new: Vector, new2: Vector) -> bool:
    turned = lambda v: np.ascontiguousarray(v.reshape(one.shape).T)  # noqa: E731
    return _same(turned(old), old2) and _same(turned(new), new2)


def _refusal(one: Layer, other: Layer) -> str:
    return (
        f"array {one.name!r} is a view of {other.name!r}, so its coordinates would count twice; "
        "make it a tensor of its own, or keep it out of the state dict"
    )
