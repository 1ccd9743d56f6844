"""A communication hook for PyTorch's DistributedDataParallel: gradients pruned under an energy budget.

    state = PruningState(model, cost="fc=10,rest=1", budget="5%")
    ddp = DistributedDataParallel(model)
    ddp.register_comm_hook(state, prune_hook)

Each process selects from its own gradient plus residual, sends indices and values of what it kept (a dense reduction of
zeros would save nothing), and everybody averages what all have sent, in the order of the ranks. DDP hands over the
gradient in buckets, one at a time, so the budget is spent bucket by bucket: each gets the same share of its cost; or,
with ``one_price=True``, all buckets keep what is worth the same price (:mod:`theory.feedback.step_price`).
Buckets are rebuilt after the first iteration, so residuals belong to parameters, by name, and not to buckets.
Buffers (running statistics) have no gradient: DDP broadcasts them whole, and no hook sees them.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from fractions import Fraction
from functools import partial
from pathlib import Path
from typing import Any

import torch  # annotations are real here: PyTorch compares those of a hook with its classes
import torch.distributed as dist
from torch import Tensor, nn

from theory.arithmetic.exact import Real, as_fraction
from theory.budget import budget_in_units
from theory.energy.costs import Costs, budget_spec, costs_of
from theory.energy.models import CostModel
from theory.errors import InputError
from theory.feedback.learnt_worth import LearntWorth
from theory.feedback.loss_scale import ScalerInUse
from theory.feedback.step_price import StepPrice
from theory.feedback.trained import trained_parameters
from theory.instance import CostClasses, class_values, is_one_cost
from theory.layers import Layer, named_layers, with_kinds
from theory.model_state import state_entries
from theory.selection.selectors import Loss, Selection, selector_named

_NOT_FINITE, _OVERFLOWN = -1, -2  # what a process says of its gradient, in the place of a count


class PruningState:
    """What the hook remembers.

    Args:
        model: whose gradients are pruned (before or after it is wrapped); kinds come from the types of its modules.
        cost: joules per coordinate of each parameter: a text as on the command line (``"fc-dear"``,
            ``"fc=10,rest=1"``), an energy model, a mapping from names or kinds of parameters, or one number for all.
        budget: what each step may spend on what is selected: joules, a text with a unit (``"3mJ"``), or a share of the
            cost of sending all that can be selected (``"5%"``).
        kinds: ``pattern=kind`` texts that change kinds by name (:func:`theory.layers.with_kinds`).
        selector: ``cwmp``, ``top-k`` or ``safe`` (each parameter is a layer). loss: of CWMP's order.
        safety: of ``safe``, see :func:`theory.selection.safe.safe`.
        error_feedback: whether what is not sent is added to the next gradient.
        process_group: the default one when None.
        state: names or patterns of parameters that are never selected: their gradients travel whole, at their cost.
        scaler: the ``torch.amp.GradScaler`` of the training. The only one that lives is found without being named.
        one_price: let the buckets of a step compete: each keeps what retains at least the same score per joule, and a
            process never spends more than the budgets of all its steps so far. Only for ``cwmp`` with the loss ``l2``.
        learn_worth: above the reserves of ``safe``, follow the order of ``a_b g^2/c`` with ``a_b`` the worth of a
            parameter's layer, learnt from what all processes have sent so far (P15). Only for ``safe``.

    Attributes:
        layers: the parameters with their kinds, and how these were decided.
        residuals: what each parameter has not sent yet, by name, as if losses were not scaled: save and restore it
            with the model. What is not of this model, or not finite, is refused in the next backward pass.
        sent: coordinates sent by this process so far. joules: what they cost, exactly.
        buffers: names of the model's buffers, which DDP itself broadcasts whole and no hook sees.
        budget: joules of a step, exact. price: with ``one_price``, the price and what was spent at it; else None.
        worth: with ``learn_worth``, what was learnt, by parameter: save and restore its ``pairs`` with the residuals.

    Raises:
        InputError: a parameter without a cost or with one that is not > 0, a name or a pattern that no parameter has,
            no budget, one price or learnt worth for another selector; a parameter that cannot be pruned, by its name:
            complex, of sparse gradients, not initialised, in another's storage.
    """

    def __init__(
        self, model: nn.Module, cost: Any, budget: Real, *, kinds: Sequence[str] = (),
        selector: str = "cwmp", loss: Loss = "l2", error_feedback: bool = True, process_group: Any = None,
        state: Collection[str] = (), scaler: Any = None, safety: Real = "0.8", one_price: bool = False,
        learn_worth: bool = False,
    ) -> None:  # fmt: skip
        model = model.module if isinstance(model, nn.parallel.DistributedDataParallel) else model
        named = trained_parameters(model)
        self.name_of = {id(p): name for name, p in named.items()}
        self.layers = with_kinds(named_layers([(name, tuple(p.shape)) for name, p in named.items()], model), kinds)
        costs = _costs(cost, self.layers, model)
        self.cost_of = _by_parameter(costs, self.layers)
        self.selector, self.loss, self.safety = selector, loss, safety
        self.worth = LearntWorth() if learn_worth else None
        self.select({})
        if learn_worth and selector != "safe":
            raise InputError(f"worth is learnt for selector 'safe', above its reserves, got {selector!r}")
        self.error_feedback, self.process_group = error_feedback, process_group
        self.whole = set(state_entries([(name, True) for name in named], model, state).names)
        free = [layer for layer in self.layers if layer.name not in self.whole and layer.size]
        self._all = sum((self.cost_of[layer.name] * layer.size for layer in free), Fraction(0))
        class_values(list({self.cost_of[layer.name] for layer in free}))
        self.budget = min(_joules(budget, costs, self.layers, self._all), self._all)
        if one_price and (selector, loss) != ("cwmp", "l2"):
            raise InputError(f"one price is for selector 'cwmp' with loss 'l2', got {selector!r} with {loss!r}")
        self.price = StepPrice(self.budget) if one_price else None
        self.buffers = tuple(name for name, _ in model.named_buffers())
        self.scaler = ScalerInUse(scaler)
        self.residuals: dict[str, Tensor] = {}
        self.sent, self.joules = 0, Fraction(0)
        self._begin()

    def _begin(self) -> None:
        """Of this step nothing has been kept yet, and nothing is skipped."""
        self._before: dict[str, Tensor | None] = {}
        self._skipped = False

    def names_in(self, bucket: dist.GradBucket) -> list[str]:
        """Names of the parameters of a bucket; the first bucket of a backward pass begins a step."""
        if bucket.index() == 0:
            self._begin()
            self._refuse_foreign()
            for memory in (self.price, self.worth):
                if memory:
                    memory.begin()
        try:
            return [self.name_of[id(parameter)] for parameter in bucket.parameters()]
        except KeyError:
            raise InputError(
                "the hook met a parameter that its state does not know: make the state of the model that is trained, "
                "after its parameters are frozen or replaced"
            ) from None

    def _refuse_foreign(self) -> None:
        """Raises :class:`InputError` for what was restored and is of another model."""
        sizes = {layer.name: layer.size for layer in self.layers}
        for what, memory in (("residuals", self.residuals), ("worth.pairs", self.worth.pairs if self.worth else {})):
            for name in memory:
                if name not in sizes:
                    raise InputError(f"{what} has {name!r}, which no trained parameter is called: restore this model's")
        for name, rest in self.residuals.items():
            if not isinstance(rest, Tensor) or rest.shape != (sizes[name],):
                found = tuple(rest.shape) if isinstance(rest, Tensor) else type(rest).__name__
                raise InputError(f"the residual of {name!r} must be a tensor of shape ({sizes[name]},), got {found}")

    def refuse_broken(self, names: Sequence[str]) -> None:
        """Raises :class:`InputError` for a residual that no step has kept: one that is not finite."""
        for name in names:
            rest = self.residuals.get(name)
            if rest is not None and not bool(torch.isfinite(rest).all()):
                raise InputError(f"the residual of {name!r} is not finite, as no step leaves it: restore another")

    def keep(self, residuals: Mapping[str, Tensor]) -> None:
        """New residuals of some parameters, unless this step will be skipped."""
        if not self._skipped:
            self._before |= {name: self.residuals.get(name) for name in residuals}
            self.residuals |= residuals

    def skip(self) -> None:
        """This step has a gradient that is not finite, so nothing of it arrives: residuals are as they were before."""
        for name, before in self._before.items():
            if before is None:
                self.residuals.pop(name, None)
            else:
                self.residuals[name] = before
        for memory in (self.price, self.worth):
            if memory:
                memory.skip()
        self._before, self._skipped = {}, True

    def learn(
        self, names: Sequence[str], sizes: Sequence[int], scale: float, sent: Sequence[tuple[Tensor, Tensor]]
    ) -> None:
        """What each process has sent of some parameters: indices and values, at a loss scale."""
        if self.worth and not self._skipped:
            self.worth.see(names, sizes, [(at, values.double() / scale) for at, values in sent])

    def select(self, sizes: Mapping[str, int]) -> Callable[..., Selection]:
        """The selector for a bucket whose parameters have these names and sizes."""
        worth = self.worth.of(list(sizes)) if self.worth else None
        return selector_named(self.selector, self.loss, layers=list(sizes.values()), safety=self.safety, worth=worth)

    def chosen(
        self, total: Tensor, labels: Tensor, costs: list[Fraction], sizes: Mapping[str, int], joules: Fraction
    ) -> tuple[Tensor, Fraction]:
        """Indices of what a bucket sends of what can be selected, ascending, and its joules.

        Args:
            total: shape (d,). labels: of each coordinate the position of its cost in ``costs``. sizes: of its
                parameters, by name. joules: what sending all of it costs.
        """
        room = self.budget * joules / self._all
        if self.price and not self._skipped:
            self.price.see(total, labels, costs)
            kept = self.price.kept(total, labels, costs)
            if kept is not None:
                return kept
            room = self.price.left if self.price.price is not None else min(room, self.price.left)
        classes = CostClasses(labels, costs)  # type: ignore[arg-type]
        selection: Any = self.select(sizes)(total, classes, room)
        spent = selection.spent * selection.unit
        if self.price and not self._skipped:
            self.price.spent += spent
        return selection.support, spent


def _costs(cost: Any, layers: tuple[Layer, ...], model: nn.Module) -> Costs:
    """Costs of the trained parameters; in a mapping, the model's other names are passed over."""
    if isinstance(cost, Mapping):
        names = {name for name, _ in model.named_parameters(remove_duplicate=False)}
        others = names - {"rest", *(layer.name for layer in layers), *(layer.kind for layer in layers)}
        cost = {name: joules for name, joules in cost.items() if name not in others}
    elif not isinstance(cost, (str, Path, CostModel)) and not is_one_cost(cost):
        raise InputError(
            "cost must be a text such as 'fc=10,rest=1', an energy model, a mapping from names or kinds of parameters, "
            f"or one number, got {type(cost).__name__}"
        )
    return costs_of(cost, layers)


def _by_parameter(costs: Costs, layers: tuple[Layer, ...]) -> dict[str, Fraction]:
    """Joules per coordinate, by parameter."""
    classes = costs.values
    if isinstance(classes, Fraction):
        return {layer.name: classes for layer in layers}
    if not isinstance(classes, CostClasses):
        raise InputError("the hook takes one cost per parameter, not a file of costs per coordinate")
    at, found = 0, {}
    for layer in layers:
        found[layer.name] = as_fraction(classes.values[int(classes.labels[at])]) if layer.size else Fraction(0)
        at += layer.size
    return found


def _joules(budget: Real, costs: Costs, layers: tuple[Layer, ...], whole: Fraction) -> Fraction:
    """What a budget is in joules, a share being one of ``whole``."""
    return budget_in_units(budget_spec(budget).amount(costs, layers), lambda: whole, Fraction(1))


def prune_hook(state: PruningState, bucket: dist.GradBucket) -> torch.futures.Future[Tensor]:
    """Average over all processes of what each keeps of its gradient: ``register_comm_hook(state, prune_hook)``.

    Where a gradient is not finite on any process, the bucket is averaged as DDP does without a hook: everybody gets
    what is not finite, so that a ``GradScaler`` skips the step on all of them, and residuals stay what they were.
    """
    names, sizes = state.names_in(bucket), [parameter.numel() for parameter in bucket.parameters()]
    gradient, scale = bucket.buffer(), state.scaler.scale()
    total = _total(state, gradient, names, sizes, scale)
    found: Tensor | None = None
    if not bool(torch.isfinite(gradient).all()):
        number = _NOT_FINITE
    elif not bool(torch.isfinite(total).all()):
        state.refuse_broken(names)
        number = _OVERFLOWN
    else:
        found, spent = _chosen(state, total, names, sizes)
        number = found.numel()
    numbers = _gathered(number, gradient, state.process_group)
    if _NOT_FINITE in numbers:
        state.skip()
    if found is None or min(numbers) < 0:
        state.sent += gradient.numel()
        state.joules += sum((n * state.cost_of[name] for name, n in zip(names, sizes, strict=True)), Fraction(0))
        return _dense_mean(gradient, state.process_group)
    state.sent, state.joules = state.sent + found.numel(), state.joules + spent
    values = _in_scale(total[found], scale, gradient.dtype)
    if state.error_feedback:
        rest = total.index_fill(0, found, 0)
        if scale is not None:  # rounding, where gradients are narrower or the scale is no power of two
            rest[found] = total[found] - values.to(total.dtype) / scale
        state.keep(dict(zip(names, rest.split(sizes), strict=True)))
    return _mean(gradient, found, values, numbers, state.process_group, partial(state.learn, names, sizes, scale or 1))


def _total(
    state: PruningState, gradient: Tensor, names: list[str], sizes: list[int], scale: float | None
) -> Tensor:  # fmt: skip
    """Gradient, unscaled, plus residual: shape (d,), in float32 where a scaled gradient is narrower."""
    total = gradient
    if scale is not None:
        total = (gradient.float() if gradient.element_size() < 4 else gradient) / scale
    if not state.error_feedback:
        return total
    parts = [state.residuals.get(name) for name in names]
    return total + torch.cat([
        total.new_zeros(size) if part is None else part.to(total) for part, size in zip(parts, sizes, strict=True)
    ])  # fmt: skip


def _in_scale(values: Tensor, scale: float | None, dtype: torch.dtype) -> Tensor:
    """Values as the optimiser is to meet them; what the type does not hold stays with the sender."""
    if scale is None:
        return values
    most = torch.finfo(dtype).max
    return (values * scale).clamp(-most, most).to(dtype)


def _chosen(state: PruningState, total: Tensor, names: list[str], sizes: list[int]) -> tuple[Tensor, Fraction]:
    """Indices of what is sent, ascending, and its joules."""
    prices = [state.cost_of[name] for name in names]
    whole = [name in state.whole for name in names]
    costs = list(dict.fromkeys(c for c, size, w in zip(prices, sizes, whole, strict=True) if size and not w))
    label = {cost: k for k, cost in enumerate(costs)}
    codes = [-1 if w else label.get(c, 0) for c, w in zip(prices, whole, strict=True)]
    labels = torch.cat([
        torch.full((size,), code, dtype=torch.int16, device=total.device)
        for code, size in zip(codes, sizes, strict=True)
    ])  # fmt: skip
    fixed = sum((n * c for n, c, w in zip(sizes, prices, whole, strict=True) if w), Fraction(0))
    joules = sum((n * c for n, c, w in zip(sizes, prices, whole, strict=True) if not w), Fraction(0))
    if not costs:
        return torch.arange(total.numel(), device=total.device), fixed
    if not any(whole):
        return state.chosen(total, labels, costs, dict(zip(names, sizes, strict=True)), joules)
    free = torch.nonzero(labels >= 0).view(-1)
    left = {name: n for name, n, w in zip(names, sizes, whole, strict=True) if not w}
    support, spent = state.chosen(total[free], labels[free], costs, left, joules)
    kept = torch.cat([torch.nonzero(labels == -1).view(-1), free[support]]).sort().values
    return kept, spent + fixed


def _gathered(number: int, like: Tensor, group: Any) -> list[int]:
    """What each process says, by its rank."""
    own = torch.tensor([number], device=like.device)
    told = [torch.zeros_like(own) for _ in range(dist.get_world_size(group))]
    dist.all_gather(told, own, group=group)
    return [int(one) for one in told]


def _dense_mean(gradient: Tensor, group: Any) -> torch.futures.Future[Tensor]:
    """The average of everything, as DDP forms it without a hook."""
    mean = gradient / dist.get_world_size(group)
    work: Any = dist.all_reduce(mean, group=group, async_op=True)
    return work.get_future().then(lambda _: mean)  # type: ignore[no-any-return]


def _mean(
    like: Tensor, indices: Tensor, values: Tensor, numbers: list[int], group: Any,
    learn: Callable[[list[tuple[Tensor, Tensor]]], None],
) -> torch.futures.Future[Tensor]:  # fmt: skip
    """The average, over the processes of ``group``, of the sparse vectors they bring, of so many values each.

    Args:
        learn: is shown what each process has sent.
    """
    world, room = len(numbers), max(numbers) - indices.numel()
    pair = nn.functional.pad(indices, (0, room)), nn.functional.pad(values, (0, room))
    gathered = [[torch.empty_like(part) for _ in range(world)] for part in pair]
    works = [dist.all_gather(out, part, group=group, async_op=True) for out, part in zip(gathered, pair, strict=True)]

    def average(_: Any) -> Tensor:
        dense = torch.zeros_like(like, dtype=torch.float32 if like.element_size() < 4 else like.dtype)
        sent = [(where[:number], what[:number]) for number, where, what in zip(numbers, *gathered, strict=True)]
        for where, what in sent:
            dense.index_add_(0, where, what.to(dense.dtype) / world)
        learn(sent)
        return dense.to(like.dtype)

    return torch.futures.collect_all([work.get_future() for work in works]).then(average)
