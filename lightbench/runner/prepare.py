"""One case -> one record: load the network, count it, make it run, and put what was timed beside it.

A network that the caller hands over is copied: training, another precision or layout, and what its
own ``forward`` keeps from call to call happen to the copy.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from threading import Thread
from typing import TYPE_CHECKING, Any, NamedTuple

import torch
from torch import Tensor
from torch.nn.parameter import is_lazy

from lightbench.costs.count import MakeInputs, count_costs
from lightbench.costs.precision import as_asked, cast, own_dtype
from lightbench.devices import Device
from lightbench.engines import Context, Program, eager
from lightbench.engines.support import named
from lightbench.errors import ModelError
from lightbench.graphs.support.network import FileNetwork
from lightbench.models import sources
from lightbench.models.inputs import (
    SETTLING_IMAGES,
    Arguments,
    fewest_ids,
    lay_out,
    make_arguments,
    settle_norms,
)
from lightbench.models.sources import own_switches
from lightbench.process import patched, switches
from lightbench.records import (
    Case,
    Costs,
    Identity,
    Samples,
)
from lightbench.records.arguments import bytes_of, map_tensors, tensors_in
from lightbench.records.failure import explain, explain_plainly
from lightbench.records.inputs import without
from lightbench.records.outputs import Conversion, Outputs
from lightbench.runner import abilities, anew, beyond, file_outputs, later, off_path
from lightbench.runner import outputs as outputs_of
from lightbench.runner.conversion import converted
from lightbench.runner.conversion.converted import on_engine
from lightbench.runner.first_run import FirstRun, first_run
from lightbench.runner.given import Given
from lightbench.runner.identity import identity_of
from lightbench.runner.session import process_kept
from lightbench.runner.suspect import suspicions
from lightbench.runner.watch import Watch, threads_now
from lightbench.stats.median import median
from lightbench.workers import journal

if TYPE_CHECKING:
    from torch import nn

    from lightbench.timing.clock import Step


Handed = tuple[tuple[Any, ...], dict[str, Any]]  # arguments, and those by name


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
    bracket: Callable[[Context], Step] | None = None  # makes a step in a context of its own
    takes_gradients: bool = False  # in its forward pass, so that it runs under no_grad
    again: Callable[[Samples], tuple[str, ...]] = lambda _samples: ()  # what later calls show
    outputs: Outputs | None = None
    conversion: Conversion | None = None
    given: Handed = ((), {})  # what it is called with
    fed: Handed = ((), {})  # where its context finds what that is: other values here are answered
    answered: file_outputs.Answered | None = None  # of a model file


def prepare(
    case: Case, device: Device, given: Given | None = None, *, trusted: bool = True
) -> Prepared:
    """Load, count, and run once, in a session of the case's device. Raises a LightbenchError that says
    what is wrong with the case."""
    sources.refuse_fallen(on_engine(case))
    abilities.refuse(case)
    device.refuse(layout=case.layout, dtype=abilities.built_as(case).dtype, mode=case.mode)
    with switches.kept(), patched.given_back():  # whatever the network's code sets is its own
        return _prepared(case, device, given, trusted=trusted)


def _prepared(case: Case, device: Device, given: Given | None, *, trusted: bool) -> Prepared:
    where = device.torch_device
    others = threads_now()
    built = abilities.built_as(case)
    with own_switches.loading(given.name if given else case.model) as own:
        network, identity = _network(built, given, where, trusted=trusted)
    inputs = _inputs(built, network, given, where)
    start = switches.now()
    with journal.held("count", case.model):
        costs = count_costs(network, inputs)
    beyond.check_memory(costs, case, device.free_memory())
    try:
        with journal.held("first call", on_engine(case)):
            called = _called(
                case,
                device,
                network,
                inputs,
                own,
                start,
                others,
                (identity, costs),
                settle=given is None,
            )
    except BaseException as error:
        journal.let_through(error)
        raise explain(network, error) from error
    first = later.First(
        case,
        device,
        network,
        called.given,
        inputs,
        costs,
        called.step,
        called.watch,
        called.look,
        later.held_bytes(network),
    )
    held = costs.param_bytes + bytes_of(called.given)
    return Prepared(
        case,
        costs,
        network,
        called.program,
        called.step,
        None if called.peak is None else called.peak + held,
        (*device.concerns(), *called.said),
        None if where == "meta" else called.look.seconds,
        identity,
        called.bracket,
        called.look.gradients,
        partial(_again, first, own),
        called.outputs,
        called.conversion,
        called.given,
        called.fed,
        called.answered,
    )


class _Called(NamedTuple):
    """A network after its first call, as it is called from now on."""

    program: Program
    step: Step
    bracket: Callable[[Context], Step]
    look: FirstRun
    peak: int | None
    given: Handed
    fed: Handed
    watch: Watch
    said: tuple[str, ...]
    outputs: Outputs | None
    conversion: Conversion | None
    answered: file_outputs.Answered | None


def _called(
    case: Case,
    device: Device,
    network: nn.Module,
    inputs: MakeInputs,
    own: switches.Values,
    start: switches.Values,
    others: frozenset[Thread],
    what: tuple[Identity, Costs],
    *,
    settle: bool,
) -> _Called:
    """``own`` switches are those that its code has set, and ``start`` all of them before it is called;
    ``others`` are threads that are not its, and ``what`` says which network it is. Raises whatever the
    network does."""
    given_to = inputs(device.torch_device)
    if settle and device.torch_device == "cpu":
        settle_norms(network, *given_to)
    held = case.engine != "eager" and case.mode == "infer" and device.torch_device != "meta"
    held_against = None
    if held and not isinstance(network, FileNetwork):
        held_against = outputs_of.reference(network, given_to, case.dtype)
    program, conversion = _program(case, device, network, given_to, what)
    with device.noticing() as noticed:
        look = first_run(program, device, given_to)
    running = switches.told(switches.changed(start))
    switches.put({name: start[name] for name in running})
    program, fed = look.program, given_to
    if look.overwritten:
        fed = originals = inputs(device.torch_device)
        program = program.around(lambda inside: anew.restoring(inside, given_to, originals))
    program = program.around(lambda inside: switches.holding(inside, own, running))
    watch = Watch(program, look.answer, threads_now() - others)

    def bracket(context: Context) -> Step:
        step = device.step(program.call, context, tuple(tensors_in(given_to)))
        timed = anew.one_by_one(step) if look.overwritten else step
        if device.torch_device == "meta":  # nothing is answered there
            return journal.marked("timed", on_engine(case), timed)
        return journal.marked("timed", on_engine(case), watch.around(timed, context))

    peak = device.peak_memory(program.call, program.context)
    outputs: Outputs | None = None
    answered: file_outputs.Answered | None = None
    if isinstance(held_against, outputs_of.Reference):
        outputs = held_against.holds(program, given_to, reads=not look.overwritten)
    said = (*_said(own, running), *look.said(), *outputs_of.said(held_against, outputs), *noticed)
    if conversion:
        said += tuple(off_path.said(conversion.left))
        said += converted.more_threads(program, torch.get_num_threads())
    if held and isinstance(
        network, FileNetwork
    ):  # now, as NumPy's threads wait actively afterwards
        answered = file_outputs.answered(case, network, program, given_to)
        ((outputs, told),) = file_outputs.judged([answered])
        said += told
    step = bracket(program.context)
    return _Called(
        program,
        step,
        bracket,
        look,
        peak,
        given_to,
        fed,
        watch,
        said,
        outputs,
        conversion,
        answered,
    )


def _program(
    case: Case,
    device: Device,
    network: nn.Module,
    given_to: Handed,
    what: tuple[Identity, Costs],
) -> tuple[Program, Conversion | None]:
    if isinstance(network, FileNetwork) and device.torch_device != "meta":
        return converted.read(case, network, given_to)
    engine = named.find(case.engine)
    if not abilities.converts(engine):
        return engine.prepare(network, *given_to, mode=case.mode), None
    if device.torch_device == "meta":  # nothing runs, and nothing is made for it
        return eager.prepare(network, *given_to, mode=case.mode), None
    return converted.prepare(case, network, given_to, what)


def as_if_taking_gradients(prepared: Prepared) -> Prepared:
    """The same network in the context of those that do, to be timed beside such a one."""
    context = prepared.program.with_gradients
    if prepared.takes_gradients or context is None or prepared.bracket is None:
        return prepared
    return prepared._replace(
        program=Program(prepared.program.call, context),
        step=prepared.bracket(context),
        takes_gradients=True,
    )


def count(case: Case, network: nn.Module | None = None) -> Costs:
    """What a case by name costs, or a ``network`` that was built for it; nothing is timed. Raises a
    LightbenchError."""
    case = abilities.built_as(case)
    with process_kept(), switches.kept():
        with own_switches.loading(case.model):
            if network is None:
                network, _ = _network(case, None, "cpu", trusted=True)
        inputs = _inputs(case, network, None, "cpu")
        network = as_asked(network, case.dtype, inputs)
        return count_costs(network, inputs)


def _network(
    case: Case, given: Given | None, where: str, *, trusted: bool
) -> tuple[nn.Module, Identity]:
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
        identity = identity_of(given.name, network)
    try:
        if given is None:
            network = as_asked(network, case.dtype, _inputs(case, network, None, "cpu"))
        elif case.dtype != own_dtype(given.network):
            network = cast(network, case.dtype)
        if any(t.device.type != where for t in (*network.parameters(), *network.buffers())):
            network = network.to(where)
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
    wanted = getattr(torch, case.dtype) if case.dtype != own_dtype(given.network) else None

    def moved(x: Tensor) -> Tensor:
        x = lay_out(x.to(wanted) if wanted and x.is_floating_point() else x, case.layout)
        if where == "meta":
            return torch.empty_strided(x.shape, x.stride(), dtype=x.dtype, device="meta")
        # A network may write to what it is given, and that is the caller's.
        return x.to(where, copy=not torch._debug_has_internal_overlap(x))  # noqa: SLF001

    ready = map_tensors(moved, Arguments(given.args or (), dict(kwargs)))
    return Arguments((*made.args, *ready.args), {**made.kwargs, **ready.kwargs})


def _inputs(case: Case, network: nn.Module, given: Given | None, where: str) -> MakeInputs:
    return lambda kind: _arguments(case, network, given, "meta" if kind == "meta" else where)


def _said(own: switches.Values, running: switches.Values) -> Iterator[str]:
    """What a network's code has set, when it was loaded and while it ran."""
    if known := switches.said(switches.told(own)):
        yield f"its code sets {known}: it is counted and timed so, and nothing else is."
    if running:
        yield f"it sets {switches.said(running)} while it runs."


def _again(first: later.First, own: switches.Values, samples: Samples) -> tuple[str, ...]:
    """What later calls show."""
    said: list[str] = []
    try:
        with switches.kept(), journal.held("timed", on_engine(first.case)):
            switches.put(own)
            said.extend(later.remarks(first, samples))
            said.extend(suspicions(first, median(samples.times_s)))
    except BaseException as error:  # noqa: BLE001  it could be called thousands of times
        journal.let_through(error)
        said.append(f"it failed when it was called after the timing: {type(error).__name__}.")
    return tuple(said)
