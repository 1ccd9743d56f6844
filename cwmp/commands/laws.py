"""``cwmp audit`` and ``cwmp saving``: bounds and savings under a law."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from cwmp.commands.shared import COST_TEXT, KEY, KIND, LAYERS, one_line_errors, writes_files
from theory.claims.provenance import strict_json
from theory.energy.shares import shares_text


class _Shares(click.ParamType):
    """Budget shares: ``10%`` or ``1%,10%``."""

    name = "shares"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        return value.split(",") if isinstance(value, str) else value


class _Dims(click.ParamType):
    """Numbers of coordinates: ``2000`` or ``2000,8000``."""

    name = "dims"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        if not isinstance(value, str):
            return value
        try:
            return [int(part) for part in value.split(",")]
        except ValueError:
            self.fail(f"{value!r} must be a number of coordinates, or several with commas between", param, ctx)


def _law_options(command: Callable[..., None]) -> Callable[..., None]:
    """What both commands on laws take."""
    for option in reversed([
        click.option("--magnitude", help='Law of |g|, such as "t(df=3)" or "spike(0.5, laplace())".'),
        click.option("--update", "updates", multiple=True, type=click.Path(path_type=Path), help="File; repeat."),
        click.option("--cost", "cost_text", required=True, type=COST_TEXT,
                     help='Law such as "lognorm(s=1)"; for an update also what certify takes.'),
        LAYERS,
        KIND,
        KEY,
        click.option("--correlation", default=0.0, help="Of the normal scores of |g| and c (Gaussian copula)."),
        click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Of every random draw."),
        click.option("--json", "as_json", is_flag=True, help="Print as JSON."),
    ]):  # fmt: skip
        command = option(command)
    return command


@click.command()
@_law_options
@click.option("--budget", "budgets", default="1%,10%", show_default=True, type=_Shares(), help="Shares.")
@click.option(
    "--dim",
    "dims",
    default="2000",
    show_default=True,
    type=_Dims(),
    help="Coordinates of an instance; several (2000,8000,32000) show what a small number does.",
)
@click.option("--claims", default="", help="Such as P7,P9; default: all that instances can violate.")
@click.option("--trials", default=1000, show_default=True, help="Instances at each budget, at most.")
@click.option("--jobs", type=click.IntRange(1), default=os.cpu_count(), show_default=True, help="Processes.")
@click.option("--dask", help="Address of a Dask scheduler, tcp://host:8786, instead of --jobs.")
@click.option("--output", type=click.Path(file_okay=False, path_type=Path), default=Path("runs/audit"),
              show_default=True, help="Folder of reports and finished batches; a stopped audit goes on.")  # fmt: skip
@writes_files("output")
@one_line_errors
def audit(
    magnitude: str | None, updates: tuple[Path, ...], cost_text: str, layers: Path | None,
    kinds: tuple[str, ...], key: str | None, correlation: float, seed: int, as_json: bool, budgets: list[str],
    dims: list[int], claims: str, trials: int, jobs: int, dask: str | None, output: Path,
) -> None:  # fmt: skip
    """Audit the probabilistic bounds under a law of magnitudes and costs, or under the law of real updates."""
    from proofs_check.law_audit import audit as law_audit
    from proofs_check.law_audit import page as law_report
    from theory.laws.inputs import given_laws, share_of

    laws = given_laws(magnitude, updates, cost_text, layers=layers, kinds=kinds, correlation=correlation, seed=seed,
                      key=key)  # fmt: skip
    wanted, betas = tuple(filter(None, claims.split(","))), tuple(share_of(text) for text in budgets)
    progress = lambda done, most: click.echo(f"[{done}/{most}] batches", err=True)  # noqa: E731
    options: dict[str, Any] = {"betas": betas, "claims": wanted, "trials": trials, "seed": seed}
    plans = [plan for law in laws for plan in law_audit.AuditPlan.at_several(law, dims, **options)]
    try:
        with law_audit.workers(jobs, dask):
            reports = [law_audit.audit_law(plan, folder=output, on_progress=progress) for plan in plans]
    except KeyboardInterrupt:
        click.echo(f"cwmp: stopped; what is finished is in {output}, the same command goes on from there", err=True)
        sys.exit(130)
    by_law = [reports[k : k + len(dims)] for k in range(0, len(reports), len(dims))]
    pages = [*map(shares_text, filter(None, (getattr(law, "shares", ()) for law in laws)))]
    pages += [*map(law_report.audit_text, reports), *(map(law_report.sizes_text, by_law) if len(dims) > 1 else ())]
    click.echo(strict_json(reports) if as_json else "\n\n".join(pages))
    sys.exit(max(map(law_report.exit_code, reports)))


@click.command()
@_law_options
@click.option("--budget", "budgets", default="10%", show_default=True, type=_Shares(), help="Shares.")
@click.option("--target", default="10%", show_default=True, help="Saving whose break-even is asked for.")
@one_line_errors
def saving(
    magnitude: str | None, updates: tuple[Path, ...], cost_text: str, layers: Path | None,
    kinds: tuple[str, ...], key: str | None, correlation: float, seed: int, as_json: bool, budgets: list[str],
    target: str,
) -> None:  # fmt: skip
    """How much energy CWMP would save you: predicted, exact, and when it is worth it."""
    from theory.laws.inputs import given_laws, share_of
    from theory.laws.saving import saving_report, saving_text

    laws = given_laws(magnitude, updates, cost_text, layers=layers, kinds=kinds, correlation=correlation, seed=seed,
                      key=key)  # fmt: skip
    reports = [saving_report(law, share_of(text), share_of(target, "target")) for law in laws for text in budgets]
    pages = [*map(shares_text, filter(None, (getattr(law, "shares", ()) for law in laws))), *map(saving_text, reports)]
    click.echo(strict_json(reports) if as_json else "\n\n".join(pages))
