"""The networks that are trained, and their parameters as the one flat vector that selectors see.

    small-cnn      three 3x3 convolutions of stride 2 (16, 32, 64 channels), then linear layers 1024-96-10: 123,178
                   parameters, of which the linear layers hold 81 %; a federated run is seconds of one core
    resnet-18      He et al. 2016, with the stem that is usual for CIFAR: 3x3 of stride 1, no pooling; 11.2 million
    mobilenet-v2   Sandler et al. 2018, stem and first two reductions of stride 1 for 32x32 images; 2.2 million

Each with group normalisation (four groups in the small one, eight in the others) or batch normalisation, whose running
statistics are state and no parameters: they are read and written apart. :func:`stacked_logits` is the small network
with group normalisation for the clients of a cohort at once, each with weights of its own.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from torch.nn import functional

from empirical.setting import SMALL_CNN, Network
from theory.layers import Layer, layers_of

Vector = NDArray[np.float32]

_CHANNELS, _GROUPS, _HIDDEN = (16, 32, 64), 4, 96
_LARGE_GROUPS = 8
_STAGES = ((64, 1), (128, 2), (256, 2), (512, 2))  # of ResNet-18: channels and stride, two blocks each
_INVERTED = (  # of MobileNetV2: expansion, channels, blocks, stride
    (1, 16, 1, 1), (6, 24, 2, 1), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1),
)  # fmt: skip
_LAST = 1280


def network(which: Network = SMALL_CNN, classes: int = 10) -> nn.Sequential:
    """The network for inputs of shape (n, 3, 32, 32), in ``channels_last``; its weights are not yet drawn."""
    made = {"small-cnn": _small_cnn, "resnet-18": _resnet, "mobilenet-v2": _mobilenet}[which.model]
    groups = _GROUPS if which.model == SMALL_CNN.model else _LARGE_GROUPS

    def norm(channels: int) -> nn.Module:
        return nn.BatchNorm2d(channels) if which.normalisation == "batch" else nn.GroupNorm(groups, channels)

    model = nn.Sequential(*made(norm, classes))
    return model.to(memory_format=torch.channels_last)  # type: ignore[call-overload,no-any-return]


def small_cnn(classes: int = 10) -> nn.Sequential:
    """The small network with group normalisation, see :func:`network`."""
    return network(SMALL_CNN, classes)


Norm = Callable[[int], nn.Module]


def _small_cnn(norm: Norm, classes: int) -> Iterable[nn.Module]:
    inputs = 3
    for channels in _CHANNELS:
        yield from (nn.Conv2d(inputs, channels, 3, stride=2, padding=1), norm(channels), nn.ReLU())
        inputs = channels
    yield from (nn.Flatten(), nn.Linear(inputs * 16, _HIDDEN), nn.ReLU(), nn.Linear(_HIDDEN, classes))


def _resnet(norm: Norm, classes: int) -> Iterable[nn.Module]:
    yield from (_convolution(3, 64), norm(64), nn.ReLU())
    inputs = 64
    for channels, stride in _STAGES:
        for step in (stride, 1):
            inner = [_convolution(inputs, channels, 3, step), norm(channels), nn.ReLU(),
                     _convolution(channels, channels), norm(channels)]  # fmt: skip
            straight = step == 1 and inputs == channels
            shortcut = [] if straight else [_convolution(inputs, channels, 1, step), norm(channels)]
            yield from (Residual(inner, shortcut), nn.ReLU())
            inputs = channels
    yield from (nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(inputs, classes))


def _mobilenet(norm: Norm, classes: int) -> Iterable[nn.Module]:
    yield from (_convolution(3, 32), norm(32), nn.ReLU6())
    inputs = 32
    for expansion, channels, blocks, stride in _INVERTED:
        for step in (stride, *[1] * (blocks - 1)):
            wide = inputs * expansion
            inner = [_convolution(inputs, wide, 1), norm(wide), nn.ReLU6()] if expansion > 1 else []
            inner += [_convolution(wide, wide, 3, step, groups=wide), norm(wide), nn.ReLU6(),
                      _convolution(wide, channels, 1), norm(channels)]  # fmt: skip
            yield Residual(inner, []) if step == 1 and inputs == channels else nn.Sequential(*inner)
            inputs = channels
    yield from (_convolution(inputs, _LAST, 1), norm(_LAST), nn.ReLU6())
    yield from (nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(_LAST, classes))


def _convolution(inputs: int, outputs: int, size: int = 3, stride: int = 1, groups: int = 1) -> nn.Conv2d:
    return nn.Conv2d(inputs, outputs, size, stride, size // 2, groups=groups, bias=False)


class Residual(nn.Module):  # type: ignore[misc]
    """``inner(x) + shortcut(x)``; a shortcut of no modules is ``x`` itself."""

    def __init__(self, inner: Sequence[nn.Module], shortcut: Sequence[nn.Module]) -> None:
        super().__init__()
        self.inner, self.shortcut = nn.Sequential(*inner), nn.Sequential(*shortcut)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """The sum."""
        found: torch.Tensor = self.inner(x) + self.shortcut(x)
        return found


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
            for parameter in module.parameters(recurse=False):
                parts.append((2 * torch.rand(parameter.shape, generator=generator) - 1).mul_(bound).flatten())
        elif isinstance(module, (nn.GroupNorm, nn.BatchNorm2d)):
            parts += [torch.ones(module.weight.shape), torch.zeros(module.bias.shape)]
    flat: Vector = torch.cat(parts).numpy()
    return flat


def read_weights(model: nn.Module) -> Vector:
    """The parameters as one new float32 vector of shape (d,), each tensor in C order."""
    return _read(model.parameters())


def write_weights(model: nn.Module, flat: Vector) -> None:
    """Set the parameters from a vector in the order of :func:`read_weights`."""
    _write(model.parameters(), flat)


def read_state(model: nn.Module) -> Vector:
    """The running statistics as one new float32 vector, of shape (0,) without batch normalisation."""
    return _read(_running(model))


def write_state(model: nn.Module, flat: Vector) -> None:
    """Set the running statistics from a vector in the order of :func:`read_state`."""
    _write(_running(model), flat)


def _running(model: nn.Module) -> list[torch.Tensor]:
    return [buffer for buffer in model.buffers() if buffer.is_floating_point()]


def _read(tensors: Iterable[torch.Tensor]) -> Vector:
    with torch.no_grad():
        flat: Vector = torch.cat([torch.empty(0), *(p.detach().reshape(-1).cpu() for p in tensors)]).numpy()
    return flat


def _write(tensors: Iterable[torch.Tensor], flat: Vector) -> None:
    start, source = 0, torch.from_numpy(np.ascontiguousarray(flat))
    with torch.no_grad():
        for p in tensors:
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
