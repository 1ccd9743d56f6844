"""What is made is not changed: dataclasses are frozen, all but two that fill while they work."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
ROOMS = ("theory", "proofs_check", "empirical", "figures", "cwmp")
SOURCES = [str(path.relative_to(ROOT)) for room in ROOMS for path in sorted((ROOT / room).rglob("*.py"))]
FILLED = {"empirical/runs/campaign.py": ["Progress"], "figures/report/sources.py": ["Origin"]}


@pytest.mark.parametrize("path", SOURCES)
def test_dataclasses_are_frozen(path):
    changing = []
    for node in ast.walk(ast.parse((ROOT / path).read_text(encoding="utf-8"))):
        if isinstance(node, ast.ClassDef):
            made = [d for d in node.decorator_list if ast.unparse(d).startswith("dataclass")]
            said = {k.arg: ast.unparse(k.value) for d in made for k in getattr(d, "keywords", [])}
            if made and said.get("frozen") != "True":
                changing.append(node.name)
    assert changing == FILLED.get(path, [])
