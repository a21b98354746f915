"""Where the time of a call goes, as tables: every layer, or groups of operators. They are made from
a record that holds the times of its operators, be it new or stored."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeVar

import msgspec

from lightbench import units
from lightbench.records import Op, Record
from lightbench.records.facets import shared
from lightbench.stats.interval import Interval
from lightbench.studies.count import table
from lightbench.studies.layers.shares import (
    VIEWS,
    Part,
    costs_and_times,
    grouped,
    kinds_of,
    layers_of,
)
from lightbench.views.table import Column, Table, View

Row = TypeVar("Row", Op, Part)

TIME = (
    Column("time_s", "time (ms)", units.milliseconds),
    Column("time_rel", "+-", units.percent, drop=1),
    Column("share", "share", units.percent),
    # for programs
    Column("time_low_s", "low (s)", shown=False),
    Column("time_high_s", "high (s)", shown=False),
    Column("share_low", "share, low", shown=False),
    Column("share_high", "share, high", shown=False),
)
PARTS = (
    Column("operators", "operators", units.exact, drop=3),
    Column("madds", "MAdds (M)", units.millions),
    Column("mem_bytes", "MAC (MB)", units.megabytes, drop=2),
    *TIME,
)
UNEVEN = 0.01  # medians of shares that miss 1 by more than this are pointed out
HEADINGS = {"kind": "kind of operator", "op": "operator", "module": "module"}
# What layers can be sorted by -> what of an operator, or of an operator that was timed, that is.
SORTS = {"madds": "madds", "mac": "mem_bytes", "fused": "fused_bytes", "time": "time_s"}


def dearest(rows: Iterable[Row], sort: str | None, top: int | None) -> list[Row]:
    """The first ``top`` rows, the dearest first by a key of `SORTS`; as they run without one."""
    rows = list(rows)
    if sort:
        rows.sort(key=lambda row: getattr(row, SORTS[sort]), reverse=True)
    return rows[:top]


def stored_layers_view(record: Record, sort: str | None = None, top: int | None = None) -> View:
    """The table of layers of a record that holds the times of its operators. Raises ValueError if
    it does not."""
    return layers_view(record, dearest(layers_of(record), sort, top))


def stored_kinds_view(record: Record) -> View:
    """The same by kind of operator."""
    return parts_view(record, kinds_of(record), "kind")


def parts_view(record: Record, parts: Sequence[Part], by: str) -> View:
    """One row a group of operators, in the order given, and the sum of all operators."""
    costs, layers = costs_and_times(record)
    rows: list[tuple[Any, ...]] = [
        (part.name, len(part.ops), part.madds, part.mem_bytes, *times(part.time, part.share))
        for part in parts
    ]
    whole = (costs.madds, costs.mem_bytes, *times(layers.total_s, None))
    rows.append(("sum", len(costs.ops), *whole))
    columns = (Column("name", HEADINGS[by], align="left"), *PARTS)
    notes = [
        *_notes(record),
        "MAC: memory access cost of the operators as eager PyTorch runs them; not multiply-adds.",
    ]
    if by == "kind":
        notes.append("Kinds as in Figure 2 of the ShuffleNet V2 paper; views are among the others.")
    added = math.fsum(part.share.median for part in parts)
    groups = len(grouped(costs.ops, by)) + (by != "kind")  # kinds have the views among them
    if len(parts) < groups:
        notes.insert(0, f"{len(parts)} of {groups} groups; the sum is of all.")
    elif abs(added - 1) > UNEVEN:
        notes.insert(0, f"The median shares add up to {units.percent(added)}: times varied a lot.")
    if any(part.name == VIEWS for part in parts):
        notes.append("(views): operators that move nothing; starting them takes time.")
    title = f"Run time by {HEADINGS[by]}: {case_words(record)}"
    return View(Table(title, columns, tuple(rows), tuple(notes)), _data(record, parts, by))


def layers_view(record: Record, parts: Sequence[Part]) -> View:
    """The table of layers with two more columns: time, and share of the time of all operators."""
    costs, layers = costs_and_times(record)
    ops = [op for part in parts for op in part.ops]
    plain = table.layers_view(costs, ops, f"Layers of {case_words(record)}").table
    timed = [times(part.time, part.share) for part in parts]
    timed.append(times(layers.total_s, None))
    rows = tuple((*row, *more) for row, more in zip(plain.rows, timed, strict=True))
    columns = tuple(plain.columns) + TIME
    views = layers.views
    apart = f"{units.milliseconds(views.time_s.median)} ms, {units.percent(views.share.median)}"
    notes = [
        *_notes(record),
        f"Views, which move nothing and have no row, are {apart} of the total.",
        *plain.notes,
    ]
    return View(Table(plain.title, columns, rows, tuple(notes)), _data(record, parts, None))


def whole_call(record: Record) -> Interval:
    """Seconds of the undisturbed call, of the same rounds. Raises ValueError if there are none."""
    if record.latency is None:
        raise ValueError(f"the record of {record.case.model!r} has no latency")
    return Interval(record.latency.median_s, record.latency.low_s, record.latency.high_s)


def case_words(record: Record) -> str:
    return ", ".join((record.case.model, *shared([record])))


def times(time: Interval, share: Interval | None) -> tuple[float | None, ...]:
    """The cells of `TIME`; without a share it is the sum of all."""
    share = share or Interval(1.0, 1.0, 1.0)
    bounds = (time.low, time.high, share.low, share.high)
    return (time.median, time.rel, share.median, *bounds)


def _notes(record: Record) -> list[str]:
    """How far the sum can be trusted, and how well the times are known."""
    layers = costs_and_times(record)[1]
    over = with_interval(layers.over_whole, units.percent)
    whole = with_interval(whole_call(record), units.seconds)
    return [
        f"sum of operators / whole call: {over}; whole call: {whole}.",
        "The sum lacks what happens between operators; each has a few us of the stopwatch.",
        f"time: median of {units.exact(layers.rounds)} rounds; +- is half of its 95 % interval.",
        *(f"warning: {warning}" for warning in record.warnings),
    ]


def with_interval(value: Interval, text: Callable[[float | None], str]) -> str:
    """A median with its interval: 98.2 % (97.9 % to 98.6 %), 13.1 ms (12.9 ms to 13.4 ms)."""
    between = "" if value.low is None else f" ({text(value.low)} to {text(value.high)})"
    return text(value.median) + between


def _data(record: Record, parts: Sequence[Part], by: str | None) -> dict[str, Any]:
    """Everything but the raw times of single operators."""
    layers = costs_and_times(record)[1]
    views = Part(VIEWS, (), layers.views.time_s, layers.views.share)
    return {
        "record": plain_record(record),
        "rounds": layers.rounds,
        "whole": spread(whole_call(record)),
        "sum": spread(layers.total_s),
        "sum_over_whole": msgspec.to_builtins(layers.over_whole),
        "views": _part(views),
        "by": by,
        "parts": [_part(part) if by else _layer(part) for part in parts],
    }


def plain_record(record: Record) -> dict[str, Any]:
    """A record without its rows of costs, which are the layers, and without their times."""
    data: dict[str, Any] = msgspec.to_builtins(record, order="deterministic")
    data["costs"].pop("ops")
    data.pop("found")
    return {"id": record.id, **data}


def spread(time: Interval) -> dict[str, float | None]:
    return {"median_s": time.median, "low_s": time.low, "high_s": time.high}


def _layer(part: Part) -> dict[str, Any]:
    (op,) = part.ops
    row = {key: getattr(op, key) for key in (*op.__struct_fields__, "mem_access", "mem_bytes")}
    return row | {"intensity": op.intensity} | spreads(part)


def _part(part: Part) -> dict[str, Any]:
    costs = ("madds", "mem_bytes", "fused_bytes")
    return {
        "name": part.name,
        "operators": len(part.ops),
        **{key: getattr(part, key) for key in costs},
        **spreads(part),
    }


def spreads(part: Part) -> dict[str, float | None]:
    share = part.share
    return {
        "time_s": part.time.median,
        "time_low_s": part.time.low,
        "time_high_s": part.time.high,
        "share": share.median,
        "share_low": share.low,
        "share_high": share.high,
    }
