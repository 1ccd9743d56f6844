"""GMP's rationals and Python's give the same verdicts, to the letter."""

import json
import subprocess
import sys

import pytest

JUDGED = [
    ("D13a", "families"),
    ("D14b", "exhaustion"),
    ("D3", "families"),
    ("P13", "probabilities"),
    ("D23b", "families"),
]

SCRIPT = """
import json, sys
if sys.argv[1] == "python":
    sys.modules["gmpy2"] = None
from proofs_check.checks import CHECKS
from proofs_check.methods.rational import Rational
judged = {(c.claim, c.method): c for c in CHECKS}
found = [repr(judged[tuple(name)].run(3)) for name in json.loads(sys.argv[2])]
print(json.dumps([Rational.__module__, found]))
"""


def judged(arithmetic):
    command = [sys.executable, "-c", SCRIPT, arithmetic, json.dumps(JUDGED)]
    return json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


def test_both_arithmetics_give_the_same_verdicts():
    pytest.importorskip("gmpy2")
    (gmp, with_gmp), (python, with_python) = judged("gmp"), judged("python")
    assert (gmp, python) == ("gmpy2", "fractions")
    assert with_gmp == with_python
    assert len(with_gmp) == len(JUDGED)
