"""A report as one HTML page that needs nothing else: no network, no other file, no script to be read."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from lightbench.reports import assets
from lightbench.reports.scales import scale_of
from lightbench.stats.interval import Interval
from lightbench.stats.ratio import Ratio
from lightbench.units import DASH, visible
from lightbench.views.section import Document, Drawing, Section
from lightbench.views.sentence import Name, Sentence
from lightbench.views.table import Column, Table

if TYPE_CHECKING:
    from markupsafe import Markup

BARS = frozenset({"latency_s", "share", "time_s"})  # columns whose values start at zero and add up
MANY = 5, 24  # rows that a reader would filter: of several models, of others


@dataclass(frozen=True)
class _Cell:
    """``value`` is what a column of numbers is sorted by; ``bar`` is percent of the column's largest."""

    text: str
    value: str | None = None
    bar: str | None = None


@dataclass(frozen=True)
class _Row:
    model: str | None
    level: str
    cells: tuple[_Cell, ...]


@dataclass(frozen=True)
class _Head:
    """``scale`` is what is written as 1 in a column of numbers, see `scale_of`."""

    key: str
    heading: str
    align: str
    scale: str | None


@dataclass(frozen=True)
class _Grid:
    id: str
    title: str
    columns: tuple[_Head, ...]
    rows: tuple[_Row, ...]
    notes: tuple[str, ...]
    folded: bool
    filtered: bool


@dataclass(frozen=True)
class _Picture:
    id: str
    caption: str
    svg: Markup
    again: bool


@dataclass(frozen=True)
class _Part:
    """A section with ids that are the same whatever its text; ``level`` is that of its heading."""

    id: str
    level: int
    title: str
    model: str | None
    sentences: tuple[tuple[tuple[str, bool], ...], ...]  # of words; True: they are a name
    pictures: tuple[_Picture, ...]
    grids: tuple[_Grid, ...]
    commands: tuple[Markup, ...]
    inner: tuple[_Part, ...]


def render(document: Document) -> str:
    """The whole page, the same text for the same document.

    Its Content-Security-Policy allows its own style sheet and script, by their hashes, and nothing
    else. Strings of the document may be of any origin: all of them become text.
    """
    from jinja2 import Environment, FileSystemLoader, StrictUndefined
    from markupsafe import Markup

    pages = Environment(
        loader=FileSystemLoader(assets.PAGE),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=lambda value: value if isinstance(value, Markup) else visible(str(value)),
    )
    parts = [_part(section, f"s{i}") for i, section in enumerate(document.sections, 1)]
    style, script = assets.style(), assets.script()
    return pages.get_template(assets.TEMPLATE).render(
        title=document.title,
        about=document.about,
        parts=parts,
        live=Markup(_island(document)),  # noqa: S704 - without a sign that HTML reads
        style=Markup(style),  # noqa: S704 - our own files
        script=Markup(script),  # noqa: S704
        style_hash=assets.digest(style),
        script_hash=assets.digest(script),
    )


def _island(document: Document) -> str:
    """What the page computes with, by the id of its section, as JSON in which nothing can end a script; "" of none."""
    found = {
        key: _visible(section.live)
        for i, whole in enumerate(document.sections, 1)
        for key, section in _keyed(whole, f"s{i}")
        if section.live is not None
    }
    text = json.dumps(found, separators=(",", ":"), allow_nan=False)
    return re.sub("[<>&]", lambda sign: f"\\u{ord(sign[0]):04x}", text) if found else ""


def _keyed(section: Section, key: str) -> Iterator[tuple[str, Section]]:
    yield key, section
    for i, inner in enumerate(section.inner, 1):
        yield from _keyed(inner, f"{key}-{i}")


def _visible(value: Any) -> Any:
    if isinstance(value, str):
        return visible(value)
    if isinstance(value, Mapping):
        return {visible(key): _visible(of) for key, of in value.items()}
    return [_visible(of) for of in value] if isinstance(value, list | tuple) else value


def _part(section: Section, key: str, level: int = 2) -> _Part:
    from markupsafe import escape

    tables = [(table, table is view.folded) for view in section.views for table in view.tables]
    return _Part(
        id=key,
        level=min(level, 6),
        title=section.title,
        model=section.model,
        sentences=tuple(_words(sentence) for sentence in section.sentences),
        pictures=tuple(_pictures(section.drawings, f"{key}-f")),
        grids=tuple(_grid(t, f"{key}-t{i}", folded=f) for i, (t, f) in enumerate(tables, 1)),
        commands=tuple(escape(visible(command, keep="\n")) for command in section.commands),
        inner=tuple(_part(s, f"{key}-{i}", level + 1) for i, s in enumerate(section.inner, 1)),
    )


def _words(sentence: str) -> tuple[tuple[str, bool], ...]:
    parts = sentence.parts if isinstance(sentence, Sentence) else (sentence,)
    return tuple((part, isinstance(part, Name)) for part in parts)


def _pictures(drawings: tuple[Drawing, ...], key: str) -> Iterator[_Picture]:
    from markupsafe import Markup

    from lightbench.figures.save import svg_text

    for i, drawing in enumerate(drawings, 1):
        if figure := drawing.figure():
            svg = svg_text(figure, f"{key}{i}-")
            made = Markup(svg)  # noqa: S704 - by an XML library
            yield _Picture(f"{key}{i}", drawing.caption, made, drawing.drawn_again)


def _grid(table: Table, key: str, *, folded: bool) -> _Grid:
    shown = table.for_people()
    bars = [_largest(shown, i) if c.key in BARS else 0 for i, c in enumerate(shown.columns)]
    models = [table.named(row).get("model") for row in table.rows]
    rows = tuple(
        _Row(
            model=model if isinstance(model, str) else None,
            level=table.level(whole) if any(c.key == "level" for c in table.columns) else "",
            cells=tuple(_cells(shown.columns, row, bars)),
        )
        for model, whole, row in zip(models, table.rows, shown.rows, strict=True)
    )
    several = len(set(models)) > 1
    return _Grid(
        id=key,
        title=shown.title,
        columns=tuple(_head(c, [r.cells[i] for r in rows]) for i, c in enumerate(shown.columns)),
        rows=rows,
        notes=(*shown.sentences, *replace(shown, brief=False).legend()),
        folded=folded,
        filtered=len(rows) >= MANY[0 if several else 1],
    )


def _head(column: Column, cells: list[_Cell]) -> _Head:
    values = [(float(cell.value), cell.text) for cell in cells if cell.value is not None]
    scale = repr(scale_of(values)) if values else None
    return _Head(column.key, column.heading, column.align, scale)


def _largest(table: Table, i: int) -> float:
    """The end of the scale of a column's bars, 0 if it is to have none."""
    values = [row[i] for row in table.rows if row[i] is not None]
    return max(values) if len(values) > 1 and min(values) >= 0 else 0


def _cells(columns: tuple[Column, ...], row: tuple[Any, ...], bars: list[float]) -> Iterator[_Cell]:
    for column, value, largest in zip(columns, row, bars, strict=True):
        number = _number(value) if column.align == "right" else None
        yield _Cell(
            text=column.cell(value) or DASH if number is not None else column.cell(value),
            value=repr(number) if number is not None else None,
            bar=f"{number / largest:.0%}" if number is not None and largest else None,
        )


def _number(value: Any) -> int | float | None:
    """What a value is sorted by, if it is a number: of one with bounds, the middle."""
    if isinstance(value, Interval):
        return value.median
    if isinstance(value, Ratio):
        return value.ratio
    return value if isinstance(value, (int, float)) else None
