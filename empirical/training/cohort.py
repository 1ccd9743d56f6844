"""The clients of a round trained together on one device: :func:`empirical.training.client.train` of each, at once.

Every client has weights of its own, so the tensors of the network are stacked, (clients, ...), and one step of SGD is
one pass over the stack. The images stay on the device; each client meets the batches that the plain loop would draw.
On CUDA a step is captured once as a graph and then replayed, because launching its many small kernels one by one takes
longer than computing them. Results agree with the plain loop's to the rounding of float32, in which sums are formed in
another order, and a device repeats them bit for bit.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional

from empirical.images.cifar10 import load
from empirical.setting import SMALL_CNN
from empirical.training.client import Task, Trained, batches, normalised, one_order, resident
from empirical.training.models import Vector, small_cnn, stacked_logits
from theory.errors import InputError

Rows = NDArray[np.float32]
Logits = Callable[[Sequence[torch.Tensor], torch.Tensor], torch.Tensor]

_IMAGES = 4096  # at most so many at a time, which bounds the memory by a few gigabytes: more clients train in turns
_WARM = 3  # steps before a capture, in which libraries choose their kernels


@dataclass(frozen=True)
class Plan:
    """What a trainer is made for: all that the tasks of a round have in common, and how many they are."""

    source: str
    steps: int
    batch: int
    lr: float
    device: str
    fisher: bool
    clients: int


def train_cohort(tasks: Sequence[Task], logits: Logits = stacked_logits) -> list[Trained]:
    """What :func:`empirical.training.client.train` gives for each task, to the rounding of float32.

    Args:
        tasks: of one round; they differ in nothing but their clients.
        logits: the network, as :func:`empirical.training.models.stacked_logits`.

    Raises:
        InputError: tasks of different settings or weights, of another network, a client without examples.
    """
    plans = {Plan(t.source, t.steps, t.batch, t.lr, t.device, t.fisher, 1) for t in tasks}
    if len(plans) > 1 or any(t.weights is not tasks[0].weights for t in tasks):
        raise InputError("clients that train together need the same data, weights and settings")
    if any(t.network != SMALL_CNN for t in tasks):
        raise InputError("only small-cnn with group normalisation trains together; others one by one")
    most = max(1, _IMAGES // tasks[0].batch)
    trained = []
    for start in range(0, len(tasks), most):
        trained += _trained(tasks[start : start + most], logits)
    return trained


def _trained(tasks: Sequence[Task], logits: Logits) -> list[Trained]:
    one = tasks[0]
    order = np.stack([np.stack(list(batches(task))) for task in tasks], axis=1)
    with one_order():
        plan = Plan(one.source, one.steps, one.batch, one.lr, one.device, one.fisher, len(tasks))
        weights, fisher, losses = _trainer(plan, logits).run(one.weights, order)
    return [
        Trained(after, after - one.weights, h, loss)
        for after, h, loss in zip(weights, fisher, losses.tolist(), strict=True)
    ]


class Trainer:
    """Buffers on the device for one plan, and the step that works on them.

    Attributes:
        parameters: each with the clients as first dimension. squares: sums of their squared gradients, if wanted.
        order: indices of the examples, shape (steps, clients, batch). step: the next row of it, shape (1,).
        loss: sum over the steps, shape (clients,).
    """

    def __init__(self, plan: Plan, logits: Logits):
        self.plan, self.logits = plan, logits
        self.data = resident(load(plan.source), plan.device)
        place = {"device": plan.device}
        shapes = [(plan.clients, *p.shape) for p in small_cnn().parameters()]
        self.parameters = [torch.zeros(shape, **place).requires_grad_() for shape in shapes]
        self.squares = [torch.zeros(shape, **place) for shape in shapes if plan.fisher]
        self.order = torch.zeros((plan.steps, plan.clients, plan.batch), dtype=torch.int64, **place)
        self.step = torch.zeros(1, dtype=torch.int64, **place)
        self.loss = torch.zeros(plan.clients, **place)
        self.advance = self._captured() if torch.device(plan.device).type == "cuda" else self._advance

    def run(self, weights: Vector, order: NDArray[np.intp]) -> tuple[Rows, Rows, Vector]:
        """Weights and Fisher diagonal, shape (clients, d), and mean loss, shape (clients,), after all steps.

        Args:
            weights: before, shape (d,). order: indices of the examples, shape (steps, clients, batch).
        """
        self.order.copy_(torch.from_numpy(order))
        flat = torch.from_numpy(np.ascontiguousarray(weights)).to(self.plan.device)
        parts = flat.split([p[0].numel() for p in self.parameters])
        with torch.no_grad():
            for p, part in zip(self.parameters, parts, strict=True):
                p.copy_(part.view(p.shape[1:]))
        self._rewind()
        for _ in range(self.plan.steps):
            self.advance()
        return self._flat(self.parameters), self._flat(self.squares), (self.loss / self.plan.steps).cpu().numpy()

    def _rewind(self) -> None:
        for total in (self.step, self.loss, *self.squares):
            total.zero_()

    def _advance(self) -> None:
        """One step of SGD of every client."""
        chosen = self.order.index_select(0, self.step)[0]
        images = normalised(self.data.train_images[chosen.flatten()])
        x = images.view(*chosen.shape, *images.shape[1:]).permute(1, 0, 4, 2, 3).flatten(1, 2)
        outputs = self.logits(self.parameters, x)
        labels = self.data.train_labels[chosen]
        each = functional.cross_entropy(outputs.flatten(0, 1), labels.flatten(), reduction="none")
        losses = each.view(chosen.shape).mean(1)
        gradients = torch.autograd.grad(losses.sum(), self.parameters)
        with torch.no_grad():
            torch._foreach_sub_(self.parameters, gradients, alpha=self.plan.lr)
            if self.squares:
                torch._foreach_addcmul_(self.squares, gradients, gradients, value=1 / self.plan.steps)
            self.loss += losses.detach()
            self.step += 1

    def _captured(self) -> Callable[[], None]:
        """The step as a CUDA graph."""
        side = torch.cuda.Stream(self.plan.device)
        side.wait_stream(torch.cuda.current_stream(self.plan.device))
        with torch.cuda.stream(side):
            for _ in range(_WARM):
                self._rewind()
                self._advance()
        torch.cuda.current_stream(self.plan.device).wait_stream(side)
        self._rewind()
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph):
            self._advance()
        replay: Callable[[], None] = graph.replay
        return replay

    def _flat(self, stacked: Sequence[torch.Tensor]) -> Rows:
        """As one array of shape (clients, d) on the host; empty rows for nothing."""
        clients = self.plan.clients
        flat = torch.cat([self.loss.new_empty(clients, 0), *(x.detach().flatten(1) for x in stacked)], 1)
        host = torch.empty(flat.shape, pin_memory=flat.is_cuda)
        rows: Rows = host.copy_(flat).numpy()
        return rows


@lru_cache(maxsize=8)
def _trainer(plan: Plan, logits: Logits) -> Trainer:
    """Kept from round to round; cohorts of other sizes, as dropouts leave them, have others."""
    return Trainer(plan, logits)
