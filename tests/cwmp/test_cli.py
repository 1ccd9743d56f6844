"""The command line as a user meets it: real files, one-line errors, exit codes, nothing written on bad input."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from cwmp.__main__ import main
from cwmp.pages.words import fixed, joules
from proofs_check.checks import checks_of, runnable
from theory.instance import CostClasses, Instance
from theory.selection.selectors import cwmp, top_k

LAYERS = [{"name": "conv.weight", "shape": [4, 3, 5, 5]}, {"name": "fc.weight", "shape": [10, 70]}]


def run(*arguments, cwd=None):
    return CliRunner().invoke(main, [str(a) for a in arguments], catch_exceptions=False)


@pytest.fixture
def files(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(5)
    np.save("update.npy", rng.standard_normal(1000).astype(np.float32))
    np.save("costs.npy", rng.lognormal(size=1000))
    Path("layers.json").write_text(json.dumps(LAYERS))
    return tmp_path


def test_certify_reports_what_the_library_says(files):
    done = run("certify", "update.npy", "--layers", "layers.json", "--cost", "fc-dear", "--budget", "5%", "--json")
    assert done.exit_code == 0
    report = json.loads(done.stdout)
    labels = np.r_[np.zeros(300, int), np.ones(700, int)]
    instance = Instance(np.load("update.npy"), CostClasses(labels, [1, 10]), budget="5%")
    chosen, kept = cwmp(instance), report["selections"]["CWMP prefix"]
    assert kept["kept"] == int(chosen.mask.sum())
    assert kept["spent"] == float(chosen.spent)
    assert report["verdict"] == "exact"
    optimum = report["selections"]["optimum"]
    assert optimum["optimal"]
    assert all(s["below_best"] >= 0 for s in report["selections"].values())
    assert report["selections"]["Top-K"]["retained_of_norm"] < optimum["retained_of_norm"]


def test_what_is_only_the_best_found_is_called_so(files):
    """With next to no effort the answer is an interval: no row is above the last one, which is no optimum."""
    arguments = ("certify", "update.npy", "--layers", "layers.json", "--cost", "costs.npy", "--budget", "5%")
    arguments += ("--effort", "2")
    done = run(*arguments, "--json")
    assert done.exit_code == 3
    report = json.loads(done.stdout)
    assert list(report["selections"])[-1] == "best found"
    assert all(s["below_best"] >= 0 and not s["optimal"] for s in report["selections"].values())
    shown = run(*arguments).stdout
    assert "below best found" in shown
    assert "below optimum" not in shown


def test_a_certificate_that_needs_its_costs_names_the_option_that_gives_them(files):
    assert run("certify", "update.npy", "--cost", "costs.npy", "--budget", "30%", "--output", "c.json").exit_code == 0
    refused = run("check-certificate", "c.json", "update.npy")
    assert refused.exit_code == 1
    assert "by --cost" in refused.stderr
    assert run("check-certificate", "c.json", "update.npy", "--cost", "costs.npy").exit_code == 0


def test_left_out_names_are_a_line_that_can_be_read(files):
    steps = {f"layer{k}.a_rather_long_name.num_batches_tracked": np.arange(2) for k in range(51)}
    np.savez("many.npz", weight=np.load("update.npy"), **steps)
    shown = run("certify", "many.npz", "--cost", "1", "--budget", "30%").stdout
    line = next(line for line in shown.splitlines() if line.startswith("left out"))
    assert "and 48 more" in line
    assert len(line) < 240


@pytest.mark.parametrize(
    ("share", "digits", "shown"),
    [(0.99999999, 5, "99.99999 %"), (1.0, 5, "100.00000 %"), (0.999, 1, "99.9 %"), (0.9999, 1, "99.9 %"),
     (0.05, 3, "5.000 %"), (0.9999, 0, "99 %")],
)  # fmt: skip
def test_less_than_everything_never_reads_as_everything(share, digits, shown):
    assert fixed(share, digits) == shown


def test_below_the_optimum_says_of_what(files):
    shown = run("certify", "update.npy", "--cost", "costs.npy", "--budget", "30%").stdout
    assert "Below optimum: by what share of the optimum's own retained ||g||^2" in shown


def test_verify_leaves_nothing_in_the_current_folder(files):
    """Hypothesis keeps notes in the folder it is started in, unless it is told otherwise."""
    code = [sys.executable, "-m", "cwmp", "verify", "D7", "--output", "elsewhere"]
    before = set(os.listdir())
    assert subprocess.run(code, capture_output=True, check=False).returncode == 0
    assert set(os.listdir()) - before == {"elsewhere"}


def test_a_notebooks_backend_does_not_reach_the_figures(files):
    """A backend that Matplotlib cannot load here, as one of a notebook's kernel is outside of it."""
    environment = {**os.environ, "MPLBACKEND": "module://of_some_notebook.backend_inline"}
    code = [sys.executable, "-m", "cwmp", "energy", "update.npy", "--cost", "costs.npy", "--plot", "plot.png"]
    done = subprocess.run(code, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert Path("plot.png").stat().st_size


def test_a_model_of_ones_own_is_written_filled_in_shown_and_used(files):
    assert run("models", "--new", "board.toml").exit_code == 0
    text = Path("board.toml").read_text()
    Path("board.toml").write_text(text.replace('"21.3e-9"', '"5pJ/bit"').replace("nRF52832", "my own meter"))
    assert "my own meter" in run("models", "board.toml").stdout
    mine = run("energy", "update.npy", "--layers", "layers.json", "--cost", "board.toml", "--json")
    changed = run("energy", "update.npy", "--layers", "layers.json", "--cost", "ble-dram,radio=5pJ/bit", "--json")
    assert mine.exit_code == 0, mine.stderr
    assert json.loads(mine.stdout)["total"] == json.loads(changed.stdout)["total"]
    shown = run("energy", "update.npy", "--layers", "layers.json", "--cost", "board.toml").stdout
    even = json.loads(mine.stdout)["break_even"]
    assert f"From a radio of {joules(even)}/bit on" in shown
    assert "this one spends 5 pJ/bit" in shown
    Path("notes.toml").write_text("mine")
    assert run("models", "--new", "notes.toml").exit_code == 2  # somebody's file stays
    assert run("models", "--new", "board.txt").exit_code == 2


def test_a_certificate_is_checked_alone_and_any_changed_bit_is_refused(files):
    assert run("certify", "update.npy", "--cost", "costs.npy", "--budget", "30%", "--output", "c.json").exit_code == 0
    check = ("check-certificate", "c.json", "update.npy", "--cost", "costs.npy")
    assert run(*check).stdout.startswith("exact:")
    for name in ("update.npy", "costs.npy"):
        whole = Path(name).read_bytes()
        for place in (128, 1000, len(whole) - 1):
            Path(name).write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
            refused = run(*check)
            assert (refused.exit_code, refused.stdout.split(":")[0]) == (1, "refused")
        Path(name).write_bytes(whole)
    text = Path("c.json").read_text()
    Path("c.json").write_text(text.replace('"budget": "', '"budget": "1'))
    assert run(*check).exit_code == 1
    Path("c.json").write_text(text[:-30])
    damaged = run(*check)
    assert damaged.exit_code == 2
    assert len(damaged.stderr.strip().splitlines()) == 1


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("kind", [np.float16, np.float32])
def test_narrow_costs_warn_of_nothing(kind, files):
    np.save("narrow.npy", np.load("costs.npy").clip(1e-3, 1e3).astype(kind))
    assert run("certify", "update.npy", "--cost", "narrow.npy", "--budget", "30%", "--output", "c.json").exit_code == 0


def test_an_interrupt_that_no_command_has_dealt_with(files, monkeypatch):
    def interrupted(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr("cwmp.commands.certificates.certify_command.callback", interrupted)
    stopped = run("certify", "update.npy", "--cost", "1", "--budget", "30%")
    assert (stopped.exit_code, stopped.stderr.strip()) == (130, "cwmp: stopped")


def test_costs_that_are_in_no_file_are_written_beside_the_certificate(files):
    labels = np.random.default_rng(0).integers(0, 2, 6000)
    layers = [{"name": f"l{i}", "shape": [1], "kind": "ab"[label]} for i, label in enumerate(labels.tolist())]
    Path("layers.json").write_text(json.dumps(layers))
    np.save("update.npy", np.random.default_rng(1).standard_normal(6000))
    arguments = ["--layers", "layers.json", "--cost", "a=1,b=3", "--budget", "10%", "--output", "c.json"]
    assert run("certify", "update.npy", *arguments).exit_code == 0
    assert run("check-certificate", "c.json", "update.npy", "--cost", "c.cost.npy").exit_code == 0


@pytest.mark.parametrize(
    ("arguments", "names"),
    [
        ("certify missing.npy --cost 1 --budget 1%", "missing.npy: no such file"),
        ("certify update.txt --cost 1 --budget 1%", "unknown file type '.txt'"),
        ("certify update.npy --cost fc-dear --budget 1%", "give a layers file"),
        ("certify update.npy --cost nonsense --budget 1%", "'nonsense' is no energy model"),
        ("certify update.npy --cost 0 --budget 1%", "costs must be > 0"),
        ("certify update.npy --cost -2 --budget 1%", "costs must be > 0"),
        ("certify update.npy --cost 1 --budget 12x", "budget '12x' must be a share"),
        ("certify update.npy --cost 1 --budget=-3J", "budget '-3J' must be"),
        ("certify update.npy --cost short.npy --budget 1%", "3 costs for an update of 1000"),
        ("certify update.npy --cost nan.npy --budget 1%", "cost[7]"),
        ("certify nan.npy --cost 1 --budget 1%", "update[7]"),
        ("certify inf.npy --cost 1 --budget 1%", "update[7]"),
        ("certify objects.npy --cost 1 --budget 1%", "not a plain .npy array"),
        ("certify complex.npy --cost 1 --budget 1%", "complex128"),
        ("certify update.npy --layers wrong.json --cost fc-dear --budget 1%", "layers hold 5 coordinates"),
        ("certify update.npy --layers layers.json --cost fc-dear --budget 3J", "fc-dear are ratios"),
        ("certify update.npy --layers layers.json --cost conv=1 --budget 3J", "has no cost"),
        ("certify update.npy --cost 1e400 --budget 1%", "cost is above 1e+300"),
        ("certify update.npy --layers layers.json --cost conv=1e400,rest=1 --budget 1%", "cost of 'conv' is above"),
        ("certify update.npy --cost 1e99999999 --budget 1%", "no power of ten beyond 999"),
        ("certify update.npy --cost 1 --budget 1e99999999J", "no power of ten beyond 999"),
        ("certify update.npy --cost 1 --budget 1e-99999999%", "no power of ten beyond 999"),
        ("certify update.npy --cost 1 --budget 1e400J", "is more than 1e+300"),
        ("certify update.npy --cost 1 --budget 1e400%", "must be a share in (0, 1]"),
        ("certify update.npy --cost 1e\u0669\u0669\u0669\u0669\u0669\u0669\u0669\u0669 --budget 1%", "beyond 999"),
        ("certify update.npy --cost dear.npy --budget 1%", "dear.npy: a cost is above 1e+300"),
        ("check theory:cwmp --score l2 --quiet --update nothing.npy", "no coordinates to draw from"),
        ("pareto smoke --quiet --jobs 1 --output /proc", "/proc/uniform"),
        ("saving --update update.npy --cost 1e400", "cost is above 1e+300"),
        ("saving --magnitude norm() --cost lognorm(s=0.3) --budget 1e-300%", "so small a budget"),
        ("study geometry --quiet --update zeros.npy", "holds zeros only"),
        ("check theory:cwmp --score l2 --quiet --update nan.npy", "update[7]"),
        ("pareto smoke --output /proc/none", "/proc/none: "),
        ("certify update.npy --cost 1 --budget 1% --output /proc/certificate.json", "/proc/certificate.json: "),
        ("check-certificate update.npy update.npy", "not a certificate"),
        ("check-certificate missing.json update.npy", "missing.json"),
        ("verify D77", "no claim 'D77'"),
        ("models solar", "no energy model 'solar'"),
        ("models ble-dram,radio=50", "radio=50 of ble-dram has no unit: write 50nJ/bit or 50J/bit"),
        ("audit --magnitude student() --cost expon()", "'student' is no distribution of scipy.stats"),
        ("audit --magnitude t(df=-3) --cost expon()", "outside the distribution's range"),
        ("audit --magnitude t(df=3) --cost norm()", "must not be negative"),
        ("audit --magnitude t(df=3) --cost expon() --claims D1", "does not cover D1"),
        ("audit --magnitude t(df=3) --cost expon() --budget 3J", "must be a share"),
        ("audit --cost expon()", "give one of --magnitude"),
        ("audit --update update.npy --cost expon() --correlation 0.5", "data bring their own dependence"),
        ("audit --update empty.npy --cost 1", "the file is empty"),
        ("saving --magnitude norm() --cost pareto(b=0.9)", "costs have no mean"),
        ("saving --magnitude cauchy() --cost expon()", "squared magnitudes have no mean"),
        ("saving --update update.npy --cost negative.npy", "must be finite and > 0"),
        ("saving --update nothing.npy --cost 1", "no coordinates"),
        ("saving --magnitude norm() --cost expon() --layers layers.json", "--layers belongs to --update"),
        ("saving --magnitude norm() --cost expon() --target 200%", "target '200%' must be a share"),
        ("saving --magnitude norm() --cost expon() --target x", "target 'x' must be a share"),
    ],
)
def test_bad_input_is_one_line_and_writes_nothing(files, arguments, names):
    broken = np.ones(1000)
    broken[7] = np.nan
    np.save("nan.npy", broken)
    broken[7] = np.inf
    np.save("inf.npy", broken)
    np.save("short.npy", np.ones(3))
    np.save("negative.npy", -np.ones(1000))
    np.save("nothing.npy", np.ones(0))
    Path("empty.npy").touch()
    np.save("zeros.npy", np.zeros(1000))
    np.save("dear.npy", np.full(1000, 1e308))
    np.save("objects.npy", np.array([{}], dtype=object), allow_pickle=True)
    np.save("complex.npy", np.ones(3, complex))
    Path("wrong.json").write_text('[{"name": "a", "shape": [5]}]')
    before = sorted(files.rglob("*"))
    done = run(*arguments.split())
    assert done.exit_code == 2
    message = [line for line in done.stderr.splitlines() if not line.startswith("certifying")]
    assert len(message) == 1
    assert message[0].startswith("cwmp: ")
    assert names in message[0]
    assert done.stdout == ""
    assert sorted(files.rglob("*")) == before


def test_a_pickle_that_would_run_code_does_not(files):
    torch = pytest.importorskip("torch")

    class Evil:
        def __reduce__(self):
            return Path.touch, (files / "owned",)

    torch.save(Evil(), "evil.pt")
    done = run("certify", "evil.pt", "--cost", "1", "--budget", "1%")
    assert done.exit_code == 2
    assert "not a file of plain tensors" in done.stderr
    assert not (files / "owned").exists()


def test_verify_prints_the_table_resumes_and_speaks_json(files):
    first = run("verify", "D11", "--output", "v", "--jobs", "2")
    assert first.exit_code == 0
    assert "refuted" in first.stdout
    number = len(runnable(checks_of(["D11"])))
    assert f"[  {number}/{number}]" in first.stderr
    again = run("verify", "D11", "--output", "v", "--json", "--quiet")
    left_out = number < len(checks_of(["D11"]))
    assert again.stderr == ("cwmp: formal proofs not run: install coq\n" if left_out else "")
    (row,) = json.loads(again.stdout)
    assert (row["claim"], row["standing"], row["refuted"]) == ("D11", "as expected", True)


def test_audit_prints_writes_resumes_and_speaks_json(files):
    arguments = ["audit", "--magnitude", "uniform(loc=-1, scale=2)", "--cost", "uniform(loc=1, scale=1)"]
    arguments += ["--budget", "20%", "--dim", "500", "--trials", "200", "--jobs", "1", "--output", "a"]
    first = run(*arguments)
    assert first.exit_code == 0
    assert "P7 hoeffding" in first.stdout
    assert "LP/d" in first.stdout
    assert "[4/4] batches" in first.stderr
    written = {path: path.stat().st_mtime_ns for path in Path("a").rglob("*batch*")}
    again = run(*arguments, "--json")
    assert {path: path.stat().st_mtime_ns for path in Path("a").rglob("*batch*")} == written
    (report,) = json.loads(again.stdout)
    (stored,) = Path("a").glob("*.json")
    assert json.loads(stored.read_text())["budgets"] == report["budgets"]
    answers = {(c["claim"], c["method"]): c["answer"] for c in report["budgets"][0]["cells"]}
    assert answers["P7", "hoeffding"] in ("holds", "not violated")
    assert answers["P10", "exact"] == "not violated"


def test_saving_of_an_update_is_that_of_the_selectors(files):
    """The gain at equal energy, by exact selection on the same file and costs."""
    done = run(
        "saving", "--update", "update.npy", "--layers", "layers.json", "--cost", "fc-dear", "--budget", "20%", "--json"
    )
    (report,) = json.loads(done.stdout)
    labels = np.r_[np.zeros(300, int), np.ones(700, int)]
    instance = Instance(np.load("update.npy"), CostClasses(labels, [1, 10]), budget="20%")
    gain = float(cwmp(instance).retained / top_k(instance).retained) - 1
    assert report["gain"][0] == pytest.approx(gain, abs=0.01)  # the last item counts in part there
    assert report["gain"][0] > 0.1
    text = run("saving", "--update", "update.npy", "--cost", "lognorm(s=0.2)", "--budget", "5%,20%").stdout
    assert text.count("break-even") == 2
    assert "drawn, seed 0" in text


def test_a_budget_that_buys_everything_leaves_nothing_to_save(files, recwarn):
    update = np.load("update.npy")
    update[:400] = 0
    np.save("sparse.npy", update)
    for source in (("--update", "sparse.npy"), ("--magnitude", "spike(0.4, norm())")):
        done = run("saving", *source, "--cost", "lognorm(s=0.3)", "--budget", "50%,70%,99%").stdout.split("\n\n")
        assert "it saves" in done[1]
        assert [text.startswith("nothing to save    all non-zero entries together cost ") for text in done] == [
            False, False, False, True, False, True,
        ]  # fmt: skip
        assert not any("nan" in text or "+- nothing" in text for text in done)
    assert not recwarn.list


@pytest.mark.parametrize(
    "command", ["saving --magnitude norm() --cost 1", "verify D4", "study gap", "check theory:cwmp"]
)
def test_seeds_are_not_negative(files, command):
    done = run(*command.split(), "--seed", "-1")
    assert (done.exit_code, done.stdout) == (2, "")
    assert "Invalid value for '--seed'" in done.stderr


def test_saving_of_a_law(files):
    (report,) = json.loads(run("saving", "--magnitude", "laplace()", "--cost", "lognorm(s=0.1)", "--json").stdout)
    assert report["saving"][0] == pytest.approx(report["saving_predicted"], rel=0.03)
    equal = run("saving", "--magnitude", "laplace()", "--cost", "constant(1)").stdout
    assert "it saves 0 %" in equal
