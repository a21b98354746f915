"""The rooflines among records of any runs, and where each record stands below that of its own setup."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from lightbench.errors import UsageError
from lightbench.records import Record
from lightbench.records.collection import Evidence, setup
from lightbench.records.facets import FACETS, TELLING, place
from lightbench.studies.roofline.ceilings import Ceilings, ceilings_of, is_peak
from lightbench.studies.roofline.placed import Placed, network
from lightbench.studies.roofline.points import EAGER
from lightbench.studies.sweep.relative import sweeps

OF_A_CASE = ("input", "batch", "mode")  # facets that are no setup: peaks hold for any of them
FEW = 3  # facts in which two setups differ are told


def rooflines(evidence: Evidence) -> tuple[Ceilings, ...]:
    """The latest of each setup and machine."""
    return tuple(evidence.once(_by_setup).values())


def ceilings_for(evidence: Evidence, record: Record) -> Ceilings | None:
    """Those of the device, the settings and the machine of a record, if they were measured; of no other. They are
    about a forward pass: training has none."""
    return evidence.once(_by_setup).get(setup(record)) if record.case.mode == "infer" else None


def placed_among(evidence: Evidence, record: Record) -> Placed | None:
    """A network below its ceilings, at the speed that the machine had when it was timed, by what both runs have
    timed. None without ceilings of its setup, and for a network that was not counted."""
    ceilings = ceilings_for(evidence, record)
    if ceilings is None or record.costs is None:
        return None
    return network(record, ceilings, evidence.drift(ceilings.record, record))


def _by_setup(evidence: Evidence) -> Mapping[object, Ceilings]:
    """A run of an engine's peaks has those of eager beside them, which are a roofline of their own."""
    found: dict[object, Ceilings] = {}
    for run in sweeps(filter(is_peak, evidence.records)):
        for engine in dict.fromkeys(record.case.engine for record in run):
            ceilings = ceilings_of(r for r in run if r.case.engine in (EAGER, engine))
            if ceilings:
                found[setup(ceilings.record)] = ceilings
    return found


def check_held(records: Sequence[Record], name: str) -> None:
    """Raises UsageError for records that hold no roofline; ``name`` is what they are called there."""
    if not rooflines(Evidence(tuple(records))):
        raise UsageError(
            f"{name} holds no roofline.",
            "Measure one: `lightbench roofline --store FILE`, with the same settings.",
        )


def unlike(evidence: Evidence, record: Record) -> tuple[str, str]:
    """Why a record has no ceilings, in words: in what the nearest that there are differ from it, and what it has
    instead. Nothing for one that is only of no forward pass. Raises ValueError where there are no ceilings at all."""
    own = _words(record)
    near = min(
        (_words(each.record) for each in rooflines(evidence)),
        key=lambda of: len(of.items() - own.items()),
    )
    return _listed(near, own), _listed(own, near)


def _words(record: Record) -> dict[str, str]:
    """Each fact of a record's setup with the words for it, settings before those of the machine."""
    facets = [(f, f.value(record)) for f in FACETS if f.key not in OF_A_CASE]
    settings = {f.key: f.phrase.format(v) if v is not None else f"no {f.key}" for f, v in facets}
    known = place(record)
    keys = dict.fromkeys((*(key for key in TELLING if key in known), *known))
    return settings | {key: f"{key} {known[key]}" for key in keys}


def _listed(words: Mapping[str, str], others: Mapping[str, str]) -> str:
    """Those that are not the others', the first few."""
    found = [word for key, word in words.items() if others.get(key) != word]
    return ", ".join(found[:FEW]) + (", ..." if len(found) > FEW else "")
