"""The page writes numbers as the package does."""

from __future__ import annotations

import pytest

from lightbench import units
from lightbench.reports.assets import PAGE

VALUES = (1, 9.994, 12.34, 352, 999.6, 1000, 41_220_000, 145_800_000, 4_089_184_256, 0.54, 0.0951)
SMALL = (0, 4.1e-9, 0.000_812, 0.009_994, 0.0043, 12.04, 1e-3, 0.9996)


@pytest.mark.parametrize(
    ("name", "values", "expected"),
    [
        ("count", [v for v in VALUES if v == int(v)], units.count),
        ("size", VALUES[3:9], units.size),
        ("seconds", SMALL, units.seconds),
        ("share", (0, 0.0004, 0.012, 0.5), units.percent),
        ("factor", VALUES, units.factor),
    ],
)
def test_a_number_is_written_as_everywhere_else(page, name, values, expected):
    text = (PAGE / "text.js").read_text()
    found = page.evaluate(
        f"(values) => {{ {text}\n return values.map((v) => TEXT.{name}(v)); }}", list(values)
    )
    assert found == [expected(value) for value in values]
