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


def add_updates(parser: argparse.ArgumentParser) -> None:
    """The options ``--updates`` and ``--layers``, of :func:`updates`."""
    parser.add_argument("--updates", type=Path, nargs="+", default=[], help="folders of update_*.npy")
    parser.add_argument("--layers", type=Path, help="JSON list of the layers of those without update_*.layers.json")


def updates(parser: argparse.ArgumentParser, options: argparse.Namespace) -> list[tuple[Path, Path]]:
    """Every update in the folders and its layers; ends in one line where an update has none, or a folder no update."""
    found = []
    for folder in options.updates:
        paths = sorted(folder.glob("update_*.npy"))
        if not paths:
            parser.error(f"{folder} holds no update_*.npy")
        for path in paths:
            own = path.with_suffix(".layers.json")
            layers = own if own.exists() else options.layers
            if layers is None:
                parser.error(f"{path.name} needs --layers: the power-mean law is taken layer by layer")
            found.append((path, layers))
    return found


@contextmanager
def guarded(
    parser: argparse.ArgumentParser, options: argparse.Namespace, files: dict[Path, Kind] | None = None
) -> Iterator[None]:
    """While the benchmark runs: what it reads stays; ends in one line where ``files`` may not be written.

    Args:
        files: what it writes; the record ``--output`` unless it is said.
    """
    reads = [path for folder in getattr(options, "updates", None) or () for path in folder.glob("update_*")]
    reads += [layers] if (layers := getattr(options, "layers", None)) else []
    with protecting(*reads, force=options.force):
        try:
            for path, kind in (files or {options.output: BENCHMARK}).items():
                check_output(path, kind)
        except InputError as error:
            parser.error(str(error))
        yield
