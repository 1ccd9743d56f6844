"""``cwmp layers``: what the layers of an update are taken for, and how that was decided."""

from __future__ import annotations

from pathlib import Path

import click

from cwmp.commands.shared import COST_TEXT, KEY, KIND, LAYERS, one_line_errors, placed
from theory.claims.provenance import strict_json
from theory.energy.costs import cost_spec
from theory.energy.shares import shares, shares_fields, shares_text
from theory.files.updates import read_update


@click.command("layers")
@click.argument("update", type=click.Path(path_type=Path))
@click.option("--cost", "cost_text", type=COST_TEXT, help="As for certify; the table then has shares of the energy.")
@LAYERS
@KIND
@KEY
@click.option("--each", is_flag=True, help="Every layer by itself, with its shape.")
@click.option("--json", "as_json", is_flag=True, help="Print as JSON, every layer by itself with --each.")
@one_line_errors
def layers_command(
    update: Path, cost_text: str | None, layers: Path | None, kinds: tuple[str, ...], key: str | None, each: bool,
    as_json: bool,
) -> None:  # fmt: skip
    """What the layers of UPDATE are taken for: kind, coordinates, share of energy, and how it was decided.

    A kind that hangs on a name alone is called a guess. With --each --json the output is a layers file for --layers.
    """
    file = read_update(update, key)
    here = placed(file, layers, kinds)
    table = shares(here, cost_spec(cost_text, here) if cost_text else None)
    rows = [{"name": one.name, "shape": list(one.shape), "kind": one.kind, "how": one.how} for one in here]
    if as_json:
        click.echo(strict_json({"layers": rows} if each else shares_fields(table)))
        return
    if each:
        width = max(len(one.name) for one in here)
        for one in here:
            click.echo(f"{one.name:<{width}}  {'x'.join(map(str, one.shape)):<16}{one.kind:<11}{one.how}")
        click.echo()
    click.echo(shares_text(table))
