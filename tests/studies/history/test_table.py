"""A history as a table: no name in it acts on the reader, and every metric can be written."""

from __future__ import annotations

import csv
import io

import msgspec
import pytest
from histories import series

from lightbench import registry
from lightbench.studies.history.entries import METRICS
from lightbench.studies.history.table import history_view

UGLY = [
    "<script>alert(1)</script>", "=1+1", "a\nb\x1b[31m", "net\u202ecod", "@user | x", "`a`", "::error::x",
    "W" * 300, "%0A::error::", "[a](http://x)", "",
]  # fmt: skip


@pytest.mark.parametrize("form", registry.names("format"))
@pytest.mark.parametrize("metric", ["latency", "params"])
def test_no_name_commit_or_version_acts_on_the_reader(form, metric, at):
    records = [
        at(day, ugly, commit=f"{ugly}{day}", machine={"cpu": ugly, "torch": f"{ugly}{day}"}, params=day)
        for ugly in UGLY
        for day in (1, 2)
    ]  # fmt: skip
    for commits in (False, True):
        text = registry.load("format", form).render(
            history_view(series(records, metric), commits=commits)
        )
        assert "\x1b" not in text
        assert "\u202e" not in text
        if form == "html":
            assert "<script" not in text
        if form == "github":
            assert all(line.startswith("::notice ") for line in text.splitlines())
        if form == "csv":
            cells = [cell for row in csv.reader(io.StringIO(text)) for cell in row]
            assert not any(cell.startswith(("=", "@", "\t")) for cell in cells)


@pytest.mark.parametrize("metric", METRICS)
def test_every_metric_has_a_heading_and_a_way_to_be_written(metric, at):
    record = msgspec.structs.replace(at(1), peak_memory_bytes=1_500_000)
    (one,) = series([record], metric)
    for form in ("table", "csv", "json"):
        assert registry.load("format", form).render(history_view([one], commits=True))
