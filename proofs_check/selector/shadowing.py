"""A module of the user's with the name of one of our packages hides it, or is hidden by it: said in one line.

Importing this module raises ImportError where ``import theory`` finds something else than the package beside it.
"""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
NAMES = ("theory", "proofs_check")


def hiding(folder: Path) -> Path | None:
    """The module or package in ``folder`` that has the name of one of ours and is not ours, or None."""
    for name in NAMES:
        for path in (folder / f"{name}.py", folder / name / "__init__.py"):
            if path.exists() and path.resolve().parents[2] != ROOT:
                return path
    return None


def words(path: Path) -> str:
    """What to do about it."""
    name = path.stem if path.stem in NAMES else path.parent.name
    return f"{path} has the name of the package {name} of cwmp ({ROOT / name}), so one hides the other; rename it"


def _check() -> None:
    spec = find_spec("theory")
    if spec is not None and spec.origin and Path(spec.origin).resolve().parent != ROOT / "theory":
        raise ImportError(words(Path(spec.origin)))


_check()
