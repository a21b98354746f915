"""Data movement: what only copies, and how much of it. A row written into a cache costs that row."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from lightbench.costs.work import Names, Rule, Work, at, broadcast_size, fixed
from lightbench.records import Kind

MOVEMENT = fixed(Work("data movement"))
_MASKS = (torch.bool, torch.uint8)
_OVERWRITE = fixed(Work("data movement", reads={0: 0}))


def _gather(_args: tuple[Any, ...], out: Tensor) -> Work:
    """Reads of its first argument only what it writes."""
    return Work("data movement", reads={0: out.numel()})


def _bag(args: tuple[Any, ...], _out: Any) -> Work:
    """embedding_bag (table, indices, offsets, ...): the rows that are looked up. Where each bag
    begins is bookkeeping, as the other outputs are."""
    rows = args[1].numel() * args[0].shape[1]
    return Work("data movement", reads={0: rows, 2: 0}, outputs=1)


def _into(written: Callable[[tuple[Any, ...]], int], *, adds: bool = False) -> Rule:
    """Writes into a tensor: in place as many elements as ``written`` says, which are read before
    if it ``adds``; else into a whole copy."""
    kind: Kind = "other" if adds else "data movement"

    def rule(args: tuple[Any, ...], out: Tensor) -> Work:
        if out is not args[0]:
            return Work(kind)
        elements = min(written(args), args[0].numel())
        return Work(kind, reads={0: elements if adds else 0}, writes=elements)

    return rule


def _rows(args: tuple[Any, ...]) -> int:
    """(self, dim, index, ...): as many slices across ``dim`` as there are indices."""
    target, dim, index = args[:3]
    slices = target.shape[dim] if target.dim() else 1
    return int(index.numel() * target.numel() // max(slices, 1))


def _indexed(args: tuple[Any, ...]) -> int:
    """(self, indices, ...): what ``self[indices]`` has. How much a mask selects is a matter of its
    values: all that it looks at counts, with values as on meta."""
    target, indices = args[:2]
    given = [index for index in indices if index is not None]
    if any(index.dtype in _MASKS for index in given):
        return int(target.numel())
    positions = broadcast_size(index.shape for index in given)
    kept = (*indices, *[None] * target.dim())
    rest = [int(n) for n, i in zip(target.shape, kept, strict=False) if i is None]
    return positions * math.prod(rest)


def _index_of(position: int) -> Callable[[tuple[Any, ...]], int]:
    return lambda args: int(args[position].numel())


def _put(written: Callable[[tuple[Any, ...]], int]) -> Rule:
    """index_put or put (self, indices, values, accumulate)."""
    return lambda args, out: _into(written, adds=bool(at(args, 3)))(args, out)


MOVING: Names = {
    MOVEMENT: (
        "cat concat stack _stack _chunk_cat block_diag clone _lazy_clone _to_copy _pin_memory roll flip"
        " rot90 repeat repeat_interleave pad constant_pad_nd reflection_pad1d reflection_pad2d"
        " reflection_pad3d replication_pad1d replication_pad2d replication_pad3d im2col col2im"
        " upsample_nearest1d upsample_nearest2d upsample_nearest3d upsample_bilinear2d"
        " upsample_bicubic2d upsample_linear1d upsample_trilinear3d _upsample_nearest_exact1d"
        " _upsample_nearest_exact2d _upsample_nearest_exact3d _upsample_bilinear2d_aa"
        " _upsample_bicubic2d_aa _upsample_lanczos2d_aa grid_sampler grid_sampler_2d grid_sampler_3d"
        " _grid_sampler_2d_cpu_fallback cudnn_grid_sampler affine_grid_generator"
        " cudnn_affine_grid_generator channel_shuffle native_channel_shuffle pixel_shuffle"
        " pixel_unshuffle tril triu diag_embed _spdiags masked_scatter unfold_backward"
        " _pack_padded_sequence quantize_per_tensor quantize_per_tensor_dynamic"
        " quantized_decomposed::quantize_per_tensor quantized_decomposed::dequantize_per_tensor"
        " quantized_decomposed::quantize_per_channel quantized_decomposed::dequantize_per_channel"
        " quantized_decomposed::quantize_per_channel_group"
        " quantized_decomposed::dequantize_per_channel_group"
        " quantized_decomposed::quantize_per_token quantized_decomposed::dequantize_per_token"
        " quantized_decomposed::convert_element_type"
        " quantize_per_channel dequantize int_repr _make_per_tensor_quantized_tensor"
        " _make_per_channel_quantized_tensor _unsafe_masked_index to_padded_tensor to_mkldnn"
        " _to_dense _mkldnn_transpose _mkldnn_reshape mkldnn_reorder_conv2d_weight"
        " mkldnn_reorder_conv3d_weight _fw_primal _make_dual copy_sparse_to_sparse _coalesce"
        " sparse_mask _sparse_mask_projection _conj_physical resolve_conj resolve_neg"
        " _nested_from_padded _nested_from_padded_tensor _nested_from_padded_and_nested_example"
        " _nested_tensor_from_tensor_list _nested_tensor_from_mask _jagged_to_padded_dense_forward"
        " _padded_dense_to_jagged_forward _transform_bias_rescale_qkv"
        " _convert_weight_to_int4pack _convert_weight_to_int4pack_for_cpu _dyn_quant_pack_4bit_weight"
        " _cslt_compress _to_sparse_semi_structured _sparse_semi_structured_tile"
        " _sparse_semi_structured_apply _sparse_semi_structured_apply_dense"
        " _convert_indices_from_coo_to_csr _convert_indices_from_csr_to_coo"
        " _cudnn_rnn_flatten_weight _copy_from _copy_from_and_resize lu_unpack vander"
        " mkl::_mkl_reorder_linear_weight mkldnn::_reorder_convolution_weight"
        " mkldnn::_reorder_convolution_transpose_weight mkldnn::_reorder_linear_weight"
        " mkldnn::_reorder_mkldnn_rnn_layer_weight mkldnn_prepacked::conv2d_prepack"
        " onednn::qconv_prepack onednn::qlinear_prepack onednn::linear_prepack_fp16"
        " quantized::cat quantized::cat_relu quantized::cat_out quantized::cat_relu_out"
        " quantized::embedding_bag_prepack quantized::embedding_bag_byte_prepack"
        " quantized::embedding_bag_4bit_prepack quantized::embedding_bag_2bit_prepack"
        " quantized::embedding_bag_byte_prepack_with_rowwise_min_max"
        " quantized::embedding_bag_4bit_prepack_with_rowwise_min_max"
        " quantized::embedding_bag_2bit_prepack_with_rowwise_min_max"
        " quantized::embedding_bag_byte_unpack quantized::embedding_bag_4bit_unpack"
        " quantized::embedding_bag_2bit_unpack quantized::conv_prepack quantized::conv1d_prepack"
        " quantized::conv2d_prepack quantized::conv3d_prepack quantized::conv_transpose1d_prepack"
        " quantized::conv_transpose2d_prepack quantized::conv_transpose3d_prepack"
        " quantized::linear_prepack quantized::linear_prepack_fp16 quantized::linear_prepack_legacy"
        " quantized::linear_prepack_fp16_legacy quantized::linear_unpack"
        " quantized::linear_unpack_fp16 quantized::make_quantized_cell_params"
        " quantized::make_quantized_cell_params_dynamic quantized::make_quantized_cell_params_fp16"
        " quantized::conv_unpack quantized::conv1d_unpack quantized::conv2d_unpack"
        " quantized::conv3d_unpack quantized::conv_transpose1d_unpack"
        " quantized::conv_transpose2d_unpack quantized::conv_transpose3d_unpack"
        " quantized::embedding_bag_unpack sparse::qlinear_prepack sparse::qlinear_unpack"
        " _quantized::conv2d_prepack _quantized::conv3d_prepack _quantized::conv_transpose1d_prepack"
        " _quantized::conv_transpose2d_prepack _quantized::conv_transpose3d_prepack"
        " _quantized::linear_prepack _quantized::linear_prepack_fp16"
        " _quantized::linear_prepack_legacy _quantized::linear_prepack_fp16_legacy"
        " _quantized::_wrapped_linear_prepack _quantized::wrapped_fbgemm_pack_gemm_matrix_fp16"
        " quantization::_Bfloat16QuantizedToFloat quantization::_FloatToBfloat16Quantized"
        " prims::cat prims::clone prims::reshape prims::rev prims::device_put prims::copy_strided"
        " torchao::da8w4_linear_prepack_cpu torchao::float8_linear_prepack_cpu"
        " torchao::to_sparse_semi_structured_cutlass_sm9x_f8"
        " q_per_channel_scales q_per_channel_zero_points _foreach_copy"
        " split_with_sizes_copy slice_scatter select_scatter diagonal_scatter as_strided_scatter"
        " unsafe_split unsafe_split_with_sizes unsafe_chunk _reshape_copy unfold_copy narrow_copy"
    ),
    _OVERWRITE: "copy_ copy _foreach_copy_ prims::copy_to",
    _gather: "embedding index index_select gather _unsafe_index take take_along_dim",
    _bag: (
        "_embedding_bag _embedding_bag_forward_only quantized::embedding_bag_byte_rowwise_offsets"
        " quantized::embedding_bag_4bit_rowwise_offsets"
        " quantized::embedding_bag_2bit_rowwise_offsets torchao::_scaled_embedding_bag"
    ),
    _into(_rows): "index_copy index_fill",
    _into(_rows, adds=True): "index_add index_reduce",
    _into(_index_of(2)): "scatter",
    _into(_index_of(2), adds=True): (
        "scatter_add scatter_reduce scatter.reduce scatter.value_reduce"
    ),
    _put(_index_of(1)): "put",
    _put(_indexed): "index_put _unsafe_index_put _index_put_impl",
    _into(lambda args: args[0].numel(), adds=True): "_unsafe_masked_index_put_accumulate",
}  # fmt: skip
