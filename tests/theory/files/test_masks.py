"""Masks as files: other readers see them as they are, and nothing but an earlier mask is written over."""

import numpy as np
import pytest

from theory.errors import InputError
from theory.files.masks import write_mask

RNG = np.random.default_rng(0)
STATE = {"conv.weight": RNG.random((4, 3, 5)) < 0.3, "file": RNG.random(7) < 0.5, "empty": np.zeros((0, 2), bool)}


def test_several_tensors_as_npz_and_safetensors(tmp_path):
    tensors = pytest.importorskip("safetensors.numpy")
    write_mask(tmp_path / "m.npz", STATE)
    write_mask(tmp_path / "m.safetensors", STATE)
    for found in (np.load(tmp_path / "m.npz"), tensors.load_file(tmp_path / "m.safetensors")):
        assert set(found) == set(STATE)
        for name, mask in STATE.items():
            assert found[name].dtype == bool
            assert np.array_equal(found[name], mask)


def test_one_array_as_npy(tmp_path):
    mask = STATE["conv.weight"].transpose(2, 0, 1)
    write_mask(tmp_path / "m.npy", mask)
    assert np.array_equal(np.load(tmp_path / "m.npy"), mask)


@pytest.mark.parametrize("suffix", [".npy", ".npz", ".safetensors"])
def test_only_an_earlier_mask_is_written_over(tmp_path, suffix):
    tensors = pytest.importorskip("safetensors.numpy")
    path, mask = tmp_path / f"m{suffix}", np.array([True, False])
    write_mask(path, mask)
    write_mask(path, ~mask)
    update = {"w": np.ones(3, np.float32)}
    {".npy": lambda: np.save(path, update["w"]), ".npz": lambda: np.savez(path, **update),
     ".safetensors": lambda: tensors.save_file(update, path)}[suffix]()  # fmt: skip
    for content in (path.read_bytes(), b"somebody's", b"\x93NUMPY", b"PK\x03\x04"):
        path.write_bytes(content)
        with pytest.raises(InputError, match="is not a mask"):
            write_mask(path, mask)
        assert path.read_bytes() == content


def test_a_place_that_cannot_hold_it_is_said(tmp_path):
    with pytest.raises(InputError, match=r"several tensors needs \.npz"):
        write_mask(tmp_path / "m.npy", STATE)
    with pytest.raises(InputError, match=r"written as \.npy, \.npz, \.safetensors"):
        write_mask(tmp_path / "m.pt", STATE)
