"""OpenVINO as an engine: it computes in float32 wherever it runs, and reports to nobody; see also test_onnx_engines."""

import sys
from enum import Enum
from importlib.util import find_spec
from types import SimpleNamespace

import pytest
import torch
from torch import nn

pytest.importorskip("onnx", reason="needs onnx")
if not find_spec("openvino"):  # imported by us, for once without its telemetry
    pytest.skip("openvino is not installed", allow_module_level=True)

from onnx_models import BRANCHES, WHERE_IT_IS_NOT_ZERO, model

from lightbench.engines import openvino as engine
from lightbench.engines.openvino import Made, Timed, kernels, load, profile
from lightbench.engines.support.onnx_modules import Modules
from lightbench.errors import NotAvailable

Status = Enum("Status", "NOT_RUN OPTIMIZED_OUT EXECUTED")  # as OpenVINO's


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


def test_what_a_processor_does_not_have_is_refused_and_not_replaced(monkeypatch):
    """OpenVINO itself would take another precision without a word."""
    core = engine._openvino().Core

    class Old(core):
        def get_property(self, device, name):
            return ["FP32", "INT8"]

    monkeypatch.setattr(engine._openvino(), "Core", Old)
    with pytest.raises(NotAvailable, match="does not compute in bfloat16"):
        load(WHERE_IT_IS_NOT_ZERO, [torch.zeros(4)], threads=1, dtype="bfloat16")
    load(WHERE_IT_IS_NOT_ZERO, [torch.zeros(4)], threads=1)


@pytest.mark.parametrize(("dtype", "bits"), [("bfloat16", 8), ("float16", 11)])
def test_a_precision_that_is_asked_for_is_taken(dtype, bits):
    core = engine._openvino().Core()
    able = core.get_property("CPU", "OPTIMIZATION_CAPABILITIES")
    if {"bfloat16": "BF16", "float16": "FP16"}[dtype] not in able:
        pytest.skip(f"this processor does not compute in {dtype}")
    torch.manual_seed(0)
    x = torch.rand(64, 64)
    product = model(
        {"input_0": ("FLOAT", [64, 64])},
        [("MatMul", ["input_0", "input_0"], ["y"])],
        {"y": ("FLOAT", [64, 64])},
    )
    (y,) = load(product, [x], threads=1, dtype=dtype).call()
    error = float(((y - x @ x).abs() / (x @ x)).max())
    assert 2.0**-24 * 64 < error < 2.0**-bits * 4  # more than float32's, and of its own size


def test_it_quantizes_by_intels_own_tool():
    if not find_spec("nncf"):
        pytest.skip("nncf is not installed")
    torch.manual_seed(0)
    network = nn.Sequential(nn.Conv2d(3, 8, 3), nn.ReLU(), nn.Conv2d(8, 8, 1)).eval()
    samples = [((torch.rand(1, 3, 16, 16),), {}) for _ in range(4)]
    made = engine.quantize(network, samples)
    assert b"FakeQuantize" in made
    (x,), _ = samples[0]
    (said,) = load(made, [x], threads=1, dtype="int8").call()
    true = network(x).detach()
    assert 0 < float((said - true).abs().max() / true.abs().max()) < 0.1


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


# Its profile.


def a_call(conv_s):
    """As OpenVINO 2026.4 tells it, without what was not run."""
    return [
        Timed("input_0_abcd_acdb_node_getitem", "Reorder", "reorder_brgemm_f32", 2e-5),
        Timed("node_getitem", "Convolution", "brgconv_avx512_1x1_f32", conv_s),
        Timed("node_left", "Split", "ref_f32", 1e-5),
        Timed("node_getitem_1", "Convolution", "brgconv_avx512_1x1_f32", 3e-5),
        Timed("node_y", "Sigmoid", "jit_avx512_f32", 1e-6),
    ]


MADE = {
    "input_0_abcd_acdb_node_getitem": Made(("",), ("node_getitem",), 1152),
    "node_getitem": Made(("node_getitem", "node_relu"), ("node_left",), 1216),
    "node_getitem_1": Made(("node_getitem_1", "node_add"), ("node_y",)),
}


@pytest.fixture(scope="module")
def told():
    calls = [a_call(1e-4), a_call(2e-4), a_call(3e-4)]
    return {each.name: each for each in kernels(calls, Modules(BRANCHES), MADE)}


def test_a_kernel_is_told_with_its_times_its_modules_and_which_of_several_it_is(told):
    conv = told["node_getitem"]
    assert conv.times_s == (1e-4, 2e-4, 3e-4)
    assert conv.modules == ("stem.0", "stem.1", "stem.2")
    assert (conv.op, conv.kernel, conv.why) == ("Convolution", "brgconv_avx512_1x1_f32", "")
    assert told["node_getitem_1"].modules == ("block.branch.0", "block.branch.1", "block")


def test_a_reference_kernel_is_off_the_fast_path(told):
    assert [name for name, each in told.items() if each.why == "reference kernel"] == ["node_left"]
    assert told["node_left"].modules == ("block",)


def test_a_reorder_is_a_copy_in_front_of_the_module_that_reads_it(told):
    copy = told["input_0_abcd_acdb_node_getitem"]
    assert (copy.copies, copy.why, copy.modules) == (True, "layout copy", ("stem.0",))
    assert copy.mem_bytes == 1152


@pytest.mark.parametrize(
    ("status", "kernel", "ran"),
    [
        ("EXECUTED", "brgconv_avx512_f32", True),
        ("NOT_RUN", "gemm_mlas_f32", True),  # less than a microsecond, rounded down
        ("NOT_RUN", "undef", False),  # merged into another
        ("NOT_RUN", "unknown_f32", False),  # a parameter, or a result
        ("OPTIMIZED_OUT", "ref_any_f32", False),
    ],
)
def test_what_takes_less_than_a_microsecond_is_no_kernel_that_did_not_run(status, kernel, ran):
    told = SimpleNamespace(Status=Status, status=Status[status], exec_type=kernel)
    assert engine._has_run(told) is ran


def test_a_network_that_runs_is_told_kernel_by_kernel():
    found = profile(BRANCHES, [torch.ones(1, 4, 6, 6)], threads=1, calls=3)
    assert {len(each.times_s) for each in found} == {3}
    paths = {path for each in found for path in each.modules}
    assert {"stem.0", "block.branch.0"} <= paths
    assert all(each.kernel for each in found)
