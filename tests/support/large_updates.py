"""Updates and costs, of every sort, that are large enough to take the fast paths in several chunks."""

import numpy as np

from theory import CostClasses

D = 70_000  # more than four chunks of the size set below, the last one short
RNG = np.random.default_rng


def updates(kind, dtype):
    rng = RNG(3)
    g = rng.standard_normal(D)
    values = {
        "gaussian": lambda: g,
        "heavy-tailed": lambda: rng.standard_t(2, D),
        "few values": lambda: np.round(g),
        "mostly zeros": lambda: g * (rng.random(D) < 0.02),
        "tiny": lambda: g * 1e-25,
        "large": lambda: g * 1e22,
        "one value": lambda: np.full(D, 0.37),
        "all zeros": lambda: np.zeros(D),
    }[kind]()
    with np.errstate(over="ignore"):
        return np.clip(values, -60_000, 60_000).astype(dtype) if dtype == np.float16 else values.astype(dtype)


UPDATES = [
    "gaussian", "heavy-tailed", "few values", "mostly zeros", "tiny", "large", "one value", "all zeros",
]  # fmt: skip


def costs(kind):
    rng = RNG(4)
    labels = rng.integers(0, 3, D)
    return {
        "lognormal": lambda: rng.lognormal(size=D).astype(np.float32),
        "lognormal, wide": lambda: rng.lognormal(sigma=12, size=D),
        "lognormal, wide float32": lambda: rng.lognormal(sigma=9, size=D).astype(np.float32),
        "integers": lambda: rng.integers(1, 6, D).astype(np.float32),
        "proportional to g^2": lambda: updates("gaussian", np.float32).astype(float) ** 2 + 1e-3,
        "one dear": lambda: np.where(np.arange(D) == 777, 1e9, 1.0),
        "float16": lambda: rng.uniform(0.5, 2, D).astype(np.float16),
        "classes": lambda: CostClasses(labels, ["0.1", "0.7", "2"]),
        "layers": lambda: CostClasses(np.sort(labels).astype(np.uint8), [1, 10, 3]),
        "many layers": lambda: CostClasses(np.repeat(labels[:70], 1000), ["0.1", "0.7", "2"]),
        "forty classes": lambda: CostClasses(rng.integers(0, 40, D).astype(np.int32), [1 + k % 7 for k in range(300)]),
        "two classes": lambda: CostClasses(labels > 0, [1e-9, 2e-9]),
        "one cost": lambda: "0.3",
    }[kind]()


COSTS = [
    "lognormal", "lognormal, wide", "lognormal, wide float32", "integers",
    "proportional to g^2", "one dear", "float16", "classes", "layers",
    "many layers", "forty classes", "two classes", "one cost",
]  # fmt: skip
SHARES = ["0", "0.00002", "0.01", "0.1", "0.63", "0.999", "1"]


def as_tensors(cost):
    """Costs in PyTorch's arrays."""
    import torch

    if isinstance(cost, CostClasses):
        return CostClasses(torch.from_numpy(cost.labels), cost.values)
    return torch.from_numpy(cost) if isinstance(cost, np.ndarray) else cost
