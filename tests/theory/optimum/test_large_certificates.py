"""Large certifications: blocks, files that are mapped, threads and processes change nothing but time and memory."""

import math
from fractions import Fraction

import numpy as np
import pytest

from theory import CostClasses, InputError, Instance, checker, cwmp, top_k
from theory.layers import plain_vector
from theory.optimum import certificate as certificates
from theory.optimum import class_windows, comparison, duals
from theory.optimum.certificate import certify, check_certificate
from theory.optimum.comparison import compared
from theory.optimum.floats64 import Floats64
from theory.optimum.watch import Watch
from theory.selection import rounding

MODULES = (certificates, class_windows, duals)


@pytest.fixture
def small_blocks(monkeypatch):
    """Blocks of a few items, and threads that find a few worth their while."""
    for module in MODULES:
        monkeypatch.setattr(module, "IN_ORDER", 1)
        monkeypatch.setattr(module, "_CHUNK", 7)
    monkeypatch.setattr(checker, "_CHUNK", 11)
    monkeypatch.setattr("theory.arithmetic.blocks._BLOCK", 13)
    monkeypatch.setattr(comparison, "_BLOCK", 9)


def drawn(kind, seed, d=400):
    rng = np.random.default_rng(seed)
    g = rng.standard_t(3, d).astype([np.float16, np.float32, np.float64][seed % 3])
    g[rng.random(d) < 0.1] = 0
    if kind == "tied":
        g = np.round(2 * g)
    if kind == "lognormal":
        return Instance(g, rng.lognormal(size=d).astype(np.float32), "20%")
    if kind == "values":
        return Instance(g, rng.choice([0.5, 3.25, 7.0], d), "20%")
    labels = np.sort(rng.integers(0, 3, d)) if kind == "runs" else rng.integers(0, 3, d)
    return Instance(g, CostClasses(labels.astype(np.uint8), ["0.1", "0.7", 2]), "20%")


KINDS = ("classes", "runs", "tied", "values", "lognormal")


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("kind", KINDS)
def test_blocks_and_threads_change_no_certificate(kind, seed, request):
    instance = drawn(kind, seed)
    before = certify(instance)
    rows = compared(instance, before, plain_vector(instance.d))
    request.getfixturevalue("small_blocks")
    for threads in (1, 2):
        again = certify(drawn(kind, seed), watch=Watch(threads=threads))
        assert again.fields == before.fields
        assert (again.mask == before.mask).all()
        assert (again.verdict, again.reason) == (before.verdict, before.reason)
    other = compared(instance, before, plain_vector(instance.d))
    assert other.selections == rows.selections
    assert other.kinds[0].retained_of_norm == pytest.approx(rows.kinds[0].retained_of_norm, rel=1e-12)


@pytest.mark.parametrize("kind", ["runs", "values", "lognormal"])
def test_processes_refuse_what_one_refuses(kind, small_blocks):
    instance = drawn(kind, 4)
    fields = certify(instance).fields
    costs = None if kind == "runs" else instance.cost
    for at, value in ((0, 2.0), (399, math.nan), (150, 1e300)):
        update = instance.update.astype(np.float64)
        update[at] = value
        one, two = (check_certificate(fields, update, costs, threads=n) for n in (1, 2))
        assert one == two
        assert one.verdict == "refused"


def test_an_instance_in_parts_is_that_of_all():
    for given in (drawn(kind, seed) for kind in KINDS for seed in range(3)):
        for items in (slice(3, 90), np.array([5, 2, 399]), given.score > 1):
            assert (given.scores_of(items) == given.score[items]).all()
            assert (given.costs_of(items) == given.cost[items]).all()
    large = np.array([0.0, 1e-300, 3e300])
    scaled = Instance(large, 1, 3)
    assert scaled.scale_exponent
    assert scaled.scores_of(slice(None)).tolist() == scaled.score.tolist()
    assert Instance(np.ones(3, np.float16), np.ones(3, np.float32), 2).given_cost.dtype == np.float32


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("select", [cwmp, top_k])
def test_fill_in_blocks_is_fill(select, seed, monkeypatch):
    """What fits is taken one by one in the exact order, by Fractions, and so it is in blocks of a few items."""
    rng = np.random.default_rng(seed)
    p, c = rng.integers(0, 9, 60).astype(float), rng.integers(1, 9, 60).astype(float)
    budget = Fraction(int(rng.integers(5, 90)))
    key = (lambda i: Fraction(p[i]) / Fraction(c[i])) if select is cwmp else (lambda i: p[i])
    expected, left = np.zeros(60, bool), budget
    for i in sorted(range(60), key=lambda i: (-key(i), i)):
        if p[i] and c[i] <= left:
            expected[i], left = True, left - Fraction(c[i])
    monkeypatch.setattr(rounding, "_BLOCK", 7)
    for listed in (1, 3, 1000):
        monkeypatch.setattr(rounding, "_LISTED", listed)
        found = select(Instance.from_scores(p, c, budget), rounding="fill")
        assert (found.mask == expected).all()
        assert found.spent == budget - left


def test_the_best_single_item_is_found_in_any_block(monkeypatch):
    monkeypatch.setattr(rounding, "_BLOCK", 2)
    p, c = np.array([1.0, 2.0, 9.0, 9.0, 9.0, 50.0]), np.array([0.1, 0.4, 1.0, 1.0, 2.0, 3.0])
    best = cwmp(Instance.from_scores(p, c, 1), rounding="best-of")
    assert best.support.tolist() == [2]


def test_numbers_are_float64_when_they_are_asked_for():
    told = []
    numbers = Floats64.of(np.arange(10, dtype=np.float16), "update", told.append)
    assert len(numbers) == 10
    assert numbers[2:5].tolist() == [2.0, 3.0, 4.0]
    assert numbers[8:20].format == "d"
    assert told == [0.2, 0.8]
    assert Floats64.of(np.arange(3), "update")[:2].tolist() == [0.0, 1.0]
    with pytest.raises(InputError, match=r"2\*\*53"):
        Floats64.of(np.array([2**53 + 1]), "update")


def test_the_share_of_the_check_is_told(monkeypatch):
    monkeypatch.setattr(checker, "_CHUNK", 100)
    told = []
    certify(drawn("classes", 1), watch=Watch(on_share=told.append))
    assert told == [0.0, 0.25, 0.5, 0.75]
