"""The kind of a tensor of which only names and shapes are known: shape first, names where shapes leave a tie.

    four or five dimensions, or three with a kernel     conv
    two dimensions                                      fc; an embedding where the name says so and no bias is beside it
    one dimension                                       norm; a bias has the kind of its weight

What stands beside a tensor in its module counts as shape: running statistics make a norm, and no embedding has a bias.
Whatever hangs on a name alone is a guess and says so (:attr:`Decided.guess`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import NamedTuple

Shape = tuple[int, ...]

_TABLE_WORDS = {
    "emb", "wte", "wpe", "token", "tokens", "cls", "pos", "position", "positions", "positional", "latents", "probe",
    "biases", "rel", "relative", "table", "vocab", "codebook",
}  # fmt: skip
_LINEAR = re.compile(r"proj|mix|map|linear|dense|fc\d|mlp|^fc$|head|decoder|transform|lm_|conv|norm")
_NORM_WORDS = {"bn", "ln", "gn", "grn", "rms"}
_NORM_TENSORS = {"weight", "gamma", "beta", "scale", "alpha", "g"}
_FACTORS = {"alpha", "const", "decay", "coords", "factor", "scaling", "temperature", "log", "translate"}
_SCALES = {"gamma", "scale", "layerscale", "time", "gate"}
_STATISTICS = ("running_mean", "running_var")
_LONGEST_KERNEL = 128  # the position convolution of speech encoders


class Decided(NamedTuple):
    """A kind, and how it was decided; a text that begins with ``guess`` says that it is one."""

    kind: str
    how: str

    @property
    def guess(self) -> bool:
        """Whether nothing but a name, or nothing at all, speaks for the kind."""
        return self.how.startswith("guess")


class Tensors:
    """Names and shapes of a file, by module."""

    def __init__(self, shapes: Mapping[str, Shape]) -> None:
        self.shapes = shapes
        self.modules: dict[str, dict[str, Shape]] = {}
        for name, shape in shapes.items():
            path, _, leaf = name.rpartition(".")
            self.modules.setdefault(path, {})[leaf] = shape


def kinds_by_shape(shapes: Mapping[str, Shape]) -> dict[str, Decided]:
    """The kind of every tensor of a file, and how it was decided."""
    found = weights_by_shape(shapes, shapes)
    return {name: found[name] if name in found else bias_kind(name, shapes[name], found) for name in shapes}


def weights_by_shape(shapes: Mapping[str, Shape], wanted: Iterable[str]) -> dict[str, Decided]:
    """The kinds of those ``wanted`` among the tensors of a file that are not called biases."""
    tensors = Tensors(shapes)
    return {name: _weight(name, shapes[name], tensors) for name in wanted if not is_bias(name)}


def is_bias(name: str) -> bool:
    """Whether the last part of a name calls it a bias; tables of position biases are no such thing."""
    leaf = name.rpartition(".")[2].lower()
    return bool(re.search(r"(^|_)bias($|_|\d)", leaf)) and "table" not in leaf and "weight" not in leaf


def bias_kind(name: str, shape: Shape, weights: Mapping[str, Decided]) -> Decided:
    """A bias has the kind of its weight; without one, of the weights beside and below it if that is one."""
    path, dot, leaf = name.rpartition(".")
    own = (leaf.replace("bias", "weight"), re.sub(r"_bias$", "", leaf), "parametrizations.weight.original1", "weight_v")
    for other in own:
        if (weight := weights.get(path + dot + other)) is not None and other != leaf:
            return Decided(weight.kind, f"{weight.how} (its weight)")
    if len(shape) == 1 and shape != (1,) and path:
        near = {found.kind for other, found in weights.items() if other.startswith(path + dot)} & {"fc", "conv"}
        if len(near) == 1:
            return Decided(near.pop(), "guess: a bias without weight, of the kind of the weights beside it")
    return Decided("bias", "guess: called a bias, and no weight to it")


def _weight(name: str, shape: Shape, tensors: Tensors) -> Decided:
    if len(shape) < 2:
        return _vector(name, shape, tensors)
    if len(shape) == 2:
        return _matrix(name, shape, tensors)
    return _block(name, shape, tensors)


def _vector(name: str, shape: Shape, tensors: Tensors) -> Decided:
    """No dimension or one."""
    path, _, leaf = name.rpartition(".")
    beside = tensors.modules[path]
    if not shape:
        return Decided("other", "shape: a single number")
    if leaf in _STATISTICS or "running_mean" in beside:
        return Decided("norm", "shape: running statistics in its module")
    if says_norm(name) and leaf in _NORM_TENSORS:
        return Decided("norm", "shape: one dimension, and the name agrees")
    if leaf == "weight":
        if shape == (1,) or re.search(r"prelu|act|relu", path.lower()):
            return Decided("other", "guess: one dimension, the name says activation")
        if beside.get("bias") == shape:
            return Decided("norm", "shape: scale and shift in one module")
        return Decided("norm", "guess: one dimension, called a weight")
    if {"gamma", "beta"} <= set(beside) and leaf in ("gamma", "beta"):
        return Decided("norm", "shape: scale and shift in one module")
    if leaf == "kernel":
        return Decided("conv", "guess: one dimension, the name says kernel")
    return _called(leaf, "one dimension") or Decided("other", "guess: one dimension, neither weight nor bias")


def _matrix(name: str, shape: Shape, tensors: Tensors) -> Decided:
    path, _, leaf = name.rpartition(".")
    bias = tensors.modules[path].get(leaf.replace("weight", "bias")) if "weight" in leaf else None
    if bias in ((shape[0],), (shape[1],)):
        return Decided("fc", "shape: two dimensions and a bias")
    called = last_word(path)
    if "weight" in leaf and says_table(called):
        kind = "fc" if _LINEAR.search(called.lower()) else "embedding"
        return Decided(kind, f"guess: two dimensions, the name says {called}")
    if "weight" in leaf or leaf.endswith("proj"):
        return Decided("fc", "shape: two dimensions")
    return _called(leaf, "two dimensions") or Decided("fc", "guess: two dimensions, not called a weight")


def _block(name: str, shape: Shape, tensors: Tensors) -> Decided:
    """Three dimensions or more."""
    path, _, leaf = name.rpartition(".")
    many = {3: "three", 4: "four", 5: "five"}.get(len(shape), str(len(shape))) + " dimensions"
    if sum(n > 1 for n in shape) <= 1 and not ((leaf == "weight" and shape[-1] == 1) or leaf.startswith("original")):
        return _stretched(name, many, tensors)
    if "expert" in name.lower():
        return _matrices(shape, many) or Decided("fc", f"guess: {many}, the name says experts")
    if re.match(r"(weight|kernel|original\d)", leaf):
        if len(shape) > 3 or (shape[2] <= _LONGEST_KERNEL and (shape[2] <= shape[1] or shape[1] == 1)):
            return Decided("conv", f"shape: {many} with a kernel")
        if _has_bias(path, shape, tensors):
            return Decided("conv", f"shape: {many} and a bias for the first")
    called = _called(last_word(name), many)
    if called is None and len(shape) == 3 and shape[0] > 1:
        return _matrices(shape, many) or Decided("fc", f"guess: {many}, a matrix for each of {shape[0]}")
    return called or Decided("other", f"guess: {many}, not called a weight")


def _matrices(shape: Shape, many: str) -> Decided | None:
    """Three dimensions of which the last is longer than any kernel."""
    if len(shape) != 3 or shape[0] == 1 or shape[2] <= _LONGEST_KERNEL:
        return None
    return Decided("fc", f"shape: {many}, too long for a kernel: matrices, as of experts")


def _stretched(name: str, many: str, tensors: Tensors) -> Decided:
    """One vector in the shape of a block."""
    path, _, leaf = name.rpartition(".")
    if says_norm(path) and leaf in _NORM_TENSORS:
        return Decided("norm", f"guess: {many}, all but one of length 1, the name says norm")
    weight = tensors.modules[path].get("weight")
    if leaf != "weight" and weight and len(weight) > 3:
        return Decided("conv", f"guess: {many}, all but one of length 1, beside a kernel")
    return _called(last_word(name), many) or Decided("other", f"guess: {many}, all but one of length 1")


def _has_bias(path: str, shape: Shape, tensors: Tensors) -> bool:
    module = path.partition(".parametrizations")[0]
    return tensors.modules.get(module, {}).get("bias") in ((shape[0],), (shape[1],))


def _called(called: str, many: str) -> Decided | None:
    """What the name of a parameter says that its module holds itself."""
    words = set(re.split(r"[^a-z]+", called.lower()))
    kind = None
    if words & _FACTORS:
        kind = "other"
    elif "shift" in words:
        kind = "norm"
    elif says_table(called):
        kind = "embedding"
    elif words & _SCALES and "weight" not in words:
        kind = "other"
    return Decided(kind, f"guess: {many}, the name says {called}") if kind else None


def last_word(path: str) -> str:
    """The last part of a path that says anything: no number, and no bare ``weights``."""
    return next((part for part in reversed(path.split(".")) if not part.isdigit() and part != "weights"), "")


def says_norm(name: str) -> bool:
    """Whether a name calls a module a norm."""
    words = {word.rstrip("0123456789") for word in re.split(r"[^a-z0-9]+", name.lower())}
    return "norm" in name.lower() or bool(words & _NORM_WORDS)


def says_table(word: str) -> bool:
    """Whether a word calls something a table of vectors: embeddings, positions, tokens."""
    words = {one.rstrip("0123456789") for one in re.split(r"[^a-z0-9]+", word.lower())}
    return "embed" in word.lower() or bool(words & _TABLE_WORDS) or word == "shared"
