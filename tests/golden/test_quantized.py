"""Quantized networks: what is packed counts as what it was, multiply-adds, parameters and bytes."""

from __future__ import annotations

import pytest
import torch
from call import Call
from torch import nn
from torch.ao import quantization as q

from lightbench.costs.count import count_costs

pytestmark = pytest.mark.filterwarnings("ignore")  # deprecated, and used


def costs_of(network, *shape):
    return count_costs(network, lambda device: ((torch.ones(shape, device=device),), {}))


def static(*layers, fuse=(), shape):
    network = nn.Sequential(q.QuantStub(), *layers, q.DeQuantStub()).eval()
    network.qconfig = q.get_default_qconfig("x86")
    network = q.fuse_modules(network, fuse) if fuse else network
    network = q.prepare(network)
    network(torch.ones(shape))
    return q.convert(network)


STATIC = {
    # layers, input, multiply-adds, weights, biases
    "conv1d": ([nn.Conv1d(4, 8, 3)], (2, 4, 10), 2 * 8 * 8 * 12, 96, 8),
    "conv2d": ([nn.Conv2d(3, 8, 3)], (1, 3, 8, 8), 36 * 8 * 27, 216, 8),
    "conv3d": ([nn.Conv3d(2, 4, 3)], (1, 2, 5, 5, 5), 27 * 4 * 54, 216, 4),
    "groups and stride": (
        [nn.Conv2d(8, 16, 3, 2, 1, groups=4)], (1, 8, 10, 10), 25 * 16 * 18, 288, 16
    ),
    "conv and activation": ([nn.Conv2d(3, 8, 3), nn.ReLU()], (1, 3, 8, 8), 36 * 8 * 27, 216, 8),
    "linear": ([nn.Linear(16, 5)], (7, 16), 7 * 16 * 5, 80, 5),
    "both": (
        [nn.Conv2d(3, 8, 3), nn.Flatten(), nn.Linear(288, 5)],
        (1, 3, 8, 8), 36 * 8 * 27 + 288 * 5, 216 + 1440, 13,
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", STATIC)
def test_an_int8_network_counts_as_the_network_that_it_was(name):
    layers, shape, madds, weights, biases = STATIC[name]
    fuse = [["1", "2"]] if name == "conv and activation" else ()
    costs = costs_of(static(*layers, fuse=fuse, shape=shape), *shape)
    assert (costs.madds, costs.uncounted) == (madds, {})
    stub = 4 + 8  # the scale and zero point of what comes in are buffers
    assert (costs.params, costs.param_bytes) == (weights + biases, weights + 4 * biases + stub)
    rows = [op for op in costs.ops if op.madds]
    assert sum(op.weights for op in rows) == weights + biases
    assert sum(op.weight_bytes for op in rows) == weights + 4 * biases


def test_the_kind_of_an_int8_convolution_is_that_of_its_filters():
    layers = (nn.Conv2d(8, 8, 3, groups=8), nn.Conv2d(8, 16, 1), nn.Conv2d(16, 4, 3, groups=2))
    costs = costs_of(static(*layers, shape=(1, 8, 8, 8)), 1, 8, 8, 8)
    found = [(op.kind, op.groups) for op in costs.ops if op.madds]
    assert found == [("depthwise conv", 8), ("pointwise conv", 1), ("grouped conv", 2)]


class First(nn.Module):
    """The output of a recurrent layer without its state."""

    def __init__(self, layer):
        super().__init__()
        self.layer = layer

    def forward(self, x):
        return self.layer(x)[0]


# Two biases a gate, 4 bytes each; weights take one byte, or two.
DYNAMIC = {
    "LSTM": (nn.LSTM(16, 32), torch.qint8, 21 * 128 * 48, 128 * 48, 256),
    "LSTM of float16": (nn.LSTM(16, 32), torch.float16, 21 * 128 * 48, 128 * 48, 256),
    "two directions": (
        nn.LSTM(16, 32, bidirectional=True), torch.qint8, 21 * 2 * 128 * 48, 2 * 128 * 48, 512
    ),
    "GRU": (nn.GRU(16, 32), torch.qint8, 21 * 96 * 48, 96 * 48, 192),
}  # fmt: skip


@pytest.mark.parametrize("name", DYNAMIC)
def test_a_recurrent_layer_quantized_dynamically_counts_its_matrices_once_a_step(name):
    layer, dtype, madds, weights, biases = DYNAMIC[name]
    network = q.quantize_dynamic(First(layer).eval(), {type(layer)}, dtype)
    costs = costs_of(network, 7, 3, 16)
    assert (costs.madds, costs.uncounted) == (madds, {})
    size = weights * (2 if dtype is torch.float16 else 1) + 4 * biases
    assert (costs.params, costs.param_bytes) == (weights + biases, size)


@pytest.mark.parametrize("cell", [nn.LSTMCell, nn.GRUCell, nn.RNNCell])
def test_a_cell_counts_its_matrices(cell):
    gates = {nn.LSTMCell: 4, nn.GRUCell: 3, nn.RNNCell: 1}[cell]
    network = q.quantize_dynamic(nn.Sequential(cell(4, 3)).eval(), {cell}, torch.qint8)
    costs = costs_of(network, 5, 4)
    assert (costs.madds, costs.uncounted) == (5 * gates * 3 * (4 + 3), {})
    assert costs.params == gates * 3 * (4 + 3 + 2)


@pytest.mark.parametrize("dtype", [torch.qint8, torch.float16])
def test_a_linear_layer_quantized_dynamically_keeps_its_parameters(dtype):
    network = q.quantize_dynamic(nn.Sequential(nn.Linear(16, 4)), {nn.Linear}, dtype)
    costs = costs_of(network, 3, 16)
    size = 64 * (2 if dtype is torch.float16 else 1) + 16
    assert (costs.madds, costs.params, costs.param_bytes) == (192, 68, size)
    assert [op.weight for op in costs.ops if op.madds] == [(4, 16)]


# Of kernels with a form of their own.


@pytest.mark.skipif(
    "fbgemm" not in torch.backends.quantized.supported_engines, reason="a build without FBGEMM"
)
def test_a_layer_of_sparse_blocks_has_the_parameters_that_it_stores(monkeypatch):
    """Four of eight rows store one block of four; all eight have a bias."""
    monkeypatch.setattr(torch.backends.quantized, "engine", "fbgemm")
    weight = torch.zeros(8, 12)
    weight[:4, :3] = 1.0
    weight = torch.quantize_per_tensor(weight, 1.0, 0, torch.qint8)
    packed = torch.ops.sparse.qlinear_prepack(weight, torch.ones(8), 1, 4)

    def run(m, x):
        x = torch.quantize_per_tensor(x, 1.0, 0, torch.quint8)
        return torch.ops.sparse.qlinear(x, m.packed, 1.0, 0).dequantize()

    costs = costs_of(Call(run, packed=packed), 5, 12)
    assert (costs.madds, costs.uncounted) == (5 * 16, {})
    assert (costs.params, costs.param_bytes) == (16 + 8, 16 + 4 * 8)


@pytest.mark.skipif(not torch.backends.mkldnn.is_available(), reason="a build without oneDNN")
def test_what_onednn_has_packed_is_counted_as_what_it_was():
    filters, shape = torch.ones(16, 2, 3, 3), [2, 8, 10, 10]
    packed = torch.ops.mkldnn_prepacked.conv2d_prepack(
        filters, torch.ones(16), [2, 1], [0, 0], [1, 1], 4, shape, "none"
    )
    conv = torch.ops.mkldnn_prepacked.conv2d_run
    costs = costs_of(Call(lambda m, x: conv(x, m.packed), packed=packed), *shape)
    assert costs.madds == 2 * 16 * 4 * 8 * 2 * 9
    assert (costs.params, costs.param_bytes) == (288 + 16, 4 * (288 + 16))
    weight = torch.ops.onednn.linear_prepack_fp16(torch.ones(7, 16), [3, 16])
    linear = torch.ops.onednn.linear_dynamic_fp16
    costs = costs_of(Call(lambda m, x: linear(x, weight, None)), 3, 16)
    assert (costs.madds, [op.weight for op in costs.ops]) == (3 * 16 * 7, [(7, 16)])
