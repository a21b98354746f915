"""Every network with its costs, its time and its accuracy, beside a reference."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

from lightbench import units
from lightbench.records import Record
from lightbench.records.collection import run_of, setup
from lightbench.records.facets import FACETS, shared, telling
from lightbench.reports import accuracy, roofline
from lightbench.reports.ratios import by_latency, by_rounds
from lightbench.studies.profile.table import MODEL, VALUES, record_data
from lightbench.studies.roofline import beside
from lightbench.studies.subject import Subject
from lightbench.views.remarks import explained, failures, remarks, status
from lightbench.views.section import Drawing, Section
from lightbench.views.table import Column, Table, View, own_words

# Of the table of `lightbench profile`, with the order in which they go on a narrow page.
SHOWN = {
    "params": 3,
    "stored_params": 3,
    "madds": 2,
    "mem_bytes": 2,
    "intensity": 6,
    "status": 0,
    "latency_s": 0,
    "latency_rel": 1,
    "throughput_img_s": 7,
    "peak_memory_bytes": 5,
}
# What stands first, as it is what is chosen by.
FIRST = ("status", "top1", "top1_interval", "latency_s", "latency_rel", "ratio", "ratio_interval")
APART = "not comparable"
Value = Callable[[Subject, Record], Any]


def _of_roofline(key: str, *, shown: bool = True) -> tuple[Column, Value]:
    """A column of `roofline.beside`, of the roofline of the report."""
    column, value = next((c, v) for c, v in beside.COLUMNS if c.key == key)

    def of(subject: Subject, record: Record) -> Any:
        placed = roofline.placed_for(subject.evidence, record)
        return value(placed) if placed else None

    return replace(column, drop=6, shown=shown and column.shown), of


EXTRA: tuple[tuple[Column, Value], ...] = (
    _of_roofline("roofline_s"),
    _of_roofline("efficiency"),
    (
        Column("top1", "top-1 (%)", units.number, drop=4, sparse=True),
        lambda subject, record: (own := subject.accuracy(record)) and own.top1,
    ),
    (
        Column("top1_interval", "95 % (top-1)", own_words, align="left", drop=5, sparse=True),
        lambda subject, record: (own := subject.accuracy(record)) and accuracy.bounds(own),
    ),
    (Column("ratio", "time (ratio)", units.factor, drop=3), lambda s, r: _ratio(s, r)[0]),
    (
        Column("ratio_interval", "at least 90 %", own_words, align="left", drop=8, sparse=True),
        lambda subject, record: _interval(*_ratio(subject, record)[1:]),
    ),
    # for programs
    *(
        _of_roofline(key, shown=False)
        for key in ("efficiency_low", "efficiency_high", "bound", "beyond")
    ),
    (Column("ratio_low", "ratio, low", shown=False), lambda s, r: _ratio(s, r)[1]),
    (Column("ratio_high", "ratio, high", shown=False), lambda s, r: _ratio(s, r)[2]),
    *(
        (
            Column(f"top1_{key}", f"{key} of top-1", shown=False),
            lambda subject, record, key=key: (
                (own := subject.accuracy(record)) and getattr(own, key)
            ),
        )
        for key in ("source", "kind", "data", "images", "low", "high")
    ),
)


def section(subject: Subject) -> Section | None:
    """The table, and times as a figure."""
    if not subject.evidence.profiles:
        return None
    return Section(
        "Comparison",
        drawings=tuple(_drawings(subject)),
        views=tuple(filter(None, (comparison_view(subject), accuracy.sources_view(subject)))),
    )


def _drawings(subject: Subject) -> Iterator[Drawing]:
    records = subject.main

    def draw() -> Any:
        from lightbench.studies.profile.figure import draw as latency

        return latency(records)

    if records:
        yield Drawing(
            "latency",
            "Median time of one call with its 95 % interval, and the same against multiply-adds.",
            draw,
            drawn_again=len(records) > 1,
        )


def comparison_view(subject: Subject) -> View:
    """One row a profile: of them all, whatever machine or setup they are of."""
    records = subject.evidence.profiles
    differs = telling(records)
    facets = (*FACETS, *(facet for facet in differs if facet not in FACETS))
    values = [*_picked(), *EXTRA]
    values.sort(key=lambda of: FIRST.index(of[0].key) if of[0].key in FIRST else len(FIRST))
    columns = (
        MODEL[0],
        *(Column(f.key, f.key, align=f.align, drop=1, shown=f in differs) for f in facets),
        *(column for column, _ in values),
    )
    rows = tuple(
        (
            record.case.model,
            *(facet.value(record) for facet in facets),
            *(value(subject, record) for _, value in values),
        )
        for record in records
    )
    table = Table(
        f"Comparison: {', '.join(shared(records))}",
        columns,
        rows,
        _notes(subject),
        failures(records),
        _more(subject),
    )
    return View(table, [_data(subject, record) for record in records])


def _picked() -> Iterator[tuple[Column, Value]]:
    """The columns of `lightbench profile`."""
    for column, value in VALUES:
        known = column.key in SHOWN
        yield (
            replace(column, drop=SHOWN.get(column.key, 0), shown=column.shown and known),
            _status if column.key == "status" else _of_record(value),
        )


def _of_record(value: Callable[[Record], Any]) -> Value:
    return lambda _, record: value(record)


def _status(subject: Subject, record: Record) -> str:
    return status(record, apart=record.believed and subject.evidence.comparable(record) is None)


def _notes(subject: Subject) -> tuple[str, ...]:
    records = subject.evidence.profiles
    notes = list(remarks(records))
    if any(APART in _status(subject, record) for record in records):
        notes += explained([APART])
    references = dict.fromkeys(r.case.model for record in records if (r := subject.beside(record)))
    if references:
        notes.append(
            f"time (ratio): over the time of {', '.join(references)} in the same setup, round by round"
            " where both were timed in turn."
        )
    if (runs := runs_of(subject)) > 1:
        notes.append(
            f"Measured in {units.exact(runs)} runs, between which a machine may change: a ratio of two"
            " of them goes by what was timed in both, and its bounds contain how far that differs."
        )
    return tuple(notes)


def _more(subject: Subject) -> tuple[str, ...]:
    return (*accuracy.about(subject), *roofline.remarks(subject.evidence))


def runs_of(subject: Subject) -> int:
    """In how many runs, at most, those of one setup were timed that may be compared."""
    runs: dict[object, set[str]] = {}
    for record in subject.evidence.profiles:
        if subject.evidence.comparable(record) is not None:
            how = setup(record), record.case.batch, record.case.mode
            runs.setdefault(how, set()).add(run_of(record))
    return max(map(len, runs.values()), default=0)


def ratio_text(subject: Subject, record: Record) -> str:
    """``0.88 (0.84 to 0.92)`` times the time of the reference."""
    ratio, low, high = _ratio(subject, record)
    between = _interval(low, high)
    return units.factor(ratio) + (f" ({between})" if between else "")


def shown_faster(subject: Subject, record: Record) -> bool:
    """Is the whole interval of the ratio below 1?"""
    high = _ratio(subject, record)[2]
    return high is not None and high < 1


def _ratio(subject: Subject, record: Record) -> tuple[float | None, float | None, float | None]:
    """Time over the reference's: round by round if both were timed in turn; or else of their latencies
    in one run, with bounds from both intervals, which hold with 90 % or more."""
    reference = subject.beside(record)
    placed = subject.evidence.comparable(record) or record
    if reference is None or placed.latency is None or reference.latency is None:
        return None, None, None
    if placed is reference:
        return 1.0, None, None
    pairs = by_rounds(subject.evidence, reference, record)
    found = pairs or by_latency(reference.latency, placed.latency)
    return found.ratio, found.low, found.high


def _interval(low: float | None, high: float | None) -> str | None:
    """``0.97 to 1.05``; None where it is not known."""
    if low is None or high is None:
        return None
    return f"{units.factor(low)} to {units.factor(high)}"


def _data(subject: Subject, record: Record) -> dict[str, Any]:
    more = {column.key: value(subject, record) for column, value in EXTRA}
    return {**record_data(record), "report": more}
