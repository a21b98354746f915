"""OpenVINO on the CPU: the network is exported to ONNX, which Intel's runtime reads."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import msgspec
import torch
from torch import Tensor, nn

from lightbench.engines import Given, Program
from lightbench.engines.support import onnx_export
from lightbench.engines.support.quiet import quiet
from lightbench.errors import NotAvailable

PACKAGES = ("openvino", *onnx_export.PACKAGES)
DTYPES = ("float32", "bfloat16", "float16", "int8")
QUANTIZERS = ("nncf",)
OPTIONS = {"defaults": "as it comes: all cores, and bfloat16 or float16 where the processor has it"}
# As OpenVINO calls a precision, and what a processor must be able to do for it.
_PRECISIONS = {
    "float32": ("f32", "FP32"),
    "bfloat16": ("bf16", "BF16"),
    "float16": ("f16", "FP16"),
    "int8": ("f32", "INT8"),  # what is not quantized
}

convert = onnx_export.convert


def quantize(network: nn.Module, samples: Sequence[Given]) -> bytes:
    """By Intel's own tool, NNCF, with its defaults: weights with a sign and a range for each channel."""
    openvino = _openvino()
    model = convert(network, *samples[0])
    feeds = onnx_export.fed(model, samples)
    with TemporaryDirectory() as folder, quiet():
        import nncf

        found = openvino.Core().read_model(model)
        small = nncf.quantize(found, nncf.Dataset(feeds), subset_size=len(feeds))
        file = Path(folder) / "small.xml"
        openvino.save_model(small, file, compress_to_fp16=False)
        return msgspec.msgpack.encode([file.read_bytes(), file.with_suffix(".bin").read_bytes()])


def load(
    model: bytes,
    inputs: Sequence[Tensor],
    *,
    threads: int,
    dtype: str = "float32",
    options: Sequence[str] = (),
) -> Program:
    """Computes in float32 unless asked: of its own accord OpenVINO takes bfloat16 where the processor has it, which is
    2 to 5 times faster and up to 14 % off. Inputs and outputs are PyTorch's memory. Raises NotAvailable for a
    precision that this processor has not."""
    core = _openvino().Core()
    precision, ability = _PRECISIONS[dtype]
    if ability not in core.get_property("CPU", "OPTIMIZATION_CAPABILITIES"):
        raise NotAvailable(
            f"this processor does not compute in {dtype}: OpenVINO would take another precision.",
            "Leave out --dtype.",
        )
    settings = {
        "INFERENCE_PRECISION_HINT": precision,
        "INFERENCE_NUM_THREADS": threads,
        "NUM_STREAMS": "1",
        "PERFORMANCE_HINT": "LATENCY",
        "ENABLE_CPU_PINNING": False,  # of its own accord it pins threads to cores
    }
    found = (
        core.read_model(*msgspec.msgpack.decode(model))
        if dtype == "int8"
        else core.read_model(model)
    )
    compiled = core.compile_model(found, "CPU", {} if "defaults" in options else settings)
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
