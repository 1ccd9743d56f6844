"""The kernels of :mod:`theory.selection.accelerator.triton_prefix`, in Triton.

    bracket   two keys that probably enclose the critical one, from a sample
    sweep     keep what lies above the bracket, list what lies inside, add up costs: the one read of everything
    sort      the listed items' exact keys, and their costs in 2048 bins by the keys' bits, largest key first
    narrow    list the items of the bin that the budget ends in: the active ones
    decide    the critical item among those
    take      keep the listed items before it

A comparison that rounding could turn is left to a later kernel, which looks at the exact float64 key. Sums of costs in
floating point are exact where the costs lie on a grid of which the budget is fewer than 2^52 steps, as float32 costs of
usual spread do; elsewhere they carry a bound of their error. What is not decided is said so, never guessed.
"""

# No postponed annotations: Triton reads `tl.constexpr` from the signatures.

import triton
import triton.language as tl

from theory.selection.accelerator.triton_memory import (
    ACTIVE,
    BAD,
    BINS,
    COST,
    CRITICAL,
    CUT,
    DECIDED,
    EPS,
    FINE,
    FIRST_BIN,
    FIRST_KEY,
    FLAGS,
    HIGH,
    INF,
    LIST,
    LISTED,
    LOW,
    MOST,
    NARROW_MARGIN,
    NARROW_RANGE,
    OFF_GRID,
    SAFE,
    SPENT,
    STEPS,
    WEIGHT,
    WIDE_MARGIN,
    WIDE_RANGE,
    active_start,
    as_floats,
    bin_of,
    bin_sums,
    budget_of,
    costs_of,
    float_of,
    last_bin,
    list_start,
    offsets,
    spent_of,
    weights_of,
)

_NUMBERS = [
    "stride", "cost_stride", "classes", "budget", "affordable", "grid", "d", "room", "active_room", "width", "blocks",
]  # fmt: skip


@triton.jit(do_not_specialize=_NUMBERS)
def bracket(
    work, values, stride: tl.int64, costs, cost_stride: tl.int64, table, ticks, classes: tl.int64,
    budget: tl.int64, affordable: tl.int64, grid: tl.int64, d: tl.int64, width: tl.int64,
    SAMPLE: tl.constexpr, CLASSES: tl.constexpr, BY_COST: tl.constexpr, SQUARE: tl.constexpr, WIDE: tl.constexpr,
    PLAIN: tl.constexpr,
):  # fmt: skip
    """From a sample: keys above ``high`` surely fit, and those below ``low`` surely do not, by ``width`` deviations."""
    tl.store(work + tl.arange(0, FIRST_BIN), tl.zeros((FIRST_BIN,), tl.int64))
    tl.store(work + FIRST_BIN + tl.arange(0, BINS), tl.zeros((BINS,), tl.int64))
    tl.debug_barrier()
    if SAMPLE == 0:
        tl.store(as_floats(work) + HIGH, INF)
    else:
        x = (tl.arange(0, SAMPLE) + 1).to(tl.int64) * -0x61C8864680B583EB  # splitmix64: the same on every device
        x = (x ^ (x >> 30 & (1 << 34) - 1)) * -0x40A7B892E31B1A47
        x = (x ^ (x >> 27 & (1 << 37) - 1)) * -0x6B2FB644ECCEEE15
        at = ((x ^ (x >> 31 & (1 << 33) - 1)) & (1 << 62) - 1) % d
        here = at >= 0
        weight = weights_of(values, stride, at, here, SQUARE)
        cost = costs_of(costs, cost_stride, table, classes, at, here, CLASSES)
        amount = costs_of(costs, cost_stride, ticks, classes, at, here, CLASSES).to(tl.float64)
        may = (weight > 0) & (cost <= float_of(affordable))
        key = weight / cost if BY_COST else weight
        code = tl.where(may, (key.to(tl.int64, bitcast=True) >> 32).to(tl.int32), -1)
        target = budget_of(budget, CLASSES).to(tl.float64) * SAMPLE / d
        share = tl.where(may, amount / target, 0.0).to(tl.float32)
        square, z = share * share, float_of(width).to(tl.float32)
        least, most = tl.min(tl.where(may, code, 0x7FFFFFFF)), tl.max(code)
        crosses = tl.sum(share) - z * tl.sqrt(tl.sum(square)) > 1
        fits, full = most + 1, least - 1  # above `fits` all fits, from `full` on it may not
        over, under = least, most + 1  # from `over` on it is too much, from `under` on it may not be
        while (fits - full > FINE) | (under - over > FINE):
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
        tl.store(as_floats(work) + HIGH, tl.where(fits > most, INF, high))
        tl.store(as_floats(work) + LOW, tl.where(crosses, low, 0.0))


@triton.jit(do_not_specialize=_NUMBERS)
def sweep(
    work, kept, values, stride: tl.int64, costs, cost_stride: tl.int64, table, ticks, classes: tl.int64,
    budget: tl.int64, affordable: tl.int64, grid: tl.int64, d: tl.int64, room: tl.int64,
    BLOCK: tl.constexpr, CLASSES: tl.constexpr, BY_COST: tl.constexpr, SQUARE: tl.constexpr, WIDE: tl.constexpr,
    PLAIN: tl.constexpr,
):  # fmt: skip
    """Write the mask of what lies above the bracket, add up what it takes, list what lies inside."""
    start, lane = tl.program_id(0).to(tl.int64) * BLOCK, tl.arange(0, BLOCK)
    here = lane < d - start
    low, high = tl.load(as_floats(work) + LOW), tl.load(as_floats(work) + HIGH)
    value = tl.load(values + offsets(start, lane, stride, PLAIN), mask=here, other=0)
    given = tl.load(costs + offsets(start, lane, cost_stride, PLAIN), mask=here, other=1)
    margin = WIDE_MARGIN if WIDE else NARROW_MARGIN
    extent = WIDE_RANGE if WIDE else NARROW_RANGE
    value = value.to(tl.float64 if WIDE else tl.float32)
    lower, higher = (low * (1 - margin)).to(value.dtype), (high * (1 + margin)).to(value.dtype)
    weight = value * value if SQUARE else tl.abs(value)
    good = weight < INF
    if WIDE:
        good = good & (tl.abs(value) < SAFE) & ((value == 0) | (tl.abs(value) > 1 / SAFE))
    if CLASSES:
        label = given.to(tl.int64)
        good = good & (label >= 0) & (label < classes)
        label = tl.minimum(tl.maximum(label, 0), classes.to(tl.int64) - 1)
        exact = tl.load(table + label)
        may = (exact <= float_of(affordable)) & here
        cost = exact.to(value.dtype)
    else:
        cost = given.to(value.dtype)
        may = (cost <= float_of(affordable).to(value.dtype)) & here
    good = good & (cost > 0) & (cost < INF)
    if BY_COST:
        good = good & (cost > 1 / extent) & (cost < extent)
        good = good & (cost * tl.where(low == 0, INF, lower) > 1 / extent)
        good = good & (cost * tl.where(high == INF, 0.0, higher) < extent)
        lower, higher = cost * lower, cost * higher
    above = (weight > higher) & may
    inside = (weight >= lower) & (value != 0) & may & (above == 0)
    tl.store(kept + start + lane, above.to(tl.uint8), mask=here)
    wrong = tl.where(good | (lane >= d - start), 0, BAD)
    if CLASSES:
        taken = tl.where(above, tl.load(ticks + label), 0)
    else:
        taken = tl.where(above, cost, 0.0).to(tl.float64)
        steps = cost * float_of(grid).to(value.dtype)
        whole = (steps == tl.floor(steps)) & (steps >= 1) & (steps < STEPS)
        wrong |= tl.where((above | inside) & (whole == 0), OFF_GRID, 0)
    count = tl.sum(inside.to(tl.int32))
    if count > 0:
        place = tl.atomic_add(work + LISTED, count.to(tl.int64), sem="relaxed")
        place += tl.cumsum(inside.to(tl.int32), 0) - 1
        tl.store(list_start(work, room) + place, (start + lane).to(tl.int32), mask=inside & (place < room))
    if CLASSES:
        tl.atomic_add(work + SPENT, tl.sum(taken), sem="relaxed")
    else:
        tl.atomic_add(as_floats(work) + SPENT, tl.sum(taken), sem="relaxed")
    wrong = tl.sum(wrong)
    if wrong > 0:
        tl.atomic_or(work + FLAGS, wrong.to(tl.int64))


@triton.jit(do_not_specialize=_NUMBERS)
def sort(
    work, values, stride: tl.int64, costs, cost_stride: tl.int64, table, ticks, classes: tl.int64,
    budget: tl.int64, affordable: tl.int64, grid: tl.int64, room: tl.int64,
    CLASSES: tl.constexpr, BY_COST: tl.constexpr, SQUARE: tl.constexpr, WIDE: tl.constexpr, PLAIN: tl.constexpr,
):  # fmt: skip
    """Keys of the listed items, ``fl64(w / c)``, and what each bin of them takes."""
    place = tl.program_id(0) * LIST + tl.arange(0, LIST)
    here = place < tl.minimum(tl.load(work + LISTED), room)
    at = tl.load(list_start(work, room) + place, mask=here, other=0).to(tl.int64)
    weight = weights_of(values, stride, at, here, SQUARE)
    cost = costs_of(costs, cost_stride, table, classes, at, here, CLASSES)
    keys = weight / cost if BY_COST else weight
    tl.store(as_floats(work) + FIRST_KEY + place, keys, mask=here)
    amount = costs_of(costs, cost_stride, ticks, classes, at, here, CLASSES)
    where = bin_of(keys.to(tl.int64, bitcast=True), work) + FIRST_BIN
    if CLASSES:
        tl.atomic_add(work + where, amount, mask=here, sem="relaxed")
    else:
        tl.atomic_add(as_floats(work) + where, amount, mask=here, sem="relaxed")


@triton.jit(do_not_specialize=_NUMBERS)
def narrow(work, budget: tl.int64, room: tl.int64, active_room: tl.int64, CLASSES: tl.constexpr):
    """List the places, in the list, of the bin that the budget ends in."""
    place = tl.program_id(0) * LIST + tl.arange(0, LIST)
    here = place < tl.minimum(tl.load(work + LISTED), room)
    last = last_bin(work, budget, CLASSES)
    bits = tl.load(work + FIRST_KEY + place, mask=here, other=0)
    one = (here & (bin_of(bits, work) == last)).to(tl.int32)
    count = tl.sum(one)
    if count > 0:
        first = tl.atomic_add(work + ACTIVE, count.to(tl.int64), sem="relaxed")
        to = first + tl.cumsum(one, 0) - 1
        tl.store(active_start(work, room) + to, place, mask=(one > 0) & (to < active_room))


@triton.jit
def _bits_of(work, room, place, here):
    """Bits of the keys of some active items."""
    return tl.load(work + FIRST_KEY + tl.load(active_start(work, room) + place, mask=here, other=0), mask=here, other=0)


@triton.jit
def _items_of(work, room, place, here):
    """Indices of some active items."""
    listed = tl.load(active_start(work, room) + place, mask=here, other=0)
    return tl.load(list_start(work, room) + listed, mask=here, other=0).to(tl.int64)


@triton.jit
def _ranked(work, room, place, n, cut, BY_KEY: tl.constexpr):
    """Ranks of some active items, and which have one: all by falling key, or those at the key ``cut`` by index."""
    here = place < n
    bits = _bits_of(work, room, place, here)
    if BY_KEY:
        return bits * -1 + MOST, here
    else:
        return _items_of(work, room, place, here), here & (bits == cut)


@triton.jit
def _passes(
    work, costs, cost_stride, ticks, classes, room, n, before, limit, cut, BY_KEY: tl.constexpr, CLASSES: tl.constexpr
):
    """The first rank up to which the sum passes the limit, and the sum before it.

    By bisection, each step of which ends at a rank that there is.
    """
    fitting, found = cut * 0 + MOST, cut * 0 - 1
    start = n * 0
    while start < n:
        rank, here = _ranked(work, room, start + tl.arange(0, LIST), n, cut, BY_KEY)
        fitting = tl.minimum(fitting, tl.min(tl.where(here, rank, MOST)))
        found = tl.maximum(found, tl.max(tl.where(here, rank, -1)))
        start += LIST
    fitting, up_to = fitting - 1, before
    while found - fitting > 1:
        middle = fitting + (found - fitting) // 2
        total, upper, lower = before, cut * 0 + MOST, cut * 0 - 1
        start = n * 0
        while start < n:
            place = start + tl.arange(0, LIST)
            rank, here = _ranked(work, room, place, n, cut, BY_KEY)
            at = _items_of(work, room, place, place < n)
            amount = costs_of(costs, cost_stride, ticks, classes, at, place < n, CLASSES)
            total += tl.sum(tl.where(here & (rank <= middle), amount, 0))
            lower = tl.maximum(lower, tl.max(tl.where(here & (rank <= middle), rank, -1)))
            upper = tl.minimum(upper, tl.min(tl.where(here & (rank > middle), rank, MOST)))
            start += LIST
        too_much = total > limit
        found, fitting = tl.where(too_much, lower, found), tl.where(too_much, fitting, upper - 1)
        up_to = tl.where(too_much, up_to, total)
    return found, up_to


@triton.jit
def _alike(
    work, values, stride, costs, cost_stride, table, classes, room, n, cut,
    CLASSES: tl.constexpr, BY_COST: tl.constexpr, SQUARE: tl.constexpr,
):  # fmt: skip
    """Whether all items at the key ``cut`` weigh and cost the same, so that their ratios did not merely round alike."""
    low, high = float_of(n * 0) + INF, float_of(n * 0) - INF
    cheap, dear = low, high
    start = n * 0
    while start < n:
        place = start + tl.arange(0, LIST)
        at, here = _ranked(work, room, place, n, cut, False)
        weight = weights_of(values, stride, at, here, SQUARE)
        cost = costs_of(costs, cost_stride, table, classes, at, here, CLASSES)
        low = tl.minimum(low, tl.min(tl.where(here, weight, INF)))
        high = tl.maximum(high, tl.max(tl.where(here, weight, -INF)))
        cheap = tl.minimum(cheap, tl.min(tl.where(here, cost, INF)))
        dear = tl.maximum(dear, tl.max(tl.where(here, cost, -INF)))
        start += LIST
    if BY_COST:
        return (low == high) & (cheap == dear)
    else:
        return low == high


@triton.jit(do_not_specialize=_NUMBERS)
def decide(
    work, values, stride: tl.int64, costs, cost_stride: tl.int64, table, ticks, classes: tl.int64,
    budget: tl.int64, affordable: tl.int64, grid: tl.int64, room: tl.int64, active_room: tl.int64, blocks: tl.int64,
    CLASSES: tl.constexpr, BY_COST: tl.constexpr, SQUARE: tl.constexpr, WIDE: tl.constexpr, PLAIN: tl.constexpr,
):  # fmt: skip
    """The critical item: largest key, then lowest index, where the sum passes the budget; is that sure?"""
    count, active_count, flags = tl.load(work + LISTED), tl.load(work + ACTIVE), tl.load(work + FLAGS)
    n = tl.minimum(active_count, active_room)
    last, bins = last_bin(work, budget, CLASSES), bin_sums(work, CLASSES)
    spent, limit = spent_of(work, CLASSES), budget_of(budget, CLASSES)
    before = spent + tl.sum(tl.where(tl.arange(0, BINS) < last, bins, 0))
    rank, before = _passes(work, costs, cost_stride, ticks, classes, room, n, before, limit, n * 0, True, CLASSES)
    cut = rank * -1 + MOST
    critical, before = _passes(work, costs, cost_stride, ticks, classes, room, n, before, limit, cut, False, CLASSES)
    alike = _alike(
        work, values, stride, costs, cost_stride, table, classes, room, n, cut, CLASSES, BY_COST, SQUARE
    )  # fmt: skip

    some, own = last < BINS, tl.maximum(critical, 0)
    weight = weights_of(values, stride, own, True, SQUARE)
    cost = costs_of(costs, cost_stride, table, classes, own, True, CLASSES)
    after = before + costs_of(costs, cost_stride, ticks, classes, own, True, CLASSES)
    low, high = tl.load(as_floats(work) + LOW), tl.load(as_floats(work) + HIGH)
    sure = ((flags & (OFF_GRID - 1)) == 0) & (count <= room) & (active_count <= active_room)
    extent = WIDE_RANGE if WIDE else NARROW_RANGE
    sure = sure & ((low == 0) | ((low > 1 / extent) & (low < extent)))
    sure = sure & ((high == INF) | ((high > 1 / extent) & (high < extent)))
    found = cut.to(tl.float64, bitcast=True)
    sure = sure & tl.where(some, (found >= low) & (found < high) & alike, low == 0)
    sure = sure & (spent <= limit) & (before <= limit) & ((some == 0) | (after > limit))
    if not CLASSES:
        listed_sum = tl.sum(bins)
        error = ((blocks + 64) * spent + (count + 64) * 2 * (listed_sum + limit)) * EPS
        near = (limit - before <= error) | (some & (after - limit <= error))
        sure = sure & ((flags < OFF_GRID) | (near == 0)) & (listed_sum < INF)
    tl.store(work + CUT, tl.where(some, cut, -1))
    tl.store(work + DECIDED, sure.to(tl.int64))
    tl.store(work + CRITICAL, tl.where(some, critical, -1))
    tl.store(work + WEIGHT, weight.to(tl.int64, bitcast=True))
    tl.store(work + COST, cost.to(tl.int64, bitcast=True))


@triton.jit(do_not_specialize=_NUMBERS)
def take(work, kept, room: tl.int64):
    """Keep the listed items before the critical one; all of them where there is none."""
    place = tl.program_id(0) * LIST + tl.arange(0, LIST)
    here = place < tl.minimum(tl.load(work + LISTED), room)
    at = tl.load(list_start(work, room) + place, mask=here, other=0).to(tl.int64)
    bits = tl.load(work + FIRST_KEY + place, mask=here, other=0)
    cut = tl.load(work + CUT)
    before = (bits > cut) | ((bits == cut) & (at < tl.load(work + CRITICAL)))
    tl.store(kept + at, before.to(tl.uint8), mask=here)
