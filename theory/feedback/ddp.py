"""A communication hook for PyTorch's DistributedDataParallel: gradients pruned under an energy budget.

    state = PruningState(model, cost="fc=10,rest=1", fraction="0.05")
    ddp = DistributedDataParallel(model)
    ddp.register_comm_hook(state, prune_hook)

Each process selects from its own gradient plus residual, sends indices and values of what it kept (a dense reduction of
zeros would save nothing), and everybody averages what all have sent, in the order of the ranks. DDP hands over the
gradient in buckets, one at a time, so the budget is spent bucket by bucket: each gets the same share of its cost.
Buckets are rebuilt after the first iteration, so residuals belong to parameters, by name, and not to buckets.
"""

from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Any

import torch  # annotations are real here: PyTorch compares those of a hook with its classes
import torch.distributed as dist
from torch import Tensor, nn

from theory.arithmetic.exact import Real, as_fraction
from theory.budget import as_share
from theory.energy.costs import cost_spec
from theory.errors import InputError
from theory.feedback.error_feedback import split
from theory.instance import CostClasses
from theory.layers import named_layers
from theory.selection.selectors import Loss, Selection, selector_named


class PruningState:
    """What the hook remembers.

    Args:
        model: whose gradients are pruned (before or after it is wrapped).
        cost: joules per coordinate for each parameter: a text as on the command line (``"fc-dear"``,
            ``"fc=10,rest=1"``), or a mapping from parameter names.
        fraction: share of the cost of sending everything that each step may spend, in (0, 1] or ``"5%"``.
        selector: ``cwmp``, ``top-k`` or ``safe`` (each parameter is a layer). loss: of CWMP's order.
        safety: of ``safe``, see :func:`theory.selection.safe.safe`.
        error_feedback: whether what is not sent is added to the next gradient.
        process_group: the default one when None.

    Attributes:
        residuals: what each parameter has not sent yet, by name: save and restore it with the model.
        sent: coordinates sent by this process so far. joules: what they cost, exactly.

    Raises:
        InputError: a parameter without a cost, or a fraction outside (0, 1].
    """

    def __init__(
        self, model: nn.Module, cost: str | Mapping[str, Real], fraction: Real, *, selector: str = "cwmp",
        loss: Loss = "l2", error_feedback: bool = True, process_group: Any = None, safety: Real = "0.8",
    ) -> None:  # fmt: skip
        model = model.module if isinstance(model, nn.parallel.DistributedDataParallel) else model
        named = [(name, p) for name, p in model.named_parameters() if p.requires_grad]
        self.name_of = {id(p): name for name, p in named}
        self.cost_of = _costs(cost, [(name, tuple(p.shape)) for name, p in named])
        self.fraction, self.selector, self.loss, self.safety = as_share(fraction), selector, loss, safety
        self.select([])
        self.error_feedback, self.process_group = error_feedback, process_group
        self.residuals: dict[str, Tensor] = {}
        self.sent, self.joules = 0, Fraction(0)

    def select(self, sizes: list[int]) -> Callable[..., Selection]:
        """The selector for a bucket whose parameters have these sizes."""
        return selector_named(self.selector, self.loss, layers=sizes, safety=self.safety)


def _costs(cost: str | Mapping[str, Real], shapes: list[tuple[str, tuple[int, ...]]]) -> dict[str, Fraction]:
    """Joules per coordinate, by parameter."""
    if isinstance(cost, str):
        layers = named_layers(shapes)
        classes = cost_spec(cost, layers).values
        if isinstance(classes, Fraction):
            return {layer.name: classes for layer in layers}
        if not isinstance(classes, CostClasses):
            raise InputError("the hook takes one cost per parameter, not a file of costs per coordinate")
        at, found = 0, {}
        for layer in layers:
            if layer.size:
                found[layer.name] = as_fraction(classes.values[int(classes.labels[at])])
            at += layer.size
        return found
    missing = [name for name, _ in shapes if name not in cost]
    if missing:
        raise InputError(f"parameter {missing[0]!r} has no cost")
    return {name: as_fraction(cost[name], f"cost of {name!r}") for name, _ in shapes}


def prune_hook(state: PruningState, bucket: dist.GradBucket) -> torch.futures.Future[Tensor]:
    """Average over all processes of what each keeps of its gradient: ``register_comm_hook(state, prune_hook)``."""
    names = [state.name_of[id(parameter)] for parameter in bucket.parameters()]
    sizes = [parameter.numel() for parameter in bucket.parameters()]
    gradient = bucket.buffer()
    total = gradient
    if state.error_feedback:
        zeros = [(name, size) for name, size in zip(names, sizes, strict=True) if name not in state.residuals]
        state.residuals |= {name: torch.zeros(size, dtype=total.dtype, device=total.device) for name, size in zeros}
        total = gradient + torch.cat([state.residuals[name] for name in names])
    costs = list(dict.fromkeys(state.cost_of[name] for name in names))
    labels = torch.cat(
        [
            torch.full((size,), costs.index(state.cost_of[name]), dtype=torch.int16, device=total.device)
            for name, size in zip(names, sizes, strict=True)
        ]
    )
    classes = CostClasses(labels, costs)  # type: ignore[arg-type]
    selection = state.select(sizes)(total, classes, fraction=state.fraction)
    mask: Any = selection.mask
    if state.error_feedback:
        rest: Any = split(total, mask).residual  # type: ignore[arg-type]
        state.residuals |= dict(zip(names, rest.split(sizes), strict=True))
    indices: Any = selection.support
    state.sent += len(indices)
    state.joules += selection.spent * selection.unit
    return _mean(gradient, indices, total[indices], state.process_group)


def _mean(like: Tensor, indices: Tensor, values: Tensor, group: Any) -> torch.futures.Future[Tensor]:
    """The average, over the processes of ``group``, of the sparse vectors they bring."""
    world = dist.get_world_size(group)
    own = torch.tensor([indices.numel()], device=like.device)
    counts = [torch.zeros_like(own) for _ in range(world)]
    dist.all_gather(counts, own, group=group)
    numbers = [int(count) for count in counts]
    room = max(numbers) - indices.numel()
    pair = nn.functional.pad(indices, (0, room)), nn.functional.pad(values, (0, room))
    gathered = [[torch.empty_like(part) for _ in range(world)] for part in pair]
    works = [dist.all_gather(out, part, group=group, async_op=True) for out, part in zip(gathered, pair, strict=True)]

    def average(_: Any) -> Tensor:
        dense = torch.zeros_like(like)
        for number, where, what in zip(numbers, *gathered, strict=True):
            dense.index_add_(0, where[:number], what[:number])
        return dense.div_(world)

    return torch.futures.collect_all([work.get_future() for work in works]).then(average)
