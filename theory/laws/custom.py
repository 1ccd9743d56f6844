"""A law of one's own, by name: ``package.module:name``, as in Python.

The name is a function ``sample(rng, n) -> (g, c)`` that draws ``n`` updates and costs with NumPy's generator, or a
:class:`theory.laws.joint.Law` or :class:`theory.laws.samples.SampleLaw`. Naming a module runs it.
"""

from __future__ import annotations

import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any

from theory.errors import InputError
from theory.laws.draws import DRAWS, answerable
from theory.laws.joint import Law
from theory.laws.samples import SampleLaw


def named_law(target: str, *, n: int = DRAWS, seed: int = 0) -> Law | SampleLaw:
    """The law called ``target``; a function is asked for ``n`` pairs.

    Args:
        target: ``package.module:name``; modules in the current folder are found too.

    Raises:
        InputError: nothing of that name, no law, or one that raises or returns no sample.
    """
    found = _found(target)
    if isinstance(found, SampleLaw):
        return found
    if isinstance(found, Law):
        return answerable(found, n=n)
    if not callable(found):
        raise InputError(f"law {target}: {type(found).__name__} is no function sample(rng, n) -> (g, c) and no law")
    try:
        law = SampleLaw.drawn(found, n=n, seed=seed)
    except InputError as error:
        raise InputError(f"law {target}: {error}") from None
    except Exception as error:  # whatever a user's function does
        raise InputError(f"law {target}: sample(rng, {n}) must return (g, c) and {_raised(error)}") from None
    return SampleLaw(law.magnitude, law.cost, f"{target}, {n} draws (seed {seed})")


def _found(target: str) -> Any:
    module, colon, name = target.partition(":")
    if not (module and colon and name):
        raise InputError(f"law {target!r} must be package.module:function, such as mylaws:sample")
    try:
        with _current_folder():
            found = import_module(module)
    except ModuleNotFoundError as error:
        raise InputError(f"law {target}: no module {error.name!r} here or on the path of Python") from None
    except Exception as error:  # whatever its top level does
        raise InputError(f"law {target}: importing {module} {_raised(error)}") from None
    for part in name.split("."):
        if not hasattr(found, part):
            raise InputError(f"law {target}: module {module} has no {name!r}")
        found = getattr(found, part)
    return found


@contextmanager
def _current_folder() -> Iterator[None]:
    """Modules beside the user are found last, so none of them hides an installed one."""
    here = str(Path.cwd())
    sys.path.append(here)
    try:
        yield
    finally:
        sys.path.remove(here)


def _raised(error: Exception) -> str:
    where = traceback.extract_tb(error.__traceback__)[-1]
    said = " ".join(str(error).split())[:200]
    return f"raised {type(error).__name__}: {said} ({Path(where.filename).name}, line {where.lineno})"
