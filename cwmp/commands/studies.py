"""``cwmp study``: the records that the figures of the theory are drawn from."""

from __future__ import annotations

import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from cwmp.api import records as api
from cwmp.commands.shared import KEY, QUIET, Known, one_line_errors, writes_files


def _names() -> list[tuple[str, str]]:
    from proofs_check.studies.table import STUDIES

    return [(one.name, one.about) for one in STUDIES.values()]


@click.command()
@click.argument("names", nargs=-1, type=Known("study", _names))
@click.option(
    "--seed",
    type=click.IntRange(min=0),
    metavar="NUMBER",
    default=0,
    show_default=True,
    help="Seed of every random draw.",
)
@click.option("--update", type=click.Path(path_type=Path), metavar="FILE",
              help="File of an update for geometry, instead of a drawn one.")  # fmt: skip
@KEY
@click.option("--output", type=click.Path(file_okay=False, path_type=Path), default=api.RECORDS, show_default=True,
              metavar="FOLDER", help="Folder of the results, as figures and report read it; the records go into its "
              "folder studies, and what is there already is not computed again.")  # fmt: skip
@click.option("--fresh", is_flag=True, help="Compute again what is there already.")
@QUIET
@writes_files("output")
@one_line_errors
def study(
    names: tuple[str, ...], seed: int, update: Path | None, key: str | None, output: Path, fresh: bool, quiet: bool
) -> None:
    """Compute the records behind the figures of the theory.

    NAMES: geometry, frontier, gap, efficiency, saving, contraction, hardware, price, pages.
    Default: all, two minutes on one core.
    """
    show, done = ((lambda one, share: None), (lambda one, seconds, kept: None)) if quiet else _live()
    try:
        found = api.study(
            *names, seed=seed, update=update, key=key, output=output, fresh=fresh, on_progress=show, on_record=done
        )
    except KeyboardInterrupt:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        place = api.studies_in(output)
        words = f"stopped; finished records are in {place}, the same command goes on from there"
        click.echo(f"\ncwmp: {words}", err=True)
        sys.exit(130)
    click.echo(str(found))


def _live() -> tuple[Callable[[Any, float], None], Callable[[Any, float, bool], None]]:
    """Progress in place, where somebody watches, at most five times a second; a line for each finished study."""
    last = 0.0

    def show(one: Any, share: float) -> None:
        nonlocal last
        if sys.stderr.isatty() and time.monotonic() - last > 0.2:
            last = time.monotonic()
            click.echo(f"\r{one.name:<12}{share:4.0%}", nl=False, err=True)

    def done(one: Any, seconds: float, kept: bool) -> None:
        words = "there already" if kept else f"{one.about} ({seconds:.1f} s)"
        click.echo(f"{chr(13)}{chr(27)}[K" * sys.stderr.isatty() + f"{one.name:<12}{words}", err=True)

    return show, done
