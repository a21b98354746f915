"""Where each network strains the guidelines, and what that may cost."""

from __future__ import annotations

import msgspec

from lightbench.records import Case, Record
from lightbench.records.collection import Evidence, setup
from lightbench.studies.card.card import DeviceCard
from lightbench.studies.card.stored import cards
from lightbench.studies.lint.api import lint as lint_model
from lightbench.studies.lint.api import unable
from lightbench.studies.lint.rules.fast_path import GUIDELINE
from lightbench.studies.lint.settings import Settings
from lightbench.studies.task import EAGER, Task, as_now, forward_only, settings_of

ORDER = 30


def gather(task: Task, settings: Settings) -> None:
    """Every case of eager, and of an engine that runs no PyTorch, whose findings are timed by the engine or not."""

    def measure(case: Case) -> Record:
        return lint_model(
            case.model,
            **settings_of(case),
            verify=settings.verify if case.engine == EAGER else 0,
            seconds=settings.seconds,
            card=_card(task, case),
            trusted=task.control.trusted,
        ).record

    def stale(record: Record) -> bool:
        """Was it found before there was a card, so that no finding has an estimate?"""
        findings = [one for one in record.findings or () if one.guideline != GUIDELINE]
        unknown = all(finding.estimate_s is None for finding in findings)
        return bool(findings) and unknown and _card(task, record.case) is not None

    task.each("lint", measure, stale, unable=lambda case: forward_only(case) or unable(case.engine))


def _card(task: Task, case: Case) -> DeviceCard | None:
    """This machine's card for how a case is run."""
    for card in cards(Evidence(tuple(task.known))):
        alike = msgspec.structs.replace(card.record, case=case)
        if setup(alike) == setup(card.record) == as_now(card.record):
            return card
    return None
