"""What lint knows of one network as a record, and as the table that is made of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import msgspec

from lightbench.records import Record
from lightbench.records import findings as nouns
from lightbench.records.facets import shared
from lightbench.stats.interval import Interval
from lightbench.studies.lint.linted import Finding, Linted
from lightbench.studies.lint.source import Place
from lightbench.studies.lint.table import ESTIMATE, MEASURED, TOLD, WARNING, findings_view, no_card
from lightbench.studies.lint.verify import Saving
from lightbench.views.remarks import BUSY_CARD
from lightbench.views.table import View


@dataclass(frozen=True)
class Linting:
    """All findings in a network, and what some of them were measured to cost. ``looked_at`` is the
    record of its case, without them."""

    looked_at: Record
    network: Linted
    findings: Sequence[Finding]
    savings: dict[int, Saving]  # position among the findings -> what was measured
    places: Callable[[str], Place] | None = None  # file and line of a layer, for annotations
    verified: int = 0  # of how many findings a measurement was tried
    tried: Sequence[nouns.Tried] = ()  # whole networks, rewritten as is advised

    @cached_property
    def record(self) -> Record:
        """The record with the findings."""
        found = tuple(
            _stored(finding, self.savings.get(i)) for i, finding in enumerate(self.findings)
        )
        return msgspec.structs.replace(
            self.looked_at, found=nouns.Linted(findings=found, tried=tuple(self.tried))
        )


def lint_view(lint: Linting, top: int | None = None) -> View:
    """The dearest ``top`` findings, all of them without it; totals are always of all."""
    view = findings_view(lint.record, top, places=lint.places, about_times=_about_times(lint))
    more = [_more(lint, i, finding) for i, finding in enumerate(lint.findings)]
    return replace(view, data=[a | b for a, b in zip(view.data, more, strict=True)])


def _stored(finding: Finding, saving: Saving | None) -> nouns.Finding:
    return nouns.Finding(
        guideline=finding.guideline,
        layer=finding.layer,
        cause=finding.cause,
        advice=finding.advice,
        mem_bytes=finding.mem_bytes,
        estimate_s=finding.estimate_s,
        measured_s=Interval(saving.seconds, saving.low_s, saving.high_s)
        if saving
        else finding.measured,
        kind=finding.kind,
        change=finding.change,
        rewrite=finding.rewrite,
    )


def _about_times(lint: Linting) -> list[str]:
    """Which card it was, and what could not be measured: a record does not tell."""
    card, engine = lint.network.card, lint.record.case.engine
    notes = [no_card(engine)]
    if card is not None:
        where = [word for word in shared([card.record]) if not word.startswith("input")]
        notes = [ESTIMATE.format(of=f" of {', '.join(where)}, made {card.record.time}")]
        notes += [BUSY_CARD] if card.contended else []
    if any(finding.measured for finding in lint.findings):
        notes.append(TOLD.format(engine))
    if lint.savings:
        notes.append(MEASURED)
    notes += [f"{WARNING}{said}" for said in lint.record.warnings]
    if missing := lint.verified - len(lint.savings):
        notes.append(f"{missing} of {lint.verified} findings cannot be timed on their own: a dash.")
    return notes


def _more(lint: Linting, i: int, finding: Finding) -> dict[str, Any]:
    """What only the network itself tells of a finding."""
    saving = lint.savings.get(i)
    ops = lint.network.ops
    return {
        "block_s": saving.block_s if saving else None,
        "operators": [
            {"path": ops[j].path, "op": ops[j].op, "kind": ops[j].kind} for j in finding.ops
        ],
    }
