"""Checkpoints as training scripts write them: which mapping of tensors is the update, and what is refused by name."""

import argparse
import collections
import io
import json
import shutil
import zipfile
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from cwmp.__main__ import main
from theory.errors import InputError
from theory.files.updates import read_update

torch = pytest.importorskip("torch")
pytestmark = [
    pytest.mark.filterwarnings(f"ignore::{kind}") for kind in ("UserWarning", "FutureWarning", "DeprecationWarning")
]


def trained():
    """The state of a model and of its optimiser after a step."""
    torch.manual_seed(0)
    model = torch.nn.Sequential(
        torch.nn.Conv2d(3, 4, 3), torch.nn.BatchNorm2d(4), torch.nn.Flatten(), torch.nn.Linear(16, 4)
    )
    optimiser = torch.optim.AdamW(model.parameters())
    model(torch.randn(2, 3, 4, 4)).sum().backward()
    optimiser.step()
    return model.state_dict(), optimiser.state_dict()


STATE, OPTIMISER = trained()
FLOATS = {name: v for name, v in STATE.items() if v.is_floating_point()}
NAMELESS = np.concatenate([v.numpy().ravel() for v in FLOATS.values()])  # without names, statistics are not known
FLAT = np.concatenate([v.numpy().ravel() for name, v in FLOATS.items() if "running" not in name])
OTHER = {name: 2 * value for name, value in STATE.items()}
LAYERS = {"conv": {"weight": STATE["0.weight"], "bias": STATE["0.bias"]}, "fc": {"weight": STATE["3.weight"]}}


def saved(path, content, **more):
    torch.save(content, path, **more)
    return path


@pytest.mark.parametrize(
    "content",
    [
        STATE,
        collections.OrderedDict(STATE),
        {"state_dict": STATE, "epoch": 3, "optimizer_states": [OPTIMISER], "pytorch-lightning_version": "2.4"},
        {"epoch": 3, "model_state_dict": STATE, "optimizer_state_dict": OPTIMISER, "loss": 0.3},
        {"model": STATE, "optimizer": OPTIMISER, "epoch": 3, "loss": torch.tensor(0.3), "lr_scheduler": {"last": 1}},
        {"module": STATE, "global_steps": 3},
        {"net": STATE, "acc": 91.2},
        {"model": STATE},
        {**STATE, "epoch": 7},
        {**STATE, "3.extra": None, "optimizer": OPTIMISER},
        {"checkpoint": {"model": STATE}, "rng_state": torch.zeros(8, dtype=torch.uint8)},
        {"model": STATE, "cuda_rng_state_all": [torch.zeros(8, dtype=torch.uint8)]},
        {"model": STATE, "ema": None, "optimizer": {"state": {"0.weight": {"exp_avg": STATE["0.weight"]}}}},
        list(STATE.values()),
        tuple(STATE.values()),
        {"state_dict": list(STATE.values())},
    ],
)
def test_the_only_mapping_of_tensors_is_read(tmp_path, content):
    inner = (
        content["state_dict"]
        if isinstance(content, dict) and len(content) == 1 and "state_dict" in content
        else content
    )
    expected = NAMELESS if isinstance(inner, list | tuple) else FLAT
    for name in ("u.pt", "u.pth", "u.bin", "u.ckpt", "u.pth.tar", "U.PT"):
        assert np.array_equal(read_update(saved(tmp_path / name, content)).update, expected)
    old = saved(tmp_path / "old.pt", content, _use_new_zipfile_serialization=False)
    assert np.array_equal(read_update(old).update, expected)
    if expected is FLAT:
        assert {"1.running_mean", "1.running_var", "1.num_batches_tracked"} <= {
            name.removeprefix("model.") for name in read_update(old).skipped
        }


def test_what_stands_beside_the_tensors_is_said(tmp_path):
    file = read_update(saved(tmp_path / "u.pt", {**STATE, "epoch": 7}))
    assert file.skipped == ("1.running_mean", "1.running_var", "1.num_batches_tracked", "epoch")


def test_gradients_nested_by_layer_are_one_update(tmp_path):
    file = read_update(saved(tmp_path / "u.pt", LAYERS))
    assert [layer.name for layer in file.layers] == ["conv.weight", "conv.bias", "fc.weight"]
    assert [layer.kind for layer in file.layers] == ["conv", "conv", "fc"]
    file = read_update(saved(tmp_path / "u.pt", {"params": LAYERS, "step": 3}))
    assert [layer.name for layer in file.layers] == ["conv.weight", "conv.bias", "fc.weight"]
    file = read_update(saved(tmp_path / "u.pt", {"scale": torch.ones(2), **LAYERS}))
    assert [layer.name for layer in file.layers] == ["scale", "conv.weight", "conv.bias", "fc.weight"]
    grads = [value if i % 2 else None for i, value in enumerate(STATE.values())]
    kept = [v.numpy().ravel() for v in grads if v is not None and v.is_floating_point()]
    assert (read_update(saved(tmp_path / "u.pt", grads)).update == np.concatenate(kept)).all()


@pytest.mark.parametrize(
    ("content", "keys"),
    [
        ({"model": STATE, "model_ema": OTHER}, ["model (9)", "model_ema (9)"]),
        ({"a": {"generator": STATE, "discriminator": OTHER}}, ["a.generator (9)", "a.discriminator (9)"]),
        ({"model": {"weight": STATE["3.weight"]}, "ema": {"weight": STATE["3.weight"] + 1}}, ["model (1)", "ema (1)"]),
    ],
)
def test_of_several_the_user_chooses(tmp_path, content, keys):
    path = saved(tmp_path / "u.pt", content)
    with pytest.raises(InputError, match="several dictionaries of tensors") as caught:
        read_update(path)
    assert ", ".join(keys) in str(caught.value)
    first, second = (key.split()[0] for key in keys)
    assert f"--key {first}" in str(caught.value)
    one, two = read_update(path, first).update, read_update(path, second).update
    assert one.shape == two.shape
    assert (one != two).any()
    with pytest.raises(InputError, match="nothing is called gone; there are tensors at"):
        read_update(path, "gone")


def test_a_key_reaches_what_is_not_looked_for(tmp_path):
    path = saved(tmp_path / "u.pt", {"model": STATE, "optimizer": OPTIMISER})
    first = OPTIMISER["state"][0]
    assert read_update(path, "optimizer.state.0.exp_avg").update.tolist() == first["exp_avg"].ravel().tolist()
    assert read_update(path, "model.3.weight").update.tolist() == STATE["3.weight"].ravel().tolist()
    with pytest.raises(InputError, match=r"holds no tensor and no dictionary .* it holds state, param_groups"):
        read_update(path, "optimizer")


@pytest.mark.parametrize("command", ["certify", "check", "saving", "study"])
def test_every_command_on_an_update_takes_a_key(tmp_path, monkeypatch, command):
    monkeypatch.chdir(tmp_path)
    saved(Path("u.pt"), {"model": STATE, "ema": OTHER})
    line = {
        "certify": "certify u.pt --cost 1 --budget 10%", "saving": "saving --update u.pt --cost 1",
        "check": "check theory:cwmp --score l2 --quiet --examples 1 --check check_feasible --update u.pt",
        "study": "study geometry --quiet --output s --update u.pt",
    }[command]  # fmt: skip
    refused = CliRunner().invoke(main, line.split())
    assert (refused.exit_code, "--key model" in refused.stderr) == (2, True)
    done = CliRunner().invoke(main, [*line.split(), "--key", "ema"])
    assert done.exit_code == 0, done.output
    if command == "certify":
        check = next(text for text in done.stdout.splitlines() if text.startswith("Check it:"))
        assert check.endswith(" --key ema")
        assert CliRunner().invoke(main, check.split()[3:]).exit_code == 0


class Tied(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.wte, self.mid = torch.nn.Embedding(50, 8), torch.nn.Linear(8, 8)
        self.lm_head = torch.nn.Linear(8, 50, bias=False)
        self.lm_head.weight = self.wte.weight


def test_tied_weights_count_once(tmp_path):
    model = Tied()
    file = read_update(saved(tmp_path / "u.pt", model.state_dict()))
    assert file.update.size == sum(p.numel() for p in model.parameters()) == 472
    assert file.tied == (("lm_head.weight", "wte.weight"),)
    assert [layer.name for layer in file.layers] == ["wte.weight", "mid.weight", "mid.bias"]


A = torch.arange(100.0).reshape(10, 10)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ({"full.weight": A, "view.weight": A[:5]}, "view.weight shares a part of its storage with full.weight"),
        ({"full.weight": A, "t.weight": A.t()}, "t.weight shares a part of its storage with full.weight"),
        ({"a": A[:6], "b": A[5:]}, "b shares a part of its storage with a"),
        ({"a": A[:, :6], "b": A[:, 5:]}, "b shares a part of its storage with a"),
        ({"a": torch.zeros(1).expand(3, 5)}, "a repeats its storage"),
        ({"a": torch.zeros(1).expand(10**12)}, "a repeats its storage"),
        ({"a": torch.arange(8.0).unfold(0, 4, 1)}, "a repeats its storage"),
        ({"a": torch.arange(99.0).unfold(0, 4, 2)}, "a repeats its storage"),
    ],
)
def test_overlapping_views_are_refused_by_name(tmp_path, content, says):
    with pytest.raises(InputError, match=says):
        read_update(saved(tmp_path / "u.pt", content))


def test_views_that_share_a_buffer_and_no_element_are_read(tmp_path):
    flat = torch.arange(60.0)
    content = {
        "a": flat[:20].view(4, 5),
        "b": flat[20:40],
        "c": flat[40:].view(4, 5)[:, :2],
        "d": flat[40:].view(4, 5)[:, 2:],
    }
    file = read_update(saved(tmp_path / "u.pt", content))
    assert file.update.tolist() == [x for value in content.values() for x in value.ravel().tolist()]
    back = read_update(saved(tmp_path / "u.pt", {"a": A.t(), "b": A.flip(0)}))
    assert back.update.tolist() == [*A.t().ravel().tolist(), *A.flip(0).ravel().tolist()]


G = torch.randn(8, 16, generator=torch.Generator().manual_seed(1))
KINDS = {
    "float8_e4m3fn": lambda: G.to(torch.float8_e4m3fn), "float8_e5m2": lambda: G.to(torch.float8_e5m2),
    "complex64": lambda: G.to(torch.complex64), "complex32": lambda: G.to(torch.complex32),
    "bits8": lambda: torch.zeros(4, dtype=torch.uint8).view(torch.bits8),
    "meta": lambda: torch.empty(4, 4, device="meta"), "sparse": lambda: G.to_sparse(),
    "csr": lambda: G.to_sparse_csr(), "nested": lambda: torch.nested.nested_tensor([torch.ones(3), torch.ones(4)]),
    "qint8": lambda: torch.quantize_per_tensor(G, 0.1, 0, torch.qint8),
}  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
def test_tensors_that_cannot_be_read_are_named_with_their_type(tmp_path, kind):
    path = saved(tmp_path / "u.pt", {"fc.weight": KINDS[kind](), "b": G})
    with pytest.raises(InputError, match=r"u\.pt: fc\.weight.*(float8|complex|bits8|float32|qint8)") as caught:
        read_update(path)
    assert "\n" not in str(caught.value)


def test_tensors_that_can_be_read_have_their_values(tmp_path):
    negated = torch.complex(torch.zeros(4, 4), torch.arange(16.0).view(4, 4)).conj().imag
    for value in (
        negated,
        torch.nn.Parameter(G.clone()),
        G.clone().t(),
        G.clone()[::2],
        torch.tensor(3.0),
        G.double(),
        torch.zeros(0, 5),
    ):
        for content in ({"a.weight": value, "b": G}, {"b": G, "a.weight": value}):
            update = read_update(saved(tmp_path / "u.pt", content)).update
            wanted = [x for v in content.values() for x in v.detach().resolve_neg().ravel().tolist()]
            assert update.tolist() == wanted
    for kind in (torch.bool, torch.uint8, torch.int64, torch.uint16):
        file = read_update(saved(tmp_path / "u.pt", {"count": torch.zeros(4, dtype=kind), "b": G}))
        assert (file.skipped, file.update.size) == (("count",), 128)
        with pytest.raises(InputError, match=f"it holds {str(kind)[6:]}, and an update is float16"):
            read_update(saved(tmp_path / "u.pt", {"count": torch.zeros(4, dtype=kind)}))


def test_what_weights_only_reading_refuses_is_said_truly(tmp_path):
    def refused(path, says):
        with pytest.raises(InputError, match=says) as caught:
            read_update(path)
        assert "\n" not in str(caught.value)

    refused(
        saved(tmp_path / "a.pt", {"model": STATE, "args": argparse.Namespace(x=1)}), "it holds a argparse.Namespace"
    )
    refused(saved(tmp_path / "b.pt", torch.nn.Linear(2, 2)), r"it holds a torch\.nn\.modules\.linear\.Linear")
    torch.jit.script(torch.nn.Linear(2, 2)).save(str(tmp_path / "c.pt"))
    refused(tmp_path / "c.pt", r"a TorchScript archive; save its state_dict\(\) instead")
    (tmp_path / "d.bin").write_bytes(np.ones(9).tobytes())
    refused(tmp_path / "d.bin", "damaged, or not written by torch.save")
    whole = saved(tmp_path / "e.pt", STATE).read_bytes()
    for end in (40, 300, len(whole) - 20):
        (tmp_path / "f.pt").write_bytes(whole[:end])
        refused(tmp_path / "f.pt", r"f\.pt: not a file of plain tensors")


def test_a_compressed_archive_is_refused_before_it_grows(tmp_path):
    whole = io.BytesIO()
    torch.save({"a": torch.zeros(1_000_000)}, whole)
    with zipfile.ZipFile(whole) as old, zipfile.ZipFile(tmp_path / "u.pt", "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            new.writestr(name, old.read(name))
    with pytest.raises(InputError, match="its records are compressed"):
        read_update(tmp_path / "u.pt")


def test_shards_are_read_by_their_index_and_as_a_folder(tmp_path):
    save_file = pytest.importorskip("safetensors.torch").save_file
    floats = {name: value.clone() for name, value in STATE.items() if value.is_floating_point()}
    names = list(floats)
    parts = {"model-00001-of-00002.safetensors": names[:3], "model-00002-of-00002.safetensors": names[3:]}
    for shard, held in parts.items():
        save_file({name: floats[name] for name in held}, tmp_path / shard)
    where = {name: shard for shard, held in parts.items() for name in held}
    index = tmp_path / "model.safetensors.index.json"
    wanted = {name: value.numpy().ravel() for name, value in floats.items() if "running" not in name}

    def same(file):
        layers = np.cumsum([layer.size for layer in file.layers])[:-1]
        parts = dict(zip((layer.name for layer in file.layers), np.split(file.update, layers), strict=True))
        assert parts.keys() == wanted.keys()
        assert all((parts[name] == wanted[name]).all() for name in wanted)

    same(read_update(tmp_path))  # shards alone
    index.write_text(json.dumps({"metadata": {"total_size": 1}, "weight_map": where}))
    (tmp_path / "optimizer.pt").write_bytes(b"of no concern beside an index")
    same(read_update(index))
    same(read_update(tmp_path))
    for change, says in (({names[0]: "../model.safetensors"}, "not a file beside the index"),
                         ({names[0]: "gone.safetensors"}, r"gone\.safetensors: no such file"),
                         ({"nobody": next(iter(parts))}, "has no tensor nobody")):  # fmt: skip
        index.write_text(json.dumps({"weight_map": {**where, **change}}))
        with pytest.raises(InputError, match=says):
            read_update(index)
    for text in ("[]", "{}", '{"weight_map": 3}', "[" * 100_000):
        index.write_text(text)
        with pytest.raises(InputError, match="not an index of shards"):
            read_update(index)


def test_a_folder_that_says_nothing_clear_is_refused(tmp_path):
    with pytest.raises(InputError, match="there is none"):
        read_update(tmp_path)
    saved(tmp_path / "pytorch_model-00001-of-00003.bin", {"a": G})
    with pytest.raises(InputError, match="shard 2 of 3 is missing"):
        read_update(tmp_path)  # one shard alone is a part of an update, and not read as one
    saved(tmp_path / "pytorch_model-00003-of-00003.bin", {"c": G})
    with pytest.raises(InputError, match="shard 2 of 3 is missing"):
        read_update(tmp_path)
    saved(tmp_path / "pytorch_model-00002-of-00003.bin", {"a": G})
    with pytest.raises(InputError, match="two shards have a tensor a"):
        read_update(tmp_path)
    saved(tmp_path / "pytorch_model-00002-of-00003.bin", {"b": G})
    assert [layer.name for layer in read_update(tmp_path).layers] == ["a", "b", "c"]
    shutil.copy(tmp_path / "pytorch_model-00002-of-00003.bin", tmp_path / "training_args.bin")
    with pytest.raises(InputError, match=r"there are .*training_args\.bin; name one of them"):
        read_update(tmp_path)
