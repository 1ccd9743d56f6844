"""The processes that checks run in: what is ready in them, what begins first, what is asked for once."""

import json
import math
import os
import subprocess
import sys
from functools import partial
from pathlib import Path

import hypothesis
import pytest
from hypothesis import strategies as st

from proofs_check import checks as pages
from proofs_check import verify as audit
from proofs_check.methods.judge import Check, Violation, search
from proofs_check.verify import run_checks
from theory.claims.verdict import Outcome, Verdict
from theory.instance import Instance

ROOT = Path(__file__).parents[2]

PROBE = """
import gc, multiprocessing, sys

def tell(path):
    with open(path, "w") as file:
        print(gc.get_freeze_count(), *sys.modules, file=file)

def main(path):
    from proofs_check import processes
    processes.get_ready()
    heavy = {"sympy", "scipy", "hypothesis", "z3", "proofs_check.checks"} & sys.modules.keys()
    assert not heavy, heavy
    process = processes.context().Process(target=tell, args=(path,))
    process.start()
    process.join()
    assert process.exitcode == 0
"""


def _judged(claim, seed):
    return Verdict(claim, "quick", Outcome.CHECKED, "-", "-", 1)


def _ends(seed):
    os._exit(7)


def quick(*claims):
    return [Check(claim, "quick", partial(_judged, claim)) for claim in claims]


@pytest.mark.skipif(sys.platform == "win32", reason="no server to fork from")
def test_a_child_has_everything_loaded_that_the_caller_has_not(tmp_path):
    (tmp_path / "probe.py").write_text(PROBE)
    found = tmp_path / "found"
    subprocess.run(
        [sys.executable, "-c", f"import probe; probe.main({str(found)!r})"], check=True, cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), str(tmp_path)])},
    )  # fmt: skip
    frozen, *modules = found.read_text().split()
    assert {"proofs_check.checks", "theory.checker", "sympy.physics.units", "sympy.tensor.tensor"} <= set(modules)
    assert int(frozen) > 100_000


def test_provenance_is_asked_for_once_a_run_and_is_in_every_verdict(tmp_path, monkeypatch):
    asked = []
    monkeypatch.setattr(audit, "provenance", lambda: asked.append(1) or {"revision": "of this test"})
    run_checks(quick("D1", "D2", "D3"), seed=5, folder=tmp_path)
    stamps = [json.loads(path.read_text())["provenance"] for path in sorted(tmp_path.iterdir())]
    assert [stamp["revision"] for stamp in stamps] == ["of this test"] * 3
    assert {(stamp["sources"], stamp["run_seed"]) for stamp in stamps} == {(audit.source_digest(), 5)}
    run_checks(quick("D1", "D2", "D3"), seed=5, folder=tmp_path)
    assert len(asked) == 1, "what is stored needs none"


def test_the_dearest_begin_first_and_verdicts_come_in_the_order_asked_for(tmp_path, monkeypatch):
    monkeypatch.setattr(pages, "DEAREST", (("D9", "quick"), ("D4", "quick")))
    begun = []
    found = run_checks(
        quick("D1", "D4", "D2", "D9"), seed=0, folder=tmp_path, jobs=1, on_progress=lambda v, *_: begun.append(v.claim)
    )
    assert begun == ["D9", "D4", "D1", "D2"]
    assert [verdict.claim for verdict in found] == ["D1", "D4", "D2", "D9"]


def test_every_one_of_the_dearest_is_a_check():
    names = [(check.claim, check.method) for check in pages.CHECKS]
    assert len(set(pages.DEAREST)) == len(pages.DEAREST)
    assert set(pages.DEAREST) <= set(names)


def test_a_process_that_dies_takes_no_other_check_with_it(tmp_path):
    checks = [*quick("D1"), Check("D2", "quick", _ends), *quick("D3", "D4"), Check("D5", "quick", _ends), *quick("D6")]
    found = run_checks(checks, seed=0, folder=tmp_path, jobs=2, time_limit=math.inf)
    died = {"D2", "D5"}
    assert {v.claim for v in found if v.outcome is Outcome.INCONCLUSIVE} == died
    assert all("exit code 7" in v.reach for v in found if v.claim in died)
    assert {path.name for path in tmp_path.iterdir()} == {f"D{k}-quick.json" for k in (1, 3, 4, 6)}


def _instances(size):
    return Instance.from_scores([float(size)], [1.0], 1)


def test_a_search_is_not_traced_and_finds_what_a_traced_one_finds():
    """Hypothesis would note every line that runs, with a settrace or a monitoring tool, once something has failed."""
    traced, original = [], hypothesis.core.StateForActualGivenExecution._should_trace

    def holds(instance, optimum):
        monitoring = getattr(sys, "monitoring", None)
        traced.append(sys.gettrace() if monitoring is None else monitoring.get_tool(3))
        return Violation("p < 4", "4", "p") if instance.d and instance.score[0] >= 4 else None

    before = sys.gettrace()
    found = search("D1", holds, st.integers(0, 100).map(_instances), seed=0)
    assert found.counterexample["score"] == ["4"]
    assert set(traced) <= {before, None}
    assert len(traced) > found.trials > 1
    assert hypothesis.core.StateForActualGivenExecution._should_trace is original
