"""``cwmp verify`` and ``cwmp table``: judge the claims."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path
from typing import Any

import click

from cwmp.api import checks as api
from cwmp.commands.shared import CLAIM_ID, JSON, QUIET, one_line_errors, writes_files
from theory.claims.provenance import strict_json
from theory.files.outputs import protecting, write_atomically


@click.command()
@click.argument("claims", nargs=-1, type=CLAIM_ID)
@click.option(
    "--seed",
    type=click.IntRange(min=0),
    metavar="NUMBER",
    default=0,
    show_default=True,
    help="Seed of every random draw.",
)
@click.option(
    "--jobs",
    type=click.IntRange(1),
    metavar="NUMBER",
    default=os.cpu_count(),
    show_default=True,
    help="How many checks work at a time.",
)
@click.option(
    "--output", type=click.Path(file_okay=False, path_type=Path), default=Path("runs/verify"), show_default=True,
    metavar="FOLDER", help="Folder of the verdict files; a stopped run goes on.",
)  # fmt: skip
@click.option("--fresh", is_flag=True, help="Judge again what has a verdict already.")
@JSON
@QUIET
@writes_files("output")
@one_line_errors
def verify(
    claims: tuple[str, ...], seed: int, jobs: int, output: Path, fresh: bool, as_json: bool, quiet: bool
) -> None:
    """Judge the CLAIMS (default: all) by every method that applies."""

    def progress(verdict: Any, done: int, total: int) -> None:
        if not quiet:
            line = f"[{done:>3}/{total}] {verdict.claim:<5}{verdict.method:<14}{verdict.outcome.value}"
            click.echo(f"{line} ({verdict.seconds:.1f} s)", err=True)

    try:
        found = api.verify(*claims, seed=seed, jobs=jobs, output=output, fresh=fresh, on_progress=progress)
    except KeyboardInterrupt:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # an impatient second one would only garble the exit
        click.echo(f"cwmp: stopped; what is finished is in {output}, the same command goes on from there", err=True)
        sys.exit(130)
    if as_json and found.left_out:
        click.echo(f"cwmp: {found.left_out}", err=True)
    click.echo(strict_json(found.to_dict()["rows"]) if as_json else f"{found}\nVerdict files: {output}")
    sys.exit(found.exit_code)


@click.command()
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option(
    "--into", type=click.Path(exists=True, dir_okay=False, path_type=Path), metavar="FILE",
    help="Page whose table is replaced, instead of printing it.",
)  # fmt: skip
@one_line_errors
def table(folder: Path, into: Path | None) -> None:
    """Print the claim table of the verdict files in FOLDER as Markdown.

    In a page, what stands between its two markers is replaced and nothing else.
    """
    tables = api.needing("verify", "judging claims", "proofs_check.table")
    markdown = tables.table_of(folder)
    if into is None:
        click.echo(markdown)
    else:
        with protecting(*folder.glob("*.json")):
            write_atomically(into, tables.replaced_in(into, markdown), tables.PAGE)
