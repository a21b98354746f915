"""What a page answers "at least 70 %, at most 10 ms" with: the networks that may be held against each other, in numbers."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from lightbench.figures.families import family
from lightbench.records import Record
from lightbench.records.facets import conditions, names
from lightbench.studies.subject import Subject

ALIKE = 0.5  # points of top-1: networks retrained differ by that much


@dataclass(frozen=True)
class Fact:
    """A number of a network: ``scale`` is what is written as 1 in ``unit``; ``text`` is how the page writes it. With
    ``best``, the word for who has the best of it, it can be limited."""

    key: str
    name: str
    unit: str
    scale: float
    text: str
    value: Callable[[Subject, Record], float | None]
    more_is_better: bool = False
    best: str = ""


def _of_costs(key: str) -> Callable[[Subject, Record], float | None]:
    return lambda _, record: getattr(record.costs, key) if record.costs else None


def _top1(subject: Subject, record: Record) -> float | None:
    own = subject.accuracy(record)
    return own.top1 if own else None


FACTS = (
    Fact(
        "top1", "top-1 accuracy", "%", 1, "percent",
        _top1,
        more_is_better=True, best="most accurate",
    ),
    Fact(
        "latency_s", "time of a call", "ms", 1e-3, "seconds",
        lambda _, record: record.latency.median_s if record.latency else None, best="fastest",
    ),
    Fact("param_bytes", "weights", "MB", 1e6, "size", _of_costs("param_bytes"), best="smallest"),
    Fact(
        "peak_memory_bytes", "peak memory", "MB", 1e6, "size",
        lambda _, record: record.peak_memory_bytes, best="least memory",
    ),
    Fact("madds", "MAdds", "M", 1e6, "count", _of_costs("madds")),
    Fact("mem_bytes", "memory access", "MB", 1e6, "size", _of_costs("mem_bytes")),
    Fact("params", "parameters", "M", 1e6, "count", _of_costs("params")),
)  # fmt: skip


def choice(subject: Subject) -> dict[str, Any] | None:
    """The largest set of comparable networks, and what is known of each; None of fewer than two. The accuracy
    that is asked for at first is that of the reference, as in the sentences."""
    group = subject.main
    if len(group) < 2:
        return None
    known = [
        (fact, {i: v for i, r in enumerate(group) if (v := fact.value(subject, r))})
        for fact in FACTS
    ]
    return {
        "kind": "answer",
        "about": conditions(group, subject.evidence.profiles),
        "facts": [_fact(subject, fact) for fact, values in known if len(values) > 1],
        "cases": [
            {
                "name": name,
                "model": record.case.model,
                "family": family(record.case.model),
                "values": {fact.key: values[i] for fact, values in known if i in values},
                "low": record.latency.low_s if record.latency else None,
                "high": record.latency.high_s if record.latency else None,
                "elsewhere": subject.evidence.measured(record).latency != record.latency,
            }
            for i, (name, record) in enumerate(zip(names(group), group, strict=True))
        ],
    }


def _fact(subject: Subject, fact: Fact) -> dict[str, Any]:
    known = {key: getattr(fact, key) for key in ("key", "name", "unit", "scale", "text", "best")}
    least = None
    if fact.key == "top1":
        reference = subject.beside(subject.main[0]) or subject.main[0]
        own = subject.accuracy(reference)
        least = math.floor(own.top1 - ALIKE) if own else None
        known["name"] = f"{fact.name} on {subject.rated.data}"
    return {**known, "more": fact.more_is_better, "least": least}
