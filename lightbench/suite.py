"""A suite: a file that says what to measure, and how that is done."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import msgspec

from lightbench import registry
from lightbench.errors import LightbenchError, UsageError
from lightbench.records import Case, Record
from lightbench.records.axes import AXES, said, struct_of
from lightbench.runner.control import Control
from lightbench.studies.profile.settings import Settings
from lightbench.workers import interrupts

KEYS = struct_of((name for name in AXES if name != "device"), several=True)  # it runs on any device


class Suite(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What to measure: ``models`` and, for each axis, one value or a list. Each table of the file is a
    study of `lightbench report`, and its keys are the settings of that."""

    models: list[str]
    axes: dict[str, Any] = {}
    profile: Settings = Settings()
    studies: dict[str, dict[str, Any]] = {}

    @property
    def keywords(self) -> dict[str, Any]:
        """What is said of all models, for `lightbench.profile`."""
        return {**self.axes, **msgspec.structs.asdict(self.profile)}


def read_suite(path: Path) -> Suite:
    """Read a TOML suite. Raises UsageError for a file that is missing, not TOML, or has other keys."""
    try:
        read = tomllib.loads(path.read_text(encoding="utf-8"))
        studies = {name: read.pop(name) for name, of in list(read.items()) if isinstance(of, dict)}
        own = {name: read.pop(name) for name in Settings.__struct_fields__ if name in read}
        axes = {name: read.pop(name) for name in list(read) if name != "models"}
        return Suite(
            models=msgspec.convert(read, _Models).models,
            axes=said(msgspec.convert(axes, KEYS)),
            profile=msgspec.convert(own, Settings),
            studies=studies,
        )
    except FileNotFoundError as error:
        raise UsageError(
            f"there is no suite {str(path)!r}.", 'Write a TOML file: models = ["mobilenet_v2"].'
        ) from error
    except (OSError, ValueError, RecursionError) as error:  # of TOML, of its text, of its keys
        keys = ", ".join(("models", *KEYS.__struct_fields__, *Settings.__struct_fields__))
        known = f"{keys}; tables: {', '.join(registry.names('study'))}"
        hint = (
            "Name the device with --device."
            if "`device`" in str(error)
            else f"Known keys: {known}."
        )
        raise UsageError(f"cannot read the suite {path}: {error}.", hint) from error


class _Models(msgspec.Struct):
    models: list[str]


@dataclass(frozen=True)
class Measured:
    """What there is of a suite now: its own ``records``, and all that were ``known`` or made for it.
    ``reused``: of each study how many of all were stored already; ``left``: which cases it has nothing to say of, and
    why."""

    records: Sequence[Record]
    known: Sequence[Record]
    reused: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    left: Mapping[str, Mapping[str, Sequence[Case]]] = field(default_factory=dict)
    failed: int = 0  # networks that a study could not look at
    interrupted: bool = False


def measure(
    suite: Suite,
    control: Control,
    *,
    device: str | None = None,
    anchored: bool = False,
    complain: Callable[[Case, LightbenchError], None] = lambda _case, _error: None,
) -> Measured:
    """Profile a suite's networks, then make each study that it asks for, of those that could be
    profiled. What ``control.stored`` holds is not measured again; of that, records of other networks
    are left out, and sweeps, which belong to the device, are not. ``complain`` is told which network
    failed. Ctrl-C ends it with what there is. Raises UsageError, UnknownName, DeviceUnavailable, and
    UntrustedCode for a file of a suite that is not trusted."""
    from lightbench.models import sources  # these import torch
    from lightbench.runner.run import Interrupted
    from lightbench.studies import tables
    from lightbench.studies.profile.api import profile
    from lightbench.studies.task import Task

    studies = tables.read_settings(suite.studies)
    if not control.trusted:
        for name in filter(sources.is_file, suite.models):
            sources.find(name, trusted=False)  # refuses it
    made: list[Record] = []

    def keep(record: Record) -> None:
        made.append(record)
        control.keep(record)

    how = vars(replace(control, keep=keep))
    where: dict[str, Any] = {"device": device} if device else {}
    try:
        found = profile(*suite.models, **suite.keywords, **where, **how, anchored=anchored).records
    except Interrupted as stop:
        return Measured(stop.records, stop.records, interrupted=True)
    for record in found:
        if record.failure:
            complain(record.case, LightbenchError(record.failure.message))
    cases = [record.case for record in found]
    known = [r for r in (*control.stored, *made) if _concerns(r, cases)]
    failed: list[Case] = []

    def told(case: Case, error: LightbenchError) -> None:
        failed.append(case)
        complain(case, error)

    task = Task([r.case for r in found if r.status == "ok"], known, control, told)
    interrupted = False
    try:
        tables.gather(studies, task)
    except KeyboardInterrupt:
        interrupts.heed()
        interrupted = True
    return Measured(found, task.known, task.reused, task.left, len(failed), interrupted)


def _concerns(record: Record, cases: Sequence[Case]) -> bool:
    anchor = record.run is not None and record.run.anchor
    return record.sweep is not None or anchor or record.case in cases
