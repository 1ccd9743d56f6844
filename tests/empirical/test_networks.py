"""The networks, and running statistics as state: carried whole, averaged, never selected."""

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
import torch

from empirical.prices import STATE, prices
from empirical.runs.runner import complete
from empirical.setting import SMALL_CNN, Arm, Network, Run, Setting
from empirical.streams import torch_stream
from empirical.training.client import Task, tensors, train
from empirical.training.cohort import train_cohort
from empirical.training.federated import apply, client_split, init, network_layers, one_by_one, together, usual
from empirical.training.models import initial_weights, network, read_state, read_weights, write_state, write_weights
from theory.errors import InputError

TINY = Setting(clients=6, cohort=3, steps=2, batch=8, rounds=4, evaluate_every=2, normalisation="batch")
RUN = Run(TINY, Arm("fc-dear", "0.05", "cwmp"), 0, "synthetic")
KNOWN = {  # parameters with ten classes, as published implementations of the two count them; of the small one on paper
    "small-cnn": 123_178,
    "resnet-18": 11_173_962,
    "mobilenet-v2": 2_236_682,
}


@pytest.mark.parametrize("normalisation", ["group", "batch"])
@pytest.mark.parametrize("model", KNOWN)
def test_networks_are_the_ones_they_are_called_and_a_vector_of_weights_and_back(model, normalisation):
    which = Network(model, normalisation)
    net, layers = network(which), network_layers(which)
    assert sum(layer.size for layer in layers) == KNOWN[model]
    norms = [m for m in net.modules() if isinstance(m, (torch.nn.BatchNorm2d, torch.nn.GroupNorm))]
    channels = sum(m.weight.numel() for m in norms)
    assert sum(layer.size for layer in layers if layer.kind == "norm") == 2 * channels
    assert read_state(net).size == (2 * channels if normalisation == "batch" else 0)
    drawn = initial_weights(net, torch_stream(1, "initial weights"))
    assert drawn.size == KNOWN[model]
    write_weights(net, drawn)
    assert np.array_equal(read_weights(net), drawn)
    state = np.arange(read_state(net).size, dtype=np.float32)
    write_state(net, state)
    assert np.array_equal(read_state(net), state)
    assert np.array_equal(read_weights(net), drawn)


@pytest.mark.parametrize("model", ["resnet-18", "mobilenet-v2"])
def test_large_networks_reduce_an_image_as_their_papers_say(model):
    net = network(Network(model, "batch")).eval()
    seen = []
    for layer in net:
        layer.register_forward_hook(lambda module, given, out: seen.append(tuple(out.shape)))
    with torch.inference_mode():
        assert net(torch.zeros(2, 3, 32, 32)).shape == (2, 10)
    widths = dict.fromkeys(shape[2] for shape in seen if len(shape) == 4)
    assert list(widths) == [32, 16, 8, 4, 1]
    assert seen[-2] == (2, {"resnet-18": 512, "mobilenet-v2": 1280}[model])


def test_running_statistics_are_the_mean_of_the_clients_and_no_method_prunes_them():
    start = init(RUN)
    assert start.running.tolist() == [0.0] * 16 + [1.0] * 16 + [0.0] * 32 + [1.0] * 32 + [0.0] * 64 + [1.0] * 64
    reports = []
    after, record = apply(RUN, start, mapper=lambda step, tasks: reports.extend(map(step, tasks)) or reports)
    sizes = [report.examples for report in reports]
    want = np.average([report.running.astype(float) for report in reports], axis=0, weights=sizes)
    np.testing.assert_allclose(after.running, want, rtol=1e-6)
    assert not np.array_equal(reports[0].running, reports[1].running)
    assert after.weights.size == reports[0].sent.size == KNOWN["small-cnn"]
    (entry,) = (e for e in record.ledger if e.kind == STATE)
    assert (entry.coordinates, entry.index) == (3 * 224, 0)
    budget = prices("fc-dear", network_layers(TINY.network), 0).budget("0.05")
    assert entry.energy == 3 * 224  # norm layers cost 1 under fc-dear
    assert 0 < record.energy - entry.energy <= 3 * budget


def test_one_client_with_batch_normalisation_trains_as_pytorch_does():
    start, split = init(RUN), client_split("synthetic", TINY, 0)
    task = Task("synthetic", split[2], start.weights, (0, 0, 2), 2, 8, 0.1, network=TINY.network, running=start.running)
    found = train(task)
    from empirical.images.cifar10 import load
    from empirical.training.client import batches

    data, net = load("synthetic"), network(TINY.network).train()
    write_weights(net, start.weights)
    optimiser = torch.optim.SGD(net.parameters(), lr=0.1)
    for chosen in batches(task):
        optimiser.zero_grad()
        inputs, labels = tensors(data.train_images[chosen], data.train_labels[chosen])
        torch.nn.functional.cross_entropy(net(inputs), labels).backward()
        optimiser.step()
    np.testing.assert_allclose(found.weights, read_weights(net), atol=1e-6)
    np.testing.assert_allclose(found.running, read_state(net), atol=1e-6)
    assert not np.array_equal(found.running, start.running)


def test_state_of_a_model_without_a_price_for_norms_costs_the_average():
    layers = network_layers(TINY.network)
    priced = prices("lognormal", layers, 0)
    (entry,) = priced.whole(10)
    assert entry.energy == 10 * priced.total / Fraction(KNOWN["small-cnn"])
    assert priced.whole(0) == ()


@pytest.mark.parametrize("method", ["learnt-safe", "one-price", "hard-threshold", "safe-0.9"])
def test_a_run_with_state_and_memory_resumes_bit_for_bit(tmp_path, method):
    run = replace(RUN, arm=Arm("conv-dear", "0.02", method))
    whole = complete(run, tmp_path / "whole")

    class StopError(Exception):
        pass

    def stop(record):
        if record.round == 2:
            raise StopError

    with pytest.raises(StopError):
        complete(run, tmp_path / "parts", checkpoint_every=2, on_round=stop)
    assert list((tmp_path / "parts").glob("*.checkpoint.npz"))
    resumed = complete(run, tmp_path / "parts")
    assert resumed.records == whole.records
    assert all(record.honest is not None for record in whole.records)


def test_only_the_small_network_with_group_normalisation_trains_in_one_stack():
    assert usual("cuda", SMALL_CNN) is together
    assert usual("cuda", TINY.network) is usual("cuda", Network("resnet-18")) is one_by_one
    task = Task("synthetic", np.arange(20), init(RUN).weights, (0, 0, 0), 1, 4, 0.1, network=TINY.network)
    with pytest.raises(InputError, match="only small-cnn with group normalisation trains together"):
        train_cohort([task])


@pytest.mark.parametrize(("field", "value"), [("model", "vgg"), ("normalisation", "layer")])
def test_what_there_is_not_is_refused(field, value):
    with pytest.raises(InputError, match=f"{field} must be one of .*, got '{value}'"):
        replace(TINY, **{field: value})
    with pytest.raises(InputError, match="limit must be one of joules, coordinates, got 'bytes'"):
        Arm("uniform", "0.1", "cwmp", "bytes")
