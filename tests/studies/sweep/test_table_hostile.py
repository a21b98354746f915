"""A sweep whose labels say anything that a file of records may hold."""

from __future__ import annotations

import csv
import io
import json
import re
from html.parser import HTMLParser

import msgspec
import pytest
from markdown_it import MarkdownIt

from lightbench import registry
from lightbench.studies.sweep.table import sweep_view
from lightbench.units import visible

UGLY = [
    "<script>alert(1)</script>",
    "a|b",
    r"a\|b",
    "`a|b`",
    "[x](https://example.com)",
    "![x](https://example.com/x.png)",
    "https://example.com",
    "@user #1 **b**",
    "=1+1",
    "@SUM(A1)",
    "\x1b[31mred",
    "a\nb\r\n::error::x",
    "net\u202ecod",
    "%0A::error::x",
    "x" * 300,
    "",
    " ",
]


def render(name, view, **options):
    return registry.load("format", name).render(view, **options)


def hostile(sweep_records, text):
    point = f"p{text}"
    records = sweep_records(
        {"ref": 1.0, point: 2.0},
        experiment=f"e{text}",
        channels=text,
        run=f"r{text}",
        settings={point: {"c": text or "c", "c1": 8}},
        notes={point: text},
        engine=text,
    )
    return sweep_view(records), point


def inert(text):
    assert all(c == "\n" or c.isprintable() for c in text)


@pytest.mark.parametrize("text", UGLY, ids=ascii)
@pytest.mark.parametrize("width", [40, 80, 400])
def test_in_a_table_a_hostile_label_is_text_on_its_row(text, width, sweep_records):
    view, _ = hostile(sweep_records, text)
    shown = render("table", view, width=width)
    inert(shown)
    lines = shown.split("\n")
    rule = next(i for i, line in enumerate(lines) if re.fullmatch(r"-+(  -+)*", line))
    assert lines[rule + 1].startswith("ref")
    assert lines[rule + 2].startswith("p")
    assert lines[rule + 3] == ""  # two rows, then the notes


@pytest.mark.parametrize("text", UGLY, ids=ascii)
def test_in_markdown_hostile_labels_are_text_in_their_cell(text, sweep_records):
    view, point = hostile(sweep_records, text)
    shown = render("markdown", view)
    inert(shown)
    table = view.table.for_people()
    tokens = MarkdownIt("gfm-like", {"linkify": False}).parse(shown)
    assert [t.type for t in tokens].count("tr_open") == 3
    assert [t.type for t in tokens].count("td_open") == 2 * len(table.columns)
    inline = [child for token in tokens for child in token.children or ()]
    assert {t.type for t in inline} <= {"text", "code_inline", "strong_open", "strong_close"}
    plain = [t.content for t in inline if t.type == "text"]
    assert not any(re.search(r"[@#<]|://|www\.", content) for content in plain)
    written = {re.sub(r"(\\+)(?=\|)", lambda run: run[0][: len(run[0]) // 2], t.content).strip()
               for t in inline}  # fmt: skip
    assert visible(point).strip() in written


@pytest.mark.parametrize("text", UGLY, ids=ascii)
def test_in_html_a_hostile_label_is_text_in_its_cell(text, sweep_records):
    view, point = hostile(sweep_records, text)
    shown = render("html", view)
    tags, texts = [], []
    parser = HTMLParser()
    parser.handle_starttag = lambda tag, attrs: tags.append(tag)
    parser.handle_data = texts.append
    parser.feed(shown)
    assert shown.isascii()
    table = {"table", "caption", "thead", "tbody", "tr", "th", "td"}
    assert set(tags) == {"div", *table, "p", "small"}
    assert tags.count("td") == 2 * len(view.table.for_people().columns)
    assert visible(point) in texts


@pytest.mark.parametrize("text", UGLY, ids=ascii)
def test_in_csv_a_hostile_label_is_no_formula(text, sweep_records):
    """Point labels here begin with the text itself."""
    records = sweep_records({"ref": 1.0, text or "x": 2.0}, experiment=text)
    rows = list(csv.DictReader(io.StringIO(render("csv", sweep_view(records)), newline="")))
    assert len(rows) == 2
    for cell in (*rows[0].values(), *rows[1].values()):
        assert not re.match("[ ]*[=+\\-@\t\r\n]", cell) or float(cell)
    assert rows[1]["point"].lstrip("'") == visible(text or "x", keep="\t")


@pytest.mark.parametrize("text", UGLY, ids=ascii)
def test_in_github_annotations_a_hostile_label_starts_no_command(text, sweep_records):
    view, _ = hostile(sweep_records, text)
    lines = render("github", view).split("\n")
    assert lines.pop() == ""
    assert len(lines) == 2
    for line in lines:
        inert(line)
        assert line.startswith("::notice title=Sweep e")
        properties, message = line[2:].split("::", 1)
        assert re.fullmatch(r"notice title=[^,:\n\r]*", properties)
        assert not re.search("%(?!25)", message)


@pytest.mark.parametrize("text", UGLY, ids=ascii)
def test_json_has_the_label_as_it_is(text, sweep_records):
    view, point = hostile(sweep_records, text)
    document = render("json", view)
    inert(document)
    (sweep,) = json.loads(document)["sweeps"]
    assert sweep["points"][1]["point"] == point
    assert sweep["sweep"] == f"e{text}"
    lines = render("jsonl", view).splitlines()
    assert [json.loads(line)["sweeps"][0]["points"][1]["point"] for line in lines] == [point]


def test_hostile_records_are_what_the_store_gives_back(sweep_records, tmp_path):
    """Every label of this file survives a store, so a file can hold it."""
    from lightbench.records import store

    for text in UGLY:
        records = sweep_records({"ref": 1.0, f"p{text}": 2.0}, run=text)
        file = tmp_path / "s.jsonl"
        file.unlink(missing_ok=True)
        store.append(file, records)
        assert store.read(file) == records
        assert msgspec.to_builtins(store.read(file)[1].sweep)["point"] == f"p{text}"
