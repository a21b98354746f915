"""A roofline as tables and as data."""

from __future__ import annotations

import json

import msgspec
import pytest
from rendering import told
from rooflines import BEST, conv, costs_of, of_costs, peak_records, roofline_records

from lightbench import registry
from lightbench.engines import Kernel
from lightbench.records import SweepPoint
from lightbench.studies.layers.kernels import times_of
from lightbench.studies.roofline.placed import found_in
from lightbench.studies.roofline.points import PRODUCTS, SPATIAL, labels
from lightbench.studies.roofline.table import roofline_view


def view_of(records):
    return roofline_view(found_in(records))


def text(view):
    return " ".join(registry.load("format", "table").render(view).split())


def test_the_ceilings_stand_above_the_networks(make_record):
    ceilings, networks = view_of(roofline_records(make_record, ["a", "b"])).tables
    assert ceilings.title.startswith("Roofline: cpu, eager, float32")
    assert ceilings.rows[0][:3] == ("products, convolutions", "8.00 GMAdds/s", BEST)
    rows = [networks.named(row) for row in networks.rows]
    assert [row["model"] for row in rows] == ["a", "b"]
    assert [row["efficiency"] for row in rows] == pytest.approx([1 / 2, 1 / 3])
    assert {row["bound"] for row in rows} == {"compute"}


def test_without_networks_the_ceilings_are_the_table(make_record):
    view = view_of(peak_records(make_record))
    assert view.above == ()
    named = {row[3]: row[4] for row in view.table.rows}
    assert named["product_madds_per_s"] == pytest.approx(8e9)
    assert named["map_256000000_bytes_per_s"] == pytest.approx(2e9)
    assert named["ridge_cached_madds_per_byte"] == pytest.approx(8 / 40)
    assert named["ridge_madds_per_byte"] == pytest.approx(8 / 2)


def test_what_no_two_networks_share_is_a_column(make_record):
    records = roofline_records(make_record, ["a", "b"])
    *others, last = records
    case = msgspec.structs.replace(last.case, batch=8)
    table = view_of([*others, msgspec.structs.replace(last, case=case)]).table
    assert [table.named(row)["batch"] for row in table.rows] == [1, 8]


# What cannot be.


def test_more_than_the_ceilings_allow_is_marked_and_said(make_record):
    """8 GMAdds take 1 s at best: half of that cannot be."""
    *others, last = roofline_records(make_record, ["slow", "fast"])
    records = [*others, of_costs(last, last.costs, 0.5)]
    table = view_of(records).table
    marks = [(table.named(row)["beyond"], table.level(row)) for row in table.rows]
    assert marks == [("", "notice"), ("> 1", "warning")]
    said = text(view_of(records))
    assert "> 1: fast: faster than the ceilings allow, so one of these is too low" in said
    assert "with up to 4 times fewer multiplications" in said
    assert "slow:" not in said
    assert "faster than" not in text(view_of(others))


def test_many_that_cannot_be_are_named_in_part(make_record):
    records = [
        of_costs(r, r.costs, 0.5) if r.sweep is None else r
        for r in roofline_records(make_record, ["a", "b", "c", "d", "e"])
    ]
    assert "> 1: a, b, c and 2 more: faster" in text(view_of(records))


def test_fewer_multiplications_than_are_counted_are_said(make_record):
    slow = [
        of_costs(r, r.costs, 2.0, spread=0.0) if r.sweep.point in labels(PRODUCTS) else r
        for r in peak_records(make_record)
    ]  # 0.5 GMAdds/s, and 3x3 convolutions 8
    assert [row[0] for row in view_of(slow).table.rows[:2]] == [
        "products, 1x1 convolutions",
        "3x3 convolutions",
    ]
    assert "3x3 convolutions attain 16.0 times the MAdds/s of products: they do fewer" in text(
        view_of(slow)
    )
    assert "Winograd" not in text(view_of(peak_records(make_record)))


def test_peaks_of_a_busy_machine_are_doubted(make_record):
    busy = "contended: other programs used this CPU meanwhile."
    records = peak_records(make_record, warnings=(busy,))
    assert "they may be too low" in text(view_of(records))
    assert "they may be too low" not in text(view_of(peak_records(make_record)))


def test_what_holds_of_a_single_peak_is_not_said_of_all(make_record):
    first, *others = peak_records(make_record, warnings=("on battery.",))
    own = msgspec.structs.replace(first, warnings=(*first.warnings, "it overwrites its input."))
    said = text(view_of([own, *others]))
    assert "warning: on battery." in said
    assert "overwrites" not in said


def test_a_peak_that_failed_is_named(make_record):
    label = labels(SPATIAL)[0]
    failed = make_record(
        failure="out of memory.", sweep=SweepPoint(run="r", experiment="roofline", point=label)
    )
    records = [failed, *peak_records(make_record, without=[label])]
    assert f"not measured: {label}." in text(view_of(records))


def test_an_engine_that_merges_says_which_account_it_is(make_record):
    eager = peak_records(make_record)
    network = of_costs(make_record("a", engine="onnxruntime"), costs_of(conv(8e9)), 2.0)
    merged, as_counted = view_of([*eager, network]), view_of(roofline_records(make_record, ["a"]))
    assert any("norms folded, activations and additions merged" in n for n in merged.table.notes)
    assert "as eager PyTorch moves them" in " ".join(told(as_counted.table))
    assert "as eager PyTorch" not in " ".join(told(merged.table))


# For programs.


def test_the_data_are_plain_and_whole(make_record):
    data = json.loads(json.dumps(view_of(roofline_records(make_record, ["a"])).data))
    assert data["ceilings"]["spatial_madds_per_s"] == pytest.approx(8e9)
    assert data["maps"][0] == {"bytes": 250_000, "bytes_per_s": pytest.approx(20e9)}
    (row,) = data["networks"]
    assert (row["model"], row["bound"], row["beyond"]) == ("a", "compute", False)
    assert row["efficiency_low"] == pytest.approx(0.5 / 1.02)


def test_a_network_without_a_time_is_a_row_of_dashes(make_record):
    *others, last = roofline_records(make_record, ["a"])
    untimed = msgspec.structs.replace(last, samples=None, latency=None)
    table = view_of([*others, untimed]).table
    row = table.named(table.rows[0])
    assert row["efficiency"] is row["time_s"] is row["interval"] is None
    assert row["roofline_s"] == pytest.approx(1.0)


def test_layers_of_an_engine_say_what_their_times_are(make_record):
    *others, last = roofline_records(make_record, ["a"], engine="onnxruntime")
    kernels = times_of([Kernel("x", "FusedConv", (1.0,) * 6, ("conv",))])
    timed = msgspec.structs.replace(last, found=kernels)
    view = view_of([*others, last, timed])
    row = view.table.named(view.table.rows[0])
    assert (row["layer"], row["op"], row["bound"]) == ("conv", "FusedConv", "compute")
    said = " ".join(told(view.table))
    assert "the share of onnxruntime's own profile, of undisturbed calls" in said
    assert "stopwatch" not in said
    assert view.data["layers"][0]["kind"] == "dense conv"
