"""Record names, shapes and module types of real architectures, with the right kind of every tensor.

    pip install --target PLACE --no-deps torchvision timm transformers diffusers ... (what they import)
    PYTHONPATH=PLACE python tests/architectures/dump.py tests/data/architectures.json.gz

Every model is built on the meta device from its own default configuration: no weights are made or fetched. One row per
tensor of the state dict that holds floats, in its order: [name, shape, dtype, owner, kind], where ``owner`` is a
position in ``types``, whose entries are the classes of the owning module from the most derived one to PyTorch's.
``kind`` comes from right.py, which knows nothing of the package that is tested. Beside the rows: names of buffers, tied
names as [name, owner, first name], and types of the modules above a ParametrizationList or a ParameterList.
"""

from __future__ import annotations

import gzip
import json
import sys
import warnings
from collections.abc import Callable, Iterator
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch
from catalogue import DIFFUSERS, HELD_OUT, TIMM, TORCHVISION, TRANSFORMERS
from right import right_kind
from torch import nn

PACKAGES = ("torch", "torchvision", "timm", "transformers", "diffusers")
_WITH_BACKBONE = ("fpn", "deeplab", "ssd", "lraspp")


def builders() -> Iterator[tuple[str, Callable[[], nn.Module]]]:
    """(name, what builds it); the packages are imported here."""
    library = torch.library.Library(
        "torchvision", "DEF"
    )  # the CPU build of PyTorch cannot load torchvision's operators
    for operator in ("nms", "qnms"):
        library.define(f"{operator}(Tensor boxes, Tensor scores, float threshold) -> Tensor")
    import diffusers
    import timm
    import torchvision
    import transformers

    transformers.logging.set_verbosity_error()

    def built(package: str, name: str) -> Callable[[], nn.Module]:
        if package == "torchvision":
            none = {"weights_backbone": None} if any(word in name for word in _WITH_BACKBONE) else {}
            return partial(torchvision.models.get_model, name, weights=None, **none)
        if package == "timm":
            return partial(timm.create_model, name, pretrained=False)
        return lambda: getattr(transformers, package).from_config(transformers.CONFIG_MAPPING[name]())

    for package, names in [("torchvision", TORCHVISION), ("timm", TIMM), *TRANSFORMERS.items()]:
        for name in names:
            yield f"{package.replace('AutoModel', 'transformers/AutoModel')}/{name}", built(package, name)
    for name, options in DIFFUSERS.items():
        yield f"diffusers/{name}", partial(getattr(diffusers, name), **options)
    for package, names in HELD_OUT.items():
        for name in names:
            yield f"held out/{package.replace('AutoModel', 'transformers/AutoModel')}/{name}", built(package, name)


class Types:
    """Classes of modules, each row once."""

    def __init__(self) -> None:
        self.rows: dict[tuple[str, ...], int] = {}

    def of(self, module: nn.Module) -> int:
        """Position of the classes of ``module``."""
        classes = [c for c in type(module).__mro__ if issubclass(c, nn.Module) and c is not nn.Module]
        row = tuple(f"{c.__module__}.{c.__qualname__}" for c in classes)
        return self.rows.setdefault(row, len(self.rows))


def dumped(model: nn.Module, types: Types) -> dict[str, Any]:
    """Rows of a model, and what stands beside them."""
    first: dict[int, str] = {}
    rows, tied, above = [], [], {}
    for name, tensor in model.state_dict(keep_vars=True).items():
        if not tensor.is_floating_point():
            continue
        path = name.rpartition(".")[0]
        owner = model.get_submodule(path)
        if first.setdefault(id(tensor), name) != name:
            tied.append([name, types.of(owner), first[id(tensor)]])
            continue
        rows.append([name, list(tensor.shape), str(tensor.dtype).removeprefix("torch."), types.of(owner),
                     right_kind(model, name)])  # fmt: skip
        if isinstance(owner, nn.ParameterList | nn.utils.parametrize.ParametrizationList):
            parent = path.split(".parametrizations.")[0] if "parametrizations" in path else path.rpartition(".")[0]
            above[parent] = types.of(model.get_submodule(parent))
    parameters = {name for name, _ in model.named_parameters(remove_duplicate=False)}
    return {
        "tensors": rows,
        "buffers": [row[0] for row in rows if row[0] not in parameters],
        "tied": tied,
        "above": above,
    }


def main(place: str) -> None:
    """Write the record; models that cannot be built and tensors without a right kind are reported and fail it."""
    warnings.simplefilter("ignore")
    types, found, wrong = Types(), {}, []
    for name, build in builders():
        try:
            with torch.device("meta"):
                model = build()
            found[name] = dumped(model, types)
        except Exception as error:
            wrong.append(f"{name}: {type(error).__name__}: {str(error)[:150]}")
    record = {
        "versions": {package: version(package) for package in PACKAGES},
        "types": list(types.rows),
        "architectures": found,
    }
    text = json.dumps(record, separators=(",", ":")).encode()
    Path(place).write_bytes(gzip.compress(text, 9, mtime=0))
    print(f"{len(found)} architectures, {sum(len(a['tensors']) for a in found.values())} tensors, "
          f"{Path(place).stat().st_size} bytes")  # fmt: skip
    if wrong:
        sys.exit("\n".join(wrong))


if __name__ == "__main__":
    main(sys.argv[1])
