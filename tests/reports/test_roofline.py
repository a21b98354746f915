"""The roofline of a report: of peaks where there are some, of a device card where there are none."""

from __future__ import annotations

import msgspec
import pytest
from made_reports import cells, sections
from rendering import told
from rooflines import MB, again, conv, costs_of, of_costs, peak_records, roofline_records

from lightbench.records.collection import Evidence
from lightbench.reports.roofline import least_s, placed_for
from lightbench.studies.roofline.points import START

near = pytest.approx
BUSY = ("contended: other programs used this CPU meanwhile.",)


def network(make_record, time_s=2.0, **how):
    return of_costs(make_record("net", **how), costs_of(conv(8e9, read=MB, write=MB)), time_s)


def comparison(records):
    view = sections(records)["Comparison"].views[0]
    return view, " ".join(told(view.table))


def test_peaks_stand_before_a_device_card(make_record, card_records):
    """The card's fastest kind of operator has another speed than the 8 GMAdds/s of the peaks."""
    cards, peaks, record = card_records(), peak_records(make_record), network(make_record)
    assert placed_for(Evidence((record, *cards, *peaks)), record).roofline_s == near(1.0)
    rate = 10**6 / cards[0].latency.median_s
    linked = network(make_record, run="card")
    assert placed_for(Evidence((linked, *cards)), linked).roofline_s == near(8e9 / rate)
    view, notes = comparison([record, *cards, *peaks])
    assert cells(view, "efficiency") == [near(0.5)]
    assert "device card" not in notes


def test_it_is_the_roofline_of_the_command_and_of_a_profile(make_record):
    *peaks, record = roofline_records(make_record, ["a"])
    view, notes = comparison([record, *peaks])
    assert cells(view, "roofline_s") == [near(1.0, rel=1e-3)]
    assert cells(view, "efficiency_low") == [near(0.5 / 1.02, rel=1e-3)]
    assert cells(view, "bound") == ["compute"]
    assert view.data[0]["report"]["efficiency"] == near(0.5, rel=1e-3)
    assert "efficiency: roofline / time." in notes


def test_without_either_it_says_how_to_have_one(make_record):
    view, notes = comparison([make_record("a")])
    assert cells(view, "efficiency") == [None]
    assert "`lightbench roofline --store`, or `lightbench device-card`" in notes


def test_of_a_card_it_says_so(make_record, card_records):
    _, notes = comparison([network(make_record, run="card"), *card_records()])
    assert "the largest map of the device card" in notes
    assert "efficiency: roofline / latency." in notes


@pytest.mark.parametrize("how", [{"run": "two"}, {"warnings": BUSY}])
def test_a_time_that_may_not_be_compared_has_a_roofline_and_no_efficiency(how, make_record):
    view, notes = comparison([network(make_record, **how), *peak_records(make_record)])
    assert cells(view, "roofline_s") == [near(1.0)]
    assert cells(view, "efficiency") == [None]
    assert "No efficiency: nothing undisturbed was timed both" in notes


def test_between_runs_it_is_that_of_the_speed_of_the_machine(make_record):
    peaks = peak_records(make_record)
    start = next(peak for peak in peaks if peak.sweep.point == START)
    record = network(make_record, run="two")
    evidence = Evidence((record, *peaks, again(start, run="two", times=2)))
    assert placed_for(evidence, record).efficiency.median == near(1.0)
    assert least_s(evidence, record) == near(1.0)  # which orders networks, whenever they ran


def test_more_than_the_peaks_allow_is_said(make_record):
    _, notes = comparison([network(make_record, 0.5), *peak_records(make_record)])
    assert "> 1: net: faster than the ceilings allow, so one of these is too low" in notes


def test_a_record_of_another_setup_has_none(make_record):
    other = network(make_record, dtype="bfloat16")
    view, notes = comparison([network(make_record), other, *peak_records(make_record)])
    assert cells(view, "efficiency") == [near(0.5), None]
    assert "no roofline of net, bfloat16: the peaks are of float32." in notes


# A part of its own.


def test_the_ceilings_and_the_networks_below_them_are_a_part(make_record):
    records = roofline_records(make_record, ["a", "b"])
    part = sections([*records, make_record("c", run="two")])["Roofline"]
    (view,), (drawing,) = part.views, part.drawings
    assert view.above[0].title.startswith("Roofline: cpu, eager")
    assert cells(view, "model") == ["a", "b"]  # what was timed apart is not held against them
    assert "8.00 GMAdds/s" in drawing.figure().axes[0].get_title(loc="left")


def test_each_setup_has_ceilings_of_its_own(make_record):
    records = [*peak_records(make_record), *peak_records(make_record, engine="onnxruntime")]
    record = make_record("a")
    part = sections([record, *records])["Roofline"]
    assert [view.tables[0].title[:27] for view in part.views] == [
        "Roofline: cpu, eager, float",
        "Roofline: cpu, onnxruntime,",
    ]
    assert "onnxruntime" in part.drawings[1].caption
    assert "Roofline" not in sections([record])


def test_peaks_are_no_sweep_of_the_report(make_record):
    assert "Sweeps" not in sections(roofline_records(make_record, ["a"]))


def test_an_untimed_network_is_in_no_row_of_it(make_record):
    *peaks, last = roofline_records(make_record, ["a"])
    untimed = msgspec.structs.replace(last, samples=None, latency=None)
    assert len(sections([*peaks, untimed])["Roofline"].views[0].tables) == 1
