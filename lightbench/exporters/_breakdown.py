"""Where the time of a call goes, as tables: every layer, or groups of operators."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import msgspec

from lightbench import units
from lightbench.cases import shared
from lightbench.exporters import _costs
from lightbench.exporters._view import Column, Table, View
from lightbench.records import Record
from lightbench.timing.shares import VIEWS, Breakdown, Part, Spread
from lightbench.timing.stats import Ratio

_TIME = (
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
    *_TIME,
)
UNEVEN = 0.01  # medians of shares that miss 1 by more than this are pointed out
HEADINGS = {"kind": "kind of operator", "op": "operator", "module": "module"}


def parts_view(breakdown: Breakdown, parts: Sequence[Part], by: str) -> View:
    """One row a group of operators, in the order given, and the sum of all operators."""
    rows: list[tuple[Any, ...]] = [
        (part.name, len(part.ops), part.madds, part.mem_bytes, *_times(part.time, part.share))
        for part in parts
    ]
    costs = breakdown.record.costs
    assert costs is not None
    whole = (costs.madds, costs.mem_bytes, *_times(breakdown.total, None))
    rows.append(("sum", len(costs.ops), *whole))
    columns = (Column("name", HEADINGS[by], align="left"), *PARTS)
    notes = [
        *_notes(breakdown),
        "MAC: memory access cost of the operators as eager PyTorch runs them; not multiply-adds.",
    ]
    if by == "kind":
        notes.append("Kinds as in Figure 2 of the ShuffleNet V2 paper; views are among the others.")
    added = math.fsum(part.share.median for part in parts)
    if len(parts) < (groups := len(breakdown.parts(by))):
        notes.insert(0, f"{len(parts)} of {groups} groups; the sum is of all.")
    elif abs(added - 1) > UNEVEN:
        notes.insert(0, f"The median shares add up to {units.percent(added)}: times varied a lot.")
    if any(part.name == VIEWS for part in parts):
        notes.append("(views): operators that move nothing; starting them takes time.")
    title = f"Run time by {HEADINGS[by]}: {_case(breakdown.record)}"
    return View(Table(title, columns, tuple(rows), tuple(notes)), _data(breakdown, parts, by))


def layers_view(breakdown: Breakdown, layers: Sequence[Part]) -> View:
    """The table of layers with two more columns: time, and share of the time of all operators."""
    costs = breakdown.record.costs
    assert costs is not None
    ops = [op for part in layers for op in part.ops]
    plain = _costs.layers_view(costs, ops, f"Layers of {_case(breakdown.record)}").table
    times = [_times(part.time, part.share) for part in layers]
    times.append(_times(breakdown.total, None))
    rows = tuple((*row, *more) for row, more in zip(plain.rows, times, strict=True))
    columns = tuple(plain.columns) + _TIME
    views = breakdown.views
    apart = f"{units.milliseconds(views.time_s)} ms, {units.percent(views.share.median)}"
    notes = [
        *_notes(breakdown),
        f"Views, which move nothing and have no row, are {apart} of the total.",
        *plain.notes,
    ]
    return View(Table(plain.title, columns, rows, tuple(notes)), _data(breakdown, layers, None))


def _case(record: Record) -> str:
    return ", ".join((record.case.model, *shared([record])))


def _times(time: Spread, share: Spread | None) -> tuple[float | None, ...]:
    """The cells of `_TIME`; without a share it is the sum of all."""
    share = share or Spread(1.0, 1.0, 1.0)
    bounds = (time.low, time.high, share.low, share.high)
    return (time.median, time.rel, share.median, *bounds)


def _notes(breakdown: Breakdown) -> list[str]:
    """How far the sum can be trusted, and how well the times are known."""
    whole, rounds = seconds(breakdown.whole), units.exact(len(breakdown.passes))
    return [
        f"sum of operators / whole call: {percents(breakdown.over_whole)}; whole call: {whole}.",
        "The sum lacks what happens between operators; each has a few us of the stopwatch.",
        f"time: median of {rounds} rounds; +- is half of its 95 % interval.",
        *(f"warning: {warning}" for warning in breakdown.record.warnings),
    ]


def percents(ratio: Ratio) -> str:
    """A ratio as percent with its interval: 98.2 % (97.9 % to 98.6 %)."""
    return units.percent(ratio.ratio) + _between(ratio.low, ratio.high, units.percent)


def seconds(time: Spread) -> str:
    """A time with its interval: 13.1 ms (12.9 ms to 13.4 ms)."""
    return units.seconds(time.median) + _between(time.low, time.high, units.seconds)


def _between(low: float | None, high: float | None, text: Any) -> str:
    return "" if low is None or high is None else f" ({text(low)} to {text(high)})"


def _data(breakdown: Breakdown, parts: Sequence[Part], by: str | None) -> dict[str, Any]:
    """Everything but the raw times of single operators."""
    ratio = breakdown.over_whole
    return {
        "record": _plain(breakdown.record),
        "rounds": len(breakdown.passes),
        "whole": _spread(breakdown.whole),
        "sum": _spread(breakdown.total),
        "sum_over_whole": {"median": ratio.ratio, "low": ratio.low, "high": ratio.high},
        "views": _part(breakdown.views),
        "by": by,
        "parts": [_part(part) if by else _layer(part) for part in parts],
    }


def _plain(record: Record) -> dict[str, Any]:
    """A record without its rows of costs, which are the layers."""
    data: dict[str, Any] = msgspec.to_builtins(record, order="deterministic")
    data["costs"].pop("ops")
    return {"id": record.id, **data}


def _spread(time: Spread) -> dict[str, float | None]:
    return {"median_s": time.median, "low_s": time.low, "high_s": time.high}


def _layer(part: Part) -> dict[str, Any]:
    (op,) = part.ops
    row = {key: getattr(op, key) for key in (*op.__struct_fields__, "mem_access", "mem_bytes")}
    return row | {"intensity": op.intensity} | _spreads(part)


def _part(part: Part) -> dict[str, Any]:
    costs = ("madds", "mem_bytes", "fused_bytes")
    return {
        "name": part.name,
        "operators": len(part.ops),
        **{key: getattr(part, key) for key in costs},
        **_spreads(part),
    }


def _spreads(part: Part) -> dict[str, float | None]:
    share = part.share
    return {
        "time_s": part.time.median,
        "time_low_s": part.time.low,
        "time_high_s": part.time.high,
        "share": share.median,
        "share_low": share.low,
        "share_high": share.high,
    }
