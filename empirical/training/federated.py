"""Federated averaging of compressed updates: ``init`` gives a state, ``apply`` the next one and the round's record.

    client: train, add the residual, choose what to send, keep the rest
    server: m <- mu m + sum_k n_k sent_k / sum_k n_k,   w <- w + eta m
            running statistics, where the network has any: sum_k n_k b_k / sum_k n_k, sent whole

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
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from empirical.images.cifar10 import load
from empirical.prices import Entry, Prices, added, prices
from empirical.records import RoundRecord
from empirical.setting import SMALL_CNN, Arm, Network, Run, Setting
from empirical.streams import stream, torch_stream
from empirical.training.client import Task, Trained, accuracy, train
from empirical.training.cohort import train_cohort
from empirical.training.compress import CURVATURE, Choice, Offer, Told, compress
from empirical.training.honest import honest_gain
from empirical.training.models import Vector, initial_weights, model_layers, network, read_state
from empirical.training.server_memory import Memory, remembered, told
from theory.budget import as_share
from theory.feedback.error_feedback import accumulate, split
from theory.layers import Layer

Mapper = Callable[[Callable[[Any], Any], Iterable[Any]], Iterable[Any]]


@dataclass(frozen=True, eq=False)
class State:
    """Where a run stands.

    Attributes:
        round: rounds done. weights, momentum: float32 of shape (d,).
        residuals: of the clients that have sent before, float32 of shape (d,) each; empty without error feedback.
        memory: of the server, float64 arrays by name, see :mod:`empirical.training.server_memory`.
        running: statistics of batch normalisation, float32; None for networks without.
    """

    round: int
    weights: Vector
    momentum: Vector
    residuals: Mapping[int, Vector]
    memory: Memory = field(default_factory=dict)
    running: Vector | None = None


@dataclass(frozen=True, eq=False)
class ClientTask:
    """One client's part of a round: its training, its residual, and how it is to compress; plain data."""

    task: Task
    residual: Vector | None
    arm: Arm
    told: Told


@dataclass(frozen=True, eq=False)
class Compression:
    """What is left of a client's part once it has trained; plain data, and little of it."""

    total: Vector
    fisher: Vector
    arm: Arm
    told: Told
    network: Network
    address: tuple[int, int, int]


@dataclass(frozen=True, eq=False, kw_only=True)
class Arrival:
    """What reaches the server from a client, with what the ledger and the record need.

    Attributes:
        sent: float32 of shape (d,), zero off the mask. choice: of the compressor.
        loss: mean training loss. examples: the client's weight in the average.
        running: statistics of batch normalisation, sent whole; None for networks without.
    """

    sent: Vector
    choice: Choice
    loss: float
    examples: int
    running: Vector | None = None


@dataclass(frozen=True, eq=False, kw_only=True)
class Report(Arrival):
    """What a client sends, and the ``residual`` that stays with it, float32 of shape (d,)."""

    residual: Vector

    def __reduce__(self) -> tuple[Any, ...]:
        """Between processes the two travel as the one vector that the mask divides."""
        total = np.where(self.choice.mask, self.sent, self.residual)
        return _arrived, (total, self.choice, self.loss, self.examples, self.running)


Clients = Callable[[Sequence[ClientTask], Mapper], list[Report]]


def _arrived(total: Vector, choice: Choice, loss: float, examples: int, running: Vector | None) -> Report:
    sent, residual = split(total, choice.mask)
    return Report(sent=sent, residual=residual, choice=choice, loss=loss, examples=examples, running=running)


def init(run: Run) -> State:
    """The state before the first round: the same for every method of a seed."""
    model = network(run.setting.network)
    weights, running = initial_weights(model, torch_stream(run.seed, "initial weights")), read_state(model)
    return State(0, weights, np.zeros_like(weights), {}, running=running if running.size else None)


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
    said = told(run, state.memory, run_prices(run))
    tasks = [_task(run, state, shares[k], k, said) for k in present]
    reports = (clients or usual(run.device, setting.network))(tasks, mapper)
    weights, momentum = averaged(setting, state, reports)
    running = averaged_state(reports)
    residuals = state.residuals
    if setting.error_feedback:
        residuals = {**residuals, **{k: r.residual for k, r in zip(present, reports, strict=True)}}
    record = recorded(run, t, reports, weights, running, _gain(reports, tasks))
    spent = sum((entry.energy for report in reports for entry in report.choice.ledger), Fraction(0))
    memory = remembered(run, state.memory, [r.sent for r in reports], spent, run_prices(run), run_layers(run))
    return State(t + 1, weights, momentum, residuals, memory, running), record


def usual(device: str, network: Network = SMALL_CNN) -> Clients:
    """How the clients of a round are trained on a device: the small network has a form for all of them at once."""
    return one_by_one if device == "cpu" or network != SMALL_CNN else together


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
    (seed, t, client), arm = update.address, update.arm
    rng = stream(seed, "selection", t, client)
    layers, priced = network_layers(update.network), network_prices(arm.cost, seed, update.network)
    share = as_share(arm.share, "share")
    kept = int(share * update.total.size) if arm.limit == "coordinates" else None
    offer = Offer(update.total, update.fisher, layers, priced, share * priced.total, rng, kept, update.told)
    return compress(arm.method, offer)


def _compression(work: ClientTask, trained: Trained) -> Compression:
    total = trained.update if work.residual is None else accumulate(trained.update, work.residual)
    return Compression(total, trained.fisher, work.arm, work.told, work.task.network, work.task.address)


def _report(work: ClientTask, trained: Trained, update: Compression, choice: Choice) -> Report:
    sent, residual = split(update.total, choice.mask)
    return Report(
        sent=sent, residual=residual, choice=choice, loss=trained.loss, examples=work.task.examples.size,
        running=trained.running,
    )  # fmt: skip


def _gain(reports: Sequence[Report], tasks: Sequence[ClientTask]) -> tuple[float, float] | None:
    """Honest gain of the round: each client's fresh update is what it had to send, less what it had left before."""
    if not reports:
        return None
    return honest_gain([r.sent for r in reports], _fresh(reports, tasks), [r.examples for r in reports])


def _fresh(reports: Sequence[Report], tasks: Sequence[ClientTask]) -> Iterator[Vector]:
    """The clients' updates, one after the other in the same memory."""
    update = np.empty_like(reports[0].sent)
    for report, task in zip(reports, tasks, strict=True):
        np.add(report.sent, report.residual, out=update)
        if task.residual is not None:
            np.subtract(update, task.residual, out=update)
        yield update


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


def averaged_state(reports: Sequence[Arrival]) -> Vector | None:
    """The mean of the clients' running statistics, weighted by examples; None for networks without."""
    sent = [report.running for report in reports if report.running is not None]
    if not sent:
        return None
    return weighted_mean(sent, [report.examples for report in reports]).astype(np.float32)


def weighted_mean(vectors: Sequence[NDArray[np.floating]], examples: Sequence[int]) -> NDArray[np.float64]:
    """``sum_k n_k v_k / sum_k n_k``, shape (d,), summed in float64 in the order given."""
    total, mean, scaled = sum(examples), np.zeros(vectors[0].size), np.empty(vectors[0].size)
    for vector, n in zip(vectors, examples, strict=True):
        np.multiply(vector, n / total, out=scaled, dtype=np.float64)
        mean += scaled
    return mean


def full_update(run: Run) -> tuple[str, Fraction, Fraction]:
    """Unit of energy, and what one client's whole update costs: as the cost model charges it, and sent densely."""
    priced = run_prices(run)
    everything = np.ones(priced.kind_of.size, dtype=bool)
    return priced.unit, priced.total, sum((e.energy for e in priced.ledger(everything, dense=True)), Fraction(0))


@cache
def client_split(source: str, setting: Setting, seed: int) -> list[NDArray[np.intp]]:
    """Each client's examples."""
    labels = load(source).train_labels
    return setting.partition.split(labels, setting.clients, stream(seed, "split"))


def _task(
    run: Run,
    state: State,
    examples: NDArray[np.intp],
    client: int,
    said: Told = Told(),  # noqa: B008
) -> ClientTask:
    s, address = run.setting, (run.seed, state.round, client)
    wanted = run.arm.method == CURVATURE
    task = Task(
        run.source, examples, state.weights, address, s.steps, s.batch, s.lr, run.device, wanted, s.network,
        state.running,
    )  # fmt: skip
    return ClientTask(task, state.residuals.get(client), run.arm, said)


def recorded(
    run: Run, t: int, reports: Sequence[Arrival], weights: Vector, running: Vector | None = None,
    honest: tuple[float, float] | None = None,
) -> RoundRecord:  # fmt: skip
    """The record of round ``t``, which left ``weights``; accuracy is measured when the setting says so."""
    cohort, dropped = invited(run.setting, run.seed, t)
    measured = None
    if run.setting.evaluated(t + 1):
        measured = accuracy(load(run.source), weights, run.device, run.setting.network, running)
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
        ledger=added((*r.choice.ledger, *_state_entries(run, r)) for r in reports),
        captured=mean([r.choice.captured for r in reports]),
        gap=max((r.choice.gap for r in reports), default=0.0),
        masks=masks.hexdigest()[:16],
        honest=honest,
    )


def _state_entries(run: Run, report: Arrival) -> tuple[Entry, ...]:
    return () if report.running is None else run_prices(run).whole(report.running.size)


@cache
def network_layers(which: Network = SMALL_CNN) -> tuple[Layer, ...]:
    """The layers of the network that is trained, in the order of the flat vector."""
    return model_layers(network(which))


@cache
def network_prices(cost: str, seed: int, which: Network = SMALL_CNN) -> Prices:
    """A cost model laid over the network that is trained."""
    return prices(cost, network_layers(which), seed)


def run_layers(run: Run) -> tuple[Layer, ...]:
    """The layers of the network of ``run``."""
    return network_layers(run.setting.network)


def run_prices(run: Run) -> Prices:
    """The cost model of ``run`` laid over its network."""
    return network_prices(run.arm.cost, run.seed, run.setting.network)
