"""What a layer is worth to the average of many, learnt from what they have sent.

    a_b = sum_i [(sum_k s_ki)^2 - sum_k s_ki^2] / sum_i [(sum_k |s_ki|)^2 - sum_k s_ki^2],   by layer b

Numerator and denominator count pairs of different senders of the same coordinate, and are smoothed over the rounds;
where two senders agree in sign the pair adds alike to both. It stands in for P15's share of signal, of which nobody can
know the denominator: all that is seen is what was sent. 1 where no two have sent the same coordinate yet, and at least
0.01. :mod:`theory.selection.worth` orders by it, above reserves.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from theory.arrays import plain as as_array
from theory.errors import InputError
from theory.selection.layered import Layers, spans_of

Tensor = Any  # of PyTorch, which only the hook imports
Floats = NDArray[np.float64]

SMOOTHING, LEAST_WORTH = 0.8, 0.01


def learnt(before: Floats | None, sent: Sequence[ArrayLike], layers: Layers) -> Floats:
    """:func:`pairs` smoothed over the rounds, shape (2, layers); ``before`` is None in the first.

    Raises:
        InputError: as :func:`pairs`; what was remembered is of other layers.
    """
    found = pairs(sent, layers)
    if before is None:
        return found
    if (known := _checked(before)).shape != found.shape:
        raise InputError(f"what was remembered is of {known.shape[1]} layers, and there are {found.shape[1]}")
    return SMOOTHING * known + found


def pairs(sent: Sequence[ArrayLike], layers: Layers) -> Floats:
    """Numerator and denominator of the learnt worth by layer, shape (2, layers).

    Args:
        sent: by each, shape (d,), 0 where nothing was. layers: of the flat vector, in its order: their sizes, or
            :class:`theory.layers.Layer`.

    Raises:
        InputError: nobody has sent anything; vectors of different shapes, or not of finite numbers whose squares are
            finite; layers that do not add up to d.
    """
    vectors = [_flat(one, f"sent[{k}]") for k, one in enumerate(sent)]
    if not vectors:
        raise InputError("give what each has sent, one vector or more")
    if len(shapes := dict.fromkeys(vector.shape for vector in vectors)) > 1:
        raise InputError(f"all must send vectors of one shape (d,), got {' and '.join(map(str, shapes))}")
    signed, plain, squares = (np.zeros(vectors[0].size) for _ in range(3))
    spans = spans_of(layers, signed.size)
    with np.errstate(over="ignore", invalid="ignore"):
        for vector in vectors:
            values = vector.astype(np.float64)
            signed += values
            plain += np.abs(values)
            squares += values * values
        each = [total * total - squares for total in (signed, plain)]
        sums = np.array([[part[start:end].sum() for start, end in spans] for part in each])
    if not np.isfinite(sums).all():
        raise InputError("what was sent is so large that its squares are no float64; scale it down, alike for all")
    return sums


def _flat(sent: ArrayLike, name: str) -> NDArray:
    vector = as_array(sent, name)
    if vector.dtype.kind not in "fiu" or vector.ndim != 1:
        raise InputError(f"{name} must be real numbers of shape (d,), got {vector.dtype} of shape {vector.shape}")
    if not (finite := np.isfinite(vector)).all():
        first = int(np.argmin(finite))
        raise InputError(f"{name}[{first}] = {vector[first]}: every entry must be finite")
    return vector


def _checked(found: ArrayLike) -> Floats:
    """What was remembered, which may come from a file."""
    memory = _finite(found)
    if memory is None or memory.ndim != 2 or len(memory) != 2:
        raise InputError(
            "what was remembered must be a numerator and a denominator for each layer, as learnt gives them: finite "
            "numbers of shape (2, layers)"
        )
    return memory


def _finite(value: Any) -> Floats | None:
    """As float64; None for what is not of finite numbers."""
    try:
        found = np.asarray(value, dtype=np.float64)
    except (TypeError, ValueError):
        return None
    return found if np.isfinite(found).all() else None


def worth(found: Floats) -> Floats:
    """``a_b`` of each layer: 1 where no two sent the same coordinate yet.

    Raises:
        InputError: what :func:`learnt` does not give: another shape, numbers that are not finite.
    """
    agreed, sent = _checked(found)
    share = np.divide(agreed, sent, out=np.ones_like(agreed), where=sent > 0)
    clipped: Floats = np.clip(share, LEAST_WORTH, 1.0)
    return clipped


def sparse_pairs(sent: Sequence[tuple[Tensor, Tensor]], sizes: Sequence[int]) -> Tensor:
    """:func:`pairs` of sparse vectors, where they lie: a tensor of shape (2, layers), float64.

    Args:
        sent: by each, indices of the flat vector, none twice, and their values. sizes: of the layers.
    """
    import torch

    indices, values = (torch.cat(parts) for parts in zip(*sent, strict=True))
    at, place = indices.unique(return_inverse=True)
    each = values.double()
    signed, plain, squares = each.new_zeros(3, at.numel()).index_add_(
        1, place, torch.stack([each, each.abs(), each**2])
    )
    layer = torch.bucketize(at, torch.tensor(sizes, device=at.device).cumsum(0), right=True)
    found = each.new_zeros(2, len(sizes))
    return found.index_add_(1, layer, torch.stack([signed**2 - squares, plain**2 - squares]))


class LearntWorth:
    """The worth of named layers for :class:`theory.feedback.ddp.PruningState`, step by step.

    Attributes:
        pairs: of each name, smoothed over the steps: save and restore it with the model.
    """

    def __init__(self) -> None:
        self.pairs: dict[str, tuple[float, float]] = {}
        self._seen: list[tuple[Sequence[str], Tensor]] = []

    def begin(self) -> None:
        """A new step: what the last one has shown counts from now on.

        Raises:
            InputError: among the pairs, which may have been restored, one that is not of two finite numbers.
        """
        for name, pair in self.pairs.items():
            if (found := _finite(pair)) is None or found.shape != (2,):
                raise InputError(f"worth.pairs of {name!r} must be two finite numbers, got {pair!r:.60}")
        for name in dict.fromkeys(name for names, _ in self._seen for name in names):
            agreed, sent = self.pairs.get(name, (0.0, 0.0))
            self.pairs[name] = SMOOTHING * agreed, SMOOTHING * sent
        for names, found in self._seen:
            for name, *new in zip(names, *found.tolist(), strict=True):
                agreed, sent = self.pairs[name]
                self.pairs[name] = agreed + new[0], sent + new[1]
        self._seen = []

    def skip(self) -> None:
        """The step does not count."""
        self._seen = []

    def see(self, names: Sequence[str], sizes: Sequence[int], sent: Sequence[tuple[Tensor, Tensor]]) -> None:
        """What each process has sent of some layers, see :func:`sparse_pairs`."""
        self._seen.append((names, sparse_pairs(sent, sizes)))

    def of(self, names: Sequence[str]) -> Floats:
        """``a_b`` of each, shape (names,)."""
        return worth(np.array([self.pairs.get(name, (0.0, 0.0)) for name in names]).reshape(-1, 2).T)
