"""One case -> one record: load the network, count it, make it run, and put what was timed beside it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NamedTuple

import torch
from torch import Tensor
from torch.utils import _pytree as pytree

from lightbench import registry
from lightbench.costs.count import count_costs
from lightbench.errors import LightbenchError, OutOfMemory
from lightbench.faults import explain
from lightbench.models import sources
from lightbench.models._inputs import make_inputs, settle_norms
from lightbench.records import SCHEMA, Case, Costs, Environment, Failure, Record, Samples
from lightbench.timing import environment
from lightbench.timing.stats import contended, summarize
from lightbench.units import size

if TYPE_CHECKING:
    from torch import nn

    from lightbench.timing.sampling import Step


class Given(NamedTuple):
    """A network that the caller hands over instead of a name, with inputs of any form, or none."""

    network: nn.Module
    args: tuple[Any, ...] | None = None


class Prepared(NamedTuple):
    """A case that is ready to be timed."""

    case: Case
    costs: Costs
    step: Step
    peak_memory_bytes: int | None
    warnings: tuple[str, ...]


def prepare(case: Case, given: Given | None = None, *, trusted: bool = True) -> Prepared:
    """Load, count, and run once. Raises a LightbenchError that says what is wrong with the case."""
    device = registry.load("device", case.device)
    network = _network(case, given, trusted=trusted)
    args = _arguments(case, given, device.torch_device)
    if given is None and device.torch_device != "meta":
        settle_norms(network, args)
    costs = count_costs(network, lambda where: (_on(args, where), {}))
    _check_memory(costs, case)
    program = registry.load("engine", case.engine).prepare(network, args, mode=case.mode)
    warnings = _first_look(network, program.call, program.context)
    peak = device.peak_memory(program.call, program.context)
    held = costs.param_bytes + sum(t.nbytes for t in pytree.tree_leaves(args) if _is_tensor(t))
    return Prepared(
        case,
        costs,
        device.step(program.call, program.context),
        None if peak is None else peak + held,
        warnings,
    )


def measured(prepared: Prepared, samples: Samples, where: Environment) -> Record:
    """The record of a case that was timed, with what a reader must know about it."""
    case, latency = prepared.case, summarize(samples)
    warnings = [*prepared.warnings, *environment.warnings(where)]
    if contended(samples, _threads(where)):
        warnings.append("contended: other programs used this CPU meanwhile.")
    return Record(
        schema=SCHEMA,
        time=_now(),
        case=case,
        status="ok",
        environment=where,
        costs=prepared.costs,
        samples=samples,
        latency=latency,
        peak_memory_bytes=prepared.peak_memory_bytes,
        warnings=tuple(warnings),
    )


def failed(case: Case, error: Exception, where: Environment) -> Record:
    """The record of a case that has no result. An error that is not ours to explain is raised."""
    if not isinstance(error, LightbenchError):
        raise error
    return Record(
        schema=SCHEMA,
        time=_now(),
        case=case,
        status="failed",
        environment=where,
        failure=Failure(
            error=type(error).__name__,
            message=error.message,
            hint=error.hint,
            exit_code=error.exit_code,
        ),
    )


def _network(case: Case, given: Given | None, *, trusted: bool) -> nn.Module:
    device = registry.load("device", case.device).torch_device
    if given is not None:
        return given.network
    source = sources.find(case.model, trusted=trusted)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        network = source.build()
    network = network.to(device=device, dtype=getattr(torch, case.dtype))
    if case.layout == "channels_last":
        network = network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    return network


def _arguments(case: Case, given: Given | None, device: str) -> tuple[Any, ...]:
    if given is not None and given.args is not None:
        return given.args
    return make_inputs(
        case.inputs, batch=case.batch, dtype=case.dtype, layout=case.layout, device=device
    )


def _is_tensor(value: Any) -> bool:
    return isinstance(value, Tensor)


def _on(args: Any, where: str) -> Any:
    if where != "meta":
        return args
    return pytree.tree_map_only(
        Tensor,
        lambda t: torch.empty_strided(t.shape, t.stride(), dtype=t.dtype, device="meta"),
        args,
    )


def _check_memory(costs: Costs, case: Case) -> None:
    """Say so before the operating system kills the process: a lower bound of what is needed."""
    needed = costs.param_bytes + max(
        (op.read_bytes + op.write_bytes for op in costs.ops), default=0
    )
    free = registry.load("device", case.device).free_memory()
    if free is not None and needed > free:
        raise OutOfMemory(
            f"out of memory: {case.model} at batch {case.batch} needs more than {size(needed)},"
            f" and {size(free)} are free.",
            "Try a smaller --batch or --input.",
        )


def _first_look(
    network: nn.Module,
    call: Callable[[], Any],
    context: Callable[[], AbstractContextManager[Any]],
) -> tuple[str, ...]:
    """Run once, untimed: does it run at all, and are its outputs numbers?"""
    try:
        with context():
            outputs = pytree.tree_leaves(call())
    except Exception as error:
        raise explain(network, error) from error
    floats = [x for x in outputs if _is_tensor(x) and x.is_floating_point() and not x.is_meta]
    if all(bool(torch.isfinite(x).all()) for x in floats):
        return ()
    return (
        "the output has NaN or infinite values: its time may not be that of a working network.",
    )


def _threads(where: Environment) -> int | None:
    threads = where.comparable.get("threads")
    return threads if isinstance(threads, int) else None


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
