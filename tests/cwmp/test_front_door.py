"""The front door in Python: light, frozen, in the caller's own layout, and with the words of the command line."""

import json
import re
import subprocess
import sys
from dataclasses import FrozenInstanceError
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

import cwmp
from cwmp.__main__ import COMMANDS, main
from theory.instance import CostClasses, Instance
from theory.selection import selectors

ROOT = Path(__file__).parents[2]
PUBLIC = {
    "audit", "certify", "check", "check_certificate", "claims", "draw", "energy", "figures", "frontier", "layers_of",
    "models", "pareto", "report", "saving", "saving_of_clients", "study", "verify",
    "by_pages", "cwmp", "one_price", "random_k", "safe", "top_k",
    "Certificate", "CostClasses", "CostModel", "InputError", "Instance", "PageCosts", "Relaxation", "Selection",
    "relax",
}  # fmt: skip
RNG = np.random.default_rng(3)
CONV, FC = RNG.standard_normal((4, 3, 5, 5)).astype(np.float32), RNG.standard_normal((10, 70)).astype(np.float32)
STATE = {"conv.weight": CONV, "fc.weight": FC}
LABELS = np.r_[np.zeros(300, int), np.ones(700, int)]
FLAT = np.r_[CONV.reshape(-1), FC.reshape(-1)]


def same_question(**budget):
    return Instance(FLAT, CostClasses(LABELS, [1, 10]), **budget)


def fresh(code, *flags, cwd=ROOT, check=True):
    run = [sys.executable, *flags, "-c", code]
    environment = {"PYTHONPATH": str(ROOT), "PATH": ""}
    return subprocess.run(run, cwd=cwd, env=environment, capture_output=True, text=True, check=check)


def test_the_public_names_are_one_list_and_all_are_there():
    assert set(cwmp.__all__) == PUBLIC
    for name in PUBLIC:
        assert getattr(cwmp, name).__doc__, name
    assert set(dir(cwmp)) >= PUBLIC
    with pytest.raises(AttributeError, match="no attribute 'certfy'"):
        cwmp.certfy  # noqa: B018
    assert not PUBLIC & {path.stem for path in (ROOT / "cwmp").iterdir()}, "a module would hide a function"


def test_every_command_has_its_function():
    """But for a chain of commands, a page of files, a shell's, and ``layers``, which is :func:`cwmp.layers_of`."""
    functions = {name.replace("-", "_") for name in COMMANDS} - {"table", "layers", "reproduce", "completion"}
    assert functions <= PUBLIC


def test_importing_the_package_and_asking_for_help_load_next_to_nothing():
    heavy = {"numpy", "scipy", "torch", "matplotlib", "numba", "joblib", "theory", "proofs_check", "figures"}
    done = fresh("import sys, cwmp; print(*{name.split('.')[0] for name in sys.modules})")
    assert not heavy & set(done.stdout.split())
    code = "import sys; from cwmp.__main__ import main; main(['--help'], standalone_mode=False); print(*sys.modules)"
    shown, _, loaded = fresh(code).stdout.strip().rpartition("\n")
    assert "check-certificate" in shown
    assert not heavy & {name.split(".")[0] for name in loaded.split()}


@pytest.mark.parametrize("name", ["certify", "saving", "frontier", "energy"])
def test_what_is_not_needed_is_not_loaded(name):
    loaded = fresh(f"import sys, cwmp; cwmp.{name}; print(*sys.modules)").stdout.split()
    assert "numpy" in loaded
    assert not {"torch", "matplotlib", "numba", "cvxpy", "joblib", "proofs_check.checks"} & set(loaded)


def test_certify_says_what_the_theory_says():
    found, instance = cwmp.certify(STATE, "fc-dear", budget="5%"), same_question(budget="5%")
    mask = np.r_[found.mask["conv.weight"].reshape(-1), found.mask["fc.weight"].reshape(-1)]
    assert (found.verdict, found.energy_unit, found.budget) == ("exact", "units", Fraction(365))
    assert found.spent == instance.spent(mask)
    assert found.retained == instance.retained(mask)
    assert found.support.tolist() == np.flatnonzero(mask).tolist()
    prefix = selectors.cwmp(instance)
    assert found.selections["CWMP prefix"].kept == prefix.mask.sum()
    norm = sum(Fraction(float(x)) ** 2 for x in FLAT)
    c = found.comparison
    assert c.relaxation_of_norm == pytest.approx(float(cwmp.relax(instance).value / norm), rel=1e-12)
    short = float((found.retained - prefix.retained) / norm)
    assert (
        0 <= short <= c.bound_of_norm == pytest.approx(c.relaxation_of_norm - float(prefix.retained / norm), rel=1e-9)
    )
    assert {kind.kind: kind.size for kind in found.kinds} == {"conv": 300, "fc": 700}
    assert sum(kind.kept["optimum"] for kind in found.kinds) == mask.sum()
    assert sum(kind.retained_of_norm["optimum"] for kind in found.kinds) == pytest.approx(float(found.retained / norm))
    swapped = prefix.mask.copy()
    swapped[found.swap.dropped], swapped[found.swap.added] = False, True
    assert np.array_equal(swapped, mask)


def test_a_frontier_is_the_certificates_of_its_budgets_and_names_the_winning_swap():
    found = cwmp.frontier(STATE, {"fc": 10, "rest": 1}, ["5%", 365, "20%"])
    assert [p.budget_share for p in found.points] == [0.05, 0.2], "5% and 365 J are one budget"
    for p in found.points:
        single = cwmp.certify(STATE, {"fc": 10, "rest": 1}, budget=p.budget)
        assert p.optimum == single.selections["optimum"].retained_of_norm
        assert p.cwmp == single.selections["CWMP prefix"].retained_of_norm <= p.optimum <= p.relaxation
        assert p.cwmp_optimal == single.selections["CWMP prefix"].optimal
        assert p.swap.added.tolist() == single.swap.added.tolist()
    assert any(p.cwmp_optimal is False for p in found.points)
    cheap = cwmp.frontier(STATE, {"fc": 10, "rest": 1}, "5%", exact=False).points[0]
    assert (cheap.optimum, cheap.cwmp_optimal, cheap.verdict) == (None, None, "bound")
    assert cheap.bound == found.points[0].bound


SAME_BUDGET = ["5%", " 5 %", 365, 365.0, "365", "365units", Fraction(365)]


@pytest.mark.parametrize("budget", SAME_BUDGET, ids=repr)
def test_a_budget_means_the_same_everywhere(budget):
    assert cwmp.certify(STATE, "fc-dear", budget).budget == 365
    chosen = cwmp.cwmp(STATE, "fc-dear", budget)
    assert chosen.spent == selectors.cwmp(same_question(budget=365)).spent
    if budget != "365units":
        assert cwmp.cwmp(FLAT, CostClasses(LABELS, [1, 10]), budget).spent == chosen.spent


@pytest.mark.parametrize("budget", ["3J", "5 kJ", "0%", "101%", -1, None, True, float("nan"), [3]])
def test_a_budget_that_means_nothing_is_refused_in_a_line(budget):
    for ask in (cwmp.certify, cwmp.cwmp):
        with pytest.raises(cwmp.InputError) as caught:
            ask(STATE, "fc-dear", budget)
        assert "\n" not in str(caught.value)
        assert "budget" in str(caught.value) or "fc-dear are ratios" in str(caught.value)


def test_a_number_that_was_meant_as_a_share_is_said_to_be_none():
    assert "this budget buys nothing; it was read as units, and a share is written 5%" in str(
        cwmp.certify(STATE, "fc-dear", 0.05)
    )
    nothing = str(cwmp.certify(np.zeros(10), 1, 5))
    assert "the update is zero everywhere: nothing is worth keeping" in nothing
    assert "buys nothing" not in nothing


@pytest.mark.parametrize("seed", [0, 1, 7])
def test_drawn_costs_do_not_follow_an_update_that_was_drawn_with_the_same_seed(seed):
    update = np.random.default_rng(seed).standard_normal(20_000)
    drawn, law = cwmp.saving(update, "lognorm(s=1)", seed=seed), cwmp.saving("norm()", "lognorm(s=1)")
    assert abs(drawn.saving[0] - law.saving[0]) < 0.05


@pytest.mark.parametrize(
    ("asked", "says"),
    [({"budget": []}, "an audit needs a budget"), ({"dim": []}, "an audit needs a number of coordinates"),
     ({"dim": "200"}, "dim must be a whole number >= 2, got '200'"), ({"dim": 2e2}, "dim must be"),
     ({"trials": "50"}, "trials must be"), ({"seed": None}, "seed must be"), ({"claims": 7}, "claims must be ids"),
     ({"jobs": -1}, "jobs must be"), ({"jobs": "2"}, "jobs must be"), ({"correlation": "x"}, "correlation must be")],
)  # fmt: skip
def test_an_audit_that_makes_no_sense_is_one_line(asked, says):
    with pytest.raises(cwmp.InputError, match=says) as caught:
        cwmp.audit("expon()", "lognorm(s=1)", **{"dim": np.int64(200), "trials": 50, "jobs": 1, **asked})
    assert "\n" not in str(caught.value)


def test_masks_come_back_in_the_layout_of_the_update():
    torch = pytest.importorskip("torch")
    wanted = selectors.cwmp(same_question(budget="5%")).mask
    conv, fc = wanted[:300].reshape(CONV.shape), wanted[300:].reshape(FC.shape)
    tensors = {name: torch.from_numpy(array) for name, array in STATE.items()}
    steps = {"steps": torch.tensor(3), "head.weight": tensors["fc.weight"]}
    shaped = cwmp.cwmp({**tensors, **steps}, "fc-dear", "5%").mask
    assert list(shaped) == ["conv.weight", "fc.weight", "head.weight"], "integers have no mask, tied tensors share one"
    assert all(isinstance(mask, torch.Tensor) and mask.dtype == torch.bool for mask in shaped.values())
    assert np.array_equal(shaped["conv.weight"].numpy(), conv)
    assert np.array_equal(shaped["head.weight"].numpy(), fc)
    nested = cwmp.cwmp({"conv": {"weight": CONV}, "fc": [FC, np.int64(3)]}, {"conv": 1, "fc.0": 10}, "5%").mask
    assert np.array_equal(nested["conv"]["weight"], conv)
    assert np.array_equal(nested["fc"][0], fc)
    assert nested["fc"][1] is None
    first, second = cwmp.cwmp([CONV, FC], {"0": 1, "1": 10}, "5%").mask
    assert np.array_equal(first, conv)
    assert np.array_equal(second, fc)
    square = cwmp.top_k(FC, 1, "50%").mask
    assert square.shape == FC.shape
    assert square.sum() == 350
    half = cwmp.cwmp({"w": torch.ones(3, 2, dtype=torch.bfloat16)}, 1, "50%")
    assert (half.mask["w"].sum(), half.support.tolist(), half.retained) == (3, [0, 1, 2], 3)


def test_gradients_of_a_module():
    torch = pytest.importorskip("torch")
    model = torch.nn.Sequential(torch.nn.Conv2d(1, 4, 3), torch.nn.Flatten(), torch.nn.Linear(16, 3))
    with pytest.raises(cwmp.InputError, match="no parameter has a gradient; call backward"):
        cwmp.certify(model, "fc-dear", "10%")
    model(torch.randn(2, 1, 4, 4, generator=torch.Generator().manual_seed(0))).square().sum().backward()
    found = cwmp.certify(model, "fc-dear", "10%")
    assert {name: mask.shape for name, mask in found.mask.items()} == {n: p.shape for n, p in model.named_parameters()}
    assert [layer.kind for layer in cwmp.layers_of(model)] == ["conv", "conv", "fc", "fc"]
    energy = cwmp.energy(model, "fc-dear")
    assert {kind.kind: (kind.size, kind.energy) for kind in energy.kinds} == {"conv": (40, 40.0), "fc": (51, 510.0)}
    assert (energy.total, energy.ratio, energy.ceiling, energy.energy_unit) == (550.0, 10.0, 0.9, "units")


@pytest.mark.parametrize("costs", [
    "fc-dear", "fc=10,conv=1", {"fc": 10, "conv": 1}, {"fc.weight": 10, "rest": 1}, np.where(LABELS, 10.0, 1.0),
    {"conv.weight": np.ones_like(CONV), "fc.weight": np.full_like(FC, 10)},
    [np.ones_like(CONV), np.full_like(FC, 10)], CostClasses(LABELS, [1, 10]),
], ids=lambda costs: type(costs).__name__)  # fmt: skip
def test_costs_in_every_form_are_the_same_costs(costs):
    assert cwmp.cwmp(STATE, costs, "5%").support.tolist() == cwmp.cwmp(STATE, "fc-dear", "5%").support.tolist()


@pytest.mark.parametrize(
    ("update", "cost", "says"),
    [
        ({"w": np.ones(3, complex)}, 1, "w has type complex128"),
        ({"n": np.ones(3, int)}, 1, "holds no tensor of floating-point numbers"),
        ({}, 1, "holds no tensor"),
        (object(), 1, "an update is an array or tensor of floats, a state dict"),
        ("gone.npy", 1, "gone.npy: no such file"),
        (STATE, None, "cost is missing"),
        (STATE, "dear", "is no energy model"),
        (STATE, np.ones(3), "3 costs for an update of 1000 coordinates"),
        (STATE, {"lstm": 1, "rest": 2}, "no layer is called or of kind 'lstm'"),
        (STATE, {"fc": "dear", "rest": 2}, "cost of 'fc' must be a finite real number"),
        (STATE, object(), "cost must be a real number"),
        (np.array([1.0, np.nan]), 1, r"update\[1\] = nan"),
    ],
)
def test_bad_input_is_one_line(update, cost, says):
    with pytest.raises(cwmp.InputError, match=says) as caught:
        cwmp.certify(update, cost, "5%")
    assert "\n" not in str(caught.value)


def test_results_are_frozen_and_turn_into_plain_data(tmp_path):
    found = [
        cwmp.certify(STATE, "fc-dear", "5%"), cwmp.frontier(STATE, "fc-dear", "5%"), cwmp.energy(STATE, "ble-dram"),
        cwmp.saving("laplace()", "lognorm(s=0.1)"), cwmp.models("ble-dram"),
    ]  # fmt: skip
    for result in found:
        assert json.loads(result.to_json()) == json.loads(json.dumps(result.to_dict(), default=list))
        assert repr(result) == str(result)
        page = result._repr_html_()
        assert page.startswith('<div class="cwmp">')
        with pytest.raises(FrozenInstanceError):
            result.d = 3
    nasty = cwmp.certify({**STATE, "<b>": np.arange(3)}, 1, "5%")
    assert "&lt;b&gt;" in nasty._repr_html_()
    assert "<b>" not in nasty._repr_html_()


def test_the_command_prints_what_python_prints(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    np.savez("u.npz", **STATE)
    run = lambda line: CliRunner().invoke(main, line.split(), catch_exceptions=False).stdout  # noqa: E731
    assert run("certify u.npz --cost fc-dear --budget 5% --quiet").startswith(
        str(cwmp.certify("u.npz", "fc-dear", "5%"))
    )
    assert (
        json.loads(run("certify u.npz --cost fc-dear --budget 5% --quiet --json"))
        == cwmp.certify("u.npz", "fc-dear", "5%").to_dict()
    )
    assert run("frontier u.npz --cost fc-dear --quiet").strip() == str(cwmp.frontier("u.npz", "fc-dear"))
    assert run("energy u.npz --cost ble-dram").strip() == str(cwmp.energy("u.npz", "ble-dram"))
    assert run("saving --update u.npz --cost fc-dear").strip() == str(cwmp.saving("u.npz", "fc-dear"))
    assert run("models").strip() == str(cwmp.models())
    checked = cwmp.check_certificate("u.npz.certificate.json", STATE, "fc-dear", "5%")
    assert checked.verdict == "exact"
    assert cwmp.check_certificate("u.npz.certificate.json", STATE, "fc-dear", "6%").verdict == "refused"
    assert run("check-certificate u.npz.certificate.json u.npz").strip() == str(checked)


def test_pictures_are_drawn_where_they_are_asked_for(tmp_path):
    pytest.importorskip("matplotlib")
    from matplotlib.figure import Figure

    found = [cwmp.certify(STATE, "fc-dear", "5%"), cwmp.frontier(STATE, "fc-dear", ["5%", "20%"]),
             cwmp.energy(STATE, "fc-dear"), cwmp.saving("laplace()", "lognorm(s=0.1)")]  # fmt: skip
    for result in found:
        own = result.plot()
        assert own._repr_png_()[:4] == b"\x89PNG"
        assert own.get_xlabel()
        assert own.get_ylabel()
        ax = Figure().add_subplot()
        assert result.plot(ax=ax) is ax
        assert ax.has_data()
        with pytest.raises(cwmp.InputError, match="ax must be Matplotlib's Axes"):
            result.plot(ax=3)
    kept = {line.get_label(): line.get_ydata() for line in found[1].plot().get_lines()}
    assert list(kept["CWMP"]) == [100 * p.cwmp for p in found[1].points]


def test_a_users_package_with_a_name_of_ours_is_named(tmp_path):
    (tmp_path / "theory").mkdir()
    (tmp_path / "theory" / "__init__.py").write_text("x = 1\n")
    done = fresh("import cwmp; cwmp.certify", cwd=tmp_path, check=False)
    last = done.stderr.strip().splitlines()[-1]
    assert last.startswith("ImportError: ")
    assert str(tmp_path / "theory" / "__init__.py") in last
    assert "rename yours" in last
    (tmp_path / "theory" / "__init__.py").rename(tmp_path / "theory" / "other.py")
    (tmp_path / "figures.py").write_text("x = 1\n")
    assert "has the name of the package figures" in fresh("import cwmp; cwmp.saving", cwd=tmp_path, check=False).stderr
    np.save(tmp_path / "u.npy", FLAT)
    run = subprocess.run(
        [sys.executable, "-m", "cwmp", "energy", "u.npy", "--cost", "2"], cwd=tmp_path, capture_output=True, text=True,
        check=True, env={"PYTHONPATH": str(ROOT), "PATH": ""},
    )  # fmt: skip
    assert "2000 J" in run.stdout, "the command line looks for ours first"


def test_a_script_without_a_main_guard_can_verify(tmp_path):
    pytest.importorskip("cvxpy")
    script = tmp_path / "mine.py"
    script.write_text("print('once')\nimport cwmp\nprint(cwmp.verify('D11', jobs=1).verdicts)\n")
    done = subprocess.run([sys.executable, str(script)], cwd=tmp_path, capture_output=True, text=True, check=False,
                          env={"PYTHONPATH": str(ROOT), "PATH": ""})  # fmt: skip
    assert done.stdout.splitlines() == ["once", "{'D11': 'refuted'}"], done.stderr
    assert not list(tmp_path.glob("runs"))


def test_selectors_take_what_the_theory_takes():
    instance = same_question(budget="5%")
    wanted = selectors.cwmp(instance)
    assert np.array_equal(cwmp.cwmp(instance).mask, wanted.mask)
    out = np.empty(1000, bool)
    assert cwmp.cwmp(FLAT, CostClasses(LABELS, [1, 10]), "5%", out=out).mask is out
    assert np.array_equal(out, wanted.mask)
    assert np.array_equal(cwmp.random_k(instance, 4).mask, selectors.random_k(instance, 4).mask)
    drawn = cwmp.random_k(STATE, "fc-dear", "5%", seed=4)
    assert drawn.spent == selectors.random_k(instance, 4).spent
    with pytest.raises(cwmp.InputError, match="seed must be"):
        cwmp.random_k(STATE, "fc-dear", "5%")


def test_help_is_whole_sentences_and_every_option_says_what_it_takes():
    runner = CliRunner()
    shown = re.sub(r"\s+", " ", runner.invoke(main, ["--help"]).stdout.partition("Commands:")[2])
    assert "..." not in shown
    for name, (_, about) in COMMANDS.items():
        command = main.get_command(None, name)
        told = re.sub(r"\s+", " ", command.help or "")
        assert about.endswith(".")
        assert f"{name} {about}" in shown
        assert told.startswith(about), name
        for option in command.params:
            if option.param_type_name == "option":
                assert option.help, (name, option.name)
                assert option.help.endswith((".", "]")), (name, option.name)
                bare = {"TEXT", "PATH", "FILE", "DIRECTORY", "COSTS"} - {"FILE", "COSTS"}
                assert option.is_flag or option.make_metavar(None) not in bare, (name, option.name)


def test_quiet_wherever_there_is_progress():
    for name in ("certify", "frontier", "audit", "check", "verify", "pareto", "study", "reproduce"):
        assert "quiet" in {option.name for option in main.get_command(None, name).params}, name


def test_defaults_of_study_figures_and_report_meet():
    of = lambda name: {o.name: o.default for o in main.get_command(None, name).params}  # noqa: E731
    assert of("study")["output"] == of("figures")["records"] == of("report")["records"]
