"""The roofline beside what else is known of networks: columns of other tables, and what a reader must know of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from lightbench import units
from lightbench.records import Record
from lightbench.records.collection import Evidence
from lightbench.records.facets import names
from lightbench.records.links import NONE
from lightbench.studies.roofline.among import ceilings_for, rooflines, unlike
from lightbench.studies.roofline.placed import Placed
from lightbench.studies.roofline.table import BOUND, BUSY, EFFICIENCY, ROOFLINE, beyond
from lightbench.views.table import Column, own_words

Value = Callable[[Placed], Any]

DRIFTED = (
    "The peaks are of another run: the roofline is that of the speed that the machine has in this one, by what both"
    " have timed."
)
UNLINKED = (
    "An efficiency without an interval: nothing undisturbed was timed both with that network and with the peaks, and the"
    " machine may have changed."
)

COLUMNS: tuple[tuple[Column, Value], ...] = (
    (
        Column("roofline_s", "roofline", scale=units.TIMES, drop=6, sparse=True, about=ROOFLINE),
        lambda p: p.roofline_s,
    ),
    (
        Column("efficiency", "efficiency", units.percent, drop=3, sparse=True, about=EFFICIENCY),
        lambda p: p.efficiency and p.efficiency.median,
    ),
    (
        Column("efficiency_rel", "+- (efficiency)", units.percent, drop=9, sparse=True),
        lambda p: p.efficiency and p.efficiency.rel,
    ),
    (
        Column("bound", "bound by", own_words, align="left", drop=8, sparse=True, about=BOUND),
        lambda p: p.bound,
    ),
    # for programs
    (Column("efficiency_low", "low", shown=False), lambda p: p.efficiency and p.efficiency.low),
    (Column("efficiency_high", "high", shown=False), lambda p: p.efficiency and p.efficiency.high),
    (Column("beyond", "beyond the ceilings", shown=False), lambda p: p.beyond),
)


def values(placed: Placed | None) -> tuple[Any, ...]:
    """Of each of `COLUMNS`; unknown for a record without a roofline."""
    return tuple(value(placed) if placed else None for _, value in COLUMNS)


def data(placed: Placed | None) -> dict[str, Any]:
    """The same for programs: what JSON has beside a record, if it has a roofline."""
    if placed is None:
        return {}
    known = zip((column.key for column, _ in COLUMNS), values(placed), strict=True)
    return {"roofline": dict(known)}


def remarks(
    evidence: Evidence, records: Sequence[Record], placed: Sequence[Placed | None]
) -> Iterator[str]:
    """What explains a table of records of which some are ``placed``; nothing where nobody has measured any
    peaks."""
    if any(row and row.drift not in (None, NONE) for row in placed):
        yield DRIFTED
    if not any(placed):
        yield from _without(evidence, records, placed)


def doubts(
    evidence: Evidence, records: Sequence[Record], placed: Sequence[Placed | None]
) -> Iterator[str]:
    """What changes how such a table is read: which are faster than their ceilings allow, whether these are to be
    believed, and why some have a dash beside others' roofline."""
    named = zip(names(records), placed, strict=True)
    yield from beyond([name for name, row in named if row and row.beyond])
    rows = [row for row in placed if row]
    used = [ceilings_for(evidence, row.record) for row in rows]
    if any(ceilings and ceilings.contended for ceilings in used):
        yield BUSY
    if any(row.drift is None and row.efficiency for row in rows):
        yield UNLINKED
    if rows:
        yield from _without(evidence, records, placed)


def _without(
    evidence: Evidence, records: Sequence[Record], placed: Sequence[Placed | None]
) -> Iterator[str]:
    """Which networks have no roofline although there are peaks, each reason once."""
    if not rooflines(evidence):
        return
    found: dict[str, list[str]] = {}
    for name, record, row in zip(names(records), records, placed, strict=True):
        if row is None and record.costs:
            theirs, _ = unlike(evidence, record)
            why = f"the peaks are of {theirs}" if theirs else "it is that of a forward pass"
            found.setdefault(why, []).append(name)
    for why, of in found.items():
        more = f"; and {units.exact(len(of) - 3)} more" if len(of) > 3 else ""
        yield f"no roofline of {'; '.join(of[:3])}{more}: {why}."
