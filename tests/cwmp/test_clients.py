"""The front door to several clients, safe selections and pages: the theory's answers, in the caller's own layout."""

import json
import math
from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest
from click.testing import CliRunner

import cwmp
from cwmp.__main__ import main
from cwmp.api.clients import saving_of_norms
from theory.errors import InputError
from theory.instance import CostClasses, Instance
from theory.layers import Layer
from theory.optimum.pooled import index_at
from theory.optimum.relaxation import relax
from theory.selection.paged import by_pages

RNG = np.random.default_rng(5)
SHAPES = {"conv.weight": (4, 3, 5, 5), "fc.weight": (10, 70)}
STATES = [
    {name: (scale * RNG.standard_normal(shape)).astype(np.float32) for name, shape in SHAPES.items()}
    for scale in (1.0, 2.0, 0.25)
]
LABELS = np.r_[np.zeros(300, int), np.ones(700, int)]
JOULES = 3 * 7300 // 20  # 5 % of what three clients spend on everything


def flat(state):
    return np.concatenate([part.reshape(-1) for part in state.values()])


def end_to_end(budget):
    update = np.concatenate([flat(state) for state in STATES])
    return Instance(update, CostClasses(np.tile(LABELS, 3), [1, 10]), budget)


@pytest.mark.parametrize("total", ["5%", JOULES, f"{JOULES}units"])
@pytest.mark.parametrize("updates", [STATES, tuple(STATES), lambda: iter(STATES)], ids=["list", "tuple", "stream"])
def test_one_price_is_one_selection_of_all_clients(updates, total):
    found, whole = cwmp.one_price(updates, "fc-dear", total), cwmp.cwmp(end_to_end(JOULES))
    assert [mask["fc.weight"].shape for mask in found.masks] == [(10, 70)] * 3
    assert np.array_equal(np.concatenate([flat(mask) for mask in found.masks]), whole.mask)
    assert sum(found.spent) == whole.spent
    assert found.critical is not None


def test_what_one_price_saves_is_that_of_the_relaxations():
    found = cwmp.saving_of_clients(STATES, {"fc": 10, "rest": 1}, "5%").report
    one = relax(end_to_end(JOULES)).value
    equal = sum(relax(Instance(flat(s), CostClasses(LABELS, [1, 10]), Fraction(JOULES, 3))).value for s in STATES)
    assert found["retained"] == pytest.approx(float(one / equal), rel=1e-12)
    assert found["retained"] > 1.1
    less = Fraction(JOULES) * (1 - Fraction(found["saving"]))
    assert float(relax(end_to_end(less)).value) == pytest.approx(float(equal), rel=1e-9)
    norms = sum(float((flat(s).astype(float) ** 2).sum()) for s in STATES)
    assert found["of_norm"] == pytest.approx([float(one) / norms, float(equal) / norms])
    assert 0 < found["retained"] - 1 <= found["bound"]
    assert found["joules"][0] < 1 < found["joules"][1] <= 3


def test_the_index_is_that_of_the_tail_whatever_the_scales():
    updates = [s * RNG.pareto(4.0, 200_000) + s for s in (1.0, 3.0)]
    costs = [CostClasses(RNG.integers(0, 3, 200_000), [1, 2, 3]) for _ in updates]
    assert index_at(updates, costs, 4 * 9.0) == pytest.approx(4.0, rel=0.05)
    assert math.isnan(index_at(updates, costs, 1e30))


def test_norms_that_are_lognormal_save_what_their_power_means_say():
    found = saving_of_norms("lognorm(s=0.5)", 3.0).report
    assert found["retained_law"] == pytest.approx(math.exp(0.25), rel=0.02)  # M_a/M_2 = exp((a - 2) s^2 / 2)
    assert found["saving_law"] == pytest.approx(1 - math.exp(-0.75), rel=0.02)
    assert math.isnan(saving_of_norms("lognorm(s=0.5)", 1.5).report["saving_law"])
    assert saving_of_norms("lognorm(s=0.5)", 3.0, kept=0.75).report == found
    beyond = saving_of_norms("lognorm(s=0.5)", 3.0, kept=0.8)  # e^0.25 of 0.8 is more than all
    assert math.isnan(beyond.report["saving_law"])
    assert "it would keep more than everything" in str(beyond)


@pytest.mark.parametrize("safety", ["0.8", 1, 0])
def test_safe_keeps_its_promise_in_every_layer(safety):
    costs, budget = {"fc": 10, "rest": 1}, "3%"
    found, top = cwmp.safe(STATES[0], costs, budget, safety=safety), cwmp.top_k(STATES[0], costs, budget)
    for name, values in STATES[0].items():
        kept, owed = ((values.astype(float)[one.mask[name]] ** 2).sum() for one in (found, top))
        assert kept >= float(safety) * owed - 1e-9
    plain = cwmp.cwmp(STATES[0], costs, budget)
    assert (np.array_equal(found.flat, plain.flat)) == (safety == 0)
    by_sizes = cwmp.safe(flat(STATES[0]), CostClasses(LABELS, [1, 10]), "3%", layers=[300, 700], safety=safety)
    assert np.array_equal(by_sizes.mask, found.flat)
    as_text = cwmp.safe(flat(STATES[0]), "10", "3%", layers=[300, 700], safety=safety)
    assert as_text.flat.sum() > 0


SELECTORS = {
    "cwmp": cwmp.cwmp,
    "top_k": cwmp.top_k,
    "random_k": lambda *given, **options: cwmp.random_k(*given, seed=1, **options),
    "safe": cwmp.safe,
    "one_price": lambda update, *given, **options: cwmp.one_price([update] * 2, *given, **options),
}


def _masks(found):
    return found.masks if hasattr(found, "masks") else [found.mask]


@pytest.mark.parametrize("name", SELECTORS)
def test_every_selector_takes_layers_in_the_same_forms(name, tmp_path):
    update, select = flat(STATES[0]), SELECTORS[name]
    (tmp_path / "layers.json").write_text('[{"name": "a", "shape": [30, 10]}, {"name": "b", "shape": [700]}]')
    pairs = [("a", (30, 10)), ("b", (700,))]
    forms = [tmp_path / "layers.json", [300, 700], (np.int64(300), 700), [Layer("a", (300,), "fc"), 700]]
    for cost in (1, "1"):
        expected = _masks(select(update, cost, "5%", layers=pairs))
        for layers in forms:
            found = _masks(select(update, cost, "5%", layers=layers))
            assert all(np.array_equal(one, other) for one, other in zip(found, expected, strict=True))
        for layers, message in (
            ([300, 699], "the layers hold 999 coordinates, the update has 1000"),
            ([300, True], "layers must be a file, a module, Layer objects, pairs of name and shape, or how many"),
            ([-300, 1300], "a layer of -300 coordinates: layers must be"),
            (7, "layers must be a file, a module"),
        ):
            with pytest.raises(InputError, match=message) as caught:
                select(update, cost, "5%", layers=layers)
            assert "\n" not in str(caught.value)


def test_pages_in_the_layout_of_the_update():
    costs = cwmp.PageCosts(64, "1uJ", "40uJ")
    found, same = cwmp.by_pages(STATES[0], costs, "5%"), by_pages(flat(STATES[0]), costs, "5%")
    assert found.mask["conv.weight"].shape == SHAPES["conv.weight"]
    assert np.array_equal(flat(found.mask), same.mask)
    assert found.spent == same.spent
    opened = [flat(found.mask)[a:b].any() for a, b in pairwise([*range(0, 1000, 64), 1000])]
    assert found.spent * found.unit == (found.flat.sum() + 40 * sum(opened)) * Fraction(1, 10**6)
    assert cwmp.by_pages(STATES[0], "nor-program", "50%").flat.any()


@pytest.mark.parametrize(
    ("ask", "says"),
    [
        (lambda: cwmp.one_price([], 1, 5), "there is no client"),
        (lambda: cwmp.one_price("updates", 1, 5), "a list of one a client"),
        (lambda: cwmp.one_price([np.ones(3), np.ones(4)], 1, 2), "client"),
        (lambda: cwmp.one_price(STATES, "fc-dear", None), "budget is missing"),
        (lambda: cwmp.saving_of_clients(STATES[:1], "fc-dear", "5%"), "two updates at least"),
        (lambda: cwmp.safe(np.ones(5), 1, 2), "layers are missing"),
        (lambda: cwmp.safe(np.ones(5), 1, 2, layers=[2, 2]), "4 coordinates"),
        (lambda: cwmp.safe(STATES[0], "fc-dear", "5%", safety=1.5), r"safety = 1.5: must be a share in \[0, 1\]"),
        (lambda: cwmp.by_pages(np.ones(5), 3, 2), "cost is missing: PageCosts"),
        (lambda: cwmp.by_pages(np.ones(5), "tape", 2), "no memory 'tape' is written by page; there are nor-program"),
        (lambda: cwmp.by_pages(np.ones(5), cwmp.PageCosts([(0, 3), (2, 5)], 1, 1), 2), "overlap"),
        (lambda: cwmp.by_pages(np.ones(5), cwmp.PageCosts(2, 1, -1), 2), "page cost"),
    ],
)
def test_what_cannot_be_answered_is_said_in_one_line(ask, says):
    with pytest.raises(cwmp.InputError, match=says) as caught:
        ask()
    assert "\n" not in str(caught.value)


@pytest.fixture
def files(tmp_path):
    paths = [tmp_path / f"{k}.npz" for k in range(3)]
    for path, state in zip(paths, STATES, strict=True):
        np.savez(path, **state)
    return [word for path in paths for word in ("--update", str(path))]


def test_the_command_says_what_python_says(files):
    done = CliRunner().invoke(main, ["saving", *files, "--cost", "fc-dear", "--clients", "--budget", "5%,10%"])
    assert done.exit_code == 0, done.output
    pages = [str(cwmp.saving_of_clients(STATES, "fc-dear", budget)) for budget in ("5%", "10%")]
    assert done.output == "\n\n".join(pages) + "\n"
    assert "3 clients of 1000 coordinates, for all of them together a budget of 5 % of sending" in done.output
    done = CliRunner().invoke(main, ["saving", *files, "--cost", "fc-dear", "--clients", "--json"])
    assert json.loads(done.output) == [json.loads(cwmp.saving_of_clients(STATES, "fc-dear", "10%").to_json())]


def test_norms_of_clients_may_be_a_law():
    asked = ["saving", "--magnitude", "t(df=3)", "--cost", "lognorm(s=0.3)", "--clients", "lognorm(s=1)"]
    done = CliRunner().invoke(main, asked)
    assert done.exit_code == 0, done.output
    assert "at equal score     CWMP spends" in done.output
    assert "clients            norms ~ lognorm(s=1)" in done.output
    (one,) = json.loads(CliRunner().invoke(main, [*asked, "--json"]).output)
    assert one["clients"]["saving_law"] == pytest.approx(1 - math.exp(-one["tail"]), rel=0.05)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--magnitude", "t(df=3)", "--cost", "lognorm(s=0.3)", "--clients"], "compares the updates; leave out --magn"),
        (["--magnitude", "t(df=3)", "--cost", "lognorm(s=0.3)", "--clients", "big"], "big"),
        (["--clients", "--cost", "1"], "there is no client"),
        (["--clients"], "--cost is missing"),
    ],
)
def test_the_command_refuses_in_one_line(arguments, says):
    done = CliRunner().invoke(main, ["saving", *arguments])
    assert done.exit_code == 2
    assert says in done.output
    assert done.output.startswith("cwmp: ")
    assert done.output.count("\n") == 1


FIRST = {"fc.weight": np.full((2, 2), 3.0), "conv.weight": np.full((1, 1, 2, 2), 2.0)}
TURNED = dict(reversed(FIRST.items()))


NESTED = {"conv": {"weight": FIRST["conv.weight"]}, "fc": {"weight": FIRST["fc.weight"]}}


@pytest.mark.parametrize("second", [TURNED, NESTED], ids=["turned", "nested"])
def test_clients_are_matched_by_name_whatever_the_order(second):
    """At 10 and 1 joules: 8 convolution weights for 8 J, one of the first client's others for 10 of the 16 left."""
    for updates in ([FIRST, second], lambda: iter([FIRST, second])):
        found = cwmp.one_price(updates, "fc=10,conv=1", 24)
        one, other = found.masks
        assert list(other) == list(second)
        flat_other = (
            other if "fc.weight" in other else {f"{name}.weight": part["weight"] for name, part in other.items()}
        )
        assert {name: mask.tolist() for name, mask in one.items()} == {
            "fc.weight": [[True, False], [False, False]], "conv.weight": [[[[True, True], [True, True]]]]}  # fmt: skip
        assert (flat_other["conv.weight"].all(), flat_other["fc.weight"].any()) == (True, False)
        assert found.spent == (14, 4)
        saving = cwmp.saving_of_clients(updates, "fc=10,conv=1", 24)
        assert str(saving) == str(cwmp.saving_of_clients([FIRST, FIRST], "fc=10,conv=1", 24))


def test_tied_clients_are_matched_by_any_of_their_names():
    torch = pytest.importorskip("torch")
    values = torch.tensor([3.0, 2.0])
    one, other = ({name: values.clone() if name == "b" else values for name in names} for names in ("axb", "bxa"))
    found = cwmp.one_price([one, other], {"a": 1, "b": 1}, 5)
    assert found.spent == (3, 2)
    assert [mask["a"].tolist() for mask in found.masks] == [mask["x"].tolist() for mask in found.masks]
    assert [mask["a"].tolist() for mask in found.masks] == [[True, True], [True, False]]
    assert [mask["b"].tolist() for mask in found.masks] == [[True, False], [True, False]]
    with pytest.raises(InputError, match="client 1 has 'x', unlike client 0"):
        cwmp.one_price([one, {name: part.clone() for name, part in other.items()}], 1, 5)


@pytest.mark.parametrize(
    ("other", "says"),
    [
        ({"x": np.ones(4), "y": np.ones(4)}, "client 1 has 'x', unlike client 0: all must have the same tensors"),
        ({"fc.weight": np.ones((2, 2))}, "client 1 lacks 'conv.weight', unlike client 0"),
        ({**FIRST, "fc.weight": np.ones(4)}, r"client 1 has shape \(4,\) in 'fc.weight' and client 0 \(2, 2\)"),
        (np.ones(8), "client 1 has a flat array, unlike client 0"),
        ({**FIRST, "fc.weight": np.ma.masked_less(FIRST["fc.weight"], 9)}, "client 1: fc.weight is a masked array"),
    ],
)
def test_clients_of_other_names_or_shapes_are_refused(other, says):
    for updates in ([FIRST, other], lambda: iter([FIRST, other])):
        for ask in (cwmp.one_price, cwmp.saving_of_clients):
            with pytest.raises(InputError, match=says) as caught:
                ask(updates, 1, 5)
            assert "\n" not in str(caught.value)


def test_a_function_of_updates_is_called_three_times():
    calls = []
    cwmp.one_price(lambda: (calls.append(1), iter(STATES))[1], "fc-dear", "5%")
    assert len(calls) == 3
    fewer = iter([STATES, STATES[:2], STATES[:2]])
    with pytest.raises(InputError, match="updates gave 3 clients at first and 2 later"):
        cwmp.one_price(lambda: next(fewer), "fc-dear", "5%")


@pytest.mark.parametrize(
    ("ask", "says"),
    [
        (lambda: cwmp.by_pages(np.ones(9), "nor-program", "5units"), "costs of nor-program are joules, not units"),
        (lambda: cwmp.by_pages(np.ones(9), "nor-program", "5%", word_bits=0), "word_bits must be a whole number >= 1"),
        (lambda: cwmp.by_pages(np.ones(9), "nor-program", "5%", word_bits="32"), "word_bits must be a whole number"),
        (lambda: cwmp.by_pages(np.ones(9), "nor-program", "5%", word_bits=4096), "holds no word of 4096 bits"),
        (lambda: cwmp.one_price({"a": np.ones(3)}, 1, 1), "updates must be a list of one a client"),
        (lambda: cwmp.one_price(lambda: 3, 1, 1), "updates must be a list .* it gave int"),
    ],
)
def test_pages_and_clients_refuse_what_means_nothing(ask, says):
    with pytest.raises(InputError, match=says):
        ask()
