"""No name, key or message gives GitHub's runner a command, wherever a log shows it.

The runner's ActionCommand.cs reads each line of stdout and stderr: it obeys one that begins with ``::``,
spaces before it or not, and what follows ``##[`` anywhere in one.
"""

from __future__ import annotations

import json
import re

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from lightbench import registry
from lightbench.cli.output import LONGEST_LINE, say, say_error
from lightbench.formats.csv import render as csv
from lightbench.records import store
from lightbench.reports import report
from lightbench.studies.profile.table import profile_view
from lightbench.units import visible
from lightbench.views.table import Column, Table, View

PARTS = ["::error::x", "::", ":", " ", "\n", "\r", "\r\n", "\x0b", "\x0c", "\x85", "\u2028", "\u2029",
         "##[error]x", "##[", "##", "#", "[", "\t", "x" * 75, "x" * 38, "a b ", "\u200b", "|", "`", "\\"]  # fmt: skip
NAMES = st.lists(st.sampled_from(PARTS), max_size=12).map("".join)
FORMATS = [
    name for name in registry.names("format") if name != "github"
]  # whose answer is commands


def obeyed(text):
    """The lines that the runner would take for commands."""
    lines = re.split("\r\n|\r|\n", text)
    return [line for line in lines if line.lstrip().startswith("::") or "##[" in line]


@pytest.mark.parametrize("name", FORMATS)
@settings(max_examples=100, deadline=None)
@given(text=NAMES)
@example("::error::x")
@example(" \t::error::x")
@example("a\n::error::x")
@example("a ##[error]x")
@example("x" * 74 + " ::error::x")
@example("x" * 76 + "::error::x")
def test_no_answer_holds_a_command_that_we_did_not_give(name, text):
    columns = (Column("note", "", align="left"), Column("b", "b", align="left"))
    table = Table(text, columns, (("", text), (text, "b")), (text, f"a note of {text}"))
    view = View(table, [{text: text}], above=(table,), folded=Table(text, columns, table.rows))
    for width in (40, 80, None):
        assert not obeyed(registry.load("format", name).render(view, width=width))


@pytest.mark.parametrize("name", FORMATS)
@settings(max_examples=30, deadline=None)
@given(text=NAMES)
@example("::error::x")
def test_no_record_can_put_a_command_into_a_profile(name, make_record, text):
    hostile = make_record(text, failure=f"cannot build\n{text}", warnings=(text,), engine=text)
    view = profile_view([hostile, make_record("plain", engine=text)])
    assert not obeyed(registry.load("format", name).render(view))


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["markdown", "html"])
@settings(max_examples=20, deadline=None)
@given(text=NAMES.filter(bool))
@example("::error::x")
@example("a\n::error::x\n##[error]y")
def test_no_record_can_put_a_command_into_a_report(kind, make_record, text):
    records = [make_record(text, warnings=(text,)), make_record("plain")]
    made = report(records, title=text, commands=[f"cat\n{text}\nEND"], note=text)
    document = made.markdown() if kind == "markdown" else made.html()
    style = re.compile(
        "<style>.*?</style>|<script.*?</script>", re.DOTALL
    )  # our own, always the same
    assert not obeyed(style.sub("", document))


@settings(deadline=None)
@given(text=NAMES)
@example("no key `a\n::error::x`.")
@example("::error::x")
def test_no_message_begins_a_line_of_its_own(text):
    with pytest.MonkeyPatch.context() as patch:
        said = []
        patch.setattr("click.echo", lambda text, err: said.append(text))
        say_error(text)
        say(f"Traceback:\n{text}")
    assert not obeyed("\n".join(said))
    first, *rest = said[0].split("\n")
    assert first.startswith("lightbench: ")
    assert all(line.startswith("  ") for line in rest)


def test_our_own_faults_cannot_either(lightbench, monkeypatch):
    def fails(*_):
        raise RuntimeError("odd\n::error::x\n##[error]y\nlightbench: all is well")

    monkeypatch.setattr("lightbench.cli.commands.devices.everything", fails)
    answer = lightbench("devices")
    assert answer.code == 70
    assert "RuntimeError: odd" in answer.err
    assert not obeyed(answer.err)


def test_a_message_that_quotes_a_name_without_end_stays_short(capsys):
    say_error(f"no model is called {'x' * 1_000_000}.\n  Try another.")
    first, second = capsys.readouterr().err.splitlines()
    assert len(first) < LONGEST_LINE + 10
    assert (first[-2:], second) == ("x.", "  Try another.")


@pytest.mark.parametrize(
    "arguments",
    [("report",), ("report", "--format", "html"), ("report", "--format", "csv"), ("history",),
     ("baseline", "show"), ("guidelines", "--from"), ("sweep", "groups", "--from"),
     ("device-card", "--from"), ("report", "--format", "json"), ("history", "--format", "markdown")],
    ids=" ".join,
)  # fmt: skip
@pytest.mark.parametrize("text", ["::error::x", "a\n::error::x", " ::error::x", "##[error]x"])
def test_no_command_passes_one_on(
    arguments, text, lightbench, make_record, sweep_records, tmp_path
):
    file = tmp_path / "s.jsonl"
    store.append(file, [make_record(text, warnings=(text,), engine=text)])
    store.append(
        file, sweep_records({"1:1": 0.010, text: 0.011}, channels=text, notes={text: text})
    )
    answer = lightbench(*arguments, file)
    assert answer.code in (0, 2)
    assert not obeyed(answer.err)
    style = re.compile("<style>.*?</style>|<script.*?</script>", re.DOTALL)
    assert not obeyed(style.sub("", answer.out))


@pytest.mark.parametrize(
    "key", ['"\\n::error::x"', '"::error::x"', '"a\\r::error::x"', '"##[error]x"']
)
@pytest.mark.parametrize("command", ["profile", "report"])
def test_a_key_of_a_suite_cannot_either(command, key, lightbench, tmp_path):
    file = tmp_path / "s.toml"
    file.write_text(f"models = ['example_conv_g4']\n{key} = 1\n")
    answer = lightbench(command, "--suite", file, "--device", "null")
    assert answer.code == 2
    assert not obeyed(answer.err)


def test_what_json_escapes_it_still_says():
    rendered = registry.load("format", "json").render(View(Table("", (), ()), ["a ##[error]x"]))
    assert json.loads(rendered) == ["a ##[error]x"]


def test_a_row_of_csv_is_one_line():
    table = Table("", (Column("model", "model"),), (("a\r\n::error::x",),))
    assert csv(View(table, [])).count("\n") == 2


@pytest.mark.parametrize("text", ["torch::nn", "a : b", "#1", "a::", "c1:c2"])
def test_names_that_are_no_commands_are_shown_as_they_are(text):
    assert visible(text) == text
