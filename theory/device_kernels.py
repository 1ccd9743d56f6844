"""The greedy prefix on a CUDA device, in six Triton kernels: one pass over the data, then ever fewer items.

    bracket   two keys that probably enclose the critical one, from a sample
    sweep     keep what lies above the bracket, list what lies inside, add up costs: the one read of everything
    sort      the listed items' exact keys, and their costs in 2048 bins by the keys' bits, dearest key first
    narrow    list the items of the bin that the budget ends in
    decide    the critical item among those
    take      keep the listed items before it

A comparison that rounding could turn is left to a later kernel, which looks at the exact float64 key. Sums of costs in
floating point are exact where the costs lie on a grid of which the budget is fewer than 2^52 steps, as float32 costs of
usual spread do; elsewhere they carry a bound of their error. What is not decided is said so, never guessed. Nothing
waits for the device.
"""

# No postponed annotations: Triton reads `tl.constexpr` from the signatures.

import math
import struct
from contextlib import nullcontext
from typing import Any

import torch
import triton
import triton.language as tl

from theory.device import Found, Problem, precision_of

_SAMPLE, _FEW, _MANY = 1 << 13, 1 << 15, 30_000_000  # items of the sample, twice as many of many, none of few
_SWEEP = 1024  # items of a block of the sweep
_BLOCK, _BINS = tl.constexpr(2048), tl.constexpr(2048)
# where things are in the working memory, in words of 8 bytes: the answer, counters, bins, keys, and two lists of int32
_DECIDED, _CRITICAL, _WEIGHT, _COST = (tl.constexpr(i) for i in range(4))
_LISTED, _ACTIVE, _FLAGS, _SPENT, _LOW, _HIGH, _CUT = (tl.constexpr(i) for i in range(4, 11))
_FIRST_BIN = tl.constexpr(16)
_FIRST_KEY = tl.constexpr(16 + 2048)
_BAD, _OFF_GRID = tl.constexpr(1), tl.constexpr(1 << 16)  # of items of a block, counted
_INF, _MOST, _EPS = tl.constexpr(math.inf), tl.constexpr((1 << 63) - 1), tl.constexpr(2.0**-53)
_NARROW_MARGIN, _WIDE_MARGIN = tl.constexpr(2.0**-20), tl.constexpr(2.0**-48)
_NARROW_RANGE, _WIDE_RANGE, _SAFE = tl.constexpr(2.0**100), tl.constexpr(2.0**900), tl.constexpr(2.0**480)
_STEPS = tl.constexpr(2.0**53)
_FINE = tl.constexpr(1 << 13)  # steps of 2^-20 of a key: as near as the edges of the bracket are found

_NUMBERS = [
    "stride", "cost_stride", "classes", "budget", "affordable", "grid", "d", "room", "active_room", "width", "blocks",
]  # fmt: skip
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
    words = _FIRST_KEY.value + room + (room + 1) // 2 + (active_room + 1) // 2
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
    parts, blocks = -(-room // _BLOCK.value), -(-d // _SWEEP)
    kept = mask.view(torch.uint8)
    width = _bits(12.0 if careful else 3.5)
    with torch.cuda.device(device) if values.is_cuda else nullcontext():
        _launch(_bracket, 1, 16, like, work, *data, d, width, sample, *kind)
        _launch(_sweep, blocks, 4, like, work, kept, *data, d, room, _SWEEP, *kind)
        _launch(_sort, parts, 8, like, work, *data, room, *kind)
        _launch(_narrow, parts, 8, like, work, budget, room, active_room, classes)
        _launch(_decide, 1, 16, like, work, *data, room, active_room, blocks, *kind)
        _launch(_take, parts, 8, like, work, kept, room)
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


# --- what the kernels share -------------------------------------------------------------------------


@triton.jit
def _float(bits):
    return bits.to(tl.int64).to(tl.float64, bitcast=True)


@triton.jit
def _floats(work):
    """The working memory as float64."""
    return work.to(tl.pointer_type(tl.float64), bitcast=True)


@triton.jit
def _listed(work, room):
    """Where the list of items inside the bracket begins, int32."""
    return (work + _FIRST_KEY + room).to(tl.pointer_type(tl.int32), bitcast=True)


@triton.jit
def _active(work, room):
    """Where the list of places of active items begins, int32."""
    return (work + _FIRST_KEY + room + (room + 1) // 2).to(tl.pointer_type(tl.int32), bitcast=True)


@triton.jit
def _at(start, lane, stride, PLAIN: tl.constexpr):
    """Offset of some items of a block, which begins at ``start``."""
    if PLAIN:
        return start + lane
    else:
        return (start + lane) * stride


@triton.jit
def _budget(bits, CLASSES: tl.constexpr):
    """Ticks, int64, or joules, float64."""
    if CLASSES:
        return bits.to(tl.int64)
    else:
        return bits.to(tl.int64).to(tl.float64, bitcast=True)


@triton.jit
def _weights(values, stride, at, here, SQUARE: tl.constexpr):
    """Exact weights of some items, float64."""
    value = tl.load(values + at * stride, mask=here, other=0).to(tl.float64)
    if SQUARE:
        return value * value
    else:
        return tl.abs(value)


@triton.jit
def _costs(costs, stride, table, classes, at, here, CLASSES: tl.constexpr):
    """Costs of some items, float64; a label that is none is read as the nearest, and noticed by the sweep."""
    given = tl.load(costs + at * stride, mask=here, other=1)
    if CLASSES:
        label = tl.minimum(tl.maximum(given.to(tl.int64), 0), classes.to(tl.int64) - 1)
        return tl.load(table + label)
    else:
        return given.to(tl.float64)


@triton.jit
def _amounts(costs, stride, ticks, classes, at, here, CLASSES: tl.constexpr):
    """What some items take from the budget: int64 ticks, or float64 costs."""
    given = tl.load(costs + at * stride, mask=here, other=1)
    if CLASSES:
        label = tl.minimum(tl.maximum(given.to(tl.int64), 0), classes.to(tl.int64) - 1)
        return tl.load(ticks + label)
    else:
        return given.to(tl.float64)


@triton.jit
def _spent(work, CLASSES: tl.constexpr):
    if CLASSES:
        return tl.load(work + _SPENT)
    else:
        return tl.load(_floats(work) + _SPENT)


@triton.jit
def _bins(work, CLASSES: tl.constexpr):
    """What the listed items of each bin take."""
    at = tl.arange(0, _BINS) + _FIRST_BIN
    if CLASSES:
        return tl.load(work + at)
    else:
        return tl.load(_floats(work) + at)


@triton.jit
def _bin_of(bits, work):
    """Bin of keys by their bits: 0 holds the largest, and smaller keys never have a smaller bin."""
    low, high = tl.load(work + _LOW), tl.load(work + _HIGH)
    shift = low * 0
    while ((high - low) >> shift) >= _BINS:
        shift += 1
    step = tl.minimum(tl.maximum(bits - low, 0) >> shift, _BINS - 1)
    return (step * -1 + (_BINS - 1)).to(tl.int32)


@triton.jit
def _last_bin(work, budget, CLASSES: tl.constexpr):
    """The first bin, from the largest keys on, that does not fit whole; 2048 when all do."""
    sums = tl.cumsum(_bins(work, CLASSES), 0)
    left = _budget(budget, CLASSES) - _spent(work, CLASSES)
    return tl.min(tl.where(sums > left, tl.arange(0, _BINS), _BINS))


# --- the kernels ------------------------------------------------------------------------------------


@triton.jit(do_not_specialize=_NUMBERS)
def _bracket(
    work, values, stride: tl.int64, costs, cost_stride: tl.int64, table, ticks, classes: tl.int64,
    budget: tl.int64, affordable: tl.int64, grid: tl.int64, d: tl.int64, width: tl.int64,
    SAMPLE: tl.constexpr, CLASSES: tl.constexpr, BY_COST: tl.constexpr, SQUARE: tl.constexpr, WIDE: tl.constexpr,
    PLAIN: tl.constexpr,
):  # fmt: skip
    """From a sample: keys above ``high`` surely fit, and those below ``low`` surely do not, by ``width`` deviations."""
    tl.store(work + tl.arange(0, _FIRST_BIN), tl.zeros((_FIRST_BIN,), tl.int64))
    tl.store(work + _FIRST_BIN + tl.arange(0, _BINS), tl.zeros((_BINS,), tl.int64))
    tl.debug_barrier()
    if SAMPLE == 0:
        tl.store(_floats(work) + _HIGH, _INF)
    else:
        x = (tl.arange(0, SAMPLE) + 1).to(tl.int64) * -0x61C8864680B583EB  # splitmix64: the same on every device
        x = (x ^ (x >> 30 & (1 << 34) - 1)) * -0x40A7B892E31B1A47
        x = (x ^ (x >> 27 & (1 << 37) - 1)) * -0x6B2FB644ECCEEE15
        at = ((x ^ (x >> 31 & (1 << 33) - 1)) & (1 << 62) - 1) % d
        here = at >= 0
        weight = _weights(values, stride, at, here, SQUARE)
        cost = _costs(costs, cost_stride, table, classes, at, here, CLASSES)
        amount = _amounts(costs, cost_stride, ticks, classes, at, here, CLASSES).to(tl.float64)
        may = (weight > 0) & (cost <= _float(affordable))
        key = weight / cost if BY_COST else weight
        code = tl.where(may, (key.to(tl.int64, bitcast=True) >> 32).to(tl.int32), -1)
        target = _budget(budget, CLASSES).to(tl.float64) * SAMPLE / d
        share = tl.where(may, amount / target, 0.0).to(tl.float32)
        square, z = share * share, _float(width).to(tl.float32)
        least, most = tl.min(tl.where(may, code, 0x7FFFFFFF)), tl.max(code)
        crosses = tl.sum(share) - z * tl.sqrt(tl.sum(square)) > 1
        fits, full = most + 1, least - 1  # above `fits` all fits, from `full` on it may not
        over, under = least, most + 1  # from `over` on it is too much, from `under` on it may not be
        while (fits - full > _FINE) | (under - over > _FINE):
            middle = full + (fits - full) // 2
            above = code >= middle
            sums = tl.sum(tl.where(above, share, 0.0)) + z * tl.sqrt(tl.sum(tl.where(above, square, 0.0)))
            fits, full = tl.where(sums < 1, middle, fits), tl.where(sums < 1, full, middle)
            middle = over + (under - over) // 2
            above = code >= middle
            sums = tl.sum(tl.where(above, share, 0.0)) - z * tl.sqrt(tl.sum(tl.where(above, square, 0.0)))
            over, under = tl.where(sums > 1, middle, over), tl.where(sums > 1, under, middle)
        high = (fits.to(tl.int64) << 32).to(tl.float64, bitcast=True)
        low = (over.to(tl.int64) << 32).to(tl.float64, bitcast=True)
        tl.store(_floats(work) + _HIGH, tl.where(fits > most, _INF, high))
        tl.store(_floats(work) + _LOW, tl.where(crosses, low, 0.0))


@triton.jit(do_not_specialize=_NUMBERS)
def _sweep(
    work, kept, values, stride: tl.int64, costs, cost_stride: tl.int64, table, ticks, classes: tl.int64,
    budget: tl.int64, affordable: tl.int64, grid: tl.int64, d: tl.int64, room: tl.int64,
    BLOCK: tl.constexpr, CLASSES: tl.constexpr, BY_COST: tl.constexpr, SQUARE: tl.constexpr, WIDE: tl.constexpr,
    PLAIN: tl.constexpr,
):  # fmt: skip
    """Write the mask of what lies above the bracket, add up what it takes, list what lies inside."""
    start, lane = tl.program_id(0).to(tl.int64) * BLOCK, tl.arange(0, BLOCK)
    here = lane < d - start
    low, high = tl.load(_floats(work) + _LOW), tl.load(_floats(work) + _HIGH)
    value = tl.load(values + _at(start, lane, stride, PLAIN), mask=here, other=0)
    given = tl.load(costs + _at(start, lane, cost_stride, PLAIN), mask=here, other=1)
    if WIDE:
        value = value.to(tl.float64)
        lower, higher, extent = low * (1 - _WIDE_MARGIN), high * (1 + _WIDE_MARGIN), _WIDE_RANGE
    else:
        value = value.to(tl.float32)
        lower, higher = (low * (1 - _NARROW_MARGIN)).to(tl.float32), (high * (1 + _NARROW_MARGIN)).to(tl.float32)
        extent = _NARROW_RANGE
    weight = value * value if SQUARE else tl.abs(value)
    good = weight < _INF
    if WIDE:
        good = good & (tl.abs(value) < _SAFE) & ((value == 0) | (tl.abs(value) > 1 / _SAFE))
    if CLASSES:
        label = given.to(tl.int64)
        good = good & (label >= 0) & (label < classes)
        label = tl.minimum(tl.maximum(label, 0), classes.to(tl.int64) - 1)
        exact = tl.load(table + label)
        may = (exact <= _float(affordable)) & here
        cost = exact.to(value.dtype)
    else:
        cost = given.to(value.dtype)
        may = (cost <= _float(affordable).to(value.dtype)) & here
    good = good & (cost > 0) & (cost < _INF)
    if BY_COST:
        good = good & (cost > 1 / extent) & (cost < extent)
        good = good & (cost * tl.where(low == 0, _INF, lower) > 1 / extent)
        good = good & (cost * tl.where(high == _INF, 0.0, higher) < extent)
        lower, higher = cost * lower, cost * higher
    above = (weight > higher) & may
    inside = (weight >= lower) & (value != 0) & may & (above == 0)
    tl.store(kept + start + lane, above.to(tl.uint8), mask=here)
    wrong = tl.where(good | (lane >= d - start), 0, _BAD)
    if CLASSES:
        taken = tl.where(above, tl.load(ticks + label), 0)
    else:
        taken = tl.where(above, cost, 0.0).to(tl.float64)
        steps = cost * _float(grid).to(value.dtype)
        whole = (steps == tl.floor(steps)) & (steps >= 1) & (steps < _STEPS)
        wrong |= tl.where((above | inside) & (whole == 0), _OFF_GRID, 0)
    count = tl.sum(inside.to(tl.int32))
    if count > 0:
        place = tl.atomic_add(work + _LISTED, count.to(tl.int64), sem="relaxed")
        place += tl.cumsum(inside.to(tl.int32), 0) - 1
        tl.store(_listed(work, room) + place, (start + lane).to(tl.int32), mask=inside & (place < room))
    if CLASSES:
        tl.atomic_add(work + _SPENT, tl.sum(taken), sem="relaxed")
    else:
        tl.atomic_add(_floats(work) + _SPENT, tl.sum(taken), sem="relaxed")
    wrong = tl.sum(wrong)
    if wrong > 0:
        tl.atomic_or(work + _FLAGS, wrong.to(tl.int64))


@triton.jit(do_not_specialize=_NUMBERS)
def _sort(
    work, values, stride: tl.int64, costs, cost_stride: tl.int64, table, ticks, classes: tl.int64,
    budget: tl.int64, affordable: tl.int64, grid: tl.int64, room: tl.int64,
    CLASSES: tl.constexpr, BY_COST: tl.constexpr, SQUARE: tl.constexpr, WIDE: tl.constexpr,
    PLAIN: tl.constexpr,
):  # fmt: skip
    """Keys of the listed items, ``fl64(w / c)``, and what each bin of them takes."""
    place = tl.program_id(0) * _BLOCK + tl.arange(0, _BLOCK)
    here = place < tl.minimum(tl.load(work + _LISTED), room)
    at = tl.load(_listed(work, room) + place, mask=here, other=0).to(tl.int64)
    weight = _weights(values, stride, at, here, SQUARE)
    cost = _costs(costs, cost_stride, table, classes, at, here, CLASSES)
    keys = weight / cost if BY_COST else weight
    tl.store(_floats(work) + _FIRST_KEY + place, keys, mask=here)
    amount = _amounts(costs, cost_stride, ticks, classes, at, here, CLASSES)
    where = _bin_of(keys.to(tl.int64, bitcast=True), work) + _FIRST_BIN
    if CLASSES:
        tl.atomic_add(work + where, amount, mask=here, sem="relaxed")
    else:
        tl.atomic_add(_floats(work) + where, amount, mask=here, sem="relaxed")


@triton.jit(do_not_specialize=_NUMBERS)
def _narrow(work, budget: tl.int64, room: tl.int64, active_room: tl.int64, CLASSES: tl.constexpr):
    """List the places, in the list, of the bin that the budget ends in."""
    place = tl.program_id(0) * _BLOCK + tl.arange(0, _BLOCK)
    here = place < tl.minimum(tl.load(work + _LISTED), room)
    last = _last_bin(work, budget, CLASSES)
    bits = tl.load(work + _FIRST_KEY + place, mask=here, other=0)
    one = (here & (_bin_of(bits, work) == last)).to(tl.int32)
    count = tl.sum(one)
    if count > 0:
        first = tl.atomic_add(work + _ACTIVE, count.to(tl.int64), sem="relaxed")
        to = first + tl.cumsum(one, 0) - 1
        tl.store(_active(work, room) + to, place, mask=(one > 0) & (to < active_room))


@triton.jit(do_not_specialize=_NUMBERS)
def _decide(
    work, values, stride: tl.int64, costs, cost_stride: tl.int64, table, ticks, classes: tl.int64,
    budget: tl.int64, affordable: tl.int64, grid: tl.int64, room: tl.int64, active_room: tl.int64, blocks: tl.int64,
    CLASSES: tl.constexpr, BY_COST: tl.constexpr, SQUARE: tl.constexpr, WIDE: tl.constexpr,
    PLAIN: tl.constexpr,
):  # fmt: skip
    """The critical item: largest key, then lowest index, at which the sum passes the budget; and whether that is sure.

    Both are found by bisection, each step of which ends at a key, or an index, that there is.
    """
    count, active_count = tl.load(work + _LISTED), tl.load(work + _ACTIVE)
    n = tl.minimum(active_count, active_room)
    last = _last_bin(work, budget, CLASSES)
    bins = _bins(work, CLASSES)
    spent = _spent(work, CLASSES)
    limit = _budget(budget, CLASSES)
    none = limit - limit
    before = spent + tl.sum(tl.where(tl.arange(0, _BINS) < last, bins, 0))

    least, most = count * 0 + _MOST, count * 0 - 1
    start = n * 0
    while start < n:
        place = start + tl.arange(0, _BLOCK)
        here = place < n
        bits = _bits_of(work, room, place, here)
        least = tl.minimum(least, tl.min(tl.where(here, bits, _MOST)))
        most = tl.maximum(most, tl.max(tl.where(here, bits, -1)))
        start += _BLOCK
    cut, beyond, larger = least, most + 1, none
    while beyond - cut > 1:
        middle = cut + (beyond - cut) // 2
        total, upper, lower = none, count * 0 + _MOST, count * 0 - 1
        start = n * 0
        while start < n:
            place = start + tl.arange(0, _BLOCK)
            here = place < n
            bits = _bits_of(work, room, place, here)
            at = _items_of(work, room, place, here)
            amount = _amounts(costs, cost_stride, ticks, classes, at, here, CLASSES)
            total += tl.sum(tl.where(here & (bits >= middle), amount, 0))
            upper = tl.minimum(upper, tl.min(tl.where(here & (bits >= middle), bits, _MOST)))
            lower = tl.maximum(lower, tl.max(tl.where(here & (bits < middle), bits, -1)))
            start += _BLOCK
        too_much = before + total > limit
        cut, beyond = tl.where(too_much, upper, cut), tl.where(too_much, beyond, lower + 1)
        larger = tl.where(too_much, larger, total)
    before += larger

    first, final = count * 0 + _MOST, count * 0 - 1
    least_weight, most_weight = tl.load(_floats(work) + _LOW) * 0 + _INF, tl.load(_floats(work) + _LOW) * 0 - _INF
    least_cost, most_cost = least_weight, most_weight
    start = n * 0
    while start < n:
        place = start + tl.arange(0, _BLOCK)
        here = place < n
        alike = here & (_bits_of(work, room, place, here) == cut)
        at = _items_of(work, room, place, here)
        first = tl.minimum(first, tl.min(tl.where(alike, at, _MOST)))
        final = tl.maximum(final, tl.max(tl.where(alike, at, -1)))
        weight = _weights(values, stride, at, here, SQUARE)
        cost = _costs(costs, cost_stride, table, classes, at, here, CLASSES)
        least_weight = tl.minimum(least_weight, tl.min(tl.where(alike, weight, _INF)))
        most_weight = tl.maximum(most_weight, tl.max(tl.where(alike, weight, -_INF)))
        least_cost = tl.minimum(least_cost, tl.min(tl.where(alike, cost, _INF)))
        most_cost = tl.maximum(most_cost, tl.max(tl.where(alike, cost, -_INF)))
        start += _BLOCK
    fitting, critical, earlier = first - 1, final, none
    while critical - fitting > 1:
        middle = fitting + (critical - fitting) // 2
        total, upper, lower = none, count * 0 + _MOST, count * 0 - 1
        start = n * 0
        while start < n:
            place = start + tl.arange(0, _BLOCK)
            here = place < n
            alike = here & (_bits_of(work, room, place, here) == cut)
            at = _items_of(work, room, place, here)
            amount = _amounts(costs, cost_stride, ticks, classes, at, here, CLASSES)
            total += tl.sum(tl.where(alike & (at <= middle), amount, 0))
            lower = tl.maximum(lower, tl.max(tl.where(alike & (at <= middle), at, -1)))
            upper = tl.minimum(upper, tl.min(tl.where(alike & (at > middle), at, _MOST)))
            start += _BLOCK
        too_much = before + total > limit
        critical, fitting = tl.where(too_much, lower, critical), tl.where(too_much, fitting, upper - 1)
        earlier = tl.where(too_much, earlier, total)
    before += earlier

    some = last < _BINS
    own = tl.maximum(critical, 0)
    weight = _weights(values, stride, own, True, SQUARE)
    cost = _costs(costs, cost_stride, table, classes, own, True, CLASSES)
    after = before + _amounts(costs, cost_stride, ticks, classes, own, True, CLASSES)
    low, high = tl.load(_floats(work) + _LOW), tl.load(_floats(work) + _HIGH)
    flags = tl.load(work + _FLAGS)
    sure = ((flags & (_OFF_GRID - 1)) == 0) & (count <= room) & (active_count <= active_room)
    extent = _WIDE_RANGE if WIDE else _NARROW_RANGE
    sure = sure & ((low == 0) | ((low > 1 / extent) & (low < extent)))
    sure = sure & ((high == _INF) | ((high > 1 / extent) & (high < extent)))
    found = cut.to(tl.float64, bitcast=True)
    alike = least_weight == most_weight
    if BY_COST:
        alike = alike & (least_cost == most_cost)
    sure = sure & tl.where(some, (found >= low) & (found < high) & alike, low == 0)
    sure = sure & (spent <= limit) & (before <= limit) & ((some == 0) | (after > limit))
    if not CLASSES:
        listed_sum = tl.sum(bins)
        error = ((blocks + 64) * spent + (count + 64) * 2 * (listed_sum + limit)) * _EPS
        near = (limit - before <= error) | (some & (after - limit <= error))
        sure = sure & ((flags < _OFF_GRID) | (near == 0)) & (listed_sum < _INF)
    tl.store(work + _CUT, tl.where(some, cut, -1))
    tl.store(work + _DECIDED, sure.to(tl.int64))
    tl.store(work + _CRITICAL, tl.where(some, critical, -1))
    tl.store(work + _WEIGHT, weight.to(tl.int64, bitcast=True))
    tl.store(work + _COST, cost.to(tl.int64, bitcast=True))


@triton.jit
def _bits_of(work, room, place, here):
    """Bits of the keys of some active items."""
    return tl.load(work + _FIRST_KEY + tl.load(_active(work, room) + place, mask=here, other=0), mask=here, other=0)


@triton.jit
def _items_of(work, room, place, here):
    """Indices of some active items."""
    listed = tl.load(_active(work, room) + place, mask=here, other=0)
    return tl.load(_listed(work, room) + listed, mask=here, other=0).to(tl.int64)


@triton.jit(do_not_specialize=_NUMBERS)
def _take(work, kept, room: tl.int64):
    """Keep the listed items before the critical one; all of them where there is none."""
    place = tl.program_id(0) * _BLOCK + tl.arange(0, _BLOCK)
    here = place < tl.minimum(tl.load(work + _LISTED), room)
    at = tl.load(_listed(work, room) + place, mask=here, other=0).to(tl.int64)
    bits = tl.load(work + _FIRST_KEY + place, mask=here, other=0)
    cut = tl.load(work + _CUT)
    before = (bits > cut) | ((bits == cut) & (at < tl.load(work + _CRITICAL)))
    tl.store(kept + at, before.to(tl.uint8), mask=here)
