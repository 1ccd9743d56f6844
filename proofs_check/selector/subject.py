"""The selector under test, whatever it takes and returns, as one callable with one result.

    selector(update, cost, budget) -> Kept

``update`` is a float array of shape (d,), ``cost`` float64 joules of shape (d,), ``budget`` joules. The function may
return, as arrays of NumPy or any library whose arrays convert to it,

    a mask               bool, shape (d,); or 0 and 1 in bytes, where these cannot be indices
    indices              integers, shape (k,), no two alike; nothing kept is an empty list
    the sparse update    floats, shape (d,), zero where nothing is sent; a sparse tensor; or values with their indices
"""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from proofs_check.selector.promise import BrokenPromiseError, Promise
from theory.errors import InputError
from theory.instance import Instance

Array = NDArray[Any]
Rounds = Callable[[Sequence[Array], Array, float], list[Array]]


@dataclass(frozen=True, eq=False)
class Kept:
    """What a selector kept: ``mask``, bool of shape (d,), and ``sent``, the sparse update if it returned one."""

    mask: NDArray[np.bool_]
    sent: Array | None = None

    @property
    def support(self) -> list[int]:
        """Indices of the kept coordinates, ascending."""
        return [int(i) for i in np.flatnonzero(self.mask)]


@dataclass(frozen=True, eq=False)
class Selector:
    """A function and what it promises.

    Attributes:
        function: called as ``function(update, cost, budget)``, with ``seed=`` where the promise says that it is seeded;
            see the module's head for what it may return.
        promise: what it is held to.
        name: how reports call it; the function's own name by default.
        rounds: for compressors with a state: ``rounds(updates, cost, budget)`` runs them one after the other and
            returns what each round sent.

    Raises:
        InputError: when the function cannot be called.
    """

    function: Callable[[Array, Array, float], Any]
    promise: Promise = field(default_factory=Promise)
    name: str = ""
    rounds: Rounds | None = None

    def __post_init__(self) -> None:
        if not callable(self.function):
            raise InputError(f"a selector must be callable, got {type(self.function).__name__}")
        if not self.name:
            object.__setattr__(self, "name", getattr(self.function, "__name__", type(self.function).__name__))

    def __call__(self, update: Array, cost: Array, budget: float, seed: int = 0) -> Kept:
        """Call the function and read what it returns; ``seed`` is for one that promises to be seeded.

        Raises:
            BrokenPromiseError: it raised, or returned nothing that selects coordinates of this update.
        """
        d, dtype = update.size, update.dtype
        try:
            raw = self.raw(update, cost, budget, seed)
        except MemoryError:
            raise
        except Exception as error:
            raise _raised(error) from error
        return read_output(raw, d, dtype)

    def raw(self, update: Array, cost: Array, budget: float, seed: int = 0) -> Any:
        """What the function returns, as it is."""
        return self.function(update, cost, budget, **({"seed": seed} if self.promise.seeded else {}))

    def prepare(self) -> None:
        """Import what an adapter needs, so that no check is charged for it."""
        getattr(self.function, "prepare", lambda: None)()

    def on(self, instance: Instance) -> Kept:
        """The selection on copies of an instance's data, so that nothing the function does can change it."""
        assert instance.update is not None
        return self(instance.update.copy(), instance.cost.copy(), float(instance.budget))

    def mask(self, update: Array, cost: Array, budget: float) -> NDArray[np.bool_]:
        """The mask on copies of these data."""
        return self(update.copy(), cost.copy(), budget).mask


def as_selector(selector: Callable[..., Any], promise: Promise | None = None) -> Selector:
    """A function as a :class:`Selector`; one that is a selector already keeps its promise unless another is given.

    :func:`with_promise` adds to a promise instead.
    """
    if isinstance(selector, Selector):
        return selector if promise is None else Selector(selector.function, promise, selector.name, selector.rounds)
    return Selector(selector, promise or Promise())


def with_promise(selector: Callable[..., Any], promise: Promise | None, more: Mapping[str, Any]) -> Selector:
    """A function under a promise, or a :class:`Selector` whose own promise is added to and never replaced.

    Raises:
        InputError: what is said contradicts what the selector promises itself.
    """
    said = {**(promise.said if promise else {}), **more}
    own = as_selector(selector)
    return as_selector(own, own.promise.with_more(said)) if said else own


def shown(items: Iterable[Any], most: int = 12) -> str:
    """A list in words that fit a line: the first ``most`` and how many there are."""
    whole = list(items)
    if len(whole) <= most:
        return str(whole)
    return f"[{', '.join(str(item) for item in whole[:most])}, ... {len(whole)} in all]"


def _raised(error: Exception) -> BrokenPromiseError:
    """A selector's error with where it came from, less the frames of whoever called it."""
    ours = Path(__file__).parent
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if Path(frame.filename).parent != ours]
    broken = BrokenPromiseError(f"it raised {type(error).__name__}: {' '.join(str(error).split())[:200]}")
    broken.traceback = "".join(traceback.format_list(frames)).rstrip()
    return broken


def read_output(raw: Any, d: int, dtype: np.dtype[Any]) -> Kept:
    """What ``raw`` selects of ``d`` coordinates.

    Raises:
        BrokenPromiseError: it is none of the forms in the module's head.
    """
    if isinstance(raw, Kept):
        return _whole(raw, d)
    raw = getattr(raw, "mask", raw)  # theory.Selection
    if isinstance(raw, tuple) and len(raw) == 2:
        return _pair(plain(raw[0]), plain(raw[1]), d)
    array = plain(raw)
    if not array.size and array.dtype.kind in "fiu":  # an empty list has no type of its own
        return Kept(np.zeros(d, dtype=bool))
    if array.dtype.kind == "b":
        return _whole(Kept(array), d)
    if array.dtype.kind in "iu" and _looks_like_mask(array, d):
        return Kept(array.astype(bool))
    if array.dtype.kind in "iu":
        return Kept(_scattered(array, np.ones(array.shape, dtype=bool), d))
    if array.dtype.kind == "f":
        return _whole(Kept(array != 0, array), d)
    if array.size == 0:
        return Kept(np.zeros(d, dtype=bool))
    raise BrokenPromiseError(f"it returned {type(raw).__name__} of dtype {array.dtype}: no mask, indices or update")


def _looks_like_mask(array: Array, d: int) -> bool:
    """Whether integers are a mask: 0 and 1 in bytes, one for each coordinate, that could not be indices.

    Raises:
        BrokenPromiseError: they could be either, which only who returns them can tell.
    """
    if array.shape != (d,) or int(array.min()) < 0 or int(array.max()) > 1:
        return False
    indices = len(np.unique(array)) == d and int(array.max()) < d
    if (array.itemsize == 1) == indices:
        raise BrokenPromiseError(
            f"it returned {shown(array.tolist())} of {array.dtype} for an update of {d}: is that a mask or indices? "
            "Return a mask as bool, or indices as int64"
        )
    return array.itemsize == 1


def plain(raw: Any) -> Array:
    """A NumPy array of anything that can become one: tensors on any device, sparse tensors, sparse matrices, lists."""
    if getattr(raw, "is_sparse", False) is True:
        raw = raw.to_dense()
    for step in ("detach", "cpu", "toarray"):
        raw = getattr(raw, step)() if hasattr(raw, step) else raw
    try:
        array = np.asarray(raw)
    except (TypeError, ValueError) as error:
        raise BrokenPromiseError(f"it returned {type(raw).__name__}, which is no array: {error}") from None
    return array.reshape(-1) if array.ndim == 2 and 1 in array.shape else array


def _pair(first: Array, second: Array, d: int) -> Kept:
    """Values and indices, in either order: the integers are the indices."""
    kinds = first.dtype.kind + second.dtype.kind
    if kinds in ("fi", "fu"):
        first, second = second, first
    elif kinds not in ("if", "uf"):
        raise BrokenPromiseError(f"of two arrays one must be indices, one values; got {first.dtype}, {second.dtype}")
    if first.shape != second.shape:
        raise BrokenPromiseError(f"{first.size} indices for {second.size} values")
    sent = _scattered(first, second, d)
    return _whole(Kept(_scattered(first, np.ones(first.shape, dtype=bool), d), sent), d)


def _scattered(indices: Array, values: Array, d: int) -> Array:
    if indices.ndim != 1:
        raise BrokenPromiseError(f"indices must have shape (k,), got {indices.shape}")
    if indices.size and (int(indices.min()) < 0 or int(indices.max()) >= d):
        raise BrokenPromiseError(f"indices must lie in 0..{d - 1}, got {indices.min()}..{indices.max()}")
    if len(np.unique(indices)) < indices.size:
        raise BrokenPromiseError(f"an index occurs twice in {shown(indices.tolist())}")
    whole = np.zeros(d, dtype=values.dtype)
    whole[indices.astype(np.intp)] = values
    return whole


def _whole(kept: Kept, d: int) -> Kept:
    for name, array in (("mask", kept.mask), ("update", kept.sent)):
        if array is not None and array.shape != (d,):
            raise BrokenPromiseError(f"the {name} it returned has shape {array.shape}, the update ({d},)")
    if kept.sent is not None and not np.isfinite(kept.sent).all():
        raise BrokenPromiseError("the update it returned is not finite")
    return kept
