"""A typical call as a trace: slices lie within each other and are as long as the medians."""

from __future__ import annotations

import json
from itertools import pairwise

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lightbench.stats.interval import Interval
from lightbench.studies.layers.shares import Breakdown, Pass
from lightbench.studies.layers.trace import _microseconds, chrome_trace, trace_text
from lightbench.timing.summary import summarize


@pytest.fixture(scope="module")
def traced(make_record):
    """``traced([("a.b", 0, 0.001)], views_s=0.002)``: the record of operators with these paths,
    calls and seconds, in 7 equal rounds."""

    def made(operators, *, views_s=0.0, model="net", op="conv2d"):
        record = make_record(model)
        row = record.costs.ops[0]
        ops = tuple(
            msgspec.structs.replace(row, path=path, call=call, op=op, output=(1, 8, 5, 5))
            for path, call, _ in operators
        )
        n = len(ops)
        totals = ("madds", "mem_access", "mem_bytes", "fused_bytes")
        costs = msgspec.structs.replace(
            record.costs, ops=ops, **{total: n * getattr(row, total) for total in totals}
        )
        samples = msgspec.structs.replace(record.samples, wall_s=(2.0,) * 7)
        record = msgspec.structs.replace(
            record, costs=costs, samples=samples, latency=summarize(samples)
        )
        taken = Pass(tuple(seconds for *_, seconds in operators), views_s)
        return Breakdown(record, (taken,) * 7).explained

    return made


def slices(record):
    return [event for event in chrome_trace(record)["traceEvents"] if event["ph"] == "X"]


def nanoseconds(event):
    """As Perfetto reads it (json_utils: the number times 1,000, cut off): start and end."""
    start = int(event["ts"] * 1000)
    return start, start + int(event["dur"] * 1000)


def tree(events):
    """Every slice, indented by how many are around it; fails for one that sticks out of another."""
    lines, around = [], []
    for event in events:
        start, end = nanoseconds(event)
        while around and around[-1] <= start:
            around.pop()
        assert not around or end <= around[-1], event
        lines.append("  " * len(around) + event["name"])
        around.append(end)
    return lines


MS = 1e-3


def test_operators_lie_within_their_modules_path_by_path(traced):
    record = traced(
        [
            ("backbone.stage2.0.conv", 0, 2 * MS),
            ("backbone.stage2.0.relu", 0, 1 * MS),
            ("backbone.stage2.1.conv", 0, 2 * MS),
            ("", 0, 1 * MS),
            ("fc", 0, 3 * MS),
        ],
        views_s=1 * MS,
    )
    assert tree(slices(record)) == [
        "(network)",
        "  backbone",
        "    stage2",
        "      0",
        "        conv",
        "          conv2d",
        "        relu",
        "          conv2d",
        "      1",
        "        conv",
        "          conv2d",
        "  conv2d",
        "  fc",
        "    conv2d",
        "(views)",
    ]
    length = {event["name"]: event["dur"] for event in slices(record) if event["name"] != "conv2d"}
    assert (length["(network)"], length["backbone"], length["0"]) == (9000, 5000, 3000)
    assert (length["fc"], length["(views)"]) == (3000, 1000)
    paths = [event["args"]["path"] for event in slices(record) if "path" in event["args"]]
    assert paths[:5] == [
        "(network)", "backbone", "backbone.stage2", "backbone.stage2.0", "backbone.stage2.0.conv",
    ]  # fmt: skip


def test_operators_of_one_call_share_a_slice_and_another_call_has_its_own(traced):
    one = [("act", 0, MS), ("act", 0, MS)]
    assert tree(slices(traced(one))) == ["(network)", "  act", "    conv2d", "    conv2d"]
    two = [("act", 0, MS), ("act", 1, MS)]
    assert tree(slices(traced(two))) == [
        "(network)", "  act", "    conv2d", "  act", "    conv2d",
    ]  # fmt: skip
    later = [("act", 0, MS), ("fc", 0, MS), ("act", 1, MS)]
    assert tree(slices(traced(later)))[1::2] == ["  act", "  fc", "  act"]


def test_a_module_that_also_computes_by_itself_is_one_slice_around_its_children(traced):
    block = [("b", 0, MS), ("b.conv", 0, MS), ("b", 0, MS), ("b.conv", 1, MS), ("b", 1, MS)]
    assert tree(slices(traced(block))) == [
        "(network)",
        "  b",
        "    conv2d",
        "    conv",
        "      conv2d",
        "    conv2d",
        "    conv",
        "      conv2d",
        "  b",
        "    conv2d",
    ]


def test_a_module_whose_name_begins_like_another_is_another(traced):
    assert tree(slices(traced([("a", 0, MS), ("ab", 0, MS), ("ab.a", 0, MS)])))[1::2] == [
        "  a", "  ab", "    a",
    ]  # fmt: skip


def test_operators_follow_one_another_and_add_up_to_the_sum_of_their_medians(traced):
    times = [1.2345e-3, 7e-9, 0.0, 3.3333333e-4, 0.25]
    record = traced([("m", 0, seconds) for seconds in times], views_s=2e-6)
    operators = [event for event in slices(record) if event["name"] == "conv2d"]
    for before, after in pairwise(operators):
        assert nanoseconds(before)[1] == nanoseconds(after)[0]
    # to the nanosecond; the one of no time is as short as can be
    lengths = [end - start for start, end in map(nanoseconds, operators)]
    assert lengths == [1_234_500, 7, 1, 333_333, 250_000_000]
    assert sum(lengths) == pytest.approx(1e9 * sum(times), abs=len(times))
    whole, views = slices(record)[0], slices(record)[-1]
    assert nanoseconds(whole)[1] == nanoseconds(operators[-1])[1] == nanoseconds(views)[0]
    assert views["dur"] == 2


@given(data=st.data())
def test_slices_lie_within_each_other_whatever_ran_and_however_long(data, traced):
    """An end that is a nanosecond too late is a slice that Perfetto drops."""
    path = st.lists(st.sampled_from("abc"), max_size=4).map(".".join)
    time = st.floats(1e-9, 1e-2)
    operator = st.tuples(path, st.integers(0, 2), time)
    operators = data.draw(st.lists(operator, min_size=1, max_size=20))
    record = traced(operators)
    events = slices(record)
    lines = tree(events)
    ran = [line for line in lines if line.endswith("conv2d")]
    depths = [len(line) - len(line.lstrip()) for line in ran]
    assert depths == [2 * (1 + len(path.split("."))) if path else 2 for path, *_ in operators]


@given(st.integers(0, 10**13))
def test_a_reader_that_cuts_off_gets_every_nanosecond(ns):
    us = json.loads(json.dumps(_microseconds(ns)))
    assert int(us * 1000) == ns
    assert us == pytest.approx(ns / 1000)


def test_an_operator_says_what_it_is_and_how_well_its_time_is_known(traced):
    operator = slices(traced([("conv1", 0, 0.004)], views_s=0.012))[-2]
    assert operator["args"] == {
        "kind": "dense conv",
        "op": "conv2d",
        "MAdds": 1_814_073_344,
        "bytes": 94_500_000,
        "output": "1x8x5x5",
        "time": "4.00 ms (4.00 ms to 4.00 ms)",
        "share": "25.0 % (25.0 % to 25.0 %)",
    }


def test_without_bounds_there_are_none(traced):
    record = traced([("conv1", 0, 0.004)])
    (timed,) = record.layers.operators
    timed = msgspec.structs.replace(timed, time_s=Interval(0.004), share=Interval(1.0))
    layers = msgspec.structs.replace(record.layers, operators=(timed,))
    operator = slices(msgspec.structs.replace(record, found=layers))[-1]
    assert (operator["args"]["time"], operator["args"]["share"]) == ("4.00 ms", "100.0 %")


def test_process_and_thread_say_model_and_case_and_the_rest_what_it_is(traced):
    record = traced([("conv1", 0, 0.004)])
    trace = chrome_trace(record)
    named = {event["name"]: event["args"]["name"] for event in trace["traceEvents"][:2]}
    assert named["process_name"] == "net"
    for word in ("cpu", "eager", "threads 2", "batch 1"):
        assert word in named["thread_name"].split(", ")
    assert trace["displayTimeUnit"] == "ms"
    about = trace["otherData"]
    assert (about["model"], about["record"], about["rounds"]) == ("net", record.id, 7)
    assert about["whole call"] == "2.00 s (2.00 s to 2.00 s)"
    assert about["sum of operators / whole call"].startswith("0.2 %")  # 4 ms of 2 s
    assert "not a recorded one" in about["about"]
    assert all({"pid", "tid", "ph", "name"} <= event.keys() for event in trace["traceEvents"])


@pytest.mark.parametrize(
    "name", ['"', "</script>", "a\nb", "\x1b[31m", "net\u202ecod", "\\", "{", "x" * 300]
)
def test_hostile_names_are_only_text(name, traced):
    text = trace_text(traced([(f"{name}.conv", 0, MS)], op=name, model=name))
    assert text.isascii()
    assert text.endswith("\n")
    events = json.loads(text)["traceEvents"]
    shown = name.encode("unicode_escape").decode() if not name.isprintable() else name
    assert [event["name"] for event in events if event["ph"] == "X"] == [
        "(network)", shown, "conv", shown,
    ]  # fmt: skip


def test_no_views_have_no_slice(traced):
    assert slices(traced([("conv1", 0, MS)]))[-1]["name"] == "conv2d"


def test_a_record_without_times_of_operators_has_no_trace(make_record):
    with pytest.raises(ValueError, match="no times of operators"):
        trace_text(make_record())
