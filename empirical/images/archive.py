"""The official archive of CIFAR-10: read after its MD5 sums were checked, fetched by torchvision when asked.

The archive is a set of Python pickles, which can run code when they are read. So each file is compared with its
published sum first, and a file that differs is never opened. torchvision is needed for the download alone; without it,
put the archive from https://www.cs.toronto.edu/~kriz/cifar.html into the folder.
"""

from __future__ import annotations

import hashlib
import pickle
import tarfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from theory.errors import InputError

ARCHIVE, BATCHES = "cifar-10-python.tar.gz", "cifar-10-batches-py"

# As torchvision.datasets.CIFAR10 lists them.
MD5 = {
    "data_batch_1": "c99cafc152244af753f735de768cd75f",
    "data_batch_2": "d4bba439e000b95fd0a9bffe97cbabec",
    "data_batch_3": "54ebc095f3ab1f0389bbae665268c751",
    "data_batch_4": "634d18415352ddfa80567beed471001a",
    "data_batch_5": "482c414d41f54cd18b22e5b47cb7c3cb",
    "test_batch": "40351d587109b95175f43aff81a1287e",
}


def read_archive(folder: Path, sums: Mapping[str, str] = MD5) -> dict[str, NDArray]:
    """The arrays of the batches in ``folder`` or ``folder/cifar-10-batches-py``, else of the archive in ``folder``.

    Args:
        sums: MD5 sum of each batch file that must be there.

    Raises:
        InputError: a batch is missing, or is not the published one.
    """
    batches = {name: _checked(name, content, sums[name]) for name, content in _contents(folder, sums).items()}
    arrays: dict[str, NDArray] = {}
    for part in ("train", "test"):
        chosen = [batch for name, batch in batches.items() if (name == "test_batch") == (part == "test")]
        flat = np.concatenate([images for images, _ in chosen])
        arrays[f"{part}_images"] = np.ascontiguousarray(flat.reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1))
        arrays[f"{part}_labels"] = np.concatenate([labels for _, labels in chosen])
    return arrays


def archive_files(folder: Path) -> list[Path]:
    """Files of the unpacked archive (``folder`` or ``folder/cifar-10-batches-py``), else the archive, else nothing."""
    if (place := _unpacked(folder)).is_dir():
        return sorted(place.iterdir())
    return [folder / ARCHIVE] if (folder / ARCHIVE).is_file() else []


def download(folder: Path) -> None:
    """Fetch the archive into ``folder`` with torchvision, unless it is there already.

    Raises:
        InputError: torchvision is missing, cannot be imported beside this PyTorch, or cannot fetch.
    """
    if archive_files(folder):
        return
    by_hand = f"put {ARCHIVE} into {folder} by hand instead"
    try:
        from torchvision.datasets import CIFAR10
    except ModuleNotFoundError as error:
        raise InputError(f"--download needs {error.name}: pip install -e '.[empirical]', or {by_hand}") from None
    except Exception as error:  # a build for another PyTorch fails in its own ways
        raise InputError(f"this torchvision does not fit this PyTorch ({_line(error)}); {by_hand}") from None
    try:
        CIFAR10(folder, download=True)
    except Exception as error:
        raise InputError(f"the archive could not be fetched ({_line(error)}); {by_hand}") from None


def _contents(folder: Path, names: Mapping[str, str]) -> dict[str, bytes]:
    try:
        if (place := _unpacked(folder)).is_dir():
            return {name: (place / name).read_bytes() for name in names}
        with tarfile.open(folder / ARCHIVE) as archive:
            files = {name: archive.extractfile(f"{BATCHES}/{name}") for name in names}
            return {name: file.read() for name, file in files.items() if file is not None}
    except (OSError, KeyError, EOFError, tarfile.TarError) as error:
        raise InputError(f"{folder}: CIFAR-10 is not whole there ({_line(error)}); fetch it again") from None


def _unpacked(folder: Path) -> Path:
    return folder if folder.name == BATCHES else folder / BATCHES


def _checked(name: str, content: bytes, md5: str) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    if hashlib.md5(content, usedforsecurity=False).hexdigest() != md5:
        raise InputError(f"{BATCHES}/{name} is damaged: its MD5 sum is not the published one; fetch it again")
    batch = pickle.loads(content, encoding="latin1")
    return np.asarray(batch["data"], np.uint8), np.asarray(batch["labels"], np.int64)


def _line(error: Exception) -> str:
    return " ".join(f"{type(error).__name__}: {error}".split())[:160]
