"""Checks of what must not matter to a selection: signs, scale, the place of a coordinate (D16), and extreme scales."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from proofs_check.selector.optimality import valued
from proofs_check.selector.promise import BrokenPromiseError
from proofs_check.selector.ranks import ranks
from proofs_check.selector.subject import Array, Selector, shown
from theory.instance import Instance


def check_signs(selector: Selector, instance: Instance) -> None:
    """Flipping signs of the update changes nothing (D16)."""
    update = _update(instance)
    for name, flipped in (("all", -update), ("every other", update * np.where(np.arange(update.size) % 2, -1, 1))):
        _same(selector, instance, f"{name} signs flipped", update=flipped.astype(update.dtype))


def check_scale(selector: Selector, instance: Instance) -> None:
    """Multiplying the update by a power of two changes nothing (D16)."""
    update = _update(instance)
    for exponent in (-10, -1, 2, 10):
        _same(selector, instance, f"update times 2^{exponent}", update=np.ldexp(update, exponent))


def check_joules(selector: Selector, instance: Instance) -> None:
    """Multiplying costs and budget by the same power of two changes nothing (D16): the unit of energy is arbitrary."""
    for exponent in (-40, -3, 1, 12):
        _same(selector, instance, f"costs and budget times 2^{exponent}", cost=2.0**exponent)


def check_permutation(selector: Selector, instance: Instance) -> None:
    """Permuting the coordinates permutes the selection, up to ties (D16)."""
    if _ties(selector, instance):
        return
    turn = np.random.default_rng(instance.d).permutation(instance.d)
    backwards = np.arange(instance.d)[::-1]
    for name, order in (("backwards", backwards), ("shuffled", turn)):
        update, cost = _update(instance)[order], instance.cost[order]
        found = selector.mask(update, cost, float(instance.budget))
        mask = selector.on(instance).mask
        if selector.promise.exact:
            problem = valued(selector, instance)
            alike = problem.retained(found[np.argsort(order)]) == problem.retained(mask)
        else:
            alike = _multiset(np.abs(update), cost, found) == _multiset(np.abs(_update(instance)), instance.cost, mask)
        if not alike:
            moved = _multiset(np.abs(update), cost, found)
            expected = _multiset(np.abs(_update(instance)), instance.cost, mask)
            raise BrokenPromiseError(f"{name}: it keeps (|g|, c) = {shown(moved)} instead of {shown(expected)}")


def check_extreme_scales(selector: Selector, instance: Instance) -> None:
    """Updates near the ends of their precision's range are ordered like any others: no square over- or underflows."""
    update = _update(instance)
    for dtype, reach in (("float32", 100), ("float64", 400)):
        if dtype in selector.promise.dtypes:
            for exponent in (-reach, reach):
                scaled = np.ldexp(update.astype(dtype), exponent)
                _same(selector, instance, f"update in {dtype} times 2^{exponent}", update=scaled)


def _same(selector: Selector, instance: Instance, name: str, *, update: Array | None = None, cost: float = 1.0) -> None:
    """The selection is that of the instance, or of the same worth where only that is promised."""
    changed = _update(instance) if update is None else update
    before = selector.on(instance).mask
    after = selector.mask(changed, instance.cost * cost, float(instance.budget * Fraction(cost)))
    if (before != after).any():
        if selector.promise.exact:
            problem = valued(selector, instance)
            if problem.retained(before) == problem.retained(after) and problem.feasible(after):
                return
        kept = f"{shown(np.flatnonzero(after))} instead of {shown(np.flatnonzero(before))}"
        raise BrokenPromiseError(f"{name}: it keeps {kept}")


def _ties(selector: Selector, instance: Instance) -> bool:
    """Whether two coordinates that differ have the same score, so that their places decide between them."""
    weight = selector.promise.weights(instance)
    divisor = np.ones_like(weight) if selector.promise.score in (None, "magnitude") else instance.cost
    place = ranks(weight, divisor)
    items = zip(place.tolist(), instance.score.tolist(), instance.cost.tolist(), strict=True)
    pairs = {item for item, worth in zip(items, weight.tolist(), strict=True) if worth}
    return len({key for key, _, _ in pairs}) < len(pairs) and not selector.promise.exact


def _multiset(magnitude: Array, cost: Array, mask: NDArray[np.bool_]) -> list[tuple[float, float]]:
    return sorted(zip(magnitude[mask].tolist(), cost[mask].tolist(), strict=True))


def _update(instance: Instance) -> Array:
    assert instance.update is not None
    return instance.update
