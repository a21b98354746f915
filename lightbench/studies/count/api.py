"""Counting from Python."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from lightbench.costs.conventions import CONVENTIONS, convert, difference
from lightbench.costs.count import count_costs
from lightbench.costs.crosscheck import crosscheck
from lightbench.costs.precision import as_asked, own_dtype
from lightbench.errors import UncountedOps, UnknownName, UsageError
from lightbench.graphs.support.network import FileNetwork
from lightbench.models import sources
from lightbench.models.inputs import Arguments, Inputs, fewest_ids, make_arguments
from lightbench.models.sources import own_switches
from lightbench.models.sources.without_memory import told, without_memory
from lightbench.process import switches
from lightbench.records import Case, Costs, Identity, Record
from lightbench.records.arguments import bytes_of, map_tensors
from lightbench.records.case import FLOATS
from lightbench.records.findings import Crosscheck, Opinion
from lightbench.records.inputs import Input, InputSpec, without
from lightbench.runner.given import (
    Args,
    Given,
    Kwargs,
    Model,
    check_model,
    defaults_of,
    dtypes_of,
    ready,
    specs_beside,
)
from lightbench.runner.identity import identity_of
from lightbench.runner.plan import check_batch
from lightbench.runner.record import untimed
from lightbench.studies.count.layers import Layers
from lightbench.studies.count.sizes import sizes_of
from lightbench.studies.count.table import ConventionRow, counts_view
from lightbench.studies.count.tree import modules_of
from lightbench.studies.result import Shown
from lightbench.views.table import View
from lightbench.workers import journal


@dataclass(frozen=True, repr=False)
class Counts(Shown):
    """What `count` found for one network: ``costs`` and, on demand, any convention."""

    case: Case
    costs: Costs
    network: nn.Module
    args: tuple[Any, ...]
    kwargs: Mapping[str, Any]
    named: bool = True  # False: the network was handed over

    drawn_as = "count"

    @property
    def identity(self) -> Identity:
        """What the name stood for."""
        return identity_of(self.model if self.named else None, self.network)

    @property
    def model(self) -> str:
        """What the network is called."""
        return self.case.model

    @property
    def view(self) -> View:  # type: ignore[override]
        return counts_view([(self.model, self.costs)], f"Costs of {self.model}")

    @cached_property
    def layers(self) -> Layers:
        """One row per operator, in the order in which they run: a sequence of them, and a table."""
        file = isinstance(self.network, FileNetwork)
        modules = () if file else modules_of(self.network)
        sizes = sizes_of(
            self.costs,
            trainable=None if file else modules[0].trainable,
            input_bytes=bytes_of((self.args, dict(self.kwargs))),
        )
        return Layers(self.model, self.costs, modules, sizes)

    def convention(self, name: str) -> int:
        """The count as another tool would give it: a key of ``lightbench list conventions``."""
        _known(name)
        return convert(self._called, name).total

    def conventions(self, names: Sequence[str], *, check: bool = False) -> list[ConventionRow]:
        """Each convention with its difference to ``paper``; ``check`` runs the installed tools too."""
        for name in names:
            _known(name)
        paper = convert(self._called, "paper")
        checks = {c.tool: c.verdict for c in self.crosscheck()} if check else {}
        return [
            ConventionRow(
                self.model,
                name,
                CONVENTIONS[name].says,
                (counted := convert(self._called, name)).total,
                difference(counted, paper),
                checks.get(name, ""),
            )
            for name in names
        ]

    def crosscheck(self) -> list[Opinion]:
        """The installed thop and fvcore on the same network, on real tensors; they run once."""
        return list(self._opinions)

    @property
    def record(self) -> Record:
        """What was counted, as a record without a time."""
        return untimed(self.case, self.costs, identity=self.identity)

    def checked(self) -> Record:
        """What is stored of it: the costs, and what the installed thop and fvcore count."""
        return untimed(
            self.case, self.costs, identity=self.identity, found=Crosscheck(opinions=self._opinions)
        )

    @cached_property
    def _called(self) -> Costs:
        """The costs with what conventions go by, which takes a pass of its own. Raises UsageError."""
        if isinstance(self.network, FileNetwork):
            raise UsageError(
                f"{self.model} is {self.network.what}, and other conventions count modules, which it has none of.",
                "Leave out --convention and --crosscheck: the count is `paper`'s.",
            )

        def inputs(device: str) -> Arguments:
            given = Arguments(self.args, dict(self.kwargs))
            return given if device == "meta" else map_tensors(_with_values, given)

        with switches.kept():
            return count_costs(self.network, inputs, calls=True)

    @cached_property
    def _opinions(self) -> tuple[Opinion, ...]:
        with torch.random.fork_rng(devices=[]), switches.kept():
            network = self.network
            if any(t.is_meta for t in network.parameters()):
                network = sources.find(self.model).build()
            args, kwargs = map_tensors(_with_values, (self.args, dict(self.kwargs)))
            return tuple(crosscheck(self._called, network, args, kwargs))


def _known(convention: str) -> None:
    if convention not in CONVENTIONS:
        raise UnknownName("convention", convention, CONVENTIONS)


def _with_values(tensor: Tensor) -> Tensor:
    if not tensor.is_meta:
        return tensor
    if tensor.is_floating_point():
        return torch.randn(tensor.shape).to(tensor.dtype)
    return torch.zeros(tensor.shape, dtype=tensor.dtype)


def count(
    model: Model,
    *,
    input: Inputs = None,  # noqa: A002  the word of the command line
    batch: int | None = None,
    dtype: str | torch.dtype | None = None,
    args: Args = None,
    kwargs: Kwargs = None,
    strict: bool = False,
    trusted: bool = True,
) -> Counts:
    """Count a network: params, MAdds and memory access, exactly, without running it on data.

    ``model`` is a name (see `load_model`) or a module. ``input`` is a shape without the batch,
    "3x224x224" or (3, 224, 224), or several, of any form that ``--input`` takes; ``batch`` is 1 unless
    said, and ``dtype`` float32, or what a module is in. Instead, ``args`` are ready inputs of any
    form; ``kwargs`` are ready ones by name, beside either. ``strict`` raises UncountedOps if an
    operator has no rule. A module is as it was afterwards. Raises UsageError, ModelError.
    """
    check_model(model)
    args, kwargs = ready(args, kwargs, input=input, batch=batch, dtype=dtype)
    for one in () if batch is None else (batch,):
        check_batch(one)
    asked = dtypes_of(dtype)
    if asked is not None and asked not in FLOATS:
        raise UnknownName("dtype", str(asked), FLOATS, f"Known: {', '.join(FLOATS)}.")
    if isinstance(model, nn.Module):
        name, network = type(model).__name__, model
        kind = asked or own_dtype(network)
        specs = specs_beside(input, args, kwargs, kind)
        default = (InputSpec.parse(sources.DEFAULT_INPUT),)
        call = _Call(default if specs is None else specs, batch or 1, kind, args, kwargs)
        costs = count_costs(network, call.on(network))
    else:
        name, kind = sources.full_name(model), asked or "float32"
        source = sources.find(name, trusted=trusted)
        specs = specs_beside(input, args, kwargs, kind)
        call = _Call(
            source.inputs if specs is None else specs, batch or source.batch, kind, args, kwargs
        )
        with switches.kept(), journal.held("count", name):
            network, costs = _count_source(name, source, call)
    if strict and costs.uncounted:
        raise UncountedOps(
            f"{name} uses operators that have no cost rule: {', '.join(costs.uncounted)}.",
            "Count without --strict to see the rest; lightbench.register_rule says what one costs.",
        )
    of_the_case: dict[str, Any] = {"inputs": call.specs, "batch": call.batch, "dtype": kind}
    if args is not None:
        of_the_case = defaults_of(Given(network, args, kwargs))
    case = Case(model=name, **of_the_case)
    handed = Arguments(args, dict(kwargs)) if args is not None else call.on(network)("meta")
    return Counts(case, costs, network, *handed, named=isinstance(model, str))


class _Call(NamedTuple):
    """How the network is called that is counted."""

    specs: tuple[Input, ...]
    batch: int
    dtype: str
    args: tuple[Any, ...] | None
    kwargs: Mapping[str, Any]

    def on(self, network: nn.Module) -> Callable[[str], Arguments]:
        """Its arguments, for each device; on meta those that are ready have no values."""

        def make(device: str) -> Arguments:
            given = Arguments(self.args or (), dict(self.kwargs))
            if device == "meta":
                given = map_tensors(partial(torch.empty_like, device="meta"), given)
            made = make_arguments(
                () if self.args is not None else without(self.specs, self.kwargs),
                batch=self.batch,
                dtype=self.dtype,
                device=device,
                ids=fewest_ids(network),
            )
            return Arguments((*made.args, *given.args), {**made.kwargs, **given.kwargs})

        return make


def _count_source(name: str, source: sources.Source, call: _Call) -> tuple[nn.Module, Costs]:
    """Build without weights if that works: no memory, no initialisation. If not, with them."""

    def built() -> nn.Module:
        with own_switches.loading(name):
            network = source.build()
        return as_asked(network, call.dtype, call.on(network))

    with own_switches.loading(name):
        source.load()
    try:
        with without_memory():
            network = built()
        return network, count_costs(network, call.on(network))
    except UsageError:
        raise
    except Exception as first:  # noqa: BLE001  with weights it either works, or says what is wrong
        try:
            with torch.random.fork_rng(devices=[]):
                network = built()
            return network, count_costs(network, call.on(network))
        except Exception as second:  # noqa: BLE001
            raise told(first, second) from None
