"""``cwmp certify`` and ``cwmp check-certificate``: the optimum of a real update."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import click
import numpy as np

from cwmp.commands.certificate_files import check_places, cost_place
from cwmp.commands.shared import COST_TEXT, KEY, KIND, LAYERS, one_line_errors, placed, writes_files
from theory.checker import Result
from theory.claims.provenance import provenance, strict_json
from theory.energy.costs import Costs, budget_spec, cost_spec
from theory.energy.shares import shares, shares_fields, shares_text
from theory.errors import InputError
from theory.files.outputs import writing
from theory.files.updates import UpdateFile, read_update
from theory.instance import Instance
from theory.layers import Layer
from theory.optimum.certificate import (
    Certificate,
    brings_costs,
    certify,
    check_certificate,
    disagreement,
    read_certificate,
)
from theory.optimum.comparison import compared, comparison_text

_EXIT = {"exact": 0, "failed": 1, "refused": 1, "interval": 3}


@click.command("certify")
@click.argument("update", type=click.Path(path_type=Path))
@click.option("--cost", "cost_text", required=True, type=COST_TEXT,
              help="Energy model, joules, kind=joules list (fc=10,'enc.*=3',rest=1), or a .npy file.")  # fmt: skip
@click.option("--budget", "budget_text", required=True, help="A share such as 10%, or joules such as 0.4J or 3mJ.")
@LAYERS
@KIND
@KEY
@click.option("--output", type=click.Path(dir_okay=False, path_type=Path), help="Where to write the certificate.")
@click.option("--json", "as_json", is_flag=True, help="Print the report as JSON.")
@writes_files("output")
@one_line_errors
def certify_command(
    update: Path,
    cost_text: str,
    budget_text: str,
    layers: Path | None,
    kinds: tuple[str, ...],
    key: str | None,
    output: Path | None,
    as_json: bool,
) -> None:
    """What CWMP keeps of UPDATE, what the optimum is, and how far apart they are, with a certificate.

    UPDATE is a .npy, .npz, .safetensors or PyTorch file, an index of shards or a folder of them.

    Exit code 3: the optimum is known up to an interval.
    """
    budget = budget_spec(budget_text)
    file = read_update(update, key)
    here = placed(file, layers, kinds)
    costs = cost_spec(cost_text, here)
    instance = Instance(file.update, costs.values, **budget.amount(costs, here))
    default = Path(f"{update.absolute().name}.certificate.json")
    question = {"update": update.name, "key": key, "cost": cost_text, "budget": budget_text}
    question["kinds"] = ",".join(kinds) or None
    if replaced := check_places(output or default, question, costs.path, named=output is not None):
        click.echo(f"replacing the certificate of another question ({replaced})", err=True)
    output = output or default
    click.echo(f"certifying {instance.d} coordinates ...", err=True)
    table = shares(here, costs)
    note = {**question, "layers": shares_fields(table), "provenance": provenance()}
    unit = _energy_unit(costs)
    certificate = certify(instance, energy_unit=unit, note=note)
    cost_file = None
    if certificate.verdict != "failed":
        cost_file = _cost_beside(output, costs, instance, certificate)
        certificate.write(output)
    report = {**compared(instance, certificate, file, unit), "layers": shares_fields(table)}
    if as_json:
        click.echo(strict_json(report))
    else:
        click.echo(f"{comparison_text(report)}\n\n{shares_text(table)}\n")
        if certificate.verdict != "failed":
            given = (f" --cost {cost_file}" if cost_file else "") + (f" --key {key}" if key else "")
            click.echo(f"Certificate: {output}\nCheck it:    cwmp check-certificate {output} {update}{given}")
    sys.exit(_EXIT[certificate.verdict])


def _cost_beside(output: Path, costs: Costs, instance: Instance, certificate: Certificate) -> Path | None:
    """The file of per-coordinate costs that the checker needs, written next to the certificate if there is none."""
    if certificate.fields["cost"]["kind"] != "array":
        return None
    if costs.path is not None:
        return costs.path
    path, kind = cost_place(output)
    with writing(path, kind) as file:
        np.save(file, instance.cost)
    return path


@click.command("check-certificate")
@click.argument("certificate", type=click.Path(path_type=Path))
@click.argument("update", type=click.Path(path_type=Path))
@click.option("--cost", "cost_text", type=COST_TEXT,
              help="The costs it must be about, as for certify; needed if made from one cost each.")  # fmt: skip
@click.option("--budget", "budget_text", help="The budget it must be about, as for certify; with --cost.")
@LAYERS
@KIND
@KEY
@click.option("--scores", is_flag=True, help="UPDATE holds scores p, to be summed as they are, and no update.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
@one_line_errors
def check_certificate_command(
    certificate: Path, update: Path, cost_text: str | None, budget_text: str | None, layers: Path | None,
    kinds: tuple[str, ...], key: str | None, scores: bool, as_json: bool,
) -> None:  # fmt: skip
    """Verify CERTIFICATE against UPDATE with the independent checker, which shares no code with the solver.

    The answer names objective, budget, energy and costs. What is given here must be what the certificate says.
    """
    if budget_text and not cost_text:
        raise InputError("--budget needs --cost")
    fields, file, table = read_certificate(certificate), read_update(update, key), ""
    if cost_text:
        here = placed(file, layers, kinds)
        costs = cost_spec(cost_text, here)
        result = _check_given(fields, file, costs, budget_text, here, scores=scores)
        table = "" if costs.path else f"\n\n{shares_text(shares(here, costs))}"
    elif kinds:
        raise InputError("--kind needs --cost")
    else:
        result = check_certificate(fields, file.update, scores=scores)
    click.echo(strict_json(result._asdict()) if as_json else f"{result.verdict}: {result.reason}{table}")
    sys.exit(_EXIT[result.verdict])


def _check_given(
    fields: dict[str, Any], file: UpdateFile, costs: Costs, budget_text: str | None, here: Sequence[Layer], *,
    scores: bool,
) -> Result:  # fmt: skip
    """Costs from a file go to the checker; those of a text must be the certificate's own, and so must a budget."""
    amount = budget_spec(budget_text).amount(costs, here) if budget_text else {"fraction": Fraction(1)}
    instance = Instance.from_scores(np.zeros(file.update.size), costs.values, **amount)
    needed = costs.path is not None or not brings_costs(fields)
    result = check_certificate(fields, file.update, instance.cost if needed else None, scores=scores)
    if result.verdict == "refused":
        return result
    unit = None if costs.path else _energy_unit(costs)
    wrong = disagreement(fields, instance, unit, budget=budget_text is not None)
    return Result("refused", wrong) if wrong else result


def _energy_unit(costs: Costs) -> str:
    return "units" if costs.model and costs.model.relative else "J"
