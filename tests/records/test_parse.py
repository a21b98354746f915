"""Fractions as people write them, and what is none."""

from __future__ import annotations

import pytest

from lightbench.errors import UsageError
from lightbench.records.parse import parse_fraction


@pytest.mark.parametrize("text", ["2%", "+2 %", " 2%\n", "0.02", "2e-2"])
def test_two_percent_may_be_written_so(text):
    assert parse_fraction(text) == 0.02


@pytest.mark.parametrize(
    "text", ["", "%", "2%x", "2%%", "2 percent", "inf", "-inf%", "nan", "1e999"]
)
def test_what_is_no_finite_fraction_is_refused(text):
    with pytest.raises(UsageError, match="as a fraction"):
        parse_fraction(text)
