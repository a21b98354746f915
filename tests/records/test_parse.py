"""Shapes and fractions as people write them, and what is none."""

from __future__ import annotations

import pytest

from lightbench.errors import UsageError
from lightbench.records.parse import parse_fraction, parse_shape


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
