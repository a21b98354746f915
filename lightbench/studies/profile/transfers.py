"""What a call costs on its way to an accelerator, there, and back: as Ascend's ais_bench prints it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from statistics import fmean
from typing import Any

from lightbench import units
from lightbench.records import Record
from lightbench.records.facets import names
from lightbench.stats.median import median, quantile
from lightbench.views.table import Column, Table

PHASES = (
    ("host to device", "to_device_s"),
    ("compute", "times_s"),
    ("device to host", "to_host_s"),
)
COLUMNS = (
    Column("case", "case", align="left"),
    Column("phase", "phase", align="left"),
    Column("min_s", "min", scale=units.TIMES, drop=2),
    Column("max_s", "max", scale=units.TIMES, drop=3),
    Column("mean_s", "mean", scale=units.TIMES, drop=1),
    Column("median_s", "median", scale=units.TIMES),
    Column("p99_s", "p99", scale=units.TIMES),
    Column("throughput_img_s", "img/s", units.number, drop=4),
)
NOTES = (
    "host to device: the inputs; device to host: the outputs; both to the end of synchronisation.",
    "img/s: the batch over the mean of compute.",
)


def transfers_table(records: Sequence[Record]) -> tuple[Table, ...]:
    """Three rows for each record that has transfers; no table if none has."""
    rows = [row for name, r in zip(names(records), records, strict=True) for row in _rows(name, r)]
    title = "Host to device, compute, device to host"
    return (Table(title, COLUMNS, tuple(rows), NOTES),) if rows else ()


def _rows(name: str, record: Record) -> Iterator[tuple[Any, ...]]:
    if record.samples is None or not record.samples.to_device_s:
        return
    for phase, clock in PHASES:
        times = getattr(record.samples, clock)
        yield (
            name,
            phase,
            min(times),
            max(times),
            fmean(times),
            median(times),
            quantile(times, 0.99) if len(times) >= 100 else None,
            record.case.batch / fmean(times) if phase == "compute" else None,
        )
