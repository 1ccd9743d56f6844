"""What the documents say was measured is in the recorded measurements."""

import json
from pathlib import Path

ROOT = Path(__file__).parents[2]
MEASURED = ROOT / "results" / "benchmarks"


def words_of(page):
    return " ".join((ROOT / "docs" / page).read_text(encoding="utf-8").split())


def test_seconds_and_memory_of_certifying_large_updates():
    record, words = json.loads((MEASURED / "certify.json").read_text()), words_of("certificates.md")
    kinds = ("two-class", "ten-class", "lognormal")
    many, fewer = ([record["at_scale"][f"{kind} {d}"] for kind in kinds] for d in (10**8, 10**7))
    assert {row["verdict"] for row in (*many, *fewer)} == {"exact"}
    two, ten, own = (f"{row['certify_s']:.0f}" for row in many)
    assert (
        f"takes {two} s for two costs mixed at random, {ten} s for ten and {own} s for a lognormal cost each" in words
    )
    memory = [f"{row['bytes_per_coordinate']:.0f}" for row in many]
    assert "Memory peaks at {}, {} and {} bytes a coordinate".format(*memory) in words
    assert "At $10^7$ it takes {:.1f}, {:.1f} and {:.1f} s".format(*(row["certify_s"] for row in fewer)) in words
    assert len({row["provenance"]["hardware"] for row in (*many, *fewer)}) == 1
    for d in (10**8, 10**7):
        ratios = [f"{record['threads'][f'{kind} {d}']['ratio']:.1f}" for kind in kinds]
        assert "are {}, {} and {} times as fast".format(*ratios) in words
    large = record["mapped"]["two-class 400000000"]
    assert large["verdict"] == "exact"
    seconds, room = f"take {large['certify_s']:.0f} s beside other work", f"{large['peak_gb']:.1f} GB"
    assert f"{seconds}, and {room}, {large['bytes_per_coordinate']:.1f} bytes a coordinate" in words


def test_what_choosing_takes_of_a_round():
    record, words = json.loads((MEASURED / "compression.json").read_text()), words_of("speed.md")
    shares = {}
    for row in record["rows"]:
        shares.setdefault(row["method"], []).append(100 * row["selection with ledger"])
    exact = {name: f"{min(some):.1f} to {max(some):.1f} %" for name, some in shares.items()}
    assert f"takes {exact['top-k']} for Top-K, {exact['cwmp']} for CWMP" in words
    learnt = shares["learnt-safe"] + shares["learnt-joules"]
    assert f"{min(shares['safe-0.5']):.0f} to {max(shares['safe-0.5']):.0f} % for Safe CWMP" in words
    assert f"and {min(learnt):.0f} to {max(learnt):.0f} % for learnt worth above a reserve" in words
    gaps = {}
    for row in record["rows"]:
        gaps.setdefault(row["method"] == "cwmp", []).append(100 * (row["with gap"] - row["selection with ledger"]))
    assert f"adds {max(gaps[True]):.1f} % for CWMP" in words
    assert f"and {min(gaps[False]):.0f} to {max(gaps[False]):.0f} % for the others" in words
