"""The faults of `make mutants`, and what is written down of them."""

from __future__ import annotations

import os
import runpy
from pathlib import Path

import pytest
from faults import faults

TOP = Path(__file__).parents[2]


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("a < b", ["a <= b"]),
        ("a == b == c", ["a != b == c", "a == b != c"]),
        ("a or b", ["a and b"]),
        ("a + b", ["a - b"]),
        ("a //= b", ["a %= b"]),
        ("not a", ["a"]),
        ("a = True", ["a = False"]),
        ("a = (2, 0.5)", ["a = (3, 0.5)", "a = (2, 1.5)"]),
        ("a = max(b)", ["a = min(b)"]),
        ("a.append(b)", ["pass"]),
        ("[a for a in b if a]", ["[a for a in b if True]"]),
        ("if a:\n    raise b", ["if True:", "if False:"]),
        ("try:\n    a\nexcept b:\n    raise c", ["pass"]),
        ("def a():\n    return b", ["return None"]),
        ("while a:\n    break", ["while False:", "while a: continue"]),
    ],
)
def test_a_fault_is_a_small_change_of_what_runs(right, wrong):
    assert [fault.change.split(" -> ")[1] for fault in faults(right)] == wrong


@pytest.mark.parametrize(
    "right",
    [
        '"""One."""',
        "a: b | c",
        "def a(b: c | d) -> e | f:\n    g",
        "zip(a, strict=True)[b]",
        "a = 'b'",
    ],
)
def test_text_and_what_only_readers_and_type_checkers_read_gets_none(right):
    assert list(faults(right)) == []


def test_a_fault_names_its_line_and_is_the_only_one_in_its_file():
    (first, second) = faults("a = b < c\n\n# why\nd = e < f\n")
    assert first == (1, "a = b < c -> a = b <= c", "a = b <= c\nd = e < f")
    assert second == (4, "d = e < f -> d = e <= f", "a = b < c\nd = e <= f")


@pytest.mark.skipif(not hasattr(os, "fork"), reason="make mutants needs forks")
def test_what_gets_faults_has_tests_and_what_no_test_can_notice_is_still_there():
    script = runpy.run_path(str(TOP / "tests/mutants.py"))
    for top, patterns in script["TESTS"].items():
        assert (TOP / top).exists()
        assert all(list(TOP.glob(pattern)) for pattern in patterns)
    lines = [x for x in script["SAME"].read_text().splitlines() if x and not x.startswith("#")]
    made = {
        f"{path}: {fault.change}"
        for path in {line.partition(": ")[0] for line in lines}
        for fault in faults((TOP / path).read_text())
    }
    assert set(lines) <= made
