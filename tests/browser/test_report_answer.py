"""The answer for constraints in a real browser: what to ship, live."""

from __future__ import annotations

import pytest

from lightbench.reports import report

M = 10**6


@pytest.fixture(scope="module")
def path(five, tmp_path_factory):
    path = tmp_path_factory.mktemp("answer") / "report.html"
    path.write_text(report(five).html(), encoding="utf-8")
    return path


def verdict(page):
    return page.locator(".verdict").inner_text()


def doubts(page):
    return page.locator(".doubts").inner_text()


def asked(page, name):
    return page.get_by_label(name)


def names(page):
    return [one.text_content() for one in page.locator("svg.live .name").all()]


def test_it_says_what_to_ship_and_what_is_next(page):
    # at least 70 %: mobilenet_v1 (70.6 %, 20 ms) and mobilenet_v2 (72.0 %, 25 ms)
    assert verdict(page).startswith("Ship mobilenet_v1: 70.6 % top-1, 20.0 ms (19.6 ms to 20.4 ms)")
    assert "Next best: mobilenet_v2 (72.0 % top-1, 25.0 ms" in verdict(page)
    assert doubts(page).startswith("2 of 5 networks meet all of that.")


def test_it_follows_what_is_typed(page):
    asked(page, "top-1 accuracy on ImageNet, at least").fill("65")
    assert verdict(page).startswith("Ship shufflenet_v2_x1_0: ")
    asked(page, "time of a call, at most").fill("14.9")  # it takes 15 ms, 14.7 to 15.3
    assert verdict(page) == (
        "None of 5 networks meets all of that. Nearest: shufflenet_v2_x1_0, whose time of a call misses it by 0.7 %."
    )
    asked(page, "time of a call, at most").fill("15.1")
    assert "The interval of its time reaches past the limit." in doubts(page)
    asked(page, "time of a call, at most").fill("15,4")
    assert "reaches past" not in doubts(page)
    asked(page, "time of a call, at most").fill("")
    page.get_by_label("Prefer the").select_option("most accurate")
    assert verdict(page).startswith("Ship mobilenet_v2: 72.0 % top-1")


def test_a_network_that_is_left_out_is_not_shipped_and_not_drawn(page):
    assert "mobilenet_v1" in names(page)
    page.locator("#models summary").click()
    page.get_by_role("checkbox", name="mobilenet_v1", exact=True).uncheck()
    assert verdict(page).startswith("Ship mobilenet_v2: ")
    assert "mobilenet_v1" not in names(page)
    assert page.locator("svg.live .tip").count() == 4
    page.get_by_role("button", name="None", exact=True).click()
    assert verdict(page) == "None of 0 networks meets all of that."


def test_what_was_asked_stands_in_the_address(visit, page, path):
    asked(page, "top-1 accuracy on ImageNet, at least").fill("")
    asked(page, "time of a call, at most").fill("100")
    page.get_by_label("Across").select_option("MAdds")
    other = visit(path)
    other.goto("about:blank")
    other.goto(page.url)
    assert asked(other, "top-1 accuracy on ImageNet, at least").input_value() == ""
    assert asked(other, "time of a call, at most").input_value() == "100"
    assert verdict(other) == verdict(page)
    assert "MAdds" in other.locator("svg.live .title").all_text_contents()


def test_the_chart_is_read_by_keyboard_and_the_front_is_of_what_is_shown(page):
    page.locator("svg.live .tip").first.focus()
    assert page.locator("#tip").inner_text().startswith("shufflenet_v2_x0_5: 60.3 % top-1, 10.0 ms")
    page.keyboard.press("ArrowRight")
    assert page.locator("#tip").inner_text().startswith("shufflenet_v2_x1_0")
    assert (
        page.locator("svg.live .front").get_attribute("d").count("V") == 4
    )  # resnet18 is not on it


def test_what_is_drawn_anew_is_not_there_twice(page, visit, path):
    assert not page.get_by_text("Median time of one call with its").first.is_visible()
    plain = visit(path, java_script_enabled=False)
    assert plain.get_by_text("Median time of one call with its").first.is_visible()
    assert plain.locator(".choice").count() == 0


@pytest.mark.parametrize("width", [390, 1366])
def test_the_answer_and_the_chart_are_seen_first(visit, path, width):
    page = visit(path, viewport={"width": width, "height": 768})
    assert page.locator(".verdict").bounding_box()["y"] < 500 + (width == 390) * 200
    assert page.evaluate("document.documentElement.scrollWidth") == width
    if width == 1366:
        chart = page.locator("svg.live").bounding_box()
        assert chart["y"] + chart["height"] <= 768


@pytest.mark.slow
def test_a_chart_as_a_file_has_its_colours(page):
    for kind, begins in (("SVG", b"<svg"), ("PNG", b"\x89PNG")):
        with page.expect_download() as found:
            page.get_by_role("button", name=f"Download Networks as {kind}").click()
        content = found.value.path().read_bytes()
        assert content.startswith(begins)
        assert kind == "PNG" or b"rgb(" in content
