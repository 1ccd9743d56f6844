"""A mod for anyone's ClientApp: after training, only the coordinates worth their energy leave the client.

    update = weights replied - weights received + residual
    sent = update on the mask of the method under the budget,   residual = the rest

The app stays as it is; it takes the weights from the message and replies with trained ones. The residual is kept in the
client's ``context.state``, which Flower carries from round to round.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
from flwr.app import ArrayRecord, ConfigRecord, Context, Error, Message, MetricRecord, RecordDict
from flwr.clientapp.typing import ClientAppCallable
from flwr.common.constant import ErrorCode
from numpy.typing import NDArray

from empirical.flower.layout import Layout, flat, layout
from empirical.flower.packet import encode
from empirical.prices import COST_MODELS, Prices, given, prices
from empirical.streams import stream
from empirical.training.compress import CURVATURE, METHODS, Choice, Offer, compress
from theory.budget import as_share
from theory.energy.costs import cost_spec
from theory.errors import InputError
from theory.feedback.error_feedback import accumulate, split
from theory.instance import CostClasses
from theory.layers import Layer

FISHER = "fisher"
RESIDUAL = "cwmp.residual"
PARTITION, PARTITION_ID = "cwmp.partition", "partition-id"
ENERGY, COORDINATES, BYTES = "sent-energy", "sent-coordinates", "sent-bytes"
CAPTURED, GAP = "captured-share", "optimality-gap"


class SparsifyMod:
    """Compress what the train function replies: ``@app.train(mods=[SparsifyMod("cwmp", "fc-dear", "0.05")])``.

    Adds to the reply's metrics ``sent-energy`` (joules, or units where a model's costs are ratios),
    ``sent-coordinates``, ``sent-bytes``, ``captured-share`` (of the squared norm) and ``optimality-gap`` (an upper
    bound, see :class:`empirical.training.compress.Choice`). The server needs :class:`empirical.flower.SparseFedAvg`.
    This mod comes first in the list; mods that change weights, such as clipping, are nearer to the app.

    Args:
        method: one of :data:`empirical.training.compress.METHODS`. ``curvature`` needs one more record of arrays in
            the reply, ``fisher``: the mean squared gradients, named and shaped like the weights; it is not sent.
        cost: joules per coordinate: an energy model or a text as on the command line (``"fc=10,rest=1"``), read on
            names and shapes of the model's arrays; or a number, :class:`theory.CostClasses`, an array of shape (d,).
        share: of what sending everything costs, in (0, 1] or ``"5%"``: the budget of a client's round.
        seed: of what is drawn: ``random-k``'s order, ``lognormal`` costs.
        error_feedback: whether what is not sent is added to the client's next update.

    Raises:
        InputError: unknown method or a share out of its range. What is found wrong later, in the costs or in a reply,
            becomes an error reply of one line.
    """

    def __init__(
        self, method: str, cost: str | float | CostClasses | NDArray, share: str | float, *,
        seed: int = 0, error_feedback: bool = True,
    ) -> None:  # fmt: skip
        if method not in METHODS:
            raise InputError(f"no method {method!r}; the methods are {', '.join(METHODS)}")
        as_share(share, "share")
        self.method, self.cost, self.share = method, cost, str(share)
        self.seed, self.error_feedback = seed, error_feedback

    def __call__(self, message: Message, context: Context, call_next: ClientAppCallable) -> Message:
        """Let the app train, then compress its reply; or tell the strategy which partition this client holds."""
        if PARTITION in message.content:
            told = MetricRecord({PARTITION_ID: int(context.node_config.get(PARTITION_ID, -1))})
            return Message(RecordDict({PARTITION: told}), reply_to=message)
        reply = call_next(message, context)
        if reply.has_error():
            return reply
        try:
            self._compress(message.content, reply.content, context)
        except InputError as error:
            return Message(Error(ErrorCode.MOD_FAILED_PRECONDITION, f"SparsifyMod: {error}"), reply_to=message)
        return reply

    def _compress(self, received: RecordDict, replied: RecordDict, context: Context) -> None:
        fisher = replied.pop(FISHER, None)
        _, before = _the_only(received.array_records, "message", "ArrayRecord")
        key, after = _the_only(replied.array_records, "reply", "ArrayRecord")
        _, metrics = _the_only(replied.metric_records, "reply", "MetricRecord")
        here = layout(before)
        update = flat(after, here) - flat(before, here)
        if RESIDUAL in context.state:
            update = accumulate(update, context.state[RESIDUAL]["0"].numpy())
        choice = self._choice(update, fisher, here, _address(received, context))
        sent = ArrayRecord({**encode(update, choice.mask), **{name: after[name] for name in here.whole}})
        replied[key] = sent
        if self.error_feedback:
            context.state[RESIDUAL] = ArrayRecord([split(update, choice.mask).residual])
        metrics[ENERGY] = float(sum(entry.energy for entry in choice.ledger))
        metrics[COORDINATES], metrics[BYTES] = int(choice.mask.sum()), sum(len(array.data) for array in sent.values())
        metrics[CAPTURED], metrics[GAP] = choice.captured, choice.gap

    def _choice(self, update: NDArray, fisher: ArrayRecord | None, here: Layout, address: tuple[int, int]) -> Choice:
        if self.method == CURVATURE and fisher is None:
            raise InputError(f"method {CURVATURE!r} needs an ArrayRecord {FISHER!r} in the reply")
        curvature = np.zeros(0) if fisher is None else flat(fisher, here)
        rng = stream(self.seed, "selection", *address)
        return compress(self.method, Offer(update, curvature, here.layers, self._prices(here), self.share, rng))

    def _prices(self, here: Layout) -> Prices:
        if isinstance(self.cost, (str, float, int)):
            return _named_prices(str(self.cost), here.layers, self.seed)
        return given(self.cost, here.layers)


@lru_cache(maxsize=16)
def _named_prices(cost: str, layers: tuple[Layer, ...], seed: int) -> Prices:
    return prices(cost, layers, seed) if cost in COST_MODELS else given(cost_spec(cost, layers).values, layers)


def _address(received: RecordDict, context: Context) -> tuple[int, int]:
    """Rounds done and the client, which name the draws: the partition where it has one, else the node."""
    number = next((c["server-round"] for c in received.config_records.values() if "server-round" in c), 1)
    return int(number) - 1, int(context.node_config.get(PARTITION_ID, context.node_id))  # type: ignore[call-overload]


def partition_question() -> RecordDict:
    """What :meth:`SparsifyMod.__call__` answers with the client's partition."""
    return RecordDict({PARTITION: ConfigRecord()})


def _the_only(records: Any, where: str, kind: str) -> tuple[str, Any]:
    if len(records) != 1:
        raise InputError(f"the {where} must hold exactly one {kind}, it holds {len(records)}")
    found: tuple[str, Any] = next(iter(records.items()))
    return found
