"""Inputs for a network: random but realistic, never zeros, the same for the same seed."""

from __future__ import annotations

import math
import sys
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from lightbench.errors import OutOfMemory, UsageError
from lightbench.records.arguments import map_tensors
from lightbench.records.input_grammar import parse_input, parse_inputs
from lightbench.records.inputs import Entries, Input, InputSpec, Items, Named, Plain, Value
from lightbench.units import shape as size_text

# Token ids stay below this, so that they fit into any embedding but the smallest.
SMALLEST_VOCABULARY = 10
SETTLING_IMAGES = 8
_LAYOUTS = {4: torch.channels_last, 5: torch.channels_last_3d}

Shape = Sequence[int]
Inputs = str | Input | Shape | Sequence[str | Input | Shape] | None

TYPED = (
    'Try input="3x224x224", input=(3, 224, 224), or several: input=["3x224x224", "mask=128:bool"].'
)


class Arguments(NamedTuple):
    """What a network is called with."""

    args: tuple[Any, ...]
    kwargs: dict[str, Any]


def specs_of(inputs: Inputs) -> tuple[Input, ...] | None:
    """Inputs as typed: "3x224x224", (3, 224, 224), several of them, "none" or () for a network that
    takes none -> specs; None for None. Raises UsageError."""
    if inputs is None:
        return None
    if isinstance(inputs, str):
        return parse_inputs([inputs])
    if isinstance(inputs, Input):
        return (inputs,)
    if isinstance(inputs, Tensor):
        raise UsageError(
            "input is a shape; a tensor that is ready is one of args.", "Try args=(x,)."
        )
    if isinstance(inputs, (dict, set, bytes)) or not isinstance(inputs, Iterable):
        raise UsageError(f"an input is a shape, got {_said(inputs)}.", TYPED)
    several = list(inputs)
    if several and all(isinstance(size, int) for size in several):
        return (_spec(tuple(several)),)
    texts = [one for one in several if isinstance(one, str)]
    if texts and len(texts) == len(several):
        return parse_inputs(texts)
    return tuple(sorted(map(_spec, several), key=lambda one: isinstance(one, Named)))


def _spec(one: Any) -> Input:
    if isinstance(one, Input):
        return one
    if isinstance(one, str):
        return parse_input(one)
    if isinstance(one, (tuple, list)) and all(type(size) is int for size in one):
        return InputSpec(shape=tuple(one))
    raise UsageError(f"an input is a shape, got {_said(one)}.", TYPED)


def _said(value: Any) -> str:
    if isinstance(value, nn.Module):  # a network's text has hundreds of lines
        return f"a {type(value).__name__}"
    return f"{type(value).__name__} {repr(value)[:60]}"


def fewest_ids(network: nn.Module) -> int:
    """Below what ids must stay to be rows of every embedding that can be seen."""
    tables = (getattr(module, "num_embeddings", None) for module in network.modules())
    return min([SMALLEST_VOCABULARY, *(n for n in tables if isinstance(n, int) and n > 0)])


def make_arguments(
    specs: Iterable[Input],
    *,
    batch: int,
    dtype: str = "float32",
    layout: str = "contiguous",
    device: str = "cpu",
    seed: int = 0,
    ids: int = SMALLEST_VOCABULARY,
) -> Arguments:
    """What a network is called with: of a tensor's spec (batch, *shape), normally distributed, or
    whole numbers below ``ids``. Raises OutOfMemory if that is more than any machine can address."""
    make = _Maker(batch, dtype, layout, device, torch.Generator().manual_seed(seed), ids)
    made = [(one, make.form(one.of if isinstance(one, Named) else one, batch)) for one in specs]
    return Arguments(
        tuple(value for one, value in made if not isinstance(one, Named)),
        {one.name: value for one, value in made if isinstance(one, Named)},
    )


def make_inputs(specs: Iterable[Input], **how: Any) -> tuple[Any, ...]:
    """The same for specs without names: one positional argument each."""
    return make_arguments(specs, **how).args


class _Maker(NamedTuple):
    batch: int
    dtype: str
    layout: str
    device: str
    generator: torch.Generator
    ids: int

    def form(self, form: Plain, batch: int | None) -> Any:
        """The argument of a form; of one image, without a batch dimension, where ``batch`` is None."""
        match form:
            case InputSpec():
                return self.tensor(form, batch)
            case Value():
                return form.value
            case Items(each=True, items=(one,)):
                items = [self.form(one, None) for _ in range(batch or 1)]
                return items if form.kind == "list" else tuple(items)
            case Items():
                items = [self.form(one, batch) for one in form.items]
                return items if form.kind == "list" else tuple(items)
            case Entries():
                return {entry.name: self.form(entry.of, batch) for entry in form.entries}
        raise UsageError(
            f"{form} cannot be made from its description.", "Hand it over in Python: args=(...,)."
        )

    def tensor(self, spec: InputSpec, batch: int | None) -> Tensor:
        shape = spec.shape
        if batch is not None and spec.batch_at is not None:
            shape = (*shape[: spec.batch_at], batch, *shape[spec.batch_at :])
        kind = getattr(torch, spec.dtype or self.dtype)
        if math.prod(shape) * kind.itemsize > sys.maxsize:
            raise OutOfMemory(
                f"out of memory: no machine holds an input of {size_text(shape)}.",
                "Try a smaller --batch or --input.",
            )
        if self.device == "meta":
            x = torch.empty(shape, dtype=kind, device="meta")
        elif kind.is_floating_point or kind.is_complex:
            drawn = kind if kind.is_complex else None
            x = torch.randn(shape, dtype=drawn, generator=self.generator).to(kind).to(self.device)
        else:
            below = 2 if kind is torch.bool else spec.below or self.ids
            x = torch.randint(below, shape, generator=self.generator).to(kind).to(self.device)
        return lay_out(x, self.layout)


def lay_out(x: Tensor, layout: str) -> Tensor:
    """``x`` as NHWC if the layout is channels_last and it is an image or a video."""
    if layout == "channels_last" and x.dim() in _LAYOUTS:
        return x.contiguous(memory_format=_LAYOUTS[x.dim()])
    return x


def settle_norms(
    network: nn.Module, args: Sequence[Any], kwargs: dict[str, Any] | None = None
) -> None:
    """Give a freshly initialised network the activations of a trained one.

    With untouched running statistics the signal of a deep network dies out layer by layer, down to
    denormal numbers that processors are slow with. One pass in training mode sets the
    statistics; where the network does not allow it, they stay.
    """
    norms = [m for m in network.modules() if isinstance(m, nn.modules.batchnorm._BatchNorm)]  # noqa: SLF001
    if not norms:
        return
    modes = [(module, module.training) for module in network.modules()]
    momenta = [(norm, norm.momentum) for norm in norms]
    given = Arguments(tuple(args), kwargs or {})
    try:
        with torch.no_grad(), torch.random.fork_rng(devices=[]):
            _settle(network, norms, given)
    finally:
        for module, training in modes:
            module.training = training
        for norm, momentum in momenta:
            norm.momentum = momentum


def _settle(network: nn.Module, norms: Sequence[Any], given: Arguments) -> None:
    """One pass of more images than there may be; or else, as in a list, of those that there are."""
    for change in (_varied, Tensor.detach):
        try:
            network.eval()
            for norm in norms:
                norm.training, norm.momentum = True, 1.0
            args, kwargs = map_tensors(change, given)
            network(*args, **kwargs)
        except Exception:  # noqa: BLE001  what is wrong with it is said when it is run to be timed
            for norm in norms:
                norm.reset_running_stats()
        else:
            return


def _varied(x: Tensor) -> Tensor:
    """The first images and their mirror images: of a single pixel's value there is no variance."""
    some = x[:SETTLING_IMAGES]
    return torch.cat((some, some.flip(-1)))
