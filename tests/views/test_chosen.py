"""Which columns of an answer are shown, in which order, with how many notes."""

from __future__ import annotations

import json

import pytest
from rendering import render

from lightbench.cli.options import Named
from lightbench.errors import UnknownName, UsageError
from lightbench.views.chosen import Chosen, choose
from lightbench.views.table import Column, Table, View

COLUMNS = (
    Column("model", "model", align="left"),
    Column("latency_s", "latency", about="of a call", drop=9),
    Column("low_s", "low", shown=False),
    Column("level", "level", shown=False),
)
ROWS = (("a", 2.0, 1.5, "notice"), ("b", None, None, "error"), ("c", 10.0, 9.0, "notice"))
VIEW = View(Table("T", COLUMNS, ROWS, ("a note",), ("a reason",), ("a story",)), ["data"])


def keys(view):
    return [column.key for column in view.table.for_people().columns]


def first(view):
    return [row[0] for row in view.table.rows]


def test_without_a_wish_it_is_the_view_as_it_is():
    assert choose(VIEW, Chosen()) == VIEW


def test_columns_come_in_the_order_asked_for_those_of_programs_too():
    chosen = choose(VIEW, Chosen(columns=("low_s", "model")))
    assert keys(chosen) == ["low_s", "model"]
    assert render("csv", chosen) == (
        '"low_s","model","level"\n1.5,"a","notice"\n"","b","error"\n9.0,"c","notice"\n'
    )


def test_json_has_the_rows_of_chosen_columns():
    text = render("json", choose(VIEW, Chosen(columns=("model", "low_s"))))
    assert json.loads(text)[2] == {"model": "c", "low_s": 9.0, "level": "notice"}
    assert json.loads(render("json", choose(VIEW, Chosen(sort="model")))) == ["data"]


def test_a_chosen_column_is_never_left_out():
    wide = choose(VIEW, Chosen(columns=("latency_s",)))
    assert wide.table.columns[0].drop == 0


@pytest.mark.parametrize(
    ("sort", "order"), [("latency_s", "acb"), ("-latency_s", "cab"), ("-model", "cba")]
)
def test_rows_are_sorted_by_value_and_the_unknown_come_last(sort, order):
    assert "".join(first(choose(VIEW, Chosen(sort=sort)))) == order


def test_numbers_sort_as_numbers_not_as_text():
    table = Table("T", (Column("n", "n"),), ((16,), (2,), (1,)))
    assert first(choose(View(table, []), Chosen(sort="n"))) == [1, 2, 16]


@pytest.mark.parametrize("chosen", [Chosen(columns=("speed",)), Chosen(sort="-speed")])
def test_an_unknown_column_is_answered_with_those_there_are(chosen):
    with pytest.raises(UnknownName, match="no column is called 'speed'"):
        choose(VIEW, chosen)


def test_a_table_without_the_column_is_left_out_and_one_without_the_key_is_not_sorted():
    other = Table("Other", (Column("name", "name"),), (("y",), ("x",)))
    both = View(VIEW.table, [], above=(other,))
    assert choose(both, Chosen(columns=("model",))).above == ()
    assert choose(both, Chosen(sort="model")).above == (other,)


def test_notes_are_all_or_none_and_a_reason_stays():
    loud = render("table", choose(VIEW, Chosen(notes=True)))
    quiet = render("table", choose(VIEW, Chosen(notes=False)))
    assert [
        word for word in ("a note", "a story", "of a call", "a reason") if word not in loud
    ] == []
    assert [word for word in ("a note", "a story", "of a call") if word in quiet] == []
    assert "a reason" in quiet


def test_everything_is_shown_however_wide():
    columns = tuple(Column(f"k{i}", f"heading{i}" * 3, drop=1) for i in range(12))
    view = View(Table("T", columns, (tuple(range(12)),)), [])
    text = render("table", choose(view, Chosen(everything=True)), width=40)
    assert all(column.heading in text for column in columns)
    assert "Not shown" not in text


def test_at_the_command_line_an_unknown_column_costs_no_answer(lightbench):
    answer = lightbench("count", "mobilenet_v1", "--columns", "modle")
    assert answer.code == 2
    assert "568.7" in answer.out
    assert "Did you mean model?" in answer.err


def test_at_the_command_line_columns_are_named_as_in_csv(lightbench):
    answer = lightbench(
        "count", "mobilenet_v1", "convnet", "--columns", "model,madds", "--sort", "-madds",
        "--format", "csv",
    )  # fmt: skip
    assert answer.out.splitlines()[:2] == ['"model","madds"', '"convnet",4867293184']


def test_people_read_the_name_and_programs_the_model():
    view = choose(VIEW, Chosen(names=(("a", "Ours"),)))
    assert "Ours" in render("table", view)
    assert "Ours" in render("latex", view)
    assert render("csv", view) == render("csv", VIEW)


def test_a_model_that_is_in_no_table_cannot_be_named():
    with pytest.raises(UsageError, match="no model 'x'") as caught:
        choose(VIEW, Chosen(names=(("x", "Ours"),)))
    assert "a, b, c" in caught.value.hint


@pytest.mark.parametrize("text", ["net", "=Ours", "net=", "net= "])
def test_a_name_that_cannot_be_read_says_how_it_is_typed(lightbench, text):
    answer = lightbench("count", "mobilenet_v1", "--names", text)
    assert (answer.code, "--names ours.py:Net=Ours" in answer.err) == (2, True)


def test_settings_of_a_model_may_have_an_equals_sign():
    assert Named().convert("net.py:Net(width=0.5)=Half", None, None) == (
        "net.py:Net(width=0.5)",
        "Half",
    )
