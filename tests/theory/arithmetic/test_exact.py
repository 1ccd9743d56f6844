"""Numbers beyond float64 in texts and in JSON, and what is read as an exact rational."""

import sys
from fractions import Fraction

import pytest

from theory.arithmetic.exact import as_fraction, nearest_float, shown
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
