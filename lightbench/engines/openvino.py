"""OpenVINO on the CPU: the network is exported to ONNX, which Intel's runtime reads."""

from __future__ import annotations

import math
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import msgspec
import torch
from torch import Tensor, nn

from lightbench.engines import Given, Kernel, Program
from lightbench.engines.support import onnx_export
from lightbench.engines.support.onnx_modules import Modules
from lightbench.engines.support.vendors import fastest_s
from lightbench.errors import NotAvailable
from lightbench.graphs.support.quiet_openvino import explained, name_of
from lightbench.graphs.support.quiet_openvino import openvino as _openvino

PACKAGES = ("openvino", *onnx_export.PACKAGES)
DTYPES = ("float32", "bfloat16", "float16", "int8")
READS = (".onnx", ".xml")
EXPORTS = {"openvino": (".xml", ".bin")}
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

WARMUP = 2  # calls of a profile that are thrown away
COPY = "Reorder"  # an operator that it adds where the next kernel wants another layout


def quantize(network: nn.Module, samples: Sequence[Given]) -> bytes:
    """By Intel's own tool, NNCF, with its defaults: weights with a sign and a range for each channel."""
    openvino = _openvino()
    model = convert(network, *samples[0])
    feeds = onnx_export.fed(model, samples)
    with TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import nncf

        found = openvino.Core().read_model(model)
        small = nncf.quantize(found, nncf.Dataset(feeds), subset_size=len(feeds))
        file = Path(folder) / "small.xml"
        openvino.save_model(small, file, compress_to_fp16=False)
        files = [model, file.read_bytes(), file.with_suffix(".bin").read_bytes()]
        return msgspec.msgpack.encode(files)


def save(model: bytes, file: Path) -> None:
    """OpenVINO's own format, in float32: net.xml, and beside it net.bin with the weights."""
    openvino = _openvino()
    openvino.save_model(openvino.Core().read_model(model), file, compress_to_fp16=False)


# Its program would tell an analytics host of each run.
_BENCHMARK = """
import sys
sys.modules["openvino_telemetry"] = None
from openvino.tools.benchmark.main import main
sys.exit(main())
"""


def vendor(model: bytes, *, threads: int, calls: int) -> tuple[str, float]:
    """Intel's benchmark_app, and its fastest call in seconds, in float32 as here. Raises NotAvailable."""
    asked = (
        *(
            "-m",
            "net.onnx",
            "-d",
            "CPU",
            "-api",
            "sync",
            "-infer_precision",
            "f32",
            "-hint",
            "none",
        ),
        *("-nstreams", "1", "-nthreads", str(threads), "-niter", str(calls)),
        *("-report_type", "no_counters", "-json_stats", "-report_folder"),
    )

    def find(told: Any) -> Any:
        return told["execution_results"]["min latency"]

    found = fastest_s(
        "benchmark_app", _BENCHMARK, lambda at: (*asked, str(at)), model, ".onnx", find
    )
    return "benchmark_app", found


def runtime() -> None:
    """Import it."""
    _openvino()


def load(
    model: bytes | Path,
    inputs: Sequence[Tensor] | Mapping[str, Tensor],
    *,
    threads: int,
    dtype: str = "float32",
    options: Sequence[str] = (),
) -> Program:
    """Computes in float32 unless asked: of its own accord OpenVINO takes bfloat16 where the processor has it, which is
    2 to 5 times faster and up to 14 % off. Inputs and outputs are PyTorch's memory. Raises NotAvailable for a
    precision that this processor has not."""
    compiled = _compiled(model, inputs, dtype, _settings(threads, dtype, options))
    request = _request(compiled, inputs)
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


class Timed(NamedTuple):
    """A kernel in one call: name, operator, which kernel, seconds."""

    name: str
    op: str
    kernel: str
    seconds: float


class Made(NamedTuple):
    """What a kernel is made of: nodes of the model, by name; the kernels that read what it makes, and the bytes
    that it reads and writes, where that is known."""

    of: Sequence[str]
    readers: Sequence[str] = ()
    mem_bytes: int | None = None


def profile(
    model: bytes,
    inputs: Sequence[Tensor],
    *,
    threads: int,
    dtype: str = "float32",
    options: Sequence[str] = (),
    calls: int,
) -> Sequence[Kernel]:
    """The times of its kernels in so many calls, which are slower than others since each kernel is noted."""
    settings = {**_settings(threads, dtype, options), "PERF_COUNT": True}
    compiled = _compiled(model, inputs, dtype, settings)
    request = _request(compiled, inputs)
    noted = []
    for _ in range(WARMUP + calls):
        request.infer()
        told = request.get_profiling_info()
        noted.append([_timed(each) for each in told if _has_run(each)])
    made = {op.get_friendly_name(): _made(op) for op in compiled.get_runtime_model().get_ops()}
    onnx = msgspec.msgpack.decode(model)[0] if dtype == "int8" else model
    return kernels(noted[WARMUP:], Modules(onnx), made)


def kernels(
    calls: Sequence[Sequence[Timed]], modules: Modules, made: Mapping[str, Made]
) -> list[Kernel]:
    """What profiles of several calls tell. ``made`` says of what each kernel is made, by its name."""
    ran: dict[str, list[Timed]] = {}
    for call in calls:
        for one in call:
            ran.setdefault(one.name, []).append(one)
    known = {name: made.get(name, Made((name,))) for name in ran}
    nodes = modules.covered([known[name].of for name in ran])
    paths = {name: modules.paths(its) for name, its in zip(ran, nodes, strict=True)}
    return [
        Kernel(
            name,
            timed[0].op,
            tuple(one.seconds for one in timed),
            paths[name] or next((paths[r][:1] for r in known[name].readers if r in paths), ()),
            kernel=timed[0].kernel,
            copies=timed[0].op == COPY,
            why=_why(timed[0]),
            mem_bytes=known[name].mem_bytes,
        )
        for name, timed in ran.items()
        if len(timed) == len(calls)
    ]


def _why(one: Timed) -> str:
    if one.op == COPY:
        return "layout copy"
    return "reference kernel" if one.kernel.startswith("ref") else ""


def _has_run(told: Any) -> bool:
    """What takes less than a microsecond is told as NOT_RUN, too, as is what was merged into another kernel; that has no
    implementation."""
    if told.status == told.Status.NOT_RUN:
        return not told.exec_type.startswith(("undef", "unknown"))
    return bool(told.status == told.Status.EXECUTED)


def _timed(told: Any) -> Timed:
    return Timed(told.node_name, told.node_type, told.exec_type, told.real_time.total_seconds())


def _made(op: Any) -> Made:
    told = op.get_rt_info()
    of = told["originalLayersNames"].astype(str) if "originalLayersNames" in told else ""
    readers = [
        each.get_node().get_friendly_name() for x in op.outputs() for each in x.get_target_inputs()
    ]
    values = (*op.inputs(), *op.outputs())
    if any(each.get_partial_shape().is_dynamic for each in values):
        return Made(of.split(","), readers)
    return Made(of.split(","), readers, sum(_bytes(each) for each in values))


def _bytes(value: Any) -> int:
    return int(math.prod(value.get_shape()) * value.get_element_type().size)


def _settings(threads: int, dtype: str, options: Sequence[str]) -> dict[str, Any]:
    if "defaults" in options:
        return {}
    return {
        "INFERENCE_PRECISION_HINT": _PRECISIONS[dtype][0],
        "INFERENCE_NUM_THREADS": threads,
        "NUM_STREAMS": "1",
        "PERFORMANCE_HINT": "LATENCY",
        "ENABLE_CPU_PINNING": False,  # of its own accord it pins threads to cores
    }


def _compiled(
    model: bytes | Path,
    inputs: Sequence[Tensor] | Mapping[str, Tensor],
    dtype: str,
    settings: Mapping[str, Any],
) -> Any:
    core = _openvino().Core()
    if _PRECISIONS[dtype][1] not in core.get_property("CPU", "OPTIMIZATION_CAPABILITIES"):
        raise NotAvailable(
            f"this processor does not compute in {dtype}: OpenVINO would take another precision.",
            "Leave out --dtype.",
        )
    with explained():
        if dtype == "int8" and isinstance(model, bytes):
            found = core.read_model(*msgspec.msgpack.decode(model)[1:])
        else:
            found = core.read_model(model)
    if isinstance(inputs, Mapping) and found.is_dynamic():
        # With open sizes it is up to 1.4 times slower.
        found.reshape({name: list(tensor.shape) for name, tensor in inputs.items()})
    return core.compile_model(found, "CPU", dict(settings))


def _request(compiled: Any, inputs: Sequence[Tensor] | Mapping[str, Tensor]) -> Any:
    """One that reads these tensors."""
    request = compiled.create_infer_request()
    names = map(name_of, compiled.inputs)
    for name, tensor in onnx_export.taken(names, inputs).items():
        request.set_tensor(name, _shared(tensor))
    return request


def _shared(tensor: Tensor) -> Any:
    return _openvino().Tensor(tensor.detach().numpy(), shared_memory=True)
