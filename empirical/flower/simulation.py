"""This experiment through Flower's simulation: the records of the built-in runner, by another engine.

    state, records = simulate(run, actors=2)

The client of this app trains as :func:`empirical.training.client.train` does and leaves compression to the mod; the
server decodes, derives every ledger from the masks that arrived, and steps as
:func:`empirical.training.federated.averaged` does. Records and weights are to equal those of
:func:`empirical.training.federated.apply`, bit for bit; on an overloaded machine a few runs through Ray did not
(``docs/flower.md``).

An invited client that the setting's draw loses is sent no message: it changes nothing, its own residual included.
There are no checkpoints here; a long experiment belongs to the built-in runner, which is also the faster one.
"""

from __future__ import annotations

import logging
import math
import os
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
from flwr.app import Array, ArrayRecord, Context, Message, MetricRecord, RecordDict
from flwr.clientapp import ClientApp
from flwr.clientapp.typing import ClientAppCallable
from flwr.serverapp import Grid, ServerApp
from flwr.simulation import run_simulation
from numpy.typing import NDArray

from empirical.flower.layout import filled, flat, layout
from empirical.flower.mod import CAPTURED, FISHER, GAP, PARTITION_ID, SparsifyMod
from empirical.flower.strategy import Arrived, SparseFedAvg, reason
from empirical.records import RoundRecord
from empirical.setting import Run
from empirical.training.client import Task, train
from empirical.training.compress import CURVATURE, DENSE, Choice
from empirical.training.federated import (
    Arrival,
    State,
    averaged,
    client_split,
    init,
    invited,
    network_layers,
    recorded,
    run_prices,
)
from empirical.training.models import Vector
from empirical.training.server_memory import LEARNING
from theory.budget import percent
from theory.errors import InputError

OnRound = Callable[[RoundRecord], None]


def simulate(
    run: Run, *, actors: int = 1, on_round: OnRound = lambda record: None
) -> tuple[State, tuple[RoundRecord, ...]]:
    """``run``, from its first round to its last, on ``actors`` processes of Flower's simulation engine.

    Flower starts a Ray of its own for it and stops it at the end, some ten seconds on a machine at rest.

    Returns:
        the last state, whose residuals are empty because they stay with the clients, and the records.

    Raises:
        InputError: as :func:`empirical.training.federated.apply`; a client failed, or the engine did.
    """
    if actors < 1:
        raise InputError(f"actors must be at least 1, got {actors}")
    failed = threading.Event()
    with quiet_engine():
        strategy, server = ExperimentStrategy(run, on_round), ServerApp()

        @server.main()  # type: ignore[untyped-decorator]
        def main(grid: Grid, context: Context) -> None:
            mortal = _MortalGrid(grid, failed)
            strategy.start(mortal, weights_record(strategy.state.weights), num_rounds=run.setting.rounds)

        try:
            run_simulation(server, client_app(run), run.setting.clients, backend_config=backend(actors))
        except RuntimeError as error:
            failed.set()
            cause = error.__cause__.__cause__ if error.__cause__ else None
            raise InputError(f"Flower's simulation engine failed: {' '.join(str(cause or error).split())}") from error
    return strategy.state, tuple(strategy.records)


def client_app(run: Run) -> ClientApp:
    """The clients of ``run``: local training, compressed by the mod."""
    arm, app = run.arm, ClientApp()
    mod = SparsifyMod(
        arm.method, arm.cost, percent(arm.share), seed=run.seed, error_feedback=run.setting.error_feedback
    )
    app.train(mods=[mod])(local_training(run))
    return app


def local_training(run: Run) -> ClientAppCallable:
    """The train function of ``run``'s clients: weights in, trained weights out."""
    s = run.setting

    def trained(message: Message, context: Context) -> Message:
        client, t = int(context.node_config[PARTITION_ID]), int(message.content["config"]["server-round"]) - 1
        received = message.content["arrays"]
        here, examples = layout(received), client_split(run.source, s, run.seed)[client]
        weights, address, wanted = flat(received, here), (run.seed, t, client), run.arm.method == CURVATURE
        done = train(Task(run.source, examples, weights, address, s.steps, s.batch, s.lr, run.device, wanted))
        metrics = MetricRecord({"num-examples": examples.size, "loss": done.loss})
        content = RecordDict({"arrays": filled(received, here, done.weights), "metrics": metrics})
        if wanted:
            content[FISHER] = filled(received, here, done.fisher)
        return Message(content, reply_to=message)

    return trained


class ExperimentStrategy(SparseFedAvg):
    """The server of ``run``: cohorts, averaging and records as in :mod:`empirical.training.federated`.

    Attributes:
        state: after the rounds done, without residuals. records: of the rounds done.
    """

    def __init__(self, run: Run, on_round: OnRound = lambda record: None) -> None:
        super().__init__(
            seed=run.seed,
            fraction_train=1.0,
            fraction_evaluate=0.0,
            min_train_nodes=1,
            min_available_nodes=run.setting.clients,
            learn_worth=run.arm.method in LEARNING,
        )
        self.run, self.on_round = run, on_round
        self.state = init(run)
        self.records: list[RoundRecord] = []

    def cohort(self, server_round: int, partitions: Sequence[int]) -> list[int]:
        """Those that the setting's draw invites and does not lose."""
        invited_, dropped = invited(self.run.setting, self.run.seed, server_round - 1)
        return [k for k in invited_ if k not in dropped]

    def combined(self, server_round: int, weights: NDArray[np.floating], arrived: list[Arrived]) -> Vector:
        """The server's step, as :func:`empirical.training.federated.averaged` takes it, and the round's record."""
        reports = [self._arrival(reply) for reply in arrived]
        weights, momentum = averaged(self.run.setting, self.state, reports)
        self.state = State(server_round, weights, momentum, {})
        self.records.append(recorded(self.run, server_round - 1, reports, weights))
        self.on_round(self.records[-1])
        return weights

    def _check_and_log_replies(
        self, replies: Any, is_train: bool, validate: bool = True
    ) -> tuple[list[Message], list[Message]]:
        """All of them, or none: an experiment has no other dropouts than those of its setting."""
        valid, errors = super()._check_and_log_replies(replies, is_train, validate)
        t = len(self.records)
        if is_train and (errors or len(valid) < len(self.cohort(t + 1, ()))):
            raise InputError(f"round {t}: a client failed: {reason(errors[0]) if errors else 'no reply in time'}")
        return valid, errors

    def _arrival(self, reply: Arrived) -> Arrival:
        priced = run_prices(self.run)
        ledger = priced.ledger(reply.mask, dense=self.run.arm.method == DENSE)
        choice = Choice(reply.mask, ledger, reply.metrics[CAPTURED], reply.metrics[GAP])
        return Arrival(sent=reply.update, choice=choice, loss=reply.metrics["loss"], examples=reply.examples)


class _MortalGrid:
    """Flower's grid, which stops waiting for replies when the engine has failed."""

    def __init__(self, grid: Grid, failed: threading.Event) -> None:
        self.grid, self.failed = grid, failed

    def get_node_ids(self) -> Iterable[int]:
        return self.grid.get_node_ids()  # type: ignore[no-any-return]

    def send_and_receive(self, messages: Iterable[Message], *, timeout: float | None = None) -> list[Message]:
        waiting, replies = set(self.grid.push_messages(messages)), []
        end = time.monotonic() + (timeout or math.inf)
        while waiting and not self.failed.wait(0.02) and time.monotonic() < end:
            replies += (found := list(self.grid.pull_messages(waiting)))
            waiting -= {message.metadata.reply_to_message_id for message in found}
        return replies


def weights_record(weights: Vector) -> ArrayRecord:
    """Weights of the network, float32 of shape (d,), as a record of its named arrays."""
    layers = network_layers()
    pieces = np.split(weights, np.cumsum([layer.size for layer in layers])[:-1])
    return ArrayRecord({x.name: Array(piece.reshape(x.shape)) for x, piece in zip(layers, pieces, strict=True)})


def backend(actors: int) -> dict[str, Any]:
    """The configuration of Flower's simulation for ``actors`` processes of one core each, in silence."""
    ray_options = {
        "num_cpus": actors,
        "include_dashboard": False,
        "log_to_driver": False,
        "logging_level": logging.ERROR,
    }
    return {"init_args": ray_options, "client_resources": {"num_cpus": 1, "num_gpus": 0.0}}


@contextmanager
def quiet_engine() -> Iterator[None]:
    """No log lines: what fails is raised here. Afterwards the environment is as it was."""
    logger, before = logging.getLogger("flwr"), dict(os.environ)
    level = logger.level
    logger.setLevel(logging.CRITICAL)
    os.environ["RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO"] = "0"  # actors that reserve no GPU may still see it
    try:
        yield
    finally:
        logger.setLevel(level)
        os.environ.clear()
        os.environ.update(before)
