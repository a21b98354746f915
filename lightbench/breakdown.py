"""Run-time decomposition: how long each operator of a network takes, in place, on any device.

What Figure 2 of the ShuffleNet V2 paper (ECCV 2018) shows for two networks: how much of the time is
convolution, and how much goes into what multiply-adds do not see.
"""

from __future__ import annotations

import math
import random
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

from lightbench import devices
from lightbench.costs.borrow import Parts, Place, borrowed, parts_of, unwrap
from lightbench.costs.count import costs_of
from lightbench.costs.plans import Plan
from lightbench.costs.precision import own_dtype
from lightbench.costs.trace import Tracer
from lightbench.costs.work import Work
from lightbench.engines import Program
from lightbench.environment.allocator import keep_freed_memory
from lightbench.errors import ModelError, UnknownName, UsageError
from lightbench.exporters._breakdown import layers_view, parts_view
from lightbench.models.inputs import Inputs, specs_of
from lightbench.models.sources.not_networks import not_a_network
from lightbench.records import Environment, Record, Samples
from lightbench.records.failure import explain
from lightbench.runner.given import Given, dtypes_of
from lightbench.runner.plan import plan
from lightbench.runner.prepare import Prepared, prepare
from lightbench.runner.record import measured
from lightbench.runner.session import here, process_kept, with_noted
from lightbench.shown import Shown
from lightbench.timing.clock import Step, clocks
from lightbench.timing.shares import BY, WARMUP, Breakdown, Part, Pass, alternate
from lightbench.timing.stopping import Progress
from lightbench.views.table import View

Bracket = Callable[[Callable[[], Any], Callable[[], AbstractContextManager[Any]]], Step]


@dataclass(frozen=True, repr=False)
class LayerTimes(Shown):
    """What `measure_layers` found: ``breakdown``, of which everything else is made."""

    breakdown: Breakdown

    @property
    def view(self) -> View:  # type: ignore[override]
        return self.by(None)

    @property
    def record(self) -> Record:
        """What is stored of it: the whole call, and the median times of the operators."""
        return self.breakdown.explained

    def parts(self, by: str | None) -> list[Part]:
        """Every operator (None), or groups of them: "kind", "op" or "module". Raises UnknownName."""
        if by is None:
            return list(self.breakdown.layers)
        if by not in BY:
            raise UnknownName("grouping", by, BY, f"Known: {', '.join(BY)}.")
        return self.breakdown.parts(by)

    def by(self, by: str | None, parts: Sequence[Part] | None = None) -> View:
        """The same as a table; ``parts`` to sort or select them."""
        parts = self.parts(by) if parts is None else parts
        if by is None:
            return layers_view(self.record, parts)
        return parts_view(self.record, parts, by)


def measure_layers(
    model: str | nn.Module,
    *,
    input: Inputs = None,  # noqa: A002  the word of the command line
    batch: int = 1,
    device: str = "cpu",
    engine: str = "eager",
    threads: int | None = None,
    dtype: str | torch.dtype | None = None,
    channels_last: bool = False,
    seconds: float = 5.0,
    seed: int | None = None,
    trusted: bool = True,
    say: Callable[[str], None] = lambda _text: None,
    progress: Callable[[Progress], None] | None = None,
) -> LayerTimes:
    """Time every operator of a network in place, beside the whole network.

    ``model`` is a name (see `load_model`), or a module, of which a copy is timed. In each round one
    pass stops the time of every operator with the device's own clock, and one call runs as always;
    rounds end after ``seconds``, but there are 6 if that is not ten times as long.

    What a stopwatch in between does to the times:

    - What happens between operators, Python above all, is in the whole call and in no operator.
    - Each operator is started from Python once more, which adds a few microseconds to it (1 to 2 on
      an AMD EPYC), and finds caches that Python has used meanwhile. If there are several threads,
      they have gone to sleep.
    - An accelerator is waited for after each operator, so that none hides behind another.

    The first makes the operators' sum too small, the others too large; ``breakdown.over_whole``, the
    sum over the whole call, shows by how much in the end. Attention modules are taken apart into
    their matrix products, as `count` does, also where the whole call takes PyTorch's fused path.

    Raises UnknownName, UsageError, ModelError, OutOfMemory, DeviceUnavailable.
    """
    if not (math.isfinite(seconds) and seconds > 0):
        raise UsageError(f"seconds must be a number above zero, got {seconds!r}.", "5 is usual.")
    name, given = _named(model)
    device = devices.one(device)
    (case,), errors = plan(
        [name],
        inputs=specs_of(input),
        at_hand={name: {"dtype": own_dtype(given.network)}} if given else None,
        trusted=trusted,
        device=[device],
        engine=[engine],
        threads=[threads],
        dtype=[dtypes_of(dtype)],
        layout=["channels_last" if channels_last else "contiguous"],
        batch=[batch],
    )
    for error in errors.values():
        raise error
    if engine != "eager":
        raise UsageError(
            f"operators run one by one in eager only, not in {engine!r}.", "Try --engine eager."
        )
    hardware = devices.find(device)
    if reason := hardware.unavailable():
        raise reason
    with process_kept(), hardware.session(threads=threads) as active:
        keep_freed_memory()
        where = here(hardware, device, active)
        say(f"{name}: load, count, first run")
        return LayerTimes(
            take_apart(
                prepare(case, hardware, given, trusted=trusted),
                where,
                hardware.step,
                watching=partial(hardware.watching, threads, active),
                seconds=seconds,
                clock=time.perf_counter,
                rng=random.Random(seed),
                report=progress,
            )
        )


def _named(model: str | nn.Module) -> tuple[str, Given | None]:
    if isinstance(model, str):
        return model, None
    if isinstance(model, nn.Module):
        network = unwrap(model)
        return type(network).__name__, Given(network)
    raise not_a_network(model)


def take_apart(
    prepared: Prepared,
    where: Environment,
    bracket: Bracket,
    *,
    seconds: float,
    clock: Callable[[], float],
    rng: random.Random,
    report: Callable[[Progress], None] | None = None,
    watching: Callable[[], AbstractContextManager[dict[str, Any]]] = lambda: nullcontext({}),
) -> Breakdown:
    """Time a network that is ready, and its operators one by one. ``bracket`` is a device's ``step``:
    it makes of a call one that says how long it took; ``watching`` is what it notes meanwhile. Raises ModelError for a network that fails, has
    no operators, or other ones from call to call."""
    network = unwrap(prepared.network)
    parts = parts_of(network)
    seen: list[Stopwatch] = []

    def one_pass() -> Pass:
        watch = _watch(parts, prepared.program, bracket)
        if not seen:
            seen.append(watch)
        if watch.operators != seen[0].operators:
            raise ModelError(
                f"{prepared.case.model} runs other operators from call to call.",
                "Their times have no median: measure the whole with `lightbench profile`.",
            )
        return watch.taken

    try:
        with watching() as noted:
            first, rounds = alternate(
                one_pass, prepared.step, seconds=seconds, clock=clock, rng=rng, report=report
            )
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        raise explain(network, error) from error
    watch = seen[0]
    if not watch.rows:
        raise ModelError(
            f"{prepared.case.model} has no operator that computes anything.",
            "Measure the whole with `lightbench profile`.",
        )
    counted = prepared.costs
    costs = costs_of(
        watch.rows,
        params=counted.params,
        param_bytes=counted.param_bytes,
        uncounted=dict(watch.uncounted),
        traced="real",
    )
    samples = Samples(
        **clocks([reading for _, reading in rounds]),
        first_call_s=first.wall_s,
        warmup_calls=WARMUP,
        stop="max_seconds",
    )
    record = measured(prepared._replace(costs=costs), samples, with_noted(where, noted))
    return Breakdown(record, tuple(taken for taken, _ in rounds))


def _watch(parts: Parts, program: Program, bracket: Bracket) -> Stopwatch:
    """One pass with a stopwatch; the network is as it was afterwards."""
    with borrowed(parts) as place, program.context():
        watch = Stopwatch(place, (*parts.parameters, *parts.buffers), bracket)
        with watch:
            output = program.call()
        watch.finish(output)
    return watch


class Call:
    """One operator with its arguments, to be run once."""

    __slots__ = ("args", "func", "kwargs", "out", "ran")

    def __init__(self, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        self.func, self.args, self.kwargs = func, args, kwargs
        self.ran = False

    def __call__(self) -> None:
        self.out = self.func(*self.args, **self.kwargs)
        self.ran = True


class Stopwatch(Tracer):  # type: ignore[no-untyped-call]
    """A trace on real tensors that times every operator: one time for each of its rows."""

    def __init__(self, place: Place, held: Iterable[Tensor], bracket: Bracket) -> None:
        super().__init__(place, held, meta=False)
        self._bracket = bracket
        self._times_s: list[float] = []
        self._views_s = 0.0
        self._last_s = 0.0  # of an operator that has no row so far

    def execute(self, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        self._views_s += self._last_s
        call = Call(func, args, kwargs)
        self._last_s = self._bracket(call, nullcontext)(1).time_s
        if not call.ran:  # the null device runs nothing
            call()
        return call.out

    def add(self, plan: Plan, work: Work, args: tuple[Any, ...], out: Any) -> None:
        super().add(plan, work, args, out)
        self._times_s.append(self._last_s)
        self._last_s = 0.0

    @property
    def taken(self) -> Pass:
        """The times so far."""
        return Pass(tuple(self._times_s), self._views_s + self._last_s)

    @property
    def operators(self) -> list[tuple[Any, str]]:
        """What ran, and where, in that order."""
        return [(row.where, row.op) for row in self.rows]


__all__ = ["LayerTimes", "measure_layers"]
