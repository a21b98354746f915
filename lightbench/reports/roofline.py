"""The roofline of a report, one for all that stands in it: that of the peaks of `lightbench roofline`, where records
hold those of a setup; else that of its device card, which knows one speed of memory and none of caches."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from lightbench.records import Record
from lightbench.records.collection import Evidence
from lightbench.studies.card.roofline import placed_on, roofline_s
from lightbench.studies.card.stored import card_for
from lightbench.studies.roofline import beside
from lightbench.studies.roofline.among import ceilings_for, placed_among
from lightbench.studies.roofline.placed import Placed, network
from lightbench.views.remarks import BUSY_CARD

UNKNOWN = (
    "No peaks and no device card of these cases, so no roofline: `lightbench roofline --store`, or"
    " `lightbench device-card`."
)
APART = "No efficiency: nothing undisturbed was timed both with these cases and with the peaks, or the device card."
OF_CARD = (
    "roofline: the time that the fastest kind of operator and the largest map of the device card allow, layer by layer;"
    " what stays in caches may beat it. `lightbench roofline` measures those, too."
)
EFFICIENCY = "efficiency: roofline / latency."


def placed_for(evidence: Evidence, record: Record) -> Placed | None:
    """Where one of the profiles stands below the roofline of its setup, at the speed that the machine had then. Without
    an efficiency where its time is not believed, and where nothing was timed both with it and with the ceilings."""
    return evidence.once(_by_profile).get(id(record))


def _by_profile(evidence: Evidence) -> Mapping[int, Placed | None]:
    return {id(record): _placed(evidence, record) for record in evidence.profiles}


def _placed(evidence: Evidence, record: Record) -> Placed | None:
    found = placed_among(evidence, record)
    if found is None and (card := card_for(evidence, record)):
        found = placed_on(card, record, evidence.drift(card.record, record))
    if found is None or (record.believed and found.drift is not None):
        return found
    return replace(found, time=None)


def least_s(evidence: Evidence, record: Record) -> float | None:
    """The roofline in seconds at the speed of its own run, which orders networks whatever the machine did since."""
    if record.costs is None:
        return None
    if ceilings := ceilings_for(evidence, record):
        return network(record, ceilings).roofline_s
    card = card_for(evidence, record)
    return roofline_s(record.costs, card) if card else None


def remarks(evidence: Evidence) -> Iterator[str]:
    """What must be said below a table of the profiles."""
    rows = {id(r): row for r in evidence.profiles if (row := placed_for(evidence, r))}
    carded = {i: row for i, row in rows.items() if not ceilings_for(evidence, row.record)}
    others = [record for record in evidence.profiles if id(record) not in carded]
    if not rows:
        yield UNKNOWN
    known = [rows.get(id(record)) for record in others]
    yield from beside.doubts(evidence, others, known)
    yield from beside.remarks(evidence, others, known)
    if carded:
        yield OF_CARD
    if len(carded) == len(rows) > 0:
        yield EFFICIENCY
    if rows and not any(row.efficiency for row in rows.values()):
        yield APART
    cards = [card_for(evidence, row.record) for row in carded.values()]
    if any(card and card.contended for card in cards):
        yield BUSY_CARD
