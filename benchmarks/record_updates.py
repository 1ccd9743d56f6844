"""Updates of clients in federated training, recorded for ``benchmarks/laws.py`` and ``benchmarks/audit.py``.

    python benchmarks/record_updates.py --data DIR --output runs/updates     # three minutes of one core

Each is what one client has to send in one round, with error feedback its residual included: ``update_NAME.npy``,
float32 of shape (d,), and beside it ``update_NAME.layers.json``. Equal machines give equal files. They are data, and
stay outside the repository; what is recorded of them is the table.
"""

from __future__ import annotations

import argparse
import io
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import places

from empirical.images.cifar10 import prepare
from empirical.setting import Arm, Run, Setting
from empirical.training.compress import CWMP, DENSE
from empirical.training.federated import ClientTask, Mapper, Report, apply, init, network_layers, one_by_one
from theory.claims.provenance import provenance
from theory.errors import InputError
from theory.files.outputs import ARRAY, BENCHMARK, write_atomically


class Recorded(NamedTuple):
    """One update.

    Attributes:
        name: of its files. setting, arm, seed: of the run. round: the one whose update it is, counted from 0; that of
            the first client of its cohort.
    """

    name: str
    setting: Setting
    arm: Arm
    seed: int
    round: int


_MOBILE = Setting(model="mobilenet-v2", cohort=2, steps=8, error_feedback=False)  # a step is seconds of one core
TABLE = (
    Recorded("dense_r49", Setting(error_feedback=False), Arm("uniform", "1", DENSE), 1, 49),
    Recorded("ef_cwmp_r30", Setting(), Arm("fc-dear", "0.05", CWMP), 2, 30),
    Recorded("batch_norm_r20", Setting(error_feedback=False, normalisation="batch"), Arm("uniform", "1", DENSE), 3, 20),
    Recorded("mobilenet_r0", _MOBILE, Arm("uniform", "1", DENSE), 4, 0),
)


def recorded(one: Recorded, source: str) -> np.ndarray:
    """Train as far as the round, and catch what its first client has to send: float32 of shape (d,)."""
    run = Run(one.setting, one.arm, one.seed, source)
    caught: list[np.ndarray] = []

    def clients(work: Sequence[ClientTask], mapper: Mapper) -> list[Report]:
        reports = one_by_one(work, mapper)
        caught[:] = [np.where(reports[0].choice.mask, reports[0].sent, reports[0].residual)]
        return reports

    state = init(run)
    for _ in range(one.round + 1):
        state, _ = apply(run, state, clients=clients)
    return caught[0]


def main() -> None:
    """Record them one after the other; what is there already is left as it is."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", required=True, help="CIFAR-10, as cwmp pareto --data takes it")
    places.add_output(parser, Path("runs/updates"), "folder of the updates")
    options = parser.parse_args()
    files = {options.output / f"update_{one.name}{end}": kind
             for one in TABLE for end, kind in ((".npy", ARRAY), (".layers.json", BENCHMARK))}  # fmt: skip
    with places.guarded(parser, options, files):
        try:
            source = prepare(options.data)
        except InputError as error:
            parser.error(str(error))
        options.output.mkdir(parents=True, exist_ok=True)
        for one in TABLE:
            path = options.output / f"update_{one.name}.npy"
            if path.exists():
                continue
            print(path.name, file=sys.stderr, flush=True)
            content = io.BytesIO()
            np.save(content, recorded(one, source))
            layers = [{"name": x.name, "shape": x.shape, "kind": x.kind} for x in network_layers(one.setting.network)]
            about = {"part": one.name, "layers": layers, "provenance": provenance()}
            write_atomically(path.with_suffix(".layers.json"), json.dumps(about) + "\n", BENCHMARK)
            write_atomically(path, content.getvalue(), ARRAY)


if __name__ == "__main__":
    main()
