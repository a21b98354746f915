"""Convolutions of kernels that only some builds have: positions x filters x channels of a group, by formula."""

from __future__ import annotations

import pytest
import torch
from schemas import arguments, operators, places

from lightbench.costs.rules import rule_of
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


# Arguments by the names that PyTorch's schemas give them.
NAMED = {
    **dict.fromkeys(("input", "self", "X", "qx"), x),
    **dict.fromkeys(("bias", "B"), bias),
    **dict.fromkeys(("other", "z", "qaccum", "grad_output"), out),
    "stride": [2, 1],
    "padding": [0, 0],
    "transposed": False,
    "kernel_size": [K, K],
}
WEIGHT = ("weight", "W", "qw")
OF_GROUPS = """
    conv1d conv2d conv3d convolution _convolution convolution_overrideable mkldnn_convolution
    miopen_convolution miopen_depthwise_convolution _mps_convolution mkldnn::_convolution_pointwise
    mkldnn::_convolution_pointwise_ cudnn_convolution cudnn_convolution_relu miopen_convolution_relu
    cudnn_convolution_add_relu miopen_convolution_add_relu onednn::qconv1d_pointwise
    onednn::qconv2d_pointwise onednn::qconv3d_pointwise onednn::qconv_pointwise
"""
OF_ONE = """
    slow_conv_dilated2d slow_conv_dilated3d _slow_conv2d_forward slow_conv3d_forward thnn_conv2d
    slow_conv3d _nnpack_spatial_convolution
"""
TRANSPOSED = """
    conv_transpose1d conv_transpose2d conv_transpose3d miopen_convolution_transpose
    mkldnn::_convolution_transpose_pointwise cudnn_convolution_transpose _mps_convolution_transpose
"""


def assert_read(work, operator):
    """Filters and bias are its weights, in this order, and it strides as it is told."""
    weight, bias = places(operator, " ".join(WEIGHT)), places(operator, "bias B")
    assert (work.weights, work.bias) == (weight + bias, bool(bias))
    assert work.stride == (2, 1)


@pytest.mark.parametrize("operator", operators(OF_GROUPS), ids=str)
def test_a_convolution_of_groups_finds_its_arguments_where_the_schema_says(operator):
    given = NAMED | dict.fromkeys(WEIGHT, w) | {"groups": GROUPS}
    work = rule_of(operator)(arguments(operator, given), out)
    assert (work.madds, work.groups, work.weight) == (MADDS, GROUPS, FILTERS)
    assert_read(work, operator)
    deep = given | dict.fromkeys(WEIGHT, empty(2 * C_IN, 1, K, K)) | {"groups": C_IN}
    assert rule_of(operator)(arguments(operator, deep), out).kind == "depthwise conv"
    without = given | {"bias": None, "B": None}
    assert not rule_of(operator)(arguments(operator, without), out).bias


@pytest.mark.parametrize("operator", operators(OF_ONE), ids=str)
def test_a_kernel_without_groups_has_one(operator):
    filters = (C_OUT, C_IN, K, K)
    given = NAMED | {"weight": empty(*filters)}
    work = rule_of(operator)(arguments(operator, given), out)
    assert (work.madds, work.groups) == (N * C_OUT * 8 * 7 * C_IN * K * K, 1)
    assert (work.kind, work.weight) == ("dense conv", filters)
    assert_read(work, operator)


@pytest.mark.parametrize("operator", operators(TRANSPOSED), ids=str)
def test_a_transposed_one_finds_its_arguments_where_the_schema_says(operator):
    """At each position of its input a filter of c_out / g channels for each of c_in."""
    filters = empty(C_IN, C_OUT // GROUPS, K, K)
    given = NAMED | dict.fromkeys(WEIGHT, filters) | {"groups": GROUPS}
    work = rule_of(operator)(arguments(operator, given), empty(N, C_OUT, 21, 11))
    assert work.madds == N * 10 * 9 * C_IN * (C_OUT // GROUPS) * K * K
    assert (work.kind, work.groups) == ("grouped conv", GROUPS)
    assert_read(work, operator)


@pytest.mark.parametrize(
    "operator", operators("slow_conv_transpose2d slow_conv_transpose3d"), ids=str
)
def test_a_transposed_one_without_groups_has_one(operator):
    given = NAMED | {"weight": empty(C_IN, C_OUT, K, K)}
    work = rule_of(operator)(arguments(operator, given), empty(N, C_OUT, 21, 11))
    assert (work.madds, work.groups) == (N * 10 * 9 * C_IN * C_OUT * K * K, 1)
    assert_read(work, operator)


@pytest.mark.parametrize("operator", operators("_conv_depthwise2d conv_depthwise3d"), ids=str)
def test_a_depthwise_one_finds_its_arguments_where_the_schema_says(operator):
    given = NAMED | {"weight": empty(C_IN, 1, K, K)}
    work = rule_of(operator)(arguments(operator, given), empty(N, C_IN, 8, 7))
    assert (work.madds, work.groups) == (N * 8 * 7 * C_IN * K * K, C_IN)
    assert_read(work, operator)
    without = rule_of(operator)(arguments(operator, given | {"bias": None}), empty(N, C_IN, 8, 7))
    assert not without.bias


BACKWARD = """
    convolution_backward convolution_backward_overrideable mps_convolution_backward
    _slow_conv2d_backward.output_mask
"""


@pytest.mark.parametrize("operator", operators(BACKWARD), ids=str)
@pytest.mark.parametrize(("mask", "times"), [((1, 1, 1), 2), ((0, 1, 0), 1), ((0, 0, 1), 0)])
def test_a_gradient_finds_its_arguments_where_the_schema_says(operator, mask, times):
    given = NAMED | {"weight": w, "groups": GROUPS, "output_mask": list(map(bool, mask))}
    work = rule_of(operator)(arguments(operator, given), None)
    assert (work.kind, work.madds) == ("other", times * MADDS)


TURNED = """
    convolution_backward convolution_backward_overrideable mps_convolution_transpose_backward
"""


@pytest.mark.parametrize("operator", operators(TURNED), ids=str)
@pytest.mark.parametrize(("mask", "times"), [((1, 1), 2), ((1, 0), 1), ((0, 0), 0)])
def test_a_gradient_of_a_transposed_one_is_paid_for_the_positions_of_the_input(
    operator, mask, times
):
    given = NAMED | {"weight": empty(C_IN, C_OUT, K, K), "grad_output": empty(N, C_OUT, 21, 11)}
    given |= {"transposed": True, "output_mask": [*map(bool, mask), True][: len(mask) + 1]}
    work = rule_of(operator)(arguments(operator, given), None)
    assert work.madds == times * N * 10 * 9 * C_IN * C_OUT * K * K


@pytest.mark.parametrize(
    ("name", "args"),
    [
        ("_slow_conv2d_backward.grad_input", (out, x, w)),
        ("torchvision::_deform_conv2d_backward", (out, x, w)),
    ],
)
def test_a_kernel_of_both_gradients_is_paid_for_what_it_gives(name, args):
    work = rule(name)(args, None)
    assert (work.kind, work.madds) == ("other", 2 * MADDS)


@pytest.mark.parametrize(
    ("filters", "groups", "kind"),
    [
        ((C_IN, 1, K, K), C_IN, "depthwise conv"),
        ((C_OUT, C_IN // 2, K, K), 2, "grouped conv"),
        ((C_OUT, C_IN // 2, 1, 1), 2, "grouped conv"),
        ((C_OUT, C_IN, 1, 1), 1, "pointwise conv"),
        ((C_OUT, C_IN, 1, K), 1, "dense conv"),
        ((C_OUT, C_IN, K, 1), 1, "dense conv"),
    ],
)
def test_filters_and_groups_say_the_kind(filters, groups, kind):
    args = (x, empty(*filters), None, [1, 1], [0, 0], [1, 1], groups)
    assert rule("conv2d")(args, out).kind == kind


@pytest.mark.parametrize(
    ("c_out", "groups", "kind"),
    [(C_IN, C_IN, "depthwise conv"), (2 * C_IN, C_IN, "depthwise conv"), (4, 4, "grouped conv")],
)
def test_one_input_channel_a_group_is_depthwise_also_where_filters_are_transposed(
    c_out, groups, kind
):
    args = (x, empty(C_IN, c_out // groups, K, K), None, [1, 1], [0, 0], [0, 0], groups)
    assert rule("conv_transpose2d")(args, empty(N, c_out, 12, 11)).kind == kind


@pytest.mark.parametrize(
    ("said", "stride"), [((), (1, 1)), ((2,), (2, 2)), (([2],), (2, 2)), (([2, 1],), (2, 1))]
)
def test_one_stride_is_that_of_every_direction_and_none_is_one(said, stride):
    work = rule("conv2d")((x, empty(C_OUT, C_IN, K, K), bias, *said), out)
    assert (work.stride, work.groups) == (stride, 1)


def test_a_grey_image_is_not_convolved_depthwise():
    args = (empty(N, 1, 10, 9), empty(C_OUT, 1, K, K), None)
    assert rule("conv2d")(args, out).kind == "dense conv"


def test_an_image_without_a_batch_is_one_image():
    args = (empty(*X[1:]), w, None, *SETTINGS, GROUPS)
    work = rule("conv2d")(args, empty(*OUT[1:]))
    assert (work.madds, work.bias) == (MADDS // N, False)


def test_a_deformable_one_strides_as_it_is_told():
    args = (x, w, None, None, None, 2, 1, 0, 0, 1, 1, GROUPS, 1, False)
    work = rule("torchvision::deform_conv2d")(args, out)
    assert (work.stride, work.groups, work.bias) == ((2, 1), GROUPS, False)
    args = (x, empty(C_IN, 1, K, K), None, None, None, 2, 1, 0, 0, 1, 1, C_IN, 1, False)
    assert rule("torchvision::deform_conv2d")(args, out).kind == "depthwise conv"


def test_time_in_front_has_one_filter_a_step():
    k = 1
    args = (empty(11, N, C_IN), empty(k, C_IN, C_OUT), empty(C_OUT), 0)
    work = rule("conv_tbc")(args, empty(11, N, C_OUT))
    assert (work.kind, work.stride, work.groups) == ("pointwise conv", (1,), 1)
