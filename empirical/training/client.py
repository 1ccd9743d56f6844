"""What one client does: a few steps of SGD from the server's weights, as a plain loop.

    w <- w - lr * grad loss(w; batch),   update = w(after) - w(before)

Batches are drawn without replacement within a pass over the client's examples, pass after pass. On a CPU the loop runs
on one thread, which makes the result independent of how many processes share the clients out. A CUDA device computes
in full float32 as the CPU does: TensorFloat-32, which keeps ten bits of each factor, stays off.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache, lru_cache

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from torch.nn import functional

from empirical.images.cifar10 import Dataset, load
from empirical.setting import SMALL_CNN, Network
from empirical.streams import stream
from empirical.training.models import Vector, network, read_state, read_weights, write_state, write_weights
from theory.errors import InputError

_MEAN, _STD = (0.4914, 0.4822, 0.4465), (0.2470, 0.2435, 0.2616)  # of CIFAR-10's training images, per channel
_CHUNK = 200  # test images at a time: what they become stays in a core's cache
_DEVICE_CHUNK = 2500  # on a device: enough to keep it busy, and less than a gigabyte


@dataclass(frozen=True, eq=False)
class Task:
    """One client's work in one round; plain data, so that it can be done in another process.

    Attributes:
        source: the data, as :func:`empirical.images.cifar10.load` takes it. examples: the client's indices into it.
        weights: the server's, float32 of shape (d,). address: (seed, round, client), which name the batches.
        steps, batch, lr: of local SGD. device: ``cpu`` or ``cuda``. fisher: whether :attr:`Trained.fisher` is wanted.
        network: what is trained. running: the server's running statistics, float32, None where there are none.
    """

    source: str
    examples: NDArray[np.intp]
    weights: Vector
    address: tuple[int, int, int]
    steps: int
    batch: int
    lr: float
    device: str = "cpu"
    fisher: bool = True
    network: Network = SMALL_CNN
    running: Vector | None = None


@dataclass(frozen=True, eq=False)
class Trained:
    """What local training gives.

    Attributes:
        weights: ``w(after)``, float32 of shape (d,). update: ``w(after) - w(before)``.
        fisher: mean over the steps of the squared gradients, float32 of shape (d,): the diagonal of the empirical
            Fisher information, a stand-in for curvature. Empty when the task does not want it.
        loss: mean training loss over the steps. running: statistics after the last step, None where there are none.
    """

    weights: Vector
    update: Vector
    fisher: Vector
    loss: float
    running: Vector | None = None


def train(task: Task) -> Trained:
    """Local SGD: the plain loop."""
    with one_order():
        data, model = load(task.source), _model(task.device, task.network, task.running).train()
        write_weights(model, task.weights)
        parameters = list(model.parameters())
        squares = [torch.zeros_like(p) for p in parameters] if task.fisher else []
        losses = []
        for chosen in batches(task):
            inputs, labels = tensors(data.train_images[chosen], data.train_labels[chosen], task.device)
            loss = functional.cross_entropy(model(inputs), labels)
            gradients = torch.autograd.grad(loss, parameters)
            with torch.no_grad():
                torch._foreach_sub_(parameters, gradients, alpha=task.lr)
                if task.fisher:
                    torch._foreach_addcmul_(squares, gradients, gradients, value=1 / task.steps)
            losses.append(loss.detach())
        fisher: Vector = torch.cat([torch.empty(0), *(square.reshape(-1).cpu() for square in squares)]).numpy()
        weights = read_weights(model)
        running = None if task.running is None else read_state(model)
        return Trained(weights, weights - task.weights, fisher, float(torch.stack(losses).mean()), running)


def batches(task: Task) -> Iterator[NDArray[np.intp]]:
    """The indices of each step's batch, ascending (which makes reading a memory-mapped file orderly)."""
    if not task.examples.size:
        raise InputError(f"client {task.address[-1]} has no examples to train on")
    seed, *address = task.address
    rng = stream(seed, "batches", *address)
    queue = np.empty(0, dtype=np.intp)
    for _ in range(task.steps):
        while queue.size < task.batch:
            queue = np.concatenate([queue, rng.permutation(task.examples)])
        yield np.sort(queue[: task.batch])
        queue = queue[task.batch :]


def accuracy(
    data: Dataset, weights: Vector, device: str = "cpu", network: Network = SMALL_CNN, running: Vector | None = None
) -> float:
    """Share of the test images that ``weights``, with their running statistics, classify rightly."""
    with one_order(), torch.inference_mode():
        model = _model(device, network, running).eval()
        write_weights(model, weights)
        right = sum((model(inputs).argmax(1) == labels).sum() for inputs, labels in _test_chunks(data, device))
    return int(right) / data.test_labels.size


def _test_chunks(data: Dataset, device: str) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
    if device == "cpu":
        for start in range(0, data.test_labels.size, _CHUNK):
            here = slice(start, start + _CHUNK)
            yield tensors(data.test_images[here], data.test_labels[here])
        return
    there = resident(data, device)
    for images, labels in zip(*(x.split(_DEVICE_CHUNK) for x in (there.test_images, there.test_labels)), strict=True):
        yield normalised(images).permute(0, 3, 1, 2), labels


def tensors(
    images: NDArray[np.uint8], labels: NDArray[np.int64], device: str = "cpu"
) -> tuple[torch.Tensor, torch.Tensor]:
    """Normalised inputs of shape (n, 3, 32, 32), ``channels_last`` because images are stored that way, and labels."""
    x = normalised(torch.from_numpy(np.array(images)).to(device))
    return x.permute(0, 3, 1, 2), torch.from_numpy(np.array(labels)).to(device)


def normalised(images: torch.Tensor) -> torch.Tensor:
    """From uint8 to float32 of mean 0 and deviation 1 per channel; shape (n, h, w, 3), as images are stored."""
    x = images.to(torch.float32).div_(255)
    mean, deviation = _scale(str(x.device), x.shape[2])
    x.flatten(2).sub_(mean).div_(deviation)  # a row of pixels at a time, which is faster than three channels at a time
    return x


@dataclass(frozen=True, eq=False)
class Resident:
    """A data set in a device's memory: images as they are stored, uint8 of shape (n, 32, 32, 3), and labels."""

    train_images: torch.Tensor
    train_labels: torch.Tensor
    test_images: torch.Tensor
    test_labels: torch.Tensor


@lru_cache(maxsize=1)
def resident(data: Dataset, device: str) -> Resident:
    """``data`` on ``device``, copied once: 184 MB for CIFAR-10."""
    parts = (data.train_images, data.train_labels, data.test_images, data.test_labels)
    return Resident(*(torch.from_numpy(np.array(part)).to(device) for part in parts))


@contextmanager
def one_order() -> Iterator[None]:
    """PyTorch forms every sum in one order within the block, whatever the machine, and in full float32.

    On the CPU that is one thread; on CUDA, convolutions that repeat themselves, and without TensorFloat-32.
    """
    threads, cudnn = torch.get_num_threads(), torch.backends.cudnn
    before = cudnn.deterministic, cudnn.allow_tf32
    torch.set_num_threads(1)
    cudnn.deterministic, cudnn.allow_tf32 = True, False
    try:
        yield
    finally:
        torch.set_num_threads(threads)
        cudnn.deterministic, cudnn.allow_tf32 = before


@cache
def _scale(device: str, width: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Mean and deviation for each number of a row of ``width`` pixels."""
    return torch.tensor(_MEAN * width, device=device), torch.tensor(_STD * width, device=device)


def _model(device: str, which: Network, running: Vector | None) -> nn.Sequential:
    model = _built(device, which)
    if running is not None:
        write_state(model, running)
    return model


@cache
def _built(device: str, which: Network) -> nn.Sequential:
    return network(which).to(device)
