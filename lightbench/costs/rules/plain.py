"""Operators without multiply-adds of their own kind: norms, activations, pooling, and all that is "other".

Factorisations, solvers, inverses, Fourier transforms and distances are "other": the paper's
convention counts convolution, linear layers and matrix products, and so do all its followers.
"""

from __future__ import annotations

from typing import Any

from lightbench.costs.work import Names, Rule, Work, at, fixed

# Scale, shift and running statistics are weights; statistics that are returned are by-products.
_NORMS = {
    (affine, by_batch): Work(
        "norm", affine=affine, batch_statistics=by_batch, weights=(1, 2, 3, 4), outputs=1
    )
    for affine in (False, True)
    for by_batch in (False, True)
}


def norm(scale: int, training: int | None = None, *, always: bool = False) -> Rule:
    """A normalisation whose argument ``scale`` is its scale, and ``training`` says "by the batch",
    or which is ``always`` by it."""

    def rule(args: tuple[Any, ...], _out: Any) -> Work:
        by_batch = always or (training is not None and bool(at(args, training)))
        return _NORMS[at(args, scale) is not None, by_batch]

    return rule


# (input, scale, shift, mean, variance, training, ...), each with its own order of these
NORMS: Names = {
    norm(1, 5): (
        "batch_norm native_batch_norm _native_batch_norm_legit _native_batch_norm_legit_functional"
        " _batch_norm_impl_index cudnn_batch_norm miopen_batch_norm instance_norm"
    ),
    norm(1): "_native_batch_norm_legit_no_training _batch_norm_no_update native_group_norm",
    norm(1, always=True): "_batch_norm_with_update _batch_norm_with_update_functional",
    norm(2): "layer_norm native_layer_norm group_norm rms_norm _fused_rms_norm",
    fixed(_NORMS[False, False]): (
        "batch_norm_elemt quantized_batch_norm quantized::batch_norm quantized::batch_norm_relu"
        " quantized::batch_norm1d quantized::batch_norm1d_relu quantized::batch_norm2d"
        " quantized::batch_norm2d_relu quantized::batch_norm3d quantized::batch_norm3d_relu"
        " quantized::group_norm quantized::instance_norm quantized::layer_norm onednn::qbatch_norm2d"
    ),
}
ACTIVATION = fixed(Work("activation"))
ELEMENTWISE = fixed(Work("element-wise"))
POOLING = fixed(Work("pooling", outputs=1))  # indices are a by-product
OTHER = fixed(Work("other"))

PLAIN: Names = {
    **NORMS,
    ACTIVATION: (
        "relu relu6 hardtanh hardswish hardsigmoid sigmoid silu gelu tanh elu leaky_relu mish softplus"
        " prelu _prelu_kernel selu celu log_sigmoid glu softmax _softmax"
        " _safe_softmax _masked_softmax log_softmax _log_softmax threshold hardshrink softshrink"
        " rrelu rrelu_with_noise rrelu_with_noise_functional _sparse_softmax _sparse_log_softmax"
        " _nested_tensor_softmax_with_shape quantized::relu6 quantized::hardswish quantized::elu"
        " quantized::celu quantized::leaky_relu quantized::prelu quantized::sigmoid"
        " quantized::softmax quantized::threshold quantized::relu quantized::clamp"
    ),
    fixed(Work("activation", outputs=1)): "log_sigmoid_forward",  # the other is for the gradient
    POOLING: (
        "max_pool1d max_pool2d max_pool3d max_pool2d_with_indices max_pool3d_with_indices"
        " max_pool1d_with_indices avg_pool1d avg_pool2d avg_pool3d adaptive_avg_pool1d"
        " adaptive_avg_pool2d adaptive_avg_pool3d _adaptive_avg_pool2d _adaptive_avg_pool3d"
        " adaptive_max_pool1d adaptive_max_pool2d adaptive_max_pool3d mkldnn_max_pool2d"
        " mkldnn_max_pool3d mkldnn_adaptive_avg_pool2d fractional_max_pool2d fractional_max_pool3d"
        " mean amax amin quantized_max_pool1d quantized_max_pool2d quantized_max_pool3d"
        " quantized::max_pool1d quantized::max_pool2d torchvision::roi_align torchvision::roi_pool"
        " torchvision::ps_roi_align torchvision::ps_roi_pool torchvision::qroi_align"
    ),
    ELEMENTWISE: (
        "add sub rsub mul div floor_divide remainder where masked_fill copysign bitwise_and bitwise_or"
        " bitwise_xor bitwise_left_shift bitwise_right_shift __lshift__ __rshift__ __ilshift__"
        " __irshift__ isinf isnan complex polar linalg_cross native_dropout _fused_dropout"
        " _masked_scale _add_relu clamp _thnn_fused_lstm_cell _thnn_fused_gru_cell huber_loss"
        " mse_loss smooth_l1_loss soft_margin_loss binary_cross_entropy"
        " binary_cross_entropy_with_logits fake_quantize_per_tensor_affine_cachemask"
        " quantized_decomposed::fake_quant_per_channel"
        " fake_quantize_per_channel_affine_cachemask _fake_quantize_learnable_per_tensor_affine"
        " _fake_quantize_learnable_per_channel_affine quantized::add quantized::add_relu"
        " _fake_quantize_per_tensor_affine_cachemask_tensor_qparams quantized::add_out"
        " quantized::add_relu_out quantized::add_scalar quantized::add_scalar_out"
        " quantized::add_scalar_relu quantized::add_scalar_relu_out quantized::mul"
        " quantized::mul_out quantized::mul_relu quantized::mul_relu_out quantized::mul_scalar"
        " quantized::mul_scalar_out quantized::mul_scalar_relu quantized::mul_scalar_relu_out"
        " quantized::dropout _quantized::add onednn::qadd onednn::qadd_relu onednn::qmul"
        " prims::bessel_i0 prims::bessel_i0e prims::bessel_i1 prims::bessel_i1e prims::bessel_j0"
        " prims::bessel_j1 prims::spherical_bessel_j0 prims::cbrt prims::erf_inv prims::erfcx"
        " prims::ndtri prims::zeta prims::shift_left prims::shift_right_arithmetic"
    ),
    fixed(Work("other", outputs=1)): "_weight_norm_interface",
    OTHER: (
        "quantized_decomposed::choose_qparams quantized_decomposed::choose_qparams_symmetric"
        " quantized_decomposed::choose_qparams_per_token"
        " quantized_decomposed::choose_qparams_per_token_asymmetric "
        # reductions and scans
        "sum prod max min argmax argmin var std var_mean std_mean norm native_norm linalg_vector_norm"
        " linalg__powsum cumsum cumprod logcumsumexp _logcumsumexp logsumexp trace all any aminmax"
        " _aminmax cummax cummin _cummax_helper _cummin_helper nanmean nansum median nanmedian mode"
        " kthvalue count_nonzero renorm hash_tensor _is_all_true _is_any_true segment_reduce"
        " batch_norm_stats batch_norm_update_stats batch_norm_gather_stats"
        " batch_norm_gather_stats_with_counts _sparse_sum _sparse_csr_sum _sparse_csr_prod"
        " _foreach_powsum prims::xor_sum"
        # sorting, counting, comparing
        " topk sort argsort unique unique_dim unique_consecutive unique_dim_consecutive _unique _unique2"
        " nonzero nonzero_static bincount histc histogram _histogramdd_bin_edges"
        " _histogramdd_from_bin_cts _histogramdd_from_bin_tensors one_hot searchsorted bucketize"
        " isin equal allclose item is_nonzero _local_scalar_dense multinomial masked_select"
        " bernoulli binomial poisson _standard_gamma _sample_dirichlet torchvision::nms"
        " torchvision::qnms"
        # losses, distances
        " nll_loss nll_loss_forward nll_loss2d nll_loss2d_forward multi_margin_loss"
        " multilabel_margin_loss_forward _ctc_loss _cudnn_ctc_loss miopen_ctc_loss dist _cdist_forward"
        " _pdist_forward _euclidean_dist"
        # linear algebra beyond products, Fourier transforms
        " cholesky cholesky_inverse cholesky_solve _cholesky_solve_helper geqrf linalg_cholesky_ex"
        " linalg_eig linalg_eigvals _linalg_eigvals _linalg_eigh linalg_householder_product"
        " linalg_inv_ex linalg_ldl_factor_ex linalg_ldl_solve linalg_lstsq linalg_lu"
        " linalg_lu_factor_ex linalg_lu_solve linalg_matrix_exp _compute_linear_combination"
        " linalg_pinv linalg_qr linalg_solve_triangular _linalg_det _linalg_slogdet"
        " _linalg_solve_ex _linalg_svd ormqr triangular_solve _spsolve _fft_c2c _fft_c2r _fft_r2c"
        " prims::svd prims::fft_c2c prims::fft_c2r prims::fft_r2c"
        # weights, unpooling, sparse tensors made of dense ones
        " _weight_norm max_unpool2d max_unpool3d embedding_renorm"
        " _fused_moving_avg_obs_fq_helper _fused_moving_avg_obs_fq_helper_functional _to_sparse"
        " _to_sparse_csr _to_sparse_csc _to_sparse_bsr _to_sparse_bsc"
        # gradients that are named otherwise
        " glu_jvp glu_backward_jvp _standard_gamma_grad _dirichlet_grad"
        " masked_scatter_backward _softmax_backward_data _log_softmax_backward_data"
        " _sparse_softmax_backward_data _sparse_log_softmax_backward_data batch_norm_backward"
        " batch_norm_backward_elemt batch_norm_backward_reduce multilabel_margin_loss_backward"
        " nll_loss_backward nll_loss2d_backward log_sigmoid_backward _ctc_loss_backward"
        " _cdist_backward _pdist_backward _thnn_fused_lstm_cell_backward_impl"
        " _weight_norm_interface_backward _segment_reduce_backward _embedding_bag_dense_backward"
        " _embedding_bag_per_sample_weights_backward embedding_dense_backward"
        " embedding_sparse_backward _embedding_bag_backward _nested_select_backward"
        " _nested_sum_backward to_dense_backward"
    ),
}  # fmt: skip
