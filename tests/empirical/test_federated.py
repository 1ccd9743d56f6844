"""The federated runner: one round written out plainly, streams that pair runs, feedback, dropouts, processes."""

import os
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from empirical.images.cifar10 import load
from empirical.images.partition import Shards
from empirical.runs.runner import client_processes
from empirical.setting import Arm, Run, Setting
from empirical.streams import stream, torch_stream
from empirical.training.client import batches, tensors, train
from empirical.training.federated import apply, averaged, client_split, client_step, init, invited
from empirical.training.models import initial_weights, model_layers, read_weights, small_cnn, write_weights
from theory.errors import InputError

TINY = Setting(clients=8, cohort=3, steps=2, batch=4, rounds=4, evaluate_every=2)
CWMP = Arm("fc-dear", "0.05", "cwmp")


def tiny(arm=CWMP, seed=0, **changes):
    return Run(replace(TINY, **changes), arm, seed, "synthetic")


def rounds(run, count, **options):
    state, records = init(run), []
    for _ in range(count):
        state, record = apply(run, state, **options)
        records.append(record)
    return state, records


def test_a_dense_round_is_federated_averaging_written_out_plainly():
    """torch.optim, a new model per client, a mean over clients: no code of the runner's but the batches' indices."""
    run = tiny(Arm("uniform", "1", "dense"), error_feedback=False, server_lr=0.5)
    start = init(run)
    after, record = apply(run, start)
    data, split = load("synthetic"), client_split("synthetic", run.setting, 0)
    trained, sizes = [], []
    for client in record.cohort:
        model = nn.Sequential(
            nn.Conv2d(3, 16, 3, 2, 1), nn.GroupNorm(4, 16), nn.ReLU(), nn.Conv2d(16, 32, 3, 2, 1), nn.GroupNorm(4, 32),
            nn.ReLU(), nn.Conv2d(32, 64, 3, 2, 1), nn.GroupNorm(4, 64), nn.ReLU(), nn.Flatten(), nn.Linear(1024, 96),
            nn.ReLU(), nn.Linear(96, 10),
        )  # fmt: skip
        nn.utils.vector_to_parameters(torch.from_numpy(start.weights.copy()), model.parameters())
        optimiser = torch.optim.SGD(model.parameters(), lr=0.1)
        rng, queue = stream(0, "batches", 0, client), np.empty(0, int)
        for _ in range(2):
            while queue.size < 4:
                queue = np.concatenate([queue, rng.permutation(split[client])])
            chosen, queue = np.sort(queue[:4]), queue[4:]
            pixels = torch.from_numpy(data.train_images[chosen] / 255.0).float().permute(0, 3, 1, 2)
            mean = torch.tensor([0.4914, 0.4822, 0.4465]).view(3, 1, 1)
            deviation = torch.tensor([0.2470, 0.2435, 0.2616]).view(3, 1, 1)
            optimiser.zero_grad()
            outputs = model((pixels - mean) / deviation)
            nn.functional.cross_entropy(outputs, torch.from_numpy(data.train_labels[chosen])).backward()
            optimiser.step()
        trained.append(nn.utils.parameters_to_vector(model.parameters()).detach().numpy().astype(float))
        sizes.append(split[client].size)
    mean = np.average(trained, axis=0, weights=sizes)
    want = start.weights + 0.5 * (mean - start.weights)
    assert np.abs(want - start.weights).max() > 1e-3
    np.testing.assert_allclose(after.weights, want, atol=2e-6)
    assert sum(entry.coordinates for entry in record.ledger) == 3 * start.weights.size


def test_server_momentum_is_the_recursion():
    run = tiny(server_momentum=0.9)
    plain = replace(run.setting, server_momentum=0.0)
    state = init(run)
    reports = []
    apply(run, state, mapper=lambda step, tasks: reports.extend(map(step, tasks)) or reports)
    _, mean = averaged(plain, state, reports)
    weights, momentum = averaged(run.setting, replace(state, momentum=np.full_like(mean, 0.25)), reports)
    np.testing.assert_allclose(momentum, 0.9 * 0.25 + mean, rtol=1e-6)
    np.testing.assert_allclose(weights - state.weights, momentum, atol=1e-6)


def test_states_are_never_changed_in_place():
    run = tiny()
    first = init(run)
    kept = first.weights.copy()
    second, _ = apply(run, first)
    residuals = {k: r.copy() for k, r in second.residuals.items()}
    third, _ = apply(run, second)
    again, _ = apply(run, second)
    assert np.array_equal(first.weights, kept)
    assert first.residuals == {}
    assert all(np.array_equal(second.residuals[k], residuals[k]) for k in residuals)
    assert np.array_equal(third.weights, again.weights)
    assert not np.array_equal(third.weights, second.weights)


def test_methods_of_a_seed_are_paired_and_seeds_differ():
    _, mine = rounds(tiny(), 4)
    _, other = rounds(tiny(Arm("conv-dear", "0.2", "random-k")), 4)
    _, seed = rounds(tiny(seed=1), 4)
    assert [r.cohort for r in mine] == [r.cohort for r in other] != [r.cohort for r in seed]
    assert mine[0].loss == other[0].loss != seed[0].loss
    assert mine[1].loss != other[1].loss
    assert np.array_equal(init(tiny()).weights, init(tiny(Arm("uniform", "1", "dense"))).weights)


def test_equal_costs_give_equal_masks_for_every_score_in_every_round():
    digests = {method: [r.masks for r in rounds(tiny(Arm("uniform", "0.03", method)), 4)[1]] for method in
               ("top-k", "cwmp", "cwmp-l1", "random-k")}  # fmt: skip
    assert digests["top-k"] == digests["cwmp"] == digests["cwmp-l1"] != digests["random-k"]
    unequal = [r.masks for r in rounds(tiny(Arm("fc-dear", "0.03", "cwmp")), 4)[1]]
    assert not set(unequal) & set(digests["top-k"])


def test_error_feedback_conserves_the_update_and_can_be_switched_off():
    run = tiny(clients=3)
    reports = []

    def keeping(step, tasks):
        tasks = list(tasks)
        found = [step(task) for task in tasks]
        reports.append((tasks, found))
        return found

    state, _ = rounds(run, 3, mapper=keeping)
    for tasks, found in reports:
        for task, report in zip(tasks, found, strict=True):
            before = np.float32(0) if task.residual is None else task.residual
            assert np.array_equal(report.sent + report.residual, train(task.task).update + before)
            assert not (report.sent[~report.choice.mask]).any()
            assert not (report.residual[report.choice.mask]).any()
    assert all(task.residual is not None for task in reports[1][0])
    assert set(state.residuals) == {0, 1, 2}
    assert rounds(tiny(clients=3, error_feedback=False), 2)[0].residuals == {}


def test_dropouts_send_nothing_spend_nothing_and_keep_their_residual():
    run = tiny(clients=3, dropout=0.5)
    state, before, seen = init(run), {}, 0
    for _ in range(6):
        state, record = apply(run, state)
        assert len(record.dropped) < len(record.cohort)
        gone = set(record.dropped)
        seen += len(gone)
        for client in gone:
            assert state.residuals.get(client) is before.get(client)
        whole = Run(run.setting, run.arm, 0, "synthetic")
        assert record.energy <= (3 - len(gone)) * _budget(whole)
        before = dict(state.residuals)
    assert seen > 2
    for t in range(200):  # all three would drop out in 97 of 100 rounds: one never does
        cohort, gone = invited(replace(TINY, clients=9, cohort=3, dropout=0.99), 0, t)
        assert len(gone) < len(cohort) == 3
        assert set(gone) < set(cohort)
    counts = [len(invited(replace(TINY, clients=100, cohort=50, dropout=0.3), 0, t)[1]) for t in range(40)]
    assert np.mean(counts) == pytest.approx(15, abs=1.5)


def _budget(run):
    from empirical.prices import prices

    return prices(run.arm.cost, model_layers(small_cnn()), run.seed).budget(run.arm.share)


def _process(task):
    return os.getpid()


def test_two_processes_give_the_bits_of_one():
    run = tiny()
    here, records = rounds(run, 3)
    with client_processes(2) as mapper:
        there, others = rounds(run, 3, mapper=mapper)
        assert list(mapper(abs, [])) == []
        assert list(mapper(abs, range(-5, 0))) == [5, 4, 3, 2, 1]
        pids = list(mapper(_process, range(4)))
    assert pids[:2] == [os.getpid()] * 2
    assert os.getpid() not in pids[2:]
    assert records == others
    assert here.weights.tobytes() == there.weights.tobytes()
    assert all(here.residuals[k].tobytes() == there.residuals[k].tobytes() for k in here.residuals)


def test_thread_count_of_the_caller_changes_nothing():
    threads = torch.get_num_threads()
    results = []
    for count in (1, 2):
        torch.set_num_threads(count)
        results.append(rounds(tiny(batch=64), 1)[0].weights.tobytes())
        assert torch.get_num_threads() == count
    torch.set_num_threads(threads)
    assert results[0] == results[1]


def test_batches_pass_over_all_examples_before_any_comes_again():
    work = []
    apply(tiny(steps=5), init(tiny()), mapper=lambda step, tasks: [work.append(t) or step(t) for t in tasks])
    task = replace(work[0].task, examples=np.arange(10), batch=4, steps=5)
    drawn = list(batches(task))
    assert all(np.array_equal(np.sort(b), b) for b in drawn)
    assert sorted(np.concatenate(drawn).tolist()) == sorted([*range(10)] * 2)


def test_a_client_without_examples_is_one_clear_line():
    work = []
    apply(tiny(), init(tiny()), mapper=lambda step, tasks: [work.append(t) or step(t) for t in tasks])
    with pytest.raises(InputError, match=r"client \d+ has no examples to train on"):
        next(batches(replace(work[0].task, examples=np.empty(0, np.intp))))


def test_fisher_is_the_mean_squared_gradient():
    work = []
    apply(tiny(), init(tiny()), mapper=lambda step, tasks: [work.append(t) or step(t) for t in tasks])
    task = replace(work[0].task, steps=1, fisher=True)
    found = train(task)
    # one step: update = -lr * gradient
    np.testing.assert_allclose(found.fisher, (found.update / task.lr) ** 2, rtol=2e-3, atol=1e-8)


def test_fisher_is_a_mean_over_the_steps():
    work = []
    apply(tiny(), init(tiny()), mapper=lambda step, tasks: [work.append(t) or step(t) for t in tasks])
    task = replace(work[0].task, fisher=True)
    both, first = train(task), train(replace(task, steps=1))
    gradients = np.array([first.update, both.update - first.update]) / task.lr
    np.testing.assert_allclose(both.fisher, (gradients**2).mean(0), rtol=1e-2, atol=1e-7)


def test_random_masks_differ_between_clients_and_rounds():
    masks = []
    rounds(
        tiny(Arm("uniform", "0.03", "random-k")), 2,
        mapper=lambda step, tasks: [masks.append(r.choice.mask) or r for r in map(step, tasks)],
    )  # fmt: skip
    assert len(masks) == 6
    for k, mask in enumerate(masks):  # 3 % each: two that are drawn apart share 3 % of their coordinates
        assert all((mask & other).sum() < 0.1 * mask.sum() for other in masks[:k])


def test_weights_travel_unchanged_and_start_within_their_bounds():
    model = small_cnn()
    flat = initial_weights(model, torch_stream(3, "initial weights"))
    write_weights(model, flat)
    assert read_weights(model).tobytes() == flat.tobytes()
    assert flat.size == sum(layer.size for layer in model_layers(model)) == 123_178
    first = flat[:432]  # 3x3x3 inputs: uniform within 1/sqrt(27)
    assert np.abs(first).max() <= 27**-0.5
    assert first.std() == pytest.approx(27**-0.5 / 3**0.5, rel=0.1)
    shape = tensors(load("synthetic").train_images[:2], load("synthetic").train_labels[:2])[0]
    assert shape.is_contiguous(memory_format=torch.channels_last)


@pytest.mark.parametrize("partition", [Shards(2)])
def test_shards_are_a_setting_too(partition):
    _, records = rounds(tiny(partition=partition), 1)
    assert records[0].coordinates > 0


def test_divergence_is_one_clear_line():
    with np.errstate(all="ignore"), pytest.raises(InputError, match="finite"):
        rounds(tiny(lr=1e20, steps=6, error_feedback=False), 3)


@pytest.mark.parametrize(
    ("changes", "names"),
    [
        ({"cohort": 9}, "a cohort of 9 cannot be drawn from 8 clients"),
        ({"rounds": 0}, "rounds must be at least 1"),
        ({"lr": 0.0}, "learning rates must be > 0"),
        ({"dropout": 1.0}, r"must lie in \[0, 1\)"),
        ({"server_momentum": -0.1}, r"must lie in \[0, 1\)"),
    ],
)
def test_impossible_settings_are_explained(changes, names):
    with pytest.raises(InputError, match=names):
        replace(TINY, **changes)


@pytest.mark.parametrize(
    ("arm", "names"),
    [
        (Arm("solar", "0.1", "cwmp"), "no cost model 'solar'; the models are uniform"),
        (Arm("uniform", "0.1", "psychic"), "no method 'psychic'; the methods are top-k"),
        (Arm("uniform", "2", "cwmp"), r"share = 2: must be a share in \(0, 1\]"),
    ],
)
def test_unknown_arms_are_explained(arm, names):
    with pytest.raises(InputError, match=names):
        rounds(tiny(arm), 1)


def test_client_step_is_what_the_mapper_gets():
    seen = []
    apply(tiny(), init(tiny()), mapper=lambda step, tasks: seen.append(step) or map(step, tasks))
    assert seen == [client_step]
