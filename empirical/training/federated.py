"""Federated averaging of compressed updates: ``init`` gives a state, ``apply`` the next one and the round's record.

    client: train, add the residual, choose what to send, keep the rest
    server: m <- mu m + sum_k n_k sent_k / sum_k n_k,   w <- w + eta m

(McMahan et al. 2017; server momentum as in Reddi et al. 2021, algorithm 1, with SGD on the server.)

States are never changed in place. Every draw comes from a stream named by seed, round and client
(:mod:`empirical.streams`), so a state holds no generator, and a run resumed from a state repeats nothing and differs in
nothing.

On a GPU the clients of a round are trained together (:mod:`empirical.training.cohort`) and then compressed one by one
as ever.

A client that drops out trains and then is gone: it sends nothing, spends nothing and keeps its residual as it was.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from empirical.images.cifar10 import load
from empirical.prices import Prices, added, prices
from empirical.records import RoundRecord
from empirical.setting import Run, Setting
from empirical.streams import stream, torch_stream
from empirical.training.client import Task, Trained, accuracy, train
from empirical.training.cohort import train_cohort
from empirical.training.compress import CURVATURE, Choice, Offer, compress
from empirical.training.models import Vector, initial_weights, model_layers, small_cnn
from theory.feedback.error_feedback import accumulate, split
from theory.layers import Layer

Mapper = Callable[[Callable[[Any], Any], Iterable[Any]], Iterable[Any]]


@dataclass(frozen=True, eq=False)
class State:
    """Where a run stands.

    Attributes:
        round: rounds done. weights, momentum: float32 of shape (d,).
        residuals: of the clients that have sent before, float32 of shape (d,) each; empty without error feedback.
    """

    round: int
    weights: Vector
    momentum: Vector
    residuals: Mapping[int, Vector]


@dataclass(frozen=True, eq=False)
class ClientTask:
    """One client's part of a round: its training, its residual, and how it is to compress; plain data."""

    task: Task
    residual: Vector | None
    method: str
    cost: str
    share: str


@dataclass(frozen=True, eq=False)
class Compression:
    """What is left of a client's part once it has trained; plain data, and little of it."""

    total: Vector
    fisher: Vector
    method: str
    cost: str
    share: str
    address: tuple[int, int, int]


@dataclass(frozen=True, eq=False, kw_only=True)
class Arrival:
    """What reaches the server from a client, with what the ledger and the record need.

    Attributes:
        sent: float32 of shape (d,), zero off the mask. choice: of the compressor.
        loss: mean training loss. examples: the client's weight in the average.
    """

    sent: Vector
    choice: Choice
    loss: float
    examples: int


@dataclass(frozen=True, eq=False, kw_only=True)
class Report(Arrival):
    """What a client sends, and the ``residual`` that stays with it, float32 of shape (d,)."""

    residual: Vector

    def __reduce__(self) -> tuple[Any, ...]:
        """Between processes the two travel as the one vector that the mask divides."""
        total = np.where(self.choice.mask, self.sent, self.residual)
        return _arrived, (total, self.choice, self.loss, self.examples)


Clients = Callable[[Sequence[ClientTask], Mapper], list[Report]]


def _arrived(total: Vector, choice: Choice, loss: float, examples: int) -> Report:
    sent, residual = split(total, choice.mask)
    return Report(sent=sent, residual=residual, choice=choice, loss=loss, examples=examples)


def init(run: Run) -> State:
    """The state before the first round: the same for every method of a seed."""
    weights = initial_weights(small_cnn(), torch_stream(run.seed, "initial weights"))
    return State(0, weights, np.zeros_like(weights), {})


def apply(run: Run, state: State, mapper: Mapper = map, clients: Clients | None = None) -> tuple[State, RoundRecord]:
    """One round.

    Args:
        mapper: ``map``, or a pool's: clients then work in its processes, with bit-identical results.
        clients: how they are trained: :func:`one_by_one`, or :func:`together`, as is usual on a GPU.

    Raises:
        InputError: training diverged (an update that is not finite), an unknown method, cost model or data.
    """
    setting, t = run.setting, state.round
    cohort, dropped = invited(setting, run.seed, t)
    present = [k for k in cohort if k not in dropped]
    shares = client_split(run.source, setting, run.seed)
    tasks = [_task(run, state, shares[k], k) for k in present]
    reports = (clients or usual(run.device))(tasks, mapper)
    weights, momentum = averaged(setting, state, reports)
    residuals = state.residuals
    if setting.error_feedback:
        residuals = {**residuals, **{k: r.residual for k, r in zip(present, reports, strict=True)}}
    return State(t + 1, weights, momentum, residuals), recorded(run, t, reports, weights)


def usual(device: str) -> Clients:
    """How the clients of a round are trained on a device."""
    return one_by_one if device == "cpu" else together


def one_by_one(work: Sequence[ClientTask], mapper: Mapper) -> list[Report]:
    """Each client trains and compresses as a step of ``mapper``."""
    return list(mapper(client_step, work))


def together(work: Sequence[ClientTask], mapper: Mapper) -> list[Report]:
    """All clients train at once on the device; each update is then compressed as a step of ``mapper``."""
    trained = train_cohort([one.task for one in work])
    updates = list(map(_compression, work, trained))
    choices = mapper(client_choice, updates)
    return [_report(*parts) for parts in zip(work, trained, updates, choices, strict=True)]


def client_step(work: ClientTask) -> Report:
    """Train, add the residual, choose, and split what was computed into what is sent and what stays (D17)."""
    trained = train(work.task)
    update = _compression(work, trained)
    return _report(work, trained, update, client_choice(update))


def client_choice(update: Compression) -> Choice:
    """Choose what to send of an update."""
    seed, t, client = update.address
    rng = stream(seed, "selection", t, client)
    priced = network_prices(update.cost, seed)
    offer = Offer(update.total, update.fisher, network_layers(), priced, priced.budget(update.share), rng)
    return compress(update.method, offer)


def _compression(work: ClientTask, trained: Trained) -> Compression:
    total = trained.update if work.residual is None else accumulate(trained.update, work.residual)
    return Compression(total, trained.fisher, work.method, work.cost, work.share, work.task.address)


def _report(work: ClientTask, trained: Trained, update: Compression, choice: Choice) -> Report:
    sent, residual = split(update.total, choice.mask)
    return Report(sent=sent, residual=residual, choice=choice, loss=trained.loss, examples=work.task.examples.size)


def invited(setting: Setting, seed: int, t: int) -> tuple[list[int], list[int]]:
    """The cohort of round ``t``, ascending, and those of it that drop out (never all of them)."""
    cohort = sorted(stream(seed, "cohort", t).choice(setting.clients, setting.cohort, replace=False).tolist())
    luck = stream(seed, "dropout", t).random(setting.cohort)
    gone = (luck < setting.dropout) & (luck < luck.max())
    return cohort, [k for k, out in zip(cohort, gone, strict=True) if out]


def averaged(setting: Setting, state: State, reports: Sequence[Arrival]) -> tuple[Vector, Vector]:
    """New weights and momentum from the mean of what was sent, weighted by examples."""
    mean = weighted_mean([report.sent for report in reports], [report.examples for report in reports])
    momentum = setting.server_momentum * state.momentum + mean
    weights = state.weights + setting.server_lr * momentum
    return weights.astype(np.float32), momentum.astype(np.float32)


def weighted_mean(vectors: Sequence[NDArray[np.floating]], examples: Sequence[int]) -> NDArray[np.float64]:
    """``sum_k n_k v_k / sum_k n_k``, shape (d,), summed in float64 in the order given."""
    total, mean = sum(examples), np.zeros(vectors[0].size)
    for vector, n in zip(vectors, examples, strict=True):
        mean += n / total * vector.astype(np.float64)
    return mean


def full_update(run: Run) -> tuple[str, Fraction, Fraction]:
    """Unit of energy, and what one client's whole update costs: as the cost model charges it, and sent densely."""
    priced = network_prices(run.arm.cost, run.seed)
    everything = np.ones(priced.kind_of.size, dtype=bool)
    return priced.unit, priced.total, sum((e.energy for e in priced.ledger(everything, dense=True)), Fraction(0))


@cache
def client_split(source: str, setting: Setting, seed: int) -> list[NDArray[np.intp]]:
    """Each client's examples."""
    labels = load(source).train_labels
    return setting.partition.split(labels, setting.clients, stream(seed, "split"))


def _task(run: Run, state: State, examples: NDArray[np.intp], client: int) -> ClientTask:
    s, address = run.setting, (run.seed, state.round, client)
    wanted = run.arm.method == CURVATURE
    task = Task(run.source, examples, state.weights, address, s.steps, s.batch, s.lr, run.device, wanted)
    return ClientTask(task, state.residuals.get(client), run.arm.method, run.arm.cost, run.arm.share)


def recorded(run: Run, t: int, reports: Sequence[Arrival], weights: Vector) -> RoundRecord:
    """The record of round ``t``, which left ``weights``; accuracy is measured when the setting says so."""
    cohort, dropped = invited(run.setting, run.seed, t)
    measured = accuracy(load(run.source), weights, run.device) if run.setting.evaluated(t + 1) else None
    masks = hashlib.sha256()
    for report in reports:
        masks.update(np.packbits(report.choice.mask).tobytes())
    mean = lambda values: float(np.mean(values)) if len(values) else 0.0  # noqa: E731
    return RoundRecord(
        round=t,
        cohort=tuple(cohort),
        dropped=tuple(dropped),
        loss=mean([r.loss for r in reports]),
        accuracy=measured,
        ledger=added(r.choice.ledger for r in reports),
        captured=mean([r.choice.captured for r in reports]),
        gap=max((r.choice.gap for r in reports), default=0.0),
        masks=masks.hexdigest()[:16],
    )


@cache
def network_layers() -> tuple[Layer, ...]:
    """The layers of the network that is trained, in the order of the flat vector."""
    return model_layers(small_cnn())


@cache
def network_prices(cost: str, seed: int) -> Prices:
    """A cost model laid over the network that is trained."""
    return prices(cost, network_layers(), seed)
