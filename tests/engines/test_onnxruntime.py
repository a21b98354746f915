"""ONNX Runtime as an engine: with the threads it is told, and none that spin; what it answers is in test_onnx_engines."""

import pytest
import torch
from torch import nn

onnxruntime = pytest.importorskip("onnxruntime")
pytest.importorskip("onnx", reason="needs onnx")

from onnx_models import BRANCHES, WHERE_IT_IS_NOT_ZERO  # noqa: E402

from lightbench.engines import onnxruntime as engine  # noqa: E402
from lightbench.engines.onnxruntime import arena, kernels, load, profile, quantize  # noqa: E402
from lightbench.engines.support.onnx_modules import Modules  # noqa: E402


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


def test_as_it_comes_nothing_is_set_and_its_graph_is_optimized_as_far_as_is_asked_for(monkeypatch):
    asked = []
    real = onnxruntime.InferenceSession

    def session(model, options, **more):
        asked.append(options)
        return real(model, options, **more)

    monkeypatch.setattr(onnxruntime, "InferenceSession", session)
    for words in (["defaults"], ["unoptimized"], ["basic"], []):
        load(WHERE_IT_IS_NOT_ZERO, [torch.zeros(4)], threads=2, options=words)
    levels = onnxruntime.GraphOptimizationLevel
    assert [options.intra_op_num_threads for options in asked] == [0, 2, 2, 2]
    assert [options.graph_optimization_level for options in asked] == [
        levels.ORT_ENABLE_ALL,
        levels.ORT_DISABLE_ALL,
        levels.ORT_ENABLE_BASIC,
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


# Its profile.

US = 1e-6


def event(name, op, ts, dur, **sizes):
    sizes = {key: str(value) for key, value in sizes.items()}
    return {
        "cat": "Node",
        "name": f"{name}_kernel_time",
        "ts": ts,
        "dur": dur,
        "args": {"op_name": op, **sizes},
    }


def a_call(at, slower=1):
    """As ONNX Runtime 1.32 notes it: the call itself last, and each kernel with its sizes in bytes."""
    return [
        event("relu_nchwc", "Conv", at + 1, 50 * slower, activation_size=576, parameter_size=64, output_size=576),
        event("ReorderOutput", "ReorderOutput", at + 60, 8, activation_size=576, output_size=576),
        event("node_left", "Split", at + 70, 4),
        event("ReorderInput_token_1", "ReorderInput", at + 75, 2, activation_size=288, output_size=288),
        event("getitem_1_nchwc", "Conv", at + 80, 20),
        event("node_y", "Sigmoid", at + 101, 5),
        event("Mul_159", "Mul", at + 106, 1),
        {"cat": "Session", "name": "model_run", "ts": at, "dur": 120},
    ]  # fmt: skip


VALUES = {
    "relu_nchwc": (["input_0", "reorder"], ["reorder_token_0"]),
    "ReorderOutput": (["reorder_token_0"], ["relu"]),
    "node_left": (["relu"], ["left", "right"]),
    "ReorderInput_token_1": (["right"], ["reorder_token_2"]),
    "getitem_1_nchwc": (["reorder_token_2", "reorder_1"], ["add"]),
    "node_y": (["add"], ["y"]),
    "Mul_159": (["token_7"], ["token_8"]),
}


@pytest.fixture(scope="module")
def told():
    events = [
        {"cat": "Session", "name": "session_initialization", "ts": 0, "dur": 9},
        *a_call(1000, slower=9),
        *a_call(2000, slower=5),
        *a_call(3000),
        *a_call(4000, slower=2),
    ]
    return {each.name: each for each in kernels(events, Modules(BRANCHES), VALUES)}


def test_a_profile_has_the_times_of_each_call_but_the_first_two(told):
    assert told["relu_nchwc"].times_s == pytest.approx((50 * US, 100 * US))
    assert told["node_left"].times_s == pytest.approx((4 * US, 4 * US))


def test_a_kernel_is_of_the_modules_that_were_merged_into_it(told):
    assert told["relu_nchwc"].modules == ("stem.0", "stem.1", "stem.2")
    assert told["getitem_1_nchwc"].modules == ("block.branch.0", "block.branch.1", "block")
    assert told["node_left"].modules == ("block",)
    assert told["node_y"].modules == ("",)


def test_a_kernel_of_which_the_file_says_nothing_is_of_no_module(told):
    assert told["Mul_159"].modules == ()


def test_a_copy_into_another_layout_is_told_with_the_module_whose_answer_it_copies(told):
    out, in_ = told["ReorderOutput"], told["ReorderInput_token_1"]
    assert (out.copies, out.why, out.modules) == (True, "layout copy", ("stem.2",))
    assert (in_.copies, in_.why, in_.modules) == (True, "layout copy", ("block",))
    assert out.mem_bytes == 2 * 576  # read and written
    assert not told["relu_nchwc"].copies
    assert told["relu_nchwc"].why == ""


def test_a_copy_between_values_that_nobody_knows_is_of_the_module_that_reads_it():
    values = {**VALUES, "ReorderInput_token_1": (["token_5"], ["reorder_token_2"])}
    told = kernels(a_call(0) * 3, Modules(BRANCHES), values)
    (copy,) = (each for each in told if each.op == "ReorderInput")
    assert copy.modules == ("block.branch.0",)


def test_a_network_that_runs_is_told_kernel_by_kernel():
    told = profile(BRANCHES, [torch.ones(1, 4, 6, 6)], threads=1, calls=3)
    assert {len(each.times_s) for each in told} == {3}
    paths = {path for each in told for path in each.modules}
    assert {"stem.0", "block.branch.0", "block", ""} <= paths
    assert not any(each.modules == () for each in told)


def test_its_arena_has_had_in_use_what_is_between_operators_at_the_least():
    """Answers of 4 x 6 x 6 numbers of 4 bytes, and of 2 x 6 x 6."""
    used = arena(BRANCHES, [torch.ones(1, 4, 6, 6)], threads=1)
    assert used > 4 * (4 + 2) * 6 * 6
    assert used < 10**6


def test_a_profile_that_does_not_tell_of_the_arena_is_no_account_of_it(monkeypatch):
    events = [{"name": "model_run"}, {"name": "a_kernel_time", "args": {"op_name": "Conv"}}]
    monkeypatch.setattr(engine, "_noted", lambda *_given, **_how: events)
    assert arena(BRANCHES, [torch.ones(1, 4, 6, 6)], threads=1) is None
