"""README: short, the verdict in its third line, five rows of the claim table, and lines of Python that run."""

import re
import tomllib
from pathlib import Path

import matplotlib
import numpy as np
import pytest

from proofs_check.table import stored_verdicts
from theory.claims.status import summarise

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
COMMANDS = (
    "python3 -m venv .venv && .venv/bin/pip install -e '.[verify]' && .venv/bin/cwmp verify",
    "python3 -m venv .venv && .venv/bin/pip install -e '.[dev]' && .venv/bin/python -m pytest -n 2",
)


def test_it_is_short_and_the_verdict_comes_third():
    lines = README.splitlines()
    assert len(lines) <= 150
    verdict = (
        "**Not at every budget; yes for the energy it spends, and for the relaxation; with equal costs it is Top-K, so "
        "behind a phone's radio, with DRAM, there is nothing to gain.**"
    )
    assert lines[2] == verdict


def test_the_five_rows_are_those_of_the_recorded_verdicts():
    rows = {row.claim.id: row for row in summarise(stored_verdicts(ROOT / "results" / "verify"))}
    shown = re.findall(r"^\| ([DP]\d+) \| (.*) \| (.*) \| (.*) \|$", README, re.MULTILINE)
    assert len(shown) == 5
    for claim, title, verdict, reach in shown:
        row = rows[claim]
        assert (title, verdict.strip("*"), reach) == (row.claim.title, row.word, row.reach)
    assert {"D9", "D5", "D2", "D7"} <= {row[0] for row in shown}  # what the verdict in the third line rests on


def test_the_two_commands_do_all_the_setting_up():
    assert tuple(re.findall(r"```sh\n(python3 .*?)\n```", README)) == COMMANDS
    start = (ROOT / "docs" / "start.md").read_text(encoding="utf-8")
    assert all(f"```sh\n{command}\n```" in start for command in COMMANDS)
    assert COMMANDS[1] in (ROOT / ".ci" / "run").read_text(encoding="utf-8")


def test_extras_that_are_named_exist():
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["optional-dependencies"]
    for path in (ROOT / "README.md", *(ROOT / "docs").rglob("*.md")):
        for named in re.findall(r"pip install -e '\.\[([\w,]+)\]'", path.read_text(encoding="utf-8")):
            assert set(named.split(",")) <= set(extras), path


def test_every_reader_has_a_command_and_its_twin_in_python():
    readers = README.split("\n## You ")[1:]
    assert len(readers) == 5
    for block in readers:
        part = block.partition("\n## ")[0]
        assert "```sh\n" in part, part[:30]
        assert "```python\n" in part, part[:30]
        assert "](docs/" in part, part[:30]


@pytest.mark.usefixtures("_no_window")
def test_the_lines_of_python_run():
    rng = np.random.default_rng(0)
    state = {"conv.weight": rng.standard_normal((4, 1, 3, 3)), "fc.weight": rng.standard_normal((6, 20))}

    def function(update, cost, budget):
        score = update.astype(float) ** 2
        order = np.argsort(-score / cost, kind="stable")
        order = order[(cost[order] <= budget) & (score[order] > 0)]
        return order[np.cumsum(cost[order]) <= budget]

    names = {"state_dict": state, "function": function}
    for block in BLOCKS:
        exec(compile(block, "README.md", "exec"), names)
    assert names["best"].verdict == "exact"
    assert names["best"].mask["fc.weight"].shape == (6, 20)
    assert names["audit"].verdict in ("holds", "open")
    assert names["report"].verdict in ("passed", "broken")


@pytest.fixture
def _no_window():
    matplotlib.use("agg")
