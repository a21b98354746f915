"""Tools of a table in a real browser: filters, ranges, columns, files; and an address that keeps all of it."""

from __future__ import annotations

import csv
from io import StringIO

import pytest
from made_up import HOSTILE, TIMES, choice, column, head


def panel(page):
    page.get_by_text("Columns and ranges").click()
    return page.get_by_role("group", name="Columns that are shown")


def again(visit, page, path):
    """The same link in another window."""
    other = visit(path)
    other.goto("about:blank")
    other.goto(page.url)
    return other


def test_of_words_with_a_bar_between_them_one_is_enough(page):
    box = page.get_by_label("Filter")
    box.fill("small|LARGE")
    assert column(page) == ["small", "large"]
    box.fill("small|large|middle cpu")
    assert column(page) == ["middle"]
    box.fill("|")
    assert column(page) == list(TIMES)


def test_a_range_is_in_the_unit_of_the_heading_and_what_is_unknown_is_in_none(page):
    within = panel(page)
    within.get_by_label("latency (ms), at least").fill("10")
    assert column(page) == ["large", "middle", "x2"]  # 0.1 s, 0.02 s and 0.011 s
    most = within.get_by_label("latency (ms), at most")
    most.fill("20")
    assert column(page) == ["middle", "x2"]
    most.fill("much")
    assert most.get_attribute("aria-invalid") == "true"
    assert column(page) == ["large", "middle", "x2"]


def test_a_column_that_is_left_out_is_out_and_comes_back(page):
    within = panel(page)
    box = within.get_by_role("checkbox", name="MAdds")
    box.uncheck()
    assert not head(page, "MAdds").is_visible()
    assert not page.locator("section:nth-of-type(2) > figure td:nth-child(16)").first.is_visible()
    box.check()
    assert head(page, "MAdds").is_visible()
    assert within.get_by_role("checkbox", name="model").is_disabled()


def test_a_file_has_the_rows_and_columns_that_are_shown_as_raw_values(page):
    page.get_by_label("Filter").fill("small|img")
    panel(page).get_by_role("checkbox", name="device").uncheck()
    with page.expect_download() as found:
        page.get_by_role("button", name="Download Comparison as CSV").click()
    heads, *rows = csv.reader(StringIO(found.value.path().read_text()))
    assert found.value.suggested_filename == "Comparison.csv"
    assert (heads[:2], heads[-1], "device" in heads) == (["model", "latency_s"], "madds", False)
    assert [(row[0], row[1], row[-1]) for row in rows] == [
        ("small", "0.009", "1200000000"), (HOSTILE, "", "900000000"),
    ]  # fmt: skip


@pytest.mark.slow
def test_a_figure_is_handed_out_as_svg_and_as_png(page):
    for kind, begins in (("SVG", b"<svg"), ("PNG", b"\x89PNG")):
        with page.expect_download() as found:
            page.get_by_role("button", name=f"Download Times. as {kind}").click()
        assert found.value.path().read_bytes().startswith(begins)


def test_a_link_shows_what_was_chosen(visit, page, path):
    page.locator("#models summary").click()
    choice(page, "large").uncheck()
    page.get_by_label("Filter").fill("small|x2|middle")
    head(page, "latency").get_by_role("button").click()
    head(page, "latency").get_by_role("button").click()
    within = panel(page)
    within.get_by_label("latency (ms), at most").fill("15")
    within.get_by_role("checkbox", name="device").uncheck()
    assert column(page) == ["x2", "small"]
    other = again(visit, page, path)
    assert column(other) == ["x2", "small"]
    assert head(other, "latency").get_attribute("aria-sort") == "descending"
    assert not head(other, "device").is_visible()
    assert other.get_by_label("Filter").input_value() == "small|x2|middle"


def test_the_way_through_the_contents_keeps_what_was_chosen_and_lands_below_the_bar(page):
    page.set_viewport_size({"width": 900, "height": 400})
    page.get_by_label("Filter").fill("small")
    page.get_by_role("link", name="Each").click()
    page.wait_for_timeout(800)
    assert "#s3?" in page.url
    assert "small" in page.url
    bar, heading = page.locator("#bar").bounding_box(), page.locator("#s3-title").bounding_box()
    assert heading["y"] >= bar["y"] + bar["height"]


@pytest.mark.parametrize(
    "words",
    [
        "not=%3Cimg+src%3Dx+onerror%3Dalert(1)%3E",
        "s2-t1.sort=__proto__+ascending&s2-t1.latency_s=1e999..x&s2-t1.hide=constructor",
        "s2-t1.filter=%3Cscript%3Ealert(1)%3C/script%3E",
        "%%%&=&&?#",
    ],
)
def test_whatever_stands_in_an_address_is_text(visit, path, words):
    page = visit(path)
    page.goto("about:blank")
    page.goto(f"{path.as_uri()}#s2?{words}")
    assert page.locator("h1").inner_text() == "A report"
    assert page.locator("img, [onerror]").count() == 0
    assert page.get_by_label("Filter").is_visible()
