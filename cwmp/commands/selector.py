"""``cwmp check``: hold anyone's selector to what it promises."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from cwmp.api.checks import check
from cwmp.commands.shared import JSON, KEY, QUIET, one_line_errors


@click.command("check")
@click.argument("selector", metavar="MODULE:NAME")
@click.option(
    "--score",
    type=click.Choice(["l2", "l1", "magnitude"]),
    help="g^2/c, |g|/c or |g|.  [default: none promised]",
)
@click.option(
    "--rounding",
    type=click.Choice(["prefix", "fill", "best-of"]),
    help="At the budget.  [default: none promised]",
)
@click.option("--exact", is_flag=True, default=None, help="It promises the optimum.")
@click.option("--ties", type=click.Choice(["lowest", "any"]), help="Which of identical coordinates it keeps.")
@click.option("--random", is_flag=True, help="It draws, other coordinates every time.")
@click.option("--seeded", is_flag=True, default=None, help="It draws by a keyword seed=, the same of the same seed.")
@click.option(
    "--order-tolerance", type=float, metavar="NUMBER", help="Scores closer than this, relatively, come in either order."
)
@click.option("--budget-tolerance", metavar="NUMBER", help="Relative overspend that it allows itself.")
@click.option(
    "--dtype",
    "dtypes",
    multiple=True,
    metavar="DTYPE",
    help="A precision it accepts, such as float16; may be repeated.",
)
@click.option(
    "--claim",
    "claims",
    multiple=True,
    metavar="CLAIM",
    help="Only the checks of this claim, such as D5; may be repeated.",
)
@click.option("--check", "checks", multiple=True, metavar="CHECK", help="Run only this check; may be repeated.")
@click.option("--skip", multiple=True, metavar="CHECK", help="Leave this check out; may be repeated.")
@click.option("--cost", metavar="COSTS", help="Costs it is made for: equal, integers, decimals, or an energy model.")
@click.option(
    "--update", type=click.Path(path_type=Path), metavar="FILE", help="A real update, to draw coordinates from."
)
@click.option("--dims", metavar="SIZES", help="Sizes it is made for: 1-64,1000,1e5.  [default: 1 to 100,000]")
@KEY
@click.option(
    "--seed",
    type=click.IntRange(min=0),
    metavar="NUMBER",
    default=0,
    show_default=True,
    help="Seed of every random draw.",
)
@click.option(
    "--examples",
    type=click.IntRange(1),
    metavar="NUMBER",
    default=60,
    show_default=True,
    help="Instances drawn per check.",
)
@click.option(
    "--seconds", type=click.FloatRange(0.1), metavar="SECONDS", default=60.0, show_default=True,
    help="Time limit of one check; one that is cut short is inconclusive.",
)  # fmt: skip
@JSON
@QUIET
@one_line_errors
def check_command(selector: str, update: Path | None, as_json: bool, quiet: bool, **options: Any) -> None:
    """Check anyone's selector MODULE:NAME against what it promises.

    NAME is a function (update, cost, budget), or a Selector, whose own promise the options add to.

    Exit code 1 when it breaks a promise; 3 when that stays open, as after a time limit or an interrupt.
    """

    def progress(result: Any) -> None:
        if not quiet:
            click.echo(f"{result.check:<26}{result.status}", err=True)

    options |= {name: options[name] or None for name in ("dtypes", "claims", "checks")}
    report = check(selector, update=update, on_result=progress, **options)
    click.echo(report.to_json() if as_json else str(report))
    sys.exit({"passed": 0, "broken": 1, "inconclusive": 3}[report.verdict])
