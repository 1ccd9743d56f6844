"""What the Triton kernels share: the working memory, and how they read the data."""

# No postponed annotations: Triton reads `tl.constexpr` from the signatures.

import math

import triton
import triton.language as tl

LIST, BINS = tl.constexpr(2048), tl.constexpr(2048)
# where things are in the working memory, in words of 8 bytes: the answer, counters, bins, keys, and two lists of int32
DECIDED, CRITICAL, WEIGHT, COST = (tl.constexpr(i) for i in range(4))
LISTED, ACTIVE, FLAGS, SPENT, LOW, HIGH, CUT = (tl.constexpr(i) for i in range(4, 11))
FIRST_BIN = tl.constexpr(16)
FIRST_KEY = tl.constexpr(16 + 2048)
BAD, OFF_GRID = tl.constexpr(1), tl.constexpr(1 << 16)  # of items of a block, counted
INF, MOST, EPS = tl.constexpr(math.inf), tl.constexpr((1 << 63) - 1), tl.constexpr(2.0**-53)
NARROW_MARGIN, WIDE_MARGIN = tl.constexpr(2.0**-20), tl.constexpr(2.0**-48)
NARROW_RANGE, WIDE_RANGE, SAFE = tl.constexpr(2.0**100), tl.constexpr(2.0**900), tl.constexpr(2.0**480)
STEPS = tl.constexpr(2.0**53)
FINE = tl.constexpr(1 << 13)  # steps of 2^-20 of a key: as near as the edges of the bracket are found


@triton.jit
def float_of(bits):
    """The float64 with these bits."""
    return bits.to(tl.int64).to(tl.float64, bitcast=True)


@triton.jit
def as_floats(work):
    """The working memory as float64."""
    return work.to(tl.pointer_type(tl.float64), bitcast=True)


@triton.jit
def list_start(work, room):
    """Where the list of items inside the bracket begins, int32."""
    return (work + FIRST_KEY + room).to(tl.pointer_type(tl.int32), bitcast=True)


@triton.jit
def active_start(work, room):
    """Where the list of places of active items begins, int32."""
    return (work + FIRST_KEY + room + (room + 1) // 2).to(tl.pointer_type(tl.int32), bitcast=True)


@triton.jit
def offsets(start, lane, stride, PLAIN: tl.constexpr):
    """Offset of some items of a block, which begins at ``start``."""
    if PLAIN:
        return start + lane
    else:
        return (start + lane) * stride


@triton.jit
def budget_of(bits, CLASSES: tl.constexpr):
    """Ticks, int64, or joules, float64."""
    if CLASSES:
        return bits.to(tl.int64)
    else:
        return bits.to(tl.int64).to(tl.float64, bitcast=True)


@triton.jit
def weights_of(values, stride, at, here, SQUARE: tl.constexpr):
    """Exact weights of some items, float64."""
    value = tl.load(values + at * stride, mask=here, other=0).to(tl.float64)
    if SQUARE:
        return value * value
    else:
        return tl.abs(value)


@triton.jit
def costs_of(costs, stride, table, classes, at, here, CLASSES: tl.constexpr):
    """Costs of some items, float64, or of their classes what ``table`` says: float64 costs, int64 ticks of the budget.

    A label that is none is read as the nearest, and noticed by the sweep.
    """
    given = tl.load(costs + at * stride, mask=here, other=1)
    if CLASSES:
        label = tl.minimum(tl.maximum(given.to(tl.int64), 0), classes.to(tl.int64) - 1)
        return tl.load(table + label)
    else:
        return given.to(tl.float64)


@triton.jit
def spent_of(work, CLASSES: tl.constexpr):
    """What the items above the bracket take."""
    if CLASSES:
        return tl.load(work + SPENT)
    else:
        return tl.load(as_floats(work) + SPENT)


@triton.jit
def bin_sums(work, CLASSES: tl.constexpr):
    """What the listed items of each bin take."""
    at = tl.arange(0, BINS) + FIRST_BIN
    if CLASSES:
        return tl.load(work + at)
    else:
        return tl.load(as_floats(work) + at)


@triton.jit
def bin_of(bits, work):
    """Bin of keys by their bits: 0 holds the largest, and smaller keys never have a smaller bin."""
    low, high = tl.load(work + LOW), tl.load(work + HIGH)
    shift = low * 0
    while ((high - low) >> shift) >= BINS:
        shift += 1
    step = tl.minimum(tl.maximum(bits - low, 0) >> shift, BINS - 1)
    return (step * -1 + (BINS - 1)).to(tl.int32)


@triton.jit
def last_bin(work, budget, CLASSES: tl.constexpr):
    """The first bin, from the largest keys on, that does not fit whole; 2048 when all do."""
    sums = tl.cumsum(bin_sums(work, CLASSES), 0)
    left = budget_of(budget, CLASSES) - spent_of(work, CLASSES)
    return tl.min(tl.where(sums > left, tl.arange(0, BINS), BINS))
