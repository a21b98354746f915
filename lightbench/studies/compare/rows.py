"""One line of an answer: a metric of a model, before and now, and what that means."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

import msgspec

from lightbench import units
from lightbench.models.sources.user_files import file_of
from lightbench.records import Costs, Record
from lightbench.records.findings import CheckedMetric
from lightbench.stats.ratio import Ratio
from lightbench.studies.compare.comparison import Comparison
from lightbench.views.metrics import COUNTED, HEADINGS, METRICS, change
from lightbench.views.table import Column, own_words

State = Literal["regression", "not comparable", "one-sided", "unclear", "improvement", "ok"]


class Meaning(NamedTuple):
    """What a state is for CI: the level of its annotation, what became of it as a test, and the exit code it asks
    for, without and with --strict."""

    level: str
    outcome: str
    exit_code: int
    strict: int


# The gravest first: it decides the exit code of them all. "one-sided" is what had nothing to be
# compared with, such as a new model: no fault of it, and yet nothing was found out. "unclear" is no fault of the
# change either: as a warning on every busy machine it would teach people to read none.
STATES: dict[State, Meaning] = {
    "regression": Meaning("error", "failed", 1, 1),
    "not comparable": Meaning("error", "failed", 4, 4),
    "one-sided": Meaning("warning", "skipped", 0, 4),
    "unclear": Meaning("notice", "skipped", 0, 3),
    "improvement": Meaning("notice", "passed", 0, 0),
    "ok": Meaning("", "passed", 0, 0),
}
NEW, GONE = "new", "gone"  # verdicts: only this side has it, only the other one


@dataclass(frozen=True)
class Row:
    """``before`` is None where there is only a budget; ``change``, ``low``, ``high`` are fractions.
    ``limit`` is what was allowed, in words; ``verdict`` what was found; ``note`` why, and what to do.
    ``alone``: an absolute budget, without another side."""

    model: str
    metric: str
    before: float | None
    now: float | None
    verdict: str
    state: State
    change: float | None = None
    low: float | None = None
    high: float | None = None
    limit: str = ""
    note: str = ""
    seconds: float | None = None
    alone: bool = False

    @property
    def about(self) -> str:
        """What people call its metric."""
        return HEADINGS[self.metric] + (" budget" if self.alone else "")

    @property
    def file(self) -> str | None:
        """The file of a model that is one."""
        file = file_of(self.model)
        return str(file) if file else None

    @property
    def level(self) -> str:
        """Of its annotation on GitHub."""
        return STATES[self.state].level

    @property
    def changed(self) -> bool:
        """Is it worth reading?"""
        counted = self.before is not None and self.metric != "latency_s"
        return self.state != "ok" or (counted and self.now != self.before)


def counted_rows(a: Costs | None, b: Costs | None) -> list[Row]:
    """What both sides cost: numbers that are exact, and of which none is too high."""
    if b is None:
        return []
    pairs = [(metric, getattr(a, metric, None), getattr(b, metric)) for metric in COUNTED]
    return [
        Row("", metric, before, now, direction(before, now), "ok", change=relative(before, now))
        for metric, before, now in pairs
        if now is not None
    ]


def direction(before: float | None, now: float) -> str:
    """The verdict on a count."""
    if before is None:
        return "counted"
    return "equal" if now == before else "more" if now > before else "less"


def relative(before: float | None, now: float) -> float | None:
    """The change as a fraction; None where there is nothing to hold it against."""
    return (now - before) / before if before else None


def stored(row: Row) -> CheckedMetric:
    """A row as a record keeps it, which knows the model by its case."""
    return CheckedMetric(**{name: getattr(row, name) for name in CheckedMetric.__struct_fields__})


def rows_of(record: Record) -> list[Row]:
    """The rows that a record keeps; a state that this version does not know is ``unclear``."""
    return [
        Row(
            model=record.case.model,
            **{
                **msgspec.structs.asdict(metric),
                "state": metric.state if metric.state in STATES else "unclear",
            },
        )
        for metric in (record.check.metrics if record.check else ())
        if metric.metric in METRICS
    ]


def exit_code(rows: Sequence[Row], *, strict: bool = False) -> int:
    """0 no regression, 1 a confirmed one, 4 not comparable, or nothing at all. If strict also 4 for
    what is new, and 3 unclear. Never 1 for what could not be measured."""
    found = {row.state for row in rows}
    if not found:
        return 4
    gravest = STATES[next(state for state in STATES if state in found)]
    return gravest.strict if strict else gravest.exit_code


LEGEND = (
    "change: median of the ratios of pairs; before and now are each side's own median.",
    "memory access: of eager PyTorch; paper memory access: in elements, as the ShuffleNet V2 paper counts.",
)


def latency_row(found: Comparison, model: str, limit: str = "") -> Row:
    """The latency of a comparison, by its own verdict."""
    a, b = found.a.latency, found.b.latency
    if found.ratio is None:
        why = next(iter(found.reasons), "nothing was timed.")
        return Row(
            model,
            "latency_s",
            a.median_s if a else None,
            b.median_s if b else None,
            "not comparable",
            "not comparable",
            note=why,
            seconds=found.seconds,
        )
    state: dict[str, State] = {
        "slower": "regression",
        "faster": "improvement",
        "same": "ok",
        "unclear": "unclear",
    }
    low, high = found.ratio.low, found.ratio.high
    return Row(
        model,
        "latency_s",
        a.median_s if a else None,
        b.median_s if b else None,
        found.verdict,
        state[found.verdict],
        change=None if low is None else found.change,  # of a few pairs it says nothing
        low=None if low is None else low - 1,
        high=None if high is None else high - 1,
        limit=limit or f"+{units.percent(found.tolerance)}",
        note=" ".join(_notes(found, found.ratio)),
        seconds=found.seconds,
    )


def _notes(found: Comparison, ratio: Ratio) -> Iterator[str]:
    yield from found.one_sided
    if found.restarts > 1:
        yield f"over {units.count(found.restarts)} restarts of two processes that take turns."
    if found.verdict != "unclear":
        return
    kind = "pair" if ratio.n == 1 else "pairs"
    if ratio.low is None:
        yield f"{units.count(ratio.n)} {kind} in {units.seconds(found.seconds)} are too few."
    elif found.detectable is not None:
        yield (
            f"in {units.seconds(found.seconds)} a slowdown of {units.percent(found.detectable)} could"
            " have been seen, no smaller one."
        )
    yield "Give it more --seconds, or a calmer machine; `lightbench noise` says how noisy it is."
    yield from dict.fromkeys((*found.warnings, *found.a.warnings, *found.b.warnings))


def _interval(row: Row) -> str:
    return "" if row.low is None else f"{change(row.low)} to {change(row.high)}"


def _value(row: Row, value: float | None) -> str:
    return METRICS[row.metric](value)


# Column -> its cell. What people read first stands first; numbers for programs are not shown.
COLUMNS: tuple[tuple[Column, Callable[[Row], Any]], ...] = (
    (Column("model", "model", align="left", common=True), lambda r: r.model),
    (Column("metric", "metric", own_words, align="left"), lambda r: r.about),
    (Column("verdict", "verdict", own_words, align="left"), lambda r: r.verdict),
    (Column("change_text", "change", own_words), lambda r: change(r.change)),
    (Column("before_text", "before", own_words, drop=1), lambda r: _value(r, r.before)),
    (Column("now_text", "now", own_words), lambda r: _value(r, r.now)),
    (Column("interval", "interval", own_words, align="left", drop=2), _interval),
    (Column("limit", "limit", own_words, align="left", drop=3), lambda r: r.limit),
    (Column("note", "note", shown=False), lambda r: r.note),
    (Column("title", "title", shown=False), lambda r: f"{r.model}: {r.about} {r.verdict}"),
    (Column("file", "file", shown=False), lambda r: r.file),
    (Column("level", "level", own_words, shown=False), lambda r: r.level),
    (Column("outcome", "outcome", own_words, shown=False), lambda r: STATES[r.state].outcome),
    (Column("state", "state", own_words, shown=False), lambda r: r.state),
    (Column("before", "before", shown=False), lambda r: r.before),
    (Column("now", "now", shown=False), lambda r: r.now),
    (Column("change", "change", shown=False), lambda r: r.change),
    (Column("low", "low", shown=False), lambda r: r.low),
    (Column("high", "high", shown=False), lambda r: r.high),
    (Column("seconds", "seconds", shown=False), lambda r: r.seconds),
)
