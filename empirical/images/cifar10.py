"""CIFAR-10 as arrays: where it comes from, and the copy decoded once that every later run maps into memory.

    archive    cifar-10-python.tar.gz or the folder cifar-10-batches-py (Krizhevsky 2009); checked by MD5 sums
    folders    train/<class>/*.png|jpg and test/<class>/*.png|jpg, as the usual exports lay them out; checked by counts
    synthetic  ten textures made on the spot: for smoke tests, and no result about CIFAR-10

Decoded arrays are cached outside the repository and outside the data folder (:func:`cache_folder`) and carry the
SHA-256 digest that results are filed under.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from empirical.images.archive import ARCHIVE, BATCHES, archive_files, download, read_archive
from empirical.images.folders import image_files, is_class_folders, read_folders
from empirical.streams import stream
from theory.errors import InputError
from theory.files.outputs import ARRAY, DATA, write_atomically, writing

CLASSES = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")
SYNTHETIC = "synthetic"
TEXTURES = "synthetic textures"  # what results call them

Arrays = dict[str, NDArray]
_PARTS = ("train_images", "train_labels", "test_images", "test_labels")
_ABOUT = "about.json"


@dataclass(frozen=True, eq=False)
class Dataset:
    """Images and labels.

    Attributes:
        name: as results state it, the copy included: ``CIFAR-10 (JPEG copy)``.
        digest: SHA-256 over the four arrays, 16 hexadecimal digits.
        train_images, test_images: uint8 of shape (n, 32, 32, 3).
        train_labels, test_labels: int64 of shape (n,), in ``range(10)``.
    """

    name: str
    digest: str
    train_images: NDArray[np.uint8]
    train_labels: NDArray[np.int64]
    test_images: NDArray[np.uint8]
    test_labels: NDArray[np.int64]


def cache_folder() -> Path:
    """``$CWMP_CACHE``, else ``$XDG_CACHE_HOME/cwmp``, else ``~/.cache/cwmp``."""
    if given := os.environ.get("CWMP_CACHE"):
        return Path(given)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "cwmp"


@cache
def load(source: str) -> Dataset:
    """The data that ``source`` stands for, as :func:`prepare` takes it or as it gave it.

    Raises:
        InputError: as :func:`prepare`.
    """
    if source == SYNTHETIC:
        return _dataset(TEXTURES, synthetic())
    place = Path(source) if (Path(source) / _ABOUT).is_file() else Path(prepare(source))
    about = json.loads((place / _ABOUT).read_text())
    return Dataset(about["name"], about["digest"], *(np.load(place / f"{p}.npy", mmap_mode="r") for p in _PARTS))


def prepare(source: str, *, may_download: bool = False) -> str:
    """Decode and check ``source`` unless that was done before; the place where :func:`load` then finds it at once.

    Args:
        source: ``synthetic``, or a folder with CIFAR-10.
        may_download: fetch the archive into the folder with torchvision when there is nothing in it.

    Raises:
        InputError: nothing readable there, damaged or missing images, a package missing, no place for the cache.
    """
    if source == SYNTHETIC:
        return source
    folder = Path(source)
    if may_download and not is_class_folders(folder):
        download(folder)
    name, files, read = _found(folder)
    key = hashlib.sha256(name.encode())
    for path in files:
        state = path.stat()
        key.update(f"{path.relative_to(folder).as_posix()} {state.st_size} {state.st_mtime_ns}\n".encode())
    place = cache_folder() / key.hexdigest()[:16]
    if not _whole(place):
        _into_cache(place, _dataset(name, read()))
    return str(place)


def _found(folder: Path) -> tuple[str, list[Path], Callable[[], Arrays]]:
    """Name, files and reader of what is in ``folder``."""
    if is_class_folders(folder):
        kind, files = image_files(folder)
        return f"CIFAR-10 ({kind} copy)", files, lambda: read_folders(folder, CLASSES)
    if files := archive_files(folder):
        return "CIFAR-10", files, lambda: read_archive(folder)
    raise InputError(
        f"{folder}: no CIFAR-10 there; accepted are class folders (train/<class>/, test/<class>/), "
        f"{ARCHIVE} or {BATCHES}/ (or add --download)"
    )


def synthetic(train: int = 2000, test: int = 500, seed: int = 0) -> Arrays:
    """Ten classes of shifted, noisy, low-frequency textures: hard enough to learn from, small enough for a smoke test.

    Args:
        train, test: number of images. seed: of the textures and the noise.
    """
    rng = stream(seed, "synthetic")
    coarse = rng.standard_normal((len(CLASSES), 6, 6, 3))
    textures = np.repeat(np.repeat(coarse, 6, axis=1), 6, axis=2)
    arrays: Arrays = {}
    for part, count in (("train", train), ("test", test)):
        labels = rng.permutation(np.arange(count) % len(CLASSES))
        shifts = rng.integers(0, 5, (count, 2))
        images = np.stack(
            [textures[label, y : y + 32, x : x + 32] for label, (y, x) in zip(labels, shifts, strict=True)]
        )
        images = 128 + 12 * images + 75 * rng.standard_normal(images.shape)
        arrays[f"{part}_images"] = np.clip(images, 0, 255).astype(np.uint8)
        arrays[f"{part}_labels"] = labels.astype(np.int64)
    return arrays


def _dataset(name: str, arrays: Arrays) -> Dataset:
    digest = hashlib.sha256()
    for part in _PARTS:
        digest.update(f"{part} {arrays[part].shape}".encode())
        digest.update(np.ascontiguousarray(arrays[part]).data)
    return Dataset(name, digest.hexdigest()[:16], *(arrays[part] for part in _PARTS))


def _into_cache(place: Path, data: Dataset) -> None:
    try:
        place.mkdir(parents=True, exist_ok=True)
        for part in _PARTS:
            with writing(place / f"{part}.npy", ARRAY) as file:
                np.save(file, getattr(data, part))
        write_atomically(place / _ABOUT, json.dumps({"name": data.name, "digest": data.digest}) + "\n", DATA)
    except OSError as error:
        raise InputError(
            f"{place}: decoded images cannot be stored there ({error.strerror}); set CWMP_CACHE to a folder that can"
        ) from None


def _whole(place: Path) -> bool:
    """Whether the cache is there and has the digest it says: a damaged one is decoded again."""
    try:
        about = json.loads((place / _ABOUT).read_text())
        arrays = {part: np.load(place / f"{part}.npy", mmap_mode="r") for part in _PARTS}
        return bool(_dataset(about["name"], arrays).digest == about["digest"])
    except (OSError, ValueError, KeyError):
        return False
