"""Where checks look: finite domains to exhaust, random families to sample, strategies to search and shrink.

Every generator yields valid :class:`theory.Instance` objects; claims with assumptions filter them.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from fractions import Fraction

import numpy as np
from hypothesis import strategies as st
from numpy.typing import NDArray

from theory.budget import percent
from theory.instance import CostClasses, Instance

Array = NDArray[np.float64]

# --- a finite domain -------------------------------------------------------------------------------

SMALL = "all multisets of n <= {n} items with scores 0..{p} and costs 1..{c}, every integer and half-integer budget"


def small_instances(n: int = 4, p: int = 3, c: int = 2) -> Iterator[Instance]:
    """Every multiset of at most ``n`` items with integer scores 0..p and costs 1..c, smallest first.

    Budgets run over all multiples of 1/2 from 0 to ``C + 1/2``: half-integers leave a remainder that no
    item fits, integers are hit exactly.
    """
    items = sorted(itertools.product(range(p + 1), range(1, c + 1)), key=sum)
    for size in range(n + 1):
        for chosen in itertools.combinations_with_replacement(items, size):
            score, cost = np.array(chosen, dtype=float).reshape(-1, 2).T
            base = Instance.from_scores(score, cost, 0)
            for half in range(2 * int(cost.sum()) + 2):
                yield base.with_budget(Fraction(half, 2))


def small_domain(n: int = 4, p: int = 3, c: int = 2) -> str:
    """The words for :func:`small_instances`."""
    return SMALL.format(n=n, p=p, c=c)


# --- random families -------------------------------------------------------------------------------

Draw = Callable[[np.random.Generator, int], Array]

MAGNITUDES: dict[str, Draw] = {
    "gaussian": lambda rng, n: np.abs(rng.standard_normal(n)),
    "laplace": lambda rng, n: rng.exponential(size=n),
    "student-t3": lambda rng, n: np.abs(rng.standard_t(3, n)),
    "gen-normal-0.65": lambda rng, n: rng.gamma(1 / 0.65, size=n) ** (1 / 0.65),
}

COSTS: dict[str, Callable[[np.random.Generator, Array], Array | CostClasses]] = {
    "two-class": lambda rng, g: CostClasses(rng.integers(0, 2, g.size), [1, 10]),
    "per-layer": lambda rng, g: CostClasses(
        np.sort(rng.integers(0, 10, g.size)), [f"0.{k}" for k in range(1, 10)] + ["1.0"]
    ),
    "lognormal": lambda rng, g: rng.lognormal(size=g.size),
    "integer": lambda rng, g: rng.integers(1, 101, g.size).astype(float),
    "correlated": lambda rng, g: (g + 1e-3) * rng.lognormal(sigma=0.3, size=g.size),
    "adversarial": lambda rng, g: np.round(g * g * 64 + 1) / 64,
}

FAMILIES = [(m, c) for m in MAGNITUDES for c in COSTS]


def family_instance(magnitude: str, cost: str, n: int, rng: np.random.Generator) -> Instance:
    """One random instance of ``n`` coordinates; the budget's share of the total is log-uniform on [1 %, 90 %].

    The update is float32 with random signs, so its squares are exact. ``adversarial`` costs are ``g^2 + 1``
    on a grid of 1/64: nearly proportional to the score, the hard case for exact solvers.
    """
    g = (MAGNITUDES[magnitude](rng, n) * rng.choice([-1, 1], n)).astype(np.float32)
    fraction = Fraction(round(10_000 * float(np.exp(rng.uniform(np.log(0.01), np.log(0.9))))), 10_000)
    return Instance(g, COSTS[cost](rng, np.abs(g).astype(np.float64)), budget=percent(fraction))


# --- strategies ------------------------------------------------------------------------------------

_EDGE_SCORES = [0.0, 5e-324, 1e-300, 1e-17, 0.1, 0.2, 0.3, 1e150]
_EDGE_COSTS = [5e-324, 1e-9, 0.1, 0.2, 0.3, 0.7, 1e150]

# made once, and few choices to an item: most of a search's time goes into making instances
_ITEM = st.tuples(
    st.sampled_from([float(k) for k in range(10)] + _EDGE_SCORES),
    st.sampled_from([float(k) for k in range(1, 10)] + _EDGE_COSTS),
    st.booleans(),
)
_MORE = st.sampled_from([Fraction(0), Fraction(1, 2), Fraction(1), Fraction(1, 10), Fraction(5)])


def instances(min_items: int = 0, max_items: int = 6, dearest_fits: bool = False) -> st.SearchStrategy[Instance]:
    """Instances of few items: small integers, decimals, ties, zeros and extreme scales; shrinks to small integers.

    Budgets include 0, exact sums of a subset of the costs, and more than the total. With ``dearest_fits`` the
    budget is at least the largest cost.
    """

    def instance(drawn: tuple[list[tuple[float, float, bool]], Fraction]) -> Instance:
        items, more = drawn
        p, c = [score for score, _, _ in items], [cost for _, cost, _ in items]
        budget = more + sum((Fraction(cost) for _, cost, counted in items if counted), Fraction(0))
        if dearest_fits and c:
            budget = max(budget, Fraction(max(c)))
        return Instance.from_scores(np.array(p), np.array(c), budget)

    return st.tuples(st.lists(_ITEM, min_size=min_items, max_size=max_items), _MORE).map(instance)
