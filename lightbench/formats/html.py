"""A table as a piece of HTML, for notebooks."""

from __future__ import annotations

from html import escape

from lightbench.units import visible
from lightbench.views.table import Table, View

SUFFIXES = (".html", ".htm")


def render(view: View, *, width: int | None = None, colour: bool = False) -> str:  # noqa: ARG001
    """A ``div`` for each table with its notes, in ASCII, with no script, link or style sheet. What is
    folded is opened by a click on its title."""
    return "".join(
        _folded(table) if table is view.folded else _table(table) for table in view.tables
    )


def _folded(table: Table) -> str:
    title = _text(table.title)
    return f"<details>\n<summary>{title}</summary>\n{_table(table)}</details>\n"


def _table(table: Table) -> str:
    table = table.for_people()
    aligns = [f' style="text-align: {column.align}"' for column in table.columns]
    heads = [f"<th{a}>{_text(c.heading)}</th>" for a, c in zip(aligns, table.columns, strict=True)]
    said = ". ".join(filter(None, (table.title, table.subtitle)))
    lines = ["<div>", "<table>", f"<caption>{_text(said)}</caption>"]
    lines.append(f"<thead><tr>{''.join(heads)}</tr></thead>")
    lines.append("<tbody>")
    for row in table.rows:
        texts = [_text(c.cell(value)) for c, value in zip(table.columns, row, strict=True)]
        cells = [f"<td{a}>{text}</td>" for a, text in zip(aligns, texts, strict=True)]
        lines.append(f"<tr>{''.join(cells)}</tr>")
    lines += ["</tbody>", "</table>", *(f"<p>{_text(said)}</p>" for said in table.sentences)]
    lines += [f"<p><small>{_text(note)}</small></p>" for note in table.legend()]
    lines.append("</div>")
    return "\n".join(lines) + "\n"


def _text(text: str) -> str:
    """Text that is only text, whatever the page's encoding."""
    return escape(visible(text)).encode("ascii", "xmlcharrefreplace").decode()
