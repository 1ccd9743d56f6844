"""``cwmp layers``: what the layers of an update are taken for, and how that was decided."""

from __future__ import annotations

from pathlib import Path

import click

from cwmp.api.given import given_costs, given_update
from cwmp.commands.shared import COST_TEXT, JSON, KEY, KIND, LAYERS, UPDATE, one_line_errors
from cwmp.pages.blocks import as_text
from cwmp.pages.layers import layers_page
from theory.claims.provenance import strict_json
from theory.energy.shares import shares, shares_fields


@click.command("layers")
@UPDATE
@click.option(
    "--cost", type=COST_TEXT, metavar="COSTS", help="As for certify; the table then has shares of the energy."
)
@LAYERS
@KIND
@KEY
@click.option("--each", is_flag=True, help="Every layer by itself, with its shape.")
@JSON
@one_line_errors
def layers_command(
    update: Path, cost: str | None, layers: Path | None, kinds: tuple[str, ...], key: str | None, each: bool,
    as_json: bool,
) -> None:  # fmt: skip
    """Say what the layers of UPDATE are taken for, and how it was decided.

    Kind, coordinates and share of energy. A kind that hangs on a name alone is called a guess. With --each --json the
    output is a layers file for --layers.
    """
    given = given_update(update, layers, key, kinds)
    here = given.layers
    table = shares(here, given_costs(cost, given) if cost else None)
    rows = [{"name": one.name, "shape": list(one.shape), "kind": one.kind, "how": one.how} for one in here]
    if as_json:
        click.echo(strict_json({"layers": rows} if each else shares_fields(table)))
        return
    if each:
        width = max(len(one.name) for one in here)
        for one in here:
            click.echo(f"{one.name:<{width}}  {'x'.join(map(str, one.shape)):<16}{one.kind:<11}{one.how}")
        click.echo()
    click.echo(as_text(layers_page(table)))
