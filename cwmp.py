"""The command line: judge the claims, certify an update, check a certificate.

Exit codes: 0 as expected, 1 a verdict differs from what is expected, 2 bad input, 3 inconclusive.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Callable
from fractions import Fraction
from functools import wraps
from importlib import import_module
from pathlib import Path
from typing import Any

import click
import numpy as np

from theory.certificate import Certificate, certify, check_certificate, read_certificate
from theory.claims import CLAIMS
from theory.comparison import compared, comparison_text
from theory.energy import MODELS
from theory.errors import InputError
from theory.files import read_array, read_layers, read_update
from theory.instance import Instance
from theory.provenance import provenance, write_atomically
from theory.specs import Costs, budget_spec, cost_spec

_EXIT = {"exact": 0, "failed": 1, "refused": 1, "interval": 3}


def _one_line_errors(command: Callable[..., None]) -> Callable[..., None]:
    """Bad input ends with one line and exit code 2."""

    @wraps(command)
    def run(*args: Any, **options: Any) -> None:
        try:
            command(*args, **options)
        except InputError as error:
            _fail(str(error))
        except OSError as error:
            _fail(f"{error.filename or 'file'}: {error.strerror or error}")
        except MemoryError:
            _fail("not enough memory for an update of this size")

    return run


def _fail(message: str) -> None:
    click.echo(f"cwmp: {message}", err=True)
    sys.exit(2)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="cwmp")
def main() -> None:
    """Is energy-aware gradient pruning optimal? Proofs, certificates, measurements.

    Exit codes: 0 as expected, 1 a verdict differs from what is expected, 2 bad input, 3 inconclusive.
    """


class _ClaimId(click.ParamType):
    """A claim's id, completed from the table."""

    name = "claim"

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[Any]:
        from click.shell_completion import CompletionItem

        return [CompletionItem(c.id, help=c.title) for c in CLAIMS.values() if c.id.startswith(incomplete.upper())]


class _CostText(click.ParamType):
    """A cost text, completed with the energy models."""

    name = "costs"

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[Any]:
        from click.shell_completion import CompletionItem

        return [CompletionItem(m.name, help=m.summary) for m in MODELS.values() if m.name.startswith(incomplete)]


@main.command()
@click.argument("claims", nargs=-1, type=_ClaimId())
@click.option("--seed", default=0, show_default=True, help="Of every random draw.")
@click.option("--jobs", type=click.IntRange(1), default=os.cpu_count(), show_default=True, help="Checks at a time.")
@click.option(
    "--output", type=click.Path(file_okay=False, path_type=Path), default=Path("runs/verify"), show_default=True,
    help="Folder of the verdict files; a stopped run goes on from them.",
)  # fmt: skip
@click.option("--fresh", is_flag=True, help="Judge again what has a verdict already.")
@click.option("--json", "as_json", is_flag=True, help="Print the verdicts as JSON.")
@click.option("--quiet", is_flag=True, help="No progress on standard error.")
@_one_line_errors
def verify(
    claims: tuple[str, ...], seed: int, jobs: int, output: Path, fresh: bool, as_json: bool, quiet: bool
) -> None:
    """Judge the deterministic CLAIMS (default: all) by every method that applies."""
    audit, table, checks = _verification()
    wanted = checks.checks_of([c.upper()[:3] + c[3:].lower() for c in claims]) if claims else checks.CHECKS

    def progress(verdict: Any, done: int, total: int) -> None:
        if not quiet:
            line = f"[{done:>3}/{total}] {verdict.claim:<5}{verdict.method:<12}{verdict.outcome.value}"
            click.echo(f"{line} ({verdict.seconds:.1f} s)", err=True)

    output.mkdir(parents=True, exist_ok=True)
    try:
        verdicts = audit.run_checks(wanted, seed=seed, folder=output, jobs=jobs, fresh=fresh, on_progress=progress)
    except KeyboardInterrupt:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # an impatient second one would only garble the exit
        click.echo(f"cwmp: stopped; what is finished is in {output}, the same command goes on from there", err=True)
        sys.exit(130)
    rows = audit.summarise(verdicts)
    if as_json:
        click.echo(json.dumps([row.fields() for row in rows], indent=1))
    else:
        click.echo(table.terminal_table(rows))
        click.echo(f"\n{_summary(rows)} Verdict files: {output}")
    sys.exit(audit.exit_code(rows))


def _verification() -> tuple[Any, ...]:
    """The modules of ``proofs_check``, whose solvers are an extra."""
    return _extra("proofs_check", ("audit", "table", "checks"), "judging claims", "verify")


def _extra(package: str, names: tuple[str, ...], what: str, extra: str) -> tuple[Any, ...]:
    """Modules of a package that needs an extra."""
    try:
        return tuple(import_module(f"{package}.{name}") for name in names)
    except ModuleNotFoundError as error:
        raise InputError(f"{what} needs {error.name}: pip install 'cwmp[{extra}]'") from None


def _summary(rows: list[Any]) -> str:
    refuted = sum(row.refuted for row in rows)
    unexpected = [row.claim.id for row in rows if row.standing != "as expected"]
    ending = f"not as expected: {', '.join(unexpected)}." if unexpected else "all as the claim table expects."
    return f"Claims judged: {len(rows)}, of which {len(rows) - refuted} stand and {refuted} are refuted; {ending}"


@main.command()
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option(
    "--into", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="Page whose table is replaced."
)
@_one_line_errors
def table(folder: Path, into: Path | None) -> None:
    """Print the claim table of the verdict files in FOLDER as Markdown."""
    _, tables, _ = _verification()
    markdown = tables.table_of(folder)
    if into is None:
        click.echo(markdown)
    else:
        write_atomically(into, tables.replace_between(into.read_text(encoding="utf-8"), markdown))


@main.command("certify")
@click.argument("update", type=click.Path(path_type=Path))
@click.option("--cost", "cost_text", required=True, type=_CostText(),
              help="Energy model, joules, kind=joules list (fc=10,rest=1), or a .npy file.")  # fmt: skip
@click.option("--budget", "budget_text", required=True, help="A share such as 10%, or joules such as 0.4J or 3mJ.")
@click.option("--layers", type=click.Path(path_type=Path), help="JSON list of layers, for a plain vector.")
@click.option("--output", type=click.Path(dir_okay=False, path_type=Path), help="Where to write the certificate.")
@click.option("--json", "as_json", is_flag=True, help="Print the report as JSON.")
@_one_line_errors
def certify_command(
    update: Path, cost_text: str, budget_text: str, layers: Path | None, output: Path | None, as_json: bool
) -> None:
    """What CWMP keeps of UPDATE, what the optimum is, and how far apart they are, with a certificate.

    UPDATE is a .npy, .npz, .safetensors or .pt file. Exit code 3: the optimum is known up to an interval.
    """
    budget = budget_spec(budget_text)
    file = read_update(update)
    placed = read_layers(layers, file.update.size) if layers else file.layers
    costs = cost_spec(cost_text, placed)
    instance = Instance(file.update, costs.values, **budget.amount(costs, placed))
    output = output or Path(f"{update.name}.certificate.json")
    click.echo(f"certifying {instance.d} coordinates ...", err=True)
    note = {"update": update.name, "cost": cost_text, "budget": budget_text, "provenance": provenance()}
    certificate = certify(instance, note=note)
    cost_file = None
    if certificate.verdict != "failed":
        cost_file = _cost_beside(output, costs, instance, certificate)
        certificate.write(output)
    unit = "units" if costs.model and costs.model.relative else "J"
    report = compared(instance, certificate, file, unit)
    if as_json:
        click.echo(json.dumps(report, indent=1))
    else:
        click.echo(comparison_text(report))
        if certificate.verdict != "failed":
            given = f" --cost {cost_file}" if cost_file else ""
            click.echo(f"Certificate: {output}\nCheck it:    cwmp check-certificate {output} {update}{given}")
    sys.exit(_EXIT[certificate.verdict])


def _cost_beside(output: Path, costs: Costs, instance: Instance, certificate: Certificate) -> Path | None:
    """The file of per-coordinate costs that the checker needs, written next to the certificate if there is none."""
    if certificate.fields["cost"]["kind"] != "array":
        return None
    if costs.path is not None:
        return costs.path
    path = output.with_suffix(".cost.npy")
    path.parent.mkdir(parents=True, exist_ok=True)
    np.save(path, instance.cost)
    return path


@main.command("check-certificate")
@click.argument("certificate", type=click.Path(path_type=Path))
@click.argument("update", type=click.Path(path_type=Path))
@click.option("--cost", "cost_path", type=click.Path(path_type=Path), help=".npy file, if made from one cost each.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
@_one_line_errors
def check_certificate_command(certificate: Path, update: Path, cost_path: Path | None, as_json: bool) -> None:
    """Verify CERTIFICATE against UPDATE with the independent checker, which shares no code with the solver."""
    fields = read_certificate(certificate)
    data = read_update(update).update
    cost = read_array(cost_path, "the costs").reshape(-1) if cost_path else None
    result = check_certificate(fields, data, cost)
    if as_json:
        click.echo(json.dumps(result._asdict()))
    else:
        click.echo(f"{result.verdict}: {result.reason}")
        if result.verdict != "refused":
            spent, unit = Fraction(fields["spent"]), Fraction(fields["unit_joules"])
            click.echo(f"retained {float(Fraction(fields['retained'])):.9g}, spent {float(spent * unit):.9g}")
    sys.exit(_EXIT[result.verdict])


@main.command()
@click.argument("name", required=False)
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
@_one_line_errors
def models(name: str | None, as_json: bool) -> None:
    """List the energy models, or one of them with the source of every number."""
    from theory.energy import cost_model

    chosen = [cost_model(name)] if name else list(MODELS.values())
    if as_json:
        click.echo(json.dumps([model.fields() for model in chosen], indent=1))
        return
    for model in chosen:
        click.echo(f"{model.name:<14}{model.summary}")
        if name:
            for part, energy in model.fields()["joules_per_bit"].items():
                link = f" {energy['link']}" if energy["link"] else ""
                click.echo(f"  {part}: {energy['joules']} J/bit. {energy['source']}.{link}")
            click.echo(
                f"  {model.value_bits} bits a value, {model.index} indices, {model.word_bits} bits written a value"
            )


@main.command()
@click.argument("preset")
@click.option("--data", type=click.Path(file_okay=False, path_type=Path), help="Folder with CIFAR-10.")
@click.option("--download", is_flag=True, help="Fetch CIFAR-10 into that folder first (170 MB, needs torchvision).")
@click.option("--jobs", type=click.IntRange(1), default=os.cpu_count(), show_default=True, help="Runs at a time.")
@click.option(
    "--output", type=click.Path(file_okay=False, path_type=Path), help="Folder of the runs.  [default: runs/PRESET]"
)
@click.option("--json", "as_json", is_flag=True, help="Print the verdicts as JSON.")
@click.option("--quiet", is_flag=True, help="No progress on standard error.")
@_one_line_errors
def pareto(
    preset: str, data: Path | None, download: bool, jobs: int, output: Path | None, as_json: bool, quiet: bool
) -> None:
    """Train, compressed by every method of a PRESET, and judge accuracy against energy.

    PRESET: smoke (offline, a minute or two), credible (two cores), full (a GPU).

    Exit code 3: CWMP's frontier is undecided.
    """
    experiment, reports = _extra("empirical", ("experiment", "report"), "the experiment", "empirical")

    def progress(state: Any) -> None:
        if not quiet and (state.finished or sys.stderr.isatty()):
            live = sys.stderr.isatty()
            click.echo(f"\r{reports.progress_line(state)}\x1b[K" if live else reports.progress_line(state),
                       err=True, nl=bool(state.finished) or not live)  # fmt: skip

    output = output or Path("runs") / preset
    try:
        outcome = experiment.run(preset, data, download=download, folder=output, jobs=jobs, on_progress=progress)
    except KeyboardInterrupt:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        click.echo(f"\ncwmp: stopped; finished rounds are in {output}, the same command goes on from there", err=True)
        sys.exit(130)
    click.echo(json.dumps(outcome.fields(), indent=1) if as_json else f"{outcome.text}\n\nRuns and verdicts: {output}")
    sys.exit(3 if outcome.undecided else 0)


@main.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion(shell: str) -> None:
    """Print the completion script for SHELL; source it from your profile."""
    from click.shell_completion import get_completion_class

    made = get_completion_class(shell)
    assert made is not None
    click.echo(made(main, {}, "cwmp", "_CWMP_COMPLETE").source())


if __name__ == "__main__":
    main()
