"""Why layers take their time: each below the ceilings of a device that can be checked by hand."""

from __future__ import annotations

import msgspec
import pytest
from rooflines import MB, conv, costs_of, of_costs, peak_records

from lightbench.engines import Kernel
from lightbench.records.findings import LayerTimes, PartTime
from lightbench.stats.interval import Interval
from lightbench.studies.layers.engine_table import engine_view
from lightbench.studies.layers.kernels import EngineBreakdown, times_of
from lightbench.studies.layers.shares import layers_of
from lightbench.studies.layers.table import layers_view
from lightbench.studies.layers.why import NO_PEAKS
from lightbench.studies.roofline.why import why_of

# 8 GMAdds take 1 s, 80 MB in maps of 1 MB take 2 ms, starting a convolution 10 us.
OPS = (
    conv(8e9, read=MB, path="busy"),
    conv(8, read=40 * MB, write=40 * MB, path="moves"),
    conv(8, read=4, write=4, path="tiny"),
)
TIMES_S = (2.0, 0.08, 20e-6)


@pytest.fixture
def timed(make_record):
    def make(**how):
        record = of_costs(make_record("net", **how), costs_of(*OPS), 2.1)
        whole = Interval(1.0, 1.0, 1.0)
        parts = tuple(
            PartTime(name=op.path, time_s=Interval(t, t, t), share=Interval(t / 2.1))
            for op, t in zip(OPS, TIMES_S, strict=True)
        )
        nothing = PartTime(name="(views)", time_s=Interval(0.0, 0.0, 0.0), share=Interval(0.0))
        found = LayerTimes(
            rounds=9, total_s=Interval(2.1, 2.1, 2.1), over_whole=whole, operators=parts,
            kinds=(), views=nothing,
        )  # fmt: skip
        return msgspec.structs.replace(record, found=found)

    return make


def rows(record, known):
    table = layers_view(record, layers_of(record), why_of(record, known)).table
    return {row["layer"]: row for row in map(table.named, table.rows)}


def test_each_row_says_in_a_word_why_it_takes_its_time(timed, make_record):
    found = rows(timed(), peak_records(make_record))
    assert {name: row["bound"] for name, row in found.items()} == {
        "busy": "compute", "moves": "memory", "tiny": "launch", "total": "compute",
    }  # fmt: skip
    assert found["busy"]["efficiency"] == pytest.approx(0.5)  # 8 GMAdds, 1 s of 2
    # 80 MB, at the 5 GB/s of the best map that is as large as 16 MB or larger: 16 of 80 ms
    assert found["moves"]["efficiency"] == pytest.approx(0.2)


def test_what_a_row_attains_is_its_work_over_its_time(timed, make_record):
    for known in ([], peak_records(make_record)):
        found = rows(timed(), known)
        assert found["busy"]["madds_per_s"] == pytest.approx(4e9)
        assert found["moves"]["bytes_per_s"] == pytest.approx(1e9)


def said(record, known):
    return " ".join(why_of(record, known).sentences)


def test_without_peaks_it_is_not_known_and_the_command_is_told(timed, make_record):
    record = timed()
    assert said(record, []) == said(record, [make_record("a")]) == NO_PEAKS
    assert {row["bound"] for row in rows(record, []).values()} == {None}


def test_peaks_of_other_settings_and_machines_say_of_what_they_are(timed, make_record):
    peaks = peak_records(make_record, dtype="bfloat16")
    assert said(timed(), peaks) == "bound by: not known, since the peaks are of bfloat16."
    other = timed(comparable={"cpu": "Mine", "threads": 2, "torch": "2.13.0"})
    assert "the peaks are of cpu Example CPU" in said(other, peak_records(make_record))
    assert "of a forward pass" in said(timed(mode="train"), peak_records(make_record))


def test_what_no_ceiling_allows_is_said(timed, make_record):
    slow = peak_records(make_record)
    assert "> 1" not in said(timed(), slow)
    fast = msgspec.structs.replace(timed(run="one"))
    parts = fast.found.operators
    short = msgspec.structs.replace(parts[0], time_s=Interval(0.5, 0.5, 0.5))
    found = msgspec.structs.replace(fast.found, operators=(short, *parts[1:]))
    assert "> 1: busy: faster" in said(msgspec.structs.replace(fast, found=found), slow)


def test_peaks_of_another_run_say_that_the_machine_may_have_changed(timed, make_record):
    assert "peaks are of another run" in said(timed(run="two"), peak_records(make_record))
    assert "peaks are of another run" not in said(timed(run="one"), peak_records(make_record))


def test_a_row_of_an_engine_moves_what_is_left_when_operators_are_merged(make_record):
    """1.5 s for a convolution that could take 1 s, with the activation in it."""
    relu = conv(0, read=MB, write=MB, fused=0, kind="activation", path="b")
    record = of_costs(
        make_record("net", engine="onnxruntime"), costs_of(conv(8e9, read=MB, path="a"), relu), 2.0
    )
    kernels = (
        Kernel("x", "FusedConv", (3.0,) * 6, ("a", "b")),
        Kernel("y", "Reorder", (1.0,) * 6, ("b",), copies=True),
    )
    record = msgspec.structs.replace(record, found=times_of(kernels))
    peaks = [*peak_records(make_record), *peak_records(make_record, engine="onnxruntime")]
    breakdown = EngineBreakdown(record)
    table = engine_view(record, breakdown.layers, None, why_of(record, peaks)).table
    first, copies, _ = map(table.named, table.rows)
    assert (first["bound"], first["bytes_per_s"]) == ("compute", pytest.approx(MB / 1.5))
    assert first["efficiency"] == pytest.approx(1 / 1.5)
    assert copies["bound"] is copies["madds_per_s"] is copies["efficiency"] is None
