"""The roofline beside the times of a profile: columns, data and remarks."""

from __future__ import annotations

import json

import msgspec
import pytest
from rendering import told
from rooflines import MB, again, conv, costs_of, of_costs, roofline_records

from lightbench import registry
from lightbench.records import store
from lightbench.studies.profile.api import Profile
from lightbench.studies.profile.table import profile_view
from lightbench.studies.roofline.points import START

near = pytest.approx
BUSY = ("contended: other programs used this CPU meanwhile.",)


@pytest.fixture
def timed(make_record):
    """The peaks, and two networks of the same rounds, whose roofline is 1 s: they took 2 and 3 s."""
    *peaks, a, b = roofline_records(make_record, ["a", "b"])
    return peaks, [a, b]


def columns(view):
    return [c.key for c in view.table.for_people().columns]


def rows(view):
    return [view.table.named(row) for row in view.table.rows]


def notes(view):
    return " ".join(told(view.table.for_people()))


def always(view):
    return " ".join(view.table.sentences)


def test_a_profile_with_peaks_has_a_roofline_and_an_efficiency_in_each_row(timed):
    peaks, records = timed
    view = profile_view(records, peaks)
    assert [row["roofline_s"] for row in rows(view)] == near([1, 1], rel=1e-3)
    assert [row["efficiency"] for row in rows(view)] == near([1 / 2, 1 / 3], rel=1e-3)
    assert rows(view)[0]["efficiency_low"] == near(0.5 / 1.02, rel=1e-3)
    assert {row["bound"] for row in rows(view)} == {"compute"}
    assert {"roofline_s", "efficiency", "efficiency_rel", "bound"} <= {*columns(view)}
    assert "efficiency: roofline / time." in notes(view)


def test_an_efficiency_is_the_roofline_over_the_latency_of_its_row(timed):
    peaks, records = timed
    for row in rows(profile_view(records, peaks)):
        assert row["efficiency"] == row["roofline_s"] / row["latency_s"]


def test_without_peaks_nothing_is_said_of_a_roofline(timed):
    _, records = timed
    view = profile_view(records)
    assert not {"roofline_s", "efficiency", "efficiency_rel", "bound"} & {*columns(view)}
    assert "roofline" not in notes(view) + json.dumps(view.data)


def test_it_is_in_every_export(timed):
    peaks, records = timed
    found = Profile(tuple(records), tuple(peaks))
    assert [*found.to_pandas()["efficiency"]] == near([1 / 2, 1 / 3], rel=1e-3)
    csv = registry.load("format", "csv").render(found.view).splitlines()
    assert '"roofline_s","efficiency"' in csv[0]
    data = json.loads(registry.load("format", "json").render(found.view))
    assert data[0]["roofline"]["efficiency"] == near(1 / 2, rel=1e-3)
    assert data[0]["roofline"]["beyond"] is False


def test_lines_with_a_roofline_are_still_records(timed, tmp_path):
    peaks, records = timed
    text = registry.load("format", "jsonl").render(profile_view(records, peaks))
    (tmp_path / "r.jsonl").write_text(text)
    assert store.read(tmp_path / "r.jsonl") == records


# What must be said.


def test_peaks_of_other_settings_are_a_dash_and_say_of_what_they_are(timed, make_record):
    peaks, records = timed
    other = msgspec.structs.replace(
        records[0], case=msgspec.structs.replace(records[0].case, dtype="bfloat16")
    )
    view = profile_view([*records, other], peaks)
    assert rows(view)[2]["roofline_s"] is rows(view)[2]["efficiency"] is None
    assert "no roofline of a, bfloat16: the peaks are of float32." in view.table.sentences


def test_peaks_of_another_machine_are_a_dash_and_say_so(timed, make_record):
    peaks, _ = timed
    record = make_record("a", comparable={"cpu": "Mine", "threads": 2, "torch": "2.13.0"})
    view = profile_view([record], peaks)
    assert "roofline_s" not in columns(view)
    assert "no roofline of a: the peaks are of cpu Example CPU." in notes(view)


def test_training_is_said_to_have_none(timed, make_record):
    peaks, _ = timed
    view = profile_view([make_record("a", mode="train")], peaks)
    assert "no roofline of a: it is that of a forward pass." in notes(view)


def test_many_networks_without_one_are_named_in_part(timed, make_record):
    peaks, _ = timed
    records = [make_record(name, dtype="bfloat16") for name in "abcde"]
    assert "no roofline of a; b; c; and 2 more: the peaks are of float32." in notes(
        profile_view(records, peaks)
    )


def test_more_than_the_ceilings_allow_is_said(timed):
    """8 GMAdds take 1 s at best: 0.5 s cannot be."""
    peaks, (slow, fast) = timed
    records = [slow, of_costs(fast, fast.costs, 0.5)]
    view = profile_view(records, peaks)
    assert [row["beyond"] for row in rows(view)] == [False, True]
    assert "> 1: b: faster than the ceilings allow, so one of these" in always(view)
    assert "> 1:" not in notes(profile_view([slow], peaks))


def test_peaks_of_another_run_say_at_which_speed_they_are_taken(timed, make_record):
    peaks, _ = timed
    record = of_costs(make_record("a", run="two"), costs_of(conv(8e9, read=MB)), 2.0)
    start = next(peak for peak in peaks if peak.sweep.point == START)
    linked = profile_view([record], [*peaks, again(start, run="two", times=2)])
    assert "The peaks are of another run" in notes(linked)
    assert rows(linked)[0]["efficiency"] == near(1.0)
    apart = profile_view([record], peaks)
    assert "An efficiency without an interval: nothing undisturbed was" in always(apart)
    assert rows(apart)[0]["efficiency_rel"] is None


def test_peaks_of_a_busy_machine_are_doubted(make_record):
    *peaks, record = roofline_records(make_record, ["a"], warnings=BUSY)
    assert "they may be too low" in always(profile_view([record], peaks))


def test_a_network_that_failed_is_a_row_of_dashes_and_no_remark(timed, make_record):
    peaks, _ = timed
    failed = make_record("a", failure="out of memory.", costs=False)
    view = profile_view([failed], peaks)
    assert rows(view)[0]["roofline_s"] is None
    assert "no roofline of" not in notes(view)
