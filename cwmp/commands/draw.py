"""``cwmp draw``: the project's figures of one's own data."""

from __future__ import annotations

from pathlib import Path

import click

from cwmp.api.drawings import FIGURES, draw
from cwmp.commands.shared import (
    COST_TEXT,
    JSON,
    KEY,
    KIND,
    LAYERS,
    Known,
    Several,
    check_plot,
    one_line_errors,
    save_plot,
    writes_files,
)


@click.command("draw")
@click.argument("figure", type=Known("figure", lambda: [(name, about) for name, (about, _) in FIGURES.items()]))
@click.argument("update")
@click.option("--cost", required=True, type=COST_TEXT, metavar="COSTS",
              help="As for certify; for efficiency of a law, a law of costs.")  # fmt: skip
@click.option("--budget", type=Several("budgets"), metavar="BUDGETS",
              help="Shares such as 1%,10%, or joules such as 3mJ, with commas between; geometry takes one.  "
                   "[default: 5% for geometry, else nine from 0.5% to 70%]")  # fmt: skip
@LAYERS
@KIND
@KEY
@click.option("--seed", type=click.IntRange(min=0), metavar="NUMBER", default=0, show_default=True,
              help="Seed of every random draw.")  # fmt: skip
@click.option("--output", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE",
              help="Where to draw it: .pdf or .png.  [default: FIGURE.png]")  # fmt: skip
@JSON
@writes_files("output")
@one_line_errors
def draw_command(
    figure: str, update: str, cost: str, budget: list[str] | None, layers: Path | None, kinds: tuple[str, ...],
    key: str | None, seed: int, output: Path | None, as_json: bool,
) -> None:  # fmt: skip
    """Draw a FIGURE of UPDATE, its costs and a budget, and print its caption.

    FIGURE is geometry (what CWMP and Top-K keep, in the plane of cost and squared magnitude), gap (how far each
    rounding is below the optimum), efficiency (what CWMP retains over Top-K; UPDATE may be a law there) or contraction
    (the least share retained of any update, and what is retained of yours). Frontiers, savings, energies and audits are
    drawn by --plot of their commands.
    """
    place = output or Path(f"{figure}.png")
    check_plot(place)
    one = budget[0] if budget and len(budget) == 1 else budget
    found = draw(figure, update, cost, one, layers=layers, kinds=kinds, key=key, seed=seed)
    if as_json:
        click.echo(found.to_json())
    save_plot(found, place, quiet=as_json)
