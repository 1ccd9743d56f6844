"""Points of cost and retained score, exact: prefixes of an order, and the upper concave hull of any points.

hull(X) = { x in X : some lambda makes it the only maximiser of p - lambda c over X }
"""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from theory.instance import Instance
from theory.selection.order import density_order

Point = tuple[Fraction, Fraction]


def prefix_points(instance: Instance, *, merge: bool = True, by_magnitude: bool = False) -> list[Point]:
    """Exact (cost, retained) of the prefixes of the greedy order, from the empty one on."""
    items = np.flatnonzero(instance.score > 0)
    weight, cost = instance.score[items], instance.cost[items]
    order = density_order(weight, np.ones_like(cost) if by_magnitude else cost)
    points, energy, retained, last = [(Fraction(0), Fraction(0))], Fraction(0), Fraction(0), Fraction(-1)
    for p, c in zip(map(Fraction, weight[order]), map(Fraction, cost[order]), strict=True):
        energy, retained = energy + c, retained + p
        if merge and p / c == last:
            points.pop()
        points.append((energy, retained))
        last = p / c
    return points


def hull_vertices(points: list[Point]) -> list[Point]:
    """Vertices of the upper concave hull, left to right (Andrew's monotone chain, exact)."""
    hull: list[Point] = []
    for x, y in sorted(points):
        while len(hull) > 1 and _turn(hull[-2], hull[-1], (x, y)) >= 0:
            hull.pop()
        if hull and hull[-1][0] == x:
            hull.pop()
            while len(hull) > 1 and _turn(hull[-2], hull[-1], (x, y)) >= 0:
                hull.pop()
        hull.append((x, y))
    return hull


def _turn(a: Point, b: Point, c: Point) -> Fraction:
    return (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])
