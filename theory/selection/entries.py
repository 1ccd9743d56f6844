"""What a selector reads: weights, costs and classes as they lie in memory, of any width and stride."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from theory.arithmetic.blocks import counted
from theory.arithmetic.exact import exact_sum_of_squares
from theory.arithmetic.sums import total_cost
from theory.budget import budget_in_units, is_share
from theory.instance import CostClasses, Instance, class_values, is_one_cost
from theory.selection.order import Floats, Indices

Weight = Literal["square", "magnitude", "given"]


@dataclass(frozen=True, eq=False)
class Entries:
    """What a selector reads, as it lies in memory.

    Attributes:
        values: shape (d,), float16, float32 or float64, any stride.
        weight: how an entry weighs: its ``square``, its ``magnitude``, or as ``given`` (then ``>= 0``).
        cost: joules per coordinate, float of shape (d,); or None, when ``labels`` and ``class_cost`` hold classes.
        labels: integers of shape (d,). class_cost: float64 of shape (classes,).
        by_cost: whether the order divides by the cost (Top-K does not).
    """

    values: NDArray[np.floating]
    weight: Weight
    cost: NDArray[np.floating] | None
    labels: NDArray[np.integer] | None = None
    class_cost: Floats | None = None
    by_cost: bool = True

    @property
    def d(self) -> int:
        """Number of coordinates."""
        return self.values.size

    def weights_of(self, items: Indices | NDArray[np.bool_] | slice) -> Floats:
        """Weights of some items, float64."""
        values = self.values[items].astype(np.float64)
        if self.weight == "given":
            return values
        with np.errstate(over="ignore", under="ignore"):
            return values * values if self.weight == "square" else np.abs(values)

    def retained(self, mask: NDArray[np.bool_]) -> Fraction:
        """Exact sum of the squares of some values."""
        return exact_sum_of_squares(self.values[mask])

    def costs_of(self, items: Indices | slice) -> Floats:
        """Costs of some items, float64."""
        if self.cost is not None:
            return self.cost[items].astype(np.float64)
        assert self.labels is not None
        assert self.class_cost is not None
        of_items: Floats = self.class_cost[self.labels[items]]
        return of_items

    def cost_of_counts(self, counts: NDArray[np.integer]) -> Fraction:
        """Exact cost of so many items of each class."""
        assert self.class_cost is not None
        return sum((n * Fraction(c) for n, c in zip(counts.tolist(), self.class_cost.tolist())), Fraction(0))  # noqa: B905

    def total_cost(self, threads: int = 1) -> Fraction | None:
        """Exact cost of all coordinates, or None when one has none that is valid."""
        if self.cost is not None:
            return total_cost(self.cost, threads)
        assert self.labels is not None
        assert self.class_cost is not None
        alike = self.labels.strides == (0,)
        counts = counted(self.labels[:1] if alike else self.labels, self.class_cost.size)
        return None if counts is None else self.cost_of_counts(counts * (self.d if alike else 1))

    def subset(self, items: Indices | slice) -> Entries:
        """Some of the items, in ascending order; a slice of them as views."""
        return replace(
            self,
            values=self.values[items],
            cost=None if self.cost is None else self.cost[items],
            labels=None if self.labels is None else self.labels[items],
        )


def entries_of(instance: Instance, weight: Floats | None = None, *, by_cost: bool = True) -> Entries:
    """The entries of a valid instance, weighed by its scores, or by ``weight`` (float64, shape (d,), ``>= 0``)."""
    values, kind = weight, "given"
    if values is None and instance.update is not None and not instance.scale_exponent:
        values, kind = instance.update, "square"  # narrower than the scores, and squares to them
    return Entries(
        instance.score if values is None else values,
        kind,  # type: ignore[arg-type]
        instance.given_cost,
        instance.labels,
        instance.class_cost,
        by_cost,
    )


@dataclass(frozen=True, eq=False)
class Unchecked:
    """Entries whose values nobody has looked at yet, with their budget in ``unit`` joules."""

    entries: Entries
    budget: Fraction
    unit: Fraction


def unchecked(
    update: NDArray[np.floating], cost: Any, budget: Any, weight: Weight, *, by_cost: bool,
    threads: int = 1,
) -> Unchecked | None:  # fmt: skip
    """Entries of plain arrays for a pass that checks what it reads; None for anything that is not a plain array.

    Raises:
        InputError: class costs and budgets that mean nothing.
    """
    if not _plain(update):
        return None
    if is_one_cost(cost):
        cost = CostClasses(np.broadcast_to(np.int8(0), update.shape), [cost])
    unit = Fraction(1)
    if isinstance(cost, CostClasses):
        labels = np.asarray(cost.labels)
        labels = labels.view(np.int8) if labels.dtype == bool else labels
        if labels.dtype.kind not in "iu" or labels.shape != update.shape:
            return None
        class_cost, unit = class_values(cost.values)
        entries = Entries(update, weight, None, labels, class_cost, by_cost)
    else:
        cost = np.asarray(cost)
        if not _plain(cost) or cost.shape != update.shape:
            return None
        entries = Entries(update, weight, cost, by_cost=by_cost)
    total = entries.total_cost(threads) if is_share(budget) else Fraction(0)
    if total is None:
        return None
    return Unchecked(entries, budget_in_units(budget, lambda: total, unit), unit)


def _plain(array: NDArray) -> bool:
    return array.dtype.kind == "f" and array.dtype.itemsize <= 8 and array.ndim == 1 and array.size > 0
