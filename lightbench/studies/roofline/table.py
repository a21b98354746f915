"""A roofline as tables: the ceilings, each network below them, and each layer."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import msgspec

from lightbench import units
from lightbench.records import CONTENDED
from lightbench.records.facets import FACETS, differing, shared
from lightbench.studies.roofline.ceilings import Ceilings, Peak, is_fused
from lightbench.studies.roofline.placed import Found, Placed
from lightbench.studies.roofline.points import EAGER
from lightbench.views.remarks import explained, signs, status, warned_of
from lightbench.views.table import Column, Table, View, own_words

Value = Callable[[Placed], Any]

NETWORK = "(network)"  # an operator that is called in no module below it
BUSY = "The peaks were measured while other programs used the machine: they may be too low."


def _between(row: Placed) -> str | None:
    efficiency = row.efficiency
    if efficiency is None or efficiency.low is None:
        return None
    return f"{units.percent(efficiency.low)} to {units.percent(efficiency.high)}"


ROOFLINE = "the least time: of each operator MAdds / peak or bytes / bandwidth."
EFFICIENCY = "roofline / time."
FUSED_MEM = "mem: bytes with batch norms folded, activations and additions merged."
EAGER_MEM = "mem: memory access, in bytes as eager PyTorch moves them."
BOUND = "what most of the roofline is; launch: starting operators takes longer."
COLUMNS: tuple[tuple[Column, Value], ...] = (
    (Column("madds", "MAdds", scale=units.COUNTS, drop=3), lambda p: p.madds),
    (Column("mem_bytes", "mem", scale=units.BYTES, drop=4), lambda p: p.mem_bytes),
    (Column("intensity", "MAdds/byte", units.number, drop=5), lambda p: p.intensity),
    (Column("roofline_s", "roofline", scale=units.TIMES, about=ROOFLINE), lambda p: p.roofline_s),
    (Column("status", "", signs, align="left"), lambda p: "" if p.layer else status(p.record)),
    (Column("time_s", "time", scale=units.TIMES), lambda p: p.time and p.time.median),
    (Column("time_rel", "+-", units.percent, drop=2), lambda p: p.time and p.time.rel),
    (
        Column("efficiency", "efficiency", units.percent, about=EFFICIENCY),
        lambda p: p.efficiency and p.efficiency.median,
    ),
    (
        Column("interval", "95 %", own_words, align="left", drop=1),
        _between,
    ),
    (Column("bound", "bound by", own_words, align="left", about=BOUND), lambda p: p.bound),
    (Column("beyond", "", own_words, align="left"), lambda p: "> 1" if p.beyond else ""),
    # for programs
    (Column("level", "level", shown=False), lambda p: "warning" if p.beyond else "notice"),
    (Column("efficiency_low", "low", shown=False), lambda p: p.efficiency and p.efficiency.low),
    (Column("efficiency_high", "high", shown=False), lambda p: p.efficiency and p.efficiency.high),
    (Column("time_low_s", "low (s)", shown=False), lambda p: p.time and p.time.low),
    (Column("time_high_s", "high (s)", shown=False), lambda p: p.time and p.time.high),
    (Column("compute_s", "compute (s)", shown=False), lambda p: p.compute_s),
    (Column("memory_s", "memory (s)", shown=False), lambda p: p.memory_s),
    (Column("start_s", "start (s)", shown=False), lambda p: p.start_s),
)


def roofline_view(found: Found) -> View:
    """The networks below their ceilings, or the layers if these were timed; what is not the main table is above
    it. Without networks it is the ceilings."""
    ceilings = ceilings_table(found.ceilings)
    tables = [ceilings]
    if found.networks:
        tables.append(_networks_table(found))
    if found.layers:
        tables.append(_layers_table(found))
    return View(tables[-1], _data(found), tuple(tables[:-1]))


def _networks_table(found: Found) -> Table:
    rows, records = found.networks, [row.record for row in found.networks]
    differs = differing(records)
    facets = [facet for facet in FACETS if facet in differs]
    columns = (
        Column("model", "model", align="left"),
        *(Column(f.key, f.key, align=f.align, drop=2) for f in facets),
        *(column for column, _ in COLUMNS),
    )
    body = tuple(
        (
            row.record.case.model,
            *(facet.value(row.record) for facet in facets),
            *(value(row) for _, value in COLUMNS),
        )
        for row in rows
    )
    said = {word for record in records for word in status(record).split(", ")}
    title = f"Networks below it: {', '.join(shared(records))}"
    merged = any(is_fused(record) for record in records)
    notes = (*explained(said), *([FUSED_MEM] if merged else ()), *warned_of(records))
    more = () if merged else (EAGER_MEM,)
    return Table(title, columns, body, notes, tuple(beyond(_beyond(rows))), more)


def _layers_table(found: Found) -> Table:
    rows = found.layers
    several = len({row.record.case for row in rows}) > 1
    columns = (
        Column("model", "model", align="left", shown=several),
        Column("layer", "layer", align="left"),
        Column("op", "operator", align="left", drop=2),
        *(column for column, _ in COLUMNS),
    )
    body = tuple(
        (
            row.record.case.model,
            row.layer.path if row.layer else "",
            row.layer.op if row.layer else "",
            *(value(row) for _, value in COLUMNS),
        )
        for row in rows
    )
    names = ", ".join(dict.fromkeys(row.record.case.model for row in rows))
    title = f"Layers below it: {names}"
    return Table(
        title, columns, body, sentences=tuple(beyond(_beyond(rows))), more=tuple(_timed(rows))
    )


def _timed(rows: Sequence[Placed]) -> Iterator[str]:
    """What the times of layers are."""
    if any(row.record.layers for row in rows):
        yield "time: of the operator in its place, with a few us of the stopwatch (`lightbench layers`)."
    for engine in dict.fromkeys(row.record.case.engine for row in rows if row.record.kernels):
        yield (
            f"time: the share of {engine}'s own profile, of undisturbed calls; a layer is a module with what was"
            f" merged into it (`lightbench layers --engine {engine}`)."
        )


def beyond(names: Sequence[str]) -> Iterator[str]:
    """What a reader must know of efficiencies that cannot be; ``names`` say what they are of."""
    if not names:
        return
    several = f" and {units.exact(len(names) - 3)} more" if len(names) > 3 else ""
    yield (
        f"> 1: {', '.join(names[:3])}{several}: faster than the ceilings allow, so one of these is too low:"
        " measure again, longer (--seconds). Or less was done than was counted: an engine may merge more"
        " operators, and Winograd's algorithm computes a 3x3 convolution with up to 4 times fewer"
        " multiplications."
    )


def _beyond(rows: Sequence[Placed]) -> list[str]:
    wrong = [row for row in rows if row.beyond]
    return [row.layer.path or NETWORK if row.layer else row.record.case.model for row in wrong]


# The ceilings.


def ceilings_table(ceilings: Ceilings) -> Table:
    """Every ceiling with what attained it."""
    columns = (
        Column("what", "what", own_words, align="left", prose=True),
        Column("value", "at most", own_words),
        Column("best", "attained by", own_words, align="left", drop=1),
        Column("key", "key", shown=False),
        Column("raw", "value", shown=False),
    )
    rows = tuple((what, text, best, key, raw) for what, text, best, key, raw in _rows(ceilings))
    title = f"Roofline: {', '.join(ceilings.words)}"
    notes = (
        "at most: in the shortest call of the best of several shapes. A start is no ceiling.",
        "ridge point: below it an operator waits for memory, above it for arithmetic.",
    )
    return Table(title, columns, rows, notes, tuple(_doubts(ceilings)))


def _rows(ceilings: Ceilings) -> Iterator[tuple[str, str, str, str, float]]:
    same = ceilings.spatial == ceilings.product
    own = "products, convolutions" if same else "products, 1x1 convolutions"
    rates = [(own, "product_madds_per_s", ceilings.product)]
    if not same:
        rates.append(("3x3 convolutions", "spatial_madds_per_s", ceilings.spatial))
    for what, key, peak in rates:
        yield what, _giga(peak.value, "GMAdds/s"), _by(peak), key, peak.value
    for peak in ceilings.maps:
        what = f"memory, {units.size(peak.size)} again and again"
        key = f"map_{peak.size}_bytes_per_s"
        yield what, _giga(peak.value, "GB/s"), _by(peak), key, peak.value
    for what, key, bandwidth in (
        ("ridge point, in cache", "ridge_cached_madds_per_byte", ceilings.cached),
        ("ridge point, largest map", "ridge_madds_per_byte", ceilings.beyond),
    ):
        ridge = ceilings.product.value / bandwidth
        yield what, f"{units.number(ridge)} MAdds/byte", "", key, ridge
    for what, key, seconds in (
        ("start of an operator", "start_s", ceilings.start_s),
        ("start of a convolution", "conv_start_s", ceilings.conv_start_s),
    ):
        yield what, units.seconds(seconds), "", key, seconds


def _giga(value: float, unit: str) -> str:
    return f"{units.number(value / 1e9)} {unit}"


def _by(peak: Peak) -> str:
    point = peak.record.sweep.point if peak.record.sweep else ""
    engine = peak.record.case.engine
    return point if engine == EAGER else f"{point}, {engine}"


def _doubts(ceilings: Ceilings) -> Iterator[str]:
    if ceilings.fewer:
        yield (
            f"3x3 convolutions attain {units.factor(ceilings.fewer)} times the MAdds/s of products: they do fewer"
            " multiplications than are counted (Winograd), so they are held against a peak of their own."
        )
    if ceilings.contended:
        yield BUSY
    failed = [r.sweep.point for r in ceilings.records if r.failure and r.sweep]
    if failed:
        yield f"not measured: {', '.join(failed)}."
    everywhere = set.intersection(*({*record.warnings} for record in ceilings.records))
    yield from (f"warning: {said}" for said in sorted(everywhere) if not said.startswith(CONTENDED))


def _data(found: Found) -> dict[str, Any]:
    ceilings = found.ceilings
    return {
        "setup": msgspec.to_builtins(ceilings.product.record.case),
        "environment": msgspec.to_builtins(ceilings.product.record.environment),
        "ceilings": {
            "spatial_madds_per_s": ceilings.spatial.value,
            **{key: raw for *_, key, raw in _rows(ceilings)},
        },
        "maps": [{"bytes": p.size, "bytes_per_s": p.value} for p in ceilings.maps],
        "networks": [_plain(row) for row in found.networks],
        "layers": [_plain(row) for row in found.layers],
    }


def _plain(row: Placed) -> dict[str, Any]:
    own: dict[str, Any] = {"model": row.record.case.model}
    if row.layer:
        own |= {"layer": row.layer.path, "op": row.layer.op, "kind": row.layer.kind}
    shown = {
        c.key: value(row) for c, value in COLUMNS if c.key not in {"interval", "level", "beyond"}
    }
    return {**own, **shown, "beyond": row.beyond}
