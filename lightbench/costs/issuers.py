"""By which function Python called an operator: what a tool sees that replaces functions by its own.

``F.softmax(x)`` and ``x.softmax()``, ``torch.add(a, b)`` and ``a + b`` are the same operators. What
tells them apart is the code that is being run when an operator arrives. A function that was replaced
in its module is met by who looks it up there, not by who kept it: ``activation=F.relu``.
"""

from __future__ import annotations

import dis
from types import CodeType, FrameType

import torch
from torch.nn import functional

# Functions of torch.nn.functional in Python, by the code that calls the operator.
_WRITTEN = (
    *("relu", "relu6", "elu", "silu", "softmax", "interpolate"),
    *("adaptive_avg_pool2d", "adaptive_avg_pool3d"),
    *(f"_{kind}max_pool{n}d" for kind in ("", "adaptive_") for n in (1, 2, 3)),
    *(f"{kind}max_pool{n}d_with_indices" for kind in ("", "adaptive_") for n in (1, 2, 3)),
)
_NAMES = {
    id(getattr(functional, name).__code__): name.removeprefix("_").removesuffix("_with_indices")
    for name in _WRITTEN
    if hasattr(getattr(functional, name, None), "__code__")
}
_EINSUM: CodeType = torch.functional.einsum.__code__
_DISPATCH: str = functional.max_pool2d.__code__.co_filename  # picks one of two functions
# Functions in C, by their operator.
_IN_C = {
    name: name
    for name in ("gelu", "prelu", "avg_pool1d", "avg_pool2d", "avg_pool3d", "adaptive_avg_pool1d")
} | {"_prelu_kernel": "prelu"}
# Functions and methods that Python's operators are not: torch.add(a, b) and a.add(b), but not a + b.
_METHODS = frozenset(("matmul", "mm", "bmm", "addmm", "baddbmm", "mul", "add"))
_OPERATOR = dis.opmap["BINARY_OP"]  # of a + b, a * b and a @ b


def issuer(frame: FrameType, operator: str) -> str:
    """The function that calls ``operator`` from ``frame``, "" where it makes no difference."""
    code = frame.f_code
    name = _NAMES.get(id(code))
    if name is not None:
        caller = _caller(frame)
        if caller is not None and caller.f_code is functional.interpolate.__code__:
            return "interpolate"  # by mean areas, which is a pooling
        return name if _looked_up(name, caller) else ""
    name = _IN_C.get(operator)
    if name is not None:
        return name if _looked_up(name, frame) else ""
    if operator not in _METHODS:
        return "einsum" if code is _EINSUM else ""
    # A call by name stands in the code with its name; ``sum(tensors)`` adds without it.
    named = operator in code.co_names and code.co_code[frame.f_lasti] != _OPERATOR
    return operator if named else ""


def _caller(frame: FrameType) -> FrameType | None:
    caller = frame.f_back
    if caller is not None and caller.f_code.co_filename == _DISPATCH:
        return caller.f_back
    return caller


def _looked_up(name: str, caller: FrameType | None) -> bool:
    """Does the caller look the function up in its module, where it may have been replaced?"""
    if caller is None or name not in caller.f_code.co_names:
        return False
    names = caller.f_globals
    return names is vars(functional) or names.get(name) is not getattr(functional, name)
