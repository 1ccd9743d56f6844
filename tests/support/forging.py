"""Certificates as a forger would write them, and what is true of them, with itertools and Fractions."""

import hashlib
import itertools
from fractions import Fraction

import numpy as np

from theory import checker
from theory.optimum.certificate import check_certificate


def sign(fields):
    fields["digest"] = checker.digest(fields)
    return fields


def leaves(fields, path=()):
    """Paths to every value in nested dictionaries and lists."""
    entries = fields.items() if isinstance(fields, dict) else enumerate(fields)
    for key, value in entries:
        yield (*path, key)
        if isinstance(value, (dict, list)):
            yield from leaves(value, (*path, key))


def at(fields, path):
    for key in path:
        fields = fields[key]
    return fields


def variants(value):
    """Other values of the same kind, values of other kinds, and nothing."""
    yield from (None, "", [], {}, -1, 0, 1, True, 1e400, float("nan"), "1/0", "nan", "-1", "1/3", [0], [[0, 1]])
    if isinstance(value, str):
        yield from (value[:-1], value + "1", value[::-1])
        if value.replace("/", "").lstrip("-").isdigit():
            yield from (str(Fraction(value) + 1), str(Fraction(value) * 2), str(Fraction(value) / 3))
    if type(value) is int:
        yield from (value + 1, value - 1, float(value), 2**70)
    if isinstance(value, list):
        yield from (value[:-1], value + value[:1], value[::-1], [*value, 0], [*value, 7])


def optimum(score, cost, budget):
    """OPT with itertools and Fractions."""
    best = Fraction(0)
    for chosen in itertools.product((0, 1), repeat=len(score)):
        if sum(Fraction(c) for c, x in zip(cost, chosen, strict=True) if x) <= budget:
            best = max(best, sum((Fraction(p) for p, x in zip(score, chosen, strict=True) if x), Fraction(0)))
    return best


def forge(
    x, c, budget, kept, *, squares=False, energy=0, item=0, items=0, cheap=0, ties=0, search="ordered",
    verdict="exact", split=None, **proof,
):  # fmt: skip
    """A signed certificate, consistent in itself, that some mask is optimal; all costs in one array.

    Args:
        x: scores, or with ``squares`` entries. kept: the mask, as indices. ties: how many of them the base set takes.
        split: weight, side, and prices of the other side; ``items`` is its bound then.
    """
    x, c = np.array(x, dtype=float), np.array(c, dtype=float)
    energy, item, budget = Fraction(energy), Fraction(item), Fraction(budget)
    p = {i: Fraction(v) ** (2 if squares else 1) for i, v in enumerate(x.tolist()) if np.isfinite(v)}
    may = [i for i in p if p[i] > 0 and 0 < c[i] < np.inf and Fraction(c[i]) <= budget]
    weights, side = dict.fromkeys(may, 1), 1
    if split:
        weights = {i: weight_of(split["weight"], p[i], c[i]) for i in may}
        side, proof = 1 if split["side"] == "most" else -1, {**proof, "split": split}
    r = {i: p[i] - energy * Fraction(c[i]) - side * item * weights[i] for i in may}
    tied = sorted((i for i in may if r[i] == 0), key=lambda i: c[i] if items or split else i)
    inside, kept = {i for i in may if r[i] > 0} | set(tied[:ties]), set(kept)
    spent, retained = sum(Fraction(c[i]) for i in kept), sum(p.get(i, Fraction(0)) for i in kept)
    loss = sum(abs(r.get(i, Fraction(0))) for i in inside ^ kept) + energy * (budget - spent)
    loss += side * item * (items - sum(weights.get(i, 1) for i in kept)) if items or split else 0
    fields = {
        "format": checker.FORMAT, "verdict": verdict, "d": int(x.size),
        "objective": "squares" if squares else "scores",
        "data": {"sha256": hashlib.sha256(x.tobytes()).hexdigest(), "exponent": 0},
        "cost": {"kind": "array", "sha256": hashlib.sha256(c.tobytes()).hexdigest()},
        "unit_joules": "1", "energy_unit": "J", "budget": str(budget),
        "spent": str(spent), "retained": str(retained), "note": {},
        "proof": {
            "kind": "core", "grid": "0", "energy": str(energy), "item": str(item), "most_items": items,
            "cheap": str(Fraction(cheap)), "ties": ties, "removed": sorted(inside - kept),
            "added": sorted(kept - inside), "loss": str(loss), "search": search, **proof,
        },
    }  # fmt: skip
    return sign(fields)


def weight_of(weight, score, cost):
    """What an item counts for in a split."""
    a, b, e = map(Fraction, weight)
    return (a * Fraction(score) + b * Fraction(cost) + e).__floor__()


def forged(x, c, budget, kept, *, squares=False, **options):
    """What the checker says of :func:`forge`."""
    fields = forge(x, c, budget, kept, squares=squares, **options)
    return check_certificate(fields, np.array(x, dtype=float), np.array(c, dtype=float), scores=not squares)


def forge_counts(p, c, budget, kept, energy, ties=None, verdict="exact"):
    """A signed certificate, consistent in itself, that the ``kept`` largest of each cost, ascending, are optimal.

    Args:
        ties: of each cost, that the search starts with.
    """
    p, c, energy = np.array(p, dtype=float), np.array(c, dtype=float), Fraction(energy)
    costs = [x for x in sorted(set(c.tolist())) if Fraction(x) <= budget]
    score = {x: sorted((Fraction(v) for v in p[c == x].tolist() if v > 0), reverse=True) for x in costs}
    start = [
        sum(v > energy * Fraction(x) for v in score[x]) + t
        for x, t in zip(costs, ties or [0] * len(costs), strict=True)
    ]
    retained = sum((sum(score[x][:n], Fraction(0)) for x, n in zip(costs, kept, strict=True)), Fraction(0))
    spent = sum((n * Fraction(x) for x, n in zip(costs, kept, strict=True)), Fraction(0))
    below = np.lcm.reduce([Fraction(x).denominator for x in costs]) if costs else 1
    grid = Fraction(int(np.gcd.reduce([int(x * below) for x in costs])), int(below)) if costs else Fraction(1)
    bound = energy * (budget // grid * grid)
    bound += sum((max(v - energy * Fraction(x), Fraction(0)) for x in costs for v in score[x]), Fraction(0))
    counts = [[str(Fraction(x)), s, n] for x, s, n in zip(costs, start, kept, strict=True)]
    return sign({
        "format": checker.FORMAT, "verdict": verdict, "d": int(p.size), "objective": "scores",
        "data": {"sha256": hashlib.sha256(p.tobytes()).hexdigest(), "exponent": 0},
        "cost": {"kind": "array", "sha256": hashlib.sha256(c.tobytes()).hexdigest()},
        "unit_joules": "1", "energy_unit": "J", "budget": str(Fraction(budget)),
        "spent": str(spent), "retained": str(retained), "note": {},
        "proof": {"kind": "counts", "energy": str(energy), "counts": counts, "loss": str(bound - retained)},
    })  # fmt: skip
