"""The exact order by density, and how much of it a budget buys: against sorting and adding up Fractions."""

from fractions import Fraction
from itertools import accumulate

import numpy as np
import pytest
from catalogue import BY_NAME
from hypothesis import given
from hypothesis import strategies as st

from theory.selection.order import density_order, longest_affordable


def test_ratios_equal_in_floating_point_are_ordered_exactly():
    case = BY_NAME["ratios-that-round-alike"]
    score, cost = np.array(case.score), np.array(case.cost)
    assert score[0] / cost[0] == score[1] / cost[1]
    assert density_order(score, cost).tolist() == [1, 0]


WIDE = st.floats(0, allow_infinity=False, allow_nan=False)


@given(st.lists(st.tuples(WIDE, WIDE.filter(bool)), max_size=30))
def test_density_order_at_every_scale(items):
    weight, cost = np.array([w for w, _ in items]), np.array([c for _, c in items])
    ratio = [Fraction(w) / Fraction(c) for w, c in items]
    assert density_order(weight, cost).tolist() == sorted(range(len(items)), key=lambda i: (-ratio[i], i))


@pytest.mark.parametrize("size", [0, 1, 7, 64, 65, 200])
@pytest.mark.parametrize(
    "values", [[0.1, 0.2, 0.3], [5e-324, 1.0, 1e150], [1.0, 2.0], [5e-324, 1e-310], [1e308, 1.7e308, 1.0]]
)
def test_the_longest_affordable_is_exact_whether_few_or_many(size, values):
    """Budgets that are met exactly, missed by next to nothing, of nothing, and of more than everything."""
    cost = np.random.default_rng(size).choice(values, size)
    sums = list(accumulate(map(Fraction, cost.tolist()), initial=Fraction(0)))
    for k in sorted({0, size // 3, size // 2, size}):
        for more in (Fraction(0), Fraction(1, 10**400), -Fraction(1, 10**400)):
            budget = max(sums[k] + more, Fraction(0))
            most = max(j for j in range(size + 1) if sums[j] <= budget)
            assert longest_affordable(cost, budget) == (most, sums[most])
    assert longest_affordable(cost, sums[-1] + 1) == (size, sums[-1])
