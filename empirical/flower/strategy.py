"""Federated averaging of sparse updates: the server's side of :class:`empirical.flower.SparsifyMod`.

    w <- w + sum_k n_k sent_k / sum_k n_k

summed in float64 and in the order of the partitions, so that the order in which replies come in changes nothing. State
(running statistics, counters) is averaged as FedAvg does, in its own type, and left as it is where clients keep it.
With
a seed, cohorts are reproducible too: Flower's node ids are random, so the strategy asks each node which partition it
holds and draws partitions.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from flwr.app import ArrayRecord, ConfigRecord, Message, MessageType, MetricRecord, RecordDict
from flwr.serverapp import Grid
from flwr.serverapp.strategy import FedAvg
from flwr.serverapp.strategy.strategy_utils import validate_message_reply_consistency
from numpy.typing import NDArray

from empirical.flower.copies import Copies, without
from empirical.flower.layout import Layout, filled, flat, found_state, layout
from empirical.flower.mod import (
    BYTES,
    COORDINATES,
    ENERGY,
    PARTITION,
    PARTITION_ID,
    STATE_COORDINATES,
    STATE_ENERGY,
    WORTH,
    partition_question,
)
from empirical.flower.packet import Said, decode
from empirical.flower.state_mean import state_mean
from empirical.streams import stream
from empirical.training.federated import weighted_mean
from theory.errors import InputError
from theory.feedback.learnt_worth import Floats, learnt, worth

_PATIENCE = 600.0  # seconds for a node to say which partition it holds


@dataclass(frozen=True, eq=False)
class Arrived:
    """A client's reply, decoded.

    Attributes:
        update: shape (d,), zero off the ``mask``. examples: its weight. metrics: as replied.
    """

    update: NDArray[np.floating]
    mask: NDArray[np.bool_]
    examples: int
    metrics: MetricRecord


class SparseFedAvg(FedAvg):  # type: ignore[misc]
    """Flower's FedAvg for clients that compress with :class:`empirical.flower.SparsifyMod`.

    The energy, coordinates and bytes in a round's training metrics are totals over its clients; other metrics are
    averaged as FedAvg does.

    Args:
        seed: draws the cohorts by partition, the same ones in every run: set ``min_available_nodes`` to the number of
            nodes, which are all waited for. None: nodes are sampled at random, as FedAvg does.
        learn_worth: whether clients are told what each array is worth, learnt from what they send, as
            :mod:`theory.feedback.learnt_worth` says: for ``learnt-safe`` and ``learnt-joules``.
        options: of FedAvg.

    Raises:
        InputError: in a round: a reply that is not a sparse update of this model; no reply but errors; no client with
            examples; clients that hold no partition, or the same one, when cohorts are to be drawn.
    """

    def __init__(self, *, seed: int | None = None, learn_worth: bool = False, **options: Any) -> None:
        super().__init__(**options)
        self.seed, self.learn_worth = seed, learn_worth
        self._arrays, self._worth = ArrayRecord(), dict[str, float]()
        self._pairs: Floats | None = None
        self._partition_of: dict[int, int] = {}

    def cohort(self, server_round: int, partitions: Sequence[int]) -> list[int]:
        """Whom round ``server_round`` (from 1) invites, ascending."""
        size = max(int(len(partitions) * self.fraction_train), self.min_train_nodes)
        if size > len(partitions):
            raise InputError(f"a cohort of {size} cannot be drawn from {len(partitions)} partitions")
        drawn = stream(self.seed or 0, "cohort", server_round - 1).choice(len(partitions), size, replace=False)
        return [partitions[k] for k in sorted(drawn.tolist())]

    def combined(self, server_round: int, weights: NDArray[np.floating], arrived: list[Arrived]) -> NDArray:
        """The next weights, shape (d,), from this round's and what arrived, in the order of the partitions."""
        return weights + weighted_mean([reply.update for reply in arrived], [reply.examples for reply in arrived])

    def configure_train(
        self, server_round: int, arrays: ArrayRecord, config: ConfigRecord, grid: Grid
    ) -> Iterable[Message]:
        """The messages of a round: to a cohort drawn by partition, or to nodes sampled by FedAvg."""
        self._arrays = arrays
        messages = list(self._messages(server_round, arrays, config, grid))
        if self.learn_worth:
            told = ConfigRecord({name: self._worth.get(name, 1.0) for name in arrays})
            for message in messages:
                message.content[WORTH] = told
        return messages

    def _messages(
        self, server_round: int, arrays: ArrayRecord, config: ConfigRecord, grid: Grid
    ) -> Iterable[Message]:  # fmt: skip
        if self.seed is None or self.fraction_train == 0:
            sampled: Iterable[Message] = super().configure_train(server_round, arrays, config, grid)
            return sampled
        node_of = {partition: node for node, partition in self._partitions(grid).items()}
        config["server-round"] = server_round
        record = RecordDict({self.arrayrecord_key: arrays, self.configrecord_key: config})
        chosen = self.cohort(server_round, sorted(node_of))
        return [Message(record, node_of[partition], MessageType.TRAIN) for partition in chosen]

    def aggregate_train(
        self, server_round: int, replies: Iterable[Message]
    ) -> tuple[ArrayRecord | None, MetricRecord | None]:
        """The next weights, and the metrics of the round."""
        valid, errors = self._check_and_log_replies(replies, is_train=True, validate=False)
        if errors and not valid:
            raise InputError(f"round {server_round}: every client failed; the first: {reason(errors[0])}")
        if not valid:
            return None, None
        valid.sort(key=lambda m: self._partition_of.get(m.metadata.src_node_id, m.metadata.src_node_id))
        contents = [message.content for message in valid]
        here, copies = self._agreed(contents)
        records = [next(iter(c.array_records.values()), ArrayRecord()) for c in contents]
        packets = [decode(record, one.d, here.dtype) for record, one in zip(records, copies, strict=True)]
        validate_message_reply_consistency(
            [RecordDict({**c.array_records, **c.metric_records}) for c in contents], self.weighted_by_key,
            check_arrayrecord=True,
        )  # fmt: skip
        arrived = []
        for content, one, (update, mask) in zip(contents, copies, packets, strict=True):
            metrics = next(iter(content.metric_records.values()))
            arrived.append(Arrived(update[one.places], mask[one.places], metrics[self.weighted_by_key], metrics))
        self._check_weights(server_round, valid, arrived)
        if self.learn_worth:
            self._pairs = learnt(self._pairs, [reply.update for reply in arrived], here.layers)
            self._worth = dict(zip((layer.name for layer in here.layers), worth(self._pairs).tolist(), strict=True))
        weights = self.combined(server_round, flat(self._arrays, here), arrived)
        whole = {name: state_mean(name, [record[name].numpy() for record in records], [r.examples for r in arrived])
                 for name in here.whole if all(name in record for record in records)}  # fmt: skip
        return filled(self._arrays, here, weights, whole), self._metrics(contents, arrived)

    def _agreed(self, contents: list[RecordDict]) -> tuple[Layout, list[Copies]]:
        """The layout that all clients speak of, and what each of them sends once."""
        own = None
        said = []
        for content in contents:
            if Said.KEY in content:
                said.append(Said.of(content.pop(Said.KEY)))
            else:
                own = own or Said(found_state(self._arrays).names)
                said.append(own)
        if len({(one.state, one.kept) for one in said}) > 1:
            raise InputError("clients disagree on which arrays are state; give all of them the same SparsifyMod")
        here = layout(self._arrays, said[0].state)
        return here, [without(here.layers, one.first_of) for one in said]

    def _check_weights(self, server_round: int, valid: list[Message], arrived: list[Arrived]) -> None:
        """Raises :class:`InputError` unless the replies can be averaged by their numbers of examples."""
        key = self.weighted_by_key
        for message, reply in zip(valid, arrived, strict=True):
            if not 0 <= reply.examples < math.inf:
                raise InputError(f"node {message.metadata.src_node_id}: {key} = {reply.examples}; it must be >= 0")
        if not sum(reply.examples for reply in arrived):
            raise InputError(f"round {server_round}: every client has {key} = 0, so there is nothing to average")

    def _metrics(self, contents: list[RecordDict], arrived: list[Arrived]) -> MetricRecord:
        metrics: MetricRecord = self.train_metrics_aggr_fn(contents, self.weighted_by_key)
        for key in (ENERGY, COORDINATES, BYTES, STATE_ENERGY, STATE_COORDINATES):
            metrics[key] = sum(reply.metrics[key] for reply in arrived)
        return metrics

    def _partitions(self, grid: Grid) -> dict[int, int]:
        """The partition of each node; nodes not seen before are asked."""
        while len(nodes := list(grid.get_node_ids())) < self.min_available_nodes:
            time.sleep(0.1)
        if unknown := [node for node in nodes if node not in self._partition_of]:
            questions = [Message(partition_question(), node, MessageType.TRAIN) for node in unknown]
            for answer in grid.send_and_receive(questions, timeout=_PATIENCE):
                self._partition_of[answer.metadata.src_node_id] = _partition(answer)
        known = {node: self._partition_of[node] for node in nodes if node in self._partition_of}
        if len(set(known.values())) < len(nodes):
            raise InputError("cohorts are drawn by partition, and some nodes hold the same one or did not answer")
        return known


def reason(failed: Message) -> str:
    """Why a client failed, on one line."""
    return " ".join(failed.error.reason.split())


def _partition(answer: Message) -> int:
    if answer.has_error() or PARTITION not in answer.content:
        why = f" ({reason(answer)})" if answer.has_error() else ""
        raise InputError(
            f"a client did not say which partition it holds{why}: SparsifyMod does, first among its train mods"
        )
    partition = int(answer.content[PARTITION][PARTITION_ID])
    if partition < 0:
        raise InputError(f"a node has no {PARTITION_ID} in its config, by which cohorts are drawn; leave seed out")
    return partition
