"""Checks of how a selector takes and returns things, whatever it promises about the order.

Every check has the form ``check_x(selector, instance)``: it raises :class:`BrokenPromiseError` or returns nothing. Its
docstring opens with the statement that is checked.
"""

from __future__ import annotations

import numpy as np

from proofs_check.selector.promise import BrokenPromiseError
from proofs_check.selector.subject import Selector, read_output, shown
from theory.instance import Instance

SEEDS = 8


def check_output(selector: Selector, instance: Instance) -> None:
    """The selector returns a mask, indices without repetition, or a finite sparse update, of the update's shape."""
    selector.on(instance)


def check_empty(selector: Selector, instance: Instance) -> None:
    """An update without coordinates gives an empty selection."""
    for budget in (0.0, 1.0):
        empty = np.zeros(0, dtype=_update(instance).dtype)
        if selector(empty, np.zeros(0), budget).support:
            raise BrokenPromiseError("something of an empty update was kept")


def check_inputs_unchanged(selector: Selector, instance: Instance) -> None:
    """The selector changes neither the update nor the costs that it is given."""
    update, cost = _update(instance).copy(), instance.cost.copy()
    selector(update, cost, float(instance.budget))
    for name, now, before in (("update", update, _update(instance)), ("costs", cost, instance.cost)):
        if now.tobytes() != before.tobytes():
            said = f"{shown(before.tolist())} before the call and {shown(now.tolist())} after it"
            raise BrokenPromiseError(f"the {name} were {said}")


def check_deterministic(selector: Selector, instance: Instance) -> None:
    """The same input gives the same selection, also after another input of the same shape."""
    first = selector.on(instance).support
    selector.mask(_update(instance)[::-1], instance.cost[::-1], float(instance.budget) / 2)
    for _ in range(3):
        again = selector.on(instance).support
        if again != first:
            raise BrokenPromiseError(f"it kept {shown(first)} at the first call and {shown(again)} at a later one")


def check_seeds(selector: Selector, instance: Instance) -> None:
    """The same seed gives the same selection, and not every seed the same."""
    update, cost, budget = _update(instance), instance.cost, float(instance.budget)
    kept = {seed: selector(update.copy(), cost.copy(), budget, seed).support for seed in range(SEEDS)}
    for seed, first in kept.items():
        again = selector(update.copy(), cost.copy(), budget, seed).support
        if again != first:
            raise BrokenPromiseError(f"seed {seed}: it kept {shown(first)} at first and {shown(again)} later")
    many = np.arange(1, 65, dtype=update.dtype)
    chosen = {tuple(selector(many.copy(), np.ones(64), 32.0, seed).support) for seed in range(SEEDS)}
    if len(chosen) == 1:  # drawn at random, all alike has probability (64 choose 32)**-7, below 1e-127
        raise BrokenPromiseError(f"of 64 coordinates that cost the same it kept {shown(chosen.pop())} with every seed")


def check_strides(selector: Selector, instance: Instance) -> None:
    """Views give the same selection as contiguous arrays: every second element, backwards, read-only."""
    update, cost, budget = _update(instance), instance.cost, float(instance.budget)
    expected = selector.on(instance).support
    wide, wide_cost = np.repeat(update, 2), np.repeat(cost, 2)
    wide[1::2], wide_cost[1::2] = 99, 0.5  # what a selector sees that ignores the strides
    frozen = update.copy()
    frozen.flags.writeable = False
    views = {
        "every second element": (wide[::2], wide_cost[::2]),
        "a backward view": (update[::-1].copy()[::-1], cost[::-1].copy()[::-1]),
        "read-only": (frozen, cost.copy()),
    }
    for name, (g, c) in views.items():
        found = selector(g, c, budget).support
        if found != expected:
            plain = f"of the same values in contiguous arrays {shown(expected)}"
            raise BrokenPromiseError(f"{name}: it kept {shown(found)}, {plain}")


def check_dtypes(selector: Selector, instance: Instance) -> None:
    """The same values in every precision promised give the same selection, and values are sent in that precision."""
    supports = {}
    for dtype in selector.promise.dtypes:
        update = _update(instance).astype(dtype)
        kept = selector(update.copy(), instance.cost.copy(), float(instance.budget))
        supports[dtype] = kept.support
        if kept.sent is not None and kept.sent.dtype != update.dtype:
            raise BrokenPromiseError(f"of an update in {dtype} it sends values in {kept.sent.dtype}")
    if selector.promise.deterministic and len({tuple(s) for s in supports.values()}) > 1:
        kept_of = "; ".join(f"{dtype} {shown(support)}" for dtype, support in supports.items())
        raise BrokenPromiseError(f"the selection depends on the precision: {kept_of}")


def check_values_unchanged(selector: Selector, instance: Instance) -> None:
    """What is sent is the update itself on the kept coordinates, bit for bit (D1)."""
    update, sent = _update(instance), selector.on(instance).sent
    if sent is None:
        return
    for i in np.flatnonzero((sent != 0) & (sent != update)):
        if float(sent[i]) != float(update[i]):
            raise BrokenPromiseError(f"coordinate {i} is {update[i]!s} and was sent as {sent[i]!s}")


def check_zeros(selector: Selector, instance: Instance) -> None:
    """No joule is spent on a coordinate that is zero."""
    kept = selector.on(instance)
    zeros = np.flatnonzero(kept.mask & (_update(instance) == 0)).tolist()
    if zeros:
        raise BrokenPromiseError(f"kept {shown(kept.support)}, of which the update is zero at {shown(zeros)}")


def check_nan(selector: Selector, instance: Instance) -> None:
    """A NaN is refused with an error or left out; it is never kept."""
    update = _update(instance).copy()
    if not update.size:
        return
    broken = update.size // 2
    update[broken] = np.nan
    try:
        raw = selector.raw(update, instance.cost.copy(), float(instance.budget))
    except MemoryError:
        raise
    except Exception:
        return
    if broken in read_output(raw, update.size, update.dtype).support:
        raise BrokenPromiseError(f"coordinate {broken} is NaN and was kept")


def _update(instance: Instance) -> np.ndarray:
    assert instance.update is not None
    return instance.update
