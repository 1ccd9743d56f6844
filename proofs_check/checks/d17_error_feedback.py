"""D17. Error feedback conserves.

    sent + new residual = update + old residual,   coordinate by coordinate and bit for bit

Assumptions: the sum update + residual is formed once, in floating point, and split by the mask. Kind: identity.
Source: Seide et al. 2014; Karimireddy et al. 2019, algorithm 2.

Proof idea. On the mask sent is the sum and the residual 0, off it the other way round; x + 0 = x in floating point,
also for denormals. A residual formed by *subtracting* a rounded or quantised message conserves only if the
subtraction is exact, and an update of another precision than the residual rounds twice.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable

import hypothesis
import numpy as np
import sympy
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray

from proofs_check.methods.instances import FAMILIES, family_instance
from proofs_check.methods.judge import Check, Falsehood, survived
from theory.claims.verdict import Outcome, Verdict
from theory.errors import InputError
from theory.feedback.error_feedback import Split, accumulate, split
from theory.selection.selectors import cwmp

Floats = NDArray[np.floating]
Splitter = Callable[[Floats, NDArray[np.bool_]], Split]

_EDGE = (0.0, -0.0, 1.0, -1.0, 0.1, -0.3, 1 / 3, 1e-30, 5e-324, -5e-324, 1e16, 1e300, -1e300, 2.0**-149)


def conserves(update: Floats, residual: Floats, mask: NDArray[np.bool_], splitter: Splitter = split) -> bool:
    """Bit for bit, up to the sign of zero."""
    total = accumulate(update, residual)
    sent, rest = splitter(total, mask)
    return bool((sent + rest == total).all()) and sent.dtype == rest.dtype == total.dtype and not sent[~mask].any()


def exhaustion(seed: int = 0, splitter: Splitter = split) -> Verdict:
    """Every pair of edge values, on and off the mask, in three precisions."""
    trials, failure = 0, None
    precisions: list[type[np.floating]] = [np.float16, np.float32, np.float64]
    for dtype in precisions:
        with np.errstate(over="ignore", under="ignore"):
            values = [x for x in map(dtype, _EDGE) if np.isfinite(x)]
        for update, residual, kept in itertools.product(values, values, (True, False)):
            trials += 1
            try:
                good = conserves(np.array([update]), np.array([residual]), np.array([kept]), splitter)
            except InputError:  # the sum overflows: refused, not split
                continue
            if not good and failure is None:
                failure = {"dtype": dtype.__name__, "update": float(update), "residual": float(residual), "kept": kept}
    words = f"{len(_EDGE)}^2 pairs of edge values, on and off the mask, in float16, float32 and float64"
    outcome = Outcome.REFUTED if failure else Outcome.CHECKED
    return Verdict("D17", "exhaustion", outcome, words, "exactly the stated domain", trials, counterexample=failure)


def symbolic(seed: int = 0) -> Verdict:
    """``m t + (1 - m) t = t``: the identity over the reals; floating point adds only zeros."""
    m, update, residual = sympy.symbols("m u e")
    total = update + residual
    rest = sympy.expand(m * total + (1 - m) * total - total)
    outcome = Outcome.CHECKED if rest == 0 else Outcome.REFUTED
    return Verdict("D17", "symbolic", outcome, "one coordinate, symbolic", "every coordinate", 1)


def families(seed: int = 0, splitter: Splitter = split, rounds: int = 5) -> Verdict:
    """Runs of several rounds with CWMP masks: the residual carried on is what was not sent, every round."""
    rng, trials = np.random.default_rng(seed), 0
    words = f"{len(FAMILIES)} families, 100 coordinates, {rounds} rounds with the residual carried on"
    for family in FAMILIES:
        first = family_instance(*family, 100, rng)
        residual = np.zeros(100, dtype=np.float32)
        for _ in range(rounds):
            update = rng.permutation(np.asarray(first.update)).astype(np.float32)
            total = accumulate(update, residual)
            mask = cwmp(type(first)(total, first.cost, first.budget)).mask
            trials += 1
            if not conserves(update, residual, mask, splitter):
                found = {"family": " x ".join(family), "seed": seed}
                return Verdict(
                    "D17", "families", Outcome.REFUTED, words, "one suffices", trials, None, found, seed=seed
                )
            residual = splitter(total, mask).residual
    return survived("D17", "families", words, trials, seed)


def shrinking(seed: int = 0, splitter: Splitter = split) -> Verdict:
    """Any float32 arrays and masks."""
    finite = st.floats(-(2.0**100), 2.0**100, width=32)
    arrays = hnp.arrays(np.float32, 4, elements=finite)
    trials = 0

    @hypothesis.seed(seed)
    @hypothesis.settings(max_examples=500, database=None, deadline=None)
    @hypothesis.given(arrays, arrays, hnp.arrays(bool, 4))
    def judge(update: Floats, residual: Floats, mask: NDArray[np.bool_]) -> None:
        nonlocal trials
        trials += 1
        if not conserves(update, residual, mask, splitter):
            raise AssertionError("not conserved")

    words = "float32 arrays of 4 in [-2^100, 2^100], denormals included, any mask"
    try:
        judge()
    except AssertionError:
        return Verdict("D17", "search", Outcome.REFUTED, words, "one suffices", trials, seed=seed)
    return Verdict("D17", "search", Outcome.SURVIVED, words, "sampling never proves", trials, seed=seed)


CHECKS = (
    Check("D17", "symbolic", symbolic),
    Check("D17", "exhaustion", exhaustion),
    Check("D17", "families", families),
    Check("D17", "search", shrinking),
)


def _quantised(total: Floats, mask: NDArray[np.bool_]) -> Split:
    """Sends half precision and forgets what the rounding lost."""
    with np.errstate(over="ignore", under="ignore"):
        sent = np.where(mask, total, 0).astype(np.float16).astype(total.dtype)
    return Split(sent, np.where(mask, total.dtype.type(0), total))


def _scaled(total: Floats, mask: NDArray[np.bool_]) -> Split:
    """Sends unbiased values (scaled by d/k) and keeps the residual of the unscaled ones."""
    sent = np.where(mask, total, total.dtype.type(0)) * total.dtype.type(mask.size / max(1, mask.sum()))
    return Split(sent, np.where(mask, total.dtype.type(0), total))


FALSEHOODS = (
    Falsehood("D17", "rounding the message may be forgotten", lambda: exhaustion(splitter=_quantised)),
    Falsehood("D17", "a scaled message conserves", lambda: families(splitter=_scaled)),
)
