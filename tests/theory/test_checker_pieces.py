"""The checker where its arithmetic changes: beyond the first piece of the data, among ties, at prices floats miss."""

import math
from fractions import Fraction
from types import SimpleNamespace

import numpy as np
import pytest
from forging import forge, forged, sign

from theory import CostClasses, Instance, checker
from theory.optimum.certificate import certify, check_certificate

FAR = 53  # in the fourth piece of 16


@pytest.fixture
def small_pieces(monkeypatch):
    """Pieces of 16 items."""
    monkeypatch.setattr(checker, "_CHUNK", 16)


def far(values, rest=0.0):
    """Values at the end of a vector of several pieces."""
    whole = np.full(FAR + len(values), rest)
    whole[FAR:] = values
    return whole


@pytest.mark.parametrize("search", ["ordered", "halves"])
def test_items_beyond_the_first_piece(search, small_pieces):
    """The greedy mask {0} and the optimal one {1} of p = (2, 3), c = (1, 2), B = 2, far from the start."""
    p, c = far([2, 3]), far([1, 2], 1.0)
    assert forged(p, c, 2, [FAR], energy=2, search=search).reason == "a better mask exists"
    assert forged(p, c, 2, [FAR + 1], energy=2, search=search).verdict == "exact"
    assert forged(p, c, 2, [1], energy=2, search=search).reason == "item 1 is not eligible"


def test_a_certificate_of_more_than_one_piece_as_they_are():
    """35,000 items, one of whose last is added to the base set and one removed."""
    d = 35_000
    p, c = np.full(d, 2.0**-20), np.ones(d)
    p[-2:], c[-2:] = (2, 3), (1, 2)
    fields = forge([2, 3], [1, 2], 2, [1], energy=Fraction(7, 4))
    fields["d"], fields["data"]["sha256"] = d, checker.hashlib.sha256(p.tobytes()).hexdigest()
    fields["cost"]["sha256"] = checker.hashlib.sha256(c.tobytes()).hexdigest()
    assert (fields["proof"]["removed"], fields["proof"]["added"]) == ([0], [1])
    fields["proof"].update(removed=[d - 2], added=[d - 1])
    assert d > checker._CHUNK
    assert check_certificate(sign(fields), p, c, scores=True).verdict == "exact"
    other = {**fields, "proof": {**fields["proof"], "removed": [d - 2 - checker._CHUNK], "added": [d - 1]}}
    assert "wrong side" in check_certificate(sign(other), p, c, scores=True).reason


def test_sums_run_over_every_piece(small_pieces):
    d = FAR + 2
    p, c = far([3, 3], 1.0), np.ones(d)
    assert forged(p, c, d, range(d)).verdict == "exact"
    assert forged(p, c, d, range(d), grid="1").verdict == "exact"
    assert forged(p, c, 2, [FAR, FAR + 1], energy=2).verdict == "exact"
    assert forged(p, c, 2, [FAR, FAR + 1], item=1, items=2, cheap=1, energy=1).verdict == "exact"
    off = np.r_[c[1:], 0.5]
    assert forged(p, off, 2, [FAR, FAR + 1], energy=2, grid="1").reason == "a cost is not a multiple of the grid"


def test_the_cut_is_verified_over_every_piece(small_pieces):
    """Twenty items cost 1, the others 2; a budget of 24 pays for 22 items, and not for 21 at most."""
    d = FAR + 2
    cheap = list(range(0, 2 * 20, 2))
    c = np.full(d, 2.0)
    c[cheap] = 1.0
    for most, says in ((22, "exact"), (21, "refused")):
        kept = [*cheap, *range(1, d, 2)][:most]
        p = np.ones(d)
        p[kept] = 3.0
        result = forged(p, c, 24, kept, item=2, items=most, cheap=2)
        assert result.verdict == says, most
        assert most != 21 or result.reason == "a feasible mask may hold more items than the cut says"


def test_ties_are_counted_over_every_piece(small_pieces):
    """One tie at the start, three at the end: the base set takes the first two, by index."""
    p, c = far([2, 2, 2]), far([1, 1, 1], 1.0)
    p[0] = 2
    fields = forge(p, c, 2, [0, FAR], energy=2, ties=2)
    assert (fields["proof"]["removed"], fields["proof"]["added"]) == ([], [])
    assert check_certificate(fields, p, c, scores=True).verdict == "exact"
    fields = forge(p, c, 2, [0, FAR + 2], energy=2, ties=2)
    assert (fields["proof"]["removed"], fields["proof"]["added"]) == ([FAR], [FAR + 2])
    assert check_certificate(fields, p, c, scores=True).verdict == "exact"
    for wrong in ({"removed": [FAR + 1]}, {"removed": [0], "added": [FAR]}):
        other = {**fields, "proof": {**fields["proof"], **wrong}}
        assert "wrong side" in check_certificate(sign(other), p, c, scores=True).reason
    assert forged(p, c, 2, [0, FAR], energy=2, ties=5).reason == "there are fewer ties than the certificate takes"


def test_ties_under_the_cut_are_the_cheapest(small_pieces):
    """All five tie under p = c + 1: of costs 1, 2 and 2 the base set takes three, so the first two of cost 2."""
    p, c = far([4, 3, 3, 3, 2]), far([3, 2, 2, 2, 1], 1.0)
    cut = {"energy": 1, "item": 1, "items": 3, "cheap": 2, "ties": 3}
    fields = forge(p, c, 5, [FAR + 4, FAR + 1, FAR + 2], **cut)
    assert (fields["proof"]["removed"], fields["proof"]["added"]) == ([], [])
    assert check_certificate(fields, p, c, scores=True).verdict == "exact"
    fields = forge(p, c, 5, [FAR + 4, FAR + 1, FAR + 3], **cut)
    assert (fields["proof"]["removed"], fields["proof"]["added"]) == ([FAR + 2], [FAR + 3])
    assert check_certificate(fields, p, c, scores=True).verdict == "exact"
    other = {**fields, "proof": {**fields["proof"], "removed": [FAR + 3], "added": [FAR + 2]}}
    assert "wrong side" in check_certificate(sign(other), p, c, scores=True).reason


def test_ties_under_the_cut_are_no_items_below_it(small_pieces):
    """An item of cost 1 is half a joule below the price, as near as the loss: the ties of cost 2 go before it."""
    p, c = far([4, 3, 3, 3, 2, 1.5]), far([3, 2, 2, 2, 1, 1], 1.0)
    cut = {"energy": 1, "item": 1, "items": 3, "cheap": 2, "ties": 3}
    fields = forge(p, c, Fraction(11, 2), [FAR + 4, FAR + 1, FAR + 2], **cut)
    assert (fields["proof"]["removed"], fields["proof"]["added"], fields["proof"]["loss"]) == ([], [], "1/2")
    assert check_certificate(fields, p, c, scores=True).verdict == "exact"


def test_an_offender_is_named_by_its_place(small_pieces):
    p, c = far([2, 3]), far([1, -2], 1.0)
    assert forged(p, c, 2, []).reason == f"item {FAR + 1} is 3.0 and costs -2.0"


def test_classes_run_over_every_piece(small_pieces):
    update, d = far([2, 3]), FAR + 2
    instance = Instance(update, CostClasses(np.r_[np.zeros(d - 1, int), 1], ["0.5", "1.5"]), 2)
    fields = certify(instance).fields
    assert check_certificate(fields, update).verdict == "exact"
    given = far([0.5, 1.5], 0.5)
    assert check_certificate(fields, update, given).verdict == "exact"
    given[FAR] = 0.25
    says = f"item {FAR} costs 0.5 J in the certificate and 0.25 J as given"
    assert check_certificate(fields, update, given).reason == says


# --- prices that floats do not hold ----------------------------------------------------------------


def test_prices_below_the_normal_floats():
    """lambda = 1e-320 is 1.2e-5 off as a float: at c = 1e300 it says of p just below lambda c that it is above."""
    price = Fraction(1, 10**320)
    cost = 1e300
    threshold = float(price * Fraction(cost))
    nearest = float(Fraction(float(price)) * Fraction(cost))
    between = (threshold + nearest) / 2
    assert nearest != threshold
    p, c = [between, 1.0], [cost, cost]
    for kept in ([0], [1], [0, 1], []):
        budget = Fraction(cost) * max(1, len(kept))
        optimal = kept in ([1], [0, 1])
        assert (forged(p, c, budget, kept, energy=price).verdict == "exact") == optimal
        assert (forged(p, c, budget, kept, item=price * Fraction(cost), items=2, cheap=1).verdict == "exact") <= optimal


def test_an_item_price_below_the_normal_floats():
    """mu = 1.5e-323 is the double of what its float says... of scores 1e-323 and 2e-323 only one is above it."""
    p, c = [1e-323, 2e-323, 2e-323], [1.0, 1.0, 1.0]
    price = (Fraction(p[0]) + Fraction(p[1])) / 2
    for kept, optimal in (([1], True), ([2], True), ([0], False), ([], False)):
        cut = {"item": price, "items": 1, "cheap": 1}
        assert (forged(p, c, 1, kept, **cut).verdict == "exact") == optimal, kept


@pytest.mark.parametrize("power", [295, 310, 400])
def test_prices_beyond_the_largest_floats(power):
    """Where a price overflows, nothing is decided by floats."""
    p, c = [2e300, 3e300], [1e-300 * 2.0**-40, 2e-300 * 2.0**-40]
    price = Fraction(10) ** power
    budget = Fraction(c[1])
    assert forged(p, c, budget, [0], energy=price).verdict == "refused"
    assert forged(p, c, budget, [1], energy=price).verdict == "exact"


# --- what a pass over one piece says of its items ----------------------------------------------------
def piece_of(numbers, costs, squared, exponent=0):
    return checker._Piece(
        100, np.asarray(numbers, float).tobytes(), np.asarray(costs, float).tobytes(), squared, exponent
    )


@pytest.mark.parametrize("squared", [True, False])
@pytest.mark.parametrize("item", [0.0, 0.75])
@pytest.mark.parametrize("seed", range(6))
def test_items_that_floats_pass_over_are_farther_than_the_width(seed, item, squared):
    """Scores a few last digits around the threshold, or around its width, costs of very different size."""
    rng = np.random.default_rng([91, seed])
    n, energy = 300, float(rng.exponential())
    costs = np.exp(rng.normal(0, (0.1, 3, 30)[seed % 3], n))
    width = float(10.0 ** -rng.integers(1, 18))
    edge = energy * costs + item + rng.choice([-3, -1, 0, 1, 3], n) * width
    scores = np.abs(edge * (1 + rng.integers(-6, 7, n) * 2.0**-52))
    numbers = np.sqrt(scores) * rng.choice([-1, 1], n) if squared else scores
    core = SimpleNamespace(
        floats=(energy, item, 0.0), filtered=True, width=width, affordable=float(np.sort(costs)[-5]), below=0.0,
        most=0, grid=Fraction(0), squared=squared,
    )  # fmt: skip
    least, most, near, _, count, spent, retained, *_ = checker._sift(core, (piece_of(numbers, costs, squared), []))
    exact = [Fraction(x) ** (2 if squared else 1) for x in numbers.tolist()]
    reduced = [p - Fraction(energy) * Fraction(c) - Fraction(item) for p, c in zip(exact, costs.tolist(), strict=True)]
    told = {i - 100 for i, _, _ in near}
    eligible = [k for k in range(n) if costs[k] <= core.affordable]
    assert (least, most) == (costs.min(), costs.max())
    assert told <= set(eligible)
    sure = [k for k in eligible if k not in told and reduced[k] > 0]
    assert all(abs(reduced[k]) > width for k in eligible if k not in told)
    assert count == len(sure)
    assert retained == sum(exact[k] for k in sure)
    assert spent == sum(Fraction(costs[k]) for k in sure)


@pytest.mark.parametrize(("squared", "exponent"), [(True, 0), (True, 3), (False, 0)])
def test_what_a_piece_has_above_and_in_the_windows(squared, exponent):
    """Among them values on either end, and costs that nobody can pay."""
    rng = np.random.default_rng(92)
    costs = rng.choice([1.0, 2.0, 7.0, 9.0], 400)
    numbers = rng.integers(0 if not squared else -12, 12, 400) / 4
    windows = {1.0: (0.5, 1.5), 2.0: (0.0, math.inf), 7.0: (2.0, 2.0)}
    part = checker._part(squared, 8.0, (piece_of(numbers * 2**exponent, costs, squared, exponent), windows))
    held = {c: np.abs(numbers[costs == c]) for c in windows}
    above = {c: held[c][held[c] >= high] for c, (_, high) in windows.items()}
    near = {c: held[c][(held[c] >= low) & (held[c] < high)].tolist() for c, (low, high) in windows.items()}
    assert part.costs == {1.0, 2.0, 7.0, 9.0}
    assert dict(part.above) == {c: v.size for c, v in above.items() if v.size}
    assert part.total == sum(Fraction(x) ** (2 if squared else 1) for v in above.values() for x in v.tolist())
    assert part.near == {c: v for c, v in near.items() if v}


def test_a_cost_that_the_proof_lacks_and_entries_that_are_none():
    with pytest.raises(checker.RefusedError, match=r"no count for the cost 3\.0"):
        checker._part(True, 8.0, (piece_of([1, 2], [1, 3], True), {1.0: (0.0, 1.0)}))
    for numbers, costs in (
        ([1, math.nan], [1, 1]),
        ([1, 2], [1, math.nan]),
        ([1, 2], [1, -1]),
        ([1, math.inf], [1, 1]),
    ):
        with pytest.raises(checker.RefusedError, match="item 101 is"):
            checker._part(True, 8.0, (piece_of(numbers, costs, True), {1.0: (0.0, 1.0)}))
    with pytest.raises(checker.RefusedError, match="a square is no float"):
        checker._part(True, 8.0, (piece_of([1e-200], [1], True), {1.0: (0.0, 0.0)}))


def test_costs_are_as_many_as_the_update_and_their_range_is_theirs():
    p, c = np.array([3.0, 2.0]), np.array([0.25, 0.5])
    fields = forge(p, c, 1, [0, 1], energy=1)
    result = check_certificate(fields, p, c, scores=True)
    assert result.about["costs"].startswith("one cost each, 0.25 to 0.5 ")
    for other in (np.r_[c, 1.0], c[:1]):
        assert check_certificate(fields, p, other, scores=True).reason == "the certificate needs its 2 costs"
