"""Proofs by counts: the checker calls exact what is optimal, whatever a forger writes, and bounds its own work."""

import copy
import hashlib
import itertools
from fractions import Fraction

import numpy as np
import pytest
from forging import at, forge_counts, leaves, sign, variants

from theory import CostClasses, Instance, checker
from theory.optimum.certificate import certify, check_certificate

UPDATE = np.array([0.75, -1.5, 0.25, 2.0, -0.5, 1.25, 0.0, -3.0, 0.75, 1.0], dtype=np.float32)
LABELS = np.array([0, 0, 0, 1, 1, 1, 1, 0, 1, 1])


def best_counts(p, c, budget):
    """The largest score of any counts, by enumeration."""
    groups = [
        sorted((Fraction(x) for x, y in zip(p, c, strict=True) if y == cost), reverse=True) for cost in sorted(set(c))
    ]
    best = Fraction(0)
    for counts in itertools.product(*(range(len(group) + 1) for group in groups)):
        if sum(n * Fraction(cost) for n, cost in zip(counts, sorted(set(c)), strict=True)) <= budget:
            best = max(
                best, sum((sum(group[:n], Fraction(0)) for n, group in zip(counts, groups, strict=True)), Fraction(0))
            )
    return best


def judged(p, c, budget, kept, energy, **options):
    fields = forge_counts(p, c, budget, kept, energy, **options)
    return check_certificate(fields, np.array(p, dtype=float), np.array(c, dtype=float), scores=True)


@pytest.mark.parametrize("piece", [1, 3, 1 << 15])
def test_counts_are_exact_if_and_only_if_optimal(piece, monkeypatch):
    """All counts that fit, under right and wrong prices, ties in and out; windows close after every piece."""
    monkeypatch.setattr(checker, "_CHUNK", piece)
    monkeypatch.setattr(checker, "_ROOM", 0)
    rng, optimal, beaten = np.random.default_rng(61), 0, 0
    for _ in range(60):
        n = int(rng.integers(1, 8))
        p, c = rng.integers(0, rng.choice([3, 9, 60]), n).tolist(), rng.choice([1, 2, 3, 5], n).tolist()
        budget, energy = int(rng.integers(0, sum(c) + 1)), Fraction(int(rng.integers(0, 9)), int(rng.integers(1, 4)))
        costs = [x for x in sorted(set(c)) if x <= budget]
        here = [[v for v, y in zip(p, c, strict=True) if y == x and v] for x in costs]
        tied = [
            int(rng.integers(0, sum(v == energy * x for v in group) + 1)) for x, group in zip(costs, here, strict=True)
        ]
        for kept in itertools.product(*(range(len(group) + 1) for group in here)):
            if sum(k * x for k, x in zip(kept, costs, strict=True)) > budget:
                assert judged(p, c, budget, kept, energy).verdict == "refused"
                continue
            result = judged(p, c, budget, kept, energy, ties=tied)
            value = sum(sum(sorted(group)[::-1][:k]) for k, group in zip(kept, here, strict=True))
            if value == best_counts(p, c, budget):
                assert result.verdict == "exact", (p, c, budget, kept, energy, tied, result)
                optimal += 1
            else:
                assert result.reason == "a better mask exists", (p, c, budget, kept, energy, tied, result)
                beaten += 1
            assert judged(p, c, budget, kept, energy, ties=tied, verdict="interval").verdict == "interval"
    assert optimal > 60
    assert beaten > 300


@pytest.mark.parametrize("grid", [Fraction(1, 4), Fraction(3), Fraction(3, 8)])
def test_counts_are_exact_on_any_grid(grid):
    """The budget is between two multiples of the grid: what it cannot pay for is no loss."""
    p, steps, budget = [7, 5, 4, 4, 3, 1], [3, 2, 2, 5, 3, 2], 9 * grid + grid / 3
    c = [float(grid * k) for k in steps]
    best, seen = best_counts(p, c, budget), set()
    for energy in (Fraction(1) / grid, Fraction(3, 2) / grid, Fraction(0)):
        for kept in itertools.product(range(4), range(3), range(2)):
            fits = sum(n * k for n, k in zip(kept, (2, 3, 5), strict=True)) <= 9
            value = sum([5, 4, 1][: kept[0]]) + sum([7, 3][: kept[1]]) + sum([4][: kept[2]])
            result = judged(p, c, budget, kept, energy)
            assert (result.verdict == "exact") == (fits and value == best), (energy, kept, result)
            assert (result.reason == "a better mask exists") == (fits and value < best), (energy, kept, result)
            seen.add(result.verdict)
    assert seen == {"exact", "refused"}


def test_a_loss_that_is_not_the_masks_is_refused():
    """Below a smaller loss there is nothing to be found: p = (2, 3), c = (1, 2), B = 2, and the mask {0}."""
    p, c = np.array([2.0, 3.0]), np.array([1.0, 2.0])
    for loss in ("0", "1/2", "-1", "100"):
        fields = forge_counts(p, c, 2, [1, 0], 1)
        fields["proof"]["loss"] = loss
        assert check_certificate(sign(fields), p, c, scores=True).verdict == "refused"


def test_items_that_there_are_not_are_refused():
    """Two of one item would spend what is left of the budget, and so hide that the other mask is better."""
    p, c = np.array([2.0, 3.0]), np.array([1.0, 2.0])
    fields = forge_counts(p, c, 2, [2, 0], 1)
    fields["proof"]["loss"] = str(Fraction(fields["proof"]["loss"]) - 1)
    reason = check_certificate(sign(fields), p, c, scores=True).reason
    assert reason == "there are fewer items than the mask keeps, or leaves out"


@pytest.fixture(scope="module")
def certificate():
    return certify(Instance(UPDATE, CostClasses(LABELS, [2, 3]), 11))


def test_no_altered_field_makes_a_false_statement_accepted(certificate):
    """Every field of the proof, many values each, re-signed: refused, or the same mask, which is optimal."""
    assert certificate.fields["proof"]["kind"] == "counts"
    refused = dict.fromkeys(certificate.fields["proof"], 0)
    for path in leaves(certificate.fields["proof"]):
        for value in variants(at(certificate.fields["proof"], path)):
            fields = copy.deepcopy(certificate.fields)
            at(fields["proof"], path[:-1])[path[-1]] = value
            result = check_certificate(sign(fields), UPDATE)
            assert result.verdict in ("exact", "refused")
            refused[path[0]] += result.verdict == "refused"
    assert all(refused.values()), refused


@pytest.mark.parametrize("key", ["spent", "retained", "budget"])
def test_what_the_mask_spends_and_retains_is_recomputed(certificate, key):
    for more in (1, -1, Fraction(1, 1 << 60)):
        fields = copy.deepcopy(certificate.fields)
        fields[key] = str(Fraction(fields[key]) + more)
        result = check_certificate(sign(fields), UPDATE)
        assert result.verdict == "refused" or (key == "budget" and 0 < more < 1)


def test_every_cost_needs_its_count():
    p, c = [4, 3, 2], [1, 2, 3]
    fields = forge_counts(p, c, 6, [1, 1, 1], 0)
    assert check_certificate(fields, np.array(p, float), np.array(c, float), scores=True).verdict == "exact"
    for place in range(3):
        short = copy.deepcopy(fields)
        del short["proof"]["counts"][place]
        assert check_certificate(sign(short), np.array(p, float), np.array(c, float), scores=True).verdict == "refused"
    short["proof"]["counts"] = [["1", 1, 1], ["1", 0, 0], ["2", 1, 1], ["3", 1, 1]]
    assert "stands twice" in check_certificate(sign(short), np.array(p, float), np.array(c, float), scores=True).reason


@pytest.mark.parametrize("cost", ["1" + "0" * 400, "1/3", "0", "-1", "7"])
def test_a_cost_in_a_proof_by_counts_is_one_that_an_item_can_have(cost):
    """Too large for a float, none, not positive, above the budget."""
    fields = forge_counts([4, 3], [1, 2], 6, [1, 1], 0)
    fields["proof"]["counts"] = [["1", 1, 1], ["2", 1, 1], [cost, 0, 0]]
    reason = check_certificate(sign(fields), np.array([4.0, 3.0]), np.array([1.0, 2.0]), scores=True).reason
    assert reason == "a cost is no float64, not affordable, or stands twice"


def test_a_start_that_the_price_does_not_keep_is_refused():
    p, c = [5, 4, 4, 3], [1, 1, 1, 1]
    for ties, says in ((0, "exact"), (1, "exact"), (2, "exact"), (3, "refused"), (-1, "refused")):
        assert judged(p, c, 2, [2], 4, ties=[ties]).verdict == says
    assert judged(p, c, 2, [2], 4, ties=[3]).reason == "the start is not what the price keeps"


def test_windows_close_while_the_data_are_read(monkeypatch):
    """Most values leave the window unseen by the search; what they retain is counted all the same."""
    rng = np.random.default_rng(62)
    labels, g = rng.integers(0, 2, 150_000), rng.standard_t(4, 150_000).astype(np.float32)
    instance = Instance(g, CostClasses(labels, [3, 7]), budget="10%")
    certificate = certify(instance)
    assert certificate.verdict == "exact"
    seen = []
    settle = checker._Window.runs
    monkeypatch.setattr(checker._Window, "runs", lambda window: seen.append(window) or settle(window))
    assert check_certificate(certificate.fields, g, instance.cost).verdict == "exact"
    assert all(window.count > 1000 and window.low > 0 and len(window.near) < 5000 for window in seen)
    assert len(seen) > 2


def test_a_window_holds_as_many_items_as_a_best_mask_moves_and_no_more():
    """Six of nine items fit, the price keeps five: one more, or one fewer than none, are two moves at most.

    The loss of 100 stops no window here; ties at a reduced value of 0 move for nothing, and are not counted.
    """
    p, c = [9, 8, 8, 7, 6, 5, 5, 4, 3], [2] * 9
    for price, near in ((Fraction(11, 4), [5, 6, 7]), (Fraction(5, 2), [3, 4, 5, 6, 7])):
        fields = forge_counts(p, c, 12, [5], price)
        proof = checker._Counts(checker._Statement(fields), {**fields["proof"], "loss": "100"})
        window = checker._Window(proof, Fraction(2), checker._Work())
        window.add([float(x) for x in p])
        above, below = window.runs()
        assert proof.moves == 2
        assert (sorted(window.near), window.count, window.total) == (near, 3, 25)
        assert [run.score for run in above] == [6, 7]
        assert [run.score for run in below] == near[-3::-1]


@pytest.mark.parametrize("squares", [False, True])
def test_values_that_recur_after_the_window_closed_on_them(squares, monkeypatch):
    """One item at a time: 9 closes the window from above, 2 from below, and both come again."""
    monkeypatch.setattr(checker, "_CHUNK", 1)
    monkeypatch.setattr(checker, "_ROOM", 0)
    for order in itertools.permutations([9, 9, 4, 2, 2]):
        p, c = np.array(order, dtype=float), np.ones(5)
        fields = forge_counts(p, c, 3, [3], 3)
        if squares:
            fields = certify(Instance(p, CostClasses(np.zeros(5, int), [1]), 3)).fields
        result = check_certificate(fields, p, None if squares else c, scores=not squares)
        assert result.verdict == "exact"
        assert result.about["retained"] == ("178" if squares else "22")


def test_work_is_bounded():
    """Ties without end under a fine grid, and a loss that lets everything near: refused, and soon."""
    d = 120_000
    p, c = np.ones(d), np.where(np.arange(d) % 3, 1.0, 1 + 2.0**-40)
    c[::7] = 1 + 2.0**-30
    fields = forge_counts([1, 1, 1], [1, 1 + 2.0**-40, 1 + 2.0**-30], 60_000, [0, 0, 0], 1)
    costs = [[str(Fraction(x)), 0, 0] for x in sorted(set(c.tolist()))]
    fields.update(d=d, data={"sha256": hashlib.sha256(p.tobytes()).hexdigest(), "exponent": 0}, spent="0", retained="0")
    fields["cost"]["sha256"] = hashlib.sha256(c.tobytes()).hexdigest()
    for energy in (Fraction(1), Fraction(1, 2), Fraction(1, 10**6)):
        start = [int((c == x).sum()) if energy < 1 else 0 for x in sorted(set(c.tolist()))]
        fields["proof"]["counts"] = [[cost, n, 0] for (cost, _, _), n in zip(costs, start, strict=True)]
        fields["proof"]["energy"] = str(energy)
        loss = energy * 60_000 + sum(
            n * (1 - energy * Fraction(cost)) for (cost, _, _), n in zip(costs, start, strict=True)
        )
        fields["proof"]["loss"] = str(loss)
        result = check_certificate(sign(fields), p, c, scores=True)
        assert result.verdict == "refused"


def test_more_costs_than_any_proof_may_list():
    n = checker.MAX_CLASSES + 1
    c = np.arange(1.0, n + 1)
    result = judged(np.ones(n), c, int(c.sum()), [1] * n, 0)
    assert result.reason == f"counts for more than {checker.MAX_CLASSES} different costs"
    assert judged(np.ones(n - 1), c[:-1], int(c.sum()), [1] * (n - 1), 0).verdict == "exact"


def test_what_the_checker_may_not_finish_is_an_interval(monkeypatch):
    rng = np.random.default_rng(63)
    g, labels = rng.standard_t(4, 2000), rng.integers(0, 3, 2000)
    instance = Instance(g, CostClasses(labels, ["0.31", "0.77", "1.13"]), budget="10%")
    assert certify(instance).verdict == "exact"
    monkeypatch.setattr(checker, "MAX_STATES", 1)
    certificate = certify(instance)
    assert certificate.verdict == "interval"
    assert 0 < certificate.relative_gap < 0.01
