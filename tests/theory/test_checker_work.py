"""What a proof asks of the checker: the states that each search looks at and the work in all, recorded.

A search that looks at more than it has to is right all the same, until a certificate that passed before is too large to
finish; one that looks at less may miss a better mask. So both are pinned, and whoever changes a search on purpose
records them anew.
"""

import random
import re
from fractions import Fraction

import numpy as np
import pytest
from forging import forge, forge_counts

from theory import CostClasses, Instance, checker
from theory.optimum.certificate import certify, check_certificate

N = 12
MASKS = ((np.arange(1 << N)[:, None] >> np.arange(N)) & 1).astype(bool)
FAMILIES = ("few costs", "correlated", "any")


def question(family, seed):
    """Twelve items, a budget, the best mask, and the price of the relaxation."""
    rng = random.Random(f"{family} {seed}")
    drawn = lambda low, high: np.array([low + int((high - low) * rng.random()) for _ in range(N)])  # noqa: E731
    c = np.array([4, 6, 9])[drawn(0, 3)] if family == "few costs" else drawn(3, 30)
    p = {"few costs": 3 * drawn(2, 9), "correlated": c + 9, "any": drawn(1, 40)}[family]
    budget = int(c.sum() * (0.3 + 0.4 * rng.random()))
    fits = MASKS @ c <= budget
    best = MASKS[fits][(MASKS[fits] @ p).argmax()]
    order = np.argsort(-p / c, kind="stable")
    critical = order[int((np.cumsum(c[order]) <= budget).sum())]
    return p, c, budget, best, Fraction(int(p[critical]), int(c[critical]))


def cut_of(p, c, budget, energy):
    """The cardinality cut at a price of energy; its own price is the K-th reduced value."""
    cheapest = np.sort(c)
    most = int((np.cumsum(cheapest) <= budget).sum())
    reduced = sorted((int(x) - energy * int(y) for x, y in zip(p, c, strict=True)), reverse=True)
    return {"energy": energy, "item": max(reduced[most - 1], Fraction(0)), "items": most, "cheap": int(cheapest[most])}


def asked(fields, x, c, monkeypatch):
    """States that the search looked at (-1: there was none to make), and the work of the whole check."""
    spent, spend = [], checker._Work.spend
    with monkeypatch.context() as patch:
        patch.setattr(checker._Work, "spend", lambda work, steps: (spent.append(steps), spend(work, steps)))
        result = check_certificate(
            fields, np.asarray(x, dtype=float), None if c is None else np.asarray(c, dtype=float), scores=c is not None
        )
    assert result.verdict == "exact", result.reason
    states = re.search(r"\((\d+) states\)", result.reason)
    return int(states[1]) if states else -1, sum(spent)


def posed(family, search, form, seed):
    """A signed certificate that the best mask is the best, and its data."""
    p, c, budget, best, price = question(family, seed)
    energy = {"low price": price / 2, "free": 0, "long numbers": price + Fraction(1, 10**400)}.get(form, price)
    if search == "counts":
        kept = [int((best & (c == cost)).sum()) for cost in sorted(set(c.tolist())) if cost <= budget]
        return forge_counts(p, c, budget, kept, energy), p, c
    more = {
        "cut": cut_of(p, c, budget, price * Fraction(2, 5)),
        "step": {"step": "3" if family == "few costs" else "1"},
    }.get(form, {})
    kept = np.flatnonzero(best).tolist()
    return forge(p, c, budget, kept, search=search, grid="1", **{"energy": energy, **more}), p, c


def measured(family, search, form, monkeypatch):
    """States of each of eight questions, and the work of all."""
    found = [asked(*posed(family, search, form, seed), monkeypatch) for seed in range(8)]
    return [states for states, _ in found], sum(work for _, work in found)


FORMS = {
    "ordered": ("plain", "cut", "step", "low price", "free", "long numbers"),
    "halves": ("plain", "cut", "step", "low price", "free", "long numbers"),
    "dense": ("plain", "step", "low price", "free", "long numbers"),
    "counts": ("plain", "low price", "free", "long numbers"),
}
RECORDED = {
    ("few costs", "ordered", "plain"): ([14, 7, 12, 30, 22, 9, 6, 7], 3_027),
    ("few costs", "ordered", "cut"): ([55, 30, 3, 201, 0, 36, 31, 45], 4_041),
    ("few costs", "ordered", "step"): ([6, -1, 2, 6, 2, 9, -1, 2], 1_847),
    ("few costs", "ordered", "low price"): ([31, 12, 32, 87, 38, 46, 14, 17], 6_237),
    ("few costs", "ordered", "free"): ([31, 15, 32, 87, 40, 42, 14, 17], 6_918),
    ("few costs", "ordered", "long numbers"): ([14, 9, 12, 28, 22, 15, 6, 7], 7_167),
    ("few costs", "halves", "plain"): ([6, 3, 4, 13, 9, 3, 2, 5], 2_965),
    ("few costs", "halves", "cut"): ([20, 15, 2, 39, 0, 10, 12, 12], 3_750),
    ("few costs", "halves", "step"): ([2, -1, 1, 2, 1, 3, -1, 4], 1_833),
    ("few costs", "halves", "low price"): ([24, 16, 25, 40, 43, 37, 12, 36], 6_193),
    ("few costs", "halves", "free"): ([44, 32, 34, 52, 53, 53, 24, 48], 6_980),
    ("few costs", "halves", "long numbers"): ([6, 5, 4, 13, 9, 8, 5, 5], 7_051),
    ("few costs", "dense", "plain"): ([10, 8, 9, 23, 14, 6, 5, 17], 3_012),
    ("few costs", "dense", "step"): ([4, -1, 2, 4, 1, 6, -1, 14], 1_851),
    ("few costs", "dense", "low price"): ([39, 28, 44, 50, 44, 36, 17, 51], 6_269),
    ("few costs", "dense", "free"): ([59, 63, 54, 60, 62, 45, 47, 60], 7_090),
    ("few costs", "dense", "long numbers"): ([10, 11, 9, 25, 14, 12, 9, 17], 7_155),
    ("few costs", "counts", "plain"): ([9, 6, 6, 14, 14, 6, 5, 8], 3_908),
    ("few costs", "counts", "low price"): ([33, 15, 33, 45, 30, 43, 19, 37], 4_495),
    ("few costs", "counts", "free"): ([39, 25, 40, 50, 39, 47, 22, 48], 4_670),
    ("few costs", "counts", "long numbers"): ([9, 9, 6, 14, 16, 8, 9, 9], 10_336),
    ("correlated", "ordered", "plain"): ([100, 52, 10, 264, 38, 56, 0, 95], 5_835),
    ("correlated", "ordered", "cut"): ([642, 1246, 689, 699, 608, 369, 503, 1008], 13_824),
    ("correlated", "ordered", "step"): ([89, 36, 2, 224, 23, 41, -1, 81], 5_276),
    ("correlated", "ordered", "low price"): ([48, 70, 12, 135, 25, 35, 6, 55], 7_826),
    ("correlated", "ordered", "free"): ([48, 70, 12, 135, 25, 35, 6, 55], 7_826),
    ("correlated", "ordered", "long numbers"): ([103, 62, 14, 266, 38, 56, 0, 95], 13_564),
    ("correlated", "halves", "plain"): ([22, 12, 4, 52, 11, 19, 0, 18], 5_358),
    ("correlated", "halves", "cut"): ([65, 102, 81, 87, 93, 46, 98, 83], 8_715),
    ("correlated", "halves", "step"): ([22, 9, 1, 49, 8, 14, -1, 18], 4_901),
    ("correlated", "halves", "low price"): ([84, 115, 80, 86, 74, 41, 87, 91], 8_098),
    ("correlated", "halves", "free"): ([84, 115, 81, 86, 74, 41, 89, 91], 8_101),
    ("correlated", "halves", "long numbers"): ([27, 16, 6, 53, 11, 19, 0, 19], 12_598),
    ("correlated", "dense", "plain"): ([68, 43, 19, 117, 59, 90, 0, 69], 5_685),
    ("correlated", "dense", "step"): ([64, 37, 4, 113, 47, 78, -1, 66], 5_189),
    ("correlated", "dense", "low price"): ([161, 169, 160, 177, 178, 158, 142, 166], 8_751),
    ("correlated", "dense", "free"): ([172, 186, 193, 197, 211, 182, 162, 177], 8_920),
    ("correlated", "dense", "long numbers"): ([68, 46, 27, 117, 59, 90, 0, 69], 13_248),
    ("correlated", "counts", "plain"): ([48, 30, 11, 120, 30, 39, 0, 36], 5_054),
    ("correlated", "counts", "low price"): ([144, 238, 148, 161, 150, 72, 181, 162], 6_196),
    ("correlated", "counts", "free"): ([146, 238, 149, 161, 150, 71, 182, 162], 6_199),
    ("correlated", "counts", "long numbers"): ([55, 49, 16, 122, 30, 39, 0, 41], 13_179),
    ("any", "ordered", "plain"): ([6, 8, 18, 6, 6, 18, 20, 50], 4_272),
    ("any", "ordered", "cut"): ([2, 224, 62, 12, 2, 120, 56, 164], 6_382),
    ("any", "ordered", "step"): ([2, 8, 8, 6, 6, 16, 18, 50], 4_134),
    ("any", "ordered", "low price"): ([18, 48, 18, 22, 28, 46, 36, 56], 7_692),
    ("any", "ordered", "free"): ([22, 48, 18, 20, 28, 38, 42, 56], 9_152),
    ("any", "ordered", "long numbers"): ([6, 8, 18, 6, 6, 18, 20, 50], 10_080),
    ("any", "halves", "plain"): ([2, 4, 6, 2, 2, 9, 6, 9], 4_180),
    ("any", "halves", "cut"): ([1, 54, 14, 4, 1, 31, 22, 34], 5_901),
    ("any", "halves", "step"): ([1, 4, 4, 2, 2, 9, 6, 9], 4_057),
    ("any", "halves", "low price"): ([13, 45, 20, 30, 13, 51, 24, 44], 7_660),
    ("any", "halves", "free"): ([28, 55, 29, 42, 41, 68, 57, 63], 9_263),
    ("any", "halves", "long numbers"): ([2, 4, 6, 2, 2, 9, 6, 9], 9_896),
    ("any", "dense", "plain"): ([11, 11, 25, 7, 10, 24, 18, 35], 4_281),
    ("any", "dense", "step"): ([4, 11, 15, 7, 10, 22, 18, 35], 4_142),
    ("any", "dense", "low price"): ([42, 78, 45, 91, 45, 105, 41, 100], 7_967),
    ("any", "dense", "free"): ([130, 94, 86, 124, 121, 126, 98, 126], 9_785),
    ("any", "dense", "long numbers"): ([11, 11, 25, 7, 10, 24, 18, 33], 10_094),
    ("any", "counts", "plain"): ([5, 11, 16, 5, 5, 25, 16, 25], 6_128),
    ("any", "counts", "low price"): ([27, 87, 49, 49, 30, 98, 55, 98], 6_553),
    ("any", "counts", "free"): ([68, 104, 78, 92, 78, 104, 123, 120], 6_847),
    ("any", "counts", "long numbers"): ([5, 11, 16, 5, 5, 25, 16, 25], 16_169),
}


@pytest.mark.parametrize(("family", "search"), [(f, s) for f in FAMILIES for s in FORMS])
def test_a_search_looks_at_as_many_states_as_before(family, search, monkeypatch):
    for form in FORMS[search]:
        assert measured(family, search, form, monkeypatch) == RECORDED[family, search, form], form


# --- limits and windows ----------------------------------------------------------------------------


@pytest.mark.parametrize("search", FORMS)
def test_a_proof_passes_with_the_work_that_it_takes_and_not_with_less(search, monkeypatch):
    form = "low price"
    for seed in range(3):
        fields, p, c = posed("any", search, form, seed)
        _, work = asked(fields, p, c, monkeypatch)
        data = np.asarray(p, dtype=float), np.asarray(c, dtype=float)
        for more, verdict in ((0, "exact"), (-1, "refused")):
            with monkeypatch.context() as patch:
                patch.setattr(checker, "MAX_WORK", work + more)
                assert check_certificate(fields, *data, scores=True).verdict == verdict


def least_states(search, form, monkeypatch):
    """How many states must be allowed at once for each of four proofs to pass."""
    found = []
    for seed in range(4):
        fields, p, c = posed("any", search, form, seed)
        data = np.asarray(p, dtype=float), np.asarray(c, dtype=float)
        for most in range(10_000):
            with monkeypatch.context() as patch:
                patch.setattr(checker, "MAX_STATES", most)
                if check_certificate(fields, *data, scores=True).verdict == "exact":
                    break
        found.append(most)
    return found


LEAST = {
    ("ordered", "low price"): [2, 7, 3, 3],
    ("ordered", "cut"): [0, 21, 14, 3],
    ("ordered", "long numbers"): [4, 4, 6, 4],
    ("halves", "low price"): [5, 11, 8, 7],
    ("halves", "cut"): [2, 16, 7, 4],
    ("dense", "low price"): [69, 75, 81, 88],
    ("dense", "step"): [28, 40, 53, 34],
    ("dense", "long numbers"): [100, 80, 140, 68],
    ("counts", "low price"): [7, 13, 13, 7],
    ("counts", "long numbers"): [0, 8, 8, 0],
}


@pytest.mark.parametrize(("search", "form"), LEAST)
def test_the_states_at_once_that_a_proof_needs(search, form, monkeypatch):
    assert least_states(search, form, monkeypatch) == LEAST[search, form]


def windows(size, room, monkeypatch):
    """States and work of certificates by counts of three costs, read in pieces, windows closing as they fill."""
    found = []
    for seed in range(4):
        rng = random.Random(f"window {seed}")
        g = np.array([(-1) ** k * round(600 * rng.random() ** 2) / 32 for k in range(300)])
        labels = np.array([int(3 * rng.random()) for _ in range(300)])
        certificate = certify(Instance(g, CostClasses(labels, ["0.3", "0.7", "1.1"]), budget="11.3%"))
        assert certificate.fields["proof"]["kind"] == "counts"
        with monkeypatch.context() as patch:
            patch.setattr(checker, "_CHUNK", size)
            patch.setattr(checker, "_ROOM", room)
            found.append(asked(certificate.fields, g, None, monkeypatch)[1])
    return found


WINDOWS = {
    (32768, 0): [1443, 1424, 640, 1488],
    (8, 4): [2863, 2484, 1120, 3008],
    (1, 0): [3523, 2884, 1440, 3388],
    (40, 30): [1443, 1464, 840, 1548],
}


@pytest.mark.parametrize(("size", "room"), WINDOWS)
def test_windows_take_as_much_work_as_before(size, room, monkeypatch):
    assert windows(size, room, monkeypatch) == WINDOWS[size, room]
