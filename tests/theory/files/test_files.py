"""Updates, layers, costs and budgets as files and texts: every accepted form, and a clear word on every other."""

import json
from fractions import Fraction

import numpy as np
import pytest

from theory.energy.costs import Budget, budget_spec, cost_spec, costs_by_layer, costs_of
from theory.energy.models import MODELS
from theory.errors import InputError
from theory.files.outputs import VERDICT, write_atomically
from theory.files.updates import read_layers, read_update
from theory.instance import CostClasses
from theory.layers import Layer, named_layers, plain_vector

RNG = np.random.default_rng(0)
CONV = RNG.standard_normal((4, 3, 3, 3)).astype(np.float32)
BIAS = RNG.standard_normal(4).astype(np.float32)
FC = RNG.standard_normal((5, 7)).astype(np.float32)
STATE = {"conv.weight": CONV, "conv.bias": BIAS, "bn.num_batches_tracked": np.array(3), "fc.weight": FC}
FLAT = np.concatenate([CONV.ravel(), BIAS, FC.ravel()])
KINDS = {"conv.weight": "conv", "conv.bias": "conv", "fc.weight": "fc"}


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64, ">f4"])
def test_npy_keeps_its_precision(tmp_path, dtype):
    np.save(tmp_path / "u.npy", FC.astype(dtype))
    file = read_update(tmp_path / "u.npy")
    assert file.update.shape == (35,)
    assert (file.update == FC.astype(dtype).ravel()).all()
    assert [layer.kind for layer in file.layers] == ["unknown"]


def test_npz_safetensors_and_pt_hold_the_same_update(tmp_path):
    torch = pytest.importorskip("torch")
    save_file = pytest.importorskip("safetensors.numpy").save_file
    np.savez(tmp_path / "u.npz", **STATE)
    save_file({k: np.ascontiguousarray(v) for k, v in STATE.items()}, tmp_path / "u.safetensors")
    tensors = {k: torch.from_numpy(np.asarray(v)) for k, v in STATE.items()}
    torch.save(tensors, tmp_path / "u.pt")
    torch.save({"state_dict": tensors, "epoch": 3}, tmp_path / "nested.pth")
    for name in ("u.npz", "u.pt", "nested.pth", "u.safetensors"):
        file = read_update(tmp_path / name)
        assert {layer.name: layer.kind for layer in file.layers} == KINDS
        assert file.skipped == ("bn.num_batches_tracked",)
        parts = np.split(file.update, np.cumsum([layer.size for layer in file.layers])[:-1])
        for layer, part in zip(file.layers, parts, strict=True):
            assert (part.reshape(layer.shape) == STATE[layer.name]).all()


def test_bfloat16_values_arrive_exactly(tmp_path):
    torch = pytest.importorskip("torch")
    save_file = pytest.importorskip("safetensors.torch").save_file
    tensor = torch.from_numpy(FC).bfloat16()
    save_file({"fc.weight": tensor}, tmp_path / "u.safetensors")
    torch.save(tensor, tmp_path / "u.pt")
    for name in ("u.safetensors", "u.pt"):
        assert (read_update(tmp_path / name).update == tensor.float().numpy().ravel()).all()


@pytest.mark.parametrize("name", ["u.npy", "u.npz", "u.safetensors", "u.pt"])
@pytest.mark.parametrize("content", [b"", b"garbage", b"\x93NUMPY\x01\x00\xff\xff", b"PK\x03\x04half", b"\xff" * 64])
def test_damaged_files_are_named_in_one_line(tmp_path, name, content):
    path = tmp_path / name
    path.write_bytes(content)
    if name == "u.pt" and content:
        pytest.importorskip("torch")
    with pytest.raises(InputError, match=name) as caught:
        read_update(path)
    assert "\n" not in str(caught.value)


def test_truncated_files_are_refused(tmp_path):
    np.save(tmp_path / "u.npy", FC)
    np.savez(tmp_path / "u.npz", **STATE)
    for name in ("u.npy", "u.npz"):
        whole = (tmp_path / name).read_bytes()
        (tmp_path / name).write_bytes(whole[: len(whole) - 20])
        with pytest.raises(InputError, match=name):
            read_update(tmp_path / name)


@pytest.mark.parametrize("name", ["u.npy", "u.npz"])
def test_integer_updates_are_told_what_was_found_and_what_to_do(tmp_path, name):
    save = np.save if name == "u.npy" else np.savez
    save(tmp_path / name, np.arange(5))
    with pytest.raises(InputError, match=r"it holds int64, .*\.astype\('float32'\)"):
        read_update(tmp_path / name)


def test_a_number_alone_is_no_update_and_beside_others_a_coordinate(tmp_path):
    np.save(tmp_path / "alone.npy", np.float32(3))
    np.savez(tmp_path / "alone.npz", a=np.float32(3), b=np.float64(2))
    np.savez(tmp_path / "scale.npz", scale=np.float32(3), w=np.ones(2, np.float32))
    for name in ("alone.npy", "alone.npz"):
        with pytest.raises(InputError, match=f"{name}: an update is an array of numbers, got one without dimensions"):
            read_update(tmp_path / name)
    assert read_update(tmp_path / "scale.npz").update.tolist() == [3, 1, 1]


def test_layers_from_json(tmp_path):
    path = tmp_path / "layers.json"
    entries = [{"name": "0.weight", "shape": [2, 3]}, {"name": "0.bias", "shape": [2]}, {"name": "x", "shape": [4]}]
    path.write_text(json.dumps({"layers": entries}))
    assert [layer.kind for layer in read_layers(path, 12)] == ["fc", "fc", "other"]
    entries[2]["kind"] = "fpga"
    path.write_text(json.dumps(entries))
    assert read_layers(path, 12)[2].kind == "fpga"
    for text in (
        "[",
        "{}",
        "3",
        '[{"name": "a"}]',
        '[{"name": "a", "shape": [-1]}]',
        '[{"name": "a", "shape": [1.5]}]',
        "[" * 100_000 + "]" * 100_000,
        '[{"name": "a\\nb", "shape": 3, "name": "a"}]',
    ):
        path.write_text(text)
        with pytest.raises(InputError, match=r"layers\.json") as caught:
            read_layers(path, 12)
        assert "\n" not in str(caught.value)


LAYERS = named_layers([("conv.weight", (2, 1, 1, 1)), ("fc.weight", (3, 1)), ("fc.bias", (3,))])


def test_costs_per_kind_and_name_are_the_decimals_written():
    costs = cost_spec("fc=0.1, conv.weight=2e-3", LAYERS).values
    assert isinstance(costs, CostClasses)
    assert list(costs.values) == [Fraction(2, 1000), Fraction(1, 10)]
    assert np.asarray(costs.labels).tolist() == [0, 0, 1, 1, 1, 1, 1, 1]
    assert cost_spec("0.003", LAYERS).values == Fraction(3, 1000)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("fc=1", "conv.weight"), ("fc=1,fc=2,rest=1", "twice"), ("lstm=1,rest=1", "'lstm'"), ("fc=,rest=1", "number"),
        ("fc=x,rest=1", "cost of 'fc'"), ("", "no energy model"), ("1.2.3", "cost"), ("gone.npy", "no such file"),
    ],
)  # fmt: skip
def test_wrong_costs_are_explained(text, says):
    with pytest.raises(InputError, match=says):
        cost_spec(text, LAYERS)


def test_kinds_need_layers():
    with pytest.raises(InputError, match="layers file"):
        cost_spec("fc=1,rest=2", plain_vector(8))


@pytest.mark.parametrize(
    ("text", "share", "joules"),
    [
        ("10%", Fraction(1, 10), None), ("0.5 %", Fraction(1, 200), None), ("100%", Fraction(1), None),
        ("0.4J", None, Fraction(2, 5)), ("3mJ", None, Fraction(3, 1000)), ("5uJ", None, Fraction(5, 10**6)),
        ("7nJ", None, Fraction(7, 10**9)), ("2pJ", None, Fraction(2, 10**12)), ("1e3units", None, Fraction(1000)),
        ("0J", None, Fraction(0)), ("10", None, Fraction(10)), (0.25, None, Fraction(1, 4)),
    ],
)  # fmt: skip
def test_budgets_mean_what_they_say(text, share, joules):
    budget = budget_spec(text)
    assert (budget.share, budget.joules) == (share, joules)


@pytest.mark.parametrize("text", ["", "-1J", "-5%", "nanJ", "infJ", "1 kJ", "J", "1e999999x", "ten%"])
def test_a_budget_nobody_can_read_is_refused(text):
    with pytest.raises(InputError, match="must be a share such as 10%"):
        budget_spec(text)


@pytest.mark.parametrize("text", ["250%", "0%", "100.001%"])
def test_a_share_outside_0_to_100_percent_is_refused(text):
    with pytest.raises(InputError, match="share in"):
        budget_spec(text)


def test_a_file_that_cannot_be_written_is_named_and_leaves_nothing_beside_it(tmp_path):
    (tmp_path / "folder.json").mkdir()
    with pytest.raises(OSError, match=r"folder\.json'$") as caught:
        write_atomically(tmp_path / "folder.json", "x", VERDICT)
    assert caught.value.filename == str(tmp_path / "folder.json")
    assert [path.name for path in tmp_path.iterdir()] == ["folder.json"]


# --- costs and budgets in every form ---------------------------------------------------------------


def test_costs_in_every_form(tmp_path):
    array = np.arange(1.0, 9.0)
    np.save(tmp_path / "c.npy", array.reshape(2, 4))
    for given in (str(tmp_path / "c.npy"), tmp_path / "c.npy"):
        costs = costs_of(given, LAYERS)
        assert (costs.values.tolist(), costs.model, costs.path) == (array.tolist(), None, tmp_path / "c.npy")
    classes = CostClasses(np.zeros(8, int), [3])
    assert costs_of(classes, LAYERS).values is classes
    assert costs_of(MODELS["ble-dram"], LAYERS).model is costs_of("ble-dram", LAYERS).model is MODELS["ble-dram"]
    assert costs_of({"fc": "640pJ", "rest": 5}, LAYERS).values.values == [5, Fraction(64, 10**11)]
    assert costs_of("+3", LAYERS).values == costs_of(3, LAYERS).values == costs_of("3J", LAYERS).values == 3
    assert costs_of("5nJ", LAYERS).values == Fraction(5, 10**9)
    assert costs_of(array.reshape(4, 2).astype(int), LAYERS).values.tolist() == array.tolist()
    assert (costs_of(array, LAYERS).unit, costs_of("fc-dear", LAYERS).unit, costs_of("ble-dram", LAYERS).unit) == (
        "J", "units", "J",
    )  # fmt: skip


def test_costs_in_an_array_are_floats_as_they_are_and_copied_only_where_they_must_be():
    for kind in (np.int8, np.uint32, np.int64, bool, np.longdouble):
        assert costs_of(np.ones(8, kind), LAYERS).values.dtype == np.float64
    for kind in (np.float16, np.float32, np.float64):
        given = np.ones(8, kind)
        assert costs_of(given, LAYERS).values.dtype == kind
        assert np.shares_memory(costs_of(given, LAYERS).values, given)


def test_a_layers_file_is_asked_for_where_nothing_is_known_of_any_layer():
    for layers, asked in (
        (LAYERS, False), (plain_vector(8), True), ([Layer("a", (4,), "unknown"), Layer("b", (4,), "norm")], False),
    ):  # fmt: skip
        with pytest.raises(InputError, match="no layer is called or of kind 'lstm'") as refused:
            costs_of({"lstm": 1, "rest": 1}, layers)
        assert ("give a layers file" in str(refused.value)) is asked


@pytest.mark.parametrize(("given", "says"), [
    (np.ones(7), "7 costs for an update of 8 coordinates"), (np.ones(9), "9 costs for an update of 8 coordinates"),
    (np.ones(8, complex), "must be real numbers, got complex128"), (np.full(8, "x"), "must be real numbers"),
    (np.r_[np.ones(7), 1.1e300], "a cost is above 1e\\+300"),
    (object(), "must be a real number, got object"), ([[1, 2], [3]], "costs of type list are no energy model"),
    ("5 kJ", "no unit 'kJ'; there are"), ("-1", "cost"), ("0", "cost"), ("x=1,rest=1", "no layer is called or of kind"),
    ("fc=1", "layer 'conv.weight' of kind 'conv' has no cost; add conv=... or rest=..."),
    ("fc=1,=2", "'=2' must be a kind"),
    ("gru=1,lstm=1,rest=1", "of kind 'gru'"), ("fc=5%,rest=1", "no unit '%'"), ("ble", "is no energy model"),
])  # fmt: skip
def test_costs_that_are_none_say_why(given, says):
    with pytest.raises(InputError, match=says):
        costs_of(given, LAYERS)


def test_the_dearest_cost_and_budget():
    assert costs_of(np.full(8, 1e300), LAYERS).values.max() == 1e300
    assert budget_spec(Fraction(10) ** 300).joules == 10**300
    assert budget_spec("1e300").joules == 10**300
    for given in (Fraction(10) ** 300 + 1, "1.1e300", "1e301J"):
        with pytest.raises(InputError, match="is more than 1e\\+300"):
            budget_spec(given)


def test_a_name_goes_before_globs_before_kinds_before_the_rest():
    given = {"fc*": 2, "rest": 1, "*.bias": 3, "fc": 4}
    by_name = lambda more: costs_by_layer({**given, **more}, LAYERS)  # noqa: E731
    price = lambda classes: [classes.values[k] for k in np.asarray(classes.labels)[[0, 2, 5]]]  # noqa: E731
    assert price(by_name({})) == [1, 2, 2]
    assert price(by_name({"fc.bias": 7})) == [1, 2, 7]
    assert price(costs_by_layer({"*.bias": 3, "fc*": 2, "rest": 1}, LAYERS)) == [1, 2, 3]
    assert price(costs_by_layer({"fc": 4, "*.bias": 3, "conv": 5}, LAYERS)) == [5, 4, 3]
    with pytest.raises(InputError, match=r"'lstm\.\*'; the kinds here are conv, fc$"):
        by_name({"lstm.*": 1})
    some = [Layer("a", (2,), "unknown"), Layer("b", (2,), "conv")]
    with pytest.raises(InputError, match=r"'fc'; the kinds here are unknown, conv$"):
        costs_by_layer({"fc": 1}, some)


def test_budgets_of_costs_in_joules_and_in_ratios():
    joules, ratios, plain = (costs_of(c, LAYERS) for c in ("ble-dram", "fc-dear", 3))
    amount = lambda text, costs: budget_spec(text).amount(costs, LAYERS)  # noqa: E731
    assert amount("10%", joules) == amount("10%", ratios) == "10%"
    assert amount("3J", plain) == amount("3", plain) == amount(3, plain) == 3
    assert amount("3units", ratios) == amount("3", ratios) == 3
    assert amount("3J", joules) == amount(3, joules) == MODELS["ble-dram"].spendable(Fraction(3), LAYERS)
    with pytest.raises(InputError, match="the costs of fc-dear are ratios: give a share such as 10% or units"):
        amount("3J", ratios)
    with pytest.raises(InputError, match="the costs of ble-dram are joules, not units"):
        amount("3units", joules)
    assert Budget(None, Fraction(3)).in_units is False
