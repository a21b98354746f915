"""LiteRT, TensorFlow Lite as it was called, with its XNNPACK kernels for the CPU."""

from __future__ import annotations

import io
import warnings
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from lightbench.engines import Converted, Given, Program
from lightbench.engines.support import converters
from lightbench.engines.support.converters import Converter
from lightbench.engines.support.exported import export
from lightbench.engines.support.vendors import fastest_s
from lightbench.errors import ModelError
from lightbench.process.streams import unheard
from lightbench.records.arguments import tensors_in
from lightbench.records.outputs import OffPath

PACKAGES = ("ai-edge-litert",)
DTYPES = ("float32", "int8")
READS = (".tflite",)
EXPORTS = {"tflite": (".tflite",)}
# It pins packages of ours to other versions, and brings jax and transformers.
CONVERTER = Converter(
    engine="litert",
    packages=("litert-torch>=0.10",),
    size="2 GB",
    script=Path(__file__).parent / "support" / "litert_torch_script.py",
)
_QUANTIZER = "ai-edge-quantizer"  # which litert-torch brings
_DELEGATE = "DELEGATE"  # an operator that stands for all that XNNPACK has taken over at once


def of_its_converter(dtype: str = "float32") -> tuple[str, ...]:
    """The versions of what makes its files in a precision. Raises MissingPackage."""
    known = converters.versions(CONVERTER)
    return (*known, converters.version_of(CONVERTER, _QUANTIZER)) if dtype == "int8" else known


def convert(network: nn.Module, inputs: Sequence[Any], keywords: Mapping[str, Any]) -> Converted:
    """The network in eval mode as a .tflite file, and what of it XNNPACK has not taken; inputs stay as they are, channels before height and width. Raises
    MissingPackage without a converter, and ModelError for a network that cannot be exported or converted."""
    return _converted(network, inputs, keywords)


def quantize(network: nn.Module, samples: Sequence[Given]) -> Converted:
    """By Google's own tool, ai-edge-quantizer, statically: weights with a range for each channel, and all operators that
    it can. Inputs and outputs stay numbers of the network's own precision: to bring them into 8 bits and back is part of
    the file, and of a call. Raises as `convert`."""
    calibration = io.BytesIO()
    torch.save([list(tensors_in(given)) for given in samples], calibration)
    return _converted(network, *samples[0], calibration.getvalue())


def _converted(
    network: nn.Module, inputs: Sequence[Any], keywords: Mapping[str, Any], *calibration: bytes
) -> Converted:
    of_its_converter()
    exported = io.BytesIO()
    with (
        warnings.catch_warnings()
    ):  # what is deprecated in it is no news for those who run -W error
        warnings.simplefilter("ignore")
        torch.export.save(export(network, inputs, keywords), exported)
    model = converters.convert(CONVERTER, exported.getvalue(), type(network).__name__, *calibration)
    left = left_outside(opened(model, threads=1))
    return Converted(
        model,
        tuple(OffPath(path="", op=op, count=count, why="outside XNNPACK") for op, count in left),
    )


_BENCHMARK = (
    "import sys; from ai_edge_litert.tools.benchmark_litert_model import main; sys.exit(main())"
)


def vendor(model: bytes, *, threads: int, calls: int) -> tuple[str, float]:
    """Google's litert-benchmark, and its fastest call in seconds. Raises NotAvailable."""
    asked = (
        *("--model", "net.tflite", "--num_threads", str(threads)),
        *("--num_runs", str(calls), "--warmup_runs", "5", "--result_json", "told.json"),
    )

    def find(told: Any) -> Any:
        return told["latency"]["min_ms"]

    tool = "litert-benchmark"
    return tool, fastest_s(tool, _BENCHMARK, lambda _: asked, model, ".tflite", find)


def runtime() -> None:
    """Import it."""
    import ai_edge_litert.interpreter  # noqa: F401


def load(
    model: bytes | Path,
    inputs: Sequence[Tensor] | Mapping[str, Tensor],
    *,
    threads: int,
    **_how: Any,
) -> Program:
    """What is in the inputs is handed over when the context is entered, outside the clock: the interpreter's memory is
    its own, and is let be by calls. An answer is copied out of it in the call, as whoever uses LiteRT from Python
    does."""
    interpreter = opened(model, threads=threads)
    if isinstance(inputs, Mapping):
        takes = {each["name"]: each for each in interpreter.get_input_details()}
        named, gives = dict(inputs), interpreter.get_output_details()
    else:
        signature = interpreter.get_signature_runner()
        takes, told = signature.get_input_details(), signature.get_output_details()
        # As the converter calls them; one that the network does not read may be missing.
        named = {f"args_{i}": x for i, x in enumerate(inputs)}
        gives = [told[f"output_{i}"] for i in range(len(told))]
    if strange := [name for name in takes if name not in named]:
        raise ModelError(f"its model has an input {strange[0]!r}, which is none of the network's.")
    given = [(takes[name]["index"], takes[name]["dtype"], named[name]) for name in takes]
    open_sizes = [each for each in given if list(each[2].shape) != _shape(takes, each[0])]
    for index, _, tensor in open_sizes:
        interpreter.resize_tensor_input(index, list(tensor.shape))
    if open_sizes:
        interpreter.allocate_tensors()
    answers = [each["index"] for each in gives]
    set_tensor, get_tensor, invoke = (
        interpreter.set_tensor,
        interpreter.get_tensor,
        interpreter.invoke,
    )

    @contextmanager
    def context() -> Iterator[None]:
        for index, kind, tensor in given:  # whole numbers of 64 bits are converted to 32
            set_tensor(index, tensor.detach().numpy().astype(kind, copy=False))
        with torch.inference_mode():
            yield

    def call() -> list[Tensor]:
        invoke()
        return [torch.from_numpy(get_tensor(index)) for index in answers]

    return Program(call, context)


def _shape(takes: Mapping[str, Any], index: int) -> list[int]:
    return next(
        [int(n) for n in each["shape"]] for each in takes.values() if each["index"] == index
    )


def opened(model: bytes | Path, *, threads: int) -> Any:
    """An interpreter of a .tflite file, ready to be called."""
    with unheard():  # that there is XNNPACK
        from ai_edge_litert.interpreter import Interpreter

        content = model if isinstance(model, bytes) else model.read_bytes()
        interpreter = Interpreter(model_content=content, num_threads=threads)
        interpreter.allocate_tensors()
    return interpreter


def left_outside(interpreter: Any) -> tuple[tuple[str, int], ...]:
    """The operators that XNNPACK has not taken over, which LiteRT's own and slower kernels compute, and how many there
    are of each, most first. The interpreter lists all that there were, and for each part that was taken over
    one more, from the part's inputs to its outputs: what lies between them was taken."""
    operators = interpreter._get_ops_details()  # noqa: SLF001  there is no other way to know
    made_by = {
        out: i
        for i, op in enumerate(operators)
        if op["op_name"] != _DELEGATE
        for out in op["outputs"]
    }
    taken: set[int] = set()
    for part in (op for op in operators if op["op_name"] == _DELEGATE):
        given, wanted = set(part["inputs"]), list(part["outputs"])
        while wanted:
            i = made_by.get(wanted.pop())
            if i is not None and i not in taken:
                taken.add(i)
                wanted += [x for x in operators[i]["inputs"] if x not in given]
    names = (op["op_name"] for i, op in enumerate(operators) if i not in taken)
    return tuple(Counter(name for name in names if name != _DELEGATE).most_common())
