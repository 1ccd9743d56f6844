"""A mod for anyone's ClientApp: after training, only the coordinates worth their energy leave the client.

    update = weights replied - weights received + residual
    sent = update on the mask of the method under the budget,   residual = the rest

The app stays as it is; it takes the weights from the message and replies with trained ones. The residual is kept in the
client's ``context.state``, which Flower carries from round to round. What is state and no update (running statistics,
counters, masks) travels whole and is in no residual; tied weights travel once.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Collection, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any

import numpy as np
from flwr.app import ArrayRecord, ConfigRecord, Context, Error, Message, MessageType, MetricRecord, RecordDict
from flwr.clientapp.typing import ClientAppCallable
from flwr.common.constant import ErrorCode
from numpy.typing import NDArray

from empirical.flower.copies import Copies, copies, model_copies, refuse_overlaps
from empirical.flower.layout import Layout, flat, found_state, layout
from empirical.flower.packet import Said, encode
from empirical.flower.state_prices import state_energy
from empirical.prices import COST_MODELS, Prices, given, prices
from empirical.streams import stream
from empirical.training.compress import CURVATURE, METHODS, Choice, Offer, Told, compress
from empirical.training.server_memory import LEARNING
from theory.energy.costs import budget_spec, cost_spec
from theory.errors import InputError
from theory.feedback.error_feedback import accumulate, split
from theory.instance import CostClasses, is_one_cost
from theory.layers import Layer, layers_of, taken_from, with_kinds
from theory.model_state import StateEntries

FISHER, WORTH = "fisher", "cwmp.worth"
RESIDUAL, OWN_STATE = "cwmp.residual", "cwmp.state"
PARTITION, PARTITION_ID = "cwmp.partition", "partition-id"
ENERGY, COORDINATES, BYTES = "sent-energy", "sent-coordinates", "sent-bytes"
STATE_ENERGY, STATE_COORDINATES = "state-energy", "state-coordinates"
CAPTURED, GAP = "captured-share", "optimality-gap"
_NOTHING = Choice(np.zeros(0, dtype=bool), (), 0.0, 0.0)  # of an update without coordinates


class SparsifyMod:
    """Compress what the train function replies: ``@app.train(mods=[SparsifyMod("cwmp", "fc-dear", "5%")])``.

    Adds to the reply's metrics ``sent-energy`` (joules, or units where a model's costs are ratios; of which
    ``state-energy`` went into state), ``sent-coordinates`` (selected), ``state-coordinates``, ``sent-bytes``,
    ``captured-share`` (of the squared norm) and ``optimality-gap`` (an upper bound, see
    :class:`empirical.training.compress.Choice`). The server needs :class:`empirical.flower.SparseFedAvg`.
    This mod comes first in the list; mods that change weights, such as clipping, are nearer to the app.

    Args:
        method: one of :data:`empirical.training.compress.METHODS`, or ``learnt-safe`` or ``learnt-joules``, for which
            the strategy learns what a layer is worth (``SparseFedAvg(learn_worth=True)``). ``curvature`` needs one more
            record of arrays in the reply, ``fisher``: the mean squared gradients, named and shaped like the weights; it
            is not sent.
        cost: joules per coordinate: an energy model or a text as on the command line (``"fc=10,rest=1"``), read on
            the kinds of the model's arrays; or a number, :class:`theory.CostClasses`, an array of shape (d,), for the
            arrays that are an update, in their order.
        budget: of a client's round: ``"5%"`` of what sending the whole update costs, ``"3mJ"``, or a number of joules
            (units where a model's costs are ratios). State is sent on top of it.
        model: the app's ``torch.nn.Module`` (on the meta device will do): kinds then come from the types of its
            modules, and its buffers are the state. Without it both are read from names, shapes and types.
        kinds: ``pattern=kind`` texts that change kinds by name (:func:`theory.layers.with_kinds`).
        seed: of what is drawn: ``random-k``'s order, ``lognormal`` costs.
        error_feedback: whether what is not sent is added to the client's next update.
        state: names or patterns (``"bn*"``) of arrays that are state too.
        local_state: keep the state at the client, which starts each round from its own (FedBN, Li et al. 2021); give
            the mod to ``@app.evaluate`` too, so that it is evaluated with it.

    Attributes:
        found: what is state and how it was found, :class:`theory.model_state.StateEntries`, once a message was seen;
            it is logged too.

    Raises:
        InputError: unknown method, a budget that is none; a model whose parameters overlap. What is
            found wrong later, in the costs or in a reply, becomes an error reply of one line.
    """

    def __init__(
        self, method: str, cost: str | float | CostClasses | NDArray, budget: str | float, *,
        model: Any = None, kinds: Sequence[str] = (), seed: int = 0, error_feedback: bool = True,
        state: Collection[str] = (), local_state: bool = False,
    ) -> None:  # fmt: skip
        if method not in (methods := (*METHODS, *LEARNING)):
            raise InputError(f"no method {method!r}; the methods are {', '.join(methods)}")
        self.method, self.cost, self.budget = method, cost, budget_spec(budget)
        self.seed, self.error_feedback = seed, error_feedback
        self.kinds = tuple(kinds)
        self.known = None if model is None else layers_of(model, buffers=True, tied=True)
        self.model, self.local_state = model, local_state
        self.state = (state,) if isinstance(state, str) else tuple(state)
        self.found: StateEntries | None = None
        self._second_names, self._looked = model_copies(model), False

    def __call__(self, message: Message, context: Context, call_next: ClientAppCallable) -> Message:
        """Let the app train, then compress its reply; or tell the strategy which partition this client holds."""
        if PARTITION in message.content:
            told = MetricRecord({PARTITION_ID: int(context.node_config.get(PARTITION_ID, -1))})
            return Message(RecordDict({PARTITION: told}), reply_to=message)
        try:
            here = self._layout(message.content)
            if self.local_state:
                self._give_own_state(message.content, here, context)
        except InputError as error:
            return _refused(message, error)
        reply = call_next(message, context)
        if reply.has_error() or not message.metadata.message_type.startswith(MessageType.TRAIN):
            return reply
        try:
            self._compress(message.content, reply.content, here, context)
        except InputError as error:
            return _refused(message, error)
        return reply

    def _layout(self, received: RecordDict) -> Layout:
        """How the arrays of a message lie; said once."""
        _, before = _the_only(received.array_records, "message", "ArrayRecord")
        state = found_state(before, self.model, self.state)
        if self.found != state:
            self.found = state
            logging.getLogger("flwr").info("SparsifyMod: %s", state)
        here = layout(before, state.names)
        return replace(here, layers=self.layers(here))

    def _give_own_state(self, received: RecordDict, here: Layout, context: Context) -> None:
        own = context.state.get(OWN_STATE, {})
        key, before = _the_only(received.array_records, "message", "ArrayRecord")
        received[key] = ArrayRecord({name: own.get(name, array) if name in here.whole else array
                                     for name, array in before.items()})  # fmt: skip

    def _compress(self, received: RecordDict, replied: RecordDict, here: Layout, context: Context) -> None:
        fisher = replied.pop(FISHER, None)
        _, before = _the_only(received.array_records, "message", "ArrayRecord")
        key, after = _the_only(replied.array_records, "reply", "ArrayRecord")
        _, metrics = _the_only(replied.metric_records, "reply", "MetricRecord")
        weights = flat(before, here)
        with np.errstate(over="ignore", invalid="ignore"):  # what is not finite is refused below, by name
            update = flat(after, here) - weights
        if RESIDUAL in context.state:
            update = accumulate(update, context.state[RESIDUAL]["0"].numpy())
        short = self._copies(before, here, weights, update)
        total = update[short.kept]
        priced = self._prices(here, short) if short.d else None
        choice = _NOTHING
        if priced is not None:
            told = self._told(received, short)
            choice = self._choice(total, fisher, here, short, priced, told, _address(received, context))
        if self.local_state:
            context.state[OWN_STATE] = ArrayRecord({name: after[name] for name in here.whole})
        whole = {} if self.local_state else {name: after[name] for name in here.whole}
        sent = ArrayRecord({**encode(total, choice.mask), **whole})
        replied[key] = sent
        said = Said(here.whole, short.first_of, self.local_state)
        if said != Said(found_state(before).names):
            replied[Said.KEY] = said.record()
        if self.error_feedback:
            rest = split(total, choice.mask).residual
            context.state[RESIDUAL] = ArrayRecord([rest[short.places]])
        state = [] if self.local_state else [(name, tuple(before[name].shape)) for name in here.whole]
        spent = state_energy(self.cost, short.layers, state, priced, self.seed)
        metrics[STATE_ENERGY], metrics[STATE_COORDINATES] = float(spent), sum(math.prod(shape) for _, shape in state)
        metrics[ENERGY] = float(sum((entry.energy for entry in choice.ledger), spent))
        metrics[COORDINATES], metrics[BYTES] = int(choice.mask.sum()), sum(len(array.data) for array in sent.values())
        metrics[CAPTURED], metrics[GAP] = choice.captured, choice.gap

    def _copies(self, before: ArrayRecord, here: Layout, weights: NDArray, update: NDArray) -> Copies:
        """What is there twice; an array that is a part of another is refused, the first time."""
        dtypes = {layer.name: before[layer.name].dtype for layer in here.layers}
        short = copies(here, weights, update, dtypes, self._second_names)
        if not self._looked:
            refuse_overlaps(here, weights, update, short)
            self._looked = True
        return short

    def _choice(
        self, total: NDArray, fisher: ArrayRecord | None, here: Layout, short: Copies, priced: Prices,
        told: Told, address: tuple[int, int],
    ) -> Choice:  # fmt: skip
        if self.method == CURVATURE and fisher is None:
            raise InputError(f"method {CURVATURE!r} needs an ArrayRecord {FISHER!r} in the reply")
        curvature = np.zeros(0) if fisher is None else flat(fisher, here)[short.kept]
        rng = stream(self.seed, "selection", *address)
        budget = priced.joules(self.budget, short.layers)
        return compress(self.method, Offer(total, curvature, short.layers, priced, budget, rng, told=told))

    def _told(self, received: RecordDict, short: Copies) -> Told:
        """What the strategy says that each layer is worth, where the method asks for it."""
        if self.method not in LEARNING:
            return Told()
        said = received.config_records.get(WORTH)
        if said is None or any(layer.name not in said for layer in short.layers):
            needs = "SparseFedAvg(learn_worth=True) on the server says it"
            raise InputError(f"method {self.method!r} has to be told what each array is worth; {needs}")
        return Told(worth=np.array([said[layer.name] for layer in short.layers], dtype=np.float64))

    def layers(self, here: Layout) -> tuple[Layer, ...]:
        """The layers of the arrays, their kinds from the model where one was given, and as ``kinds`` say.

        Raises:
            InputError: the model has no such array, or a pattern matches none.
        """
        shapes = ((layer.name, layer.shape) for layer in here.layers)
        return with_kinds(here.layers if self.known is None else taken_from(self.known, shapes), self.kinds)

    def _prices(self, here: Layout, short: Copies) -> Prices:
        if isinstance(self.cost, (str, float, int)):
            return _named_prices(str(self.cost), short.layers, self.seed)
        cost = self.cost
        if short.d < here.d and not is_one_cost(cost):  # given for every array, second names too
            per_item = cost.labels if isinstance(cost, CostClasses) else cost
            if np.shape(per_item) == (here.d,):
                chosen = np.asarray(per_item)[short.kept]
                cost = replace(cost, labels=chosen) if isinstance(cost, CostClasses) else chosen
        return given(cost, short.layers)


@lru_cache(maxsize=16)
def _named_prices(cost: str, layers: tuple[Layer, ...], seed: int) -> Prices:
    if cost in COST_MODELS:  # what has no coordinates needs no price
        return prices(cost, tuple(layer for layer in layers if layer.size), seed)
    read = cost_spec(cost, layers)
    return given(read.values, layers, read.model)


def _address(received: RecordDict, context: Context) -> tuple[int, int]:
    """Rounds done and the client, which name the draws: the partition where it has one, else the node."""
    number = next((c["server-round"] for c in received.config_records.values() if "server-round" in c), 1)
    return int(number) - 1, int(context.node_config.get(PARTITION_ID, context.node_id))  # type: ignore[call-overload]


def _refused(message: Message, error: InputError) -> Message:
    return Message(Error(ErrorCode.MOD_FAILED_PRECONDITION, f"SparsifyMod: {error}"), reply_to=message)


def partition_question() -> RecordDict:
    """What :meth:`SparsifyMod.__call__` answers with the client's partition."""
    return RecordDict({PARTITION: ConfigRecord()})


def _the_only(records: Any, where: str, kind: str) -> tuple[str, Any]:
    if len(records) != 1:
        raise InputError(f"the {where} must hold exactly one {kind}, it holds {len(records)}")
    found: tuple[str, Any] = next(iter(records.items()))
    return found
