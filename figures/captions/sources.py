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


def seeds_in_words(seeds: Iterable[int]) -> str:
    """``seeds 0 to 4``, ``seed 3`` or ``seeds 1, 4``."""
    ordered = sorted(set(seeds))
    if len(ordered) == 1:
        return f"seed {ordered[0]}"
    if ordered == list(range(ordered[0], ordered[-1] + 1)) and len(ordered) > 2:
        return f"seeds {ordered[0]} to {ordered[-1]}"
    return f"seeds {', '.join(map(str, ordered))}"
