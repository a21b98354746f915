"""Help: commands by what they are for, `lightbench help`, and what marks in tables mean."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest

from lightbench import cli, registry
from lightbench.cli import help as helping
from lightbench.views.remarks import MARKS

COMMANDS = registry.names("command")


def said(capsys, *arguments):
    assert cli.run(arguments) == 0
    return capsys.readouterr().out


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_says_its_group_and_an_example(name):
    assert registry.literal("command", name, "GROUP") in set(helping.GROUPS) - {helping.MORE}
    assert helping.examples(name)


def test_help_shows_every_command_once_in_the_order_of_the_groups(capsys):
    shown = said(capsys, "--help")
    titles = [line[:-1] for line in shown.splitlines() if re.fullmatch(r"[A-Z][\w ]+:", line)]
    assert titles == ["Options", *(g for g in helping.GROUPS if g != helping.MORE)]
    for name in COMMANDS:
        assert len(re.findall(rf"^  {name.replace('_', '-')} ", shown, re.MULTILINE)) == 1


def test_a_command_of_another_package_without_a_group_is_under_more(monkeypatch):
    monkeypatch.setattr(registry, "literal", lambda *_: None)
    assert [group for group, _ in helping.grouped(["count", "check"])] == [helping.MORE]
    monkeypatch.setattr(registry, "literal", lambda *_: ["no", "group"])
    assert [group for group, _ in helping.grouped(["count"])] == [helping.MORE]


@pytest.mark.parametrize(
    "path", [[], ["check"], ["device-card"], ["baseline"], ["baseline", "save"]]
)
def test_help_of_a_command_is_what_its_option_says(path, capsys):
    assert said(capsys, "help", *path) == said(capsys, *path, "--help")


@pytest.mark.parametrize(
    ("path", "near"),
    [(["chekc"], "Did you mean check"), (["baseline", "sav"], "no command 'sav'"),
     (["check", "more"], "no command 'more'")],
)  # fmt: skip
def test_help_of_no_command_says_so(path, near, capsys):
    assert cli.run(["help", *path]) == 2
    assert near in capsys.readouterr().err


def marking():
    """The studies whose tables have a column of signs."""
    for table in sorted(registry.PACKAGE.glob("studies/*/table.py")):
        if re.search(r"Column\([^)]*\bsigns\b", table.read_text(encoding="utf-8")):
            yield table.parent.name


@pytest.mark.parametrize("name", [*marking(), "baseline", "report"])
def test_help_explains_every_mark_where_tables_have_them(name, capsys):
    _, _, shown = said(capsys, name, "--help").partition("Marks beside a row:")
    for word, sign, _ in MARKS:
        assert re.search(rf"^    {re.escape(sign)}  {word}: ", shown, re.MULTILINE), (name, word)


def test_help_that_explains_marks_imports_no_torch():
    program = "import sys; from lightbench import cli; cli.run(['help', 'profile']); print('torch' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert "Marks beside a row" in done.stdout
    assert done.stdout.endswith("False\n")
