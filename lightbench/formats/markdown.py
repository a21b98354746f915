"""A GitHub table, to paste into a README or a pull request."""

from __future__ import annotations

import re
from collections.abc import Iterable
from html import escape
from itertools import groupby
from typing import Any

from lightbench.units import visible
from lightbench.views.table import Column, Table, View

SUFFIXES = (".md", ".markdown")

# A sentence in which Markdown and GitHub see nothing to act on: no link, mention, HTML or emphasis.
_PROSE = re.compile(r"(?!.*(://|www\.))[A-Za-z0-9(?!][A-Za-z0-9 ,.;:()%/'?!+=-]*", re.IGNORECASE)

_COMMAND = re.compile("(?<![^ (])`([A-Za-z0-9][A-Za-z0-9 =/-]*)`(?![^ .,;:)])")


def render(view: View, *, width: int | None = None, colour: bool = False) -> str:  # noqa: ARG001
    """GFM tables, each under its title; names are code spans, notes a list below. What is folded is
    opened by a click on its title."""
    return "\n".join(
        _folded(table) if table is view.folded else f"**{prose(table.title)}**\n\n{_table(table)}"
        for table in view.tables
    )


def _folded(table: Table) -> str:
    """A table inside HTML, in which Markdown goes on after an empty line."""
    title = escape(visible(table.title))
    # GitHub looks for mentions and links in HTML, too, but not in code.
    title = title if _PROSE.fullmatch(table.title) else f"<code>{title}</code>"
    return f"<details><summary>{title}</summary>\n\n{_table(table)}\n</details>\n"


def _table(table: Table) -> str:
    table = table.for_people()
    lines = [_row(_heading(column.heading) for column in table.columns)]
    lines.append(_row("---:" if column.align == "right" else ":---" for column in table.columns))
    lines += [_row(map(_cell, table.columns, row)) for row in table.rows]
    said = [prose(table.subtitle), ""] if table.subtitle else []
    notes = (f"- {prose(note)}" for note in (*table.sentences, *table.legend()))
    lines = [*said, *lines, "", *notes]
    return "\n".join(lines).rstrip() + "\n"


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _cell(column: Column, value: Any) -> str:
    """Our own words and numbers as they are, a stored text as code, and so whatever Markdown might
    act on."""
    text = column.cell(value)
    stored = isinstance(value, str) and column.text is str
    if not text or (not stored and (not isinstance(value, str) or _PROSE.fullmatch(text))):
        return text
    return _code_cell(text)


def _heading(text: str) -> str:
    """As it is, or as code where Markdown might act on it: it may hold a name."""
    return text if _PROSE.fullmatch(f"a{text}") else _code_cell(text)


def _code_cell(text: str) -> str:
    # GitHub ends a cell at a bar unless an odd number of backslashes stands before it.
    return re.sub(r"(?<!\\)(\\*)\|", r"\1\1\\|", code(text))


def prose(text: str) -> str:
    """Words as they are; those in which Markdown might see something to act on as code. A command of
    ours between backticks is code already."""
    spans = _COMMAND.split(text)
    return "".join(
        code(span) if i % 2 else _words(span, first=not i) for i, span in enumerate(spans)
    )


def _words(text: str, *, first: bool) -> str:
    """``first``: they may begin a line, where Markdown sees more."""
    words = text.split(" ")
    plain = [bool(_PROSE.fullmatch(w if first and not i else f"a{w}")) for i, w in enumerate(words)]
    runs = groupby(zip(words, plain, strict=True), key=lambda pair: pair[1])
    texts = ((safe, " ".join(word for word, _ in run)) for safe, run in runs)
    return " ".join(text if safe else _quoted(text) for safe, text in texts)


def _quoted(text: str) -> str:
    """Code, without the punctuation around it."""
    before = text[: text.startswith("(")]
    inner = text[len(before) :].rstrip(",.;:)")
    behind = text[len(before) + len(inner) :]
    return f"{before}{code(inner)}{behind}" if inner else code(text)


def code(text: str) -> str:
    """A code span that shows exactly this text: nothing in it is read as Markdown."""
    text = visible(text) or " "
    fence = "`" * (max(map(len, re.findall("`+", text)), default=0) + 1)
    inner = f" {text} " if text[0] in "` " or text[-1] in "` " else text
    return f"{fence}{inner}{fence}"
