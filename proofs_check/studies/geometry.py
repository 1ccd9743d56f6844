"""Geometry of the two rules: what each keeps of one update, in the plane of cost and squared magnitude.

    CWMP keeps what lies above the ray g^2 = lambda c,   Top-K what lies above the line g^2 = tau^2,

lambda and tau such that both spend the same joules. The update is a file, or else drawn from a heavy-tailed law, and
the record says which. Costs are drawn independently of it, so that the plane is filled.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from proofs_check.studies.study import Progress, silent
from theory.budget import percent
from theory.errors import InputError
from theory.files.updates import read_update
from theory.instance import Instance
from theory.laws.parse import cost_law, magnitude_law
from theory.selection.selectors import cwmp, top_k

LAW, DIM = "gennorm(beta=0.65)", 100_000  # of the update where none is given: the shape of real ones
COST = "lognorm(s=1)"
GROUPS = ("both", "cwmp only", "top-k only", "neither")


def geometry(
    seed: int = 0, *, update: Path | None = None, key: str | None = None, share: str = "0.05", points: int = 500,
    bins: int = 48, progress: Progress = silent,
) -> dict[str, Any]:  # fmt: skip
    """Which coordinates both rules, one, or none keep at ``share`` of the energy of sending everything.

    Args:
        update: file of an update; none draws one. key: of its tensors in that file.
        points: coordinates kept in the record per group, at most. bins: of the histogram, on each side.

    Raises:
        InputError: a file that is no update.
    """
    rng = np.random.default_rng(seed)
    vector, data = _drawn(rng) if update is None else _read(update, key)
    instance = Instance(vector, cost_law(COST).sample(rng, vector.size), budget=percent(share))
    parameters = {"seed": seed, "cost": COST, "share": share}
    found = geometry_of(instance, data, parameters, rng, points=points, bins=bins)
    progress(1.0)
    return found


def geometry_of(
    instance: Instance, data: dict[str, Any], parameters: dict[str, Any], rng: np.random.Generator, *,
    points: int = 500, bins: int = 48,
) -> dict[str, Any]:  # fmt: skip
    """The record of one instance, whatever its update and costs.

    Args:
        data: of what update, as :func:`figures.captions.origin.data_of` reads it. parameters: ``seed``, ``cost`` and
            ``share``, in words. rng: draws the coordinates that are shown. points, bins: as for :func:`geometry`.
    """
    rules = {"cwmp": cwmp(instance), "top-k": top_k(instance)}
    first, second = (rule.mask for rule in rules.values())
    masks = dict(zip(GROUPS, (first & second, first & ~second, second & ~first, ~first & ~second), strict=True))
    shown = {name: _thinned(instance, mask, points, rng) for name, mask in masks.items()}
    return {
        "parameters": {**parameters, "points": points, "bins": bins},
        "data": data,
        "ray": float(rules["cwmp"].threshold or 0),
        "line": float(rules["top-k"].threshold or 0),
        "rules": {name: _share(instance, rule.mask) for name, rule in rules.items()},
        "groups": {name: _share(instance, mask) for name, mask in masks.items()},
        "points": shown,
        "histogram": _histogram(instance, bins),
    }


def _drawn(rng: np.random.Generator) -> tuple[NDArray, dict[str, Any]]:
    vector = magnitude_law(LAW).sample(rng, DIM).astype(np.float32)
    return vector, {"source": "drawn", "law": LAW, "d": DIM}


def _read(path: Path, key: str | None) -> tuple[NDArray, dict[str, Any]]:
    vector = read_update(path, key).update
    if not vector.size:
        raise InputError(f"{path} holds no coordinates")
    if not vector.any():
        raise InputError(f"{path} holds zeros only: there is no norm to keep a share of")
    digest = hashlib.sha256(vector.astype("<f8").tobytes()).hexdigest()
    return vector, {"source": "file", "name": path.name, "sha256": digest, "d": vector.size}


def _share(instance: Instance, mask: NDArray[np.bool_]) -> dict[str, Any]:
    """How many coordinates, their share of the energy of sending everything, and their share of ``||g||^2``."""
    norm = instance.retained(np.ones(instance.d, dtype=bool))
    energy, score = instance.spent(mask) / instance.total_cost, instance.retained(mask) / norm
    return {"count": int(mask.sum()), "energy": float(energy), "score": float(score)}


def _thinned(instance: Instance, mask: NDArray[np.bool_], most: int, rng: np.random.Generator) -> list[list[float]]:
    """At most ``most`` coordinates of a group, drawn without replacement: (cost, score), four digits."""
    inside = np.flatnonzero(mask & (instance.score > 0))
    chosen = np.sort(rng.choice(inside, min(most, inside.size), replace=False))
    pairs = zip(instance.cost[chosen], instance.score[chosen], strict=True)
    return [[float(f"{c:.4g}"), float(f"{p:.4g}")] for c, p in pairs]


def _histogram(instance: Instance, bins: int) -> dict[str, Any]:
    """Counts over log10 of cost and log10 of score; coordinates of zero score, and the lowest permille, are outside."""
    positive = instance.score > 0
    x, y = np.log10(instance.cost[positive]), np.log10(instance.score[positive])
    low, high = float(np.quantile(y, 0.001)), float(y.max())
    counts, cost_edges, score_edges = np.histogram2d(x, y, bins, range=((float(x.min()), float(x.max())), (low, high)))
    outside = instance.d - int(counts.sum())
    edges = {"cost": cost_edges.round(5).tolist(), "score": score_edges.round(5).tolist()}
    return {"log10": edges, "counts": counts.astype(int).tolist(), "outside": outside}
