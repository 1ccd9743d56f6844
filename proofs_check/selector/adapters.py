"""Adapters: what people have, as a :class:`Selector`.

    Selector(function, promise)             function(update, cost, budget) on NumPy arrays
    from_instance(function, promise)        function(Instance), as the selectors of this project
    from_torch(function, promise)           the same on tensors: mask, indices, sparse or dense tensor
    from_compressor(make, promise)          a stateful compressor, made for costs and a budget
    from_ddp_hook(hook, make_state, promise)   a communication hook of DistributedDataParallel

An adapter holds no state, so that it can be sent to the process in which the selector is tried.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from proofs_check.selector import torch_bridge
from proofs_check.selector.promise import Promise
from proofs_check.selector.subject import Array, Selector, plain, read_output
from theory.instance import Instance

Made = tuple[str, tuple[Any, ...]]  # the adapter's name and what it was given


class Compressor(Protocol):
    """A compressor with a state, as :func:`from_compressor` drives it."""

    def init(self, d: int) -> Any:
        """The state before the first of all updates of ``d`` coordinates."""

    def apply(self, state: Any, update: Array) -> tuple[Any, Any]:
        """What is sent of ``update``, in any form that a selector may return, and the new state."""


def from_instance(function: Callable[[Instance], Any], promise: Promise | None = None) -> Selector:
    """A function of an :class:`Instance` that returns a :class:`theory.Selection` or what a selector may return."""
    return Selector(OnInstance(function), promise or Promise(), _name(function))


def from_torch(function: Callable[..., Any], promise: Promise | None = None, *, device: str = "cpu") -> Selector:
    """A function ``(update, cost, budget)`` of two tensors on ``device`` and a float.

    It may return a bool mask, an integer tensor of indices, a dense or sparse tensor of the update's shape, or values
    with their indices, on any device.

    Raises:
        InputError: when called without torch.
    """
    return Selector(OnTensors(function, device), promise or Promise(), _name(function))


def from_compressor(make: Callable[[Array, float], Compressor], promise: Promise | None = None) -> Selector:
    """A stateful compressor; ``make(cost, budget)`` returns one with ``init(d)`` and ``apply(state, update)``.

    Every check but that of error feedback sees the first round of a fresh state. Promise ``error_feedback=True`` to
    have conservation over rounds checked.
    """
    rounds = CompressorRounds(make)
    return Selector(FirstRound(rounds), promise or Promise(), _name(make), rounds)


def from_ddp_hook(
    hook: Callable[[Any, Any], Any], make_state: Callable[[Array, float], Any], promise: Promise | None = None
) -> Selector:
    """A hook ``hook(state, bucket) -> Future[Tensor]`` as ``DistributedDataParallel.register_comm_hook`` takes it.

    ``make_state(cost, budget)`` makes the hook's state. It runs in a real ``DistributedDataParallel`` over one process,
    whose gradient is the update: what a hook of one worker sends is what comes out. A hook that divides by the number
    of workers divides by one.

    Raises:
        InputError: when called without torch.
    """
    rounds = HookRounds(hook, make_state)
    return Selector(FirstRound(rounds), promise or Promise(), _name(hook), rounds)


@dataclass(frozen=True)
class OnInstance:
    """Calls a function of an instance."""

    inner: Callable[[Instance], Any]

    @property
    def made_by(self) -> Made:
        """How a report says where this came from."""
        return "from_instance", (self.inner,)

    def __call__(self, update: Array, cost: Array, budget: float, **seed: int) -> Any:
        """One selection."""
        return self.inner(Instance(update, cost, budget), **seed)


@dataclass(frozen=True)
class OnTensors:
    """Calls a function of tensors."""

    inner: Callable[..., Any]
    device: str

    @property
    def made_by(self) -> Made:
        """How a report says where this came from."""
        return "from_torch", (self.inner,)

    def prepare(self) -> None:
        """What need not be timed."""
        torch_bridge.ready()

    def __call__(self, update: Array, cost: Array, budget: float, **seed: int) -> Any:
        """One selection."""
        g, c = torch_bridge.tensors(update, cost, self.device)
        return self.inner(g, c, budget, **seed)


@dataclass(frozen=True)
class CompressorRounds:
    """Runs a fresh compressor over some updates."""

    inner: Callable[[Array, float], Compressor]

    def __call__(self, updates: Sequence[Array], cost: Array, budget: float) -> list[Array]:
        """What each round sends."""
        compressor = self.inner(cost, budget)
        state, sent = compressor.init(cost.size), []
        for update in updates:
            message, state = compressor.apply(state, update)
            sent.append(_dense(message, update))
        return sent


@dataclass(frozen=True)
class HookRounds:
    """Runs a hook over some gradients."""

    inner: Callable[[Any, Any], Any]
    make_state: Callable[[Array, float], Any]

    def __call__(self, updates: Sequence[Array], cost: Array, budget: float) -> list[Array]:
        """What each round sends."""
        if not cost.size:  # DDP takes no parameter without elements
            return [update.copy() for update in updates]
        return torch_bridge.hooked_gradients(self.inner, self.make_state(cost.copy(), budget), updates)


@dataclass(frozen=True)
class FirstRound:
    """What the first round of a fresh state sends."""

    rounds: CompressorRounds | HookRounds

    @property
    def made_by(self) -> Made:
        """How a report says where this came from."""
        if isinstance(self.rounds, HookRounds):
            return "from_ddp_hook", (self.rounds.inner, self.rounds.make_state)
        return "from_compressor", (self.rounds.inner,)

    def prepare(self) -> None:
        """What need not be timed."""
        if isinstance(self.rounds, HookRounds):
            torch_bridge.ready(distributed=True)

    def __call__(self, update: Array, cost: Array, budget: float) -> Array:
        """One selection."""
        return self.rounds([update], cost, budget)[0]


def _dense(message: Any, update: Array) -> Array:
    """What a round sends, as a dense array: a mask, indices or pairs are laid over the update they came from."""
    kept = read_output(message, update.size, update.dtype)
    return kept.sent if kept.sent is not None else np.where(kept.mask, plain(update), update.dtype.type(0))


def _name(function: Any) -> str:
    function = getattr(function, "func", function)  # functools.partial
    return getattr(function, "__name__", type(function).__name__)
