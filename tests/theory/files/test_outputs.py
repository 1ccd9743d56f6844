"""What is written: whole or absent, with the right mode, and over nothing that is not ours to replace."""

import ast
import json
import os
import shutil
import stat
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from cwmp.__main__ import main
from proofs_check.table import BEGIN, END, replaced_in
from theory.errors import InputError
from theory.files import outputs
from theory.files.outputs import STUDY, check_output, marked, protecting, write_atomically, writing

ROOT = Path(__file__).parents[3]
RESULTS = ROOT / "results"
OURS = marked("a test's file", rb"\Aours")
FOREIGN = b"the only copy of somebody's thesis"
PLACE = "there already and is not"


def mode(path):
    return stat.S_IMODE(path.stat().st_mode)


@pytest.fixture
def umask():
    before = os.umask(0o027)
    yield
    os.umask(before)


def test_a_new_file_has_the_mode_that_the_system_gives_and_an_old_one_keeps_its_own(tmp_path, umask):
    write_atomically(tmp_path / "new", "ours", OURS)
    assert mode(tmp_path / "new") == 0o640
    for kept in (0o600, 0o664, 0o755):
        (tmp_path / "new").chmod(kept)
        write_atomically(tmp_path / "new", "ours again", OURS)
        assert mode(tmp_path / "new") == kept
    assert (tmp_path / "new").read_text() == "ours again"


def test_a_write_protected_file_stays(tmp_path):
    path = tmp_path / "kept"
    path.write_text("ours")
    path.chmod(0o444)
    with pytest.raises(PermissionError, match="write-protected"), protecting(force=True):
        write_atomically(path, "ours, changed", OURS)
    assert path.read_text() == "ours"
    assert [p.name for p in tmp_path.iterdir()] == ["kept"]


def test_a_link_is_followed_and_stays_a_link(tmp_path):
    (tmp_path / "target").write_text("ours")
    (tmp_path / "link").symlink_to("target")
    write_atomically(tmp_path / "link", "ours, new", OURS)
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "target").read_text() == "ours, new"


def test_a_device_is_written_into_and_not_replaced(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    reader = os.open(tmp_path / "pipe", os.O_RDONLY | os.O_NONBLOCK)
    write_atomically(tmp_path / "pipe", "ours", OURS)
    assert os.read(reader, 100) == b"ours"
    os.close(reader)
    assert (tmp_path / "pipe").is_fifo()


@pytest.mark.parametrize("failure", [KeyboardInterrupt, OSError(28, "No space left on device"), ValueError])
def test_what_is_stopped_leaves_the_old_file_and_nothing_beside_it(tmp_path, failure):
    path = tmp_path / "file"
    path.write_text("ours")

    def stopped():
        with writing(path, OURS) as file:
            file.write(b"ours, half")
            raise failure

    with pytest.raises((KeyboardInterrupt, OSError, ValueError)) as caught:
        stopped()
    assert (path.read_text(), os.listdir(tmp_path)) == ("ours", ["file"])
    if isinstance(caught.value, OSError):
        assert caught.value.filename == str(path)


def test_a_file_of_other_making_stays_without_force_and_what_is_read_stays_with_it(tmp_path):
    path, link = tmp_path / "v", tmp_path / "w"
    path.write_bytes(FOREIGN)
    os.link(path, link)
    with pytest.raises(InputError, match=f"{PLACE} a test's file; .* --force"):
        write_atomically(path, "ours", OURS)
    for name in (path, link):
        with protecting(path, force=True), pytest.raises(InputError, match="is read by this command"):
            write_atomically(name, "ours", OURS)
    assert path.read_bytes() == FOREIGN
    with protecting(force=True):
        write_atomically(path, "ours", OURS)
    assert path.read_text() == "ours"
    with pytest.raises(InputError), protecting():  # force has ended
        write_atomically(link, "ours", OURS)


def test_an_empty_file_is_nothing_to_lose(tmp_path):
    (tmp_path / "made by mktemp").touch()
    write_atomically(tmp_path / "made by mktemp", "ours", OURS)


def test_a_file_among_the_folders_is_found_before_the_work(tmp_path):
    (tmp_path / "file").write_bytes(FOREIGN)
    with pytest.raises(NotADirectoryError):
        check_output(tmp_path / "file" / "gap.json", STUDY)


def test_every_recorded_file_is_of_one_kind_only():
    kinds = {name: kind for name, kind in vars(outputs).items() if isinstance(kind, outputs.Kind)}
    files = [path for path in RESULTS.rglob("*") if path.suffix in {".json", ".html", ".txt", ".md", ".pdf"}]
    assert len(files) > 100
    for path in files:
        assert len([name for name, kind in kinds.items() if kind.made(path)]) == 1, path


@pytest.mark.parametrize("part", ["at_scale", "side_by_side", "threads", "mapped"])
def test_a_benchmark_adds_to_a_record_whichever_part_came_first(part, tmp_path):
    path = tmp_path / "certify.json"
    for size in ("1", "2"):
        record = {part: {size: {"d": 1, "provenance": {"revision": "0"}}}}
        write_atomically(path, json.dumps(record, indent=1), outputs.BENCHMARK)


def run(command):
    return CliRunner().invoke(main, command if isinstance(command, list) else command.split(), catch_exceptions=False)


@pytest.fixture
def here(tmp_path, monkeypatch):
    """A folder with an update, costs in many runs, records and a page."""
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(5)
    np.save("update.npy", rng.standard_normal(6000).astype(np.float32))
    labels = rng.integers(0, 2, 6000).tolist()
    layers = [{"name": f"l{i}", "shape": [1], "kind": "ab"[label]} for i, label in enumerate(labels)]
    Path("layers.json").write_text(json.dumps(layers))
    for name in ("studies/geometry.json", "verify/D1-smt.json", "laws/laws.json"):
        Path("records", name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(RESULTS / name, Path("records", name))
    return tmp_path


CERTIFY = "certify update.npy --layers layers.json --cost a=1,b=3 --budget 10% --output made/c.json"
WRITING = [
    CERTIFY,
    "verify D11 --quiet --jobs 1 --output made",
    "study geometry --quiet --update update.npy --output made",
    "audit --magnitude uniform() --cost constant(1) --budget 20% --dim 50 --trials 64 --jobs 1 --output made",
    "figures geometry --records records --output made",
    "report --records records --output made/page.html --latex made",
]


def files_of(folder):
    return {path.relative_to(folder): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


@pytest.mark.parametrize("command", WRITING, ids=lambda text: text.split()[0])
def test_no_command_writes_over_a_file_it_did_not_make(here, command):
    """At every path that the command writes, in turn, somebody's file: it stays, whole, and nothing else is written."""
    assert run(command).exit_code == 0
    made = files_of(Path("made"))
    assert made
    assert run(command).exit_code == 0  # its own files are no hindrance
    for name in made:
        shutil.rmtree("made")
        place = Path("made") / name
        place.parent.mkdir(parents=True)
        place.write_bytes(FOREIGN)
        refused = run(command)
        assert (refused.exit_code, PLACE in refused.stderr) == (2, True), name
        assert files_of(Path("made")) == {name: FOREIGN}
    assert run(f"{command} --force").exit_code == 0
    assert FOREIGN not in files_of(Path("made")).values()


def test_a_finished_experiment_is_judged_beside_nothing_of_other_making(here):
    shutil.copytree(RESULTS / "pareto" / "credible", "made")
    command = "pareto credible --judge-only --output made"
    judged = [Path("made/report.txt"), *sorted(Path("made/verdicts").glob("E1-*"))[:1]]
    for place in judged:
        place.write_bytes(FOREIGN)
        refused = run(command)
        assert (refused.exit_code, PLACE in refused.stderr) == (2, True), place
        assert place.read_bytes() == FOREIGN
        assert run(f"{command} --force").exit_code in (0, 3)
        assert place.read_bytes() != FOREIGN


@pytest.mark.parametrize(
    "command",
    [
        "certify update.npy --cost 1 --budget 10% --output update.npy",
        "certify update.npy --cost 1 --budget 10% --output link.npy",
        "certify update.npy --layers layers.json --cost a=1,b=3 --budget 10% --output layers.json",
        "certify update.npy --cost costs.npy --budget 10% --output costs.npy",
        "certify c.cost.npy --layers layers.json --cost a=1,b=3 --budget 10% --output c.json",
        "report --records records --output records/verify/D1-smt.json",
        "table verdicts --into verdicts/D1-smt.json",
    ],
)
def test_no_command_writes_over_what_it_reads_whatever_is_forced(here, command):
    shutil.copy("update.npy", "c.cost.npy")
    np.save("costs.npy", np.ones(6000))
    Path("link.npy").symlink_to("update.npy")
    shutil.copytree(RESULTS / "verify", "verdicts")
    page = Path("verdicts/D1-smt.json")
    page.write_text(page.read_text().replace('"domain": "', f'"domain": "{BEGIN}{END}'))
    before = files_of(here)
    for more in ("", " --force"):
        if command.startswith("table") and more:
            continue
        done = run(command + more)
        assert done.exit_code == 2
        assert done.stderr.count("\n") == 1
        assert files_of(here) == before


def test_a_certificate_of_another_question_is_not_replaced_in_silence(here):
    assert run("certify update.npy --cost 1 --budget 10%").exit_code == 0
    first = Path("update.npy.certificate.json").read_bytes()
    assert run("certify update.npy --cost 1 --budget 10%").exit_code == 0
    for other, said in (("--cost 1 --budget 5%", "budget 10%"), ("--cost 2 --budget 10%", "cost 1")):
        refused = run(f"certify update.npy {other}")
        assert refused.exit_code == 2
        assert f"certifies another question ({said}); name a place by --output, or add --force" in refused.stderr
        assert Path("update.npy.certificate.json").read_bytes() == first
    told = run("certify update.npy --cost 1 --budget 5% --output update.npy.certificate.json")  # a place that is named
    assert (told.exit_code, "replacing the certificate of another question (budget 10%)" in told.stderr) == (0, True)
    assert run("certify update.npy --cost 1 --budget 10% --force").exit_code == 0
    assert run("certify update.npy --cost 1 --budget 5% --force").exit_code == 0
    assert Path("update.npy.certificate.json").read_bytes() != first


def test_a_page_keeps_every_byte_outside_the_markers(tmp_path):
    page = tmp_path / "page.md"
    head, tail = "caf\u00e9\r\n\r\n".encode(), b"\r\n\tend without a new line"
    page.write_bytes(head + BEGIN.encode() + b"old" + END.encode() + tail)
    made = replaced_in(page, "| a |\n| b |")
    assert made == head + f"{BEGIN}\r\n| a |\r\n| b |\r\n{END}".encode() + tail
    for text in (END + BEGIN, BEGIN, BEGIN + END + BEGIN + END, BEGIN + END + END, ""):
        page.write_text(f"before {text} after")
        with pytest.raises(InputError, match="each once and in this order"):
            replaced_in(page, "")
    page.write_bytes(b"\xff" + f"{BEGIN}{END}".encode())
    with pytest.raises(InputError, match=r"page\.md: not UTF-8"):
        replaced_in(page, "")


ALLOWED = {  # what else writes: a log that is read while it grows, scratch files of checks, Coq's cache
    "cwmp/commands/reproduce.py": {"log.open('wb')"},
    "proofs_check/formal/compiling.py": {
        "os.replace(file.name, path)",
        "folder.rename(place)",
        "file.write_text(one.text, encoding='utf-8')",
        "tempfile.NamedTemporaryFile('w', dir=path.parent, delete=False, encoding='utf-8')",
    },
    "proofs_check/formal/evaluation.py": {"file.write_text('\\n'.join(lines) + '\\n', encoding='utf-8')"},
    "proofs_check/formal/kernel.py": {"file.write_text(text, encoding='utf-8')"},
    "proofs_check/selector/child.py": {"path.write_text(script)"},
    "proofs_check/selector/isolation.py": {"self._trail.write_text('')"},
    "empirical/runs/runner.py": {"_checkpoint(run, folder).unlink(missing_ok=True)"},
    "empirical/images/cifar10.py": set(),
}


def test_every_file_is_written_in_one_place():
    rooms = ("theory", "proofs_check", "empirical", "figures", "cwmp")
    found = {}
    for path in (path for room in rooms for path in (ROOT / room).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and _writes(node):
                found.setdefault(path.relative_to(ROOT).as_posix(), set()).add(ast.unparse(node))
    del found["theory/files/outputs.py"]
    extra = {name: calls - ALLOWED.get(name, set()) for name, calls in found.items()}
    assert {name: calls for name, calls in extra.items() if calls} == {}


def _writes(call):
    name = getattr(call.func, "attr", getattr(call.func, "id", ""))
    if name == "open":
        return any(isinstance(a, ast.Constant) and set(str(a.value)) & set("wax+") and len(str(a.value)) < 4
                   for a in [*call.args, *(k.value for k in call.keywords if k.arg == "mode")])  # fmt: skip
    if name in {"write_text", "write_bytes", "unlink", "rmtree", "rename", "NamedTemporaryFile", "removedirs"}:
        return True
    return name in {"replace", "remove"} and ast.unparse(call.func).startswith("os.")
