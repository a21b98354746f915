"""A name of 100,000 characters costs no more than its length: what would be tried again from every
place in it took minutes."""

from __future__ import annotations

import subprocess
import sys

import pytest

from lightbench import registry
from lightbench.errors import LONGEST_NAME, UnknownName, nearest
from lightbench.formats.markdown import _quoted, code

LONG = 100_000
CHARACTERS = ["\\", "`", "|", "[", " ", "\n", "$", "<", "\u7f51", ","]

RENDER = """
import sys
from lightbench import registry
from lightbench.views.table import Column, Table, View
name = sys.argv[1].encode().decode("unicode_escape") * {long} + "x"
columns = Column("model", "model", align="left"), Column("n", "n")
table = Table(name, columns, ((name, 1), ("plain", 2)), (name,))
view = View(table, [name], above=(table,), folded=table)
for form in registry.names("format"):
    registry.load("format", form).render(view)
"""


@pytest.mark.slow
@pytest.mark.parametrize("character", CHARACTERS, ids=ascii)
def test_every_format_renders_it(character):
    """In a process of its own, since what is slow here would be so for minutes."""
    escaped = character.encode("unicode_escape").decode()
    command = [sys.executable, "-c", RENDER.format(long=LONG), escaped]
    subprocess.run(command, check=True, timeout=100)


def test_a_name_that_nobody_typed_is_not_held_against_others():
    long = "ab\\c" * LONG
    assert nearest(long, [long[1:], "mobilenet_v2"]) == []
    assert nearest("mobilenet_v3", [long, "mobilenet_v2"]) == ["mobilenet_v2"]
    assert nearest("x" * LONGEST_NAME, ["x" * (LONGEST_NAME - 1)])
    assert "Did you mean" not in str(UnknownName("model", long, [long[1:]]))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("@a,", f"{code('@a')},"),
        ("(@a).", f"({code('@a')})."),
        ("@a,b", code("@a,b")),
        ("((@", f"({code('(@')}"),
        ("...", code("...")),
        ("(", code("(")),
        ("(,)", code("(,)")),
    ],
)
def test_punctuation_around_a_name_stays_outside_its_code(text, expected):
    assert _quoted(text) == expected


def test_every_bar_of_a_cell_is_escaped_behind_its_own_backslashes():
    markdown = registry.load("format", "markdown")
    from lightbench.views.table import Column, Table, View

    table = Table("t", (Column("a", "a", align="left"),), (("a\\\\|b|c\\d",),))
    assert r"`a\\\\\|b\|c\d`" in markdown.render(View(table, []))
