"""The check of error feedback (D17): what is not sent in one round is added to the next, and nothing is lost.

    sum of what was sent  +  residual  =  sum of the updates

A compressor's residual is its own affair, so the check needs none: after some rounds the updates stop, rounds with
zeros follow until the residual must be empty, and then all that went in has come out. Updates are small integers,
whose sums are exact in floating point.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

import numpy as np

from proofs_check.selector.optimality import dearest_fits
from proofs_check.selector.promise import BrokenPromiseError
from proofs_check.selector.subject import Array, Selector, shown
from theory.feedback.error_feedback import accumulate, split
from theory.instance import Instance

ROUNDS = 3


def check_error_feedback(selector: Selector, instance: Instance) -> None:
    """Under error feedback all that goes in comes out: sent + residual = updates, exactly, and it drains (D17)."""
    if not dearest_fits(instance):  # what never fits stays in the residual
        return
    assert instance.update is not None
    first = np.trunc(instance.update)
    updates = [np.roll(first, k) * (1 if k % 2 else 2) for k in range(ROUNDS)]
    silence = [np.zeros_like(first)] * _rounds_to_drain(selector, instance)
    budget = float(instance.budget)
    if selector.rounds is not None:
        sent = selector.rounds([u.copy() for u in [*updates, *silence]], instance.cost.copy(), budget)
        _within(selector, instance, sent)
    else:
        sent = _plain_rounds(selector, [*updates, *silence], instance.cost, budget)
    total_in, total_out = np.sum(updates, axis=0), np.sum([v.astype(np.float64) for v in sent], axis=0)
    for i in np.flatnonzero(total_in != total_out):
        raise BrokenPromiseError(
            f"coordinate {i}: updates add up to {total_in[i]:g}, but {total_out[i]:g} was sent in {len(sent)} rounds, "
            f"{len(silence)} of them without an update"
        )


def _within(selector: Selector, instance: Instance, sent: Sequence[Array]) -> None:
    """Every round of a compressor pays within the budget; of a selector without a state another check asks that."""
    for k, values in enumerate(sent):
        if instance.spent(values != 0) > selector.promise.limit(instance.budget):
            over = f"{shown(values.tolist())}, which costs more than the budget {float(instance.budget):.6g}"
            raise BrokenPromiseError(f"round {k} sent {over}")


def _rounds_to_drain(selector: Selector, instance: Instance) -> int:
    """Rounds without an update until the residual must be empty: each sends an item, a rounding ``B - c_max`` J."""
    spare = instance.budget - Fraction(float(instance.cost.max(initial=0.0)))
    one_by_one = 2 * instance.d + 1
    if spare <= 0 or (selector.promise.rounding is None and not selector.promise.exact):
        return one_by_one
    return min(one_by_one, int(instance.total_cost // spare) + 2)


def _plain_rounds(selector: Selector, updates: Sequence[Array], cost: Array, budget: float) -> list[Array]:
    """The usual loop around a selector without a state (Karimireddy et al. 2019, algorithm 2)."""
    residual, sent = np.zeros_like(updates[0]), []
    for update in updates:
        total = accumulate(update, residual)
        kept = selector(total.copy(), cost.copy(), budget)
        message, residual = split(total, kept.mask)
        if kept.sent is not None:
            message, residual = kept.sent, total - kept.sent
        sent.append(message)
    return sent
