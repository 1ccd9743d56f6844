"""``cwmp certify`` and ``cwmp check-certificate``: the optimum of a real update."""

from __future__ import annotations

import sys
from fractions import Fraction
from pathlib import Path

import click
import numpy as np

from command_line.certificate_files import check_places, cost_place
from command_line.shared import COST_TEXT, KEY, one_line_errors, writes_files
from theory.certificate import Certificate, certify, check_certificate, read_certificate
from theory.comparison import compared, comparison_text
from theory.files import read_array, read_layers, read_update
from theory.instance import Instance
from theory.outputs import writing
from theory.provenance import provenance, strict_json
from theory.specs import Costs, budget_spec, cost_spec

_EXIT = {"exact": 0, "failed": 1, "refused": 1, "interval": 3}


@click.command("certify")
@click.argument("update", type=click.Path(path_type=Path))
@click.option("--cost", "cost_text", required=True, type=COST_TEXT,
              help="Energy model, joules, kind=joules list (fc=10,rest=1), or a .npy file.")  # fmt: skip
@click.option("--budget", "budget_text", required=True, help="A share such as 10%, or joules such as 0.4J or 3mJ.")
@click.option("--layers", type=click.Path(path_type=Path), help="JSON list of layers, for a plain vector.")
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
    placed = read_layers(layers, file.update.size) if layers else file.layers
    costs = cost_spec(cost_text, placed)
    instance = Instance(file.update, costs.values, **budget.amount(costs, placed))
    default = Path(f"{update.absolute().name}.certificate.json")
    question = {"update": update.name, "key": key, "cost": cost_text, "budget": budget_text}
    if replaced := check_places(output or default, question, costs.path, named=output is not None):
        click.echo(f"replacing the certificate of another question ({replaced})", err=True)
    output = output or default
    click.echo(f"certifying {instance.d} coordinates ...", err=True)
    note = {**question, "provenance": provenance()}
    certificate = certify(instance, note=note)
    cost_file = None
    if certificate.verdict != "failed":
        cost_file = _cost_beside(output, costs, instance, certificate)
        certificate.write(output)
    unit = "units" if costs.model and costs.model.relative else "J"
    report = compared(instance, certificate, file, unit)
    if as_json:
        click.echo(strict_json(report))
    else:
        click.echo(comparison_text(report))
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
@click.option("--cost", "cost_path", type=click.Path(path_type=Path), help=".npy file, if made from one cost each.")
@KEY
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
@one_line_errors
def check_certificate_command(
    certificate: Path, update: Path, cost_path: Path | None, key: str | None, as_json: bool
) -> None:
    """Verify CERTIFICATE against UPDATE with the independent checker, which shares no code with the solver."""
    fields = read_certificate(certificate)
    data = read_update(update, key).update
    cost = read_array(cost_path, "the costs").reshape(-1) if cost_path else None
    result = check_certificate(fields, data, cost)
    if as_json:
        click.echo(strict_json(result._asdict()))
    else:
        click.echo(f"{result.verdict}: {result.reason}")
        if result.verdict != "refused":
            spent, unit = Fraction(fields["spent"]), Fraction(fields["unit_joules"])
            click.echo(f"retained {float(Fraction(fields['retained'])):.9g}, spent {float(spent * unit):.9g}")
    sys.exit(_EXIT[result.verdict])
