"""The greedy prefix in plain tensor operations, for any accelerator that PyTorch runs on.

Bracket, sums and counts stay on the device as 0-dimensional tensors, compaction has a fixed size, and nothing waits for
the device. What was not decided beyond rounding (a bracket that missed, a sum too near the budget, an entry that is not
finite) is said so.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
from torch import Tensor

from theory.selection.accelerator.prefix import Found, Problem, precision_of

_CHUNK = 1 << 24  # items per chunk of the pass: bounds the memory of intermediate results
_WIDTH = {False: 3.5, True: 12.0}  # standard deviations of the sample to either side of the bracket
_BLOCK = 4096  # costs summed at once, which bounds the rounding error of the sum
_MARGIN = {torch.float32: 2.0**-20, torch.float64: 2.0**-48}
_RANGE = {torch.float32: 2.0**100, torch.float64: 2.0**900}
_SAFE = 2.0**480
_EPS = 2.0**-53


def prefix(problem: Problem, *, careful: bool = False) -> Found:
    """Longest affordable prefix of the eligible items, without waiting for the device.

    Args:
        careful: a wider bracket, with room for every item inside: for what was not decided otherwise.
    """
    low, high = _bracket(problem, careful)
    return _finish(problem, low, high, _pass(problem, low, high), careful)


# --- the sample ------------------------------------------------------------------------------------


def _bracket(problem: Problem, careful: bool) -> tuple[Tensor, Tensor]:
    """Two keys, float64 and 0-dimensional, that probably enclose the critical one."""
    d = problem.values.numel()
    size = _sample_size(d)
    drawn = _drawn(size, d, problem.values.device)
    weight, cost = problem.weights_of(problem.values[drawn]), problem.costs_of(drawn)
    may = (weight > 0) & (cost <= problem.affordable)
    key, order = torch.where(may, weight / cost if problem.by_cost else weight, -1.0).sort(descending=True)
    cost = torch.where(may, problem.amounts_of(drawn).double(), 0.0)[order]
    sums, spread = cost.cumsum(0), _WIDTH[careful] * (cost * cost).cumsum(0).sqrt()
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
    precision = precision_of(problem)
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
        cost = cost if cost.dtype == torch.float64 else cost.float()
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


def _finish(problem: Problem, low: Tensor, high: Tensor, swept: _Swept, careful: bool) -> Found:
    """Sort the items inside the bracket, and find the critical one among them."""
    mask, inside, spent, error, decided = swept
    d = problem.values.numel()
    room = d if careful else min(d, int(d * 7 / math.sqrt(_sample_size(d))) + 1024)
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
    own = torch.stack([_at(weight, at), _at(cost, at)]).view(torch.int64)
    return Found(mask[:d], torch.stack([decided.long(), torch.where(critical, _at(items, at), -1), *own]))
