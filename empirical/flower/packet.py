"""A sparse update on the wire: the values that are sent, and which ones they are.

    cwmp.values     the kept coordinates, little-endian, in ascending order of their index
    cwmp.support    explicit: ceil(log2 d) bits each, packed;  bitmap: d bits;  all: none

Whichever of the codings is shortest is taken, so the bytes are those that the energy models charge
(:func:`theory.energy.models.index_bits`). Both arrays have serialisation types of their own: a strategy that knows
nothing of them fails on the first one, where plain arrays of equal length would be summed at mismatched coordinates.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
from flwr.app import Array, ArrayRecord, ConfigRecord
from numpy.typing import NDArray

from theory.energy.models import index_bits
from theory.errors import InputError

VALUES, SUPPORT = "cwmp.values", "cwmp.support"

Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Said:
    """What a client says of its arrays beside the packet, where names and types do not say it already.

    Attributes:
        state: names of the arrays that are state. first_of: second name to first name of those that travel once.
        kept: whether state stays at the client.
    """

    KEY: ClassVar[str] = "cwmp.layout"
    state: tuple[str, ...]
    first_of: Mapping[str, str] = field(default_factory=dict)
    kept: bool = False

    def record(self) -> ConfigRecord:
        """It as a record."""
        return ConfigRecord({
            "state": list(self.state), "second": list(self.first_of), "first": list(self.first_of.values()),
            "kept": self.kept,
        })  # fmt: skip

    @classmethod
    def of(cls, record: Any) -> Said:
        """What :meth:`record` says."""
        pairs = dict(zip(record["second"], record["first"], strict=True))
        return cls(tuple(record["state"]), pairs, bool(record["kept"]))


def encode(total: NDArray[np.floating], mask: Mask) -> dict[str, Array]:
    """``total`` (floats of shape (d,)) where ``mask`` is true, as two arrays of a record."""
    values = total[mask]
    little = values.astype(values.dtype.newbyteorder("<"), copy=False)
    coding, support = _support(mask)
    return {
        VALUES: Array(str(values.dtype), values.shape, VALUES, little.tobytes()),
        SUPPORT: Array("uint8", (len(support),), f"{SUPPORT}.{coding}", support),
    }


def decode(record: ArrayRecord, d: int, dtype: np.dtype[Any]) -> tuple[NDArray[np.floating], Mask]:
    """The update, zero where nothing was sent, and the mask; both of shape (d,).

    Raises:
        InputError: no packet of :func:`encode`, or one for a vector of another length or type, or a damaged one.
    """
    values, support = record.get(VALUES), record.get(SUPPORT)
    if values is None or support is None or values.stype != VALUES:
        raise InputError("the reply is no sparse update; give the client's train function mods=[SparsifyMod(...)]")
    if np.dtype(values.dtype) != dtype:
        raise InputError(f"the sparse update is of {values.dtype}, the model of {dtype}")
    kept = np.frombuffer(values.data, dtype=dtype.newbyteorder("<")).astype(dtype)
    mask = _mask(support, d, kept.size)
    if mask is None:
        raise InputError(f"the sparse update is damaged, or not of {d} coordinates")
    update = np.zeros(d, dtype=dtype)
    update[mask] = kept
    return update, mask


def _support(mask: Mask) -> tuple[str, bytes]:
    d, indices = mask.size, np.flatnonzero(mask)
    if indices.size == d:
        return "all", b""
    if index_bits("explicit", d, indices.size) > index_bits("bitmap", d, indices.size):
        return "bitmap", np.packbits(mask).tobytes()
    bits = np.unpackbits(indices.astype(">u4")[:, None].view(np.uint8), axis=1)
    return "explicit", np.packbits(bits[:, 32 - _width(d) :]).tobytes()


def _mask(support: Array, d: int, kept: int) -> Mask | None:
    """The mask with ``kept`` coordinates, or None when the bytes do not give one."""
    coding, packed = support.stype.removeprefix(f"{SUPPORT}."), np.frombuffer(support.data, np.uint8)
    if coding == "all":
        return np.ones(d, dtype=bool) if kept == d and not packed.size else None
    count = d if coding == "bitmap" else kept * _width(d)
    if coding not in ("bitmap", "explicit") or packed.size != -(-count // 8):
        return None
    bits = np.unpackbits(packed, count=count)
    if coding == "bitmap":
        mask = bits.astype(bool)
        return mask if np.count_nonzero(mask) == kept else None
    wide = np.zeros((kept, 32), dtype=np.uint8)
    wide[:, 32 - _width(d) :] = bits.reshape(kept, _width(d))
    indices = np.packbits(wide, axis=1).view(">u4").ravel().astype(np.intp)
    if kept and (indices[-1] >= d or (np.diff(indices) <= 0).any()):
        return None
    mask = np.zeros(d, dtype=bool)
    mask[indices] = True
    return mask


def _width(d: int) -> int:
    return index_bits("explicit", d, 1)
