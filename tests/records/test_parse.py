"""Shapes and fractions as people write them, and what is none."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lightbench import units
from lightbench.errors import UsageError
from lightbench.records.parse import parse_fraction, parse_quantity, parse_shape, unit_of


@pytest.mark.parametrize("text", ["3x224x1", "3X224X1", "3*224*1", " 3x224x1\n", "03x0224x001"])
def test_a_shape_may_be_written_so(text):
    assert parse_shape(text) == (3, 224, 1)


def test_a_size_has_up_to_nine_digits():
    assert parse_shape("999999999") == (999_999_999,)
    with pytest.raises(UsageError, match="cannot read the input shape '1000000000'"):
        parse_shape("1000000000")


@pytest.mark.parametrize(
    "text", ["", "3x", "0x2", "2x0", "axb", "-1x2", "1.5", "3,224", "9" * 50, "\u0663x2"]
)
def test_what_is_no_shape_says_how_to_write_one(text):
    with pytest.raises(UsageError, match="--input 3x224x224"):
        parse_shape(text)


@pytest.mark.parametrize("text", ["2%", "+2 %", " 2%\n", "0.02", "2e-2"])
def test_two_percent_may_be_written_so(text):
    assert parse_fraction(text) == 0.02


@pytest.mark.parametrize(
    "text", ["", "%", "2%x", "2%%", "2 percent", "inf", "-inf%", "nan", "1e999"]
)
def test_what_is_no_finite_fraction_is_refused(text):
    with pytest.raises(UsageError, match="as a fraction"):
        parse_fraction(text)


@pytest.mark.parametrize(
    ("text", "unit", "value"),
    [
        ("20ms", "s", 0.02),
        ("20 ms", "s", 0.02),
        (" 812us\n", "s", 812e-6),
        ("812 \u00b5s", "s", 812e-6),
        ("0.02", "s", 0.02),
        ("1.5s", "s", 1.5),
        ("2min", "s", 120.0),
        ("120M", "", 120e6),
        ("4.1 G", "", 4.1e9),
        ("4.1B", "", 4.1e9),
        ("1.5e8", "", 1.5e8),
        ("4,089,184,256", "", 4_089_184_256),
        (".5k", "", 500),
        ("1.001k", "", 1001),
        ("30MB", "B", 30e6),
        ("30 MiB", "B", 31_457_280),
        ("64kB", "B", 64e3),
        ("64KB", "B", 64e3),
        ("900", "B", 900),
    ],
)
def test_a_quantity_may_be_written_so(text, unit, value):
    assert parse_quantity(text, unit) == value


@pytest.mark.parametrize(
    ("text", "unit"),
    [
        ("30M", "B"), ("20ms", "B"), ("20ms", ""), ("30MB", ""), ("20m", "s"), ("20Ms", "s"), ("M", ""), ("", ""),
        ("ms", "s"), ("1,00", ""), ("1 2", ""), ("-5M", ""), ("1e999", "s"), ("1e308T", ""), ("nan", ""), ("inf", "s"),
        ("5%", "s"), ("20ms!", "s"), ("\u0663M", ""), ("0x10", ""), (".", ""), ("1_000", ""), ("20ms 3s", "s"),
    ],
)  # fmt: skip
def test_what_is_no_such_quantity_is_refused_with_one_that_is(text, unit):
    example = {"s": "20ms", "B": "30MB", "": "150M"}[unit]
    with pytest.raises(UsageError, match=f"Write {example}; units: "):
        parse_quantity(text, unit)


@given(st.floats(1e-9, 1e12))
def test_what_is_printed_can_be_typed(value):
    """To the digits that are printed: three of a time or a size, four of a count."""
    assert parse_quantity(units.seconds(value), "s") == pytest.approx(value, rel=6e-3)
    assert parse_quantity(units.size(round(value) + 1e3), "B") == pytest.approx(
        value + 1e3, rel=6e-3
    )
    assert parse_quantity(units.count(value), "") == pytest.approx(value, rel=6e-4)


def test_a_name_says_its_unit():
    assert [unit_of(name) for name in ("latency_s", "mem_bytes", "params")] == ["s", "B", ""]
