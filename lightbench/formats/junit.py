"""JUnit XML, one test case a row, for what GitLab and Jenkins show of a merge request's tests."""

from __future__ import annotations

from typing import Any
from xml.etree import ElementTree as ET

from lightbench.units import visible
from lightbench.views.table import Table, View

SUFFIXES = (".xml",)

NAME = "lightbench"  # of suite and class: the same in every run, or histories of tests would begin anew
ELEMENTS = {"failed": "failure", "skipped": "skipped"}  # of an outcome; every other row has passed
BY_LEVEL = {
    "error": "failed",
    "warning": "skipped",
}  # the outcome of a row that has none of its own


def render(view: View, *, width: int | None = None, colour: bool = False) -> str:  # noqa: ARG001
    """The table as a test suite, in ASCII, which says the title at its end. A row's ``outcome`` is failed, skipped or
    passed; without one it has failed at ``level`` error, and was skipped at warning. ``seconds`` is its time.
    Attributes and order are those of Jenkins' junit-10.xsd."""
    cases = _cases(view.table)
    outcomes = [element.tag for case in cases for element in case]
    counts = {
        "tests": len(cases),
        "failures": outcomes.count("failure"),
        "errors": 0,
        "skipped": outcomes.count("skipped"),
    }
    suite = ET.Element("testsuite", _attributes(name=NAME, **counts))
    suite.extend(cases)
    ET.SubElement(suite, "system-out").text = visible(view.table.title)
    suites = ET.Element("testsuites")
    suites.append(suite)
    ET.indent(suites)
    # Written in ASCII, it is the same text in every encoding that a file or a pipe may have.
    document: bytes = ET.tostring(suites, "us-ascii", xml_declaration=True)
    return document.decode("ascii") + "\n"


def _cases(table: Table) -> list[ET.Element]:
    """A test case for each row. Of two with one name GitLab shows one: the later ones get a number."""
    used: set[str] = set()
    cases = []
    for row in table.rows:
        first, number = _name(table, row), 1
        name = first
        while name in used:
            number += 1
            name = f"{first} #{number}"
        used.add(name)
        cases.append(_case(table, row, name))
    return cases


def _case(table: Table, row: tuple[Any, ...], name: str) -> ET.Element:
    values = table.named(row)
    seconds = values.get("seconds")
    time = {} if seconds is None else {"time": round(seconds, 3)}  # the schema has no more digits
    case = ET.Element("testcase", _attributes(classname=NAME, name=name, **time))
    said = visible(table.said(row))
    outcome = values.get("outcome") or BY_LEVEL.get(table.level(row))
    tag = ELEMENTS.get(outcome or "", "system-out")
    # Jenkins shows the attribute, GitLab the text.
    inner = ET.SubElement(case, tag, {"message": said} if tag in ELEMENTS.values() else {})
    inner.text = said
    return case


def _name(table: Table, row: tuple[Any, ...]) -> str:
    """What the row is about: its first text for people, and the metric if it names one."""
    texts = [
        (column.key, column.cell(value))
        for column, value in zip(table.columns, row, strict=True)
        if column.shown and column.align == "left"
    ]
    return visible(
        " ".join(text for i, (key, text) in enumerate(texts) if not i or key == "metric")
    )


def _attributes(**values: Any) -> dict[str, str]:
    return {key: visible(str(value)) for key, value in values.items()}
