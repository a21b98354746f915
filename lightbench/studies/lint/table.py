"""Findings of lint as a table: what strains which guideline where, and what it costs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from lightbench import registry, units
from lightbench.engines import runs_no_pytorch
from lightbench.records import Record
from lightbench.records.facets import FACETS
from lightbench.records.findings import Finding
from lightbench.stats.interval import Interval
from lightbench.studies.lint.holds import rules_for
from lightbench.studies.lint.source import Place
from lightbench.views.table import Column, Table, View, own_words

NO_CARD = (
    "No device card for these settings, so no time, and no search for launch-bound operators (G3):"
    " `lightbench device-card` makes one."
)
NO_CARD_OF = "No device card for these settings, so no estimate: `lightbench device-card --engine {}` makes one."
ESTIMATE = "estimate: from the device card{of}; not a measurement."
MEASURED = (
    "measured: what the block's operators take less without the cause (at equal MAdds where it is"
    " their shape), median over rounds."
)
MOVED = "MAC: memory access that the cause adds, in bytes as eager PyTorch moves them."
MOVED_FUSED = (
    "MAC: memory access that the cause adds, in bytes with norms folded, activations and additions merged;"
    " off the fast path all that is read and written."
)
TOLD = (
    "measured: as {0}'s own profile divides a call, see `lightbench layers --measure --engine {0}`."
)
SETTINGS = ("batch", "device", "dtype", "layout", "threads")  # what of a case the costs depend on


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
TOTALS = (
    Column("guideline", "", own_words, align="left"),
    Column("about", "about", own_words, align="left", drop=1),
    Column("findings", "findings", units.exact),
    Column("mem_bytes", "MAC (MB)", units.megabytes),
    Column("share", "of all", units.percent),
    Column("estimate_s", "estimate (ms)", units.milliseconds, sparse=True),
)


def guidelines(engine: str = "eager") -> dict[str, str]:
    """What the rules that hold for an engine look for, by guideline, in the order of these. No rule is imported for
    it."""
    rules = rules_for(fused=runs_no_pytorch(engine))
    found = {registry.literal("lint rule", rule, "GUIDELINE"): rule for rule in reversed(rules)}
    return {
        guideline: registry.literal("lint rule", found[guideline], "ABOUT") or ""
        for guideline in sorted(filter(None, found))
    }


def findings_view(
    record: Record,
    top: int | None = None,
    *,
    places: Callable[[str], Place] | None = None,
    about_times: Sequence[str] | None = None,
) -> View:
    """The dearest ``top`` findings of a record, all of them without it; totals are always of all.

    ``places`` gives the file and line of a layer, for annotations; ``about_times`` what is to be
    said of times, where more is known than the record tells. Raises ValueError for a record of
    something else than lint.
    """
    findings = _of(record)
    shown = findings[:top]
    engine = record.case.engine
    notes = [
        MOVED_FUSED if runs_no_pytorch(engine) else MOVED,
        *(_about_times(findings, engine) if about_times is None else about_times),
    ]
    if len(shown) < len(findings):
        some = f"{len(shown)} of {len(findings)} findings"
        notes.insert(0, f"{some}; `lightbench lint --top` shows more.")
    rows = tuple(
        (*_row(record, finding), *(places(finding.path) if places else (None, None)))
        for finding in shown
    )
    said = SETTINGS if record.case.engine == "eager" else (*SETTINGS, "engine")
    words = (facet.phrase.format(facet.value(record)) for facet in FACETS if facet.key in said)
    title = f"Lint: {record.case.model} ({', '.join(words)})"
    return View(
        Table(title, COLUMNS, rows, tuple(notes)),
        [_data(record, finding) for finding in findings],
        (_totals(record),),
    )


def _of(record: Record) -> Sequence[Finding]:
    if record.findings is None:
        raise ValueError(f"the record of {record.case.model!r} has no findings of lint")
    return record.findings


def no_card(engine: str) -> str:
    """What is missing without a card."""
    return NO_CARD_OF.format(engine) if runs_no_pytorch(engine) else NO_CARD


def _about_times(findings: Sequence[Finding], engine: str) -> list[str]:
    """Without findings nobody can tell whether there was a card, and nobody needs to."""
    estimated = any(finding.estimate_s is not None for finding in findings)
    notes = [ESTIMATE.format(of="")] if estimated else [no_card(engine)] if findings else []
    if any(finding.measured_s for finding in findings):
        notes.append(TOLD.format(engine) if runs_no_pytorch(engine) else MEASURED)
    return notes


def _totals(record: Record) -> Table:
    rows = []
    for name, about in guidelines(record.case.engine).items():
        found = [finding for finding in _of(record) if finding.guideline == name]
        moved = sum(finding.mem_bytes for finding in found)
        known = [finding.estimate_s for finding in found if finding.estimate_s is not None]
        estimate = sum(known) if known else None
        rows.append((name, about, len(found), moved, _share(record, moved), estimate))
    return Table(
        f"Guidelines that {record.case.model} strains",
        TOTALS,
        tuple(rows),
        ("One operator may be the cause of several findings: the rows do not add up.",),
    )


def _share(record: Record, moved: float) -> float | None:
    account = "fused_bytes" if runs_no_pytorch(record.case.engine) else "mem_bytes"
    whole = getattr(record.costs, account) if record.costs else 0
    return moved / whole if whole else None


def _row(record: Record, finding: Finding) -> tuple[Any, ...]:
    measured = finding.measured_s
    return (
        finding.guideline,
        finding.path,
        finding.cause,
        finding.mem_bytes,
        _share(record, finding.mem_bytes),
        finding.estimate_s,
        measured.median if measured else None,
        _bounds(measured),
        finding.remedy,
    )


def _bounds(measured: Interval | None) -> str | None:
    if measured is None or measured.low is None:
        return None
    return f"{units.milliseconds(measured.low)} to {units.milliseconds(measured.high)}"


def _data(record: Record, finding: Finding) -> dict[str, Any]:
    measured = finding.measured_s
    return {
        "model": record.case.model,
        "guideline": finding.guideline,
        "about": guidelines(record.case.engine).get(finding.guideline),
        "layer": finding.path,
        "cause": finding.cause,
        "instead": finding.remedy,
        "mem_bytes": finding.mem_bytes,
        "share_of_mem_bytes": _share(record, finding.mem_bytes),
        "estimate_s": finding.estimate_s,
        "measured_s": measured.median if measured else None,
        "measured_low_s": measured.low if measured else None,
        "measured_high_s": measured.high if measured else None,
    }
