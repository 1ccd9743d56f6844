"""One price for the buckets of a step: against a selection of all of them at once, and never over the budget."""

from fractions import Fraction

import numpy as np
import pytest

from theory import CostClasses, cwmp

torch = pytest.importorskip("torch")

from process_group import Bucket, alone  # noqa: E402
from torch import nn  # noqa: E402

from theory.feedback.ddp import PruningState, prune_hook  # noqa: E402

SIZES, COSTS, SHARE = (3000, 200, 12000, 50), ("1", "10", "1", "3"), "5%"
SCALES = (1.0, 4.0, 0.2, 2.0)  # of the gradients of each layer


@pytest.fixture
def _alone(tmp_path):
    with alone(tmp_path):
        yield


def model():
    return nn.ParameterList([nn.Parameter(torch.zeros(size)) for size in SIZES])


def gradients(step, draw, drift=0.0):
    """Heavy tails; layer by layer another scale, which drifts."""
    return [
        scale * np.exp(drift * step) * torch.from_numpy(draw.standard_t(4, size)).float()
        for scale, size in zip(SCALES, SIZES, strict=True)
    ]


def step_of(state, parameters, parts):
    """One backward pass of two buckets, the last parameters first; what arrives, in the parameters' order."""
    arrived = []
    for index, of in enumerate((slice(2, 4), slice(0, 2))):
        bucket = Bucket(index, list(parameters)[of], torch.cat(parts[of]))
        arrived.insert(0, prune_hook(state, bucket).wait())
    return torch.cat(arrived)


def state_of(parameters, **words):
    return PruningState(parameters, dict(zip(map(str, range(4)), COSTS, strict=True)), SHARE, **words)


@pytest.mark.usefixtures("_alone")
@pytest.mark.parametrize("drift", [0.0, 0.05, -0.05])
def test_all_buckets_at_one_price_retain_what_one_selection_would(drift):
    parameters, draw, steps = model(), np.random.default_rng(0), 40
    by_price, by_bucket = (state_of(parameters, error_feedback=False, one_price=p) for p in (True, False))
    labels = np.repeat(np.arange(4, dtype=np.int8), SIZES)
    kept = {"price": 0.0, "bucket": 0.0, "all at once": 0.0}
    for step in range(steps):
        parts = gradients(step, draw, drift)
        whole = torch.cat(parts).double()
        kept["price"] += float(step_of(by_price, parameters, parts).double().square().sum() / whole.square().sum())
        kept["bucket"] += float(step_of(by_bucket, parameters, parts).double().square().sum() / whole.square().sum())
        best = cwmp(whole.numpy(), CostClasses(labels, COSTS), SHARE)
        kept["all at once"] += float(best.retained) / float(whole.square().sum())
        assert by_price.joules == by_price.price.spent <= (step + 1) * by_price.budget
        assert by_bucket.joules <= (step + 1) * by_bucket.budget
    assert by_price.joules > Fraction(9, 10) * steps * by_price.budget
    assert kept["bucket"] * 1.2 < kept["price"] < kept["all at once"] * 1.02
    assert kept["price"] > kept["all at once"] * 0.95


@pytest.mark.usefixtures("_alone")
def test_nothing_is_lost_and_no_step_overdraws_while_residuals_grow():
    parameters, draw = model(), np.random.default_rng(1)
    state = state_of(parameters, one_price=True)
    given, arrived = torch.zeros(sum(SIZES), dtype=torch.float64), torch.zeros(sum(SIZES), dtype=torch.float64)
    for step in range(30):
        parts = gradients(step, draw)
        given += torch.cat(parts).double()
        arrived += step_of(state, parameters, parts).double()
        assert state.joules <= (step + 1) * state.budget
    left = torch.cat([state.residuals[str(k)] for k in range(4)]).double()
    assert torch.allclose(arrived + left, given, rtol=0, atol=1e-3)


@pytest.mark.usefixtures("_alone")
@pytest.mark.parametrize("bad", [0, 3])
def test_a_skipped_step_leaves_price_and_ledger_as_they_were(bad):
    parameters, draw = model(), np.random.default_rng(2)
    state = state_of(parameters, one_price=True)
    for step in range(3):
        step_of(state, parameters, gradients(step, draw))
    price = state.price
    parts = gradients(3, draw)
    price.begin()  # what the next step starts from
    before = price.steps - 1, price.spent, price.price
    price.skip()
    parts[bad][0] = float("inf")
    step_of(state, parameters, parts)
    assert (price.steps, price.spent, price.price) == before
    step_of(state, parameters, gradients(4, draw))
    assert price.steps == before[0] + 1
    assert price.price == before[2]
    assert before[1] < price.spent <= price.steps * price.budget


@pytest.mark.usefixtures("_alone")
def test_gradients_of_zero_send_nothing_and_the_price_recovers():
    parameters, draw = model(), np.random.default_rng(3)
    state = state_of(parameters, one_price=True, error_feedback=False)
    zero = [torch.zeros(size) for size in SIZES]
    for _ in range(2):
        assert not step_of(state, parameters, zero).any()
    assert state.joules == 0
    for step in range(3):
        arrived = step_of(state, parameters, gradients(step, draw))
    assert arrived.any()


@pytest.mark.usefixtures("_alone")
def test_what_a_bucket_may_spend_before_there_is_a_price_and_where_it_keeps_too_much():
    """Of 8 joules 4 a step: at first each bucket its share, later the best of what is left where a price keeps more."""
    parameters = nn.ParameterList([nn.Parameter(torch.zeros(size)) for size in (6, 2)])
    state = PruningState(parameters, "1", "50%", one_price=True, error_feedback=False)
    bucket = lambda k, *values: prune_hook(state, Bucket(k, [parameters[k]], torch.tensor(values))).wait().tolist()  # noqa: E731
    assert bucket(0, 6.0, 5.0, 4.0, 3.0, 2.0, 1.0) == [6, 5, 4, 0, 0, 0]
    assert bucket(1, 1.0, 2.0) == [0, 2]
    assert bucket(0, 60.0, 50.0, 40.0, 30.0, 20.0, 10.0) == [60, 50, 40, 30, 0, 0]
    assert bucket(1, 70.0, 80.0) == [0, 0]
    assert (state.joules, state.price.spent, state.price.left) == (8, 8, 0)


def test_what_one_step_may_spend():
    parameters = model()
    assert state_of(parameters).budget == Fraction(5, 100) * (3000 + 2000 + 12000 + 150)
    assert (
        PruningState(parameters, "0.1", "0.4").budget
        == PruningState(parameters, "0.1", "400mJ").budget
        == Fraction(2, 5)
    )
    assert PruningState(parameters, "0.1", 10**6).budget == Fraction(sum(SIZES), 10)
