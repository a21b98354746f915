"""Where the time of a call goes, as tables: every layer, groups of operators, or modules. They are made from
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
from lightbench.studies.count.groups import HEADINGS, Group, grouped
from lightbench.studies.count.layers_table import (
    FUSED,
    TREE,
    layer_name,
    mem_note,
    op_data,
)
from lightbench.studies.count.tree import Branch
from lightbench.studies.layers.shares import (
    VIEWS,
    Part,
    costs_and_times,
    kinds_of,
    layers_of,
)
from lightbench.studies.layers.why import UNSAID, WHY, Why, why_cells, why_data
from lightbench.views.table import Column, Table, View

Row = TypeVar("Row", Op, Part, Group)

TIME = (
    Column("time_s", "time", scale=units.TIMES),
    Column("time_rel", "+-", units.percent, drop=5),
    Column("share", "share", units.percent),
    # for programs
    Column("time_low_s", "low (s)", shown=False),
    Column("time_high_s", "high (s)", shown=False),
    Column("share_low", "share, low", shown=False),
    Column("share_high", "share, high", shown=False),
)
COSTS = (
    Column("params", "params", scale=units.COUNTS, drop=8, sparse=True),
    Column("madds", "MAdds", scale=units.COUNTS, drop=6),
    Column("mem_bytes", "mem", scale=units.BYTES, drop=7),
    Column("fused_bytes", "fused", scale=units.BYTES, drop=10, about=FUSED),
    Column("intensity", "MAdds/byte", units.number, drop=9),
)
LAYERS = (
    Column("layer", "layer", align="left"),
    Column("call", "call", shown=False),
    *TIME,
    *WHY,
    Column("kind", "kind", align="left", drop=2),
    *COSTS,
    Column("op", "operator", align="left", drop=12),
    Column("input", "input", units.shape, drop=13, align="left"),
    Column("output", "output", units.shape, drop=11, align="left"),
)
OPERATORS = Column("operators", "operators", units.exact, drop=9)
UNEVEN = 0.01  # medians of shares that miss 1 by more than this are pointed out
# What layers can be sorted by -> what of an operator, or of an operator that was timed, that is.
SORTS = {
    "params": "params",
    "madds": "madds",
    "mem": "mem_bytes",
    "fused": "fused_bytes",
    "time": "time_s",
}


def dearest(rows: Iterable[Row], sort: str | None, top: int | None) -> list[Row]:
    """The first ``top`` rows, the dearest first by a key of `SORTS`; as they run without one."""
    rows = list(rows)
    if sort:
        rows.sort(key=lambda row: getattr(row, SORTS[sort]) or 0, reverse=True)
    return rows[:top]


def stored_layers_view(record: Record, sort: str | None = None, top: int | None = None) -> View:
    """The table of layers of a record that holds the times of its operators. Raises ValueError if
    it does not."""
    return layers_view(record, dearest(layers_of(record), sort, top))


def stored_kinds_view(record: Record) -> View:
    """The same by the groups of Figure 2."""
    return parts_view(record, kinds_of(record), "group")


def parts_view(record: Record, parts: Sequence[Part], by: str, why: Why = UNSAID) -> View:
    """One row a group of operators, in the order given, and the sum of all operators."""
    costs = costs_and_times(record)[0]
    columns = (Column(by, HEADINGS[by], align="left"), OPERATORS, *TIME, *WHY, *COSTS)
    rows = tuple((p.name, len(p.ops), *cells(p, record, why)) for p in (*parts, total_of(record)))
    groups = len(grouped(costs.ops, by)) + (by != "group")  # these have the views among them
    return View(
        Table(
            f"Run time by {HEADINGS[by]}: {case_words(record)}",
            columns,
            rows,
            (*_notes(record), mem_note(costs)),
            (*_about_parts(parts, groups), *_doubts(record), *why.sentences),
            _about_groups(parts, by),
        ),
        _data(record, parts, by, why),
    )


def _about_parts(parts: Sequence[Part], groups: int) -> tuple[str, ...]:
    added = math.fsum(part.share.median for part in parts)
    if len(parts) < groups:
        return (f"{len(parts)} of {groups} groups; the sum is of all.",)
    if abs(added - 1) > UNEVEN:
        return (f"The median shares add up to {units.percent(added)}: times varied a lot.",)
    return ()


def _about_groups(parts: Sequence[Part], by: str) -> tuple[str, ...]:
    if by == "group":
        return ("group: as in Figure 2 of the ShuffleNet V2 paper; views are among the others.",)
    views = any(part.name == VIEWS for part in parts)
    return ("(views): operators that move nothing; starting them takes time.",) if views else ()


def layers_view(record: Record, parts: Sequence[Part], why: Why = UNSAID) -> View:
    """One row an operator, in the order given: its time, its share of the time of all operators, why it takes that,
    and what it costs."""
    costs, layers = costs_and_times(record)
    rows = [_layer(part, record, why) for part in parts]
    whole = total_of(record)
    last: dict[str, Any] = {"layer": "total", "op": f"{len(costs.ops)} operators", "kind": ""}
    keys = [column.key for column in (*TIME, *WHY, *COSTS)]
    last |= dict(zip(keys, cells(whole, record, why), strict=True))
    rows.append(tuple(last.get(column.key) for column in LAYERS))
    views = layers.views
    apart = f"{units.seconds(views.time_s.median)}, {units.percent(views.share.median)}"
    some = (f"{len(parts)} of {len(costs.ops)} operators; the total is of all.",)
    return View(
        Table(
            f"Layers of {case_words(record)}",
            LAYERS,
            tuple(rows),
            (*_notes(record), mem_note(costs)),
            (*(some if len(parts) < len(costs.ops) else ()), *_doubts(record), *why.sentences),
            (f"Views, which move nothing and have no row, are {apart} of the total.",),
        ),
        _data(record, parts, None, why),
    )


def _layer(part: Part, record: Record, why: Why) -> tuple[Any, ...]:
    (op,) = part.ops
    known = {column.key: getattr(op, column.key, None) for column in LAYERS}
    timed = zip((*TIME, *WHY, *COSTS), cells(part, record, why), strict=True)
    known |= {"layer": layer_name(op), **{column.key: value for column, value in timed}}
    return tuple(known[column.key] for column in LAYERS)


def modules_view(
    record: Record, branches: Sequence[Branch], parts: Sequence[Part], why: Why = UNSAID
) -> View:
    """One row a module, under the module around it, each with all that runs in it. ``parts`` are the branches with
    their times."""
    columns = (*TREE, *TIME, *WHY, *COSTS, OPERATORS)
    rows, data = [], []
    for branch, part in zip(branches, parts, strict=True):
        own = (branch.name, branch.module, branch.depth)
        timed = cells(part, record, why)
        costed = dict(zip([c.key for c in (*TIME, *WHY, *COSTS)], timed, strict=True))
        costed["params"] = branch.params if branch.params is not None else part.params
        rows.append((*own, *costed.values(), len(part.ops)))
        data.append(dict(zip([c.key for c in columns], rows[-1], strict=True)))
    about = _notes(record) if record.layers else []
    doubts = _doubts(record) if record.layers else []
    table = Table(
        f"Modules of {case_words(record)}", columns, tuple(rows), tuple(about),
        (*doubts, *why.sentences),
    )  # fmt: skip
    return View(table, {"record": plain_record(record), "modules": data})


def total_of(record: Record) -> Part:
    """All operators together, views included."""
    costs, layers = costs_and_times(record)
    return Part("sum", costs.ops, layers.total_s, Interval(1.0, 1.0, 1.0))


def cells(part: Part, record: Record, why: Why) -> tuple[Any, ...]:
    """Those of `TIME`, `WHY` and `COSTS`."""
    return (*times(part.time, part.share), *why_cells(part, record, why), *costs_of(part))


def costs_of(group: Group) -> tuple[Any, ...]:
    """The cells of `COSTS`."""
    return (group.params, group.madds, group.mem_bytes, group.fused_bytes, group.intensity)


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
    ]


def _doubts(record: Record) -> list[str]:
    return [f"warning: {warning}" for warning in record.warnings]


def with_interval(value: Interval, text: Callable[[float | None], str]) -> str:
    """A median with its interval: 98.2 % (97.9 % to 98.6 %), 13.1 ms (12.9 ms to 13.4 ms)."""
    between = "" if value.low is None else f" ({text(value.low)} to {text(value.high)})"
    return text(value.median) + between


def _data(record: Record, parts: Sequence[Part], by: str | None, why: Why) -> dict[str, Any]:
    """Everything but the raw times of single operators."""
    layers = costs_and_times(record)[1]
    views = Part(VIEWS, (), layers.views.time_s, layers.views.share)
    return {
        "record": plain_record(record),
        "rounds": layers.rounds,
        "whole": spread(whole_call(record)),
        "sum": spread(layers.total_s),
        "sum_over_whole": msgspec.to_builtins(layers.over_whole),
        "views": {"operators": 0, **spreads(views)},
        "by": by,
        "parts": [_told(part, by) | why_data(part, record, why) for part in parts],
    }


def plain_record(record: Record) -> dict[str, Any]:
    """A record without its rows of costs, which are the layers, and without their times."""
    data: dict[str, Any] = msgspec.to_builtins(record, order="deterministic")
    data["costs"].pop("ops")
    data.pop("found")
    return {"id": record.id, **data}


def spread(time: Interval) -> dict[str, float | None]:
    return {"median_s": time.median, "low_s": time.low, "high_s": time.high}


def _told(part: Part, by: str | None) -> dict[str, Any]:
    if by is None:
        return op_data(part.ops[0]) | spreads(part)
    costs = dict(zip([column.key for column in COSTS], costs_of(part), strict=True))
    return {by: part.name, "operators": len(part.ops), **costs, **spreads(part)}


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
