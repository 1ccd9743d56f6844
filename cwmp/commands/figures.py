"""``cwmp figures``: a paper's figures, drawn from recorded results."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from cwmp.api import records as api
from cwmp.commands.shared import JSON, Known, one_line_errors, writes_files
from cwmp.pages.blocks import as_text


def _names() -> list[tuple[str, str]]:
    from figures.catalogue import CATALOGUE

    return [(entry.name, entry.shows) for entry in CATALOGUE.values()]


@click.command()
@click.argument("names", nargs=-1, type=Known("figure", _names))
@click.option("--records", default=api.RECORDS, show_default=True, type=click.Path(file_okay=False, path_type=Path),
              metavar="FOLDER", help="Folder of the recorded results.")  # fmt: skip
@click.option("--output", type=click.Path(file_okay=False, path_type=Path), metavar="FOLDER",
              help="Folder of the figures.  [default: figures in that of the records]")  # fmt: skip
@click.option("--venue", default="ieee", show_default=True, metavar="VENUE", help="Whose page widths: ieee or neurips.")
@JSON
@writes_files("output")
@one_line_errors
def figures(names: tuple[str, ...], records: Path, output: Path | None, venue: str, as_json: bool) -> None:
    """Draw figures from recorded results, as PDF and PNG.

    NAMES: of figures; default: all. Each is printed with its caption. Where a record is missing, the command that
    makes it is named.

    Exit code 2: nothing could be drawn, or not everything that was asked for by name.
    """
    say = (lambda name, paths, caption: None) if as_json else _say
    found = api.figures(*names, records=records, output=output, venue=venue, on_drawn=say)
    if as_json:
        click.echo(found.to_json())
    elif found.missing:
        click.echo(f"\n{as_text(found.lost())}", err=True)
    sys.exit(2 if not found.files or (names and found.missing) else 0)


def _say(name: str, paths: tuple[Path, ...], caption: str) -> None:
    click.echo(as_text(api.drawn(name, paths, caption)))
