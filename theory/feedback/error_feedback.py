"""Error feedback: what a round does not send is added to the next update (claims D17, D18).

total = update + residual;   sent = total on the mask, 0 elsewhere;   new residual = total - sent
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from theory.errors import InputError
from theory.selection import tensors


class Split(NamedTuple):
    """``sent`` and the new ``residual``, arrays (or tensors) of shape (d,) with disjoint supports."""

    sent: NDArray[np.floating]
    residual: NDArray[np.floating]


def accumulate(update: ArrayLike, residual: ArrayLike) -> NDArray[np.floating]:
    """``update + residual``, rounded once: the vector that the selector judges and :func:`split` divides.

    Raises:
        InputError: shapes differ, or the sum is not finite or no floats.
    """
    update, residual = np.asarray(update), np.asarray(residual)
    if update.shape != residual.shape:
        raise InputError(f"update and residual must have the same shape, got {update.shape} and {residual.shape}")
    with np.errstate(over="ignore", invalid="ignore"):
        total: NDArray[np.floating] = update + residual
    refuse_integers(total)
    if not np.isfinite(total).all():
        raise InputError("update + residual is not finite")
    return total


def refuse_integers(values: Any) -> None:
    """Raises :class:`InputError` for values that are no floats: sums of them wrap, and what is kept back is lost."""
    floats = values.is_floating_point() if tensors.is_tensor(values) else values.dtype.kind == "f"
    if not floats:
        raise InputError(
            f"error feedback needs floats, got {values.dtype}, whose sums may not hold what is kept back: give the "
            "update as float32 or float64, or select without error feedback"
        )


def split(total: NDArray[np.floating], mask: NDArray[np.bool_]) -> Split:
    """Send ``total`` where ``mask`` is true and keep the rest: no arithmetic, so nothing is lost or rounded.

    Raises:
        InputError: the mask is not boolean or of another shape (Seide et al. 2014; Karimireddy et al. 2019, alg. 2).
    """
    if tensors.is_tensor(total):
        return Split(total.masked_fill(~mask, 0), total.masked_fill(mask, 0))  # type: ignore[attr-defined]
    if mask.dtype != bool or mask.shape != total.shape:
        raise InputError(f"mask must be bool of shape {total.shape}, got {mask.dtype} of shape {mask.shape}")
    sent, residual = np.zeros_like(total), total.copy()
    np.copyto(sent, total, where=mask)
    np.copyto(residual, 0, where=mask)
    return Split(sent, residual)
