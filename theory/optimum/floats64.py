"""Numbers as the checker of a large certificate asks for them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from theory.arithmetic.exact import as_float64


class Floats64(Sequence[float]):
    """Numbers of any precision as float64, converted when they are asked for, so that a file is never in memory whole.

    Args:
        values_of: gives those of a slice. size: how many there are. on_share: told what share was asked for before.
    """

    def __init__(
        self, values_of: Callable[[slice], NDArray], size: int, on_share: Callable[[float], None] | None = None
    ) -> None:
        self._values_of, self._size, self._on_share = values_of, size, on_share

    @classmethod
    def of(cls, values: NDArray, name: str, on_share: Callable[[float], None] | None = None) -> Floats64:
        """The numbers of an array.

        Raises:
            InputError: numbers that float64 does not hold.
        """
        if values.dtype.kind != "f" or values.dtype.itemsize > 8:
            values = as_float64(values, name)
        return cls(values.__getitem__, values.size, on_share)

    def __len__(self) -> int:
        return self._size

    def __getitem__(self, part: Any) -> Any:
        if self._on_share is not None:
            self._on_share(part.start / self._size)
        return memoryview(np.ascontiguousarray(self._values_of(part), dtype=np.float64))  # type: ignore[arg-type]
