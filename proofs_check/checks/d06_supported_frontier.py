"""D6. CWMP traces the supported Pareto frontier.

    { (c(prefix_k), p(prefix_k)) : ties of p/c merged }  =  vertices of the upper concave hull of { (c(M), p(M)) }

over all masks M of the items considered (p_i > 0), at budgets that reach every prefix.

Assumptions: B at least the total cost. Kind: identity. Source: geometry of the relaxation (D2, D15a).

Proof idea. A point is a vertex of the upper hull iff it is the *only* maximiser of p - lambda c for some lambda.
Between two different neighbouring ratios lambda makes p_i - lambda c_i > 0 before and < 0 after: the prefix is the
only maximiser. At a ratio that several items share, every mask between two prefixes is a maximiser, so the
points between them lie on an edge.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from proofs_check.methods import smt as z
from proofs_check.methods.hull import Point, hull_vertices, prefix_points
from proofs_check.methods.judge import Check, Falsehood, Oracle, Violation, exhaust, from_smt, sample, standard_checks
from proofs_check.methods.rational import Rational
from theory.claims.verdict import Verdict
from theory.instance import Instance

Frontier = Callable[[Instance], list[Point]]


def every_point(instance: Instance) -> list[Point]:
    """(cost, retained) of every mask of the items of positive score."""
    points = [(Rational(0), Rational(0))]
    for p, c in zip(map(Rational, instance.score.tolist()), map(Rational, instance.cost.tolist()), strict=True):
        if p > 0:
            points += [(x + c, y + p) for x, y in points]
    return points


def holds(instance: Instance, _: Oracle, frontier: Frontier = prefix_points) -> Violation | None:
    """The frontier traced is the hull of all masks."""
    traced, hull = frontier(instance), hull_vertices(every_point(instance))
    return None if traced == hull else Violation("prefix points = hull vertices", _words(traced), _words(hull))


def _words(points: list[Point]) -> str:
    return " ".join(f"({x}, {y})" for x, y in points)


def smt(seed: int = 0, n_max: int = 4, strict: bool = True) -> Verdict:
    """All real p > 0, c > 0: a price between two ratios makes the prefix the only maximiser of ``p - lambda c``."""

    def obligations() -> Iterator[tuple[list[Any], Any]]:
        price = z.z3.Real("lambda")
        for n in range(1, n_max + 1):
            p, c, ordered = z.ordered_items(n)
            value = lambda mask, p=p, c=c: z.z3.Sum([p[i] - price * c[i] for i in mask])  # noqa: E731
            for k in range(n + 1):
                above = [p[k - 1] > price * c[k - 1]] if k else []
                below = [p[k] < price * c[k] if strict else p[k] <= price * c[k]] if k < n else []
                for mask in z.masks(n):
                    if mask != tuple(range(k)):
                        yield [*ordered, *above, *below, price >= 0], value(mask) < value(range(k))

    domain = f"all real p >= 0, c > 0, lambda with n <= {n_max} items, every mask and prefix"
    return from_smt("D6", z.prove(obligations()), domain=domain, reach=f"n <= {n_max}; item by item for every n (D3)")


CHECKS = (
    Check("D6", "smt", smt),
    *standard_checks("D6", holds, n=8, per_family=8, at_scale=False),
)


def _unmerged(instance: Instance) -> list[Point]:
    return prefix_points(instance, merge=False)


def _top_k_points(instance: Instance) -> list[Point]:
    return prefix_points(instance, by_magnitude=True)


FALSEHOODS = (
    Falsehood("D6", "ties need not be merged", lambda: exhaust("D6", lambda i, o: holds(i, o, _unmerged))),
    Falsehood("D6", "Top-K traces it too", lambda: sample("D6", lambda i, o: holds(i, o, _top_k_points), seed=0, n=8)),
    Falsehood("D6", "at a shared ratio the prefix is the only maximiser", lambda: smt(n_max=2, strict=False)),
)
