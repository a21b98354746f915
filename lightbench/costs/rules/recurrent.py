"""Recurrent networks: every weight matrix once per step and sequence."""

from __future__ import annotations

from typing import Any

from torch import Tensor

from lightbench.costs.stored import packed_size, unpacked
from lightbench.costs.work import Names, Rule, Work


def _matrices(weights: Any) -> int:
    return sum(w.numel() for w in weights if w.dim() == 2)


def _steps(x: Tensor) -> int:
    """Of (T, B, c), or of a packed sequence (tokens, c)."""
    return x.numel() // x.shape[-1]


def _layers(weights: int) -> Rule:
    """LSTM, GRU, RNN as a whole; ``weights`` is the position of their list."""

    def rule(args: tuple[Any, ...], _out: Any) -> Work:
        madds = _steps(args[0]) * _matrices(args[weights])
        return Work("recurrent", madds, weights=(weights,))

    return rule


def _library(weights: int, outputs: int = 3) -> Rule:
    """As cuDNN and MIOpen run it: what is kept for the gradient is a by-product."""

    def rule(args: tuple[Any, ...], out: Any) -> Work:
        return _layers(weights)(args, out)._replace(outputs=outputs)

    return rule


def _onednn(args: tuple[Any, ...], _out: Any) -> Work:
    """One direction of one layer as oneDNN runs it (input, w_input, w_hidden, ...)."""
    madds = _steps(args[0]) * (args[1].numel() + args[2].numel())
    return Work("recurrent", madds, weights=(1, 2, 3, 4), outputs=3)


def _backward(x: int, weights: int | slice) -> Rule:
    """Twice the forward pass: a product for the input, one for the weights."""

    def rule(args: tuple[Any, ...], _out: Any) -> Work:
        return Work("recurrent", 2 * _steps(args[x]) * _matrices(args[weights]))

    return rule


def _quantized(cells: int) -> Rule:
    """Dynamic quantization: ``cells`` is the position of the packed cells, or of a list of them."""

    def rule(args: tuple[Any, ...], _out: Any) -> Work:
        tensors = [tensor for cell in args[cells] for tensor in unpacked(cell)]
        madds = _steps(args[0]) * _matrices(tensors)
        return Work("recurrent", madds, packed=packed_size(tensors))

    return rule


def _quantized_cell(args: tuple[Any, ...], _out: Any) -> Work:
    """(input, hidden, packed w_input, packed w_hidden, biases): one step; each pack has its bias."""
    tensors = [tensor for packed in args[2:4] for tensor in unpacked(packed)]
    return Work(
        "recurrent",
        _steps(args[0]) * _matrices(tensors),
        reads={4: 0, 5: 0},  # the biases that are packed already
        packed=packed_size(tensors),
    )


RECURRENT: Names = {
    _layers(2): "lstm.input gru.input rnn_tanh.input rnn_relu.input",
    _layers(3): "lstm.data gru.data rnn_tanh.data rnn_relu.data",
    _library(1): "_cudnn_rnn miopen_rnn",
    _library(2): "_lstm_mps",
    _onednn: "mkldnn_rnn_layer",
    _backward(0, 1): "_cudnn_rnn_backward miopen_rnn_backward",
    _backward(0, slice(1, 3)): "mkldnn_rnn_layer_backward",
    _backward(5, 8): "lstm_mps_backward",
    _quantized(2): "quantized_lstm.input quantized_gru.input",
    _quantized(3): "quantized_lstm.data quantized_gru.data",
    _quantized_cell: (
        "quantized::quantized_lstm_cell_dynamic quantized::quantized_gru_cell_dynamic"
        " quantized::quantized_rnn_relu_cell_dynamic quantized::quantized_rnn_tanh_cell_dynamic"
    ),
}
