"""The command line: ``python -m cwmp``, or ``cwmp``. Each command is loaded when it is called.

Exit codes: 0 as expected, 1 a verdict differs from what is expected, 2 bad input, 3 inconclusive.
"""

from __future__ import annotations

import os
from importlib import import_module
from typing import Any

import click

COMMANDS = {
    "certify": (
        "certificates:certify_command",
        "Certify what CWMP keeps of UPDATE, and how far that is from the optimum.",
    ),
    "check-certificate": ("certificates:check_certificate_command", "Verify CERTIFICATE against UPDATE independently."),
    "frontier": (
        "frontiers:frontier_command",
        "Trace the norm kept against energy, and find where CWMP is not optimal.",
    ),
    "energy": ("energy:energy_command", "Say what sending everything of UPDATE costs, by kind of layer."),
    "layers": ("layers:layers_command", "Say what the layers of UPDATE are taken for, and how it was decided."),
    "models": ("energy:models", "List the energy models, or one of them with the source of every number."),
    "saving": ("laws:saving", "Say how much energy CWMP saves, predicted and exact, and when it is worth it."),
    "audit": ("laws:audit", "Audit the probabilistic bounds under a law, or under that of real updates."),
    "check": ("selector:check_command", "Check anyone's selector MODULE:NAME against what it promises."),
    "verify": ("claims:verify", "Judge the CLAIMS (default: all) by every method that applies."),
    "table": ("claims:table", "Print the claim table of the verdict files in FOLDER as Markdown."),
    "pareto": (
        "experiment:pareto",
        "Train with every method of a PRESET, and judge accuracy against energy.",
    ),
    "draw": ("draw:draw_command", "Draw a FIGURE of UPDATE, its costs and a budget, and print its caption."),
    "study": ("studies:study", "Compute the records behind the figures of the theory."),
    "figures": ("figures:figures", "Draw figures from recorded results, as PDF and PNG."),
    "report": ("report:report", "Write everything the recorded results say to one HTML page."),
    "reproduce": ("reproduce:reproduce", "Run the whole chain, from the claims to the page that sums them up."),
    "completion": ("completion:completion", "Print the completion script for SHELL; source it from your profile."),
}  # where each is, and its first sentence, which a test holds to be that of its own help


class _Commands(click.Group):
    """The commands; an interrupt that none of them has dealt with ends in one line too."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module, _, name = COMMANDS[cmd_name][0].partition(":")
        found: click.Command = getattr(import_module(f"cwmp.commands.{module}"), name)
        return found

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, about) for name, (_, about) in COMMANDS.items()])

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except click.UsageError as error:
            click.echo(f"cwmp: {error.format_message()}", err=True)
            ctx.exit(error.exit_code)
        except KeyboardInterrupt:
            click.echo("\ncwmp: stopped", err=True)
            ctx.exit(130)


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(package_name="cwmp")
def main() -> None:
    """Is energy-aware gradient pruning optimal? Proofs, certificates, measurements.

    Exit codes: 0 as expected, 1 a verdict differs from what is expected, 2 bad input, 3 inconclusive.
    """
    os.environ["MPLBACKEND"] = "agg"  # commands draw files; a notebook's backend is not for its child processes


if __name__ == "__main__":
    main()
