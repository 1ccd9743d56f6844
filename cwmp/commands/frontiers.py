"""``cwmp frontier``: norm kept against energy over budgets."""

from __future__ import annotations

from pathlib import Path

import click

from cwmp.api.frontiers import BUDGETS, frontier
from cwmp.commands.shared import (
    COST,
    JSON,
    KEY,
    KIND,
    LAYERS,
    PLOT,
    QUIET,
    UPDATE,
    Several,
    check_plot,
    counted,
    one_line_errors,
    save_plot,
    writes_files,
)


@click.command("frontier")
@UPDATE
@COST
@click.option("--budget", type=Several("budgets"), metavar="BUDGETS", default=",".join(BUDGETS), show_default=True,
              help="Shares such as 1%,10%, or joules such as 3mJ, with commas between.")  # fmt: skip
@LAYERS
@KIND
@KEY
@click.option("--exact/--no-exact", default=True, show_default=True,
              help="Whether the optimum of each budget is searched for and certified.")  # fmt: skip
@PLOT
@JSON
@QUIET
@writes_files("plot")
@one_line_errors
def frontier_command(
    update: Path, cost: str, budget: list[str], layers: Path | None, kinds: tuple[str, ...], key: str | None,
    exact: bool, plot: Path | None, as_json: bool, quiet: bool,
) -> None:  # fmt: skip
    """Trace the norm kept against energy, and find where CWMP is not optimal.

    A row for each budget: what Top-K, CWMP, the optimum and the relaxation keep of UPDATE; below, the swap that wins
    wherever CWMP is not optimal.
    """
    check_plot(plot)
    progress = counted("budgets", quiet=quiet)
    found = frontier(update, cost, budget, layers=layers, kinds=kinds, key=key, exact=exact, on_progress=progress)
    click.echo(found.to_json() if as_json else str(found))
    save_plot(found, plot, quiet=as_json)
