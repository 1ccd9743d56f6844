"""What the front door is given: costs by tensor, what is no update, options; taken for what it is, or refused."""

import json

import numpy as np
import pytest

import cwmp

RNG = np.random.default_rng(3)
CONV, FC = RNG.standard_normal((4, 3, 5, 5)).astype(np.float32), RNG.standard_normal((10, 70)).astype(np.float32)
STATE = {"conv.weight": CONV, "fc.weight": FC}


def keep_nothing(g, c, b):
    """A selector that keeps nothing."""
    return np.zeros(len(g), bool)


@pytest.mark.parametrize(
    ("update", "cost", "says"),
    [
        ({"a": np.ones(3), "b": np.ones(4)}, {"a": np.ones(4), "b": np.ones(3)}, r"'a' has shape \(4,\), .* \(3,"),
        ({"a": np.ones((2, 3))}, {"a": np.ones((3, 2))}, r"cost of 'a' has shape \(3, 2\), the tensor \(2, 3\)"),
        ([np.ones((2, 3)), np.ones(1)], [np.ones((3, 2)), np.ones(1)], "cost of '0' has shape"),
        (np.ones((2, 3)), np.ones((3, 2)), r"costs: of shape \(3, 2\), for an update of shape \(2, 3\)"),
        (STATE, {"conv.weight": CONV, "fc": FC}, "'fc' is no tensor of the update"),
        (STATE, {"conv.weight": np.abs(CONV)}, "'fc.weight' has no cost"),
        (STATE, {"conv.weight": np.abs(CONV), "fc.weight": 2}, r"cost of 'fc.weight' has shape \(\), the tensor"),
    ],
)  # fmt: skip
def test_costs_by_tensor_must_have_names_and_shapes_of_the_tensors(update, cost, says):
    with pytest.raises(cwmp.InputError, match=says):
        cwmp.certify(update, cost, "5%")


def test_costs_by_tensor_in_another_order_or_of_integers_are_the_same_costs():
    costs = {"fc.weight": np.full(FC.shape, 10), "conv.weight": np.ones(CONV.shape, np.int8)}
    assert cwmp.cwmp(STATE, costs, "5%").support.tolist() == cwmp.cwmp(STATE, "fc-dear", "5%").support.tolist()
    assert cwmp.certify(FC, np.ones(FC.shape), "5%").d == cwmp.certify(FC, np.ones(FC.size), "5%").d == 700


def test_layers_in_another_order_are_taken_by_name_and_at_another_place_refused(tmp_path):
    """Sizes add up either way: taken by position, the costs of two kinds would have gone to the wrong coordinates."""
    swapped = [("fc.weight", FC.shape), ("conv.weight", CONV.shape)]
    file = tmp_path / "layers.json"
    file.write_text(json.dumps([{"name": name, "shape": list(shape)} for name, shape in swapped]))
    own = cwmp.certify(STATE, "fc-dear", "5%")
    for layers in (swapped, file):
        found = cwmp.certify(STATE, "fc-dear", "5%", layers=layers)
        assert [layer.name for layer in found.layers] == [*STATE]
        assert (found.mask["fc.weight"] == own.mask["fc.weight"]).all()
        assert found.certificate.retained == own.certificate.retained
    for layers in ([("conv.weight", (700,)), ("fc.weight", (300,))], [("fc.weight", (10, 70)), ("bias", (300,))]):
        with pytest.raises(cwmp.InputError, match=r"layer '\S+' is given as coordinates 0 to 700, in the update it is"):
            cwmp.certify(STATE, "fc-dear", "5%", layers=layers)
    assert [one.name for one in cwmp.certify(STATE, "fc-dear", "5%", layers=[("a", (990,)), ("b", (10,))]).layers] == [
        "a",
        "b",
    ]


def test_what_is_no_update_is_left_out_of_a_state_dict_with_its_reason(tmp_path):
    torch = pytest.importorskip("torch")
    bare = {name: torch.from_numpy(part) for name, part in STATE.items()}
    state = {**bare, "bn.running_var": torch.ones(4), "bn.num_batches_tracked": torch.tensor(3), "lr": 5.0, "note": "x"}
    torch.save(state, tmp_path / "u.pt")
    for given in (state, tmp_path / "u.pt"):
        found = cwmp.certify(given, "fc-dear", "5%")
        assert (found.d, list(found.mask)) == (1000, ["conv.weight", "fc.weight"])
        assert found.left_out == {
            "bn.running_var": "state by their names", "bn.num_batches_tracked": "no floating-point numbers",
            "lr": "no tensors", "note": "no tensors"}  # fmt: skip
        assert "\nleft out, state by their names: bn.running_var\n" in str(found)
        assert "\nleft out, no tensors: lr, note\n" in str(found)
        assert found.to_dict()["skipped"] == list(found.skipped) == list(found.left_out)
    optimiser = torch.optim.SGD([torch.nn.Parameter(torch.ones(3))], lr=0.1, momentum=0.5)
    optimiser.param_groups[0]["params"][0].grad = torch.ones(3)
    optimiser.step()
    assert cwmp.certify(optimiser.state_dict(), 1, "50%").d == 3, "of its settings none is a coordinate"
    torch.save({"running_var": torch.ones(4)}, tmp_path / "u.pt")
    for given in ({"running_var": np.ones(4)}, tmp_path / "u.pt"):
        with pytest.raises(cwmp.InputError, match="running_var"):
            cwmp.certify(given, 1, "5%")


@pytest.mark.parametrize(
    ("ask", "says"),
    [
        (lambda: cwmp.certify(FC, 1, "5%", effort=-1), "effort must be a whole number >= 1, got -1"),
        (lambda: cwmp.certify(FC, 1, "5%", effort="x"), "effort must be a whole number >= 1, got 'x'"),
        (lambda: cwmp.certify(FC, 1, "5%", time_limit="5"), "time limit '5': a number of seconds > 0"),
        (lambda: cwmp.certify(FC, 1, "5%", threads=True), "threads must be a whole number >= 1, got True"),
        (lambda: cwmp.certify(STATE, 1, "5%", kinds=5), "kinds must be by name or glob"),
        (lambda: cwmp.certify(STATE, 1, "5%", kinds=[5]), "kinds must be by name or glob"),
        (lambda: cwmp.certify({"a": {"b": FC}, "a.b": FC + 1}, 1, "5%"), "a.b stands twice"),
        (lambda: cwmp.draw(["gap"], FC, 1), r"no figure \['gap'\] of your own data"),
        (lambda: cwmp.draw("gap", FC, 1, seed=-1), "seed must be a whole number >= 0, got -1"),
        (lambda: cwmp.audit("laplace()", "lognorm(s=1)", dim=1.5), "dim must be a whole number >= 2, got 1.5"),
        (lambda: cwmp.models(3), "a model is asked for by its name, or the path of a TOML file; got int"),
        (lambda: cwmp.layers_of(3), "an update is an array or tensor of floats, .* got int of no dimensions"),
        (lambda: cwmp.random_k(FC, 1, "5%", seed="3"), "seed must be a whole number >= 0 or a generator, got '3'"),
        (lambda: cwmp.check(keep_nothing, seed=-1), "seed must be a whole number >= 0, got -1"),
        (lambda: cwmp.check(keep_nothing, examples=2.5), "examples must be a whole number >= 1, got 2.5"),
        (lambda: cwmp.check(keep_nothing, seconds="x"), "seconds must be a finite real number, got 'x'"),
        (lambda: cwmp.check(keep_nothing, dims=[3, 0]), "dims must be a whole number >= 1, got 0"),
        (lambda: cwmp.check(keep_nothing, dims=2.5), "dims must be a whole number >= 1, got 2.5"),
        (lambda: cwmp.verify("D7", seed="x"), "seed must be a whole number >= 0, got 'x'"),
        (lambda: cwmp.verify("D7", jobs=0), "jobs must be a whole number >= 1, got 0"),
        (lambda: cwmp.audit("laplace()", "lognorm(s=1)", jobs=0), "jobs must be a whole number >= 1, got 0"),
        (lambda: cwmp.pareto("smoke", jobs=0), "jobs must be a whole number >= 1, got 0"),
        (lambda: cwmp.pareto("smoke", seeds=1.5), "seeds must be a whole number >= 1, got 1.5"),
    ],
)
def test_options_that_mean_nothing_are_refused_in_a_line(ask, says):
    with pytest.raises(cwmp.InputError, match=says) as caught:
        ask()
    assert "\n" not in str(caught.value)


def test_whole_numbers_may_be_those_of_numpy():
    plain, numpys = ({"threads": kind(2), "effort": kind(3000)} for kind in (int, np.int64))
    assert cwmp.certify(STATE, "fc-dear", "5%", **plain).support.tolist() == (
        cwmp.certify(STATE, "fc-dear", "5%", **numpys).support.tolist()
    )
    drawn, same = (cwmp.random_k(STATE, 1, "5%", seed=seed).support for seed in (3, np.uint8(3)))
    assert np.array_equal(drawn, same)


def test_complex_tensors_are_said_to_be_complex():
    torch = pytest.importorskip("torch")
    for update in ({"a": torch.ones(3, dtype=torch.complex64)}, torch.ones(3, dtype=torch.complex64)):
        with pytest.raises(cwmp.InputError, match=r"must be real numbers, got a complex tensor .*view_as_real"):
            cwmp.certify(update, 1, 1)
