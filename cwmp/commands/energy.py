"""``cwmp energy`` and ``cwmp models``: what sending costs, and where the numbers come from."""

from __future__ import annotations

from pathlib import Path

import click

from cwmp.api import energies as api
from cwmp.commands.shared import (
    COST,
    JSON,
    KEY,
    LAYERS,
    PLOT,
    UPDATE,
    check_plot,
    one_line_errors,
    save_plot,
    writes_files,
)
from theory.claims.provenance import strict_json


@click.command("energy")
@UPDATE
@COST
@LAYERS
@KEY
@PLOT
@JSON
@writes_files("plot")
@one_line_errors
def energy_command(
    update: Path, cost: str, layers: Path | None, key: str | None, plot: Path | None, as_json: bool
) -> None:
    """What sending everything of UPDATE costs, by kind of layer.

    And how far costs differ, which is all that CWMP can save by.
    """
    check_plot(plot)
    found = api.energy(update, cost, layers=layers, key=key)
    save_plot(found, plot)
    click.echo(found.to_json() if as_json else str(found))


@click.command()
@click.argument("name", required=False)
@JSON
@one_line_errors
def models(name: str | None, as_json: bool) -> None:
    """List the energy models, or one of them with the source of every number."""
    found = api.models(name)
    click.echo(strict_json([model.fields() for model in found.chosen]) if as_json else str(found))
