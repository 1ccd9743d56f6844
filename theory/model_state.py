"""Which entries of a state dict are state and no update: running statistics, counters, masks, whatever is a buffer.

State is carried whole and never selected: a running variance from which a pruned and fed-back update is subtracted
becomes negative. A model says itself what its buffers are. Where there is only a state dict, types and names say it:
what holds no real floats is no update, and frameworks name their buffers alike. This is the one place that decides.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from theory.errors import InputError

_NAMES = re.compile(
    r"running_\w+|moving_(mean|var|variance|avg|average)\w*"  # normalisation, in PyTorch and Keras
    r"|num_batches_tracked|n_averaged|num_updates"  # counters
    r"|cluster_size|embed_avg|inv_freq|zero_point|min_val|max_val|_extra_state"  # code books, rotations, observers
)
_PLACES = re.compile(r"(^|[./])(batch_stats|activation_post_process|weight_fake_quant)[./]")
_OF_ORIGINAL = ("_u", "_v", "_mask")  # beside NAME_orig: spectral normalisation and pruning
_PARAMETRISED = re.compile(r"parametrizations\.\w+\.\d+\.(_u|_v|mask)")
_WRAPPERS = ("module.", "_orig_mod.")
LEFT_OUT = {
    "type": "no floating-point numbers",
    "name": "state by their names",
    "beside": "no tensors",
}  # why, in words


@dataclass(frozen=True)
class StateEntries:
    """What of some named entries is state.

    Attributes:
        names: in the order given. source: by which of ``model``, ``name``, ``type`` and ``request`` each was found.
    """

    names: tuple[str, ...]
    source: Mapping[str, str]

    def __str__(self) -> str:
        if not self.names:
            return "no entry is state"
        shown = ", ".join(f"{name} (by its {self.source[name]})" for name in self.names[:8])
        more = f" and {len(self.names) - 8} more" if len(self.names) > 8 else ""
        return f"{len(self.names)} of the entries are state, carried whole: {shown}{more}"


def state_entries(
    entries: Iterable[tuple[str, bool]], model: Any = None, also: Collection[str] = ()
) -> StateEntries:  # fmt: skip
    """Which of the ``entries``, pairs of a name and whether it holds floats, are state.

    Args:
        model: a ``torch.nn.Module``: its buffers are state and its parameters are none; names that it has not are
            judged without it.
        also: names, or patterns such as ``"*.bn.*"``, that are state too.

    Raises:
        InputError: a name in ``also`` that no entry has.
    """
    pairs = list(entries)
    known = {name for name, _ in pairs}
    buffers, parameters = _of_model(model)
    source: dict[str, str] = {}
    for name, floats in pairs:
        bare = without_wrappers(name)
        if any(fnmatchcase(name, pattern) or fnmatchcase(bare, pattern) for pattern in also):
            source[name] = "request"
        elif bare in buffers:
            source[name] = "model"
        elif bare not in parameters and not floats:
            source[name] = "type"
        elif bare not in parameters and state_by_name(name, known):
            source[name] = "name"
    for pattern in also:
        if not any(fnmatchcase(name, pattern) or fnmatchcase(without_wrappers(name), pattern) for name, _ in pairs):
            shown = ", ".join(sorted(known)[:6])
            raise InputError(f"state {pattern!r} is no entry of the model; its entries are {shown}, ...")
    return StateEntries(tuple(source), source)


def state_by_name(name: str, beside: Collection[str] = ()) -> bool:
    """Whether an entry of floats is state as its name says it, and the names ``beside`` it."""
    last = re.split(r"[./]", name)[-1]
    if _NAMES.fullmatch(last) or _PLACES.search(name) or _PARAMETRISED.search(name):
        return True
    ending = next((e for e in _OF_ORIGINAL if last.endswith(e)), None)
    return ending is not None and f"{name.removesuffix(ending)}_orig" in beside


def without_wrappers(name: str) -> str:
    """The name that an entry has in the model itself, without those of DDP and ``torch.compile``."""
    while found := next((w for w in _WRAPPERS if name.startswith(w)), None):
        name = name.removeprefix(found)
    return name.replace("._orig_mod.", ".")


def _of_model(model: Any) -> tuple[set[str], set[str]]:
    """Names of a model's buffers and parameters, second names included."""
    if model is None:
        return set(), set()
    if not (hasattr(model, "named_buffers") and hasattr(model, "named_parameters")):
        raise InputError(f"model must be a torch.nn.Module, got {type(model).__name__}")
    every = [model.named_buffers(remove_duplicate=False), model.named_parameters(remove_duplicate=False)]
    buffers, parameters = ({without_wrappers(name) for name, _ in named} for named in every)
    return buffers, parameters
