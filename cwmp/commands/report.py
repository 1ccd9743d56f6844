"""``cwmp report``: everything the records say, on one page."""

from __future__ import annotations

from pathlib import Path

import click

from cwmp.api import records as api
from cwmp.commands.shared import one_line_errors, writes_files


@click.command()
@click.option("--records", default=api.RECORDS, show_default=True, type=click.Path(file_okay=False, path_type=Path),
              metavar="FOLDER", help="Folder of the recorded results.")  # fmt: skip
@click.option("--output", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE",
              help="Where to write the page.  [default: report.html in that folder]")  # fmt: skip
@click.option("--latex", type=click.Path(file_okay=False, path_type=Path), metavar="FOLDER",
              help="Folder for the tables of claims, laws and experiment as LaTeX, too.")  # fmt: skip
@writes_files("output", "latex")
@one_line_errors
def report(records: Path, output: Path | None, latex: Path | None) -> None:
    """Write everything the recorded results say to one HTML page.

    The page needs nothing but a browser. Parts whose records are missing say which command makes them.

    Exit code 2: there are no records at all.
    """
    click.echo(str(api.report(records, output, latex)))
