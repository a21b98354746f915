"""Matrix products: m multiply-adds for each element of (n, m) @ (m, p), or as many as a sparse one stores."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from lightbench.costs.stored import is_sparse, stored_values
from lightbench.costs.work import Names, Rule, Work, at, broadcast_size, first


def product(left: Tensor, right: Tensor, out: Any) -> int:
    """MAdds of (..., n, m) @ (..., m, p). Of a sparse factor only what is stored is multiplied."""
    if is_sparse(left):
        if is_sparse(right):
            return _both_sparse(left, right)
        return stored_values(left) * (right.shape[-1] if right.dim() > 1 else 1)
    if is_sparse(right):
        return stored_values(right) * (left.numel() // left.shape[-1] if left.numel() else 0)
    return int(first(out).numel()) * left.shape[-1]


def _both_sparse(left: Tensor, right: Tensor) -> int:
    """Entry (i, k) meets each entry of row k."""
    columns, rows = _indices(left)[1], _indices(right)[0]
    return int(torch.bincount(rows, minlength=right.shape[0])[columns].sum())


def _indices(tensor: Any) -> Tensor:
    return tensor.to_sparse_coo().coalesce().indices()  # type: ignore[no-any-return]


def matmul(a: int, b: int) -> Rule:
    """A product of the arguments ``a`` (..., n, m) and ``b`` (..., m, p): m MAdds per (n, p).

    ``aten.addmm`` with a parameter is how ``linear`` looks from below: then it is a linear row.
    """

    def rule(args: tuple[Any, ...], out: Tensor) -> Work:
        left, right = args[a], args[b]
        return Work("matmul", product(left, right, out), weight=tuple(right.shape[::-1]))

    return rule


def linear(args: tuple[Any, ...], out: Tensor) -> Work:
    """Input (..., c_in), weight (c_out, c_in): c_in MAdds for each output element."""
    x, w = args[0], args[1]
    sparse = is_sparse(w) and stored_values(w) * (x.numel() // x.shape[-1])
    return Work(
        "linear",
        madds=out.numel() * w.shape[-1] if sparse is False else sparse,
        weight=tuple(w.shape),
        bias=at(args, 2) is not None,
        weights=(1, 2),
    )


def by_width(w: int, bias: int | None = None, weights: tuple[int, ...] = ()) -> Rule:
    """A linear layer whose packed weight ``w`` hides or turns its shape: c_in is the input's last dimension."""

    def rule(args: tuple[Any, ...], out: Tensor) -> Work:
        c_in = args[0].shape[-1]
        return Work(
            "linear",
            out.numel() * c_in,
            (out.shape[-1], c_in),
            bias=bias is not None and at(args, bias) is not None,
            weights=(w, *(() if bias is None else (bias,)), *weights),
        )

    return rule


def _half_stored(stored: int, weights: tuple[int, ...]) -> Rule:
    """2:4 sparsity: of every four weights the argument ``stored`` keeps two, and they are multiplied."""

    def rule(args: tuple[Any, ...], out: Tensor) -> Work:
        _, kept = args[stored].shape
        return Work("matmul", out.numel() * kept, weights=weights)

    return rule


def _compressed(args: tuple[Any, ...], out: Tensor) -> Work:
    """_cslt_sparse_mm (compressed, dense (k, n)): half of k multiply-adds for each output element."""
    return Work("matmul", out.numel() * args[1].shape[0] // 2, weights=(0,))


def _grouped(args: tuple[Any, ...], out: Tensor) -> Work:
    """One product for each group: of rows (2-d @ 3-d), of columns (3-d @ 2-d), of the inner
    dimension (2-d @ 2-d), or a batch of products (3-d @ 3-d)."""
    left, right = args[0], args[1]
    inner = left.dim() == right.dim() == 2
    madds = left.numel() * out.shape[-1] if inner else out.numel() * left.shape[-1]
    return Work("matmul", madds, weight=tuple(right.shape[::-1]))


def _addbmm(args: tuple[Any, ...], _out: Tensor) -> Work:
    """Sum over the batch of (b, n, m) @ (b, m, p)."""
    return Work("matmul", madds=args[1].numel() * args[2].shape[-1])


def _dot(args: tuple[Any, ...], _out: Tensor) -> Work:
    return Work("matmul", madds=args[0].numel())


def _rank_one(_args: tuple[Any, ...], out: Tensor) -> Work:
    """addr: (n, 1) @ (1, m)."""
    return Work("matmul", madds=out.numel())


def _sampled(args: tuple[Any, ...], out: Tensor) -> Work:
    """sparse_sampled_addmm (sparse, (n, m), (m, p)): m MAdds for each element that is stored."""
    return Work("matmul", stored_values(out) * args[1].shape[-1])


def _trilinear(args: tuple[Any, ...], _out: Tensor) -> Work:
    """sum(i1 i2 i3) over broadcast dimensions; nn.Bilinear: c_1 c_2 c_out per position."""
    shapes = []
    for x, expand in zip(args[:3], args[3:6], strict=True):
        shape = list(x.shape)
        for dimension in sorted(expand):
            shape.insert(dimension, 1)
        shapes.append(shape)
    return Work("matmul", broadcast_size(shapes), weights=(1,))


def _of_lists(args: tuple[Any, ...], out: Any) -> Work:
    return Work("matmul", sum(map(product, args[0], args[1], out)))


def _two_products(args: tuple[Any, ...], out: Tensor) -> Work:
    """inductor's a @ b + c @ d."""
    return Work("matmul", out.numel() * (args[0].shape[1] + args[2].shape[1]))


def _linear_backward(args: tuple[Any, ...], _out: Any) -> Work:
    """(input, gradient, weight, mask): one product for the input, one for the weight."""
    return Work("other", args[1].numel() * args[2].shape[1] * sum(map(bool, args[3][:2])))


def _linear_backward_part(gradient: int, w: int) -> Rule:
    return lambda args, _out: Work("other", args[gradient].numel() * args[w].shape[1])


def _matmul_backward(args: tuple[Any, ...], _out: Any) -> Work:
    gradient, left, _, mask = args
    return Work("other", gradient.numel() * left.shape[-1] * sum(map(bool, mask)))


def _sparse_mm_backward(args: tuple[Any, ...], _out: Any) -> Work:
    """(sparse, gradient, dense, reduce, arg, mask): each stored element once more per column."""
    return Work("other", stored_values(args[0]) * args[1].shape[1] * sum(map(bool, args[5])))


PRODUCTS: Names = {
    linear: "linear mkldnn_linear",
    matmul(0, 1): (
        "mm bmm mv _int_mm _scaled_mm _scaled_mm_v2 _sparse_sparse_matmul _sparse_mm_reduce_impl"
        " hspmm quantized::matmul torchao::swizzle_mm torchao::swizzle_scaled_mm torchao::mx_fp8_bf16"
        " torchao::mx_fp4_bf16"
    ),
    matmul(1, 2): "addmm baddbmm addmv _addmm_activation _sparse_addmm sspaddmm",
    _addbmm: "addbmm",
    _dot: "dot vdot",
    _rank_one: "addr",
    _grouped: "_grouped_mm _scaled_grouped_mm _scaled_grouped_mm_v2",
    _sampled: "sparse_sampled_addmm",
    _trilinear: "_trilinear",
    _of_lists: "_foreach_mm _native::_foreach_mm_native_0",
    _two_products: "inductor::_mm_plus_mm",
    by_width(1, 2): (
        "mkldnn::_linear_pointwise quantized::linear_dynamic_fp16_unpacked_weight"
        " _quantized::wrapped_fbgemm_linear_fp16_weight onednn::linear_dynamic_fp16"
        " onednn::linear_relu_dynamic_fp16"
    ),
    by_width(2, 3): "mkldnn::_linear_pointwise.binary mkl::_mkl_linear",
    by_width(3, 6): "onednn::qlinear_pointwise onednn::qlinear_pointwise.tensor",
    by_width(3, 7): (
        "onednn::qlinear_pointwise.binary onednn::qlinear_pointwise.binary_tensor"
        " torchao::da8w4_linear_cpu"
    ),
    by_width(3, 6, weights=(4, 5)): "_quantized::wrapped_quantized_linear",
    by_width(3): "_quantized::_wrapped_quantized_linear_prepacked",
    by_width(1, weights=(3,)): (
        "_weight_int4pack_mm _weight_int4pack_mm_for_cpu quantized::int4mm_packed_weight_cpu"
    ),
    by_width(1, weights=(3, 4)): "_weight_int4pack_mm_with_scales_and_zeros",
    by_width(1, weights=(2,)): "_weight_int8pack_mm",
    by_width(1, 3, weights=(2,)): "_mixed_dtypes_linear",
    by_width(1): "_dyn_quant_matmul_4bit",
    by_width(2, 4, weights=(3,)): "torchao::float8_linear_cpu",
    _half_stored(1, (1, 2)): "_sparse_semi_structured_linear _sparse_semi_structured_addmm",
    _half_stored(0, (0, 1)): "_sparse_semi_structured_mm",
    _half_stored(2, (2, 3, 4, 5)): "torchao::rowwise_scaled_linear_sparse_cutlass_f8f8",
    _compressed: "_cslt_sparse_mm",
    _linear_backward: "linear_backward mkldnn_linear_backward",
    _linear_backward_part(1, 2): "mkldnn_linear_backward_input",
    _linear_backward_part(0, 2): "mkldnn_linear_backward_weights",
    _matmul_backward: "matmul_backward",
    _sparse_mm_backward: "_sparse_mm_reduce_impl_backward",
}  # fmt: skip
