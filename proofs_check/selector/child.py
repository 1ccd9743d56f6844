"""The end of :mod:`proofs_check.selector.isolation` that runs in a process of its own, where it may hang or die."""

from __future__ import annotations

import base64
import contextlib
import os
import pickle
import sys
import traceback
from dataclasses import asdict
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from hypothesis.configuration import set_hypothesis_home_dir

from proofs_check.selector import shadowing as ours
from proofs_check.selector.catalogue import Domain, checks_named
from proofs_check.selector.subject import Selector, with_promise
from proofs_check.selector.trial import try_check
from theory.errors import InputError


def unpacked(text: str) -> Any:
    """What :func:`proofs_check.selector.isolation.packed` packed."""
    return pickle.loads(base64.b64decode(text))


@cache
def load(subject: str) -> Selector:
    """The selector that ``subject`` is packed from: a target and fields of a promise, or a selector."""
    found = unpacked(subject)
    return found if isinstance(found, Selector) else named(*found)


def named(target: str, promised: dict[str, Any] | None = None) -> Selector:
    """The selector called ``package.module:name``; its own promise stands, and ``promised`` is added to it.

    Raises:
        InputError: when there is nothing of that name, its module hides one of ours or raises, or it cannot be called.
    """
    module, colon, name = target.partition(":")
    if not (module and colon and name):
        raise InputError(f"{target!r} must be package.module:function")
    found = _imported(module, target)
    for part in name.split("."):
        if not hasattr(found, part):
            raise InputError(f"{target}: module {module} ({_place(module)}) has no {name!r}")
        found = getattr(found, part)
    if not callable(found):
        raise InputError(f"{target} is {type(found).__name__}, no function or Selector")
    try:
        return with_promise(found, None, promised or {})
    except InputError as error:
        raise InputError(f"{target}: {error}") from None


def _imported(module: str, target: str) -> Any:
    try:
        spec = find_spec(module.partition(".")[0])
        beside = ours.hiding(Path(spec.origin).parent) if spec is not None and spec.origin else None
        if beside is not None:
            raise InputError(f"{target}: {ours.words(beside)}")
        return import_module(module)
    except ModuleNotFoundError as error:
        raise InputError(f"{target}: no module {error.name!r} on the path of Python") from None
    except InputError:
        raise
    except Exception as error:  # whatever its top level does
        where = traceback.extract_tb(error.__traceback__)[-1]
        said = " ".join(str(error).split())[:200]
        at = "" if isinstance(error, SyntaxError) else f" ({Path(where.filename).name}, line {where.lineno})"
        raise InputError(f"{target}: importing {module} raised {type(error).__name__}: {said}{at}") from None


def _place(module: str) -> str:
    return getattr(sys.modules[module], "__file__", None) or "built in"


def describe(subject: str, megabytes: int, seconds: float) -> dict[str, Any]:
    """Load the selector and limit the memory of this process; its name and promise, or why it was refused."""
    try:
        selector = load(subject)
        selector.prepare()
    except InputError as error:
        return {"refused": str(error)}
    _limit_memory(megabytes)
    return {"name": selector.name, "promise": repr(selector.promise)}


def run(
    subject: str, check: str, domain: str, trail: str, target: str, seconds: float, suspects: list[str], **options: Any
) -> dict[str, Any]:
    """One check; the instance it is at is always in the file ``trail``."""
    path = Path(trail)
    set_hypothesis_home_dir(os.devnull)  # its notes are written nowhere; by default they go to the current folder

    def note(script: str) -> None:
        path.write_text(script)

    result = try_check(
        checks_named((check,))[0], load(subject), unpacked(domain) or Domain(), seconds=seconds, target=target,
        before=note, suspects=checks_named(tuple(suspects)), **options,
    )  # fmt: skip
    return asdict(result)


def _limit_memory(megabytes: int) -> None:
    """Address space beyond what is mapped already; where the system cannot, there is no limit."""
    with contextlib.suppress(ImportError, OSError, ValueError):
        import resource

        mapped = int(Path("/proc/self/statm").read_text().split()[0]) * os.sysconf("SC_PAGE_SIZE")
        limit = mapped + megabytes * 2**20
        resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
