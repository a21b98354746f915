"""ncnn on the CPU, one image at a time: the network is traced, and pnnx makes ncnn's files of it.

It knows no batch: what it takes and gives is one image, or one of whatever the network works on.
"""

from __future__ import annotations

import os
import tempfile
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import numpy as np
import torch
from torch import Tensor, nn

from lightbench.engines import Program
from lightbench.engines.support.exported import OfTensors
from lightbench.errors import ModelError, UsageError
from lightbench.process.streams import unheard
from lightbench.records.arguments import tensors_in
from lightbench.records.failure import explain_plainly
from lightbench.workers import autoload, journal, programs
from lightbench.workers.clean_start import without_secrets

PACKAGES = ("ncnn", "pnnx")
DTYPES = ("float32",)
EXPORTS = {"ncnn": (".param", ".bin")}
# Of its options these make it compute or store in less than float32, some of them unless told otherwise. bfloat16 is
# wrong altogether in grouped convolutions.
_SHORT = (
    "use_fp16_packed",
    "use_fp16_storage",
    "use_fp16_arithmetic",
    "use_bf16_packed",
    "use_bf16_storage",
)
_TRY = "Try --engine eager."


class _File(NamedTuple):
    """ncnn's two files, and of which shapes the network's own answers are: ncnn's have no first dimension."""

    param: str
    weights: bytes
    shapes: list[list[int]]


def convert(network: nn.Module, inputs: Sequence[Any], keywords: Mapping[str, Any]) -> bytes:
    """The network in eval mode, with weights in float32. Raises UsageError for more than one image, and ModelError
    for a network that cannot be traced, or that has operators which ncnn has not."""
    tensors = list(tensors_in((inputs, keywords)))
    _refuse(tensors)
    name = type(network).__name__
    with tempfile.TemporaryDirectory() as place:  # pnnx leaves eight files
        folder = Path(place)
        try:
            shapes = _trace(OfTensors(network, inputs, keywords).eval(), tensors, folder / "m.pt")
        except Exception as error:
            reason = explain_plainly(f"{name} cannot be traced", error)
            raise ModelError(reason.message, _TRY) from error
        _run_pnnx(name, tensors, folder)
        param = (folder / "m.ncnn.param").read_text()
        _refuse_unknown(name, param)
        return msgspec.msgpack.encode(
            _File(param, (folder / "m.ncnn.bin").read_bytes(), shapes),
        )


def save(model: bytes, file: Path) -> None:
    """ncnn's two files: net.param, and beside it net.bin with the weights."""
    made = msgspec.msgpack.decode(model, type=_File)
    file.write_text(made.param)
    file.with_suffix(".bin").write_bytes(made.weights)


def runtime() -> None:
    """Import it."""
    import ncnn  # noqa: F401


def load(
    model: bytes,
    inputs: Sequence[Tensor],
    *,
    threads: int,
    **_how: Any,
) -> Program:
    """Computes in float32: unless told, ncnn stores and computes in float16, which is up to 2 % off. What is in the
    inputs is handed over when the context is entered, outside the clock: ncnn's memory is its own."""
    _refuse(inputs)
    file = msgspec.msgpack.decode(model, type=_File)
    net = _loaded(file, threads)
    takes, gives = net.input_names(), net.output_names()
    outs = [(f"out{i}", torch.Size(shape)) for i, shape in enumerate(file.shapes)]
    # A Mat that is laid over an array crashes the process where the first layer works in place: these own their memory.
    mats = {f"in{i}": _mat(x) for i, x in enumerate(inputs)}
    if {*takes} != {*mats} or not {*gives} >= {
        name for name, _ in outs
    }:  # they are numbered otherwise
        raise ModelError(
            f"ncnn's model has inputs {', '.join(takes)} and answers {', '.join(gives)}, where the network has"
            f" {len(mats)} and {len(outs)}.",
            _TRY,
        )
    views = [(_view(mat), x[0]) for mat, x in zip(mats.values(), inputs, strict=True)]

    @contextmanager
    def context() -> Iterator[None]:
        with torch.inference_mode():
            for view, tensor in views:
                view.copy_(tensor)
            yield

    def call() -> list[Tensor]:
        extractor = net.create_extractor()
        for name, mat in mats.items():
            extractor.input(name, mat)
        return [_answer(extractor.extract(name), shape) for name, shape in outs]

    return Program(call, context)


def _refuse(tensors: Sequence[Tensor]) -> None:
    for tensor in tensors:
        if tensor.dim() < 2 or tensor.shape[0] != 1:
            shape = "x".join(map(str, tensor.shape)) or "a number"
            raise UsageError(
                f"ncnn has no batch: it takes one image a call, 1x..., and is given {shape}.",
                "Try --batch 1, or --engine eager.",
            )
        if tensor.dtype != torch.float32:
            kind = str(tensor.dtype).removeprefix("torch.")
            raise UsageError(f"ncnn takes inputs of float32 here, and is given {kind}.", _TRY)


def _trace(flat: OfTensors, tensors: Sequence[Tensor], file: Path) -> list[list[int]]:
    """As TorchScript. Gives the shapes of the answers."""
    # Tracing is deprecated, and warns of what it cannot follow: no news for those who run -W error.
    with warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("ignore")
        traced = torch.jit.trace(flat, tuple(tensors), check_trace=False)  # type: ignore[no-untyped-call]
        traced.save(str(file))
        return [list(x.shape) for x in flat(*tensors)]


def _run_pnnx(name: str, tensors: Sequence[Tensor], folder: Path) -> None:
    import pnnx

    shapes = ",".join("[" + ",".join(map(str, x.shape)) + "]f32" for x in tensors)
    # Unless told it makes float16 of the weights.
    command = (pnnx.EXEC_PATH, "m.pt", f"inputshape={shapes}", "fp16=0")
    ended = programs.run(
        command,
        environ=without_secrets(autoload.handed_on(os.environ)),
        folder=folder,
        limit_s=journal.patience_s(),
    )
    made = all((folder / f"m.ncnn.{part}").is_file() for part in ("param", "bin"))
    if ended.how or not made:
        raise ModelError(
            f"{name} cannot be made into ncnn's files: pnnx: {ended.why()}",
            _TRY,
        )


def _refuse_unknown(name: str, param: str) -> None:
    """What pnnx cannot translate it leaves as it was, and says so in passing."""
    import ncnn

    layers = (line.split()[0] for line in param.splitlines()[2:] if line.strip())
    with unheard():
        unknown = sorted({layer for layer in layers if ncnn.create_layer(layer) is None})
    # Arguments of the operators, which pnnx leaves beside them.
    if named := [layer for layer in unknown if layer != "pnnx.Expression"] or unknown:
        raise ModelError(f"ncnn has no {', no '.join(named)}, which {name} needs.", _TRY)


def _loaded(file: _File, threads: int) -> Any:
    import ncnn

    net = ncnn.Net()
    net.opt.num_threads = threads
    net.opt.use_vulkan_compute = False
    for option in _SHORT:
        setattr(net.opt, option, False)
    with unheard(), tempfile.TemporaryDirectory() as place:
        param, weights = Path(place, "m.param"), Path(place, "m.bin")
        param.write_text(file.param)
        weights.write_bytes(file.weights)
        if net.load_param(str(param)) or net.load_model(str(weights)):
            raise ModelError("ncnn does not read its own files of this network.", _TRY)
    return net


def _mat(tensor: Tensor) -> Any:
    import ncnn

    return ncnn.Mat(tensor.detach()[0].numpy()).clone()


def _view(mat: Any) -> Tensor:
    """Of its memory, in which channels may lie apart."""
    return torch.from_numpy(np.asarray(mat))


def _answer(extracted: tuple[int, Any], shape: torch.Size) -> Tensor:
    code, mat = extracted
    if code:
        raise ModelError(f"ncnn fails with code {code}.", _TRY)
    # numpy reshapes in 0.3 us where torch takes 2: of a call of 5.
    said = np.asarray(mat)
    return torch.from_numpy(said.reshape(shape) if said.size == shape.numel() else said)
