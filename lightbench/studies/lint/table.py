"""Findings of lint as a table: what strains which guideline where, and what it costs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from lightbench import units
from lightbench.engines import runs_no_pytorch
from lightbench.records import Record
from lightbench.records.facets import FACETS
from lightbench.records.findings import Finding, Tried
from lightbench.stats.interval import Interval
from lightbench.studies.lint.causes import Cause, causes
from lightbench.studies.lint.source import Place
from lightbench.views.metrics import change
from lightbench.views.remarks import BUSY_CARD
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
MOVED = "mem: memory access that the cause adds, in bytes as eager PyTorch moves them."
MOVED_FUSED = (
    "mem: memory access that the cause adds, in bytes with norms folded, activations and additions merged;"
    " off the fast path all that is read and written."
)
TOLD = (
    "measured: as {0}'s own profile divides a call, see `lightbench layers --measure --engine {0}`."
)
SUMS = "One operator may be the cause of several rows: they do not add up."
TRIED = "tried: how much longer a call of the rewritten network takes than one of the original, in pairs of one process."
ANSWERS = "answers: of the rewritten network with the same weights, the same, or rounded; or it has to be retrained."
WARNING = "warning: "
SETTINGS = ("batch", "device", "dtype", "layout", "threads")  # what of a case the costs depend on


COLUMNS = (
    Column("guideline", "", own_words, align="left"),
    Column("layer", "layer", align="left"),
    Column("cause", "cause", own_words, align="left", prose=True),
    Column("advice", "advice", own_words, align="left", prose=True),
    Column("mem_bytes", "mem", scale=units.BYTES, drop=2),
    Column("share", "of all", units.percent, drop=4),
    Column("estimate_s", "estimate", scale=units.TIMES, sparse=True, drop=1),
    Column("measured_s", "measured", scale=units.TIMES, sparse=True),
    Column("interval", "95 %", own_words, align="left", sparse=True, drop=3),
    Column("file", "file", shown=False),
    Column("line", "line", str, shown=False),
)
CAUSES = (
    Column("guideline", "", own_words, align="left"),
    Column("cause", "cause", own_words, align="left", prose=True),
    Column("advice", "advice", own_words, align="left", prose=True),
    Column("places", "places", units.exact, drop=1),
    Column("estimate_s", "estimate", scale=units.TIMES, sparse=True, drop=1),
    Column("measured_s", "measured", scale=units.TIMES, sparse=True, drop=1),
    Column("tried", "tried", change, sparse=True),
    Column("interval", "95 %", own_words, align="left", sparse=True, drop=3),
    Column("answers", "answers", own_words, align="left", sparse=True, drop=1),
    Column("mem_bytes", "mem", scale=units.BYTES, drop=2),
    Column("share", "of all", units.percent, drop=4),
)


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
    rows = tuple(
        (*_row(record, finding), *(places(finding.layer) if places else (None, None)))
        for finding in shown
    )
    where = Table(_places(len(shown), len(findings)), COLUMNS, rows)
    whole = Table(_title(record), COLUMNS, rows, tuple(notes))
    tried = {(one.guideline, one.kind, one.change): one for one in record.tried}
    data = [_data(record, finding, tried.get(finding.key)) for finding in findings]
    if not findings and not record.tried:
        return View(whole, data)
    return View(whole, data, (_causes(record, tuple(notes)),), folded=where)


def _title(record: Record) -> str:
    said = SETTINGS if record.case.engine == "eager" else (*SETTINGS, "engine")
    words = (facet.phrase.format(facet.value(record)) for facet in FACETS if facet.key in said)
    return f"Lint: {record.case.model} ({', '.join(words)})"


def _places(shown: int, n: int) -> str:
    if shown == n:
        return f"Where: {units.exact(n)} {'place' if n == 1 else 'places'}, the dearest first"
    return f"Where: the dearest {units.exact(shown)} of {units.exact(n)} places, `lightbench lint --top` shows more"


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


def _causes(record: Record, notes: tuple[str, ...]) -> Table:
    """One row a cause, and one for each setting that was tried."""
    found = causes(_of(record), record.tried)
    rows = tuple(_cause_row(record, cause) for cause in found)
    sentences = [note for note in notes if note == BUSY_CARD or note.startswith(WARNING)]
    moved, *about = (note for note in notes if note not in sentences)
    if any(one.ratio for one in record.tried):
        about = [TRIED, ANSWERS, *about]
        sentences += [f"{one.change}: {one.why}" for one in record.tried if one.why]
    if len(found) > 1:
        about.append(SUMS)
    return Table(_title(record), CAUSES, rows, (*about, moved), tuple(sentences))


def _cause_row(record: Record, cause: Cause) -> tuple[Any, ...]:
    tried = cause.tried
    ratio = tried.ratio if tried else None
    return (
        cause.guideline,
        cause.kind,
        cause.change,
        len(cause.findings) or None,
        cause.estimate_s,
        cause.measured_s,
        ratio.median - 1 if ratio else None,
        _changes(ratio),
        tried.answers if tried and ratio else None,
        cause.mem_bytes,
        None if cause.mem_bytes is None else _share(record, cause.mem_bytes),
    )


def _changes(ratio: Interval | None) -> str | None:
    if ratio is None or ratio.low is None or ratio.high is None:
        return None
    return f"{change(ratio.low - 1)} to {change(ratio.high - 1)}"


def _share(record: Record, moved: float) -> float | None:
    account = "fused_bytes" if runs_no_pytorch(record.case.engine) else "mem_bytes"
    whole = getattr(record.costs, account) if record.costs else 0
    return moved / whole if whole else None


def _row(record: Record, finding: Finding) -> tuple[Any, ...]:
    measured = finding.measured_s
    return (
        finding.guideline,
        finding.layer,
        finding.cause,
        finding.advice,
        finding.mem_bytes,
        _share(record, finding.mem_bytes),
        finding.estimate_s,
        measured.median if measured else None,
        _bounds(measured),
    )


def _bounds(measured: Interval | None) -> str | None:
    if measured is None or measured.low is None:
        return None
    return f"{units.seconds(measured.low)} to {units.seconds(measured.high)}"


def _data(record: Record, finding: Finding, tried: Tried | None) -> dict[str, Any]:
    measured = finding.measured_s
    return {
        "model": record.case.model,
        "guideline": finding.guideline,
        "layer": finding.layer,
        "kind": finding.kind or finding.cause,
        "cause": finding.cause,
        "change": finding.change or finding.advice,
        "advice": finding.advice,
        "mem_bytes": finding.mem_bytes,
        "share_of_mem_bytes": _share(record, finding.mem_bytes),
        "estimate_s": finding.estimate_s,
        "measured_s": measured.median if measured else None,
        "measured_low_s": measured.low if measured else None,
        "measured_high_s": measured.high if measured else None,
        "tried": msgspec.to_builtins(tried) if tried else None,
    }
