"""Families of networks, by name."""

from __future__ import annotations

import pytest

from lightbench.figures.families import LOOKS, OTHERS, family, looks


@pytest.mark.parametrize(
    ("model", "name"),
    [
        ("mobilenet_v2", "mobilenet_v2"),
        ("mobilenet_v2_0_5", "mobilenet_v2"),
        ("mobilenet_v3_small", "mobilenet_v3"),
        ("shufflenet_v2_x1_0", "shufflenet_v2"),
        ("torchvision:resnet50", "resnet"),
        ("timm:mobilenetv3_large_100", "mobilenetv3"),
        ("path/nets.py:Net", "Net"),
        ("nets/own.py:Net(width=0.5)", "Net"),
        ("squeezenet1_1", "squeezenet"),
        ("", ""),
        ("1x1", "1x1"),
        ("\u7f51\u7edc", "\u7f51\u7edc"),
    ],
)
def test_a_family_is_what_a_name_begins_with(model, name):
    assert family(model) == name


def test_each_of_seven_families_has_a_colour_and_a_mark_of_its_own():
    told = looks([letter * 3 for letter in "abcdefg"])
    assert len({colour for colour, _ in told.values()}) == 7
    assert len({mark for _, mark in told.values()}) == 7


def test_of_more_families_the_first_six_have_their_own_and_the_rest_are_others():
    told = list(looks([letter * 3 for letter in "abcdefgh"]).values())
    assert told == [*LOOKS[:6], OTHERS, OTHERS]


def test_networks_of_one_family_look_alike():
    assert looks(["resnet18", "resnet50"]) == {"resnet": LOOKS[0]}
