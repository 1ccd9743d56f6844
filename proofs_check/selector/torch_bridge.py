"""The one place here that meets torch, imported when a tensor is needed and not before."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from numpy.typing import NDArray

from theory.errors import InputError

Array = NDArray[Any]


def tensors(update: Array, cost: Array, device: str) -> tuple[Any, Any]:
    """Both arrays as tensors; views that torch cannot share (backward strides, read-only) are copied."""
    torch = _torch()

    def tensor(array: Array) -> Any:
        shareable = array.flags.writeable and all(stride >= 0 for stride in array.strides)
        return torch.from_numpy(array if shareable else array.copy()).to(device)

    return tensor(update), tensor(cost)


def ready(*, distributed: bool = False) -> None:
    """Import torch, which takes seconds, before anybody looks at the clock."""
    torch = _torch()
    if distributed:
        _single_process_group(torch)


def hooked_gradients(hook: Callable[[Any, Any], Any], state: Any, updates: Sequence[Array]) -> list[Array]:
    """The gradients that come out of ``hook`` when the updates are the gradients that go in, one backward pass each.

    A single parameter ``w`` with loss ``<w, g>`` has gradient ``g``, whatever its value.
    """
    ready(distributed=True)
    torch = _torch()
    gradients = [torch.from_numpy(update.copy()) for update in updates]

    class Inner(torch.nn.Module):  # type: ignore[misc, name-defined]
        def __init__(self) -> None:
            super().__init__()
            self.w = torch.nn.Parameter(torch.zeros_like(gradients[0]))

        def forward(self, g: Any) -> Any:
            return (self.w * g).sum()

    model = torch.nn.parallel.DistributedDataParallel(Inner())
    model.register_comm_hook(state, hook)
    sent = []
    for gradient in gradients:
        model.zero_grad()
        model(gradient).backward()
        sent.append(model.module.w.grad.detach().cpu().numpy().copy())
    return sent


def _single_process_group(torch: Any) -> None:
    """A process group of this process alone, over no network, unless there is a group already."""
    distributed = torch.distributed
    if not distributed.is_available():
        raise InputError("this build of torch has no torch.distributed, which a DDP hook needs")
    if not distributed.is_initialized():
        distributed.init_process_group("gloo", store=distributed.HashStore(), rank=0, world_size=1)


def _torch() -> Any:
    try:
        import torch
    except ModuleNotFoundError:
        raise InputError("this adapter needs torch: pip install -e '.[torch]'") from None
    return torch
