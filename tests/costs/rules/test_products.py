"""Products of kernels that only some builds have: an inner dimension for each element, by formula."""

from __future__ import annotations

import pytest
import torch

from lightbench.costs.rules.plain import NORMS
from lightbench.costs.rules.products import PRODUCTS, product

N, M, P, B = 5, 8, 7, 3


def rule(name, names=PRODUCTS):
    return next(rule for rule, known in names.items() if name in known.split())


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
    ],
)
def test_a_product_has_an_inner_dimension_for_each_element(name, args, result, madds):
    assert rule(name)(args, result).madds == madds


@pytest.mark.parametrize(
    ("name", "args", "weights"),
    [
        ("_sparse_semi_structured_linear", (empty(N, M), empty(P, M // 2)), (1, 2)),
        ("_sparse_semi_structured_mm", (empty(P, M // 2), empty(M, N)), (0, 1)),
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
    assert product(torch.ones(0, N), sparse.to_sparse(), None) == 0
    # Entry (i, k) meets each entry of row k: columns 0 to 2 meet rows 0 to 2, of two entries each.
    square = torch.zeros(M, M)
    square[:N] = sparse
    assert product(sparse.to_sparse(), square.to_sparse(), None) == 3 * 2


def test_what_is_stored_once_more_per_column_for_each_gradient():
    sparse = torch.eye(N, M).to_sparse()
    args = (sparse, empty(N, P), empty(M, P), "sum", None, [True, True])
    assert rule("_sparse_mm_reduce_impl_backward")(args, None).madds == N * P * 2


@pytest.mark.parametrize(
    ("name", "args", "said"),
    [
        ("native_batch_norm", (x, w, bias, None, None, True), (True, True)),
        ("native_batch_norm", (x, None, None, bias, bias, False), (False, False)),
        ("_batch_norm_no_update", (x, w, bias, bias, bias), (True, False)),
    ],
)
def test_a_norm_has_its_scale_and_statistics_as_weights(name, args, said):
    work = rule(name, NORMS)(args, None)
    assert (work.affine, work.batch_statistics) == said
    assert (work.weights, work.outputs, work.madds) == ((1, 2, 3, 4), 1, 0)
