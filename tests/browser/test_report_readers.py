"""The HTML report in a real browser: by keyboard, on a phone, without scripts, and with hostile names."""

from __future__ import annotations

from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
from made_up import HOSTILE, TIMES, UP, choice, column, head

from lightbench.records import store
from lightbench.reports import report
from lightbench.reports.html import render
from lightbench.views.section import Document, Section
from lightbench.views.sentence import Name, Sentence
from lightbench.views.table import Column, Table, View

QUICK = Path(__file__).parents[2] / "results/amd-epyc-2-cores/quick.jsonl"


# Reading with a keyboard, on a phone, without scripts.


@pytest.mark.slow
def test_a_keyboard_alone_reaches_and_sorts(page):
    page.keyboard.press("Tab")
    assert page.locator(".skip").evaluate("e => e === document.activeElement")
    assert page.locator(".skip").bounding_box()["y"] >= 0
    page.keyboard.press("Enter")
    button = head(page, "latency").get_by_role("button")
    for _ in range(16):
        page.keyboard.press("Tab")
        if button.evaluate("e => e === document.activeElement"):
            break
    assert button.evaluate("e => getComputedStyle(e).outlineStyle") == "solid"
    page.keyboard.press("Enter")
    assert column(page) == UP
    page.keyboard.press("Space")
    assert column(page)[:-1] == UP[-2::-1]


def test_every_control_has_a_name(page):
    page.locator("#models summary").click()
    names = page.locator("button, input, summary, a, [role=region]").evaluate_all(
        """all => all.map((e) => e.ariaLabel || e.labels?.[0]?.textContent || e.textContent
             || document.getElementById(e.getAttribute("aria-labelledby"))?.textContent)"""
    )
    assert len(names) > 50
    assert all(name.strip() for name in names)
    for kind in ("navigation", "main", "banner"):
        assert page.get_by_role(kind).count() == 1


@pytest.mark.slow
@pytest.mark.parametrize("real", [False, True], ids=["made up", "measured"])
def test_on_a_phone_only_tables_and_figures_scroll_sideways(visit, path, tmp_path, real):
    if real:
        path = tmp_path / "real.html"
        path.write_text(report(store.read(QUICK)).html(), encoding="utf-8")
    page = visit(path, viewport={"width": 360, "height": 740}, has_touch=True, is_mobile=True)
    page.evaluate("document.querySelectorAll('main details').forEach((e) => { e.open = true; })")
    assert page.evaluate("document.documentElement.scrollWidth") == 360
    assert page.evaluate("visualViewport.scale") == 1
    page.evaluate("scrollTo(1000, 0)")
    assert page.evaluate("scrollX") == 0
    box = page.locator(".table .scroll", has=page.locator("th:nth-child(9)")).first
    box.evaluate("e => e.scrollTo({ left: 300, behavior: 'instant' })")
    assert box.evaluate("e => e.scrollLeft") == 300
    first = box.locator("tbody th").first.bounding_box()
    assert first["x"] == pytest.approx(box.bounding_box()["x"], abs=1)  # the name stays in sight


@pytest.mark.parametrize("width", [360, 1280])
def test_a_very_long_name_makes_nothing_wide(visit, tmp_path, width):
    name = "x" * 300
    columns = (Column("model", name, align="left"), Column("time", "time", align="left"))
    view = View(Table(name, columns, ((name, name), ("a", "b")), (name,)), None)
    inner = Section(name, (name,), views=(view,), model=name)
    whole = Section(name, (Sentence(Name(name)),), views=(view,), commands=(name,), inner=(inner,))
    path = tmp_path / "long.html"
    path.write_text(render(Document(name, (whole, whole), name)), encoding="utf-8")
    page = visit(path, viewport={"width": width, "height": 740})
    page.locator("#models summary").click()
    page.locator("details.inner summary").first.click()
    assert page.evaluate("document.documentElement.scrollWidth") == width
    assert page.locator("tbody th span").first.bounding_box()["width"] <= 17 * 16
    page.locator("#models summary").click()
    panel = page.locator("fieldset").bounding_box()
    assert panel["width"] > 300
    assert panel["x"] >= 0
    assert panel["x"] + panel["width"] <= width


def test_without_scripts_all_can_be_read_and_nothing_promises_more(visit, path):
    page = visit(path, java_script_enabled=False)
    assert column(page) == list(TIMES)
    assert page.get_by_role("button").count() == page.get_by_role("searchbox").count() == 0
    assert not page.locator("#controls").is_visible()
    page.locator("details.inner summary").first.click()
    assert page.get_by_text("Inside a fold.").first.is_visible()


def test_a_command_is_copied_as_it_is(page):
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    button = page.locator(".command button")
    button.click()
    page.get_by_role("button", name="Copied").wait_for()
    assert page.evaluate("navigator.clipboard.readText()") == (
        "lightbench report a.jsonl \\\n  -o b.html"
    )


# Safety.


def test_a_hostile_name_stays_text_whatever_the_reader_does(page):
    page.locator("#models summary").click()
    choice(page, HOSTILE).uncheck()
    assert column(page) == ["small", "large", "middle", "x2"]
    choice(page, HOSTILE).check()
    head(page, "model").get_by_role("button").click()
    page.get_by_label("Filter").fill(HOSTILE)
    assert column(page) == [HOSTILE]
    assert page.locator("img, [onerror]").count() == 0


@pytest.mark.parametrize("allowed", [False, True], ids=["policy", "no policy"])
def test_the_policy_stops_what_a_mistake_would_let_in(browser, path, allowed):
    """Without it this browser asks for all of these."""
    asked = []

    class Listener(BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append(self.path)
            self.send_error(404)

        def log_message(self, *args):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Listener) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        context = browser.new_context(bypass_csp=allowed)
        page = context.new_page()
        page.goto(path.as_uri())
        page.evaluate(
            """(to) => {
              const add = (tag, attributes) => {
                const element = document.createElement(tag);
                for (const key in attributes) element.setAttribute(key, attributes[key]);
                document.body.append(element);
                return element;
              };
              add("img", { src: `${to}/a.png` });
              add("script", { src: `${to}/a.js` });
              add("iframe", { src: `${to}/a.html` });
              add("link", { rel: "stylesheet", href: `${to}/a.css` });
              add("p", { style: `background: url(${to}/b.png)` }).textContent = "Text.";
              add("p", { onclick: "document.title = 'run'" }).click();
            }""",
            f"http://127.0.0.1:{server.server_port}",
        )
        for _ in range(100 if allowed else 5):
            page.wait_for_timeout(100)
            if len(asked) == 5:
                break
        title = page.title()
        context.close()
        server.shutdown()
    if allowed:
        assert sorted(asked) == ["/a.css", "/a.html", "/a.js", "/a.png", "/b.png"]
        assert title == "run"
    else:
        assert asked == []
        assert title == "A report"
