"""``cwmp verify`` and ``cwmp table``: judge the claims."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path
from typing import Any

import click

from cwmp.commands.shared import CLAIM_ID, extra, one_line_errors, writes_files
from theory.claims.provenance import strict_json
from theory.files.outputs import protecting, write_atomically


@click.command()
@click.argument("claims", nargs=-1, type=CLAIM_ID)
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Of every random draw.")
@click.option("--jobs", type=click.IntRange(1), default=os.cpu_count(), show_default=True, help="Checks at a time.")
@click.option(
    "--output", type=click.Path(file_okay=False, path_type=Path), default=Path("runs/verify"), show_default=True,
    help="Folder of the verdict files; a stopped run goes on from them.",
)  # fmt: skip
@click.option("--fresh", is_flag=True, help="Judge again what has a verdict already.")
@click.option("--json", "as_json", is_flag=True, help="Print the verdicts as JSON.")
@click.option("--quiet", is_flag=True, help="No progress on standard error.")
@writes_files("output")
@one_line_errors
def verify(
    claims: tuple[str, ...], seed: int, jobs: int, output: Path, fresh: bool, as_json: bool, quiet: bool
) -> None:
    """Judge the CLAIMS (default: all) by every method that applies."""
    audit, table, checks = _verification()
    wanted = checks.checks_of([c[:1].upper() + c[1:].lower() for c in claims]) if claims else checks.CHECKS

    def progress(verdict: Any, done: int, total: int) -> None:
        if not quiet:
            line = f"[{done:>3}/{total}] {verdict.claim:<5}{verdict.method:<14}{verdict.outcome.value}"
            click.echo(f"{line} ({verdict.seconds:.1f} s)", err=True)

    output.mkdir(parents=True, exist_ok=True)
    try:
        verdicts = audit.run_checks(wanted, seed=seed, folder=output, jobs=jobs, fresh=fresh, on_progress=progress)
    except KeyboardInterrupt:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # an impatient second one would only garble the exit
        click.echo(f"cwmp: stopped; what is finished is in {output}, the same command goes on from there", err=True)
        sys.exit(130)
    rows = audit.summarise(verdicts)
    if as_json:
        click.echo(strict_json([row.fields() for row in rows]))
    else:
        click.echo(table.terminal_table(rows))
        click.echo(f"\n{_summary(rows)} Verdict files: {output}")
    sys.exit(audit.exit_code(rows))


def _verification() -> tuple[Any, ...]:
    """The modules of ``proofs_check``, whose solvers are an extra."""
    return extra("proofs_check", ("verify", "table", "checks"), "judging claims", "verify")


def _summary(rows: list[Any]) -> str:
    refuted = sum(row.refuted for row in rows)
    unexpected = [row.claim.id for row in rows if row.standing != "as expected"]
    ending = f"not as expected: {', '.join(unexpected)}." if unexpected else "all as the claim table expects."
    return f"Claims judged: {len(rows)}, of which {len(rows) - refuted} stand and {refuted} are refuted; {ending}"


@click.command()
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option(
    "--into", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="Page whose table is replaced."
)
@one_line_errors
def table(folder: Path, into: Path | None) -> None:
    """Print the claim table of the verdict files in FOLDER as Markdown.

    In a page, what stands between its two markers is replaced and nothing else.
    """
    _, tables, _ = _verification()
    markdown = tables.table_of(folder)
    if into is None:
        click.echo(markdown)
    else:
        with protecting(*folder.glob("*.json")):
            write_atomically(into, tables.replaced_in(into, markdown), tables.PAGE)
