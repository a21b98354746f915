"""Engines as they are written."""

import pytest

from lightbench import registry
from lightbench.engines.support import named
from lightbench.errors import UnknownName, UsageError


def test_a_name_and_its_options_are_apart():
    assert named.name_of("onnxruntime:unoptimized+defaults") == "onnxruntime"
    assert named.options_of("onnxruntime:unoptimized+defaults") == ("unoptimized", "defaults")
    assert (named.name_of("eager"), named.options_of("eager")) == ("eager", ())


def test_every_option_of_every_engine_is_taken_and_says_what_it_does():
    for name in registry.names("engine"):
        named.check(name)
        for option, about in named.known(name).items():
            named.check(f"{name}:{option}")
            assert about


@pytest.mark.parametrize(
    ("text", "error", "hint"),
    [
        ("openvin", UnknownName, "openvino"),
        ("eager:defaults", UsageError, "--engine eager"),
        ("openvino:fast", UsageError, "openvino:defaults"),
        ("openvino:defaults+fast", UsageError, "openvino:defaults"),
    ],
)
def test_what_there_is_not_is_refused_with_what_there_is(text, error, hint):
    with pytest.raises(error) as raised:
        named.check(text)
    assert hint in str(raised.value)


def test_beside_each_engine_stands_the_same_as_it_comes():
    asked = ["eager", "openvino", "onnxruntime:unoptimized"]
    assert named.beside_defaults(asked) == [
        "eager",
        "openvino",
        "openvino:defaults",
        "onnxruntime:unoptimized",
    ]


def test_the_beginning_of_a_name_suggests_it():
    with pytest.raises(UnknownName) as raised:
        named.check("onnx")
    assert raised.value.hint.startswith("Did you mean onnxruntime? ")
