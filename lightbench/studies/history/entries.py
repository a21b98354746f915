"""A stored record in short: what a series over commits needs of it, so that 100,000 of them take seconds."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Any

import msgspec

from lightbench.records import (
    CONTENDED,
    LONGEST_S,
    SCHEMA,
    SHORTEST_S,
    SUSPECT,
    Case,
    Record,
    store,
)
from lightbench.records.links import Time

# What may change from one commit to the next; every other comparable fact makes another machine.
SOFTWARE = (
    "python",
    "torch",
    "torch_build",
    "torch_npu",
    "cuda",
    "hip",
    "cudnn",
    "cann",
    "xpu",
    "driver",
    "macos",
)
NOTED_SOFTWARE = ("lightbench", "kernel")

COUNTS = ("params", "madds", "mem_access", "mem_bytes", "fused_bytes", "param_bytes", "activations")
KEYS = {"latency": "latency_s"}  # where a metric is called otherwise beside its unit
METRICS = ("latency", *COUNTS, "peak_memory_bytes")

Count = Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]
Seconds = Annotated[float, msgspec.Meta(ge=SHORTEST_S, le=LONGEST_S)]
Fact = str | int | float | None
NOTHING = b"null"


class _Costs(msgspec.Struct):
    params: Count | None
    madds: Count
    mem_access: Count
    mem_bytes: Count
    fused_bytes: Count
    param_bytes: Count
    activations: Count


class _Latency(msgspec.Struct):
    median_s: Seconds
    low_s: Seconds | None = None
    high_s: Seconds | None = None


class _Run(msgspec.Struct):
    id: str
    anchor: bool = False


class _Noted(msgspec.Struct):
    commit: Fact = None
    time: Fact = None
    lightbench: Fact = None
    kernel: Fact = None


class _Environment(msgspec.Struct):
    comparable: msgspec.Raw
    noted: _Noted


class _There(msgspec.Struct):
    """Something that is stored, whatever it holds."""


class _Line(msgspec.Struct):
    """The part of a stored record that a series needs; texts that thousands of records share stay raw."""

    schema: Annotated[int, msgspec.Meta(ge=1, le=SCHEMA)]
    time: str
    case: msgspec.Raw
    environment: _Environment
    costs: _Costs | None = None
    latency: _Latency | None = None
    peak_memory_bytes: Count | None = None
    found: _There | None = None
    sweep: _There | None = None  # this and the next four before schema 7
    layers: _There | None = None
    findings: tuple[_There, ...] | None = None
    opinions: tuple[_There, ...] | None = None
    check: _There | None = None
    warnings: tuple[str, ...] = ()
    identity: msgspec.Raw = msgspec.Raw(NOTHING)
    run: _Run | None = None

    @property
    def believed(self) -> bool:
        return not any(warning.startswith((CONTENDED, SUSPECT)) for warning in self.warnings)

    @property
    def profiled(self) -> bool:
        """Is it of `lightbench profile`? Times of other studies are not one series with its own."""
        others = (self.found, self.sweep, self.layers, self.findings, self.opinions, self.check)
        return all(other is None for other in others)


Facts = tuple[tuple[str, str | int], ...]  # sorted, without what is unknown


@dataclass(frozen=True, slots=True)
class Entry:
    """A record in short. ``values`` are those of METRICS that it has; none if it is of another
    study than a profile."""

    time: str
    case: Case
    machine: Facts
    software: Facts
    commit: str | None
    values: Mapping[str, float]
    latency: Time | None = None  # with its interval; None if it is disturbed or suspect
    identity: bytes | None = None  # what its model's name stood for; None: not known
    run: str | None = None
    anchor: bool = False
    unsure: float = 0.0  # see Point


def read_entries(path: str) -> Iterator[Entry]:
    """The records of a store in short. Warns and raises as `store.read` does, but does not look at
    samples and operators."""
    return store.scan(path, _Parser())


def entries(records: Iterable[Record]) -> list[Entry]:
    """The same of records that are there already."""
    parse = _Parser()
    return [parse(msgspec.json.encode(record)) for record in records]


def _case(raw: bytes, schema: int) -> Case:
    if schema < store.FORMS:
        return msgspec.convert(store.with_forms(msgspec.json.decode(raw)), Case)
    return msgspec.json.decode(raw, type=Case)


class _Parser:
    """A line -> an entry. Cases and machines are few: each text is decoded once."""

    def __init__(self) -> None:
        self.decode = msgspec.json.Decoder(_Line).decode
        self.cases: dict[bytes, Case] = {}
        self.facts: dict[bytes, tuple[Facts, Facts]] = {}

    def __call__(self, line: bytes) -> Entry:
        """Raises ValueError or UsageError for what is no record of a schema that we know."""
        found = self.decode(line)
        raw = bytes(found.case)
        case = self.cases.get(raw)
        if case is None:
            case = self.cases[raw] = _case(raw, found.schema)
        raw = bytes(found.environment.comparable)
        facts = self.facts.get(raw)
        if facts is None:
            facts = self.facts[raw] = _split(
                msgspec.json.decode(raw, type=dict[str, str | int | None])
            )
        noted = found.environment.noted
        return Entry(
            time=found.time,
            case=case,
            machine=facts[0],
            software=facts[1] + _known((name, getattr(noted, name)) for name in NOTED_SOFTWARE),
            commit=None if noted.commit is None else str(noted.commit),
            values=_values(found) if found.profiled else {},
            latency=found.latency if found.profiled and found.believed else None,
            identity=None if found.identity == NOTHING else bytes(found.identity),
            run=_run_of(found),
            anchor=found.run is not None and found.run.anchor,
        )


def _run_of(found: _Line) -> str | None:
    """Before schema 5 a run was told by when it began."""
    if found.run is not None:
        return found.run.id
    return None if found.environment.noted.time is None else str(found.environment.noted.time)


def _known(facts: Iterable[tuple[str, Any]]) -> Facts:
    return tuple((name, value) for name, value in facts if value is not None)


def _split(comparable: Mapping[str, str | int | None]) -> tuple[Facts, Facts]:
    """Machine and software."""
    known = _known(sorted(comparable.items()))
    machine = tuple(fact for fact in known if fact[0] not in SOFTWARE)
    return machine, tuple(fact for fact in known if fact[0] in SOFTWARE)


def _values(found: _Line) -> dict[str, float]:
    values: dict[str, float] = {}
    if found.latency:
        values["latency"] = found.latency.median_s
    if found.costs:
        values |= {name: getattr(found.costs, name) for name in COUNTS}
    if found.peak_memory_bytes:
        values["peak_memory_bytes"] = found.peak_memory_bytes
    return values
