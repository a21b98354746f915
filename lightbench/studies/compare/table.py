"""A comparison as a table: the verdict first, then what was timed and what was counted."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import msgspec

from lightbench import units
from lightbench.studies.compare.comparison import Comparison
from lightbench.studies.compare.rows import COLUMNS, LEGEND, counted_rows, latency_row
from lightbench.views.metrics import change
from lightbench.views.table import Table, View

VERDICT_WORDS = {
    "slower": "{b} is slower than {a}: {change} ({low} to {high}).",
    "faster": "{b} is faster than {a}: {change} ({low} to {high}).",
    "same": "{b} takes as long as {a}, within {tolerance}: {change} ({low} to {high}).",
    "unclear": "Unclear whether {b} takes as long as {a}: {change} ({low} to {high}).",
}
TOO_FEW = "Unclear: {pairs} too few for an interval; give it more seconds."


def sentence(found: Comparison) -> str:
    """The verdict in a sentence."""
    a, b = found.names
    if found.ratio is None:
        return f"Not comparable: {next(iter(found.reasons), 'nothing was timed.')}"
    if found.ratio.low is None or found.ratio.high is None:
        n = found.ratio.n
        return TOO_FEW.format(pairs="1 pair is" if n == 1 else f"{units.count(n)} pairs are")
    return VERDICT_WORDS[found.verdict].format(
        a=a,
        b=b,
        change=change(found.change),
        low=change(found.ratio.low - 1),
        high=change(found.ratio.high - 1),
        tolerance=units.percent(found.tolerance),
    )


def how(found: Comparison) -> list[str]:
    """How sure that is: interval, pairs, seconds, and the smallest slowdown it could have seen."""
    if found.ratio is None:
        return []
    clock = {"wall": "wall clock", "cpu": "the thread's CPU clock", "device": "device clock"}
    pairs = (
        f"{units.count(found.ratio.n)} {'pairs' if found.restarts == 1 else 'restarts'} in"
        f" {units.seconds(found.seconds)}, {clock[found.clock]}; interval:"
        f" {units.percent(found.confidence)}."
    )
    said = [pairs]
    if found.detectable is not None:
        said.append(
            f"The smallest slowdown this could have seen: {units.percent(found.detectable)}"
            " (in 95 % of runs)."
        )
    if found.cpu_ratio is not None and found.clock != "cpu":
        cpu = found.cpu_ratio
        said.append(
            f"CPU clock: {change(cpu.ratio - 1)} {_bounds(cpu.low, cpu.high)}".strip() + "."
        )
    return [*said, *found.warnings]


def _bounds(low: float | None, high: float | None) -> str:
    return "" if low is None or high is None else f"({change(low - 1)} to {change(high - 1)})"


HEADINGS = {"before_text": "A", "now_text": "B"}
LEFT_OUT = ("model", "limit", "note", "state", "outcome", "level", "title", "file")


def compare_view(found: Comparison) -> View:
    """One comparison."""
    rows = [
        latency_row(found, found.names[1]),
        *counted_rows(found.a.costs, found.b.costs),
    ]
    chosen = [(column, value) for column, value in COLUMNS if column.key not in LEFT_OUT]
    columns = tuple(
        replace(column, heading=HEADINGS.get(column.key, column.heading)) for column, _ in chosen
    )
    said = dict.fromkeys((*found.a.warnings, *found.b.warnings))
    warnings = [text for text in said if not any(own.endswith(text) for own in found.one_sided)]
    table = Table(
        sentence(found),
        columns,
        tuple(tuple(value(row) for _, value in chosen) for row in rows),
        (*how(found), *warnings),
        sentences=found.one_sided,
        more=LEGEND,
        subtitle=f"A: {found.names[0]}; B: {found.names[1]}",
    )
    return View(table, data(found))


def data(found: Comparison) -> dict[str, Any]:
    """All that is known of it, for programs."""
    return {
        "verdict": found.verdict,
        "change": found.change,
        "low": None if found.ratio is None or found.ratio.low is None else found.ratio.low - 1,
        "high": None if found.ratio is None or found.ratio.high is None else found.ratio.high - 1,
        "comparison": msgspec.to_builtins(found, order="deterministic"),
    }
