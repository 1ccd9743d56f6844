"""``cwmp report``: everything the records say, on one page."""

from __future__ import annotations

from pathlib import Path

import click

from command_line.shared import extra, one_line_errors
from theory.provenance import write_atomically


@click.command()
@click.option("--records", default=Path("results"), show_default=True, type=click.Path(file_okay=False, path_type=Path),
              help="Folder of the recorded results.")  # fmt: skip
@click.option("--output", default=Path("results/report.html"), show_default=True,
              type=click.Path(dir_okay=False, path_type=Path), help="Where to write the page.")  # fmt: skip
@click.option("--latex", type=click.Path(file_okay=False, path_type=Path),
              help="Folder for the tables of claims, laws and experiment as LaTeX, too.")  # fmt: skip
@one_line_errors
def report(records: Path, output: Path, latex: Path | None) -> None:
    """Write everything the recorded results say to one HTML page, which needs nothing but a browser.

    Parts whose records are missing say which command makes them. Exit code 2: there are no records at all.
    """
    pages, tables, evidence = extra("figures.report", ("page", "latex", "evidence"), "the report", "figures")
    text = pages.page(records)
    write_atomically(output, text)
    click.echo(f"{output} ({len(text.encode()) / 1e6:.1f} MB)")
    if latex is not None:
        for name, table in tables.tables(evidence.Evidence(records)).items():
            write_atomically(latex / f"{name}.tex", table)
            click.echo(latex / f"{name}.tex")
