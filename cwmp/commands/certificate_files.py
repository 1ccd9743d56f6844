"""Where ``cwmp certify`` writes, and what it leaves alone there: certificates of other questions among it."""

from __future__ import annotations

from pathlib import Path

from theory.errors import InputError
from theory.files.outputs import CERTIFICATE, Kind, check_output, force_given
from theory.files.updates import read_array
from theory.optimum.certificate import digest_of, read_certificate


def check_places(output: Path, question: dict[str, str | None], costs: Path | None, *, named: bool) -> str:
    """Whether the certificate that answers ``question`` (update, cost and budget as given) may be written.

    Args:
        costs: the file that the costs were read from, if they were. named: whether the user named the place, in
            which case a certificate of another question there is replaced.

    Returns:
        What the certificate that is replaced was about, in words; empty where there is none of another question.

    Raises:
        InputError: the certificate or its costs would take the place of a file of other making, of one that this
            command reads, or of a certificate that answers another question.
    """
    check_output(output, CERTIFICATE)
    if costs is None:  # else they are in a file already
        check_output(*cost_place(output))
    before = _asked(output)
    other = ", ".join(
        f"{name} {before[name]}" for name in question if name in before and before[name] != question[name]
    )
    if other and not named and not force_given():
        raise InputError(f"{output} certifies another question ({other}); name a place by --output, or add --force")
    return other


def cost_place(output: Path) -> tuple[Path, Kind]:
    """The file for costs beside a certificate, and how an earlier one is known: the certificate there names it."""
    path = output.with_suffix(".cost.npy")
    return path, Kind("the costs of the certificate beside it", lambda path: _digest(path) == _cost_digest(output))


def _asked(output: Path) -> dict[str, object]:
    note = _fields(output).get("note")
    return note if isinstance(note, dict) else {}


def _cost_digest(output: Path) -> str | None:
    cost = _fields(output).get("cost")
    return cost.get("sha256") if isinstance(cost, dict) else None


def _fields(output: Path) -> dict[str, object]:
    """The certificate that is there, empty when there is none."""
    try:
        return read_certificate(output)
    except InputError:
        return {}


def _digest(path: Path) -> str:
    """As certificates take it of costs: SHA-256 over the values as little-endian float64; empty for other files."""
    try:
        values = read_array(path, "the costs")
    except InputError:
        return ""
    return digest_of(values.reshape(-1))
