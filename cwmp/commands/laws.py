"""``cwmp audit`` and ``cwmp saving``: bounds and savings under a law."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from cwmp.api import laws as api
from cwmp.api.clients import saving_of_clients, saving_of_norms
from cwmp.commands.shared import (
    COST_TEXT,
    JSON,
    KEY,
    KIND,
    LAYERS,
    PLOT,
    QUIET,
    Several,
    check_plot,
    counted,
    one_line_errors,
    save_plot,
    writes_files,
)
from cwmp.pages.blocks import as_text
from theory.claims.provenance import strict_json
from theory.errors import InputError
from theory.laws.custom import named_law


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
        click.option("--magnitude", metavar="LAW", help='Law of |g|, such as "t(df=3)" or "spike(0.5, laplace())".'),
        click.option("--update", "updates", multiple=True, type=click.Path(path_type=Path), metavar="FILE",
                     help="File of a real update, instead of a law; may be repeated."),
        click.option("--law", "custom", metavar="MODULE:FUNCTION",
                     help="A law of your own: sample(rng, n) returns n values of g and n costs."),
        click.option("--cost", type=COST_TEXT, metavar="COSTS",
                     help='Law such as "lognorm(s=1)"; for an update also what certify takes.'),
        LAYERS,
        KIND,
        KEY,
        click.option("--correlation", default=0.0, metavar="NUMBER", show_default=True,
                     help="Correlation of the normal scores of |g| and c (Gaussian copula), between -1 and 1."),
        click.option("--seed", type=click.IntRange(min=0), metavar="NUMBER", default=0, show_default=True,
              help="Seed of every random draw."),
        JSON,
    ]):  # fmt: skip
        command = option(command)
    return command


def _laws(
    magnitude: str | None, updates: tuple[Path, ...], custom: str | None, cost: str | None, layers: Path | None,
    kinds: tuple[str, ...], key: str | None, correlation: float, seed: int,
) -> list[api.AnyLaw]:  # fmt: skip
    """The law of two texts, or one law of data for each file."""
    if custom is not None:
        options = {"--magnitude": magnitude, "--update": updates, "--cost": cost, "--layers": layers, "--kind": kinds,
                   "--key": key, "--correlation": correlation}  # fmt: skip
        if others := [name for name, value in options.items() if value]:
            raise InputError(f"--law {custom} draws magnitudes and costs itself; leave out {', '.join(others)}")
        return [named_law(custom, seed=seed)]
    if (magnitude is None) == (not updates):
        raise InputError('give one of --magnitude "t(df=3)", --update FILE and --law module:function')
    if cost is None:
        costs = 'costs such as "fc-dear" or "fc=10,rest=1"' if updates else 'a law such as "lognorm(s=0.3)"'
        raise InputError(f"--cost is missing: {costs}")
    if magnitude is not None:
        if kinds:
            raise InputError("--kind belongs to --update; a law has no layers")
        if layers:
            raise InputError("--layers belongs to --update; a law has no layers")
        return [api.law_of_texts(magnitude, cost, correlation)]
    if correlation:
        raise InputError("--correlation belongs to --magnitude; data bring their own dependence")
    return [api.law_given(path, cost, layers=layers, kinds=kinds, key=key, seed=seed) for path in updates]


@click.command()
@_law_options
@click.option("--budget", default=",".join(api.BUDGETS), show_default=True, type=Several("shares"), metavar="SHARES",
              help="Shares of sending everything, with commas between.")  # fmt: skip
@click.option("--dim", "dims", default="2000", show_default=True, type=_Dims(), metavar="NUMBERS",
              help="Coordinates of an instance; several (2000,8000,32000) show what a small number does.")  # fmt: skip
@click.option(
    "--claims",
    default="",
    metavar="CLAIMS",
    help="Claims to audit, such as P7,P9.  [default: all that instances can violate]",
)
@click.option("--trials", default=1000, metavar="NUMBER", show_default=True, help="Instances at each budget, at most.")
@click.option(
    "--jobs",
    type=click.IntRange(1),
    metavar="NUMBER",
    default=os.cpu_count(),
    show_default=True,
    help="How many processes work.",
)
@click.option("--dask", metavar="ADDRESS", help="Dask scheduler, such as tcp://host:8786, instead of --jobs.")
@click.option("--output", type=click.Path(file_okay=False, path_type=Path), default=Path("runs/audit"),
              metavar="FOLDER", show_default=True,
              help="Folder of reports and batches; a stopped audit goes on.")  # fmt: skip
@PLOT
@QUIET
@writes_files("output", "plot")
@one_line_errors
def audit(
    magnitude: str | None, updates: tuple[Path, ...], custom: str | None, cost: str | None, layers: Path | None,
    kinds: tuple[str, ...], key: str | None, correlation: float, seed: int,
    as_json: bool, budget: list[str], dims: list[int], claims: str, trials: int,
    jobs: int, dask: str | None, output: Path, plot: Path | None, quiet: bool,
) -> None:  # fmt: skip
    """Audit the probabilistic bounds under a law, or under that of real updates.

    The law is one of magnitudes and costs. How often is each bound violated on drawn instances, how tight is it, and
    what is saved?

    Exit code 1: a bound is violated; 3: one was violated and the trials do not say how often.
    """
    laws = _laws(magnitude, updates, custom, cost, layers, kinds, key, correlation, seed)
    check_plot(plot)
    options: dict[str, Any] = {"dim": dims, "claims": claims, "trials": trials, "seed": seed}
    for law in laws:  # before the first of them is begun
        api.audit_plans(law, budget, **options)
    try:
        found = [
            api.audit(law, None, budget, jobs=jobs, dask=dask, output=output,
                      on_progress=counted("batches", quiet=quiet), **options)
            for law in laws
        ]  # fmt: skip
    except KeyboardInterrupt:
        click.echo(f"cwmp: stopped; what is finished is in {output}, the same command goes on from there", err=True)
        sys.exit(130)
    reports = [report for one in found for report in one.reports]
    click.echo(strict_json(reports) if as_json else "\n\n".join(map(str, found)))
    save_plot(found[0], plot, quiet=as_json)
    sys.exit(max(one.exit_code for one in found))


@click.command()
@_law_options
@click.option("--budget", default="10%", show_default=True, type=Several("budgets"), metavar="BUDGETS",
              help="Shares of sending everything, with commas between; for an update also joules.")  # fmt: skip
@click.option(
    "--target",
    default="10%",
    show_default=True,
    metavar="SHARE",
    help="Share of energy saved whose break-even is asked for.",
)
@click.option("--clients", is_flag=False, flag_value="", metavar="[LAW]",
              help="What one price for clients saves: the updates are theirs, a LAW that of their norms.")  # fmt: skip
@PLOT
@writes_files("plot")
@one_line_errors
def saving(
    magnitude: str | None, updates: tuple[Path, ...], custom: str | None, cost: str | None, layers: Path | None,
    kinds: tuple[str, ...], key: str | None, correlation: float, seed: int,
    as_json: bool, budget: list[str], target: str, clients: str | None, plot: Path | None,
) -> None:  # fmt: skip
    """Say how much energy CWMP saves, predicted and exact, and when it is worth it."""
    check_plot(plot)
    if clients == "":
        options = {"--magnitude LAW": magnitude, "--law": custom, "--correlation": correlation, "--plot": plot}
        if others := [name for name, value in options.items() if value]:
            raise InputError(f"--clients without a law compares the updates; leave out {', '.join(others)}")
        if cost is None:
            raise InputError('--cost is missing: costs such as "fc-dear" or "fc=10,rest=1"')
        each = {"layers": layers, "kinds": kinds, "key": key}
        several = [saving_of_clients(updates, cost, one, **each) for one in budget]
        click.echo(strict_json([one.to_dict() for one in several]) if as_json else "\n\n".join(map(str, several)))
        return
    laws = _laws(magnitude, updates, custom, cost, layers, kinds, key, correlation, seed)
    found = [api.saving_of(law, one, target) for law in laws for one in budget]
    page, data = api.savings_page(found), [one.to_dict() for one in found]
    if clients is not None:
        norms = [saving_of_norms(clients, one.report["tail"], seed, one.report["V"].value) for one in found]
        page = [block for one, more in zip(found, norms, strict=True) for block in (*one.page(), *more.page())]
        data = [one | {"clients": more.to_dict()} for one, more in zip(data, norms, strict=True)]
    click.echo(strict_json(data) if as_json else as_text(page))
    save_plot(found[0], plot, quiet=as_json)
