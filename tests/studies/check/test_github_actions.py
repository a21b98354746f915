"""The summary and the annotations of a step of GitHub Actions: short enough, first things first."""

from __future__ import annotations

import io
import re

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from lightbench.formats import github, markdown
from lightbench.studies.check.github_actions import LIMIT, announce, limited
from lightbench.views.table import Column, Table, View

COLUMNS = (
    Column("model", "model", align="left"),
    Column("verdict", "verdict", align="left"),
    Column("level", "level", shown=False),
)
WIDE = "\u7f51\u7edc\U0001f600"  # 10 bytes in 3 characters


def table(title, rows, level="", name="net", notes=()):
    return Table(title, COLUMNS, tuple((f"{name}-{i}", title, level) for i in range(rows)), notes)


def check(changed, same, name="net", level="error", notes=()):
    """What a check answers: what has changed first, the rest folded, all rows for programs."""
    first = table("slower", changed, level, name)
    rest = table("same", same, "", name, notes)
    every = Table("Check", COLUMNS, first.rows + rest.rows)
    return View(every, [], above=(first,), folded=rest)


def rows_in(text, title):
    return len(re.findall(rf"\| `{title}` \|$", text, re.MULTILINE))


def left_out(text):
    """How many rows the lines say are missing."""
    found = re.findall(r"Left out here: ([0-9,]+) rows", text)
    return sum(int(number.replace(",", "")) for number in found)


# The limit.


def test_what_fits_is_the_markdown_of_the_view():
    view = check(3, 5)
    assert limited(view) == markdown.render(view)
    exact = len(markdown.render(view).encode())
    assert limited(view, exact) == markdown.render(view)
    assert limited(view, exact - 1) != markdown.render(view)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["net", WIDE])
def test_of_ten_thousand_rows_the_changed_ones_stay(name):
    text = limited(check(20, 10_000, name))
    assert len(text.encode()) <= LIMIT
    assert len(text.encode()) > LIMIT - 100  # and no more is left out than has to be
    assert rows_in(text, "slower") == 20
    assert 0 < rows_in(text, "same") == 10_000 - left_out(text)
    assert text.index("slower") < text.index("<details>") < text.index("Left out here")


def test_if_even_the_changed_ones_are_too_many_the_first_of_them_stay():
    text = limited(check(3_000, 3_000, WIDE))
    assert len(text.encode()) <= LIMIT
    assert rows_in(text, "same") == 0
    assert 0 < rows_in(text, "slower") == 6_000 - left_out(text)
    assert f"`{WIDE}-0`" in text
    assert f"`{WIDE}-2999`" not in text


def test_a_view_that_folds_nothing_loses_rows_of_its_last_table_first():
    view = View(table("last", 10_000), [], above=(table("first", 10),))
    text = limited(view)
    assert len(text.encode()) <= LIMIT
    assert "<details>" not in text
    assert rows_in(text, "first") == 10
    assert rows_in(text, "last") == 10_000 - left_out(text) > 0


def test_notes_are_left_out_after_the_rows_and_counted_too():
    text = limited(check(5, 5, notes=[f"note {i} {'x' * 40}" for i in range(10_000)]))
    assert len(text.encode()) <= LIMIT
    assert rows_in(text, "slower") == 5
    assert rows_in(text, "same") == 0
    (number,) = re.findall(r"Left out here: 5 rows and ([0-9,]+) notes", text)
    assert int(number.replace(",", "")) == 10_000 - len(re.findall(r"^- note ", text, re.MULTILINE))


def test_what_is_cut_is_folded_and_closed_still():
    tokens = MarkdownIt("gfm-like", {"linkify": False}).parse(limited(check(2, 10_000)))
    html = [token.content for token in tokens if token.type == "html_block"]
    assert html == ["<details><summary>same</summary>\n", "</details>\n"]
    assert [token.type for token in tokens].count("table_open") == 2


def test_a_title_that_is_too_long_leaves_one_line():
    view = View(table(WIDE * 10_000, 1), [])
    assert limited(view) == "The summary is left out: it is longer than 60.0 kB.\n"


@settings(deadline=None, max_examples=60)
@given(
    st.integers(0, 3000), st.integers(0, 9), st.integers(0, 9), st.sampled_from(["a", WIDE, "`<"])
)
@example(0, 1, 1, WIDE)
@example(60, 9, 9, "a")
def test_it_is_never_longer_than_the_limit(limit, changed, same, name):
    text = limited(check(changed, same, name, notes=("note",)), limit)
    assert len(text.encode()) <= limit
    if text.startswith("**"):  # and every row is there, or counted
        assert rows_in(text, "slower") + rows_in(text, "same") + left_out(text) == changed + same


# The step.


def step(view, path, *, annotate=True, **more):
    stream = io.StringIO()
    environ = {"GITHUB_ACTIONS": "true", "GITHUB_STEP_SUMMARY": str(path), **more}
    announce(view, environ, stream, annotate=annotate)
    return stream.getvalue()


@pytest.mark.parametrize("says", ["", "false", "1", "True"])
def test_elsewhere_nothing_is_written(says, tmp_path):
    path = tmp_path / "summary.md"
    assert step(check(1, 1), path, GITHUB_ACTIONS=says) == ""
    assert not path.exists()
    stream = io.StringIO()
    announce(check(1, 1), {}, stream)
    assert stream.getvalue() == ""


def test_the_summary_is_added_to_what_is_there(tmp_path):
    path = tmp_path / "summary.md"
    path.write_bytes("before \u7f51\n".encode())
    view = check(1, 2, WIDE)
    step(view, path)
    step(view, path)
    once = "\n" + markdown.render(view)
    assert path.read_bytes().decode() == "before \u7f51\n" + once * 2


def test_what_was_written_before_does_not_run_into_it(tmp_path):
    path = tmp_path / "summary.md"
    path.write_text("- a list\n")
    step(check(1, 2), path)
    tokens = MarkdownIt("gfm-like", {"linkify": False}).parse(path.read_text())
    outer = [token.type for token in tokens if token.level == 0]
    assert outer[:3] == ["bullet_list_open", "bullet_list_close", "paragraph_open"]


def test_a_huge_summary_is_within_the_limit_with_its_first_line(tmp_path):
    path = tmp_path / "summary.md"
    step(check(5, 10_000, WIDE), path)
    assert LIMIT - 100 < path.stat().st_size <= LIMIT == 60_000


def test_the_line_that_keeps_it_apart_counts_too(tmp_path):
    path, rows = tmp_path / "summary.md", table("", 1).rows
    rest = len(markdown.render(View(Table("x", COLUMNS, rows), []))) - 1
    view = View(Table("x" * (LIMIT - rest), COLUMNS, rows), [])
    assert len(markdown.render(view)) == LIMIT
    step(view, path)
    assert path.stat().st_size <= LIMIT


def test_annotations_are_those_of_the_format_and_only_what_has_a_level(tmp_path):
    view = check(2, 3)
    said = step(view, tmp_path / "summary.md")
    assert said == github.render(view)
    assert said.count("::error ") == said.count("\n") == 2


def test_nothing_is_annotated_where_nothing_has_a_level(tmp_path):
    path = tmp_path / "summary.md"
    assert step(check(0, 3), path) == ""
    assert path.exists()


def test_an_answer_in_the_format_github_is_not_annotated_twice(tmp_path):
    path = tmp_path / "summary.md"
    assert step(check(2, 3), path, annotate=False) == ""
    assert path.exists()


@pytest.mark.parametrize("path", ["", "no/such/folder/summary.md", ".", "a\0b", "no\n::error::x/y"])
def test_a_summary_that_cannot_be_written_is_one_line_and_no_failure(path, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (line,) = step(check(2, 3), path, annotate=False).splitlines()
    assert line.startswith("lightbench: no step summary: ")
    assert step(check(2, 3), path).splitlines() == [*github.render(check(2, 3)).splitlines(), line]
    assert not any(tmp_path.iterdir())


def test_without_the_variable_it_is_said_too():
    stream = io.StringIO()
    announce(check(0, 1), {"GITHUB_ACTIONS": "true"}, stream)
    assert stream.getvalue() == "lightbench: no step summary: GITHUB_STEP_SUMMARY is not set.\n"


def test_it_goes_to_stderr_and_by_the_environment_of_the_process(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path / "summary.md"))
    announce(check(1, 1))
    captured = capsys.readouterr()
    assert (captured.out, captured.err) == ("", github.render(check(1, 1)))
