"""A selection as the checks look at it: exact places in the order, costs as integers, what is kept and what is not."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from proofs_check.selector.promise import Promise
from proofs_check.selector.ranks import ranks, whole
from proofs_check.selector.subject import Selector
from theory.arithmetic.exact import as_fraction, floor_float
from theory.instance import Instance


@dataclass(frozen=True)
class Seen:
    """A selection beside exact scores and costs.

    Attributes:
        mask: bool, shape (d,). weight: what each coordinate is worth, float64 of shape (d,).
        kept, out: indices of the eligible items in and out of it; eligible are those worth something and affordable.
        units: costs as integers over the denominator ``q``.
    """

    promise: Promise
    instance: Instance
    mask: NDArray[np.bool_]
    weight: NDArray[np.float64]
    kept: NDArray[np.intp]
    out: NDArray[np.intp]
    units: list[int]
    q: int

    @cached_property
    def place(self) -> NDArray[np.int64]:
        """The exact place of each coordinate in the order, shape (d,); a larger one comes earlier."""
        return ranks(self.weight, self._divisor)

    @cached_property
    def alike(self) -> NDArray[np.int64]:
        """A number for each coordinate, shape (d,), equal for equal worth and cost: ties in any arithmetic."""
        pairs = np.empty(self.weight.shape, dtype=np.complex128)
        pairs.real, pairs.imag = self.weight, self.instance.cost
        return np.unique(pairs, return_inverse=True)[1].reshape(-1)

    @cached_property
    def key(self) -> NDArray[np.float64]:
        """What the order goes by, shape (d,): the exact place where the order is exact, else the score as a float."""
        if not self.promise.order_tolerance:
            return self.place.astype(np.float64)
        with np.errstate(over="ignore", under="ignore"):
            return self.weight / self._divisor

    @property
    def _divisor(self) -> NDArray[np.float64]:
        by_worth = self.promise.score in (None, "magnitude")
        return np.ones_like(self.weight) if by_worth else self.instance.cost

    def near(self, j: Any) -> Any:
        """The least key that may pass for that of ``j`` (an index or several)."""
        return self.key[j] * (1 - self.promise.order_tolerance)

    def next_in_order(self) -> list[int]:
        """The item with which a prefix goes on, or several where ties or the tolerance leave it open."""
        best = self.out[np.argmax(self.key[self.out])]
        open_ = self.promise.order_tolerance or self.promise.ties == "any"
        return self.out[self.key[self.out] >= self.near(best)].tolist() if open_ else [int(best)]

    def score(self, i: int) -> Fraction:
        """The exact score of a coordinate."""
        return Fraction(self.weight[i]) / Fraction(self._divisor[i])

    @cached_property
    def spent(self) -> Fraction:
        """What the selection costs, exactly."""
        return self.instance.spent(self.mask)

    @property
    def left(self) -> Fraction:
        """What the selection leaves of the budget."""
        return self.instance.budget - self.spent

    def allowed(self, left: Fraction) -> int:
        """``left`` in units of ``1/q``, less the tolerance that was declared, whatever it is used for."""
        return int((left - self.instance.budget * as_fraction(self.promise.budget_tolerance)) * self.q // 1)

    def is_best_single(self) -> bool:
        """Whether one item is kept and no eligible item is worth more."""
        return self.kept.size == 1 and bool((self.weight[self.out] <= self.weight[self.kept[0]]).all())

    def name(self, i: int) -> str:
        """A coordinate in words."""
        assert self.instance.update is not None
        return f"{i} (update {self.instance.update[i]!s}, cost {self.instance.cost[i]:.6g})"


def see(selector: Selector, instance: Instance) -> Seen:
    """Select, and look at the result exactly."""
    mask, weight = selector.on(instance).mask, selector.promise.weights(instance)
    eligible = (weight > 0) & (instance.cost <= floor_float(instance.budget))
    units, q = whole(instance.cost)
    kept, out = np.flatnonzero(eligible & mask), np.flatnonzero(eligible & ~mask)
    return Seen(selector.promise, instance, mask, weight, kept, out, units, q)
