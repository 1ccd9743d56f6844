"""The count of mutants counts right: what survives is said, and a name that is true no longer is too."""

import sys
import tomllib
from pathlib import Path

import pytest

HERE = Path(__file__).parent
ROOT = HERE.parent
sys.path.insert(0, str(HERE))

from mutation.score import equivalents, scored, table  # noqa: E402

SETTINGS = tomllib.loads((HERE / "mutation" / "modules.toml").read_text())
NAMED = equivalents(HERE / "mutation" / "equivalent.toml")
MODULE = '''"""A module."""

from __future__ import annotations

LIMIT = 3


def _most() -> int:
    return 7


MOST = _most()


def small(x: int | None, *, strict: bool = True) -> bool:
    return x is not None and x < LIMIT


def doubled(x: int) -> int:
    if x > 0:
        return 2 * x
    return 2 * x


def counted(most: int) -> int:
    k = 0
    while k < most:
        k = k + 1
    return k
'''
TEST = """
from module import MOST, counted, doubled, small


def test_waits():
    while not small(1):
        pass


def test_small():
    assert sum(range(10**6))  # slower than the test that waits, hence after it
    assert MOST == 7
    assert small(2)
    assert not any(small(x) for x in (3, 4))
    assert not small(None)


def test_doubled():
    assert [doubled(x) for x in (-1, 0, 3)] == [-2, 0, 6]


def test_counted():
    assert counted(3) == 3
"""


def test_every_module_has_its_tests():
    for module, tests in SETTINGS["modules"].items():
        assert (ROOT / module).exists()
        assert tests
        assert all((ROOT / test.split("::")[0]).exists() for test in tests), module


def test_what_is_named_as_equivalent_is_a_line_of_the_module():
    assert set(NAMED) <= set(SETTINGS["modules"])
    for module, named in NAMED.items():
        lines = {line.strip() for line in (ROOT / module).read_text().splitlines()}
        for within, before, after in named:
            assert before in lines or before.split("  ")[0] in " ".join(lines), f"{module}, {within}: {before}"
            assert after != before


def test_the_score_on_paper():
    a, b, c, gone = (("f", "x", after) for after in "abcd")
    score = scored("m.py", {a, b, c}, {a: "killed", b: "survived", c: "timed out"}, {c, gone})
    assert (score.possible, score.tried, score.killed, score.equivalent) == (3, 3, 1, 1)
    assert (score.survived, score.late, score.stale, score.share) == ((b,), (), (gone,), 0.5)
    late = scored("m.py", {a, b, c}, {a: "killed", b: "timed out"}, {c})
    assert (late.killed, late.survived, late.late, late.share) == (1, (), (b,), 0.5)
    killed = scored("m.py", {a, b, c}, {a: "killed"}, {a})
    assert (killed.stale, killed.tried, killed.share) == ((a,), 1, 1.0)
    assert table([score]).splitlines()[-1] == "| `m.py` | 3 | 3 | 1 | 1 | 1 | 0 | 50.0% |"


@pytest.mark.parametrize(("why", "after", "says"), [(" ", ["a"], "no reason"), ("so", ["a", "a"], "named twice")])
def test_names_without_a_reason_or_given_twice(tmp_path, why, after, says):
    text = f'[[equivalent]]\nmodule = "m.py"\nwithin = "f"\nbefore = "x"\nafter = {after}\nwhy = "{why}"\n'
    (tmp_path / "named.toml").write_text(text)
    with pytest.raises(ValueError, match=says):
        equivalents(tmp_path / "named.toml")


def test_a_planted_module_is_judged(tmp_path, monkeypatch):
    """Of the changes of ``doubled`` those of its condition alone survive: both branches say the same.

    What never ends is not killed by that, but by the next test that fails.
    """
    pytest.importorskip("cosmic_ray", reason="pip install -e '.[mutation]'")
    from mutation import trial
    from mutation.mutants import mutants_of

    monkeypatch.setattr(trial, "SLACK", 0.5)
    for name, text in (("module.py", MODULE), ("test_module.py", TEST), ("pyproject.toml", "")):
        (tmp_path / name).write_text(text)
    every = {m.after: m for m in mutants_of(MODULE, SETTINGS["operators"])}
    strict = "def pairs(x: list, y: list) -> list:\n    return [*zip(x, y, strict=True)]\n"
    assert not mutants_of(strict, ["ReplaceTrueWithFalse"])
    assert not mutants_of(
        "def small(x: int, *, most: int) -> bool:\n    return x in (1, most)\n", ["ReplaceBinaryOperator_.*"]
    )
    equivalent = ["if not x > 0:", "def small(x: int | None, *, strict: bool = False) -> bool:"]
    wrong = ["return x is not None or x < LIMIT", "return x is not None and x <= LIMIT",
             "return x is not None and x >= LIMIT", "return 3 * x", "LIMIT = 2",
             "return 8"]  # fmt: skip
    endless = ["k = k * 1"]
    trials = trial.Trials(tmp_path, "module.py", ["test_module.py"], slow=4.0)
    found = {m.after: outcome for m, outcome in trials.run([every[after] for after in equivalent + wrong + endless])}
    expected = dict.fromkeys(equivalent, "survived") | dict.fromkeys(wrong, "killed")
    assert found == expected | dict.fromkeys(endless, "timed out")
    assert (tmp_path / "module.py").read_text() == MODULE
