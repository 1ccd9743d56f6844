"""The energy models as tables, every number beside its source."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction

from theory.energy.models import MODELS, CostModel, break_even
from theory.layers import named_layers

LAYERS = named_layers([("conv.weight", (16, 3, 3, 3)), ("fc.weight", (96, 1024))])


def energy_page() -> str:
    """Markdown: one row a model, then one section a model."""
    return "\n".join([*_overview(), "", *(line for model in MODELS.values() for line in _model(model))])


def _overview() -> Iterable[str]:
    yield "| model | what it stands for | dearest over cheapest | no selector saves more than |"
    yield "|---|---|---|---|"
    for model in MODELS.values():
        even = break_even(model, LAYERS)
        yield (
            f"| [{model.name}](#{model.name}) | {model.summary} | {float(even.ratio):.8g} | {_percent(even.ceiling)} |"
        )


def _percent(share: Fraction) -> str:
    return f"{100 * float(share):.2g} %" if share else "0: equal costs"


def _model(model: CostModel) -> Iterable[str]:
    fields = model.fields()
    unit = "units" if model.relative else "J/bit"
    yield f"\n## {model.name}\n"
    yield f"{model.summary[0].upper()}{model.summary[1:]}."
    if model.relative:
        yield "**Invented**: a ratio to be seen, not a measurement.\n"
    else:
        yield f"{model.value_bits} bits a value, {model.index} indices, {model.word_bits} bits written a value.\n"
    yield f"| part | {unit} | source |"
    yield "|---|---|---|"
    for part, energy in fields["joules_per_bit"].items():
        text = energy["source"].replace("|", "\\|")
        source = f"[{text}]({energy['link']})" if energy["link"] else text
        yield f"| {part} | {energy['joules']} | {source} |"
