"""Two files of pytest-benchmark side by side, and what two runs one after the other cannot tell.

Nothing pairs such runs, so that whatever the machine did meanwhile is in the ratio. How often identical
code differs was measured on a shared machine with two cores; it is said beneath every table.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from lightbench import units
from lightbench.pytest_benchmark.file import Benchmark, read
from lightbench.views.table import Column, Table, View, own_words

BAND = 0.20  # a difference as small as this is the machine's as likely as the code's
UNCLEAR_STRICT, NOT_COMPARABLE = 3, 4  # exit codes

Outcome = Literal[
    "not comparable",
    "perhaps slower",
    "perhaps faster",
    "no large change",
    "only in A",
    "only in B",
]
# The gravest first -> the level of its annotation.
OUTCOMES: dict[Outcome, str] = {
    "not comparable": "error",
    "only in A": "warning",
    "only in B": "warning",
    "perhaps slower": "warning",
    "perhaps faster": "warning",
    "no large change": "",
}

UNPAIRED = (
    "Two runs one after the other, and nothing pairs them: on a shared machine identical code differs"
    f" by more than {units.percent(0.05)} in 17 to 19 % of such comparisons by its minimum, in 31 to"
    " 42 % by its median or mean, and in 64 % with ten minutes between the runs. More rounds do not"
    " help."
)
PERHAPS = (
    f"So this never confirms a slowdown: beyond {units.percent(BAND)} in minimum and median it says"
    " perhaps, and what is less than that it does not see."
)
INSTEAD = (
    "What can tell: both versions in pairs, with `lightbench compare`, or assert_not_slower of the"
    " pytest fixture."
)


@dataclass(frozen=True)
class Pair:
    """One benchmark in both files, or in one. ``median_ratio`` and ``min_ratio`` are B over A and None
    where nothing can be compared; ``note`` says why."""

    name: str
    outcome: Outcome
    a: Benchmark | None = None
    b: Benchmark | None = None
    median_ratio: float | None = None
    min_ratio: float | None = None
    note: str = ""

    @property
    def spread(self) -> float | None:
        """Between the quartiles, as a fraction of the median; the larger one of both sides."""
        known = [side.spread for side in (self.a, self.b) if side and side.spread is not None]
        return max(known, default=None)


def judge_ratios(median_ratio: float, min_ratio: float) -> Outcome:
    """``perhaps`` only where median and minimum both say so, by more than the band."""
    if min(median_ratio, min_ratio) > 1 + BAND:
        return "perhaps slower"
    if max(median_ratio, min_ratio) < 1 / (1 + BAND):
        return "perhaps faster"
    return "no large change"


def two_runs_view(
    a_path: str | Path, b_path: str | Path, *, strict: bool = False
) -> tuple[View, int]:
    """B beside A as a table, and the exit code: 0 whatever the ratios say, 3 if strict and perhaps
    slower or faster, 4 if a benchmark cannot be compared (if strict also: is in one of them only), or
    none is in both. Never 1. Raises
    StoreError for what is no file of pytest-benchmark."""
    a, b = read(a_path), read(b_path)
    machines = differing(a.facts, b.facts)
    if not any(a.facts.values()):
        machines.append("machine: not said")
    pairs = pair_up(a.benchmarks, b.benchmarks, machines)
    found = {pair.outcome for pair in pairs}
    code = 0
    if strict and found & {"perhaps slower", "perhaps faster"}:
        code = UNCLEAR_STRICT
    if strict and found & {"only in A", "only in B"}:
        code = NOT_COMPARABLE
    if "not comparable" in found or not any(pair.a and pair.b for pair in pairs):
        code = NOT_COMPARABLE
    rows = tuple(tuple(value(pair) for _, value in COLUMNS) for pair in pairs)
    table = Table(
        _title(pairs),
        tuple(column for column, _ in COLUMNS),
        rows,
        (UNPAIRED, PERHAPS, INSTEAD),
        tuple(f"Not the same in A and B: {fact}." for fact in machines),
        subtitle=f"A: {a_path}; B: {b_path}",
    )
    data = {
        "a": str(a_path),
        "b": str(b_path),
        "comparable": not machines,
        "differs": machines,
        "band": BAND,
        "benchmarks": [table.named(row) for row in rows],
    }
    return View(table, data), code


def differing(a: Mapping[str, str | None], b: Mapping[str, str | None]) -> list[str]:
    """What is not the same: ``cpu: AMD EPYC, B has Apple M3``."""
    both = ((name, a.get(name), b.get(name)) for name in dict.fromkeys((*a, *b)))
    return [f"{name}: {x or units.DASH}, B has {y or units.DASH}" for name, x, y in both if x != y]


def pair_up(
    a: Sequence[Benchmark], b: Sequence[Benchmark], machines: Sequence[str] = ()
) -> list[Pair]:
    """Benchmarks of the same name, the gravest outcome first, else in the order of the files."""
    in_a, in_b = _by_name(a), _by_name(b)
    pairs = [
        _pair(name, in_a.get(name, []), in_b.get(name, []), machines)
        for name in dict.fromkeys((*in_a, *in_b))
    ]
    gravity = {outcome: i for i, outcome in enumerate(OUTCOMES)}
    return sorted(pairs, key=lambda pair: gravity[pair.outcome])


def _by_name(benchmarks: Sequence[Benchmark]) -> dict[str, list[Benchmark]]:
    found: dict[str, list[Benchmark]] = {}
    for one in benchmarks:
        found.setdefault(one.name, []).append(one)
    return found


def _pair(
    name: str, a: Sequence[Benchmark], b: Sequence[Benchmark], machines: Sequence[str]
) -> Pair:
    if not a or not b:
        return Pair(
            name, "only in A" if a else "only in B", next(iter(a), None), next(iter(b), None)
        )
    if why := _incomparable(a, b, machines):
        return Pair(name, "not comparable", a[0], b[0], note=why)
    median_ratio, min_ratio = _over(a[0].median_s, b[0].median_s), _over(a[0].min_s, b[0].min_s)
    outcome = judge_ratios(median_ratio, min_ratio)
    return Pair(name, outcome, a[0], b[0], median_ratio, min_ratio)


def _incomparable(a: Sequence[Benchmark], b: Sequence[Benchmark], machines: Sequence[str]) -> str:
    """Why the two cannot be compared, or nothing."""
    for side, found in (("A", a), ("B", b)):
        if len(found) > 1:
            return f"{side} has {units.exact(len(found))} of this name."
        if found[0].problem:
            return f"{side}: {found[0].problem}."
    if machines:
        return "another machine or another Python."
    return "; ".join(differing(a[0].settings, b[0].settings))


def _over(a_s: float | None, b_s: float | None) -> float:
    assert a_s is not None  # it has no problem
    assert b_s is not None
    return b_s / a_s


def _title(pairs: Sequence[Pair]) -> str:
    counts = {outcome: sum(pair.outcome == outcome for pair in pairs) for outcome in OUTCOMES}
    said = ", ".join(f"{units.exact(n)} {outcome}" for outcome, n in counts.items() if n)
    return (
        f"B beside A, of {units.exact(len(pairs))} benchmarks: {said}" if said else "No benchmarks"
    )


def _side(which: str, key: str) -> Callable[[Pair], Any]:
    def value(pair: Pair) -> float | None:
        side = getattr(pair, which)
        return None if side is None else getattr(side, key)

    return value


COLUMNS: tuple[tuple[Column, Callable[[Pair], Any]], ...] = (
    (Column("benchmark", "benchmark", align="left"), lambda p: p.name),
    (Column("verdict", "verdict", own_words, align="left"), lambda p: p.outcome),
    (Column("median_ratio", "median", units.factor), lambda p: p.median_ratio),
    (Column("min_ratio", "minimum", units.factor), lambda p: p.min_ratio),
    (Column("spread", "spread", units.percent, drop=2), lambda p: p.spread),
    (Column("a_median_s", "A", units.seconds, drop=3), _side("a", "median_s")),
    (Column("b_median_s", "B", units.seconds, drop=4), _side("b", "median_s")),
    (Column("note", "note", align="left", drop=1), lambda p: p.note),
    (Column("level", "level", own_words, shown=False), lambda p: OUTCOMES[p.outcome]),
    (Column("a_min_s", "A minimum", shown=False), _side("a", "min_s")),
    (Column("b_min_s", "B minimum", shown=False), _side("b", "min_s")),
)
