"""Several networks in one call from Python, by names of the caller's; and a network where something else is expected."""

from __future__ import annotations

import inspect

import pytest
import torch
from torch import nn

import lightbench as lb
from lightbench.errors import UsageError
from lightbench.runner.given import handed_over, spread

QUICK = {"seconds": 0.02, "rel": 1.0, "device": "null", "input": "3x8x8"}


class Many(nn.Module):
    """A network whose text is long."""

    def __init__(self):
        super().__init__()
        self.layers = nn.Sequential(*(nn.Conv2d(3, 3, 1) for _ in range(20)))

    def forward(self, x):
        return self.layers(x)


def names(*models, **how):
    return [record.case.model for record in lb.profile(*models, **QUICK, **how).records]


def test_networks_in_a_list_are_as_if_each_stood_alone():
    assert names([Many(), "example_dense", Many()]) == ["Many", "example_dense", "Many#2"]


def test_a_dictionary_says_what_networks_are_called():
    assert names("example_dense", {"ours": Many(), "theirs": Many()}) == [
        "example_dense",
        "ours",
        "theirs",
    ]


def test_a_keyword_that_is_no_setting_says_it_too():
    assert names("example_dense", ours=Many()) == ["example_dense", "ours"]


def test_a_network_under_the_name_of_a_setting_is_that_setting_and_refused():
    with pytest.raises(UsageError, match="threads cannot be a Many"):
        lb.profile("example_dense", threads=Many(), **QUICK)


def test_another_keyword_is_still_unknown():
    with pytest.raises(TypeError, match="unexpected keyword argument 'secods'.*'seconds'"):
        lb.profile("example_dense", secods=3)


def test_help_shows_the_settings_by_name():
    assert {"models", "device", "threads", "seconds"} <= set(
        inspect.signature(lb.profile).parameters
    )


def test_a_name_goes_to_its_own_network():
    one, two = Many(), Many()
    models, called = spread([{"a": one}, two])
    found, given = handed_over(models, None, {}, called)
    assert found == ["a", "Many"]
    assert (given["a"].network, given["Many"].network) == (one, two)


@pytest.mark.parametrize(
    ("models", "words"),
    [
        (({"a": "mobilenet_v2"},), "'mobilenet_v2' has a name already"),
        (({"a": nn.ReLU()}, {"a": nn.ReLU()}), "no other has, not 'a'"),
        (({"": nn.ReLU()},), "no other has, not ''"),
        (({3: nn.ReLU()},), "no other has, not 3"),
        (({"weight": torch.zeros(1)},), "a dictionary of 1 tensors"),
        (({},), "a name or a torch.nn.Module"),
        (([[nn.ReLU()]],), "a list of 1 modules"),
        (([3],), "a name or a torch.nn.Module, got 3"),
    ],
)
def test_what_is_no_network_or_has_no_name_of_its_own_is_refused(models, words):
    with pytest.raises(UsageError, match=words):
        lb.profile(*models, **QUICK)


def test_nothing_in_a_list_is_no_model():
    with pytest.raises(UsageError, match="no model is named"):
        lb.profile([])


@pytest.mark.parametrize(
    "call",
    [
        lambda net: lb.profile("example_dense", device=net),
        lambda net: lb.profile("example_dense", engine=net),
        lambda net: lb.profile("example_dense", dtype=net),
        lambda net: lb.profile("example_dense", batch=net),
        lambda net: lb.layers("example_dense", threads=net),
        lambda net: lb.count("example_dense", input=net),
        lambda net: lb.compare("example_dense", b_settings={"threads": net}),
        lb.sweep,
        lb.guidelines,
    ],
)
def test_a_network_where_something_else_is_expected_is_named_by_its_class(call):
    with pytest.raises(UsageError, match="Many") as caught:
        call(Many())
    assert "Conv2d" not in str(caught.value)
