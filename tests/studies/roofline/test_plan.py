"""What the peaks are measured with."""

from __future__ import annotations

import math

import pytest

from lightbench import count, devices
from lightbench.records import InputSpec
from lightbench.runner.anchors import NETWORKS
from lightbench.runner.setup import Setup
from lightbench.studies.roofline.plan import COPIES, peaks
from lightbench.studies.roofline.points import POINTS, PRODUCTS, SPATIAL, START, STREAMS, labels
from lightbench.studies.sweep.equal import input_of


def layers(point):
    spec = input_of(point, point.size)
    return count(point.model, input=str(spec), batch=point.batch or 1).layers


@pytest.mark.parametrize("point", PRODUCTS, ids=lambda p: p.label)
def test_products_are_one_large_product(point):
    (op,) = layers(point)
    assert op.kind in ("linear", "pointwise conv")
    assert op.madds >= 100e6


@pytest.mark.parametrize("point", SPATIAL, ids=lambda p: p.label)
def test_convolutions_are_one_3x3_convolution_at_stride_1(point):
    """What Winograd's algorithm computes."""
    (op,) = layers(point)
    assert (op.kind, op.weight[2:], op.stride) == ("dense conv", (3, 3), (1, 1))
    assert op.madds >= 100e6


def test_matrix_products_are_of_512_to_2048_rows_and_columns():
    assert [layers(p)[0].madds for p in PRODUCTS[:3]] == [512**3, 1024**3, 2048**3]


def test_maps_are_from_a_quarter_of_a_megabyte_to_a_quarter_of_a_gigabyte_four_times_apart():
    sizes = [layers(point)[0].write_bytes for point in STREAMS]
    assert sizes == [4 * 16 * 64 * 64 * 4**i for i in range(6)]
    assert all(op.read_bytes == op.write_bytes for p in STREAMS for op in layers(p))


def test_points_have_names_of_their_own():
    assert len(POINTS) == len(PRODUCTS) + len(SPATIAL) + len(STREAMS) + 3


def test_a_start_has_next_to_nothing_to_do():
    assert sum(op.write_bytes for op in layers(POINTS[START])) == 100 * 4


def test_what_every_stored_run_times_is_among_the_peaks():
    """So that a later run can be held against them."""
    found = {(case.model, case.inputs, case.batch) for _, case in peaks(Setup(threads=1))}
    assert {(model, (InputSpec(shape=shape),), 1) for model, shape in NETWORKS} <= found


def test_an_engine_has_peaks_of_its_own_beside_eagers():
    found = peaks(Setup(engine="onnxruntime", threads=1))
    assert {case.engine for _, case in found} == {"eager", "onnxruntime"}
    assert len(found) == 2 * len(peaks(Setup(threads=1)))


def test_peaks_are_run_as_the_networks_are():
    found = [case for _, case in peaks(Setup(dtype="bfloat16", layout="channels_last", threads=2))]
    assert {(c.dtype, c.layout, c.threads, c.device) for c in found} == {
        ("bfloat16", "channels_last", 2, "cpu")
    }
    assert {case.batch for case in found} == {1, 512, 1024, 2048}


def test_a_map_that_is_large_for_the_memory_is_left_out(monkeypatch):
    largest = 4 * math.prod(input_of(STREAMS[-1], STREAMS[-1].size).shape)
    device = devices.find("cpu")
    for free, there in ((COPIES * largest, True), (COPIES * largest - 1, False), (None, True)):
        monkeypatch.setattr(type(device), "free_memory", lambda _self, free=free: free)
        found = [point.label for point, _ in peaks(Setup())]
        assert (labels(STREAMS)[-1] in found) is there
        assert labels(STREAMS)[-2] in found
