"""The energy-constrained projection: instances, selectors, the relaxation, certificates and bounds.

Rooms: :mod:`arithmetic`, :mod:`files`, :mod:`claims`, :mod:`energy`, :mod:`selection`, :mod:`optimum`, :mod:`laws`,
:mod:`feedback`. In the hall, what everyone meets first: :mod:`instance`, :mod:`budget`, :mod:`layers`, :mod:`errors`,
and :mod:`checker`, a program of its own that needs nothing but the standard library.
Imports nothing of who uses it, and returns data: pages for a terminal are the command line's. The names below are
loaded when they are first asked for.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from theory.errors import InputError as InputError
    from theory.instance import CostClasses as CostClasses
    from theory.instance import Instance as Instance
    from theory.optimum.certificate import Certificate as Certificate
    from theory.optimum.certificate import certify as certify
    from theory.optimum.relaxation import Relaxation as Relaxation
    from theory.optimum.relaxation import relax as relax
    from theory.selection.selectors import Selection as Selection
    from theory.selection.selectors import cwmp as cwmp
    from theory.selection.selectors import random_k as random_k
    from theory.selection.selectors import top_k as top_k

_PUBLIC = {
    "Certificate": "theory.optimum.certificate",
    "CostClasses": "theory.instance",
    "InputError": "theory.errors",
    "Instance": "theory.instance",
    "Relaxation": "theory.optimum.relaxation",
    "Selection": "theory.selection.rounding",
    "certify": "theory.optimum.certificate",
    "cwmp": "theory.selection.selectors",
    "random_k": "theory.selection.selectors",
    "relax": "theory.optimum.relaxation",
    "top_k": "theory.selection.selectors",
}

__all__ = list(_PUBLIC)


def __getattr__(name: str) -> Any:
    if name not in _PUBLIC:
        raise AttributeError(f"module 'theory' has no attribute {name!r}")
    found = getattr(import_module(_PUBLIC[name]), name)
    globals()[name] = found
    return found
