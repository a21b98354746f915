"""Does an engine answer as the network itself does? In multiples of eager PyTorch's own error."""

import math

import pytest

from lightbench.records.outputs import Outputs


@pytest.mark.parametrize(
    ("error", "eager_error", "verdict"),
    [
        (0.0, 0.0, "same"),
        (1.6e-5, 1e-6, "same"),  # 16 times as far off
        (1.7e-5, 1e-6, "approximate"),
        (9e-7, 0.0, "same"),  # rounding, where eager PyTorch makes no error at all
        (1.1e-6, 0.0, "approximate"),
        (0.01, 1e-6, "approximate"),
        (0.0101, 1e-6, "differs"),
        (0.14, 5.6e-6, "differs"),  # mobilenet_v1 in bfloat16, which nobody asked for
        (0.05, 0.004, "same"),  # in bfloat16 that was asked for
        (None, 1e-6, "differs"),  # no numbers, or of other shapes
    ],
)
def test_a_verdict_is_by_how_much_further_off_it_is_than_eager_pytorch(error, eager_error, verdict):
    assert Outputs(error=error, eager_error=eager_error).verdict == verdict


@pytest.mark.parametrize("error", [-1e-9, math.inf, math.nan])
def test_an_error_is_a_number_from_0_on(error):
    with pytest.raises(ValueError, match="an error is a number"):
        Outputs(error=error, eager_error=0.0)
    with pytest.raises(ValueError, match="an error is a number"):
        Outputs(error=0.0, eager_error=error)


@pytest.mark.parametrize(
    ("dtype", "error", "eager_error", "verdict"),
    [
        ("bfloat16", 1e-9, 0.0, "approximate"),  # never the same: it was not asked for
        ("bfloat16", 0.16, 0.01, "approximate"),
        ("bfloat16", 0.17, 0.01, "differs"),
        ("float16", 0.01, 0.0, "approximate"),
        ("float16", 0.011, 0.0, "differs"),
        ("int8", 0.9, 1e-6, "approximate"),
        ("int8", None, 1e-6, "differs"),
        ("float64", 0.01, 1e-15, "approximate"),
    ],
)
def test_in_less_than_float32_an_engine_may_be_as_far_off_as_that(
    dtype, error, eager_error, verdict
):
    assert Outputs(error=error, eager_error=eager_error, dtype=dtype).verdict == verdict


@pytest.mark.parametrize(
    ("error", "verdict"),
    [(1e-4, "same"), (1.1e-4, "approximate"), (0.01, "approximate"), (0.011, "differs")],
)
def test_of_two_engines_nobody_knows_the_error_and_a_ten_thousandth_is_rounding(error, verdict):
    found = Outputs(error=error, eager_error=None, against="onnxruntime")
    assert found.verdict == verdict


def test_what_is_stored_without_saying_so_was_held_against_the_network():
    assert Outputs(error=0.0, eager_error=0.0).against == "network"
