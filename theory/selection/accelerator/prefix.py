"""Selection where the update lives: the greedy prefix of tensors on an accelerator.

Two engines find it: Triton kernels on CUDA (:mod:`theory.selection.accelerator.triton_prefix`), plain tensor operations
on anything else (:mod:`theory.selection.accelerator.tensor_ops`). Neither waits for the device; one answer is read at
the end, which says whether all was decided beyond rounding. Where it was not, the engine is asked again with a wider
bracket and room for every item, and then the host selects instead. So the mask is that of
:func:`theory.selection.order.sorted_prefix`, bit for bit, whatever the device.
"""

from __future__ import annotations

import importlib.util
import math
import struct
from collections.abc import Callable
from fractions import Fraction
from functools import lru_cache
from typing import Any, NamedTuple, Protocol

import numpy as np
import torch
from torch import Tensor

from theory.arithmetic.exact import Real, exact_sum, floor_float, joined
from theory.budget import budget_in_units
from theory.instance import CostClasses, class_values, is_one_cost
from theory.selection.entries import Weight

_ROW, _ROW_BITS = 1 << 15, 15  # values whose sum is formed at once
_CHUNK = 1 << 23  # values looked at at once
_MOST = float(np.finfo(np.float32).max)
_LARGE = 2.0**960  # beyond this the splitting constant would overflow

Classes = tuple[Tensor, np.ndarray]  # labels, and the float64 cost of each class


class Problem(NamedTuple):
    """What there is to select from, all tensors on one device.

    Attributes:
        values: shape (d,), a floating dtype. weight: ``square`` or ``magnitude`` of an entry.
        cost: per coordinate, a floating dtype of shape (d,); or None for classes.
        labels: integers of shape (d,), each of a class there is. class_cost: float64 of shape (classes,).
        ticks: int64 of shape (classes,), the class costs in a common unit.
        budget: the largest float64 not above the budget, or for classes the largest number of ticks.
        affordable: the largest number of the costs' precision not above the budget.
        by_cost: whether the order divides by the cost.
    """

    values: Tensor
    weight: Weight
    cost: Tensor | None
    labels: Tensor | None
    class_cost: Tensor | None
    ticks: Tensor | None
    budget: float | int
    affordable: float
    by_cost: bool

    def weights_of(self, values: Tensor) -> Tensor:
        """Float64 weights of some entries."""
        wide = values.double()
        return wide * wide if self.weight == "square" else wide.abs()

    def labels_of(self, items: Tensor | slice) -> Tensor:
        """Classes of some items; a label that is none is read as the nearest, and noticed by the pass."""
        assert self.labels is not None
        assert self.class_cost is not None
        return self.labels[items].long().clamp(0, self.class_cost.numel() - 1)

    def costs_of(self, items: Tensor | slice) -> Tensor:
        """Float64 costs of some items."""
        if self.cost is not None:
            return self.cost[items].double()
        assert self.class_cost is not None
        return self.class_cost[self.labels_of(items)]

    def amounts_of(self, items: Tensor) -> Tensor:
        """What some items take from the budget: float64 costs, or int64 ticks."""
        return self.costs_of(items) if self.ticks is None else self.ticks[self.labels_of(items)]


class Found(NamedTuple):
    """The prefix, on the device.

    Attributes:
        mask: bool, shape (d,).
        answer: int64, shape (4,): whether the rest means anything; the critical item, -1 when everything fits; the bits
            of its float64 weight and cost.
    """

    mask: Tensor
    answer: Tensor


class Engine(Protocol):
    """What finds the prefix without waiting for the device; ``careful`` spends more to be sure."""

    def __call__(self, problem: Problem, *, careful: bool = False) -> Found: ...  # noqa: D102


def precision_of(problem: Problem) -> torch.dtype:
    """What the pass compares in: float32 where entries and costs are no wider."""
    wide = torch.float64 in (problem.values.dtype, None if problem.cost is None else problem.cost.dtype)
    return torch.float64 if wide else torch.float32


def engine_for(values: Tensor) -> Engine:
    """The engine of a device."""
    if values.is_cuda and values.numel() < 1 << 31 and importlib.util.find_spec("triton"):
        from theory.selection.accelerator.triton_prefix import prefix

        return prefix
    from theory.selection.accelerator.tensor_ops import prefix as plain

    return plain


def problem_of(
    values: Tensor,
    weight: Weight,
    cost: Any,
    classes: Classes | None,
    budget: Fraction,
    *,
    by_cost: bool,
) -> Problem | None:
    """A problem from tensors on one device; None for classes whose costs have no common unit in 62 bits.

    Args:
        cost: tensor of costs per coordinate, or None. classes: labels and float64 costs per class, or None.
        budget: exact, in the units of the costs.
    """
    if classes is None:
        affordable = _floor(budget, torch.promote_types(cost.dtype, torch.float32))
        return Problem(values, weight, cost, None, None, None, floor_float(budget), affordable, by_cost)
    labels, class_cost = classes
    found = _tables(tuple(class_cost.tolist()), values.device)
    if found.dearest * values.numel() >= 1 << 62:
        return None
    limit = min(math.floor(budget / found.unit), (1 << 62) - 1)
    return Problem(values, weight, None, labels, found.cost, found.ticks, limit, floor_float(budget), by_cost)


@lru_cache(maxsize=64)
def _known_values(values: tuple[Real, ...], kinds: tuple[type, ...]) -> tuple[np.ndarray, Fraction]:
    """:func:`theory.instance.class_values`, kept from call to call; of ``kinds``, since True equals 1."""
    return class_values(values)


class _Tables(NamedTuple):
    """Class costs on a device: float64, and int64 in a common ``unit``; the dearest is so many."""

    cost: Tensor
    ticks: Tensor
    unit: Fraction
    dearest: int


@lru_cache(maxsize=64)
def _tables(class_cost: tuple[float, ...], device: torch.device) -> _Tables:
    """Kept from call to call: to bring them there waits for the device."""
    exact = [Fraction(c) for c in class_cost]
    unit = Fraction(math.gcd(*(c.numerator for c in exact)), math.lcm(*(c.denominator for c in exact)))
    ticks = [int(c / unit) for c in exact]
    kept = [tick if tick < 1 << 62 else 0 for tick in ticks]  # such costs are the host's
    wide = torch.tensor(class_cost, dtype=torch.float64, device=device)
    return _Tables(wide, torch.tensor(kept, dtype=torch.int64, device=device), unit, max(ticks))


def _floor(value: Fraction, dtype: torch.dtype) -> float:
    """The largest float64 or float32 not above ``value``."""
    wide = floor_float(value)
    if dtype == torch.float64:
        return wide
    if wide >= _MOST:
        return _MOST
    nearest = np.float32(wide)
    return float(nearest if nearest <= wide else np.nextafter(nearest, np.float32(-np.inf)))


class Chosen(NamedTuple):
    """A decided prefix: mask on the device, critical item, and its threshold; costs and budget in ``unit`` joules."""

    mask: Tensor
    critical_item: int | None
    threshold: Fraction
    spent: Callable[[], Fraction]
    unit: Fraction


def choose(
    update: Tensor, cost: Any, budget: Real | None, weight: Weight, *, by_cost: bool,
    engine: Engine | None = None,
) -> Chosen | None:  # fmt: skip
    """The greedy prefix of tensors on one device; None where the host has to decide, or to say what is wrong.

    Args:
        engine: by default that of the device.

    Raises:
        InputError: class costs and budgets that mean nothing.
    """
    if not (update.is_floating_point() and update.ndim == 1 and update.numel()):
        return None
    values = update.detach()
    if is_one_cost(cost):
        cost = CostClasses(torch.zeros(1, dtype=torch.int8, device=update.device).expand(update.numel()), [cost])  # type: ignore[arg-type]
    unit, classes = Fraction(1), None
    if isinstance(cost, CostClasses):
        class_cost, unit = _known_values(tuple(cost.values), tuple(map(type, cost.values)))
        labels = torch.as_tensor(cost.labels, device=update.device)
        classes = (labels.to(torch.uint8) if labels.dtype == torch.bool else labels), class_cost
        if labels.is_floating_point() or labels.shape != update.shape or not class_cost.size:
            return None
    else:
        cost = torch.as_tensor(cost, device=update.device)
        if not cost.is_floating_point() or cost.shape != update.shape:
            return None
    exact = budget_in_units(budget, lambda: _total(cost, classes), unit)
    problem = problem_of(values, weight, None if classes else cost, classes, exact, by_cost=by_cost)
    if problem is None:
        return None
    engine = engine or engine_for(values)
    for careful in (False, True):
        mask, answer = engine(problem, careful=careful)
        decided, critical, *bits = answer.tolist()  # the one place that waits for the device
        if decided:
            break
    else:
        return None
    spent = lambda: exact_device_sum(problem.costs_of(mask.nonzero().view(-1)))  # noqa: E731
    if critical < 0:
        return Chosen(mask, None, Fraction(0), spent, unit)
    its_weight, its_cost = (Fraction(struct.unpack("<d", struct.pack("<q", one))[0]) for one in bits)
    return Chosen(mask, critical, its_weight / its_cost if by_cost else its_weight, spent, unit)


def _total(cost: Any, classes: Classes | None) -> Fraction:
    if classes is None:
        return exact_device_sum(cost)
    labels, class_cost = classes
    counts = [int((labels == k).sum()) for k in range(class_cost.size)]
    return sum((n * Fraction(c) for n, c in zip(counts, class_cost.tolist(), strict=True)), Fraction(0))


def exact_device_sum(values: Tensor) -> Fraction:
    """The exact sum of a float tensor, formed where it lies (:func:`theory.arithmetic.exact.exact_sum`).

    Values that are not finite or beyond 2^960 are summed, or refused, on the host.
    """
    exact = Fraction(0)
    for start in range(0, values.numel(), _CHUNK):
        part = values[start : start + _CHUNK].double()
        rest = torch.nn.functional.pad(part, (0, -part.numel() % _ROW)).view(-1, _ROW)
        while True:
            top = rest.abs().amax(1, keepdim=True)
            largest = float(top.max())
            if largest == 0:
                break
            if not largest <= _LARGE:
                exact += exact_sum(rest.cpu().numpy().ravel())
                break
            exponent = torch.frexp(top).exponent + _ROW_BITS
            splitter = torch.ldexp(torch.full_like(top, 1.5), exponent)  # 1.5 * 2**52 times the grid
            high = (rest + splitter) - splitter
            exact += joined(high.sum(1).tolist())
            rest = rest - high
    return exact
