r"""A table for a paper, with booktabs and siunitx; it needs LaTeX of 2020 or later."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from lightbench.units import DASH
from lightbench.views.table import Column, Table, View

SUFFIXES = (".tex",)

# What TeX acts on, or does in some places: a bracket or a star after a line break is its argument,
# babel makes quotes active, and TeX's oldest fonts have other signs in the places of < > |.
_SIGNS = {
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    **{sign: f"\\{sign}" for sign in "&%$#_{}"},
    **{sign: f"{{{sign}}}" for sign in "[]*"},
    '"': r"\symbol{34}",
    "`": r"\textasciigrave{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
}
_SIGN = f"[{re.escape(''.join(_SIGNS))}]"
# Two of them would be one, -- is a dash; a log's line that begins with :: is a command.
_JOINED = "(?P<joined>[-',:])(?=(?P=joined))"
_SPACE = "^ | (?= |$)|(?<= ) "  # TeX would drop it
_SPECIAL = re.compile(f"{_SIGN}|{_JOINED}|{_SPACE}")
# What pdflatex cannot set without more packages, or what acts on whoever reads the file.
_UNKNOWN = re.compile("[^ -~À-ÖØ-öø-ÿ]|[ÐÞðþ]")


LONGEST = 40  # letters of a label
FIT = 5  # columns that a column of a paper has room for
MARKS = "status"  # a column of marks, which only notes explain
PLUS_MINUS = ("+-", r"$\pm$")
_NUMBER = re.compile(r"(?P<sign>[-+]?)(?P<whole>\d{1,3}(?:,\d{3})+|\d+)(?:\.(?P<part>\d+))?")


def render(view: View, *, width: int | None = None, colour: bool = False) -> str:  # noqa: ARG001
    r"""A ``table`` for each table, with its title as the caption and a label, and no note; what is folded is
    shown like the rest. Columns of numbers are siunitx's ``S``, which sets one point below the other. Of
    more than 5 columns those go that matter least, unless all are asked for. It can be pasted into a document
    that has ``\usepackage{booktabs,siunitx}``. A character that pdflatex cannot set is its escape, ``\u7f51``."""
    labels = _labels([table.title for table in view.tables])
    tables = (_table(table, label) for table, label in zip(view.tables, labels, strict=True))
    return "% Needs \\usepackage{booktabs,siunitx}.\n" + "\n".join(tables)


def _table(table: Table, label: str) -> str:
    wide, table = table.wide, table.for_people()
    places = _fitting(table.columns, wide=wide)
    columns = [
        _column(table.columns[i], [table.columns[i].cell(row[i]) for row in table.rows])
        for i in places
    ]
    title = table.title + ("" if table.title.endswith((".", "?")) or not table.subtitle else ":")
    caption = f"{title} {table.subtitle}" if table.subtitle else title
    return "\n".join(
        [
            r"\begin{table}",
            r"\centering",
            rf"\caption{{{_text(caption)}}}",
            rf"\label{{tab:{label}}}",
            rf"\begin{{tabular}}{{{''.join(column.form for column in columns)}}}",
            r"\toprule",
            _row([column.heading for column in columns]),
            r"\midrule",
            *(_row([column.cells[i] for column in columns]) for i in range(len(table.rows))),
            r"\bottomrule",
            r"\end{tabular}",
            r"\end{table}",
            "",
        ]
    )


def _fitting(columns: Sequence[Column], *, wide: bool) -> list[int]:
    """The positions of the columns that are set."""
    kept = [i for i, column in enumerate(columns) if column.key != MARKS]
    while not wide and len(kept) > FIT and any(columns[i].drop for i in kept):
        kept.remove(max(kept, key=lambda i: (columns[i].drop, i)))
    return kept


def _labels(titles: Sequence[str]) -> list[str]:
    """A label for each table, of the words in front of a colon: ``profile``, ``profile-2``."""
    found: list[str] = []
    seen: Counter[str] = Counter()
    for title in titles:
        words = re.sub("[^a-z0-9]+", "-", title.partition(":")[0].lower()).strip("-")
        name = words[:LONGEST] or "table"
        seen[name] += 1
        found.append(name if seen[name] == 1 else f"{name}-{seen[name]}")
    return found


class _Set(NamedTuple):
    """A column as LaTeX has it: what it is in the preamble of the table, its heading, its cells."""

    form: str
    heading: str
    cells: list[str]


def _column(column: Column, cells: list[str]) -> _Set:
    """Numbers, also in per cent, which is then in the heading, stand below one another by their points."""
    heading = column.heading
    words = (
        PLUS_MINUS[1] + _text(heading[2:]) if heading.startswith(PLUS_MINUS[0]) else _text(heading)
    )
    known = [cell for cell in cells if cell not in ("", DASH)]
    share = bool(known) and all(cell.endswith(" %") for cell in known)
    plain = [cell.removesuffix(" %") for cell in known] if share else known
    numbers = [found for cell in plain if (found := _NUMBER.fullmatch(cell))]
    if not known or len(numbers) < len(known):
        return _Set(column.align[0], words, [_text(cell) for cell in cells])
    unit = r" (\%)" if share else ""
    told = [
        cell.removesuffix(" %").replace(",", "") if cell in known else f"{{{_text(cell)}}}"
        for cell in cells
    ]
    return _Set(f"S[table-format={_form(numbers)}]", f"{{{words}{unit}}}", told)


def _form(numbers: Sequence[re.Match[str]]) -> str:
    """Room for the longest in front of the point and behind it: ``-4.2``."""
    sign = "+" if any(found["sign"] == "+" for found in numbers) else ""
    sign = sign or ("-" if any(found["sign"] for found in numbers) else "")
    whole = max(len(found["whole"].replace(",", "")) for found in numbers)
    part = max(len(found["part"] or "") for found in numbers)
    return f"{sign}{whole}.{part}" if part else f"{sign}{whole}"


def _row(texts: Sequence[str]) -> str:
    return " & ".join(texts) + r" \\"


def _text(text: str) -> str:
    """Text that is only text, on one line."""
    known = _UNKNOWN.sub(lambda sign: sign[0].encode("unicode_escape").decode(), text)
    return _SPECIAL.sub(_escaped, known)


def _escaped(found: re.Match[str]) -> str:
    text = found[0]
    if text == " ":
        return r"\ "
    return f"{text}{{}}" if found["joined"] else _SIGNS[text]
