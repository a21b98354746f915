"""Findings as a table: what strains which guideline where, and what it costs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from lightbench import units
from lightbench.cases import shared
from lightbench.exporters import Column, Table, View
from lightbench.lint._linted import Finding, Linted
from lightbench.lint._verify import Saving
from lightbench.sweep.view import own_words

GUIDELINES = {
    "G1": "channels in and out differ",
    "G2": "group convolution",
    "G3": "many small operators in a block",
    "G4": "element-wise operators",
}
NO_CARD = (
    "No device card for these settings, so no time, and no search for launch-bound operators (G3):"
    " `lightbench device-card` makes one."
)
ESTIMATE = "estimate: from the device card of {where}, made {time}; not a measurement."
MEASURED = (
    "measured: what the block's operators take less without the cause (at equal MAdds where it is"
    " their shape), median over rounds."
)


@dataclass(frozen=True)
class Linting:
    """What lint knows of one network: all findings, and what some of them were measured to cost."""

    model: str
    network: Linted
    findings: Sequence[Finding]
    savings: dict[int, Saving]  # position among the findings -> what was measured
    source: tuple[str, int] | None = None  # file and line, for annotations
    verified: int = 0  # of how many findings a measurement was tried
    settings: str = ""  # what it was asked for: "batch 1, cpu, float32"


COLUMNS = (
    Column("guideline", "", own_words, align="left"),
    Column("path", "layer", align="left"),
    Column("cause", "cause", own_words, align="left"),
    Column("mem_bytes", "MAC (MB)", units.megabytes),
    Column("share", "of all", units.percent, drop=1),
    Column("estimate_s", "estimate (ms)", units.milliseconds, sparse=True),
    Column("measured_s", "measured (ms)", units.milliseconds, sparse=True),
    Column("interval", "95 %", own_words, align="left", sparse=True, drop=2),
    Column("remedy", "instead", own_words, align="left", drop=3),
    Column("file", "file", shown=False),
    Column("line", "line", str, shown=False),
)


def lint_view(lint: Linting, top: int | None = None) -> View:
    """The dearest ``top`` findings, all of them without it; totals are always of all."""
    shown = list(enumerate(lint.findings))[:top]
    notes = [
        "MAC: memory access that the cause adds, in bytes as eager PyTorch moves them.",
        *_card_notes(lint),
    ]
    if lint.savings:
        notes.append(MEASURED)
    if missing := lint.verified - len(lint.savings):
        notes.append(f"{missing} of {lint.verified} findings cannot be timed on their own: a dash.")
    if len(shown) < len(lint.findings):
        notes.insert(0, f"{len(shown)} of {len(lint.findings)} findings; --top shows more.")
    rows = tuple(_row(lint, i, finding) for i, finding in shown)
    title = f"Lint: {lint.model}" + (f" ({lint.settings})" if lint.settings else "")
    table = Table(title, COLUMNS, rows, tuple(notes))
    return View(
        table,
        [_data(lint, i, finding) for i, finding in enumerate(lint.findings)],
        (_totals(lint),),
    )


def _card_notes(lint: Linting) -> list[str]:
    card = lint.network.card
    if card is None:
        return [NO_CARD]
    where = [word for word in shared([card.record]) if not word.startswith("input")]
    return [ESTIMATE.format(where=", ".join(where), time=card.record.time)]


def _totals(lint: Linting) -> Table:
    columns = (
        Column("guideline", "", own_words, align="left"),
        Column("about", "about", own_words, align="left", drop=1),
        Column("findings", "findings", units.exact),
        Column("mem_bytes", "MAC (MB)", units.megabytes),
        Column("share", "of all", units.percent),
        Column("estimate_s", "estimate (ms)", units.milliseconds, sparse=True),
    )
    rows = []
    for name, about in GUIDELINES.items():
        found = [finding for finding in lint.findings if finding.guideline == name]
        moved = sum(finding.mem_bytes for finding in found)
        known = [finding.estimate_s for finding in found if finding.estimate_s is not None]
        rows.append(
            (name, about, len(found), moved, _share(lint, moved), sum(known) if known else None)
        )
    return Table(
        f"Guidelines that {lint.model} strains",
        columns,
        tuple(rows),
        ("One operator may be the cause of several findings: the rows do not add up.",),
    )


def _share(lint: Linting, moved: float) -> float | None:
    whole = lint.network.costs.mem_bytes
    return moved / whole if whole else None


def _row(lint: Linting, i: int, finding: Finding) -> tuple[Any, ...]:
    saving = lint.savings.get(i)
    file, line = lint.source or (None, None)
    return (
        finding.guideline,
        finding.path,
        finding.cause,
        finding.mem_bytes,
        _share(lint, finding.mem_bytes),
        finding.estimate_s,
        saving.seconds if saving else None,
        _interval(saving),
        finding.remedy,
        file,
        line,
    )


def _interval(saving: Saving | None) -> str | None:
    if saving is None or saving.low_s is None or saving.high_s is None:
        return None
    return f"{units.milliseconds(saving.low_s)} to {units.milliseconds(saving.high_s)}"


def _data(lint: Linting, i: int, finding: Finding) -> dict[str, Any]:
    saving = lint.savings.get(i)
    ops = lint.network.ops
    return {
        "model": lint.model,
        "guideline": finding.guideline,
        "about": GUIDELINES.get(finding.guideline),
        "layer": finding.path,
        "cause": finding.cause,
        "instead": finding.remedy,
        "mem_bytes": finding.mem_bytes,
        "share_of_mem_bytes": _share(lint, finding.mem_bytes),
        "estimate_s": finding.estimate_s,
        "measured_s": saving.seconds if saving else None,
        "measured_low_s": saving.low_s if saving else None,
        "measured_high_s": saving.high_s if saving else None,
        "block_s": saving.block_s if saving else None,
        "operators": [
            {"path": ops[j].path, "op": ops[j].op, "kind": ops[j].kind} for j in finding.ops
        ],
    }
