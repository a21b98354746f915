"""What must be said below a table of records, each thing once."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Iterator, Sequence

from lightbench import units
from lightbench.records import CONTENDED, Record, launch_bound
from lightbench.records.facets import FACETS, names

# What a reader must know before believing a row: its word in the status column, sign, explanation.
MARKS = (
    ("failed", "x", "no result"),
    ("not converged", "?", "the interval is still wide, measure longer"),
    ("contended", "!", "other work used the machine"),
    ("suspect", "s", "not the time of what was counted: in no ratio or figure"),
    ("launch-bound", "l", "launching took over 90 % of it, see --graph"),
    ("fell back", "c", "some operators ran on the CPU"),
    ("not comparable", "#", "timed in another run: in no ratio or figure"),
)
NOTE = 130  # characters, for which two lines have room
# Wherever numbers of a device card are shown.
BUSY_CARD = (
    "The device card was measured while other programs used the machine: its speeds may be too low."
)

# What columns are about.
MADDS = "multiply-adds of convolution, linear and matrix products."
MEM = "memory access, as eager PyTorch moves it."
LATENCY = "median of a call; +- is half of its 95 % interval."


def status(record: Record, *, apart: bool = False) -> str:
    """``ok``, or words of MARKS; ``apart`` says that its time cannot be held against the others'."""
    true = {
        "failed": record.status == "failed",
        "not converged": record.samples is not None and record.samples.stop != "converged",
        "contended": record.contended,
        "suspect": bool(record.suspicions),
        "launch-bound": record.samples is not None and launch_bound(record.samples),
        "fell back": any(warning.startswith("fell back") for warning in record.warnings),
        "not comparable": apart,
    }
    return ", ".join(word for word, _, _ in MARKS if true[word]) or "ok"


def signs(words: str) -> str:
    """The signs for a status: ``?!``; nothing for ``ok``."""
    return "".join(sign for word, sign, _ in MARKS if word in words)


def remarks(records: Sequence[Record]) -> tuple[str, ...]:
    """Notes for a table of these records: of their marks, and who used the machine. They may quote text of
    any origin."""
    found = {word for record in records for word in status(record).split(", ")}
    notes = explained(found)
    notes += _once(_contended, records, names(records))
    if any(record.case.batch > 1 for record in records):
        notes.append("MAdds and memory access are for the whole batch.")
    return tuple(notes)


def failures(records: Sequence[Record]) -> tuple[str, ...]:
    """Sentences for a table of these records: why some have no result, or none that is whole, what else was
    noticed of them, and where their times are not to be compared. They may quote text of any origin."""
    of = names(records)
    said = [one for say in (_failed, _uncounted, _doubted) for one in _once(say, records, of)]
    if unlike := _unlike(records):
        said.append(f"The cases ran under different conditions ({unlike}): do not compare times.")
    return tuple(said)


def explained(words: Container[str]) -> list[str]:
    """What these words of a status mean, as one note of two lines at most; none without any."""
    found = [mark for mark in MARKS if mark[0] in words]
    said = "; ".join(f"{sign} {word}: {meaning}" for word, sign, meaning in found)
    if len(said) > NOTE:
        said = "; ".join(f"{sign} {word}" for word, sign, _ in found) + ": --help says more"
    return [f"{said}."] if found else []


def warned(records: Sequence[Record]) -> tuple[str, ...]:
    """What was noticed while these records of sweeps were measured, each once, with its points."""
    points = [record.sweep.point if record.sweep else record.case.model for record in records]
    return tuple(_once(_warned, records, points))


def warned_of(records: Sequence[Record], called: Sequence[str] = ()) -> tuple[str, ...]:
    """What was noticed while these records were measured, each once, with its cases: by their models, or as they are
    ``called``."""
    return tuple(_once(_warned, records, called or [record.case.model for record in records]))


def _failed(record: Record) -> Iterator[str]:
    if record.failure:
        yield f"failed: {record.failure.message} {record.failure.hint}".rstrip()


def _uncounted(record: Record) -> Iterator[str]:
    for op, times in record.costs.uncounted.items() if record.costs else ():
        yield f"not counted: {op}, {units.exact(times)} times"


def _contended(record: Record) -> Iterator[str]:
    """What the mark says already."""
    return (said for said in _warned(record) if said.startswith(f"warning: {CONTENDED}"))


def _doubted(record: Record) -> Iterator[str]:
    return (said for said in _warned(record) if not said.startswith(f"warning: {CONTENDED}"))


def _warned(record: Record) -> Iterator[str]:
    yield from (f"warning: {warning}" for warning in record.warnings)


def _once(
    say: Callable[[Record], Iterable[str]], records: Sequence[Record], called: Sequence[str]
) -> Iterator[str]:
    """What ``say`` finds, each sentence once, with the cases it holds for unless it holds for all."""
    found: dict[str, list[str]] = {}
    for name, record in zip(called, records, strict=True):
        for sentence in say(record):
            found.setdefault(sentence, []).append(name)
    for sentence, named in found.items():
        cases = list(dict.fromkeys(named))
        more = f"; and {len(cases) - 3} more" if len(cases) > 3 else ""
        where = "" if len(named) == len(records) else f" ({'; '.join(cases[:3])}{more})"
        yield sentence + where


def about_runs(records: Sequence[Record]) -> tuple[str, ...]:
    """A note if records were timed in several runs that could have been timed in one."""
    found: dict[object, set[str]] = {}
    for record in records:
        if record.run is not None:
            threads = record.environment.comparable.get("threads")
            how = record.case.device, threads, record.case.options
            found.setdefault(how, set()).add(record.run.id)
    runs = max(map(len, found.values()), default=0)
    if runs < 2:
        return ()
    said = f"Timed in {runs} runs, between which the machine may have changed"
    return (f"{said}: `lightbench report` compares them by what was timed in both.",)


def _unlike(records: Sequence[Record]) -> str:
    """Facts about the machine and its software, other than columns, in which the records differ."""
    facts = [record.environment.comparable for record in records]
    keys = sorted({key for fact in facts for key in fact} - {facet.key for facet in FACETS})
    return ", ".join(key for key in keys if len({fact.get(key) for fact in facts}) > 1)
