"""What each selector keeps of an update, beside the certified optimum: as plain data, and as a table for a terminal."""

from __future__ import annotations

from typing import Any

import numpy as np

from theory.files.contents import listed
from theory.files.updates import UpdateFile
from theory.instance import Instance
from theory.optimum.certificate import Certificate
from theory.selection.selectors import Selection, cwmp, top_k


def compared(instance: Instance, certificate: Certificate, file: UpdateFile, unit: str) -> dict[str, Any]:
    """What each selector keeps, against the certified optimum, or the best mask found where that is an interval."""
    instance = instance.of_arrays()
    best = Selection(certificate.primal, certificate.spent, certificate.value)
    rows = {
        "CWMP prefix": cwmp(instance),
        "CWMP fill": cwmp(instance, rounding="fill"),
        "CWMP best-of": cwmp(instance, rounding="best-of"),
        "Top-K": top_k(instance),
        best_row(certificate.verdict): best,
    }
    norm = instance.retained(np.ones(instance.d, dtype=bool))
    share = lambda x, of: float(x / of) if of else 0.0  # noqa: E731
    return {
        "update": str(file.path),
        "d": instance.d,
        "skipped": list(file.skipped),
        "tied": dict(file.tied),
        "energy_unit": unit,
        "budget": float(instance.budget * instance.unit),
        "budget_share": share(instance.budget, instance.total_cost),
        "verdict": certificate.verdict,
        "reason": certificate.reason,
        "how": certificate.how,
        "gap": certificate.relative_gap,
        "selections": {
            name: {
                "kept": int(s.mask.sum()),
                "spent": float(s.spent * instance.unit),
                "spent_of_budget": share(s.spent, instance.budget),
                "retained_of_norm": share(s.retained, norm),
                "below_best": share(certificate.value - s.retained, certificate.value),
                "optimal": certificate.verdict == "exact" and s.retained == certificate.value,
            }
            for name, s in rows.items()
        },
    }


def best_row(verdict: str) -> str:
    """What the best mask may be called: the optimum where it is proved to be."""
    return "optimum" if verdict == "exact" else "best found"


def comparison_text(report: dict[str, Any]) -> str:
    """The table of :func:`compared`, and how exact the optimum is."""
    lines = [f"{report['update']}: {report['d']} coordinates, budget {report['budget']:.6g} {report['energy_unit']} "
             f"({100 * report['budget_share']:.4g} % of sending everything)"]  # fmt: skip
    if report["skipped"]:
        lines.append(f"left out, no floating-point numbers: {listed(report['skipped'])}")
    if report["tied"]:
        lines.append(f"tied, counted once: {listed(f'{name} is {first}' for name, first in report['tied'].items())}")
    lines += [
        "",
        f"{'':<14}{'kept':>10}{'energy, ' + report['energy_unit']:>16}{'of budget':>13}{'of ||g||^2':>13}"
        f"   below {best_row(report['verdict'])}",
    ]
    for name, s in report["selections"].items():
        below = "0, exactly" if s["optimal"] else f"{s['below_best']:.3g}"
        lines.append(
            f"{name:<14}{s['kept']:>10}{s['spent']:>16.6g}{100 * s['spent_of_budget']:>11.5f} %"
            f"{100 * s['retained_of_norm']:>11.6f} %   {below}"
        )
    ending = {
        "exact": "The optimum is exact: no mask within the budget retains more of ||g||^2, no square rounded",
        "interval": f"The optimum is known up to an interval of relative width {report['gap']:.3g}",
        "failed": "The checker refused the certificate, so nothing is concluded",
    }[report["verdict"]]
    return "\n".join([*lines, "", f"{ending};", f"{report['how']}."])
