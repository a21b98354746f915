"""Has it become slower, or more? Against a commit, a baseline, budgets: every model in its own fresh
process, so that a crash is an answer and nothing of an earlier measurement is left."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from lightbench import devices
from lightbench.environment.allocator import keep_freed_memory
from lightbench.errors import ModelError, NotAvailable, NotThere, OutOfMemory, UsageError
from lightbench.models.inputs import specs_of
from lightbench.records import Case, Record
from lightbench.runner import interleave, isolated, session
from lightbench.runner.control import USUAL, Control
from lightbench.runner.plan import plan
from lightbench.stats.verdict import TOLERANCE
from lightbench.studies.check import judge
from lightbench.studies.check.against import Against, against_rows, delisted_rows
from lightbench.studies.check.beside_baseline import baseline_rows
from lightbench.studies.check.budgets import Limits, limits_of
from lightbench.studies.check.judge import Tools
from lightbench.studies.check.naming import respelled
from lightbench.studies.check.one_sided import (
    gone_rows,
    not_comparable,
    one_sided,
    unread_budgets,
    unused_budgets,
)
from lightbench.studies.check.project import Config, settings_of
from lightbench.studies.check.versions import Trees
from lightbench.studies.check.worker import count_apart
from lightbench.studies.compare.apart import compare_apart
from lightbench.studies.compare.comparison import Comparison
from lightbench.studies.compare.pairs import Gate
from lightbench.studies.compare.rows import GONE, Row
from lightbench.studies.compare.settings import SECONDS
from lightbench.studies.compare.worker import Request, Version
from lightbench.timing.stopping import Rule

ALONE_S = 10.0  # for a model that is timed alone, at most


@dataclass(frozen=True)
class How:
    """How models are measured: options of the command, then of the project's configuration."""

    tolerance: float = TOLERANCE
    seconds: float = SECONDS
    latency: bool = True  # False: only what is counted, and no time at all
    isolate: bool = False
    old_python: str | None = None
    control: Control = USUAL


def plan_cases(
    models: Sequence[str], config: Config, typed: Mapping[str, Any], *, gone: bool = False
) -> list[Case]:
    """One case for each model, under the settings typed, or else those that the configuration has for it, or for all.
    Raises the error of a model that cannot be found; with ``gone`` not of a file, which may have been there."""
    found: list[Case] = []
    for model in dict.fromkeys(models):
        settings = {**settings_of(config, model), **typed}
        inputs = specs_of(settings.pop("input", None))
        axes: dict[str, Any] = {axis: [value] for axis, value in settings.items()}
        cases, errors = plan([model], inputs=inputs, **axes)
        for error in errors.values():
            if not (gone and isinstance(error, NotThere)):
                raise error
        if len(cases) > 1:
            raise UsageError("a check runs on one device.", "Name one: --device cuda:0.")
        found += cases
    return found


def check(
    cases: Sequence[Case],
    config: Config,
    how: How,
    *,
    against: str | None = None,
    baseline: Sequence[Record] | None = None,
    named: bool = True,
    whole: bool = False,
    read: Path | None = None,
) -> list[Row]:
    """The rows of all models, in their order. Without ``against`` and ``baseline`` there are budgets.
    ``named``: by the user, and not by the baseline, of which a model may be gone. ``whole``: they are
    all that the project or the baseline has, and others are gone. ``read``: the configuration's file.

    Raises UsageError where nothing is asked for, DeviceUnavailable, and for ``against`` what
    `checkout` raises. What cannot be compared is a row that says why.
    """
    Gate(how.tolerance, how.seconds)  # raises for what cannot be meant
    limits = [limits_of(config.budgets, case.model) for case in cases]
    if against is None and baseline is None and not any(limits):
        raise UsageError(
            "there is nothing to check against.",
            "Try --against origin/main, --baseline FILE, or a budget in lightbench.toml.",
        )
    for name in dict.fromkeys(case.device for case in cases):
        if reason := devices.find(name, ()).unavailable():
            raise reason
    stored = respelled(baseline or (), cases)
    follow(cases, stored)
    keep_freed_memory()
    tools = _tools(how, comparisons=len(cases))
    tolerance = how.tolerance if how.latency else None
    rows: list[Row] = []
    with Trees(how.control.say) as trees:
        commit = Against(against, trees, tools, tolerance) if against is not None else None

        def rows_of(case: Case, limit: Limits) -> list[Row]:
            if commit is not None:
                return against_rows(case, limit, commit)
            if baseline is not None:
                return baseline_rows(case, limit, stored, trees, tools, tolerance=tolerance)
            return judge.budget_rows(case, limit, tools)

        for case, asked in zip(cases, limits, strict=True):
            counted, unchecked = judge.split_counted(case.model, asked)
            try:
                rows += rows_of(case, asked if how.latency else counted)
            except (ModelError, OutOfMemory, NotAvailable) as error:  # of this model: others go on
                rows.append(not_comparable(case.model, f"{error.message} {error.hint}".strip()))
            except NotThere as error:
                if named:
                    raise
                rows.append(
                    one_sided(case.model, GONE, f"only the baseline has it: {error.message}")
                )
            rows += [] if how.latency else unchecked
        if whole:
            rows += delisted_rows(cases, commit, read) if commit and read else ()
            rows += gone_rows(cases, stored)
    return [*rows, *unused_budgets(cases, config), *unread_budgets(cases, read)]


def follow(cases: Sequence[Case], stored: Sequence[Record]) -> None:
    """Decide how many threads those cases have that do not say: one number for all processes that
    measure, that of what is stored."""
    for case in cases:
        if case.threads is None:
            session.follow(stored, devices.find(case.device, case.options), case.device)


def _tools(how: How, *, comparisons: int) -> Tools:
    control = how.control

    def compare(a: Version, b: Version, tolerance: float) -> Comparison:
        request = Request(
            a=a,
            b=b,
            tolerance=tolerance,
            seconds=how.seconds,
            comparisons=comparisons,
            seed=control.seed,
            trusted=control.trusted,
        )
        if how.isolate:
            from lightbench.studies.compare.isolated.pairs import compare_isolated

            python = (how.old_python, None)
            return compare_isolated(
                request, python=python, say=control.say, progress=control.progress
            )
        return compare_apart(request, say=control.say, progress=control.progress)

    return Tools(compare, partial(measure_apart, how=how), count_apart)


def measure_apart(case: Case, how: How, seconds: float = ALONE_S) -> Record:
    """One case alone, in a fresh process that keeps freed memory, as those that compare do."""
    keep_freed_memory()
    control = how.control
    records: list[Record] = []
    isolated.measure(
        interleave.Group(
            {0: case}, Rule(max_s=seconds), seed=control.seed, trusted=control.trusted
        ),
        devices.find(case.device, case.options),
        say=control.say,
        progress=control.progress,
        finish=lambda _, record: records.append(record),
    )
    return records[-1]
