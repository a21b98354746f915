"""OpenVINO on the CPU: the network is exported to ONNX, which Intel's runtime reads."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from lightbench.engines import Program
from lightbench.engines.support import onnx_export

PACKAGES = ("openvino", *onnx_export.PACKAGES)
DTYPES = ("float32",)

convert = onnx_export.convert


def load(model: bytes, inputs: Sequence[Tensor], *, threads: int) -> Program:
    """Computes in float32: unless told, OpenVINO takes bfloat16 where the processor has it, which is 2 to 5 times
    faster and up to 14 % off. Inputs and outputs are PyTorch's memory."""
    core = _openvino().Core()
    settings = {
        "INFERENCE_PRECISION_HINT": "f32",
        "INFERENCE_NUM_THREADS": threads,
        "NUM_STREAMS": "1",
        "PERFORMANCE_HINT": "LATENCY",
        "ENABLE_CPU_PINNING": False,  # of its own accord it pins threads to cores
    }
    compiled = core.compile_model(core.read_model(model), "CPU", settings)
    request = compiled.create_infer_request()
    names = (each.any_name for each in compiled.inputs)
    for name, tensor in onnx_export.taken(names, inputs).items():
        request.set_tensor(name, _shared(tensor))
    # In this thread, whose CPU time is taken; `start_async` takes 4 us less, in another one.
    infer = request.infer

    def outputs() -> list[Tensor]:
        made = (request.get_output_tensor(i) for i, _ in enumerate(compiled.outputs))
        return [torch.from_numpy(each.data) for each in made]

    def call() -> list[Tensor]:
        infer()
        return known

    def call_and_see() -> list[Tensor]:
        infer()
        return outputs()

    known = []
    if any(each.partial_shape.is_dynamic for each in compiled.outputs):
        return Program(call_and_see, torch.inference_mode)
    known = outputs()
    return Program(call, torch.inference_mode)


def _shared(tensor: Tensor) -> Any:
    return _openvino().Tensor(tensor.detach().numpy(), shared_memory=True)


def _openvino() -> Any:
    """The package. It would tell an analytics host of each import: without its telemetry package it uses a
    stub of its own, which sends nothing."""
    if "openvino" not in sys.modules:
        sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]
    import openvino

    return openvino
