"""NumPy and safetensors files as old writers, other writers and nobody's friends write them."""

import io
import json
import struct
import tracemalloc
import zipfile

import numpy as np
import pytest

from theory.errors import InputError
from theory.files.updates import read_update
from theory.instance import Instance
from theory.optimum.certificate import certify, check_certificate

RNG = np.random.default_rng(0)
TYPES = {"F16": "<f2", "F32": "<f4", "F64": "<f8", "BF16": "<u2"}


def safetensors(path, tensors, *, pad=None, tail=b"", header=None):
    """A file of (dtype, array) by name, its header padded to length ``pad`` modulo 8."""
    entries, body = {}, b""
    for name, (kind, array) in tensors.items():
        entries[name] = {"dtype": kind, "shape": list(array.shape),
                         "data_offsets": [len(body), len(body) + array.nbytes]}  # fmt: skip
        body += array.tobytes()
    text = header if header is not None else json.dumps(entries).encode()
    if pad is not None:
        text += b" " * ((pad - len(text)) % 8)
    path.write_bytes(struct.pack("<Q", len(text)) + text + body + tail)
    return path


@pytest.mark.parametrize("kind", TYPES)
@pytest.mark.parametrize("pad", range(8))
@pytest.mark.parametrize("before", [0, 1, 3])
def test_unaligned_tensors_are_read_and_certified(tmp_path, kind, pad, before):
    array = RNG.integers(0, 2**15 - 2**11, (20, 30)).astype("<u2")
    if kind != "BF16":
        array = RNG.standard_normal((20, 30)).astype(TYPES[kind])
    wanted = (array.astype("<u4") << 16).view("<f4") if kind == "BF16" else array
    tensors = {"step": ("U8", np.zeros(before, np.uint8)), "fc.weight": (kind, array)}
    update = read_update(safetensors(tmp_path / "u.safetensors", tensors, pad=pad)).update
    assert (update == wanted.ravel()).all()
    assert update.flags.aligned
    wanted = wanted.ravel()[:200]
    result = certify(Instance(update[:200], 1, budget="10%"))
    assert check_certificate(result.fields, wanted.copy()).verdict == result.verdict


def entry(*offsets, kind="F32", shape=(4,)):
    return {"dtype": kind, "shape": list(shape), "data_offsets": list(offsets)}


@pytest.mark.parametrize(
    ("header", "says"),
    [
        ({"a": entry(0, 16), "b": entry(8, 24)}, "b overlaps another tensor"),
        ({"a": entry(0, 16), "b": entry(0, 16)}, "b overlaps another tensor"),
        ({"a": entry(0, 16), "b": entry(20, 36)}, "leaves a hole"),
        ({"a": entry(4, 20)}, "leaves a hole"),
        ({"a": entry(0, 16)}, "16 bytes at the end belong to no tensor"),
        ({"a": entry(0, 16), "b": entry(16, 10**30)}, "lies outside the file"),
        ({"a": entry(16, 0), "b": entry(0, 32)}, "a overlaps another tensor"),
        ({"a": entry(0, 32, shape=(10**30,))}, "32 bytes, which is not what its shape takes"),
        ({"a": entry(0, 32, shape=(-8,))}, "has no shape"),
        ({"a": entry(0, 32, shape=(True, 8))}, "has no shape"),
        ({"a": {"dtype": "F32", "shape": 8, "data_offsets": [0, 32]}}, "has no shape"),
        ({"a": entry(0, 32, kind="")}, "a has type ''; F16"),
        ({"a": entry(0, 32, kind="F8_E4M3", shape=(32,))}, "a has type F8_E4M3; F16"),
        ({"a": entry(0, 32, kind="C64")}, "a has type C64"),
        ({"a": {"dtype": ["F32"], "shape": [8], "data_offsets": [0, 32]}}, "a has type"),
        ({"a": entry(0)}, "no pair of data_offsets"),
        ({"a": entry(0.0, 32.0)}, "no pair of data_offsets"),
        ({"a": 3}, "no pair of data_offsets"),
        ({"a\n\x1b[31mred": entry(0, 8, 9)}, r"'a\\n\\x1b\[31mred' has no pair"),
        ({"a" * 5000: entry(0, 8, 9)}, r"\(5000 characters\) has no pair"),
        ([], "no object"),
        (3, "no object"),
        (b"[" * 100_000, "nested too deeply"),
        (b'{"a":' * 50_000, "nested too deeply"),
        (b'{"a": 1, "a": 2}', "a stands twice"),
        (b'{"a": ' + b"9" * 10_000 + b"}", "digits"),
        (b"\xff\xfe", "not a .safetensors file"),
    ],
)
def test_a_header_that_does_not_fit_is_one_line(tmp_path, header, says):
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    path = safetensors(tmp_path / "u.safetensors", {}, header=text, tail=bytes(32))
    with pytest.raises(InputError, match=says) as caught:
        read_update(path)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 400


def test_tensors_on_the_same_bytes_take_no_memory(tmp_path):
    many = {f"t{i}": entry(0, 4_000_000, shape=(1_000_000,)) for i in range(2000)}
    path = safetensors(tmp_path / "u.safetensors", {}, header=json.dumps(many).encode(), tail=bytes(4_000_000))
    tracemalloc.start()
    with pytest.raises(InputError, match="overlaps another tensor"):
        read_update(path)
    assert tracemalloc.get_traced_memory()[1] < 50_000_000
    tracemalloc.stop()


def npy(header, data=b"", version=1):
    text = header.encode() if isinstance(header, str) else header
    length = struct.pack("<H", len(text)) if version == 1 else struct.pack("<I", len(text))
    return b"\x93NUMPY" + bytes([version, 0]) + length + text + data


SHAPE = "{'descr': '<f4', 'fortran_order': False, 'shape': (%s,), }\n"
HEADERS = [
    (SHAPE % 10**30, "1e.30 numbers of 4 bytes, and 64 bytes follow"),
    (SHAPE % "10**9", "no literal"),
    (SHAPE % -3, "no tuple of lengths"),
    (SHAPE % "True", "no tuple of lengths"),
    (SHAPE % 17, "17 numbers of 4 bytes, and 64 bytes follow"),
    ("(" * 9000 + ")" * 900, "nested too deeply"),
    ("[" * 4500 + "]" * 4500, "no literal|nested too deeply|not the fields"),
    ("{'descr': '', 'fortran_order': False, 'shape': (4,)}", "float64|type '' is unknown|numbers of 8 bytes"),
    ("{'descr': 'nonsense', 'fortran_order': False, 'shape': (4,)}", "type nonsense is unknown"),
    ("{'descr': '|O', 'fortran_order': False, 'shape': (4,)}", "can run code"),
    ("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (4,)}", "records, not numbers"),
    ("{'descr': '<c8', 'fortran_order': False, 'shape': (4,)}", "complex64"),
    ("{'descr': '<M8[s]', 'fortran_order': False, 'shape': (4,)}", "datetime64"),
    ("{'descr': '<f4', 'fortran_order': 1, 'shape': (4,)}", "no tuple of lengths"),
    ("{'descr': '<f4', 'shape': (4,)}", "fields descr, fortran_order and shape"),
    ("__import__('os').system('true')", "no literal"),
    (b"\xff" * 20, "no literal"),
]


@pytest.mark.parametrize(("header", "says"), HEADERS)
def test_headers_of_arrays_promise_no_more_than_there_is(tmp_path, header, says):
    content = npy(header, bytes(64) if "''" not in str(header) else bytes(16))
    (tmp_path / "u.npy").write_bytes(content)
    with zipfile.ZipFile(tmp_path / "u.npz", "w") as archive:
        archive.writestr("a.npy", content)
    for name in ("u.npy", "u.npz"):
        with pytest.raises(InputError, match=says) as caught:
            read_update(tmp_path / name)
        assert "\n" not in str(caught.value)


def test_every_version_and_order_of_an_array_is_read(tmp_path):
    array = RNG.standard_normal((3, 4)).astype(np.float32)
    for version in ((1, 0), (2, 0), (3, 0)):
        with open(tmp_path / "u.npy", "wb") as file:
            np.lib.format.write_array(file, array, version=version)
        assert (read_update(tmp_path / "u.npy").update == array.ravel()).all()
    np.save(tmp_path / "u.npy", np.asfortranarray(array))
    assert (read_update(tmp_path / "u.npy").update == array.ravel()).all()
    (tmp_path / "u.npy").write_bytes(
        npy("{'descr': '<f4', 'fortran_order': False, 'shape': (12L,), }", array.tobytes())
    )
    assert (read_update(tmp_path / "u.npy").update == array.ravel()).all()


def member(array):
    file = io.BytesIO()
    np.save(file, array)
    return file.getvalue()


def test_an_archive_that_was_not_written_by_numpy_is_one_line(tmp_path):
    path = tmp_path / "u.npz"

    def refused(says):
        with pytest.raises(InputError, match=says) as caught:
            read_update(path)
        assert "\n" not in str(caught.value)

    for method in (zipfile.ZIP_LZMA, zipfile.ZIP_BZIP2):
        with zipfile.ZipFile(path, "w", method) as archive:
            archive.writestr("a.npy", member(np.ones(1000)))
        refused("a.npy is neither stored nor deflated")
    np.savez(path, a=np.ones(1000))
    whole = bytearray(path.read_bytes())
    whole[6] |= 1
    whole[whole.index(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(whole)
    refused("a.npy is encrypted")
    np.savez_compressed(path, a=RNG.standard_normal(1000))
    whole = bytearray(path.read_bytes())
    whole[200:400] = bytes(200)
    path.write_bytes(whole)
    refused("u.npz: not a .npz archive")
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a.npy", member(np.ones(3)))
        with pytest.warns(UserWarning, match="Duplicate"):
            archive.writestr("a.npy", member(np.ones(3)))
    refused("a.npy is there twice")
    np.savez(path, a=np.ones(10))
    whole = path.read_bytes()
    place = whole.index(b"PK\x01\x02") + 24  # the size that the directory claims
    path.write_bytes(whole[:place] + struct.pack("<I", 2**31) + whole[place + 4 :])
    refused("claims 2147483648 bytes of")


def test_an_archive_of_zeros_is_no_bomb(tmp_path):
    np.savez_compressed(tmp_path / "u.npz", a=np.zeros(1_000_000, np.float32))
    assert read_update(tmp_path / "u.npz").update.size == 1_000_000


def test_a_key_names_an_array_or_the_beginning_of_names(tmp_path):
    arrays = {"model.a": np.ones(2), "model.b": np.zeros(3), "ema.a": np.full(4, 2.0)}
    np.savez(tmp_path / "u.npz", **arrays)
    assert read_update(tmp_path / "u.npz", "model").update.tolist() == [1, 1, 0, 0, 0]
    assert read_update(tmp_path / "u.npz", "ema.a").update.tolist() == [2] * 4
    assert read_update(tmp_path / "u.npz").update.size == 9
    with pytest.raises(InputError, match=r"nothing is called net; there are model\.a, model\.b, ema\.a"):
        read_update(tmp_path / "u.npz", "net")


@pytest.mark.parametrize("kind", ["<f2", "<f4", ">f8"])
@pytest.mark.parametrize("order", ["C", "F"])
def test_a_large_array_is_mapped_and_read_alike(tmp_path, monkeypatch, kind, order):
    path, array = tmp_path / "update.npy", RNG.standard_normal((40, 30)).astype(kind, order=order)
    np.save(path, array)
    before, stored = read_update(path).update, path.read_bytes()
    monkeypatch.setattr("theory.files.npy.MAPPED", 1)
    update = read_update(path).update
    assert (update == before).all()
    assert update.dtype == before.dtype
    if order == "C":
        assert isinstance(update.base.base, np.memmap) or isinstance(update.base, np.memmap)
    update[0] = 7
    assert path.read_bytes() == stored
    instance = Instance(np.abs(update), 1, "10%")
    assert check_certificate(certify(instance).fields, instance.update).verdict == "exact"


def test_what_a_mapped_file_does_not_hold_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr("theory.files.npy.MAPPED", 1)
    path = tmp_path / "update.npy"
    np.save(path, np.ones(100))
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(InputError, match="100 numbers of 8 bytes, and 799 bytes follow"):
        read_update(path)
    np.save(path, np.ones(0))
    assert read_update(path).update.size == 0
