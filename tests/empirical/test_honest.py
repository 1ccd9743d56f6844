"""Honest gain: pairs of different clients, written out; and without bias, by drawing."""

import numpy as np
import pytest

from empirical.training.honest import honest_gain


def by_pairs(sent, updates, examples):
    n = np.array(examples) / sum(examples)
    pairs = [(j, k) for j in range(len(n)) for k in range(len(n)) if j != k]
    return (sum(n[j] * n[k] * sent[j] @ updates[k] for j, k in pairs),
            sum(n[j] * n[k] * updates[j] @ updates[k] for j, k in pairs))  # fmt: skip


def test_it_is_the_sum_over_pairs_of_different_clients():
    rng = np.random.default_rng(0)
    for clients in (2, 5):
        updates = rng.standard_normal((clients, 60)).astype(np.float32).astype(float)
        sent = updates * (rng.random((clients, 60)) < 0.3)
        examples = rng.integers(1, 50, clients).tolist()
        found = honest_gain(sent.astype(np.float32), updates.astype(np.float32), examples)
        assert found == pytest.approx(by_pairs(sent, updates, examples), rel=1e-9)
    whole = honest_gain(updates, updates, examples)
    assert whole[0] == pytest.approx(whole[1], rel=1e-12)


def test_one_client_has_nothing_in_common_with_another():
    update = np.array([3.0, -1.0, 2.0])
    assert honest_gain([update * [1, 0, 1]], [update], [7]) == pytest.approx((0, 0))


def test_it_is_without_bias_where_captured_norm_counts_noise():
    """A mask chosen by each client's own magnitudes: the gain is that of what clients have in common."""
    rng, d, clients, examples = np.random.default_rng(1), 40, 4, [3, 1, 1, 2]
    common, noise = np.r_[np.ones(10), np.zeros(30)], np.r_[np.full(10, 0.5), np.full(30, 3.0)]
    n, found, norms = np.array(examples) / sum(examples), [], []
    for _ in range(4000):
        updates = common + noise * rng.standard_normal((clients, d))
        sent = np.where(np.abs(updates) > 2, updates, 0)
        found.append(honest_gain(sent, updates, examples))
        norms.append((sent**2).sum() / (updates**2).sum())
    x = 1 + 0.5 * rng.standard_normal(10**6)
    sends = float(np.where(np.abs(x) > 2, x, 0).mean())  # of what is common, a client sends so much on average
    means, errors = np.mean(found, axis=0), np.std(found, axis=0) / np.sqrt(4000)
    want = (1 - (n**2).sum()) * 10 * np.array([sends, 1])
    assert (np.abs(means - want) < 4 * errors).all()
    assert errors[0] < 0.05 * want[1]
    assert np.mean(norms) > 0.8 > 0.1 > sends
