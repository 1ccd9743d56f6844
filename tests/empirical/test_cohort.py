"""Clients trained together against the plain loop, on the CPU and on a CUDA device where there is one."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from empirical.images.cifar10 import load
from empirical.setting import Arm, Run, Setting
from empirical.streams import torch_stream
from empirical.training import cohort
from empirical.training.client import Task, accuracy, batches, tensors, train
from empirical.training.cohort import train_cohort
from empirical.training.federated import apply, client_choice, init, network_prices, one_by_one, together, usual
from empirical.training.models import initial_weights, read_weights, small_cnn, stacked_logits, write_weights
from theory.errors import InputError

DEVICES = ["cpu", *["cuda"] * torch.cuda.is_available()]
on_devices = pytest.mark.parametrize("device", DEVICES)
SIZES = (40, 3, 9, 200)  # examples of a client; batches are of 8
# A step of float32 can put an activation on the other side of ReLU's kink, which moves an update by thousandths, and by
# more from step to step; the updates of two clients are further apart than half their length.
CLOSE, APART = 0.05, 0.5


def tasks(device="cpu", **changes):
    weights = initial_weights(small_cnn(), torch_stream(5, "initial weights"))
    made = Task("synthetic", np.arange(0), weights, (0, 0, 0), steps=3, batch=8, lr=0.1, device=device)
    starts = np.cumsum((0, *SIZES))
    return [
        replace(made, examples=np.arange(starts[k], starts[k] + n), address=(0, 7, k), **changes)
        for k, n in enumerate(SIZES)
    ]


def distance(a, b):
    return np.linalg.norm(a - b) / np.linalg.norm(b)


def test_the_stacked_network_is_the_network_of_each_client():
    """In float64, where rounding hides nothing: outputs, and gradients of every parameter."""
    models = [small_cnn().double() for _ in range(3)]
    for k, model in enumerate(models):
        write_weights(model, initial_weights(model, torch_stream(k, "initial weights")))
        torch.manual_seed(k)
        for p in model.parameters():  # normalisations too
            p.data += 0.1 * torch.randn(p.shape)
    images = torch.randn(3, 5, 3, 32, 32, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    parts = zip(*(model.parameters() for model in models), strict=True)
    stacked = [torch.stack(part).detach().requires_grad_() for part in parts]
    outputs = stacked_logits(stacked, images.transpose(0, 1).flatten(1, 2))
    weights = torch.linspace(-1, 1, outputs.numel(), dtype=torch.float64).view(outputs.shape)
    gradients = torch.autograd.grad((outputs * weights).sum(), stacked)
    for k, model in enumerate(models):
        alone = model(images[k])
        torch.testing.assert_close(outputs[k], alone, rtol=0, atol=1e-12)
        own = torch.autograd.grad((alone * weights[k]).sum(), list(model.parameters()))
        for one, all_ in zip(own, gradients, strict=True):
            torch.testing.assert_close(all_[k], one, rtol=0, atol=1e-10)


def test_every_client_meets_the_images_of_the_plain_loop_in_its_order():
    """Bit for bit; clients with fewer examples than a batch among them."""
    work, seen = tasks(), []

    def watching(parameters, x):
        seen.append(x.clone())
        return stacked_logits(parameters, x)

    train_cohort(work, watching)
    data = load("synthetic")
    for k, task in enumerate(work):
        for x, chosen in zip(seen, batches(task), strict=True):
            inputs, _ = tensors(data.train_images[chosen], data.train_labels[chosen])
            assert torch.equal(x[:, 3 * k : 3 * k + 3], inputs)


@on_devices
@pytest.mark.parametrize("fisher", [False, True])
def test_updates_are_those_of_the_plain_loop(device, fisher):
    alone = [train(task) for task in tasks(fisher=fisher)]
    found = train_cohort(tasks(device, fisher=fisher))
    for mine, plain in zip(found, alone, strict=True):
        assert mine.update.dtype == mine.weights.dtype == np.float32
        assert distance(mine.update, plain.update) < CLOSE
        assert mine.loss == pytest.approx(plain.loss, rel=1e-2)
        assert np.array_equal(mine.weights - tasks()[0].weights, mine.update)
        assert mine.fisher.size == plain.fisher.size
        if fisher:
            assert distance(mine.fisher, plain.fisher) < 2 * CLOSE
    assert all(distance(one.update, alone[0].update) > APART for one in alone[1:])


@on_devices
def test_one_step_gives_loss_and_gradient(device):
    work = tasks(device, steps=1, fisher=True)
    for mine, task in zip(train_cohort(work), work, strict=True):
        assert mine.loss == pytest.approx(train(replace(task, device="cpu")).loss, rel=1e-4)
        np.testing.assert_allclose(mine.fisher, (mine.update / task.lr) ** 2, rtol=2e-2, atol=1e-7)


@on_devices
def test_nothing_is_left_over_from_one_round_to_the_next(device):
    work = tasks(device, fisher=True)
    first = train_cohort(work)
    other = [replace(task, address=(0, 8, task.address[-1])) for task in work]
    train_cohort(other)
    again = train_cohort(work)
    for one, two in zip(first, again, strict=True):
        assert one.update.tobytes() == two.update.tobytes()
        assert one.fisher.tobytes() == two.fisher.tobytes()
        assert one.loss == two.loss


def test_more_clients_than_fit_train_in_turns(monkeypatch):
    sizes = []

    def counting(parameters, x):
        sizes.append(parameters[0].shape[0])
        return stacked_logits(parameters, x)

    whole = train_cohort(tasks())
    monkeypatch.setattr(cohort, "_IMAGES", 17)  # two batches of eight
    parts = train_cohort(tasks(), counting)
    assert set(sizes) == {2}
    assert all(distance(one.update, two.update) < CLOSE for one, two in zip(parts, whole, strict=True))


@pytest.mark.parametrize("change", [{"lr": 0.2}, {"steps": 2}, {"weights": np.zeros(123_178, np.float32)}])
def test_tasks_that_differ_do_not_train_together(change):
    first, *rest = tasks()
    with pytest.raises(InputError, match="need the same data, weights and settings"):
        train_cohort([replace(first, **change), *rest])


def test_a_client_without_examples_is_one_clear_line():
    first, *rest = tasks()
    with pytest.raises(InputError, match="client 0 has no examples to train on"):
        train_cohort([replace(first, examples=np.empty(0, np.intp)), *rest])


SETTING = Setting(clients=8, cohort=3, steps=2, batch=4, rounds=4, evaluate_every=2, dropout=0.3)


@on_devices
def test_a_round_together_is_the_round_one_by_one(device):
    run = Run(SETTING, Arm("uniform", "1", "dense"), 0, "synthetic")
    state, other = init(run), init(run)
    for _ in range(2):
        start = state.weights
        state, record = apply(run, state, clients=one_by_one)
        other, found = apply(replace(run, device=device), other, clients=together)
        assert distance(other.weights - start, state.weights - start) < 2 * CLOSE
        same = ("cohort", "dropped", "ledger", "masks")
        assert all(getattr(record, name) == getattr(found, name) for name in same)
        assert found.loss == pytest.approx(record.loss, rel=2e-2)
    assert found.accuracy == pytest.approx(record.accuracy, abs=0.05)


@pytest.mark.parametrize("method", ["cwmp", "curvature"])
def test_together_compresses_client_by_client_with_feedback(method):
    run = Run(replace(SETTING, clients=3, dropout=0.0), Arm("fc-dear", "0.05", method), 0, "synthetic")
    kept = []

    def mapper(step, updates):
        assert step is client_choice
        kept.append(list(updates))
        return map(step, kept[-1])

    state, _ = apply(run, init(run), mapper, together)
    after, record = apply(run, state, mapper, together)
    budget = network_prices("fc-dear", 0).budget("0.05")
    assert 0 < record.energy <= 3 * budget
    for update in kept[1]:
        trained = train_cohort_of(run, state)[update.address[-1]]
        np.testing.assert_array_equal(update.total, trained.update + state.residuals[update.address[-1]])
        left = after.residuals[update.address[-1]]
        assert set(np.flatnonzero(left)) <= set(np.flatnonzero(update.total))
        assert np.array_equal(left[left != 0], update.total[left != 0])
        assert (left == 0).sum() > (update.total == 0).sum()


def train_cohort_of(run, state):
    from empirical.training.federated import _task, client_split

    split = client_split(run.source, run.setting, run.seed)
    return train_cohort([_task(run, state, split[k], k).task for k in range(3)])


def test_a_gpu_trains_together_and_a_cpu_one_by_one():
    assert usual("cpu") is one_by_one
    assert usual("cuda") is usual("cuda:1") is together


@pytest.mark.parametrize("device", ["cpu:0", *DEVICES[1:]])
def test_accuracy_is_measured_on_images_that_stay_on_the_device(device):
    data, model = load("synthetic"), small_cnn()
    for seed in range(2):
        weights = initial_weights(model, torch_stream(seed, "initial weights"))
        write_weights(model, weights)
        outputs = model(tensors(data.test_images, data.test_labels)[0]).argmax(1)
        want = float((outputs == torch.from_numpy(data.test_labels)).double().mean())
        assert accuracy(data, read_weights(model), device) == pytest.approx(want, abs=0.011)  # ties of float32
        assert accuracy(data, weights) == pytest.approx(want, abs=0.011)
