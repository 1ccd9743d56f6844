"""``cwmp figures``: a paper's figures, drawn from recorded results."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from cwmp.commands.shared import Known, extra, one_line_errors, writes_files


def _names() -> list[tuple[str, str]]:
    from figures.catalogue import CATALOGUE

    return [(entry.name, entry.shows) for entry in CATALOGUE.values()]


@click.command()
@click.argument("names", nargs=-1, type=Known("figure", _names))
@click.option("--records", default=Path("results"), show_default=True, type=click.Path(file_okay=False, path_type=Path),
              help="Folder of the recorded results.")  # fmt: skip
@click.option("--output", default=Path("results/figures"), show_default=True,
              type=click.Path(file_okay=False, path_type=Path), help="Folder of the figures.")  # fmt: skip
@click.option("--venue", default="ieee", show_default=True, help="Whose page widths: ieee or neurips.")
@writes_files("output")
@one_line_errors
def figures(names: tuple[str, ...], records: Path, output: Path, venue: str) -> None:
    """Draw the figures NAMES (default: all) from recorded results, as PDF and PNG.

    Where a record is missing, the command that makes it is named.

    Exit code 2: nothing could be drawn, or not everything that was asked for by name.
    """
    (catalogue,) = extra("figures", ("catalogue",), "drawing figures", "figures")
    wanted = catalogue.entries(names)
    missing = {entry.name: catalogue.missing(entry, records) for entry in wanted}
    possible = [entry for entry in wanted if not missing[entry.name]]
    if possible:
        (manifest,) = extra("figures", ("manifest",), "drawing figures", "figures")
        for entry in possible:
            click.echo(f"{entry.name:<12}{', '.join(map(str, manifest.draw(entry, records, output, venue)))}")
    _say_what_is_missing(missing, records, catalogue.COMMANDS)
    sys.exit(2 if not possible or (names and any(missing.values())) else 0)


def _say_what_is_missing(missing: dict[str, list[str]], records: Path, commands: dict[str, str]) -> None:
    """Each record once, with the figures that wait for it and what makes it."""
    waiting: dict[str, list[str]] = {}
    for name, lost in missing.items():
        for record in lost:
            waiting.setdefault(record, []).append(name)
    if waiting:
        click.echo(f"\nNot drawn, for want of a record in {records}:", err=True)
    for record, names in waiting.items():
        command = commands[record].replace(" results/", f" {records.as_posix()}/")
        click.echo(f"  {', '.join(names)}: no {record}, made by\n      {command}", err=True)
