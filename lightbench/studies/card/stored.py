"""The device cards among stored records, and which of them a record is to be held against."""

from __future__ import annotations

from collections.abc import Mapping

from lightbench.records import Record
from lightbench.records.collection import Evidence, setup
from lightbench.studies.card.card import AXES, EXPERIMENT, DeviceCard, card_of
from lightbench.studies.sweep.relative import sweeps


def cards(evidence: Evidence) -> tuple[DeviceCard, ...]:
    """The latest device card of each setup and machine."""
    return tuple(evidence.once(_by_setup).values())


def card_runs(evidence: Evidence) -> frozenset[str]:
    """The sweeps that were measured for device cards, older ones among them."""
    carded = evidence.once(_carded)
    return frozenset(r.sweep.run for records in carded for r in records if r.sweep)


def card_for(evidence: Evidence, record: Record) -> DeviceCard | None:
    """The card of the device, the settings and the machine of a record, if there is one. It is about
    a forward pass: training has none."""
    return evidence.once(_by_setup).get(setup(record)) if record.case.mode == "infer" else None


def _by_setup(evidence: Evidence) -> Mapping[object, DeviceCard]:
    found = {setup(records[0]): card_of(records) for records in evidence.once(_carded)}
    return {where: card for where, card in found.items() if card is not None}


def _carded(evidence: Evidence) -> list[list[Record]]:
    """The records of each card: its own sweep and the first of each axis that follows it."""
    found: list[list[Record]] = []
    open_: dict[object, tuple[list[Record], set[str]]] = {}
    for group in sweeps(evidence.records):
        where, experiment = setup(group[0]), group[0].sweep.experiment if group[0].sweep else ""
        if experiment == EXPERIMENT:
            found.append(list(group))
            open_[where] = found[-1], set(AXES)
        elif where in open_ and experiment in open_[where][1]:
            open_[where][0].extend(group)
            open_[where][1].remove(experiment)
    return found
