"""What holds for every format found in the folder, and what each promises beyond that."""

from __future__ import annotations

import csv
import io
import json
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import msgspec
import pytest
from markdown_it import MarkdownIt
from rendering import render

from lightbench import registry, units
from lightbench.errors import UsageError
from lightbench.formats import format_of
from lightbench.formats.markdown import prose
from lightbench.records import store
from lightbench.studies.guidelines.table import guidelines_view
from lightbench.studies.profile.table import profile_view
from lightbench.views.table import Column, Table, View

FORMATS = registry.names("format")


# Every format.


@pytest.mark.parametrize("name", FORMATS)
def test_the_profile_looks_like_this(name, profile, snapshot):
    assert render(name, profile_view(profile)) == snapshot


@pytest.mark.parametrize("name", FORMATS)
def test_troubled_cases_look_like_this(name, troubled, snapshot):
    assert render(name, profile_view(troubled)) == snapshot


@pytest.mark.parametrize(
    "name", ["table", "markdown", "html", "latex"]
)  # in others every digit is shown
def test_guidelines_look_like_this(name, guidelines, snapshot):
    assert render(name, guidelines_view(guidelines)) == snapshot


@pytest.mark.parametrize("name", FORMATS)
def test_several_tables_are_as_quiet_as_one(name, guidelines):
    text = render(name, guidelines_view(guidelines))
    assert text.endswith("\n")
    assert not text.endswith("\n\n")
    assert "\x1b" not in text


@pytest.mark.parametrize("name", ["table", "markdown", "html", "latex"])
def test_people_are_shown_every_table_in_its_order(name):
    tables = [Table(f"Title {i}", (Column("a", "a"),), ((i,),), (f"note {i}",)) for i in range(3)]
    text = render(name, View(tables[2], [], above=(tables[0], tables[1])))
    words = ("Title",) if name == "latex" else ("Title", "note")
    places = [text.index(f"{what} {i}") for i in range(3) for what in words]
    assert places == sorted(places)


def test_a_paper_has_no_notes():
    table = Table("T", (Column("a", "a", about="said"),), ((1,),), ("a note",), ("a reason",))
    text = render("latex", View(table, []))
    assert not [word for word in ("said", "note", "reason") if word in text]


@pytest.mark.parametrize("name", ["csv", "json", "jsonl"])
def test_programs_are_given_one_table_or_the_data_whatever_stands_above(name):
    table = Table("Title", (Column("a", "a"),), ((1,),))
    other = Table("Other", (Column("b", "b"),), ((2,),))
    assert render(name, View(table, [{"a": 1}], above=(other,))) == render(
        name, View(table, [{"a": 1}])
    )


@pytest.mark.parametrize("name", FORMATS)
def test_text_ends_in_one_newline_and_has_no_escape_sequence(name, profile, monkeypatch):
    monkeypatch.setenv("FORCE_COLOR", "1")
    text = render(name, profile_view(profile))
    assert text.endswith("\n")
    assert not text.endswith("\n\n")
    assert "\x1b" not in text


@pytest.mark.parametrize("name", FORMATS)
def test_every_model_and_latency_is_shown(name, profile):
    text = render(name, profile_view(profile))
    for record in profile:
        median = record.latency.median_s
        name_in_text = record.case.model.replace("_", r"\_" if name == "latex" else "_")
        assert name_in_text in text
        assert units.milliseconds(median) in text or repr(median) in text


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("count", [0, 1])
def test_no_case_and_one_case_can_be_rendered(name, count, profile):
    assert render(name, profile_view(profile[:count])) is not None


@pytest.mark.parametrize("name", FORMATS)
def test_the_file_name_chooses_the_format(name):
    suffixes = registry.literal("format", name, "SUFFIXES")
    assert suffixes
    for suffix in suffixes:
        assert format_of(f"a.b/report{suffix}") == name
        assert format_of(Path(f"REPORT{suffix.upper()}")) == name


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("time of one call, 95 %", "time of one call, 95 %"),
        ("over mobilenet_v2 and a|b now", "over `mobilenet_v2` and `a|b` now"),
        ("see www.x.org <b> now", "see `www.x.org <b>` now"),
        ("- a list", "`-` a list"),
        ("over (a_b; c_d), now", "over (`a_b; c_d`), now"),
        ("try `lightbench lint --top` now", "try `lightbench lint --top` now"),
        ("a ` of <b>", "a `` ` `` of `<b>`"),
        ("a\ttab", "`a\\ttab`"),
        ("a\nline", "`a\\nline`"),
    ],
)
def test_prose_quotes_the_words_in_which_markdown_may_see_something(text, shown):
    assert prose(text) == shown


@pytest.mark.parametrize("path", ["report", "report.docx", ".md", ""])
def test_an_unknown_file_name_lists_the_known_ones(path):
    with pytest.raises(UsageError, match=r"\.csv \(csv\)"):
        format_of(path)


def test_exporting_imports_neither_torch_nor_pandas_nor_matplotlib():
    code = (
        "import sys; from lightbench import registry; from lightbench.records import store; import lightbench.formats\n"
        "for name in registry.names('format'): registry.load('format', name)\n"
        "sys.exit(' '.join({'torch', 'pandas', 'matplotlib'} & set(sys.modules)) or 0)"
    )
    root = Path(__file__).parents[2]
    done = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


# Markdown, HTML.


def test_markdown_is_a_table_with_numbers_on_the_right(profile):
    tokens = MarkdownIt("gfm-like", {"linkify": False}).parse(
        render("markdown", profile_view(profile))
    )
    types = [token.type for token in tokens]
    assert types.count("tr_open") == 1 + len(profile)
    styles = [token.attrGet("style") for token in tokens if token.type == "td_open"]
    columns = len(styles) // len(profile)
    assert styles[:columns] == ["text-align:left"] + ["text-align:right"] * (columns - 1)


def test_html_has_only_a_table_and_its_notes(profile):
    tags = set()
    parser = HTMLParser()
    parser.handle_starttag = lambda tag, attrs: tags.add(tag)
    parser.feed(render("html", profile_view(profile)))
    assert tags == {"div", "table", "caption", "thead", "tbody", "tr", "th", "td", "p", "small"}


# Programs read back what was measured.


def test_csv_holds_the_raw_values_under_their_units(profile):
    rows = list(csv.DictReader(io.StringIO(render("csv", profile_view(profile)))))
    assert len(rows) == len(profile)
    for row, record in zip(rows, profile, strict=True):
        assert row["model"] == record.case.model
        assert int(row["batch"]) == record.case.batch
        assert row["device"] == "cpu"
        assert float(row["latency_s"]) == record.latency.median_s
        assert float(row["throughput_img_s"]) == record.throughput
        assert int(row["mem_bytes"]) == record.costs.mem_bytes
        assert int(row["madds"]) == record.costs.madds
        assert row["peak_memory_bytes"] == ""
        assert row["id"] == record.id


def test_negative_numbers_are_no_formulas():
    table = Table("", (Column("ratio", "ratio"),), ((-1.5,), (-3,), (None,)))
    assert render("csv", View(table, [])) == '"ratio"\n-1.5\n-3\n""\n'


def test_json_is_one_document_with_everything(profile):
    data = json.loads(render("json", profile_view(profile)))
    assert [item.pop("id") for item in data] == [record.id for record in profile]
    assert msgspec.convert(data, list[type(profile[0])]) == profile


def test_json_lines_are_the_lines_of_the_store(profile, tmp_path):
    path = tmp_path / "run.jsonl"
    store.append(path, profile)
    assert render("jsonl", profile_view(profile)) == path.read_text()
    assert store.verify(path) == []


@pytest.mark.parametrize("name", ["json", "jsonl"])
def test_what_is_not_finite_is_null(name):
    data = [{"a": float("nan"), "b": float("inf"), "c": None}]
    read = json.loads(render(name, View(Table("", (), ()), data)))
    assert read in (data_null := [{"a": None, "b": None, "c": None}], data_null[0])
