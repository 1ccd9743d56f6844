"""D16. Invariances.

    CWMP(-g) = CWMP(g),  CWMP(a g) = CWMP(g),  CWMP at (b c, b B) = CWMP at (c, B),  CWMP(g o pi) = CWMP(g) o pi

for signs flipped one by one, powers of two a and b, and permutations pi when no two scores tie.

Assumptions: scalings that float64 represents exactly. Kind: identity. Source: definition of the order.

Proof idea. The order compares p_i c_j with p_j c_i; squares lose signs, and positive factors cancel on both sides. The
budget rule compares sums of costs with B, both scaled. Ties are broken by index, which a permutation changes.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator

import numpy as np
from hypothesis import strategies as st
from numpy.typing import NDArray

from proofs_check.methods import smt as z
from proofs_check.methods.judge import Check, Falsehood, Oracle, Violation, exhaust, from_smt, sample, search
from proofs_check.methods.rational import Rational
from theory.claims.verdict import Verdict
from theory.instance import Instance
from theory.selection.selectors import cwmp

MaskOf = Callable[[Instance], NDArray[np.bool_]]


def prefix_mask(instance: Instance) -> NDArray[np.bool_]:
    """The mask of prefix CWMP."""
    return cwmp(instance).mask


def holds(
    instance: Instance, _: Oracle, mask_of: MaskOf = prefix_mask, budget_too: bool = True, ties_too: bool = False
) -> Violation | None:
    """Every transformation of one instance."""
    assert instance.update is not None
    g, c, budget, mask = instance.update, instance.cost, instance.budget, mask_of(instance)
    turn = np.random.default_rng(instance.d).permutation(instance.d)
    signs = np.where(np.arange(instance.d) % 2, -1, 1).astype(g.dtype)
    cases = [
        ("flipped signs", Instance(g * signs, c, budget), mask),
        ("update times 4", Instance(g * g.dtype.type(4), c, budget), mask),
        ("update over 2", Instance(g / g.dtype.type(2), c, budget), mask),
        ("costs and budget times 8", Instance(g, c * 8, budget * (8 if budget_too else 1)), mask),
    ]
    if ties_too or not _ties(instance):
        cases.append(("permuted", Instance(g[turn], c[turn], budget), mask[turn]))
    for name, changed, expected in cases:
        found = mask_of(changed)
        if (found != expected).any():
            shown = str(found.nonzero()[0].tolist()), str(expected.nonzero()[0].tolist())
            return Violation(f"the mask is that of the original: {name}", *shown)
    return None


def _ties(instance: Instance) -> bool:
    ratios = [Rational(p) / Rational(c) for p, c in zip(instance.score.tolist(), instance.cost.tolist(), strict=True)]
    return len(set(ratios)) < len(ratios)


def _domain() -> Iterator[Instance]:
    for n in range(4):
        for chosen in itertools.product(itertools.product((-2.0, 0.0, 1.0), (1.0, 3.0)), repeat=n):
            update, cost = np.array(chosen, dtype=float).reshape(-1, 2).T
            for k in range(1 + int(cost.sum())):
                yield Instance(update, cost, k)


def exhaustion(
    seed: int = 0, mask_of: MaskOf = prefix_mask, budget_too: bool = True, ties_too: bool = False
) -> Verdict:
    """Every small update, in every order."""
    words = "n <= 3 items in every order, g in {-2, 0, 1}, c in {1, 3}, integer budgets 0 .. C"
    return exhaust("D16", lambda i, o: holds(i, o, mask_of, budget_too, ties_too), domain=_domain(), words=words)


def families(seed: int = 0, mask_of: MaskOf = prefix_mask) -> Verdict:
    """Random families of 200 coordinates."""
    return sample("D16", lambda i, o: holds(i, o, mask_of), seed=seed, n=200, per_family=5)


def smt(seed: int = 0, joint: bool = True) -> Verdict:
    """The comparisons that make the mask, all reals: order of two items, and one sum of costs against B."""
    gi, gj, ci, cj, a, b, spent, budget = z.z3.Reals("gi gj ci cj a b spent B")
    positive = [ci > 0, cj > 0, a != 0, b > 0]
    before = gi * gi * cj >= gj * gj * ci
    lemmas = [
        (positive, before == ((a * gi) * (a * gi) * cj >= (a * gj) * (a * gj) * ci)),
        (positive, before == (gi * gi * (b * cj) >= gj * gj * (b * ci))),
        (positive, (spent <= budget) == (b * spent <= (b * budget if joint else budget))),
    ]
    reach = "every d: masks are made of these comparisons alone"
    return from_smt("D16", z.prove(lemmas), domain="two items and one sum, all reals, a != 0, b > 0", reach=reach)


def shrinking(seed: int = 0) -> Verdict:
    """Property-based search."""
    items = st.lists(st.tuples(st.integers(-9, 9), st.integers(1, 9)), max_size=6)

    def build(pairs: list[tuple[int, int]], budget: int) -> Instance:
        update, cost = np.array(pairs, dtype=float).reshape(-1, 2).T
        return Instance(update, cost, Rational(budget, 2))

    strategy = st.builds(build, items, st.integers(0, 60))
    return search("D16", holds, strategy, seed=seed, words="at most 6 items, updates -9..9, costs 1..9")


CHECKS = (
    Check("D16", "smt", smt),
    Check("D16", "exhaustion", exhaustion),
    Check("D16", "families", families),
    Check("D16", "search", shrinking),
)


def _signed(instance: Instance) -> NDArray[np.bool_]:
    """Keeps the largest signed entries."""
    assert instance.update is not None
    positive = np.where(instance.update > 0, instance.score, 0.0)
    return cwmp(Instance.from_scores(positive, instance.cost, instance.budget)).mask


def _thresholded(instance: Instance) -> NDArray[np.bool_]:
    """Ignores entries below an absolute threshold."""
    kept = np.where(instance.score >= 1.0, instance.score, 0.0)
    return cwmp(Instance.from_scores(kept, instance.cost, instance.budget)).mask


FALSEHOODS = (
    Falsehood("D16", "a selector of signed entries passes", lambda: exhaustion(mask_of=_signed)),
    Falsehood("D16", "a selector with an absolute threshold passes", lambda: families(mask_of=_thresholded)),
    Falsehood("D16", "scaling the costs alone keeps the mask", lambda: exhaustion(budget_too=False)),
    Falsehood("D16", "ties do not matter to permutations", lambda: exhaustion(ties_too=True)),
    Falsehood("D16", "scaling the costs alone keeps feasibility, over all reals", lambda: smt(joint=False)),
)
