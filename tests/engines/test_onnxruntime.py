"""ONNX Runtime as an engine: with the threads it is told, and none that spin; what it answers is in test_onnx_engines."""

import pytest
import torch
from torch import nn

onnxruntime = pytest.importorskip("onnxruntime")
pytest.importorskip("onnx", reason="needs onnx")

from onnx_models import WHERE_IT_IS_NOT_ZERO  # noqa: E402

from lightbench.engines.onnxruntime import load, quantize  # noqa: E402


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


def test_as_it_comes_nothing_is_set_and_unoptimized_its_graph_is_left_as_it_is(monkeypatch):
    asked = []
    real = onnxruntime.InferenceSession

    def session(model, options, **more):
        asked.append(options)
        return real(model, options, **more)

    monkeypatch.setattr(onnxruntime, "InferenceSession", session)
    for words in (["defaults"], ["unoptimized"], []):
        load(WHERE_IT_IS_NOT_ZERO, [torch.zeros(4)], threads=2, options=words)
    levels = onnxruntime.GraphOptimizationLevel
    assert [options.intra_op_num_threads for options in asked] == [0, 2, 2]
    assert [options.graph_optimization_level for options in asked] == [
        levels.ORT_ENABLE_ALL,
        levels.ORT_DISABLE_ALL,
        levels.ORT_ENABLE_ALL,
    ]


def test_it_quantizes_activations_without_a_sign_and_weights_with_one_for_each_channel():
    import onnx

    torch.manual_seed(0)
    network = nn.Sequential(nn.Conv2d(3, 8, 3), nn.ReLU(), nn.Conv2d(8, 8, 1)).eval()
    samples = [((torch.rand(1, 3, 16, 16),), {}) for _ in range(4)]
    made = quantize(network, samples)
    graph = onnx.load_from_string(made).graph
    weights = {each.name: each.data_type for each in graph.initializer}
    assert onnx.TensorProto.INT8 in weights.values()
    assert onnx.TensorProto.UINT8 in weights.values()  # zero points of activations
    scales = [each.dims for each in graph.initializer if list(each.dims) == [8]]
    assert scales
    (x,), _ = samples[0]
    (said,) = load(made, [x], threads=1, dtype="int8").call()
    true = network(x).detach()
    assert 0 < float((said - true).abs().max() / true.abs().max()) < 0.1
