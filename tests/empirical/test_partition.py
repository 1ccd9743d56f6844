"""Splits: every example to one client, and the class shares that Dirichlet's law says, derived another way."""

import numpy as np
import pytest
from scipy import stats

from empirical.images.partition import (
    Dirichlet,
    Shards,
    by_shard,
    dirichlet,
    expected_largest_share,
    largest_class_share,
)
from theory.errors import InputError

LABELS = np.repeat(np.arange(10), 1000)
CONCENTRATIONS = (0.1, 0.3, 0.5, 1.0, 10.0)


def check_partition(split, n):
    assert np.array_equal(np.sort(np.concatenate(split)), np.arange(n))


@pytest.mark.parametrize("alpha", CONCENTRATIONS)
def test_expected_largest_share_against_sampling_the_dirichlet(alpha):
    """Order statistics of Gamma variables on one side, draws from the Dirichlet on the other."""
    largest = stats.dirichlet([alpha] * 10).rvs(40_000, random_state=1).max(1)
    error = largest.std() / np.sqrt(largest.size)
    assert abs(expected_largest_share(alpha, 10) - largest.mean()) < 4 * error


def test_expected_largest_share_where_it_is_known():
    # Dir(1, 1) has a uniform share U: E max(U, 1-U) = 3/4; Dir(1,...,1): the largest spacing, H_n/n
    assert expected_largest_share(1, 2) == pytest.approx(0.75, rel=1e-7)
    assert expected_largest_share(1, 10) == pytest.approx(sum(1 / k for k in range(1, 11)) / 10, rel=1e-7)
    assert expected_largest_share(1e6, 10) == pytest.approx(0.1, rel=1e-2)


@pytest.mark.parametrize("alpha", CONCENTRATIONS)
def test_many_clients_have_the_largest_share_of_theory(alpha):
    labels = np.repeat(np.arange(10), 60_000)
    split = dirichlet(labels, 600, alpha, np.random.default_rng(3), min_size=0)
    split = [mine for mine in split if mine.size]
    check_partition(split, labels.size)
    shares = [np.bincount(labels[mine]).max() / mine.size for mine in split]
    error = np.std(shares) / np.sqrt(len(shares))
    assert abs(largest_class_share(labels, split) - expected_largest_share(alpha, 10)) < 4 * error + 0.003


@pytest.mark.parametrize("alpha", CONCENTRATIONS)
def test_thirty_clients_have_the_largest_share_of_their_law(alpha):
    """With 30 clients a client's shares are ratios of Dirichlet entries: sampled here without any splitting."""
    rng = np.random.default_rng(11)
    per_split, per_law = [], []
    for seed in range(40):
        split = dirichlet(LABELS, 30, alpha, np.random.default_rng(seed))
        assert min(mine.size for mine in split) >= 10
        per_split.append(largest_class_share(LABELS, split))
    for _ in range(400):
        entries = stats.dirichlet([alpha] * 30).rvs(10, random_state=rng)  # a class a row
        sizes = entries.sum(0) * 1000
        if sizes.min() >= 10:
            per_law.append((entries.max(0) / entries.sum(0)).mean())
    assert len(per_law) > 20
    error = np.hypot(np.std(per_split) / np.sqrt(40), np.std(per_law) / np.sqrt(len(per_law)))
    assert abs(np.mean(per_split) - np.mean(per_law)) < 4 * error + 0.002


def test_a_class_is_shuffled_before_it_is_dealt():
    """Files may come in an order that means something; a client must not get a run of them."""
    for mine in dirichlet(LABELS, 4, 100.0, np.random.default_rng(0)):
        for label in range(10):
            places = mine[LABELS[mine] == label]
            assert np.ptp(places) > 900


def test_an_iid_split_does_not_pass_for_a_dirichlet_one():
    shuffled = np.array_split(np.random.default_rng(0).permutation(LABELS.size), 30)
    assert largest_class_share(LABELS, shuffled) < expected_largest_share(0.1, 10) - 0.4


@pytest.mark.parametrize("per_client", [1, 2, 5])
def test_shards(per_client):
    split = by_shard(LABELS, 40, per_client, np.random.default_rng(0))
    check_partition(split, LABELS.size)
    assert {mine.size for mine in split} == {250}
    assert max(np.unique(LABELS[mine]).size for mine in split) <= 2 * per_client  # a shard may straddle two classes


@pytest.mark.parametrize("partition", [Dirichlet(0.3), Shards(2)])
def test_same_stream_same_split(partition):
    first, second, other = (partition.split(LABELS, 20, np.random.default_rng(seed)) for seed in (5, 5, 6))
    assert all(np.array_equal(a, b) for a, b in zip(first, second, strict=True))
    assert not all(np.array_equal(a, b) for a, b in zip(first, other, strict=True))


@pytest.mark.parametrize(
    ("call", "names"),
    [
        (lambda rng: dirichlet(LABELS, 30, 0, rng), "concentration must be a number > 0"),
        (lambda rng: dirichlet(LABELS, 30, float("nan"), rng), "concentration must be a number > 0"),
        (lambda rng: dirichlet(LABELS, 5000, 1, rng), "5000 clients with at least 10 each cannot share 10000"),
        (lambda rng: dirichlet(LABELS, 900, 0.01, rng), "take fewer clients or a larger concentration"),
        (lambda rng: by_shard(LABELS, 30, 0, rng), "shards per client must be >= 1"),
        (lambda rng: by_shard(LABELS, 0, 2, rng), "0 clients"),
    ],
)
def test_impossible_splits_are_explained(call, names):
    with pytest.raises(InputError, match=names):
        call(np.random.default_rng(0))
