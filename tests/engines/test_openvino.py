"""OpenVINO as an engine: it reads PyTorch's memory, computes in float32 wherever it runs, and reports to nobody."""

import sys
from importlib.util import find_spec

import pytest
import torch

pytest.importorskip("onnx", reason="needs onnx")
if not find_spec("openvino"):  # imported by us, for once without its telemetry
    pytest.skip("openvino is not installed", allow_module_level=True)

from onnx_models import DOUBLE_AND_COMPARE, WHERE_IT_IS_NOT_ZERO, model

from lightbench.engines import openvino as engine
from lightbench.engines.openvino import load
from lightbench.errors import ModelError


def test_a_call_answers_for_what_is_in_the_tensors_now():
    x, n = torch.arange(6.0).reshape(2, 3), torch.tensor([-1, 0, 1])
    program = load(DOUBLE_AND_COMPARE, [x, n], threads=1)
    with program.context():
        doubled, positive = program.call()
    assert doubled.tolist() == [[0, 2, 4], [6, 8, 10]]
    assert [bool(each) for each in positive] == [False, False, True]
    x.fill_(5)
    with program.context():
        assert program.call()[0].tolist() == [[10] * 3] * 2


def test_outputs_of_a_size_that_only_the_call_knows_are_answered_too():
    x = torch.tensor([0.0, 3, 0, 4])
    program = load(WHERE_IT_IS_NOT_ZERO, [x], threads=1)
    assert program.call()[0].tolist() == [[1, 3]]
    x[1] = 0
    assert program.call()[0].tolist() == [[3]]


def test_it_computes_in_float32_with_the_threads_it_is_told(monkeypatch):
    """Unless told it takes bfloat16 where the processor has that."""
    settings = []
    core = engine._openvino().Core

    class Spied(core):
        def compile_model(self, model, device, config):
            compiled = super().compile_model(model, device, config)
            names = ("INFERENCE_PRECISION_HINT", "INFERENCE_NUM_THREADS", "NUM_STREAMS")
            settings.extend(compiled.get_property(name) for name in names)
            return compiled

    monkeypatch.setattr(engine._openvino(), "Core", Spied)
    load(WHERE_IT_IS_NOT_ZERO, [torch.zeros(4)], threads=1)
    assert settings[0].to_string() == "f32"
    assert settings[1:] == [1, 1]


def test_numbers_that_bfloat16_does_not_have_come_out_right():
    x = torch.full((64, 64), 1 + 2**-12)
    product = model(
        {"input_0": ("FLOAT", [64, 64])},
        [("MatMul", ["input_0", "input_0"], ["y"])],
        {"y": ("FLOAT", [64, 64])},
    )
    (y,) = load(product, [x], threads=1).call()
    assert torch.allclose(y, torch.full((64, 64), 64 * (1 + 2**-12) ** 2), rtol=1e-6)


def test_its_package_that_tells_an_analytics_host_is_not_imported():
    engine._openvino()
    assert sys.modules["openvino_telemetry"] is None


def test_a_tensor_that_the_network_does_not_read_is_let_be():
    x = torch.tensor([0.0, 3, 0, 4])
    program = load(WHERE_IT_IS_NOT_ZERO, [x, torch.zeros(7)], threads=1)
    assert program.call()[0].tolist() == [[1, 3]]


def test_an_input_that_is_none_of_the_networks_is_an_error_and_no_answer_about_nothing():
    with pytest.raises(ModelError, match="an input 'input_1', which is none of the network's"):
        load(DOUBLE_AND_COMPARE, [torch.zeros(2, 3)], threads=1)
