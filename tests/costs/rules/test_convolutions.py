"""Convolutions of kernels that only some builds have: positions x filters x channels of a group, by formula."""

from __future__ import annotations

import pytest
import torch

from lightbench.costs.rules.convolutions import CONVOLUTIONS

N, C_IN, C_OUT, K, GROUPS = 2, 8, 12, 3, 4
X = (N, C_IN, 10, 9)
OUT = (N, C_OUT, 8, 7)
FILTERS = (C_OUT, C_IN // GROUPS, K, K)
MADDS = N * C_OUT * 8 * 7 * (C_IN // GROUPS) * K * K
SETTINGS = ([1, 1], [0, 0], [1, 1])  # stride, padding, dilation


def rule(name):
    return next(rule for rule, names in CONVOLUTIONS.items() if name in names.split())


def empty(*shape):
    return torch.empty(shape, device="meta")


x, w, bias, out = empty(*X), empty(*FILTERS), empty(C_OUT), empty(*OUT)


@pytest.mark.parametrize(
    ("name", "args", "weights"),
    [
        ("conv2d", (x, w, bias, *SETTINGS, GROUPS), (1, 2)),
        ("mkldnn_convolution", (x, w, bias, [0, 0], [1, 1], [1, 1], GROUPS), (1, 2)),
        (
            "mkldnn::_convolution_pointwise.binary",
            (x, out, w, bias, [0, 0], [1, 1], [1, 1], GROUPS),
            (2, 3),
        ),
        ("cudnn_convolution", (x, w, [0, 0], [1, 1], [1, 1], GROUPS), (1,)),
        ("cudnn_convolution_relu", (x, w, bias, *SETTINGS, GROUPS), (1, 2)),
        ("cudnn_convolution_add_relu", (x, w, out, 1.0, bias, *SETTINGS, GROUPS), (1, 4)),
        (
            "onednn::qconv2d_pointwise",
            (x, 1.0, 0, w, None, None, bias, [1, 1], [0, 0], [1, 1], GROUPS),
            (3, 6),
        ),
        (
            "torchvision::deform_conv2d",
            (x, w, None, None, bias, 1, 1, 0, 0, 1, 1, GROUPS, 1, False),
            (1, 4),
        ),
    ],
)
def test_a_convolution_wherever_its_arguments_stand(name, args, weights):
    work = rule(name)(args, out)
    assert work.madds == MADDS
    assert work.weight == FILTERS
    assert work.weights == weights


def test_a_depthwise_one_has_as_many_groups_as_channels():
    args = (x, empty(C_IN, 1, K, K), [K, K], empty(C_IN), [1, 1], [0, 0], [1, 1])
    work = rule("_conv_depthwise2d")(args, empty(N, C_IN, 8, 7))
    assert work.madds == N * C_IN * 8 * 7 * K * K
    assert (work.kind, work.weights) == ("depthwise conv", (1, 3))
    unbatched = (empty(*X[1:]), *args[1:])
    assert rule("_conv_depthwise2d")(unbatched, empty(C_IN, 8, 7)).kind == "depthwise conv"


@pytest.mark.parametrize("transposed", [False, True])
def test_a_transposed_one_is_paid_for_each_position_of_its_input(transposed):
    """Each input value meets each filter: stride and padding change nothing."""
    filters = empty(C_IN, C_OUT, K, K) if transposed else empty(C_OUT, C_IN, K, K)
    args = (x, filters, None, [2, 2], [1, 1], [1, 1], transposed, [0, 0], 1)
    work = rule("convolution")(args, empty(N, C_OUT, 19, 17) if transposed else out)
    positions = 10 * 9 if transposed else 8 * 7
    assert work.madds == N * positions * C_IN * C_OUT * K * K
    named = rule("conv_transpose2d")((x, empty(C_IN, C_OUT, K, K), None), empty(N, C_OUT, 19, 17))
    assert named.madds == N * 10 * 9 * C_IN * C_OUT * K * K


def test_a_convolution_with_time_in_front():
    time, k = 11, 5
    args = (empty(time, N, C_IN), empty(k, C_IN, C_OUT), empty(C_OUT), 0)
    work = rule("conv_tbc")(args, empty(time - k + 1, N, C_OUT))
    assert work.madds == (time - k + 1) * N * C_OUT * k * C_IN
    assert (work.weight, work.weights, work.bias) == ((C_OUT, C_IN, k), (1, 2), True)


@pytest.mark.parametrize(
    ("wanted", "times"),
    [([True, True, True], 2), ([True, False, True], 1), ([False, False, True], 0)],
)
def test_a_gradient_costs_a_convolution_for_the_input_and_one_for_the_filters(wanted, times):
    args = (out, x, w, [C_OUT], *SETTINGS, False, [0, 0], GROUPS, wanted)
    assert rule("convolution_backward")(args, None).madds == times * MADDS
    slow = (out, x, w, [K, K], [1, 1], [0, 0], wanted)
    assert rule("_slow_conv2d_backward.output_mask")(slow, None).madds == times * MADDS
    apple = (x, out, w, [0, 0], [1, 1], [1, 1], GROUPS, wanted)
    assert rule("mps_convolution_backward")(apple, None).madds == times * MADDS


def test_a_kernel_that_gives_both_gradients_costs_two():
    assert rule("_slow_conv2d_backward.grad_input")((out, x, w), None).madds == 2 * MADDS
