"""`lightbench.scaling`: what grows, and what is refused."""

from __future__ import annotations

import pytest
from torch import nn

import lightbench as lb
from lightbench.errors import UsageError
from lightbench.records import Case, InputSpec
from lightbench.studies.scaling.api import at_side, grows

QUICK = {"seconds": 0.05, "rel": 0.5}


def cases(*models, **how):
    return [r.case for r in lb.scaling(*models, device="null", **QUICK, **how).records]


def test_without_anything_said_the_batch_grows():
    assert [case.batch for case in cases("mobilenet_v2")] == [1, 2, 4, 8, 16]


def test_values_grow_in_whatever_order_they_are_said():
    assert [case.batch for case in cases("mobilenet_v2", batch=[8, 1, 4, 8])] == [1, 4, 8]


def test_resolution_is_the_side_of_the_networks_own_images():
    found = cases("mobilenet_v2", resolution=[224, 96], batch=2)
    assert [(case.batch, case.inputs[0].shape) for case in found] == [
        (2, (3, 96, 96)), (2, (3, 224, 224)),
    ]  # fmt: skip


def test_width_is_another_variant_of_the_family():
    found = cases("mobilenet_v2", width=[1.0, 0.5])
    assert [case.model for case in found] == ["mobilenet_v2_x0_5", "mobilenet_v2"]


def test_one_value_of_another_axis_holds_for_all():
    found = cases("mobilenet_v2", resolution=96, width=0.5, batch=[1, 2])
    assert {(case.model, case.inputs[0].shape) for case in found} == {
        ("mobilenet_v2_x0_5", (3, 96, 96))
    }


@pytest.mark.parametrize(
    ("asked", "why"),
    [
        ({"batch": [1, 2], "threads": [1, 2]}, "--batch and --threads have several values"),
        ({"batch": [1, 2], "width": (1, 2), "resolution": (1, 2)}, "--batch and --resolution and --width"),
        ({"batch": [4]}, "nothing grows"),
    ],
)  # fmt: skip
def test_one_thing_grows(asked, why):
    with pytest.raises(UsageError, match=why):
        grows(asked)


@pytest.mark.parametrize(
    ("how", "why"),
    [
        ({"resolution": [96, 224], "input": "3x64x64"}, "Leave one of them out"),
        ({"resolution": [0, 224]}, "a resolution is a whole number above zero"),
        ({"resolution": [True, 224]}, "a resolution is a whole number above zero"),
        ({"width": [0.0, 1]}, "a width is a number above zero"),
        ({"width": [float("nan"), 1]}, "a width is a number above zero"),
        ({"width": [0.6, 1]}, "not known at width 0.6"),
        ({"batch": [0, 1]}, "a batch is a whole number"),
        ({"batch": [1, "2"]}, "a batch is a whole number"),
        ({"threads": [0, 1]}, "threads are 1 or more"),
    ],
)
def test_what_fits_no_case_is_refused(how, why):
    with pytest.raises(UsageError) as raised:
        cases("mobilenet_v2", **how)
    assert why in str(raised.value)


def test_a_network_without_images_has_no_resolution():
    with pytest.raises(UsageError, match="takes no images"):
        at_side(Case(model="net.py:Net", inputs=(InputSpec(shape=(64,)),)), 128)


def test_a_network_at_hand_can_be_given_and_has_the_width_that_it_has():
    net = nn.Sequential(nn.Conv2d(3, 4, 1), nn.ReLU())
    found = lb.scaling(net, input=(3, 8, 8), batch=[1, 4], device="null", **QUICK)
    assert [r.case.batch for r in found.records] == [1, 4]
    assert found.axis == "batch"
    assert len(found.series[0].points) == 2
    assert len(found.knees) == 1
    assert "Scaling by batch" in repr(found)
    with pytest.raises(UsageError, match="has the width that it has"):
        lb.scaling(net, input=(3, 8, 8), width=[0.5, 1], device="null")


def test_no_model_is_refused():
    with pytest.raises(UsageError, match="no model is named"):
        lb.scaling()
