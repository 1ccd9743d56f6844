"""pfl-research on the work of :mod:`benchmarks.engines`: its FedAvg, its PyTorch model, a postprocessor for CWMP.

Users' data sets hold the very batches that the other contestants draw. Two processes are pfl's own way to use two
cores, PyTorch's distributed package, started as ``torchrun`` starts them.
"""

from __future__ import annotations

import itertools
import os
import socket
import subprocess
import sys
import time
from typing import Any

import numpy as np
import torch
from torch.nn import functional

from empirical.images.cifar10 import load
from empirical.setting import Run
from empirical.training.client import Task, batches, tensors
from empirical.training.federated import client_split, init, invited, network_prices
from empirical.training.models import read_weights, small_cnn, write_weights
from theory.budget import percent
from theory.feedback.error_feedback import split
from theory.selection.selectors import cwmp


def run(run: Run, processes: int) -> tuple[Any, ...]:
    """Weights at the end and the seconds of each round, on ``processes`` processes that this one and its twin are."""
    twin = _twin() if processes == 2 and "RANK" not in os.environ else None
    torch.set_num_threads(1)
    found = _train(run)
    if twin is not None and twin.wait(60) != 0:
        raise RuntimeError("the second process of pfl failed")
    return found


def _twin() -> subprocess.Popen:
    """Rank 1, running the same command; this process becomes rank 0."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    common = {"TORCHELASTIC_RUN_ID": "engines", "WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port}
    os.environ |= common | {"RANK": "0", "LOCAL_RANK": "0"}
    env = os.environ | {"RANK": "1", "LOCAL_RANK": "1"}
    return subprocess.Popen([sys.executable, *sys.argv], env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def _train(run: Run) -> tuple[Any, ...]:
    from pfl.aggregate.simulate import SimulatedBackend
    from pfl.algorithm.base import NNAlgorithmParams
    from pfl.algorithm.federated_averaging import FederatedAveraging
    from pfl.callback.base import TrainingProcessCallback
    from pfl.data.dataset import Dataset
    from pfl.data.federated_dataset import FederatedDataset
    from pfl.hyperparam.base import NNTrainHyperParams
    from pfl.metrics import Metrics
    from pfl.model.pytorch import PyTorchModel

    s, network = run.setting, _Network()
    write_weights(network.net, init(run).weights)
    data, examples = load(run.source), client_split(run.source, s, run.seed)
    cohorts = ((t, k) for t in itertools.count() for k in invited(s, run.seed, t)[0])

    def user(name: tuple[int, int]) -> Dataset:
        t, k = name
        task = Task(run.source, examples[k], np.empty(0, np.float32), (run.seed, t, k), s.steps, s.batch, s.lr)
        chosen = np.concatenate(list(batches(task)))
        return Dataset(tensors(data.train_images[chosen], data.train_labels[chosen]), user_id=str(k))

    class Clock(TrainingProcessCallback):
        def __init__(self) -> None:
            self.stamps = [time.perf_counter()]

        def after_central_iteration(self, aggregate_metrics: Any, model: Any, *, central_iteration: int) -> Any:
            self.stamps.append(time.perf_counter())
            return False, Metrics()

    clock = Clock()
    model = PyTorchModel(
        model=network,
        local_optimizer_create=torch.optim.SGD,
        central_optimizer=torch.optim.SGD(network.parameters(), lr=s.server_lr),
    )
    dataset = FederatedDataset(user, lambda: next(cohorts))
    compressed = [] if run.arm.method == "dense" else [_postprocessor(run)]
    backend = SimulatedBackend(training_data=dataset, val_data=dataset, postprocessors=[_uniform(), *compressed])
    FederatedAveraging().run(
        algorithm_params=NNAlgorithmParams(s.rounds, s.rounds + 1, s.cohort, None),
        backend=backend,
        model=model,
        model_train_params=NNTrainHyperParams(
            local_batch_size=s.batch, local_num_epochs=1, local_learning_rate=s.lr, local_num_steps=None
        ),
        callbacks=[clock],
        send_metrics_to_platform=False,
    )
    return read_weights(network.net), np.diff(clock.stamps).tolist()


class _Network(torch.nn.Module):
    """The experiment's network with the loss that pfl wants."""

    def __init__(self) -> None:
        super().__init__()
        self.net = small_cnn()

    def loss(self, inputs: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        return functional.cross_entropy(self.net(inputs), labels)

    def metrics(self, inputs: torch.Tensor, labels: torch.Tensor) -> dict[str, Any]:
        return {}


def _uniform() -> Any:
    """Every client weighs the same."""
    from pfl.aggregate.weighting import WeightByUser

    return WeightByUser()


def _postprocessor(run: Run) -> Any:
    from pfl.metrics import Metrics
    from pfl.postprocessor.base import Postprocessor
    from pfl.stats import WeightedStatistics

    costs, residuals = network_prices(run.arm.cost, run.seed).costs, {}

    class Prune(Postprocessor):
        """CWMP with error feedback on a user's update."""

        def postprocess_one_user(self, *, stats: WeightedStatistics, user_context: Any) -> Any:
            names = [name for name, _ in stats.items()]
            pieces = [stats[name] for name in names]
            total = torch.cat([piece.reshape(-1) for piece in pieces]).numpy()
            total = total + residuals.get(user_context.user_id, np.float32(0))
            sent, residuals[user_context.user_id] = split(total, cwmp(total, costs, budget=percent(run.arm.share)).mask)
            parts = torch.from_numpy(sent).split([piece.numel() for piece in pieces])
            for name, piece, part in zip(names, pieces, parts, strict=True):
                stats[name] = part.view(piece.shape)
            return stats, Metrics()

    return Prune()
