"""What layers are worth, learnt from what was sent: as sums over pairs of senders, dense and sparse, step by step."""

from itertools import permutations

import numpy as np
import pytest

from theory.errors import InputError
from theory.feedback.learnt_worth import LEAST_WORTH, LearntWorth, learnt, pairs, worth
from theory.layers import named_layers

SIZES = (54, 0, 40)
LAYERS = named_layers([("0.weight", (2, 3, 3, 3)), ("1.bias", (0,)), ("9.weight", (4, 10))])
ENDS = (slice(0, 54), slice(54, 54), slice(54, 94))
NAMES = [layer.name for layer in LAYERS]


def sent_by(clients, seed=0):
    """The first layer has a common part, the last has none."""
    rng = np.random.default_rng(seed)
    vectors = rng.standard_normal((clients, 94)) + np.r_[np.full(54, 0.8), np.zeros(40)]
    return [np.where(rng.random(94) < 0.4, v, 0).astype(np.float32) for v in vectors]


def by_pairs(sent):
    """Numerator and denominator from their definition, pair by pair."""
    each = [(s.astype(float), t.astype(float)) for s, t in permutations(sent, 2)]
    return np.array([[sum((s[part] * t[part]).sum() for s, t in each) for part in ENDS],
                     [sum(np.abs(s[part] * t[part]).sum() for s, t in each) for part in ENDS]])  # fmt: skip


def test_worth_is_the_agreement_of_pairs():
    found = pairs(sent_by(4), LAYERS)
    np.testing.assert_allclose(found, by_pairs(sent_by(4)), rtol=1e-12, atol=1e-12)
    each = worth(found)
    assert each[0] > 3 * each[2] >= 3 * LEAST_WORTH
    assert each[1] == 1  # nobody has sent anything of an empty layer
    assert worth(np.zeros((2, 2))).tolist() == [1, 1]
    assert worth(np.array([[-3.0, 5.0], [4.0, 5.0]])).tolist() == [LEAST_WORTH, 1]
    assert worth(np.array([[0.1, 3e-9], [0.5, 4e-9]])).tolist() == [0.2, 0.75]  # small updates are as good
    assert not pairs(sent_by(1), LAYERS).any()


def test_rounds_are_smoothed():
    one, two = by_pairs(sent_by(3, 1)), by_pairs(sent_by(3, 2))
    found = learnt(learnt(None, sent_by(3, 1), LAYERS), sent_by(3, 2), LAYERS)
    np.testing.assert_allclose(found, 0.8 * one + two, rtol=1e-12, atol=1e-12)


def test_layers_are_layers_or_their_sizes():
    """Of 70 coordinates two agree, of 30 they do not."""
    sent = [np.ones(100), np.r_[np.ones(70), -np.ones(30)]]
    for layers in ([70, 30], np.array([70, 30]), named_layers([("a.weight", (7, 10)), ("b.weight", (30,))])):
        found = learnt(None, sent, layers)
        assert found.tolist() == [[140, -60], [140, 60]]
        assert worth(found).tolist() == [1, LEAST_WORTH]
    assert learnt(None, [[1, 2, 0], [3, 0, 1]], [1, 2]).tolist() == [[6, 0], [6, 0]]


@pytest.mark.parametrize(
    ("sent", "layers", "says"),
    [([np.ones(100)] * 2, [50, 30], "the layers hold 80 coordinates, the update has 100"),
     ([np.ones(100)] * 2, np.array([70, 31]), "the layers hold 101 coordinates, the update has 100"),
     ([np.ones(94)] * 2, LAYERS[:1], "the layers hold 54 coordinates, the update has 94"),
     ([np.ones(3)] * 2, [1.5, 1.5], "layer 0 must be a Layer or its number of coordinates, got 1.5"),
     ([np.ones(3), [1, np.nan, 1]], [3], "sent[1][1] = nan: every entry must be finite"),
     ([[-np.inf, 0, 0], np.ones(3)], [3], "sent[0][0] = -inf: every entry must be finite"),
     ([np.ones(3), np.ones(1)], [3], "all must send vectors of one shape (d,), got (3,) and (1,)"),
     ([np.ones((3, 1))], [3], "sent[0] must be real numbers of shape (d,), got float64 of shape (3, 1)"),
     ([[True, False]], [2], "sent[0] must be real numbers of shape (d,), got bool"),
     ([], [3], "give what each has sent, one vector or more"),
     ([np.full(3, 1e200)] * 2, [3], "so large that its squares are no float64")],
)  # fmt: skip
def test_what_was_not_sent_so_is_refused(sent, layers, says):
    with pytest.raises(InputError) as found:
        learnt(None, sent, layers)
    assert says in str(found.value)


@pytest.mark.parametrize(
    "memory",
    [[[1, np.nan], [1, 2]], [[1, 2], [np.inf, 2]], [1, 2], np.ones((3, 2)), np.ones((1, 2)), [[1, 2], [3]], "ab"],
)
def test_what_is_no_memory_is_refused(memory):
    for call in (lambda: worth(memory), lambda: learnt(memory, [np.ones(3)], [1, 2])):
        with pytest.raises(
            InputError, match="what was remembered must be a numerator and a denominator for each layer"
        ):
            call()


def test_the_memory_of_other_layers_is_refused():
    with pytest.raises(InputError, match="what was remembered is of 2 layers, and there are 3"):
        learnt(np.ones((2, 2)), [np.ones(94)], LAYERS)


# --- in DDP, from indices and values ------------------------------------------------------------------


def sparse(vectors):
    torch = pytest.importorskip("torch")
    tensors = [torch.from_numpy(vector) for vector in vectors]
    return [(t.nonzero().flatten(), t[t != 0]) for t in tensors]


@pytest.mark.parametrize("clients", [1, 2, 5])
def test_sparse_vectors_give_the_same_step_by_step(clients):
    memory, expected = LearntWorth(), np.zeros((2, 3))
    assert memory.of(NAMES).tolist() == [1, 1, 1]
    for seed in range(3):
        memory.begin()
        np.testing.assert_allclose(memory.of(NAMES), worth(expected), rtol=1e-9)
        memory.see(NAMES[:1], SIZES[:1], sparse(v[:54] for v in sent_by(clients, seed)))
        memory.see(NAMES[1:], SIZES[1:], sparse(v[54:] for v in sent_by(clients, seed)))
        expected = 0.8 * expected + by_pairs(sent_by(clients, seed)).reshape(2, 3)
    memory.begin()
    np.testing.assert_allclose(memory.of(NAMES), worth(expected), rtol=1e-9)
    np.testing.assert_allclose(memory.of(NAMES[::-1]), worth(expected)[::-1], rtol=1e-9)


def test_nothing_sent_and_a_skipped_step_teach_nothing():
    memory = LearntWorth()
    memory.see(NAMES, SIZES, sparse(np.zeros((3, 94), dtype=np.float32)))
    memory.begin()
    assert memory.of(NAMES).tolist() == [1, 1, 1]
    memory.see(NAMES, SIZES, sparse(sent_by(3)))
    memory.skip()
    memory.begin()
    assert memory.of(NAMES).tolist() == [1, 1, 1]
