"""CWMP when layers are known to be worth different amounts, above what no layer shall get less than (claim P15).

A coordinate of layer ``b`` is worth ``a_b g^2`` to the average of many clients, ``a_b`` the share of the layer's update
that the others confirm, so the order is that of ``a_b g^2/c``. An estimate of ``a_b`` from what was sent starves a
layer that it has seen little of; so every layer has a *reserve*, in the order of ``g^2/c`` within the layer:

    above_safe_reserve      at least the share ``safety`` of the score that Top-K keeps there, as in Safe CWMP (D23)
    above_energy_reserve    as much as the share ``part`` of the joules that Top-K spends there pays for

Within a layer the order does not depend on ``a_b``, so all worths equal give Safe CWMP, or the energy reserves and the
plain order of ``g^2/c``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction

import numpy as np
from numpy.typing import ArrayLike, NDArray

from theory.arithmetic.exact import Real, exact_sum
from theory.arrays import plain as as_array
from theory.arrays import unmasked
from theory.errors import InputError
from theory.instance import Instance
from theory.layers import Layer
from theory.selection.layered import Layered, layered
from theory.selection.reserves import (
    Owed,
    cheaper_reserves,
    exact_cost,
    prefix_of_others,
    top_k_mask,
    with_reserves,
)
from theory.selection.rounding import Selection
from theory.selection.safe import as_safety
from theory.selection.spans import prefix_over

__all__ = ["above_energy_reserve", "above_safe_reserve"]


def above_safe_reserve(
    instance: Instance, layers: Sequence[Layer | int], worth: ArrayLike, safety: Real = "0.5"
) -> Selection:
    """Reserves of the share ``safety`` of Top-K's score in every layer, then the order of ``a_b g^2/c``.

    Args:
        layers: of the flat vector, as for :func:`theory.selection.safe.safe`. worth: ``a_b > 0`` of each, shape
            (layers,). safety: in [0, 1].

    Returns:
        The selection; what it retains is said in ``g^2``.

    Raises:
        InputError: another number of worths, or one that is not a number > 0; as :func:`theory.selection.safe.safe`.
    """
    share, plain = as_safety(safety), layered(instance, layers)
    problem, top = _weighted(plain, worth, instance.score), top_k_mask(plain, 1)
    owed, mask = Owed(top, share), np.empty(instance.d, dtype=bool)
    found = with_reserves(problem, owed, mask=mask)
    prefix = cheaper_reserves(problem, owed, mask=mask) if found is None else found.prefix
    return Selection(prefix.mask, prefix.spent, instance.retained(prefix.mask), unit=instance.unit)


def above_energy_reserve(
    instance: Instance, layers: Sequence[Layer | int], worth: ArrayLike, part: Real = "0.5"
) -> Selection:
    """Reserves of the share ``part`` of Top-K's joules in every layer, then the order of ``a_b g^2/c``.

    Args:
        layers, worth: as for :func:`above_safe_reserve`. part: in [0, 1]; the reserves fit the budget whatever it is.

    Raises:
        InputError: as there.
    """
    share, plain = as_safety(part), layered(instance, layers)
    problem, top = _weighted(plain, worth, instance.score), top_k_mask(plain, 1)
    mask, spent = np.zeros(instance.d, dtype=bool), Fraction(0)
    for start, end in problem.spans:
        if (joules := share * exact_cost(problem, start + np.flatnonzero(top[start:end]))) > 0:
            spent += prefix_over(problem.entries, [(start, end)], problem.budget, joules, mask=mask).spent
    found = prefix_of_others(problem, mask, problem.budget - spent)
    return Selection(mask, spent + found.spent, instance.retained(mask), unit=instance.unit)


def _weighted(plain: Layered, worth: ArrayLike, score: NDArray[np.float64]) -> Layered:
    """The same problem with the scores ``a_b g^2``; worths in units of a power of two, so that nothing overflows."""
    given = unmasked(worth, "worth")
    try:
        each = as_array(given, "worth").astype(np.float64)
    except (TypeError, ValueError):
        raise InputError(f"worth must be one number a layer, {len(plain.spans)} of them, got {worth!r:.60}") from None
    if each.shape != (len(plain.spans),):
        raise InputError(
            f"worth must be one number a layer, {len(plain.spans)} of them, got an array of shape {each.shape}"
        )
    if not (np.isfinite(each) & (each > 0)).all():
        raise InputError("worth must be numbers > 0: a layer worth nothing is not sent, leave it out")
    unit = int(np.frexp(each)[1].max(initial=0))
    values = np.empty_like(score)
    for (start, end), one in zip(plain.spans, np.ldexp(each, -unit).tolist(), strict=True):
        np.multiply(score[start:end], one, out=values[start:end])
    entries = replace(plain.entries, values=values, weight="given")
    return replace(plain, entries=entries, retained=lambda items: exact_sum(values[items]))
