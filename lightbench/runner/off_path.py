"""What of a network its engine does not run as fast as the rest, in words."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from lightbench.records.outputs import OffPath

OPERATORS = 4  # are named; the record has them all


def said(left: Sequence[OffPath]) -> Iterator[str]:
    """A sentence for each reason: which operators, how many, and of which module the first one is."""
    for why in dict.fromkeys(each.why for each in left):
        rows = [each for each in left if each.why == why]
        of: dict[str, list[OffPath]] = {}
        for row in rows:
            of.setdefault(row.op, []).append(row)
        most = sorted(of, key=lambda op: -_count(of[op]))
        named = [_named(op, of[op]) for op in most[:OPERATORS]]
        if more := most[OPERATORS:]:
            named.append(f"{_count([row for op in more for row in of[op]])} of other kinds")
        total = _count(rows)
        yield f"{total} operator{' runs' if total == 1 else 's run'} {why}: {', '.join(named)}."


def _named(op: str, rows: Sequence[OffPath]) -> str:
    paths = list(dict.fromkeys(row.path for row in rows if row.path))
    where = f" in {paths[0]}" if paths else ""
    if more := len(paths) - 1 if paths else 0:
        where += f" and {more} other module{'s' if more > 1 else ''}"
    return f"{op}{where} ({_count(rows)})"


def _count(rows: Sequence[OffPath]) -> int:
    return sum(row.count for row in rows)
