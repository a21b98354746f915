"""Comma-separated raw values, seconds and bytes, for spreadsheets and pandas."""

from __future__ import annotations

import csv
import re
from io import StringIO
from typing import Any

from lightbench.units import visible
from lightbench.views.table import View

SUFFIXES = (".csv",)

# Text that a spreadsheet would run, also in full-width signs or behind spaces. Quotes in front count
# as well, so that whoever takes one quote away again gets exactly the text that was stored.
_FORMULA = re.compile("[' ]*[=+\\-@\t\r\n\uff1d\uff0b\uff0d\uff20]")


def render(view: View, *, width: int | None = None, colour: bool = False) -> str:  # noqa: ARG001
    """Every column, also those only for programs, headed by its key; unknown is empty."""
    file = StringIO()
    writer = csv.writer(file, lineterminator="\n", quoting=csv.QUOTE_NONNUMERIC)
    writer.writerow(column.key for column in view.table.columns)
    writer.writerows(map(_cell, row) for row in view.table.rows)
    return file.getvalue()


def _cell(value: Any) -> Any:
    """A number or None as it is, text with a quote before what would be a formula."""
    if value is None or isinstance(value, int | float):
        return value
    text = visible(str(value), keep="\t")
    return f"'{text}" if _FORMULA.match(text) else text
