"""Where a result comes from: versions, hardware and source revision; and JSON that every reader takes."""

from __future__ import annotations

import hashlib
import json
import math
import os
import platform
import subprocess
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Any

_PACKAGES = (
    "numpy",
    "scipy",
    "cvxpy",
    "highspy",
    "ortools",
    "sympy",
    "z3-solver",
    "hypothesis",
    "gmpy2",
    "joblib",
    "numba",
    "torch",
    "pillow",
)


@cache
def provenance() -> dict[str, Any]:
    """Versions of what can change a result, the processor, and the source revision (``+changes`` when edited)."""
    return {
        "revision": _revision(),
        "python": platform.python_version(),
        "versions": {name: version for name in _PACKAGES if (version := _version(name))},
        "hardware": f"{_processor()}, {os.cpu_count()} cores",
        "system": f"{platform.system()} {platform.machine()}",
    }


@cache
def source_digest(*packages: str) -> str:
    """Of every source file of ``packages``, as it is when first asked: results of other sources are not reused."""
    root = Path(__file__).parents[2]
    digest = hashlib.sha256()
    for path in sorted(path for package in packages for path in root.glob(f"{package}/**/*.py")):
        digest.update(path.relative_to(root).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()[:16]


def strict_json(value: Any) -> str:
    """``value`` as JSON that every reader takes: a number that is infinite or none at all is null."""
    return json.dumps(_finite(value), indent=1, allow_nan=False)


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _finite(part) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(part) for part in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _version(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def _revision() -> str:
    def git(*arguments: str) -> str:
        command = ["git", "-C", str(Path(__file__).parents[2]), *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=True, timeout=10).stdout.strip()

    try:
        sources = ("theory", "proofs_check", "empirical", "cwmp")
        changes = git("status", "--porcelain", "--untracked-files=no", "--", *sources)
        return git("rev-parse", "--short=12", "HEAD") + ("+changes" if changes else "")
    except (OSError, subprocess.SubprocessError):
        return "unknown"


def _processor() -> str:
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()
