"""A zoo of broken selectors: each has one fault and the check that names it.

Every function here is what somebody could have written; the fault is in the comment. ``BROKEN`` says which check must
catch it, under which promise; in those of :mod:`right_selectors` no check may find a fault.
"""

from __future__ import annotations

import ctypes
import os
import time
from fractions import Fraction
from pathlib import Path

import numpy as np

from proofs_check.selector import Promise, Selector, from_compressor
from theory import certify

PREFIX = Promise(score="l2", rounding="prefix")
FILL = Promise(score="l2", rounding="fill")
BEST = Promise(score="l2", rounding="best-of")
MAGNITUDE = Promise(score="magnitude", rounding="prefix")
EXACT = Promise(exact=True)
RANDOM = Promise(rounding="fill", deterministic=False)
SEEDED = Promise(rounding="prefix", seeded=True)
ANY_RNG = np.random.default_rng(0)


# --- a right one, from which the others stray ---------------------------------------------------------


def eligible(update, cost, budget):
    if not np.isfinite(update).all():
        raise ValueError("the update must be finite")
    return np.flatnonzero((update != 0) & (cost <= budget))


def density(update, cost):
    return update.astype(np.float64) ** 2 / cost


def take(order, cost, budget, d):
    """The longest prefix of ``order`` that the budget pays for, in exact arithmetic."""
    mask, left = np.zeros(d, dtype=bool), Fraction(budget)
    for i in order:
        left -= Fraction(float(cost[i]))
        if left < 0:
            break
        mask[i] = True
    return mask


def ordered(update, cost, budget, key=density):
    items = eligible(update, cost, budget)
    return items[np.argsort(-key(update, cost)[items], kind="stable")]


def right(update, cost, budget):
    return take(ordered(update, cost, budget), cost, budget, update.size)


def by(key):
    return lambda update, cost, budget: take(ordered(update, cost, budget, key), cost, budget, update.size)


def filled(update, cost, budget):
    mask, left = np.zeros(update.size, dtype=bool), Fraction(budget)
    for i in ordered(update, cost, budget):
        if Fraction(float(cost[i])) <= left:
            mask[i] = True
            left -= Fraction(float(cost[i]))
    return mask


def best_of(update, cost, budget):
    mask, items = filled(update, cost, budget), eligible(update, cost, budget)
    squares = update.astype(np.float64) ** 2
    if items.size and squares[items].max() > squares[mask].sum():
        mask = np.zeros(update.size, dtype=bool)
        mask[items[np.argmax(squares[items])]] = True
    return mask


def certified(instance):
    return certify(instance).mask


# --- budgets --------------------------------------------------------------------------------------------


def float32_sums(update, cost, budget):  # cumsum in float32
    order = ordered(update, cost, budget)
    fits = np.cumsum(cost[order].astype(np.float32)) <= np.float32(budget)
    return order[: int(fits.sum())]


def float64_sums(update, cost, budget):  # cumsum in float64
    order = ordered(update, cost, budget)
    return order[np.cumsum(cost[order]) <= budget]


def one_too_many(update, cost, budget):  # takes the critical item
    order = ordered(update, cost, budget)
    return order[: int(right(update, cost, budget).sum()) + 1]


def one_too_few(update, cost, budget):  # drops the last item
    order = ordered(update, cost, budget)
    return order[: max(0, int(right(update, cost, budget).sum()) - 1)]


def threshold_with_ties(update, cost, budget):  # >= at the threshold: all ties are taken
    mask = right(update, cost, budget)
    key = density(update, cost)
    return (key >= key[mask].min()) & (update != 0) & (cost <= budget) if mask.any() else mask


def threshold_without_ties(update, cost, budget):  # > at the threshold: no tie is taken
    mask, key, items = right(update, cost, budget), density(update, cost), eligible(update, cost, budget)
    left_out = np.setdiff1d(items, np.flatnonzero(mask))
    return mask & (key > key[left_out].max()) if left_out.size else mask


def strict_budget(update, cost, budget):  # < where <= was meant
    return right(update, cost, np.nextafter(budget, 0.0))


def share_of_coordinates(update, cost, budget):  # the budget as a share of the number of coordinates
    share = budget / cost.sum() if cost.size else 0.0
    return ordered(update, cost, budget)[: int(np.ceil(share * update.size))]


def blocked_by_the_dear(update, cost, budget):  # stops at an item that could never fit
    items = np.flatnonzero(update != 0)
    return take(items[np.argsort(-density(update, cost)[items], kind="stable")], cost, budget, update.size)


def overspends_when_large(update, cost, budget):  # one too many, from a size on
    return one_too_many(update, cost, budget) if update.size > 3000 else right(update, cost, budget)


def drops_one_between(update, cost, budget):  # one too few, between two sizes
    return one_too_few(update, cost, budget) if 40 < update.size < 60 else right(update, cost, budget)


# --- order ----------------------------------------------------------------------------------------------


def last_index_first(update, cost, budget):  # the stable order reversed
    order = ordered(update[::-1], cost[::-1], budget)
    return take(update.size - 1 - order, cost, budget, update.size)


def per_layer(update, cost, budget):  # half of the budget for each half of the coordinates
    half = update.size // 2
    parts = [right(update[s], cost[s], budget / 2) for s in (slice(0, half), slice(half, None))]
    return np.concatenate(parts)


def signed(update, cost, budget):  # the largest signed entries
    return right(np.maximum(update, 0), cost, budget)


def absolute_threshold(update, cost, budget):  # ignores what is small on an absolute scale
    return right(np.where(np.abs(update) < 1e-2, 0, update), cost, budget)


def joules_are_numbers(update, cost, budget):  # a guard against division by zero that is too large for joules
    return by(lambda g, c: density(g, c + 1e-3))(update, cost, budget)


def normalised_costs(update, cost, budget):  # costs standardised: equal costs divide by zero
    spread = cost.std() if cost.size else 1.0
    with np.errstate(invalid="ignore", divide="ignore"):
        scaled = (cost - cost.mean()) / spread if cost.size else cost
        order = ordered(update, cost, budget, lambda g, c: density(g, c) + 0 * scaled)
    return take([i for i in order if np.isfinite(scaled[i])], cost, budget, update.size)


def budget_in_the_order(update, cost, budget):  # cheap items first while the budget is small
    share = budget / cost.sum() if cost.size else 1.0
    key = (lambda g, c: 1.0 / c) if share < 0.4 else density
    return by(key)(update, cost, budget)


def float32_squares(update, cost, budget):  # g^2 in the precision of the update
    with np.errstate(over="ignore", under="ignore"):
        square = update * update
    return by(lambda g, c: square / c)(update, cost, budget)


def wobbling(update, cost, budget):  # a sampled threshold that differs between calls
    keep = np.random.default_rng(time.perf_counter_ns()).random(update.size) < 0.5
    return right(np.where(keep, update, 0), cost, budget)


_LAST = {"threshold": 0.0}


def warm_start(update, cost, budget):  # starts from the threshold of the call before
    key = density(update, cost)
    mask = right(np.where(key >= _LAST["threshold"], update, 0), cost, budget)
    _LAST["threshold"] = key[mask].min() if mask.any() else 0.0
    return mask


# --- arrays ---------------------------------------------------------------------------------------------


def nan_first(update, cost, budget):  # NaN sorts as the largest
    key = np.where(np.isnan(update), np.inf, density(np.nan_to_num(update), cost))
    items = np.flatnonzero((key > 0) & (cost <= budget))
    return take(items[np.argsort(-key[items], kind="stable")], cost, budget, update.size)


def pays_for_zeros(update, cost, budget):  # zeros soak up what is left
    if not np.isfinite(update).all():
        raise ValueError("the update must be finite")
    items = np.flatnonzero(cost <= budget)
    return take(items[np.argsort(-density(update, cost)[items], kind="stable")], cost, budget, update.size)


def in_place(update, cost, budget):  # takes magnitudes in place
    np.abs(update, out=update)
    return right(update, cost, budget)


def in_place_costs(update, cost, budget):  # normalises the costs in place
    mask = right(update, cost, budget)
    cost /= cost.max() if cost.size else 1
    return mask


def reads_memory(update, cost, budget):  # a kernel that takes the pointer and ignores the strides
    pointer = update.ctypes.data_as(ctypes.POINTER(np.ctypeslib.as_ctypes_type(update.dtype)))
    plain = np.ctypeslib.as_array(pointer, shape=update.shape) if update.size and update.strides[0] > 0 else update
    return right(plain.copy(), cost, budget)


def no_empty_layers(update, cost, budget):  # max of nothing
    largest = np.abs(update).max()
    return right(update / largest if largest else update, cost, budget)


def integer_mask(update, cost, budget):  # 0 and 1, which are indices
    return right(update, cost, budget).astype(np.int64)


def a_layer_short(update, cost, budget):  # a mask of another shape
    return right(update, cost, budget)[: update.size - 1] if update.size else right(update, cost, budget)


def sent(update, mask):
    return np.where(mask, update, update.dtype.type(0))


def promoted(update, cost, budget):  # float32 in, float64 out
    return sent(update, right(update, cost, budget)).astype(np.float64)


def unbiased(update, cost, budget):  # scaled by d/k
    mask = right(update, cost, budget)
    return sent(update, mask) * update.dtype.type(update.size / max(1, mask.sum()))


def quantised(update, cost, budget):  # sent as 0.25 steps of a third
    return (np.round(sent(update, right(update, cost, budget)) * 3) / 3).astype(update.dtype)


# --- chance ---------------------------------------------------------------------------------------------


def seed_ignored(update, cost, budget, seed):  # always the same draw
    return take(np.random.default_rng(0).permutation(eligible(update, cost, budget)), cost, budget, update.size)


def seed_forgotten(update, cost, budget, seed):  # one generator for all calls
    return take(_SHARED.permutation(eligible(update, cost, budget)), cost, budget, update.size)


_SHARED = np.random.default_rng(1)


# --- states ---------------------------------------------------------------------------------------------


class Feedback:
    """Error feedback around the right selector; subclasses stray in ``keep``."""

    def __init__(self, cost, budget):
        self.cost, self.budget = cost, budget

    def init(self, d):
        return None

    def apply(self, state, update):
        total = update if state is None else update + state
        mask = right(total, self.cost, self.budget)
        return sent(total, mask), self.keep(state, update, total, mask)

    def keep(self, state, update, total, mask):
        return sent(total, ~mask)


class Forgetful(Feedback):  # the residual is dropped
    def keep(self, state, update, total, mask):
        return np.zeros_like(update)


class Stale(Feedback):  # what was sent stays in the residual
    def keep(self, state, update, total, mask):
        return total


class NewestOnly(Feedback):  # the residual of the update alone, not of the sum
    def keep(self, state, update, total, mask):
        return sent(update, ~mask)


# --- processes ------------------------------------------------------------------------------------------


def hangs(update, cost, budget):  # a search for a threshold that never ends
    low = 0.0
    if update.size > 2 and "CWMP_HANGS" in os.environ:
        Path(os.environ["CWMP_HANGS"]).touch()  # from here on nothing more is to come
    while update.size > 2:
        low += 0.0
    return right(update, cost, budget)


def crashes(update, cost, budget):  # reads where nothing is
    if update.size > 2:
        ctypes.string_at(0)
    return right(update, cost, budget)


def devours(update, cost, budget):  # grows a table without bound
    table = []
    while update.size > 2:
        table.append(np.ones(2**22))
    return right(update, cost, budget)


def with_feedback(make):
    return from_compressor(make, Promise(score="l2", rounding="prefix", error_feedback=True))


BROKEN = [
    (Selector(float32_sums, PREFIX), "check_budget_edge"),
    (Selector(float64_sums, PREFIX), "check_budget_edge"),
    (Selector(one_too_many, PREFIX), "check_feasible"),
    (Selector(share_of_coordinates, PREFIX), "check_feasible"),
    (Selector(one_too_few, PREFIX), "check_spends_budget"),
    (Selector(overspends_when_large, PREFIX), "check_feasible"),
    (Selector(drops_one_between, PREFIX), "check_spends_budget"),
    (Selector(strict_budget, PREFIX), "check_spends_budget"),
    (Selector(threshold_with_ties, PREFIX), "check_ties"),
    (Selector(threshold_without_ties, PREFIX), "check_ties"),
    (Selector(last_index_first, PREFIX), "check_ties"),
    (Selector(blocked_by_the_dear, PREFIX), "check_dear_items"),
    (Selector(by(lambda g, c: np.abs(g) / c), PREFIX, "magnitude_per_joule"), "check_order"),
    (Selector(by(lambda g, c: np.abs(g)), PREFIX, "cost_ignored"), "check_order"),
    (Selector(by(lambda g, c: g * g * c), PREFIX, "times_cost"), "check_order"),
    (Selector(by(lambda g, c: g * g / c**2), PREFIX, "squared_cost"), "check_order"),
    (Selector(by(density), MAGNITUDE, "density_for_magnitude"), "check_order"),
    (Selector(filled, PREFIX, "fill_for_prefix"), "check_order"),
    (Selector(by(lambda g, c: c), PREFIX, "dearest_first"), "check_optimal_for_spent"),
    (Selector(right, FILL, "prefix_for_fill"), "check_spends_budget"),
    (Selector(filled, BEST, "fill_for_best_of"), "check_half_of_optimum"),
    (Selector(best_of, EXACT, "best_of_for_exact"), "check_exact_optimum"),
    (Selector(one_too_few, PREFIX, "one_too_few_by_claim"), "check_gap"),
    (Selector(absolute_threshold, PREFIX), "check_scale"),
    (Selector(budget_in_the_order, PREFIX), "check_nested"),
    (Selector(by(lambda g, c: 1 / (g * g / c)), PREFIX, "smallest_first"), "check_contraction"),
    (Selector(per_layer, PREFIX), "check_permutation"),
    (Selector(signed, PREFIX), "check_signs"),
    (Selector(joules_are_numbers, PREFIX), "check_joules"),
    (Selector(normalised_costs, PREFIX), "check_equal_costs"),
    (Selector(float32_squares, PREFIX), "check_extreme_scales"),
    (Selector(wobbling, PREFIX), "check_deterministic"),
    (Selector(warm_start, PREFIX), "check_deterministic"),
    (Selector(seed_ignored, SEEDED), "check_seeds"),
    (Selector(seed_forgotten, SEEDED), "check_seeds"),
    (Selector(nan_first, PREFIX), "check_nan"),
    (Selector(pays_for_zeros, PREFIX), "check_zeros"),
    (Selector(in_place, PREFIX), "check_inputs_unchanged"),
    (Selector(in_place_costs, PREFIX), "check_inputs_unchanged"),
    (Selector(reads_memory, PREFIX), "check_strides"),
    (Selector(no_empty_layers, PREFIX), "check_empty"),
    (Selector(integer_mask, PREFIX), "check_output"),
    (Selector(a_layer_short, PREFIX), "check_output"),
    (Selector(promoted, PREFIX), "check_dtypes"),
    (Selector(unbiased, PREFIX), "check_values_unchanged"),
    (Selector(quantised, PREFIX), "check_values_unchanged"),
    (with_feedback(Forgetful), "check_error_feedback"),
    (with_feedback(Stale), "check_error_feedback"),
    (with_feedback(NewestOnly), "check_error_feedback"),
]
