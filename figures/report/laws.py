"""The laws of efficiency and saving, and the audits of the bounds, as tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from figures.report.evidence import AUDIT, AUDITS, LAWS, MAKING, Evidence
from figures.report.html import chip, missing, paragraph, percent, section, signed, small, table, words
from figures.report.markup import Markup, html, joined, lines

LIMITS = (
    "Share of ||g||^2 that CWMP retains over what Top-K retains for the same energy, R = V/V_K (P1 to P3), by "
    "quadrature; in brackets the energy that CWMP saves at equal retained norm."
)
REGION = (
    "Prediction over exact value, less 1: least, median and largest over laws of independent costs, by the spread of "
    "costs. Costs without a variance have no such law, although the saving exists."
)
BROKEN = (
    "Where a mean is missing there is no limit: least and largest sampled share of CWMP / Top-K at 10 % of the energy, "
    "over the draws."
)
PLANTED = (
    "Does an audit notice a wrong bound? Hoeffding's deviation (P7) on coin flips, where it is tightest, multiplied "
    "by a factor."
)
UPDATES = "Real updates: energy saved at equal retained norm, measured and by the saving law (P6a)."
BOUNDS = (
    "Each bound at each budget: violations over trials, the exact 95 % limit of their rate, the rate that would have "
    "been caught with probability 0.9, and how far the bound is from what was seen."
)


def laws(evidence: Evidence, *figures: str) -> Markup:
    """The part of the page on laws and bounds."""
    title = "Energy saved, by law"
    found = evidence.laws
    if found is None:
        return section("laws", title, missing("No measurements over laws.", [MAKING[LAWS]]), *figures, audits(evidence))
    head, rows = limits(found)
    return section(
        "laws",
        title,
        table(LIMITS, head, rows),
        *figures,
        table(REGION, *region(found)),
        table(UPDATES, *updates(found)) if found.get("updates") else "",
        table(BROKEN, *broken(found)) if any("drift" in row for row in found["table"]) else "",
        table(PLANTED, *planted(found)),
        audits(evidence),
    )


def limits(found: Mapping[str, Any]) -> tuple[list[str], list[list[str]]]:
    """Head and rows: a law each, its ratio at every budget and what is saved there."""
    rows = [row for row in found["table"] if "cells" in row]
    budgets = [f"{100 * cell['beta']:g} %" for cell in rows[0]["cells"]] if rows else []
    made = [[words(f"{row['magnitude']}, {row['cost']}"), *(_ratio(cell) for cell in row["cells"])] for row in rows]
    return ["magnitudes, costs", *budgets], made


def region(found: Mapping[str, Any]) -> tuple[list[str], list[list[str]]]:
    """Head and rows: how right the advantage law and the saving law are, by spread."""
    made = [
        [
            f"{row['spread'][0]:g} to {row['spread'][1]:g}",
            str(row["cells"]),
            _errors(row["gain"]),
            _errors(row["saving"]),
        ]
        for row in found["region"]
    ]
    return ["CV of the costs", "cases", "advantage law (P5)", "saving law (P6a)"], made


def planted(found: Mapping[str, Any]) -> tuple[list[str], list[list[str]]]:
    """Head and rows: wrong bounds and how many audits found them."""
    made = [
        [f"{row['scale']:g}", percent(row["rate"]), percent(row["stated_power"]),
         f"{percent(row['detected'], 0)} of {row['audits']}"]
        for row in found["planted"]
    ]  # fmt: skip
    return ["deviation times", "violated", "power stated", "audits that found it"], made


def updates(found: Mapping[str, Any]) -> tuple[list[str], list[list[str]]]:
    """Head and rows: real updates at 1 % and 10 % of full energy."""
    made = [
        [f"{row['update']}, {row['cost']}", f"{100 * row['beta']:g}\u00a0%", f"{row['spread']:.2f}",
         f"{percent(row['saving'])} ± {percent(row['saving_error'])}", percent(row["saving_P6"]),
         percent(row["saving_P11"]) if "saving_P11" in row else "-"]
        for row in found["updates"] if row["beta"] in (0.01, 0.1)
    ]  # fmt: skip
    return ["update, costs", "budget", "CV at the threshold", "saved", "by P6a", "by P11"], made


def broken(found: Mapping[str, Any]) -> tuple[list[str], list[list[str]]]:
    """Head and rows: laws without a mean, by the number of coordinates."""
    rows = [row for row in found["table"] if "drift" in row]
    sizes = list(rows[0]["drift"]) if rows else []
    made = [
        [words(f"{row['magnitude']}, {row['cost']}"), *(_drift(row["drift"][size]) for size in sizes)] for row in rows
    ]
    return ["magnitudes, costs", *(f"d = {int(size):,}" for size in sizes)], made


def audits(evidence: Evidence) -> Markup:
    """The bounds under the laws that were audited."""
    heading = html('<h3 id="bounds">Bounds under a law</h3>')
    if not evidence.audits:
        return lines([heading, missing("No audit was recorded.", [MAKING[AUDITS], MAKING[AUDIT]])])
    return lines([heading, paragraph(BOUNDS), *(_audit(report) for report in evidence.audits)])


def _audit(report: Mapping[str, Any]) -> Markup:
    head = ("bound", "budget", "answer", "violations", "rate below", "caught", "bound / seen")
    rows = [_bound(at["beta"], cell) for at in report["budgets"] for cell in at["cells"]]
    law = f"{report['magnitude']}, {report['cost']}" if "magnitude" in report else report["law"]
    setting = f"{report['d']:,} coordinates, seed {report['seed']}"
    right = f"all answers together are right with probability {1 - report['alpha']:g}"
    return table(f"{law}: {setting}; {right}", head, rows, narrow=(0, 1, 2))


def _bound(beta: float, cell: Mapping[str, Any]) -> list[str]:
    name, budget = words(f"{cell['claim']} {cell['method']}"), percent(beta, 0)
    if cell["answer"] == "does not apply":
        return [name, budget, joined(["does not apply", small(words(cell["why"]))]), *["–"] * 4]
    tightness = f"{cell['tightness']:.3g}" if cell["tightness"] else "–"
    return [
        name, budget, chip(cell["answer"]), f"{cell['failures']} / {cell['trials']}", percent(cell["interval"][1], 2),
        percent(cell["caught"]), tightness,
    ]  # fmt: skip


def _ratio(cell: Mapping[str, Any]) -> str:
    return f"{cell['R'][0]:.3f} ({percent(cell['saving'], 0)})"


def _errors(values: Sequence[float]) -> str:
    return ", ".join(f"{signed(100 * x)}\u00a0%" for x in values)


def _drift(draws: Sequence[Sequence[float]]) -> str:
    ranges = [f"{min(values):.3f}–{max(values):.3f}" for values in zip(*draws, strict=True)]
    return " / ".join(ranges)
