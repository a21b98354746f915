"""Have a suite measured for a report: profiles first, then each study that it asks for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lightbench.cli.commands.profile import measure
from lightbench.cli.output import INTERRUPTED, data_only, notice, read_records, say_error
from lightbench.cli.progress import reports
from lightbench.errors import LightbenchError
from lightbench.records import Case, Record, store
from lightbench.studies import tables
from lightbench.studies.tables import read_settings
from lightbench.studies.task import Task
from lightbench.suite import Suite


@dataclass(frozen=True)
class Gathered:
    """What there is of a suite now, the exit code that it asks for, and a word to the reader."""

    records: list[Record]
    code: int
    note: str = ""


def gather(
    file: Path,
    suite: Suite,
    *,
    device: str | None,
    path: str | None,
    force: bool,
    trusted: bool,
    quiet: bool,
) -> Gathered:
    """Measure what the store at ``path`` lacks of a suite, or all of it with ``force``. Records of other networks that the store
    holds are left out; sweeps, which belong to the device, are not."""
    studies = read_settings(suite.studies)
    settings: dict[str, Any] = {"device": device} if device else {}
    records, code = measure(
        (), file, settings, path=path, force=force, trusted=trusted, quiet=quiet
    )
    if code == INTERRUPTED:
        return _interrupted(records, path)
    for record in records:
        if record.failure:
            say_error(f"{record.case.model}: {record.failure.message}")
    cases = [record.case for record in records]
    known = list(records)
    if path and Path(path).exists():
        known = [r for r in read_records(path) if _concerns(r, cases)]
    failed: list[LightbenchError] = []

    def complain(case: Case, error: LightbenchError) -> None:
        failed.append(error)
        say_error(f"{case.model}: {error}")

    with reports(quiet=quiet) as report, data_only(quiet=quiet):
        task = Task(
            [record.case for record in records if record.status == "ok"],
            known,
            trusted,
            report.say,
            report.progress,
            lambda record: store.append(path, [record]) if path else None,
            complain,
            force,
        )
        try:
            tables.gather(studies, task)
        except KeyboardInterrupt:
            return _interrupted(task.known, path)
    for study, (held, every) in task.reused.items():
        if held:
            notice(f"stored: {study}, {held} of {every}.", quiet=quiet)
    return Gathered(task.known, code or (3 if failed else 0))


def _concerns(record: Record, cases: Sequence[Case]) -> bool:
    anchor = record.run is not None and record.run.anchor
    return record.sweep is not None or anchor or record.case in cases


def _interrupted(records: Sequence[Record], path: str | None) -> Gathered:
    kept = "the same command goes on from here" if path else "nothing is kept without --store"
    say_error(f"interrupted; {kept}.")
    return Gathered(list(records), INTERRUPTED, "Unfinished: the measurement was interrupted.")
