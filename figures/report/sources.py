"""Where the records come from: revisions, versions, hardware, seeds; what is not of these sources is flagged."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from figures.report.evidence import Evidence, record_files
from figures.report.html import code, listing, paragraph, section, table, words
from figures.report.markup import Markup, html, joined
from theory.claims.provenance import source_digest

_ROOMS = {
    "verify": ("theory", "proofs_check"),
    "studies": ("theory", "proofs_check"),
    "pareto": ("theory", "empirical"),
}


@dataclass
class Origin:
    """What the files of one kind of record say of themselves, each value once."""

    name: str
    files: int = 0
    revisions: set[str] = field(default_factory=set)
    hardware: set[str] = field(default_factory=set)
    seeds: set[int] = field(default_factory=set)
    versions: set[str] = field(default_factory=set)
    sources: set[str] = field(default_factory=set)

    @property
    def flags(self) -> list[str]:
        """What a reader should know before trusting them together."""
        said = []
        if any(revision.endswith("+changes") for revision in self.revisions):
            said.append("made from edited sources that no revision holds")
        if "unknown" in self.revisions or not self.revisions:
            said.append("revision unknown")
        if len(self.revisions) > 1 and len(self.sources) != 1:
            said.append("of several revisions")
        current = _ROOMS.get(self.name.split("/")[0])
        if current and self.sources and self.sources != {source_digest(*current)}:
            said.append("made by other sources than this page")
        return said


def origins(results: Path) -> list[Origin]:
    """By kind of record, in the order of the page."""
    found: dict[str, Origin] = {}
    for path in record_files(results):
        parts = path.relative_to(results).with_suffix("").parts
        name = parts[0] if parts[0] in ("verify", "audit") else "/".join(parts[:2])
        origin = found.setdefault(name, Origin(name))
        origin.files += 1
        _collect(json.loads(path.read_text(encoding="utf-8")), origin)
    return list(found.values())


def provenance(evidence: Evidence) -> Markup:
    """The part of the page on where everything comes from."""
    found = origins(evidence.results)
    head = ("records", "files", "revision", "hardware", "seeds", "to note")
    rows = [
        [code(o.name), str(o.files), joined(map(code, sorted(o.revisions)), ", ") or "–",
         joined(sorted(o.hardware), "; ") or "–", _seeds(o.seeds), "; ".join(o.flags) or "–"]
        for o in found
    ]  # fmt: skip
    versions = sorted({version for origin in found for version in origin.versions})
    return section(
        "provenance",
        "Where it comes from",
        table("Records, by kind", head, rows, narrow=(0, 2, 5)),
        html("<h3>Versions</h3>"),
        listing(map(words, versions)),
        paragraph("Records carry no dates: a revision says which sources made them."),
        html("<p>Digest of all records: {}</p>", code(evidence.digest)),
    )


def _collect(data: Any, origin: Origin) -> None:
    for key, value in _pairs(data):
        if key == "provenance" and isinstance(value, dict):
            origin.revisions.add(str(value.get("revision", "unknown")))
            origin.hardware.add(f"{value.get('hardware', 'unknown')}, {value.get('system', '')}".rstrip(", "))
            versions = ", ".join(f"{name} {version}" for name, version in value.get("versions", {}).items())
            origin.versions.add(f"Python {value.get('python', 'unknown')}, {versions}".rstrip(", "))
        elif key in ("seed", "run_seed") and isinstance(value, int):
            origin.seeds.add(value)
        elif key == "sources" and isinstance(value, str):
            origin.sources.add(value)


def _pairs(data: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(data, dict):
        for key, value in data.items():
            yield key, value
            yield from _pairs(value)
    elif isinstance(data, list):
        for value in data:
            yield from _pairs(value)


def _seeds(seeds: set[int]) -> str:
    if len(seeds) > 12:
        return f"{min(seeds)} to {max(seeds)} ({len(seeds)})"
    return ", ".join(map(str, sorted(seeds))) or "–"
