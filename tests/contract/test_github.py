"""GitHub Actions annotations, read the way the runner reads them: one row is at most one.

The grammar is that of the runner's ActionCommand.cs: a line that begins with ``::`` is a command,
``::name key=value,key=value::message``, in which %0D, %0A and %25 are unescaped in the message, and
%3A and %2C besides in a property.
"""

from __future__ import annotations

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from lightbench import registry
from lightbench.formats import format_of
from lightbench.formats.github import render
from lightbench.studies.profile.table import profile_view
from lightbench.units import visible
from lightbench.views.table import Column, Table, View

# What has a meaning for the runner, for a terminal, or for whoever reads the page.
PARTS = ["%", "%0A", "%25", "%3A", "%", "::", ":", ",", "=", "\n", "\r\n", "\x1b[31m", "\x1b]8;;",
         "\u202e", "\u200f", "\u2066", "\u2028", "\x85", "\x00", "##[error]", "::error::",
         "::set-output name=a::b", "\n::stop-commands::x\n", "line=1", "file=/etc/passwd", " ",
         "x" * 300, "\u7f51\u7edc", "e\u0301", "\U0001f600"]  # fmt: skip
TEXTS = st.text() | st.lists(st.sampled_from(PARTS)).map("".join)


def commands(text):
    """What the runner makes of a step's output: (name, properties, message) of each line, where a
    line that is no command, or one that an older command hides in, is not allowed."""
    assert text.endswith("\n")
    found = []
    for line in re.split("\r\n|\r|\n", text[:-1]):
        assert line.startswith("::"), line
        head, separator, message = line[2:].partition("::")
        assert separator, line
        name, _, listed = head.partition(" ")
        pairs = [pair.split("=", 1) for pair in listed.split(",")]
        assert all(len(pair) == 2 for pair in pairs), line
        properties = {key: unescape(value, "%3A", "%2C") for key, value in pairs}
        assert len(properties) == len(pairs), line
        found.append((name, properties, unescape(message)))
    return found


def unescape(text, *more):
    """As the runner does: everything but the percent sign first, and that last."""
    for code in ("%0D", "%0A", *more):
        text = text.replace(code, chr(int(code[1:], 16)))
    return text.replace("%25", "%")


def said(*words):
    """The message for these headings and texts."""
    return ", ".join(visible(f"{name}: {text}" if name else text) for name, text in words if text)


def quiet(text):
    assert all(c == "\n" or c.isprintable() for c in text)


def view(*rows, title="Title", **columns):
    """Rows of text under a heading of their own, and what else is asked for."""
    named = tuple(
        Column(key, heading, shown=key not in ("file", "line"))
        for key, heading in (columns or {"a": "a", "b": "b"}).items()
    )
    return View(Table(title, named, tuple(rows)), [])


# Grammar.


def test_a_row_is_a_notice_with_the_title_and_what_each_column_says():
    shown = render(view(("one", 2), ("three", 4), title="Lint: net"))
    assert shown == (
        "::notice title=Lint%3A net::a: one, b: 2\n::notice title=Lint%3A net::a: three, b: 4\n"
    )
    assert commands(shown) == [
        ("notice", {"title": "Lint: net"}, "a: one, b: 2"),
        ("notice", {"title": "Lint: net"}, "a: three, b: 4"),
    ]


def test_without_rows_there_is_one_notice_that_says_so():
    assert render(view(title="Lint: net")) == "::notice title=Lint%3A net::nothing to report\n"
    (command,) = commands(render(view(title="%0A::error::x")))
    assert command == ("notice", {"title": "%0A::error::x"}, "nothing to report")


def test_file_and_line_say_where_it_is_shown_and_are_not_part_of_the_text():
    columns = {"a": "a", "file": "file", "line": "line"}
    (command,) = commands(render(view(("x", "net,1:2.py", 12), title="T", **columns)))
    assert command == ("notice", {"file": "net,1:2.py", "line": "12", "title": "T"}, "a: x")
    (command,) = commands(render(view(("x", None, None), title="T", **columns)))
    assert command == ("notice", {"title": "T"}, "a: x")


def test_numbers_are_written_as_the_table_writes_them_and_what_is_unknown_is_left_out():
    table = Table(
        "T",
        (
            Column("s", "time (ms)", lambda v: f"{v * 1e3:.0f} ms"),
            Column("n", ""),
            Column("o", "o"),
        ),
        ((0.5, "word", None),),
    )
    assert render(View(table, [])) == "::notice title=T::time (ms): 500 ms, word\n"


@pytest.mark.parametrize("level", ["error", "warning", "notice"])
def test_a_row_is_as_grave_as_its_level_says(level):
    columns = (Column("a", "a"), Column("level", "level", shown=False))
    shown = render(View(Table("T", columns, (("x", level), ("y", "notice"))), []))
    assert shown == f"::{level} title=T::a: x\n::notice title=T::a: y\n"


def test_a_row_with_an_empty_level_is_not_annotated():
    columns = (Column("a", "a"), Column("level", "level", shown=False))
    table = Table("T", columns, (("x", ""), ("y", "error"), ("z", "")))
    assert commands(render(View(table, []))) == [("error", {"title": "T"}, "a: y")]
    quiet_one = Table("T", columns, (("x", ""),))
    assert render(View(quiet_one, [])) == "::notice title=T::nothing to report\n"


@pytest.mark.parametrize("level", ["Error", "stop-commands", "error::x\n::set-env", None, 1])
def test_no_other_level_can_be_written(level):
    with pytest.raises(ValueError, match="level"):
        Table("T", (Column("level", "level", shown=False),), ((level,),))


def test_what_people_see_folded_is_annotated_all_the_same():
    table = Table("T", (Column("a", "a"),), (("x",), ("y",)))
    rest = Table("R", (Column("a", "a"),), (("y",),))
    assert render(View(table, [], above=(rest,), folded=rest)) == render(View(table, []))


def test_an_empty_text_is_not_said():
    assert render(view(("", "x"), title="T")) == "::notice title=T::b: x\n"


def test_the_tables_above_are_for_people_and_not_annotated():
    table = Table("T", (Column("a", "a"),), (("x",),))
    assert render(View(table, [], above=(table, table))) == "::notice title=T::a: x\n"


def test_a_file_name_chooses_it():
    assert format_of("out.github") == "github"


def test_a_name_that_no_system_has_is_said_as_it_is():
    name = f"{'0' * 300}/net.py"
    assert f"file={name}" in render(view((1, 2, name, 3), a="a", b="b", file="file", line="line"))


# Whatever a record holds.


@pytest.mark.slow
@given(TEXTS, TEXTS, TEXTS, TEXTS)
@example("%0A", "::", ",title=x", "\n::error::x")
@example("a%0D%0A::stop-commands::b", "\r::error::", "%2C", "%25")
def test_no_text_starts_a_command_or_ends_a_property(title, first, second, file):
    """Back comes exactly the visible form of what went in, in exactly one command a row."""
    file = file.replace("/", "|")[:50].strip(".")  # as a path it would be said in its shortest form
    columns = {"a": "a", "b": "b", "file": "file", "line": "line"}
    shown = render(view((first, second, file, 3), (second, first, None, None), title=title,
                        **columns))  # fmt: skip
    quiet(shown)
    one, two = commands(shown)
    place = {"file": visible(file), "line": "3"} if file else {"line": "3"}
    assert one[:2] == ("notice", {**place, "title": visible(title)})
    assert two[:2] == ("notice", {"title": visible(title)})
    assert one[2] == said(("a", first), ("b", second))
    assert two[2] == said(("a", second), ("b", first))


@given(TEXTS, TEXTS)
def test_headings_are_text_too(heading, value):
    (command,) = commands(render(view((value,), a=heading)))
    assert command[2] == said((heading, value))


@pytest.mark.parametrize("text", PARTS, ids=ascii)
def test_every_known_trick_is_text_in_a_profile(text, make_record):
    """In the model's name, the engine, a warning, and why a case failed."""
    hostile = make_record(text, failure=f"no {text}", warnings=(text,), engine=text)
    shown = render(profile_view([hostile, make_record("plain", engine=text)]))
    quiet(shown)
    first, second = commands(shown)
    assert (first[0], second[0]) == ("error", "notice")  # a case that failed is no notice
    assert set(first[1]) == set(second[1]) == {"title"}
    assert first[2].startswith(visible(f"model: {text}, "))
    assert second[2].startswith("model: plain, ")


@given(st.lists(TEXTS, min_size=1, max_size=4))
def test_a_profile_is_a_notice_a_case_whatever_the_cases_are_called(make_record, names):
    found = commands(render(profile_view([make_record(name) for name in names])))
    assert [name for name, _, _ in found] == ["notice"] * len(names)
    for model, (_, properties, message) in zip(names, found, strict=True):
        assert set(properties) == {"title"}
        assert message.startswith(said(("model", model)))


def test_a_profile_without_cases_is_one_notice():
    ((name, properties, message),) = commands(render(profile_view([])))
    assert (name, properties["title"], message) == (
        "notice", "Profile: no cases", "nothing to report",
    )  # fmt: skip


def test_nothing_depends_on_the_width_or_the_colours_of_a_terminal(make_record):
    shown = profile_view([make_record("x" * 300)])
    assert render(shown, width=40, colour=True) == render(shown)


def test_the_reader_of_this_test_sees_what_is_wrong():
    """The grammar above refuses what an exporter without escapes would write."""
    for text in ("::notice title=a::b\n::error::c\nplain\n", "::notice title=a,b::c\n",
                 "::notice title=a,title=b::c\n", "plain\n", "::notice title=a\n"):  # fmt: skip
        with pytest.raises(AssertionError):
            commands(text)
    assert commands("::notice title=a::b\n::error file=c::d\n")[1][0] == "error"
    assert unescape("%250A %0A") == "%0A \n"


def test_it_is_one_of_the_formats():
    assert "github" in registry.names("format")
    assert registry.load("format", "github").render is render


def test_a_row_that_has_a_title_is_headed_by_it_and_not_by_the_tables():
    columns = (Column("model", "model"), Column("title", "title", shown=False))
    table = Table("2 regressions: first latency", columns, (("second", "second: MAdds more"),))
    said = render(View(table, None))
    assert said == "::notice title=second%3A MAdds more::model: second\n"


@pytest.mark.parametrize("typed", ["net.py", "./net.py", "../vision/net.py", "{here}/net.py"])
def test_a_file_is_named_from_the_top_of_its_repository(tmp_path, monkeypatch, typed):
    here = tmp_path / "svc" / "vision"
    here.mkdir(parents=True)
    monkeypatch.chdir(here)
    columns = (Column("file", "file", shown=False), Column("level", "level", shown=False))
    view = View(Table("t", columns, ((typed.format(here=here), "error"),)), None)
    assert "file=svc/" not in render(view)  # no repository: as it is
    (tmp_path / ".git").mkdir()
    ((_, properties, _),) = commands(render(view))
    assert properties["file"] == "svc/vision/net.py"
