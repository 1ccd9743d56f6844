"""The parameters of a model whose gradients can be pruned, or the first that cannot, by its name."""

from __future__ import annotations

from typing import Any

from theory.errors import InputError
from theory.shared_storage import second_names


def trained_parameters(model: Any) -> dict[str, Any]:
    """Parameters of a ``torch.nn.Module`` that are trained, by name; one with two names once, under the first.

    Raises:
        InputError: no module; a parameter that is complex, not initialised, of sparse gradients, or that shares its
            storage with another without being the same.
    """
    if not hasattr(model, "named_parameters"):
        raise InputError(f"model must be a torch.nn.Module, got {type(model).__name__}")
    named = {name: p for name, p in model.named_parameters() if p.requires_grad}
    sparse = {id(m.weight) for m in model.modules() if getattr(m, "sparse", False) is True and hasattr(m, "weight")}
    for name, parameter in named.items():
        if "Uninitialized" in type(parameter).__name__:
            raise InputError(f"parameter {name!r} is not initialised yet; run the model once first")
        if parameter.is_complex():
            raise InputError(
                f"parameter {name!r} is {parameter.dtype}; train its real and imaginary parts as two floats"
            )
        if id(parameter) in sparse:
            raise InputError(
                f"parameter {name!r} ({parameter.dtype}) has sparse gradients; give its layer sparse=False"
            )
    placed = {name: p.detach() for name, p in named.items() if p.device.type != "meta"}
    for second, first in second_names(placed, "make both names one Parameter, or clone it").items():
        raise InputError(
            f"parameters {first!r} and {second!r} are two in one storage; make both names one Parameter, or clone it"
        )
    return named
