"""Points of cost and retained score, exact: prefixes of an order, and the upper concave hull of any points.

hull(X) = { x in X : some lambda makes it the only maximiser of p - lambda c over X }
"""

from __future__ import annotations

import numpy as np

from proofs_check.methods.rational import Rational
from theory.instance import Instance
from theory.selection.order import density_order

Point = tuple[Rational, Rational]


def prefix_points(instance: Instance, *, merge: bool = True, by_magnitude: bool = False) -> list[Point]:
    """Exact (cost, retained) of the prefixes of the greedy order, from the empty one on."""
    items = np.flatnonzero(instance.score > 0)
    weight, cost = instance.score[items], instance.cost[items]
    order = density_order(weight, np.ones_like(cost) if by_magnitude else cost)
    points, energy, retained = [(Rational(0), Rational(0))], Rational(0), Rational(0)
    last: Rational | None = None
    for p, c in zip(map(Rational, weight[order]), map(Rational, cost[order]), strict=True):
        energy, retained = energy + c, retained + p
        if merge and p / c == last:
            points.pop()
        points.append((energy, retained))
        last = p / c
    return points


def hull_vertices(points: list[Point]) -> list[Point]:
    """Vertices of the upper concave hull, left to right (Andrew's monotone chain, exact)."""
    hull: list[Point] = []
    for x, y in dict(sorted(points)).items():  # of those above each other the highest
        while len(hull) > 1 and _turn(hull[-2], hull[-1], (x, y)) >= 0:
            hull.pop()
        hull.append((x, y))
    return hull


def _turn(a: Point, b: Point, c: Point) -> Rational:
    return (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])
