"""ONNX Runtime as an engine: it reads PyTorch's memory, with the threads it is told, and none that spin."""

import pytest
import torch

onnxruntime = pytest.importorskip("onnxruntime")
pytest.importorskip("onnx", reason="needs onnx")

from onnx_models import DOUBLE_AND_COMPARE, WHERE_IT_IS_NOT_ZERO  # noqa: E402

from lightbench.engines.onnxruntime import load  # noqa: E402
from lightbench.errors import ModelError  # noqa: E402


def test_a_call_answers_for_what_is_in_the_tensors_now():
    x, n = torch.arange(6.0).reshape(2, 3), torch.tensor([-1, 0, 1])
    program = load(DOUBLE_AND_COMPARE, [x, n], threads=1)
    with program.context():
        doubled, positive = program.call()
    assert doubled.tolist() == [[0, 2, 4], [6, 8, 10]]
    assert positive.tolist() == [False, False, True]
    x.fill_(5)
    n.neg_()
    with program.context():
        doubled, positive = program.call()
    assert doubled.tolist() == [[10] * 3] * 2
    assert positive.tolist() == [True, False, False]


def test_outputs_of_a_size_that_only_the_call_knows_are_answered_too():
    x = torch.tensor([0.0, 3, 0, 4])
    program = load(WHERE_IT_IS_NOT_ZERO, [x], threads=1)
    assert program.call()[0].tolist() == [[1, 3]]
    x[1] = 0
    assert program.call()[0].tolist() == [[3]]


def test_threads_are_as_many_as_it_is_told_and_sleep_when_there_is_nothing_to_do(monkeypatch):
    asked = []
    real = onnxruntime.InferenceSession

    def session(model, options, **more):
        asked.append((options, more))
        return real(model, options, **more)

    monkeypatch.setattr(onnxruntime, "InferenceSession", session)
    load(WHERE_IT_IS_NOT_ZERO, [torch.zeros(4)], threads=2)
    ((options, more),) = asked
    assert (options.intra_op_num_threads, options.inter_op_num_threads) == (2, 1)
    assert options.get_session_config_entry("session.intra_op.allow_spinning") == "0"
    assert more["providers"] == ["CPUExecutionProvider"]


def test_a_tensor_that_the_network_does_not_read_is_let_be():
    x = torch.tensor([0.0, 3, 0, 4])
    program = load(WHERE_IT_IS_NOT_ZERO, [x, torch.zeros(7)], threads=1)
    assert program.call()[0].tolist() == [[1, 3]]


def test_an_input_that_is_none_of_the_networks_is_an_error_and_no_answer_about_nothing():
    with pytest.raises(ModelError, match="an input 'input_1', which is none of the network's"):
        load(DOUBLE_AND_COMPARE, [torch.zeros(2, 3)], threads=1)
