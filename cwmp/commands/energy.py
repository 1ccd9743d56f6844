"""``cwmp models``: the named energy models."""

from __future__ import annotations

import click

from cwmp.commands.shared import one_line_errors
from theory.claims.provenance import strict_json
from theory.energy.models import MODELS


@click.command()
@click.argument("name", required=False)
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
@one_line_errors
def models(name: str | None, as_json: bool) -> None:
    """List the energy models, or one of them with the source of every number."""
    from theory.energy.models import cost_model

    chosen = [cost_model(name)] if name else list(MODELS.values())
    if as_json:
        click.echo(strict_json([model.fields() for model in chosen]))
        return
    for model in chosen:
        click.echo(f"{model.name:<14}{model.summary}")
        if name:
            for part, energy in model.fields()["joules_per_bit"].items():
                link = f" {energy['link']}" if energy["link"] else ""
                click.echo(f"  {part}: {energy['joules']} J/bit. {energy['source']}.{link}")
            click.echo(
                f"  {model.value_bits} bits a value, {model.index} indices, {model.word_bits} bits written a value"
            )
