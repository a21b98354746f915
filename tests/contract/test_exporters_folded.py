"""A view of which a part is folded away: people see it in its place, programs get all rows."""

from __future__ import annotations

from html.parser import HTMLParser

import pytest
from markdown_it import MarkdownIt
from rendering import render

from lightbench import units
from lightbench.views.table import Column, Table, View

# A view of which a part is folded away.


def folding(title="Same", note="note"):
    """A check of three networks: one has changed, the others are folded; programs get all three."""
    columns = (Column("model", "model", align="left"), Column("n", "n"))
    changed, *rest = rows = (("slow", 1), ("one", 2), ("two", 3))
    return View(
        Table("All", columns, rows, ("for programs",)),
        [{"model": model} for model, _ in rows],
        above=(Table("Changed", columns, (changed,)),),
        folded=Table(title, columns, tuple(rest), (note,)),
    )


@pytest.mark.parametrize("name", ["table", "markdown", "html", "latex"])
def test_a_view_with_a_part_folded_looks_like_this(name, snapshot):
    assert render(name, folding()) == snapshot


@pytest.mark.parametrize("name", ["table", "markdown", "html", "latex"])
def test_people_are_shown_what_is_folded_in_the_place_of_the_table_for_programs(name):
    text = render(name, folding())
    assert text.index("Changed") < text.index("slow") < text.index("Same") < text.index("two")
    assert "All" not in text
    assert "for programs" not in text
    assert text.count("slow") == text.count("two") == 1


@pytest.mark.parametrize("name", ["csv", "json", "jsonl", "github", "junit"])
def test_programs_are_given_all_rows_whatever_is_folded(name):
    view = folding()
    assert render(name, view) == render(name, View(view.table, view.data))


def test_markdown_folds_with_html_and_what_is_inside_is_markdown_still():
    tokens = MarkdownIt("gfm-like", {"linkify": False}).parse(render("markdown", folding()))
    types = [token.type for token in tokens if token.level == 0]
    opened, closed = [i for i, kind in enumerate(types) if kind == "html_block"]
    assert types.index("table_open") < opened
    assert types[opened:closed].count("table_open") == 1
    assert types[opened:closed].count("bullet_list_open") == 1
    assert closed == len(types) - 1
    first, last = [token.content for token in tokens if token.type == "html_block"]
    assert (first, last) == ("<details><summary>Same</summary>\n", "</details>\n")


@pytest.mark.parametrize("text", ["</summary><script>x</script>", "@user #1", "a\n\n# b", "\ud800", "`a`",
                                  "https://example.com", "", "<!--", "\x1b[31m", "&lt;"], ids=ascii)  # fmt: skip
def test_the_title_of_what_is_folded_is_only_text(text):
    view = folding(title=text, note=f"</details>{text}")
    shown = render("markdown", view)
    tokens = MarkdownIt("gfm-like", {"linkify": False}).parse(shown)
    first, last = [token.content for token in tokens if token.type == "html_block"]
    assert last == "</details>\n"
    for html, allowed in ((first, ["details", "summary", "code"]), (render("html", view), None)):
        tags, texts = [], []
        parser = HTMLParser()
        parser.handle_starttag = lambda tag, attrs, tags=tags: tags.append(tag)
        parser.handle_data = texts.append
        parser.feed(html)
        parser.close()
        assert tags.count("details") == tags.count("summary") == 1
        assert units.visible(text) in "".join(texts)
        assert allowed is None or tags == allowed
        assert "script" not in tags
