"""Budgets as people write them; the one rule, wherever a budget is taken.

    "5%"                        a share of what sending everything costs, in (0, 100 %]
    3  "3"  "0.4J"  "3mJ"       joules, >= 0; also uJ, nJ and pJ
    "1200units"                 the same where costs are ratios and no joules

A budget without a unit is in the unit of the costs, never a share. Every decimal means exactly itself, and a float
share is the decimal it prints. A share of more than everything is refused: 5 is far more often 5 % than 500 %.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from fractions import Fraction

import numpy as np

from theory.arithmetic.exact import Real, as_fraction
from theory.arrays import scalar
from theory.errors import InputError

RATIOS = "units"  # what costs are in where they are ratios
UNITS = {"mJ": -3, "uJ": -6, "µJ": -6, "nJ": -9, "pJ": -12, "J": 0}  # powers of ten, in joules


def as_share(value: Real, name: str = "share") -> Fraction:
    """The exact share of the cost of sending everything that ``value`` denotes, in (0, 1].

    Raises:
        InputError: no number, or one outside (0, 1].
    """
    value = scalar(value, name)
    text = str(value) if isinstance(value, (float, np.floating, str)) else value
    percent = isinstance(text, str) and text.rstrip().endswith("%")
    share = as_fraction(text.rstrip()[:-1], name) / 100 if percent else as_fraction(text, name)  # type: ignore[union-attr, arg-type]
    if not 0 < share <= 1:
        raise InputError(f'{name} = {value}: must be a share in (0, 1], or more than 0 and up to 100 % such as "5%"')
    return share


def as_joules(value: Real, name: str = "budget") -> Fraction:
    """The exact joules (or units) that ``value`` denotes, ``>= 0``: a number, or a text with its unit.

    Raises:
        InputError: no number, or a negative one.
    """
    value = scalar(value, name)
    text = value.strip() if isinstance(value, str) else value
    unit = _unit_of(text)
    number = as_fraction(text if unit is None else text.removesuffix(unit), name)  # type: ignore[union-attr]
    if number < 0:
        raise InputError(f"{name} = {value}: must be >= 0")
    power = UNITS.get(unit or "J", 0)
    return number * Fraction(10) ** power if power else number


def _unit_of(amount: object) -> str | None:
    """The unit that a text ends in."""
    text = amount.strip() if isinstance(amount, str) else ""
    return next((unit for unit in (*UNITS, RATIOS) if text.endswith(unit)), None)


def refuse_bare(given: Iterable[tuple[str, Real]]) -> None:
    """Raises :class:`InputError` for a text without a unit beside one that has its own; 0 needs none.

    Args:
        given: names, for messages, and amounts that :func:`as_joules` takes. Numbers that are no texts are joules.
    """
    pairs = list(given)
    unit = next((unit for _, amount in pairs if (unit := _unit_of(amount))), None)
    if unit is None:
        return
    for name, amount in pairs:
        if isinstance(amount, str) and _unit_of(amount) is None and as_joules(amount, name):
            number = amount.strip()
            accepted = " or ".join(f"{number}{one}" for one in dict.fromkeys(("J", unit)))
            raise InputError(f"{name} = {number} has no unit beside others that have: write {accepted}")


def budget_in_units(budget: Real | None, total: Callable[[], Fraction], unit: Fraction) -> Fraction:
    """The exact budget in units of ``unit`` joules, from joules or from a share of ``total()`` (in units).

    Raises:
        InputError: none given, or out of range.
    """
    if budget is None:
        raise InputError('give the budget, such as budget="5%", "3mJ" or a number of joules')
    if is_share(budget):
        return as_share(budget, "budget") * total()
    joules = as_joules(budget)
    return joules if unit == 1 else joules / unit


def percent(share: Real) -> str:
    """The budget that says an exact share: ``"5%"`` for 1/20, ``"100/3%"`` for 1/3.

    Raises:
        InputError: as :func:`as_share`.
    """
    return f"{100 * as_share(share, 'share')}%"


def is_share(budget: object) -> bool:
    """Whether a budget is written as a share, in percent."""
    return isinstance(budget, str) and budget.rstrip().endswith("%")
