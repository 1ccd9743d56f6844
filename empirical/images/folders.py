"""CIFAR-10 as folders of images: ``train/<class>/*`` and ``test/<class>/*``, decoded with Pillow.

Files of a class are read in the order of their names, classes in CIFAR-10's order, so the arrays do not depend on the
file system. A lossy copy (JPEG) holds the same images and labels, and accuracies on it are a little lower.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from theory.errors import InputError

PER_CLASS = {"train": 5000, "test": 1000}
_SUFFIXES = (".png", ".jpg", ".jpeg")


def is_class_folders(folder: Path) -> bool:
    """Whether ``folder`` is laid out this way."""
    return all((folder / part).is_dir() for part in PER_CLASS)


def image_files(folder: Path) -> tuple[str, list[Path]]:
    """What the images are (``PNG``, ``JPEG``, or ``image`` when mixed), and their files in order."""
    files = sorted(path for path in folder.glob("*/*/*") if not _hidden(path))
    suffixes = {path.suffix.lower().replace(".jpg", ".jpeg") for path in files}
    return suffixes.pop().lstrip(".").upper() if len(suffixes) == 1 else "image", files


def read_folders(folder: Path, classes: Sequence[str], per_class: dict[str, int] | None = None) -> dict[str, NDArray]:
    """Images and labels of both parts; labels are positions in ``classes``.

    Args:
        per_class: how many images each class must have in ``train`` and in ``test``.

    Raises:
        InputError: a class is missing or has another number of images, a file is no 32x32 image, Pillow is missing.
    """
    arrays: dict[str, NDArray] = {}
    for part, count in (per_class or PER_CLASS).items():
        files = [_files(folder / part / name, count) for name in classes]
        arrays[f"{part}_images"] = np.stack([_decoded(path) for paths in files for path in paths])
        arrays[f"{part}_labels"] = np.repeat(np.arange(len(classes), dtype=np.int64), count)
    return arrays


def _files(folder: Path, count: int) -> list[Path]:
    if not folder.is_dir():
        raise InputError(f"{folder}: the folder of this class is missing")
    files = sorted(path for path in folder.iterdir() if path.suffix.lower() in _SUFFIXES and not _hidden(path))
    if len(files) != count:
        raise InputError(
            f"{folder}: {len(files)} images ({', '.join(_SUFFIXES)}), CIFAR-10 has {count}; unpack it again"
        )
    return files


def _hidden(path: Path) -> bool:
    """Whether a file is one that systems leave beside the user's (``._0001.png``, ``.DS_Store``)."""
    return path.name.startswith(".")


def _decoded(path: Path) -> NDArray[np.uint8]:
    try:
        from PIL import Image
    except ModuleNotFoundError:
        raise InputError("reading images needs Pillow: pip install -e '.[empirical]'") from None
    try:
        with Image.open(path) as image:
            pixels = np.asarray(image.convert("RGB"))
    except (OSError, SyntaxError, ValueError) as error:
        raise InputError(f"{path} is damaged: {' '.join(str(error).split())[:120]}") from None
    if pixels.shape != (32, 32, 3):
        raise InputError(f"{path} is {pixels.shape[1]}x{pixels.shape[0]}, CIFAR-10's images are 32x32")
    return pixels
