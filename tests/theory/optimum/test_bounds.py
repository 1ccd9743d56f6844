"""The bounds of the claims on instances small enough for paper; that they hold is for `proofs_check`."""

import math
from fractions import Fraction

import pytest

from theory import Instance, relax, top_k
from theory.optimum.bounds import (
    best_of_share,
    contraction_cwmp,
    contraction_cwmp_prior,
    contraction_top_k,
    error_feedback_rate,
    greedy_gap,
    least_cost_at_score,
    saving_ceiling,
)

NOTHING = Instance.from_scores([], [], 1)


def test_the_greedy_gap_is_the_share_of_the_critical_item_that_is_paid():
    # densities 2 and 3/2: item 0 is taken, 1 of the 2 units of item 1 is left, worth 3/2
    instance = Instance.from_scores([2, 3], [1, 2], 2)
    assert greedy_gap(instance, relax(instance)) == Fraction(3, 2)
    everything = Instance.from_scores([2, 3], [1, 2], 3)
    assert greedy_gap(everything, relax(everything)) == 0


def test_best_of_keeps_a_half():
    assert best_of_share() == Fraction(1, 2)


def test_what_was_spent_contracts():
    instance = Instance.from_scores([1, 1, 1], [2, 4, 3], 5)
    assert contraction_cwmp(instance, Fraction(4)) == Fraction(4, 9)
    assert contraction_cwmp(NOTHING, Fraction(0)) == 1


@pytest.mark.parametrize(
    ("budget", "share"), [(0, 0), (3, 0), (4, 0), (5, Fraction(1, 9)), (8, Fraction(4, 9)), (13, 1), (14, 1)]
)
def test_what_is_left_beside_the_dearest_contracts_before_the_update_is_known(budget, share):
    assert contraction_cwmp_prior(Instance.from_scores([1, 1, 1], [2, 4, 3], budget)) == share
    assert contraction_cwmp_prior(NOTHING) == 1


@pytest.mark.parametrize(("budget", "count"), [(0, 0), (2, 0), (3, 1), (4, 1), (5, 2), (6, 3), (7, 3)])
def test_top_k_contracts_by_what_the_dearest_leave_room_for(budget, count):
    """Of the costs 1, 2, 3 the dearest come first: 4 pays for one, though it would for the two cheapest."""
    assert contraction_top_k(Instance.from_scores([1, 1, 1], [3, 1, 2], budget)) == Fraction(count, 3)
    assert contraction_top_k(NOTHING) == 1


@pytest.mark.parametrize(
    ("budget", "least", "ceiling"),
    [
        (0, 0, 0),
        (3, 1, Fraction(2, 3)),
        (4, 2, Fraction(1, 2)),
        (7, 1, Fraction(2, 3)),
        (8, 2, Fraction(3, 4)),
        (10, 10, 0),
    ],
)
def test_a_selector_saves_no_more_than_the_cheapest_items_would(budget, least, ceiling):
    """Top-K keeps items of 3, 5, 1 and 1 joules in this order, one of 5 not if 4 are all there is."""
    instance = Instance.from_scores([16, 9, 4, 1], [3, 5, 1, 1], budget)
    best = top_k(instance)
    cheapest = sum(sorted([3, 5, 1, 1])[: int(best.mask.sum())])
    assert (least_cost_at_score(instance, best), cheapest) == (cheapest, least)
    assert saving_ceiling(instance, best) == ceiling


def rate(delta=0.5, step=0.25, steps=8):
    return error_feedback_rate(smoothness=2, second_moment=3, gap=5, delta=delta, step=step, steps=steps)


def test_the_rate_of_error_feedback_on_paper():
    # 2 5/(8/4) + 2 3/4 + 4 (2/4)^2 3 (1/2)/(1/4) = 5 + 3/2 + 6
    assert rate() == 12.5
    assert rate(delta=1) == 6.5  # nothing is held back: SGD
    assert rate(delta=1, steps=1) == 41.5
    assert rate(delta=0.75) == pytest.approx(5 + 3 / 2 + 4 / 3, rel=1e-15)
    # 2 5/16 + 2 2 3 + 4 (2 2)^2 3 (3/4)/(1/16) = 5/8 + 12 + 2304
    assert rate(delta=0.25, step=2) == 2316.625


@pytest.mark.parametrize(
    "outside", [{"delta": 0}, {"delta": -0.5}, {"delta": 1.5}, {"step": 0}, {"step": -0.5}, {"steps": 0}, {"steps": -1}]
)
def test_no_rate_outside_the_ranges(outside):
    assert rate(**outside) == math.inf
