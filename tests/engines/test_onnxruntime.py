"""ONNX Runtime as an engine: with the threads it is told, and none that spin; what it answers is in test_onnx_engines."""

import pytest
import torch

onnxruntime = pytest.importorskip("onnxruntime")
pytest.importorskip("onnx", reason="needs onnx")

from onnx_models import WHERE_IT_IS_NOT_ZERO  # noqa: E402

from lightbench.engines.onnxruntime import load  # noqa: E402


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
