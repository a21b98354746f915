"""An axis of a case is one row, and everything that knows axes knows that one."""

from __future__ import annotations

import dataclasses
import inspect

import click
import msgspec
import pytest

import lightbench as lb
from lightbench import registry
from lightbench.records import Case
from lightbench.records.axes import AXES, SETUP, Axis, said, struct_of
from lightbench.records.facets import FACETS
from lightbench.runner.setup import Setup
from lightbench.studies.check.project import AXES as OF_PROJECT
from lightbench.studies.compare.one_side import KEYS
from lightbench.suite import KEYS as OF_SUITE

NO_AXES = {"model", "inputs", "options"}  # these have grammars of their own


def test_the_axes_are_what_a_case_has_besides_its_network():
    assert {*AXES} == {*Case.__struct_fields__} - NO_AXES


def test_a_study_runs_its_networks_by_all_of_them_but_two():
    assert {*SETUP, "batch", "options"} == {*Setup.__dataclass_fields__}
    assert {*AXES} - {*SETUP, "batch"} == {"mode", "calibration"}


@pytest.mark.parametrize("name", AXES)
def test_each_can_be_said_wherever_cases_are_asked_for(name):
    assert name in inspect.signature(lb.profile).parameters
    assert name in KEYS
    assert name in {facet.key for facet in FACETS}
    assert name in OF_SUITE.__struct_fields__ or name == "device"  # a suite runs on any
    assert name in OF_PROJECT.__struct_fields__ or name == "calibration"
    options = registry.load("command", "profile").command.params
    assert AXES[name].option in [word for option in options for word in option.opts]


@pytest.mark.parametrize("name", AXES)
def test_the_words_for_a_value_ask_the_command_for_that_value(name):
    axis = AXES[name]
    value = axis.flag or axis.kind(axis.example)
    command = registry.load("command", "profile").command
    context = command.make_context("profile", [*axis.words(value), "net"], resilient_parsing=True)
    assert context.params["models"] == ("net",)  # no word is left over
    typed = context.params[name]
    assert typed == (value if axis.flag or axis.file or name == "device" else [value])


def test_a_row_is_read_by_its_names_and_does_not_change():
    with pytest.raises(TypeError, match="positional"):
        Axis("batch", "Batch size", "8")
    with pytest.raises(dataclasses.FrozenInstanceError):
        AXES["batch"].about = "Images"
    with pytest.raises(AttributeError, match="immutable"):
        struct_of(["batch"])(batch=2).batch = 3


def test_words_do_not_say_what_is_usual_but_where_and_how_many():
    usual = {name: axis.words(axis.default) for name, axis in AXES.items()}
    assert usual.pop("device") == ("--device", "cpu")
    assert usual.pop("batch") == ("--batch", "1")
    assert {*usual.values()} == {()}
    assert AXES["threads"].words(None) == ()


def test_a_file_is_held_to_one_value_or_to_several():
    one, several = struct_of(["batch"]), struct_of(["batch"], several=True)
    assert said(msgspec.convert({"batch": 2}, one)) == {"batch": 2}
    assert said(msgspec.convert({"batch": [1, 2], "input": "8"}, several)) == {
        "batch": [1, 2],
        "input": "8",
    }
    for wrong, kind in (
        ({"batch": [1, 2]}, one),
        ({"batch": "2"}, several),
        ({"mode": "train"}, one),
        ({"axes": {}}, several),
    ):
        with pytest.raises(msgspec.ValidationError):
            msgspec.convert(wrong, kind)


def test_no_option_of_an_axis_has_a_default_of_its_own():
    """What is not typed is left to the project, the suite or the network."""
    found = 0
    for name in registry.names("command"):
        command = registry.load("command", name).command
        if isinstance(command, click.Group):
            continue
        typed = command.make_context(name, [], resilient_parsing=True).params
        found += len(typed.keys() & AXES.keys())
        assert {typed.get(axis) for axis in AXES} == {None}, name
    assert found > 30
