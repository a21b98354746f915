"""Formulas of multiply-adds: each multiplies out to what was counted, and is the one of the papers."""

from __future__ import annotations

from fractions import Fraction

import pytest
import torch
from torch import nn
from torch.nn import functional as F

import lightbench as lb
from lightbench.costs.formulas import formula, of_dense, separable, value

ZOO = (
    "mobilenet_v1 mobilenet_v2_x0_35 shufflenet_v1_x1_0_g3 shufflenet_v2_x1_0 torchvision:squeezenet1_1"
    " torchvision:efficientnet_b0 torchvision:vit_b_16 torchvision:swin_t torchvision:convnext_tiny"
)


@pytest.mark.parametrize("batch", [1, 3])
@pytest.mark.parametrize("name", ZOO.split())
def test_what_is_printed_multiplies_out_to_the_count_of_every_row(name, batch):
    ops = [op for op in lb.count(name, batch=batch).layers if op.madds]
    assert ops
    for op in ops:
        assert value(formula(op).numbers) == op.madds


def only(network, shape, **how):
    (op,) = [op for op in lb.count(network, input=shape, **how).layers if op.madds]
    return op


@pytest.mark.parametrize(
    ("network", "shape", "symbols", "numbers"),
    [
        (nn.Conv2d(3, 8, 3), "3x6x6", "k·k·c_in·c_out·h·w", "3·3·3·8·4·4"),
        (nn.Conv2d(6, 8, 3, groups=2), "6x6x6", "k·k·c_in·c_out/g·h·w", "3·3·6·8/2·4·4"),
        (nn.Conv2d(6, 6, 5, groups=6), "6x6x6", "k·k·c_in·c_out/g·h·w", "5·5·6·6/6·2·2"),
        (nn.Conv2d(6, 8, 1), "6x6x6", "k·k·c_in·c_out·h·w", "1·1·6·8·6·6"),
        (nn.Conv1d(4, 8, 3), "4x10", "k·c_in·c_out·l", "3·4·8·8"),
        (nn.Conv3d(2, 4, 2), "2x3x3x3", "k·k·k·c_in·c_out·d·h·w", "2·2·2·2·4·2·2·2"),
        # a filter at each position of the input
        (nn.ConvTranspose2d(6, 4, 2, 2, groups=2), "6x3x3", "k·k·c_in·c_out/g·h·w", "2·2·6·4/2·3·3"),
        (nn.Linear(5, 7), "5", "c_in·c_out", "5·7"),
        (nn.Linear(5, 7), "9x5", "c_in·c_out·n", "5·7·9"),
    ],
)  # fmt: skip
def test_formulas_are_the_textbooks(network, shape, symbols, numbers):
    assert formula(only(network, shape)) == (symbols, numbers)


class Attends(nn.Module):
    def forward(self, q):
        k = torch.ones(q.shape[0], 7, 4)  # 7 keys
        return F.scaled_dot_product_attention(q, k, torch.ones(q.shape[0], 7, 6))


def test_attention_has_the_keys_that_it_meets():
    says = formula(only(Attends(), "5x4", batch=2))
    assert says == ("L·S·(E+V)·b", "5·7·(4+6)·2")


def test_what_does_not_multiply_and_what_its_shapes_do_not_say_has_none():
    (op,) = lb.count(nn.ReLU(), input="3").layers
    assert formula(op) is of_dense(op) is None
    assert formula(only(nn.LSTM(3, 4), "5x3")) is None


def test_a_formula_that_would_be_another_number_than_the_count_is_none():
    import msgspec

    op = only(nn.Conv2d(3, 8, 3), "3x6x6")
    assert formula(msgspec.structs.replace(op, madds=op.madds + 1)) is None


@pytest.mark.parametrize("text", ["", "3·", "3*3", "a·3", "3·(1+2", "__import__('os')", "3··3"])
def test_only_products_are_read(text):
    with pytest.raises(ValueError, match="no product"):
        value(text)


def test_groups_divide_by_their_number():
    assert of_dense(only(nn.Conv2d(6, 8, 3, groups=2), "6x6x6")) == Fraction(1, 2)
    assert of_dense(only(nn.Conv2d(6, 8, 3), "6x6x6")) == 1


def test_a_depthwise_separable_convolution_is_one_over_c_out_and_one_over_k_squared():
    """MobileNets (arXiv:1704.04861), section 3.1: 1/N + 1/D_K^2."""
    network = nn.Sequential(
        nn.Conv2d(16, 16, 3, groups=16), nn.BatchNorm2d(16), nn.ReLU(), nn.Conv2d(16, 32, 1)
    )
    ops = lb.count(network, input="16x8x8").layers
    dense = only(nn.Conv2d(16, 32, 3), "16x8x8")
    ((at, pair),) = separable(ops).items()
    assert at == 3
    assert pair.of_dense == Fraction(1, 32) + Fraction(1, 9)
    assert pair.of_dense == Fraction(ops[0].madds + ops[3].madds, dense.madds)


@pytest.mark.parametrize(
    "last",
    [
        nn.Conv2d(16, 32, 3),  # not pointwise
        nn.Conv2d(16, 32, 1, stride=2),  # of other positions
        nn.Conv2d(16, 32, 1, groups=2),
        nn.Sequential(nn.Conv2d(16, 16, 3), nn.Conv2d(16, 32, 1)),  # another one between
    ],
)
def test_what_only_resembles_one_is_none(last):
    ops = lb.count(nn.Sequential(nn.Conv2d(16, 16, 3, groups=16), last), input="16x8x8").layers
    assert separable(ops) == {}


def test_several_filters_a_channel_are_not_that():
    network = nn.Sequential(nn.Conv2d(16, 32, 3, groups=16), nn.Conv2d(32, 32, 1))
    assert separable(lb.count(network, input="16x8x8").layers) == {}


def test_mobilenet_v1_is_thirteen_of_them():
    assert len(separable(lb.count("mobilenet_v1").layers)) == 13
