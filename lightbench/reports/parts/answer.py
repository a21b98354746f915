"""The answer first: a few sentences made from the data."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

from lightbench import units
from lightbench.records import Latency, Record
from lightbench.records.facets import conditions, names
from lightbench.reports.accuracy import on_data
from lightbench.reports.choice import ALIKE, choice
from lightbench.reports.engine_sentences import short, unlike_said
from lightbench.reports.engines import main_set, unlike
from lightbench.reports.parts.comparison import ratio_text, runs_of, shown_faster
from lightbench.reports.predictors import Prediction, correlation_text, predictions
from lightbench.stats.pareto import front
from lightbench.studies.subject import Subject
from lightbench.views.section import Section
from lightbench.views.sentence import Name, Sentence, listed

Naming = Callable[[Record], Name]
ROUNDING = 1e-9


def section(subject: Subject) -> Section | None:
    """Which network is fastest at equal accuracy, which are on the Pareto front, and which number
    ordered them as the clock did. Of several setups the one with the most networks."""
    said = tuple(_sentences(subject)) if subject.main else ()
    said += tuple(_left_out(subject))
    return Section("In short", said, live=choice(subject)) if said else None


def _sentences(subject: Subject) -> Iterator[Sentence]:
    group = subject.main
    called = dict(zip(map(id, group), names(group), strict=True))

    def name(record: Record) -> Name:
        return Name(called[id(record)])

    yield _fastest(subject, group, name)
    if said := _pareto(subject, group, name):
        yield said
    if said := _predicted(subject):
        yield said
    others, more = len(subject.evidence.groups) - 1, ""
    if others:
        more = f"; {others} more {'setup is' if others == 1 else 'setups are'} in the tables"
    yield Sentence("This is about ", Name(conditions(group, subject.evidence.profiles)), f"{more}.")
    if (runs := runs_of(subject)) > 1:
        yield Sentence(
            f"They were timed in {runs} runs, between which the machine may have changed: what is said of two"
            " of them goes by networks that both runs have timed."
        )
    if engines := main_set(subject):
        yield from short(engines)


def _left_out(subject: Subject) -> Iterator[Sentence]:
    """How many times are in no sentence, and why: a reader would look for them."""
    if said := unlike_said(subject.evidence.profiles):
        yield said
    timed = [r for r in subject.evidence.profiles if r.latency is not None and not unlike(r)]
    busy = sum(r.contended for r in timed)
    odd = sum(bool(r.suspicions) for r in timed if not r.contended)
    apart = sum(subject.evidence.comparable(r) is None for r in timed if r.believed)
    if busy:
        yield Sentence(f"Left out here: {busy} timed while other programs used the machine (!).")
    if odd:
        yield Sentence(
            f"Left out here: {odd} whose time cannot be that of the work that was counted (s)."
        )
    if apart:
        yield Sentence(
            f"Left out here: {apart} timed in another run, with nothing timed in both (#)."
        )


def _latency(record: Record) -> Latency:
    assert record.latency is not None
    return record.latency


def _time(subject: Subject, record: Record) -> str:
    """``12.3 ms (12.2 ms to 12.5 ms)``, as it was measured."""
    time = _latency(subject.evidence.measured(record))
    between = ""
    if time.low_s is not None and time.high_s is not None:
        between = f" ({units.seconds(time.low_s)} to {units.seconds(time.high_s)})"
    return f"{units.seconds(time.median_s)}{between}"


def _fastest(subject: Subject, group: Sequence[Record], name: Naming) -> Sentence:
    """Among the networks at least as accurate as the reference; without accuracies, among all."""
    reference = subject.beside(group[0]) or group[0]
    known = subject.accuracy(reference)
    if len(group) == 1:
        return Sentence(name(reference), f" takes {_time(subject, reference)}.")
    if known is None:
        able, among = list(group), [f"Of the {len(group)} networks, "]
    else:
        rated = ((record, subject.accuracy(record)) for record in group)
        able = [r for r, own in rated if own and own.top1 >= known.top1 - ALIKE - ROUNDING]
        top1 = f" ({units.number(known.top1)} % top-1", *on_data(subject.rated)
        if len(able) == 1:
            lone = "No other network here is known to be as accurate as "
            return Sentence(lone, name(reference), *top1, f"): {_time(subject, reference)}.")
        among = [
            f"Of the {len(able)} networks that are as accurate as ",
            name(reference),
            *top1,
            f", within {ALIKE} points) or more, ",
        ]
    best = min(able, key=lambda r: (_latency(r).median_s, r is not reference))
    tied = sum(1 for record in able if record is not best and not _faster(best, record))
    others = f", not told apart from {tied} more" if tied else ""
    if best is reference:
        none = "none is shown to be faster than " if tied else "none is faster than "
        return Sentence(*among, none, name(best), f": {_time(subject, best)}{others}.")
    if not shown_faster(subject, best):
        none = "none is shown to be faster than "
        return Sentence(*among, none, name(reference), f": {_time(subject, reference)}{others}.")
    ratio = ratio_text(subject, best)
    times = f" is the fastest: {_time(subject, best)}, {ratio} times the time of "
    return Sentence(*among, name(best), times, name(reference), f"{others}.")


def _faster(a: Record, b: Record) -> bool:
    """Is the whole interval of a below that of b?"""
    high, low = _latency(a).high_s, _latency(b).low_s
    return high is not None and low is not None and high < low


def _pareto(subject: Subject, group: Sequence[Record], name: Naming) -> Sentence | None:
    """Who is on the front by time, and what multiply-adds would say: only where intervals are apart."""
    both = [
        (record, own.top1)
        for record in group
        if (own := subject.accuracy(record)) and record.costs and record.costs.madds
    ]
    if len(both) < 2:
        return None
    quality = [top1 for _, top1 in both]
    by_madds = front([record.costs.madds for record, _ in both if record.costs], quality)

    def rivals(i: int) -> list[bool]:
        """For each other network as accurate as ``i``: is it surely slower?"""
        others = (r for j, (r, q) in enumerate(both) if j != i and q >= quality[i])
        return [_faster(both[i][0], other) for other in others]

    def beaten(i: int) -> bool:
        return any(_faster(r, both[i][0]) for r, q in both if q >= quality[i])

    places = range(len(both))
    sure = {i for i in places if all(rivals(i))}
    maybe = {i for i in places if i not in sure and not beaten(i)}
    gone = by_madds - sure - maybe
    come = sure - by_madds

    def said(places: Iterable[int]) -> tuple[str, ...]:
        return listed([name(both[i][0]) for i in sorted(places, key=quality.__getitem__)])

    of = "" if len(both) == len(group) else f" of the {len(both)} networks of known accuracy"
    where = f"n the Pareto front{of}, accuracy", *on_data(subject.rated), " against time: "
    if sure:
        parts = ["O", *where, *said(sure)]
        parts += ["; for all that the intervals tell also ", *said(maybe)] if maybe else []
    else:
        parts = ["For all that the intervals tell, o", *where, *said(maybe)]
    if gone:
        parts += ["; MAdds alone would also promise ", *said(gone)]
    if come:
        parts += [" and" if gone else "; MAdds alone would", " miss ", *said(come)]
    if sure == by_madds and not maybe:
        parts.append("; the same networks as by MAdds")
    return Sentence(*parts, ".")


def _predicted(subject: Subject) -> Sentence | None:
    """Which number orders the networks most like the clock, and how MAdds does; of the numbers that
    are known for all of them."""
    found = next((p for p in predictions(subject.evidence) if p.records[0] in subject.main), None)
    rows = [row for row in found.rows if row.rank is not None] if found else []
    ranked = [row for row in rows if row.n == max(row.n for row in rows)]
    if not ranked:
        return None
    best = max(ranked, key=_value)
    if _value(best) <= 0 or (best.rank and best.rank.low is not None and best.rank.low <= 0):
        return Sentence(
            f"No number is shown to order the {best.n} networks as the clock does: the best,"
            f" {best.name}, has a rank correlation of {_rank(best)}."
        )
    equal = [row.name for row in ranked if _value(row) == _value(best)]
    said = f"ordered the {best.n} networks most like the clock: rank correlation {_rank(best)}"
    madds = next((row for row in ranked if row.key == "madds"), best)
    beside = ""
    if madds.name not in equal:
        beside = f"; MAdds {_rank(madds)}"
        if not _apart(madds, best):
            beside += ", whose interval overlaps"
    first = "".join(listed(equal))
    return Sentence(f"{first[:1].upper()}{first[1:]} {said}{beside}.")


def _value(row: Prediction) -> float:
    return row.rank.value if row.rank else -1.0


def _apart(low: Prediction, high: Prediction) -> bool:
    """Do the intervals of two correlations not meet? A perfect one has none, and could be luck."""
    a, b = low.rank, high.rank
    if a is None or b is None or a.high is None or b.low is None:
        return False
    return a.high < b.low


def _rank(row: Prediction) -> str:
    return correlation_text(row.rank) if row.rank else units.DASH
