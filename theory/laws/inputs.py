"""Laws as users give them on the command line: two texts, or update files with costs of any kind.

--magnitude "t(df=3)" --cost "lognorm(s=1)"         a law, with --correlation if wanted
--update a.npy b.npy --cost fc-dear                  data: an energy model, joules, a list, a .npy file
--update a.npy --cost "lognorm(s=1)"                 data with costs drawn independently from a law
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from theory.energy.costs import Costs, cost_spec
from theory.energy.models import radio_remark
from theory.energy.shares import shares
from theory.errors import InputError
from theory.files.updates import read_layers, read_update
from theory.instance import CostClasses
from theory.laws.draws import law_or_sample
from theory.laws.joint import Law
from theory.laws.parse import cost_law, is_law
from theory.laws.samples import SampleLaw
from theory.layers import Layer, with_kinds

_COSTS = (0xC057,)  # of a seed, the stream that costs are drawn from


def given_laws(
    magnitude: str | None, updates: Sequence[Path], cost: str, *, layers: Path | None = None,
    kinds: Sequence[str] = (), correlation: float = 0.0, seed: int = 0, key: str | None = None,
) -> list[Law | SampleLaw]:  # fmt: skip
    """The law of two texts, or one law of data per update file (of its tensors at ``key``).

    Raises:
        InputError: both or neither of magnitude and updates, options that do not go together, bad laws or files.
    """
    if (magnitude is None) == (not updates):
        raise InputError('give either --magnitude "t(df=3)" or --update FILE')
    if magnitude is not None:
        if kinds:
            raise InputError("--kind belongs to --update; a law has no layers")
        if layers:
            raise InputError("--layers belongs to --update; a law has no layers")
        return [law_or_sample(magnitude, cost, correlation)]
    if correlation:
        raise InputError("--correlation belongs to --magnitude; data bring their own dependence")
    return [_of_file(path, cost, layers, kinds, seed, key) for path in updates]


def _of_file(path: Path, cost: str, layers: Path | None, kinds: Sequence[str], seed: int, key: str | None) -> SampleLaw:
    file = read_update(path, key)
    placed = with_kinds(read_layers(layers, file.update.size) if layers else file.layers, kinds)
    costs = cost if is_law(cost) else cost_spec(cost, placed)
    return law_of_data(file.update, placed, costs, f"{path.name} with cost {cost}", seed)


def law_of_data(update: NDArray, placed: Sequence[Layer], cost: str | Costs, name: str, seed: int = 0) -> SampleLaw:
    """The law of an update, shape (d,), of these layers.

    Args:
        cost: costs of it, or a law of costs as a text, from which they are drawn with ``seed``.

    Raises:
        InputError: as :class:`SampleLaw`, and for a law that is none.
    """
    if isinstance(cost, str):
        stream = np.random.SeedSequence(seed, spawn_key=_COSTS)  # apart from what anyone drew the update with
        drawn = cost_law(cost).sample(np.random.default_rng(stream), update.size)
        return _named(SampleLaw.of(update, drawn, f"{name} (drawn, seed {seed})", layer=_numbered(placed)), placed)
    remark = radio_remark(cost.model, placed) if cost.model else ""
    law = _named(SampleLaw.of(update, _each(cost, update.shape), name, layer=_numbered(placed), remark=remark), placed)
    return law if cost.path else replace(law, shares=shares(placed, cost))


def _numbered(placed: Sequence[Layer]) -> NDArray[np.int64] | None:
    """The number of each coordinate's layer; None where there is but one, of which nothing is known."""
    return None if len(placed) < 2 else np.repeat(np.arange(len(placed)), [layer.size for layer in placed])


def _named(law: SampleLaw, placed: Sequence[Layer]) -> SampleLaw:
    names = tuple(layer.name or f"layer {k}" for k, layer in enumerate(placed))
    return law if law.layer is None else replace(law, layer_names=names)


def _each(costs: Costs, shape: tuple[int, ...]) -> NDArray[np.float64]:
    values = costs.values
    if isinstance(values, CostClasses):
        return np.array([float(v) for v in values.values])[np.asarray(values.labels)]  # type: ignore[arg-type]
    return np.broadcast_to(np.asarray(values, dtype=np.float64), shape).copy()
