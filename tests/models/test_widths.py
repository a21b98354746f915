"""The name of a network at another width."""

from __future__ import annotations

import re

import pytest

from lightbench.errors import UsageError
from lightbench.models.widths import at_width, width_of


@pytest.mark.parametrize(
    ("model", "width", "name"),
    [
        ("mobilenet_v2", 0.5, "mobilenet_v2_x0_5"),
        ("mobilenet_v2_x0_5", 1.0, "mobilenet_v2"),
        ("mobilenet_v3_large", 0.75, "mobilenet_v3_large_x0_75"),
        ("shufflenet_v2_x1_0_halves", 2, "shufflenet_v2_x2_0_halves"),
        ("shufflenet_v1_x1_0_g3", 0.5, "shufflenet_v1_x0_5_g3"),
        ("net.py:Net", 0.5, "net.py:Net(width=0.5)"),
        ("net.py:Net()", 2, "net.py:Net(width=2)"),
        ("net.py:nets.build(10, act=nn.SiLU)", 1, "net.py:nets.build(10, act=nn.SiLU, width=1)"),
    ],
)
def test_a_width_is_a_variant_of_the_family_or_an_argument(model, width, name):
    assert at_width(model, width) == name


@pytest.mark.parametrize(
    ("model", "width", "why"),
    [
        ("resnet18", 0.5, "It is known at one width alone"),
        ("mobilenet_v2", 0.6, r"Known: 0.35, 0.5, 0.75, 1, 1.4"),
        ("shufflenet_v1_x1_0_g2", 0.5, "It is known at one width alone"),
        ("mobilenet_v1_cifar", 0.5, "It is known at one width alone"),
        ("torchvision:resnet18", 0.5, "no width that can be set by its name"),
        ("nosuch", 0.5, "no width that can be set by its name"),
        ("net.py:Net(width=1)", 0.5, "says its width already"),
        ("net.py", 0.5, "names no class or function"),
    ],
)
def test_a_network_without_that_width_is_refused_in_words(model, width, why):
    with pytest.raises(UsageError) as raised:
        at_width(model, width)
    assert re.search(why, str(raised.value))


def test_widths_of_one_network_share_its_name_without_the_width():
    names = ["mobilenet_v2", "mobilenet_v2_x0_35", "mobilenet_v2_x1_4"]
    assert [width_of(name) for name in names] == [
        ("mobilenet_v2", 1.0), ("mobilenet_v2", 0.35), ("mobilenet_v2", 1.4),
    ]  # fmt: skip
    calls = ["n.py:Net", "n.py:Net()", "n.py:Net(width=0.5)"]
    assert [width_of(call) for call in calls] == [
        ("n.py:Net", 1.0), ("n.py:Net", 1.0), ("n.py:Net", 0.5),
    ]  # fmt: skip
    assert width_of("n.py:Net(8, width=2, act='relu')") == ("n.py:Net(8, act='relu')", 2.0)


@pytest.mark.parametrize("model", ["resnet18", "squeezenet1_1", "timm:regnetx_002", "$(x)", ""])
def test_what_says_no_width_is_at_the_usual_one(model):
    assert width_of(model) == (model, 1.0)


def test_every_width_has_a_name_that_says_it():
    for width in (0.35, 0.5, 0.75, 1.0, 1.4):
        assert width_of(at_width("mobilenet_v2", width)) == ("mobilenet_v2", width)
        assert width_of(at_width("net.py:Net", width)) == ("net.py:Net", width)
