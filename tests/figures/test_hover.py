"""Figures as a part of a page: the SVG alone, ids of its own, and texts on points and bars."""

from __future__ import annotations

import re
from pathlib import Path
from xml.etree import ElementTree

import matplotlib as mpl
import msgspec
import pytest

from lightbench.figures.hover import tip
from lightbench.figures.save import save, svg_text
from lightbench.models.accuracy import Accuracy
from lightbench.reports.figures.pareto import draw as draw_pareto
from lightbench.studies.guidelines.figure import draw as draw_guideline
from lightbench.studies.profile.figure import draw
from lightbench.studies.sweep.figure import draw as draw_sweep
from lightbench.units import visible

SVG = "{http://www.w3.org/2000/svg}"
HREF = "{http://www.w3.org/1999/xlink}href"
UGLY = [
    "<script>alert(1)</script>", '"]]>-->" onload="x"', "url(#a)", "#a", "a\nb\x1b[31m\x00",
    "net\u202ecod", "\u7f51\u7edc", "\udcff\ufffe", "tip ", "W" * 300, "", "&amp;&#60;", "$x^2$",
]  # fmt: skip


def parsed(text):
    return ElementTree.fromstring(text)


def tipped(root):
    """What is said where something is hovered: the model, and the text."""
    groups = [g for g in root.iter(f"{SVG}g") if g.get("class") == "tip"]
    assert all(group[0].tag == f"{SVG}title" for group in groups)
    assert not any(group.get("id") for group in groups)  # which carried the tip
    return [(group.get("data-model"), group[0].text) for group in groups]


def references(root):
    for element in root.iter():
        for name, value in element.attrib.items():
            if name == HREF:
                yield value
            elif name != "data-model":
                yield from re.findall(r"url\(([^)]*)\)", value)


@pytest.fixture
def figure(make_record):
    return draw([make_record(f"net{i}", latency_s=0.01 * (i + 1)) for i in range(3)])


def test_an_svg_for_a_page_is_the_element_alone(figure):
    text = svg_text(figure, "a-")
    assert text.startswith("<svg ")
    assert text.endswith("</svg>")
    assert not re.search("<[?!]", text)
    tags = {element.tag.removeprefix(SVG) for element in parsed(text).iter()}
    assert tags <= {"svg", "g", "defs", "path", "use", "clipPath", "rect", "text", "title"}


def test_what_its_style_sheet_said_is_said_by_its_root(figure):
    """A <style> in a page would act on all of it."""
    root = parsed(svg_text(figure, "a-"))
    assert (root.get("stroke-linejoin"), root.get("stroke-linecap")) == ("round", "butt")


def test_letters_are_text_in_a_generic_font(figure):
    root = parsed(svg_text(figure, "a-"))
    texts = {element.text: element.get("style") for element in root.iter(f"{SVG}text")}
    assert {"20.0 ms", "Median time of one call, 95 % interval"} <= set(texts)
    assert all("sans-serif" in style for style in texts.values())


def test_ids_and_what_refers_to_them_begin_with_the_prefix(sweep_records):
    root = parsed(svg_text(draw_guideline(sweep_records()), "fig3-"))
    ids = [element.get("id") for element in root.iter() if element.get("id")]
    assert len(ids) == len(set(ids)) > 10
    assert all(name.startswith("fig3-") for name in ids)
    found = set(references(root))
    assert len(found) > 3
    assert found <= {f"#{name}" for name in ids}


def test_two_figures_of_one_page_share_no_id(figure):
    a, b = (parsed(svg_text(figure, prefix)) for prefix in ("a-", "b-"))
    assert not {e.get("id") for e in a.iter()} & {e.get("id") for e in b.iter()} - {None}


def test_the_same_records_are_the_same_text(make_record):
    records = [make_record("a"), make_record("b", latency_s=0.02)]
    assert svg_text(draw(records), "a-") == svg_text(draw(records), "a-")


def test_the_user_s_settings_are_as_before_and_play_no_part(make_record):
    first = svg_text(draw([make_record("a")]), "a-")
    with mpl.rc_context({"svg.fonttype": "path", "font.family": "serif", "text.usetex": True}):
        assert svg_text(draw([make_record("a")]), "a-") == first
        assert mpl.rcParams["svg.fonttype"] == "path"
        assert mpl.rcParams["font.family"] == ["serif"]


def test_bars_and_points_say_model_time_interval_and_case(make_record):
    found = tipped(parsed(svg_text(draw([make_record("net", madds=10**9)]), "a-")))
    said = "net; 10.0 ms (9.80 ms to 10.2 ms){}; input 3x224x224, batch 1, cpu, eager, float32, infer, contiguous, threads 2"
    assert found == [("net", said.format("")), ("net", said.format("; 1.000 G MAdds"))]


def test_a_file_has_the_same_tips(figure, tmp_path):
    save(figure, tmp_path / "a.svg")
    root = parsed((tmp_path / "a.svg").read_bytes())
    assert tipped(root) == tipped(parsed(svg_text(figure, "a-")))
    assert len(tipped(root)) == 6


def test_what_can_be_hovered_can_be_reached_by_keyboard_and_is_named(figure):
    groups = [g for g in parsed(svg_text(figure, "a-")).iter(f"{SVG}g") if g.get("data-model")]
    assert groups
    assert all((g.get("tabindex"), g.get("role")) == ("0", "img") for g in groups)


@pytest.mark.slow
@pytest.mark.parametrize("name", UGLY)
def test_hostile_names_stay_text(name, make_record):
    root = parsed(svg_text(draw([make_record(name)]), "a-"))
    assert {model for model, _ in tipped(root)} == {visible(name)}
    assert all(text.startswith(f"{visible(name)}; ") for _, text in tipped(root))
    assert {element.tag for element in root.iter()} == {
        element.tag for element in parsed(svg_text(draw([make_record("net")]), "a-")).iter()
    }
    attributes = {key for element in root.iter() for key in element.attrib}
    assert not any(key.startswith("on") for key in attributes)


@pytest.mark.slow
@pytest.mark.parametrize("name", UGLY)
def test_hostile_names_stay_text_in_a_file(name, make_record, tmp_path):
    own = {name: Accuracy(50.0, name, measured=True)}
    save(draw_pareto([make_record(name)], own), tmp_path / "a.svg")
    found = tipped(parsed((tmp_path / "a.svg").read_bytes()))
    assert {model for model, _ in found} == {visible(name)}
    assert all(f"top-1 50.0 % ({visible(name)})" in text for _, text in found)


def test_a_point_of_a_sweep_says_its_ratio(sweep_records):
    """Four times the time is a quarter of the speed; the reference is exactly 1."""
    records = sweep_records({"1:1": 0.010, "1:9": 0.040})
    (_, reference), (model, text) = tipped(parsed(svg_text(draw_sweep(records), "a-")))
    assert reference.startswith("1:1, width x1, time 1.00 (1.00 to 1.00) of the reference's, ")
    assert model == "stack:1:9"
    assert text.startswith("1:9, width x1, time 4.00 (4.00 to 4.00) of the reference's, input ")
    _, (_, text) = tipped(parsed(svg_text(draw_guideline(records), "a-")))
    assert text.startswith("1:9, width x1, speed 0.25 (0.25 to 0.25) of the reference's, ")


def test_bounds_of_a_speed_are_those_of_the_time_turned_over(sweep_records):
    """Of 12 rounds the interval is the 3rd to the 10th: times 1.25 to 2, so speeds 0.5 to 0.8."""
    slower = [1.0] * 2 + [1.25] + [1.6] * 6 + [2.0] + [4.0] * 2
    records = sweep_records({"1:1": [1.0] * 12, "1:9": slower})
    _, (_, text) = tipped(parsed(svg_text(draw_guideline(records), "a-")))
    assert "speed 0.62 (0.50 to 0.80) of" in text
    _, (_, text) = tipped(parsed(svg_text(draw_sweep(records), "a-")))
    assert "time 1.60 (1.25 to 2.00) of" in text


def test_per_multiply_add_is_said(sweep_records):
    records = sweep_records({"a": 0.010, "b": 0.020}, experiment="groups", per_madd=True)
    _, (_, text) = tipped(parsed(svg_text(draw_sweep(records), "a-")))
    assert "time per MAdd 2.00 (" in text


def test_a_time_without_an_interval_has_none(make_record):
    record = make_record("net")
    short = msgspec.structs.replace(record.latency, low_s=None, high_s=None)
    figure = draw([msgspec.structs.replace(record, latency=short)])
    assert tipped(parsed(svg_text(figure, "a-")))[0][1].startswith("net; 10.0 ms; input")


def test_any_artist_can_have_one(figure):
    line = figure.axes[0].axhline(1)
    tip(line, "a <b>", "net & co")
    assert ("net & co", "a <b>") in tipped(parsed(svg_text(figure, "a-")))


@pytest.mark.slow
def test_a_figure_of_thirty_models_stays_small(make_record):
    records = [make_record(f"net{i}", latency_s=0.01 + i / 1e3) for i in range(30)]
    assert len(svg_text(draw(records), "a-")) < 100_000


def test_pictures_in_pixels_have_no_tips_and_do_not_mind_them(figure, tmp_path):
    save(figure, tmp_path / "a.png")
    assert Path(tmp_path / "a.png").read_bytes().startswith(b"\x89PNG")
