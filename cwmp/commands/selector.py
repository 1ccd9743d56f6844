"""``cwmp check``: hold anyone's selector to what it promises."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from cwmp.commands.shared import KEY, extra, one_line_errors
from theory.claims.provenance import strict_json
from theory.files.updates import read_update

PROMISED = ("score", "rounding", "exact", "ties", "seeded", "order_tolerance", "budget_tolerance", "dtypes")


@click.command("check")
@click.argument("selector", metavar="MODULE:NAME")
@click.option(
    "--score", type=click.Choice(["l2", "l1", "magnitude"]), help="g^2/c, |g|/c or |g|; default: none promised."
)
@click.option("--rounding", type=click.Choice(["prefix", "fill", "best-of"]), help="Default: none promised.")
@click.option("--exact", is_flag=True, default=None, help="It promises the optimum.")
@click.option("--ties", type=click.Choice(["lowest", "any"]), help="Which of identical coordinates are kept.")
@click.option("--random", is_flag=True, help="It draws, other coordinates every time.")
@click.option("--seeded", is_flag=True, default=None, help="It draws by a keyword seed=, the same of the same seed.")
@click.option("--order-tolerance", type=float, help="Scores closer than this, relatively, come in either order.")
@click.option("--budget-tolerance", help="Relative overspend that it allows itself.")
@click.option("--dtype", "dtypes", multiple=True, help="A precision it accepts, such as float16; may be repeated.")
@click.option("--claim", "claims", multiple=True, help="Only the checks of this claim, such as D5; may be repeated.")
@click.option("--check", "checks", multiple=True, help="Only this check; may be repeated.")
@click.option("--skip", multiple=True, help="Leave this check out; may be repeated.")
@click.option("--cost", "cost_model", help="Costs it is made for: equal, integers, decimals, or an energy model.")
@click.option("--update", type=click.Path(path_type=Path), help="A real update, to draw coordinates from.")
@click.option("--dims", metavar="SIZES", help="Sizes it is made for: 1-64,1000,1e5; default: 1 to 100,000.")
@KEY
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Of every random draw.")
@click.option("--examples", type=click.IntRange(1), default=60, show_default=True, help="Instances drawn per check.")
@click.option(
    "--seconds", type=click.FloatRange(0.1), default=60.0, show_default=True,
    help="Limit of one check; one that is cut short is inconclusive.",
)  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="Print the report as JSON.")
@click.option("--quiet", is_flag=True, help="No progress on standard error.")
@one_line_errors
def check_command(
    selector: str, update: Path | None, key: str | None, dims: str | None, as_json: bool, quiet: bool, **options: Any
) -> None:
    """Check anyone's selector MODULE:NAME against what it promises.

    NAME is a function (update, cost, budget), or a Selector, whose own promise the options add to.

    Exit code 1 when it breaks a promise; 3 when that stays open, as after a time limit or an interrupt.
    """
    checks, sizes = extra("proofs_check", ("selector", "selector.sizes"), "checking selectors", "verify")

    def progress(result: Any) -> None:
        if not quiet:
            click.echo(f"{result.check:<26}{result.status}", err=True)

    given = {"deterministic": False if options.pop("random") else None}
    given |= {name: options.pop(name) or None for name in PROMISED}
    promised = {name: value for name, value in given.items() if value is not None}
    lists = {name: options.pop(name) or None for name in ("claims", "checks")}
    data = read_update(update, key).update if update else None
    report = checks.check_selector(
        selector, promised=promised, update=data, dims=sizes.read_dims(dims) if dims else None, on_fail="report",
        on_result=progress, **lists, **options,
    )  # fmt: skip
    click.echo(strict_json(report.fields()) if as_json else str(report))
    sys.exit({"passed": 0, "broken": 1, "inconclusive": 3}[report.verdict])
