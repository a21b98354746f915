"""Our own networks with settings of their builder: ``mobilenet_v2(width=0.6)``."""

from __future__ import annotations

import pytest

import lightbench as lb
from lightbench.errors import ModelError, UsageError
from lightbench.models import sources
from lightbench.models.accuracy import published
from lightbench.runner.identity import code_of


@pytest.mark.parametrize(
    ("model", "params"),
    [  # ../facts: TF-slim's 0.35 has 1.66M, torchvision's 1,677,128
        ("mobilenet_v2(width=0.35)", 1_677_128),
        ("mobilenet_v2_x0_5(width=0.35)", 1_677_128),
        ("mobilenet_v2(width=0.35, num_classes=10)", 1_677_128 - 990 * 1281),
        ("mobilenet_v2()", 3_504_872),
        ("shufflenet_v1_x1_0_g3(groups=8)", 2_433_768),
    ],
)
def test_a_setting_in_a_name_goes_before_that_of_the_name(model, params):
    assert lb.count(model).costs.params == params
    assert lb.count(model).model == model


def test_a_network_with_settings_is_of_the_code_of_its_family_and_nothing_is_published_of_it():
    assert code_of("mobilenet_v2(width=0.5)") == code_of("mobilenet_v2")
    assert published("mobilenet_v2") and published("mobilenet_v2(width=0.5)") is None


@pytest.mark.parametrize(
    ("model", "error", "message", "hint"),
    [
        ("mobilenet_v2(depth=3)", UsageError, "unexpected keyword argument 'depth'", "width=1.0"),
        ("mobilenet_v2(0.5)", UsageError, "cannot read the model", "Settings have a name"),
        ("mobilenet_v2(width=", UsageError, "cannot read the model", "Settings have a name"),
        ("mobilenet_v2(width=os)", UsageError, "cannot read the model", "Settings have a name"),
        ("shufflenet_v2_x1_0(width=0.7)", ModelError, "comes in widths 0.5, 1.0, 1.5, 2.0", ""),
    ],
)
def test_settings_that_do_not_fit_are_refused_with_those_that_do(model, error, message, hint):
    with pytest.raises(error, match=message) as raised:
        sources.find(model).build()
    assert hint in raised.value.hint
