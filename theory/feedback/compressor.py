"""Selection as a compressor: state, update -> sparse update, state, with error feedback (claims D17, D18).

    compressor = Compressor(cost, budget="5%")
    state = compressor.init(update)
    sent, state = compressor.apply(state, update)       # every round
    indices, values = sent.sparse()

An update is one flat vector of what may be selected; running statistics and other state are no part of it and travel
beside it whole (:func:`theory.model_state.state_entries` says which entries of a state dict these are).

Nothing is changed in place: the same state and update give the same answer again. Arrays and tensors alike; what a
round sends and the residual it leaves have the type and the device of the update.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, NamedTuple

import numpy as np

from theory.arithmetic.exact import Real
from theory.arrays import uncompiled
from theory.errors import InputError
from theory.feedback.error_feedback import refuse_integers, split
from theory.instance import Instance
from theory.layers import Layer
from theory.selection import tensors
from theory.selection.selectors import Cost, Loss, Rounding, Selection, selector_named


class State(NamedTuple):
    """What a client remembers between rounds: the ``residual``, shape (d,), and its ``budget`` in joules, exact."""

    residual: Any
    budget: Fraction


class Sent(NamedTuple):
    """What a client sends: ``values``, shape (d,) and zero where ``mask`` is not, and the selection it comes from."""

    values: Any
    selection: Selection

    @property
    def mask(self) -> Any:
        """Bool, shape (d,)."""
        return self.selection.mask

    def sparse(self) -> tuple[Any, Any]:
        """Indices, ascending, and values of the kept coordinates; on an accelerator this waits for their number."""
        indices = self.selection.support
        return indices, self.values[indices]


@dataclass(frozen=True)
class Compressor:
    """A selector under an energy budget, with error feedback.

    Attributes:
        cost: joules per coordinate, as for :class:`theory.Instance`.
        budget: of a round: ``"5%"`` of what sending everything costs, ``"3mJ"``, or a number of joules.
        selector: ``cwmp``, ``top-k`` or ``safe``. loss: of CWMP's order. layers, safety: what ``safe`` needs, see
            :func:`theory.selection.safe.safe`. rounding: see :mod:`theory.selection.selectors`.
        error_feedback: whether what is not sent is added to the next update, which is of floats then.
        threads: as for the selectors.
    """

    cost: Cost
    budget: Real
    selector: str = "cwmp"
    loss: Loss = "l2"
    rounding: Rounding = "prefix"
    error_feedback: bool = True
    threads: int = 1
    layers: Sequence[Layer | int] | None = None
    safety: Real = "0.8"

    def __post_init__(self) -> None:
        self._select()

    def _select(self) -> Callable[..., Selection]:
        return selector_named(self.selector, self.loss, layers=self.layers, safety=self.safety)

    def init(self, like: Any) -> State:
        """A client's first state, for updates of the shape, type and device of ``like``.

        Costs are checked and a share is turned into joules here, once.

        Raises:
            InputError: whatever :class:`theory.Instance` refuses of costs and budget; no flat array or tensor; integers
                with error feedback.
        """
        like = tensors.checked(like, "the update")
        shape = tuple(np.shape(like))
        if len(shape) != 1:
            raise InputError(f"the update must have shape (d,), got {shape}; flatten it first")
        whole = Instance(np.zeros(shape), tensors.array(self.cost, "cost"), self.budget)
        like = like if tensors.is_tensor(like) else np.asarray(like)
        if self.error_feedback:
            refuse_integers(like)
        residual = like.new_zeros(like.shape) if tensors.is_tensor(like) else np.zeros_like(like)
        return State(residual, whole.budget * whole.unit)

    @uncompiled
    def apply(self, state: State, update: Any) -> tuple[Sent, State]:
        """One round: what is sent of ``update`` plus residual, and the state that is left.

        Raises:
            InputError: an update of another shape or type than the state's, or one that is not finite; integers with
                error feedback.
        """
        update = tensors.checked(update, "the update")
        update = update if tensors.is_tensor(update) else np.asarray(update)
        if tuple(update.shape) != tuple(state.residual.shape) or update.dtype != state.residual.dtype:
            raise InputError(
                f"the state is for updates of {state.residual.dtype} and shape {tuple(state.residual.shape)}, "
                f"got {update.dtype} of shape {tuple(update.shape)}"
            )
        total = self._total(update, state.residual)
        total = total.detach() if tensors.is_tensor(total) else total
        selection = self._select()(total, self.cost, state.budget, rounding=self.rounding, threads=self.threads)
        sent, residual = split(total, selection.mask)
        return Sent(sent, selection), State(residual if self.error_feedback else state.residual, state.budget)

    def _total(self, update: Any, residual: Any) -> Any:
        if not self.error_feedback:
            return update
        refuse_integers(update)
        with np.errstate(over="ignore", invalid="ignore"):  # the selector refuses what is not finite
            return update + residual
