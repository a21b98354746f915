"""The device card: what its records say, by hand, and what is measured for it."""

from __future__ import annotations

import math

import msgspec
import pytest
from by_hand import MEASURED, MOVED, RATE
from hypothesis import given
from hypothesis import strategies as st
from rendering import told
from torch import nn

from lightbench import count
from lightbench.errors import LightbenchError, ModelError, UsageError
from lightbench.records import Op, store
from lightbench.runner.setup import Setup
from lightbench.studies.card import cache
from lightbench.studies.card.api import Card, card_path
from lightbench.studies.card.api import device_card as make_device_card
from lightbench.studies.card.card import CONV_LAUNCH, LAUNCH, MOVES, RATES, STREAM, Figure, card_of
from lightbench.studies.card.plan import SECONDS, plan_card
from lightbench.studies.card.table import card_view
from lightbench.studies.sweep.equal import input_of

# What the records say.


def test_rates_are_multiply_adds_over_the_median_time(card):
    assert {kind: figure.value for kind, figure in card.madds_per_s.items()} == RATE


def test_bandwidths_are_bytes_over_the_median_time(card):
    assert card.bandwidth.value == 2e9
    assert {kind: figure.value for kind, figure in card.bytes_per_s.items()} == MOVED


def test_the_ridge_is_the_highest_rate_over_the_bandwidth(card):
    assert card.ridge == 8e9 / 2e9


def test_starting_an_operator_takes_the_time_of_many_over_their_number(card):
    assert card.launch_s == Figure(0.0025, 0.00125, 0.005)
    assert card.conv_launch_s == Figure(0.010, 0.005, 0.020)


def test_the_longest_time_makes_the_lowest_rate(card):
    """Times of half to twice the median: rates of half to twice their own."""
    figures = [*card.madds_per_s.values(), *card.bytes_per_s.values(), card.bandwidth]
    for figure in figures:
        assert (figure.low, figure.high) == (figure.value / 2, figure.value * 2)


@given(st.lists(st.floats(0.1, 10), min_size=6, max_size=30))
def test_every_interval_is_around_its_value(card_records, rounds):
    made = card_of(card_records(rounds=rounds))
    figures = [*made.madds_per_s.values(), *made.bytes_per_s.values()]
    for figure in (*figures, made.bandwidth, made.launch_s, made.conv_launch_s):
        assert figure.low <= figure.value <= figure.high


def test_too_few_rounds_are_a_card_without_intervals(card_records):
    made = card_of(card_records(rounds=[1.0] * 3))
    assert made.madds_per_s["dense conv"] == Figure(8e9, None, None)
    assert made.launch_s == Figure(0.0025, None, None)
    assert "-" in [row[2] for row in card_view(made).table.rows]


@pytest.mark.parametrize("point", [p for p in MEASURED if p != CONV_LAUNCH])
def test_without_one_of_its_points_there_is_no_card(point, card_records):
    assert card_of(card_records(without=[point])) is None
    failed = [
        msgspec.structs.replace(r, samples=None, latency=None) if r.sweep.point == point else r
        for r in card_records()
    ]
    assert card_of(failed) is None


def test_an_older_card_without_the_start_of_a_convolution_is_one(card_records):
    made = card_of(card_records(without=[CONV_LAUNCH]))
    assert made.conv_launch_s is None
    assert made.estimate_s(op("dense conv", madds=8e9)) == pytest.approx(1.0025)


@pytest.mark.parametrize("records", ["none", "of no sweep", "of another sweep"])
def test_other_records_are_no_card(records, make_record, sweep_records):
    given_ = {
        "none": [],
        "of no sweep": [make_record("a")],
        "of another sweep": sweep_records(dict.fromkeys(MEASURED, 1.0), experiment="groups"),
    }[records]
    assert card_of(given_) is None


def test_the_latest_of_two_runs_wins(card_records):
    old, new = card_records(run="old"), card_records(run="new", faster=2)
    assert card_of(old + new).madds_per_s["dense conv"].value == 16e9
    assert card_of(new + old).madds_per_s["dense conv"].value == 8e9
    assert card_of(old + new).bandwidth.value == 4e9


def test_records_of_others_between_its_own_change_nothing(card_records, make_record, sweep_records):
    mixed = [make_record("x"), *sweep_records({"pointwise": 9.0}, run="x"), *card_records()]
    assert card_of(mixed).madds_per_s["pointwise conv"].value == 4e9


def test_a_point_without_costs_is_a_part_that_is_missing(card_records):
    """A record may have none: `Record.costs` is None where a network was not counted."""
    assert card_of(card_records(costs=False)) is None


@pytest.mark.parametrize("field", ["madds", "mem_bytes"])
def test_a_point_that_did_nothing_is_no_speed(field, card_records):
    """Nothing moved, or no multiply-adds, in a file that somebody edited: estimates stay numbers."""
    records = [_without_work(r, field) for r in card_records()]
    made = card_of(records)
    assert made is None or math.isfinite(
        made.ridge + made.estimate_s(op("dense conv", madds=1, mem_bytes=1))
    )


def _without_work(record, field):
    first, *rest = record.costs.ops
    none = {"madds": {"madds": 0}, "mem_bytes": {"read_bytes": 0}}[field]
    ops = (msgspec.structs.replace(first, **none), *rest)
    costs = msgspec.structs.replace(record.costs, ops=ops, **{field: 0})
    return msgspec.structs.replace(record, costs=costs)


# Where groups and ratios begin to hurt.


def test_groups_hurt_from_the_first_count_that_is_slower_per_madd(card_records):
    made = card_of(
        card_records(
            groups={"g=1": 1.0, "g=2": 1.0, "g=4": 1.25, "g=8": 2.0},
            ratios={"1:1": 1.0, "1:4": 0.9},
        )
    )
    assert made.groups_hurt.point.point == "g=4"
    assert made.ratio_hurts is None
    assert [p.point.point for p in made.groups] == ["g=1", "g=2", "g=4", "g=8"]


def test_a_card_without_those_sweeps_is_one(card):
    assert card.groups == card.ratios == []
    assert card.groups_hurt is card.ratio_hurts is None


# Estimates, by hand.


def op(kind, *, madds=0, mem_bytes=0):
    return Op(path="x", module="X", op="x", kind=kind, madds=int(madds), read_bytes=int(mem_bytes))


@pytest.mark.parametrize(
    ("kind", "madds", "mem_bytes", "seconds"),
    [
        ("dense conv", 16e9, 4e9, 2.0 + 0.010),  # 16 G at 8 G/s; 4 GB at 4 GB/s take 1 s
        ("dense conv", 16e9, 12e9, 3.0 + 0.010),  # now memory is the limit
        ("pointwise conv", 16e9, 0, 4.0 + 0.010),
        ("depthwise conv", 1e9, 0, 5.0 + 0.010),
        ("grouped conv", 1e9, 0, 0.5 + 0.010),
        ("linear", 1.6e9, 0, 2.0 + 0.010),
        ("activation", 0, 8e9, 1.0 + 0.0025),
        ("norm", 0, 8e9, 4.0 + 0.0025),
        ("element-wise", 0, 8e9, 2.0 + 0.0025),
        ("data movement", 0, 8e9, 8.0 + 0.0025),
        # kinds that no point of the card stands for move memory as an addition does
        ("pooling", 0, 8e9, 2.0 + 0.0025),
        ("other", 0, 8e9, 2.0 + 0.0025),
        ("attention", 1e15, 8e9, 2.0 + 0.0025),
        ("other", 0, 0, 0.0025),
    ],
)
def test_an_estimate_is_the_larger_of_arithmetic_and_memory_and_the_start(
    kind, madds, mem_bytes, seconds, card
):
    assert card.estimate_s(op(kind, madds=madds, mem_bytes=mem_bytes)) == pytest.approx(seconds)


@given(st.sampled_from([*RATE, *MOVED, "pooling"]), st.integers(0, 10**12), st.integers(0, 10**12))
def test_more_work_is_never_less_time(card_records, kind, madds, mem_bytes):
    made = card_of(card_records())
    less = made.estimate_s(op(kind, madds=madds, mem_bytes=mem_bytes))
    assert less > 0
    assert made.estimate_s(op(kind, madds=madds + 10**6, mem_bytes=mem_bytes)) >= less
    assert made.estimate_s(op(kind, madds=madds, mem_bytes=mem_bytes + 10**6)) >= less


# What is measured.


def planned():
    return {sweep.experiment: sweep for sweep in plan_card()}


def test_a_card_is_three_sweeps_of_under_a_minute():
    assert list(planned()) == ["device_card", "groups", "ratio"]
    assert sum(SECONDS[name] for name in planned()) < 60
    assert all(sweep.per_madd for sweep in plan_card())


def test_every_point_that_a_card_needs_is_measured():
    labels = {point.label for point in planned()["device_card"].points}
    assert labels == {*RATES, *MOVES, STREAM, LAUNCH, CONV_LAUNCH} == set(MEASURED)


@pytest.mark.parametrize("point", planned()["device_card"].points, ids=lambda p: p.label)
def test_every_point_has_operators_of_the_kind_it_stands_for_and_no_others(point):
    """What `count` sees in the network, not what it is called. A shuffle is one copy a layer."""
    spec = input_of(point, point.size)
    ops = count(point.model, input=str(spec)).layers
    others = {STREAM: "activation", LAUNCH: "element-wise", CONV_LAUNCH: "pointwise conv"}
    assert {op.kind for op in ops} == {{**RATES, **MOVES, **others}[point.label]}
    layers = {LAUNCH: 100, CONV_LAUNCH: 50, STREAM: 2, "dense 3x3": 4, "linear": 4}
    assert len(ops) == layers.get(point.label, 10)


def test_the_stream_is_larger_than_caches_and_the_start_does_next_to_nothing():
    points = {point.label: point for point in planned()["device_card"].points}
    stream, launch = points[STREAM], points[LAUNCH]
    assert math.prod(input_of(stream, stream.size).shape) * 4 > 50e6
    assert math.prod(input_of(launch, launch.size).shape) == 1
    conv = points[CONV_LAUNCH]
    assert count(conv.model, input=str(input_of(conv, conv.size))).costs.madds == 50 * 16 * 16


# Measured on the device that takes 1 ms for everything.


@pytest.fixture
def quick(monkeypatch):
    for experiment in SECONDS:
        monkeypatch.setitem(SECONDS, experiment, 0.05)


def test_a_card_of_the_null_device_is_its_costs_per_millisecond(quick):
    made = make_device_card(device="null").card
    layers = 56 * 56 * 1000  # times multiply-adds of one position, per millisecond
    rates = {kind: figure.value for kind, figure in made.madds_per_s.items()}
    assert rates == {
        "pointwise conv": pytest.approx(10 * 128 * 128 * layers),
        "dense conv": pytest.approx(4 * 9 * 64 * 64 * layers),
        "depthwise conv": pytest.approx(10 * 9 * 128 * layers),
        "grouped conv": pytest.approx(10 * 128 * 128 / 4 * layers),
        "linear": pytest.approx(4 * 1024 * 1024 * 1000),
    }
    # ReLU in place on 1024 maps of 112 x 112, twice: reads and writes 4 bytes each
    assert made.bandwidth.value == pytest.approx(2 * 2 * 4 * 1024 * 112 * 112 * 1000)
    assert made.launch_s.value == pytest.approx(1e-5)
    assert made.conv_launch_s.value == pytest.approx(2e-5)
    assert made.bandwidth.low == made.bandwidth.value == made.bandwidth.high
    # at equal MAdds all take the same time: per MAdd they differ by rounded channels alone
    assert [p.time.ratio for p in (*made.groups, *made.ratios)] == [1.0] * 12


def test_a_card_is_kept_where_lint_looks_for_it(quick):
    made = make_device_card(device="null", threads=3)
    assert store.read(card_path(device="null", threads=3)) == list(made.records)
    assert not card_path(device="null").exists()


def test_a_card_can_be_kept_elsewhere(quick, tmp_path):
    make_device_card(device="null", path=tmp_path / "mine.jsonl")
    assert card_of(store.read(tmp_path / "mine.jsonl")) is not None
    assert not card_path(device="null").exists()


def test_a_card_with_a_part_that_failed_is_not_kept_and_says_so(card_records):
    broken = Card(tuple(card_records(without=["stream"])))
    with pytest.raises(ModelError, match="a network of the device card failed"):
        _ = broken.card


@pytest.mark.parametrize(
    "setting",
    [
        {"device": "nul"},
        {"engine": "eagre"},
        {"dtype": "float23"},
        {"threads": 10**9, "device": "cpu"},
        {"threads": 0},
    ],
)
def test_what_cannot_be_measured_is_refused_before_anything_is(setting, monkeypatch):
    monkeypatch.setattr(
        "lightbench.runner.run.run", lambda *_, **__: pytest.fail("it was measured")
    )
    with pytest.raises(LightbenchError):
        make_device_card(**{"device": "null", **setting})


def test_what_was_noticed_while_a_card_was_measured_is_said_once(card_records):
    busy = "Other programs keep 3 of 4 CPUs busy."
    records = [msgspec.structs.replace(r, warnings=(busy,)) for r in card_records()]
    notes = card_view(card_of(records)).table.notes
    assert [note for note in notes if "busy" in note] == [f"warning: {busy}"]


# On an engine that folds and merges.


def test_an_engine_that_merges_has_no_speed_of_what_it_makes_one_of(card_records):
    card = card_of(card_records(engine="onnxruntime"))
    assert set(card.bytes_per_s) == {"data movement"}
    assert card.madds_per_s.keys() == RATE.keys()
    # what a map is streamed for once counts once: half of what the record says, see its fused_bytes
    assert card.bandwidth.value == pytest.approx(1e9)
    assert card.launch_s is card.conv_launch_s
    assert card.move_s(1e9) == card.move_s(1e9, "data movement")


def test_what_starts_on_such_an_engine_is_a_convolution_and_said_once(card_records):
    rows = [row[0] for row in card_view(card_of(card_records(engine="onnxruntime"))).table.rows]
    assert "start of a convolution" in rows
    assert "start of an operator" not in rows
    notes = " ".join(told(card_view(card_of(card_records(engine="onnxruntime"))).table))
    assert notes.count("onnxruntime makes one of many additions, activations or norms") == 1
    assert "makes one of many" not in " ".join(told(card_view(card_of(card_records())).table))


def test_a_card_that_is_no_file_is_refused_in_words():
    with pytest.raises(
        UsageError, match="card is the file of a device card, or a DeviceCard, not a Linear"
    ):
        cache.card(Setup(), nn.Linear(2, 2))
