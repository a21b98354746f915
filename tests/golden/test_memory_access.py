"""Memory access: the ShuffleNet V2 paper's formulas (section 2), and what eager and fused add to them."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from lightbench.costs.count import count_costs


def costs_of(network, *shape):
    return count_costs(network, lambda device: ((torch.empty(shape, device=device),), {}))


H = W = 14


@pytest.mark.parametrize("batch", [1, 4])
@pytest.mark.parametrize(
    ("c1", "c2", "k", "stride", "groups"),
    [
        (32, 32, 1, 1, 1),
        (16, 64, 1, 1, 1),
        (32, 64, 1, 1, 8),  # G2: hw(c1 + c2) + c1 c2 / g
        (32, 32, 3, 1, 1),
        (32, 48, 3, 2, 1),
        (32, 32, 3, 1, 32),
        (32, 32, 5, 2, 32),
    ],
)
def test_a_convolution_reads_its_input_and_filters_and_writes_its_output(
    batch, c1, c2, k, stride, groups
):
    conv = nn.Conv2d(c1, c2, k, stride, k // 2, groups=groups, bias=False)
    costs = costs_of(conv, batch, c1, H, W)
    elements = (
        batch * (c1 * H * W + c2 * (H // stride) * (W // stride)) + c2 * (c1 // groups) * k * k
    )
    assert costs.mem_access == elements
    assert costs.mem_bytes == 4 * elements


def test_the_paper_does_not_count_bias_but_eager_reads_it():
    costs = costs_of(nn.Linear(32, 16), 1, 32)
    assert costs.mem_access == 32 + 16 + 32 * 16
    assert costs.mem_bytes == 4 * (32 + 16 + 32 * 16 + 16)


def test_a_product_of_two_activations_reads_both():
    class Square(nn.Module):
        def forward(self, x):
            return x @ x.transpose(1, 2)

    assert costs_of(Square(), 2, 5, 7).mem_access == 2 * (35 + 35 + 25)


def test_equal_widths_touch_the_least_memory():
    """G1: at equal MAdds, c1 = c2 reaches the bound 2 sqrt(hw B) + B / hw, other ratios do not."""
    found = {}
    for c1, c2 in ((64, 64), (32, 128), (16, 256), (128, 32)):
        costs = costs_of(nn.Conv2d(c1, c2, 1, bias=False), 1, c1, H, W)
        assert costs.madds == H * W * 64 * 64
        found[c1, c2] = costs.mem_access
    bound = 2 * (H * W * costs.madds) ** 0.5 + costs.madds / (H * W)
    assert found[64, 64] == bound
    assert found[16, 256] > found[32, 128] == found[128, 32] > bound


def test_dtype_sets_the_bytes():
    half = count_costs(
        nn.Conv2d(8, 8, 1, bias=False).bfloat16(),
        lambda device: ((torch.empty(1, 8, H, W, dtype=torch.bfloat16, device=device),), {}),
    )
    assert half.mem_bytes == 2 * half.mem_access


def test_element_wise_operators_read_every_operand_and_write_once():
    class Residual(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv = nn.Conv2d(8, 8, 1, bias=False)

        def forward(self, x):
            return torch.relu(self.conv(x) + x)

    image = 8 * H * W
    costs = costs_of(Residual(), 1, 8, H, W)
    assert [op.mem_bytes for op in costs.ops] == [
        4 * (2 * image + 64),
        4 * 3 * image,
        4 * 2 * image,
    ]
    # fused: the convolution also reads the shortcut, and everything is written once
    assert [op.fused_bytes for op in costs.ops] == [4 * (2 * image + 64), 4 * image, 0]


def test_what_expand_repeats_is_read_once():
    class Broadcast(nn.Module):
        def forward(self, x):
            return x.expand(-1, 8, -1, -1).clone()

    costs = costs_of(Broadcast(), 1, 1, H, W)
    assert costs.mem_bytes == 4 * (H * W + 8 * H * W)


def test_an_embedding_reads_the_rows_it_looks_up():
    ids = torch.zeros(2, 7, dtype=torch.int64)
    costs = count_costs(nn.Embedding(1000, 16), lambda device: ((ids.to(device),), {}))
    assert costs.mem_bytes == 8 * 14 + 4 * 14 * 16 + 4 * 14 * 16


def test_channel_shuffle_costs_a_copy():
    from lightbench.models.blocks import channel_shuffle

    class Shuffle(nn.Module):
        def forward(self, x):
            return channel_shuffle(x, 4)

    costs = costs_of(Shuffle(), 1, 8, H, W)
    assert [(op.kind, op.mem_bytes) for op in costs.ops] == [("data movement", 4 * 2 * 8 * H * W)]
    assert costs.madds == 0


def conv_norm_relu():
    return nn.Sequential(nn.Conv2d(8, 8, 1, bias=False), nn.BatchNorm2d(8), nn.ReLU())


def test_fused_folds_the_norm_and_merges_the_activation():
    image = 8 * H * W
    costs = costs_of(conv_norm_relu(), 1, 8, H, W)
    # folding leaves a bias of 8 behind
    assert [op.fused_bytes for op in costs.ops] == [4 * (2 * image + 64), 4 * 8, 0]
    assert costs.mem_bytes == 4 * (6 * image + 64 + 4 * 8)


def test_a_norm_in_front_of_a_convolution_cannot_be_folded():
    costs = costs_of(nn.Sequential(nn.BatchNorm2d(8), nn.ReLU(), nn.Conv2d(8, 8, 1)), 1, 8, H, W)
    assert [op.fused_bytes > 0 for op in costs.ops] == [True, False, True]


class Returns(nn.Module):
    """An activation whose input somebody else reads too."""

    def __init__(self, who):
        super().__init__()
        self.conv = nn.Conv2d(8, 8, 1)
        self.who = who

    def forward(self, x):
        y = self.conv(x)
        z = torch.relu(y)
        if self.who == "another operator":
            return z, y.mean()
        return (z, y) if self.who == "the caller" else z


@pytest.mark.parametrize(
    ("who", "merged"), [("the caller", False), ("another operator", False), ("nobody", True)]
)
def test_only_what_nobody_else_reads_is_merged(who, merged):
    costs = costs_of(Returns(who), 1, 8, H, W)
    assert (costs.ops[1].fused_bytes == 0) == merged


def test_a_tensor_that_is_made_is_not_the_product_whose_memory_it_takes():
    class Masked(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv = nn.Conv2d(4, 4, 1, bias=False)

        def forward(self, x):
            x = self.conv(x)
            x = x.relu()  # nobody reads the convolution any more
            masks = [x.new_zeros(x.shape) for _ in range(20)]
            return sum(mask * 2 for mask in masks) + x

    ops = costs_of(Masked(), 1, 4, H, W).ops
    assert [op.fused_bytes for op in ops if op.op == "relu"] == [0]


def test_in_place_activations_cost_the_same_as_others():
    a, b = (
        costs_of(nn.Sequential(nn.Conv2d(8, 8, 1), nn.ReLU(inplace=inplace)), 1, 8, H, W)
        for inplace in (False, True)
    )
    assert (a.mem_bytes, a.fused_bytes) == (b.mem_bytes, b.fused_bytes)


@pytest.mark.parametrize("total", ["madds", "mem_access", "mem_bytes", "fused_bytes"])
def test_totals_are_sums_of_rows(total):
    costs = costs_of(nn.Sequential(conv_norm_relu(), conv_norm_relu()), 2, 8, H, W)
    assert getattr(costs, total) == sum(getattr(op, total) for op in costs.ops) > 0


def test_a_total_that_is_not_the_sum_of_its_rows_cannot_be_built():
    import msgspec

    costs = costs_of(conv_norm_relu(), 1, 8, H, W)
    with pytest.raises(ValueError, match="madds is not the sum"):
        msgspec.structs.replace(costs, madds=costs.madds + 1)
