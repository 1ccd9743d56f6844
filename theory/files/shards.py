"""One update in several files: an index that says which tensor is in which shard, or a folder of shards."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from numpy.typing import NDArray

from theory.errors import InputError
from theory.files.contents import Stored, first_line, listed, named, parsed_json

INDEX = ".index.json"
_SHARD = re.compile(r"(?P<stem>.*)-(?P<number>\d+)-of-(?P<count>\d+)")

Read = Callable[[Path], Stored]


def read_index(path: Path, read: Read) -> Stored:
    """The tensors of ``model.safetensors.index.json`` (or of another index of the same form), in its order.

    Args:
        read: one shard.

    Raises:
        InputError: no such index, a shard outside its folder, or a tensor that its shard does not hold.
    """
    try:
        places = parsed_json(path.read_text(encoding="utf-8"))["weight_map"]
        pairs = [(str(name), str(shard)) for name, shard in places.items()]
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise InputError(f"{path}: not an index of shards ({first_line(error)})") from None
    if bad := next((shard for _, shard in pairs if Path(shard).name != shard), None):
        raise InputError(f"{path}: shard {named(bad)} is not a file beside the index")
    shards = {shard: read(path.with_name(shard)) for shard in dict.fromkeys(shard for _, shard in pairs)}
    for name, shard in pairs:
        known = (*shards[shard].tensors, *dict(shards[shard].tied))
        if name not in known:
            raise InputError(f"{path}: {named(shard)} has no tensor {named(name)}")
    wanted = {name for name, _ in pairs}
    tensors = {name: shards[shard].tensors[name] for name, shard in pairs if name in shards[shard].tensors}
    tied = [pair for one in shards.values() for pair in one.tied if pair[0] in wanted]
    return Stored(tensors, tuple(tied))


def read_folder(folder: Path, suffixes: tuple[str, ...], read: Read) -> Stored:
    """The tensors of a folder: of its index, of its only file of tensors, or of its shards ``NAME-00001-of-00003``.

    Raises:
        InputError: none of these, several of them, or a shard that is missing.
    """
    indices = sorted(folder.glob(f"*{INDEX}"))
    if len(indices) == 1:
        return read_index(indices[0], read)
    files = indices or [path for path in sorted(folder.iterdir()) if path.suffix.lower() in suffixes and path.is_file()]
    shards = [_SHARD.fullmatch(path.stem) for path in files]
    if len(files) == 1 and not shards[0]:
        return read(files[0])
    sets = {(found["stem"], int(found["count"])) if found else None for found in shards}
    if not files or len(sets) != 1 or None in sets or len({path.suffix for path in files}) != 1:
        there = f"there are {listed(path.name for path in files)}; name one of them" if files else "there is none"
        raise InputError(f"{folder}: one file of tensors, or the shards of one, are read from a folder; {there}")
    numbers = {int(found["number"]) for found in shards if found}
    count = next(n for _, n in filter(None, sets))
    if missing := sorted(set(range(1, count + 1)) - numbers):
        raise InputError(f"{folder}: shard {missing[0]} of {count} is missing")
    return _together(folder, [read(path) for path in files])


def _together(folder: Path, parts: list[Stored]) -> Stored:
    tensors: dict[str, NDArray] = {}
    for part in parts:
        if twice := next((name for name in part.tensors if name in tensors), None):
            raise InputError(f"{folder}: two shards have a tensor {named(twice)}")
        tensors |= part.tensors
    tied = tuple(pair for part in parts for pair in part.tied)
    return Stored(tensors, tied, tuple(dict.fromkeys(name for part in parts for name in part.beside)))
