"""Is energy-aware gradient pruning optimal? Proofs, exact certificates and measurements.

The front door. Everything the command line does, Python does in two lines with the same words:

    import cwmp
    r = cwmp.certify(state_dict, "fc-dear", budget="5%")   # prints as the command's table
    r.mask                                                 # in the caller's own layout
    cwmp.frontier(update, costs).plot()                    # norm kept against energy
    cwmp.saving("t(df=3)", cost="lognorm(s=0.3)")          # what CWMP would save you

Updates are arrays, tensors, state dicts, lists of tensors, modules with gradients or paths to files; costs an energy
model's name, a text, a dict by kind or name, an array or one number; budgets ``"5%"``, ``"3mJ"`` or joules. Names are
loaded when they are first asked for; bad input is an :class:`InputError`. The command line is ``python -m cwmp``.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cwmp.api.certificates import certify as certify
    from cwmp.api.certificates import check_certificate as check_certificate
    from cwmp.api.checks import check as check
    from cwmp.api.checks import claims as claims
    from cwmp.api.checks import verify as verify
    from cwmp.api.clients import one_price as one_price
    from cwmp.api.clients import saving_of_clients as saving_of_clients
    from cwmp.api.drawings import draw as draw
    from cwmp.api.energies import energy as energy
    from cwmp.api.energies import layers_of as layers_of
    from cwmp.api.energies import models as models
    from cwmp.api.frontiers import frontier as frontier
    from cwmp.api.laws import audit as audit
    from cwmp.api.laws import saving as saving
    from cwmp.api.records import figures as figures
    from cwmp.api.records import pareto as pareto
    from cwmp.api.records import report as report
    from cwmp.api.records import study as study
    from cwmp.api.selections import by_pages as by_pages
    from cwmp.api.selections import cwmp as cwmp
    from cwmp.api.selections import random_k as random_k
    from cwmp.api.selections import safe as safe
    from cwmp.api.selections import top_k as top_k
    from theory.energy.models import CostModel as CostModel
    from theory.errors import InputError as InputError
    from theory.instance import CostClasses as CostClasses
    from theory.instance import Instance as Instance
    from theory.optimum.certificate import Certificate as Certificate
    from theory.optimum.relaxation import Relaxation as Relaxation
    from theory.optimum.relaxation import relax as relax
    from theory.pages import PageCosts as PageCosts
    from theory.selection.rounding import Selection as Selection

_PUBLIC = {
    # what a command does, too
    "audit": "cwmp.api.laws",
    "certify": "cwmp.api.certificates",
    "check": "cwmp.api.checks",
    "check_certificate": "cwmp.api.certificates",
    "claims": "cwmp.api.checks",
    "draw": "cwmp.api.drawings",
    "energy": "cwmp.api.energies",
    "figures": "cwmp.api.records",
    "frontier": "cwmp.api.frontiers",
    "layers_of": "cwmp.api.energies",
    "models": "cwmp.api.energies",
    "pareto": "cwmp.api.records",
    "report": "cwmp.api.records",
    "saving": "cwmp.api.laws",
    "saving_of_clients": "cwmp.api.clients",
    "study": "cwmp.api.records",
    "verify": "cwmp.api.checks",
    # selectors
    "by_pages": "cwmp.api.selections",
    "cwmp": "cwmp.api.selections",
    "one_price": "cwmp.api.clients",
    "random_k": "cwmp.api.selections",
    "safe": "cwmp.api.selections",
    "top_k": "cwmp.api.selections",
    # the theory's own types, for who computes with them
    "Certificate": "theory.optimum.certificate",
    "CostClasses": "theory.instance",
    "CostModel": "theory.energy.models",
    "InputError": "theory.errors",
    "Instance": "theory.instance",
    "PageCosts": "theory.pages",
    "Relaxation": "theory.optimum.relaxation",
    "Selection": "theory.selection.rounding",
    "relax": "theory.optimum.relaxation",
}  # the public names, and the modules that they are loaded from; held by a test

__all__ = list(_PUBLIC)


def __getattr__(name: str) -> Any:
    if name not in _PUBLIC:
        raise AttributeError(f"module 'cwmp' has no attribute {name!r}")
    from cwmp.shadowing import refuse_others

    refuse_others()
    found = getattr(import_module(_PUBLIC[name]), name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *_PUBLIC})
