"""What is written as 1 in a column, told from its values and their texts."""

from __future__ import annotations

import pytest

from lightbench import units
from lightbench.reports.scales import scale_of


@pytest.mark.parametrize(
    ("text", "values", "scale"),
    [
        (units.milliseconds, (0.00856, 1.5, 0.0000412), 1e-3),
        (units.millions, (568_700_000, 0, 4_089_184_256), 1e6),
        (units.megabytes, (4_200_000,), 1e6),
        (units.percent, (0.006, 0.5), 0.01),
        (units.number, (70.6, -3.0), 1),
        (units.factor, (0.54, 1.04), 1),
        (units.exact, (4_089_184_256,), 1),
        (units.count, (145_800_000, 352), 1),  # with a unit of its own each
        (units.seconds, (0.0043,), 1),
    ],
)
def test_a_scale_is_that_of_the_heading(text, values, scale):
    assert scale_of([(value, text(value)) for value in values]) == pytest.approx(scale)


def test_where_no_number_is_written_it_is_one():
    assert scale_of([]) == scale_of([(0.0, "0")]) == scale_of([(3.0, "<0.001")]) == 1
