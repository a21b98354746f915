"""Which peaks a network is held against: those of its setup and machine, at the speed that the machine has then."""

from __future__ import annotations

import msgspec
import pytest
from rooflines import MB, again, conv, costs_of, of_costs, peak_records

from lightbench.errors import UsageError
from lightbench.records.collection import Evidence
from lightbench.studies.roofline.among import (
    ceilings_for,
    check_held,
    placed_among,
    rooflines,
    unlike,
)
from lightbench.studies.roofline.points import CONV_START, PRODUCTS, START, labels

near = pytest.approx


@pytest.fixture
def network(make_record):
    """8 GMAdds, which take 1 s at the best peak; it took 2 s in a run of its own."""

    def make(time_s=2.0, **how):
        costs = costs_of(conv(8e9, read=MB, write=MB))
        return of_costs(make_record("net", **{"run": "two", **how}), costs, time_s)

    return make


def placed(record, *known):
    return placed_among(Evidence((*known, record)), record)


def peak(records, label):
    return next(r for r in records if r.sweep.point == label)


# Which.


def test_a_network_is_held_against_the_peaks_of_its_setup(make_record, network):
    peaks = peak_records(make_record)
    assert placed(network(), *peaks).roofline_s == near(1.0)
    assert placed(network(batch=8), *peaks).roofline_s == near(1.0)  # peaks are of any batch


def test_what_is_measured_apart_from_the_time_does_not_ask_for_other_peaks(make_record, network):
    """Nor for other anchors: the machine has become twice as slow, as what both runs have timed says."""
    peaks = peak_records(make_record)
    record = network(options=("energy", "memory"))
    both = [make_record("both", run=peaks[0].run.id, latency_s=0.01)]
    both.append(make_record("both", run="two", options=("energy", "memory"), latency_s=0.02))
    assert placed(record, *peaks, *both).roofline_s == near(2.0)


@pytest.mark.parametrize(
    ("how", "theirs", "own"),
    [
        ({"dtype": "bfloat16"}, "float32", "bfloat16"),
        ({"engine": "onnxruntime"}, "eager", "onnxruntime"),
        ({"layout": "channels_last"}, "contiguous", "channels_last"),
        ({"device": "cuda"}, "cpu", "cuda"),
        ({"options": ("flush-denormal",)}, "no options", "flush-denormal"),
        (
            {"comparable": {"cpu": "Example CPU", "threads": 1, "torch": "2.13.0"}},
            "threads 2",
            "threads 1",
        ),
        (
            {"comparable": {"cpu": "Another CPU", "threads": 2, "torch": "2.13.0"}},
            "cpu Example CPU",
            "cpu Another CPU",
        ),
        ({"comparable": {"cpu": "Example CPU", "threads": 2}}, "torch 2.13.0", ""),
    ],
)
def test_no_other_peaks_stand_in_for_those_of_a_setup_and_it_is_said_why(
    how, theirs, own, make_record, network
):
    record, peaks = network(**how), peak_records(make_record)
    assert placed(record, *peaks) is None
    assert unlike(Evidence((*peaks, record)), record) == (theirs, own)


def test_of_several_rooflines_the_nearest_says_what_differs(make_record, network):
    far = peak_records(make_record, dtype="float64", device="cuda", sweep_run="far")
    near_by = peak_records(make_record, sweep_run="near")
    record = network(dtype="bfloat16")
    assert unlike(Evidence((*far, *near_by)), record) == ("float32", "bfloat16")


def test_training_has_no_roofline_for_the_costs_are_those_of_a_forward_pass(make_record, network):
    record, peaks = network(mode="train"), peak_records(make_record)
    assert placed(record, *peaks) is None
    assert unlike(Evidence((*peaks, record)), record) == ("", "")


def test_a_network_that_was_not_counted_has_none(make_record, network):
    record = msgspec.structs.replace(network(), costs=None)
    assert placed(record, *peak_records(make_record)) is None


def test_a_run_of_an_engines_peaks_has_those_of_eager_too(make_record, network):
    """The engine's are twice as fast, and count for the engine alone."""
    own = peak_records(make_record, engine="onnxruntime", faster=2)
    evidence = Evidence((*peak_records(make_record), *own))
    assert len(rooflines(evidence)) == 2
    assert ceilings_for(evidence, network()).product.value == near(8e9)
    assert ceilings_for(evidence, network(engine="onnxruntime")).product.value == near(16e9)
    assert ceilings_for(evidence, network(engine="openvino")) is None


def test_the_latest_roofline_of_a_setup_counts_and_one_without_an_end_does_not(
    make_record, network
):
    old, new = (
        peak_records(make_record, sweep_run="old"),
        peak_records(make_record, sweep_run="new", faster=2),
    )
    cut = peak_records(make_record, sweep_run="cut", faster=4, without=[START, CONV_START])
    assert placed(network(), *old, *new, *cut).roofline_s == near(0.5)


def test_of_many_facts_that_differ_the_first_are_told(make_record, network):
    """What was asked for, then what people tell machines by."""
    where = {"architecture": "arm64", "cpu": "Mine", "kernel": "7", "threads": 1, "torch": "2.13.0"}
    record, peaks = network(dtype="bfloat16", comparable=where), peak_records(make_record)
    assert unlike(Evidence((*peaks, record)), record) == (
        "float32, threads 2, cpu Example CPU",
        "bfloat16, threads 1, cpu Mine, ...",
    )


# At which speed.


def test_in_the_rounds_of_the_peaks_nothing_has_changed(make_record, network):
    found = placed(network(run="one"), *peak_records(make_record))
    assert (found.efficiency.median, found.efficiency.low) == near((0.5, 0.5 / 1.02))


def test_a_machine_that_has_become_twice_as_slow_allows_half_as_much(make_record, network):
    """What took 200 us with the peaks takes 400 us with the network: of its 2 s the roofline is 2, and no longer 1."""
    peaks = peak_records(make_record)
    found = placed(network(), *peaks, again(peak(peaks, START), run="two", times=2))
    assert found.roofline_s == near(2.0)
    assert found.efficiency.median == near(1.0)
    assert (found.efficiency.low, found.efficiency.high) == near((1 / 1.02, 1 / 0.98))


def test_what_the_anchors_do_not_agree_on_is_in_the_interval(make_record, network):
    """One takes as long as it did, one 1.21 times: the machine is 1.1 times as slow, or somewhere between."""
    peaks = peak_records(make_record)
    anchors = [
        again(peak(peaks, START), run="two"),
        again(peak(peaks, labels(PRODUCTS)[0]), run="two", times=1.21),
    ]
    found = placed(network(), *peaks, *anchors)
    assert found.efficiency.median == near(0.55)
    assert (found.efficiency.low, found.efficiency.high) == near((0.5 / 1.02, 0.605 / 0.98))


@pytest.mark.parametrize("busy", [(), ("contended: other programs used this CPU meanwhile.",)])
def test_where_nothing_undisturbed_was_timed_in_both_there_is_no_interval(
    busy, make_record, network
):
    """It is never beyond the ceilings then: the machine may have been slower."""
    peaks = peak_records(make_record)
    anchors = [again(peak(peaks, START), run="two", warnings=busy)] if busy else []
    found = placed(network(0.1), *peaks, *anchors)
    assert found.drift is None
    assert (found.efficiency.median, found.efficiency.low) == (near(10), None)
    assert not found.beyond


# What is handed over.


def test_records_without_peaks_hold_no_roofline(make_record):
    check_held(peak_records(make_record), "'r.jsonl'")
    with pytest.raises(UsageError, match="'r.jsonl' holds no roofline") as caught:
        check_held([make_record("a"), *peak_records(make_record)[:3]], "'r.jsonl'")
    assert "lightbench roofline --store FILE" in caught.value.hint


def test_without_any_peaks_there_is_none_to_differ_from(make_record):
    with pytest.raises(ValueError, match="empty"):
        unlike(Evidence((make_record("a"),)), make_record("a"))
