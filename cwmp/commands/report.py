"""``cwmp report``: everything the records say, on one page."""

from __future__ import annotations

from pathlib import Path

import click

from cwmp.commands.shared import extra, one_line_errors, writes_files
from theory.files.outputs import PAGE, TABLE, check_output, protecting, write_atomically


@click.command()
@click.option("--records", default=Path("results"), show_default=True, type=click.Path(file_okay=False, path_type=Path),
              help="Folder of the recorded results.")  # fmt: skip
@click.option("--output", default=Path("results/report.html"), show_default=True,
              type=click.Path(dir_okay=False, path_type=Path), help="Where to write the page.")  # fmt: skip
@click.option("--latex", type=click.Path(file_okay=False, path_type=Path),
              help="Folder for the tables of claims, laws and experiment as LaTeX, too.")  # fmt: skip
@writes_files("output", "latex")
@one_line_errors
def report(records: Path, output: Path, latex: Path | None) -> None:
    """Write everything the recorded results say to one HTML page, which needs nothing but a browser.

    Parts whose records are missing say which command makes them. Exit code 2: there are no records at all.
    """
    pages, tables, evidence = extra("figures.report", ("page", "latex", "evidence"), "the report", "figures")
    with protecting(*evidence.record_files(records)):
        check_output(output, PAGE)
        text = pages.page(records)
        extras = tables.tables(evidence.Evidence(records)) if latex is not None else {}
        files = {(latex or Path()) / f"{name}.tex": table for name, table in extras.items()}
        for path in files:
            check_output(path, TABLE)
        write_atomically(output, text, PAGE)
        click.echo(f"{output} ({len(text.encode()) / 1e6:.1f} MB)")
        for path, table in files.items():
            write_atomically(path, table, TABLE)
            click.echo(path)
