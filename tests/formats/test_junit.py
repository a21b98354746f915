"""JUnit XML, parsed as others parse it: structure of Jenkins' junit-10.xsd, identity as GitLab has it."""

from __future__ import annotations

import re
from xml.etree import ElementTree as ET

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from lightbench import registry
from lightbench.formats import format_of
from lightbench.formats.junit import render
from lightbench.studies.profile.table import profile_view
from lightbench.units import visible
from lightbench.views.table import Column, Table, View

# element -> attributes it must have, those it may have, and what may stand inside
SCHEMA = {
    "testsuites": (set(), set(), {"testsuite"}),
    "testsuite": (
        {"name", "tests", "failures", "errors", "skipped"},
        set(),
        {"testcase", "system-out"},
    ),
    "testcase": ({"name", "classname"}, {"time"}, {"failure", "skipped", "system-out"}),
    "failure": ({"message"}, set(), set()),
    "skipped": ({"message"}, set(), set()),
    "system-out": (set(), set(), set()),
}
TIME = r"(([0-9]{0,3},)*[0-9]{3}|[0-9]{0,3})*(\.[0-9]{0,3})?"  # SUREFIRE_TIME of that schema
# What ends an element, an attribute or a document, or is not in XML 1.0's Char at all.
PARTS = ["]]>", "<![CDATA[", "<", "&", "&amp;", "&#0;", '"', "'", "</testcase>", "<!--", "-->", "\x00",
         "\x1b[31m", "\x0b", "\ufffe", "\uffff", "\ud800", "\udfff", "\r\n", "\n", "\t", "\x85",
         "\u2028", "\u202e", " ", "\U0001f600", "\u7f51\u7edc", "e\u0301", "<?xml?>", "x" * 300]  # fmt: skip
TEXTS = st.text() | st.lists(st.sampled_from(PARTS)).map("".join)


def parsed(view):
    """The suite with its cases alone, once it is sure that the document has the structure of the schema."""
    text = render(view)
    assert text.isascii()
    assert text.endswith("</testsuites>\n")
    root = ET.fromstring(text)
    assert root.tag == "testsuites"
    for element in root.iter():
        must, may, inside = SCHEMA[element.tag]
        assert must <= set(element.attrib) <= must | may
        assert {child.tag for child in element} <= inside
    (suite,) = root
    *cases, title = suite
    assert (title.tag, title.text or "") == ("system-out", visible(view.table.title))
    suite.remove(title)
    for case in cases:
        assert len(case) == 1
        assert re.fullmatch(TIME, case.get("time", "0.1"))
    tags = [case[0].tag for case in cases]
    assert suite.get("tests") == str(len(cases))
    assert suite.get("failures") == str(tags.count("failure"))
    assert suite.get("skipped") == str(tags.count("skipped"))
    assert suite.get("errors") == "0"
    assert len({(case.get("classname"), case.get("name")) for case in cases}) == len(cases)
    return suite


def check(*rows, title="Check"):
    """What a check says of a network: what it is, its level, and how long it took."""
    columns = (
        Column("sign", ""),
        Column("model", "model", align="left"),
        Column("metric", "metric", align="left"),
        Column("verdict", "verdict", align="left"),
        Column("level", "level", shown=False),
        Column("seconds", "seconds", shown=False),
    )
    return View(Table(title, columns, tuple((None, *row) for row in rows)), [])


def outcome(view):
    return [(case.get("name"), case[0].tag, case[0].text) for case in parsed(view)]


def test_a_case_that_failed_has_failed_and_one_that_was_measured_has_passed(make_record):
    records = [make_record("good"), make_record("bad", failure="no memory.")]
    text = render(profile_view(records))
    suite = ET.fromstring(text).find("testsuite")
    assert (suite.get("tests"), suite.get("failures")) == ("2", "1")


def test_an_error_has_failed_a_warning_was_skipped_and_all_else_has_passed():
    view = check(
        ("a", "latency", "slower", "error", 1.5),
        ("b", "latency", "unclear", "warning", 20.0),
        ("c", "latency", "faster", "notice", None),
        ("d", "latency", "same", "", 0.00001),
    )
    assert outcome(view) == [
        ("a latency", "failure", "model: a, metric: latency, verdict: slower"),
        ("b latency", "skipped", "model: b, metric: latency, verdict: unclear"),
        ("c latency", "system-out", "model: c, metric: latency, verdict: faster"),
        ("d latency", "system-out", "model: d, metric: latency, verdict: same"),
    ]
    suite = parsed(view)
    assert [case[0].get("message") for case in suite] == [
        suite[0][0].text, suite[1][0].text, None, None,
    ]  # fmt: skip
    assert suite.attrib == {
        "name": "lightbench", "tests": "4", "failures": "1", "errors": "0", "skipped": "1",
    }  # fmt: skip
    assert {case.get("classname") for case in suite} == {"lightbench"}


def test_the_time_is_in_seconds_with_the_digits_that_jenkins_reads():
    rows = [("a", "m", "same", "", seconds) for seconds in (1.5, 20, 0.00001, 1234.56789, None)]
    times = [case.get("time") for case in parsed(check(*rows))]
    assert times == ["1.5", "20", "0.0", "1234.568", None]


def test_names_are_the_same_in_every_run_whatever_it_found():
    """The title says the verdict: a suite of that name would be another one in each run."""
    names = [
        (suite.get("name"), [case.get("name") for case in suite])
        for verdict, level in (("same", ""), ("slower", "error"))
        for suite in [parsed(check(("a", "m", verdict, level, 1.0), title=f"Check: {verdict}"))]
    ]
    assert names[0] == names[1] == ("lightbench", ["a m"])


def test_an_outcome_of_its_own_goes_before_the_level():
    columns = (
        Column("model", "model", align="left"),
        Column("level", "level", shown=False),
        Column("outcome", "outcome", shown=False),
    )
    rows = (("a", "notice", "skipped"), ("b", "error", "passed"), ("c", "notice", "failed"))
    found = outcome(View(Table("T", columns, rows), []))
    assert [tag for _, tag, _ in found] == ["skipped", "system-out", "failure"]


def test_rows_without_a_level_have_passed():
    view = View(Table("T", (Column("a", "a", align="left"),), (("x",),)), [])
    assert outcome(view) == [("x", "system-out", "a: x")]


def test_the_name_is_the_first_text_for_people():
    columns = (
        Column("id", "id", align="left", shown=False),
        Column("n", "n"),
        Column("model", "model", align="left"),
        Column("engine", "engine", align="left"),
    )
    view = View(Table("T", columns, (("x", 1, "net", "eager"),)), [])
    assert [name for name, _, _ in outcome(view)] == ["net"]
    unknown = View(Table("T", columns, (("x", 1, None, "eager"),)), [])
    assert [name for name, _, _ in outcome(unknown)] == ["-"]


def test_cases_with_one_name_are_told_apart():
    """GitLab keeps one of two with the same name and class: the second may be the one that failed."""
    rows = [(name, "m", "same", "", None) for name in ("a", "a", "a m #2", "a")]
    rows[2] = ("a", "m #2", "same", "", None)
    names = [name for name, _, _ in outcome(check(*rows))]
    assert names == ["a m", "a m #2", "a m #2 #2", "a m #3"]


def test_no_rows_are_a_suite_without_tests():
    assert parsed(check()).attrib["tests"] == "0"


def test_all_rows_are_there_when_people_see_some_of_them_folded():
    rows = [(name, "m", "same", "", None) for name in "abc"]
    view = check(*rows)
    folded = View(view.table, [], above=(view.table,), folded=check(rows[0]).table)
    assert render(folded) == render(view)


def test_a_file_name_chooses_it():
    assert format_of("lightbench.xml") == "junit"
    assert registry.load("format", "junit").render is render


@given(TEXTS, TEXTS, TEXTS, TEXTS, st.sampled_from(["error", "warning", "notice", ""]))
@example("]]>", "\ud800", "\x00", "&#0;", "error")
def test_whatever_names_hold_it_is_xml_that_says_just_that(title, model, metric, verdict, level):
    view = check((model, metric, verdict, level, 1.0), (model, metric, "", level, 1.0), title=title)
    suite = parsed(view)
    first, second = suite
    assert suite.get("name") == "lightbench"
    assert first.get("name") == visible(f"{model} {metric}")
    assert second.get("name") == visible(f"{model} {metric} #2")
    pairs = {"model": model, "metric": metric, "verdict": verdict}
    said = ", ".join(f"{key}: {visible(text)}" for key, text in pairs.items() if text)
    assert (first[0].text or "") == said
    if level in ("error", "warning"):
        assert first[0].get("message") == said


@pytest.mark.parametrize(
    "text", [part for part in PARTS if not "\ud800" <= part < "\ue000"], ids=ascii
)
def test_every_known_trick_is_text_in_a_profile(text, make_record):
    suite = parsed(profile_view([make_record(text, failure=f"no {text}"), make_record("plain")]))
    assert [case.get("name") for case in suite] == [visible(text), "plain"]
