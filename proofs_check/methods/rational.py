"""Rationals of the checks: GMP's where gmpy2 is installed, else Python's own.

Both are exact and answer alike, GMP's in about a tenth of the time; a test judges claims with each. Only the checks'
own sums use them. What is judged (:mod:`theory`) and its checker of certificates stay with ``fractions``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fractions import Fraction as Rational
else:
    try:
        from gmpy2 import mpq as Rational  # noqa: N812
    except ImportError:
        from fractions import Fraction as Rational

__all__ = ["Rational"]
