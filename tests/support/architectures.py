"""The recorded architectures as models: modules of the recorded classes that hold tensors of the recorded shapes."""

import gzip
import json
from collections import defaultdict
from dataclasses import dataclass
from functools import cache
from pathlib import Path

DATA = Path(__file__).parents[1] / "data" / "architectures.json.gz"


@cache
def recorded():
    return json.loads(gzip.decompress(DATA.read_bytes()))


def names(*, held_out):
    return [name for name in recorded()["architectures"] if name.startswith("held out/") == held_out]


def tensors(name):
    """(name, shape, right kind) of each tensor of an architecture."""
    return [(row[0], tuple(row[1]), row[4]) for row in recorded()["architectures"][name]["tensors"]]


@dataclass(eq=False)
class Tensor:
    shape: tuple[int, ...]

    def is_floating_point(self):
        return True


class Model:
    """As much of a module as the reading of kinds asks for; tied tensors are there under all their names."""

    def __init__(self, name):
        record = recorded()["architectures"][name]
        self.modules, self.buffers = {"": "Root"}, set(record["buffers"])
        self.tensors = {row[0]: Tensor(tuple(row[1])) for row in record["tensors"]}
        rows = [(row[0], row[3]) for row in record["tensors"]] + [(row[0], row[1]) for row in record["tied"]]
        self.tensors |= {row[0]: self.tensors[row[2]] for row in record["tied"]}
        self.modules = {"": _class(("Root",))()}
        for path, number in [*((name.rpartition(".")[0], number) for name, number in rows), *record["above"].items()]:
            self.modules[path] = _class(tuple(recorded()["types"][number]))()
        self.held = defaultdict(list)
        for name in self.tensors:
            self.held[name.rpartition(".")[0]].append(name)
        for path, module in self.modules.items():
            module.held = [(n.rpartition(".")[2], self.tensors[n], n in self.buffers) for n in self.held[path]]

    def named_modules(self, remove_duplicate=True):
        return self.modules.items()

    def named_parameters(self, remove_duplicate=True):
        return [(name, tensor) for name, tensor in self.tensors.items() if name not in self.buffers]

    def named_buffers(self):
        raise AssertionError("buffers are asked of each module")


class _Module:
    def named_parameters(self, **_):
        return [(name, tensor) for name, tensor, buffer in self.held if not buffer]

    def named_buffers(self, **_):
        return [(name, tensor) for name, tensor, buffer in self.held if buffer]


@cache
def _class(classes):
    """A class of the recorded names, derived as the recorded one was."""
    base = _Module if len(classes) == 1 else _class(classes[1:])
    module, _, name = classes[0].rpartition(".")
    return type(name, (base,), {"__module__": module, "__qualname__": name})
