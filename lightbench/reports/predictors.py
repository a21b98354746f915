"""What might predict latency, and how well each of them does on a device: the paper's thesis, tested."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from lightbench import units
from lightbench.records import Costs, Record
from lightbench.records.collection import Evidence
from lightbench.reports.roofline import least_s
from lightbench.stats.correlation import Correlation, linear, rank, spread

FEWEST = 5  # networks; with fewer even a perfect order says little


@dataclass(frozen=True)
class Predictor:
    """A number that is known without timing the network: of its costs, or its roofline time in seconds."""

    key: str
    name: str  # in a sentence: "memory access"
    heading: str  # of an axis or a row, with the unit
    text: Callable[[float], str]
    value: Callable[[Costs, float | None], float | None]


PREDICTORS = (
    Predictor("madds", "MAdds", "MAdds", units.count, lambda costs, _: costs.madds),
    Predictor("params", "parameters", "Parameters", units.count, lambda costs, _: costs.params),
    Predictor(
        "activations", "activations", "Activations", units.count, lambda costs, _: costs.activations
    ),
    Predictor(
        "mem_bytes", "memory access", "Memory access", units.size, lambda costs, _: costs.mem_bytes
    ),
    Predictor(
        "mem_access",
        "memory access in the paper's account",
        "Memory access, paper (elements)",
        units.count,
        lambda costs, _: costs.mem_access,
    ),
    Predictor(
        "roofline_s",
        "roofline time",
        "Roofline time",
        units.seconds,
        lambda _, roofline_s: roofline_s,
    ),
)


@dataclass(frozen=True)
class Prediction:
    """How one predictor does: ``points`` are the records for which it is above 0, with its value."""

    predictor: Predictor
    points: tuple[tuple[Record, float], ...]
    rank: Correlation | None
    linear: Correlation | None
    spread: float | None  # by what factor a latency typically is off proportion

    @property
    def key(self) -> str:
        return self.predictor.key

    @property
    def name(self) -> str:
        return self.predictor.name

    @property
    def n(self) -> int:
        return len(self.points)


def correlation_text(found: Correlation) -> str:
    """``0.97 (0.92 to 0.99)``; a perfect one has no interval."""
    value = units.correlation(found.value)
    if found.low is None or found.high is None:
        return value
    return f"{value} ({units.correlation(found.low)} to {units.correlation(found.high)})"


@dataclass(frozen=True)
class Predictions:
    """Profiles that may be compared, and how each predictor does on them."""

    records: tuple[Record, ...]
    rows: tuple[Prediction, ...]


def predictions(evidence: Evidence) -> list[Predictions]:
    """How well each predictor does, for every group of at least 5 profiles that may be compared. A
    predictor without a value for any of them (roofline time without peaks or a device card) has no row."""
    return [
        Predictions(tuple(group), _rows(group, evidence))
        for group in evidence.groups
        if len(group) >= FEWEST
    ]


def _rows(group: Sequence[Record], evidence: Evidence) -> tuple[Prediction, ...]:
    least = [least_s(evidence, record) for record in group]
    rows = (_row(predictor, group, least) for predictor in PREDICTORS)
    return tuple(row for row in rows if row.points)


def _row(
    predictor: Predictor, group: Sequence[Record], least: Sequence[float | None]
) -> Prediction:
    points, xs, times = [], [], []
    for record, roofline_s in zip(group, least, strict=True):
        value = predictor.value(record.costs, roofline_s) if record.costs else None
        if value and record.latency:
            points.append((record, value))
            xs.append(value)
            times.append(record.latency.median_s)
    return Prediction(
        predictor,
        tuple(points),
        rank(xs, times),
        linear(xs, times),
        spread(xs, times) if points else None,
    )
