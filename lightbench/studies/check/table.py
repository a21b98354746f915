"""The answer of a check: the verdict first, then what is worth reading, then the rest folded away."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict

from lightbench import units
from lightbench.studies.compare.rows import COLUMNS, LEGEND, Row, State, exit_code
from lightbench.views.metrics import change
from lightbench.views.table import Table, View

WORDS: dict[State, tuple[str, str]] = {
    "regression": ("1 regression", "{n} regressions"),
    "not comparable": ("1 not comparable", "{n} not comparable"),
    "unclear": ("1 unclear", "{n} unclear"),
    "improvement": ("1 improvement", "{n} improvements"),
}
UNJUDGED = ("counted", "not checked")  # verdicts that are none
NAMED = 3  # models in the headline


def headline(rows: Sequence[Row]) -> str:
    """The verdict in a sentence: the gravest rows first, by name."""
    models = len(dict.fromkeys(row.model for row in rows))
    if not rows:
        return "Nothing was checked."
    where = f"{units.exact(models)} {'model' if models == 1 else 'models'}"
    counts = {state: [r for r in rows if r.state == state] for state in WORDS}
    said = [
        one if len(found) == 1 else many.format(n=units.exact(len(found)))
        for state, (one, many) in WORDS.items()
        if (found := counts[state])
    ]
    alone = {row.model: row.verdict for row in rows if row.state == "one-sided"}
    if not counts["regression"] and not counts["not comparable"]:
        said.insert(0, "no regression" if any(map(_looked_at, rows)) else "nothing was compared")
    first = next((r for state in WORDS for r in rows if r.state == state), None)
    lead = "" if first is None else f": {first.model} {first.about} {_found(first)}"
    return f"{_uncompared(alone)}Check of {where}: {', '.join(said)}{lead}."


def _looked_at(row: Row) -> bool:
    """Was something held against something?"""
    return row.state != "one-sided" and row.verdict not in UNJUDGED


def _uncompared(alone: Mapping[str, str]) -> str:
    """First of all: a model that became slower may be among them."""
    if not alone:
        return ""
    named = [f"{model} ({verdict})" for model, verdict in alone.items()]
    if len(named) > NAMED:
        named[NAMED:] = [f"{units.exact(len(named) - NAMED)} more"]
    return f"Not compared: {', '.join(named)}. "


def _found(row: Row) -> str:
    if row.change is None or row.verdict == "not comparable":
        return row.verdict
    bounds = "" if row.low is None else f" ({change(row.low)} to {change(row.high)})"
    return f"{row.verdict}, {change(row.change)}{bounds}"


def check_view(rows: Sequence[Row], *, strict: bool = False) -> View:
    """All rows; people see those that are worth reading, and the others folded away."""
    title = headline(rows)
    changed = [row for row in rows if row.changed]
    rest = [row for row in rows if not row.changed]
    whole = _table(title, rows, (*changed, *rest))
    data = {
        "title": title,
        "exit_code": exit_code(rows, strict=strict),
        "rows": [{**asdict(row), "level": row.level} for row in rows],
    }
    if not changed or not rest:
        return View(whole, data)
    seen = _table(title, changed, (*changed, *rest))
    folded = _table(f"{units.exact(len(rest))} without a finding", rest)
    return View(whole, data, above=(seen,), folded=folded)


def _table(title: str, rows: Sequence[Row], noted: Sequence[Row] = ()) -> Table:
    """``noted``: rows of which the table says why, those that are worth reading as part of the answer."""
    said = [(row.changed, f"{row.model}, {row.about}: {row.note}") for row in noted if row.note]
    return Table(
        title,
        tuple(column for column, _ in COLUMNS),
        tuple(tuple(value(row) for _, value in COLUMNS) for row in rows),
        tuple(text for changed, text in said if not changed),
        sentences=tuple(text for changed, text in said if changed),
        more=LEGEND if noted else (),
    )
