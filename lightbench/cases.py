"""Which case a row is: what differs between cases becomes a column, what they share is said once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from lightbench.records import Record


@dataclass(frozen=True, slots=True)
class Facet:
    """One property of a case, and the words for it where no heading explains the value."""

    key: str
    value: Callable[[Record], Any]
    phrase: str = "{}"
    align: Literal["left", "right"] = "left"


def _threads(record: Record) -> int | str | None:
    return record.case.threads or record.environment.comparable.get("threads")


FACETS = (
    Facet("input", lambda r: ", ".join(map(str, r.case.inputs)), "input {}"),
    Facet("batch", lambda r: r.case.batch, "batch {}", "right"),
    Facet("device", lambda r: r.case.device),
    Facet("engine", lambda r: r.case.engine),
    Facet("dtype", lambda r: r.case.dtype),
    Facet("mode", lambda r: r.case.mode),
    Facet("layout", lambda r: r.case.layout),
    Facet("options", lambda r: ", ".join(r.case.options) or None),
    Facet("threads", _threads, "threads {}", "right"),
)


def differing(records: Sequence[Record]) -> tuple[Facet, ...]:
    """The facets in which the cases are not all the same."""
    return tuple(facet for facet in FACETS if len({facet.value(r) for r in records}) > 1)


def shared(records: Sequence[Record]) -> list[str]:
    """What all cases have in common: ``input 3x224x224``, ``batch 1``, ``cpu``, ..."""
    differs = differing(records)
    same = [
        (facet, facet.value(r)) for r in records[:1] for facet in FACETS if facet not in differs
    ]
    return [facet.phrase.format(value) for facet, value in same if value is not None]


def names(records: Sequence[Record]) -> list[str]:
    """A name for each case: its model, and what tells it from the others."""
    differs = differing(records)
    return [
        ", ".join((record.case.model, *(f.phrase.format(f.value(record)) for f in differs)))
        for record in records
    ]
