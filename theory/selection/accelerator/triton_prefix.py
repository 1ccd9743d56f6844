"""The greedy prefix on a CUDA device: one pass over the data, then ever fewer items, in six kernels.

What the kernels do is told in :mod:`theory.selection.accelerator.triton_kernels`. Nothing here waits for the device.
"""

from __future__ import annotations

import math
import struct
from contextlib import nullcontext
from typing import Any

import torch

from theory.selection.accelerator import triton_kernels as kernels
from theory.selection.accelerator import triton_memory as memory
from theory.selection.accelerator.prefix import Found, Problem, precision_of

_SAMPLE, _FEW, _MANY = 1 << 13, 1 << 15, 30_000_000  # items of the sample, twice as many of many, none of few
_SWEEP = 1024  # items of a block of the sweep
_compiled: dict[tuple[Any, ...], Any] = {}


def prefix(problem: Problem, *, careful: bool = False) -> Found:
    """Longest affordable prefix of the eligible items, without waiting for the device.

    Args:
        careful: a wider bracket, with room for every item inside: for what was not decided otherwise.
    """
    values, costs = problem.values, problem.labels if problem.cost is None else problem.cost
    assert costs is not None
    d, device = values.numel(), values.device
    sample = 0 if d <= _FEW else _SAMPLE if d < _MANY else 2 * _SAMPLE
    room = min(d, int(7 * d / math.sqrt(sample)) + 1024) if sample and not careful else d
    active_room = min(room, room // 8 + 4096) if sample and not careful else d
    words = memory.FIRST_KEY.value + room + (room + 1) // 2 + (active_room + 1) // 2
    work = torch.empty(words, dtype=torch.int64, device=device)
    mask = torch.empty(d, dtype=torch.bool, device=device)
    classes = problem.class_cost is not None
    table, ticks = (problem.class_cost, problem.ticks) if classes else (values, values)
    count = problem.class_cost.numel() if problem.class_cost is not None else 0
    budget = problem.budget if isinstance(problem.budget, int) else _bits(problem.budget)
    strides = values.stride(0), costs.stride(0)
    data = (values, strides[0], costs, strides[1], table, ticks, count, budget, _bits(problem.affordable),
            _bits(_grid(problem.budget)))  # fmt: skip
    kind = (classes, problem.by_cost, problem.weight == "square", precision_of(problem) == torch.float64,
            strides == (1, 1))  # fmt: skip
    like = (device.index, values.dtype, costs.dtype, values.data_ptr() % 16, costs.data_ptr() % 16, sample, kind)
    parts, blocks = -(-room // memory.LIST.value), -(-d // _SWEEP)
    kept = mask.view(torch.uint8)
    width = _bits(12.0 if careful else 3.5)
    with torch.cuda.device(device) if values.is_cuda else nullcontext():
        _launch(kernels.bracket, 1, 16, like, work, *data, d, width, sample, *kind)
        _launch(kernels.sweep, blocks, 4, like, work, kept, *data, d, room, _SWEEP, *kind)
        _launch(kernels.sort, parts, 8, like, work, *data, room, *kind)
        _launch(kernels.narrow, parts, 8, like, work, budget, room, active_room, classes)
        _launch(kernels.decide, 1, 16, like, work, *data, room, active_room, blocks, *kind)
        _launch(kernels.take, parts, 8, like, work, kept, room)
    return Found(mask, work[:4])


def _launch(kernel: Any, blocks: int, warps: int, like: tuple[Any, ...], *arguments: Any) -> None:
    """Launch a kernel as it was compiled for data like this: Triton's own look at every argument takes longer."""
    if (ready := _compiled.get((kernel, like))) is not None:
        ready[(blocks, 1, 1)](*arguments)
    elif (ready := kernel[(blocks,)](*arguments, num_warps=warps)) is not None:  # None where it is interpreted
        _compiled[kernel, like] = ready


def _bits(number: float) -> int:
    """A float64 as the integer with the same bits; Triton narrows floats that are handed over as such."""
    return int(struct.unpack("<q", struct.pack("<d", number))[0])


def _grid(budget: float) -> float:
    """One over the power of two of which the budget is 2^51 to 2^52 steps; NaN where that is out of range.

    Costs that are multiples of it have sums that are exact in float64 as far as the budget, in any order.
    """
    exponent = math.frexp(budget)[1] - 52
    return 2.0**-exponent if abs(exponent) < 900 and budget > 0 else math.nan
