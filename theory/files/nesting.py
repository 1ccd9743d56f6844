"""Where in a checkpoint the tensors are: plain data of mappings, lists and tensors, as training scripts nest them.

A *mapping of tensors* is one of names to tensors with at least one of real numbers among them. A checkpoint that holds
exactly one is read; of several the user chooses one. Mappings with numbers for names (an optimiser's state) and what
is an optimiser's, a scheduler's or a generator's by its name are looked into only when asked for. Gradients nested by
layer, ``{"conv": {"weight": ..., "bias": ...}, "fc": {...}}``, are one mapping with dotted names.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

_ASIDE = re.compile(r"(?i)optim|sched|scaler|rng|random|callback|loop")
_WHOLES = frozenset({
    "model", "module", "net", "network", "state_dict", "model_state_dict", "weights", "params", "state", "ema",
    "model_ema", "ema_model", "ema_state_dict", "teacher", "student", "generator", "discriminator",
})  # fmt: skip # names of whole models: two of them side by side are no layers of one


@dataclass(frozen=True)
class Found:
    """A mapping of tensors.

    Attributes:
        key: where it is, names joined by dots; ``""`` at the top. tensors: by name. beside: names of what is no tensor.
        flat: whether its names were dotted already, as those of a state dict.
    """

    key: str
    tensors: dict[str, Any]
    beside: tuple[str, ...]
    flat: bool


Counts = Callable[[Any], bool | None]  # of anything: None if it is no tensor, else whether it has coordinates to select


def mappings(content: Any, counts: Counts, key: str = "") -> list[Found]:
    """The mappings of tensors in ``content``.

    Args:
        counts: whether something is a tensor of real numbers of one dimension or more.
    """
    content = _by_number(content, counts)
    if not isinstance(content, Mapping) or not all(isinstance(name, str) for name in content):
        return []
    own = {name: value for name, value in content.items() if counts(value) is not None}
    rest = {name: value for name, value in content.items() if name not in own}
    inner = {name: found for name, value in rest.items()
             if not _ASIDE.search(name) and (found := mappings(value, counts, _joined(key, name)))}  # fmt: skip
    beside = tuple(name for name in rest if name not in inner)
    useful = any(counts(value) for value in own.values())
    if inner and (useful or len(inner) > 1) and all(_is_layer(name, found) for name, found in inner.items()):
        nested = {f"{name}.{part}": value for name, (one,) in inner.items() for part, value in one.tensors.items()}
        return [Found(key, {**own, **nested}, beside, False)]
    within = [one for found in inner.values() for one in found]
    if useful or (own and not within):
        return [Found(key, own, beside, any("." in name for name in own)), *within]
    return within


def at_key(content: Any, key: str, counts: Counts) -> Iterator[Any]:
    """What stands at ``key``, names of any kind joined by dots; a name may have dots of its own."""
    if not key:
        yield content
        return
    content = _by_number(content, counts)
    pairs = content.items() if isinstance(content, Mapping) else enumerate(content) if isinstance(content, list) else ()
    for name, value in pairs:
        if key == str(name):
            yield value
        elif key.startswith(f"{name}."):
            yield from at_key(value, key[len(str(name)) + 1 :], counts)


def _by_number(content: Any, counts: Counts) -> Any:
    """A list of tensors as a mapping; entries that are None (no gradient) are left out."""
    if not isinstance(content, list | tuple):
        return content
    tensors = {str(i): part for i, part in enumerate(content) if part is not None}
    return tensors if tensors and all(counts(part) is not None for part in tensors.values()) else content


def _is_layer(name: str, found: list[Found]) -> bool:
    return len(found) == 1 and not found[0].flat and name not in _WHOLES


def _joined(key: str, name: str) -> str:
    return f"{key}.{name}" if key else name
