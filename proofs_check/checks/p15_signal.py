"""P15. What a coordinate is worth to the average.

    P15a   E[mu_i u_i | u_i] = a u_i^2 with a = s^2/(s^2 + t^2), for u = mu + xi, mu ~ N(0, s^2), xi ~ N(0, t^2)
    P15b   [|sum n_k u_k|^2 - sum n_k^2 |u_k|^2]/(1 - sum n_k^2) has mean |mu|^2, and with sum n_k s_k for the first
           factor (s_k chosen from u_k alone) [..] has mean sum n_j (1 - n_j) <E s_j, mu>; sum n_k |u_k|^2 has
           |mu|^2 + t^2
    P15c   (false) more captured norm means more decrease, across layers

Assumptions: clients independent given mu, E xi = 0, sum n_k = 1; Gaussian in P15a only. Kinds: identity, identity,
false. Source: formalised here.

Proof idea. Given u, mu is normal of mean a u. In the double sum over clients the terms j = k are taken away, and the
others factor. So the order that buys most expected decrease is a_b g^2/c (D12a), CWMP where all layers share one a.

Sharpened: what is unbiased is every numerator and denominator; their quotient, the estimate of a, is not (consistent
only). And with unequal n_k honest gain weighs client j by n_j (1 - n_j), not by n_j.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import numpy as np
import sympy

from proofs_check.methods import smt as z
from proofs_check.methods.judge import Check, Falsehood, Violation, from_smt, readable, survived
from proofs_check.methods.limits import identities
from proofs_check.methods.rational import Rational
from theory.claims.verdict import Outcome, Verdict

Vector = tuple[int, ...]
_WEIGHTS = (
    (Rational(1, 2), Rational(1, 2)),
    (Rational(1, 3), Rational(2, 3)),
    (Rational(1, 2), Rational(1, 4), Rational(1, 4)),
)


def conditional(seed: int = 0, power: int = 1) -> Verdict:
    """Completing the square: the posterior mean of a normal prior under normal noise, by its stationary point."""
    s, t = sympy.symbols("s t", positive=True)
    mu, u = sympy.symbols("mu u", real=True)
    exponent = mu**2 / (2 * s**2) + (u - mu) ** 2 / (2 * t**2)
    (mean,) = sympy.solve(sympy.diff(exponent, mu), mu)  # a normal density's mean is its mode
    share = (s**2 / (s**2 + t**2)) ** power
    normal = sympy.diff(exponent, mu, 3)
    return identities("P15a", [mean * u - share * u**2, normal], domain="mu and xi normal, any variances",
                      reach="every layer and every u, as stated")  # fmt: skip


def drawn(seed: int = 0, factor: float = 1.0) -> Verdict:
    """``mu u`` of coordinates by slices of ``|u|``, against ``a u^2``."""
    rng, trials = np.random.default_rng(seed), 0
    words = "3 pairs of variances, 400,000 coordinates in 8 slices of |u|, within 6 standard errors"
    for s, t in ((1.0, 1.0), (0.5, 2.0), (2.0, 0.5)):
        mu = s * rng.standard_normal(400_000)
        u = mu + t * rng.standard_normal(mu.size)
        slices = np.array_split(np.argsort(np.abs(u)), 8)
        for part in slices:
            trials += 1
            off = mu[part] * u[part] - factor * s**2 / (s**2 + t**2) * u[part] ** 2
            if abs(off.mean()) > 6 * off.std() / np.sqrt(part.size):
                found = {"case": f"s = {s}, t = {t}, |u| about {float(np.abs(u[part]).mean()):.3g}",
                         "should": "mean of mu u - a u^2 = 0", "left": float(off.mean()), "right": 0.0}  # fmt: skip
                return Verdict("P15a", "families", Outcome.REFUTED, words, "one suffices", trials, None, found)
    return survived("P15a", "families", words, trials, seed)


# --- pairs of clients --------------------------------------------------------------------------------


def _dot(x: list[Rational], y: list[Rational]) -> Rational:
    return sum((a * b for a, b in zip(x, y, strict=True)), Rational(0))


def _sum(weights: tuple[Rational, ...], rows: list[list[Rational]]) -> list[Rational]:
    return [sum((n * row[i] for n, row in zip(weights, rows, strict=True)), Rational(0)) for i in range(len(rows[0]))]


def _largest(u: list[Rational]) -> list[Rational]:
    """A client's own selection: its largest entry, the first of equals."""
    best = max(range(len(u)), key=lambda i: (u[i] ** 2, -i))
    return [x if i == best else Rational(0) for i, x in enumerate(u)]


def _worlds(mu: Vector, noise: tuple[int, ...], clients: int) -> Iterator[list[list[Rational]]]:
    """Every equally likely outcome: each entry of each client's noise takes each value of ``noise``."""
    d = len(mu)
    for draw in itertools.product(noise, repeat=clients * d):
        yield [[Rational(mu[i] + draw[k * d + i]) for i in range(d)] for k in range(clients)]


def unbiased(mu: Vector, noise: tuple[int, ...], n: tuple[Rational, ...], own: bool = True, ratio: bool = False) -> (
    Violation | None
):  # fmt: skip
    """The three expectations of P15b, exact; with ``own`` pairs left in, or the ``ratio`` claimed too: false."""
    worlds = list(_worlds(mu, noise, len(n)))
    exact = [Rational(x) for x in mu]
    squares = sum((x * x for x in n), Rational(0))
    signal = whole = gain = promised = quotient = Rational(0)
    for u in worlds:
        sent, mean = [_largest(row) for row in u], _sum(n, u)
        away = Rational(int(own))
        up = _dot(mean, mean) - away * sum((w * w * _dot(r, r) for w, r in zip(n, u, strict=True)), Rational(0))
        down = sum((w * _dot(r, r) for w, r in zip(n, u, strict=True)), Rational(0))
        pairs = sum((w * w * _dot(a, r) for w, a, r in zip(n, sent, u, strict=True)), Rational(0))
        gain += _dot(_sum(n, sent), mean) - away * pairs
        promised += sum((w * (1 - w) * _dot(a, exact) for w, a in zip(n, sent, strict=True)), Rational(0))
        signal, whole = signal + up / (1 - squares), whole + down
        quotient += up / (1 - squares) / down if down else Rational(0)
    count, variance = len(worlds), Rational(sum(x * x for x in noise), len(noise))
    truth = _dot(exact, exact)
    if signal / count != truth:
        return Violation("E of the pairs' mean = |mu|^2", signal / count, truth)
    if whole / count != truth + len(mu) * variance:
        return Violation("E sum n_k |u_k|^2 = |mu|^2 + d t^2", whole / count, truth + len(mu) * variance)
    if gain != promised:
        return Violation("E of honest gain = sum n_j (1 - n_j) <E s_j, mu>", gain / count, promised / count)
    share = truth / (truth + len(mu) * variance)
    if ratio and quotient / count != share:
        return Violation("E of the quotient = a", quotient / count, share)
    return None


def exhaustion(seed: int = 0, own: bool = True, ratio: bool = False) -> Verdict:
    """Every outcome of small cohorts, exact."""
    words = "mu in {0, 1, 2}^2, noise -1, 1 or -1, 0, 1 (equally likely), cohorts of 2 and 3 with three sets of weights"
    trials = 0
    for mu in itertools.product((0, 1, 2), repeat=2):
        for noise, n in itertools.product(((-1, 1), (-1, 0, 1)), _WEIGHTS):
            if len(noise) == 3 and len(n) == 3 and mu != (1, 2):
                continue
            trials += 1
            if violation := unbiased(mu, noise, n, own, ratio):
                found = {"mu": str(mu), "noise": str(noise), "n": ", ".join(map(str, n)),
                         "should": violation.relation, "left": readable(violation.left),
                         "right": readable(violation.right)}  # fmt: skip
                return Verdict("P15b", "exhaustion", Outcome.REFUTED, words, "one suffices", trials, None, found)
    return Verdict("P15b", "exhaustion", Outcome.CHECKED, words, "exactly the stated finite domain", trials)


def expectations(seed: int = 0, keep: int = 0) -> Verdict:
    """Three clients, first and second moments only: the terms j != k factor, the others are taken away."""
    m, v, h = sympy.symbols("m v h", real=True)  # E u, E u^2, E[s u] given mu; E s below
    s = sympy.symbols("s_1:4", real=True)
    n = sympy.symbols("n_1:4", positive=True)
    total = sum(n) - 1
    pairs = [(j, k) for j in range(3) for k in range(3)]
    up = sum(n[j] * n[k] * (v if j == k else m * m) for j, k in pairs) - (1 - keep) * sum(x**2 * v for x in n)
    gain = sum(n[j] * n[k] * (h if j == k else s[j] * m) for j, k in pairs) - sum(x**2 * h for x in n)
    one = {n[2]: sympy.solve(total, n[2])[0]}
    left = up - (1 - sum(x**2 for x in n)) * m * m
    right = gain - sum(x * (1 - x) * a * m for x, a in zip(n, s, strict=True))
    return identities("P15b", [sympy.expand(e.subs(one)) for e in (left, right)], domain="three clients, any moments",
                      reach="every law with second moments, by coordinate; any number of clients alike")  # fmt: skip


# --- P15c ----------------------------------------------------------------------------------------------


def more_is_better(seed: int = 0, within: Rational = Rational(9)) -> Verdict:
    """One entry from each of two layers, the larger one from a layer of smaller share: strict, over small integers."""
    words = "two entries of |u| = 1..3, shares a of 0, 1/4, 1/2, 3/4, 1, equal costs"
    trials, shares = 0, [Rational(k, 4) for k in range(5)]
    for u, v in itertools.permutations((1, 2, 3), 2):
        for a, b in itertools.product(shares, repeat=2):
            if u * u > within * v * v:
                continue
            trials += 1
            if u * u > v * v and a * u * u < b * v * v:
                found = {"d": 2, "u": f"({u}, {v})", "a": f"({a}, {b})", "should": "the larger norm decreases more",
                         "left": str(a * u * u), "right": str(b * v * v)}  # fmt: skip
                return Verdict("P15c", "exhaustion", Outcome.REFUTED, words, "one suffices", trials, None, found)
    return Verdict("P15c", "exhaustion", Outcome.CHECKED, words, "exactly the stated finite domain", trials)


def more_smt(seed: int = 0) -> Verdict:
    """The same over all reals."""
    p, q, a, b = z.z3.Reals("p q a b")
    given = [p > q, q > 0, a > 0, b > 0, a < 1, b < 1]
    return from_smt("P15c", z.prove([(given, a * p >= b * q)]), domain="two entries, all reals", reach="as is")


CHECKS = (
    Check("P15a", "symbolic", conditional),
    Check("P15a", "families", drawn),
    Check("P15b", "symbolic", expectations),
    Check("P15b", "exhaustion", exhaustion),
    Check("P15c", "exhaustion", more_is_better),
    Check("P15c", "smt", more_smt),
)


FALSEHOODS = (
    Falsehood("P15a", "the worth falls with the square of the share", lambda: conditional(power=2)),
    Falsehood("P15a", "5 % more, by sampling", lambda: drawn(factor=1.05)),
    Falsehood("P15b", "a client's own pairs may stay", lambda: exhaustion(own=False)),
    Falsehood("P15b", "the quotient is unbiased too", lambda: exhaustion(ratio=True)),
    Falsehood("P15b", "own pairs cancel", lambda: expectations(keep=1)),
    Falsehood("P15c", "close norms are safe", lambda: more_is_better(within=Rational(9, 4))),
)
