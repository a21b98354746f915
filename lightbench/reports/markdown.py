"""A report as Markdown, as GitHub shows it; its figures are files beside it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from html import escape
from os import fsencode
from urllib.parse import quote

from lightbench import registry
from lightbench.formats.markdown import code, prose
from lightbench.units import visible
from lightbench.views.section import Document, Section
from lightbench.views.sentence import Name, Sentence


def render(document: Document, figures: Mapping[str, str]) -> str:
    """``figures`` are the file names of drawings, by the drawings' names; others are left out."""
    lines = [f"# {prose(document.title)}", ""]
    if document.about:
        lines += [prose(document.about), ""]
    for section in document.sections:
        lines += [f"## {prose(section.title)}", "", *_body(section, figures)]
    return "\n".join(lines).rstrip() + "\n"


def _body(section: Section, figures: Mapping[str, str]) -> Iterator[str]:
    for sentence in section.sentences:
        yield from (_sentence(sentence), "")
    if section.commands:
        yield from _commands(section.commands)
    for drawing in section.drawings:
        if drawing.name in figures:
            link = quote(fsencode(figures[drawing.name]))
            yield from (f"![{prose(drawing.caption)}]({link})", "")
    for view in section.views:
        yield registry.load("format", "markdown").render(view)
    for inner in section.inner:
        # Markdown goes on inside HTML after an empty line.
        yield f"<details><summary><code>{escape(visible(inner.title))}</code></summary>"
        yield from ("", *_body(inner, figures), "</details>", "")


def _sentence(sentence: str) -> str:
    """Names of any origin are code, in which nothing acts; our own words are Markdown already."""
    if not isinstance(sentence, Sentence):
        return prose(sentence)
    return "".join(code(part) if isinstance(part, Name) else part for part in sentence.parts)


def _commands(lines: tuple[str, ...]) -> Iterator[str]:
    """A code block, whose fence is longer than any run of backticks in it."""
    text = [visible(line) for command in lines for line in command.split("\n")]
    fence = "```"
    while any(fence in line for line in text):
        fence += "`"
    yield from (f"{fence}sh", *text, fence, "")
