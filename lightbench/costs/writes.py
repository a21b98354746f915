"""Which of its arguments an operator overwrites."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any

from torch import Tensor

# Operators whose schema does not say so: argument by which they do -> the arguments, by name.
_UNSAID = {
    "batch_norm": ("training", "running_mean", "running_var"),
    "native_batch_norm": ("training", "running_mean", "running_var"),
    "_batch_norm_impl_index": ("training", "running_mean", "running_var"),
    "cudnn_batch_norm": ("training", "running_mean", "running_var"),
    "miopen_batch_norm": ("training", "running_mean", "running_var"),
    "instance_norm": ("use_input_stats", "running_mean", "running_var"),
}
_OWN = ("aten", "prims", "quantized")  # what these declare is complete but for the rows above

Argument = tuple[int, str]  # its position and name


@cache
def _declared(operator: Any) -> tuple[tuple[Argument, ...], Argument | None]:
    """The arguments that are overwritten, and the one that must be true for it. An operator that is
    not PyTorch's own may write to any of them without saying so."""
    schema = getattr(operator, "_schema", None)
    if schema is None:  # of a higher order: what it runs is seen by itself
        return (), None
    arguments = {a.name: (position, a.name) for position, a in enumerate(schema.arguments)}
    namespace, _, name = schema.name.partition("::")
    if namespace not in _OWN:
        return tuple(arguments.values()), None
    if name in _UNSAID and _UNSAID[name][0] in arguments:
        condition, *written = (arguments[of] for of in _UNSAID[name])
        return tuple(written), condition
    info = [(a.name, a.alias_info) for a in schema.arguments]
    return tuple(arguments[n] for n, alias in info if alias is not None and alias.is_write), None


def written(operator: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Iterator[Tensor]:
    """The tensors with values that this call of an operator may overwrite."""
    arguments, condition = _declared(operator)
    if not arguments or (condition and not _value(condition, args, kwargs)):
        return
    for argument in arguments:
        value = _value(argument, args, kwargs)
        for tensor in value if isinstance(value, (list, tuple)) else (value,):
            if isinstance(tensor, Tensor) and not tensor.is_meta:
                yield tensor


def _value(argument: Argument, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    position, name = argument
    return args[position] if position < len(args) else kwargs.get(name)
