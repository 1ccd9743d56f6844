"""Selectors: which coordinates a client sends, all under the same exact budget rule.

    cwmp      by w(|g_i|) / c_i: Cost-Weighted Magnitude Pruning (paper), the score family of claim D12
    top_k     by |g_i| alone: the usual sparsifier, stopped by the same joules
    random_k  in random order: the baseline

Every selector drops items dearer than the whole budget and items of zero score *before* ordering, breaks
ties by the lowest index, and offers the same three roundings:

    prefix    stop at the first item that does not fit (the critical item)
    fill      skip it, keep later ones that fit
    best-of   the better of fill and the best single affordable item
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from theory.errors import InputError
from theory.exact import floor_float
from theory.instance import Instance
from theory.order import Floats, Indices, density_order, eligible, greedy_prefix, longest_affordable

Rounding = Literal["prefix", "fill", "best-of"]
Loss = Literal["l2", "l1"] | Callable[[NDArray[np.float64]], NDArray[np.float64]]


@dataclass(frozen=True, eq=False)
class Selection:
    """What a selector keeps.

    Attributes:
        mask: bool, shape (d,).
        spent: exact energy of the mask, in the instance's cost units.
        retained: exact sum of the instance's scores over the mask.
    """

    mask: NDArray[np.bool_]
    spent: Fraction
    retained: Fraction

    @property
    def support(self) -> Indices:
        """Indices of the kept coordinates, ascending."""
        return np.flatnonzero(self.mask)


def cwmp(instance: Instance, *, loss: Loss = "l2", rounding: Rounding = "prefix") -> Selection:
    """Cost-Weighted Magnitude Pruning: keep coordinates by ``w(|g_i|) / c_i`` until the budget is spent.

    Args:
        loss: which separable loss ``sum w(|g_i|)`` over dropped coordinates the order is for (claim D12).
            ``"l2"``: ``w = g^2``, score ``g^2/c`` (the same order as ``|g|/sqrt(c)``), the reading for which the
            projection claim can hold. ``"l1"``: ``w = |g|``, score ``|g|/c``. Or any ``w`` as a vectorised
            function of ``|g|``, shape (d,) to (d,), non-negative.
        rounding: see the module's head.

    Raises:
        InputError: unknown loss or rounding, or a loss of ``|g|`` on an instance made from scores.
    """
    _check_rounding(rounding)
    weight = loss_weight(instance, loss)
    if rounding == "prefix":
        mask, spent, _ = greedy_prefix(instance, weight)
        return Selection(mask, spent, instance.retained(mask))
    return _round(instance, _order(instance, weight, instance.cost), rounding)


def top_k(instance: Instance, *, rounding: Rounding = "prefix") -> Selection:
    """Largest magnitudes first, under the same energy budget and roundings as :func:`cwmp`."""
    _check_rounding(rounding)
    return _round(instance, _order(instance, instance.score, np.ones(instance.d)), rounding)


def random_k(instance: Instance, seed: int | np.random.Generator, *, rounding: Rounding = "prefix") -> Selection:
    """Coordinates in a uniformly random order drawn from ``seed``, under the same budget and roundings."""
    _check_rounding(rounding)
    order = np.random.default_rng(seed).permutation(instance.d)
    return _round(instance, order[eligible(instance, instance.score)[order]], rounding)


def loss_weight(instance: Instance, loss: Loss) -> Floats:
    """``w(|g_i|)``, float64 of shape (d,): what dropping coordinate ``i`` costs under ``loss``."""
    if isinstance(loss, str) and loss == "l2":
        return instance.score
    if not callable(loss) and loss != "l1":
        raise InputError(f"loss must be 'l2', 'l1' or a function of |g|, got {loss!r}")
    if instance.update is None:
        raise InputError("this loss needs the update; the instance was made from scores")
    magnitude = np.abs(instance.update.astype(np.float64))
    if not callable(loss):
        return magnitude
    weight = np.asarray(loss(magnitude), dtype=np.float64)
    if weight.shape != magnitude.shape or not (np.isfinite(weight) & (weight >= 0)).all():
        raise InputError("the loss must map |g| of shape (d,) to finite non-negative weights of the same shape")
    return weight


def _order(instance: Instance, weight: Floats, divisor: Floats) -> Indices:
    """Every item a selector may take, by ``weight/divisor``."""
    candidates = np.flatnonzero(eligible(instance, weight))
    return candidates[density_order(weight[candidates], divisor[candidates])]


def _round(instance: Instance, order: Indices, rounding: Rounding) -> Selection:
    """Take items of ``order`` (all affordable on their own) while the budget lasts."""
    cost = instance.cost
    taken, spent = longest_affordable(cost[order], instance.budget)
    chosen, rest, left = [order[:taken]], order[taken:], instance.budget - spent
    while rounding != "prefix" and (rest := rest[cost[rest] <= floor_float(left)]).size:
        taken, spent = longest_affordable(cost[rest], left)
        chosen.append(rest[:taken])
        rest, left = rest[taken:], left - spent
    mask = np.zeros(instance.d, dtype=bool)
    mask[np.concatenate(chosen)] = True
    selection = Selection(mask, instance.budget - left, instance.retained(mask))
    return _better_of_single(instance, order, selection) if rounding == "best-of" else selection


def _better_of_single(instance: Instance, order: Indices, filled: Selection) -> Selection:
    if not order.size:
        return filled
    best = int(order[np.lexsort((order, -instance.score[order]))[0]])
    retained = Fraction(instance.score[best])
    if retained <= filled.retained:
        return filled
    mask = np.zeros(instance.d, dtype=bool)
    mask[best] = True
    return Selection(mask, Fraction(instance.cost[best]), retained)


def _check_rounding(rounding: str) -> None:
    if rounding not in get_args(Rounding):
        raise InputError(f"rounding must be one of {', '.join(get_args(Rounding))}, got {rounding!r}")
