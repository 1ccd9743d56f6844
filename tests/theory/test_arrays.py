"""Tensors of every sort: selected right, or refused in one sentence that names tensor and type."""

import warnings

import numpy as np
import pytest

torch = pytest.importorskip("torch")

import cwmp as front_door  # noqa: E402
from theory import CostClasses, InputError, Instance, certify, cwmp, random_k, relax, top_k  # noqa: E402
from theory.feedback.compressor import Compressor  # noqa: E402
from theory.laws.samples import SampleLaw  # noqa: E402

G = torch.randn(64, generator=torch.Generator().manual_seed(0))
C = torch.randint(1, 5, (64,), generator=torch.Generator().manual_seed(1)).float()


def same(update, cost=C, values=None):
    """Whether ``update`` gives what the array of its values gives."""
    wide = (update.detach().float() if values is None else values).numpy()
    plain = cost.float().numpy() if isinstance(cost, torch.Tensor) else cost
    for select in (cwmp, top_k):
        found, expected = (select(u, c, budget="20%").mask for u, c in ((update, cost), (wide, plain)))
        assert isinstance(found, torch.Tensor)
        assert 0 < expected.sum() < 64
        assert np.array_equal(found.numpy(), expected)
        whole = Instance(update, cost, budget="20%")
        assert torch.equal(select(whole).mask, found)
        assert whole.retained(found) == select(whole).retained


@pytest.mark.parametrize("dtype", ["float8_e4m3fn", "float8_e5m2", "bfloat16", "float16", "float64", "int8", "int64"])
def test_every_type_of_real_numbers(dtype):
    same((G * 40).to(getattr(torch, dtype)))
    if "int" not in dtype:
        same(G, (C + 0.5).to(getattr(torch, dtype)))


def test_every_way_to_lie_in_memory():
    wide = torch.zeros(128)
    wide[::2] = G
    same(wide[::2])
    same(torch.complex(torch.zeros(64), -G).conj().imag, values=G)
    same(G, torch.ones(1).expand(64), values=None)
    same(torch.nn.Parameter(G.clone()))
    same(G, torch.tensor(2.0))
    assert cwmp(G, C, budget=torch.tensor(10.0)).mask.tolist() == cwmp(G, C, budget=10).mask.tolist()
    labels, values = (C > 2).long(), torch.tensor([1.0, 10.0])
    assert torch.equal(cwmp(G, CostClasses(labels, values), budget="20%").mask,
                       cwmp(G, CostClasses(labels.numpy(), [1, 10]), budget="20%").mask)  # fmt: skip


def unreadable():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield "complex tensor of torch.complex64", torch.complex(G, G)
        yield "complex tensor of torch.complex32", torch.zeros(64, dtype=torch.complex32)
        yield r"sparse \(sparse_coo\) tensor of torch.float32", G.to_sparse()
        yield r"sparse \(sparse_csr\) tensor of torch.float32", G.view(8, 8).to_sparse_csr()
        yield "meta tensor of torch.float32", G.to("meta")
        yield "quantised tensor of torch.qint8", torch.quantize_per_tensor(G, 0.05, 0, torch.qint8)
        yield "nested tensor of torch.float32", torch.nested.nested_tensor([G, G[:3]])
        yield "list of 2 tensors", [G, G[:3]]
        yield "mapping of 1 entries", {"weight": G}
        yield "masked array with 1 masked entries", np.ma.masked_array(G.numpy(), mask=np.arange(64) == 5)


SORTS = [pytest.param(value, said, id=said) for said, value in unreadable()]


@pytest.mark.parametrize(("bad", "said"), SORTS)
def test_what_cannot_be_read_is_named(bad, said):
    ones = np.ones(64)
    for name, call in {
        "update": lambda: cwmp(bad, 1.0, budget="100%"),
        "update ": lambda: Instance(bad, 1.0, budget="100%"),
        "cost": lambda: cwmp(ones, bad, budget="100%"),
        "cost ": lambda: Instance(ones, bad, budget="100%"),
        "labels": lambda: cwmp(ones, CostClasses(bad, [1, 2]), budget="100%"),
        "the update": lambda: Compressor(1.0, budget="100%").init(bad),
    }.items():
        with pytest.raises(InputError, match=rf"^{name.strip()} .*{said}") as caught:
            call()
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize("bad", [None, [[1], [1, 2]], {"a": 1}, "abc", object(), np.array(["a"])])
def test_values_and_amounts_that_are_none(bad):
    for call in (lambda: CostClasses([0, 1], bad), lambda: bad):
        with pytest.raises(InputError):
            cwmp(np.ones(2), call() if call() is not None else [], budget="100%")
    with pytest.raises(InputError):
        cwmp(np.ones(2), 1, bad)


def test_inside_vmap_a_sentence():
    with pytest.raises(InputError, match=r"update is a tensor of torch.float32 without values to read"):
        torch.func.vmap(lambda x: cwmp(x, 1.0, budget="20%").mask)(torch.stack([G, G]))


def compiled_cases():
    yield "selector", lambda x: cwmp(2 * x, C, budget="30%").mask * x
    yield "random", lambda x: random_k(Instance(2 * x, C, budget="30%"), 0).mask * x
    yield "instance", lambda x: top_k(Instance(2 * x, 1, "7")).mask * x
    yield "front door", lambda x: front_door.cwmp(2 * x, 1, budget="30%").mask * x
    yield "relaxation", lambda x: x * float(relax(Instance(x, C, budget="30%")).value)
    yield "certificate", lambda x: x * float(certify(Instance(x, C, budget="30%")).retained)


@pytest.mark.parametrize("case", [pytest.param(f, id=name) for name, f in compiled_cases()])
def test_inside_a_compiled_function_the_same(case):
    torch.compiler.reset()
    compiled = torch.compile(case, backend="eager")
    for update in (G, -3 * G.flip(0)):
        assert torch.equal(compiled(update), case(update))


def test_an_instance_of_a_tensor_answers_in_tensors():
    whole, arrays = Instance(G, C, budget="30%"), Instance(G.numpy(), C.numpy(), budget="30%")
    for rounding in ("prefix", "fill", "best-of"):
        for select in (cwmp, top_k, lambda i, rounding: random_k(i, 0, rounding=rounding)):
            found, expected = select(whole, rounding=rounding), select(arrays, rounding=rounding)
            assert torch.equal(found.mask, torch.from_numpy(expected.mask))
            assert (whole.spent(found.mask), whole.feasible(found.mask)) == (expected.spent, True)
    assert isinstance(cwmp(whole.with_budget(1)).mask, torch.Tensor)
    assert isinstance(cwmp(whole.of_arrays()).mask, np.ndarray)
    assert certify(whole).retained == certify(arrays).retained


@pytest.mark.parametrize(("bad", "said"), SORTS)
def test_a_sampler_that_returns_no_sample_is_named(bad, said):
    def mine(rng, n):
        return bad, np.ones(n)

    with pytest.raises(InputError, match=rf"^mine: the update .*{said}"):
        SampleLaw.drawn(mine, n=64, seed=0)
    with pytest.raises(InputError, match=rf"^update: the costs .*{said}"):
        SampleLaw.of(np.ones(64), bad)


@pytest.mark.parametrize(
    "bad", [None, 3, np.ones(4), (np.ones(4),), (None, None), ("a", "b"), (np.ones(4), np.ones(3))]
)
def test_bad_samplers(bad):
    with pytest.raises(InputError):
        SampleLaw.drawn(lambda rng, n: bad, n=4, seed=0)
    with pytest.raises(InputError, match=r"a sampler must be a function \(rng, n\)"):
        SampleLaw.drawn(bad, n=4, seed=0)


def test_a_sampler_may_return_tensors():
    law = SampleLaw.drawn(lambda rng, n: (G, C), n=64, seed=0)
    assert np.array_equal(law.magnitude, np.abs(G.double().numpy()))


HOLED = np.ma.array([1.0, 2.0, 100.0], mask=[0, 0, 1])
PAGED = front_door.PageCosts


@pytest.mark.parametrize(
    ("name", "call"),
    [
        ("update", lambda m: front_door.certify(m, 1, 1)),
        ("update", lambda m: front_door.cwmp(m, "1", 1)),
        ("update", lambda m: front_door.top_k(m, "1", 1)),
        ("update", lambda m: front_door.random_k(m, 1, 1, seed=0)),
        ("update", lambda m: front_door.safe(m, "1", 1, layers=[3])),
        ("update", lambda m: front_door.by_pages(m, PAGED(1, 1, 1), 2)),
        ("update", lambda m: front_door.one_price([m], 1, 1)),
        ("update", lambda m: front_door.frontier(m, 1, 1)),
        ("update", lambda m: front_door.saving(m, 1)),
        ("w", lambda m: front_door.certify({"w": m}, 1, 1)),
        ("cost", lambda m: front_door.certify(np.ones(3), m, 2)),
        ("cost", lambda m: front_door.safe(np.ones(3), m, 2, layers=[3])),
        ("cost", lambda m: front_door.one_price([np.ones(3)], m, 2)),
        ("cost of 'w'", lambda m: front_door.certify({"w": np.ones(3)}, {"w": m}, 2)),
        ("labels", lambda m: front_door.certify(np.ones(3), CostClasses(m.astype(int) % 2, [1, 2]), 2)),
        ("item cost", lambda m: front_door.by_pages(np.ones(3), PAGED(1, m, 1), 2)),
        ("page cost", lambda m: front_door.by_pages(np.ones(3), PAGED(1, 1, m), 2)),
        ("labels", lambda m: front_door.by_pages(np.ones(3), PAGED(1, CostClasses(m.astype(int) % 2, [1, 2]), 1), 2)),
        ("worth", lambda m: front_door.safe(np.ones(3), 1, 2, layers=[1, 1, 1], worth=m)),
    ],
)
def test_masked_entries_are_refused_by_every_function_and_in_every_place(name, call):
    with pytest.raises(InputError, match=f"^(client 0: )?{name} is a masked array with 1 masked entries, .*filled"):
        call(HOLED)
    call(np.ma.array([1.0, 2.0, 100.0]))
