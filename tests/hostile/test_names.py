"""Whoever names a model can write nothing into the reader's terminal, page, sheet or pull request."""

from __future__ import annotations

import csv
import io
import json
import re
from html.parser import HTMLParser

import latex_reader
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from rich.cells import cell_len

from lightbench import registry
from lightbench.studies.guidelines.table import guidelines_view
from lightbench.studies.profile.table import profile_view
from lightbench.studies.sweep.table import sweep_view
from lightbench.units import visible
from lightbench.views.chosen import Chosen, choose
from lightbench.views.table import Column, Table, View

FORMATS = registry.names("format")

ATTACKS = [
    "<script>alert(1)</script>",
    "</td></tr></table><img src=x onerror=alert(1)>",
    "&lt;b&gt;",
    "a|b",
    r"a\|b",
    r"a\\|b",
    "`a|b`",
    "`",
    "``` code",
    " `spaced` ",
    " ",
    "",
    "=1+1",
    " =1+1",
    "'=1+1",
    "+1",
    "-1",
    "@SUM(A1)",
    "\t=1",
    "\r=1",
    "\n=1",
    "\uff1d1+1",
    "a\r\nb",
    "a\rb",
    "a\n\n# heading",
    '"quoted",comma;',
    "[/red]",
    "net[red]50",
    "[link=https://example.com]x[/link]",
    "[x](https://example.com)",
    "![x](https://example.com/x.png)",
    "https://example.com",
    "www.example.com",
    "@user",
    "#123",
    "*a* _b_ ~c~ :smile:",
    r"$\foo$",
    r"\input{/etc/passwd}",
    r"\\[5cm]",
    "^^5cinput",
    "a--b''c",
    "\x1b[31mred\x1b[0m",
    "\x1b]8;;https://example.com\x07x\x1b]8;;\x07",
    "\x9b31m",
    "\x00\x07\x08\x7f",
    "net\u202egpj.exe",
    "\u200f\u2066\u2069",
    "zero\u200bwidth\ufeff",
    "x" * 300,
    "\u7f51\u7edc" * 60,
    "e" + "\u0301" * 50,
    "\U000e0041\U0001f600",
    "CON",
    "{{ 7 * 7 }} {% x %} %s {0}",
]
# Every way to be ugly that the list knows, in any order, besides plain random text.
NAMES = st.text() | st.lists(st.sampled_from([*ATTACKS, *r"|\`<>&[]()@=+-#$*_~!"])).map("".join)


def render(name, view, **settings):
    return registry.load("format", name).render(view, **settings)


def people(view):
    """How many rows and columns a reader sees."""
    table = view.table.for_people()
    return len(table.rows), len(table.columns)


def inert(text, *, keep="\n"):
    assert all(c in keep or c == " " or c.isprintable() for c in text)


def check_table(view, model):
    text = render("table", view, width=120)
    inert(text)
    lines = text.split("\n")
    assert max(map(cell_len, lines)) <= 120
    rule = next(i for i, line in enumerate(lines) if re.fullmatch(r"-+(  -+)*", line))
    assert lines[rule + 3] == ""  # two rows, then the notes
    name = visible(model)
    if cell_len(name) <= 20:
        assert lines[rule + 1].startswith(name.rstrip())


def check_markdown(view, model):
    text = render("markdown", view)
    inert(text)
    tokens = MarkdownIt("gfm-like", {"linkify": False}).parse(text)
    rows, columns = people(view)
    assert [t.type for t in tokens].count("tr_open") == rows + 1
    assert [t.type for t in tokens].count("td_open") == rows * columns
    inline = [child for token in tokens for child in token.children or ()]
    assert {t.type for t in inline} <= {"text", "code_inline", "strong_open", "strong_close"}
    assert not any(
        re.search(r"[@#]|<(?!0\.001$)|://|www\.", t.content) for t in inline if t.type == "text"
    )
    (cell, *_) = [tokens[i + 1] for i, token in enumerate(tokens) if token.type == "td_open"]
    if not model:
        assert not cell.children
        return
    (code,) = cell.children
    shown = re.sub(r"(\\+)(?=\|)", lambda run: run[0][: len(run[0]) // 2], code.content)
    assert (shown.strip() or " ") == (visible(model).strip() or " ")


TAGS = {
    "div",
    "table",
    "caption",
    "thead",
    "tbody",
    "tr",
    "th",
    "td",
    "p",
    "small",
}  # of a table in HTML


def check_html(view, model):
    text = render("html", view)
    inert(text)
    assert text.isascii()
    tags, texts = [], []
    parser = HTMLParser()
    parser.handle_starttag = lambda tag, attrs: tags.append(tag)
    parser.handle_data = texts.append
    parser.feed(text)
    rows, columns = people(view)
    assert tags.count("td") == rows * columns
    assert set(tags) == {
        "div",
        "table",
        "caption",
        "thead",
        "tbody",
        "tr",
        "th",
        "td",
        "p",
        "small",
    }
    assert visible(model) in texts or not model


def check_csv(view, model):
    text = render("csv", view)
    inert(text, keep="\n\t")
    first, second = csv.DictReader(io.StringIO(text, newline=""))
    for cell in (*first.values(), *second.values()):
        assert not re.match("[ ]*[=+\\-@\t\r\n\uff1d\uff0b\uff0d\uff20]", cell) or float(cell)
    guarded = re.match("'[' ]*[=+\\-@\t\r\n\uff1d\uff0b\uff0d\uff20]", first["model"])
    assert first["model"][1 if guarded else 0 :] == visible(model, keep="\t")


def check_json(view, model):
    text = render("json", view)
    inert(text)
    assert json.loads(text)[0]["case"]["model"] == model


def check_jsonl(view, model):
    text = render("jsonl", view)
    inert(text)
    first, second, end = text.split("\n")
    assert json.loads(first)["case"]["model"] == model
    assert json.loads(second)["case"]["model"] == "plain"
    assert end == ""


def set_in_latex(table):
    """The columns that a paper has where all are asked for: marks are left to notes."""
    return [column for column in table.for_people().columns if column.key != "status"]


def check_latex(view, model):
    inert(render("latex", view))
    text = render("latex", choose(view, Chosen(everything=True)))
    inert(text)
    (table,) = latex_reader.read(text)
    assert [len(row) for row in table.rows] == [len(set_in_latex(view.table))] * len(
        view.table.rows
    )
    if model.isascii():
        assert visible(table.rows[0][0]) == visible(model)  # TeX writes "##" as two commands
    assert table.rows[1][0] == "plain"


CHECKS = {
    "latex": check_latex,
    "table": check_table,
    "markdown": check_markdown,
    "html": check_html,
    "csv": check_csv,
    "json": check_json,
    "jsonl": check_jsonl,
}


def check_any(name, view, model):
    """A format that has no check of its own yet must at least be quiet on a terminal."""
    check = CHECKS.get(name)
    return check(view, model) if check else inert(render(name, view))


def view_of(make_record, text):
    """The text wherever a record can hold one that reaches a reader."""
    hostile = make_record(text, failure=f"cannot build {text}", warnings=(text,), engine=text)
    return profile_view([hostile, make_record("plain", engine=text)])


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("text", ATTACKS, ids=ascii)
def test_known_attacks_are_only_text(name, text, make_record):
    check_any(name, view_of(make_record, text), text)


@pytest.mark.parametrize("name", FORMATS)
@settings(max_examples=150, deadline=None)
@given(text=NAMES)
def test_any_name_is_only_text(name, make_record, text):
    check_any(name, view_of(make_record, text), text)


# Titles, headings and notes, in every place that a view has.


def tags_of(html):
    tags = []
    parser = HTMLParser()
    parser.handle_starttag = lambda tag, attrs: tags.append(tag)
    parser.feed(html)
    parser.close()
    return tags


@pytest.mark.parametrize("name", FORMATS)
@settings(max_examples=60, deadline=None)
@given(title=NAMES, note=NAMES, value=NAMES)
def test_any_title_or_note_above_or_folded_is_only_text(name, title, note, value):
    columns = (Column("model", "model", align="left"), Column("n", "n"))
    table = Table(title, columns, ((value, 1), ("plain", 2)), (note,))
    folded = Table(title, columns, table.rows, (note,))
    text = render(name, View(table, [{"model": value}], above=(table,), folded=folded))
    inert(text, keep="\n\t" if name == "csv" else "\n")
    if name == "html":
        tags = tags_of(text)
        assert (tags.count("details"), tags.count("tr"), tags.count("td")) == (1, 6, 8)
        assert not {*tags} & {"script", "img", "a", "style", "b"}
    elif name == "markdown":
        tokens = MarkdownIt("gfm-like", {"linkify": False}).parse(text)
        blocks = [token.content for token in tokens if token.type == "html_block"]
        assert {tag for block in blocks for tag in tags_of(block)} <= {"details", "summary", "code"}
        assert [token.type for token in tokens].count("td_open") == 8
    elif name == "latex":
        assert [len(one.rows) for one in latex_reader.read(text)] == [2, 2]


# Records of a sweep, whose labels come from a file as well.


def hostile_sweep(sweep_records, text):
    """The text wherever a record of a sweep can hold one; the rows that a finding needs keep theirs."""
    one, two = text, f"{text}2"  # a label has to be unlike the others
    fine = {"c1": 8, "c2": 8, "blocks": 1}
    return sweep_records(
        {"1:1": 0.010, one: 0.011, two: 0.012, "1:9": 0.015},
        channels=f"aligned {text}",
        run=text,
        settings={"1:1": fine, "1:9": fine, one: {**fine, "c": text}, two: {**fine, text: text}},
        notes={one: text, two: f"a {text}"},
        launch={one: 0.001},
        engine=text,
        device=text,
    )


def quiet_in_markdown(view):
    text = render("markdown", view)
    inert(text)
    tokens = MarkdownIt("gfm-like", {"linkify": False}).parse(text)
    tables = [table.for_people() for table in view.tables]
    types = [token.type for token in tokens]
    assert types.count("table_open") == len(tables)
    assert types.count("td_open") == sum(len(t.rows) * len(t.columns) for t in tables)
    inline = [child for token in tokens for child in token.children or ()]
    assert {t.type for t in inline} <= {"text", "code_inline", "strong_open", "strong_close"}
    assert not any(
        re.search(r"[@#]|<(?!0\.001$)|://|www\.", t.content) for t in inline if t.type == "text"
    )


def quiet_in_html(view):
    text = render("html", view)
    assert text.isascii()
    inert(text)
    tags = tags_of(text)
    tables = [table.for_people() for table in view.tables]
    assert tags.count("td") == sum(len(t.rows) * len(t.columns) for t in tables)
    assert set(tags) == {
        "div",
        "table",
        "caption",
        "thead",
        "tbody",
        "tr",
        "th",
        "td",
        "p",
        "small",
    }


def quiet_in_csv(view):
    text = render("csv", view)
    inert(text, keep="\n\t")
    rows = [*csv.DictReader(io.StringIO(text, newline=""))]
    assert len(rows) == 4
    for cell in (cell for row in rows for cell in row.values()):
        assert not re.match("[ ]*[=+\\-@\t\r\n\uff1d\uff0b\uff0d\uff20]", cell) or float(cell)


def quiet_in_latex(view):
    text = render("latex", choose(view, Chosen(everything=True)))
    inert(text)
    found = latex_reader.read(text)
    assert [len(table.rows) for table in found] == [len(table.rows) for table in view.tables]
    assert [len(table.head) for table in found] == [len(set_in_latex(t)) for t in view.tables]


def quiet_in_a_terminal(view):
    for width in (80, 120):
        text = render("table", view, width=width)
        inert(text)
        assert max(map(cell_len, text.split("\n"))) <= width


QUIET = {
    "markdown": quiet_in_markdown,
    "html": quiet_in_html,
    "csv": quiet_in_csv,
    "latex": quiet_in_latex,
    "table": quiet_in_a_terminal,
}
VIEWS = {"guidelines": guidelines_view, "sweep": sweep_view}


@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize("name", FORMATS)
def test_labels_of_a_sweep_are_only_text(name, view, sweep_records):
    for text in ATTACKS:
        seen = VIEWS[view](hostile_sweep(sweep_records, text))
        assert len(seen.table.rows) == 4
        QUIET.get(name, lambda view: inert(render(name, view)))(seen)


@pytest.mark.parametrize("settings", [{}, {"c1": "x", "c2": 8, "blocks": 1}, {"c1": 0, "c2": 8, "blocks": 1}])  # fmt: skip
def test_settings_that_no_point_of_ours_has_make_a_dash(settings, sweep_records):
    both = {"1:1": {"c1": 8, "c2": 8, "blocks": 1}, "1:9": settings}
    records = sweep_records({"1:1": 0.010, "1:9": 0.015}, settings=both)
    assert "1:9" in render("table", guidelines_view(records))


@pytest.mark.parametrize("text", ["[/red]", "net[red]50", r"a\b", ":smile:"])
@pytest.mark.parametrize("colour", [False, True])
def test_the_terminal_shows_markup_as_it_is_written(text, colour, make_record):
    assert f"\n{text} " in render("table", profile_view([make_record(text)]), colour=colour)


def test_no_check_is_left_over_from_a_format_that_is_gone():
    assert set(CHECKS) <= set(FORMATS)
