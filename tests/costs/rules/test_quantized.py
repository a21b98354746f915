"""int8 layers by the packed weight itself: what it holds is counted, multiply-adds, elements and bytes."""

from __future__ import annotations

import pytest
import torch
from schemas import operators, places

from lightbench.costs.rules import rule_of

pytestmark = pytest.mark.filterwarnings("ignore")  # deprecated, and used
quantized = torch.ops.quantized

N, C_IN, C_OUT, K, GROUPS = 2, 8, 12, 3, 4
CONV, LINEAR = "packed_weight", "W_prepack"


def empty(*shape):
    return torch.empty(shape, device="meta")


def int8(*shape):
    return torch._empty_affine_quantized(list(shape), scale=1.0, dtype=torch.qint8)


def run(operator, packed, x, out):
    """The rule of an operator whose packed weight stands where its schema says."""
    args = [x, *[None] * 6]
    (place,) = places(operator, f"{CONV} {LINEAR}")
    args[place] = packed
    return rule_of(operator)(tuple(args), out)


def packed_conv(directions, stride, bias):
    prepack = getattr(quantized, f"conv{directions}d_prepack")
    ones, zeros = [1] * directions, [0] * directions
    filters = int8(C_OUT, C_IN // GROUPS, *[K] * directions)
    return prepack(filters, bias, stride, zeros, ones, GROUPS)


CONVOLUTIONS = """
    quantized::conv{}d quantized::conv{}d_relu quantized::conv{}d_dynamic _quantized::conv{}d
    _quantized::conv{}d_relu quantized::conv{}d_add quantized::conv{}d_add_relu
"""


@pytest.mark.parametrize(
    ("directions", "stride", "size", "made"),
    [(1, [2], (9,), (4,)), (2, [2, 1], (10, 9), (4, 7)), (3, [1, 2, 1], (5, 9, 4), (3, 4, 2))],
)
@pytest.mark.parametrize("biased", [True, False])
def test_a_packed_convolution_has_its_filters_at_each_position(
    directions, stride, size, made, biased
):
    positions = torch.Size(made).numel()
    filters = C_OUT * (C_IN // GROUPS) * K**directions
    bias = torch.ones(C_OUT) if biased else None
    packed, x, out = (
        packed_conv(directions, stride, bias),
        empty(N, C_IN, *size),
        empty(N, C_OUT, *made),
    )
    for operator in operators(CONVOLUTIONS.replace("{}", str(directions))):
        if not places(operator, CONV):
            continue  # an old form, whose weight is not packed
        work = run(operator, packed, x, out)
        assert (work.kind, work.madds) == ("grouped conv", N * positions * filters)
        assert (work.groups, work.stride, work.weights) == (GROUPS, tuple(stride), ())
        assert work.weight == (C_OUT, C_IN // GROUPS, *[K] * directions)
        assert work.bias == biased
        biases = C_OUT if biased else 0
        assert work.packed == (filters + biases, filters + 4 * biases)


TRANSPOSED = """
    quantized::conv_transpose2d quantized::conv_transpose2d_dynamic _quantized::conv_transpose2d
"""


@pytest.mark.parametrize("operator", operators(TRANSPOSED), ids=str)
def test_a_packed_transposed_one_has_them_at_each_position_of_its_input(operator):
    two, none, one = [2, 2], [0, 0], [1, 1]
    filters = int8(C_IN, C_OUT, K, K)
    packed = quantized.conv_transpose2d_prepack(filters, None, two, none, none, one, 1)
    work = run(operator, packed, empty(N, C_IN, 6, 5), empty(N, C_OUT, 13, 11))
    assert work.madds == N * 6 * 5 * C_IN * C_OUT * K * K


LINEARS = """
    quantized::linear quantized::linear_relu quantized::linear_leaky_relu quantized::linear_tanh
    quantized::linear_dynamic quantized::linear_relu_dynamic _quantized::linear
    _quantized::linear_dynamic quantized::linear_with_input_q_dq_qweight_dq_output_fp32
    quantized::linear_with_input_q_dq_qweight_dq_relu_output_fp32
"""


@pytest.mark.parametrize("operator", operators(LINEARS), ids=str)
@pytest.mark.parametrize("biased", [True, False])
def test_a_packed_linear_layer_has_its_inputs_for_each_output(operator, biased):
    packed = quantized.linear_prepack(int8(5, 16), torch.ones(5) if biased else None)
    work = run(operator, packed, empty(7, 3, 16), empty(7, 3, 5))
    assert (work.kind, work.madds, work.weight) == ("linear", 7 * 3 * 16 * 5, (5, 16))
    assert (work.bias, work.packed) == (biased, (80 + 5 * biased, 80 + 20 * biased))


def test_a_packed_half_precision_weight_takes_two_bytes_an_element():
    packed = quantized.linear_prepack_fp16(torch.ones(5, 16), torch.ones(5))
    (operator,) = operators("quantized::linear_dynamic_fp16")
    work = run(operator, packed, empty(7, 16), empty(7, 5))
    assert (work.madds, work.packed) == (7 * 80, (85, 2 * 80 + 4 * 5))


@pytest.fixture
def sparse_engine():
    """One that stores a weight as blocks."""
    before = torch.backends.quantized.engine
    able = [e for e in ("fbgemm", "qnnpack") if e in torch.backends.quantized.supported_engines]
    if not able:
        pytest.skip("no engine of this build has sparse layers")
    torch.backends.quantized.engine = able[0]
    yield
    torch.backends.quantized.engine = before


@pytest.mark.usefixtures("sparse_engine")
@pytest.mark.parametrize("biased", [True, False])
def test_of_a_weight_of_sparse_blocks_the_blocks_that_are_stored_are_multiplied(biased):
    """Four rows with one block of four each: three ones and a zero, which is multiplied as well."""
    weight = torch.zeros(8, 12)
    weight[:4, :3] = 1.0
    weight = torch.quantize_per_tensor(weight, 1.0, 0, torch.qint8)
    packed = torch.ops.sparse.qlinear_prepack(weight, torch.ones(8) if biased else None, 1, 4)
    names = "qlinear qlinear_relu qlinear_dynamic qlinear_relu_dynamic"
    for operator in operators(" ".join(f"sparse::{name}" for name in names.split())):
        work = run(operator, packed, empty(5, 2, 12), empty(5, 2, 8))
        assert (work.kind, work.madds, work.weight) == ("linear", 5 * 2 * 16, (8, 12))
        assert (work.bias, work.packed) == (biased, (16 + 8 * biased, 16 + 32 * biased))


@pytest.mark.parametrize(
    "name", ["embedding_byte", "embedding_bag_byte", "embedding_4bit", "embedding_bag_4bit"]
)
def test_rows_of_a_packed_table_are_read_as_often_as_they_are_looked_up(name):
    """Three of ten, which is of eight elements each, in a byte each; where bags begin is bookkeeping."""
    scales = torch.ones(10), torch.zeros(10), 0, torch.quint8
    table = quantized.embedding_bag_prepack(torch.quantize_per_channel(torch.ones(10, 8), *scales))
    (operator,) = operators(f"quantized::{name}")
    work = rule_of(operator)((table, empty(3), empty(1)), empty(3, 8))
    assert (work.kind, work.madds, work.outputs) == ("data movement", 0, 1)
    assert (work.packed, work.reads) == ((24, 24), {2: 0})


@pytest.mark.skipif(not torch.backends.mkldnn.is_available(), reason="a build without oneDNN")
@pytest.mark.parametrize("biased", [True, False])
def test_a_convolution_that_onednn_has_packed_keeps_its_four_bytes(biased):
    filters, bias = torch.ones(C_OUT, C_IN // GROUPS, K, K), torch.ones(C_OUT) if biased else None
    shape = [N, C_IN, 10, 9]
    packed = torch.ops.mkldnn_prepacked.conv2d_prepack(
        filters, bias, [2, 1], [0, 0], [1, 1], GROUPS, shape, "none"
    )
    (operator,) = operators("mkldnn_prepacked::conv2d_run")
    work = run(operator, packed, empty(*shape), empty(N, C_OUT, 4, 7))
    assert work.madds == N * 4 * 7 * filters.numel()
    assert (work.groups, work.stride, work.weights) == (GROUPS, (2, 1), ())
    elements = filters.numel() + C_OUT * biased
    assert (work.bias, work.packed) == (biased, (elements, 4 * elements))
