"""Is energy-aware gradient pruning optimal? Proofs, exact certificates and measurements.

The front door: the public names, each loaded when it is first asked for. The command line is ``python -m cwmp``.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

_PUBLIC = {
    "Certificate": "theory.optimum.certificate",
    "CostClasses": "theory.instance",
    "InputError": "theory.errors",
    "Instance": "theory.instance",
    "Relaxation": "theory.optimum.relaxation",
    "Selection": "theory.selection.rounding",
    "cwmp": "theory.selection.selectors",
    "random_k": "theory.selection.selectors",
    "relax": "theory.optimum.relaxation",
    "top_k": "theory.selection.selectors",
}

__all__ = list(_PUBLIC)


def __getattr__(name: str) -> Any:
    if name not in _PUBLIC:
        raise AttributeError(f"module 'cwmp' has no attribute {name!r}")
    return getattr(import_module(_PUBLIC[name]), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *_PUBLIC})
