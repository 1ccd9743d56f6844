"""The command line's front door. The commands live in ``cwmp/commands/``.

Exit codes: 0 as expected, 1 a verdict differs from what is expected, 2 bad input, 3 inconclusive.
"""

from __future__ import annotations

from typing import Any

import click

from cwmp.commands.certificates import certify_command, check_certificate_command
from cwmp.commands.claims import table, verify
from cwmp.commands.energy import models
from cwmp.commands.experiment import pareto
from cwmp.commands.figures import figures
from cwmp.commands.laws import audit, saving
from cwmp.commands.layers import layers_command
from cwmp.commands.report import report
from cwmp.commands.reproduce import reproduce
from cwmp.commands.selector import check_command
from cwmp.commands.studies import study


class _Commands(click.Group):
    """The commands; an interrupt that none of them has dealt with ends in one line too."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            click.echo("\ncwmp: stopped", err=True)
            ctx.exit(130)


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="cwmp")
def main() -> None:
    """Is energy-aware gradient pruning optimal? Proofs, certificates, measurements.

    Exit codes: 0 as expected, 1 a verdict differs from what is expected, 2 bad input, 3 inconclusive.
    """


for command in (
    verify, table, certify_command, check_certificate_command, check_command, audit, saving, models, layers_command,
    pareto, study, figures, report, reproduce,
):  # fmt: skip
    main.add_command(command)


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
