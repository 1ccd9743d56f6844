"""The recorded figures with their captions, from the manifest that ``cwmp figures`` writes."""

from __future__ import annotations

import json
from pathlib import Path

from figures.catalogue import CATALOGUE, COMMANDS

FOLDER = Path(__file__).parents[2] / "results" / "figures"


def gallery(folder: Path = FOLDER) -> str:
    """Markdown: every figure of the catalogue that was drawn, its caption, and the commands of its records."""
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    return "\n".join(
        _figure(name, entry.shows, manifest[name]["caption"], entry.records)
        for name, entry in CATALOGUE.items()
        if name in manifest
    )


def _figure(name: str, shows: str, caption: str, records: tuple[str, ...]) -> str:
    commands = ", ".join(f"`{COMMANDS[record]}`" for record in records)
    return f"""
## {name.capitalize()}

```{{figure}} ../results/figures/{name}.png
:alt: {shows}

{_escaped(caption)}
```

Drawn by `cwmp figures {name}` from the records of {commands}.
"""


def _escaped(caption: str) -> str:
    for mark in "\\*_|$<>[]":
        caption = caption.replace(mark, "\\" + mark)
    return caption
