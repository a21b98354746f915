"""Records as a table: one row per case; what all cases share stands in the title."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from lightbench import units
from lightbench.records import Costs, Latency, Record
from lightbench.records.collection import Evidence
from lightbench.records.facets import FACETS, differing, shared
from lightbench.stats.median import median
from lightbench.stats.ratio import Ratio
from lightbench.studies.profile.beside_eager import beside_eager
from lightbench.studies.profile.notes import (
    BESIDE_EAGER,
    RESIDENT,
    about_memory,
    about_outputs,
    about_vendors,
)
from lightbench.studies.profile.transfers import transfers_table
from lightbench.studies.roofline import beside
from lightbench.studies.roofline.among import placed_among
from lightbench.views.remarks import (
    LATENCY,
    MADDS,
    MEM,
    about_runs,
    failures,
    remarks,
    signs,
    status,
)
from lightbench.views.table import Column, Table, View

Value = Callable[[Record], Any]


def _costs(get: Callable[[Costs], Any]) -> Value:
    return lambda record: get(record.costs) if record.costs else None


def _typical(clock: str) -> Value:
    """Median of one of the clocks of `Samples`, over all calls."""

    def value(record: Record) -> Any:
        times = getattr(record.samples, clock) if record.samples else ()
        return median(times) if times else None

    return value


def _latency(get: Callable[[Latency], Any]) -> Value:
    return lambda record: get(record.latency) if record.latency else None


MODEL: tuple[Column, Value] = (Column("model", "model", align="left"), lambda r: r.case.model)

VALUES: tuple[tuple[Column, Value], ...] = (
    (Column("params", "params", scale=units.COUNTS, drop=5), _costs(lambda c: c.params)),
    (
        Column("stored_params", "stored parameters", scale=units.COUNTS, drop=5, sparse=True),
        _costs(lambda c: c.stored_params),
    ),
    (Column("madds", "MAdds", scale=units.COUNTS, drop=2, about=MADDS), _costs(lambda c: c.madds)),
    (
        Column("mem_bytes", "mem", scale=units.BYTES, drop=3, about=MEM),
        _costs(lambda c: c.mem_bytes),
    ),
    (Column("status", "", signs, align="left"), status),
    (
        Column("latency_s", "latency", scale=units.TIMES, about=LATENCY),
        _latency(lambda t: t.median_s),
    ),
    (Column("latency_rel", "+-", units.percent, drop=4), _latency(lambda t: t.rel)),
    (
        Column("outputs", "outputs", align="left", drop=1, sparse=True),
        lambda r: r.outputs.verdict if r.outputs else None,
    ),
    (Column("latency_p90_s", "p90", scale=units.TIMES, drop=7), _latency(lambda t: t.p90_s)),
    (Column("latency_p99_s", "p99", scale=units.TIMES, drop=10), _latency(lambda t: t.p99_s)),
    (Column("latency_min_s", "min", scale=units.TIMES, drop=11), _latency(lambda t: t.min_s)),
    (
        Column("launch_s", "launch", scale=units.TIMES, drop=5, sparse=True),
        _typical("launch_s"),
    ),
    (
        Column("to_device_s", "to device", scale=units.TIMES, drop=5, sparse=True),
        _typical("to_device_s"),
    ),
    (
        Column("to_host_s", "to host", scale=units.TIMES, drop=5, sparse=True),
        _typical("to_host_s"),
    ),
    (Column("energy_j", "J/img", units.number, drop=8, sparse=True), lambda r: r.energy_j),
    (Column("samples", "n", units.exact, drop=12), _latency(lambda t: t.n)),
    (Column("throughput_img_s", "img/s", units.number, drop=6), lambda r: r.throughput),
    (
        Column("vendor_min_s", "vendor min", scale=units.TIMES, drop=3, sparse=True),
        lambda r: r.vendor.min_s if r.vendor else None,
    ),
    (
        Column("min_over_vendor", "min / vendor", units.number, drop=2, sparse=True),
        lambda r: r.latency.min_s / r.vendor.min_s if r.vendor and r.latency else None,
    ),
    (
        Column("peak_memory_bytes", "peak", scale=units.BYTES, drop=8),
        lambda r: r.peak_memory_bytes,
    ),
    (
        Column(
            "resident_bytes", "resident", scale=units.BYTES, drop=2, sparse=True, about=RESIDENT
        ),
        lambda r: r.resident.network_bytes if r.resident else None,
    ),
    (
        Column("arena_bytes", "arena", scale=units.BYTES, drop=2, sparse=True),
        lambda r: r.resident.arena_bytes if r.resident else None,
    ),
    (Column("intensity", "MAdds/byte", units.number, drop=9), _costs(lambda c: c.intensity)),
    # for programs
    (
        Column("resident_peak_bytes", "resident, peak (bytes)", shown=False),
        lambda r: r.resident.peak_bytes if r.resident else None,
    ),
    (Column("level", "level", shown=False), lambda r: "error" if r.failure else "notice"),
    (Column("wall_s", "wall (s)", shown=False), _typical("wall_s")),
    (Column("device_s", "device (s)", shown=False), _typical("device_s")),
    (
        Column("first_call_s", "first call (s)", shown=False),
        lambda r: r.samples.first_call_s if r.samples else None,
    ),
    (
        Column("convert_s", "convert (s)", shown=False),
        lambda r: r.conversion.seconds if r.conversion else None,
    ),
    (Column("latency_low_s", "low (s)", shown=False), _latency(lambda t: t.low_s)),
    (Column("latency_high_s", "high (s)", shown=False), _latency(lambda t: t.high_s)),
    (Column("mem_access", "memory access (elements)", shown=False), _costs(lambda c: c.mem_access)),
    (Column("fused_bytes", "fused (bytes)", shown=False), _costs(lambda c: c.fused_bytes)),
    (Column("time", "time", shown=False), lambda r: r.time),
    (Column("id", "id", shown=False), lambda r: r.id),
)


# Of engines other than eager; the values are those of `beside_eager`.
RATIOS: tuple[tuple[Column, Callable[[Ratio], Any]], ...] = (
    (
        Column("ratio_eager", "x eager", units.number, sparse=True, about=BESIDE_EAGER),
        lambda ratio: ratio.ratio,
    ),
    (
        Column("ratio_eager_rel", "+- (ratio)", units.percent, drop=4, sparse=True),
        lambda ratio: ratio.interval.rel,
    ),
    (Column("ratio_eager_low", "x eager, low", shown=False), lambda ratio: ratio.low),
    (Column("ratio_eager_high", "x eager, high", shown=False), lambda ratio: ratio.high),
)


def profile_view(records: Sequence[Record], known: Sequence[Record] = ()) -> View:
    """Records, in the order given, as a table with notes, and as data with each record's id. Where ``known`` records
    hold the peaks of their setups, each stands below its roofline."""
    differs = differing(records)
    few = 0 if len(differs) < 3 else 1  # without them no row is told from another
    facets = [
        (Column(f.key, f.key, align=f.align, drop=few, shown=f in differs), f.value) for f in FACETS
    ]
    columns = (MODEL, *facets, *VALUES)
    ratios, evidence = beside_eager(records), Evidence((*known, *records))
    placed = [placed_among(evidence, record) for record in records]
    table = Table(
        title=f"Profile: {', '.join(shared(records)) or 'no cases'}",
        columns=tuple(column for column, _ in (*columns, *RATIOS, *beside.COLUMNS)),
        rows=tuple(
            (
                *(value(record) for _, value in columns),
                *(value(ratio) if ratio else None for _, value in RATIOS),
                *beside.values(row),
            )
            for record, ratio, row in zip(records, ratios, placed, strict=True)
        ),
        notes=(*remarks(records), *about_runs(records)),
        sentences=(*failures(records), *beside.doubts(evidence, records, placed)),
        more=(
            *about_outputs(records),
            *beside.remarks(evidence, records, placed),
            *about_vendors(records),
            *about_memory(records),
        ),
    )
    data = [record_data(r) | beside.data(row) for r, row in zip(records, placed, strict=True)]
    return View(table, data, transfers_table(records))


def record_data(record: Record) -> dict[str, Any]:
    """A record as it is stored, its id first."""
    return {"id": record.id, **msgspec.to_builtins(record, order="deterministic")}
