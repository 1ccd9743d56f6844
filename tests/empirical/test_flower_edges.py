"""Flower: state is carried and never pruned, shapes and types come back, tied weights travel once."""

import numpy as np
import pytest

pytest.importorskip("flwr", reason="needs the extra flower", exc_type=ImportError)
torch = pytest.importorskip("torch")

from flwr.app import Array, ArrayRecord, Context, Message, MetricRecord, RecordDict  # noqa: E402
from flwr.clientapp import ClientApp  # noqa: E402
from flwr.serverapp.strategy import FedAvg  # noqa: E402
from test_flower import LocalGrid, _a_task_of_flowers  # noqa: E402, F401  (the fixture is for every test here)

from empirical.flower import SparseFedAvg, SparsifyMod  # noqa: E402
from empirical.flower.mod import RESIDUAL  # noqa: E402
from empirical.flower.state_mean import state_mean  # noqa: E402
from theory import InputError  # noqa: E402

METHODS = ("cwmp", "cwmp-l1", "top-k", "random-k", "per-layer", "dense")
RNG = np.random.default_rng(0)
W = {"fc.weight": RNG.standard_normal((4, 5)).astype("f4"), "fc.bias": np.zeros(4, "f4")}


def record(arrays):
    return ArrayRecord({name: Array(np.asarray(value)) for name, value in arrays.items()})


def moved(arrays, k):
    return {name: v + np.asarray((k + 1) * 0.25).astype(v.dtype) if v.dtype.kind in "fc" else v
            for name, v in arrays.items()}  # fmt: skip


def app(mods, move=moved, examples=lambda k: 10):
    made = ClientApp()

    @made.train(mods=mods)
    def train(message, context):
        k = context.node_config["partition-id"]
        arrays = move({name: a.numpy() for name, a in message.content["arrays"].items()}, k)
        metrics = MetricRecord({"num-examples": examples(k)})
        return Message(RecordDict({"arrays": record(arrays), "metrics": metrics}), reply_to=message)

    return made


def rounds(start, *, mod=None, strategy=SparseFedAvg, count=2, clients=3, **options):
    grid = LocalGrid(app([] if mod is None else [mod], **options), clients)
    server = strategy(min_available_nodes=clients, fraction_evaluate=0.0)
    result = server.start(grid, record(start), num_rounds=count)
    return {name: a.numpy() for name, a in result.arrays.items()}, result.train_metrics_clientapp, grid


class Net(torch.nn.Module):
    """Statistics under names that say nothing, and a scalar parameter."""

    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.body = torch.nn.Sequential(torch.nn.Linear(6, 8), torch.nn.BatchNorm1d(8), torch.nn.Linear(8, 3))
        self.scale = torch.nn.Parameter(torch.tensor(2.0))
        self.register_buffer("typical", torch.ones(6))

    def forward(self, x):
        with torch.no_grad():
            self.typical.mul_(0.9).add_(0.1 * x.pow(2).mean(0))
        return self.scale * self.body(x / self.typical.sqrt())


def local(arrays, k):
    net = Net()
    net.load_state_dict({name: torch.tensor(v) for name, v in arrays.items()})
    x = 0.2 * torch.randn(64, 6, generator=torch.Generator().manual_seed(k))
    optimiser = torch.optim.SGD(net.parameters(), lr=0.1)
    for i in range(0, 64, 16):
        optimiser.zero_grad()
        torch.nn.functional.cross_entropy(net(x[i : i + 16]), x[i : i + 16, :3].argmax(1)).backward()
        optimiser.step()
    return {name: v.numpy() for name, v in net.state_dict().items()}


START = {name: v.numpy().copy() for name, v in Net().state_dict().items()}
STATE = ["typical", "body.1.running_mean", "body.1.running_var", "body.1.num_batches_tracked"]


@pytest.mark.parametrize("known_by", ["model", "names"])
def test_state_is_averaged_as_fedavg_does_and_charged(known_by):
    mod = SparsifyMod("cwmp", "uniform", "5%", **({"model": Net()} if known_by == "model" else {"state": "typical"}))
    found, metrics, grid = rounds(START, mod=mod, move=local, count=1, examples=lambda k: 10 + k)
    plain, _, _ = rounds(START, strategy=FedAvg, move=local, count=1, examples=lambda k: 10 + k)
    for name in STATE:
        expected = np.rint(plain[name]) if "tracked" in name else plain[name]
        np.testing.assert_allclose(found[name], expected, rtol=1e-6, atol=1e-9)
        assert (found[name].dtype, found[name].shape) == (START[name].dtype, START[name].shape)
    assert not np.allclose(found["body.0.weight"], plain["body.0.weight"])
    assert list(mod.found.names) == [name for name in START if name in STATE]
    size = sum(START[name].size for name in STATE)
    assert metrics[1]["state-coordinates"] == 3 * size
    assert metrics[1]["sent-energy"] == metrics[1]["sent-coordinates"] + 3 * size
    d = sum(v.size for v in START.values()) - size
    assert all(c.state[RESIDUAL]["0"].numpy().size == d for c in grid.contexts.values())


@pytest.mark.parametrize("method", ["cwmp", "top-k"])
def test_a_variance_stays_one_under_error_feedback(method):
    found, _, _ = rounds(START, mod=SparsifyMod(method, "fc-dear", "2%"), move=local, count=6)
    assert (found["body.1.running_var"] > 0).all()
    assert found["body.1.num_batches_tracked"] == 6 * 4


def test_state_can_stay_at_the_client():
    mod = SparsifyMod("cwmp", "uniform", "50%", state=["body.1.*", "typical"], local_state=True)
    seen = {}

    def move(arrays, k):
        seen.setdefault(k, []).append(arrays["body.1.running_var"].copy())
        return local(arrays, k)

    found, metrics, _ = rounds(START, mod=mod, move=move, count=2)
    for name in ("body.1.running_var", "body.1.weight", "typical"):
        assert np.array_equal(found[name], START[name])
    assert not np.array_equal(found["body.0.weight"], START["body.0.weight"])
    first, second = (np.stack([seen[k][t] for k in range(3)]) for t in (0, 1))
    assert (first == 1).all()
    assert not (second == second[0]).all(), "each client starts from its own"
    assert metrics[2]["state-energy"] == 0


def test_a_name_of_no_array_is_refused_before_training():
    with pytest.raises(InputError, match=r"state 'bn\*' is no entry of the model"):
        rounds(START, mod=SparsifyMod("cwmp", 1, "50%", state=["bn*"]), move=lambda *_: pytest.fail("trained"))


@pytest.mark.parametrize("method", METHODS)
def test_shapes_and_order_come_back_in_every_method(method):
    empty = np.zeros((0, 5), "f4")
    starts = [{"e.weight": empty, **W}, {**W, "z.weight": empty}, {"z.weight": empty}, {**W, "scale": np.float32(2.5)}]
    for start in (*starts, {"scale": np.float16(1), **W, "last": np.zeros(0, "f8")}):
        found, _, _ = rounds(start, mod=SparsifyMod(method, "uniform", "50%"))
        assert list(found) == list(start)
        for name, value in start.items():
            assert (found[name].shape, found[name].dtype) == (np.shape(value), np.asarray(value).dtype)
        if method == "dense":
            np.testing.assert_allclose(found[name], start[name] + 2 * 0.5, rtol=1e-6)


@pytest.mark.parametrize(
    ("name", "array", "says"),
    [
        ("spectral.weight", np.array([0.3 + 0.2j], "c8"), "array 'spectral.weight' is complex64"),
        ("words", np.array(["a", "b"]), "array 'words' is of <U1; arrays of numbers"),
        ("when", np.array(["2020-01-01"], "M8[D]"), "array 'when' is of datetime64"),
        ("wide", np.zeros(3, np.longdouble), "array 'wide' is "),
    ],
)
def test_arrays_that_cannot_be_pruned_are_named_before_training(name, array, says):
    if np.dtype(array.dtype).name == "float64":
        pytest.skip("long doubles are doubles here")
    with pytest.raises(InputError, match=says):
        rounds({**W, name: array}, mod=SparsifyMod("cwmp", 1, "50%"), move=lambda *_: pytest.fail("trained"))


def test_complex_state_travels_whole_where_it_is_called_so():
    start = {**W, "rotations": np.exp(1j * np.arange(4)).astype("c8")}
    found, _, _ = rounds(start, mod=SparsifyMod("cwmp", 1, "50%", state=["rotations"]), count=1)
    np.testing.assert_allclose(found["rotations"], start["rotations"] + 0.5, rtol=1e-6)
    assert found["rotations"].dtype == np.complex64


def test_integers_and_booleans_arrive_as_they_are():
    large = np.array([2**62 + 1, -(2**62) - 3])
    start = {
        **W,
        "seed": np.int64(2**62 + 1),
        "mask": np.array([True, False]),
        "q": np.array([250, 3], "u1"),
        "n": large,
    }
    found, _, _ = rounds(start, mod=SparsifyMod("cwmp", 1, "50%"))
    for name in ("seed", "mask", "q", "n"):
        assert np.array_equal(found[name], start[name])
        assert found[name].dtype == np.asarray(start[name]).dtype
    assert state_mean("n", [large, large + 2], [1, 1]).tolist() == (large + 1).tolist()
    assert state_mean("n", [np.array([0], "u1"), np.array([255], "u1")], [1, 3]).tolist() == [191]
    assert state_mean("m", [np.array(True), np.array(False), np.array(True)], [1, 1.5, 1]).tolist() is True
    assert state_mean("inf", [np.array([-np.inf, 1]), np.array([-np.inf, 3])], [1, 1]).tolist() == [-np.inf, 2]
    with pytest.raises(InputError, match="clients sent array 'n' in different shapes"):
        state_mean("n", [large, large[:1]], [1, 1])


def test_clients_without_examples():
    found, _, _ = rounds(W, mod=SparsifyMod("dense", 1, "100%"), examples=lambda k: 0 if k == 0 else 10, count=1)
    np.testing.assert_allclose(found["fc.bias"], 0.625)
    for examples, says in ((lambda k: 0, "round 1: every client has num-examples = 0"),
                           (lambda k: k - 1, "num-examples = -1; it must be >= 0"),
                           (lambda k: float("nan"), "num-examples = nan; it must be >= 0")):  # fmt: skip
        with pytest.raises(InputError, match=says):
            rounds(W, mod=SparsifyMod("cwmp", 1, "50%"), examples=examples)


# Tied weights


def tied(arrays, k):
    """One embedding under two names, moved by a pattern of its own."""
    step = np.random.default_rng(k).standard_normal((6, 4)).astype("f4")
    moved_once = arrays["wte.weight"] + step
    return {"wte.weight": moved_once, "fc.bias": arrays["fc.bias"] + 1, "head.weight": moved_once.copy()}


TABLE = RNG.standard_normal((6, 4)).astype("f4")
TIED = {"wte.weight": TABLE, "fc.bias": np.zeros(4, "f4"), "head.weight": TABLE.copy()}


@pytest.mark.parametrize("cost", ["uniform", "wte.weight=1,rest=10", np.ones(28), np.ones(52)])
def test_tied_weights_count_cost_and_travel_once(cost):
    found, metrics, _ = rounds(TIED, mod=SparsifyMod("cwmp", cost, "30%"), move=tied, count=4)
    assert np.array_equal(found["wte.weight"], found["head.weight"])

    def once(arrays, k):
        return {name: v for name, v in tied(arrays, k).items() if name != "head.weight"}

    single = {name: v for name, v in TIED.items() if name != "head.weight"}
    cost = np.ones(28) if isinstance(cost, np.ndarray) else cost
    alone, spent, _ = rounds(single, mod=SparsifyMod("cwmp", cost, "30%"), move=once, count=4)
    assert np.array_equal(found["wte.weight"], alone["wte.weight"])
    for t in range(1, 5):
        assert metrics[t]["sent-energy"] == spent[t]["sent-energy"]
        assert metrics[t]["sent-bytes"] == spent[t]["sent-bytes"]


def test_arrays_that_are_alike_by_chance_stay_two():
    start = {"a.weight": np.ones(6, "f4"), "b.weight": np.ones(6, "f4")}
    found, metrics, _ = rounds(start, mod=SparsifyMod("dense", 1, "100%"), count=1)
    assert metrics[1]["sent-coordinates"] == 3 * 12
    np.testing.assert_allclose(found["b.weight"], 1.5)


def test_views_of_another_array_are_named():
    def moves(part):
        def move(arrays, k):
            whole = arrays["whole"] + np.random.default_rng(k).standard_normal((6, 4)).astype("f4")
            return {"whole": whole, "view": part(whole)}

        return move

    for part in (lambda table: table[1:3], lambda table: table.T):
        with pytest.raises(InputError, match=r"array '(view|whole)' is a view of '(whole|view)'"):
            rounds({"whole": TABLE, "view": part(TABLE)}, mod=SparsifyMod("cwmp", 1, "50%"), move=moves(part))
    net = torch.nn.Module()
    net.whole = torch.nn.Parameter(torch.zeros(6, 4))
    net.view = torch.nn.Parameter(net.whole.detach()[:, 1])
    with pytest.raises(InputError, match="'view' shares a part of its storage with 'whole'"):
        SparsifyMod("cwmp", 1, "50%", model=net)


def test_clients_of_different_minds_about_state():
    mods = iter([SparsifyMod("cwmp", 1, "50%", state=s) for s in ((), ("fc.bias",), ())])
    grid = LocalGrid(app([]), 3)
    apps = {node: app([mod]) for node, mod in zip(grid.contexts, mods, strict=True)}
    grid.app = lambda message, context: apps[context.node_id](message, context)
    with pytest.raises(InputError, match="clients disagree on which arrays are state"):
        SparseFedAvg(min_available_nodes=3, fraction_evaluate=0.0).start(grid, record(W), num_rounds=1)


def test_the_mod_lets_an_evaluation_pass_with_the_clients_own_state():
    mod, state = SparsifyMod("cwmp", 1, "50%", state=["fc.bias"], local_state=True), RecordDict()
    made, seen = ClientApp(), []

    @made.train(mods=[mod])
    def train(message, context):
        arrays = moved({name: a.numpy() for name, a in message.content["arrays"].items()}, 0)
        content = {"arrays": record(arrays), "metrics": MetricRecord({"num-examples": 1})}
        return Message(RecordDict(content), reply_to=message)

    @made.evaluate(mods=[mod])
    def evaluate(message, context):
        seen.append(message.content["arrays"]["fc.bias"].numpy())
        return Message(RecordDict({"metrics": MetricRecord({"num-examples": 1})}), reply_to=message)

    for kind in ("train", "evaluate"):
        message = Message(RecordDict({"arrays": record(W)}), 7, kind)
        assert not made(message, Context(1, 7, {"partition-id": 0}, state, {})).has_error()
    np.testing.assert_array_equal(seen[0], 0.25)
