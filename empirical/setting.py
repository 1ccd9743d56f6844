"""What a run is: a federated setting, an arm (method, costs, budget) and a seed."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from empirical.images.partition import Dirichlet, Shards
from theory.errors import InputError

_USUAL = Dirichlet(0.3)


@dataclass(frozen=True)
class Setting:
    """The federated setting, the same for every arm of an experiment.

    Attributes:
        clients: how many share the training images. cohort: how many are invited a round.
        partition: how the images are shared.
        steps, batch, lr: local SGD.
        server_lr, server_momentum: of the server's step; 1 and 0 are plain federated averaging.
        error_feedback: whether what is not sent is added to the client's next update.
        dropout: chance that an invited client is lost.
        rounds: of the run. evaluate_every: rounds between measurements of accuracy; the last round is always measured.
        final: how many of the last measurements the final accuracy is the mean of.

    Raises:
        InputError: a number out of its range.
    """

    clients: int = 30
    cohort: int = 10
    partition: Dirichlet | Shards = _USUAL
    steps: int = 10
    batch: int = 16
    lr: float = 0.1
    server_lr: float = 1.0
    server_momentum: float = 0.0
    error_feedback: bool = True
    dropout: float = 0.0
    rounds: int = 50
    evaluate_every: int = 5
    final: int = 3

    def __post_init__(self) -> None:
        for name in ("clients", "cohort", "steps", "batch", "rounds", "evaluate_every", "final"):
            if getattr(self, name) < 1:
                raise InputError(f"{name} must be at least 1, got {getattr(self, name)}")
        if self.cohort > self.clients:
            raise InputError(f"a cohort of {self.cohort} cannot be drawn from {self.clients} clients")
        if not (self.lr > 0 and self.server_lr > 0):
            raise InputError(f"learning rates must be > 0, got lr {self.lr} and server_lr {self.server_lr}")
        if not (0 <= self.server_momentum < 1 and 0 <= self.dropout < 1):
            raise InputError(
                f"server_momentum and dropout must lie in [0, 1), got {self.server_momentum} and {self.dropout}"
            )

    def evaluated(self, rounds_done: int) -> bool:
        """Whether accuracy is measured after this many rounds."""
        return rounds_done % self.evaluate_every == 0 or rounds_done == self.rounds


@dataclass(frozen=True, order=True)
class Arm:
    """What is compared: a method under a cost model and a budget.

    Attributes:
        cost: one of :data:`empirical.prices.COST_MODELS`.
        share: the budget of a client's round, a decimal share of what sending everything costs.
        method: one of :data:`empirical.training.compress.METHODS`.
    """

    cost: str
    share: str
    method: str


@dataclass(frozen=True)
class Run:
    """One training run; equal runs give equal records on equal machines.

    Attributes:
        source: the data, as :func:`empirical.images.cifar10.load` takes it. device: ``cpu`` or ``cuda``.
    """

    setting: Setting
    arm: Arm
    seed: int
    source: str
    device: str = "cpu"

    @property
    def name(self) -> str:
        """Of its files."""
        return f"{self.arm.cost}-{self.arm.share}-{self.arm.method}-lr{self.setting.lr:g}-seed{self.seed}"

    def fields(self) -> dict[str, Any]:
        """As plain data, without the place of the data, which changes nothing."""
        fields = asdict(self)
        del fields["source"]
        fields["setting"]["partition"] = repr(self.setting.partition)
        return fields
