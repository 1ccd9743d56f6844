"""The page of ``results/laws``: Markdown tables from the results of ``benchmarks/laws.py``."""

from __future__ import annotations

import itertools
import math
import textwrap
from collections.abc import Iterable
from typing import Any

import numpy as np


def page(results: dict[str, Any]) -> str:
    """All tables, each with how to read it."""
    parts = [
        "# Limits, laws and planted bounds",
        f"Made by `python benchmarks/laws.py`, seed {results['seed']}; every number is in [laws.json](laws.json). "
        f"Revisions: {', '.join(f'{part} {revision}' for part, revision in results['made'].items())}.",
        _limits(results),
        _broken(results["table"]),
        _region(results["region"]),
        _planted(results["planted"]),
        _losses(results["losses"]),
    ]
    if "updates" in results:
        parts.append(_updates(results["updates"]))
    return "\n\n".join(parts) + "\n"


def _table(head: list[str], rows: list[list[str]]) -> str:
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    return "\n".join([*lines, *("| " + " | ".join(row) + " |" for row in rows)])


def _limits(results: dict[str, Any]) -> str:
    rows, worst, count, error = [], 0.0, 0, 0.0
    for row in results["table"]:
        if "cells" not in row:
            continue
        z = [abs(x) for cell in row["cells"] for x in cell["z"].values() if x is not None]
        worst, count = max(worst, *z), count + len(z)
        error = max(error, *(cell["R"][1] for cell in row["cells"]))
        rows.append([row["magnitude"], row["cost"], *(_three(cell) for cell in row["cells"])])
    betas = [f"{100 * cell['beta']:g} %" for row in results["table"] if "cells" in row for cell in row["cells"]][:5]
    return f"""## V / V_K, and R

Share of ||g||^2 that CWMP / Top-K retains by budget, and their ratio, by quadrature (largest stated error of R:
{error:.1e}). Against samples of {results["d"]:,} coordinates, the score *dropped* per coordinate differs by
{worst:.1f} standard errors at most in {count} comparisons. (The dropped
score has light tails; a normal interval of the shares themselves needs E g^4 finite. laws.json has both.)

{_table(["magnitudes", "costs", *betas], rows)}"""


def _three(cell: dict[str, Any]) -> str:
    return f"{cell['V'][0]:.3f} / {cell['V_K'][0]:.3f}, {cell['R'][0]:.3f}"


def _broken(table: list[dict[str, Any]]) -> str:
    rows = []
    for row in table:
        if "drift" in row:
            shown = [
                f"{_range([v for v, _ in seen])} / {_range([k for _, k in seen])}" for seen in row["drift"].values()
            ]
            rows.append([row["magnitude"], row["cost"], *shown])
    return f"""## Where an assumption fails

No limit exists without E g^2 or without E c. Sampled V / V_K at 10 % of the energy, least to largest of five draws
(three at 10^6). Without E g^2 a few coordinates carry the norm and both shares wander towards 1. Without E c the few
dearest coordinates carry the energy: 10 % of it pays for nearly everything else, V goes to 1, and Top-K depends on
whether a dear coordinate happens to be large, from draw to draw.

{_table(["magnitudes", "costs", "10^4", "10^5", "10^6"], rows)}"""


def _range(values: list[float]) -> str:
    return f"{min(values):.3f}..{max(values):.3f}"


def _region(rows: list[dict[str, Any]]) -> str:
    cells = [
        [f"{low:g} to {high:g}", str(row["cells"]), _errors(row["gain"]), _errors(row["saving"])]
        for row in rows
        for low, high in [row["spread"]]
    ]
    return f"""## P5 and P6 against exact values

Prediction over exact value, less 1: least, median, largest, over the table's laws and more with smaller spreads, five
budgets each. Costs are independent of magnitudes.

{_table(["CV of the costs", "cells", "advantage law (P5)", "saving law (P6)"], cells)}

Costs without a variance (Pareto 1.5) have no law at all, although V, V_K and the saving exist."""


def _errors(values: list[float]) -> str:
    return ", ".join(f"{100 * x:+.1f} %" for x in values)


def _planted(rows: list[dict[str, Any]]) -> str:
    cells = [
        [f"{row['scale']:g}", f"{100 * row['rate']:.1f} %", f"{100 * row['stated_power']:.1f} %",
         f"{100 * row['detected']:.0f} %"]
        for row in rows
    ]  # fmt: skip
    first = rows[0]
    return f"""## Planted wrong bounds

Hoeffding's bound (P7) on coin flips, where it is tightest, its deviation multiplied: {first["audits"]} audits of
{first["trials"]} instances each, {100 * first["allowed"]:g} % allowed. The stated power is that of one look at the end.

{_table(["deviation times", "violated", "stated power", "audits that found it"], cells)}"""


def _losses(rows: list[dict[str, Any]]) -> str:
    """The bounds on the lost score, and what they would have been by P7 and P8."""
    known = [row for row in rows if "over_seen" in row]
    none = {f"{row['cost']} ({row['why']})" for row in rows if "why" in row}
    cells = [
        [row["magnitude"], row["cost"], f"{100 * row['beta']:g} %", row["method"], f"{row['mean']:.4g}",
         *(f"{x:.3g}" for x in row["over_seen"]), *(f"{x:.2g}" for x in row["deviations"]),
         f"{sum(row['violations'])} / {row['trials']}"]
        for row in known
    ]  # fmt: skip
    median = {m: [_median(x for row in known if row["method"] in m for x in row[key])
                  for key in ("over_seen", "deviations")]
              for m in (("bernstein", "chebyshev"), ("bernstein",), ("chebyshev",))}  # fmt: skip
    every, bernstein, chebyshev = median.values()
    head = ["magnitudes", "costs", "budget", "inequality", "lost, limit", "below", "above", "deviation below",
            "above", "violated"]  # fmt: skip
    return f"""## The lost score concentrates (P13)

{len(known)} of {len(rows)} cells have a bound, those of infinite E g^2 among them. The others:
{"; ".join(sorted(none))}.
d = {rows[0]["d"]:,}, failure 5 % at either end: the bound over what is seen (the end at 5 % of
{known[0]["trials"]} draws) of the score lost per coordinate, and the deviation from the limit that it allows over the
one seen. Median of bound over seen {every[0]:.3g} (Bernstein {bernstein[0]:.3g}, Chebyshev {chebyshev[0]:.3g}), of the
deviations {every[1]:.3g} ({bernstein[1]:.3g}, {chebyshev[1]:.3g}).

{_table(head, cells)}"""


def _median(values: Iterable[float]) -> float:
    return float(np.median(list(values)))


def _off(row: dict[str, Any], key: str = "saving_P11") -> float:
    """How far a prediction is off, as |ln(predicted/exact)|; infinite where there is none."""
    ratio = row[key] / row["saving"] if row["saving"] > 0 else math.nan
    return abs(math.log(ratio)) if ratio > 0 else math.inf


LIMITS = {False: 0.10, True: 0.25}  # by layer or not: beyond this P11 is called off


def _summary(rows: list[dict[str, Any]]) -> str:
    cells = []
    names = sorted({row["update"] for row in rows})
    for by_layer, update in itertools.product((False, True), ("all", *names)):
        some = [row for row in rows if row["by_layer"] == by_layer and update in ("all", row["update"])]
        shown = [[_off(row, key) for row in some] for key in ("saving_P11", "saving_P11_layers_unknown", "saving_P6")]
        limit = LIMITS[by_layer]
        cells.append([
            update, "by layer" if by_layer else "drawn independently", str(len(some)),
            *(f"{np.median(x):.3f}, {np.quantile(x, 0.9, method='higher'):.3f}" for x in shown),
            str(sum(x > limit for x in shown[0])),
        ])  # fmt: skip
    head = [
        "update",
        "costs",
        "cells",
        "P11 by layer",
        "P11, layers not known",
        "P6",
        "P11 further off than 0.10 / 0.25",
    ]
    return _table(head, cells)


def _updates(rows: list[dict[str, Any]]) -> str:
    cells = [
        [row["update"], row["cost"], f"{100 * row['beta']:g} %", f"{row['spread']:.2f}", f"{row['index']:.2f}",
         f"{100 * row['saving']:.1f} +- {100 * row['saving_error']:.1f} %", _percent(row["saving_P11"])
         + (" **off**" if _off(row) > LIMITS[row["by_layer"]] else ""), _percent(row["saving_P6"]),
         _percent(row["ceiling"]), f"{100 * row['gain']:.1f} +- {100 * row['gain_error']:.1f} %",
         _percent(row["gain_P5"])]
        for row in rows
    ]  # fmt: skip
    head = ["update", "costs", "budget", "CV_tau", "index", "saved", "P11", "P6", "ceiling", "gained", "P5"]
    sizes = {row["update"]: row["d"] for row in rows}
    listed = ", ".join(f"`{name.removeprefix('update_')}` ({size:,})" for name, size in sizes.items())
    about = textwrap.fill(
        f"{len(sizes)} updates of clients in federated training on CIFAR-10 (JPEG copy), with their coordinates: "
        f"{listed}. They are of a small CNN with group or batch normalisation and of MobileNetV2; `ef` is with error "
        "feedback, the residual included. Those named by round and client are not in the repository, "
        "`benchmarks/record_updates.py` makes the others. Nine cost models (fc or the rest 3 or 10 times as dear, each "
        "layer its own, four lognormal laws drawn independently), five budgets. |ln(predicted/exact)|, median and 90th "
        f"percentile; **off** is a P11 beyond {LIMITS[False]:.2f} for independent costs, {LIMITS[True]:.2f} by "
        "layer.", 120, break_on_hyphens=False,
    )  # fmt: skip
    return f"""## Real updates

{about}

{_summary(rows)}

Every cell. Saved: energy at Top-K's score; gained: score at Top-K's energy; each with the half-width of a 95 %
interval. P11 takes layer by layer how the tail falls between the thresholds, and costs as independent of magnitudes
inside a layer; P6 and P5 are of second order in the spread. Ceiling: what no selector exceeds (D19).

{_table(head, cells)}"""


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %" if math.isfinite(share) else "no law"
