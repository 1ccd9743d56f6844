"""What a run is: a federated setting, an arm (method, costs, budget) and a seed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal, NamedTuple, get_args

from empirical.images.partition import Dirichlet, Shards
from theory.errors import InputError

_USUAL = Dirichlet(0.3)

Model = Literal["small-cnn", "resnet-18", "mobilenet-v2"]
Normalisation = Literal["group", "batch"]
Limit = Literal["joules", "coordinates"]


class Network(NamedTuple):
    """Which network is trained: see :mod:`empirical.training.models`."""

    model: Model = "small-cnn"
    normalisation: Normalisation = "group"


SMALL_CNN = Network()


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
        model, normalisation: the network. With batch normalisation its running statistics are state: they travel
            whole, beside the budget, and no method prunes them.

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
    model: Model = "small-cnn"
    normalisation: Normalisation = "group"

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
        for name, accepted in (("model", get_args(Model)), ("normalisation", get_args(Normalisation))):
            if getattr(self, name) not in accepted:
                raise InputError(f"{name} must be one of {', '.join(accepted)}, got {getattr(self, name)!r}")

    @property
    def network(self) -> Network:
        """What is trained."""
        return Network(self.model, self.normalisation)

    def evaluated(self, rounds_done: int) -> bool:
        """Whether accuracy is measured after this many rounds."""
        return rounds_done % self.evaluate_every == 0 or rounds_done == self.rounds


@dataclass(frozen=True, order=True)
class Arm:
    """What is compared: a method under a cost model and a budget.

    Attributes:
        cost: one of :data:`empirical.prices.COST_MODELS`.
        share: the budget of a client's round, a decimal share: of what sending everything costs, or of coordinates.
        method: one of :data:`empirical.training.compress.METHODS`.
        limit: what the budget counts, ``joules`` or ``coordinates`` (equal sparsity).

    Raises:
        InputError: another limit.
    """

    cost: str
    share: str
    method: str
    limit: Limit = "joules"

    def __post_init__(self) -> None:
        if self.limit not in get_args(Limit):
            raise InputError(f"limit must be one of {', '.join(get_args(Limit))}, got {self.limit!r}")


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
        """Of its files: of what runs in one folder differ in, the usual is left unsaid."""
        s, arm = self.setting, self.arm
        marks = [mark for mark, said in (
            ("sparsity", arm.limit == "coordinates"), ("no-feedback", not s.error_feedback),
            (s.model, s.model != SMALL_CNN.model), (f"{s.normalisation}-norm", s.normalisation != "group"),
        ) if said]  # fmt: skip
        return "-".join([arm.cost, arm.share, arm.method, *marks, f"lr{s.lr:g}", f"seed{self.seed}"])

    def fields(self) -> dict[str, Any]:
        """As plain data, without the place of the data, which changes nothing."""
        fields = asdict(self)
        del fields["source"]
        fields["setting"]["partition"] = repr(self.setting.partition)
        return fields


def completed(fields: Mapping[str, Any]) -> dict[str, Any]:
    """:meth:`Run.fields` as an older revision wrote them, with what it did not name: the only thing there was then."""
    setting = {"model": SMALL_CNN.model, "normalisation": SMALL_CNN.normalisation, **fields["setting"]}
    return {**fields, "setting": setting, "arm": {"limit": "joules", **fields["arm"]}}
