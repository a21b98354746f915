"""Networks by engine: the fastest of each, times beside eager, and which networks swap places."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from lightbench import units
from lightbench.records import Case, Record
from lightbench.reports.engine_sentences import ratio_text, short, unlike_said
from lightbench.reports.engines import EngineSet, engine_sets, main_set, unlike
from lightbench.reports.swaps import Swap, pairs_held, swapped_pairs, swaps
from lightbench.stats.interval import Interval
from lightbench.stats.ratio import Ratio
from lightbench.studies.profile.notes import about_outputs
from lightbench.studies.subject import Subject
from lightbench.views.section import Drawing, Section
from lightbench.views.sentence import Name, Sentence
from lightbench.views.table import Column, Table, View, own_words

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SHOWN = 5  # pairs that swap places, in sentences
MODEL = Column("model", "model", align="left")
LEVEL = Column("level", "level", shown=False)
CAPTION = "Time of each network as a multiple of its own in"
DIFFERS = "differs"
TIMES = (
    "latency: median time of one call; +- is half of its 95 % interval.",
    "fastest: surely faster than every other engine, round by round; a dash: not told apart.",
    "next: what the next engine takes, as a multiple of the fastest's time.",
)
WORDS = {
    DIFFERS: "its outputs are not those of the network, whatever its time",
    "failed": "it has no result; Comparison says why",
    "contended": "other work was using the machine",
    "suspect": "it cannot be the time of the work that was counted",
    "not comparable": "timed in another run, with nothing timed in both",
}


def section(subject: Subject) -> Section | None:
    """For every set of profiles that differ in nothing but network and engine, if there are several engines."""
    main = main_set(subject)
    found = sorted(subject.evidence.once(engine_sets), key=lambda one: one is not main)
    if not found:
        return None
    return Section(
        "Engine by engine",
        sentences=tuple(_sentences(found)),
        drawings=tuple(_drawings(found)),
        views=tuple(view for one in found for view in _views(one)),
    )


def _sentences(found: Sequence[EngineSet]) -> Iterator[Sentence]:
    first, *others = found
    if said := unlike_said(record for one in found for record in one.records):
        yield said
    yield from short(first, SHOWN)
    if (more := len(swapped_pairs(first)) - SHOWN) > 0:
        yield Sentence(f"{more} more {'pair is' if more == 1 else 'pairs are'} in the table.")
    if others:
        yield Sentence("This is about ", Name(first.conditions), "; the tables have more setups.")


def _drawings(found: Sequence[EngineSet]) -> Iterator[Drawing]:
    for i, one in enumerate(found, 1):
        name = f"engines-{i}" if i > 1 else "engines"
        yield Drawing(name, f"{CAPTION} {one.base}: {one.conditions}.", partial(_draw, one))


def _draw(found: EngineSet) -> Figure:
    from lightbench.reports.figures.engines import draw

    return draw(found.sources)


def _views(found: EngineSet) -> Iterator[View]:
    yield _times(found)
    yield _multiples(found)
    yield _beside_each_other(found)
    if swapped := swaps(found):
        yield _swapped(found, swapped)


def _table(
    title: str,
    found: EngineSet,
    columns: Sequence[Column],
    rows: Sequence[Sequence[Any]],
    notes: Sequence[str],
) -> View:
    table = Table(
        f"{title}: {found.conditions}", tuple(columns), tuple(map(tuple, rows)), tuple(notes)
    )
    named = [table.named(row) for row in table.rows]
    return View(table, [{key: _plain(value) for key, value in row.items()} for row in named])


def _plain(value: Any) -> Any:
    """For programs: a ratio or a median as its three numbers."""
    if isinstance(value, Ratio):
        value = value.interval
    return [value.median, value.low, value.high] if isinstance(value, Interval) else value


# Times.


def _times(found: EngineSet) -> View:
    columns = [
        MODEL,
        *(Column(f"latency_{e}", f"{e} (ms)", _latency) for e in found.engines),
        Column("fastest", "fastest", align="left"),
        Column("next", "next", ratio_text),
        LEVEL,
    ]
    rows = []
    for network, name in found.networks.items():
        cells = [_cell(found, network, engine) for engine in found.engines]
        won = found.fastest(network)
        ahead = (won.engine, won.ahead) if won else (None, None)
        rows.append([name, *cells, *ahead, "error" if DIFFERS in cells else ""])
    said = {cell for row in rows for cell in row[1:-3] if isinstance(cell, str)}
    words = [f"{word}: {why}. In no ranking." for word, why in WORDS.items() if word in said]
    return _table("Latency by engine", found, columns, rows, [*TIMES, *words])


def _cell(found: EngineSet, network: Case, engine: str) -> Interval | str | None:
    """The time, or the word for why there is none to compare."""
    record = found.record(network, engine)
    if record is None or record.failure:
        return "failed" if record else None
    if unlike(record):
        return DIFFERS
    if record.latency is None or record.contended or record.suspicions:
        return _why(record)
    held = (found.ratio(network, other, engine) for other in found.engines)
    if found.placed(network, engine) is None and not any(held):
        return "not comparable"
    time = record.latency
    return Interval(time.median_s, time.low_s, time.high_s)


def _why(record: Record) -> str | None:
    if record.latency is None:
        return None
    return "contended" if record.contended else "suspect"


def _latency(value: Interval | str) -> str:
    """``11.2 +-0.1 %``, or a word."""
    return _with_margin(value, units.milliseconds)


def _with_margin(value: Interval | str, text: Any) -> str:
    if isinstance(value, str):
        return value
    return f"{text(value.median)} {units.margin(value.rel)}" if value.rel else text(value.median)


# Multiples of eager's time, with what the outputs are worth.


def _multiples(found: EngineSet) -> View:
    columns = [MODEL]
    for engine in found.engines[1:]:
        columns.append(Column(f"ratio_{engine}", f"{engine} x {found.base}", _multiple))
        columns.append(Column(f"outputs_{engine}", "outputs", own_words, align="left", sparse=True))
    rows = []
    for network, name in found.networks.items():
        cells: list[Any] = []
        for engine in found.engines[1:]:
            record, ratio = found.record(network, engine), found.ratio(network, found.base, engine)
            outputs = record.outputs.verdict if record and record.outputs else None
            cells += [ratio.interval if ratio else None, outputs]
        rows.append([name, *cells, "error" if DIFFERS in cells else ""])
    notes = [f"below 1 is faster than {found.base}: round by round where both were timed in turn."]
    notes += about_outputs(found.records)
    title = f"Time as a multiple of that in {found.base}"
    return _table(title, found, [*columns, LEVEL], rows, notes)


def _multiple(value: Interval) -> str:
    return _with_margin(value, units.number)


# Engines beside each other.


def _beside_each_other(found: EngineSet) -> View:
    columns = [
        Column("engine", "engine", align="left"),
        *(Column(f"over_{engine}", f"over {engine}", ratio_text) for engine in found.engines),
        Column("networks", "networks", own_words),
        Column("order", f"order as in {found.base}", units.correlation),
        Column("order_interval", "95 %", own_words, align="left"),
        Column("swapped", "pairs swapped", own_words),
    ]
    swapped = swaps(found)
    rows = []
    for engine in found.engines:
        others = [found.mean(other, engine) for other in found.engines]
        n = sorted({mean.n for mean in others if mean})
        order = found.order(engine) if engine != found.base else None
        between = None
        if order and order.low is not None and order.high is not None:
            between = f"{units.correlation(order.low)} to {units.correlation(order.high)}"
        held = pairs_held(found, engine) if engine != found.base else 0
        pairs = f"{sum(s.engine == engine for s in swapped)} of {held}" if held else None
        many = " to ".join(map(units.exact, dict.fromkeys([n[0], n[-1]]))) if n else None
        rows.append([engine, *others, many, order and order.value, between, pairs])
    notes = [
        "over: times the other engine's time, geometric mean over the networks that both ran.",
        "in brackets: 95 % for networks like these, by the bootstrap, of 5 networks or more.",
        "order: rank correlation (Spearman) of the networks' times; 1 if both order them alike.",
        "pairs swapped: two networks in the other order, both orders surely so.",
    ]
    return _table("Engines beside each other", found, columns, rows, notes)


# Networks that swap places.


def _swapped(found: EngineSet, swapped: Sequence[Swap]) -> View:
    columns = (
        Column("fast", f"faster in {found.base}", align="left"),
        Column("slow", "than", align="left"),
        Column("base", "ratio", ratio_text),
        Column("engine", "slower in", align="left"),
        Column("other", "ratio ", ratio_text),
    )
    rows = [
        [found.networks[s.fast], found.networks[s.slow], s.base, s.engine, s.other] for s in swapped
    ]
    notes = ["ratio: time of the first network over the second's; no interval holds 1."]
    view = _table("Networks that swap places", found, columns, rows, notes)
    return View(view.table, view.data, folded=view.table)
