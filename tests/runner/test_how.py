"""What the functions of lightbench take besides what is their own."""

from __future__ import annotations

import inspect

import pytest

import lightbench as lb
from lightbench.records.axes import AXES, SETUP
from lightbench.runner.control import Control
from lightbench.runner.how import control_of, said, setup_of
from lightbench.runner.setup import Setup

MEASURE = (
    "compare", "device_card", "guidelines", "layers", "lint", "noise", "profile", "roofline", "sweep",
)  # fmt: skip


@pytest.mark.parametrize("name", MEASURE)
def test_help_shows_every_name_with_what_is_usual(name):
    shown = inspect.signature(getattr(lb, name)).parameters
    for axis in SETUP:
        usual = None if axis == "dtype" else AXES[axis].default  # a module says its own
        assert shown[axis].default == usual
        assert "ForwardRef" not in str(shown[axis])
    assert shown["seed"].default is None


def test_of_a_check_nothing_is_usual_but_what_the_project_says():
    shown = inspect.signature(lb.check).parameters
    assert {shown[axis].default for axis in SETUP} == {None}


@pytest.mark.parametrize("name", MEASURE)
def test_a_name_that_is_mistyped_is_a_type_error_with_the_right_one(name):
    with pytest.raises(TypeError, match=rf"{name}\(\) .*'thread'. Did you mean 'threads'\?"):
        getattr(lb, name)(*("a" for _ in range(name != "device_card")), thread=1)


def test_a_name_like_no_other_is_a_type_error_too():
    with pytest.raises(TypeError, match=r"sweep\(\) got an unexpected keyword argument 'qqq'\.$"):
        lb.sweep("groups", qqq=1)


def test_what_is_not_said_of_a_setup_is_as_usual():
    assert setup_of({}) == Setup()
    assert setup_of({"threads": None, "layout": "channels_last"}, batch=2) == Setup(
        layout="channels_last", batch=2
    )


def test_a_dtype_of_torch_is_said_by_its_name():
    import torch

    assert said({"dtype": torch.bfloat16, "seed": 1}) == {"dtype": "bfloat16"}
    assert said({"dtype": [torch.bfloat16, "float32"]}) == {"dtype": ["bfloat16", "float32"]}


def test_the_control_of_a_run_is_what_is_said_of_it():
    found = control_of({"seed": 3, "force": True, "device": "null"}, trusted=False)
    assert found == Control(seed=3, force=True, trusted=False)
