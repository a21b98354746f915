"""lightbench from Python: the same nouns as the command line, as objects whose repr is the table."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, get_args

import torch
from torch import Tensor, nn
from torch.utils import _pytree as pytree

from lightbench import suite
from lightbench.costs.conventions import CONVENTIONS, convert, difference
from lightbench.costs.count import count_costs
from lightbench.costs.crosscheck import crosscheck
from lightbench.errors import UncountedOps, UnknownName, UsageError
from lightbench.exporters import View, profile_view
from lightbench.exporters._costs import ConventionRow, counts_view, layers_view
from lightbench.identity import identity_of
from lightbench.models import sources
from lightbench.models._inputs import make_inputs, specs_of
from lightbench.nouns import Opinion
from lightbench.profiler import Given, own_dtype
from lightbench.records import Case, Costs, Dtype, Identity, InputSpec, Latency, Op, Record
from lightbench.shown import Shown
from lightbench.timing.sampling import Progress, Rule
from lightbench.untimed import untimed

Model = str | nn.Module
Inputs = str | Sequence[str] | None


@dataclass(frozen=True, repr=False)
class Profile(Shown):
    """What `profile` found: ``records``, one per case; with a single one its fields are at hand."""

    records: tuple[Record, ...]

    @property
    def view(self) -> View:  # type: ignore[override]
        return profile_view(self.records)

    @property
    def record(self) -> Record:
        """The only record. Raises ValueError if there are several."""
        (record,) = self.records
        return record

    @property
    def costs(self) -> Costs | None:
        """Params, MAdds and memory access of the only record."""
        return self.record.costs

    @property
    def latency(self) -> Latency | None:
        """The latency of the only record."""
        return self.record.latency


@dataclass(frozen=True, repr=False)
class Counts(Shown):
    """What `count` found for one network: ``costs`` and, on demand, any convention."""

    case: Case
    costs: Costs
    network: nn.Module
    args: tuple[Any, ...]
    named: bool = True  # False: the network was handed over

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

    @property
    def layers(self) -> tuple[Op, ...]:
        """One row per operator, in the order in which they run."""
        return self.costs.ops

    def layers_view(self, ops: Sequence[Op] | None = None) -> View:
        """The layers as a table; ``ops`` to sort or select them."""
        return layers_view(
            self.costs, self.layers if ops is None else ops, f"Layers of {self.model}"
        )

    def convention(self, name: str) -> int:
        """The count as another tool would give it: a key of ``lightbench list conventions``."""
        _known(name)
        return convert(self.costs, name).total

    def conventions(self, names: Sequence[str], *, check: bool = False) -> list[ConventionRow]:
        """Each convention with its difference to ``paper``; ``check`` runs the installed tools too."""
        for name in names:
            _known(name)
        paper = convert(self.costs, "paper")
        checks = {c.tool: c.verdict for c in self.crosscheck()} if check else {}
        return [
            ConventionRow(
                self.model,
                name,
                CONVENTIONS[name].says,
                (counted := convert(self.costs, name)).total,
                difference(counted, paper),
                checks.get(name, ""),
            )
            for name in names
        ]

    def crosscheck(self) -> list[Opinion]:
        """The installed thop and fvcore on the same network, on real tensors; they run once."""
        return list(self._opinions)

    def checked(self) -> Record:
        """What is stored of it: the costs, and what the installed thop and fvcore count."""
        return untimed(self.case, self.costs, identity=self.identity, opinions=self._opinions)

    @cached_property
    def _opinions(self) -> tuple[Opinion, ...]:
        with torch.random.fork_rng(devices=[]):
            network = self.network
            if any(t.is_meta for t in network.parameters()):
                network = sources.find(self.model).build()
            args = pytree.tree_map_only(Tensor, _with_values, self.args)
            return tuple(crosscheck(self.costs, network, args))


def _known(convention: str) -> None:
    if convention not in CONVENTIONS:
        raise UnknownName("convention", convention, CONVENTIONS)


def _with_values(tensor: Tensor) -> Tensor:
    if not tensor.is_meta:
        return tensor
    if tensor.is_floating_point():
        return torch.randn(tensor.shape).to(tensor.dtype)
    return torch.zeros(tensor.shape, dtype=tensor.dtype)


def load_model(model: str) -> nn.Module:
    """Build a network by name: ours, ``torchvision:``, ``timm:`` or ``file.py:Class``, with random
    weights. Raises UnknownName, UsageError, ModelError, MissingPackage."""
    return sources.find(model).build()


def check_model(model: Any) -> None:
    if not isinstance(model, (str, nn.Module)):
        hint = f"Build it first: {model.__name__}()." if isinstance(model, type) else ""
        raise UsageError(f"a model is a name or a torch.nn.Module, got {model!r}.", hint)


def count(
    model: Model,
    *,
    input: Inputs = None,  # noqa: A002  the word of the command line
    batch: int = 1,
    dtype: str | None = None,
    args: tuple[Any, ...] | None = None,
    strict: bool = False,
    trusted: bool = True,
) -> Counts:
    """Count a network: params, MAdds and memory access, exactly, without running it on data.

    ``model`` is a name (see `load_model`) or a module. ``input`` is a shape without the batch,
    "3x224x224", or several; ``args`` are ready inputs of any form instead. ``dtype`` is float32, or
    what a module is in. ``strict`` raises UncountedOps if an operator has no rule. A module is as it
    was afterwards.
    """
    check_model(model)
    suite.check_batch(batch)
    if dtype is not None and dtype not in get_args(Dtype):
        raise UnknownName("dtype", dtype, get_args(Dtype), f"Known: {', '.join(get_args(Dtype))}.")
    specs = specs_of(input)
    if isinstance(model, nn.Module):
        name, network = type(model).__name__, model
        dtype = dtype or own_dtype(network)
        specs = specs or (InputSpec.parse(sources.DEFAULT_INPUT),)
        costs = count_costs(network, _inputs(specs, batch, dtype, args))
    else:
        name, source, dtype = model, sources.find(model, trusted=trusted), dtype or "float32"
        specs = specs or source.inputs
        network, costs = _count_source(source, dtype, _inputs(specs, batch, dtype, args))
    if strict and costs.uncounted:
        raise UncountedOps(
            f"{name} uses operators that have no cost rule: {', '.join(costs.uncounted)}.",
            "Count without --strict to see the rest, and report the operator.",
        )
    made = _inputs(specs, batch, dtype, args)("meta")[0]
    case = Case(model=name, **_of_the_case(network, specs, batch, dtype, args))
    named = isinstance(model, str)
    return Counts(case, costs, network, args if args is not None else made, named)


def _of_the_case(
    network: nn.Module,
    specs: Sequence[InputSpec],
    batch: int,
    dtype: str,
    args: tuple[Any, ...] | None,
) -> dict[str, Any]:
    if args is not None:
        return defaults_of(Given(network, args))
    return {"inputs": tuple(specs), "batch": batch, "dtype": dtype}


def _count_source(
    source: sources.Source,
    dtype: str,
    inputs: Callable[[str], tuple[tuple[Any, ...], dict[str, Any]]],
) -> tuple[nn.Module, Costs]:
    """Build without weights if that works: no memory, no initialisation. If not, with them."""
    kind = getattr(torch, dtype)
    try:
        with torch.device("meta"):
            network = source.build().to(kind)
        return network, count_costs(network, inputs)
    except UsageError:
        raise
    except Exception:  # noqa: BLE001  with weights it either works, or says what is wrong
        with torch.random.fork_rng(devices=[]):
            network = source.build().to(kind)
        return network, count_costs(network, inputs)


def _inputs(
    specs: Sequence[InputSpec], batch: int, dtype: str, args: tuple[Any, ...] | None
) -> Callable[[str], tuple[tuple[Any, ...], dict[str, Any]]]:
    def make(device: str) -> tuple[tuple[Any, ...], dict[str, Any]]:
        if args is None:
            return make_inputs(specs, batch=batch, dtype=dtype, device=device), {}
        if device != "meta":
            return args, {}
        return pytree.tree_map_only(Tensor, lambda t: torch.empty_like(t, device="meta"), args), {}

    return make


def profile(
    *models: Model,
    device: str = "cpu",
    engine: str | Sequence[str] = "eager",
    batch: int | Sequence[int] | None = None,
    threads: int | Sequence[int] | None = None,
    dtype: str | Sequence[str] | None = None,
    mode: str | Sequence[str] = "infer",
    layout: str | Sequence[str] = "contiguous",
    options: Sequence[str] = (),
    input: Inputs = None,  # noqa: A002  the word of the command line
    args: tuple[Any, ...] | None = None,
    rel: float = 0.01,
    max_seconds: float = 10.0,
    seed: int | None = None,
    trusted: bool = True,
    stored: Sequence[Record] = (),
    say: Callable[[str], None] = lambda _text: None,
    progress: Callable[[Progress], None] | None = None,
    keep: Callable[[Record], None] = lambda _record: None,
    anchored: bool = False,
    force: bool = False,
) -> Profile:
    """Count and time networks, side by side; where an axis has several values, every combination is a
    case.

    A model is a name (see `load_model`), or a module, of which a copy is timed. ``batch`` is 1 and
    ``dtype`` float32 (of a module: its own) unless said; ``args`` are ready inputs for a module, of
    any form, and say the batch: it is the first size of the first tensor. ``rel`` is how well each
    median is to be known (0.01: its 95 % interval within 1 %), ``max_seconds`` how long each case may
    take for it. ``device`` is "cpu", "cuda:1", "npu:0,1", "auto"; ``options`` are those of an
    accelerator: "graph", "cold-cache", "h2d", "energy".

    Of ``stored`` records those are taken that are still of the same network and of this machine, and
    as good as asked for; none with ``force``. ``keep`` gets every new record; with ``anchored`` also
    those of two or three networks more, by which times of this run can be compared with those of
    others (see `lightbench.report`). A case that fails is a record that says so. Raises UsageError for what fits no case,
    DeviceUnavailable.
    """
    if not models:
        raise UsageError("no model is named.", 'Try lightbench.profile("mobilenet_v2").')
    for model in models:
        check_model(model)
    if args is not None and (batch is not None or input):
        raise UsageError("args say the batch and the shape of the input themselves.")
    names, given = handed_over(models, args)
    if args is not None and len(given) < len(names):
        raise UsageError("args are for modules, not for models by name.", "Use input and batch.")
    cases, errors = suite.plan(
        names,
        inputs=specs_of(input),
        at_hand={name: defaults_of(of) for name, of in given.items()},
        trusted=trusted,
        device=[device],
        engine=_list(engine),
        threads=_list(threads),
        dtype=_list(dtype),
        mode=_list(mode),
        layout=_list(layout),
        options=[tuple(sorted(set(_list(options))))],
        batch=_list(batch),
    )
    records = suite.run(
        cases,
        rule=Rule(rel=rel, max_s=max_seconds),
        given=given,
        errors=errors,
        stored=stored,
        seed=seed,
        trusted=trusted,
        say=say,
        progress=progress,
        keep=keep,
        anchored=anchored,
        force=force,
    )
    return Profile(tuple(records))


def handed_over(
    models: Sequence[Model], args: tuple[Any, ...] | None
) -> tuple[list[str], dict[str, Given]]:
    """Names for all models; those that are modules also by that name."""
    names: list[str] = []
    given: dict[str, Given] = {}
    for model in models:
        if isinstance(model, str):
            names.append(model)
            continue
        name = type(model).__name__
        same = sum(known.partition("#")[0] == name for known in given)
        name = f"{name}#{same + 1}" if same else name
        names.append(name)
        given[name] = Given(model, args)
    return names, given


def defaults_of(given: Given) -> dict[str, Any]:
    """What a handed-over network says about its case by itself."""
    dtype = own_dtype(given.network)
    if given.args is None:
        return {"dtype": dtype}
    tensors = [x for x in pytree.tree_leaves(given.args) if isinstance(x, Tensor) and x.numel()]
    kinds = [str(x.dtype).removeprefix("torch.") for x in tensors]
    return {
        "dtype": dtype,
        "batch": next((len(x) for x in tensors if x.dim()), 1),
        "inputs": tuple(
            InputSpec(shape=tuple(x.shape[1:]) or (1,), dtype=None if kind == dtype else kind)
            for x, kind in zip(tensors, kinds, strict=True)
        ),
    }


def _list(value: Any) -> list[Any]:
    one = isinstance(value, str) or not isinstance(value, Iterable)
    return [value] if one else list(value)


__all__ = ["Case", "Counts", "Profile", "count", "load_model", "profile"]
