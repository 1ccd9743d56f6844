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
from numpy.typing import NDArray

from theory.layers import Layer

Tensor = Any  # of PyTorch, which only the hook imports
Floats = NDArray[np.float64]

SMOOTHING, LEAST_WORTH = 0.8, 0.01


def learnt(before: Floats | None, sent: Sequence[NDArray], layers: Sequence[Layer]) -> Floats:
    """:func:`pairs` smoothed over the rounds, shape (2, layers); ``before`` is None in the first."""
    return SMOOTHING * (np.zeros((2, len(layers))) if before is None else before) + pairs(sent, layers)


def pairs(sent: Sequence[NDArray], layers: Sequence[Layer]) -> Floats:
    """Numerator and denominator of the learnt worth by layer, shape (2, layers).

    Args:
        sent: by each, shape (d,), 0 where nothing was.
    """
    signed, plain, squares = (np.zeros(sent[0].size) for _ in range(3))
    for vector in sent:
        values = vector.astype(np.float64)
        signed += values
        plain += np.abs(values)
        squares += values * values
    ends = np.cumsum([layer.size for layer in layers])[:-1]
    sums = [[part.sum() for part in np.split(total * total - squares, ends)] for total in (signed, plain)]
    return np.array(sums)


def worth(found: Floats) -> Floats:
    """``a_b`` of each layer: 1 where no two sent the same coordinate yet."""
    agreed, sent = found
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
        """A new step: what the last one has shown counts from now on."""
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
