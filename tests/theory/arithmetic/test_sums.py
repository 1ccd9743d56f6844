"""Exact sums by the compiled loops: against rationals, over all exponents, whatever the number of threads."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from theory import CostClasses, Instance, cwmp
from theory.arithmetic import compiled_loops, sums
from theory.budget import percent

pytest.importorskip("numba")


@pytest.fixture(autouse=True)
def small(monkeypatch):
    """Spans as a large update would have them."""
    monkeypatch.setattr(compiled_loops, "FROM", 1)
    monkeypatch.setattr(compiled_loops, "PATIENCE", 0)
    monkeypatch.setattr(compiled_loops, "SPAN", 3 * compiled_loops.BLOCK)
    monkeypatch.setattr(sums, "IN_ORDER", 1 << 12)


def costs(kind, low, high, size=20_000, seed=0):
    """Every bit of the significand used, exponents between two ends."""
    rng = np.random.default_rng(seed)
    return np.ldexp(rng.uniform(1, 2, size), rng.integers(low, high + 1, size)).astype(kind)


@pytest.mark.parametrize("threads", [1, 3])
@pytest.mark.parametrize(
    ("kind", "low", "high"),
    [(np.float32, -3, 3), (np.float32, -60, 60), (np.float32, -149, -120), (np.float32, 100, 126),
     (np.float64, -7, 7), (np.float64, -300, 300), (np.float64, -1074, -1000), (np.float64, 1000, 1022)],
)  # fmt: skip
def test_totals_are_exact(kind, low, high, threads):
    c = costs(kind, low, high)
    assert sums.total_cost(c, threads) == sum(map(Fraction, c.tolist()))


@pytest.mark.parametrize("kind", [np.float32, np.float64])
def test_the_ends_of_the_window_are_inside(kind):
    """Full blocks of the largest numbers a window takes: what sums of ticks have to hold."""
    window = sums.Window.around(np.full(1000, 1.0, kind))
    for value in (window.near, window.far, np.nextafter(kind(window.far), kind(0))):
        c = np.full(3 * compiled_loops.BLOCK + 5, value, kind)
        every, odd, table = np.ones(compiled_loops.BLOCK, bool), np.zeros(compiled_loops.BLOCK, bool), sums.table()
        bad, many, few = compiled_loops.compiled(compiled_loops.total)(
            c, sums.as_bits(c), 0, c.size, every, odd, table, *window.ends(kind), *window.rule
        )
        assert not bad
        assert not table.any()
        assert window.sum_of(many, few) == sum(map(Fraction, c.tolist()))


def test_a_span_does_not_overflow(monkeypatch):
    """As many of the largest float64 of a window as are added up between two looks."""
    monkeypatch.undo()
    c = np.full(compiled_loops.SPAN + 1, np.nextafter(sums.Window.around(np.ones(9)).far, 0.0))
    c[: c.size - 7 : 4096] = 1.0  # what is looked at to find the usual one
    assert compiled_loops.worth_it(c.size)
    assert sums.total_cost(c) == sum(map(Fraction, c.tolist()))


@pytest.mark.parametrize("kind", [np.float32, np.float64])
@pytest.mark.parametrize("bad", [0.0, -1.0, np.nan, np.inf])
def test_what_is_no_cost_has_no_total(kind, bad):
    c = costs(kind, -3, 3)
    c[12_345] = bad
    assert sums.total_cost(c) is None
    assert sums.total_cost(c[::-1]) is None  # by NumPy


@pytest.mark.parametrize(
    ("kind", "low", "high"),
    [(np.float32, -3, 3), (np.float32, -7, 6), (np.float32, -60, 60), (np.float64, -7, 6), (np.float64, -300, 300),
     (np.float64, -1074, -1000), (np.float64, 1000, 1022)],
)  # fmt: skip
def test_totals_by_numpy_are_exact_too(monkeypatch, kind, low, high):
    """Also where pieces, rows and what is left of them end anywhere, and where a piece is like no other."""
    monkeypatch.setattr(compiled_loops, "FROM", 1 << 60)
    for size in (1, 4095, 4097, 40_000):
        c = costs(kind, low, high, size)
        assert sums.total_cost(c) == sum(map(Fraction, c.tolist()))
    c[7] *= 1e-3
    assert sums.total_cost(c[::2]) == sum(map(Fraction, c[::2].tolist()))
    for bad in (0.0, -1.0, np.nan, np.inf):
        c[-1] = bad
        assert sums.total_cost(c) is None


def test_the_first_calls_of_a_process_do_without_numba(monkeypatch):
    """Till as much has been read as loading it would have taken, or loops are there already."""
    monkeypatch.setattr(compiled_loops, "PATIENCE", 1000)
    monkeypatch.setattr(compiled_loops, "_read", 0)
    compiled_loops.compiled.cache_clear()
    assert not compiled_loops.worth_it(400)
    assert compiled_loops.worth_it(1000)
    compiled_loops.count_read(400)
    assert not compiled_loops.worth_it(599)
    assert compiled_loops.worth_it(600)
    compiled_loops.compiled(compiled_loops.total)
    assert compiled_loops.worth_it(1)


@settings(max_examples=60)
@given(st.data())
def test_one_odd_cost_anywhere(data):
    """Its block goes another way than all others; the selection and what it costs stay those of the reference."""
    kind = data.draw(st.sampled_from([np.float32, np.float64]))
    c, g = costs(kind, -2, 2), np.random.default_rng(1).standard_normal(20_000).astype(kind)
    for _ in range(data.draw(st.integers(1, 3))):
        c[data.draw(st.integers(0, c.size - 1))] = np.ldexp(1.0, data.draw(st.integers(-60, 60)))
    g[data.draw(st.integers(0, g.size - 1))] = data.draw(st.sampled_from([0.0, 1e-12, 1e9]))
    share = data.draw(st.sampled_from(["0.001", "0.1", "0.7"]))
    found = cwmp(g, c, budget=percent(share), threads=data.draw(st.integers(1, 2)))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(compiled_loops, "FROM", 1 << 60)
        instance = Instance(g, c, budget=percent(share))
        expected = cwmp(instance)
    assert np.array_equal(found.mask, expected.mask)
    assert found.spent == expected.spent == sum(map(Fraction, c[found.mask].tolist()))
    assert (found.critical_item, found.threshold) == (expected.critical_item, expected.threshold)


@pytest.mark.parametrize("share", ["0.9992", "0.9995", "0.9998"])
@pytest.mark.parametrize("classes", [False, True])
def test_squares_that_leave_the_range_go_another_way(monkeypatch, classes, share):
    """A budget that reaches few entries whose squares lose digits: they are ordered as without numba."""
    rng = np.random.default_rng(4)
    g = np.r_[rng.standard_normal(40_000), 3e-162 * rng.uniform(1, 2, 40)]
    c = CostClasses(rng.integers(0, 3, g.size).astype(np.uint8), [1, 2, 5]) if classes else costs(float, -2, 2, g.size)
    found = cwmp(g, c, budget=percent(share))
    monkeypatch.setattr(compiled_loops, "FROM", 1 << 60)
    expected = cwmp(g, c, budget=percent(share))
    assert np.array_equal(found.mask, expected.mask)
    assert (found.critical_item, found.threshold) == (expected.critical_item, expected.threshold)


@pytest.mark.parametrize("kind", [np.float32, np.float64])
def test_sums_by_pieces_are_exact_whatever_the_spread(kind):
    rng = np.random.default_rng(1)
    for spread in (0, 1, 3, 8, 12, 14, 20, 24, 26, 28, 60):
        for base in (-60, 0, 60):
            size = int(rng.integers(1, 9_000))
            c = np.ldexp(rng.uniform(1, 2, size), rng.integers(0, spread + 1, size) + base).astype(kind)
            assert sums._total_by_pieces(c) == sum(map(Fraction, c.tolist())), (spread, base)
    nearly = np.full(3 * sums._ROW, np.nextafter(kind(2), kind(0)))
    for least in (1.0, 2.0**-11, 2.0**-12, 2.0**-13, 2.0**-26):  # at the edge of what a row adds up exactly
        nearly[0] = least
        assert sums._total_by_pieces(nearly) == sum(map(Fraction, nearly.tolist())), least


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf, 0.0, -0.0, -1.0])
@pytest.mark.parametrize("kind", [np.float32, np.float64])
def test_costs_that_are_none_have_no_sum_by_pieces(bad, kind):
    for at in (0, sums._PIECE - 1, sums._PIECE + 5):
        c = np.ones(sums._PIECE + 10, kind)
        c[at] = bad
        assert sums._total_by_pieces(c) is None
