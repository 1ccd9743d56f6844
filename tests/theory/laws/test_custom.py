"""Laws of one's own by name: a function, a law; what is refused, in one line; the same on the command line."""

import sys

import numpy as np
import pytest
from click.testing import CliRunner

from cwmp.__main__ import main
from theory.errors import InputError
from theory.laws.custom import named_law
from theory.laws.joint import Law
from theory.laws.samples import SampleLaw

SOURCE = """
import numpy as np
from theory.laws.parse import law_of

def sample(rng, n):
    g = rng.standard_normal(n)
    return g, 1 + np.abs(g)

class Here:
    law = law_of("laplace()", "lognorm(s=0.3)")

quick = Here.law
slow = law_of("skewnorm(a=4)", "lognorm(s=0.3)")
three = 3

def broken(rng, n):
    return 1 / 0

def short(rng, n):
    return rng.random(3), rng.random(2)

def single(rng, n):
    return rng.random(n)

def negative(rng, n):
    return rng.random(n), -rng.random(n)
"""


@pytest.fixture(autouse=True)
def mine(tmp_path, monkeypatch):
    (tmp_path / "laws_of_mine.py").write_text(SOURCE)
    (tmp_path / "broken_module.py").write_text("1 / 0")
    monkeypatch.chdir(tmp_path)
    yield
    sys.modules.pop("laws_of_mine", None)


def test_a_function_is_drawn_from_as_in_python():
    found = named_law("laws_of_mine:sample", n=5000, seed=3)
    g = np.random.default_rng(3).standard_normal(5000)
    assert np.array_equal(found.magnitude, np.abs(g))
    assert np.array_equal(found.cost, 1 + np.abs(g))
    assert "5000 draws (seed 3)" in str(found)


def test_a_law_is_taken_as_it_is_and_drawn_where_that_is_quicker():
    assert isinstance(named_law("laws_of_mine:Here.law"), Law)
    assert isinstance(named_law("laws_of_mine:quick"), Law)
    assert isinstance(named_law("laws_of_mine:slow", n=1000), SampleLaw)


@pytest.mark.parametrize(
    ("target", "says"),
    [("laws_of_mine", "must be package.module:function"), ("no_such_module:x", "no module 'no_such_module'"),
     ("laws_of_mine:nothing", "has no 'nothing'"), ("laws_of_mine:three", "int is no function"),
     ("laws_of_mine:broken", "raised ZeroDivisionError"), ("laws_of_mine:short", "give (n,) of each"),
     ("laws_of_mine:single", "must return"), ("laws_of_mine:negative", "must be finite and > 0"),
     ("broken_module:x", "importing broken_module raised ZeroDivisionError")],
)  # fmt: skip
def test_what_is_no_law_is_refused_in_one_line(target, says):
    with pytest.raises(InputError) as found:
        named_law(target, n=100)
    assert says in str(found.value)
    assert "\n" not in str(found.value)


def test_the_folder_is_not_left_on_the_path():
    before = list(sys.path)
    named_law("laws_of_mine:sample", n=10)
    assert sys.path == before


def test_the_command_line_takes_it():
    done = CliRunner().invoke(main, ["saving", "--law", "laws_of_mine:sample"])
    assert done.exit_code == 0
    assert "200000 draws (seed 0)" in done.output
    refused = CliRunner().invoke(main, ["saving", "--law", "laws_of_mine:sample", "--cost", "expon()"])
    assert refused.exit_code == 2
    assert "leave out --cost" in refused.output
    missing = CliRunner().invoke(main, ["saving", "--magnitude", "norm()"])
    assert missing.exit_code == 2
    assert "lognorm(s=0.3)" in missing.output
    taken = CliRunner().invoke(main, ["saving", "--magnitude", "norm()", "--cost", "lognorm(s=0.3)"])
    assert taken.exit_code == 0


def test_a_drawn_answer_says_that_it_is_one():
    done = CliRunner().invoke(main, ["saving", "--magnitude", "skewnorm(a=4)", "--cost", "lognorm(s=0.3)"])
    assert done.exit_code == 0
    assert "sampled, because quantiles of skewnorm are slow" in done.output
    assert "(95 %: +-" in done.output
