"""Modules of a network, and two networks side by side, in a real browser."""

from __future__ import annotations

import pytest
from made_up import HOSTILE

from lightbench.reports.html import render
from lightbench.views.section import Document, Section

CONV, NORM = ("conv2d", "dense conv"), ("batch_norm", "norm")


def network(name, scale, *, timed=True):
    """Bytes 60, 20 and 20 percent; seconds 20, 60 and 20."""
    ops = [
        ["stem.0", *CONV, 60 * scale, 1000 * scale, 0.002 if timed else None],
        ["stem.1", *NORM, 20 * scale, 0, 0.006 if timed else None],
        ["head", "linear", "linear", 20 * scale, 10, 0.002 if timed else None],
    ]
    return {"kind": "network", "name": name, "model": name, "ops": ops}


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    found = [network("one", 1000), network("two", 2000), network(HOSTILE, 1000, timed=False)]
    inner = tuple(Section(each["name"], model=each["name"], live=each) for each in found)
    whole = Section("Network by network", inner=inner, live={"kind": "pair"})
    path = tmp_path_factory.mktemp("networks") / "report.html"
    path.write_text(render(Document("A report", (Section("First"), whole))), encoding="utf-8")
    return path


def said(svg):
    return [cell.get_attribute("aria-label") for cell in svg.locator(".cell").all()]


@pytest.fixture
def drawings(page):
    page.locator("#s2-1 > summary").click()
    return page.locator("#s2-1 svg.icicle")


def test_modules_are_shown_by_time_beside_memory(drawings):
    time, memory = drawings.all()
    assert said(time) == [
        "one: 10.0 ms, 100.0 %",
        "stem: 8.00 ms, 80.0 %",
        "stem.0, dense conv: 2.00 ms, 20.0 %",
        "stem.1, norm: 6.00 ms, 60.0 %",
        "head, linear: 2.00 ms, 20.0 %",
    ]
    assert said(memory)[1] == "stem: 80.0 kB, 80.0 %"
    heights = [float(each.get_attribute("height")) for each in time.locator("rect").all()]
    assert heights[1] == pytest.approx(4 * heights[2], rel=0.05)


def test_a_click_or_enter_goes_in_and_the_way_back_is_shown(page, drawings):
    drawings.first.locator("[data-path='stem']").click()
    assert said(drawings.nth(1)) == [
        "stem: 80.0 kB, 100.0 %",
        "stem.0, dense conv: 60.0 kB, 75.0 %",
        "stem.1, norm: 20.0 kB, 25.0 %",
    ]
    assert "s2-1.in=stem" in page.url
    page.locator("#s2-1 .way").get_by_role("button", name="one").click()
    assert len(said(drawings.first)) == 5
    drawings.first.locator(".cell").first.focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    assert len(said(drawings.first)) == 3
    page.locator("#s2-1 .cell").first.focus()
    page.keyboard.press("Backspace")
    assert len(said(drawings.first)) == 5


def test_what_is_pointed_at_stands_out_in_both(drawings):
    drawings.first.locator("[data-path='head']").hover()
    assert drawings.nth(1).locator(".same").get_attribute("data-path") == "head"


def test_without_times_it_is_multiply_adds_and_memory(page):
    page.locator("#s2-3 > summary").click()
    captions = page.locator("#s2-3 .chart figcaption").all_text_contents()
    assert [words.split("SVG")[0].strip() for words in captions] == ["MAdds", "Memory access"]


def row(page, name):
    cells = page.locator("#pair tr", has=page.get_by_role("rowheader", name=name, exact=True))
    return cells.first.locator("td").all_text_contents()


def test_two_networks_are_held_against_each_other_and_a_link_keeps_which(visit, page, path):
    page.locator("#pair > summary").click()
    assert row(page, "all")[:6] == ["10.0 ms", "10.0 ms", "1.00", "100 kB", "200 kB", "2.00"]
    assert row(page, "norm")[3:6] == ["20.0 kB", "40.0 kB", "2.00"]
    page.get_by_label("Rows by", exact=True).select_option("layer")
    assert row(page, "stem.1")[3:6] == ["20.0 kB", "40.0 kB", "2.00"]
    page.get_by_label("B", exact=True).select_option(HOSTILE)
    assert row(page, "head")[:3] == ["20.0 kB", "20.0 kB", "1.00"]  # of one there are no times
    assert page.locator("img, [onerror]").count() == 0
    other = visit(path)
    other.goto("about:blank")
    other.goto(page.url)
    assert row(other, "head")[:3] == ["20.0 kB", "20.0 kB", "1.00"]


def test_what_one_of_two_lacks_is_unknown(visit, tmp_path):
    found = [network("one", 1000), network("two", 1000)]
    found[1]["ops"] = found[1]["ops"][:2]
    inner = tuple(Section(each["name"], live=each) for each in found)
    path = tmp_path / "two.html"
    whole = Section("Each", inner=inner, live={"kind": "pair"})
    path.write_text(render(Document("t", (whole,))), encoding="utf-8")
    page = visit(path)
    page.locator("#pair > summary").click()
    assert row(page, "linear")[:3] == ["2.00 ms", "-", "-"]
