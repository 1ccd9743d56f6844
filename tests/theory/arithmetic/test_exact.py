"""Numbers beyond float64 in texts and in JSON."""

import sys
from fractions import Fraction

import pytest

from theory.arithmetic.exact import nearest_float, shown


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
