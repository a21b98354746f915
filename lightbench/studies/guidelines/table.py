"""Guidelines as tables: the findings, each guideline laid out as in the paper, and every point."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import msgspec

from lightbench import registry, units
from lightbench.records import Record
from lightbench.records.facets import FACETS, Facet, shared, telling
from lightbench.stats.ratio import Ratio
from lightbench.studies.guidelines import paper
from lightbench.studies.guidelines.verdict import Finding, findings
from lightbench.studies.sweep.relative import Relative, sweeps
from lightbench.studies.sweep.table import TOO_FEW, cost, interval, median_s
from lightbench.views.remarks import warned
from lightbench.views.table import Column, Table, View, own_words

RULE = (
    "supported, contradicted: the whole 95 % interval is above 1.03, below 1 / 1.03; launch-bound:"
    " half the time or more goes into starting operators; not detectable: everything else."
)
SPEEDS = "Speed relative to the row with 1.00: here, and on the paper's devices."
PER_MADD = "MAdds per second relative to the row with 1.00: here, and on the paper's devices."
UNKNOWN = "? not known to +-3 %."


def guidelines_view(records: Sequence[Record]) -> View:
    """All that records of guideline sweeps say, of a sweep that was repeated the last run; records
    of other kinds are left out."""
    found = _latest(findings(records))
    differs = [f for f in telling([one.record for one in found]) if f.key != "input"]
    groups: dict[tuple[Any, ...], list[Finding]] = {}
    for one in found:
        groups.setdefault((one.guideline, one.channels, setup_of(one.record)), []).append(one)
    return View(
        _points_table(found, differs),
        {
            "findings": [_finding_data(one) for one in found],
            "points": [_point_data(one, point) for one in found for point in one.relatives],
            "records": [
                {"id": r.id, **msgspec.to_builtins(r, order="deterministic")}
                for r in records
                if r.sweep
            ],
        },
        above=(
            _findings_table(found, differs, warned(_timed_with(found, records))),
            *(_paper_table(group, differs) for group in groups.values()),
        ),
    )


def _timed_with(found: Sequence[Finding], records: Sequence[Record]) -> list[Record]:
    """All records of the runs of these findings, those that measure the start among them."""
    runs = {point.point.run for one in found for point in one.relatives}
    return [
        r for group in sweeps(records) for r in group if r.sweep is not None and r.sweep.run in runs
    ]


def _latest(found: Sequence[Finding]) -> list[Finding]:
    return list({(f.guideline, f.channels, f.width, setup_of(f.record)): f for f in found}.values())


def setup_of(record: Record) -> tuple[Any, ...]:
    """How and where a record was run: all about its case but network and input, and the machine."""
    facts = tuple(sorted((k, str(v)) for k, v in record.environment.comparable.items()))
    return (*(facet.value(record) for facet in FACETS if facet.key != "input"), facts)


# Findings.

FINDINGS = (
    Column("guideline", "", own_words, align="left"),
    Column("channels", "channels", own_words, align="left", common=True),
    Column("width", "width", lambda n: f"x{n}"),
    Column("finding", "finding", own_words),
    Column("row", "row", own_words, align="left"),
    Column(
        "effect", "time", units.factor, about="per MAdd, over the row that follows the guideline."
    ),
    Column("interval", "95 %", own_words, drop=1),
    Column("launch_share", "launch", units.percent, drop=3),
)


def _findings_table(
    found: Sequence[Finding], differs: Sequence[Facet], warnings: Sequence[str] = ()
) -> Table:
    claims = {f.guideline: f.claim for f in found}
    few = [f"{_short(one.guideline)} x{one.width}" for one in found if one.too_few]
    said = (f"{', '.join(dict.fromkeys(few))}: {TOO_FEW}",) if few else ()
    same = shared([one.record for one in found])
    where = ", ".join(word for word in same if not word.startswith("input")) or "nothing measured"
    return Table(
        f"Guidelines: {where}",
        (*FINDINGS[:3], *map(_facet_column, differs), *FINDINGS[3:]),
        tuple(
            (
                _short(one.guideline),
                one.channels,
                one.width,
                *(facet.value(one.record) for facet in differs),
                one.word,
                one.row,
                one.effect.ratio if one.effect else None,
                interval(one.effect) if one.effect else None,
                one.launch_share,
            )
            for one in found
        ),
        tuple(warnings),
        said,
        more=(RULE, *(f"{_short(g)}: {claim}." for g, claim in claims.items())),
    )


def _facet_column(facet: Facet) -> Column:
    return Column(facet.key, facet.key, align=facet.align)


def _short(guideline: str) -> str:
    name, _, rest = guideline.partition("_")
    return name.upper() if rest else name


# One guideline, laid out as in the paper.


def _paper_table(found: Sequence[Finding], differs: Sequence[Facet]) -> Table:
    first = found[0]
    guideline = registry.load("guideline", first.guideline)
    setup = [facet.phrase.format(facet.value(first.record)) for facet in differs]
    words = [f"{first.channels} channels"]
    widths = [one.width for one in found]
    by_width = {one.width: {p.point.point: p for p in one.relatives} for one in found}
    rows = list(dict.fromkeys(row for points in by_width.values() for row in points))
    keys = [k for k in ("c1", "c2", "c") if k in first.relatives[0].point.settings]
    columns = [Column("row", guideline.ROW, own_words, align="left")]
    columns += [Column(key, key, str) for key in keys]
    columns += [Column(f"x{w}", f"x{w}", own_words) for w in widths]
    values: list[Callable[[str], Any]] = [partial(_here, by_width[w]) for w in widths]
    for i, device in enumerate(paper.devices(first.guideline), 1):
        printed = widths[:1] if paper.same_at_all_widths(first.guideline) else widths
        for w in printed:
            heading = f"({device})" if len(printed) == 1 else f"x{w} ({device})"
            columns.append(Column(f"{device} x{w}", heading, units.factor, drop=i))
            values.append(partial(_papers, first, device, w))
    return Table(
        f"{_short(first.guideline)}: {first.claim}? ({', '.join([*words, *setup])})",
        tuple(columns),
        tuple(
            (
                row,
                *(
                    by_width[widths[0]][row].point.settings.get(key)
                    if row in by_width[widths[0]]
                    else None
                    for key in keys
                ),
                *(value(row) for value in values),
            )
            for row in rows
        ),
        (
            *_unknown(found),
            PER_MADD if first.relatives[0].point.per_madd else SPEEDS,
            *_paper_notes(found, rows),
        ),
    )


def _papers(first: Finding, device: str, width: int, row: str) -> float | None:
    return paper.relative_speed(
        first.guideline, device, row, first.reference, width, first.channels
    )


def _here(points: Mapping[str, Relative], row: str) -> str | None:
    """The measured speed, marked where it is not well known; None where there is no time."""
    if row not in points:
        return None
    point = points[row]
    return units.factor(1 / point.compared.ratio) + ("" if point.known else "?")


def _unknown(found: Sequence[Finding]) -> tuple[str, ...]:
    known = all(point.known for one in found for point in one.relatives)
    return () if known else (UNKNOWN,)


def _paper_notes(found: Sequence[Finding], rows: Sequence[str]) -> list[str]:
    points = [point for one in found for point in one.relatives]
    notes = []
    nearest = paper.NEAREST.get(found[0].guideline, {})
    beside = [f"{row} beside its {nearest[row]}" for row in rows if row in nearest]
    source = paper.TABLES[found[0].guideline].source if found[0].guideline in paper.TABLES else ""
    if source:
        notes.append("The paper: " + "; ".join([source, *beside]) + ".")
    first = found[0]
    if (first.guideline, first.channels) in paper.WIDER:
        factor = paper.WIDER[first.guideline, first.channels]
        notes.append(f"Channels x1 are the paper's x{factor}: each width stands beside its own.")
    notes += dict.fromkeys(f"{point.point.note}." for point in points if point.point.note)
    return notes


# Every point.


def above_bound(one: Finding, point: Relative) -> float | None:
    """How far the memory access of a point is above the least that its MAdds need, as a fraction;
    None without a bound, or with settings that are not those of its network."""
    bound = getattr(registry.load("guideline", one.guideline), "bound", None)
    access = cost("mem_access")(point)
    if bound is None or access is None:
        return None
    try:
        _, height, width = point.record.case.inputs[0].shape  # type: ignore[union-attr]
        least = bound(point.point.settings, point.record.case.batch * height * width)
        return max(float(access / least) - 1, 0.0)
    except (
        LookupError,
        AttributeError,
        ValueError,
        ArithmeticError,
    ):  # a stored record may hold anything
        return None


Value = Callable[[Finding, Relative], Any]
POINTS: tuple[tuple[Column, Value], ...] = (
    (Column("guideline", "", own_words, align="left"), lambda f, _: _short(f.guideline)),
    (Column("channels", "channels", own_words, align="left", drop=5), lambda f, _: f.channels),
    (Column("width", "width", lambda n: f"x{n}"), lambda f, _: f.width),
    (Column("row", "row", own_words, align="left"), lambda _, p: p.point.point),
    (Column("madds", "MAdds", scale=units.COUNTS, drop=1), lambda _, p: cost("madds")(p)),
    (Column("madds_ratio", "MAdds (ratio)", units.factor, drop=7), lambda _, p: p.madds),
    (Column("latency_s", "latency", scale=units.TIMES, drop=4), lambda _, p: median_s(p)),
    (Column("speed", "speed", units.factor), lambda _, p: p.speed),
    (Column("speed_rel", "+-", units.percent, drop=1), lambda _, p: _half(p.time)),
    (
        Column("speed_per_madd", "speed (per MAdd)", units.factor, drop=1),
        lambda _, p: 1 / p.per_madd.ratio,
    ),
    (Column("mem_access", "MAC", scale=units.COUNTS, drop=6), lambda _, p: cost("mem_access")(p)),
    (Column("mem_access_ratio", "MAC (ratio)", units.factor, drop=2), lambda _, p: p.mem_access),
    (
        Column("mem_bytes_ratio", "mem (ratio)", units.factor, drop=4),
        lambda _, p: p.mem_bytes,
    ),
    (Column("above_bound", "above bound", units.percent, drop=3, sparse=True), above_bound),
    (
        Column("paper_gpu", "GPU (paper)", units.factor, drop=4, sparse=True),
        lambda f, p: _paper(f, p, "GPU"),
    ),
    (
        Column("paper_arm", "ARM (paper)", units.factor, drop=4, sparse=True),
        lambda f, p: _paper(f, p, "ARM"),
    ),
    (
        Column("paper_cpu", "CPU (paper)", units.factor, drop=4, sparse=True),
        lambda f, p: _paper(f, p, "CPU"),
    ),
    (Column("launch_share", "launch", units.percent, drop=8), lambda _, p: p.launch_share),
    (
        Column("madds_per_s", "GMAdds/s", lambda v: units.number(v / 1e9), drop=6),
        lambda _, p: p.rate,
    ),
    # for programs
    (Column("time_ratio", "time", shown=False), lambda _, p: p.time.ratio),
    (Column("time_low", "time low", shown=False), lambda _, p: p.time.low),
    (Column("time_high", "time high", shown=False), lambda _, p: p.time.high),
    (Column("rounds", "rounds", shown=False), lambda _, p: p.time.n),
    (Column("known", "known", shown=False), lambda _, p: p.known),
    (Column("model", "model", shown=False), lambda _, p: p.record.case.model),
    (Column("run", "run", shown=False), lambda _, p: p.point.run),
)


def _points_table(found: Sequence[Finding], differs: Sequence[Facet]) -> Table:
    rows = tuple(
        (
            *(value(one, point) for _, value in POINTS),
            *(facet.value(one.record) for facet in differs),
        )
        for one in found
        for point in one.relatives
    )
    return Table(
        "Every point",
        (*(column for column, _ in POINTS), *map(_facet_column, differs)),
        rows,
        (
            (
                "speed: calls per second over the reference's, median over rounds; +- is half of"
                " its 95 % interval."
            ),
            (
                "MAC: the paper's memory access cost, in elements; mem: bytes of every"
                " operator; bound: the least that these MAdds need (section 2, G1)."
            ),
        ),
    )


def _half(ratio: Ratio) -> float | None:
    if ratio.log_low is None or ratio.log_high is None:
        return None
    return (ratio.log_high - ratio.log_low) / 2


def _paper(one: Finding, point: Relative, device: str) -> float | None:
    return paper.relative_speed(one.guideline, device, point.point.point, one.reference, one.width)


def _finding_data(one: Finding) -> dict[str, Any]:
    return {
        "guideline": one.guideline,
        "claim": one.claim,
        "channels": one.channels,
        "width": one.width,
        "finding": one.word,
        "row": one.row,
        "reference": one.reference,
        "time_per_madd": one.effect.ratio if one.effect else None,
        "low": one.effect.low if one.effect else None,
        "high": one.effect.high if one.effect else None,
        "rounds": one.effect.n if one.effect else 0,
        "launch_share": one.launch_share,
    }


def _point_data(one: Finding, point: Relative) -> dict[str, Any]:
    data = {column.key: value(one, point) for column, value in POINTS}
    return {**data, "settings": dict(point.point.settings), "note": point.point.note}
