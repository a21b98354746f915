"""What fits into a terminal is shown there, and what does not is named."""

from __future__ import annotations

import pytest
from rendering import render
from rich.cells import cell_len

from lightbench.studies.guidelines.table import guidelines_view
from lightbench.studies.profile.table import profile_view

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


@pytest.mark.parametrize("width", [80, 120])
def test_a_column_is_shown_or_named_as_left_out(width, profile):
    view = profile_view(profile)
    text = " ".join(render("table", view, width=width).split())
    shown, _, left_out = text.partition("Not shown:")
    for column in view.table.for_people().columns:
        name = column.heading.split(" (")[0]
        assert name in left_out or name in shown


def test_what_is_left_out_is_named_on_one_line_as_far_as_that_goes(profile):
    last = render("table", profile_view(profile), width=40).rstrip().split("\n")[-1]
    assert last.startswith("Not shown: params, ")
    assert last.endswith("... (--all-columns)")


@pytest.mark.parametrize(
    ("width", "shown", "left_out"),
    [
        (40, "latency", "params"),
        (80, "img/s", "peak"),
        (120, "MAdds/byte", None),
    ],
)
def test_the_least_important_columns_go_first(width, shown, left_out, profile):
    text = " ".join(render("table", profile_view(profile), width=width).split())
    table, found, gone = text.partition("Not shown:")
    assert shown in table
    assert left_out in gone if left_out else not found


def test_numbers_are_never_cut_and_long_names_lose_their_middle(make_record):
    records = [make_record("start" + "x" * 300 + "end", latency_s=1234.5678, batch=8)]
    for width in (40, 80, 120):
        text = render("table", profile_view(records), width=width)
        (row,) = [line for line in text.split("\n") if line.startswith("star")]
        assert "..." in row
        assert "end" in row
        assert "1,235" in row


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
