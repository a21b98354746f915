"""A sweep as a table and as data: every point beside the reference, and where it turns."""

from __future__ import annotations

import csv
import io
import json
import math
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_reports import cells

from lightbench import registry
from lightbench.stats.ratio import Ratio
from lightbench.studies.sweep.relative import crossover, relatives, slower
from lightbench.studies.sweep.table import interval, sweep_view, turn

FORMATS = registry.names("format")


GROUPS = {"g=1": 1.0, "g=2": 1.0, "g=4": 1.25, "g=8": 1.5}


def render(name, view, **options):
    return registry.load("format", name).render(view, **options)


def one(records):
    """The only sweep of the data."""
    (sweep,) = sweep_view(records).data["sweeps"]
    return sweep


def with_interval(point, low, high):
    """A point with this interval of its time ratio in place of the measured one."""
    return replace(point, time=Ratio(math.log(low * high) / 2, math.log(low), math.log(high), 12))


# Where it turns.


def test_the_crossover_is_the_first_slower_point_in_the_order_of_the_axis(sweep_records):
    points = relatives(sweep_records({"a": 1.0, "b": 1.0, "c": 1.25, "d": 9.0}))
    assert crossover(points).point.point == "c"
    assert turn(points) == "Crossover: c is the first point slower than a: 1.25 (1.25 to 1.25)."


@pytest.mark.parametrize(
    ("low", "high", "is_slower"),
    [
        (math.nextafter(1.0, 2), 1.5, True),
        (1.0, 1.5, False),  # it touches the reference
        (0.9, 1.5, False),
        (0.5, 1.0, False),
        (0.5, 0.6, False),
    ],
)
def test_only_an_interval_wholly_above_the_reference_is_slower(low, high, is_slower, sweep_records):
    reference, other = relatives(sweep_records({"a": 1.0, "b": 1.0}))
    point = with_interval(other, low, high)
    assert slower(point) is is_slower
    assert crossover([reference, point]) is (point if is_slower else None)


def test_without_an_interval_nothing_is_slower(sweep_records):
    points = relatives(sweep_records({"a": 1.0, "b": 9.0}, rounds=5))
    assert points[1].time.low is None
    assert crossover(points) is None
    assert "no point is slower" not in turn(points)
    assert "unknown. b: too few rounds for an interval: measure longer" in turn(points)


def test_the_reference_is_never_slower_than_itself(sweep_records):
    (point,) = relatives(sweep_records({"a": 1.0}))
    above = replace(point, time=Ratio(1.0, 0.5, 1.5, 12))
    assert not slower(above)


@pytest.mark.parametrize(("per_madd", "turn_at"), [(False, None), (True, "half")])
def test_a_sweep_per_madd_turns_by_time_per_madd(per_madd, turn_at, sweep_records):
    """The same time for half the MAdds is twice the time per MAdd."""
    records = sweep_records(
        {"whole": 1.0, "half": 1.0}, madds={"whole": 2000, "half": 1000}, per_madd=per_madd
    )
    assert one(records)["crossover"] == turn_at
    said = turn(relatives(records))
    assert ("per MAdd" in said) is per_madd
    if per_madd:
        assert said == (
            "Crossover: half is the first point slower per MAdd than whole: 2.00 (2.00 to 2.00)."
        )
    else:
        assert said == "Crossover: no point is slower than whole by more than its interval."


@given(st.lists(st.floats(0.5, 2.0), min_size=1, max_size=6))
def test_nothing_before_the_crossover_is_slower(sweep_records, times):
    points = relatives(sweep_records({"ref": 1.0} | {f"p{i}": t for i, t in enumerate(times)}))
    first = next((i for i, t in enumerate(times) if math.log(t) > 1e-9), None)
    found = crossover(points)
    if first is None:
        assert found is None or math.log(found.time.ratio) <= 1e-9
    else:
        assert times[int(found.point.point[1:])] > 1.0
        assert int(found.point.point[1:]) <= first


# What is shown.


@pytest.mark.parametrize("records", ["none", "of no sweep", "without a time"])
def test_without_a_sweep_there_is_one_empty_table_and_empty_data(
    records, make_record, sweep_records
):
    given_ = {
        "none": [],
        "of no sweep": [make_record("a")],
        "without a time": sweep_records({"a": None, "b": None}),
    }[records]
    view = sweep_view(given_)
    assert view.table.title == "Sweep: nothing measured"
    assert view.table.rows == view.table.notes == view.table.sentences == view.above == ()
    assert view.data["sweeps"] == []
    assert len(view.data["records"]) == (2 if records == "without a time" else 0)
    for name in FORMATS:
        assert render(name, view).endswith("\n")


def test_a_sweep_whose_reference_failed_is_nothing_measured(sweep_records):
    """No ratio can be said."""
    view = sweep_view(sweep_records({"a": None, "b": 1.0}))
    assert view.table.rows == ()
    assert [r["found"]["point"] for r in view.data["records"]] == ["a", "b"]


def test_every_number_of_a_point_is_the_records_or_beside_the_reference(sweep_records):
    """12 rounds of 0.5 s and 1.25 s; 3 and 6 million MAdds; 400 and 1000 elements, 8 and 2 kB."""
    records = sweep_records(
        {"g=1": [0.5] * 12, "g=2": [1.25] * 12},
        experiment="groups",
        channels="c=64, constant MAdds",
        per_madd=True,
        madds={"g=1": 3_000_000, "g=2": 6_000_000},
        mem_access={"g=1": 400, "g=2": 1000},
        mem_bytes={"g=1": 8000, "g=2": 2000},
        settings={"g=1": {"c": 64, "groups": 1}, "g=2": {"c": 92, "groups": 2}},
        launch={"g=2": [0.25] * 12},
        notes={"g=2": "channels are rounded"},
    )
    view = sweep_view(records)
    assert cells(view, "sweep") == ["groups", "groups"]
    assert cells(view, "point") == ["g=1", "g=2"]
    assert cells(view, "c") == [64, 92]
    assert cells(view, "madds") == [3_000_000, 6_000_000]
    assert cells(view, "latency_s") == [0.5, 1.25]
    assert cells(view, "time_ratio") == [1.0, pytest.approx(2.5)]
    assert cells(view, "interval") == ["1.00 to 1.00", "2.50 to 2.50"]
    assert cells(view, "time_per_madd_ratio") == [1.0, pytest.approx(1.25)]
    assert cells(view, "madds_per_s") == [6_000_000, 4_800_000]
    assert cells(view, "mem_access_ratio") == [1.0, 2.5]
    assert cells(view, "mem_bytes_ratio") == [1.0, 0.25]
    assert cells(view, "launch_share") == [None, 0.2]
    assert cells(view, "rounds") == [12, 12]
    assert cells(view, "mark") == ["", ""]
    assert cells(view, "c1") == [None, None]
    assert view.table.title.startswith(
        "Sweep groups, c=64, constant MAdds: input 64x56x56, batch 1"
    )
    assert "channels are rounded." in view.table.notes
    assert (
        "Crossover: g=2 is the first point slower per MAdd than g=1: 1.25 (1.25 to 1.25)."
        in view.table.sentences
    )
    sweep = one(records)
    assert sweep["crossover"] == "g=2"
    assert [p["settings"] for p in sweep["points"]] == [
        {"c": 64, "groups": 1}, {"c": 92, "groups": 2},
    ]  # fmt: skip
    assert [p["note"] for p in sweep["points"]] == ["", "channels are rounded"]
    assert [r["id"] for r in view.data["records"]] == [r.id for r in records]


def test_a_point_that_failed_is_no_row_and_the_others_stay(sweep_records):
    view = sweep_view(sweep_records({"a": 1.0, "b": None, "c": 2.0}))
    assert cells(view, "point") == ["a", "c"]
    assert len(view.data["records"]) == 3


def test_columns_that_say_nothing_are_not_shown_to_people(sweep_records):
    records = sweep_records({"a": 1.0}, settings={"a": {"c": 64}})
    shown = {c.key for c in sweep_view(records).table.for_people().columns}
    assert {"point", "c", "time_ratio", "latency_s"} <= shown
    assert shown.isdisjoint({"c1", "c2", "launch_share", "mark", "sweep", "run", "model"})


def test_what_is_not_known_well_is_marked_and_said(sweep_records):
    """3 of 12 rounds are 10 % slower: the interval is the 3rd to the 10th, 1 to 1.1."""
    noisy = sweep_records({"a": [1.0] * 12, "b": [1.0] * 9 + [1.1] * 3})
    assert cells(sweep_view(noisy), "mark") == ["", "?"]
    assert "? not known to +-3 %." in sweep_view(noisy).table.notes
    assert not any("?" in note for note in sweep_view(sweep_records(GROUPS)).table.notes)
    few = sweep_view(sweep_records({"a": 1.0, "b": 1.0}, rounds=5))
    assert cells(few, "mark") == ["", "?"]
    assert cells(few, "interval") == ["1.00 to 1.00", "-"]


def test_two_sweeps_are_two_tables_the_last_one_below(sweep_records):
    records = sweep_records(GROUPS, experiment="groups", run="one") + sweep_records(
        {"1:1": 1.0, "1:4": 2.0}, experiment="ratio", run="two"
    )
    view = sweep_view(records)
    assert [t.title.split(",")[0] for t in view.tables] == ["Sweep groups", "Sweep ratio"]
    assert [sweep["sweep"] for sweep in view.data["sweeps"]] == ["groups", "ratio"]
    assert [len(sweep["points"]) for sweep in view.data["sweeps"]] == [4, 2]
    assert [row["point"] for row in csv.DictReader(io.StringIO(render("csv", view)))] == [
        "1:1", "1:4",
    ]  # fmt: skip
    for name in ("table", "markdown", "html"):
        assert all(word in render(name, view) for word in ("g=8", "1:4"))


def test_two_runs_of_one_sweep_are_not_mixed(sweep_records):
    """The second machine is twice as slow throughout: within each run nothing is slower."""
    records = sweep_records({"a": 1.0, "b": 1.0}, run="one") + sweep_records(
        {"a": 2.0, "b": 2.0}, run="two"
    )
    assert [s["crossover"] for s in sweep_view(records).data["sweeps"]] == [None, None]


def test_an_interval_is_words_or_a_dash():
    assert interval(Ratio(0.0, math.log(0.5), math.log(2.0), 12)) == "0.50 to 2.00"
    assert interval(Ratio(0.0, None, None, 3)) == "-"


# Data.


def numbers(data):
    if isinstance(data, dict):
        data = list(data.values())
    if isinstance(data, list | tuple):
        return [n for item in data for n in numbers(item)]
    return [data] if isinstance(data, float) else []


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"rounds": 1},
        {"costs": False},
        {"madds": {"g=1": 0}},
        {"madds": dict.fromkeys(GROUPS, 0), "mem_access": dict.fromkeys(GROUPS, 230)},
        {"mem_bytes": {"g=1": 0}},
        {"per_madd": True, "madds": {"g=2": 0}},
        {"launch": GROUPS},
        {"settings": {"g=1": {}}},
    ],
)
def test_data_is_finite_and_one_document_whatever_is_unknown(options, sweep_records):
    view = sweep_view(sweep_records(GROUPS, **options))
    assert all(map(math.isfinite, numbers(view.data)))
    (sweep,) = json.loads(render("json", view))["sweeps"]
    assert len(sweep["points"]) == 4
    for name in FORMATS:
        assert "nan" not in render(name, view).lower()


@settings(deadline=None)
@given(st.lists(st.floats(1e-9, 1e6), min_size=2, max_size=6), st.integers(0, 10**15))
def test_data_of_any_times_and_costs_is_finite(sweep_records, times, madds):
    records = sweep_records(
        {f"p{i}": t for i, t in enumerate(times)}, madds={"p0": madds}, per_madd=True
    )
    assert all(map(math.isfinite, numbers(sweep_view(records).data)))
