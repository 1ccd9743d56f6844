"""The page of an audit: every bound with its answer, and what is kept and saved beside what was predicted."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from cwmp.pages.blocks import Block, Line, Table
from cwmp.pages.layers import layers_page, recorded
from cwmp.pages.words import fixed, percent, several
from proofs_check.law_audit.audit import NORMAL

_WHAT = {
    "P7": "LP/d",
    "P8": "prefix/d",
    "P9": "P(Top-K ahead)",
    "P10": "gap/(lambda c_max/LP)",
    "P13": "score lost/d",
    "D13a": "CWMP's loss/allowed",
    "D14a": "Top-K's loss/allowed",
}

_SHARES = {
    "V": "CWMP keeps, of ||g||^2: V (P1)",
    "V_K": "Top-K keeps, of ||g||^2: V_K (P2)",
    "R": "CWMP keeps, of what Top-K keeps: R = V/V_K (P3)",
    "saving": "CWMP saves, of Top-K's energy at equal score",
}
_NONE = "does not apply"
_CAUGHT = "caught: the violation rate that would have been found with probability 0.9. rate below: exact 95 % limit."
_FINITE = (
    "outside: the prediction is the limit for d to infinity, and further from the mean over instances of this d than "
    "chance explains (one time in twenty it is chance). Whole coordinates are kept, and shares are ratios of sums: "
    "their means differ from the limit by O(1/d), by more where E g^4 is infinite; --dim 2000,8000,32000 shows it."
)


def audit_page(reports: Sequence[dict[str, Any]]) -> list[Block]:
    """As ``cwmp audit`` prints it, for the reports on one law: what explains the tables stands once, at the end."""
    page = [Line(reports[0]["law"]), *layers_page(recorded(reports[0]["layers"]))]
    for report in reports:
        page += _report(report)
    page += sizes_page(reports) if len(reports) > 1 else []
    page += [Line(""), Line(_CAUGHT)]
    return [*page, *([Line(_FINITE)] if any(at["outside"] for r in reports for at in r["budgets"]) else [])]


def _report(report: dict[str, Any]) -> list[Block]:
    """Verdict, violations, power and tightness of every cell; shares predicted and measured."""
    page: list[Block] = [Line(f"no limit exists: {why}") for why in report["failing"]]
    for at in report["budgets"]:
        page.append(Line(f"\n{several(report['d'], 'coordinate')} an instance, budget {percent(at['beta'])} of sending "
                         f"everything, {several(at['trials'], 'instance')}"))  # fmt: skip
        page += [*_bounds(at["cells"]), _shares(at)]
    chance = 1 - report["alpha"]
    return [*page, Line(f"All answers on {several(report['d'], 'coordinate')} together are right with probability "
                        f"{chance:g}, wherever the audit stops.")]  # fmt: skip


def _bounds(cells: list[dict[str, Any]]) -> list[Block]:
    judged = [cell for cell in cells if cell["answer"] != _NONE]
    rows = [
        [f"{cell['claim']} {cell['method']}", _WHAT[cell["claim"]], cell["answer"],
         f"{cell['failures']} / {cell['trials']}", percent(cell["interval"][1], 2), percent(cell["caught"], 2),
         f"{cell['tightness']:.3g}" if cell["tightness"] else "-"]
        for cell in judged
    ]  # fmt: skip
    head = ["bound", "about", "answer", "violations", "rate below", "caught", "bound/seen"]
    without: dict[str, list[str]] = {}
    for cell in cells:
        if cell["answer"] == _NONE:
            without.setdefault(cell["why"], []).append(f"{cell['claim']} {cell['method']}")
    told = [Line(f"{_NONE}, {why}: {', '.join(names)}") for why, names in without.items()]
    return [*([Table(head, rows, left=(0, 1, 2))] if rows else []), *told]


def _shares(at: dict[str, Any]) -> Table:
    predicted, measured = at["predicted"], at["measured"]
    rows = []
    for key, title in _SHARES.items():
        value = "none" if predicted is None else _percent(predicted[key][0])
        rows.append([title, value, *_with_error(measured[key]), _notes(at, key)])
    if predicted is not None:
        rows.append(["R by the advantage law (P5)", _percent(predicted["R by P5"]), "", "", ""])
        rows.append(["saved, by the saving law (P6)", _percent(predicted["saving by P6"]), "", "", ""])
    gap = measured["d gap"]
    rows.append(["d times the integrality gap, a number (P10)", "", f"{gap[0]:.3f}" if gap else "none", "", ""])
    return Table(["share", "predicted", "measured", "+-", ""], rows, left=(0, 4))


def _with_error(measured: list[float] | None) -> list[str]:
    return ["none", ""] if measured is None else [_percent(measured[0]), _percent(NORMAL * measured[1])]


def _percent(share: float) -> str:
    return fixed(share, 3) if math.isfinite(share) else "no law"


def _notes(at: dict[str, Any], key: str) -> str:
    """What a reader must know of one mean: that the limit is not in its interval, that instances have no such share."""
    notes = ["outside"] if key in at["outside"] else []
    if left_out := at["undefined"][key]:
        notes.append(f"{left_out} of {at['trials']} instances left out: undefined there")
    return "; ".join(notes)


def sizes_page(reports: Sequence[dict[str, Any]]) -> list[Block]:
    """Predicted less measured at every number of coordinates, for reports on one law: what vanishes is bias."""
    page: list[Block] = [Line("\npredicted less measured, by coordinates an instance (* outside +-)")]
    for k, at in enumerate(reports[0]["budgets"]):
        if at["predicted"] is None:
            continue
        head = [f"budget {percent(at['beta'])}", *(f"d = {r['d']}" for r in reports)]
        rows = [[key, *(_difference(r["budgets"][k], key) for r in reports)] for key in _SHARES]
        page.append(Table(head, rows))
    return page


def _difference(at: dict[str, Any], key: str) -> str:
    measured = at["measured"][key]
    if measured is None:
        return "none"
    star = "*" if key in at["outside"] else " "
    return f"{100 * (at['predicted'][key][0] - measured[0]):+.3f} +- {_percent(NORMAL * measured[1])}{star}"
