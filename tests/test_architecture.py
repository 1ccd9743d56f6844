"""The direction of flow, held by reading imports: theory <- proofs_check, empirical, figures <- command line."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
THEORY = sorted((ROOT / "theory").rglob("*.py"))
PROOFS = sorted((ROOT / "proofs_check").rglob("*.py"))
ORACLES = sorted((ROOT / "proofs_check" / "oracles").rglob("*.py"))
EMPIRICAL = sorted((ROOT / "empirical").rglob("*.py"))
FIGURES = sorted((ROOT / "figures").rglob("*.py"))
COMMANDS = [*sorted((ROOT / "command_line").glob("*.py")), ROOT / "cwmp.py"]
SOURCES = [*THEORY, *PROOFS, *EMPIRICAL, *FIGURES, *COMMANDS]
ON_DEVICE = ("device", "device_ops", "device_triton", "device_kernels", "device_memory", "ddp")
ABOUT_TORCH = {ROOT / "theory" / f"{name}.py" for name in ON_DEVICE}  # of no use without it, imported on demand
TESTS = sorted((ROOT / "tests").glob("*.py"))

MAX_LINES, MAX_FUNCTION = 400, 60
ONE_FILE = {"theory/checker.py": 1000}  # a program that is carried about alone
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


def tree(path):
    return ast.parse(path.read_text(encoding="utf-8"), filename=str(path))


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


def packages(names):
    return {module.split(".")[0] for module in names}


def test_there_is_something_to_check():
    assert {"theory/instance.py", "theory/checker.py", "proofs_check/oracles/milp.py", "cwmp.py"} <= set(
        map(name, SOURCES)
    )
    assert imports(ROOT / "proofs_check" / "oracles" / "highs.py") >= {"cvxpy", "numpy"}


@pytest.mark.parametrize("path", THEORY, ids=name)
def test_theory_knows_nothing_of_who_uses_it(path):
    assert not packages(imports(path)) & {"proofs_check", "empirical", "figures", "command_line", "cwmp", "tests"}


@pytest.mark.parametrize("path", PROOFS, ids=name)
def test_proofs_check_knows_nothing_of_training_and_figures(path):
    assert not packages(imports(path)) & {"empirical", "figures", "command_line", "cwmp", "tests"}


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
    assert not packages(imports(path)) & {"proofs_check", "figures", "command_line", "cwmp", "tests"}


def test_flower_is_met_in_its_own_package_only():
    inside = {path for path in SOURCES if packages(imports(path)) & {"flwr", "ray"}}
    assert inside
    assert inside <= {*(ROOT / "empirical" / "flower").glob("*.py")}
    outside = {*SOURCES} - {*(ROOT / "empirical" / "flower").glob("*.py")}
    assert not any("empirical.flower" in module for path in outside for module in imports(path))


@pytest.mark.parametrize("module", ["records", "prices", "setting", "partition", "pareto", "paired", "verdicts"])
def test_results_are_read_and_judged_without_torch(module):
    code = f"import sys, empirical.{module}; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert not packages(done.stdout.split()) & HEAVY


@pytest.mark.parametrize("path", FIGURES, ids=name)
def test_figures_read_files_and_compute_no_results(path):
    known = packages(imports(path))
    assert not known & {"proofs_check", "empirical", "command_line", "cwmp", "tests", *HEAVY}
    assert not imports(path) & {"matplotlib.pyplot", "pylab"}, "figures keep no global state"


def test_a_fresh_process_draws_without_torch_and_solvers():
    """Every module of the room is loaded, with what it brings along from the theory."""
    modules = [name(path).removesuffix(".py").replace("/", ".").removesuffix(".__init__") for path in FIGURES]
    code = f"import sys, {', '.join(modules)}; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    loaded = set(done.stdout.split())
    assert "matplotlib.figure" in loaded
    assert not packages(loaded) & {"proofs_check", "empirical", "command_line", *HEAVY}
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


def test_the_checker_needs_the_standard_library_only():
    found = packages(imports(ROOT / "theory" / "checker.py"))
    assert "fractions" in found
    assert found <= set(sys.stdlib_module_names)


@pytest.mark.parametrize("path", sorted({*THEORY, *COMMANDS} - ABOUT_TORCH), ids=name)
def test_theory_and_the_command_line_start_light(path):
    found = imports(path, module_level_only=True)
    assert not found & {f"theory.{name}" for name in ON_DEVICE}
    assert not packages(imports(path, module_level_only=True)) & HEAVY


def test_no_module_but_the_experiment_needs_torch_to_be_imported():
    outside = {*SOURCES} - {*EMPIRICAL}
    needing = {p for p in outside if packages(imports(p, module_level_only=True)) & {"torch", "torchvision", "triton"}}
    assert needing == ABOUT_TORCH


def test_a_fresh_process_loads_no_solver_and_no_torch():
    code = "import sys, theory, theory.certificate, proofs_check.oracles, cwmp; print(*sys.modules)"
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
    assert talkers <= {"theory/checker.py"} | {name(path) for path in COMMANDS}


def test_python_asserts_validate_nothing():
    """Assertions vanish under ``-O``: outside the tests they only tell the type checker what is known."""
    for path in SOURCES:
        for node in ast.walk(tree(path)):
            if isinstance(node, ast.Assert):
                assert " is not None" in ast.unparse(node.test), f"{name(path)}:{node.lineno}"
