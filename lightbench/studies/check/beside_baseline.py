"""A model beside what a baseline has of it: counts exactly; its time beside the commit that the baseline
was saved at, where that is at hand, or else beside stored samples."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from lightbench import devices
from lightbench.environment.capture import DIRTY
from lightbench.errors import NotAvailable, UntrustedCode, UsageError
from lightbench.models import sources
from lightbench.records import Case, Record
from lightbench.runner import session
from lightbench.studies.check import checkout, judge
from lightbench.studies.check.budgets import Limits
from lightbench.studies.check.judge import Tools
from lightbench.studies.check.one_sided import not_comparable
from lightbench.studies.check.versions import Trees, own_version, source_file, versions
from lightbench.studies.compare.rows import Row
from lightbench.studies.compare.worker import Version
from lightbench.studies.result import Source, records_of


def baseline_rows(
    case: Case,
    limits: Limits,
    baseline: Sequence[Record],
    trees: Trees,
    tools: Tools,
    *,
    tolerance: float | None,
) -> list[Row]:
    """The rows of a model beside its records; without a ``tolerance`` of what is counted."""
    counted = [record for record in baseline if record.costs and _costs_alike(record.case, case)]
    if not counted:
        why = _no_such_case(case, baseline)
        return [not_comparable(case.model, why), *judge.budget_rows(case, limits, tools)]
    before, now = counted[-1].costs, tools.costs(own_version(case))
    counts = judge.count_rows(case.model, before, now, limits, exact=True)
    if tolerance is None:
        return counts
    stored = [record for record in counted if record.case == case]
    if not stored:
        return [not_comparable(case.model, _no_such_case(case, counted)), *counts]
    first: Record | None = None
    sides = _rebuilt(case, stored[-1], trees)
    if sides is not None:
        rows, found = judge.pair_rows(*sides, limits, tolerance, tools)
        first = found.b
    else:
        device = devices.find(case.device, case.options)
        here = session.here(device, case.device, device.host_threads(case.threads))
        rows = [judge.stored_row(case, stored, here, tools)]
    ceiling = judge.ceiling_rows(case, first, limits, tools)
    return [*rows, *ceiling, *counts, *judge.peak_rows(case.model, first, stored[-1], limits)]


def read_baseline(source: Source) -> list[Record]:
    """The profiles of a file of `baseline save`, or of records. Raises UsageError, StoreError."""
    if isinstance(source, (str, Path)) and not Path(source).exists():
        raise UsageError(
            f"there is no baseline {str(source)!r}.",
            "Write one: `lightbench baseline save MODEL`.",
        )
    return [record for record in records_of(source) if record.study == "profile"]


def baseline_cases(baseline: Sequence[Record], *, trusted: bool) -> list[Case]:
    """The cases of a baseline, where none are typed. Raises UntrustedCode for files that it names."""
    cases = list(dict.fromkeys(record.case for record in baseline))
    for case in cases:
        if sources.is_file(case.model) and not trusted:
            raise UntrustedCode(
                f"the baseline names {case.model!r}, whose code would run.",
                "Name the models yourself, or in lightbench.toml, or add --trust-code.",
            )
    return cases


def _rebuilt(case: Case, stored: Record, trees: Trees) -> tuple[Version, Version] | None:
    """The model as it was when the baseline was saved, from its commit; None where that is not to be
    had: no file of a repository, changed files, a commit that is not here."""
    commit, file = stored.environment.noted.get("commit"), source_file(case.model)
    if not isinstance(commit, str) or commit.endswith(DIRTY) or file is None:
        return None
    try:
        if not checkout.commit_at_hand(commit, file.parent):
            return None
        tree = trees.at(commit, file.parent)
    except NotAvailable:
        return None
    if not (tree.root / file.relative_to(tree.instead_of)).is_file():
        return None
    return versions(case, tree)


def _no_such_case(case: Case, baseline: Sequence[Record]) -> str:
    same = [record for record in baseline if record.case.model == case.model]
    if not same:
        return f"the baseline has no {case.model}: save it with `lightbench baseline save`."
    old = same[-1]
    both = [(f, getattr(old.case, f), getattr(case, f)) for f in case.__struct_fields__]
    said = [f"{f} {_said(was)}, here {_said(new)}" for f, was, new in both if was != new]
    if not said and old.failure:
        return f"in the baseline {case.model} failed: {old.failure.message} Save it again."
    return f"the baseline has {case.model} with {'; '.join(said)}."


def _said(value: Any) -> str:
    if isinstance(value, tuple):
        return ", ".join(map(str, value))
    return "not said" if value is None else str(value)


def _costs_alike(a: Case, b: Case) -> bool:
    """Do they cost the same, if they are the same network? Where they run does not matter."""
    fields = ("model", "inputs", "batch", "dtype")
    return all(getattr(a, field) == getattr(b, field) for field in fields)
