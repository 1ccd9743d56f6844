"""``cwmp energy`` and ``cwmp models``: what sending costs, and where the numbers come from."""

from __future__ import annotations

from pathlib import Path

import click

from cwmp.api import energies as api
from cwmp.commands.shared import (
    COST,
    JSON,
    KEY,
    KIND,
    LAYERS,
    PLOT,
    UPDATE,
    check_plot,
    one_line_errors,
    save_plot,
    writes_files,
)
from theory.claims.provenance import strict_json
from theory.energy.own import template
from theory.errors import InputError
from theory.files.outputs import MODEL, writing


@click.command("energy")
@UPDATE
@COST
@LAYERS
@KIND
@KEY
@PLOT
@JSON
@writes_files("plot")
@one_line_errors
def energy_command(
    update: Path,
    cost: str,
    layers: Path | None,
    kinds: tuple[str, ...],
    key: str | None,
    plot: Path | None,
    as_json: bool,
) -> None:
    """Say what sending everything of UPDATE costs, by kind of layer.

    The page also says how far costs differ, which is all that CWMP can save by.
    """
    check_plot(plot)
    found = api.energy(update, cost, layers=layers, kinds=kinds, key=key)
    click.echo(found.to_json() if as_json else str(found))
    save_plot(found, plot, quiet=as_json)


@click.command()
@click.argument("name", required=False)
@click.option("--new", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE",
              help="Write a TOML file of a model, to be filled in with your own numbers.")  # fmt: skip
@JSON
@writes_files("new")
@one_line_errors
def models(name: str | None, new: Path | None, as_json: bool) -> None:
    """List the energy models, or one of them with the source of every number.

    A model of your own is a TOML file (--new writes one), or another with some of its numbers replaced:
    ble-dram,radio=50nJ/bit.
    """
    if new is not None:
        _write_new(new, name)
        return
    found = api.models(name)
    click.echo(strict_json([model.fields() for model in found.chosen]) if as_json else str(found))


def _write_new(path: Path, name: str | None) -> None:
    if name is not None:
        raise InputError("--new writes a file to be filled in; leave out the name of a model")
    if path.suffix != ".toml":
        raise InputError(f"--new {path}: costs are read from it by its name, which must end in .toml")
    with writing(path, MODEL) as file:
        file.write(template().encode())
    click.echo(f"Fill in {path}, then give it as --cost {path}; cwmp models {path} shows it.")
