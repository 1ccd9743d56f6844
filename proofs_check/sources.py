"""Which sources a stored verdict was made with."""

from __future__ import annotations

from theory.claims import provenance


def source_digest() -> str:
    """Of every file that can change a verdict."""
    return provenance.source_digest("theory", "proofs_check")
