"""The average of an array that clients sent whole, in its own type and shape."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from theory.arithmetic.exact import EXACT_INTEGER
from theory.errors import InputError


def state_mean(name: str, arrays: Sequence[NDArray], examples: Sequence[float]) -> NDArray:
    """``sum_k n_k a_k / sum_k n_k``, as FedAvg forms it; what is the same at all clients with examples, as it is.

    Floats and complex numbers are summed in double precision; integers are rounded to the nearest, exactly however
    large; booleans are what the majority of examples says, and False when it is even.

    Args:
        examples: of each client, not all zero.

    Raises:
        InputError: clients sent other shapes or types, by name.
    """
    if len({(a.shape, a.dtype) for a in arrays}) > 1:
        raise InputError(f"clients sent array {name!r} in different shapes or types")
    counted = [(array, n) for array, n in zip(arrays, examples, strict=True) if n]
    first = counted[0][0]
    if all(array.tobytes() == first.tobytes() for array, _ in counted):
        return first
    total = sum(n for _, n in counted)
    if first.dtype.kind in "iu" and max(_largest(array) for array, _ in counted) > EXACT_INTEGER:
        return _exact_mean(counted, first)
    wide = np.result_type(first.dtype, np.float64)
    with np.errstate(invalid="ignore"):  # a buffer may hold what is not finite
        mean = sum((array.astype(wide) * (n / total) for array, n in counted), np.zeros(first.shape, wide))
    if first.dtype.kind in "iub":
        mean = np.rint(mean)
    return np.asarray(mean).astype(first.dtype).reshape(first.shape)


def _largest(array: NDArray) -> int:
    return max(abs(int(array.min())), abs(int(array.max()))) if array.size else 0


def _exact_mean(counted: Sequence[tuple[NDArray, float]], first: NDArray) -> NDArray:
    """Of integers beyond what float64 holds."""
    total = sum(Fraction(n) for _, n in counted)
    columns = zip(*(array.ravel().tolist() for array, _ in counted), strict=True)
    means = [round(sum(Fraction(n) * v for (_, n), v in zip(counted, column, strict=True)) / total)
             for column in columns]  # fmt: skip
    return np.array(means, dtype=first.dtype).reshape(first.shape)
