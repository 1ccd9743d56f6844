"""The linear relaxation of the projection and its exact solution (claim D2).

    maximise sum_i p_i z_i   subject to   sum_i c_i z_i <= B,  0 <= z_i <= 1         (Dantzig 1957)

over the affordable items (``c_i <= B``): the others are in no feasible mask, and leaving them out makes
the value a tighter upper bound on the 0/1 optimum.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from theory.arrays import uncompiled
from theory.instance import Instance
from theory.selection.bracket import greedy_prefix
from theory.selection.entries import entries_of
from theory.selection.rounding import Selection


@dataclass(frozen=True, eq=False)
class Relaxation:
    """Optimal primal-dual pair of the relaxation, exact.

    The order is that of :func:`theory.cwmp`, by squares as float64 has them. Those of a float64 update are rounded, and
    the value may be short of the relaxation's optimum by what that changed in the order, 1e-15 of it at most.

    Attributes:
        threshold: dual multiplier ``lambda = p_s / c_s`` of the budget (0 when everything fits).
        critical_item: ``s``, the first item of the order that does not fit, or None.
        fraction: ``phi = (B - c(prefix)) / c_s`` in [0, 1), the share of ``s`` the budget still pays for.
        value: the relaxation's optimum, ``p(prefix) + phi * p_s``.
        prefix: bool mask of shape (d,), the items taken whole.
        spent: exact cost of ``prefix`` in the instance's units. item_score: ``p_s``, exact; 0 without ``s``.
    """

    threshold: Fraction
    critical_item: int | None
    fraction: Fraction
    value: Fraction
    prefix: NDArray[np.bool_]
    spent: Fraction
    item_score: Fraction = Fraction(0)

    @property
    def mask(self) -> NDArray[np.bool_]:
        """The items taken whole, under the name that every result has: ``prefix``."""
        return self.prefix

    @property
    def retained(self) -> Fraction:
        """Exact score of the items taken whole: ``value`` less what the fraction of the critical item adds."""
        return self.value - self.fraction * self.item_score

    @property
    def support(self) -> NDArray[np.intp]:
        """Indices of the items taken whole, ascending."""
        return np.flatnonzero(self.prefix)


@uncompiled
def relax(instance: Instance, prefix: Selection | None = None, threads: int = 1) -> Relaxation:
    """Solve the relaxation exactly: the greedy prefix plus the fraction of the critical item it can still pay.

    Args:
        prefix: what ``cwmp(instance)`` gave, with the squared loss and rounded to the prefix, if that is known already.
        threads: how many share the pass over a large update.
    """
    found = greedy_prefix(entries_of(instance), instance.budget, threads=threads) if prefix is None else prefix
    retained = instance.retained(found.mask) if prefix is None else prefix.retained
    s = found.critical_item
    if s is None:
        return Relaxation(Fraction(0), None, Fraction(0), retained, found.mask, found.spent)
    score, cost = instance.exact_score(s), instance.exact_cost(s)
    phi = (instance.budget - found.spent) / cost
    return Relaxation(score / cost, s, phi, retained + phi * score, found.mask, found.spent, score)


def price_of(instance: Instance, threads: int = 1) -> Fraction:
    """``lambda`` alone, without the value and so without a pass over what is retained."""
    s = greedy_prefix(entries_of(instance), instance.budget, threads=threads).critical_item
    return Fraction(0) if s is None else instance.exact_score(s) / instance.exact_cost(s)
