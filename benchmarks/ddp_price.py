"""What buckets cost: one price for a step against an equal share for each bucket, and against one selection of all.

    python benchmarks/ddp_price.py                 # the experiment's small CNN, buckets of 64 kB, about a minute
    python benchmarks/ddp_price.py --steps 20

The network is trained without pruning on drawn images; every gradient also goes through the hook, each way with its
own residuals, bucket by bucket from the last layer to the first. Printed is which share of the squared norm of gradient
plus residual each sends, on the average over the steps, and what it spends of the budget. Nothing is written.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

import numpy as np
import torch
import torch.distributed as dist
from torch import Tensor, nn

from empirical.images.cifar10 import synthetic
from empirical.training.models import small_cnn
from theory.feedback.ddp import PruningState, prune_hook

BUCKET = 64 << 10  # bytes


class Bucket:
    """What DDP hands to a hook."""

    def __init__(self, index: int, parameters: list[nn.Parameter]) -> None:
        self.index, self.parameters = lambda: index, lambda: parameters
        flat = torch.cat([p.grad.flatten() for p in parameters])  # type: ignore[union-attr]
        self.buffer = lambda: flat


def buckets_of(model: nn.Module) -> list[list[nn.Parameter]]:
    """Parameters in the order of the backward pass, as many together as fill a bucket."""
    found: list[list[nn.Parameter]] = [[]]
    for parameter in reversed(list(model.parameters())):
        found[-1].append(parameter)
        if sum(p.numel() * 4 for p in found[-1]) >= BUCKET:
            found.append([])
    return [bucket for bucket in found if bucket]


def shares(model: nn.Module, state: PruningState, buckets: list[list[nn.Parameter]]) -> float:
    """The share of the squared norm of gradient plus residual that one step sends."""
    sent = whole = 0.0
    for index, parameters in enumerate(buckets):
        before = [state.residuals.get(state.name_of[id(p)]) for p in parameters]
        total = torch.cat([
            p.grad.flatten() + (0 if r is None else r) for p, r in zip(parameters, before, strict=True)  # type: ignore[union-attr]
        ])  # fmt: skip
        arrived: Tensor = prune_hook(state, Bucket(index, parameters)).wait()  # type: ignore[arg-type]
        sent, whole = sent + float(arrived.double().square().sum()), whole + float(total.double().square().sum())
    return sent / whole


def compared(cost: str, budget: str, steps: int) -> dict[str, tuple[float, float]]:
    """Mean share of the norm, and share of the budget that was spent, for each way to divide a step's budget."""
    torch.manual_seed(0)
    model, data = small_cnn(), synthetic()
    images = torch.from_numpy(data["train_images"]).float().div(255).permute(0, 3, 1, 2)
    labels = torch.from_numpy(data["train_labels"]).long()
    each = buckets_of(model)
    ways = {"a share for each bucket": (False, each), "one price": (True, each),
            "one selection of all": (False, [[p for bucket in each for p in bucket]])}  # fmt: skip
    states = {name: PruningState(model, cost, budget, one_price=price) for name, (price, _) in ways.items()}
    seen: dict[str, list[float]] = {name: [] for name in ways}
    draw = torch.Generator().manual_seed(1)
    for _ in range(steps):
        chosen = torch.randint(len(labels), (64,), generator=draw)
        model.zero_grad()
        nn.functional.cross_entropy(model(images[chosen]), labels[chosen]).backward()
        for name, (_, buckets) in ways.items():
            seen[name].append(shares(model, states[name], buckets))
        with torch.no_grad():
            for parameter in model.parameters():
                parameter -= 0.05 * parameter.grad  # type: ignore[operator]
    return {n: (float(np.mean(seen[n])), float(states[n].joules / (steps * states[n].budget))) for n in ways}


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--steps", type=int, default=60)
    steps = parser.parse_args().steps
    torch.set_num_threads(1)
    dist.init_process_group("gloo", store=dist.HashStore(), rank=0, world_size=1)
    print("costs      budget  divided as               share of the norm  of the budget spent")
    for cost in ("1", "fc-dear", "conv-dear"):
        for budget in ("1%", "5%"):
            for name, (norm, spent) in compared(cost, budget, steps).items():
                print(f"{cost:10} {budget:>6}  {name:24} {100 * norm:15.1f} % {100 * spent:18.1f} %", flush=True)
    dist.destroy_process_group()


if __name__ == "__main__":
    main()
