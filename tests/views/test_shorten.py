"""Terminals of forty columns: names are told apart, and progress stays in its line."""

from __future__ import annotations

import io
import re
import sys

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from rich.cells import cell_len

from lightbench import registry
from lightbench.cli.progress import SPINNER, reports
from lightbench.formats.table import render
from lightbench.models import sources
from lightbench.studies.profile.table import profile_view
from lightbench.timing.stopping import Progress
from lightbench.views.shorten import cut, shorten
from lightbench.views.table import Column, Table, View

# The cut itself.


def test_a_text_that_fits_is_not_cut():
    assert cut("resnet18", 8) == "resnet18"
    assert shorten(["resnet18", "resnet50"], 8) == (
        {"resnet18": "resnet18", "resnet50": "resnet50"},
        [],
    )


def test_a_long_text_loses_its_middle():
    assert cut("start" + "x" * 300 + "end", 11) == "star...xend"
    assert cut("abcdefghij", 9, tail=0) == "abcdef..."
    assert cut("abcdefghij", 9, tail=6) == "...efghij"


@pytest.mark.parametrize(
    ("texts", "width", "expected"),
    [
        # what tells them apart is at the end, at the begin, or in the middle
        (["shufflenet_v2_x0_5", "shufflenet_v2_x1_0"], 8, ["shu..._5", "shu..._0"]),
        (["shufflenet_v2_x1_0", "shufflenet_v2_x2_0"], 8, ["sh...1_0", "sh...2_0"]),
        (["a_very_long_name", "b_very_long_name"], 8, ["a_v...me", "b_v...me"]),
        (["stack:grouped(c=64, groups=4, h=56)", "stack:grouped(c=64, groups=8, h=56)"], 8,
         ["...4...)", "...8...)"]),
        (["same_long_name", "same_long_name"], 8, ["sam...me", "sam...me"]),
    ],
)  # fmt: skip
def test_the_cut_moves_to_where_unlike_texts_stay_unlike(texts, width, expected):
    shown, numbered = shorten(texts, width)
    assert [shown[text] for text in texts] == expected
    assert numbered == []


def test_texts_that_no_cut_keeps_apart_are_numbered():
    texts = [f"{a}xxxxxxxxxxxx{b}xxxxxxxxxxxx{c}" for a in "ab" for b in "ab" for c in "ab"]
    shown, numbered = shorten(texts, 8)
    assert len({*shown.values()}) == 8
    assert {shown[text][-2] for text in numbered} == {"#"}


def test_a_number_makes_no_text_like_one_that_is_there():
    texts = [f"{a}xxxxxxxxxxxx{b}xxxxxxxxxxxx{c}" for a in "ab" for b in "ab" for c in "ab"]
    shown, numbered = shorten(texts, 8)
    there = shown[numbered[0]]
    again, _ = shorten([there, *texts], 8)
    assert again[there] == there
    assert len({*again.values()}) == 9


@given(st.lists(st.text(alphabet="ab_\u7f51", max_size=40), max_size=30), st.integers(8, 30))
@example(["a" * 40, "a" * 41, "a" * 42], 8)
def test_unlike_texts_are_shown_unlike_and_none_is_too_wide(texts, width):
    shown, numbered = shorten(texts, width)
    assert set(shown) == set(texts)
    assert len({*shown.values()}) == len(shown)
    assert all(cell_len(one) <= width for one in shown.values())
    assert set(numbered) <= {text for text in texts if shown[text] != text}


# Tables.


def first_column(text):
    """The cells of the first column below the rule."""
    lines = text.split("\n")
    rule = next(i for i, line in enumerate(lines) if re.fullmatch(r"-+(  -+)*", line))
    cells = len(lines[rule].split("  ")[0])
    end = lines.index("", rule) if "" in lines[rule:] else len(lines)
    return [line[:cells].rstrip() for line in lines[rule + 1 : end]]


@pytest.mark.parametrize("width", [40, 60])
@pytest.mark.parametrize("prefix", ["", "torchvision:", "path/to/a/file/of/nets.py:"])
def test_no_two_networks_of_ours_have_one_name_in_a_narrow_terminal(width, prefix, make_record):
    names = [prefix + name for name in sources.own_names()]
    records = [make_record(name, batch=batch) for name in names for batch in (1, 128)]
    text = render(profile_view(records), width=width)
    assert max(map(cell_len, text.split("\n"))) <= width
    assert len({*first_column(text)}) == len(names)


def test_what_had_to_be_numbered_is_told_in_full_below(make_record):
    names = [f"net_{a}{'x' * 30}{b}{'y' * 30}{c}" for a in "ab" for b in "ab" for c in "ab"]
    columns = (Column("model", "model", align="left"), Column("n", "n" * 28))
    text = render(View(Table("T", columns, tuple((name, 1) for name in names)), []), width=40)
    cells = first_column(text)
    assert len({*cells}) == len(names)
    told = "".join(text.split())
    for cell, name in zip(cells, names, strict=True):
        assert "#" in cell
        assert f"{cell}:{name}" in told


COLUMN = st.tuples(st.sampled_from(["left", "right"]), st.integers(0, 3), st.integers(1, 24))


@given(st.lists(COLUMN, min_size=1, max_size=12), st.integers(40, 90))
def test_any_table_fits_and_names_what_it_leaves_out(columns, width):
    """Columns of any kind, also where none may be left out, with cells as wide as a number gets."""
    made = tuple(
        Column(f"k{i}", f"h{i}", align=align, drop=drop)
        for i, (align, drop, _) in enumerate(columns)
    )
    row = tuple("9" * cells for _, _, cells in columns)
    text = render(View(Table("T", made, (row,)), []), width=width)
    assert max(map(cell_len, text.split("\n"))) <= width
    shown, _, left_out = text.partition("Not shown:")
    named, cut, _ = left_out.partition("...")
    for column in made:
        out = column.heading in re.split("[, ]+", named)
        assert not (out and column.heading in shown.split())
        assert out or cut or column.heading in shown.split()


def test_a_heading_is_cut_with_its_column():
    columns = (Column("a", "text" * 20, align="left"), Column("b", "n"))
    text = render(View(Table("T", columns, (("x" * 60, "9" * 30),)), []), width=40)
    assert max(map(cell_len, text.split("\n"))) <= 40


def test_text_makes_room_for_what_is_needed_most_but_not_at_any_price():
    def headings(cells, drop):
        columns = (Column("a", "text", align="left"), Column("b", "number", drop=drop))
        view = View(Table("T", columns, (("x" * 60, "9" * cells),)), [])
        return render(view, width=40).partition("Not shown")[0].split()[1:3]

    assert headings(24, 1) == ["text", "number"]  # 14 cells are left
    assert headings(25, 1)[1] != "number"
    assert headings(14, 2) == ["text", "number"]  # 24 cells are left
    assert headings(15, 2)[1] != "number"
    assert headings(30, 0) == ["text", "number"]  # 8 cells are left


def test_a_list_of_names_keeps_them_whole_and_leaves_out_what_they_are(lightbench, monkeypatch):
    monkeypatch.setenv("COLUMNS", "40")
    answer = lightbench("list", "models").out
    assert first_column(answer) == [*sources.own_names()]
    assert "Not shown: about (--all-columns)" in answer


# How wide it is.


def widest(text):
    return max(map(cell_len, text.split("\n")))


def test_a_pipe_has_eighty_columns_unless_the_environment_says_more_or_less(
    lightbench, monkeypatch, tmp_path
):
    monkeypatch.delenv("COLUMNS", raising=False)
    command = ("count", "resnet18", "shufflenet_v2_x1_0")
    usual = lightbench(*command).out
    assert 40 < widest(usual) <= 80
    for columns, least, most in (("40", 30, 40), ("200", 81, 200)):
        monkeypatch.setenv("COLUMNS", columns)
        text = lightbench(*command).out
        assert least <= widest(text) <= most
        lightbench(*command, "-o", tmp_path / "a.txt")
        assert (tmp_path / "a.txt").read_text() == text
    for nonsense in ("", "x", "-4", "0"):
        monkeypatch.setenv("COLUMNS", nonsense)
        assert lightbench(*command).out == usual


@pytest.mark.parametrize("name", [name for name in registry.names("format") if name != "table"])
def test_no_other_format_depends_on_the_width(name, lightbench, monkeypatch):
    command = ("count", "resnet18", "--format", name)
    usual = lightbench(*command).out
    monkeypatch.setenv("COLUMNS", "40")
    assert lightbench(*command).out == usual


# Progress.


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.fixture
def painted(monkeypatch):
    """What is painted on a terminal of forty columns, with these variables set."""

    def paint(*says, now=None, **variables):
        terminal = Terminal()
        monkeypatch.setattr(sys, "stderr", terminal)
        monkeypatch.delenv("NO_COLOR", raising=False)
        for name, value in {"TERM": "xterm", "COLUMNS": "40", **variables}.items():
            monkeypatch.setenv(name, value)
        with reports(quiet=False) as report:
            for text in says:
                report.say(text)
            if now is not None:
                report.progress(now)
        return terminal.getvalue()

    return paint


LONG = "torchvision:mobilenet_v3_large, batch 1, channels last: load, count, first run"


@pytest.mark.parametrize("text", [LONG, "x" * 300, "\u7f51\u7edc" * 60, "a\nb\x1b[31m" + "c" * 80])
def test_a_report_stays_in_one_line_of_forty_columns(text, painted):
    shown = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", painted(text))
    assert shown.strip()
    for line in re.split("[\r\n]", shown):
        assert cell_len(line) < 40


def test_progress_in_forty_columns_says_how_long_it_takes_and_leaves_out_the_rest(painted):
    shown = painted(now=Progress(1.0, 4.0, 40, 0.02))
    assert "round 40, 4.00 s left" in shown
    assert "interval" not in shown
    wide = painted(now=Progress(1.0, 4.0, 40, 0.02), COLUMNS="80")
    assert "round 40, 4.00 s left, widest interval +-2.0 %" in wide


def test_no_color_takes_the_colour_of_progress_away(painted):
    colour = re.compile(r"\x1b\[[0-9;]*m")
    assert colour.search(painted("timing"))
    assert not colour.search(painted("timing", NO_COLOR="1"))


def test_a_terminal_that_can_do_nothing_is_sent_nothing(painted):
    assert painted(LONG, now=Progress(1.0, 4.0, 40, 0.02), TERM="dumb") == ""


@pytest.mark.parametrize("columns", ["0", "1", "5"])
def test_a_terminal_with_next_to_no_room_is_no_error(columns, painted):
    painted(LONG, now=Progress(1.0, 4.0, 40, 0.02), COLUMNS=columns)


def test_the_spinner_and_its_space_have_their_room():
    assert cell_len("\u280b ") + 1 == SPINNER
