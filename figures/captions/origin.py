"""What every caption says of its records: seed, hardware and revision, as the records have them."""

from __future__ import annotations

import re
from typing import Any

from figures.captions.sources import sources_in_words
from theory.claims.verdict import seeds_in_words


def origin(record: dict[str, Any]) -> str:
    """``Seed 0; AMD EPYC, 2 cores, revision 0123456789ab.``"""
    seed = seeds_in_words([record["parameters"]["seed"]]).capitalize()
    return f"{seed}; {sources_in_words([record['provenance']])}."


def percent(share: float, digits: int = 2) -> str:
    """``64 %``, so many significant digits."""
    return f"{100 * share:.{digits}g} %"


def data_of(record: dict[str, Any]) -> str:
    """What update a record is about: a file by its name, or a law."""
    data = record["data"]
    if data["source"] == "file":
        return f"an update of {data['d']:,} coordinates ({data['name']})"
    if data["source"] == "given":
        return f"{data['name']} ({data['d']:,} coordinates)"
    return f"a drawn update of {data['d']:,} coordinates ({data['law']})"


def update_words(name: str) -> str:
    """What a recorded update is, from the name of its file: ``update_ef_r40_c19`` is of round 40, after feedback."""
    found = re.fullmatch(r"update_(ef_)?(?:(\w+)_)?r(\d+)(?:_c\d+)?", name)
    if not found:
        return name
    more = [", feedback"] if found[1] else []
    more += [f", {found[2].replace('_', ' ')}"] if found[2] else []
    return f"update of round {found[3]}{''.join(more)}"
