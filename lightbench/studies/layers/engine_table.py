"""Where the time of a call goes on an engine, as tables: every module, or groups of them. They are made from a record
that holds the times of an engine's kernels, be it new or stored."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from lightbench import units
from lightbench.records import Record
from lightbench.records.findings import KernelTime
from lightbench.stats.interval import Interval
from lightbench.studies.count.groups import HEADINGS, NETWORK
from lightbench.studies.layers.kernels import (
    COPIES,
    UNKNOWN,
    EngineBreakdown,
    EnginePart,
    dearest_op,
)
from lightbench.studies.layers.shares import Part
from lightbench.studies.layers.table import (
    TIME,
    case_words,
    dearest,
    plain_record,
    spread,
    spreads,
    times,
    with_interval,
)
from lightbench.studies.layers.why import UNSAID, WHY, Why, why_cells, why_data
from lightbench.views.table import Column, Table, View

COSTS = (
    Column("madds", "MAdds", scale=units.COUNTS, drop=6),
    Column("fused_bytes", "fused", scale=units.BYTES, drop=7),
)
LAYERS = (
    Column("layer", "layer", align="left"),
    *TIME,
    *WHY,
    Column("kernels", "kernels", align="left", drop=9),
    Column("kind", "kind", align="left", drop=8),
    *COSTS,
    Column("off_path", "off the fast path", align="left", sparse=True),
    Column("which", "which kernels", align="left", sparse=True, drop=10),
)
PARTS = (Column("kernels", "kernels", units.exact, drop=9), *TIME, *WHY, *COSTS)


def stored_engine_view(record: Record, sort: str | None = None, top: int | None = None) -> View:
    """The table of layers of a record that holds the times of an engine's kernels. Raises ValueError if it does
    not."""
    return engine_view(record, dearest(EngineBreakdown(record).layers, sort, top), None)


def engine_view(record: Record, parts: Sequence[Part], by: str | None, why: Why = UNSAID) -> View:
    """One row a module with what was merged into it, or a group of them, in the order given, and the whole call."""
    breakdown = EngineBreakdown(record)
    n = len(breakdown.found.kernels)
    last = Part("total", breakdown.costs.ops, breakdown.whole, Interval(1.0, 1.0, 1.0))
    whole = _timed(last, record, why)
    columns: tuple[Column, ...]
    if by is None:
        columns, title = LAYERS, f"Layers of {case_words(record)}"
        rows = [_layer(part, record, why) for part in parts]
        rows.append(("total", *whole, f"{n} kernels", "", *_costs(last), None, None))
        of = len(breakdown.layers)
    else:
        columns = (Column(by, HEADINGS[by], align="left"), *PARTS)
        title = f"Run time by {HEADINGS[by]}: {case_words(record)}"
        rows = [(p.name, len(_runs(p)), *_timed(p, record, why), *_costs(p)) for p in parts]
        rows.append(("sum", n, *whole, *_costs(last)))
        of = len(breakdown.parts(by))
    some = (f"{len(parts)} of {of} rows; the total is of all.",) if len(parts) < of else ()
    warned = tuple(f"warning: {warning}" for warning in record.warnings)
    notes = tuple(_notes(breakdown, parts, by))
    table = Table(title, columns, tuple(rows), notes, (*some, *warned, *why.sentences))
    return View(table, _data(breakdown, parts, by, why))


def _timed(part: Part, record: Record, why: Why) -> tuple[Any, ...]:
    """The cells of `TIME` and `WHY`."""
    return (*times(part.time, part.share), *why_cells(part, record, why))


def _layer(part: Part, record: Record, why: Why) -> tuple[Any, ...]:
    runs = _runs(part)
    return (
        part.name,
        *_timed(part, record, why),
        _counted(run.op for run in runs),
        dearest_op(part).kind if part.ops else None,
        *_costs(part),
        _counted(run.why for run in runs if run.why) or None,
        _counted(run.kernel for run in runs if run.kernel) or None,
    )


def _costs(part: Part) -> tuple[int | None, int | None]:
    """Unknown where no operator is known."""
    return (part.madds, part.fused_bytes) if part.ops else (None, None)


def _runs(part: Part) -> Sequence[KernelTime]:
    return part.runs if isinstance(part, EnginePart) else ()


def _counted(words: Iterator[str] | Any) -> str:
    """``2 x Reshape, Transpose``."""
    return ", ".join(f"{n} x {word}" if n > 1 else word for word, n in Counter(words).items())


def _notes(breakdown: EngineBreakdown, parts: Sequence[Part], by: str | None) -> Iterator[str]:
    """How far the times can be trusted, and what stands in which row."""
    record, found, ops = breakdown.record, breakdown.found, breakdown.costs.ops
    engine, names = record.case.engine, {part.name for part in parts}
    yield (
        f"time: the share that a kernel has of {engine}'s own profile, medians of {units.exact(found.calls)} calls,"
        f" of the whole call: {with_interval(breakdown.whole, units.seconds)}."
    )
    yield (
        "The profile's seconds are no times, since noting each kernel slows a call: they add up to"
        f" {units.seconds(found.profiled_s)}."
    )
    if by is None:
        yield "layer: a kernel stands at the first module that it computes, with what was merged into it."
    yield "fused: memory access with batch norm folded, activation and add merged into what makes their input."
    if COPIES in names:
        yield f"{COPIES}: {engine} copies into another layout, which some of its kernels want."
    if UNKNOWN in names:
        yield f"{UNKNOWN}: {engine} does not say of which module these kernels are."
    if left := len(ops) - sum(map(len, breakdown.ops.values())):
        yield f"{left} of {len(ops)} operators have no kernel of their own, and are in the total alone."


def _data(
    breakdown: EngineBreakdown, parts: Sequence[Part], by: str | None, why: Why
) -> dict[str, Any]:
    return {
        "record": plain_record(breakdown.record),
        "calls": breakdown.found.calls,
        "whole": spread(breakdown.whole),
        "profiled_s": breakdown.found.profiled_s,
        "by": by,
        "parts": [
            {
                by or "layer": part.name,
                "modules": _merged(part),
                **dict(zip(("madds", "fused_bytes"), _costs(part), strict=True)),
                **spreads(part),
                **why_data(part, breakdown.record, why),
                "kernels": [msgspec.to_builtins(run) for run in _runs(part)],
            }
            for part in parts
        ],
    }


def _merged(part: Part) -> list[str]:
    """Paths of all modules that it computes."""
    return list(dict.fromkeys(path or NETWORK for run in _runs(part) for path in run.modules))
