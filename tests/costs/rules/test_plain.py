"""Norms, and whatever else multiplies nothing that the paper's convention counts."""

from __future__ import annotations

import pytest
import torch
from schemas import arguments, operators, places

from lightbench.costs.rules import rule_of
from lightbench.costs.rules.plain import NORMS


def rule(name):
    return next(rule for rule, names in NORMS.items() if name in names.split())


def empty(*shape):
    return torch.empty(shape, device="meta")


x, w, bias = empty(5, 8), empty(7, 8), empty(7)


@pytest.mark.parametrize(
    ("name", "args", "said"),
    [
        ("native_batch_norm", (x, w, bias, None, None, True), (True, True)),
        ("native_batch_norm", (x, None, None, bias, bias, False), (False, False)),
        ("_batch_norm_no_update", (x, w, bias, bias, bias), (True, False)),
    ],
)
def test_a_norm_has_its_scale_and_statistics_as_weights(name, args, said):
    work = rule(name)(args, None)
    assert (work.affine, work.batch_statistics) == said
    assert (work.weights, work.outputs, work.madds) == ((1, 2, 3, 4), 1, 0)


SAYS_SO = {"training": True, "use_input_stats": True}
BY_EITHER = """
    batch_norm native_batch_norm _native_batch_norm_legit.default _native_batch_norm_legit_functional
    _batch_norm_impl_index cudnn_batch_norm miopen_batch_norm instance_norm
"""
KEPT = "_native_batch_norm_legit_no_training _batch_norm_no_update"
ALWAYS = "_batch_norm_with_update _batch_norm_with_update_functional"
OF_ONE_IMAGE = "layer_norm native_layer_norm group_norm native_group_norm rms_norm _fused_rms_norm"


@pytest.mark.parametrize(
    ("operator", "by_batch"),
    [
        *((operator, (False, True)) for operator in operators(BY_EITHER)),
        *((operator, (False, False)) for operator in operators(f"{KEPT} {OF_ONE_IMAGE}")),
        *((operator, (True, True)) for operator in operators(ALWAYS)),
    ],
    ids=str,
)
def test_a_norm_finds_its_scale_and_how_it_is_run_where_the_schema_says(operator, by_batch):
    values = dict.fromkeys(("weight", "running_mean", "running_var"), w) | {"input": x}
    for given, run in ({}, by_batch[0]), (SAYS_SO, by_batch[1]):
        work = rule_of(operator)(arguments(operator, values | given), None)
        assert (work.kind, work.madds) == ("norm", 0)
        assert (work.affine, work.batch_statistics) == (True, run)
        bare = rule_of(operator)(arguments(operator, {"input": x} | given), None)
        assert not bare.affine


@pytest.mark.parametrize("operator", operators(f"{ALWAYS} {KEPT} native_batch_norm"), ids=str)
def test_what_a_norm_returns_besides_its_output_is_a_by_product(operator):
    work = rule_of(operator)(arguments(operator, {"input": x}), None)
    assert work.outputs == 1
    assert work.weights == places(operator, "weight bias running_mean running_var")


@pytest.mark.parametrize(
    ("names", "kind", "outputs"),
    [
        ("relu hardswish softmax", "activation", None),
        ("log_sigmoid_forward", "activation", 1),  # the other is for the gradient
        ("max_pool2d_with_indices avg_pool2d mean", "pooling", 1),  # indices are a by-product
        ("add mul clamp", "element-wise", None),
        ("_weight_norm_interface", "other", 1),
        ("sum topk linalg_qr _fft_c2c _cdist_forward", "other", None),
    ],
)
def test_what_is_neither_layer_nor_product_has_no_multiply_adds(names, kind, outputs):
    for operator in operators(names):
        work = rule_of(operator)((x, x), x)
        assert (work.kind, work.madds, work.outputs) == (kind, 0, outputs)


def test_a_norm_without_scale_whose_weights_are_packed_says_nothing_of_them():
    for operator in operators("quantized::batch_norm2d quantized::layer_norm"):
        work = rule_of(operator)((x, w, bias), x)
        assert (work.affine, work.batch_statistics, work.outputs) == (False, False, 1)
