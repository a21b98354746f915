"""What was compared with nothing: networks that only one side has, budgets that nothing was held to."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

from lightbench import units
from lightbench.errors import UsageError
from lightbench.models import sources
from lightbench.records import Case, Record
from lightbench.studies.check import judge
from lightbench.studies.check.budgets import ANY, Limits, limits_of
from lightbench.studies.check.naming import meaning
from lightbench.studies.check.project import Config, find_config, read_config
from lightbench.studies.compare.rows import GONE, Row

NAMED = 3


def one_sided(model: str, verdict: str, why: str) -> Row:
    return Row(model, judge.LATENCY, None, None, verdict, "one-sided", note=why)


def not_comparable(model: str, why: str, verdict: str = "not comparable") -> Row:
    return Row(model, judge.LATENCY, None, None, verdict, "not comparable", note=why)


def gone_rows(cases: Sequence[Case], baseline: Sequence[Record]) -> list[Row]:
    """A row for each model that only the baseline has, where all are meant."""
    models = {case.model for case in cases}
    return [
        one_sided(model, GONE, "only the baseline has it: save that again, or name the model here.")
        for model in dict.fromkeys(record.case.model for record in baseline)
        if model not in models
    ]


def unused_budgets(cases: Sequence[Case], config: Config) -> Iterator[Row]:
    """A row for each budget of a network that is not among those checked; but none for those that the
    project lists, where a part of its list is checked."""
    checked = {meaning(case.model): case.model for case in cases}
    listed = {meaning(model) for model in config.models}
    part = listed >= checked.keys()
    for name, allowed in config.budgets.items():
        meant = meaning(name)
        if name == ANY or meant in checked or (part and meant in listed):
            continue
        why = (
            f"budget of {name}: no such model was checked, but {_some(list(checked.values()))}. Name it,"
            " list it under `models`, or remove the budget."
        )
        yield _unheld(name, next(iter(allowed), judge.LATENCY), why)


def unread_budgets(cases: Sequence[Case], read: Path | None) -> Iterator[Row]:
    """A row for each model whose own folder has a configuration with a budget for it, where another
    one was read, or none: that of the folder that we stand in."""
    for case in cases:
        file = sources.file_of(case.model)
        near, limits = _near(file.parent, case.model) if file else (None, {})
        if near is None or not limits or (read is not None and near.samefile(read)):
            continue
        shown = os.path.relpath(near)
        why = f"{shown} has a budget for it and was not read: add --config {shown}."
        yield _unheld(case.model, next(iter(limits)), why)


def _near(folder: Path, model: str) -> tuple[Path | None, Limits]:
    """The configuration that is found from a folder, and what it allows a model."""
    with suppress(UsageError):  # it may be anybody's
        if (near := find_config(folder)) is not None:
            return near, limits_of(read_config(near).budgets, model)
    return None, {}


def _unheld(model: str, metric: str, why: str) -> Row:
    return Row(model, metric, None, None, judge.NOT_CHECKED, "one-sided", note=why)


def _some(models: Sequence[str]) -> str:
    more = len(models) - NAMED
    return ", ".join(models[:NAMED]) + (f" and {units.exact(more)} more" if more > 0 else "")
