"""What the table that every format is given says: its title, its columns, its notes."""

from __future__ import annotations

import msgspec
import pytest

from lightbench.studies.profile.table import profile_view
from lightbench.views.table import Column, Table

# The table that is rendered.


def test_what_all_cases_share_is_in_the_title_and_what_differs_is_a_column(make_record):
    view = profile_view([make_record(dtype="float32"), make_record(dtype="bfloat16")])
    headings = [column.heading for column in view.table.for_people().columns]
    assert "dtype" in headings
    assert "batch" not in headings
    assert view.table.title == (
        "Profile: input 3x224x224, batch 1, cpu, eager, infer, contiguous, threads 2"
    )


def test_memory_access_is_not_called_by_the_fields_word_for_multiply_adds(profile):
    table = profile_view(profile).table
    (note,) = [n for n in table.legend() if n.startswith("mem:")]
    assert "memory access" in note
    assert not [c.heading for c in table.columns if "MAC" in c.heading]


def test_doubtful_rows_carry_a_sign_that_a_note_explains(troubled):
    table = profile_view(troubled).table
    (column,) = [i for i, column in enumerate(table.columns) if column.key == "status"]
    signs = [table.columns[column].cell(row[column]) for row in table.rows]
    assert signs == ["", "?!", "x"]
    (note,) = [note for note in table.notes if note.startswith("x ")]
    assert [said[:2] for said in note.split("; ")] == ["x ", "? ", "! "]


def test_no_sign_no_column(profile):
    assert "status" not in [c.key for c in profile_view(profile).table.for_people().columns]


def test_a_failure_is_a_row_of_dashes_and_a_note_with_the_reason(troubled):
    table = profile_view(troubled).table
    values = dict(zip((c.key for c in table.columns), table.rows[2], strict=True))
    assert values["latency_s"] is None
    assert values["madds"] is None
    assert "failed: out of memory. Try --batch 1. (huge)" in table.sentences


def test_a_warning_is_said_once_with_the_cases_it_holds_for(make_record):
    old = ("the driver is old.",)
    some = [make_record(name, warnings=old) for name in "abcde"] + [make_record("f")]
    (said,) = profile_view(some).table.sentences
    assert said == "warning: the driver is old. (a; b; c; and 2 more)"
    assert profile_view(some[:5]).table.sentences == ("warning: the driver is old.",)


def test_operators_that_were_not_counted_are_listed(make_record):
    record = make_record()
    costs = msgspec.structs.replace(record.costs, uncounted={"aten.fft": 3})
    said = profile_view([msgspec.structs.replace(record, costs=costs)]).table.sentences
    assert said == ("not counted: aten.fft, 3 times",)


def test_times_of_two_machines_are_not_to_be_compared(make_record):
    view = profile_view([make_record(), make_record(comparable={"cpu": "Other", "threads": 8})])
    assert view.table.sentences == (
        "The cases ran under different conditions (cpu, torch): do not compare times.",
    )


def test_batches_above_one_say_that_costs_are_for_the_whole_batch(make_record):
    note = "MAdds and memory access are for the whole batch."
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
