"""Many cases -> records: plan them, skip what is stored, time the rest side by side in rounds."""

from __future__ import annotations

import random
import time
import tomllib
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import groupby, product
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

import msgspec

from lightbench import registry
from lightbench.devices._memory import facts
from lightbench.errors import (
    DeviceUnavailable,
    LightbenchError,
    UnknownName,
    UsageError,
)
from lightbench.faults import explain_plainly
from lightbench.records import (
    Case,
    Dtype,
    Environment,
    InputSpec,
    Layout,
    Mode,
    Record,
    Samples,
    SweepPoint,
)
from lightbench.timing import environment
from lightbench.timing.sampling import Progress, Rule, collect

if TYPE_CHECKING:
    from lightbench import profiler
    from lightbench.profiler import Given

Say = Callable[[str], None]
CHOICES = {"dtype": get_args(Dtype), "mode": get_args(Mode), "layout": get_args(Layout)}
LARGEST_BATCH = 10**9


class Suite(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A file that says what to measure: ``models`` and, for each axis, one value or a list."""

    models: list[str]
    input: str | list[str] | None = None
    batch: int | list[int] = 1
    threads: int | list[int] | None = None
    dtype: str | list[str] = "float32"
    mode: str | list[str] = "infer"
    layout: str | list[str] = "contiguous"
    engine: str | list[str] = "eager"
    rel: float = 0.01
    max_seconds: float = 10.0


def read_suite(path: Path) -> Suite:
    """Read a TOML suite. Raises UsageError for a file that is missing, not TOML, or has other keys."""
    try:
        return msgspec.convert(tomllib.loads(path.read_text(encoding="utf-8")), Suite)
    except FileNotFoundError as error:
        raise UsageError(f"there is no suite {str(path)!r}.", "See bench/suites/.") from error
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        known = ", ".join(Suite.__struct_fields__)
        raise UsageError(
            f"cannot read the suite {path}: {error}.", f"Known keys: {known}."
        ) from error


def plan(
    models: Sequence[str],
    *,
    inputs: Sequence[InputSpec] | None = None,
    at_hand: Mapping[str, Mapping[str, Any]] | None = None,
    trusted: bool = True,
    **axes: Sequence[Any],
) -> tuple[list[Case], dict[int, LightbenchError]]:
    """Every model with every combination of ``axes``; a model that cannot be found keeps its place,
    with the error beside it. None on an axis is the default of `Case`. Names in ``at_hand`` are not
    looked up, and have their own defaults there. Raises UsageError for values that fit no case."""
    from lightbench.models import sources  # may import torchvision

    for kind in ("device", "engine"):
        for name in axes.get(kind, ()):
            if name not in registry.names(kind):
                raise UnknownName(kind, name, registry.names(kind))
    cases: list[Case] = []
    errors: dict[int, LightbenchError] = {}
    for model in dict.fromkeys(models):
        if model != model.encode(errors="replace").decode():
            raise UsageError(f"the model name {model!r} is not Unicode text.", "Rename the file.")
        own: dict[str, Any] = {"inputs": (InputSpec.parse(sources.DEFAULT_INPUT),)}
        error = None
        if at_hand and model in at_hand:
            own |= at_hand[model]
        else:
            try:
                own["inputs"] = sources.find(model, trusted=trusted).inputs
            except LightbenchError as reason:
                error = reason
        if inputs:
            own["inputs"] = tuple(inputs)
        for values in product(*axes.values()):
            asked = {axis: v for axis, v in zip(axes, values, strict=True) if v is not None}
            if error is not None:
                errors[len(cases)] = error
            cases.append(_case({"model": model, **own, **asked}))
    return cases, errors


def _case(settings: Mapping[str, Any]) -> Case:
    for axis, known in CHOICES.items():
        if settings.get(axis, known[0]) not in known:
            raise UnknownName(axis, str(settings[axis]), known, f"Known: {', '.join(known)}.")
    check_batch(settings.get("batch", 1))
    try:
        return msgspec.convert(settings, Case)
    except msgspec.ValidationError as error:
        said, _, axis = str(error).rstrip("`").partition(" - at `$.")
        raise UsageError(
            f"{axis} cannot be {settings.get(axis)!r}: {said}.", "See `lightbench profile --help`."
        ) from error


def check_batch(batch: Any) -> None:
    """Raises UsageError for what is no batch size."""
    if isinstance(batch, bool) or not isinstance(batch, int) or not 1 <= batch <= LARGEST_BATCH:
        raise UsageError(
            f"a batch is a whole number from 1 to {LARGEST_BATCH:,}, got {batch!r}.",
            "Try --batch 1.",
        )


def run(
    cases: Sequence[Case],
    *,
    rule: Rule,
    given: Mapping[str, Given] | None = None,
    errors: Mapping[int, LightbenchError] | None = None,
    stored: Iterable[Record] = (),
    seed: int | None = None,
    trusted: bool = True,
    say: Say = lambda _text: None,
    progress: Callable[[Progress], None] | None = None,
    keep: Callable[[Record], None] = lambda _record: None,
    sweep: Sequence[SweepPoint] = (),
) -> list[Record]:
    """Records of ``cases``, in their order. ``keep`` gets each one as soon as it is known.

    Cases that ``stored`` holds already, measured on this machine, are not measured again. Cases of
    one device and thread count are timed in rounds of random order, so that a machine whose
    speed drifts is unfair to none of them. One that fails is a record saying so. Ctrl-C ends the
    run: in the rounds, what has samples is kept, marked; then ``Interrupted`` is raised, with the
    records there are.

    With ``sweep``, one point for each case, of one device and thread count: the rounds end when each
    point's ratio to the reference is known within ``rule.rel``.
    """
    from lightbench import profiler  # imports torch

    given, errors, stored = given or {}, errors or {}, tuple(stored)
    done: dict[int, Record] = {}

    def finish(index: int, record: Record) -> None:
        if sweep:
            record = msgspec.structs.replace(record, sweep=sweep[index])
        done[index] = record
        keep(record)

    def prepare(index: int) -> profiler.Prepared:
        if index in errors:
            raise errors[index]
        case = cases[index]
        return profiler.prepare(case, given.get(case.model), trusted=trusted)

    def measure(members: Iterable[int], where: Environment) -> None:
        known = {r.case: r for r in stored if _usable(r, where) and r.case.model not in given}
        ready: dict[int, profiler.Prepared] = {}
        for i in members:
            if cases[i] in known:
                say(f"{_label(cases[i])}: stored already")
                done[i] = known[cases[i]]
                continue
            say(f"{_label(cases[i])}: load, count, first run")
            try:
                ready[i] = prepare(i)
            except LightbenchError as error:
                finish(i, profiler.failed(cases[i], error, where))
        results = _time(ready, rule, seed, progress, _compared(sweep))
        for i, result in results.items():
            if isinstance(result, Exception):
                reason = explain_plainly("the network failed while it was timed", result)
                finish(i, profiler.failed(cases[i], reason, where))
            else:
                finish(i, profiler.measured(ready[i], result, where))
        if any(isinstance(r, Samples) and r.stop == "interrupted" for r in results.values()):
            raise KeyboardInterrupt

    order = sorted(range(len(cases)), key=lambda i: (cases[i].device, cases[i].threads or 0))
    try:
        with profiler.random_numbers_kept():
            for (name, threads), members in groupby(
                order, lambda i: (cases[i].device, cases[i].threads)
            ):
                device = registry.load("device", name)
                if reason := device.unavailable():
                    raise DeviceUnavailable(reason)
                with device.session(threads=threads) as active:
                    measure(members, here(name, active))
    except KeyboardInterrupt as stop:
        raise Interrupted([done[i] for i in sorted(done)]) from stop
    return [done[i] for i in range(len(cases))]


def here(device: str, threads: int) -> Environment:
    """The environment of what is measured now."""
    return environment.capture(threads=threads, extra={"device": device, **facts()})


def _time(
    ready: Mapping[int, profiler.Prepared],
    rule: Rule,
    seed: int | None,
    progress: Callable[[Progress], None] | None,
    compared: Mapping[str, str] | None,
) -> dict[int, Samples | Exception]:
    samples = collect(
        {str(i): prepared.step for i, prepared in ready.items()},
        rule,
        clock=time.perf_counter,
        rng=random.Random(seed),
        report=progress,
        compared=compared,
    )
    return {int(name): result for name, result in samples.items()}


def _compared(sweep: Sequence[SweepPoint]) -> dict[str, str] | None:
    """Every point -> the reference, by the names that `collect` knows them under."""
    if not sweep:
        return None
    (reference,) = (i for i, point in enumerate(sweep) if point.reference and not point.launch)
    return {
        str(i): str(reference)
        for i, point in enumerate(sweep)
        if i != reference and not point.launch
    }


class Interrupted(KeyboardInterrupt):
    """Ctrl-C; ``records`` are those that were finished."""

    def __init__(self, records: list[Record]) -> None:
        super().__init__()
        self.records = records


def _usable(record: Record, where: Environment) -> bool:
    complete = record.samples is not None and record.samples.stop != "interrupted"
    return complete and record.environment.comparable == where.comparable


def _label(case: Case) -> str:
    return f"{case.model} batch {case.batch}"
