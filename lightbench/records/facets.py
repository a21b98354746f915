"""Which case a row is: what differs between cases becomes a column, what they share is said once."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any, Literal

from lightbench.records.axes import AXES, Axis
from lightbench.records.inputs import inputs_text
from lightbench.records.record import Record


@dataclass(frozen=True)
class Facet:
    """One property of a case, and the words for it where no heading explains the value."""

    key: str
    value: Callable[[Record], Any]
    phrase: str = "{}"
    align: Literal["left", "right"] = "left"
    remark: Callable[[Record], str] = lambda _record: ""  # how a shared value came to be

    def said(self, record: Record) -> tuple[str, ...]:
        """The words for its value; none where it has none."""
        value = self.value(record)
        return () if value is None else (self.phrase.format(value),)


def _threads(record: Record) -> int | str | None:
    return record.case.threads or record.environment.comparable.get("threads")


def _calibration(record: Record) -> str | None:
    """The place's own name, without the way there, and a hash of what was read: "photos (3fa9c1d2)"; of a case that has
    failed without it."""
    place, made = record.case.calibration, record.conversion
    if place is None or made is None or made.calibrated_on is None:
        return place and (PurePath(place).name or place)
    return made.calibrated_on.partition(" of ")[2]


def _offered(record: Record) -> str:
    """Threads that nobody has asked for are as many as cores were free."""
    noted = record.environment.noted
    cores, busy = noted.get("cores_offered"), noted.get("cores_busy")
    return "" if cores is None or busy is None else f" (of {cores}, {busy or 'none'} busy)"


def _facet(axis: Axis) -> Facet:
    """An axis of a case; how many threads there were is known of its environment, if nobody asked, and what
    int8 was calibrated on of its conversion."""
    if axis.name == "threads":
        return Facet(axis.name, _threads, axis.phrase, axis.align, _offered)
    if axis.name == "calibration":
        return Facet(axis.name, _calibration, axis.phrase, axis.align)
    return Facet(axis.name, lambda r: getattr(r.case, axis.name), axis.phrase, axis.align)


FACETS = (
    Facet("input", lambda r: inputs_text(r.case.inputs), "input {}"),
    *(_facet(axis) for axis in AXES.values() if axis.name != "threads"),
    Facet("options", lambda r: ", ".join(r.case.options) or None),
    _facet(AXES["threads"]),
)


def differing(records: Sequence[Record]) -> tuple[Facet, ...]:
    """The facets in which the cases are not all the same."""
    return tuple(facet for facet in FACETS if len({facet.value(r) for r in records}) > 1)


def telling(records: Sequence[Record]) -> tuple[Facet, ...]:
    """The same, and with several machines or softwares also what tells these apart."""
    return (*differing(records), *_environments(records))


# What tells two environments apart as people would, before anything else does.
TELLING = ("product", "cpu", "torch", "python")
ALLOCATOR = "allocator"  # how a study keeps memory is no property of the machine


def place(record: Record) -> dict[str, str]:
    """Machine and software of a record, without what facets say already."""
    said = {ALLOCATOR, *(facet.key for facet in FACETS)}
    known = record.environment.comparable.items()
    return {key: str(v) for key, v in sorted(known) if key not in said and v is not None}


def _environments(records: Sequence[Record]) -> Iterator[Facet]:
    """A facet whose value is the fewest facts that tell the environments apart, if there are several."""
    places = [place(record) for record in records]
    keys: list[str] = []

    def told(keys: Sequence[str]) -> int:
        return len({tuple(facts.get(key) for key in keys) for facts in places})

    for key in (*TELLING, *dict.fromkeys(key for facts in places for key in facts)):
        if told([*keys, key]) > told(keys):
            keys.append(key)
    if keys:
        yield Facet(
            "environment",
            lambda r: ", ".join(place(r).get(key, f"no {key}") for key in keys),
        )


def shared(records: Sequence[Record]) -> list[str]:
    """What all cases have in common: ``input 3x224x224``, ``batch 1``, ``cpu``, ..., and of threads that
    nobody has asked for out of how many: ``threads 1 (of 2, 1 busy)``."""
    differs = differing(records)
    same = [
        (facet, facet.value(r)) for r in records[:1] for facet in FACETS if facet not in differs
    ]
    return [
        facet.phrase.format(value) + _remarked(facet, records)
        for facet, value in same
        if value is not None
    ]


def _remarked(facet: Facet, records: Sequence[Record]) -> str:
    """What holds for all of them, or nothing."""
    found = {facet.remark(record) for record in records}
    return found.pop() if len(found) == 1 else ""


def names(records: Sequence[Record]) -> list[str]:
    """A name for each case: its model, and what tells it from the others."""
    differs = telling(records)
    return [
        ", ".join((record.case.model, *(word for facet in differs for word in facet.said(record))))
        for record in records
    ]


def conditions(records: Sequence[Record], among: Sequence[Record] = ()) -> str:
    """What all cases share, to stand in a title: ``cpu, eager, float32, threads 1``; and in which
    environment they ran, if there are several ``among`` all."""
    words = [word for word in shared(records) if not word.startswith("input")]
    environments = (facet for facet in telling(among) if facet.key == "environment")
    words += [str(facet.value(record)) for facet in environments for record in records[:1]]
    return ", ".join(words)
