"""Records of studies: ``NAME.json``, whole or absent, with provenance; what is finished is not computed again.

A record is kept when the sources, the seed and the update are those of the run that asks for it.
"""

from __future__ import annotations

import hashlib
import json
import time
from pathlib import Path
from typing import Any

from proofs_check.sources import source_digest
from proofs_check.studies.study import Progress, Study, silent
from proofs_check.studies.table import STUDIES
from theory.claims.provenance import provenance
from theory.errors import InputError
from theory.files.outputs import STUDY, check_output, write_atomically


def chosen(names: tuple[str, ...]) -> list[Study]:
    """The studies of these names, or all of them.

    Raises:
        InputError: an unknown name; the message lists those that there are.
    """
    for name in names:
        if name not in STUDIES:
            raise InputError(f"no study is called {name!r}; there are {', '.join(STUDIES)}")
    return [STUDIES[name] for name in names or STUDIES]


def run_study(
    study: Study, folder: Path, *, seed: int = 0, update: Path | None = None, key: str | None = None,
    fresh: bool = False,     progress: Progress = silent,
) -> tuple[dict[str, Any], bool]:  # fmt: skip
    """The record of a study, and whether an earlier run had left it in ``folder``.

    Args:
        update: file of an update, for a study that takes one; the others ignore it. key: of its tensors there.
        fresh: compute it even so.

    Raises:
        InputError: an update that cannot be read, or a file of other making where the record goes.
    """
    path = folder / f"{study.name}.json"
    given: dict[str, Any] = {"seed": seed, "update": _digest(update) if study.takes_update and update else None}
    if key and given["update"]:
        given["key"] = key
    made_by = {"sources": source_digest(), "given": given}
    if not fresh and (kept := _kept(path, made_by)):
        return kept, True
    check_output(path, STUDY)
    more = {"update": update, "key": key} if study.takes_update else {}
    start = time.perf_counter()
    data = study.run(seed=seed, progress=progress, **more)
    about = {"study": study.name, "about": study.about, **made_by, "seconds": round(time.perf_counter() - start, 1)}
    record = {**about, **data, "provenance": provenance()}
    write_atomically(path, _compact(record), STUDY)
    return record, False


def _kept(path: Path, made_by: dict[str, Any]) -> dict[str, Any] | None:
    """A whole record of the same origin, if there is one."""
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    same = isinstance(record, dict) and all(record.get(key) == value for key, value in made_by.items())
    return record if same else None


def _digest(update: Path) -> str:
    digest = hashlib.sha256()
    try:
        for path in sorted(filter(Path.is_file, update.iterdir())) if update.is_dir() else [update]:
            digest.update(path.read_bytes())
        return digest.hexdigest()
    except OSError as error:
        raise InputError(f"{update}: {error.strerror}") from None


def _compact(record: dict[str, Any]) -> str:
    """One line per entry of the record, so that a change in it can be seen."""
    lines = [f"{json.dumps(key)}: {json.dumps(value, allow_nan=False)}" for key, value in record.items()]
    return "{\n" + ",\n".join(lines) + "\n}\n"
