"""The pages of what sending costs, and of the energy models."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from cwmp.pages.blocks import Block, Line, Table
from cwmp.pages.words import fixed, percent, several
from theory.energy.models import CostModel
from theory.selection import tensors

if TYPE_CHECKING:
    from cwmp.api.energies import Energy


def energy_page(r: Energy) -> list[Block]:
    """As ``cwmp energy`` prints it."""
    head = Line(f"{r.update}: {several(r.d, 'coordinate')} at cost {r.cost}; sending everything costs "
                f"{r.total:.6g} {r.energy_unit}")  # fmt: skip
    parts = any(kind.radio is not None for kind in r.kinds)
    per = f"{r.energy_unit} each"
    columns = ["kind of layer", "coordinates", r.energy_unit, "of energy", per, *(["radio", "memory"] if parts else [])]
    rows = [
        [kind.kind, str(kind.size), f"{kind.energy:.6g}", fixed(kind.share, 2), f"{kind.each:.6g}"]
        + ([_number(kind.radio), _number(kind.memory)] if parts else [])
        for kind in r.kinds
    ]
    spread = (
        f"The dearest coordinate costs {r.ratio:.4g} times the cheapest; costs vary by CV {r.cv:.3g}. At Top-K's score "
        f"no selector saves more than {percent(r.ceiling)} of its energy."
    )
    if r.ratio == 1:
        spread = "Every coordinate costs the same: CWMP is Top-K (D7), and there is nothing to save."
    fixed_cost = [Line(f"Anything that is sent pays {r.overhead:.6g} {r.energy_unit} on top.")] if r.overhead else []
    return [head, Table(columns, rows), Line(spread), *fixed_cost]


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.4g}"


def cost_words(cost: Any) -> str:
    """Costs in a few words."""
    if isinstance(cost, CostModel):
        return cost.name
    if isinstance(cost, Mapping) and len(cost) <= 8 and all(np.ndim(tensors.array(x)) == 0 for x in cost.values()):
        return ", ".join(f"{name}={value}" for name, value in cost.items())
    if np.ndim(tensors.array(cost)) == 0 and not isinstance(cost, Mapping):
        return str(cost)
    return "one each"


def models_page(models: Sequence[CostModel], *, sources: bool) -> list[Block]:
    """As ``cwmp models`` prints it."""
    lines: list[Block] = []
    for model in models:
        lines.append(Line(f"{model.name:<14}{model.summary}"))
        if sources:
            for part, energy in model.fields()["joules_per_bit"].items():
                link = f" {energy['link']}" if energy["link"] else ""
                unit = "units" if model.relative else "J"
                lines.append(Line(f"  {part}: {energy['joules']} {unit}/bit. {energy['source']}.{link}"))
            lines.append(Line(f"  {model.value_bits} bits a value, {model.index} indices, {model.word_bits} bits "
                              "written a value"))  # fmt: skip
    return lines
