"""One case -> one record: load the network, count it, make it run, and put what was timed beside it.

A network that the caller hands over is copied: training, another precision or layout, and what its
own ``forward`` keeps from call to call happen to the copy.
"""

from __future__ import annotations

import copy
import random
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NamedTuple, get_args

import msgspec
import torch
from torch import Tensor
from torch.nn.parameter import is_lazy
from torch.utils import _pytree as pytree

from lightbench import registry, units
from lightbench.arguments import map_tensors, tensors_in
from lightbench.costs.count import count_costs
from lightbench.devices import Device
from lightbench.engines._program import NO_KEYWORDS
from lightbench.errors import LightbenchError, ModelError, OutOfMemory
from lightbench.faults import explain, explain_plainly
from lightbench.identity import identity_of
from lightbench.inputs import without
from lightbench.models import sources
from lightbench.models._inputs import (
    SETTLING_IMAGES,
    Arguments,
    fewest_ids,
    lay_out,
    make_arguments,
    settle_norms,
)
from lightbench.records import (
    CONTENDED,
    SCHEMA,
    Case,
    Costs,
    Dtype,
    Environment,
    Failure,
    Identity,
    Record,
    Run,
    Samples,
)
from lightbench.timing import contention, environment
from lightbench.timing.stats import contended, summarize

if TYPE_CHECKING:
    from torch import nn

    from lightbench.engines._program import Program
    from lightbench.timing.sampling import Step


class Given(NamedTuple):
    """A network that the caller hands over instead of a name, with inputs of any form, or none:
    without ``args`` those without a name are made for it."""

    network: nn.Module
    args: tuple[Any, ...] | None = None
    kwargs: Mapping[str, Any] = NO_KEYWORDS


def own_dtype(network: nn.Module) -> str:
    """The precision of its first weights, which decides what inputs it takes."""
    names = (str(tensor.dtype).removeprefix("torch.") for tensor in network.parameters())
    return next((name for name in names if name in get_args(Dtype)), "float32")


class Prepared(NamedTuple):
    """A case that is ready to be timed."""

    case: Case
    costs: Costs
    network: nn.Module
    program: Program
    step: Step
    peak_memory_bytes: int | None
    warnings: tuple[str, ...]
    first_call_s: float | None = None  # the very first one, in which kernels are compiled or chosen
    identity: Identity | None = None


def prepare(
    case: Case, device: Device, given: Given | None = None, *, trusted: bool = True
) -> Prepared:
    """Load, count, and run once, in a session of the case's device. Raises a LightbenchError that says
    what is wrong with the case."""
    device.refuse(layout=case.layout, dtype=case.dtype, mode=case.mode)
    where = device.torch_device
    network, identity = _network(case, given, where, trusted=trusted)
    costs = count_costs(
        network, lambda kind: _arguments(case, network, given, "meta" if kind == "meta" else where)
    )
    _check_memory(costs, case, device.free_memory())
    given_to = _arguments(case, network, given, where)
    if given is None and where == "cpu":
        settle_norms(network, *given_to)
    try:
        program = registry.load("engine", case.engine).prepare(network, *given_to, mode=case.mode)
        with device.noticing() as noticed:
            first_call_s, warnings = _first_look(program, device)
        peak = device.peak_memory(program.call, program.context)
        step = device.step(program.call, program.context, tuple(tensors_in(given_to)))
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        raise explain(network, error) from error
    held = costs.param_bytes + sum(t.nbytes for t in tensors_in(given_to))
    return Prepared(
        case,
        costs,
        network,
        program,
        step,
        None if peak is None else peak + held,
        (*device.concerns(), *warnings, *noticed),
        None if where == "meta" else first_call_s,
        identity,
    )


def measured(
    prepared: Prepared, samples: Samples, where: Environment, run: Run | None = None
) -> Record:
    """The record of a case that was timed, with what a reader must know about it. ``run`` is that of
    all that were timed in the same rounds."""
    if prepared.first_call_s is not None:
        samples = msgspec.structs.replace(samples, first_call_s=prepared.first_call_s)
    case, latency = prepared.case, summarize(samples)
    warnings = [*prepared.warnings, *environment.warnings(where), *disturbed(samples, where)]
    if samples.throttled_rounds:
        warnings.append(
            f"{units.count(samples.throttled_rounds)} rounds were thrown away: the device was slowed down."
        )
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
        identity=prepared.identity,
        run=run,
    )


def count(case: Case, network: nn.Module | None = None) -> Costs:
    """What a case by name costs, or a ``network`` that was built for it; nothing is timed. Raises a
    LightbenchError."""
    with random_numbers_kept():
        if network is None:
            network, _ = _network(case, None, "cpu", trusted=True)
        else:
            network = network.to(getattr(torch, case.dtype))
        return count_costs(network, lambda kind: _arguments(case, network, None, kind))


def counted(prepared: Prepared, where: Environment) -> Record:
    """The record of a case that was made ready and then not timed."""
    return Record(
        schema=SCHEMA,
        time=_now(),
        case=prepared.case,
        status="ok",
        environment=where,
        costs=prepared.costs,
        warnings=prepared.warnings,
        identity=prepared.identity,
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


def _network(
    case: Case, given: Given | None, where: str, *, trusted: bool
) -> tuple[nn.Module, Identity]:
    dtype = getattr(torch, case.dtype)
    if given is None:
        source = sources.find(case.model, trusted=trusted)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(0)
            network = source.build()
        identity = identity_of(case.model, network)
        if where not in ("cpu", "meta"):  # on the host: the device's first call is timed, and apart
            few = min(case.batch, SETTLING_IMAGES)
            settle_norms(network, *make_arguments(case.inputs, batch=few, ids=fewest_ids(network)))
    else:
        network = _copied(case.model, given.network)
        identity = identity_of(None, network)
        if case.dtype == own_dtype(given.network):
            dtype = None  # some layers may be kept in another precision on purpose
    try:
        if dtype is not None or any(p.device.type != where for p in network.parameters()):
            network = network.to(device=where, dtype=dtype)
        if case.layout == "channels_last":
            network = network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    except Exception as error:
        wanted = f"{case.device}, {case.dtype}, {case.layout}"
        raise explain_plainly(f"{case.model} cannot be made {wanted}", error) from error
    return network, identity


def _copied(name: str, network: nn.Module) -> nn.Module:
    if any(map(is_lazy, [*network.parameters(), *network.buffers()])):
        raise ModelError(
            f"{name} has lazy modules, whose shapes are not known before their first call.",
            "Call it once with an input, then profile it.",
        )
    try:
        return copy.deepcopy(network)
    except Exception as error:
        reason = explain_plainly(f"{name} cannot be copied, and only a copy is timed", error)
        raise ModelError(reason.message, "Name the code instead: path/file.py:Class.") from error


def _arguments(case: Case, network: nn.Module, given: Given | None, where: str) -> Arguments:
    kwargs: Mapping[str, Any] = {} if given is None else given.kwargs
    made = make_arguments(
        () if given and given.args is not None else without(case.inputs, kwargs),
        batch=case.batch,
        dtype=case.dtype,
        layout=case.layout,
        device=where,
        ids=fewest_ids(network),
    )
    if given is None:
        return made
    cast = getattr(torch, case.dtype) if case.dtype != own_dtype(given.network) else None

    def moved(x: Tensor) -> Tensor:
        x = lay_out(x.to(cast) if cast and x.is_floating_point() else x, case.layout)
        if where != "meta":
            return x.to(where)
        return torch.empty_strided(x.shape, x.stride(), dtype=x.dtype, device="meta")

    ready = map_tensors(moved, Arguments(given.args or (), dict(kwargs)))
    return Arguments((*made.args, *ready.args), {**made.kwargs, **ready.kwargs})


def _is_tensor(value: Any) -> bool:
    return isinstance(value, Tensor)


def _check_memory(costs: Costs, case: Case, free: int | None) -> None:
    """Say so before the operating system kills the process: a lower bound of what is needed."""
    needed = costs.param_bytes + max(
        (op.read_bytes + op.write_bytes for op in costs.ops), default=0
    )
    if free is not None and needed > free:
        raise OutOfMemory(
            f"out of memory: {case.model} at batch {case.batch} needs more than {units.size(needed)},"
            f" and {units.size(free)} are free.",
            "Try a smaller --batch or --input.",
        )


def _first_look(program: Program, device: Device) -> tuple[float, tuple[str, ...]]:
    """Run once: does it run at all, how long does that take, and are its outputs numbers?"""
    with program.context():
        start = time.perf_counter()
        outputs = pytree.tree_leaves(program.call())
        device.synchronize()
        first_call_s = time.perf_counter() - start
    floats = [x for x in outputs if _is_tensor(x) and x.is_floating_point() and not x.is_meta]
    if all(bool(torch.isfinite(x).all()) for x in floats):
        return first_call_s, ()
    return first_call_s, (
        "the output has NaN or infinite values: its time may not be that of a working network.",
    )


@contextmanager
def random_numbers_kept() -> Iterator[None]:
    """Give back the random states of Python and PyTorch: dropout draws from the caller's."""
    state = random.getstate()
    with torch.random.fork_rng(devices=[]):
        try:
            yield
        finally:
            random.setstate(state)


def disturbed(samples: Samples, where: Environment) -> tuple[str, ...]:
    """What says that these times are too long because of others, in an environment that has noted
    what went on meanwhile; where it has not, or not how long threads waited, their clock says."""
    if reasons := contention.reasons(where):
        return reasons
    threads = where.comparable.get("threads")
    if not contention.decides(where) and contended(
        samples, threads if isinstance(threads, int) else None
    ):
        return (f"{CONTENDED}: other programs used this CPU meanwhile.",)
    return ()


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
