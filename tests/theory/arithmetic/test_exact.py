"""Numbers beyond float64 in texts and in JSON, and what is read as an exact rational."""

import sys
from fractions import Fraction

import numpy as np
import pytest

from theory.arithmetic.exact import (
    added,
    as_fraction,
    exact_ratio,
    exact_sum_of_squares,
    exactly,
    nearest_float,
    shown,
)
from theory.instance import Instance


@pytest.mark.parametrize(
    "value", [Fraction(0), Fraction(1, 3), Fraction(-25), Fraction(10) ** 300, Fraction(1, 10**300)]
)
def test_within_floats_texts_are_those_of_floats(value):
    assert nearest_float(value) == float(value)
    assert shown(value) == f"{float(value):.6g}"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (Fraction(25) * 10**400, "2.50000e+401"),
        (-(Fraction(10) ** 400), "-1.00000e+400"),
        (Fraction(1, 3 * 10**400), "3.33333e-401"),
    ],
)
def test_beyond_floats_the_power_of_ten_is_shown(value, text):
    assert shown(value) == text


def test_beyond_floats_the_largest_stands_for_it():
    most = sys.float_info.max
    assert [nearest_float(sign * Fraction(10) ** 400) for sign in (1, -1)] == [most, -most]
    assert nearest_float(Fraction(1, 10**400)) == 0


@pytest.mark.parametrize("of_package", ["gmpy2:mpq", "sympy:Rational"])
def test_rationals_of_other_packages_are_exact(of_package):
    package, name = of_package.split(":")
    rational = getattr(pytest.importorskip(package), name)
    found = as_fraction(rational(1, 3))
    assert found == Fraction(1, 3)
    assert type(found.numerator) is type(found.denominator) is int
    assert Instance([1.0, 2.0], 1, rational(4, 3)).budget == Fraction(4, 3)


HARD = [0.0, 5e-324, 1e-300, 0.1, 0.2, 0.3, 1.0, 3.0, 2.0**60, 1e150]


@pytest.mark.parametrize("size", [0, 1, 5, 64, 65, 200])
@pytest.mark.parametrize("kind", [np.float32, np.float64])
def test_squares_add_up_exactly_whether_few_or_many(size, kind):
    rng = np.random.default_rng(size)
    for signs in range(5):
        values = (rng.choice(HARD[3:-1] if kind is np.float32 else HARD, size) * (-1) ** signs).astype(kind)
        assert exact_sum_of_squares(values) == sum((Fraction(float(x)) ** 2 for x in values), Fraction(0))


@pytest.mark.parametrize("over", HARD)
def test_a_quotient_and_a_sum_of_one_part_are_exact(over):
    assert exactly(over) == added([Fraction(over)]) == Fraction(over)
    assert [exact_ratio(over, under) for under in HARD[1:]] == [Fraction(over) / Fraction(x) for x in HARD[1:]]
    assert added(iter([])) == 0
    assert added(Fraction(x) for x in HARD) == sum(map(Fraction, HARD))
