"""The network that is trained, and its parameters as the one flat vector that selectors see.

A small CNN, small enough that a federated run is seconds of one core: three 3x3 convolutions of stride 2 (16, 32, 64
channels) with group normalisation in four groups, then linear layers 1024-96-10. 123,178 parameters, of which the
linear layers hold 81 %. :func:`stacked_logits` is the same network for the clients of a cohort at once, each with
weights of its own.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from torch.nn import functional

from theory.layers import Layer, layers_of

Vector = NDArray[np.float32]

_CHANNELS, _GROUPS, _HIDDEN = (16, 32, 64), 4, 96


def small_cnn(classes: int = 10) -> nn.Sequential:
    """The network for inputs of shape (n, 3, 32, 32), in ``channels_last``; its weights are not yet drawn."""
    modules: list[nn.Module] = []
    inputs = 3
    for channels in _CHANNELS:
        modules += [nn.Conv2d(inputs, channels, 3, stride=2, padding=1), nn.GroupNorm(_GROUPS, channels), nn.ReLU()]
        inputs = channels
    modules += [nn.Flatten(), nn.Linear(inputs * 16, _HIDDEN), nn.ReLU(), nn.Linear(_HIDDEN, classes)]
    return nn.Sequential(*modules).to(memory_format=torch.channels_last)  # type: ignore[call-overload,no-any-return]


def model_layers(model: nn.Module) -> tuple[Layer, ...]:
    """The model's parameters in the order of the flat vector."""
    return layers_of(model)


def initial_weights(model: nn.Module, generator: torch.Generator) -> Vector:
    """PyTorch's default initialisation, drawn from ``generator``: float32 of shape (d,).

    Weights and biases of linear and convolution layers are uniform within ``1/sqrt(fan_in)``; normalisation starts at
    scale 1 and shift 0.
    """
    parts = []
    for module in model.modules():
        if isinstance(module, (nn.Conv2d, nn.Linear)):
            bound = 1 / math.sqrt(module.weight[0].numel())
            for parameter in (module.weight, module.bias):
                parts.append((2 * torch.rand(parameter.shape, generator=generator) - 1).mul_(bound).flatten())
        elif isinstance(module, nn.GroupNorm):
            parts += [torch.ones(module.num_channels), torch.zeros(module.num_channels)]
    flat: Vector = torch.cat(parts).numpy()
    return flat


def read_weights(model: nn.Module) -> Vector:
    """The parameters as one new float32 vector of shape (d,), each tensor in C order."""
    with torch.no_grad():
        flat: Vector = torch.cat([p.detach().reshape(-1).cpu() for p in model.parameters()]).numpy()
    return flat


def write_weights(model: nn.Module, flat: Vector) -> None:
    """Set the parameters from a vector in the order of :func:`read_weights`."""
    start, source = 0, torch.from_numpy(np.ascontiguousarray(flat))
    with torch.no_grad():
        for p in model.parameters():
            p.copy_(source[start : start + p.numel()].view(p.shape))
            start += p.numel()


Convolution = Callable[[torch.Tensor, torch.Tensor, torch.Tensor], torch.Tensor]


def stacked_convolution(x: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor) -> torch.Tensor:
    """A 3x3 convolution of stride 2 per client: all patches copied out, then one matrix product per client.

    Sums are formed in an order of their own, forward and backward, so a device gives the same bits each time.

    Args:
        x: shape (n, clients * inputs, h, w). weight: (clients, outputs, inputs, 3, 3). bias: (clients, outputs).

    Returns:
        Shape (n, clients * outputs, h / 2, w / 2).
    """
    n, _, h, w = x.shape
    clients, outputs, inputs = weight.shape[:3]
    planes = x.reshape(1, n * clients * inputs, h, w)  # as one image of many channels, it is unfolded by one kernel
    patches = functional.unfold(planes, 3, padding=1, stride=2).view(n, clients, 9 * inputs, -1)
    columns = patches.permute(1, 2, 0, 3).reshape(clients, 9 * inputs, -1)
    y = torch.baddbmm(bias[:, :, None], weight.flatten(2), columns).view(clients, outputs, n, -1)
    return y.permute(2, 0, 1, 3).reshape(n, clients * outputs, h // 2, w // 2)


def stacked_logits(
    parameters: Sequence[torch.Tensor], x: torch.Tensor, convolution: Convolution = stacked_convolution
) -> torch.Tensor:
    """The network of every client on images of its own.

    Args:
        parameters: those of :func:`small_cnn` in order, each with the clients as first dimension.
        x: shape (n, clients * 3, 32, 32): n images a client.

    Returns:
        Shape (clients, n, classes).
    """
    clients, rest = parameters[0].shape[0], list(parameters)
    for _ in _CHANNELS:
        weight, bias, scale, shift = (rest.pop(0) for _ in range(4))
        x = convolution(x, weight, bias)
        x = functional.group_norm(x, _GROUPS * clients, scale.flatten(), shift.flatten()).relu()
    weight, bias, last, last_bias = rest
    hidden = x.reshape(x.shape[0], clients, -1).transpose(0, 1)
    hidden = torch.baddbmm(bias[:, None], hidden, weight.transpose(1, 2)).relu()
    return torch.baddbmm(last_bias[:, None], hidden, last.transpose(1, 2))
