"""Rooflines from Python."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Unpack

import msgspec

from lightbench.costs.precision import own_dtype
from lightbench.environment.allocator import keep_freed_memory
from lightbench.errors import LightbenchError, ModelError, UsageError
from lightbench.models.inputs import Inputs, specs_of
from lightbench.records import Case, Record, SweepPoint
from lightbench.runner import run
from lightbench.runner.control import Control
from lightbench.runner.given import Model, check_model, defaults_of, handed_over
from lightbench.runner.how import HowStored, control_of, said, setup_of, spelled
from lightbench.runner.plan import plan
from lightbench.runner.record import failed
from lightbench.runner.session import follow
from lightbench.runner.setup import Setup
from lightbench.studies.layers import on_engine
from lightbench.studies.layers.api import LayerTimes
from lightbench.studies.layers.api import layers as measure_layers
from lightbench.studies.layers.why import Why
from lightbench.studies.result import Shown
from lightbench.studies.roofline.placed import Found, found_in
from lightbench.studies.roofline.plan import peaks
from lightbench.studies.roofline.points import EAGER, EXPERIMENT
from lightbench.studies.roofline.settings import REL, SECONDS, Settings
from lightbench.studies.roofline.stored import stored_layers, stored_run
from lightbench.studies.roofline.table import roofline_view
from lightbench.studies.roofline.why import why_of
from lightbench.studies.sweep.plan import Point
from lightbench.studies.task import settings_of
from lightbench.views.table import View
from lightbench.workers import interrupts


@dataclass(frozen=True, repr=False)
class Roofline(Shown):
    """What `roofline` measured: ``records``, of which everything else is made."""

    records: tuple[Record, ...]

    drawn_as = "roofline"

    @property
    def view(self) -> View:  # type: ignore[override]
        return roofline_view(self.found)

    @property
    def found(self) -> Found:
        """The ceilings, the networks and the layers. Raises ModelError if a peak could not be measured."""
        found = found_in(self.records)
        if found is None:
            raise ModelError("a peak of the device could not be measured.", "See the records.")
        return found

    def why(self, taken: LayerTimes) -> Why:
        """What these peaks say of the layers of a network that `layers` has taken apart, for its tables:
        ``taken.by(None, why=peaks.why(taken))``; nothing, and why, for those of another setup or machine."""
        return why_of(taken.record, self.records)


@spelled(HowStored)
def roofline(
    *models: Model,
    layers: bool = False,
    input: Inputs = None,  # noqa: A002  the word of the command line
    batch: int = 1,
    rel: float = REL,
    seconds: float = SECONDS,
    trusted: bool = True,
    **how: Unpack[HowStored],
) -> Roofline:
    """Measure the peaks of a device, and how much of what they allow each network attains.

    A model is a name (see `load_model`), or a module, of which a copy is timed; without models there are
    the peaks alone. Peaks and networks are timed in the same rounds: these end when each median is known
    within ``rel``, or after ``seconds`` for each. A peak is the shortest time of the best of several shapes;
    an engine other than eager PyTorch has its own beside eager's, the best of both. With ``layers`` also
    every layer is timed (see `lightbench.layers`): every operator in eager, or what an engine tells itself.

    What ``stored`` holds whole, of one run, is not measured again unless ``force`` says so: only times of
    the same rounds are held against one another. Raises UsageError for what fits no case, and for a device
    that runs nothing; UnknownName, DeviceUnavailable.
    """
    settings, control = Settings(rel=rel, seconds=seconds), control_of(how, trusted=trusted)
    for model in models:
        check_model(model)
    names, given = handed_over(models, None)
    dtypes = [own_dtype(one.network) for one in given.values()]
    own = {"dtype": dtypes[0]} if dtypes else {}
    setup = setup_of({**own, **said(how)})
    _check(setup, layers=layers, models=len(names))
    axes: dict[str, list[Any]] = {name: [value] for name, value in said(how).items()}
    cases, errors = plan(
        names,
        inputs=specs_of(input),
        at_hand={name: defaults_of(of) for name, of in given.items()},
        trusted=trusted,
        **{**axes, "device": [setup.device], "batch": [batch]},
    )
    if errors and len(errors) == len(cases):  # nothing is left to be held against the peaks
        raise errors[0]
    if setup.threads is None:
        follow(control.stored, setup.found, setup.device)
    keep_freed_memory()
    measured = peaks(setup)
    ceilings = [case for _, case in measured]
    records = None if given else stored_run(ceilings, cases, setup, control, settings.rule)
    if records is None:
        tagged = _Tagged(measured)
        try:
            records = run.run(
                [*ceilings, *cases],
                rule=settings.rule,
                control=replace(control, stored=(), keep=tagged.keeping(control)),
                given=given,
                errors={len(measured) + i: error for i, error in errors.items()},
            )
        except run.Interrupted as stop:
            raise run.Interrupted([*map(tagged, stop.records)]) from stop
        records = [*map(tagged, records)]
    if layers:
        by_name = dict(zip(names, models, strict=True))
        records = _with_layers(records, records[len(measured) :], by_name, setup, settings, control)
    return Roofline(tuple(records))


def _check(setup: Setup, *, layers: bool, models: int) -> None:
    """Before anything is measured. Raises UsageError."""
    setup.check()
    if setup.found.torch_device == "meta":
        raise UsageError(f"{setup.device!r} runs nothing, so it has no peaks.", "Try --device cpu.")
    if layers and not models:
        raise UsageError(
            "no model is named whose layers there are.", "Name one, or leave --layers out."
        )
    if layers and setup.engine != EAGER:
        on_engine.refuse(Case(model="any", inputs=(), device=setup.device, engine=setup.engine))


class _Tagged:
    """What makes the record of a peak one of this study; a network's stays as it is."""

    def __init__(self, measured: Sequence[tuple[Point, Case]]) -> None:
        self._run = uuid.uuid4().hex[:12]
        self._points = {case: point for point, case in measured}

    def __call__(self, record: Record) -> Record:
        point = self._points.get(record.case)
        if point is None:
            return record
        found = SweepPoint(
            run=self._run,
            experiment=EXPERIMENT,
            point=point.label,
            settings=dict(point.settings),
        )
        return msgspec.structs.replace(record, found=found)

    def keeping(self, control: Control) -> Callable[[Record], None]:
        """What keeps a new record."""
        return lambda record: control.keep(self(record))


def _with_layers(
    records: Sequence[Record],
    networks: Sequence[Record],
    models: dict[str, Model],
    setup: Setup,
    settings: Settings,
    control: Control,
) -> list[Record]:
    """With the layers of every network that could be timed; one that fails now is a record that says so.
    Ctrl-C keeps what is finished, in the exception."""
    done, timed = [*records], [record for record in networks if record.latency]
    for i, record in enumerate(timed, 1):
        model = models[record.case.model]
        held = stored_layers(record.case, setup, control) if isinstance(model, str) else None
        if held is None:
            control.say(f"layers, {i} of {len(timed)}: {record.case.model}")
            try:
                held = _layers(model, record, settings, control)
            except KeyboardInterrupt as stop:
                interrupts.heed()
                raise run.Interrupted(done) from stop
            control.keep(held)
        done.append(held)
    return done


def _layers(model: Model, record: Record, settings: Settings, control: Control) -> Record:
    try:
        return measure_layers(
            model,
            **settings_of(record.case),
            seconds=settings.seconds,
            seed=control.seed,
            trusted=control.trusted,
            progress=control.progress,
        ).record
    except LightbenchError as error:
        return failed(record.case, error, record.environment)
