"""From what was counted and timed of one model to the rows of an answer: budgets, baselines, pairs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import NamedTuple

from lightbench import units
from lightbench.environment.contention import seen_in
from lightbench.errors import UsageError
from lightbench.records import Case, Costs, Environment, Latency, Record
from lightbench.stats.drift import drift, judge_stored
from lightbench.studies.check.budgets import Limit, Limits
from lightbench.studies.check.versions import own_version
from lightbench.studies.compare.comparison import Comparison
from lightbench.studies.compare.rows import Row, State, direction, latency_row
from lightbench.studies.compare.rows import relative as fraction
from lightbench.studies.compare.worker import Version
from lightbench.views.metrics import COUNTED, HEADINGS, METRICS, change

LATENCY, PEAK = "latency_s", "peak_memory_bytes"
NOT_CONFIRMED = "{first} at first, but in a fresh process: {again}."
INTENDED = 'Intended? Save the baseline again, or allow it in lightbench.toml: {metric} = "+20%".'
NOT_CHECKED = "not checked"
BUSY = (
    "{seen}, and a time of its own is only right on a quiet machine: measure on one, or with --against,"
    " in pairs, which a busy one spoils less."
)


class Tools(NamedTuple):
    """What counts and times, in fresh processes. ``compare`` has a tolerance; ``measure`` times a case
    alone."""

    compare: Callable[[Version, Version, float], Comparison]
    measure: Callable[[Case], Record]
    costs: Callable[[Version], Costs]


def budget_rows(case: Case, limits: Limits, tools: Tools) -> list[Row]:
    """A model by itself: what it costs, and its absolute budgets."""
    peak = tools.measure(case) if PEAK in limits else None
    return [
        *ceiling_rows(case, peak, limits, tools),
        *count_rows(case.model, None, tools.costs(own_version(case)), limits, exact=False),
        *peak_rows(case.model, peak, None, limits),
    ]


def split_counted(model: str, limits: Limits) -> tuple[Limits, list[Row]]:
    """The limits of what is counted, and a row for each of those that a model has to be run for."""
    counted = {metric: limit for metric, limit in limits.items() if metric not in (LATENCY, PEAK)}
    said = "its budget needs a measurement: leave out --no-latency."
    return counted, [_unchecked(model, metric, limits, said) for metric in limits.keys() - counted]


def _unchecked(model: str, metric: str, limits: Limits, why: str) -> Row:
    limit = _allowed(metric, limits[metric])
    return Row(model, metric, None, None, NOT_CHECKED, "unclear", limit=limit, note=why)


HAVE = "A network that is code has params, a model file has stored_params."


def pair_rows(
    old: Version, new: Version, limits: Limits, tolerance: float, tools: Tools
) -> tuple[list[Row], Comparison]:
    """The latency of a model beside its old version, in pairs; a slowdown is confirmed in a fresh
    process. Its allowance is that of the budget, or else the tolerance."""
    relative = limits.get(LATENCY, Limit()).relative
    allowed = tolerance if relative is None else relative
    model = new.case.model
    found = tools.compare(old, new, allowed)
    row = latency_row(found, model)
    if found.verdict == "slower" and found.restarts == 1:  # restarts are fresh processes already
        again = tools.compare(old, new, allowed)
        row = _confirmed(row, latency_row(again, model))
    return [row], found


def _confirmed(row: Row, again: Row) -> Row:
    seconds = (row.seconds or 0) + (again.seconds or 0)
    said = again.verdict if again.change is None else f"{again.verdict}, {change(again.change)}"
    if again.verdict == row.verdict:
        return replace(row, seconds=seconds, note=f"again in a fresh process: {said}.")
    return replace(
        row,
        verdict="unclear",
        state="unclear",
        seconds=seconds,
        note=" ".join(
            filter(None, (NOT_CONFIRMED.format(first=row.verdict, again=said), again.note))
        ),
    )


def count_rows(
    model: str, before: Costs | None, now: Costs | None, limits: Limits, *, exact: bool
) -> list[Row]:
    """Params, MAdds and memory access, and what else has a budget. They are deterministic: with
    ``exact`` any increase is a regression, unless a budget allows it; without it only a budget is a
    limit."""
    if now is None:
        return []
    known = (metric for metric in COUNTED if getattr(now, metric) is not None)
    metrics = dict.fromkeys((*known, *(m for m in limits if m not in (LATENCY, PEAK))))
    if unknown := [metric for metric in metrics if getattr(now, metric) is None]:
        raise UsageError(
            f"{model} has no {HEADINGS[unknown[0]]}, and there is a budget for them.", HAVE
        )
    return [
        _judged(
            model,
            metric,
            None if before is None else getattr(before, metric),
            getattr(now, metric),
            limits.get(metric, Limit()),
            exact=exact,
        )
        for metric in metrics
    ]


def _judged(
    model: str, metric: str, before: float | None, now: float, limit: Limit, *, exact: bool
) -> Row:
    """One deterministic metric against its limits."""
    relative = 0.0 if exact and limit.relative is None and before is not None else limit.relative
    verdict, note = direction(before, now), ""
    state: State = "ok"
    if before is not None:
        state = "improvement" if exact and now < before else "ok"
        if relative is not None and now > before * (1 + relative):
            state = "regression"
        if exact and state == "regression" and limit.relative is None:
            note = INTENDED.format(metric=metric)
    elif relative is not None:
        verdict, state = NOT_CHECKED, "unclear"
        note = "more than what? A relative budget needs --against or --baseline."
    if limit.absolute is not None and now > limit.absolute:
        verdict, state, note = "over budget", "regression", _over(metric, now, limit.absolute)
    elif limit.absolute is not None and before is None and state == "ok":
        verdict = "in budget"
    return Row(
        model,
        metric,
        before,
        now,
        verdict,
        state,
        change=fraction(before, now),
        limit=_allowed(metric, Limit(limit.absolute, relative)),
        note=note,
    )


def _allowed(metric: str, limit: Limit) -> str:
    words = [] if limit.absolute is None else [METRICS[metric](limit.absolute)]
    if limit.relative is not None:
        words.append(f"+{units.percent(limit.relative)}")
    return ", ".join(words)


def _over(metric: str, now: float, limit: float) -> str:
    more = f", {change((now - limit) / limit)}" if limit else ""
    return f"{METRICS[metric](now - limit)} {HEADINGS[metric]} over the budget{more}."


def peak_rows(
    model: str, record: Record | None, before: Record | None, limits: Limits
) -> list[Row]:
    """Peak memory, where a budget asks for it."""
    if PEAK not in limits:
        return []
    if record is None or record.peak_memory_bytes is None:
        return [_unmeasured(model, PEAK, record)]
    known = None if before is None else before.peak_memory_bytes
    return [_judged(model, PEAK, known, record.peak_memory_bytes, limits[PEAK], exact=False)]


def ceiling_rows(case: Case, first: Record | None, limits: Limits, tools: Tools) -> list[Row]:
    """An absolute limit of the latency: over it is what is so with its whole interval, and once more
    in a fresh process, while nobody else wanted the machine. Within it is within it: others only ever
    make it slower."""
    limit = limits.get(LATENCY, Limit()).absolute
    if limit is None:
        return []
    record = first if first is not None and first.latency else tools.measure(case)
    row = _ceiling(case.model, record, limit)
    if row.state == "regression":
        row = _confirmed(row, _ceiling(case.model, tools.measure(case), limit))
    return [row]


def _ceiling(model: str, record: Record, limit: float) -> Row:
    if record.latency is None or record.suspicions:
        return _unmeasured(model, LATENCY, record)
    latency = record.latency
    verdict, state = _side_of(latency, limit)
    row = Row(
        model,
        LATENCY,
        None,
        latency.median_s,
        verdict,
        state,
        limit=units.seconds(limit),
        note=""
        if verdict == "in budget"
        else f"{_bounds(latency)} against {units.seconds(limit)}.",
    )
    return row if verdict == "in budget" else _unless_busy(row, record)


def _unless_busy(row: Row, *records: Record) -> Row:
    """The row, or an unclear one if other work was in the way of these records."""
    disturbed = [record for record in records if record.contended]
    if not disturbed:
        return row
    seen = seen_in(disturbed[-1])
    said = BUSY.format(seen=seen[:1].upper() + seen[1:])
    return replace(row, verdict="unclear", state="unclear", note=f"{row.note} {said}")


def _side_of(latency: Latency, limit: float) -> tuple[str, State]:
    if latency.low_s is None or latency.high_s is None:
        return "unclear", "unclear"
    if latency.low_s > limit:
        return "over budget", "regression"
    return ("in budget", "ok") if latency.high_s <= limit else ("unclear", "unclear")


def _bounds(latency: Latency) -> str:
    return f"{units.seconds(latency.low_s)} to {units.seconds(latency.high_s)}"


def _unmeasured(model: str, metric: str, record: Record | None) -> Row:
    why = "it was not measured."
    if record is not None and (record.failure or record.suspicions):
        why = record.failure.message if record.failure else record.suspicions[0]
    return Row(model, metric, None, None, "not comparable", "not comparable", note=why)


def differing(before: Environment, now: Environment) -> list[str]:
    """The facts that make two times incomparable: ``torch: 2.12.0, here 2.13.0``."""
    facts = dict.fromkeys((*before.comparable, *now.comparable))
    both = ((name, before.comparable.get(name), now.comparable.get(name)) for name in facts)
    return [f"{name}: {_fact(old)}, here {_fact(new)}" for name, old, new in both if old != new]


def _fact(value: str | int | None) -> str:
    return units.DASH if value is None else str(value)


def stored_row(case: Case, stored: Sequence[Record], here: Environment, tools: Tools) -> Row:
    """The latency beside the stored sessions of a baseline, where the environment is the same; it is
    measured only then."""
    timed = [r for r in stored if r.latency and not r.suspicions]
    times = [r.latency.median_s for r in timed if r.latency]
    if not times:
        return _unmeasured(case.model, LATENCY, stored[-1])
    if differs := differing(stored[-1].environment, here):
        said = f"the baseline is of another environment ({'; '.join(differs)})."
        return replace(_unmeasured(case.model, LATENCY, None), before=times[-1], note=said)
    row = _beside(case, timed, tools.measure(case))
    if row.state == "regression":
        row = _confirmed(row, _beside(case, timed, tools.measure(case)))
    return row


def _beside(case: Case, stored: Sequence[Record], record: Record) -> Row:
    """Slower on a busy machine is unclear; so is faster than what was stored on one."""
    if record.latency is None or record.suspicions:
        return _unmeasured(case.model, LATENCY, record)
    before = drift([r.latency.median_s for r in stored if r.latency])
    now = record.latency
    verdict = judge_stored(before, now.low_s, now.high_s)
    state: dict[str, State] = {"slower": "regression", "faster": "improvement", "same": "ok"}
    ratio = now.median_s / before.median_s - 1
    row = Row(
        case.model,
        LATENCY,
        before.median_s,
        now.median_s,
        verdict,
        state.get(verdict, "unclear"),
        change=ratio,
        low=None if now.low_s is None else now.low_s / before.median_s - 1,
        high=None if now.high_s is None else now.high_s / before.median_s - 1,
        limit=f"+{units.percent(before.limit)}",
        note=f"beside {units.count(before.sessions)} stored sessions: only changes beyond"
        f" {units.percent(before.limit)} can be told from drift.",
    )
    spoilt = {"slower": [record], "faster": stored}.get(verdict, [])
    return _unless_busy(row, *spoilt)
