"""Engines that read ONNX: a call answers for what is in PyTorch's tensors now, whatever is given and asked."""

from importlib.util import find_spec

import pytest
import torch

from lightbench import registry
from lightbench.errors import ModelError

pytest.importorskip("onnx", reason="needs onnx")

from onnx_models import DOUBLE_AND_COMPARE, WHERE_IT_IS_NOT_ZERO


@pytest.fixture(params=["onnxruntime", "openvino"])
def load(request):
    if not find_spec(request.param):  # OpenVINO is imported by us, for once without its telemetry
        pytest.skip(f"needs {request.param}")
    return registry.load("engine", request.param).load


def test_a_call_answers_for_what_is_in_the_tensors_now(load):
    x, n = torch.arange(6.0).reshape(2, 3), torch.tensor([-1, 0, 1])
    program = load(DOUBLE_AND_COMPARE, [x, n], threads=1)
    with program.context():
        doubled, positive = program.call()
    assert doubled.tolist() == [[0, 2, 4], [6, 8, 10]]
    assert [bool(each) for each in positive] == [False, False, True]
    x.fill_(5)
    n.neg_()
    with program.context():
        doubled, positive = program.call()
    assert doubled.tolist() == [[10] * 3] * 2
    assert [bool(each) for each in positive] == [True, False, False]


def test_outputs_of_a_size_that_only_the_call_knows_are_answered_too(load):
    x = torch.tensor([0.0, 3, 0, 4])
    program = load(WHERE_IT_IS_NOT_ZERO, [x], threads=1)
    assert program.call()[0].tolist() == [[1, 3]]
    x[1] = 0
    assert program.call()[0].tolist() == [[3]]


def test_a_tensor_that_the_network_does_not_read_is_let_be(load):
    x = torch.tensor([0.0, 3, 0, 4])
    program = load(WHERE_IT_IS_NOT_ZERO, [x, torch.zeros(7)], threads=1)
    assert program.call()[0].tolist() == [[1, 3]]


def test_an_input_that_is_none_of_the_networks_is_an_error_and_no_answer_about_nothing(load):
    with pytest.raises(ModelError, match="an input 'input_1', which is none of the network's"):
        load(DOUBLE_AND_COMPARE, [torch.zeros(2, 3)], threads=1)
