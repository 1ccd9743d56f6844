"""The energy-constrained projection: instances, selectors, the relaxation, certificates and bounds.

Rooms: :mod:`arithmetic`, :mod:`kinds`, :mod:`files`, :mod:`claims`, :mod:`energy`, :mod:`selection`, :mod:`optimum`,
:mod:`laws`, :mod:`feedback`. In the hall, what everyone meets first: :mod:`instance`, :mod:`budget`, :mod:`layers`,
:mod:`errors`, and :mod:`checker`, a program of its own that needs nothing but the standard library.
Imports nothing of who uses it, and returns data: pages for a terminal are the command line's.
"""

from theory.errors import InputError
from theory.instance import CostClasses, Instance
from theory.optimum.certificate import Certificate, certify
from theory.optimum.relaxation import Relaxation, relax
from theory.selection.selectors import Selection, cwmp, random_k, top_k

__all__ = [
    "Certificate",
    "CostClasses",
    "InputError",
    "Instance",
    "Relaxation",
    "Selection",
    "certify",
    "cwmp",
    "random_k",
    "relax",
    "top_k",
]
