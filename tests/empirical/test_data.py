"""Images from class folders and from the archive: decoded once, cached, checked; damage is one clear line."""

import builtins
import hashlib
import pickle
import shutil
import sys
import tarfile
import types

import numpy as np
import pytest
from PIL import Image

from empirical.images import archive, folders
from empirical.images import cifar10 as data
from empirical.images.archive import BATCHES, download, read_archive
from empirical.images.cifar10 import CLASSES, load
from empirical.images.folders import read_folders
from theory.errors import InputError

FEW = {"train": 3, "test": 2}


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("CWMP_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(folders, "PER_CLASS", FEW)
    load.cache_clear()
    yield
    load.cache_clear()


@pytest.fixture
def images(tmp_path):
    """Class folders of PNG files, and the pixels that went into them."""
    rng, pixels = np.random.default_rng(0), {}
    for part, count in FEW.items():
        for label, name in enumerate(CLASSES):
            place = tmp_path / "images" / part / name
            place.mkdir(parents=True)
            for k in range(count):
                pixels[part, label, k] = rng.integers(0, 256, (32, 32, 3), dtype=np.uint8)
                Image.fromarray(pixels[part, label, k]).save(place / f"{k:04d}.png")
    return tmp_path / "images", pixels


def test_hidden_files_are_no_images(images):
    """What macOS and others leave beside the images is not counted, not read, and does not change the name."""
    folder, _ = images
    for name in ("._0000.png", ".DS_Store", ".0001.jpg"):
        (folder / "train" / CLASSES[0] / name).write_bytes(b"not an image")
    loaded = load(str(folder))
    assert loaded.name == "CIFAR-10 (PNG copy)"
    assert loaded.train_labels.size == 30


def test_class_folders_are_read_whole_and_in_order(images):
    folder, pixels = images
    loaded = load(str(folder))
    assert loaded.name == "CIFAR-10 (PNG copy)"
    assert loaded.train_labels.tolist() == [label for label in range(10) for _ in range(3)]
    for (part, label, k), want in pixels.items():
        got = loaded.train_images if part == "train" else loaded.test_images
        assert np.array_equal(got[label * FEW[part] + k], want)


def test_decoded_once_and_again_when_a_file_or_the_cache_changes(images, monkeypatch, tmp_path):
    folder, _ = images
    digest, decoded = load(str(folder)).digest, []
    monkeypatch.setattr(data, "read_folders", lambda *a: decoded.append(1) or read_folders(*a))
    load.cache_clear()
    assert load(str(folder)).digest == digest
    assert not decoded
    (cached,) = (tmp_path / "cache").glob("*/train_images.npy")
    content = bytearray(cached.read_bytes())
    content[-1] ^= 1
    cached.write_bytes(content)
    load.cache_clear()
    assert load(str(folder)).digest == digest
    assert len(decoded) == 1
    Image.new("RGB", (32, 32)).save(folder / "test" / "ship" / "0001.png")
    load.cache_clear()
    assert load(str(folder)).digest != digest
    assert len(decoded) == 2


def test_what_is_wrong_with_class_folders_is_one_line(images, tmp_path):
    folder, _ = images

    def refused(names):
        load.cache_clear()
        with pytest.raises(InputError, match=names) as caught:
            load(str(folder))
        assert "\n" not in str(caught.value)

    victim = folder / "train" / "frog" / "0002.png"
    whole = victim.read_bytes()
    victim.write_bytes(whole[:200])
    refused("0002.png is damaged")
    Image.new("RGB", (16, 32)).save(victim)
    refused("0002.png is 16x32, CIFAR-10's images are 32x32")
    victim.unlink()
    refused("frog: 2 images .* CIFAR-10 has 3")
    shutil.rmtree(folder / "train" / "frog")
    refused("frog: the folder of this class is missing")
    with pytest.raises(InputError, match="no CIFAR-10 there; accepted are class folders"):
        load(str(tmp_path / "nothing"))


def batches(folder, monkeypatch):
    """A small archive with the layout of the official one, and its own sums in place of the published ones."""
    rng, sums, arrays = np.random.default_rng(1), {}, []
    (folder / BATCHES).mkdir(parents=True)
    for name in archive.MD5:
        images, labels = rng.integers(0, 256, (4, 3072), dtype=np.uint8), rng.integers(0, 10, 4).tolist()
        content = pickle.dumps({"data": images, "labels": labels})
        (folder / BATCHES / name).write_bytes(content)
        sums[name] = hashlib.md5(content).hexdigest()
        arrays.append((images, labels))
    monkeypatch.setattr(data, "read_archive", lambda place: read_archive(place, sums))
    return arrays, sums


def test_the_archive_packed_or_not_gives_the_same_arrays(tmp_path, monkeypatch):
    folder = tmp_path / "archive"
    arrays, sums = batches(folder, monkeypatch)
    loaded = load(str(folder))
    assert loaded.name == "CIFAR-10"
    assert load(str(folder / BATCHES)).digest == loaded.digest
    for k, (images, labels) in enumerate(arrays[:5]):
        # row-major 32x32 planes: red, green, blue (Krizhevsky's page)
        assert np.array_equal(loaded.train_images[4 * k, :, :, 1], images[0, 1024:2048].reshape(32, 32))
        assert loaded.train_labels[4 * k : 4 * k + 4].tolist() == labels
    packed = tmp_path / "packed"
    packed.mkdir()
    with tarfile.open(packed / archive.ARCHIVE, "w:gz") as file:
        file.add(folder / BATCHES, BATCHES)
    again = read_archive(packed, sums)
    assert np.array_equal(again["test_images"], loaded.test_images)


def test_a_batch_that_is_not_the_published_one_is_never_opened(tmp_path, monkeypatch):
    class Evil:
        def __reduce__(self):
            return (tmp_path / "owned").touch, ()

    folder = tmp_path / "archive"
    batches(folder, monkeypatch)
    (folder / BATCHES / "data_batch_2").write_bytes(pickle.dumps(Evil()))
    with pytest.raises(InputError, match="data_batch_2 is damaged: its MD5 sum is not the published one"):
        load(str(folder))
    assert not (tmp_path / "owned").exists()
    (folder / BATCHES / "data_batch_2").unlink()
    with pytest.raises(InputError, match="CIFAR-10 is not whole there"):
        load(str(folder))
    (tmp_path / archive.ARCHIVE).write_bytes(b"not an archive")
    with pytest.raises(InputError, match="CIFAR-10 is not whole there"):
        read_archive(tmp_path)


def test_download_without_a_working_torchvision_is_one_line(tmp_path, monkeypatch):
    real = builtins.__import__

    def importing(failure):
        def replaced(name, *arguments, **options):
            if name.startswith("torchvision"):
                raise failure
            return real(name, *arguments, **options)

        monkeypatch.setattr(builtins, "__import__", replaced)

    importing(ModuleNotFoundError("No module named 'torchvision'", name="torchvision"))
    with pytest.raises(InputError, match=r"--download needs torchvision: pip install .* by hand instead"):
        download(tmp_path)
    importing(RuntimeError("operator torchvision::nms does not exist"))
    with pytest.raises(InputError, match=r"this torchvision does not fit this PyTorch .*nms does not exist"):
        download(tmp_path)
    (tmp_path / archive.ARCHIVE).touch()
    download(tmp_path)  # there is something to read: torchvision is not asked for


def test_download_asks_torchvision_once(tmp_path, monkeypatch):
    asked = []
    fake = types.ModuleType("torchvision.datasets")
    fake.CIFAR10 = lambda folder, download: asked.append((folder, download))
    monkeypatch.setitem(sys.modules, "torchvision", types.ModuleType("torchvision"))
    monkeypatch.setitem(sys.modules, "torchvision.datasets", fake)
    download(tmp_path)
    assert asked == [(tmp_path, True)]

    def offline(folder, download):
        raise OSError("Network is unreachable")

    fake.CIFAR10 = offline
    with pytest.raises(InputError, match=r"could not be fetched .*Network is unreachable"):
        download(tmp_path)


def test_synthetic_images_are_the_same_every_time_and_balanced():
    first, second = data.synthetic(200, 100), data.synthetic(200, 100)
    assert all(np.array_equal(first[part], second[part]) for part in first)
    assert np.bincount(first["train_labels"]).tolist() == [20] * 10
    assert first["train_images"].dtype == np.uint8
    assert load("synthetic").digest == load("synthetic").digest
