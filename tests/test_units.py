"""Numbers as people read them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lightbench import units
from lightbench.records.parse import parse_shape


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (units.exact(4_089_184_256), "4,089,184,256"),
        (units.count(4_089_184_256), "4.089 G"),
        (units.count(145_800_000), "145.8 M"),
        (units.count(352), "352"),
        (units.count(999_960_000), "1.000 G"),  # not 1,000 M
        (units.millions(145_791_672), "145.8"),
        (units.millions(4_089_184_256), "4,089.2"),
        (units.millions(35_000), "0.035"),
        (units.millions(0), "0"),
        (units.millions(12), "<0.001"),
        (units.megabytes(9_120_000), "9.120"),
        (units.size(9_120_000), "9.12 MB"),
        (units.size(999), "999 B"),
        (units.size(1_500), "1.50 kB"),
        (units.seconds(0.00431), "4.31 ms"),
        (units.seconds(0.000812), "812 us"),
        (units.seconds(12), "12.0 s"),
        (units.seconds(3.2e-9), "3.20 ns"),
        (units.seconds(0.0009996), "1.00 ms"),  # not 1,000 us
        (units.seconds(0), "0 s"),
        (units.milliseconds(0.014237), "14.2"),
        (units.milliseconds(0.1), "100"),
        (units.milliseconds(1.2345), "1,230"),  # three digits are known, not more
        (units.percent(0.0123), "1.2 %"),
        (units.percent(-0.05), "-5.0 %"),
        (units.percent(0.0004), "0.04 %"),
        (units.percent(0), "0.0 %"),
        (units.margin(0.0123), "+-1.2 %"),
        (units.number(12.44), "12.4"),
        (units.number(0.0999), "0.0999"),
        (units.shape((1, 3, 224, 224)), "1x3x224x224"),
        (units.shape(()), "scalar"),
    ],
)
def test_a_number_reads(text, expected):
    assert text == expected


@pytest.mark.parametrize(
    "text",
    [units.exact, units.count, units.millions, units.megabytes, units.size, units.seconds,
     units.milliseconds, units.percent, units.margin, units.number, units.shape],
)  # fmt: skip
def test_unknown_is_a_dash_everywhere(text):
    assert text(None) == "-"


@given(st.floats(1e-9, 1e4))
def test_a_duration_is_true_to_three_digits(value):
    scale = {"s": 1, "ms": 1e-3, "us": 1e-6, "ns": 1e-9}
    figure, unit = units.seconds(value).split()
    assert float(figure.replace(",", "")) * scale[unit] == pytest.approx(value, rel=0.0051)
    assert float(figure.replace(",", "")) < 1000 or unit == "s"


@given(st.floats(1, 1e15))
def test_a_count_is_true_to_four_digits(value):
    scale = {"": 1, "k": 1e3, "M": 1e6, "G": 1e9, "T": 1e12}
    figure, _, prefix = units.count(value).partition(" ")
    assert float(figure.replace(",", "")) * scale[prefix] == pytest.approx(value, rel=0.00051)
    assert float(figure.replace(",", "")) < 1000 or prefix == "T"


@given(st.lists(st.integers(1, 10_000), min_size=1).map(tuple))
def test_a_shape_is_read_as_it_is_written(shape):
    assert parse_shape(units.shape(shape)) == shape


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("resnet18", "resnet18"),
        ("r\u00e9seau \u7f51\u7edc", "r\u00e9seau \u7f51\u7edc"),
        ("a\nb\rc\td", r"a\nb\rc\td"),
        ("\x1b[31m", r"\x1b[31m"),
        ("\x9b31m\x7f", r"\x9b31m\x7f"),
        ("net\u202ecod", r"net\u202ecod"),
        ("zero\u200bwidth", r"zero\u200bwidth"),
        ("tag\U000e0041", r"tag\U000e0041"),
    ],
)
def test_what_could_act_on_a_terminal_is_shown_as_its_escape(text, expected):
    assert units.visible(text) == expected


@given(st.text())
def test_visible_text_is_one_printable_line(text):
    assert units.visible(text).isprintable()
    assert units.visible(units.visible(text)) == units.visible(text)


class Lines:
    def __repr__(self):
        return "a\nb"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (3, "3"),
        ("a", "'a'"),
        ([1], "[1]"),
        ("x" * 39, "a str"),
        (range(10**30, 10**31), "a range"),
        (Lines(), "a Lines"),
    ],
)
def test_what_was_handed_over_is_written_out_only_if_it_is_short(value, text):
    assert units.told(value) == text
