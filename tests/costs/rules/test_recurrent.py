"""Recurrent layers of kernels that only some builds have: every matrix once a step, by formula."""

from __future__ import annotations

import pytest
import torch
from schemas import arguments, operators, places

from lightbench.costs.rules import RULES, rule_of

pytestmark = pytest.mark.filterwarnings("ignore")  # quantized tensors are deprecated, and used

# steps, sequences, inputs, hidden units, gates of an LSTM
T, B, C, U, GATES = 7, 3, 16, 5, 4
MADDS = T * B * GATES * U * (C + U)


def empty(*shape):
    return torch.empty(shape, device="meta")


x, tokens, state = empty(T, B, C), empty(T * B, C), empty(1, B, U)
MATRICES = [empty(GATES * U, C), empty(GATES * U, U)]
BIASES = [empty(GATES * U), empty(GATES * U)]
NAMED = {
    "params": [*MATRICES, *BIASES],
    "weight": [*MATRICES, *BIASES],
    "input": x,
    "data": tokens,
    **dict(zip(("weight0", "weight1", "weight2", "weight3"), MATRICES + BIASES, strict=True)),
}


WHOLE = operators("""
    lstm.input lstm.data gru.input gru.data rnn_tanh.input rnn_tanh.data rnn_relu.input rnn_relu.data
""")
LIBRARIES = operators("_cudnn_rnn miopen_rnn _lstm_mps")


@pytest.mark.parametrize("operator", WHOLE + LIBRARIES, ids=str)
def test_a_layer_multiplies_its_matrices_once_for_each_step_of_each_sequence(operator):
    work = rule_of(operator)(arguments(operator, NAMED), None)
    assert (work.kind, work.madds) == ("recurrent", MADDS)
    assert work.weights == places(operator, "params weight")
    # What a library keeps for the gradient is a by-product: output, hidden and cell state count.
    assert work.outputs == (3 if operator in LIBRARIES else None)


@pytest.mark.parametrize("operator", operators("mkldnn_rnn_layer"), ids=str)
def test_onednns_layer_has_two_matrices_and_two_biases(operator):
    work = rule_of(operator)(arguments(operator, NAMED), None)
    assert (work.kind, work.madds, work.outputs) == ("recurrent", MADDS, 3)
    assert work.weights == places(operator, "weight0 weight1 weight2 weight3")


BACKWARD = "_cudnn_rnn_backward miopen_rnn_backward lstm_mps_backward mkldnn_rnn_layer_backward"


@pytest.mark.parametrize("operator", operators(BACKWARD), ids=str)
def test_a_gradient_costs_a_product_for_the_input_and_one_for_the_weights(operator):
    ends = dict(zip(("weight1", "weight2", "weight3", "weight4"), MATRICES + BIASES, strict=True))
    work = rule_of(operator)(arguments(operator, NAMED | ends), None)
    assert (work.kind, work.madds) == ("recurrent", 2 * MADDS)


# Quantized dynamically: each weight has its bias packed with it.
PACKED = GATES * U * (C + U) + 2 * GATES * U
PACKED_BYTES = GATES * U * (C + U) + 4 * 2 * GATES * U


@pytest.fixture
def packs():
    """The packed weights of inputs and of hidden units."""
    quantized = torch.ops.quantized
    return [
        quantized.linear_prepack(
            torch._empty_affine_quantized([GATES * U, width], scale=1.0, dtype=torch.qint8),
            torch.ones(GATES * U),
        )
        for width in (C, U)
    ]


@pytest.mark.parametrize("name", ["quantized_lstm", "quantized_gru"])
def test_a_layer_of_packed_cells_counts_what_they_hold(name, packs):
    biases = [torch.ones(GATES * U)] * 2
    cell = torch.ops.quantized.make_quantized_cell_params_dynamic(*packs, *biases, True)
    for overload, given in (
        ("input", (x, [state], [cell])),
        ("data", (tokens, None, [state], [cell])),
    ):
        work = RULES[f"aten::{name}.{overload}"](given, None)
        assert (work.kind, work.madds) == ("recurrent", MADDS)
        assert work.packed == (PACKED, PACKED_BYTES)


@pytest.mark.parametrize("kind", ["lstm", "gru", "rnn_relu", "rnn_tanh"])
def test_a_packed_cell_reads_the_biases_that_are_packed_once(kind, packs):
    (operator,) = operators(f"quantized::quantized_{kind}_cell_dynamic")
    given = (empty(B, C), [empty(B, U)], *packs, *BIASES)
    work = rule_of(operator)(given, None)
    assert (work.kind, work.madds) == ("recurrent", B * GATES * U * (C + U))
    assert work.packed == (PACKED, PACKED_BYTES)
    assert work.reads == dict.fromkeys(places(operator, "bias_ih b_ih bias_hh b_hh"), 0)
