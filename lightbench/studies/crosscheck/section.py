"""Second opinions: what the installed thop and fvcore count, beside our count in their conventions."""

from __future__ import annotations

from lightbench import units
from lightbench.costs.conventions import CONVENTIONS, convert, difference
from lightbench.studies.subject import Subject
from lightbench.views.section import Section
from lightbench.views.table import Column, Table, View

COLUMNS = (
    Column("model", "model", align="left"),
    Column("paper", "MAdds (paper)", units.exact, drop=1),
    Column("tool", "tool", align="left"),
    Column("version", "version", align="left", drop=2),
    Column("ours", "ours in its convention", units.exact, drop=1),
    Column("theirs", "its own", units.exact),
    Column("verdict", "verdict", align="left"),
    Column("difference", "more than paper", align="left", drop=3),
)


def section(subject: Subject) -> Section | None:
    """One row a network and tool."""
    records = [r for r in subject.evidence.crosschecks if r.opinions and r.costs]
    if not records:
        return None
    found = []
    for record in records:
        assert record.costs is not None
        paper = convert(record.costs, "paper")
        for one in record.opinions or ():
            more = ""
            if one.tool in CONVENTIONS:
                items = difference(convert(record.costs, one.tool), paper)
                more = ", ".join(f"{item} {units.signed(n)}" for item, n in items.items())
            found.append(
                (
                    record.case.model, paper.total, one.tool, one.version,
                    one.ours, one.theirs, one.verdict, more,
                )
            )  # fmt: skip
    rows = tuple(dict.fromkeys(found))  # threads and device change nothing about a count
    table = Table(
        f"Counts of other tools at batch {', '.join(sorted({str(r.case.batch) for r in records}))}",
        COLUMNS,
        rows,
        tuple(f"{tool}: {CONVENTIONS[tool].says}." for tool in ("paper", "thop", "fvcore")),
    )
    keys = [column.key for column in COLUMNS]
    view = View(table, [dict(zip(keys, row, strict=True)) for row in rows])
    agree = sum(1 for row in rows if row[6] == "agrees")
    return Section(
        "Counts, cross-checked",
        (f"{agree} of {len(rows)} counts agree to the last digit.",),
        views=(view,),
    )
