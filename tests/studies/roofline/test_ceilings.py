"""The ceilings of a device, and the least time that an operator can take below them: by hand."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rooflines import BEST, KB, MAPS, MB, RATES, conv, costs_of, of_costs, peak_records

from lightbench.records import SweepPoint
from lightbench.studies.roofline.ceilings import ceilings_of, memory_s
from lightbench.studies.roofline.points import CONV_START, PRODUCTS, SPATIAL, START, STREAMS, labels


@pytest.fixture(scope="module")
def ceilings(make_record):
    return ceilings_of(peak_records(make_record))


def test_the_peak_is_that_of_the_best_shape(ceilings):
    assert ceilings.product.value == pytest.approx(8e9)
    assert ceilings.product.record.sweep.point == BEST


def test_a_peak_is_of_the_shortest_call_not_of_the_median(make_record):
    """A network's time is a median: a peak below that of another moment would make more than 1 of it."""
    first, *rest = peak_records(make_record)
    disturbed = msgspec.structs.replace(
        first, latency=msgspec.structs.replace(first.latency, min_s=first.latency.median_s / 10)
    )
    assert ceilings_of([disturbed, *rest]).product.value == pytest.approx(10e9)


def test_starting_an_operator_takes_the_time_of_many_over_their_number(ceilings):
    assert ceilings.start_s == pytest.approx(2e-6)
    assert ceilings.conv_start_s == pytest.approx(10e-6)


@pytest.mark.parametrize(
    ("size", "gigabytes"),
    [
        (0, 40),  # smaller than all: the best of all
        (100 * KB, 40),
        (
            250 * KB,
            40,
        ),  # a larger map was faster, as starting the small one takes time: never less than that
        (MB, 40),
        (3 * MB, 40),  # between 1 and 4 MB: it may be in the cache as the smaller one was
        (4 * MB, 10),
        (16 * MB, 5),  # 64 MB had 5
        (64 * MB, 5),
        (256 * MB, 2),
        (10**12, 2),
    ],
)
def test_bytes_move_as_fast_as_the_best_map_of_their_size_or_larger(size, gigabytes, ceilings):
    assert ceilings.bandwidth(size) == pytest.approx(gigabytes * 1e9)


@given(st.integers(0, 10**10), st.integers(0, 10**10))
def test_more_bytes_never_move_faster(ceilings, a, b):
    assert ceilings.bandwidth(min(a, b)) >= ceilings.bandwidth(max(a, b))


def test_activations_come_from_a_cache_that_holds_the_larger_of_what_is_read_and_written(ceilings):
    """1 + 3 MB, of which either alone is in the cache of 40 GB/s: 4 MB take 0.1 ms."""
    costs = costs_of(conv(0, read=MB, write=3 * MB))
    assert memory_s(costs.ops[0], costs, ceilings, fused=False) == pytest.approx(1e-4)
    costs = costs_of(conv(0, read=MB, write=4 * MB))
    assert memory_s(costs.ops[0], costs, ceilings, fused=False) == pytest.approx(5e-4)


def test_weights_were_used_a_call_ago_and_since_then_all_others(ceilings):
    """1 MB of 300 MB of parameters: from memory, at 2 GB/s, although 1 MB alone would be in the cache."""
    op = conv(0, weight=MB)
    for param_bytes, seconds in ((MB, 1 / 40e3), (300 * MB, 1 / 2e3)):
        costs = costs_of(op, param_bytes=param_bytes)
        assert memory_s(op, costs, ceilings, fused=False) == pytest.approx(seconds)


def test_what_an_engine_merges_moves_nothing(ceilings):
    merged = conv(0, read=MB, write=MB, fused=0)
    assert memory_s(merged, costs_of(merged), ceilings, fused=True) == 0
    assert memory_s(merged, costs_of(merged), ceilings, fused=False) == pytest.approx(5e-5)


def test_an_engine_has_the_best_of_its_own_peaks_and_of_eagers(make_record):
    """Peaks are those of a device: what another of its programs attains, it can do."""
    eager = peak_records(make_record, without=labels(STREAMS)[:1])
    own = peak_records(make_record, engine="onnxruntime", faster=2, without=labels(PRODUCTS))
    both = ceilings_of([*eager, *own])
    assert both.product.value == pytest.approx(8e9)
    assert both.spatial.value == pytest.approx(16e9)
    assert both.cached == pytest.approx(80e9)
    assert both.product.record.case.engine == "eager"
    assert both.spatial.record.case.engine == "onnxruntime"


def test_the_start_of_an_operator_is_that_of_the_engine(make_record):
    own = peak_records(make_record, engine="onnxruntime", faster=4)
    assert ceilings_of([*peak_records(make_record), *own]).start_s == pytest.approx(0.5e-6)


# Winograd's algorithm.


def test_convolutions_as_fast_as_products_do_what_is_counted(ceilings):
    assert ceilings.fewer is None
    assert ceilings.madds_per_s(conv(1)) == ceilings.madds_per_s(conv(1, kind="linear"))


def test_convolutions_much_faster_than_products_do_fewer_multiplications(make_record):
    """Winograd's F(2x2, 3x3) does 2.25 times fewer: such convolutions have a peak of their own, products
    keep theirs."""
    records = peak_records(make_record, without=labels(SPATIAL))
    fast = peak_records(make_record, faster=2.25, without=set(RATES) - set(labels(SPATIAL)))
    fast = [r for r in fast if r.sweep.point in labels(SPATIAL)]
    found = ceilings_of([*records, *fast])
    assert found.fewer == pytest.approx(2.25)
    assert found.madds_per_s(conv(1)) == pytest.approx(18e9)
    assert found.madds_per_s(conv(1, kind="depthwise conv")) == pytest.approx(18e9)
    for kind in ("pointwise conv", "linear", "matmul", "attention"):
        assert found.madds_per_s(conv(1, kind=kind)) == pytest.approx(8e9)


def test_without_a_3x3_convolution_its_peak_is_that_of_products(make_record):
    found = ceilings_of(peak_records(make_record, without=labels(SPATIAL)))
    assert found.spatial == found.product


# Parts that are missing or cannot be.


@pytest.mark.parametrize("missing", [labels(PRODUCTS), labels(STREAMS), [START], [CONV_START]])
def test_without_one_of_its_parts_there_are_no_ceilings(missing, make_record):
    assert ceilings_of(peak_records(make_record, without=missing)) is None


def test_one_shape_that_failed_leaves_the_others(make_record):
    label = BEST
    failed = make_record(
        failure="out of memory.", sweep=SweepPoint(run="r", experiment="roofline", point=label)
    )
    found = ceilings_of([failed, *peak_records(make_record, without=[label])])
    assert found.product.value == pytest.approx(6e9)
    assert failed in found.records


def test_a_time_that_cannot_be_makes_no_peak(make_record):
    records = [
        msgspec.structs.replace(r, warnings=("suspect: it remembers.",))
        if r.sweep.point == BEST
        else r
        for r in peak_records(make_record)
    ]
    assert ceilings_of(records).product.value == pytest.approx(6e9)


def test_a_point_that_did_nothing_is_no_peak(make_record):
    """In a file that somebody edited."""
    records = [
        of_costs(r, costs_of(conv(0))) if r.sweep.point in (*RATES, *MAPS) else r
        for r in peak_records(make_record)
    ]
    assert ceilings_of(records) is None


def test_of_several_runs_the_last_counts(make_record):
    old = peak_records(make_record, sweep_run="old", run="a")
    new = peak_records(make_record, sweep_run="new", run="b", faster=2)
    assert ceilings_of([*old, *new]).product.value == pytest.approx(16e9)
    assert ceilings_of([*new, *old]).product.value == pytest.approx(8e9)


@pytest.mark.parametrize("records", ["none", "of no sweep", "of another sweep"])
def test_other_records_are_no_ceilings(records, make_record, sweep_records):
    others = {
        "none": [],
        "of no sweep": [make_record("a")],
        "of another sweep": sweep_records(dict.fromkeys(RATES, 1.0), experiment="groups"),
    }
    assert ceilings_of(others[records]) is None
