"""A network taken apart: one pass in which each operator is timed in its place."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager, nullcontext
from typing import Any

from torch import Tensor

from lightbench.costs.borrow import Parts, Place, borrowed, parts_of, unwrap
from lightbench.costs.count import costs_of
from lightbench.costs.plans import Plan
from lightbench.costs.trace import Tracer
from lightbench.costs.work import Work
from lightbench.engines import Program
from lightbench.errors import ModelError
from lightbench.records import Environment, Samples
from lightbench.records.failure import explain
from lightbench.runner.prepare import Prepared
from lightbench.runner.record import measured
from lightbench.runner.session import with_noted
from lightbench.studies.layers.shares import WARMUP, Breakdown, Pass, alternate
from lightbench.timing.clock import Step, clocks
from lightbench.timing.stopping import Progress
from lightbench.workers import journal

Bracket = Callable[[Callable[[], Any], Callable[[], AbstractContextManager[Any]]], Step]


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
    except BaseException as error:
        journal.let_through(error)
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
