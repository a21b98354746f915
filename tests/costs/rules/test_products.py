"""Products of kernels that only some builds have: an inner dimension for each element, by formula."""

from __future__ import annotations

import pytest
import torch
from schemas import arguments, operators, places

from lightbench.costs.rules import rule_of
from lightbench.costs.rules.products import PRODUCTS, product

N, M, P, B = 5, 8, 7, 3


def rule(name):
    return next(rule for rule, names in PRODUCTS.items() if name in names.split())


def empty(*shape):
    return torch.empty(shape, device="meta")


x, w, bias, out = empty(N, M), empty(P, M), empty(P), empty(N, P)


@pytest.mark.parametrize(
    ("name", "args", "weights"),
    [
        ("linear", (x, w, bias), (1, 2)),
        ("mkldnn::_linear_pointwise", (x, w, bias), (1, 2)),
        ("mkl::_mkl_linear", (x, None, w, bias), (2, 3)),
        ("onednn::qlinear_pointwise", (x, 1.0, 0, w, None, None, bias), (3, 6)),
        ("torchao::da8w4_linear_cpu", (x, None, None, w, None, None, None, bias), (3, 7)),
        ("_weight_int4pack_mm", (x, w, 32, None), (1, 3)),
        ("_weight_int4pack_mm_with_scales_and_zeros", (x, w, 32, None, None), (1, 3, 4)),
        ("_weight_int8pack_mm", (x, w, None), (1, 2)),
        ("torchao::float8_linear_cpu", (x, None, w, None, bias), (2, 4, 3)),
    ],
)
def test_a_linear_layer_wherever_its_arguments_stand(name, args, weights):
    work = rule(name)(args, out)
    assert (work.kind, work.madds, work.weight) == ("linear", N * M * P, (P, M))
    assert work.weights == weights


@pytest.mark.parametrize(
    ("name", "args", "result", "madds"),
    [
        ("mm", (x, empty(M, P)), out, N * M * P),
        ("addmm", (bias, x, empty(M, P)), out, N * M * P),
        ("addbmm", (out, empty(B, N, M), empty(B, M, P)), out, B * N * M * P),
        ("dot", (empty(M), empty(M)), empty(), M),
        ("addr", (out, empty(N), empty(P)), out, N * P),
        ("_grouped_mm", (x, empty(B, M, P)), out, N * M * P),
        ("_grouped_mm", (empty(N, M), empty(M, P)), empty(B, N, P), N * M * P),
        ("_foreach_mm", ([x, x], [empty(M, P)] * 2), [out, out], 2 * N * M * P),
        (
            "inductor::_mm_plus_mm",
            (x, empty(M, P), empty(N, 4), empty(4, P)),
            out,
            N * P * (M + 4),
        ),
        ("_cslt_sparse_mm", (empty(N, M // 2), empty(M, P)), out, N * P * M // 2),
        ("linear_backward", (x, out, w, [True, True, True]), None, 2 * N * M * P),
        ("linear_backward", (x, out, w, [True, False, False]), None, N * M * P),
        ("matmul_backward", (out, x, empty(M, P), [True, True]), None, 2 * N * M * P),
        (
            "matmul_backward",
            (empty(B, N, P), empty(B, N, M), empty(B, M, P), [True, False]),
            None,
            B * N * M * P,
        ),
    ],
)
def test_a_product_has_an_inner_dimension_for_each_element(name, args, result, madds):
    assert rule(name)(args, result).madds == madds


@pytest.mark.parametrize(
    ("name", "args", "weights"),
    [
        ("_sparse_semi_structured_linear", (empty(N, M), empty(P, M // 2)), (1, 2)),
        ("_sparse_semi_structured_mm", (empty(P, M // 2), empty(M, N)), (0, 1)),
        (
            "torchao::rowwise_scaled_linear_sparse_cutlass_f8f8",
            (x, None, empty(P, M // 2), None, None),
            (2, 3, 4, 5),
        ),
        ("_cslt_sparse_mm", (empty(N, M // 2), empty(M, P)), (0,)),
    ],
)
def test_of_two_in_four_weights_half_are_multiplied(name, args, weights):
    work = rule(name)(args, out)
    assert (work.madds, work.weights) == (N * P * M // 2, weights)


def test_of_a_sparse_factor_what_is_stored_is_multiplied():
    dense, stored = torch.ones(M, P), 6
    sparse = torch.zeros(N, M).index_put_(
        (torch.arange(3).repeat(2), torch.arange(6)), torch.ones(6)
    )
    assert product(sparse.to_sparse(), dense, None) == stored * P
    assert product(sparse.to_sparse(), dense[:, 0], None) == stored
    assert product(torch.ones(P, N), sparse.to_sparse(), None) == stored * P
    assert product(torch.zeros(P, N), sparse.to_sparse(), None) == stored * P  # a dense zero, too
    assert product(torch.zeros(N), sparse.to_sparse(), None) == stored
    several = torch.eye(N, M).expand(B, N, M).to_sparse()
    assert product(several, torch.ones(B, M, P), None) == B * N * P
    assert product(torch.ones(P, 0), torch.ones(0, 4).to_sparse(), None) == 0
    assert product(torch.ones(0, N), sparse.to_sparse(), None) == 0
    # Entry (i, k) meets each entry of row k: columns 0 to 2 meet rows 0 to 2, of two entries each.
    square = torch.zeros(M, M)
    square[:N] = sparse
    assert product(sparse.to_sparse(), square.to_sparse(), None) == 3 * 2


def test_what_is_stored_once_more_per_column_for_each_gradient():
    sparse = torch.eye(N, M).to_sparse()
    args = (sparse, empty(N, P), empty(M, P), "sum", None, [True, True])
    assert rule("_sparse_mm_reduce_impl_backward")(args, None).madds == N * P * 2


# Arguments by the names that PyTorch's schemas give them.
WEIGHT = "weight W w qw ORI_W mat2 W_prepack packed_weights"
SCALES = "qScaleAndZeros qScale qZeros scales scale W_scale W_zero_point"
LINEAR = """
    linear mkldnn_linear onednn::linear_dynamic_fp16 onednn::linear_relu_dynamic_fp16
    mkldnn::_linear_pointwise quantized::linear_dynamic_fp16_unpacked_weight
    _quantized::wrapped_fbgemm_linear_fp16_weight mkl::_mkl_linear onednn::qlinear_pointwise
    _quantized::wrapped_quantized_linear _quantized::_wrapped_quantized_linear_prepacked
    _weight_int4pack_mm _weight_int4pack_mm_for_cpu quantized::int4mm_packed_weight_cpu
    _weight_int4pack_mm_with_scales_and_zeros _weight_int8pack_mm _mixed_dtypes_linear
    _dyn_quant_matmul_4bit
"""


@pytest.mark.parametrize("operator", operators(LINEAR), ids=str)
def test_a_linear_layer_finds_its_arguments_where_the_schema_says(operator):
    """What scales its weight is a weight as well, and so is its bias."""
    given = dict.fromkeys(("input", "self", "x", "X", "qx", "inp"), empty(2, N, M))
    given |= dict.fromkeys(WEIGHT.split(), w) | dict.fromkeys(("bias", "B"), bias)
    work = rule_of(operator)(arguments(operator, given), empty(2, N, P))
    place = places(operator, "bias B")
    assert (work.kind, work.madds, work.weight) == ("linear", 2 * N * M * P, (P, M))
    assert work.weights == places(operator, WEIGHT) + place + places(operator, SCALES)
    assert work.bias == bool(place)
    without = rule_of(operator)(
        arguments(operator, given | dict.fromkeys(("bias", "B"))), empty(2, N, P)
    )
    assert not without.bias


FACTORS = """
    mm bmm _int_mm _scaled_mm _scaled_mm_v2 _sparse_mm_reduce_impl hspmm quantized::matmul addmm
    baddbmm _addmm_activation _sparse_addmm sspaddmm
"""


@pytest.mark.parametrize("operator", operators(FACTORS), ids=str)
def test_a_product_finds_its_factors_where_the_schema_says(operator):
    left, right = {"mat1", "batch1", "qa"}, {"mat2", "batch2", "other", "qb"}
    given = dict.fromkeys(left, x) | dict.fromkeys(right, empty(M, P))
    given["self"] = out if places(operator, "mat1 batch1") and places(operator, "self") else x
    work = rule_of(operator)(arguments(operator, given), out)
    assert (work.kind, work.madds, work.weight) == ("matmul", N * M * P, (P, M))


def test_products_of_a_batch_are_as_many():
    args = (empty(B, N, M), empty(B, M, P))
    assert rule("bmm")(args, empty(B, N, P)).madds == B * N * M * P
    assert rule("baddbmm")((bias, *args), empty(B, N, P)).madds == B * N * M * P


def test_a_linear_layer_of_one_output_may_have_a_vector_as_its_weight():
    work = rule("linear")((x, empty(M)), empty(N))
    assert (work.madds, work.weight, work.bias) == (N * M, (M,), False)


def test_a_product_with_a_vector_has_one_column():
    assert rule("mv")((x, empty(M)), empty(N)).madds == N * M
    assert rule("addmv")((empty(N), x, empty(M)), empty(N)).madds == N * M


@pytest.mark.parametrize(
    ("left", "right", "result", "madds"),
    [
        ((N, M), (B, M, P), (N, P), N * M * P),  # rows by group
        ((B, N, M), (M, P), (N, P), N * M * P),  # columns by group
        ((N, M), (M, P), (B, N, P), N * M * P),  # the inner dimension by group
        ((B, N, M), (B, M, P), (B, N, P), B * N * M * P),
    ],
)
def test_groups_share_rows_columns_or_the_inner_dimension(left, right, result, madds):
    work = rule("_grouped_mm")((empty(*left), empty(*right)), empty(*result))
    assert (work.kind, work.madds) == ("matmul", madds)
    assert work.weight == right[::-1]


@pytest.mark.parametrize(
    ("name", "given", "columns"),
    [
        ("mkldnn_linear_backward_input", {"grad_output": out, "weight": w}, M),
        ("mkldnn_linear_backward_weights", {"grad_output": out, "input": x, "weight": w}, M),
    ],
)
def test_half_a_gradient_is_one_product(name, given, columns):
    for operator in operators(name):
        work = rule_of(operator)(arguments(operator, given), None)
        assert (work.kind, work.madds) == ("other", N * P * columns)


@pytest.mark.parametrize(
    ("mask", "times"),
    [((True, True, False), 2), ((False, True, True), 1), ((False, False, True), 0)],
)
def test_a_gradient_of_a_bias_multiplies_nothing(mask, times):
    for operator in operators("linear_backward mkldnn_linear_backward"):
        given = {"self": x, "grad_output": out, "weight": w, "output_mask": mask}
        assert rule_of(operator)(arguments(operator, given), None).madds == times * N * M * P


def test_bilinear_multiplies_each_pair_of_channels_for_each_of_its_own():
    """As nn.Bilinear calls it: c_1 c_2 c_out at each position, of which the weight is the second."""
    c_1, c_2, c_out = 4, 6, 5
    args = (empty(N, c_1), empty(c_out, c_1, c_2), empty(N, c_2), [1, 3], [0], [1, 2], [2, 3])
    work = rule("_trilinear")(args, empty(N, c_out))
    assert (work.madds, work.weights) == (N * c_1 * c_2 * c_out, (1,))
    one = (empty(1, c_1), args[1], empty(1, c_2), *args[3:])
    assert rule("_trilinear")(one, empty(1, c_out)).madds == c_1 * c_2 * c_out
    nothing = (empty(0, c_1), args[1], empty(0, c_2), *args[3:])
    assert rule("_trilinear")(nothing, empty(0, c_out)).madds == 0


def test_of_a_sparse_weight_what_is_stored_is_multiplied_for_each_row():
    sparse = torch.eye(P, M).to_sparse()
    work = rule("linear")((torch.ones(2, N, M), sparse, None), torch.ones(2, N, P))
    assert (work.madds, work.weight, work.bias) == (2 * N * P, (P, M), False)


def test_of_what_is_sampled_only_what_is_stored_is_computed():
    stored = torch.eye(N, P).to_sparse()
    assert rule("sparse_sampled_addmm")((stored, x, empty(M, P)), stored).madds == N * M
    several = torch.eye(N, P).expand(B, N, P).to_sparse()
    args = (several, empty(B, N, M), empty(B, M, P))
    assert rule("sparse_sampled_addmm")(args, several).madds == B * N * M


def test_a_weight_that_a_kernel_has_turned_is_no_wider():
    """oneDNN packs (c_out, c_in) as (c_in, c_out)."""
    for operator in operators("onednn::linear_dynamic_fp16 onednn::linear_relu_dynamic_fp16"):
        work = rule_of(operator)((x, empty(M, P), None), out)
        assert (work.madds, work.weight) == (N * M * P, (P, M))


@pytest.mark.parametrize(("mask", "times"), [([True, False], 1), ([False, False], 0)])
def test_a_gradient_that_nobody_wants_costs_nothing(mask, times):
    sparse = torch.eye(N, M).to_sparse()
    args = (sparse, empty(N, P), empty(M, P), "sum", None, mask)
    work = rule("_sparse_mm_reduce_impl_backward")(args, None)
    assert (work.kind, work.madds) == ("other", times * N * P)
