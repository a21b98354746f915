"""Networks and layers below the ceilings: roofline times, efficiencies and what bounds them, by hand."""

from __future__ import annotations

import msgspec
import pytest
from rooflines import MB, conv, costs_of, of_costs, peak_records, roofline_records

from lightbench.engines import Kernel
from lightbench.records.findings import LayerTimes, PartTime
from lightbench.stats.interval import Interval
from lightbench.studies.layers.kernels import COPIES, times_of
from lightbench.studies.roofline.ceilings import ceilings_of
from lightbench.studies.roofline.placed import Layer, found_in, layers_placed, network


@pytest.fixture(scope="module")
def ceilings(make_record):
    return ceilings_of(peak_records(make_record))


@pytest.fixture(scope="module")
def placed(make_record, ceilings):
    def make(*ops, time_s=1.0, **case):
        return network(of_costs(make_record("net", **case), costs_of(*ops), time_s), ceilings)

    return make


# 8 GMAdds take 1 s; 80 MB in maps of 1 MB take 2 ms.
BUSY = conv(8e9, read=MB)
IDLE = conv(8, read=MB, write=MB)


def test_each_operator_reaches_the_lower_of_its_ceilings(placed):
    """Summed operator by operator: a total of each would say 1 s, as if one could do both at once."""
    found = placed(BUSY, IDLE, time_s=2.0)
    assert found.compute_s == pytest.approx(1.0)
    assert found.memory_s == pytest.approx(2 * MB / 40e9)
    assert found.roofline_s == pytest.approx(1.0 + 5e-5)


def test_efficiency_is_the_roofline_over_the_time_with_the_interval_of_that(placed):
    found = placed(BUSY, time_s=2.0).efficiency
    assert (found.median, found.low, found.high) == pytest.approx((0.5, 0.5 / 1.02, 0.5 / 0.98))


@pytest.mark.parametrize(
    ("time_s", "beyond"),
    [
        (2.0, False),
        (1.0, False),
        (0.985, False),  # more than 1, within its interval of 2 %
        (0.97, True),
    ],
)
def test_what_is_faster_than_its_roofline_by_more_than_its_interval_cannot_be(
    time_s, beyond, placed
):
    assert placed(BUSY, time_s=time_s).beyond is beyond


@pytest.mark.parametrize(
    ("ops", "bound"),
    [
        ([BUSY], "compute"),
        ([BUSY, *[IDLE] * 100], "compute"),
        ([IDLE, IDLE], "memory"),
        ([BUSY, *[IDLE] * 30_000], "memory"),  # 1.5 s of memory
        ([conv(1, read=4)] * 10, "launch"),  # 100 us of starts, for nothing
    ],
)
def test_a_network_is_bound_by_what_most_of_its_roofline_is_or_by_its_launches(ops, bound, placed):
    assert placed(*ops).bound == bound


def test_a_device_that_waited_for_its_host_was_bound_by_launches(make_record, ceilings):
    record = of_costs(make_record("net"), costs_of(BUSY), 2.0)
    samples = msgspec.structs.replace(record.samples, wall_s=(1.0,), launch_s=(0.95,))
    assert network(msgspec.structs.replace(record, samples=samples), ceilings).bound == "launch"


def test_an_engine_that_merges_moves_the_fused_account(placed):
    relu = conv(0, read=MB, write=MB, fused=0, kind="activation")
    eager, merged = (placed(IDLE, relu, engine=engine) for engine in ("eager", "onnxruntime"))
    assert (eager.mem_bytes, merged.mem_bytes) == (4 * MB, 2 * MB)
    assert eager.memory_s == pytest.approx(2 * merged.memory_s)
    assert eager.start_s == pytest.approx(10e-6 + 2e-6)
    assert merged.start_s == pytest.approx(10e-6)  # what disappears is not started


@pytest.mark.parametrize("time_s", [1e-9, 1.0])
def test_a_network_that_does_nothing_has_no_efficiency(time_s, placed):
    found = placed(conv(0), time_s=time_s)
    assert found.roofline_s == 0
    assert found.efficiency is found.intensity is None
    assert not found.beyond


def test_a_network_that_was_not_timed_has_its_roofline_only(make_record, ceilings):
    failed = make_record("net", failure="out of memory.", costs=False)
    assert network(failed, ceilings).efficiency is None
    untimed = msgspec.structs.replace(make_record("net"), samples=None, latency=None)
    assert network(untimed, ceilings).efficiency is None
    assert network(untimed, ceilings).roofline_s > 0


def test_a_time_that_cannot_be_has_no_efficiency(placed):
    found = placed(BUSY, time_s=1e-6, warnings=("suspect: it remembers.",))
    assert found.efficiency is None
    assert not found.beyond


def test_too_few_rounds_are_an_efficiency_without_interval(make_record, ceilings):
    record = of_costs(make_record("net"), costs_of(BUSY), 0.5)
    latency = msgspec.structs.replace(record.latency, low_s=None, high_s=None)
    found = network(msgspec.structs.replace(record, latency=latency), ceilings)
    assert found.efficiency == Interval(2.0)
    assert not found.beyond  # it may be luck


# Layers.


def with_layers(record, *times):
    parts = tuple(PartTime(name="x", time_s=t, share=Interval(0.5)) for t in times)
    none = PartTime(name="(views)", time_s=Interval(0.0), share=Interval(0.0))
    layers = LayerTimes(
        rounds=9,
        total_s=Interval(2.0),
        over_whole=Interval(1.0),
        operators=parts,
        kinds=(),
        views=none,
    )
    return msgspec.structs.replace(record, found=layers)


@pytest.fixture
def layered(make_record):
    record = of_costs(make_record("a"), costs_of(BUSY, IDLE), 2.5)
    return with_layers(record, Interval(2.0, 1.9, 2.1), Interval(1e-5, 0.9e-5, 1.1e-5))


def test_each_layer_has_its_own_roofline(layered, ceilings):
    busy, idle = layers_placed(layered, ceilings)
    assert busy.efficiency.median == pytest.approx((1.0) / 2.0)
    assert (busy.bound, busy.beyond) == ("compute", False)
    assert idle.efficiency.median == pytest.approx(5.0)  # 50 us of memory in 10 us
    assert (idle.bound, idle.beyond) == ("memory", True)


def test_a_layer_of_an_engine_is_a_module_with_what_was_merged_into_it(make_record, ceilings):
    """Of 2 s three quarters are for a convolution that could take 1 s, and for the activation in it; and a quarter
    for a copy, of which nothing was counted."""
    relu = conv(0, read=MB, write=MB, fused=0, kind="activation", path="b")
    record = of_costs(
        make_record("net", engine="onnxruntime"), costs_of(conv(8e9, read=MB, path="a"), relu), 2.0
    )
    kernels = (
        Kernel("x", "FusedConv", (3.0,) * 6, ("a", "b")),
        Kernel("y", "Reorder", (1.0,) * 6, ("b",), copies=True),
    )
    timed = msgspec.structs.replace(record, found=times_of(kernels))
    layer, copies = layers_placed(timed, ceilings)
    assert layer.layer == Layer("a", "FusedConv", "dense conv")
    assert (layer.time.median, layer.mem_bytes) == (pytest.approx(1.5), MB)
    assert layer.efficiency.median == pytest.approx(1.0 / 1.5)
    assert layer.bound == "compute"
    assert copies.layer == Layer(COPIES, "Reorder", None)
    assert copies.efficiency is copies.bound is None
    assert copies.time.median == pytest.approx(0.5)


# What records hold.


def test_networks_of_the_same_rounds_are_held_against_the_ceilings(make_record):
    records = roofline_records(make_record, ["a", "b"])
    others = [make_record("of another run", run="two"), make_record("an anchor", anchor=True)]
    found = found_in([*others, *records])
    assert [row.record.case.model for row in found.networks] == ["a", "b"]
    assert [row.efficiency.median for row in found.networks] == pytest.approx(
        [1 / 2, 1 / 3], rel=1e-3
    )
    assert found.layers == ()


def test_layers_are_those_of_the_networks(make_record, layered):
    records = roofline_records(make_record, ["a"])
    assert len(found_in([*records, layered]).layers) == 2
    other = msgspec.structs.replace(
        layered, case=msgspec.structs.replace(layered.case, model="of none")
    )
    assert found_in([*records, other]).layers == ()


def test_without_networks_there_are_the_ceilings(make_record):
    assert found_in(peak_records(make_record)).networks == ()


def test_without_ceilings_there_is_nothing(make_record):
    assert found_in([make_record("a")]) is None
