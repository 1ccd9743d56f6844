"""The factor by which a loss is scaled, so that what is remembered from step to step is in the gradient's own units."""

from __future__ import annotations

import gc
import weakref
from typing import Any

from theory.errors import InputError


class ScalerInUse:
    """The ``torch.amp.GradScaler`` of a training.

    A hook sees scaled gradients and no scaler. Where none is named, the one that lives and has scaled a loss is taken,
    looked for once, at the first backward pass.

    Args:
        named: the scaler, or None.
    """

    def __init__(self, named: Any = None) -> None:
        if named is not None and not hasattr(named, "get_scale"):
            raise InputError(f"scaler must be a torch.amp.GradScaler, got {type(named).__name__}")
        self._named, self._looked, self._found = named, False, _nothing

    def scale(self) -> float | None:
        """The factor of this backward pass; None where losses are not scaled.

        Raises:
            InputError: several scalers live, at different scales, and none was named.
        """
        scaler = self._named
        if scaler is None:
            if not self._looked or (self._found is not _nothing and self._found() is None):
                self._looked, self._found = True, _look()
            scaler = self._found()
        return float(scaler.get_scale()) if scaler is not None and scaler.is_enabled() else None

    def __getstate__(self) -> dict[str, Any]:
        return {"_named": self._named, "_looked": False, "_found": _nothing}


def _nothing() -> None:
    """In the place of a reference."""


def _look() -> Any:
    """A weak reference to the scaler that is in use."""
    from torch.amp import GradScaler

    found = [one for one in gc.get_objects() if issubclass(type(one), GradScaler)]
    used = [one for one in found if one.is_enabled() and getattr(one, "_scale", None) is not None]
    if len({one.get_scale() for one in used}) > 1:
        raise InputError(f"{len(used)} GradScalers live; say which one scales this model's loss: scaler=")
    return weakref.ref(used[-1]) if used else _nothing
