"""``cwmp pareto``: accuracy against energy."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path
from typing import Any

import click

from cwmp.api import records as api
from cwmp.api.checks import needing
from cwmp.commands.shared import QUIET, one_line_errors, writes_files
from theory.claims.provenance import strict_json


@click.command()
@click.argument("preset")
@click.option("--data", type=click.Path(file_okay=False, path_type=Path), metavar="FOLDER",
              help="Folder with CIFAR-10.")  # fmt: skip
@click.option("--download", is_flag=True, help="Fetch CIFAR-10 into that folder first (170 MB, needs torchvision).")
@click.option(
    "--jobs",
    type=click.IntRange(1),
    metavar="NUMBER",
    default=os.cpu_count(),
    show_default=True,
    help="How many runs work at a time.",
)
@click.option(
    "--output", type=click.Path(file_okay=False, path_type=Path), metavar="FOLDER",
    help="Folder of the runs.  [default: runs/PRESET]",
)  # fmt: skip
@click.option("--device", type=click.Choice(["cpu", "cuda"]), help="Where clients train.  [default: the preset's]")
@click.option(
    "--seeds", type=int, metavar="NUMBER", help="Number of paired seeds, the preset's first ones.  [default: all]"
)
@click.option("--small", is_flag=True, help="The form for two cores of paper and safe; a shorter one of neighbours.")
@click.option("--judge-only", is_flag=True, help="Judge finished runs as they are, of whatever revision; run nothing.")
@click.option("--json", "as_json", is_flag=True, help="Print the verdicts as JSON.")
@QUIET
@writes_files("output")
@one_line_errors
def pareto(
    preset: str, data: Path | None, download: bool, jobs: int, output: Path | None, device: str | None,
    seeds: int | None, small: bool, judge_only: bool, as_json: bool, quiet: bool,
) -> None:  # fmt: skip
    """Train with every method of a PRESET, and judge accuracy against energy.

    PRESET: smoke (offline, a minute or two), credible and neighbours (two cores), full (a GPU); paper (the paper's
    setting, at second hand) and safe (a selector that never loses) on a GPU, or --small on two cores.

    Exit code 3: CWMP's frontier, or what paper and safe ask, is undecided, as the three seeds of smoke must leave it.
    """
    reports = needing("empirical", "the experiment", "empirical.judgement.report")

    def progress(state: Any) -> None:
        if not quiet and (state.finished or sys.stderr.isatty()):
            live = sys.stderr.isatty()
            click.echo(f"\r{reports.progress_line(state)}\x1b[K" if live else reports.progress_line(state),
                       err=True, nl=bool(state.finished) or not live)  # fmt: skip

    preset += "-small" * small
    output = output or Path("runs") / preset
    try:
        outcome = api.pareto(
            preset, data=data, download=download, jobs=jobs, output=output, device=device, seeds=seeds,
            judge_only=judge_only, on_progress=progress,
        )  # fmt: skip
    except KeyboardInterrupt:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        click.echo(f"\ncwmp: stopped; finished rounds are in {output}, the same command goes on from there", err=True)
        sys.exit(130)
    click.echo(strict_json(outcome.fields()) if as_json else f"{outcome.text}\n\nRuns and verdicts: {output}")
    sys.exit(3 if outcome.undecided else 0)
