"""OpenVINO as an engine: it computes in float32 wherever it runs, and reports to nobody; see also test_onnx_engines."""

import sys
from importlib.util import find_spec

import pytest
import torch

pytest.importorskip("onnx", reason="needs onnx")
if not find_spec("openvino"):  # imported by us, for once without its telemetry
    pytest.skip("openvino is not installed", allow_module_level=True)

from onnx_models import WHERE_IT_IS_NOT_ZERO, model

from lightbench.engines import openvino as engine
from lightbench.engines.openvino import load


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
