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
from rich.cells import cell_len

from lightbench import registry, units
from lightbench.errors import UsageError
from lightbench.formats import format_of
from lightbench.formats.markdown import prose
from lightbench.records import store
from lightbench.studies.guidelines.table import guidelines_view
from lightbench.studies.profile.table import profile_view
from lightbench.views.table import Column, Table, View

FORMATS = registry.names("format")


def render(name, view, **settings):
    return registry.load("format", name).render(view, **settings)


@pytest.fixture(scope="session")
def troubled(make_record):
    """One good case, one that did not converge on a busy machine, one that failed."""
    return [
        make_record("good"),
        make_record("busy", stop="max_seconds", warnings=("contended: 20 % of the time.",)),
        make_record("huge", failure="out of memory.", costs=False),
    ]


@pytest.fixture(scope="session")
def guidelines(sweep_records):
    """G1 on the paper's channels at two widths, and G4 with a note and a launch probe; one row of each
    is doubtful. Times that a reader can divide."""
    g1 = {
        "experiment": "g1_channel_ratio",
        "channels": "paper-gpu",
        "settings": {"1:1": {"c1": 128, "c2": 128, "blocks": 10}, "1:2": {"c1": 90, "c2": 180, "blocks": 10},
                     "1:12": {"c1": 36, "c2": 432, "blocks": 10}},
        "madds": {"1:1": 1_000_000, "1:2": 990_000, "1:12": 950_000},
    }  # fmt: skip
    times = {"1:1": [0.010] * 12, "1:2": [0.011] * 12, "1:12": [0.020] * 12}
    return [
        *sweep_records(times, run="a", **g1),
        *sweep_records({**times, "1:12": [0.030, 0.010, 0.020] * 4}, run="b", width=2, **g1),
        *sweep_records(
            {"neither": [0.010] * 12, "both": [0.009, 0.012, 0.018, 0.011] * 3},
            experiment="g4_elementwise",
            run="c",
            mem_bytes={"both": 7000},
            launch={"neither": 0.006},
            notes={"both": "geometry: inferred"},
        ),
    ]


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
    places = [text.index(f"{what} {i}") for i in range(3) for what in ("Title", "note")]
    assert places == sorted(places)


@pytest.mark.parametrize("name", ["csv", "json", "jsonl"])
def test_programs_are_given_one_table_or_the_data_whatever_stands_above(name):
    table = Table("Title", (Column("a", "a"),), ((1,),))
    other = Table("Other", (Column("b", "b"),), ((2,),))
    assert render(name, View(table, [{"a": 1}], above=(other,))) == render(
        name, View(table, [{"a": 1}])
    )


# A view of which a part is folded away.


def folding(title="Same", note="note"):
    """A check of three networks: one has changed, the others are folded; programs get all three."""
    columns = (Column("model", "model", align="left"), Column("n", "n"))
    changed, *rest = rows = (("slow", 1), ("one", 2), ("two", 3))
    return View(
        Table("All", columns, rows, ("for programs",)),
        [{"model": model} for model, _ in rows],
        above=(Table("Changed", columns, (changed,)),),
        folded=Table(title, columns, tuple(rest), (note,)),
    )


@pytest.mark.parametrize("name", ["table", "markdown", "html", "latex"])
def test_a_view_with_a_part_folded_looks_like_this(name, snapshot):
    assert render(name, folding()) == snapshot


@pytest.mark.parametrize("name", ["table", "markdown", "html", "latex"])
def test_people_are_shown_what_is_folded_in_the_place_of_the_table_for_programs(name):
    text = render(name, folding())
    assert text.index("Changed") < text.index("slow") < text.index("Same") < text.index("two")
    assert "All" not in text
    assert "for programs" not in text
    assert text.count("slow") == text.count("two") == 1


@pytest.mark.parametrize("name", ["csv", "json", "jsonl", "github", "junit"])
def test_programs_are_given_all_rows_whatever_is_folded(name):
    view = folding()
    assert render(name, view) == render(name, View(view.table, view.data))


def test_markdown_folds_with_html_and_what_is_inside_is_markdown_still():
    tokens = MarkdownIt("gfm-like", {"linkify": False}).parse(render("markdown", folding()))
    types = [token.type for token in tokens if token.level == 0]
    opened, closed = [i for i, kind in enumerate(types) if kind == "html_block"]
    assert types.index("table_open") < opened
    assert types[opened:closed].count("table_open") == 1
    assert types[opened:closed].count("bullet_list_open") == 1
    assert closed == len(types) - 1
    first, last = [token.content for token in tokens if token.type == "html_block"]
    assert (first, last) == ("<details><summary>Same</summary>\n", "</details>\n")


@pytest.mark.parametrize("text", ["</summary><script>x</script>", "@user #1", "a\n\n# b", "\ud800", "`a`",
                                  "https://example.com", "", "<!--", "\x1b[31m", "&lt;"], ids=ascii)  # fmt: skip
def test_the_title_of_what_is_folded_is_only_text(text):
    view = folding(title=text, note=f"</details>{text}")
    shown = render("markdown", view)
    tokens = MarkdownIt("gfm-like", {"linkify": False}).parse(shown)
    first, last = [token.content for token in tokens if token.type == "html_block"]
    assert last == "</details>\n"
    for html, allowed in ((first, ["details", "summary", "code"]), (render("html", view), None)):
        tags, texts = [], []
        parser = HTMLParser()
        parser.handle_starttag = lambda tag, attrs, tags=tags: tags.append(tag)
        parser.handle_data = texts.append
        parser.feed(html)
        parser.close()
        assert tags.count("details") == tags.count("summary") == 1
        assert units.visible(text) in "".join(texts)
        assert allowed is None or tags == allowed
        assert "script" not in tags


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


# The table that is rendered.


def test_what_all_cases_share_is_in_the_title_and_what_differs_is_a_column(make_record):
    view = profile_view([make_record(dtype="float32"), make_record(dtype="bfloat16")])
    headings = [column.heading for column in view.table.for_people().columns]
    assert "dtype" in headings
    assert "batch" not in headings
    assert view.table.title == (
        "Profile: input 3x224x224, batch 1, cpu, eager, infer, contiguous, threads 2"
    )


def test_the_memory_access_footnote_says_what_it_is_and_is_not(profile):
    (note,) = [n for n in profile_view(profile).table.notes if n.startswith("MAC:")]
    assert "memory access cost" in note
    assert "ShuffleNet V2" in note
    assert "not multiply-adds" in note


def test_doubtful_rows_carry_a_sign_that_a_note_explains(troubled):
    table = profile_view(troubled).table
    (column,) = [i for i, column in enumerate(table.columns) if column.key == "status"]
    signs = [table.columns[column].cell(row[column]) for row in table.rows]
    assert signs == ["", "?!", "x"]
    for sign in "?!x":
        assert sum(note.startswith(f"{sign} ") for note in table.notes) == 1


def test_no_sign_no_column(profile):
    assert "status" not in [c.key for c in profile_view(profile).table.for_people().columns]


def test_a_failure_is_a_row_of_dashes_and_a_note_with_the_reason(troubled):
    table = profile_view(troubled).table
    values = dict(zip((c.key for c in table.columns), table.rows[2], strict=True))
    assert values["latency_s"] is None
    assert values["madds"] is None
    assert "failed: out of memory. Try --batch 1. (huge)" in table.notes


def test_a_warning_is_said_once_with_the_cases_it_holds_for(make_record):
    old = ("the driver is old.",)
    some = [make_record(name, warnings=old) for name in "abcde"] + [make_record("f")]
    assert profile_view(some).table.notes[-1] == "warning: the driver is old. (a; b; c; and 2 more)"
    assert profile_view(some[:5]).table.notes[-1] == "warning: the driver is old."


def test_operators_that_were_not_counted_are_listed(make_record):
    record = make_record()
    costs = msgspec.structs.replace(record.costs, uncounted={"aten.fft": 3})
    notes = profile_view([msgspec.structs.replace(record, costs=costs)]).table.notes
    assert notes[-1] == "not counted: aten.fft, 3 times"


def test_times_of_two_machines_are_not_to_be_compared(make_record):
    notes = profile_view([make_record(), make_record(comparable={"cpu": "Other", "threads": 8})])
    assert notes.table.notes[-1] == (
        "The cases ran under different conditions (cpu, torch): do not compare times."
    )


def test_batches_above_one_say_that_costs_are_for_the_whole_batch(make_record):
    note = "MAdds and MAC are for the whole batch."
    assert note in profile_view([make_record(batch=8)]).table.notes
    assert note not in profile_view([make_record(batch=1)]).table.notes


def test_a_table_that_cannot_be_right_cannot_be_built():
    column = Column("a", "a")
    with pytest.raises(ValueError, match="1 columns"):
        Table("", (column,), ((1, 2),))
    with pytest.raises(ValueError, match="same key"):
        Table("", (column, column), ())
    with pytest.raises(ValueError, match="not finite"):
        Table("", (column,), ((float("nan"),),))


# The terminal.


@pytest.mark.parametrize("width", [40, 60, 80, 120])
def test_no_line_is_wider_than_the_terminal_nor_ends_in_spaces(width, profile, troubled):
    wide = [*profile, *troubled, *(profile[0],) * 2]
    for records in (profile, troubled, wide):
        for line in render("table", profile_view(records), width=width).split("\n"):
            assert cell_len(line) <= width
            assert line == line.rstrip()


@pytest.mark.parametrize("width", [40, 60, 80, 120])
def test_no_line_of_the_guidelines_is_wider_than_the_terminal(width, guidelines):
    lines = render("table", guidelines_view(guidelines), width=width).split("\n")
    assert max(map(cell_len, lines)) <= width


@pytest.mark.parametrize("width", [40, 80, 120])
def test_a_column_is_shown_or_named_as_left_out(width, profile):
    view = profile_view(profile)
    text = " ".join(render("table", view, width=width).split())
    shown, _, left_out = text.partition("Not shown at this width:")
    for column in view.table.for_people().columns:
        assert column.heading in left_out or column.heading.split(" (")[0] in shown


@pytest.mark.parametrize(
    ("width", "shown", "left_out"),
    [
        (40, "latency", "MAdds (M)"),
        (80, "img/s", "peak (MB)"),
        (120, "MAdds/byte", None),
    ],
)
def test_the_least_important_columns_go_first(width, shown, left_out, profile):
    text = " ".join(render("table", profile_view(profile), width=width).split())
    table, found, gone = text.partition("Not shown at this width:")
    assert shown in table
    assert left_out in gone if left_out else not found


def test_numbers_are_never_cut_and_long_names_lose_their_middle(make_record):
    records = [make_record("start" + "x" * 300 + "end", latency_s=1234.5678, batch=8)]
    for width in (40, 80, 120):
        text = render("table", profile_view(records), width=width)
        (row,) = [line for line in text.split("\n") if line.startswith("star")]
        assert "..." in row
        assert "end" in row
        assert "1,230,000" in row


def test_wide_characters_keep_the_columns_straight(make_record):
    records = [make_record("\u7f51\u7edc" * 40), make_record("net"), make_record("\u7f51\u7edc")]
    text = render("table", profile_view(records), width=40)
    ends = {cell_len(line) for line in text.split("\n") if line.endswith("10.0")}
    assert len(ends) == 1


def test_ten_columns_that_differ_still_fit_forty_cells(make_record):
    records = [
        make_record("a" * 50, batch=1, device="cpu", dtype="float32", threads=1),
        make_record("b" * 50, batch=128, device="cuda", dtype="bfloat16", threads=16,
                    engine="onnxruntime", mode="train", layout="channels_last"),
    ]  # fmt: skip
    text = render("table", profile_view(records), width=40)
    assert max(map(cell_len, text.split("\n"))) <= 40
    assert "10.0" in text


def test_colour_adds_escape_sequences_and_nothing_else(troubled, monkeypatch):
    monkeypatch.setenv("NO_COLOR", "1")  # the caller decides, not the environment
    view = profile_view(troubled)
    plain, coloured = render("table", view), render("table", view, colour=True)
    assert "\x1b[1m" in coloured
    for code in ("\x1b[0m", "\x1b[1m", "\x1b[2m"):
        coloured = coloured.replace(code, "")
    assert coloured == plain


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
    assert tags == {"div", "table", "caption", "thead", "tbody", "tr", "th", "td", "p"}


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
