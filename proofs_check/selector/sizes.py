"""The sizes at which a selector is tried, and an instance of any size in one call.

Small instances are drawn and shrunk by hypothesis (:mod:`proofs_check.selector.strategies`). A fault that shows only
from some size on, between two sizes or at the edge of a block needs these: every size up to 66, both neighbours of
every power of two, sizes of common blocks, and some in between that the seed draws.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from proofs_check.methods.instances import COSTS, MAGNITUDES
from proofs_check.selector.promise import Promise
from proofs_check.selector.strategies import Costs, cost_values
from theory.arithmetic.exact import as_whole, exact_sum, floor_float
from theory.errors import InputError
from theory.instance import CostClasses, Instance

Array = NDArray[Any]
Kind = Literal["plain", "sparse", "tied", "dear", "edge", "equal", "rich", "whole"]

LARGEST = 100_000
EVERY = 66  # every size up to this one
_POWERS = [2**k + off for k in range(7, 17) for off in (-1, 0, 1)]
_BLOCKS = [96, 100, 192, 200, 384, 500, 768, 1000, 1536, 3072, 5000, 10_000, 50_000, LARGEST]
DIMS = tuple(sorted({*range(1, EVERY + 1), *_POWERS, *_BLOCKS}))
FEWER = tuple(d for d in DIMS if d <= 1025 or d in (4095, 4096, 4097, LARGEST))
_FAMILIES = [(m, c) for m in MAGNITUDES for c in ("two-class", "per-layer", "lognormal", "integer")]
_DRAWN = 8


def ladder(seed: int, *, fewer: bool = False) -> tuple[int, ...]:
    """The sizes tried where none were asked for, ascending; ``fewer`` for checks that select many times."""
    between = np.exp(np.random.default_rng([seed, 1]).uniform(np.log(EVERY), np.log(LARGEST), _DRAWN)).astype(int)
    return tuple(sorted({*(FEWER if fewer else DIMS), *map(int, between[: 2 if fewer else None])}))


def read_dims(text: str) -> tuple[int, ...]:
    """Sizes from a text: ``1-64,100,1e5``.

    Raises:
        InputError: something else.
    """
    found: set[int] = set()
    for part in text.split(","):
        ends = [_size(end, text) for end in part.strip().split("-")]
        if len(ends) > 2 or ends != sorted(ends):
            raise InputError(f"dims must be sizes and ranges such as 1-64,100,1e5, got {text!r}")
        found |= set(range(ends[0], ends[-1] + 1))
    return tuple(sorted(found))


def as_dims(dims: Any) -> tuple[int, ...] | None:
    """Sizes given as a text, as numbers, or as one number; None for none.

    Raises:
        InputError: something else.
    """
    if isinstance(dims, str):
        return read_dims(dims) if dims else None
    if dims is None:
        return None
    return tuple(as_whole(d, "dims") for d in (dims if np.ndim(dims) else [dims])) or None


def _size(text: str, whole: str) -> int:
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not (1 <= value <= 10**8 and value == int(value)):
        raise InputError(f"dims must be sizes from 1 to 1e8 and ranges of them such as 1-64,100,1e5, got {whole!r}")
    return int(value)


def in_words(dims: Iterable[int]) -> str:
    """Sizes as a text that :func:`read_dims` reads."""
    runs: list[list[int]] = []
    for d in sorted(set(dims)):
        if runs and d == runs[-1][1] + 1:
            runs[-1][1] = d
        else:
            runs.append([d, d])
    return ",".join(f"{a}-{b}" if b > a else f"{a}" for a, b in runs)


def sized(
    d: int, promise: Promise | None = None, *, seed: int = 0, kind: Kind = "plain", cost: Costs | None = None,
    update: Array | None = None,
) -> Instance:  # fmt: skip
    """An instance of ``d`` coordinates, on which a selector that rounds can be judged: see :func:`strategies.clear`.

    Args:
        promise: its order decides which scores are too close to tell apart; its precisions, which values there are.
        seed: of the draw: laws of magnitudes and costs, every number, and which of the precisions.
        kind: ``plain``; ``sparse``: every other entry is zero and all fits; ``tied``: few kinds of coordinates;
            ``dear``: some cost more than the budget; ``edge``: decimal costs and a budget within a unit in the last
            place of a sum; ``equal``: one cost; ``rich``: the budget pays for the dearest; ``whole``: rich, and small
            integers for an update.
        cost: a kind of costs as in :func:`strategies.costs`; None: a family that the seed draws.
        update: a real update to draw coordinates from, shape (n,).

    Raises:
        InputError: an unknown kind; d below 1.
    """
    if kind not in get_args(Kind) or d < 1:
        raise InputError(f"need d >= 1 and a kind of {', '.join(get_args(Kind))}; got {d} and {kind!r}")
    promise, rng = promise or Promise(), np.random.default_rng([seed, d])
    g, c = _coordinates(rng, 2 * d + 32, promise, kind, cost, update)
    apart = _apart(g, c, promise)
    take = np.resize(apart[: _kinds(rng, kind, d)], d)
    if kind != "tied" or rng.integers(2):
        take = rng.permutation(take)
    g, c = g[take] * rng.choice([-1, 1], d), c[take]
    if kind == "sparse":
        g[1::2] = 0
    if kind == "whole":
        g = np.rint(4 * g / np.abs(g).mean())
    return _with_budget(rng, kind, cost, promise, g.astype(_dtype(rng, promise)), c)


def _kinds(rng: np.random.Generator, kind: Kind, d: int) -> int:
    return int(rng.integers(2, 6)) if kind == "tied" else d


def _dtype(rng: np.random.Generator, promise: Promise) -> str:
    wide = [dtype for dtype in promise.dtypes if dtype != "float16"]
    return str(rng.choice(wide)) if wide else "float16"


def _coordinates(
    rng: np.random.Generator, n: int, promise: Promise, kind: Kind, cost: Costs | None, update: Array | None
) -> tuple[Array, Array]:
    """Magnitudes, positive and exact in every precision promised, and costs."""
    magnitude, family = _FAMILIES[rng.integers(len(_FAMILIES))]
    g = MAGNITUDES[magnitude](rng, n) if update is None else np.abs(rng.choice(update, n).astype(np.float64))
    if "float16" in promise.dtypes:  # normal numbers still after a factor of 2^-10 or 2^10
        g = np.clip(g, 2.0**-4, 32.0).astype(np.float16)
    g = g.astype(np.float32)
    g[(g == 0) | ~np.isfinite(g)] = 1
    if kind == "equal":
        return g, np.full(n, float(rng.integers(1, 10)))
    kind_of_costs = "decimals" if kind == "edge" and cost is None else cost
    if kind_of_costs is not None:
        values = cost_values(kind_of_costs)
        return g, np.full(n, rng.choice(values)) if kind_of_costs == "equal" else rng.choice(values, n)
    drawn = COSTS[family](rng, g.astype(np.float64))
    return g, _plain(drawn)


def _plain(cost: Array | CostClasses) -> Array:
    return np.array([float(v) for v in cost.values])[cost.labels] if isinstance(cost, CostClasses) else cost


def _apart(g: Array, c: Array, promise: Promise) -> NDArray[np.intp]:
    """Indices, shuffled as they were, of coordinates no two of which score within the tolerance without being alike."""
    if promise.score is None or not promise.order_tolerance:
        return np.arange(g.size)
    weight = promise.weights(Instance(g, c, 0))
    keys = weight if promise.score == "magnitude" else weight / c
    order = np.argsort(keys, kind="stable")
    low, high = keys[order[:-1]], keys[order[1:]]
    return np.sort(np.append(order[:1], order[1:][low < (1 - 1.001 * promise.order_tolerance) * high]))


def _spent_on_first(share: float, promise: Promise, g: Array, c: Array) -> float:
    """What the first of the order cost, so many that they are this share of all."""
    weight = promise.weights(Instance(g, c, 0))
    first = np.argsort(-(weight if promise.score == "magnitude" else weight / c), kind="stable")
    return floor_float(exact_sum(c[first[: 1 + int(share * g.size)]]))


def _with_budget(
    rng: np.random.Generator, kind: Kind, cost: Costs | None, promise: Promise, g: Array, c: Array
) -> Instance:
    total = exact_sum(c)
    share = float(np.exp(rng.uniform(np.log(0.01), np.log(0.9))))
    budget = share * float(total)
    if kind == "sparse":
        budget = 2 * float(total)
    elif kind in ("rich", "whole"):
        budget = max(budget, 2 * float(c.max()), float(total) / 4 if kind == "whole" else 0.0)
    elif kind == "dear" and cost is None:
        dear = rng.choice(g.size, 1 + g.size // 20, replace=False)
        g[dear], c[dear] = g[dear] * 2, budget * rng.uniform(1.1, 2, dear.size)
    elif kind == "dear":
        budget = float(np.nextafter(c.max(), 0))
    elif kind == "edge":
        budget = _spent_on_first(share, promise, g, c)
        budget = float(np.nextafter(budget, 0)) if rng.integers(2) else budget
    elif (c == np.rint(c)).all() and rng.integers(2):
        budget = _spent_on_first(share, promise, g, c)  # whole joules, which float sums meet exactly too
    return Instance(g, c, budget)
