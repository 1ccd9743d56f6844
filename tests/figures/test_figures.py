"""The room of figures: its catalogue and style, ``cwmp figures``, identical bytes, and figures that grew stale."""

import os
import re
import subprocess
import sys
from collections import Counter
from itertools import combinations
from xml.etree import ElementTree

import matplotlib
import numpy as np
import pytest
from click.testing import CliRunner
from drawn import faults
from recorded import RESULTS, SHARES, results
from scipy.optimize import minimize

from cwmp.__main__ import main
from figures import manifest, style
from figures.catalogue import CATALOGUE, COMMANDS, entries, missing, read
from figures.labels import apart
from theory.errors import InputError

ROOT = RESULTS.parent
MEND = "cwmp figures"
POSSIBLE = [
    name
    for name, entry in CATALOGUE.items()
    if all(record.startswith("pareto/") for record in entry.records) or not missing(entry, RESULTS)
]


def run(*arguments):
    return CliRunner().invoke(main, ["figures", *map(str, arguments)], catch_exceptions=False)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return results(tmp_path_factory.mktemp("results"))


@pytest.fixture(scope="module")
def figures(folder):
    """Every figure that can be drawn, at every venue."""
    made = {}
    for name in POSSIBLE:
        records = read(CATALOGUE[name], folder)
        made |= {(name, venue): CATALOGUE[name].draw(records, venue) for venue in style.VENUES}
    return made


# --- the catalogue


@pytest.mark.parametrize("name", CATALOGUE)
def test_every_row_has_its_file_and_both_functions(name):
    source = (ROOT / "figures" / "plots" / f"{name}.py").read_text()
    assert f"@style.styled\ndef draw_{name}(" in source or f"@styled\ndef draw_{name}(" in source
    assert f"def caption_{name}(" in source
    entry = CATALOGUE[name]
    assert set(entry.records) <= set(COMMANDS)
    assert entry.name == name
    assert entry.shows.endswith(".")


def test_commands_name_what_exists():
    """Every script is there; every subcommand is one."""
    for command in COMMANDS.values():
        words = command.split()
        assert (ROOT / words[1]).exists() if words[0] == "python" else main.get_command(None, words[1]), command


@pytest.mark.parametrize("name", POSSIBLE)
def test_captions_are_a_paragraph_with_hardware_and_revision(name, folder):
    records = read(CATALOGUE[name], folder)
    caption = CATALOGUE[name].caption(records)
    assert "\n" not in caption
    assert caption.endswith(".")
    assert "revision" in caption
    assert "cores" in caption or "abacus" in caption


# --- what is drawn can be printed


@pytest.mark.parametrize("venue", style.VENUES)
@pytest.mark.parametrize("name", POSSIBLE)
def test_texts_lie_inside_apart_and_are_large_enough(figures, name, venue):
    assert faults(figures[name, venue]) == []
    assert figures[name, venue].get_figwidth() in style.VENUES[venue].values()


def test_faults_are_found():
    figure = style.new_figure("column", 2)
    ax = figure.add_subplot()
    ax.set_xticks([0, 1], ["a long label to the left", "a long label to the right"])
    ax.text(1.5, 0.5, "outside", transform=ax.transAxes)
    ax.text(0.5, 0.5, "small", fontsize=5)
    ax.tick_params(labelsize=20)
    found = faults(figure)
    assert any("outside the canvas" in line and "'outside'" in line for line in found)
    assert any("5 pt is too small" in line for line in found)
    assert any("on one another" in line and "long label" in line for line in found)


def test_methods_differ_without_colour():
    in_experiments = [style.METHODS[name] for name in list(style.METHODS)[:7]]
    for one, other in combinations(in_experiments, 2):
        assert one.marker != other.marker
        assert one.dash != other.dash
        assert one.hatch != other.hatch
        assert one.colour != other.colour


@pytest.mark.parametrize("name", POSSIBLE)
def test_pdf_embeds_truetype_and_nothing_as_type_3(figures, name, tmp_path):
    pdf, _ = style.save(figures[name, "ieee"], tmp_path / name)
    content = pdf.read_bytes()
    assert b"/FontFile2" in content
    assert b"/Type3" not in content
    assert b"CreationDate" not in content


def test_svgs_can_stand_in_one_page(figures):
    pages = [style.svg(figures[name, "ieee"], name) for name in POSSIBLE]
    ids = Counter(re.findall(r'\bid="([^"]*)"', "".join(pages)))
    assert set(ids.values()) == {1}
    for page in pages:
        root = ElementTree.fromstring(page)
        assert root.tag.endswith("svg")
        assert "<style" not in page
        used = set(re.findall(r'href="#([^"]*)"|url\(#([^)]*)\)', page))
        assert {one or other for one, other in used} <= set(ids)
        assert len(used) > 10


def test_settings_of_the_user_neither_matter_nor_change(folder):
    entry = CATALOGUE["speed"]
    plain = style.svg(entry.draw(read(entry, folder)), "speed")
    with matplotlib.rc_context({"font.size": 30, "lines.linewidth": 9, "axes.facecolor": "red"}):
        before = dict(matplotlib.rcParams)
        assert style.svg(entry.draw(read(entry, folder)), "speed") == plain
        assert dict(matplotlib.rcParams) == before


def test_labels_move_apart_as_little_as_least_squares_says():
    rng = np.random.default_rng(0)
    for _ in range(20):
        wanted, gap = rng.uniform(0, 30, 5), 6.0
        order = np.argsort(wanted)
        apart_enough = {"type": "ineq", "fun": lambda z, o=order, gap=gap: np.diff(z[o]) - gap}
        off = lambda z, w=wanted: float(((z - w) ** 2).sum())  # noqa: E731
        best = minimize(off, wanted + gap * np.argsort(order), constraints=[apart_enough], method="SLSQP", tol=1e-12)
        assert apart(list(wanted), gap) == pytest.approx(best.x, abs=1e-4)
    assert apart([0, 0], 2) == [-1, 1]
    assert apart([5, 0], 2) == [5, 0]
    assert apart([], 2) == []


# --- the command


def drawn_in_a_process(folder, output, seed):
    command = [sys.executable, "-m", "cwmp", "figures", "--records", str(folder), "--output", str(output)]
    environment = {**os.environ, "PYTHONHASHSEED": str(seed), "SOURCE_DATE_EPOCH": str(10**9 + seed)}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done


def test_two_draws_give_identical_bytes_and_are_not_stale(folder, tmp_path):
    once, twice = tmp_path / "once", tmp_path / "twice"
    said = drawn_in_a_process(folder, once, 1)
    drawn_in_a_process(folder, twice, 2)
    names = sorted(path.name for path in once.iterdir())
    assert names == sorted([manifest.NAME, *(f"{name}.{kind}" for name in POSSIBLE for kind in ("pdf", "png"))])
    for name in names:
        assert (once / name).read_bytes() == (twice / name).read_bytes(), name
    assert all(name in said.stdout for name in POSSIBLE)
    assert manifest.stale(folder, once) == {}


def test_nothing_recorded_is_said_with_what_to_run(tmp_path):
    done = run("--records", tmp_path / "none", "--output", tmp_path / "out")
    assert done.exit_code == 2
    for record, command in COMMANDS.items():
        if any(record in entry.records for entry in CATALOGUE.values()):
            assert record in done.output
            there = command.replace("--output results/", f"--output {tmp_path}/none/")
            assert there != command
            assert there in done.output
    assert not (tmp_path / "out").exists()


def test_without_matplotlib_the_extra_is_named(tmp_path):
    folder = results(tmp_path / "results")
    code = "import sys; sys.modules['matplotlib'] = None; from cwmp.__main__ import main; main()"
    command = [sys.executable, "-c", code, "figures", "--records", str(folder), "--output", str(tmp_path / "out")]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 2
    assert done.stderr == "cwmp: drawing figures needs matplotlib: pip install -e '.[figures]'\n"


def test_one_missing_record_does_not_stop_the_rest(folder, tmp_path):
    only = tmp_path / "results" / "laws"
    only.mkdir(parents=True)
    (only / "audit.json").write_bytes((folder / "laws" / "audit.json").read_bytes())
    done = run("--records", only.parent, "--output", tmp_path / "out")
    assert done.exit_code == 0
    assert (tmp_path / "out" / "audit.pdf").exists()
    assert "speed: no benchmarks/selection.json, made by\n      python benchmarks/selection.py" in done.output
    asked = run("audit", "speed", "--records", only.parent, "--output", tmp_path / "out")
    assert asked.exit_code == 2
    assert "speed: no benchmarks/certify.json" in asked.output


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["nosuch"], f"no figure 'nosuch'; the figures are {', '.join(CATALOGUE)}"),
        (["speed", "--venue", "wall"], "no venue 'wall'; the venues are ieee, neurips"),
    ],
)
def test_bad_arguments_are_one_line(folder, tmp_path, arguments, words):
    done = run(*arguments, "--records", folder, "--output", tmp_path)
    assert done.exit_code == 2
    assert done.output == f"cwmp: {words}\n"


@pytest.mark.parametrize(
    ("record", "damage", "name"),
    [
        ("laws/audit.json", "{", "audit"),
        ("laws/audit.json", '{"reports": 3}', "audit"),
        ("laws/audit.json", '{"reports": []}', "audit"),
        ("laws/audit.json", "[1]", "audit"),
        ("benchmarks/certify.json", "\0", "speed"),
        ("pareto/credible/fc-dear-0.01-cwmp-lr0.06-seed0.json", '{"rounds": []}', "pareto"),
        ("pareto/credible/verdicts/E1-cwmp-fc-dear.json", "{}", "pareto"),
    ],
)
def test_a_damaged_record_is_named_in_one_line(tmp_path, record, damage, name):
    folder = results(tmp_path / "results")
    (folder / record).write_text(damage)
    done = run(name, "--records", folder, "--output", tmp_path / "out")
    assert done.exit_code == 2
    assert done.output.startswith("cwmp: ")
    assert record.rpartition("/")[2] in done.output
    assert done.output.count("\n") == 1


def test_a_pair_that_is_missing_is_no_traceback(tmp_path):
    folder = results(tmp_path / "results")
    for share in SHARES:
        (folder / "pareto" / "credible" / f"fc-dear-{share}-top-k-lr0.1-seed1.json").unlink()
    for name in ("captured", "pareto"):
        done = run(name, "--records", folder, "--output", tmp_path / "out")
        assert done.exit_code == 2
        assert done.output.startswith(f"cwmp: figure {name}: pareto/credible is not such a record")
        assert done.output.count("\n") == 1


# --- staleness


def test_committed_figures_are_of_the_committed_records():
    stale = manifest.stale(RESULTS, RESULTS / "figures")
    assert not stale, "\n".join([*(f"{name}: {why}" for name, why in stale.items()), f"mend with: {MEND}"])
    named = {file for note in manifest.load(RESULTS / "figures").values() for file in note["files"]}
    there = {path.name for path in (RESULTS / "figures").iterdir()} - {manifest.NAME}
    assert there == named
    assert set(manifest.load(RESULTS / "figures")) == {name for name, e in CATALOGUE.items() if not missing(e, RESULTS)}


def test_what_grew_stale_is_noticed(tmp_path, monkeypatch):
    folder, output = results(tmp_path / "results"), tmp_path / "out"
    for name in ("audit", "pareto"):
        manifest.draw(CATALOGUE[name], folder, output)
    assert manifest.stale(folder, output) == {}
    record, image = folder / "laws" / "audit.json", output / "audit.png"
    kept, drawn = record.read_bytes(), image.read_bytes()

    record.write_bytes(kept + b"\n")
    assert manifest.stale(folder, output) == {"audit": "its record laws/audit.json has changed"}
    record.unlink()
    assert manifest.stale(folder, output) == {"audit": "its record laws/audit.json is gone"}
    record.write_bytes(kept)
    image.write_bytes(drawn[:-1])
    assert manifest.stale(folder, output) == {"audit": "audit.png is not what was drawn"}
    image.write_bytes(drawn)
    verdict = folder / "pareto" / "credible" / "verdicts" / "E1-cwmp-fc-dear.json"
    verdict.write_text(verdict.read_text().replace("holds", "refuted"))
    assert manifest.stale(folder, output) == {"pareto": "its record pareto/credible has changed"}
    monkeypatch.setattr(manifest, "sources_digest", lambda name: name)
    assert set(manifest.stale(folder, output)) == {"audit", "pareto"}


def test_the_digest_follows_what_a_figure_imports():
    def names(figure):
        return {path.name for path in manifest.sources(figure)}

    assert {"pareto.py", "frontiers.py", "style.py", "experiment.py", "sources.py", "records.py"} <= names("pareto")
    assert "captured.py" not in names("pareto")
    assert "labels.py" in names("speed") - names("audit")


def test_a_damaged_manifest_is_one_line(tmp_path):
    (tmp_path / manifest.NAME).write_text("[")
    with pytest.raises(InputError, match="delete it and draw the figures again"):
        manifest.load(tmp_path)


def test_entries_come_in_the_order_of_the_table():
    assert [entry.name for entry in entries(["speed", "gap"])] == ["gap", "speed"]
    assert entries() == list(CATALOGUE.values())
