"""Many cases -> records: plan them, skip what is stored, have the rest timed side by side."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import groupby, product
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

import msgspec

from lightbench import devices, registry
from lightbench.errors import (
    LightbenchError,
    UnknownName,
    UsageError,
)
from lightbench.records import (
    Case,
    Dtype,
    Environment,
    Layout,
    Mode,
    Record,
    SweepPoint,
)
from lightbench.records.inputs import Input, InputSpec
from lightbench.timing.stopping import Progress, Rule

if TYPE_CHECKING:
    from lightbench.profiler import Given

Say = Callable[[str], None]
CHOICES = {"dtype": get_args(Dtype), "mode": get_args(Mode), "layout": get_args(Layout)}
LARGEST_BATCH = 10**9


class Suite(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A file that says what to measure: ``models`` and, for each axis, one value or a list. Each of
    its tables is a study of `lightbench report`, and its keys are the settings of that."""

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
    studies: dict[str, dict[str, Any]] = {}

    @property
    def axes(self) -> dict[str, Any]:
        """What is said of all models, as keywords of `lightbench.profile`."""
        apart = ("models", "studies")
        return {name: getattr(self, name) for name in self.__struct_fields__ if name not in apart}


def read_suite(path: Path) -> Suite:
    """Read a TOML suite. Raises UsageError for a file that is missing, not TOML, or has other keys."""
    try:
        read = tomllib.loads(path.read_text(encoding="utf-8"))
        studies = {name: read.pop(name) for name, of in list(read.items()) if isinstance(of, dict)}
        return msgspec.convert({**read, "studies": studies}, Suite)
    except FileNotFoundError as error:
        raise UsageError(
            f"there is no suite {str(path)!r}.", 'Write a TOML file: models = ["mobilenet_v2"].'
        ) from error
    except (OSError, ValueError, RecursionError) as error:  # of TOML, of its text, of its keys
        keys = ", ".join(name for name in Suite.__struct_fields__ if name != "studies")
        known = f"{keys}; tables: {', '.join(registry.names('study'))}"
        raise UsageError(
            f"cannot read the suite {path}: {error}.", f"Known keys: {known}."
        ) from error


def plan(
    models: Sequence[str],
    *,
    inputs: Sequence[Input] | None = None,
    at_hand: Mapping[str, Mapping[str, Any]] | None = None,
    trusted: bool = True,
    **axes: Sequence[Any],
) -> tuple[list[Case], dict[int, LightbenchError]]:
    """Every model with every combination of ``axes``; a model that cannot be found keeps its place,
    with the error beside it. None on an axis is the default of `Case`. Names in ``at_hand`` are not
    looked up, and have their own defaults there. Raises UsageError for values that fit no case."""
    from lightbench.models import sources  # may import torchvision

    for name in axes.get("engine", ()):
        if name not in registry.names("engine"):
            raise UnknownName("engine", name, registry.names("engine"))
    if "device" in axes:
        axes["device"] = [name for text in axes["device"] for name in devices.named(text)]
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
        if inputs is not None:
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
    anchored: bool = False,
    force: bool = False,
) -> list[Record]:
    """Records of ``cases``, in their order. ``keep`` gets each one as soon as it is known.

    Cases that ``stored`` holds already are not measured again, unless ``force`` says so: those of the
    same network (see `identity`) on this machine, known as well as ``rule`` asks for. With
    ``anchored`` also the networks of `anchors` are timed, of which only ``keep`` gets records. Cases of
    one device, thread count and options are timed in rounds of random order, so that a machine whose
    speed drifts is unfair to none of them. One that fails is a record saying so. Ctrl-C ends the
    run: in the rounds, what has samples is kept, marked; then ``Interrupted`` is raised, with the
    records there are.

    With ``sweep``, one point for each case, of one device and thread count: the rounds end when each
    point's ratio to the reference is known within ``rule.rel``.
    """
    from lightbench import apart, rounds, worker  # import torch
    from lightbench.anchors import anchors
    from lightbench.reuse import Reuse

    given, errors, stored = given or {}, errors or {}, tuple(stored)
    done: dict[int, Record] = {}
    reuse = Reuse(rule, trusted=trusted)

    def finish(index: int, record: Record) -> None:
        if sweep:
            record = msgspec.structs.replace(record, sweep=sweep[index])
        if index < len(cases):  # the others are anchors
            done[index] = record
        keep(record)

    def missing(members: Iterable[int], where: Environment) -> list[int]:
        held = {} if force else {r.case: r for r in stored if reuse.usable(r, where)}
        left = []
        for i in members:
            record = held.get(cases[i])
            if (
                record
                and cases[i].model not in given
                and i not in errors
                and reuse.same(record, where)
            ):
                done[i] = record
            else:
                left.append(i)
        return left

    def besides(members: Sequence[int], where: Environment) -> dict[int, Case]:
        """The anchors of these cases, by numbers that no case has."""
        if not anchored:
            return {}

        def same(record: Record) -> bool:
            here = record.environment.comparable == where.comparable
            return here and reuse.same(record, where)

        found = anchors([cases[i] for i in members], stored, same)
        return dict(enumerate(found, len(cases)))

    def together(i: int) -> tuple[str, int, tuple[str, ...]]:
        return cases[i].device, cases[i].threads or 0, cases[i].options

    order = sorted(range(len(cases)), key=together)
    for name, _, options in dict.fromkeys(map(together, order)):  # all, before the first is timed
        if reason := devices.find(name, options).unavailable():
            raise reason
    try:
        for (name, asked, options), members in groupby(order, together):
            device, threads = devices.find(name, options), asked or None
            if threads is None:
                rounds.follow(stored, device, name)
            where = rounds.here(device, name, device.host_threads(threads))
            left = missing(members, where)
            if not left:
                continue
            more = besides(left, where)
            group = rounds.Group(
                cases={i: cases[i] for i in left} | more,
                anchors=frozenset(more),
                sweep={i: sweep[i] for i in left} if sweep else {},
                given=given,
                errors=errors,
                rule=rule,
                seed=seed,
                trusted=trusted,
            )
            alone = device.strict is not None and not given and not worker.is_one()
            measure = apart.measure if alone else rounds.measure
            measure(group, device, say=say, progress=progress, finish=finish)
    except KeyboardInterrupt as stop:
        raise Interrupted([done[i] for i in sorted(done)]) from stop
    return [done[i] for i in range(len(cases))]


class Interrupted(KeyboardInterrupt):
    """Ctrl-C; ``records`` are those that were finished."""

    def __init__(self, records: list[Record]) -> None:
        super().__init__()
        self.records = records
