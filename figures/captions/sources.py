"""Where records come from, in the words of a caption."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any


def sources_in_words(provenances: Iterable[Mapping[str, Any]]) -> str:
    """Hardware and source revisions, each once; a revision ends in ``+changes`` when the sources were edited."""
    seen = list(provenances)
    hardware = dict.fromkeys(str(one["hardware"]) for one in seen)
    revisions = dict.fromkeys(str(one["revision"]) for one in seen)
    return f"{'; '.join(hardware)}, revision {', '.join(revisions)}"
