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
from typing import Any

import torch
import triton
import triton.language as tl

from theory.device import Found, Problem, precision_of

_SAMPLE = 1 << 14  # items whose keys one block holds in its registers
_BLOCK, _BINS = tl.constexpr(2048), tl.constexpr(2048)
_SWEEP = 8192
_LISTED, _ACTIVE, _FLAGS, _SPENT, _LOW, _HIGH, _CUT, _HEAD = (tl.constexpr(i) for i in range(8))  # places in the state
_BAD, _OFF_GRID = tl.constexpr(1), tl.constexpr(2)
_INF, _MOST, _EPS = tl.constexpr(math.inf), tl.constexpr((1 << 63) - 1), tl.constexpr(2.0**-53)
_NARROW_MARGIN, _WIDE_MARGIN = tl.constexpr(2.0**-20), tl.constexpr(2.0**-48)
_NARROW_RANGE, _WIDE_RANGE, _SAFE = tl.constexpr(2.0**100), tl.constexpr(2.0**900), tl.constexpr(2.0**480)
_FINE = tl.constexpr(1 << 10)  # steps of 2^-20 of a key: as near as the edges of the bracket are found
_NUMBERS = ["classes", "budget", "affordable", "grid", "d", "room", "active_room", "width", "blocks"]


def prefix(problem: Problem, *, careful: bool = False) -> Found:
    """Longest affordable prefix of the eligible items, without waiting for the device.

    Args:
        careful: a wider bracket, with room for every item inside: for what was not decided otherwise.
    """
    d, device = problem.values.numel(), problem.values.device
    sampled = d > 2 * _SAMPLE
    room = min(d, int(7 * d / math.sqrt(_SAMPLE)) + 1024) if sampled and not careful else d
    active_room = min(room, room // 4 + 4096) if sampled and not careful else d
    state = torch.zeros(_HEAD.value + _BINS.value, dtype=torch.int64, device=device)
    mask = torch.empty(d, dtype=torch.bool, device=device)
    listed = torch.empty(room, dtype=torch.int32, device=device)
    key = torch.empty(room, dtype=torch.float64, device=device)
    active = torch.empty(active_room, dtype=torch.int32, device=device)
    result = torch.empty(4, dtype=torch.int64, device=device)
    data, kind = _data(problem)
    both, kept = (state, state.view(torch.float64)), mask.view(torch.uint8)
    parts, blocks = triton.cdiv(room, _BLOCK.value), triton.cdiv(d, _SWEEP)
    width = _bits(12.0 if careful else 3.5)
    _bracket[(1,)](*both, *data, d, width, SAMPLE=_SAMPLE if sampled else 0, **kind, num_warps=32)
    _sweep[(blocks,)](*both, kept, listed, *data, d, room, BLOCK=_SWEEP, **kind, num_warps=8)
    _sort[(parts,)](*both, listed, key, *data, room, **kind, num_warps=8)
    _narrow[(parts,)](*both, key, active, data[-3], room, active_room, CLASSES=kind["CLASSES"], num_warps=8)
    _decide[(1,)](*both, listed, key, active, result, *data, room, active_room, blocks, **kind, num_warps=16)
    _take[(parts,)](*both, kept, listed, key, result, room, num_warps=8)
    return Found(mask, result)


def _data(problem: Problem) -> tuple[tuple[Any, ...], dict[str, bool]]:
    """What every kernel is told of the problem: tensors with their strides, and numbers, floats as their bits."""
    costs = problem.labels if problem.cost is None else problem.cost
    assert costs is not None
    classes = problem.class_cost is not None
    table = problem.class_cost if classes else problem.values
    ticks = problem.ticks if classes else problem.values
    count = problem.class_cost.numel() if problem.class_cost is not None else 0
    budget = problem.budget if isinstance(problem.budget, int) else _bits(problem.budget)
    data = (problem.values, problem.values.stride(0), costs, costs.stride(0), table, ticks, count, budget,
            _bits(problem.affordable), _bits(_grid(problem.budget)))  # fmt: skip
    kind = {
        "CLASSES": classes,
        "BY_COST": problem.by_cost,
        "SQUARE": problem.weight == "square",
        "WIDE": precision_of(problem) == torch.float64,
    }
    return data, kind


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
def _spent(state, floats, CLASSES: tl.constexpr):
    if CLASSES:
        return tl.load(state + _SPENT)
    else:
        return tl.load(floats + _SPENT)


@triton.jit
def _bins(state, floats, CLASSES: tl.constexpr):
    """What the listed items of each bin take."""
    at = tl.arange(0, _BINS) + _HEAD
    if CLASSES:
        return tl.load(state + at)
    else:
        return tl.load(floats + at)


@triton.jit
def _bin_of(bits, floats):
    """Bin of keys by their bits: 0 holds the largest, and smaller keys never have a smaller bin."""
    low = tl.load(floats + _LOW).to(tl.int64, bitcast=True)
    high = tl.load(floats + _HIGH).to(tl.int64, bitcast=True)
    shift = low * 0
    while ((high - low) >> shift) >= _BINS:
        shift += 1
    step = tl.minimum(tl.maximum(bits - low, 0) >> shift, _BINS - 1)
    return (step * -1 + (_BINS - 1)).to(tl.int32)


@triton.jit
def _last_bin(state, floats, budget, CLASSES: tl.constexpr):
    """The first bin, from the largest keys on, that does not fit whole; 2048 when all do."""
    sums = tl.cumsum(_bins(state, floats, CLASSES), 0)
    left = _budget(budget, CLASSES) - _spent(state, floats, CLASSES)
    return tl.min(tl.where(sums > left, tl.arange(0, _BINS), _BINS))


# --- the kernels ------------------------------------------------------------------------------------


@triton.jit(do_not_specialize=_NUMBERS)
def _bracket(
    state, floats, values, stride, costs, cost_stride, table, ticks, classes, budget, affordable, grid, d, width,
    SAMPLE: tl.constexpr, CLASSES: tl.constexpr, BY_COST: tl.constexpr, SQUARE: tl.constexpr, WIDE: tl.constexpr,
):  # fmt: skip
    """From a sample: keys above ``high`` surely fit, and those below ``low`` surely do not, by ``width`` deviations."""
    if SAMPLE == 0:
        tl.store(floats + _HIGH, _INF)
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
        tl.store(floats + _HIGH, tl.where(fits > most, _INF, high))
        tl.store(floats + _LOW, tl.where(crosses, low, 0.0))


@triton.jit(do_not_specialize=_NUMBERS)
def _sweep(
    state, floats, kept, listed, values, stride, costs, cost_stride, table, ticks, classes, budget, affordable, grid,
    d, room, BLOCK: tl.constexpr,
    CLASSES: tl.constexpr, BY_COST: tl.constexpr, SQUARE: tl.constexpr, WIDE: tl.constexpr,
):  # fmt: skip
    """Write the mask of what lies above the bracket, add up what it takes, list what lies inside."""
    at = tl.program_id(0).to(tl.int64) * BLOCK + tl.arange(0, BLOCK)
    here = at < d
    low, high = tl.load(floats + _LOW), tl.load(floats + _HIGH)
    value = tl.load(values + at * stride, mask=here, other=0)
    given = tl.load(costs + at * cost_stride, mask=here, other=1)
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
        amount = tl.load(ticks + label)
    else:
        exact = given.to(tl.float64)
        amount = exact
    may = (exact <= _float(affordable)) & here
    cost = exact.to(value.dtype)
    good = good & (cost > 0) & (cost < _INF)
    if BY_COST:
        good = good & (cost > 1 / extent) & (cost < extent)
        good = good & (cost * tl.where(low == 0, _INF, lower) > 1 / extent)
        good = good & (cost * tl.where(high == _INF, 0.0, higher) < extent)
        lower, higher = cost * lower, cost * higher
    above = (weight > higher) & may
    inside = (weight >= lower) & (value != 0) & may & (above == 0)
    tl.store(kept + at, above.to(tl.uint8), mask=here)
    taken = tl.sum(tl.where(above, amount, 0))
    if CLASSES:
        tl.atomic_add(state + _SPENT, taken, sem="relaxed")
    else:
        tl.atomic_add(floats + _SPENT, taken, sem="relaxed")
        steps = exact * _float(grid)
        off = (above | inside) & (steps != tl.floor(steps))
        if tl.max(off.to(tl.int32)) > 0:
            tl.atomic_or(state + _FLAGS, _OFF_GRID)
    if tl.min((good | (at >= d)).to(tl.int32)) == 0:
        tl.atomic_or(state + _FLAGS, _BAD)
    one = inside.to(tl.int32)
    first = tl.atomic_add(state + _LISTED, tl.sum(one).to(tl.int64), sem="relaxed")
    place = first + tl.cumsum(one, 0) - 1
    tl.store(listed + place, at.to(tl.int32), mask=inside & (place < room))


@triton.jit(do_not_specialize=_NUMBERS)
def _sort(
    state, floats, listed, key, values, stride, costs, cost_stride, table, ticks, classes, budget, affordable, grid,
    room, CLASSES: tl.constexpr, BY_COST: tl.constexpr, SQUARE: tl.constexpr, WIDE: tl.constexpr,
):  # fmt: skip
    """Keys of the listed items, ``fl64(w / c)``, and what each bin of them takes."""
    place = tl.program_id(0) * _BLOCK + tl.arange(0, _BLOCK)
    here = place < tl.minimum(tl.load(state + _LISTED), room)
    at = tl.load(listed + place, mask=here, other=0).to(tl.int64)
    weight = _weights(values, stride, at, here, SQUARE)
    cost = _costs(costs, cost_stride, table, classes, at, here, CLASSES)
    keys = weight / cost if BY_COST else weight
    tl.store(key + place, keys, mask=here)
    amount = _amounts(costs, cost_stride, ticks, classes, at, here, CLASSES)
    where = _bin_of(keys.to(tl.int64, bitcast=True), floats) + _HEAD
    if CLASSES:
        tl.atomic_add(state + where, amount, mask=here, sem="relaxed")
    else:
        tl.atomic_add(floats + where, amount, mask=here, sem="relaxed")


@triton.jit(do_not_specialize=_NUMBERS)
def _narrow(state, floats, key, active, budget, room, active_room, CLASSES: tl.constexpr):
    """List the places, in the list, of the bin that the budget ends in."""
    place = tl.program_id(0) * _BLOCK + tl.arange(0, _BLOCK)
    here = place < tl.minimum(tl.load(state + _LISTED), room)
    last = _last_bin(state, floats, budget, CLASSES)
    bits = tl.load(key + place, mask=here, other=0.0).to(tl.int64, bitcast=True)
    one = (here & (_bin_of(bits, floats) == last)).to(tl.int32)
    count = tl.sum(one)
    if count > 0:
        first = tl.atomic_add(state + _ACTIVE, count.to(tl.int64), sem="relaxed")
        to = first + tl.cumsum(one, 0) - 1
        tl.store(active + to, place, mask=(one > 0) & (to < active_room))


@triton.jit(do_not_specialize=_NUMBERS)
def _decide(
    state, floats, listed, key, active, result, values, stride, costs, cost_stride, table, ticks, classes, budget,
    affordable, grid, room, active_room, blocks,
    CLASSES: tl.constexpr, BY_COST: tl.constexpr, SQUARE: tl.constexpr, WIDE: tl.constexpr,
):  # fmt: skip
    """The critical item: largest key, then lowest index, at which the sum passes the budget; and whether that is sure.

    Both are found by bisection, each step of which ends at a key, or an index, that there is.
    """
    count, active_count = tl.load(state + _LISTED), tl.load(state + _ACTIVE)
    n = tl.minimum(active_count, active_room)
    last = _last_bin(state, floats, budget, CLASSES)
    bins = _bins(state, floats, CLASSES)
    spent = _spent(state, floats, CLASSES)
    limit = _budget(budget, CLASSES)
    none = limit - limit
    before = spent + tl.sum(tl.where(tl.arange(0, _BINS) < last, bins, 0))

    least, most = count * 0 + _MOST, count * 0 - 1
    start = n * 0
    while start < n:
        place = start + tl.arange(0, _BLOCK)
        here = place < n
        bits = _bits_of(key, active, place, here)
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
            bits = _bits_of(key, active, place, here)
            at = _items_of(listed, active, place, here)
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
    least_weight, most_weight = tl.load(floats + _LOW) * 0 + _INF, tl.load(floats + _LOW) * 0 - _INF
    least_cost, most_cost = least_weight, most_weight
    start = n * 0
    while start < n:
        place = start + tl.arange(0, _BLOCK)
        here = place < n
        alike = here & (_bits_of(key, active, place, here) == cut)
        at = _items_of(listed, active, place, here)
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
            alike = here & (_bits_of(key, active, place, here) == cut)
            at = _items_of(listed, active, place, here)
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
    low, high = tl.load(floats + _LOW), tl.load(floats + _HIGH)
    flags = tl.load(state + _FLAGS)
    sure = ((flags & _BAD) == 0) & (count <= room) & (active_count <= active_room)
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
        sure = sure & (((flags & _OFF_GRID) == 0) | (near == 0)) & (listed_sum < _INF)
    tl.store(state + _CUT, tl.where(some, cut, -1))
    tl.store(result, sure.to(tl.int64))
    tl.store(result + 1, tl.where(some, critical, -1))
    tl.store(result + 2, weight.to(tl.int64, bitcast=True))
    tl.store(result + 3, cost.to(tl.int64, bitcast=True))


@triton.jit
def _bits_of(key, active, place, here):
    """Bits of the keys of some active items."""
    return tl.load(key + tl.load(active + place, mask=here, other=0), mask=here, other=0.0).to(tl.int64, bitcast=True)


@triton.jit
def _items_of(listed, active, place, here):
    """Indices of some active items."""
    return tl.load(listed + tl.load(active + place, mask=here, other=0), mask=here, other=0).to(tl.int64)


@triton.jit(do_not_specialize=_NUMBERS)
def _take(state, floats, kept, listed, key, result, room):
    """Keep the listed items before the critical one; all of them where there is none."""
    place = tl.program_id(0) * _BLOCK + tl.arange(0, _BLOCK)
    here = place < tl.minimum(tl.load(state + _LISTED), room)
    at = tl.load(listed + place, mask=here, other=0).to(tl.int64)
    bits = tl.load(key + place, mask=here, other=0.0).to(tl.int64, bitcast=True)
    cut = tl.load(state + _CUT)
    before = (bits > cut) | ((bits == cut) & (at < tl.load(result + 1)))
    tl.store(kept + at, before.to(tl.uint8), mask=here)
