"""Which rule an operator has: its own, that of the name it goes by otherwise, or one that follows from another."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
import torch
from schemas import operators

from lightbench.costs.rules import RULES, is_view, rule_of, variants
from lightbench.costs.rules.movement import MOVEMENT
from lightbench.costs.rules.plain import ACTIVATION, ELEMENTWISE, NORMS, OTHER, POOLING

aten = torch.ops.aten


@pytest.mark.parametrize(
    ("name", "same"),
    [
        ("aten::mm", ("aten::mm",)),
        ("aten::mm_", ("aten::mm_", "aten::mm")),
        ("aten::__ilshift__", ("aten::__ilshift__",)),  # no underscore of one that works in place
        ("prims::exp", ("prims::exp", "aten::exp")),
        ("quantized::add", ("quantized::add",)),
    ],
)
def test_a_name_with_an_underscore_behind_it_or_a_primitive_does_what_another_does(name, same):
    assert variants(name) == same


@pytest.mark.parametrize(
    ("operator", "name"),
    [
        (aten.mm.default, "aten::mm"),
        (aten.mm.out, "aten::mm"),
        (aten.addmm_.default, "aten::addmm"),
        (aten.scatter.src, "aten::scatter"),
        (aten.scatter.reduce, "aten::scatter.reduce"),  # one that has a row of its own
        (aten.scatter.reduce_out, "aten::scatter.reduce"),
        (aten.scatter_.value_reduce, "aten::scatter.value_reduce"),
        (aten.lstm.input, "aten::lstm.input"),
        (torch.ops.prims.cat.default, "prims::cat"),
        (torch.ops.prims.sum.default, "aten::sum"),
    ],
    ids=str,
)
def test_an_overload_has_its_own_row_or_that_of_its_operator(operator, name):
    assert rule_of(operator) is RULES[name]


@pytest.mark.parametrize(
    "operator", [aten.exp.default, aten.exp_.default, torch.ops.prims.exp.default], ids=str
)
def test_what_pytorch_tags_as_pointwise_needs_no_row(operator):
    assert "aten::exp" not in RULES
    assert rule_of(operator) is ELEMENTWISE


@pytest.mark.parametrize(
    ("names", "rule"),
    [
        # the copy of a view copies
        ("permute_copy view_copy t_copy unbind_copy", MOVEMENT),
        # a list of them does what one does
        ("_foreach_add _foreach_add_ _foreach_exp _foreach_exp_", ELEMENTWISE),
        ("_foreach_tanh _foreach_tanh_", ACTIVATION),
        ("_foreach_clone", MOVEMENT),
        ("_foreach_norm _foreach_max", OTHER),
        # the gradient of what multiplies nothing does not either
        ("native_layer_norm_backward elu_backward avg_pool2d_backward mse_loss_backward", OTHER),
        ("upsample_nearest2d_backward cumprod_backward to_dense_backward", OTHER),
        ("select_backward slice_backward diagonal_backward", OTHER),  # of a view
    ],
)
def test_what_follows_from_another_operator_needs_no_row(names, rule):
    assert operators(names)
    assert {rule_of(operator) for operator in operators(names)} == {rule}


def of_name(name):
    """The rule of an operator that need not be in this build."""
    return rule_of(SimpleNamespace(_schema=SimpleNamespace(name=name, overload_name="")))


@pytest.mark.parametrize("name", ["roi_align", "roi_pool", "ps_roi_align", "ps_roi_pool"])
def test_a_gradient_may_have_an_underscore_in_front(name):
    assert of_name(f"torchvision::{name}") is POOLING
    assert of_name(f"torchvision::_{name}_backward") is OTHER


@pytest.mark.parametrize(
    "name",
    [
        "mm_copy",  # no view
        "permute_copies",
        "permute",  # a view moves nothing
        "_foreach_convolution",  # it multiplies
        "_foreach_unheard_of",
        "mm_backward",
        "bmm_backward_",
        "_mm_backward",
        "scaled_dot_product_attention_backward",
        "unheard_of_backward",
        "native_layer_norm_backwards",
        "unheard_of",
    ],
)
def test_nothing_follows_from_what_multiplies_or_from_what_nobody_knows(name):
    assert of_name(f"aten::{name}") is None


def test_gradients_of_products_have_no_rule_but_their_own():
    """Their work is a matter of multiply-adds, each by a formula."""
    known = {ELEMENTWISE, ACTIVATION, POOLING, MOVEMENT, OTHER, *NORMS}
    names = "convolution_backward linear_backward matmul_backward _cudnn_rnn_backward"
    assert operators(names)
    assert not known.intersection(map(rule_of, operators(names)))


@pytest.mark.parametrize(
    ("name", "answer"),
    [("aten::permute", True), ("aten::mm", False), ("aten::unheard_of", False)],
)
def test_a_view_is_what_pytorch_says_is_one(name, answer):
    assert is_view(name) == answer
