"""The greedy prefix on an accelerator: the pass of :mod:`theory.bracket` in tensor operations.

Bracket, sums and counts stay on the device as 0-dimensional tensors, compaction has a fixed size, and nothing waits for
the device until one flag is read at the end: whether all was decided beyond rounding. Where it was not (a bracket that
missed, a sum too near the budget, an entry that is not finite), the host selects instead. So the mask is that of
:func:`theory.order.sorted_prefix`, bit for bit, whatever the device.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from theory.budget import budget_in_units
from theory.entries import Weight
from theory.exact import Real, exact_sum, floor_float
from theory.instance import CostClasses, class_values, is_one_cost

_CHUNK = 1 << 24  # items per chunk of the pass: bounds the memory of intermediate results
_WIDTH = 3.5  # standard deviations of the sample to either side of the bracket
_BLOCK = 4096  # costs summed at once, which bounds the rounding error of the sum
_MARGIN = {torch.float32: 2.0**-20, torch.float64: 2.0**-48}
_RANGE = {torch.float32: 2.0**100, torch.float64: 2.0**900}
_SAFE = 2.0**480
_EPS = 2.0**-53

Classes = tuple[Tensor, np.ndarray]  # labels, and the float64 cost of each class


class Problem(NamedTuple):
    """What there is to select from, all tensors on one device.

    Attributes:
        values: shape (d,), a floating dtype. weight: ``square`` or ``magnitude`` of an entry.
        cost: per coordinate, a floating dtype of shape (d,); or None for classes.
        labels: integers of shape (d,), each of a class there is. class_cost: float64 of shape (classes,).
        ticks: int64 of shape (classes,), the class costs in a common unit.
        budget: the largest float64 not above the budget, or for classes the largest number of ticks.
        affordable: the largest number of the costs' dtype not above the budget.
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

    def costs_of(self, items: Tensor) -> Tensor:
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
        mask: bool, shape (d,). critical_item: int64, -1 when everything fits.
        decided: bool, 0-dimensional; where it is false the other two mean nothing.
    """

    mask: Tensor
    critical_item: Tensor
    decided: Tensor


def problem_of(
    values: Tensor,
    weight: Weight,
    cost: Any,
    classes: tuple[Tensor, np.ndarray] | None,
    budget: Fraction,
    *,
    by_cost: bool,
) -> Problem | None:
    """A problem from tensors on one device; None for classes whose costs have no common unit in 62 bits.

    Args:
        cost: tensor of costs per coordinate, or None. classes: labels and float64 costs per class, or None.
        budget: exact, in the units of the costs.
    """
    device = values.device
    if classes is None:
        cost = cost if cost.dtype == torch.float64 else cost.float()
        return Problem(values, weight, cost, None, None, None, floor_float(budget), _floor(budget, cost.dtype), by_cost)
    labels, class_cost = classes
    exact = [Fraction(c) for c in class_cost.tolist()]
    unit = Fraction(math.gcd(*(c.numerator for c in exact)), math.lcm(*(c.denominator for c in exact)))
    ticks = [int(c / unit) for c in exact]
    if max(ticks) * values.numel() >= 1 << 62:
        return None
    limit = min(math.floor(budget / unit), (1 << 62) - 1)
    wide = torch.tensor(class_cost, dtype=torch.float64, device=device)
    whole = torch.tensor(ticks, dtype=torch.int64, device=device)
    return Problem(values, weight, None, labels, wide, whole, limit, floor_float(budget), by_cost)


def _floor(value: Fraction, dtype: torch.dtype) -> float:
    """The largest number of ``dtype`` not above ``value``."""
    nearest = torch.tensor(floor_float(value), dtype=torch.float64).to(dtype)
    if not math.isinf(nearest) and Fraction(float(nearest)) <= value:
        return float(nearest)
    return float(torch.nextafter(nearest, -torch.ones_like(nearest)))


def prefix(problem: Problem) -> Found:
    """Longest affordable prefix of the eligible items, without waiting for the device."""
    low, high = _bracket(problem)
    return _finish(problem, low, high, _pass(problem, low, high))


# --- the sample ------------------------------------------------------------------------------------


def _bracket(problem: Problem) -> tuple[Tensor, Tensor]:
    """Two keys, float64 and 0-dimensional, that probably enclose the critical one."""
    d = problem.values.numel()
    size = _sample_size(d)
    drawn = _drawn(size, d, problem.values.device)
    weight, cost = problem.weights_of(problem.values[drawn]), problem.costs_of(drawn)
    may = (weight > 0) & (cost <= problem.affordable)
    key, order = torch.where(may, weight / cost if problem.by_cost else weight, -1.0).sort(descending=True)
    cost = torch.where(may, problem.amounts_of(drawn).double(), 0.0)[order]
    sums, spread = cost.cumsum(0), _WIDTH * (cost * cost).cumsum(0).sqrt()
    target = problem.budget * (size / d)
    before = (sums + spread < target).sum()
    after = ((sums - spread).cummax(0).values <= target).sum()
    infinity = torch.full_like(key[0], math.inf)
    smallest = torch.where(key > 0, key, math.inf).min()
    edge = torch.maximum(_at(key, (before - 1).clamp(min=0)), smallest)
    high = torch.where(before > 0, torch.nextafter(edge, infinity), infinity)
    low = torch.where(after < size, _at(key, after.clamp(max=size - 1)), 0.0).clamp(min=0.0)
    return low, high


def _at(values: Tensor, index: Tensor) -> Tensor:
    """One value, 0-dimensional; ``values[index]`` would wait for the index."""
    return values.gather(0, index.view(1)).view(())


def _sample_size(d: int) -> int:
    return int(d ** (2 / 3) / 2) + 1


def _drawn(size: int, d: int, device: torch.device) -> Tensor:
    """Pseudo-random indices (splitmix64), the same on every device, and nobody's generator is touched."""
    x = torch.arange(1, size + 1, device=device) * -0x61C8864680B583EB
    x = (x ^ (x >> 30 & (1 << 34) - 1)) * -0x40A7B892E31B1A47
    x = (x ^ (x >> 27 & (1 << 37) - 1)) * -0x6B2FB644ECCEEE15
    return ((x ^ (x >> 31 & (1 << 33) - 1)) & (1 << 62) - 1) % d


# --- the pass --------------------------------------------------------------------------------------


class _Swept(NamedTuple):
    """Masks above the bracket and inside it, what the first takes, an error bound of that, whether all went well."""

    mask: Tensor
    inside: Tensor
    spent: Tensor
    error: Tensor
    decided: Tensor


def _pass(problem: Problem, low: Tensor, high: Tensor) -> _Swept:
    """Look at everything once."""
    narrow = problem.values.dtype != torch.float64 and (problem.cost is None or problem.cost.dtype != torch.float64)
    precision = torch.float32 if narrow else torch.float64
    d, device = problem.values.numel(), problem.values.device
    mask = torch.zeros(d + 1, dtype=torch.bool, device=device)  # the last one is nobody's: padding is written there
    inside = torch.empty(d, dtype=torch.bool, device=device)
    decided = _in_range(low, high, precision)
    sums = []
    for start in range(0, d, _CHUNK):
        part = slice(start, min(start + _CHUNK, d))
        decided = decided & _compare(problem, part, low, high, precision, mask[part], inside[part])
        sums.append(_amount(problem, part, mask[part]))
    parts = torch.stack(sums)
    spent = parts.sum()
    rounding = 0.0 if problem.ticks is not None else (_BLOCK + d / _BLOCK + len(sums)) * _EPS
    return _Swept(mask, inside, spent, spent * rounding, decided)


def _in_range(low: Tensor, high: Tensor, precision: torch.dtype) -> Tensor:
    extent = _RANGE[precision]
    return ((low == 0) | (low > 1 / extent) & (low < extent)) & (
        (high == math.inf) | (high > 1 / extent) & (high < extent)
    )


def _compare(
    problem: Problem, part: slice, low: Tensor, high: Tensor, precision: torch.dtype, mask: Tensor, inside: Tensor
) -> Tensor:
    """Fill ``mask`` and ``inside`` for one chunk; whether its entries are finite and clear of under- and overflow."""
    values = problem.values[part].to(precision)
    weight = values * values if problem.weight == "square" else values.abs()
    decided = weight.max() < math.inf
    if precision == torch.float64:
        size = values.abs()
        decided = decided & (size.max() < _SAFE) & (torch.where(size == 0, 1.0, size).min() > 1 / _SAFE)
    margin, extent = _MARGIN[precision], _RANGE[precision]
    lower, higher = (low * (1 - margin)).to(precision), (high * (1 + margin)).to(precision)
    if problem.cost is not None:
        cost = problem.cost[part]
        may = cost <= problem.affordable
    else:
        assert problem.labels is not None
        assert problem.class_cost is not None
        labels, given = problem.labels_of(part), problem.labels[part]
        decided = decided & (given.min() >= 0) & (given.max() < problem.class_cost.numel())
        cost = problem.class_cost.to(precision)[labels]
        may = (problem.class_cost <= problem.affordable)[labels]
    cheapest, dearest = cost.min().double(), cost.max().double()
    decided = decided & (cheapest > 0) & (dearest < math.inf)
    if problem.by_cost:
        cost = cost.to(precision)
        decided = decided & (cheapest > 1 / extent) & (dearest < extent)
        decided = (
            decided & ((low == 0) | (cheapest * low > 1 / extent)) & ((high == math.inf) | (dearest * high < extent))
        )
        lower, higher = cost * lower, cost * higher
    torch.logical_and(weight > higher, may, out=mask)
    torch.logical_and((weight >= lower) & (values != 0), may & ~mask, out=inside)
    return decided


def _amount(problem: Problem, part: slice, mask: Tensor) -> Tensor:
    """What the items of a chunk's mask take from the budget, 0-dimensional."""
    if problem.ticks is not None:
        return torch.where(mask, problem.ticks[problem.labels_of(part)], 0).sum()
    assert problem.cost is not None
    taken = torch.where(mask, problem.cost[part], 0)
    whole = taken.numel() // _BLOCK * _BLOCK
    blocks = taken[:whole].view(-1, _BLOCK).sum(1, dtype=torch.float64)
    return blocks.sum() + taken[whole:].sum(dtype=torch.float64)


# --- the finish ------------------------------------------------------------------------------------


def _finish(problem: Problem, low: Tensor, high: Tensor, swept: _Swept) -> Found:
    """Sort the items inside the bracket, and find the critical one among them."""
    mask, inside, spent, error, decided = swept
    d = problem.values.numel()
    room = min(d, int(d * 7 / math.sqrt(_sample_size(d))) + 1024)
    listed = torch.nonzero_static(inside, size=room, fill_value=d).view(-1)
    decided = decided & (inside.sum() <= room)
    valid = listed < d
    items = listed.clamp(max=d - 1)
    weight, cost = problem.weights_of(problem.values[items]), problem.costs_of(items)
    key, order = torch.where(valid, weight / cost if problem.by_cost else weight, -1.0).sort(
        descending=True, stable=True
    )
    valid, items, weight, cost = valid[order], items[order], weight[order], cost[order]
    sums = torch.where(valid, problem.amounts_of(items), 0).cumsum(0)
    left = problem.budget - spent
    taken = ((sums <= left) & valid).sum()
    at = taken.clamp(max=room - 1)
    critical = (taken < room) & _at(valid, at)
    if problem.ticks is None:
        near = torch.stack([_at(sums, (taken - 1).clamp(min=0)), _at(sums, at)])
        doubt = error + 2 * _EPS * (room + 2) * (sums[-1] + abs(problem.budget))
        near_enough = ((near - left).abs() <= doubt).any() | (left.abs() <= doubt)
        decided = decided & ~near_enough & torch.isfinite(sums[-1])
    key_at = _at(key, at)
    run = key == key_at
    alike = (~run | (weight == _at(weight, at)) & (cost == (_at(cost, at) if problem.by_cost else cost))).all()
    decided = decided & (left >= 0)
    decided = decided & torch.where(critical, (key_at >= low) & (key_at < high) & alike, low == 0)
    mask.index_put_((listed[order],), torch.arange(room, device=mask.device) < taken)
    return Found(mask[:d], torch.where(critical, _at(items, at), -1), decided)


# --- the front ---------------------------------------------------------------------------------------


class Chosen(NamedTuple):
    """A decided prefix: mask on the device, critical item, and its threshold; costs and budget in ``unit`` joules."""

    mask: Tensor
    critical_item: int | None
    threshold: Fraction
    spent: Callable[[], Fraction]
    unit: Fraction


def choose(
    update: Tensor, cost: Any, budget: Real | None, fraction: Real | None, weight: Weight, *, by_cost: bool
) -> Chosen | None:
    """The greedy prefix of tensors on one device; None where the host has to decide, or to say what is wrong.

    Raises:
        InputError: class costs and budgets that mean nothing.
    """
    if not (update.is_floating_point() and update.ndim == 1 and update.numel()):
        return None
    if is_one_cost(cost):
        cost = CostClasses(torch.zeros(1, dtype=torch.int8, device=update.device).expand(update.numel()), [cost])  # type: ignore[arg-type]
    unit, classes = Fraction(1), None
    if isinstance(cost, CostClasses):
        class_cost, unit = class_values(cost.values)
        labels = torch.as_tensor(cost.labels, device=update.device)
        classes = (labels.to(torch.uint8) if labels.dtype == torch.bool else labels), class_cost
        if labels.is_floating_point() or labels.shape != update.shape or not class_cost.size:
            return None
    else:
        cost = torch.as_tensor(cost, device=update.device)
        if not cost.is_floating_point() or cost.shape != update.shape:
            return None
    exact = budget_in_units(budget, fraction, lambda: _total(cost, classes), unit)
    problem = problem_of(update.detach(), weight, None if classes else cost, classes, exact, by_cost=by_cost)
    if problem is None:
        return None
    found = prefix(problem)
    if not bool(found.decided):  # the one place that waits for the device
        return None
    s = int(found.critical_item)
    mask = found.mask
    if s < 0:
        return Chosen(mask, None, Fraction(0), lambda: _spent(problem, mask), unit)
    at = found.critical_item[None]
    threshold = Fraction(float(problem.weights_of(update.detach()[at])))
    if by_cost:
        threshold /= Fraction(float(problem.costs_of(at)))
    return Chosen(mask, s, threshold, lambda: _spent(problem, mask), unit)


def _total(cost: Any, classes: Classes | None) -> Fraction:
    if classes is None:
        return exact_sum(cost.double().cpu().numpy())
    labels, class_cost = classes
    counts = [int((labels == k).sum()) for k in range(class_cost.size)]
    return sum((n * Fraction(c) for n, c in zip(counts, class_cost.tolist(), strict=True)), Fraction(0))


def _spent(problem: Problem, mask: Tensor) -> Fraction:
    """Exact cost of a mask, in the units of the costs."""
    return exact_sum(problem.costs_of(mask.nonzero().view(-1)).cpu().numpy())
