"""``cwmp study``: the records that the figures of the theory are drawn from."""

from __future__ import annotations

import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path

import click

from cwmp.commands.shared import KEY, Known, one_line_errors, writes_files
from theory.errors import InputError


def _names() -> list[tuple[str, str]]:
    from proofs_check.studies.table import STUDIES

    return [(one.name, one.about) for one in STUDIES.values()]


@click.command()
@click.argument("names", nargs=-1, type=Known("study", _names))
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Of every random draw.")
@click.option(
    "--update", type=click.Path(path_type=Path), help="File of an update for geometry, instead of a drawn one."
)
@KEY
@click.option(
    "--output", type=click.Path(file_okay=False, path_type=Path), default=Path("runs/studies"), show_default=True,
    help="Folder of the records; what is there already is not computed again.",
)  # fmt: skip
@click.option("--fresh", is_flag=True, help="Compute even so.")
@click.option("--quiet", is_flag=True, help="No progress on standard error.")
@writes_files("output")
@one_line_errors
def study(
    names: tuple[str, ...], seed: int, update: Path | None, key: str | None, output: Path, fresh: bool, quiet: bool
) -> None:
    """Compute the records behind the figures of the theory: NAMES, or all (two minutes on one core).

    NAMES: geometry, frontier, gap, efficiency, saving, contraction.
    """
    from proofs_check.studies import records
    from proofs_check.studies.table import STUDIES

    wanted = records.chosen(names)
    if update and not any(one.takes_update for one in wanted):
        takers = ", ".join(name for name, one in STUDIES.items() if one.takes_update)
        raise InputError(f"--update is for {takers}, which is not asked for")
    for done, one in enumerate(wanted, 1):
        head, start = f"[{done}/{len(wanted)}] {one.name:<12}", time.monotonic()
        progress = (lambda share: None) if quiet else _live(head)
        try:
            _, kept = records.run_study(one, output, seed=seed, update=update, key=key, fresh=fresh, progress=progress)
        except KeyboardInterrupt:
            signal.signal(signal.SIGINT, signal.SIG_IGN)
            click.echo(
                f"\ncwmp: stopped; finished records are in {output}, the same command goes on from there", err=True
            )
            sys.exit(130)
        if not quiet:
            words = "there already" if kept else f"{one.about} ({time.monotonic() - start:.1f} s)"
            click.echo(f"\r\x1b[K{head}{words}" if sys.stderr.isatty() else f"{head}{words}", err=True)
    click.echo(f"Records: {output}")


def _live(head: str) -> Callable[[float], None]:
    """Progress in place, where somebody watches: at most five times a second."""
    last = 0.0

    def show(share: float) -> None:
        nonlocal last
        if sys.stderr.isatty() and time.monotonic() - last > 0.2:
            last = time.monotonic()
            click.echo(f"\r{head}{share:4.0%}", nl=False, err=True)

    return show
