"""The studies of hardware, one price and pages: against sorted lists, joules and enumeration."""

import itertools

import numpy as np
import pytest
from scipy.optimize import brentq
from scipy.special import ndtri

from proofs_check.studies import hardware, pages, price
from theory.energy.hardware import MEMORIES, RADIOS
from theory.laws.parse import magnitude_law


def at_energy(order, score, cost, energy):
    """Score of the items in this order up to an energy, the last one in part."""
    spent = np.cumsum(cost[order])
    return np.interp(energy, np.append(0, spent), np.append(0, np.cumsum(score[order])))


def test_hardware_saves_what_two_sorted_lists_say():
    record = hardware.hardware(ratios=(0.1, 1.0))
    g = magnitude_law(hardware.LAW).sample(np.random.default_rng(0), 100_000)
    for row in record["curve"]:
        c = row["ratio"] + np.repeat([0.0, 1.0], [40_000, 60_000])
        top, dense = np.argsort(-g), np.argsort(-(g**2) / c)
        for found in row["savings"]:
            budget = found["beta"] * c.sum()
            wanted = at_energy(top, g**2, c, budget)
            needed = brentq(lambda e: at_energy(dense, g**2, c, e) - wanted, 0, budget)  # noqa: B023
            assert found["exact"] == pytest.approx(1 - needed / budget, abs=1e-6)
            assert 0 < found["exact"] < row["ceiling"]
            assert found["predicted"] == pytest.approx(found["exact"], rel=0.1)


def test_hardware_places_every_pair_where_its_joules_say():
    record = hardware.hardware(ratios=(1.0,))
    points = {(point["radio"], point["memory"]): point for point in record["points"]}
    assert len(points) == len(RADIOS) * len(MEMORIES)
    for (radio, memory), point in points.items():
        written = next(m for m in MEMORIES if m.name == memory).write.exact
        bits = 32 + 17  # a float and an index below 2^17
        assert point["ratio"] == pytest.approx(float(bits * RADIOS[radio].exact / (32 * written)))
        assert all(found["exact"] <= point["ceiling"] for found in point["savings"])


def test_price_gains_what_sorting_all_clients_together_says():
    record = price.price(clients=4, dim=2000, sigmas=(0.0, 0.8))
    quantiles = ndtri((np.arange(4) + 0.5) / 4)
    for row in record["rows"]:
        text, _ = price.LAWS[row["law"]]
        rng = np.random.default_rng([0, list(price.LAWS).index(row["law"])])
        score = [(s * magnitude_law(text).sample(rng, 2000)) ** 2 for s in np.exp(row["sigma"] * quantiles)]
        cost = [1.0 + rng.integers(0, 3, 2000) for _ in score]
        budget = 0.01 * sum(c.sum() for c in cost)
        each = [at_energy(np.argsort(-p / c), p, c, budget / 4) for p, c in zip(score, cost, strict=True)]
        p, c = np.concatenate(score), np.concatenate(cost)
        order = np.argsort(-p / c)
        assert row["retained"] == pytest.approx(at_energy(order, p, c, budget) / sum(each), rel=1e-9)
        needed = brentq(lambda e: at_energy(order, p, c, e) - sum(each), 0, budget)  # noqa: B023
        assert row["saving"] == pytest.approx(1 - needed / budget, abs=1e-6)
    one, other = (row for row in record["rows"] if row["law"] == "power law, index 4")
    assert one["predicted"] == pytest.approx([1, 0])
    assert other["predicted"][0] == pytest.approx(other["retained"], rel=0.2)


def test_price_says_where_the_law_does_not_cover_a_client():
    widest = price.price(clients=120, dim=60, sigmas=(3.0,))["rows"][0]
    assert widest["covered"] is False  # the largest client keeps all it has


def test_pages_stay_below_the_best_of_all_masks_and_the_bound_above(monkeypatch):
    monkeypatch.setattr(pages, "PAGE", 3)
    monkeypatch.setattr(pages, "CASES", {"small": (4, 0.5)})
    record = pages.pages(seed=2, count=4)
    rng = np.random.default_rng([2, 0])
    scale = np.exp(0.5 * rng.standard_normal(4))
    score = (np.repeat(scale, 3) * magnitude_law(pages.LAW).sample(rng, 12)) ** 2
    masks = np.array(list(itertools.product([False, True], repeat=12)))
    spent = masks.sum(axis=1) + 4 * masks.reshape(-1, 4, 3).any(axis=2).sum(axis=1)
    kept = masks @ score / score.sum()
    for row in record["rows"]:
        best = kept[spent <= row["share"] * 4 * 7].max()
        assert row["bound"] >= best - 1e-9
        assert all(row[rule] <= best + 1e-9 for rule in pages.RULES)
    assert any(row["by_pages"] > row["item_wise"] for row in record["rows"])
    assert record["rows"][-1]["by_pages"] > 0.9
