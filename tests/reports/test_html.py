"""The HTML report as text: what it allows, what it holds, and that names of any origin stay text."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import subprocess
import sys
import tomllib
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lightbench.reports import assets
from lightbench.reports.html import render
from lightbench.units import milliseconds, visible
from lightbench.views.section import Document, Drawing, Section
from lightbench.views.sentence import Name, Sentence
from lightbench.views.table import Column, Table, View

VOID = {"meta", "link", "input", "br", "img", "hr"}
ATTACKS = (
    "<script>alert(1)</script>",
    "</script><script>alert(1)</script>",
    "</style></title></template></noscript>",
    "</td></tr></table><img src=x onerror=alert(1)>",
    '" onmouseover="alert(1)',
    "' onfocus='alert(1)' autofocus='",
    "javascript:alert(1)",
    "--><!--",
    "]]><![CDATA[",
    "&lt;b&gt;",
    "{{ 7 * 7 }}{% raw %}{# x #}",
    "\x1b[31mred\x07",
    "net\u202egpj.exe\u2066",
    "\x00\ufffe\ud800",
    "a\r\nb",
    "$\\foo$",
    "x" * 300,
)


class Page(HTMLParser):
    """Start tags with their attributes, all text, and what nested wrongly."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.open, self.wrong, self.text = [], [], [], {}
        self.feed(text)
        self.close()
        self.wrong += self.open

    def handle_startendtag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_starttag(self, tag, attrs):
        assert len(dict(attrs)) == len(attrs), f"an attribute twice in {tag}"
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        if not self.open or self.open.pop() != tag:
            self.wrong.append(tag)

    def handle_data(self, data):
        self.text.setdefault(self.open[-1] if self.open else "", []).append(data)

    def of(self, tag):
        return [attrs for name, attrs in self.tags if name == tag]

    def all(self, name):
        return [attrs[name] for _, attrs in self.tags if name in attrs]


def table(models=("a", "b"), times=(0.005, 0.010), title="Times", notes=(), **column):
    columns = (
        Column("model", "model", align="left", **column),
        Column("latency_s", "latency (ms)", milliseconds),
        Column("note", "", align="left"),
    )
    rows = tuple((model, time, "fine") for model, time in zip(models, times, strict=True))
    return Table(title, columns, rows, notes)


def drawing(name="net", caption="A point."):
    def draw():
        from matplotlib.figure import Figure

        from lightbench.figures.hover import tip
        from lightbench.figures.style import style

        with style():
            figure = Figure(figsize=(3, 2))
            tip(figure.subplots().plot([1], [1], "o")[0], f"{name}: 1 ms", name)
        return figure

    return Drawing("point", caption, draw)


def document(text="net", **more):
    """Every place that a name can come to."""
    view = View(table((text, "other"), title=text, notes=(text,)), None)
    folded = View(table((text,), (1.0,)), None, folded=table((text,), (1.0,), title=text))
    return Document(
        text,
        (
            Section("In short", (Sentence("Of 2 networks ", Name(text), " is the fastest."), text)),
            Section(text, drawings=(drawing(text, text),), views=(view, folded), commands=(text,)),
            Section(
                "Each",
                (),
                (drawing(),),
                inner=(Section(text, (text,), views=(view,), model=text),),
                model=text,
            ),
        ),
        **more,
    )


@pytest.fixture(scope="module")
def text():
    return render(document(about="lightbench 0.1.0"))


@pytest.fixture(scope="module")
def page(text):
    return Page(text)


def digest(text):
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def test_the_page_runs_its_own_script_and_style_and_nothing_else(page):
    [script], [style] = page.text["script"], page.text["style"]
    [policy] = [m["content"] for m in page.of("meta") if "http-equiv" in m]
    assert dict(rule.split(" ", 1) for rule in policy.split("; ")) == {
        "default-src": "'none'",
        "style-src": digest(style),
        "style-src-attr": "'unsafe-inline'",  # the lengths of bars; figures
        "script-src": digest(script),
        "img-src": "data:",  # no icon is fetched
        "base-uri": "'none'",
        "form-action": "'none'",
    }
    names = [tag for tag, _ in page.tags]
    assert (
        names.index("meta", names.index("meta") + 1) < names.index("style") < names.index("script")
    )
    assert not any(name.startswith("on") for _, attrs in page.tags for name in attrs)


def test_nothing_outside_the_page_is_referred_to(page, text):
    ids = set(page.all("id"))
    names = ("href", "xlink:href", "src", "srcset", "action", "data", "poster", "background")
    links = [link for name in names for link in page.all(name)]
    assert [link for link in links if not link.startswith("#")] == ["data:,"]
    assert {link[1:] for link in links if link.startswith("#")} <= ids
    assert {key for name in ("aria-labelledby",) for key in page.all(name)} <= ids
    assert set(re.findall(r"url\(.", text)) == {"url(#"}
    assert "@import" not in text
    assert set(re.findall(r"https?://[^\"' ]*", text)) == {
        "http://www.w3.org/2000/svg",  # names of the format, which nothing fetches
        "http://www.w3.org/1999/xlink",
    }


def test_the_page_is_well_nested_with_ids_that_are_its_own(page):
    assert page.wrong == []
    assert len(set(page.all("id"))) == len(page.all("id"))


def test_headings_go_down_one_step_at_a_time(page):
    levels = [int(tag[1]) for tag, _ in page.tags if re.fullmatch("h[1-6]", tag)]
    assert levels == [1, 2, 2, 2, 3]


def test_headings_end_at_the_sixth_level():
    section = Section("deep")
    for _ in range(6):
        section = Section("deep", inner=(section,))
    page = Page(render(Document("t", (section,))))
    levels = [tag for tag, _ in page.tags if re.fullmatch(r"h\d", tag)]
    assert levels == ["h1", "h2", "h3", "h4", "h5", "h6", "h6", "h6"]


def test_the_contents_name_every_section(page):
    links = [a["href"] for a in page.of("a")]
    assert links == ["#report", "#s1", "#s2", "#s3"]
    assert [s["id"] for s in page.of("section")] == ["s1", "s2", "s3"]


@pytest.mark.parametrize("attack", ATTACKS)
def test_text_of_any_origin_is_only_text(attack, page):
    hostile = Page(render(document(attack, about=attack)))
    assert [tag for tag, _ in hostile.tags] == [tag for tag, _ in page.tags]
    for (_, found), (_, expected) in zip(hostile.tags, page.tags, strict=True):
        assert list(found) == list(expected)
        assert {k for k in expected if found[k] != expected[k]} <= {"data-model"}
    assert hostile.text["h1"] == [visible(attack)]
    assert hostile.text["b"] == [visible(attack)]
    assert hostile.text["code"] == [visible(attack, keep="\n")]
    assert hostile.text["title"] == [visible(attack), f"{visible(attack)}: 1 ms", "net: 1 ms"]
    assert set(hostile.all("data-model")) == {visible(attack), "other", "net"}


@pytest.mark.parametrize("attack", ATTACKS)
def test_what_the_page_computes_with_ends_no_script_and_comes_back_as_visible_text(attack):
    held = {"kind": "none", "name": attack, attack: [attack, 0.5, None, {"more": True}]}
    inner = Section("inner", live=held)
    page = Page(render(Document("t", (Section("s", inner=(inner,)),))))
    assert page.wrong == []
    data, _ = page.text["script"]
    assert page.of("script")[0] == {"type": "application/json", "id": "live"}
    seen = visible(attack)
    expected = {"kind": "none", "name": seen, seen: [seen, 0.5, None, {"more": True}]}
    assert json.loads(data) == {"s1-1": expected}
    assert not set("<>&") & set(data)


@settings(max_examples=60, deadline=None)
@given(st.text())
def test_whatever_a_name_is_the_page_says_it_and_no_more(name):
    section = Section(name, (name,), views=(View(table((name,), (1.0,)), None),), commands=(name,))
    page = Page(render(Document(name, (section,), name or "x")))
    assert page.wrong == []
    assert "".join(page.text.get("h1", [])) == visible(name)
    assert page.all("data-model") == [visible(name)]
    assert len(page.of("script")) == len(page.of("style")) == 1


def test_numbers_are_sorted_by_what_they_are_and_unknown_ones_have_no_value():
    shown = table(("a", "b", "c"), (0.005, None, 0.010))
    page = Page(render(Document("t", (Section("s", views=(View(shown, None),)),))))
    assert page.all("data-value") == ["0.005", "0.01"]
    assert page.all("style") == ["--bar:50%", "--bar:100%"]
    assert [text for text in page.text["td"] if text.strip()] == (
        ["5.00", "fine", "-", "fine", "10.0", "fine"]
    )


def test_one_value_or_a_negative_one_has_no_bar():
    for times in ((0.5,), (0.5, -0.5), (0.0, 0.0)):
        shown = table(("a", "b")[: len(times)], times)
        page = Page(render(Document("t", (Section("s", views=(View(shown, None),)),))))
        assert page.all("style") == []


def test_yes_and_no_in_a_column_of_words_are_no_numbers():
    column = Column("measured", "measured", lambda yes: "yes" if yes else "no", align="left")
    page = Page(
        render(
            Document("t", (Section("s", views=(View(Table("t", (column,), ((True,),)), None),)),))
        )
    )
    assert page.all("data-value") == []


def test_a_row_knows_its_model_where_no_column_shows_it():
    shown = table(shown=False)
    page = Page(render(Document("t", (Section("s", views=(View(shown, None),)),))))
    assert page.all("data-model") == ["a", "b"]
    assert [h["scope"] for h in page.of("th")] == ["col", "col"]


def test_a_row_says_how_grave_it_is():
    columns = (Column("level", "level", shown=False), Column("said", "said", align="left"))
    shown = Table("Findings", columns, (("error", "a"), ("", "b")))
    page = Page(render(Document("t", (Section("s", views=(View(shown, None),)),))))
    assert page.all("data-level") == ["error"]


@pytest.mark.parametrize(
    ("models", "filtered"),
    [("abcd", False), ("abcde", True), ("a" * 23, False), ("a" * 24, True)],
)
def test_a_table_to_search_in_has_a_filter(models, filtered):
    shown = table(tuple(models), (1.0,) * len(models))
    page = Page(render(Document("t", (Section("s", views=(View(shown, None),)),))))
    assert bool(page.all("data-filter")) is filtered


def test_what_is_folded_and_sections_of_one_network_are_opened_by_a_click(page):
    assert [d.get("class") for d in page.of("details")] == ["panel", "folded", "inner"]
    assert page.of("details")[2]["data-model"] == page.of("section")[2]["data-model"] == "net"


@pytest.mark.parametrize(("notes", "folds"), [(0, 0), (6, 0), (7, 1), (30, 1)])
def test_all_notes_are_there_and_after_six_the_rest_is_folded(notes, folds):
    shown = table(notes=tuple(f"note {i}" for i in range(notes)))
    page = Page(render(Document("t", (Section("s", views=(View(shown, None),)),))))
    said = [text for text in page.text.get("li", []) if text.startswith("note")]
    assert said == [f"note {i}" for i in range(notes)]
    assert page.all("class").count("folded") == folds
    assert len([c for c in page.all("class") if c == "notes"]) == min(notes, 1) + folds


def test_a_command_keeps_its_lines():
    page = Page(render(Document("t", (Section("s", commands=("a \\\n  --b", "c\td")),))))
    assert page.text["code"] == ["a \\\n  --b", r"c\td"]


def test_what_can_be_scrolled_can_be_reached_and_has_a_name(page):
    scrolled = [attrs for _, attrs in page.tags if attrs.get("class") == "scroll"]
    assert len(scrolled) == 5
    for attrs in scrolled:
        assert (attrs["role"], attrs["tabindex"]) == ("region", "0")
        assert attrs["aria-labelledby"] in page.all("id")


@pytest.mark.slow
def test_fifty_networks_make_less_than_three_megabytes_and_always_the_same():
    columns = (
        Column("model", "model", align="left"),
        *(Column(f"c{i}_s", f"value {i} (ms)", milliseconds) for i in range(9)),
    )
    networks = [f"shufflenet_v2_x{i}_0_with_a_long_name" for i in range(50)]

    def view(model, k):
        rows = tuple((model, *((i + 1) / (k + 3) for k in range(9))) for i in range(12))
        return View(Table(f"{model} {k}", columns, rows, ("A note.",)), None)

    inner = tuple(
        Section(model, ("Words.",), views=tuple(view(model, k) for k in range(4)), model=model)
        for model in networks
    )
    whole = Document(
        "Fifty", (Section("Figures", drawings=(drawing(),) * 6), Section("Each", inner=inner))
    )
    text = render(whole)
    assert len(text.encode()) < 3_000_000
    assert Page(text).wrong == []
    assert render(whole) == text


def test_a_page_without_figures_is_written_without_torch_and_matplotlib():
    code = (
        "import sys\n"
        "from lightbench.reports.html import render\n"
        "from lightbench.views.section import Document, Section\n"
        "assert not {'jinja2', 'torch', 'matplotlib', 'pandas'} & set(sys.modules)\n"
        "render(Document('t', (Section('s'),)))\n"
        "assert not {'torch', 'matplotlib', 'pandas'} & set(sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


def test_the_template_the_style_and_the_script_are_part_of_the_package():
    root = Path(__file__).parents[2]
    data = tomllib.loads((root / "pyproject.toml").read_text())["tool"]["setuptools"][
        "package-data"
    ]
    found = {p.name for pattern in data["lightbench"] for p in (root / "lightbench").glob(pattern)}
    assert {path.name for path in assets.PAGE.iterdir()} <= found
    used = {f"{name}.css" for name in assets.STYLES} | {f"{name}.js" for name in assets.SCRIPTS}
    assert {*used, assets.TEMPLATE} == {path.name for path in assets.PAGE.iterdir()}
