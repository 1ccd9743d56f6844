"""Where a benchmark writes: over earlier records of benchmarks, and over nothing else unless ``--force`` is given."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from theory.errors import InputError
from theory.files.outputs import BENCHMARK, Kind, check_output, protecting


def add_output(parser: argparse.ArgumentParser, default: Path, what: str) -> None:
    """The options ``--output`` and ``--force``."""
    parser.add_argument("--output", type=Path, default=default, help=what)
    parser.add_argument("--force", action="store_true", help="replace files of other making where the output goes")


@contextmanager
def guarded(
    parser: argparse.ArgumentParser, options: argparse.Namespace, files: dict[Path, Kind] | None = None
) -> Iterator[None]:
    """While the benchmark runs: what it reads stays; ends in one line where ``files`` may not be written.

    Args:
        files: what it writes; the record ``--output`` unless it is said.
    """
    updates = getattr(options, "updates", None)
    reads = [*updates.glob("update_*.npy")] if updates else []
    reads += [layers] if (layers := getattr(options, "layers", None)) else []
    with protecting(*reads, force=options.force):
        try:
            for path, kind in (files or {options.output: BENCHMARK}).items():
                check_output(path, kind)
        except InputError as error:
            parser.error(str(error))
        yield
