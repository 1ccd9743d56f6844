"""``cwmp check``: hold anyone's selector to what it promises."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from command_line.shared import KEY, extra, one_line_errors
from theory.files import read_update
from theory.provenance import strict_json


@click.command("check")
@click.argument("selector", metavar="MODULE:NAME")
@click.option(
    "--score", type=click.Choice(["l2", "l1", "magnitude"]), help="g^2/c, |g|/c or |g|; default: none promised."
)
@click.option("--rounding", type=click.Choice(["prefix", "fill", "best-of"]), help="Default: none promised.")
@click.option("--exact", is_flag=True, help="It promises the optimum.")
@click.option("--claim", "claims", multiple=True, help="Only the checks of this claim, such as D5; may be repeated.")
@click.option("--check", "checks", multiple=True, help="Only this check; may be repeated.")
@click.option("--skip", multiple=True, help="Leave this check out; may be repeated.")
@click.option("--cost", "cost_model", help="Costs it is made for: equal, integers, decimals, or an energy model.")
@click.option("--update", type=click.Path(path_type=Path), help="A real update, to draw coordinates from.")
@KEY
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Of every random draw.")
@click.option("--examples", type=click.IntRange(1), default=60, show_default=True, help="Instances drawn per check.")
@click.option("--seconds", type=click.FloatRange(0.1), default=5.0, show_default=True, help="Limit of one check.")
@click.option("--json", "as_json", is_flag=True, help="Print the report as JSON.")
@click.option("--quiet", is_flag=True, help="No progress on standard error.")
@one_line_errors
def check_command(
    selector: str,
    score: Any,
    rounding: Any,
    exact: bool,
    update: Path | None,
    key: str | None,
    as_json: bool,
    quiet: bool,
    **options: Any,
) -> None:
    """Check anyone's selector MODULE:NAME against what it promises; exit code 1 when it breaks a promise.

    NAME is a function (update, cost, budget) or a Selector, which brings its own promise.
    """
    (checks,) = extra("proofs_check", ("selector",), "checking selectors", "verify")
    promise = checks.Promise(score, rounding, exact) if score or rounding or exact else None

    def progress(result: Any) -> None:
        if not quiet:
            click.echo(f"{result.check:<26}{result.status}", err=True)

    lists = {name: options.pop(name) or None for name in ("claims", "checks")}
    data = read_update(update, key).update if update else None
    report = checks.check_selector(
        selector, promise, update=data, on_fail="report", on_result=progress, **lists, **options
    )
    click.echo(strict_json(report.fields()) if as_json else str(report))
    sys.exit(0 if report.passed else 1)
