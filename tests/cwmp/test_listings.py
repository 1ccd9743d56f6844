"""What the command line lists: energy models with their sources, and what a shell completes."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from cwmp.__main__ import main


def run(*arguments):
    return CliRunner().invoke(main, [*arguments])


def test_models_name_a_source_for_every_number():
    for model in json.loads(run("models", "--json").stdout):
        for part in model["joules_per_bit"].values():
            assert len(part["source"]) > 10
    assert "nRF52832" in run("models", "ble-dram").stdout


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_scripts(shell):
    assert "_CWMP_COMPLETE" in run("completion", shell).stdout


def test_completion_offers_claims_and_models():
    environment = {"_CWMP_COMPLETE": "bash_complete", "COMP_WORDS": "cwmp verify D1", "COMP_CWORD": "2"}
    offered = subprocess.run(
        [str(Path(sys.executable).with_name("cwmp"))], env=environment, capture_output=True, text=True, check=False
    ).stdout
    assert "plain,D12a" in offered
