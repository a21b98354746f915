"""Costs of several networks: how many times as much each has as the first."""

from __future__ import annotations

import pytest

import lightbench as lb
from lightbench.studies.count.table import ConventionRow, conventions_view, counts_view


def view(*models, failed=None):
    return counts_view([(m, lb.count(m).costs) for m in models], "Costs", failed)


def column(shown, key):
    frame = shown.to_pandas()
    return dict(zip(frame["model"], frame[key], strict=True))


def test_ratios_are_to_the_first_network_that_is_named():
    # a convolution in 4 groups has a quarter of the weights (4608 or 1152, and 32 biases) and of the multiply-adds
    shown = view("example_conv_g1", "example_conv_g4")
    assert column(shown, "madds_ratio") == {"example_conv_g1": 1, "example_conv_g4": 0.25}
    assert column(shown, "params_ratio")["example_conv_g4"] == pytest.approx(1184 / 4640)
    back = view("example_conv_g4", "example_conv_g1")
    assert column(back, "madds_ratio") == {"example_conv_g4": 1, "example_conv_g1": 4}
    assert shown.data[1]["madds_ratio"] == 0.25


def test_memory_access_shrinks_less_than_multiply_adds_do():
    """MobileNet V2 has half of V1's multiply-adds and touches more (the paper's point)."""
    shown = view("mobilenet_v1", "mobilenet_v2")
    assert column(shown, "madds_ratio")["mobilenet_v2"] == pytest.approx(300.8 / 568.7, rel=1e-3)
    assert column(shown, "mem_ratio")["mobilenet_v2"] > 1


def test_of_one_network_there_are_no_ratios():
    keys = [one.key for one in view("example_conv_g1").table.columns]
    assert not [key for key in keys if key.endswith("_ratio")]
    assert (
        not view("example_conv_g1", failed={"a": "it is broken"}).table.notes[0].startswith("ratio")
    )


def test_what_could_not_be_counted_has_no_ratio_and_is_no_reference():
    shown = view("example_conv_g1", "example_conv_g4", failed={"first": "it is broken"})
    assert shown.table.rows[-1] == ("first", *[None] * (len(shown.table.columns) - 1))
    assert shown.table.notes[0] == "ratio: how many times as much as example_conv_g1."


def test_the_difference_between_conventions_is_part_of_the_answer():
    paper = ConventionRow("net", "paper", "as published", 100, {})
    other = ConventionRow("net", "thop", "as thop says", 130, {"batch norm": 30})
    table = conventions_view([paper, other], "MAdds").table
    assert table.sentences == ("thop (as thop says) = paper, batch norm +30",)
    assert table.notes == ("paper (as published)",)
