"""A table that LaTeX sets: its shape, and that every text in it is only text."""

from __future__ import annotations

import unicodedata
from dataclasses import replace

import latex_reader
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from latex_reader import read, said

from lightbench import registry
from lightbench.formats import format_of
from lightbench.formats.latex import render
from lightbench.studies.profile.table import profile_view
from lightbench.units import visible
from lightbench.views.table import Column, Table, View

PARTS = ["\\", "\\\\", "\\\\[5cm]", "\\input{/etc/passwd}", "\\write18{ls}", "\\end{tabular}", "\\\n",
         "^^5cinput", "^^M", "{", "}", "{}", "&", "%", "$", "#1", "_", "^", "~", "[2pt]", "]", "*",
         "--", "---", "''", "``", "?`", "!`", ",,", "<<", ">>", '"', '"a', "|", " ", "  ", "\t", "\n\n",
         "\r\n", "\x00", "\x1b[31m", "\u202e", "\u7f51\u7edc", "\xe9\xc4\xdf", "\xf0\xfe", "e\u0301",
         "\xa0", "\xad", "\ud800", "x" * 300, "<script>", "a|b", "=1+1", "[/red]"]  # fmt: skip
TEXTS = st.text() | st.lists(st.sampled_from(PARTS)).map("".join)


def settable(sign):
    """Can pdflatex set it without further packages? ASCII, and Latin-1's letters that are one with an
    accent, or one of a few that the oldest of its encodings has."""
    letter = unicodedata.normalize("NFD", sign)[0]
    return sign.isascii() or sign in "\xc6\xd8\xdf\xe6\xf8" or (
        sign < "\u0100" and letter.isascii() and letter.isalpha() and unicodedata.decomposition(sign)[:1] != "<"
    )  # fmt: skip


def shown(text):
    """What a reader must see: the visible form, in signs that can be set."""
    signs = (c if settable(c) else c.encode("unicode_escape").decode() for c in visible(text))
    return "".join(signs)


def view(*rows, title="T", notes=(), heading="model"):
    columns = (Column("model", heading, align="left"), Column("n", "n (M)"))
    return View(Table(title, columns, rows, notes), [])


def columns_of(*columns, rows):
    return View(Table("T", tuple(Column(*column) for column in columns), rows), [])


def test_it_is_a_table_of_booktabs_with_a_label_and_no_note():
    text = render(view(("net_a", 1), ("net_b", None), title="Costs: all", notes=("100 %",)))
    assert text == (
        "% Needs \\usepackage{booktabs,siunitx}.\n"
        "\\begin{table}\n\\centering\n\\caption{Costs: all}\n\\label{tab:costs}\n"
        "\\begin{tabular}{lS[table-format=1]}\n\\toprule\n"
        "model & {n (M)} \\\\\n\\midrule\n"
        "net\\_a & 1 \\\\\nnet\\_b & {-} \\\\\n"
        "\\bottomrule\n\\end{tabular}\n"
        "\\end{table}\n"
    )


@pytest.mark.parametrize(
    ("cells", "form", "seen"),
    [
        (("1.5", "1,240", "-"), "S[table-format=4.1]", ["1.5", "1240", "-"]),
        (("12", "3"), "S[table-format=2]", ["12", "3"]),
        (("-0.3", "2.25"), "S[table-format=-1.2]", ["-0.3", "2.25"]),
        (("+4.1 %", "-0.3 %"), "S[table-format=+1.1]", ["+4.1", "-0.3"]),
        (("0.50", "0.50?"), "r", ["0.50", "0.50?"]),  # a mark is no number
        (("2.0 %", "1.5"), "r", ["2.0 %", "1.5"]),
        (("<0.001", "0.2"), "r", ["<0.001", "0.2"]),
        (("1:2", "1:4"), "r", ["1:2", "1:4"]),
        (("1,2", "3"), "r", ["1,2", "3"]),  # not one number
        (("-", "-"), "r", ["-", "-"]),
    ],
)
def test_a_column_of_numbers_alone_is_siunitx_s(cells, form, seen):
    rows = tuple((None if cell == "-" else cell,) for cell in cells)
    (table,) = read(render(columns_of(("n", "time"), rows=rows)))
    assert table.columns == [form]
    assert [row[0] for row in table.rows] == seen
    assert table.head == ["time (%)" if cells[0] == "+4.1 %" else "time"]


def test_an_interval_is_headed_plus_minus():
    (table,) = read(render(columns_of(("rel", "+-"), rows=(("2.0 %",),))))
    assert table.head == ["\xb1 (%)"]


def test_names_are_text_and_of_many_columns_those_go_that_matter_least(profile):
    (table,) = read(render(profile_view(profile)))
    assert table.columns[0] == "l"
    assert all(form.startswith("S[") for form in table.columns[1:])
    assert table.head == ["model", "batch", "MAdds (G)", "mem (MB)", "latency (ms)"]
    assert [row[0] for row in table.rows] == [record.case.model for record in profile]


def test_all_columns_are_there_for_who_asks(profile):
    view = profile_view(profile)
    wide = replace(view, table=replace(view.table, wide=True))
    (table,) = read(render(wide))
    assert len(table.columns) > 10


def test_columns_that_are_always_printed_stay_however_many_they_are():
    columns = [(f"c{i}", f"c{i}") for i in range(8)]
    (table,) = read(render(columns_of(*columns, rows=((1,) * 8,))))
    assert len(table.columns) == 8


def test_what_all_rows_share_is_in_the_caption():
    table = Table("T", (Column("n", "n"),), ((1,),), subtitle="batch 1")
    assert read(render(View(table, [])))[0].title == "T: batch 1"


def test_tables_of_one_title_have_labels_of_their_own():
    one = view(("a", 1), title="Sweep: groups").table
    tables = read(render(View(one, [], above=(one, replace(one, title="\u7f51")))))
    assert [table.label for table in tables] == ["sweep", "table", "sweep-2"]


def test_every_table_is_there_and_what_is_folded_is_shown_plainly():
    one, two, all_rows = (view((name, 1), title=name).table for name in ("one", "two", "all"))
    tables = read(render(View(all_rows, [], above=(one,), folded=two)))
    assert [(table.title, table.rows) for table in tables] == [
        ("one", [["one", "1"]]),
        ("two", [["two", "1"]]),
    ]


@pytest.mark.parametrize("text", PARTS, ids=ascii)
def test_every_known_trick_is_text_in_every_place(text):
    (table,) = read(render(view((text, 1), (text, 2), title=text, heading=text)))
    told = shown(text)
    assert (table.title, table.head[0]) == (told, told)
    assert table.rows == [[told, "1"], [told, "2"]]


@given(TEXTS, TEXTS, TEXTS)
@example("[", "*", "a")
def test_any_text_comes_back_from_tex_as_it_was(title, first, second):
    rows = ((first, 1), (second, 2), ("plain", 3))
    (table,) = read(render(view(*rows, title=title)))
    assert table.title == shown(title)
    assert table.rows == [[shown(name), str(n)] for name, n in rows]


def test_signs_that_no_font_of_pdflatex_has_are_escapes():
    (table,) = read(render(view(("\u7f51 \xe9 \xf0 \u03b1", 1))))
    assert table.rows[0][0] == r"\u7f51 " + "\xe9" + r" \xf0 \u03b1"


def test_a_file_name_chooses_it():
    assert format_of("table.tex") == "latex"
    assert registry.load("format", "latex").render is render


@pytest.mark.parametrize(
    "source",
    ["a & b", "50%", "$x$", "a_b", "x^2", "~", "#1", '"a', "\\input{x}", "\\textbackslash x", "{", "}", "^^M"],
)  # fmt: skip
def test_the_reader_of_these_tests_refuses_what_acts(source):
    with pytest.raises(AssertionError):
        said(source)


@pytest.mark.parametrize(
    ("source", "seen"),
    [("a--b", "a\u2013b"), ("a-{}-b", "a--b"), ("  a  b ", "a b"), ("\\ a\\ \\ b\\ ", " a  b "),
     ("\\ \\  b", "  b"), ("{[}x{]}", "[x]"), ("\\symbol{34}", '"'), ("''", "\u201d")],
)  # fmt: skip
def test_the_reader_of_these_tests_sees_what_tex_would_set(source, seen):
    assert said(source) == seen


def test_the_reader_of_these_tests_refuses_an_argument_of_a_line_break():
    text = render(view(("a", 1), ("b", 2)))
    read(text)
    with pytest.raises(AssertionError, match="argument"):
        read(text.replace("\nb &", "\n[b] &"))
    assert latex_reader.TABLE.match(text.partition("\n")[2])
