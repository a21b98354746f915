"""A report as Markdown: commands in it are a code block that ends where they end."""

from __future__ import annotations

import pytest

from lightbench.reports.markdown import render
from lightbench.views.section import Document, Section


def block(*commands):
    """The fence, the lines of the block, and what closes it."""
    text = render(Document("Report", (Section("How", commands=commands),)), {})
    opened, *inner, closed = text.rstrip().splitlines()[4:]
    assert opened.endswith("sh")
    return opened.removesuffix("sh"), inner, closed


@pytest.mark.parametrize("longest", [0, 1, 2, 3, 4, 7])
def test_the_fence_of_commands_is_longer_than_any_run_of_backticks_in_them(longest):
    """CommonMark 0.31, 4.5: a fence has three backticks or more, and one as long closes the block."""
    commands = ("echo `date`", f"echo '\n{'`' * longest}\nrm -r results'")
    fence, inner, closed = block(*commands)
    assert fence == closed == "`" * max(longest + 1, 3)
    assert inner == "\n".join(commands).splitlines()
