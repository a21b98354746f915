"""Where each network strains the guidelines, and what that may cost."""

from __future__ import annotations

import msgspec

from lightbench.gathering._task import Task, settings_of
from lightbench.records import Case, Record
from lightbench.studies import lint_model

ORDER = 30


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """There is nothing to set."""


def gather(task: Task, settings: Settings) -> None:  # noqa: ARG001
    """Every case that eager runs."""

    def measure(case: Case) -> Record:
        return lint_model(
            case.model, **settings_of(case), card=task.card(case), trusted=task.trusted
        ).record

    def stale(record: Record) -> bool:
        """Was it found before there was a card, so that no finding has an estimate?"""
        findings = record.findings or ()
        unknown = all(finding.estimate_s is None for finding in findings)
        return bool(findings) and unknown and task.card(record.case) is not None

    task.each("lint", measure, stale)
