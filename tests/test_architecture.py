"""The direction of flow, held by reading imports: theory <- proofs_check, empirical, figures <- cwmp, room by room."""

import ast
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
THEORY = sorted((ROOT / "theory").rglob("*.py"))
PROOFS = sorted((ROOT / "proofs_check").rglob("*.py"))
ORACLES = sorted((ROOT / "proofs_check" / "oracles").rglob("*.py"))
EMPIRICAL = sorted((ROOT / "empirical").rglob("*.py"))
FIGURES = sorted((ROOT / "figures").rglob("*.py"))
FRONT_DOOR = sorted((ROOT / "cwmp").rglob("*.py"))
SOURCES = [*THEORY, *PROOFS, *EMPIRICAL, *FIGURES, *FRONT_DOOR]
ACCELERATOR = [p for p in THEORY if p.parent.name == "accelerator" and p.name != "__init__.py"]
ABOUT_TORCH = {*ACCELERATOR, ROOT / "theory" / "feedback" / "ddp.py"}  # of no use without it, imported on demand
TESTS = sorted((ROOT / "tests").rglob("*.py"))

MAX_LINES, MAX_FUNCTION = 400, 60
ONE_FILE = {"theory/checker.py": 1190}  # a program that is carried about alone
HALL = {
    "theory/arrays.py",
    "theory/budget.py",
    "theory/errors.py",
    "theory/instance.py",
    "theory/layers.py",
    "theory/model_state.py",
    "theory/pages.py",
    "theory/shared_storage.py",
}
MAY_IMPORT = {
    "theory/arithmetic": {"theory/errors.py"},
    "theory/kinds": {"theory/errors.py"},
    "theory/files": {"theory/errors.py", "theory/layers.py", "theory/model_state.py", "theory/shared_storage.py"},
    "theory/claims": {"theory/errors.py", "theory/files"},
    "theory/energy": {*HALL, "theory/arithmetic", "theory/files"},
    "theory/selection": {*HALL, "theory/arithmetic", "theory/selection/accelerator"},
    "theory/selection/accelerator": {*HALL, "theory/arithmetic", "theory/selection"},
    "theory/optimum": {
        *HALL,
        "theory/checker.py",
        "theory/page_checker.py",
        "theory/arithmetic",
        "theory/files",
        "theory/selection",
    },
    "theory/laws": {*HALL, "theory/arithmetic", "theory/files", "theory/energy"},
    "theory/feedback": {*HALL, "theory/arithmetic", "theory/energy", "theory/selection"},
    "proofs_check/oracles": {"theory/errors.py", "theory/instance.py"},
    "proofs_check/methods": {"theory", "proofs_check/oracles"},
    "proofs_check/formal": {"theory", "proofs_check/methods"},
    "proofs_check/checks": {"theory", "proofs_check/formal", "proofs_check/methods", "proofs_check/oracles"},
    "proofs_check/selector": {"theory", "proofs_check/methods", "proofs_check/oracles"},
    "proofs_check/law_audit": {"theory", "proofs_check/sources.py"},
    "proofs_check/studies": {"theory", "proofs_check/methods", "proofs_check/oracles", "proofs_check/sources.py"},
    "empirical/images": {"theory", "empirical/streams.py"},
    "figures/captions": {"theory", "figures/frontiers.py", "figures/records.py"},
    "figures/plots": {"theory", "figures"},
    "figures/report": {"theory", "figures"},
}  # each room, and what it may import beside itself; a room's name stands for all that is in it
HEAVY = {
    "torch",
    "torchvision",
    "triton",
    "numba",
    "safetensors",
    "cvxpy",
    "highspy",
    "ortools",
    "sympy",
    "z3",
    "hypothesis",
}


def name(path):
    return str(path.relative_to(ROOT))


@cache
def tree(path):
    return ast.parse(path.read_text(encoding="utf-8"), filename=str(path))


@cache
def imports(path, *, module_level_only=False):
    """Full names of what a file imports: ``from a.b import c`` gives ``a.b`` (and ``a.b.c`` where that is a module)."""
    found = set()
    todo = list(tree(path).body)
    while todo:
        node = todo.pop()
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{name(path)}: imports are absolute here"
            found.add(node.module)
            inside = ROOT / Path(*node.module.split("."))
            found |= {f"{node.module}.{a.name}" for a in node.names if (inside / f"{a.name}.py").exists()}
        if not (module_level_only and isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))):
            todo.extend(ast.iter_child_nodes(node))
    return found


def places(path):
    """The files of ours that a file imports."""
    for module in imports(path):
        file = Path(*module.split("."))
        if (ROOT / file.with_suffix(".py")).exists():
            yield str(file.with_suffix(".py"))
        elif (ROOT / file / "__init__.py").exists():
            yield str(file / "__init__.py")


def packages(names):
    return {module.split(".")[0] for module in names}


def test_there_is_something_to_check():
    assert {"theory/instance.py", "theory/checker.py", "proofs_check/oracles/milp.py", "cwmp/__main__.py"} <= set(
        map(name, SOURCES)
    )
    assert imports(ROOT / "proofs_check" / "oracles" / "highs.py") >= {"cvxpy", "numpy"}


@pytest.mark.parametrize("path", THEORY, ids=name)
def test_theory_knows_nothing_of_who_uses_it(path):
    assert not packages(imports(path)) & {"proofs_check", "empirical", "figures", "cwmp", "tests"}


@pytest.mark.parametrize("room", MAY_IMPORT)
def test_rooms_open_on_the_rooms_they_say(room):
    files = [path for path in SOURCES if name(path.parent) == room]
    assert len(files) > 1
    for path in files:
        for place in places(path):
            inside = place.startswith(f"{room}/") or (place == "theory/__init__.py" and "theory" in MAY_IMPORT[room])
            allowed = any(place == other or place.startswith(f"{other}/") for other in MAY_IMPORT[room])
            assert inside or allowed or place.split("/")[-1] == "__init__.py", f"{name(path)} imports {place}"


def test_no_two_rooms_of_the_theory_open_on_each_other():
    """But for selectors, which hand tensors on an accelerator over to whoever can select there."""
    pairs = {(a, b) for a, opens in MAY_IMPORT.items() for b in opens if a in MAY_IMPORT.get(b, ())}
    assert pairs == {(a, b) for a in MAY_IMPORT for b in MAY_IMPORT if {a, b} == {
        "theory/selection", "theory/selection/accelerator"}}  # fmt: skip


def test_every_room_says_what_it_is_for():
    rooms = {path.parent for path in SOURCES}
    for room in rooms:
        said = ast.get_docstring(tree(room / "__init__.py"))
        assert said, name(room)
        assert (
            name(room) not in MAY_IMPORT
            or room.name in ("oracles", "checks", "selector", "studies", "report")
            or ("Offers:" in said or "Imports:" in said)
        ), name(room)


@pytest.mark.parametrize("path", PROOFS, ids=name)
def test_proofs_check_knows_nothing_of_training_and_figures(path):
    assert not packages(imports(path)) & {"empirical", "figures", "cwmp", "tests"}


def test_in_proofs_check_torch_is_met_in_one_function_only():
    """Selectors of tensors can be checked; whoever checks none needs no torch."""
    torch_too = [name(p) for p in PROOFS if "torch" in packages(imports(p))]
    assert torch_too == ["proofs_check/selector/torch_bridge.py"]
    (function,) = [
        node.name
        for node in ast.walk(tree(ROOT / torch_too[0]))
        if isinstance(node, ast.FunctionDef) and "import torch" in ast.unparse(node)
    ]
    assert function == "_torch"


@pytest.mark.parametrize("path", EMPIRICAL, ids=name)
def test_the_experiment_knows_nothing_of_proofs_and_figures(path):
    assert not packages(imports(path)) & {"proofs_check", "figures", "cwmp", "tests"}


def test_flower_is_met_in_its_own_package_only():
    inside = {path for path in SOURCES if packages(imports(path)) & {"flwr", "ray"}}
    assert inside
    assert inside <= {*(ROOT / "empirical" / "flower").glob("*.py")}
    outside = {*SOURCES} - {*(ROOT / "empirical" / "flower").glob("*.py")}
    assert not any("empirical.flower" in module for path in outside for module in imports(path))


@pytest.mark.parametrize(
    "module",
    ["records", "prices", "setting", "images.partition", "judgement.pareto", "judgement.paired", "judgement.verdicts"],
)
def test_results_are_read_and_judged_without_torch(module):
    code = f"import sys, empirical.{module}; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert not packages(done.stdout.split()) & HEAVY


@pytest.mark.parametrize("path", FIGURES, ids=name)
def test_figures_read_files_and_compute_no_results(path):
    known = packages(imports(path))
    assert not known & {"proofs_check", "empirical", "cwmp", "tests", *HEAVY}
    assert not imports(path) & {"matplotlib.pyplot", "pylab"}, "figures keep no global state"


def test_a_fresh_process_draws_without_torch_and_solvers():
    """Every module of the room is loaded, with what it brings along from the theory."""
    modules = [name(path).removesuffix(".py").replace("/", ".").removesuffix(".__init__") for path in FIGURES]
    code = f"import sys, {', '.join(modules)}; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    loaded = set(done.stdout.split())
    assert "matplotlib.figure" in loaded
    assert not packages(loaded) & {"proofs_check", "empirical", *HEAVY}
    assert "matplotlib.pyplot" not in loaded


@pytest.mark.parametrize("path", ORACLES, ids=name)
def test_oracles_share_no_code_with_what_they_judge(path):
    """Only the problem itself and the exception: no order, no selector, no bound, no exact sum."""
    ours = {module for module in imports(path) if packages([module]) & {"theory", "proofs_check"}}
    allowed = {"theory.instance", "theory.errors"}
    assert all(module in allowed or module.startswith("proofs_check.oracles") for module in ours), ours


@pytest.mark.parametrize("solver", ["cvxpy", "ortools"])
def test_each_solver_is_imported_in_one_place_only(solver):
    """In the module that a killable process runs."""
    assert [name(p) for p in SOURCES if solver in packages(imports(p))] == {
        "cvxpy": ["proofs_check/oracles/highs.py"],
        "ortools": ["proofs_check/oracles/ortools_knapsack.py"],
    }[solver]


@pytest.mark.parametrize("checker", ["checker", "page_checker"])
def test_the_checkers_need_the_standard_library_only(checker):
    found = packages(imports(ROOT / "theory" / f"{checker}.py"))
    assert "fractions" in found
    assert found <= set(sys.stdlib_module_names)


@pytest.mark.parametrize("path", sorted({*THEORY, *FRONT_DOOR} - ABOUT_TORCH), ids=name)
def test_theory_and_the_command_line_start_light(path):
    found = imports(path, module_level_only=True)
    assert not any(
        module.startswith("theory.selection.accelerator") or module == "theory.feedback.ddp" for module in found
    )
    assert not packages(imports(path, module_level_only=True)) & HEAVY


def test_no_module_but_the_experiment_needs_torch_to_be_imported():
    outside = {*SOURCES} - {*EMPIRICAL}
    needing = {p for p in outside if packages(imports(p, module_level_only=True)) & {"torch", "torchvision", "triton"}}
    assert needing == ABOUT_TORCH


def test_a_fresh_process_loads_no_solver_and_no_torch():
    code = "import sys, theory, theory.optimum.certificate, proofs_check.oracles, cwmp; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    loaded = packages(done.stdout.split())
    assert "theory" in loaded
    assert not loaded & HEAVY


@pytest.mark.parametrize("path", [*SOURCES, *TESTS], ids=name)
def test_size(path):
    lines = path.read_text(encoding="utf-8").splitlines()
    assert len(lines) <= ONE_FILE.get(name(path), MAX_LINES)
    for node in ast.walk(tree(path)):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            assert node.end_lineno - node.lineno < MAX_FUNCTION, node.name


def test_only_the_command_line_prints():
    """And the checker, which is a program of its own."""
    talkers = {
        name(path)
        for path in SOURCES
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Call)
        and (
            getattr(node.func, "id", "") == "print"
            or ast.unparse(node.func) in ("sys.stdout.write", "sys.stderr.write")
        )
    }
    assert talkers <= {"theory/checker.py"} | {name(path) for path in FRONT_DOOR}


def test_python_asserts_validate_nothing():
    """Assertions vanish under ``-O``: outside the tests they only tell the type checker what is known."""
    for path in SOURCES:
        for node in ast.walk(tree(path)):
            if isinstance(node, ast.Assert):
                assert " is not None" in ast.unparse(node.test), f"{name(path)}:{node.lineno}"
