"""The page of an audit: every bound with its answer, and what is kept and saved beside what was predicted."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from cwmp.pages.words import percent
from proofs_check.law_audit.audit import NORMAL

_WHAT = {
    "P7": "LP/d",
    "P8": "prefix/d",
    "P9": "P(Top-K ahead)",
    "P10": "gap/(max p/(beta sum p))",
    "P13": "score lost/d",
    "D13a": "CWMP's loss/allowed",
    "D14a": "Top-K's loss/allowed",
}

_SHARES = {
    "V": "V, CWMP's share of ||g||^2 (P1)",
    "V_K": "V_K, Top-K's share (P2)",
    "R": "R = V/V_K (P3)",
    "saving": "energy saved at equal score",
}
_FINITE = (
    "outside: the prediction is the limit for d to infinity, and further from the mean over instances of this d than\n"
    "chance explains (one time in twenty it is chance). Whole coordinates are kept, and shares are ratios of sums:\n"
    "their means differ from the limit by O(1/d), by more where E g^4 is infinite; --dim 2000,8000,32000 shows it."
)


def audit_text(report: dict[str, Any]) -> str:
    """Verdict, violations, power and tightness of every cell; shares predicted and measured."""
    lines = [f"{report['law']}; {report['d']} coordinates an instance"]
    lines += [f"no limit exists: {why}" for why in report["failing"]]
    for at in report["budgets"]:
        lines += ["", f"budget {100 * at['beta']:g} % of sending everything, {at['trials']} instances", ""]
        lines += _bounds(at["cells"])
        lines += ["", *_shares(at)]
    lines += [
        "",
        f"All answers together are right with probability {1 - report['alpha']:g} "
        f"({report['alpha_per_cell']:.2g} a cell, valid wherever the audit stops).",
        "'caught' is the violation rate that would have been found with probability 0.9; rates are exact 95 % limits.",
    ]
    return "\n".join(lines)


def _bounds(cells: list[dict[str, Any]]) -> list[str]:
    head = f"{'bound':<22}{'about':<26}{'answer':<15}{'violations':>14}{'rate below':>12}{'caught':>9}"
    lines = [f"{head}{'bound/seen':>12}"]
    for cell in cells:
        name = f"{cell['claim']} {cell['method']}"
        if cell["answer"] == "does not apply":
            lines.append(f"{name:<22}{_WHAT[cell['claim']]:<26}does not apply: {cell['why']}")
            continue
        tightness = f"{cell['tightness']:.3g}" if cell["tightness"] else "-"
        lines.append(
            f"{name:<22}{_WHAT[cell['claim']]:<26}{cell['answer']:<15}{cell['failures']:>7} / {cell['trials']:<4}"
            f"{percent(cell['interval'][1], 2):>12}{percent(cell['caught'], 2):>9}{tightness:>12}"
        )
    return lines


def _shares(at: dict[str, Any]) -> list[str]:
    predicted, measured = at["predicted"], at["measured"]
    lines = [f"{'':<36}{'predicted':>12}{'measured':>12}{'+-':>10}"]
    for key, title in _SHARES.items():
        value = "none" if predicted is None else f"{predicted[key][0]:.5f}"
        lines.append(f"{title:<36}{value:>12}{_with_error(measured[key])}{_notes(at, key)}")
    if predicted is not None:
        lines.append(f"{'R by the advantage law (P5)':<36}{_number(predicted['R by P5']):>12}")
        lines.append(f"{'saved by the saving law (P6)':<36}{_number(predicted['saving by P6']):>12}")
    gap = measured["d gap"]
    lines.append(f"{'d times the integrality gap (P10)':<36}{'':>12}{gap[0] if gap else math.nan:>12.3f}")
    if at["outside"]:
        lines.append(_FINITE)
    return lines


def _with_error(measured: list[float] | None) -> str:
    if measured is None:
        return f"{'none':>12}{'':>10}"
    return f"{measured[0]:>12.5f}{NORMAL * measured[1]:>10.5f}"


def _notes(at: dict[str, Any], key: str) -> str:
    """What a reader must know of one mean: that the limit is not in its interval, that instances have no such share."""
    notes = ["outside"] if key in at["outside"] else []
    if left_out := at["undefined"][key]:
        notes.append(f"{left_out} of {at['trials']} instances left out: undefined there")
    return f"  {'; '.join(notes)}" if notes else ""


def sizes_text(reports: Sequence[dict[str, Any]]) -> str:
    """Predicted less measured at every number of coordinates, for reports on one law: what vanishes is bias."""
    first = reports[0]
    lines = [f"{first['law']}: predicted less measured, by coordinates an instance (* outside +-)", ""]
    for k, at in enumerate(first["budgets"]):
        if at["predicted"] is None:
            continue
        lines.append(f"budget {100 * at['beta']:g} %{'':<12}" + "".join(f"{'d = ' + str(r['d']):>24}" for r in reports))
        for key in _SHARES:
            lines.append(f"{key:<22}" + "".join(f"{_difference(r['budgets'][k], key):>24}" for r in reports))
    return "\n".join(lines)


def _difference(at: dict[str, Any], key: str) -> str:
    measured = at["measured"][key]
    if measured is None:
        return "none"
    star = "*" if key in at["outside"] else " "
    return f"{at['predicted'][key][0] - measured[0]:+.5f} +- {NORMAL * measured[1]:.5f}{star}"


def _number(value: float) -> str:
    return f"{value:.5f}" if math.isfinite(value) else "no law"
