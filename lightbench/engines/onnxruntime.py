"""ONNX Runtime on the CPU, or by another of its providers: the network is exported to ONNX."""

from __future__ import annotations

import json
import warnings
from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch
from torch import Tensor, nn

from lightbench.engines import Given, Kernel, Program
from lightbench.engines.support import onnx_export, onnx_providers
from lightbench.engines.support.onnx_modules import Modules

PACKAGES = ("onnxruntime", *onnx_export.PACKAGES)
DTYPES = ("float32", "float64", "int8")
INSTEAD = {"onnxruntime": onnx_providers.WHEELS}
OPTIONS = {
    "defaults": "as it comes: all cores, threads that wait actively",
    "unoptimized": "without its optimisation of the graph",
    "basic": "with no other optimisation of the graph than what holds for any processor",
    "cuda": "by its provider CUDA, of the wheel onnxruntime-gpu",
    "tensorrt": "by its provider TensorRT, of the wheel onnxruntime-gpu",
    "openvino": "by its provider OpenVINO, of the wheel onnxruntime-openvino",
    "cann": "by its provider CANN, of the wheel onnxruntime-cann",
    "directml": "by its provider DirectML, of the wheel onnxruntime-directml",
    "coreml": "by its provider Core ML, on a Mac",
}
READS = (".onnx",)
EXPORTS = {"onnx": (".onnx",)}
# As ONNX Runtime calls them -> PyTorch's.
_TYPES = {
    "tensor(float)": torch.float32,
    "tensor(double)": torch.float64,
    "tensor(float16)": torch.float16,
    "tensor(int64)": torch.int64,
    "tensor(int32)": torch.int32,
    "tensor(int16)": torch.int16,
    "tensor(int8)": torch.int8,
    "tensor(uint8)": torch.uint8,
    "tensor(bool)": torch.bool,
}

convert = onnx_export.convert

WARMUP = 2  # calls of a profile that are thrown away
# Operators that it adds, since some kernels want images in blocks of channels -> what they are.
COPIES = {"ReorderInput": "layout copy", "ReorderOutput": "layout copy"}
_TIMED = "_kernel_time"
ARENA = "the most that was in use, packed weights of linear layers among it"
_IN_USE = "mem_in_use_peak"  # so far, as its profile says of each kernel
_BYTES = (
    "activation_size",
    "parameter_size",
    "output_size",
)  # what a kernel reads, its weights, what it writes


def quantize(network: nn.Module, samples: Sequence[Given]) -> bytes:
    """By its own tool: activations in 8 bits without sign, weights with one and a range for each channel. With
    its default, both with a sign, processors of Intel and AMD gain nothing."""
    from onnxruntime import quantization
    from onnxruntime.quantization.shape_inference import quant_pre_process

    model = convert(network, *samples[0])
    left = iter(onnx_export.fed(model, samples))

    class Samples(quantization.CalibrationDataReader):  # type: ignore[misc]
        def get_next(self) -> Any:
            return next(left, None)

    with TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        made, ready, small = (Path(folder) / f"{name}.onnx" for name in ("made", "ready", "small"))
        made.write_bytes(model)
        quant_pre_process(made, ready, skip_symbolic_shape=True)
        quantization.quantize_static(
            ready,
            small,
            Samples(),
            activation_type=quantization.QuantType.QUInt8,
            weight_type=quantization.QuantType.QInt8,
            per_channel=True,
        )
        return small.read_bytes()


def runtime() -> None:
    """Import it."""
    import onnxruntime  # noqa: F401


def load(
    model: bytes | Path,
    inputs: Sequence[Tensor] | Mapping[str, Tensor],
    *,
    threads: int,
    options: Sequence[str] = (),
    **_how: Any,
) -> Program:
    """What ``quantize`` has made computes in int8, anything else in the precision of its network.
    Inputs and outputs are bound to PyTorch's memory, so that a call copies nothing: 3 us of its own, where
    ``session.run`` takes 7; a provider for another device than the CPU copies both. Threads that have nothing to do
    sleep: those that wait actively, as is ONNX Runtime's default, burn 20 ms of a core after each call, which is other
    engines' time. Raises NotAvailable, UsageError."""
    session = onnx_providers.session(model, _settings(threads, options), options)
    binding = session.io_binding()
    names = (each.name for each in session.get_inputs())
    for name, tensor in onnx_export.taken(names, inputs).items():
        _bind(binding.bind_input, name, tensor)
    outputs = {each.name: _output(each) for each in session.get_outputs()}
    free = [name for name, output in outputs.items() if output is None]
    bound = [output for output in outputs.values() if output is not None]
    for name, output in outputs.items():
        if output is not None:
            _bind(binding.bind_output, name, output)
    run = session.run_with_iobinding

    # Nothing else keeps the memory of the inputs: it lives as long as the call.
    def call(_reads: Any = inputs) -> list[Tensor]:
        run(binding)
        return bound

    def call_and_see(_reads: Any = inputs) -> list[Tensor]:
        for name in free:  # anew: it has the size of the last answer
            binding.bind_output(name)
        run(binding)
        return [torch.from_numpy(value.numpy()) for value in binding.get_outputs()]

    return Program(call_and_see if free else call, torch.inference_mode)


def profile(
    model: bytes,
    inputs: Sequence[Tensor],
    *,
    threads: int,
    options: Sequence[str] = (),
    calls: int,
    **_how: Any,
) -> Sequence[Kernel]:
    """The times of its kernels in so many calls, which are slower than others since each kernel is noted."""
    with TemporaryDirectory() as folder:
        settings, run_as = _settings(threads, options), Path(folder, "run_as.onnx")
        settings.optimized_model_filepath = str(run_as)  # which kernel hands what to which
        events = _noted(model, inputs, settings, options, WARMUP + calls)
        return kernels(events, Modules(model), _values(run_as))


def arena(
    model: bytes | Path,
    inputs: Sequence[Tensor] | Mapping[str, Tensor],
    *,
    threads: int,
    options: Sequence[str] = (),
    **_how: Any,
) -> int | None:
    """The most that its arena has had in use, by its own profile of two calls. None where that does not say so."""
    events = _noted(model, inputs, _settings(threads, options), options, calls=2)
    held = (event.get("args", {}).get(_IN_USE) for event in events)
    return max((int(each) for each in held if each is not None), default=None)


def _noted(
    model: bytes | Path,
    inputs: Sequence[Tensor] | Mapping[str, Tensor],
    settings: Any,
    options: Sequence[str],
    calls: int,
) -> list[dict[str, Any]]:
    """What ONNX Runtime's own profile of so many calls says."""
    with TemporaryDirectory() as folder:
        settings.enable_profiling = True
        settings.profile_file_prefix = str(Path(folder, "profile"))
        session = onnx_providers.session(model, settings, options)
        names = (each.name for each in session.get_inputs())
        taken = onnx_export.taken(names, inputs)
        given = {name: x.detach().numpy() for name, x in taken.items()}
        for _ in range(calls):
            session.run(None, given)
        events: list[dict[str, Any]] = json.loads(Path(session.end_profiling()).read_bytes())
        return events


def kernels(
    events: Sequence[Mapping[str, Any]],
    modules: Modules,
    values: Mapping[str, tuple[Sequence[str], Sequence[str]]],
) -> list[Kernel]:
    """What a profile tells of all calls but the first `WARMUP`. ``values`` are those that a kernel reads and makes,
    by its name."""
    begins = sorted(event["ts"] for event in events if event["name"] == "model_run")
    ran: dict[tuple[str, str], list[float]] = {}
    moved: dict[tuple[str, str], int] = {}
    for event in events:
        if event.get("cat") != "Node" or not event["name"].endswith(_TIMED):
            continue
        told = event["args"]
        one = event["name"].removesuffix(_TIMED), told["op_name"]
        call = bisect_right(begins, event["ts"]) - 1
        ran.setdefault(one, [0.0] * len(begins))[call] += event["dur"] / 1e6
        moved[one] = sum(int(told.get(key) or 0) for key in _BYTES)
    nodes = modules.covered([_claimed(name, op, values) for name, op in ran])
    found = [
        Kernel(
            name,
            op,
            tuple(times[WARMUP:]),
            modules.paths(its),
            copies=op in COPIES,
            why=COPIES.get(op, ""),
            mem_bytes=moved[name, op],
        )
        for ((name, op), times), its in zip(ran.items(), nodes, strict=True)
    ]
    return [each._replace(modules=_beside(each, found, modules, values)) for each in found]


def _claimed(
    name: str, op: str, values: Mapping[str, tuple[Sequence[str], Sequence[str]]]
) -> Sequence[str]:
    """What names its nodes: a copy computes none."""
    return () if op in COPIES else (name, *values.get(name, ((), ()))[1])


def _beside(
    kernel: Kernel,
    all_: Sequence[Kernel],
    modules: Modules,
    values: Mapping[str, tuple[Sequence[str], Sequence[str]]],
) -> tuple[str, ...]:
    """Of a copy: the module that has made what it copies, or if that is not known the one that reads it."""
    if not kernel.copies:
        return kernel.modules
    reads, makes = values.get(kernel.name, ((), ()))
    for name in (*makes, *reads):
        if (node := modules.found(name)) is not None:
            return modules.paths([node])[-1:]
    return next(
        (e.modules[:1] for e in all_ if set(makes) & {*values.get(e.name, ((), ()))[0]}), ()
    )


def _values(run_as: Path) -> dict[str, tuple[Sequence[str], Sequence[str]]]:
    """What each kernel reads and makes in the model as it is run."""
    import onnx

    graph = onnx.load(run_as, load_external_data=False).graph
    return {node.name: (node.input, node.output) for node in graph.node}


def _settings(threads: int, options: Sequence[str]) -> Any:
    import onnxruntime

    settings = onnxruntime.SessionOptions()
    settings.log_severity_level = 3  # errors
    if "defaults" not in options:
        settings.intra_op_num_threads = (
            threads  # 0, its default: all cores, and threads pinned to them
        )
        settings.inter_op_num_threads = 1
        settings.add_session_config_entry("session.intra_op.allow_spinning", "0")
    levels = onnxruntime.GraphOptimizationLevel
    if "basic" in options:
        settings.graph_optimization_level = levels.ORT_ENABLE_BASIC
    if "unoptimized" in options:
        settings.graph_optimization_level = levels.ORT_DISABLE_ALL
    return settings


def _output(made: Any) -> Tensor | None:
    """Memory for it; None where only a call knows how much."""
    if made.type not in _TYPES or not all(isinstance(size, int) for size in made.shape):
        return None
    return torch.empty(made.shape, dtype=_TYPES[made.type])


def _bind(bind: Callable[..., None], name: str, tensor: Tensor) -> None:
    element = torch.empty(0, dtype=tensor.dtype).numpy().dtype
    bind(name, "cpu", 0, element, list(tensor.shape), tensor.data_ptr())
