"""The HTML report in a real browser: what a reader does with its tables and figures, and on paper."""

from __future__ import annotations

import re

import pytest
from made_up import HOSTILE, TIMES, UP, choice, column, head, points, seen
from playwright.sync_api import expect

# Tables.


@pytest.mark.slow
def test_a_click_sorts_up_then_down_then_as_it_was_and_the_unknown_stay_last(page):
    latency = head(page, "latency")
    for said, expected in (
        ("ascending", UP),
        ("descending", [*UP[-2::-1], HOSTILE]),
        (None, list(TIMES)),
        ("ascending", UP),
    ):
        latency.get_by_role("button").click()
        assert latency.get_attribute("aria-sort") == said
        assert column(page) == expected


def test_numbers_are_sorted_by_what_they_are_not_by_how_they_read(page):
    head(page, "MAdds").get_by_role("button").click()
    assert column(page, 16) == ["30", "8.000 k", "2.000 M", "900.0 M", "1.200 G"]


def test_words_are_sorted_as_a_reader_would_and_one_column_at_a_time(page):
    head(page, "latency").get_by_role("button").click()
    head(page, "model").get_by_role("button").click()
    assert column(page) == [HOSTILE, "large", "middle", "small", "x2"]
    assert page.locator("[aria-sort]").count() == 1


def test_equal_values_keep_the_order_of_the_report(page):
    head(page, "device").get_by_role("button").click()
    assert column(page) == [HOSTILE, "middle", "small", "large", "x2"]


def test_a_filter_shows_rows_that_hold_every_word_in_any_column(page):
    box = page.get_by_label("Filter")
    box.fill("Cpu")
    assert column(page) == [HOSTILE, "middle"]
    assert page.locator(".filter .count").inner_text() == "2 of 5 rows"
    box.fill("  cuda  arg")
    assert column(page) == ["large"]
    box.fill("nothing like it")
    assert column(page) == []
    box.fill("")
    assert column(page) == list(TIMES)
    assert page.locator(".filter .count").inner_text() == "5 of 5 rows"


def test_only_the_table_of_several_networks_has_a_filter(page):
    assert page.get_by_role("searchbox").count() == 1


# Figures.


def test_a_point_says_its_value_where_it_is_hovered(page):
    note = page.locator("#tip")
    assert not note.is_visible()
    points(page).nth(1).hover()
    assert note.inner_text() == "large: 100 ms"
    at, shown = points(page).nth(1).bounding_box(), note.bounding_box()
    assert shown["y"] + shown["height"] <= at["y"] or shown["y"] >= at["y"] + at["height"]
    assert abs(shown["x"] + shown["width"] / 2 - at["x"] - at["width"] / 2) < 2
    page.mouse.move(0, 0)
    assert not note.is_visible()


def test_a_point_says_its_value_to_the_keyboard_and_to_a_screen_reader(page):
    note = page.locator("#tip")
    page.get_by_role("region", name="Times.").focus()
    page.keyboard.press("Tab")
    assert note.inner_text() == "small: 9.00 ms"
    page.keyboard.press("ArrowRight")
    assert note.inner_text() == "large: 100 ms"
    page.keyboard.press("Escape")
    assert not note.is_visible()
    page.keyboard.press("Tab")  # one stop a figure
    assert page.evaluate("document.activeElement.tagName") != "g"
    assert page.get_by_role("img", name="middle: 20.0 ms").count() == 1
    assert page.locator(".picture title").count() == 0  # or the browser would show it as well


def test_a_point_that_has_to_be_scrolled_to_keeps_its_value_beside_it(page):
    page.set_viewport_size({"width": 800, "height": 300})
    point = points(page).nth(1)
    point.focus()
    page.wait_for_timeout(500)
    assert page.evaluate("scrollY") > 0
    at, shown = point.bounding_box(), page.locator("#tip").bounding_box()
    gap = max(at["y"] - shown["y"] - shown["height"], shown["y"] - at["y"] - at["height"])
    assert 0 <= gap < 20


# Models.


def test_a_model_left_out_leaves_tables_and_sections_and_figures_say_that_they_have_it(page):
    page.locator("#models summary").click()
    choice(page, "large").uncheck()
    assert column(page) == ["small", HOSTILE, "middle", "x2"]
    assert seen(page.locator("details.inner")) == [True, True, False, True, True]
    assert page.locator("#models .count").inner_text() == "4 of 5"
    assert page.locator(".filter .count").inner_text() == "4 of 5 rows"
    said = page.get_by_text("Drawn of all networks")
    assert said.is_visible()
    assert all(seen(points(page)))
    choice(page, "large").check()
    assert not said.is_visible()


@pytest.mark.parametrize("across", [0.05, 0.5, 0.95])
@pytest.mark.parametrize("down", [0.1, 0.5, 0.9])
def test_the_whole_button_of_the_models_opens_them(page, across, down):
    box = page.locator("#models summary").bounding_box()
    page.mouse.click(box["x"] + across * box["width"], box["y"] + down * box["height"])
    assert page.locator("#models fieldset").is_visible()


def test_none_and_all(page):
    page.locator("#models summary").click()
    page.get_by_role("button", name="None", exact=True).click()
    assert column(page) == []
    assert not any(seen(page.locator("details.inner")))
    choice(page, "x2").check()
    assert column(page) == ["x2"]
    page.get_by_role("button", name="All", exact=True).click()
    assert column(page) == list(TIMES)


def test_a_row_that_is_filtered_away_stays_away_when_its_model_comes_back(page):
    page.get_by_label("Filter").fill("cuda")
    page.locator("#models summary").press("Enter")  # a click may miss what moves as rows go away
    page.get_by_role("button", name="None", exact=True).click()
    page.get_by_role("button", name="All", exact=True).click()
    assert column(page) == ["small", "large", "x2"]


def test_the_choice_closes_with_escape_or_a_click_elsewhere(page):
    panel, summary = page.locator("#models fieldset"), page.locator("#models summary")
    summary.click()
    page.keyboard.press("Escape")
    assert not panel.is_visible()
    summary.click()
    assert panel.is_visible()
    page.locator("h1").click()
    assert not panel.is_visible()


# Colours and paper.


def darkness(page):
    """What a reader sees: the page's background and its figure's, 0 black to 255 white."""
    return page.evaluate("""() => {
        const level = (element) => {
          const style = getComputedStyle(element);
          const [, red] = style.backgroundColor.match(/rgb\\((\\d+)/);
          const turned = Number((style.filter.match(/invert\\(([\\d.]+)\\)/) ?? [0, 0])[1]);
          return Math.round(red * (1 - turned) + (255 - red) * turned);
        };
        return [document.body, document.querySelector(".picture")].map(level);
      }""")


def test_dark_mode_is_the_systems_until_the_button_says_otherwise(page):
    button = page.locator("#dark")
    for scheme, pressed in (("light", "false"), ("dark", "true")):
        page.emulate_media(color_scheme=scheme)
        expect(button).to_have_attribute("aria-pressed", pressed)
        assert [level < 60 for level in darkness(page)] == [scheme == "dark"] * 2
    button.click()
    expect(button).to_have_attribute("aria-pressed", "false")
    assert min(darkness(page)) > 200
    page.emulate_media(color_scheme="light")
    button.click()
    assert max(darkness(page)) < 60


def on_paper(page):
    page.emulate_media(media="print")
    page.set_viewport_size({"width": 703, "height": 1000})  # A4 within its margins


def pages(page):
    return len(re.findall(rb"/Type\s*/Page\b", page.pdf(prefer_css_page_size=True)))


def test_paper_is_light_and_has_no_controls(page):
    page.locator("#dark").click()
    on_paper(page)
    assert min(darkness(page)) > 200
    for hidden in ("#bar", ".filter", ".downloads", ".skip"):
        assert not page.locator(hidden).first.is_visible()
    assert page.locator("table").evaluate_all(
        "all => all.filter((e) => e.getBoundingClientRect().right > innerWidth).length"
    ) == 0  # fmt: skip


def test_what_is_printed_is_the_summary_and_says_that_there_is_more(page):
    on_paper(page)
    shown = seen(page.locator("main > section"))
    assert shown == [True, True, False, False]
    assert page.get_by_text("The page itself has more").is_visible()
    assert pages(page) == 1


def test_all_is_printed_where_all_is_asked_for_with_its_folds_open(page):
    page.evaluate("print = () => {}")
    page.locator("details.inner summary").first.click()
    page.get_by_role("button", name="Print all").click()
    on_paper(page)
    assert all(seen(page.locator("main > section")))
    assert seen(page.get_by_text("Inside a fold.")) == [True] * 5
    assert not page.get_by_text("The page itself has more").is_visible()
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    assert page.locator("main details[open]").count() == 1  # that which was open before
    assert not page.get_by_text("Inside a fold.").first.is_visible()
