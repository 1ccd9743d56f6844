"""What the server learns from what was sent: worth of layers, one price, one threshold, and joules that hold."""

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from empirical.prices import prices
from empirical.setting import Arm, Run, Setting
from empirical.training import server_memory as server
from empirical.training.compress import Offer, Told, compress
from empirical.training.federated import apply, init, run_prices
from theory.feedback.learnt_worth import learnt, worth
from theory.layers import named_layers

LAYERS = named_layers([("0.weight", (2, 3, 3, 3)), ("9.weight", (4, 10))])
D = 94
SETTING = Setting(clients=6, cohort=3, steps=2, batch=8, rounds=6, evaluate_every=3, error_feedback=False)


def sent_by(clients, seed=0):
    rng = np.random.default_rng(seed)
    vectors = rng.standard_normal((clients, D)) + np.r_[np.full(54, 0.8), np.zeros(40)]
    return [np.where(rng.random(D) < 0.4, v, 0).astype(np.float32) for v in vectors]


def test_rounds_are_smoothed_and_the_first_one_is_told_nothing():
    run = Run(SETTING, Arm("fc-dear", "0.05", "learnt-safe"), 0, "synthetic")
    priced = prices("fc-dear", LAYERS, 0)
    nothing = server.told(run, {}, priced)
    assert (nothing.worth, nothing.price, nothing.left) == (None, None, None)
    first = server.remembered(run, {}, sent_by(3, 1), Fraction(0), priced, LAYERS)
    second = server.remembered(run, first, sent_by(3, 2), Fraction(0), priced, LAYERS)
    one, two = learnt(None, sent_by(3, 1), LAYERS), learnt(None, sent_by(3, 2), LAYERS)
    np.testing.assert_allclose(second["pairs"], 0.8 * one + two)
    assert np.array_equal(server.told(run, second, priced).worth, worth(second["pairs"]))
    plain = replace(run, arm=Arm("fc-dear", "0.05", "cwmp"))
    assert server.remembered(plain, {}, sent_by(3), Fraction(0), priced, LAYERS) == {}


def test_what_clients_are_told_decides_what_they_send():
    rng = np.random.default_rng(4)
    update, priced = rng.standard_normal(D).astype(np.float32), prices("uniform", LAYERS, 0)
    offer = Offer(update, np.zeros(D), LAYERS, priced, priced.budget("0.2"), rng)
    head = compress("learnt-joules", replace(offer, told=Told(worth=np.array([0.01, 1.0])))).mask
    body = compress("learnt-joules", replace(offer, told=Told(worth=np.array([1.0, 0.01])))).mask
    assert head[:54].sum() < body[:54].sum()
    assert head.sum() == body.sum() == 18
    told = Told(price=1.0, left=Fraction(50))
    assert np.array_equal(compress("one-price", replace(offer, told=told)).mask, update.astype(float) ** 2 > 1)
    assert np.array_equal(compress("hard-threshold", replace(offer, told=told)).mask, np.abs(update) > 1)
    short = compress("hard-threshold", replace(offer, told=replace(told, left=Fraction(5))))
    assert set(np.flatnonzero(short.mask)) == set(np.argsort(-np.abs(update))[:5])
    assert short.gap == pytest.approx(0)


@pytest.mark.parametrize("cost", ["fc-dear", "lognormal"])
@pytest.mark.parametrize("method", ["one-price", "hard-threshold"])
def test_rounds_that_share_their_joules_never_spend_more_than_all(method, cost):
    run = Run(SETTING, Arm(cost, "0.02", method), 0, "synthetic")
    state, spent, prices_told = init(run), Fraction(0), []
    for _ in range(SETTING.rounds):
        state, record = apply(run, state)
        spent += record.energy
        prices_told.append(float(state.memory["price"][0]))
    budget = run_prices(run).budget("0.02") * 3 * SETTING.rounds
    assert budget / 2 < spent <= budget
    assert (len(set(prices_told)) == 1) == (method == "hard-threshold")


def test_one_price_gives_more_to_clients_with_more_to_send():
    priced = prices("fc-dear", LAYERS, 0)
    rng = np.random.default_rng(5)
    told, spent = Told(price=0.5, left=priced.total), []
    for scale in (0.5, 1, 2):
        update = (scale * rng.standard_normal(D)).astype(np.float32)
        chosen = compress("one-price", Offer(update, np.zeros(D), LAYERS, priced, priced.budget("0.1"), rng, told=told))
        cost = np.repeat([1, 10], [54, 40])
        assert np.array_equal(chosen.mask, update.astype(float) ** 2 > 0.5 * cost)
        spent.append(sum(entry.energy for entry in chosen.ledger))
    assert spent == sorted(spent)
    assert spent[0] < spent[2]


BUDGET = Fraction(454, 20)  # the share 0.05 of 54 coordinates at 1 and 40 at 10; for each of 3 clients in 6 rounds


def priced_run(method):
    return Run(SETTING, Arm("fc-dear", "0.05", method), 0, "synthetic"), prices("fc-dear", LAYERS, 0)


@pytest.mark.parametrize(
    ("spent", "energy", "factor"),
    [
        (100, Fraction(293, 5), (Fraction(293, 5) / ((18 * BUDGET - Fraction(793, 5)) / 3)) ** 0.5),  # 158.6 of 408.6
        (100, 400, 2),  # nothing is left, and a price cannot be infinite
        (100, 308, 2),  # next to nothing: the price doubles at most
        (100, 1, 0.5),  # and halves at most
    ],
)
def test_one_price_follows_what_a_round_spent_beside_what_is_left(spent, energy, factor):
    run, priced = priced_run("one-price")
    before = {"price": np.array([3.0]), "spent": np.array([float(spent), 2.0])}
    after = server.remembered(run, before, sent_by(3), Fraction(energy), priced, LAYERS)
    assert after["price"][0] == pytest.approx(3 * float(factor), rel=1e-12)
    assert after["spent"].tolist() == [float(spent + energy), 3]
    last = {**before, "spent": np.array([float(spent), 5.0])}
    assert server.remembered(run, last, sent_by(3), Fraction(energy), priced, LAYERS)["price"].tolist() == [3.0]
    run, priced = priced_run("hard-threshold")
    assert server.remembered(run, before, sent_by(3), Fraction(energy), priced, LAYERS)["price"].tolist() == [3.0]


def test_one_price_follows_joules_as_it_does_ratios():
    """A millionth of a joule is left, of which a third is meant for a round: twice that was spent."""
    run, priced = Run(SETTING, Arm("ble-dram", "0.05", "one-price"), 0, "synthetic"), prices("ble-dram", LAYERS, 0)
    total, energy = float(18 * priced.budget("0.05")), Fraction(2, 3 * 10**6)
    before = {"price": np.array([3.0]), "spent": np.array([total - 1e-6 - float(energy), 2.0])}
    after = server.remembered(run, before, sent_by(3), energy, priced, LAYERS)
    assert after["price"][0] == pytest.approx(3 * 2**0.5, rel=1e-6)


def test_clients_share_what_is_left_of_the_whole_run():
    for method in ("one-price", "hard-threshold"):
        run, priced = priced_run(method)
        assert server.told(run, {}, priced).price is None
        for rounds in (1, 4):
            memory = {"price": np.array([0.5]), "spent": np.array([100.0, 6.0 - rounds])}
            told = server.told(run, memory, priced)
            assert (told.price, told.worth) == (0.5, None)
            exact = (18 * BUDGET - 100) / 3
            assert exact * (1 - Fraction(1, 10**8)) < told.left < exact  # what was spent is remembered as a float
        over = {"price": np.array([0.5]), "spent": np.array([409.0, 5.0])}
        assert server.told(run, over, priced).left == 0


@pytest.mark.parametrize("cost", ["fc-dear", "ble-dram"])
def test_the_first_price_is_what_each_clients_own_budget_came_down_to(cost):
    """Least square for a joule, or least magnitude, of what was sent; the mean over clients that sent anything."""
    priced, sent = prices(cost, LAYERS, 0), [*sent_by(3, 6), np.zeros(D, np.float32)]
    each = {part.kind: part.energy for part in priced.each}
    joules = np.repeat([float(each["conv"]), float(each["fc"])], [54, 40])
    least = {
        "one-price": np.mean([min(float(x) ** 2 / c for x, c in zip(v, joules, strict=True) if x) for v in sent[:3]]),
        "hard-threshold": np.mean([min(abs(float(x)) for x in v if x) for v in sent[:3]]),
    }
    for method, wanted in least.items():
        run = Run(SETTING, Arm(cost, "0.05", method), 0, "synthetic")
        after = server.remembered(run, {}, sent, Fraction(7), priced, LAYERS)
        assert after["price"].tolist() == pytest.approx([wanted])
        assert after["spent"].tolist() == [7, 1]
        nobody = server.remembered(run, {}, sent[3:], Fraction(0), priced, LAYERS)
        assert nobody["price"].tolist() == [0.0]
