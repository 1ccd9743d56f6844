"""Frontiers of accuracy against energy, hypervolumes and energies of an accuracy: on paper, by sampling, one by one."""

import math
from fractions import Fraction

import numpy as np
import pytest

from empirical.judgement.pareto import frontier, hypervolume, joined, log_energy, points
from empirical.prices import Entry
from empirical.records import RoundRecord, RunFile

STAIRS = np.array([[1, 0.3], [10, 0.5], [20, 0.4], [100, 0.45]])  # 0.3 from energy 1 to 10, 0.5 from 10 on


def made(accuracies, energy, full=100, dense=80, lost=()):
    """A run of cohorts of four whose rounds spend ``energy`` units; in round ``t`` ``lost[t]`` clients are dropped."""
    records = tuple(
        RoundRecord(t, (0, 1, 2, 3), tuple(range(lost[t] if lost else 0)), 1.0, a,
                    (Entry("fc", 1, memory=Fraction(energy)),), 0.5, 0.0, str(t))
        for t, a in enumerate(accuracies)
    )  # fmt: skip
    return RunFile(records, {}, "made-up images", "units", Fraction(full), Fraction(dense), {})


def test_frontier_is_what_no_point_beats_one_by_one():
    rng = np.random.default_rng(0)
    for _ in range(50):
        some = np.c_[rng.integers(1, 9, 12), rng.integers(0, 9, 12) / 9].astype(float)
        best = {
            tuple(p) for p in some
            if not any((q[0] <= p[0] and q[1] > p[1]) or (q[0] < p[0] and q[1] >= p[1]) for q in some)
        }  # fmt: skip
        front = frontier(some)
        assert {tuple(p) for p in front} == best
        assert (np.diff(front[:, 0]) > 0).all()
        assert (np.diff(front[:, 1]) > 0).all()


def test_hypervolume_on_paper():
    """Over [1, 1000], three decades: (0.3 + 0.5 + 0.5)/3."""
    assert hypervolume(STAIRS, 1, 1000) == pytest.approx((0.3 + 0.5 + 0.5) / 3)
    assert hypervolume(STAIRS, 1, 1000, 0.1) == pytest.approx((0.2 + 0.4 + 0.4) / 3)
    assert hypervolume(STAIRS, 1, 1000, 0.4) == pytest.approx((0.1 + 0.1) / 3)
    assert hypervolume(STAIRS, 10, 1000) == pytest.approx(0.5)
    assert hypervolume(STAIRS, 0.1, 10) == pytest.approx(0.15)
    assert hypervolume(STAIRS, 2, 5) == pytest.approx(0.3)


def test_what_buys_nothing_is_worth_nothing():
    """Too dear, no better than the floor, or over a range of no width."""
    assert hypervolume(STAIRS, 1e-3, 1e-1) == 0
    assert hypervolume(STAIRS, 1, 1000, 0.5) == 0
    assert hypervolume(STAIRS, 1, 1000, 0.9) == 0
    assert hypervolume(STAIRS, 1, 1) == 0
    assert hypervolume(STAIRS[:1], 10, 10, 0.3) == 0


def test_hypervolume_by_sampling():
    rng = np.random.default_rng(1)
    some = np.c_[np.exp(rng.uniform(0, 5, 9)), rng.uniform(0.1, 0.9, 9)]
    energies = np.exp(rng.uniform(math.log(2), math.log(90), 100_000))
    bought = np.where(some[:, 0] <= energies[:, None], some[:, 1], 0.2).max(axis=1)
    wanted = np.mean(np.maximum(bought, 0.2) - 0.2)
    assert hypervolume(some, 2, 90, 0.2) == pytest.approx(wanted, abs=4 * np.std(bought) / math.sqrt(1e5))


def test_log_energy_on_paper():
    """Accuracies up to 0.3 cost 1, from there to 0.5 they cost 10."""
    assert log_energy(STAIRS, 0.2, 0.5) == pytest.approx(2 / 3 * math.log(10))
    assert log_energy(STAIRS, 0.3, 0.5) == pytest.approx(math.log(10))
    assert log_energy(STAIRS, 0.35, 0.4) == pytest.approx(math.log(10))
    assert log_energy(STAIRS[1:2], 0.1, 0.2) == pytest.approx(math.log(10))
    twice = STAIRS * [2, 1]
    assert log_energy(twice, 0.2, 0.5) - log_energy(STAIRS, 0.2, 0.5) == pytest.approx(math.log(2))


def test_an_accuracy_out_of_reach_takes_no_energy_that_is_known():
    for low, high in ((0.2, 0.6), (0.5, 0.5), (0.3, 0.3), (0.5, 0.3)):
        assert math.isnan(log_energy(STAIRS, low, high))


def test_points_are_cumulative_energy_in_full_updates():
    run = made([0.1, None, 0.3, 0.4], 2)
    assert points(run).tolist() == [[0.02, 0.1], [pytest.approx(0.06), 0.3], [0.08, 0.4]]
    assert joined([points(run), points(run)]).shape == (6, 2)


def test_a_dense_run_costs_what_its_clients_would_at_the_price_of_another():
    """Four invited a round, of whom none, one, three and all are lost; each of the others at 80 in 100."""
    dense = made([0.2, 0.3, None, 0.5], 7777, full=1, lost=(0, 1, 3, 4))
    assert points(dense, priced_by=made([0.1], 2)).tolist() == [[pytest.approx(e), a] for e, a in
                                                                ((3.2, 0.2), (5.6, 0.3), (6.4, 0.5))]  # fmt: skip
