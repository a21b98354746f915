"""A roofline that is handed over to be held against: read, and looked at before anything is measured."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import msgspec

from lightbench import devices
from lightbench.errors import UsageError
from lightbench.records import Case, Environment, Record
from lightbench.records.collection import Evidence
from lightbench.runner.session import follow, here
from lightbench.studies.result import Source, records_of
from lightbench.studies.roofline.among import ceilings_for, check_held, rooflines, unlike


def held(roofline: Source) -> tuple[Record, ...]:
    """The records of a file, of what `roofline` gave, or records; none of None. Raises StoreError, and UsageError for
    what holds no peaks."""
    if roofline is None:
        return ()
    found = tuple(records_of(roofline))
    check_held(found, repr(str(roofline)) if isinstance(roofline, (str, Path)) else "`roofline`")
    return found


def check_fits(known: Sequence[Record], cases: Sequence[Case]) -> None:
    """Raises UsageError if none of the cases, measured now, would have its peaks among the ``known`` records. Cases that
    do not say how many threads they take get those that the records have."""
    evidence = Evidence(tuple(known))
    peak = rooflines(evidence)[0].record
    places: dict[object, Environment] = {}
    asked = []
    for case in cases:
        device = devices.find(case.device, case.options)
        if device.unavailable():  # whoever runs it says so
            return
        place = case.device, case.options, case.threads
        if place not in places:
            if case.threads is None:
                follow(known, device, case.device)
            places[place] = here(device, case.device, device.host_threads(case.threads))
        asked.append(
            msgspec.structs.replace(peak, case=case, environment=places[place], found=None)
        )
    if asked and not any(ceilings_for(evidence, one) for one in asked):
        theirs, own = unlike(evidence, asked[0])
        raise UsageError(
            f"the roofline is of {theirs or 'other settings'}, and asked for is {own or 'another'}."
            if theirs or own
            else "a roofline is of a forward pass, and has nothing to say of training.",
            "Ask for the same, or measure another: `lightbench roofline --store FILE`.",
        )
