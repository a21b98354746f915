"""The answer first: three sentences made from the data."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from lightbench import units
from lightbench.costs.predictors import Prediction, predictions
from lightbench.records import Latency, Record
from lightbench.reports._section import Section
from lightbench.reports._sentence import Name, Sentence, listed
from lightbench.reports._subject import Subject, conditions
from lightbench.timing.pareto import front

ORDER = 10
ALIKE = 0.5  # points of top-1: networks retrained differ by that much


def section(subject: Subject) -> Section | None:
    """Which network is fastest at equal accuracy, which are on the Pareto front, and which number
    predicted the time. Of several setups the one with the most networks."""
    if not subject.main:
        return None
    return Section("In short", tuple(_sentences(subject)))


def _sentences(subject: Subject) -> Iterator[Sentence]:
    group = subject.main
    yield _fastest(subject, group)
    if said := _pareto(subject, group):
        yield said
    if said := _predicted(subject):
        yield said
    if others := len(subject.evidence.groups) - 1:
        yield Sentence(
            f"This is about {conditions(group)}; {others} more",
            f" {'setup is' if others == 1 else 'setups are'} in the tables.",
        )


def _latency(record: Record) -> Latency:
    assert record.latency is not None
    return record.latency


def _time(record: Record) -> str:
    """``12.3 ms (12.2 to 12.5)``."""
    time = _latency(record)
    between = ""
    if time.low_s is not None and time.high_s is not None:
        between = f" ({units.milliseconds(time.low_s)} to {units.milliseconds(time.high_s)})"
    return f"{units.seconds(time.median_s)}{between}"


def _fastest(subject: Subject, group: Sequence[Record]) -> Sentence:
    """Among the networks at least as accurate as the reference; without accuracies, among all."""
    reference = subject.beside(group[0]) or group[0]
    known = subject.accuracy(reference)
    if known is None:
        best, tied = _best(group)
        among: tuple[str, ...] = (f"Of the {len(group)} networks, ",)
        if best is reference and len(group) == 1:
            return Sentence(Name(best.case.model), f" takes {_time(best)}.")
    else:
        able = [
            record
            for record in group
            if (own := subject.accuracy(record)) and own.top1 >= known.top1 - ALIKE
        ]
        if len(able) == 1:
            return Sentence(
                "No other network here is as accurate as ",
                Name(reference.case.model),
                f" ({units.number(known.top1)} % top-1): {_time(reference)}.",
            )
        best, tied = _best(able)
        among = (
            f"Of the {len(able)} networks that are as accurate as ",
            Name(reference.case.model),
            f" ({units.number(known.top1)} % top-1, within {ALIKE} points) or more, ",
        )
    others = f", not told apart from {len(tied)} more" if tied else ""
    if best is reference:
        return Sentence(
            *among, "none is faster than ", Name(best.case.model), f": {_time(best)}{others}."
        )
    ratio = _latency(best).median_s / _latency(reference).median_s
    return Sentence(
        *among,
        Name(best.case.model),
        f" is the fastest: {_time(best)}, {units.factor(ratio)} times the time of ",
        Name(reference.case.model),
        f"{others}.",
    )


def _best(records: Sequence[Record]) -> tuple[Record, list[Record]]:
    """The lowest median, and the records whose intervals reach into its own."""
    best = min(records, key=lambda record: _latency(record).median_s)
    high = _latency(best).high_s
    tied = [
        record
        for record in records
        if record is not best
        and (high is None or (low := _latency(record).low_s) is None or low <= high)
    ]
    return best, tied


def _pareto(subject: Subject, group: Sequence[Record]) -> Sentence | None:
    """Who is on the front by time, and who would be by multiply-adds."""
    both = [
        (record, own.top1)
        for record in group
        if (own := subject.accuracy(record)) and record.costs and record.costs.madds
    ]
    if len(both) < 2:
        return None
    quality = [top1 for _, top1 in both]
    by_time = front([_latency(record).median_s for record, _ in both], quality)
    by_madds = front([record.costs.madds for record, _ in both if record.costs], quality)
    names = [record.case.model for record, _ in both]
    on = sorted(by_time, key=quality.__getitem__)
    of = "" if len(both) == len(group) else f" of the {len(both)} networks of known accuracy"
    parts = [f"On the Pareto front{of}, accuracy against time: ", *listed([names[i] for i in on])]
    gone = [names[i] for i in sorted(by_madds - by_time, key=quality.__getitem__)]
    come = [names[i] for i in sorted(by_time - by_madds, key=quality.__getitem__)]
    if gone:
        parts += ["; MAdds alone would also promise ", *listed(gone)]
    if come:
        parts += [" and" if gone else "; MAdds alone would", " miss ", *listed(come)]
    if not gone and not come:
        parts.append("; the same networks as by MAdds")
    return Sentence(*parts, ".")


def _predicted(subject: Subject) -> Sentence | None:
    """Which number orders the networks most like the clock, and how MAdds does."""
    found = next((p for p in predictions(subject.evidence) if p.records[0] in subject.main), None)
    ranked = [row for row in found.rows if row.rank is not None] if found else []
    if not ranked:
        return None
    best = max(ranked, key=_value)
    names = [row.name for row in ranked if _value(row) == _value(best)]
    said = f"ordered the {best.n} networks most like the clock: rank correlation {_rank(best)}"
    madds = next((row for row in ranked if row.key == "madds"), best)
    beside = ""
    if madds.name not in names:
        beside = f"; MAdds {_rank(madds)}"
        if not _apart(madds, best):
            beside += ", too few networks to tell them apart"
    first = " and ".join(filter(None, (", ".join(names[:-1]), names[-1])))
    return Sentence(f"{first[:1].upper()}{first[1:]} {said}{beside}.")


def _value(row: Prediction) -> float:
    return row.rank.value if row.rank else 0.0


def _apart(low: Prediction, high: Prediction) -> bool:
    """Do the intervals of two correlations not meet? A perfect one has none, and could be luck."""
    a, b = low.rank, high.rank
    if a is None or b is None or a.high is None or b.low is None:
        return False
    return a.high < b.low


def _rank(row: Prediction) -> str:
    assert row.rank is not None
    between = ""
    if row.rank.low is not None and row.rank.high is not None:
        between = f" ({units.correlation(row.rank.low)} to {units.correlation(row.rank.high)})"
    return f"{units.correlation(row.rank.value)}{between}"
