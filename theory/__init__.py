"""The energy-constrained projection: instances, selectors, the relaxation, certificates and bounds."""

from theory.certificate import Certificate, certify
from theory.errors import InputError
from theory.instance import CostClasses, Instance
from theory.relaxation import Relaxation, relax
from theory.selectors import Selection, cwmp, random_k, top_k

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
