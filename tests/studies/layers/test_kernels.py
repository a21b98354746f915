"""What an engine's profile says of a network's layers: shares, rows and what they cost, from numbers made by hand."""

from __future__ import annotations

import msgspec
import pytest

from lightbench.engines import Kernel
from lightbench.records import Op
from lightbench.stats.interval import Interval
from lightbench.studies.layers.engine_table import engine_view, stored_engine_view
from lightbench.studies.layers.kernels import COPIES, UNKNOWN, EngineBreakdown, times_of


def op(path, name, kind, madds=0, moved=100, fused=100, call=0):
    return Op(
        path=path, module="", op=name, kind=kind, call=call, madds=madds, reads=25, read_bytes=moved,
        fused_bytes=fused,
    )  # fmt: skip


# conv, norm and activation of a stem; a block that splits, convolves, adds a relu of its own and joins.
OPS = (
    op("stem.0", "conv2d", "dense conv", madds=1000, fused=80),
    op("stem.1", "batch_norm", "norm", fused=4),
    op("stem.2", "relu", "activation", fused=0),
    op("block", "cat", "data movement", moved=60, fused=60),
    op("block.conv", "conv2d", "pointwise conv", madds=500, fused=50),
    op("block.relu", "relu", "activation", fused=0),
    op("block.relu", "relu", "activation", fused=0, call=1),
    op("drop", "dropout", "other", fused=7),
    op("", "mean", "pooling", fused=10),
)
KERNELS = (
    Kernel("a", "Conv", (40.0, 50, 60, 50, 50, 50), ("stem.0", "stem.1", "stem.2")),
    Kernel("b", "Reorder", (10.0,) * 6, ("stem.2",), copies=True, why="layout copy", mem_bytes=160),
    Kernel("c", "Conv", (20.0, 20, 20, 20, 20, 900), ("block.conv", "block.relu"), kernel="1x1"),
    Kernel(
        "d", "Split", (4.0,) * 6, ("block",), kernel="ref", why="reference kernel", mem_bytes=60
    ),
    Kernel("e", "Concat", (6.0,) * 6, ("block",), kernel="ref", why="reference kernel"),
    Kernel("f", "ReduceMean", (8.0,) * 6, ("",)),
    Kernel("g", "Mul", (2.0,) * 6),
)  # the medians add up to 100


@pytest.fixture
def breakdown(make_record):
    record = make_record("net", engine="onnxruntime", latency_s=0.010)
    sums = {
        key: sum(getattr(op, key) for op in OPS)
        for key in ("madds", "mem_access", "mem_bytes", "fused_bytes")
    }
    costs = msgspec.structs.replace(record.costs, **sums, activations=0, ops=OPS)
    return EngineBreakdown(msgspec.structs.replace(record, costs=costs, found=times_of(KERNELS)))


def shares(parts):
    return {part.name: round(part.share.median, 9) for part in parts}


def test_a_share_is_the_median_of_a_kernel_over_the_sum_of_all_medians(breakdown):
    assert [k.share.median for k in breakdown.found.kernels] == pytest.approx(
        [0.5, 0.1, 0.2, 0.04, 0.06, 0.08, 0.02]  # one call that was stopped for 900 changes nothing
    )
    assert breakdown.found.kernels[0].share == Interval(0.5, 0.4, 0.6)
    assert (breakdown.found.calls, breakdown.found.profiled_s) == (6, 100)


def test_a_time_is_that_share_of_the_undisturbed_call(breakdown):
    stem = breakdown.layers[0]
    assert stem.time.median == pytest.approx(0.5 * 0.010)
    assert stem.time.low == pytest.approx(0.4 * breakdown.record.latency.low_s)
    assert stem.time.high == pytest.approx(0.6 * breakdown.record.latency.high_s)


def test_a_row_is_a_module_as_the_network_runs_it_and_what_is_none_comes_last(breakdown):
    assert shares(breakdown.layers) == {
        "stem.0": 0.5, "block": 0.1, "block.conv": 0.2, "(network)": 0.08, COPIES: 0.1, UNKNOWN: 0.02,
    }  # fmt: skip
    assert sum(part.share.median for part in breakdown.layers) == pytest.approx(1)


def test_a_row_costs_what_was_merged_into_it_too(breakdown):
    rows = {part.name: part for part in breakdown.layers}
    assert [o.path for o in rows["stem.0"].ops] == ["stem.0", "stem.1", "stem.2"]
    assert (rows["stem.0"].madds, rows["stem.0"].fused_bytes) == (1000, 84)
    assert [o.path for o in rows["block.conv"].ops] == ["block.conv", "block.relu", "block.relu"]
    assert rows[COPIES].ops == rows[UNKNOWN].ops == ()


def test_an_operator_that_no_kernel_computes_is_in_no_row_and_is_said(breakdown):
    assert "drop" not in {o.path for part in breakdown.layers for o in part.ops}
    notes = engine_view(breakdown.record, breakdown.layers, None).table.notes
    assert "1 of 9 operators have no kernel of their own, and are in the total alone." in notes


def test_kinds_are_the_papers_and_copies_move_data(breakdown):
    assert shares(breakdown.parts("group")) == {
        "convolution": 0.7, "element-wise": 0, "shuffle, data movement": 0.2, "other": 0.1,
    }  # fmt: skip


def test_operators_are_the_engines_with_the_slowest_first(breakdown):
    found = breakdown.parts("op")
    assert shares(found) == {
        "Conv": 0.7, "Reorder": 0.1, "ReduceMean": 0.08, "Concat": 0.06, "Split": 0.04, "Mul": 0.02,
    }  # fmt: skip
    costs = {part.name: part.madds for part in found}
    assert (costs["Conv"], sum(costs.values())) == (1500, 1500)


def test_modules_are_the_outermost(breakdown):
    found = shares(breakdown.parts("module"))
    assert found == {"stem": 0.5, "block": 0.3, "(network)": 0.08, COPIES: 0.1, UNKNOWN: 0.02}


def test_what_is_off_the_fast_path_is_told_by_module_the_dearest_first(breakdown):
    found = [(o.path, o.op, o.count, o.why, o.mem_bytes) for o in breakdown.off_path]
    assert found == [
        ("stem.2", "Reorder", 1, "layout copy", 160),
        ("block", "Concat", 1, "reference kernel", None),
        ("block", "Split", 1, "reference kernel", 60),
    ]
    assert breakdown.off_path[0].time.median == pytest.approx(0.1 * 0.010)


def test_the_table_has_a_row_a_module_and_the_whole_call_at_the_end(breakdown):
    table = engine_view(breakdown.record, breakdown.layers, None).table
    rows = [table.named(row) for row in table.rows]
    assert [row["layer"] for row in rows][-3:] == [COPIES, UNKNOWN, "total"]
    block = rows[1]
    assert block["kernels"] == "Split, Concat"
    assert block["off_path"] == "2 x reference kernel"
    assert block["which"] == "2 x ref"
    assert (rows[-1]["time_s"], rows[-1]["madds"], rows[-1]["share"]) == (0.010, 1500, 1)
    assert rows[-2]["madds"] is None  # unknown, not 0


def test_the_notes_say_that_only_shares_of_the_profile_are_taken(breakdown):
    notes = " ".join(engine_view(breakdown.record, breakdown.layers, None).table.notes)
    assert "onnxruntime's own profile, medians of 6 calls, of the whole call: 10.0 ms" in notes
    assert "The profile's seconds are no times" in notes


def test_a_record_that_was_stored_has_the_same_table(breakdown):
    stored = msgspec.json.decode(msgspec.json.encode(breakdown.record), type=type(breakdown.record))
    again = stored_engine_view(stored)
    assert again.table == engine_view(breakdown.record, breakdown.layers, None).table
    assert stored.study == "kernels"


@pytest.mark.parametrize(
    "kernels", [(), (*KERNELS[:1], Kernel("z", "Z", (1.0,))), (Kernel("z", "Z", (0.0,)),)]
)
def test_kernels_without_times_or_of_other_calls_are_an_error(kernels):
    with pytest.raises(ValueError, match=r"every kernel has a time of each call|not all are zero"):
        times_of(kernels)


def test_a_record_of_another_study_has_no_kernels(make_record):
    with pytest.raises(ValueError, match="no times of kernels"):
        EngineBreakdown(make_record("net"))
