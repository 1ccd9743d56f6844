"""The runner: verdict files, resume, crashes, time limits, exit codes, the table."""

import json
import math
import multiprocessing
import os
import time
from types import SimpleNamespace

import pytest

from cwmp.pages.claims import terminal_table
from proofs_check import verify as audit
from proofs_check.checks import checks_of
from proofs_check.methods.judge import Check
from proofs_check.table import markdown_table, replace_between
from proofs_check.verify import exit_code, run_checks, summarise
from theory.claims.verdict import Outcome, Verdict, read_verdict, write_verdict
from theory.errors import InputError


def _proved(seed):
    return Verdict("D1", "quick", Outcome.PROVED, "-", "-", 1)


def _refuted(seed):
    return Verdict("D1", "quick", Outcome.REFUTED, "-", "-", 1, counterexample={"d": 0})


def _crash(seed):
    os._exit(7)


def _raise(seed):
    raise ZeroDivisionError("a check that breaks")


def _hang(seed):
    time.sleep(600)


def test_verdicts_are_files_and_a_second_run_reads_them(tmp_path):
    checks = checks_of(["D3"])
    first = run_checks(checks, seed=3, folder=tmp_path, jobs=2)
    written = {path.name: path.stat().st_mtime_ns for path in tmp_path.iterdir()}
    assert set(written) == {f"D3-{check.method}.json" for check in checks}
    assert run_checks(checks, seed=3, folder=tmp_path) == first
    assert {path.name: path.stat().st_mtime_ns for path in tmp_path.iterdir()} == written
    stamp = json.loads((tmp_path / "D3-smt.json").read_text())["provenance"]
    assert {"revision", "versions", "hardware", "python", "sources"} <= stamp.keys()


def test_another_seed_other_sources_or_damage_are_judged_again(tmp_path):
    check = checks_of(["D3"])[:1]
    path = tmp_path / "D3-smt.json"
    run_checks(check, seed=1, folder=tmp_path)
    run_checks(check, seed=2, folder=tmp_path)
    assert read_verdict(path).provenance["run_seed"] == 2
    changed = json.loads(path.read_text())
    changed["provenance"]["sources"], changed["domain"] = "0" * 16, "something else"
    path.write_text(json.dumps(changed))
    assert run_checks(check, seed=2, folder=tmp_path)[0].domain != "something else"
    path.write_text(path.read_text()[:40])
    assert run_checks(check, seed=2, folder=tmp_path)[0].outcome is Outcome.CHECKED


@pytest.mark.parametrize(
    ("run", "reason"), [(_crash, "exit code 7"), (_raise, "a check that breaks"), (_hang, "stopped after 2 s")]
)
def test_a_broken_check_is_inconclusive_and_stops_nothing_else(tmp_path, monkeypatch, run, reason):
    checks = [Check("D1", "broken", run), *checks_of(["D3"])[:1]]
    if run is _hang:  # its time is up when the other check has ended, whenever that is
        clock = SimpleNamespace(monotonic=lambda: 3.0 * (tmp_path / "D3-smt.json").exists())
        monkeypatch.setattr(audit, "time", clock)
    limit = 2.0 if run is _hang else math.inf
    broken, fine = run_checks(checks, seed=0, folder=tmp_path, jobs=2, time_limit=limit)
    assert (broken.outcome, fine.outcome) == (Outcome.INCONCLUSIVE, Outcome.CHECKED)
    assert reason in broken.reach
    assert exit_code(summarise([broken, fine])) == 3


def test_an_interrupt_leaves_what_is_finished(tmp_path):
    def interrupt(verdict, done, total):
        raise KeyboardInterrupt

    checks = [*checks_of(["D3"])[:1], Check("D1", "hanging", _hang)]
    before = set(multiprocessing.active_children())
    with pytest.raises(KeyboardInterrupt):
        run_checks(checks, seed=0, folder=tmp_path, jobs=1, on_progress=interrupt)
    assert set(multiprocessing.active_children()) <= before
    assert [path.name for path in tmp_path.iterdir()] == ["D3-smt.json"]


def test_an_unexpected_verdict_is_exit_code_1():
    rows = summarise([_proved(0), _refuted(0)])
    assert (rows[0].standing, exit_code(rows)) == ("differs", 1)
    assert "DIFFERS" in terminal_table(rows)
    false_but_proved = Verdict("D9", "quick", Outcome.PROVED, "-", "-", 1)
    assert exit_code(summarise([false_but_proved])) == 1
    assert exit_code([]) == 3


def test_sources_are_digested_once():
    assert audit.source_digest() == audit.source_digest()
    assert len(audit.source_digest()) == 16


def test_verdict_files_round_trip_and_damage_is_named(tmp_path):
    verdict = _refuted(0).stamped(seconds=1.23456, provenance={"revision": "x"})
    path = write_verdict(verdict, tmp_path)
    assert read_verdict(path) == verdict
    path.write_text("{}")
    with pytest.raises(InputError, match="not a verdict file"):
        read_verdict(path)


def test_the_table_goes_between_its_markers():
    page = "a\n<!-- claims:begin -->\nold\n<!-- claims:end -->\nz"
    table = markdown_table(summarise([_proved(0)]))
    replaced = replace_between(page, table)
    assert "old" not in replaced
    assert "| D1 |" in replaced
    assert replaced.startswith("a\n")
    assert replaced.endswith("\nz")
    assert replace_between(replaced, table) == replaced
    with pytest.raises(InputError, match="markers"):
        replace_between("nothing here", table)
