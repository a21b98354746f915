"""What each operator takes, for a page that goes into modules."""

from __future__ import annotations

import msgspec

from lightbench.records.findings import LayerTimes, PartTime
from lightbench.reports import report
from lightbench.reports.modules import modules
from lightbench.stats.interval import Interval


def part(name, time):
    return PartTime(name=name, time_s=Interval(time, None, None), share=Interval(1.0, None, None))


def timed_of(record):
    times = LayerTimes(
        operators=(part("conv1", 0.004),),
        kinds=(part("dense conv", 0.004),),
        views=part("views", 0.0),
        total_s=Interval(0.004, None, None),
        over_whole=Interval(1.0, None, None),
        rounds=3,
    )
    return msgspec.structs.replace(record, found=times)


def test_a_row_is_an_operator_with_its_time_where_that_is_known(make_record):
    record = make_record("net", madds=7, mem_bytes=40)
    assert modules("net", record, None) == {
        "kind": "network", "name": "net", "model": "net",
        "ops": [["conv1", "conv2d", "dense conv", 40, 7, None]],
    }  # fmt: skip
    assert modules("net", record, timed_of(record))["ops"][0][-1] == 0.004


def test_every_network_of_a_report_has_its_modules_under_the_name_of_its_section(make_record):
    records = [make_record("a"), make_record("b")]
    (section,) = (
        s
        for s in report([*records, timed_of(records[1])]).document.sections
        if s.title == "Network by network"
    )
    assert [(s.title, s.live["ops"][0][-1]) for s in section.inner] == [("a", None), ("b", 0.004)]
