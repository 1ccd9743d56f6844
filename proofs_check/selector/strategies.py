"""Hypothesis strategies for updates, costs and instances: for the checks here, and for anyone's own tests.

    @given(instances())
    def test_mine(instance):
        mask = mine(instance.update, instance.cost, float(instance.budget))
        assert instance.feasible(mask)

Every instance has an update, one cost per coordinate and a budget that is a float64, so that a selector gets
exactly the numbers it is judged by. Values shrink to few coordinates and small integers.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction
from itertools import pairwise
from typing import Any

import numpy as np
from hypothesis import strategies as st
from numpy.typing import ArrayLike, NDArray

from proofs_check.selector.promise import Promise
from theory.arithmetic.exact import exact_sum, floor_float
from theory.energy.models import CostModel, cost_model
from theory.errors import InputError
from theory.instance import Instance
from theory.layers import KINDS, Layer

Array = NDArray[Any]
Costs = str | CostModel
_PLAIN_COSTS = ("integers", "decimals", "equal")
_ENTRIES = st.one_of(st.integers(-9, 9).map(float), st.sampled_from([0.25, -0.5, 1.5, -2.75, 12.0, -30.0]))
_DECIMALS = [0.1, 0.2, 0.3, 0.7, 1 / 3, 1e-3, 2.9, 10.1]


def updates(min_size: int = 0, max_size: int = 8, dtype: str = "float64") -> st.SearchStrategy[Array]:
    """Updates of few coordinates: small integers, quarters, zeros, ties; exact in every precision from float16 on."""
    return st.lists(_ENTRIES, min_size=min_size, max_size=max_size).map(lambda g: np.array(g, dtype=dtype))


def costs(size: int, kind: Costs = "integers") -> st.SearchStrategy[Array]:
    """``size`` costs, float64.

    Args:
        kind: ``integers`` (1 to 9), ``decimals`` (0.1, 0.3, 1/3 ...: float sums of them round), ``equal`` (one small
            integer for all), or an energy model or its name: the joules of its layer kinds.

    Raises:
        InputError: an unknown kind.
    """
    one = st.sampled_from(cost_values(kind))
    if kind == "equal":
        return one.map(lambda c: np.full(size, c))
    return st.lists(one, min_size=size, max_size=size).map(lambda c: np.array(c, dtype=np.float64))


def cost_values(kind: Costs) -> list[float]:
    """The costs that a kind of :func:`costs` draws from.

    Raises:
        InputError: an unknown kind.
    """
    if kind in ("equal", "integers"):
        return [float(c) for c in range(1, 10)]
    return _DECIMALS if kind == "decimals" else _joules(kind)


def cost_kind(kind: Costs) -> Costs:
    """``kind`` if :func:`costs` knows it.

    Raises:
        InputError: otherwise; the message lists what there is.
    """
    if kind not in _PLAIN_COSTS:
        try:
            _joules(kind)
        except InputError as error:
            raise InputError(f"{error}; or {', '.join(_PLAIN_COSTS)}") from None
    return kind


def _joules(kind: Costs) -> list[float]:
    model = kind if isinstance(kind, CostModel) else cost_model(kind)
    kinds = [k for k in KINDS if k != "unknown" and (k in model.memory or model.rest is not None)]
    parts = model.parts([Layer(k, (1,), k) for k in kinds])
    return list(dict.fromkeys(float(part.total) for part in parts.values()))


@st.composite
def instances(
    draw: st.DrawFn, *, min_items: int = 0, max_items: int = 8, dtype: str = "float64", cost: Costs = "integers",
    dearest_fits: bool = False,
) -> Instance:  # fmt: skip
    """Instances of few items. Budgets: 0, sums of some of the costs, a little more, and more than the total.

    With costs whose sums round in floating point a budget keeps clear of every sum by a part of the least cost, so that
    it does not matter how a selector adds; :func:`edge_instances` is for those where it does.
    """
    g = draw(updates(min_items, max_items, dtype))
    c = draw(costs(g.size, cost))
    counted = draw(st.lists(st.booleans(), min_size=g.size, max_size=g.size))
    spent = exact_sum(c[np.array(counted, dtype=bool)]) if g.size else Fraction(0)
    if dearest_fits and g.size:
        spent = max(spent, Fraction(float(c.max())))
    exact = cost in ("integers", "equal")
    least = Fraction(float(c.min())) if g.size else Fraction(1)
    more = draw(st.sampled_from([Fraction(0), Fraction(1, 2), Fraction(1), Fraction(5)] if exact else [Fraction(3, 8)]))
    return Instance(g, c, floor_float(spent + more * (1 if exact else least)))


@st.composite
def tied_instances(
    draw: st.DrawFn, *, max_items: int = 8, dtype: str = "float64", cost: Costs = "integers"
) -> Instance:
    """Two kinds of coordinates, many of each: the budget ends in the middle of a tie."""
    kinds = draw(st.lists(st.integers(1, 9), min_size=2, max_size=2))
    which = np.array(draw(st.lists(st.integers(0, 1), min_size=2, max_size=max_items)), dtype=np.intp)
    signs = draw(st.lists(st.sampled_from([1, -1]), min_size=which.size, max_size=which.size))
    c = draw(costs(2, cost))
    g = (np.array(kinds, dtype=dtype)[which] * np.array(signs)).astype(dtype)
    price = c[which]
    fit = draw(st.integers(0, which.size))
    return Instance(g, price, floor_float(exact_sum(price[:fit]) + Fraction(float(price.min())) * Fraction(3, 8)))


@st.composite
def dear_instances(
    draw: st.DrawFn, *, max_items: int = 7, dtype: str = "float64", cost: Costs = "integers"
) -> Instance:
    """Some coordinates cost more than the whole budget, among them the largest one."""
    g = draw(updates(1, max_items, dtype))
    c = draw(costs(g.size, cost))
    dearest, cheaper = float(c.max()), c[c < c.max()]
    budget = draw(st.sampled_from(cheaper.tolist())) if cheaper.size else dearest / 2
    g[int(np.argmax(c))] = draw(st.sampled_from([100, 900]))
    return Instance(g, c, (budget + min(dearest, budget + float(c.min()))) / 2)


@st.composite
def edge_instances(
    draw: st.DrawFn, promise: Promise | None = None, *, dtype: str = "float64", cost: Costs = "decimals"
) -> Instance:
    """Decimal costs, and a budget within a unit in the last place of what the first items of the order cost.

    Sums of such costs round, so whoever adds them in floating point may find affordable what is not.
    """
    g = draw(updates(1, 12, dtype))
    c = draw(costs(g.size, cost))
    keys = (promise or Promise(score="l2")).keys(Instance(g, c, 0))
    order = sorted(range(g.size), key=lambda i: (-keys[i], i))
    spent = exact_sum(c[order[: draw(st.integers(1, g.size))]])
    below = draw(st.booleans())
    budget = floor_float(spent)
    return Instance(g, c, math.nextafter(budget, 0.0) if below else budget)


@st.composite
def hard_instances(draw: st.DrawFn, *, max_items: int = 10, dtype: str = "float64") -> Instance:
    """Where the greedy order goes wrong: a dear item fills the budget, ``g^2`` is close to ``c``, two of three fit."""
    kind = draw(st.sampled_from(["share", "correlated", "half"]))
    if kind == "share":  # prefix and fill keep 2 of k (claim D11)
        k = draw(st.integers(2, 9))
        return Instance(np.array([1.5, float(k)], dtype=dtype), np.array([1.0, float(k * k)]), float(k * k))
    if kind == "half":  # best-of keeps little more than half (claim D10)
        k = draw(st.integers(2, 9)) ** 2
        g = np.array([math.sqrt(2.0), math.sqrt(k), math.sqrt(k)], dtype=dtype)
        return Instance(g, np.array([1.0, float(k), float(k)]), float(2 * k))
    g = draw(updates(2, max_items, dtype))
    g = g[g != 0]
    c = np.asarray(g, dtype=np.float64) ** 2 + draw(st.integers(1, 4))
    counted = np.array(draw(st.lists(st.booleans(), min_size=g.size, max_size=g.size)), dtype=bool)
    return Instance(g, c, floor_float(exact_sum(c[counted])) if g.size else 1.0)


def real_instances(
    update: ArrayLike, *, max_items: int = 12, cost: Costs = "integers", dtype: str | None = None
) -> st.SearchStrategy[Instance]:
    """Coordinates drawn from a real update, shape (d,) with d >= 1; they shrink to fewer of them.

    Raises:
        InputError: an update that is no vector of finite numbers, or empty.
    """
    whole = Instance(update, 1, 0).update
    if whole is None or not whole.size:
        raise InputError("the update has no coordinates to draw from")

    @st.composite
    def drawn(draw: st.DrawFn) -> Instance:
        places = draw(st.lists(st.integers(0, whole.size - 1), max_size=max_items, unique=True))
        g = whole[np.array(places, dtype=np.intp)].astype(dtype or whole.dtype)
        c = draw(costs(g.size, cost))
        counted = np.array(draw(st.lists(st.booleans(), min_size=g.size, max_size=g.size)), dtype=bool)
        least = Fraction(float(c.min())) if g.size else Fraction(1)
        return Instance(g, c, floor_float(exact_sum(c[counted]) + least * Fraction(3, 8)))

    return drawn()


def clear(promise: Promise) -> Callable[[Instance], bool]:
    """Whether an instance says anything about a selector that computes in floating point.

    Scores that differ by less than the promised ``order_tolerance`` may come in either order, so an instance is clear
    when scores are that far apart or belong to identical coordinates. With a tolerance of 0 every instance is clear.
    """

    def judge(instance: Instance) -> bool:
        if not promise.order_tolerance or promise.score is None:
            return True
        tolerance = 1 - Fraction(promise.order_tolerance)
        items = sorted(zip(promise.keys(instance), promise.weights(instance), instance.cost, strict=True))
        same_order = promise.score == "magnitude"
        for (low, p, c), (high, q, e) in pairwise(items):
            alike = p == q and (same_order or c == e)
            if low and not alike and low >= tolerance * high:
                return False
        return True

    return judge
