"""What each selector keeps of an update, beside the certified optimum and the bounds that are known of it: as data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from theory.arithmetic.blocks import counted, in_blocks
from theory.arithmetic.exact import nearest_float
from theory.instance import Instance
from theory.layers import Layer
from theory.optimum.bounds import greedy_gap
from theory.optimum.certificate import Certificate
from theory.optimum.relaxation import relax
from theory.selection.rounding import Selection
from theory.selection.selectors import cwmp, top_k

_BLOCK = 1 << 20
PREFIX, TOP_K, OPTIMUM, BEST = "CWMP prefix", "Top-K", "optimum", "best found"


@dataclass(frozen=True)
class Kept:
    """What one selector keeps.

    Attributes:
        kept: coordinates. spent: energy, in joules or units. spent_of_budget, retained_of_norm: shares.
        below_best: how far its retained score is below the best mask's, relatively. optimal: proved to be no less.
    """

    kept: int
    spent: float
    spent_of_budget: float
    retained_of_norm: float
    below_best: float
    optimal: bool


@dataclass(frozen=True)
class KindKept:
    """What is kept of the layers of one kind.

    Attributes:
        kind: of layer. size: its coordinates. of_energy: its share of the energy of sending everything.
        kept: coordinates, by selector. retained_of_norm: its share of ``||g||^2`` that is kept, by selector.
    """

    kind: str
    size: int
    of_energy: float
    kept: Mapping[str, int]
    retained_of_norm: Mapping[str, float]


@dataclass(frozen=True, eq=False)
class Swap:
    """What the best mask does otherwise than CWMP's prefix.

    Attributes:
        dropped, added: indices, ascending. gain: what that wins, relative to the prefix's retained score.
    """

    dropped: NDArray[np.intp]
    added: NDArray[np.intp]
    gain: float


@dataclass(frozen=True, eq=False)
class Comparison:
    """CWMP, Top-K and the best mask under one budget.

    Attributes:
        selections: by selector, the best mask last. kinds: by kind of layer, in order of appearance.
        swap: from CWMP's prefix to the best mask.
        relaxation_of_norm: what the linear relaxation retains, as a share of ``||g||^2``: no mask retains more.
        bound_of_norm: ``phi p_s`` of claim D4 as such a share: the prefix is short of the optimum by no more.
    """

    selections: Mapping[str, Kept]
    kinds: tuple[KindKept, ...]
    swap: Swap
    relaxation_of_norm: float
    bound_of_norm: float


def compared(instance: Instance, certificate: Certificate, layers: Sequence[Layer]) -> Comparison:
    """What each selector keeps, against the certified optimum, or the best mask found where that is an interval.

    Args:
        layers: of the flat update, whose sizes add up to ``instance.d``.
    """
    instance = instance.of_arrays()
    norm = instance.retained(np.ones(instance.d, dtype=bool))
    best = Selection(certificate.mask, certificate.spent, certificate.retained)

    def row(one: Selection) -> Kept:
        return _kept(instance, one, norm, best.retained, exact=certificate.verdict == "exact")

    prefix = cwmp(instance)  # masks of size d are held no longer than needed
    rows = {PREFIX: row(prefix), **{f"CWMP {name}": row(cwmp(instance, rounding=name)) for name in ("fill", "best-of")}}
    others = top_k(instance)
    rows |= {TOP_K: row(others), best_row(certificate.verdict): row(best)}
    relaxed = relax(instance, prefix)
    swap = Swap(
        np.flatnonzero(prefix.mask & ~certificate.mask),
        np.flatnonzero(certificate.mask & ~prefix.mask),
        share(certificate.retained - prefix.retained, prefix.retained),
    )
    masks = {PREFIX: prefix.mask, TOP_K: others.mask, best_row(certificate.verdict): best.mask}
    return Comparison(
        rows,
        kinds_kept(instance, masks, layers, norm),
        swap,
        share(relaxed.value, norm),
        share(greedy_gap(instance, relaxed), norm),
    )


def _kept(instance: Instance, one: Selection, norm: Fraction, best: Fraction, *, exact: bool) -> Kept:
    return Kept(
        int(one.mask.sum()),
        nearest_float(one.spent * instance.unit),
        share(one.spent, instance.budget),
        share(one.retained, norm),
        share(best - one.retained, best),
        exact and one.retained == best,
    )


def kinds_kept(
    instance: Instance, masks: Mapping[str, NDArray[np.bool_]], layers: Sequence[Layer], norm: Fraction
) -> tuple[KindKept, ...]:
    """What each of ``masks`` (bool, shape (d,)) keeps of the layers of each kind, in order of appearance."""
    parts: dict[str, list[slice]] = {}
    at = 0
    for layer in layers:
        parts.setdefault(layer.kind, []).append(slice(at, at + layer.size))
        at += layer.size
    total = float(norm)
    cost = float(instance.total_cost)
    found = []
    for kind, slices in parts.items():
        energy = sum(_energy(instance, part) for part in slices)
        kept = {name: sum(int(np.count_nonzero(mask[part])) for part in slices) for name, mask in masks.items()}
        retained = {
            name: sum(_score(instance, mask, part) for part in slices) / total if total else 0.0
            for name, mask in masks.items()
        }
        size = sum(part.stop - part.start for part in slices)
        found.append(KindKept(kind, size, energy / cost if cost else 0.0, kept, retained))
    return tuple(found)


def _energy(instance: Instance, part: slice) -> float:
    """What a part of the coordinates costs, in the instance's units."""
    if instance.labels is None or instance.class_cost is None:
        return sum(float(instance.costs_of(own).sum()) for own in in_blocks(part.start, part.stop, _BLOCK))
    counts = counted(instance.labels[part], instance.class_cost.size)
    assert counts is not None
    return float(counts @ instance.class_cost)


def _score(instance: Instance, mask: NDArray[np.bool_], part: slice) -> float:
    """What the masked ones of a part of the coordinates retain."""
    return sum(
        float(np.sum(instance.scores_of(own), where=mask[own])) for own in in_blocks(part.start, part.stop, _BLOCK)
    )


def best_row(verdict: str) -> str:
    """What the best mask may be called: the optimum where it is proved to be."""
    return OPTIMUM if verdict == "exact" else BEST


def share(part: Fraction, whole: Fraction) -> float:
    """One exact number relative to another, 0 beside nothing."""
    return float(part / whole) if whole else 0.0


def swap_fields(swap: Swap, most: int = 100) -> dict[str, Any]:
    """The swap as plain data, the first ``most`` indices of either side."""
    sides: dict[str, Any] = {"dropped": swap.dropped, "added": swap.added}
    listed = {name: [int(i) for i in items[:most]] for name, items in sides.items()}
    return {**listed, **{f"{name}_count": int(items.size) for name, items in sides.items()}, "gain": swap.gain}
