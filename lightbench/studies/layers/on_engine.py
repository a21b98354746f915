"""A network on an engine that tells times of its own: undisturbed calls, then as many profiled ones as fit."""

from __future__ import annotations

import random
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import msgspec

from lightbench import engines, registry
from lightbench.errors import ModelError, UsageError
from lightbench.records import Case, Environment, Samples
from lightbench.runner.conversion import converted
from lightbench.runner.prepare import Prepared
from lightbench.runner.record import measured
from lightbench.runner.session import with_noted
from lightbench.stats.median import ENOUGH, median
from lightbench.studies.layers.kernels import EngineBreakdown, times_of
from lightbench.timing.rounds import collect
from lightbench.timing.stopping import Progress, Rule

MOST = 200  # profiled calls: their notes are kept in memory until the last
REL = 0.01


def refuse(case: Case) -> None:
    """Raises UsageError for an engine that tells no times of its layers, or a device where none runs."""
    if not engines.tells_times(case.engine):
        able = [name for name in registry.names("engine") if engines.tells_times(name)]
        raise UsageError(
            f"{unable(case)}; {' and '.join(able)} do, and in eager the operators are timed one by one.",
            f"Try --engine {able[0] if able else 'eager'}.",
        )
    if why := unable(case):
        raise UsageError(f"{why}.", "Try --device cpu.")


def unable(case: Case) -> str:
    """Why the engine of a case tells no times of its layers there; nothing where it does."""
    if not engines.tells_times(case.engine):
        return f"{case.engine} tells no times of its layers"
    if case.device.partition(":")[0] != "cpu":
        return f"{case.engine} tells the times of its layers on the CPU"
    return ""


def profile(
    prepared: Prepared,
    where: Environment,
    *,
    seconds: float,
    clock: Callable[[], float],
    rng: random.Random,
    report: Callable[[Progress], None] | None = None,
    watching: Callable[[], AbstractContextManager[dict[str, Any]]] = lambda: nullcontext({}),
) -> EngineBreakdown:
    """Half of the time is for each of the two, but 6 calls are profiled, which an interval needs. Raises ModelError
    for a network that fails, or of which the engine tells nothing."""
    assert prepared.identity is not None  # of whatever was prepared
    rule = Rule(rel=REL, max_s=seconds / 2, warmup_s=seconds / 10)
    with watching() as noted:
        taken = collect({"whole": prepared.step}, rule, clock=clock, rng=rng, report=report)[
            "whole"
        ]
        if not isinstance(taken, Samples):
            raise taken
        calls = int(seconds / 2 / median(taken.times_s))
        kernels = converted.kernels(
            prepared.case,
            prepared.network,
            prepared.given,
            (prepared.identity, prepared.costs),
            calls=min(max(calls, ENOUGH), MOST),
        )
    if not any(sum(each.times_s) for each in kernels):
        raise ModelError(
            f"{prepared.case.engine} tells no times of {prepared.case.model}.",
            "Measure the whole with `lightbench profile`.",
        )
    record = measured(prepared, taken, with_noted(where, noted))
    return EngineBreakdown(msgspec.structs.replace(record, found=times_of(kernels)))
