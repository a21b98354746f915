"""Have a suite measured for a report, with progress on stderr."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from lightbench import units
from lightbench.cli.output import (
    INTERRUPTED,
    data_only,
    exit_code,
    keeping,
    notice,
    read_records,
    say_error,
    say_reused,
    say_threads,
)
from lightbench.cli.progress import reports
from lightbench.cli.unfinished import Unfinished
from lightbench.records import Case, Record
from lightbench.runner.control import Control
from lightbench.suite import Suite, measure


@dataclass(frozen=True)
class Gathered:
    """What there is of a suite now, the exit code that it asks for, and a word to the reader."""

    records: list[Record]
    code: int
    note: str = ""


def gather(
    suite: Suite, *, device: str | None, path: str | None, force: bool, trusted: bool, quiet: bool
) -> Gathered:
    """Measure what the store at ``path`` lacks of a suite, or all of it with ``force``."""
    stored = read_records(path) if path and Path(path).exists() else []
    unfinished = Unfinished(path)
    with reports(quiet=quiet) as report, data_only(quiet=quiet):
        control = Control(
            trusted=trusted,
            **unfinished.told(stored, keeping(path, stored)),
            force=force,
            say=report.say,
            progress=report.progress,
        )
        found = measure(
            suite,
            control,
            device=device,
            anchored=path is not None,
            complain=lambda case, error: say_error(f"{case.model}: {error}"),
        )
    unfinished.done()
    known = list(found.known)
    if found.interrupted:
        kept = "the same command goes on from here" if path else "nothing is kept without --store"
        say_error(f"interrupted; {kept}.")
        return Gathered(known, INTERRUPTED, "Unfinished: the measurement was interrupted.")
    say_reused(found.records, stored, quiet=quiet)
    for study, (held, every) in found.reused.items():
        if held:
            notice(f"stored: {study}, {held} of {every}.", quiet=quiet)
    for study, reasons in found.left.items():
        for why, cases in reasons.items():
            notice(f"left out: {study}, {_named(cases)}: {why}.", quiet=quiet)
    say_threads(quiet=quiet)
    failures = [record.failure.exit_code for record in found.records if record.failure]
    code = exit_code(failures, len(found.records))
    return Gathered(known, code or (3 if found.failed else 0))


def _named(cases: Sequence[Case]) -> str:
    """The networks, each once, of many the first."""
    models = list(dict.fromkeys(case.model for case in cases))
    more = f" and {units.exact(len(models) - 3)} more" if len(models) > 3 else ""
    return f"{', '.join(models[:3])}{more}"
