"""Roofline time, and how well numbers that are known beforehand predict latency."""

from __future__ import annotations

from types import SimpleNamespace

import msgspec
import pytest
from rooflines import peak_records

from lightbench.records import Costs, Op
from lightbench.records.collection import Evidence, setup
from lightbench.reports.predictors import FEWEST, PREDICTORS, predictions
from lightbench.studies.card.card import DeviceCard, Figure
from lightbench.studies.card.roofline import roofline_s
from lightbench.studies.card.stored import _by_setup

MADDS = [100, 200, 300, 400, 500]


def card_with(record, *, madds_per_s, bandwidth):
    rates = {kind: Figure(value) for kind, value in madds_per_s.items()}
    return DeviceCard(record, rates, Figure(bandwidth), {}, Figure(1.0), None)


def costs_of(*ops):
    """Costs of operators given as (MAdds, bytes)."""
    rows = tuple(
        Op(path="a", module="A", op="a", kind="dense conv", madds=madds, read_bytes=moved)
        for madds, moved in ops
    )
    madds, moved = (sum(values) for values in zip(*ops, strict=True))
    access = sum(row.mem_access for row in rows)
    return Costs(
        params=1, param_bytes=4, madds=madds, mem_access=access, mem_bytes=moved, fused_bytes=0,
        activations=1, ops=rows,
    )  # fmt: skip


@pytest.fixture
def nets(make_record):
    """Five networks whose time follows their memory access exactly, and their MAdds not at all."""
    return [
        make_record(f"net{i}", madds=madds, mem_bytes=moved, params=7, latency_s=moved / 1e6)
        for i, (madds, moved) in enumerate(zip(MADDS, [4000, 1000, 5000, 2000, 3000], strict=True))
    ]


def rows_of(records):
    (found,) = predictions(Evidence(tuple(records)))
    return {row.key: row for row in found.rows}


# Roofline time.


def test_each_operator_takes_the_longer_of_arithmetic_and_memory(make_record):
    """16 MAdds at 8 per second are 2 s, 2 bytes at 2 per second are 1 s; then 0 and 4 bytes: 2 s."""
    card = card_with(make_record(), madds_per_s={"dense conv": 8.0}, bandwidth=2.0)
    assert roofline_s(costs_of((16, 2), (0, 4)), card) == pytest.approx(2 + 2)


def test_the_roof_of_a_network_is_not_that_of_its_totals(make_record):
    """Memory of one operator does not hide behind the arithmetic of another: 2 + 2 s, not max(2, 3)."""
    card = card_with(make_record(), madds_per_s={"dense conv": 8.0}, bandwidth=2.0)
    assert roofline_s(costs_of((16, 2), (0, 4)), card) > max(16 / 8, 6 / 2)


def test_the_peak_is_the_fastest_kind_of_operator(make_record):
    kinds = {"depthwise conv": 1.0, "dense conv": 8.0, "linear": 2.0}
    card = card_with(make_record(), madds_per_s=kinds, bandwidth=1e9)
    assert roofline_s(costs_of((16, 0)), card) == pytest.approx(2)


# Predictors.


def test_what_ranks_as_the_clock_does_has_rank_1_and_no_spread(nets):
    rows = rows_of(nets)
    assert rows["mem_bytes"].rank.value == 1
    assert rows["mem_bytes"].linear.value == 1
    assert rows["mem_bytes"].spread == pytest.approx(1)


def test_what_does_not_has_less(nets):
    """MAdds rank 1 to 5, times rank 4 1 5 2 3: the squared differences add up to 9+1+4+4+4 = 22, so
    1 - 6 * 22 / (5 * 24) = -0.1."""
    assert rows_of(nets)["madds"].rank.value == pytest.approx(-0.1)


def test_a_time_that_grows_with_the_square_keeps_the_order_but_not_the_proportion(make_record):
    """Of 1 to 5 and their squares: 60 / sqrt(10 * 374) = 0.981."""
    squares = [make_record(f"n{i}", mem_bytes=i, latency_s=i * i) for i in range(1, 6)]
    row = rows_of(squares)["mem_bytes"]
    assert row.rank.value == 1
    assert row.linear.value == pytest.approx(0.981, abs=5e-4)
    assert row.spread == pytest.approx(1.5)  # times per byte are 1 to 5: 3, 3/2, 1, 4/3, 5/3 off 3


def test_a_number_that_is_the_same_for_all_says_nothing(nets):
    row = rows_of(nets)["params"]
    assert (row.rank, row.linear, row.n) == (None, None, 5)


def test_four_networks_are_too_few(nets):
    assert FEWEST == 5
    assert predictions(Evidence(tuple(nets[:4]))) == []
    assert predictions(Evidence(())) == []


def test_networks_without_a_value_above_zero_are_left_out_and_counted(nets, make_record):
    rows = rows_of([*nets, make_record("poolings", madds=0, mem_bytes=6000, latency_s=0.006)])
    assert (rows["madds"].n, rows["mem_bytes"].n) == (5, 6)
    assert "poolings" not in {record.case.model for record, _ in rows["madds"].points}


def test_failures_and_networks_without_costs_have_no_part(nets, make_record):
    more = [make_record("bad", failure="out of memory."), make_record("unknown", costs=False)]
    assert rows_of([*nets, *more])["madds"].n == 5


@pytest.mark.parametrize(
    "other", [{"batch": 8}, {"device": "cuda"}, {"comparable": {"cpu": "Another"}}]
)
def test_times_that_may_not_be_compared_are_groups_of_their_own(nets, make_record, other):
    more = [make_record(f"m{i}", madds=9 - i, **other) for i in range(7)]
    assert [len(found.records) for found in predictions(Evidence((*nets, *more)))] == [7, 5]


def test_roofline_time_needs_a_card(nets):
    assert "roofline_s" not in rows_of(nets)
    card = card_with(nets[0], madds_per_s={"dense conv": 1e9}, bandwidth=1e6)

    made = {_by_setup: {setup(nets[0]): card}}  # and no peaks
    grouped = SimpleNamespace(groups=[nets], once=lambda make: made.get(make, {}))
    (found,) = predictions(grouped)
    row = next(row for row in found.rows if row.key == "roofline_s")
    assert [value for _, value in row.points] == pytest.approx([0.004, 0.001, 0.005, 0.002, 0.003])
    assert row.rank.value == 1


def test_the_roofline_of_peaks_stands_before_that_of_a_card(nets, make_record, card_records):
    """A few kilobytes, at 40 GB/s from the nearest cache, which a card does not know."""
    rows = rows_of([*nets, *card_records(), *peak_records(make_record)])
    values = [value for _, value in rows["roofline_s"].points]
    assert values == pytest.approx([1e-7, 0.25e-7, 1.25e-7, 0.5e-7, 0.75e-7])


def test_values_are_those_of_the_costs(nets):
    costs = msgspec.structs.replace(nets[0].costs, activations=77)
    found = {p.key: p.value(costs, None) for p in PREDICTORS}
    assert found == {
        "madds": 100, "params": 7, "activations": 77, "mem_bytes": 4000, "mem_access": 330,
        "roofline_s": None,
    }  # fmt: skip


def test_values_are_said_with_their_unit():
    said = {p.key: p.text(4_089_000) for p in PREDICTORS if p.key != "roofline_s"}
    assert said == {
        "madds": "4.089 M", "params": "4.089 M", "activations": "4.089 M", "mem_bytes": "4.09 MB",
        "mem_access": "4.089 M",
    }  # fmt: skip
    assert next(p for p in PREDICTORS if p.key == "roofline_s").text(0.00431) == "4.31 ms"
