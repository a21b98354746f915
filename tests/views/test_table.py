"""One unit a column, what all rows share said once, and notes of what is shown."""

from __future__ import annotations

import pytest
from rendering import render

from lightbench import units
from lightbench.views.table import Column, Table, View

PARAMS = Column("params", "params", scale=units.COUNTS)


def shown(column, *values):
    """The heading of a column of these values, and its cells."""
    table = Table("T", (column,), tuple((value,) for value in values)).for_people()
    return table.columns[0].heading, [table.columns[0].cell(row[0]) for row in table.rows]


@pytest.mark.parametrize(
    ("values", "heading", "cells"),
    [
        ((864,), "params", ["864"]),
        ((4_231_976, 2_278_604), "params (M)", ["4.232", "2.279"]),
        ((64, 2_300_000), "params (k)", ["0.064", "2,300"]),
        ((None, 4_231_976, 0), "params (M)", ["-", "4.232", "0"]),
        ((None,), "params (M)", ["-"]),
        # 1 and 352 G: the middle would be M, in which one is 352,000.
        ((1_000_000, 352_000_000_000), "params (G)", ["0.001", "352.0"]),
        ((1, 10**12), "params (G)", ["<0.001", "1,000"]),
    ],
)
def test_a_column_has_the_unit_that_fits_its_rows(values, heading, cells):
    assert shown(PARAMS, *values) == (heading, cells)


def test_times_and_bytes_have_units_of_their_own():
    assert shown(Column("t", "latency", scale=units.TIMES), 2.7e-6) == ("latency (us)", ["2.70"])
    assert shown(Column("t", "latency", scale=units.TIMES), 0.9e-3, 0.05) == (
        "latency (ms)",
        ["0.900", "50.0"],
    )
    assert shown(Column("b", "mem", scale=units.BYTES), 4096) == ("mem (kB)", ["4.096"])


def test_what_all_rows_share_is_said_once_above_them():
    columns = (Column("model", "model", align="left", common=True), Column("n", "n"))
    text = render("table", View(Table("Check", columns, (("net", 1), ("net", 2))), []))
    assert text.startswith("Check\nmodel net\n\nn\n-\n1\n2\n")
    different = render("table", View(Table("Check", columns, (("net", 1), ("other", 2))), []))
    assert different.split("\n")[2].split() == ["model", "n"]


def test_one_row_shares_nothing():
    columns = (Column("model", "model", align="left", common=True), Column("n", "n"))
    assert Table("Check", columns, (("net", 1),)).for_people().subtitle == ""


def test_programs_are_given_what_is_shared_in_every_row():
    columns = (Column("model", "model", common=True), Column("n", "n"))
    view = View(Table("Check", columns, (("net", 1), ("net", 2))), [])
    assert render("csv", view) == '"model","n"\n"net",1\n"net",2\n'


NOTED = Table(
    "T",
    (Column("a", "a", about="the first"), Column("b", "b" * 60, about="the second", drop=1)),
    ((1, 2),),
    ("? a mark.",),
    ("failed: why.",),
    ("a long story.",),
)


def test_a_column_is_explained_where_it_is_shown():
    assert NOTED.legend() == ("? a mark.", "a: the first", f"{'b' * 60}: the second")
    text = render("table", View(NOTED, []), width=40)
    assert "a: the first" in text
    assert "the second" not in text


@pytest.mark.parametrize("width", [40, 80])
def test_notes_are_two_lines_and_say_how_many_there_are_more(width):
    many = Table("T", (Column("a", "a"),), ((1,),), tuple(f"note {i}, {'x' * 9}" for i in range(9)))
    lines = render("table", View(many, []), width=width).rstrip().split("\n")
    assert lines[-3] == ""
    assert lines[-2].startswith("note 0")
    assert lines[-1].endswith("(7 more: --notes)")


def test_a_reason_is_said_however_many_notes_there_are():
    text = render("table", View(NOTED, []), width=40)
    assert "failed: why." in text.split("\n")


def test_a_note_that_is_longer_than_two_lines_begins():
    table = Table("T", (Column("a", "a"),), ((1,),), ("word " * 60,))
    lines = render("table", View(table, []), width=40).rstrip().split("\n")
    assert lines[-1].endswith("... (1 more: --notes)")
    assert lines[5:-2] == [""]


def test_in_a_notebook_notes_are_small_and_reasons_are_not():
    text = render("html", View(NOTED, []))
    assert "<p>failed: why.</p>" in text
    assert "<p><small>? a mark.</small></p>" in text
    assert "a long story" not in text


def test_words_go_on_in_the_next_line_and_names_are_cut():
    columns = (
        Column("layer", "layer", align="left"),
        Column("advice", "advice", align="left", prose=True),
        Column("n", "n"),
    )
    row = ("features.0.conv.long.long.name", "fold into the layer before it, or into another", 1)
    text = render("table", View(Table("T", columns, (row, ("a", "none", 2))), []), width=40)
    lines = [line.split("  ") for line in text.rstrip().split("\n")[4:]]
    told = " ".join(cell.strip() for line in lines[:-1] for cell in line[1:] if cell.strip(" 1"))
    assert " ".join(told.split()) == row[1]
    assert "..." in lines[0][0]
    assert text.rstrip().split("\n")[-1].split() == ["a", "none", "2"]


def test_what_matters_most_is_begun_and_other_notes_are_shown_whole_or_not_at_all():
    long = "word " * 40

    def notes(*said):
        table = Table("T", (Column("a", "a"),), ((1,),), said)
        return render("table", View(table, []), width=40).rstrip().split("\n")[5:]

    assert notes("a short note", long, "and another one") == [
        "", "a short note", "and another one (1 more: --notes)",
    ]  # fmt: skip
    assert notes(long, "a short note")[2].endswith("word ... (2 more: --notes)")


def test_what_is_left_out_is_named_in_whole_words():
    columns = tuple(Column(f"k{i}", f"heading{i}", drop=i) for i in range(12))
    text = render(
        "table", View(Table("T", columns, (tuple("9" * 9 for _ in columns),)), []), width=40
    )
    assert text.rstrip().split("\n")[-1] == "Not shown: heading3, ... (--all-columns)"
