"""What a caller hands over in Python: models, and inputs that are described or ready."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple, get_args

import torch
from torch import Tensor, nn

from lightbench import units
from lightbench.costs.precision import own_dtype
from lightbench.engines import NO_KEYWORDS
from lightbench.errors import UsageError
from lightbench.models.inputs import Inputs, specs_of
from lightbench.models.sources import DEFAULT_INPUT, full_name
from lightbench.models.sources.not_networks import not_a_network
from lightbench.records import Dtype
from lightbench.records.arguments import batch_of, described
from lightbench.records.inputs import Input, InputSpec

Model = str | nn.Module
Args = tuple[Any, ...] | Tensor | None
Kwargs = Mapping[str, Any] | None


class Given(NamedTuple):
    """A network that the caller hands over instead of a name, with inputs of any form, or none:
    without ``args`` those without a name are made for it."""

    network: nn.Module
    args: tuple[Any, ...] | None = None
    kwargs: Mapping[str, Any] = NO_KEYWORDS
    name: str | None = None  # by which it was built, before it got other weights


def check_model(model: Any) -> None:
    """Raises UsageError for what is neither a name nor a network."""
    if not isinstance(model, (str, nn.Module)):
        raise not_a_network(model)


def ready(
    args: Any, kwargs: Any, **described_as: Any
) -> tuple[tuple[Any, ...] | None, Mapping[str, Any]]:
    """``args`` as the arguments of one call, None for those that are made from ``input``, and
    ``kwargs``. A bare tensor is the only argument. Raises UsageError for what says twice, or not
    clearly, what the network is called with; ``described_as`` is that input, batch, dtype."""
    if not isinstance(kwargs, (Mapping, type(None))) or any(
        type(k) is not str for k in kwargs or ()
    ):
        raise UsageError(
            f"kwargs is a dictionary of inputs by name, got {type(kwargs).__name__}.",
            'Try kwargs={"mask": mask}.',
        )
    args, kwargs = _positional(args), kwargs or NO_KEYWORDS
    try:
        batch_of((args, dict(kwargs)))
    except RecursionError as error:
        raise UsageError("args hold a list or a dictionary that holds itself.") from error
    twice = [name for name, said in described_as.items() if said is not None]
    if args is None and kwargs and not {"batch", "input"} & set(twice):
        args = ()
    if args is not None and twice:
        raise UsageError(
            f"args say the {', '.join(twice)} themselves.",
            f"Leave out {', '.join(twice)}, or args.",
        )
    return args, kwargs


def _positional(args: Any) -> tuple[Any, ...] | None:
    if args is None or type(args) is tuple:
        return args
    if isinstance(args, Tensor) or hasattr(args, "_fields"):  # a named tuple, a packed sequence
        return (args,)
    kind = type(args).__name__
    if isinstance(args, Mapping):
        hint = "As one argument it is args=(it,), as inputs by name kwargs=it."
    elif isinstance(args, Sequence) and not isinstance(args, str):
        hint = "As one argument it is args=(it,), as several args=tuple(it)."
    else:
        hint = "A single argument is args=(it,)."
    raise UsageError(f"args is a tuple with the arguments of one call, got a {kind}.", hint)


def dtypes_of(dtype: Any) -> Any:
    """One dtype or several, as typed: torch.float16 is "float16". Raises UsageError."""
    if dtype is None or isinstance(dtype, str):
        return dtype
    if isinstance(dtype, torch.dtype):
        return str(dtype).removeprefix("torch.")
    if isinstance(dtype, Iterable) and not isinstance(dtype, type):
        return [dtypes_of(one) for one in dtype]
    raise UsageError(
        f"a dtype is a name, or one of torch's, got {units.told(dtype)}.",
        f"Known: {', '.join(get_args(Dtype))}.",
    )


def specs_beside(
    inputs: Inputs, args: tuple[Any, ...] | None, kwargs: Mapping[str, Any], dtype: str
) -> tuple[Input, ...] | None:
    """What is described; and with ``kwargs`` beside it these, which have no batch of their own."""
    specs = specs_of(inputs)
    if args is not None or not kwargs:
        return specs
    default = (InputSpec.parse(DEFAULT_INPUT),)
    return (*(default if specs is None else specs), *described((), kwargs, None, dtype))


def spread(models: Iterable[Any]) -> tuple[list[Model], dict[int, str]]:
    """The models of what a caller lists: each by itself, in a list, or in a dictionary under a name of the
    caller's; and these names, by position. Raises UsageError for what is neither a name nor a network, and
    for a name that is used twice, or for a model that has one already."""
    found: list[Model] = []
    called: dict[int, str] = {}
    for one in models:
        if isinstance(one, Mapping) and not all(isinstance(held, Tensor) for held in one.values()):
            for name, model in one.items():
                _check_name(name, model, called.values())
                called[len(found)] = name
                found.append(model)
        else:
            several = isinstance(one, (list, tuple))
            found += one if several else [one]
    for model in found:
        check_model(model)
    return found, called


def _check_name(name: Any, model: Any, taken: Iterable[str]) -> None:
    check_model(model)
    if not isinstance(name, str) or not name.strip() or name in taken:
        raise UsageError(
            f"a network is called by a text that no other has, not {units.told(name)}.",
            'Try lightbench.profile({"ours": network}).',
        )
    if isinstance(model, str):
        raise UsageError(
            f"{model!r} has a name already.",
            f"Give the network itself as {name!r}, or {model!r} alone.",
        )


def handed_over(
    models: Sequence[Model],
    args: tuple[Any, ...] | None,
    kwargs: Mapping[str, Any] = NO_KEYWORDS,
    called: Mapping[int, str] | None = None,
) -> tuple[list[str], dict[str, Given]]:
    """Names for all models; those that are modules also by that name: what they are ``called``, by position,
    or that of their class."""
    names: list[str] = []
    given: dict[str, Given] = {}
    for i, model in enumerate(models):
        if isinstance(model, str):
            names.append(full_name(model))
            continue
        name = (called or {}).get(i) or type(model).__name__
        same = sum(known.partition("#")[0] == name for known in given)
        name = f"{name}#{same + 1}" if same else name
        names.append(name)
        given[name] = Given(model, args, kwargs)
    if len(given) < len(names) and (args is not None or kwargs):
        raise UsageError("args are for modules, not for models by name.", "Use input and batch.")
    return names, given


def defaults_of(given: Given) -> dict[str, Any]:
    """What a handed-over network says about its case by itself."""
    dtype = own_dtype(given.network)
    if given.args is None:
        return {"dtype": dtype}
    batch = batch_of((given.args, dict(given.kwargs)))
    inputs = described(given.args, given.kwargs, batch, dtype)
    return {"dtype": dtype, "batch": batch, "inputs": inputs}
