"""ExecuTorch on the CPU: operators that XNNPACK has run there, others in portable kernels."""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, redirect_stderr
from io import StringIO
from typing import Any

import torch
from torch import Tensor, fx, nn
from torch._ops import OpOverload
from torch.export import ExportedProgram

from lightbench.engines import Converted, Given, Program
from lightbench.engines.support import exported
from lightbench.errors import MissingPackage, ModelError, how_to_install
from lightbench.process import streams, switches
from lightbench.records.arguments import tensors_in
from lightbench.records.outputs import OffPath

# ExecuTorch asks for some 20 more, none of which is used here.
PACKAGES = ("executorch", "torchao", "flatbuffers", "ruamel.yaml", "tabulate")
DTYPES = ("float32", "int8")
EXPORTS = {"pte": (".pte",)}
ARENA = "as its compiler has planned it, without what XNNPACK takes for itself"


def convert(network: nn.Module, inputs: Sequence[Any], keywords: Mapping[str, Any]) -> Converted:
    """A .pte file, and what of it XNNPACK has not taken. Raises ModelError for a network that cannot be made one, and
    MissingPackage."""
    with _kept(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        program = exported.export(network, inputs, keywords)
    return _lowered(program, type(network).__name__)


def quantize(network: nn.Module, samples: Sequence[Given]) -> Converted:
    """By its own quantizer for XNNPACK, statically: weights with a range for each channel. Raises as `convert`."""
    with _importing():
        from executorch.backends.xnnpack.quantizer.xnnpack_quantizer import (
            XNNPACKQuantizer,
            get_symmetric_quantization_config,
        )
        from torchao.quantization.pt2e.quantize_pt2e import convert_pt2e, prepare_pt2e
    quantizer = XNNPACKQuantizer()
    quantizer.set_global(get_symmetric_quantization_config(is_per_channel=True))
    tensors = [tuple(tensors_in(given)) for given in samples]
    with _kept(), warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("ignore")
        ready = prepare_pt2e(exported.export(network, *samples[0]).module(), quantizer)
        for each in tensors:
            ready(*each)
        program = torch.export.export(convert_pt2e(ready), tensors[0], strict=False)
    return _lowered(program, type(network).__name__)


def _lowered(program: ExportedProgram, name: str) -> Converted:
    with _importing():
        from executorch.backends.xnnpack.partition.xnnpack_partitioner import XnnpackPartitioner
        from executorch.exir import to_edge_transform_and_lower
    with _kept(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            edge = to_edge_transform_and_lower(program, partitioner=[XnnpackPartitioner()])
            made = edge.to_executorch()
        except Exception as error:
            what = f"{name} cannot be made an ExecuTorch program"
            raise exported.refused(what, error) from error
    if edge.exported_program().graph_signature.user_inputs_to_mutate:
        raise ModelError(
            f"{name} overwrites its input, which an ExecuTorch program cannot do.",
            "Try --engine eager.",
        )
    return Converted(bytes(made.buffer), off_path(made.exported_program().graph))


def off_path(graph: fx.Graph) -> tuple[OffPath, ...]:
    """The operators that are called one by one, of a graph whose other nodes are parts for XNNPACK, memory and views.
    Those on single numbers are left out."""
    calls = (node for node in graph.nodes if isinstance(node.target, OpOverload))
    found = Counter(
        (exported.path_of(node), node.target.__name__.partition(".")[0])
        for node in calls
        if max(map(_numbers, (node, *node.all_input_nodes))) > 1
    )
    return tuple(
        OffPath(path=path, op=op, count=count, why="outside XNNPACK")
        for (path, op), count in found.items()
    )


def _numbers(node: fx.Node) -> int:
    """In the largest tensor that it makes."""
    return max((x.numel() for x in tensors_in(node.meta.get("val"))), default=0)


class _Loaded:
    """A program with the pool of threads that it was loaded with. The pool is one for the whole process, and XNNPACK
    keeps its address: once another program has asked for another number, this one is loaded anew."""

    pools = 0  # that there were so far, in this process

    def __init__(self, model: bytes, inputs: Sequence[Tensor], threads: int) -> None:
        self.model, self.threads = model, threads
        self.inputs = tuple(x.detach() for x in inputs)
        self.load()

    def load(self) -> None:
        with _importing():
            import executorch.kernels.quantized  # noqa: F401  operators of int8, by being imported
            from executorch.extension.pybindings import portable_lib
            from executorch.runtime import Runtime, Verification
        with redirect_stderr(StringIO()):  # what its C++ says goes to Python's stream
            if portable_lib._threadpool_get_thread_count() != self.threads:  # noqa: SLF001
                portable_lib._unsafe_reset_threadpool(self.threads)  # noqa: SLF001
                _Loaded.pools += 1
            self.pool = _Loaded.pools
            self.program = Runtime.get().load_program(self.model, verification=Verification.Minimal)
            self.execute = self.program.load_method("forward").execute

    def call(self) -> Sequence[Any]:
        try:
            answer: Sequence[Any] = self.execute(self.inputs)
        except RuntimeError as error:  # what it says on stderr tells more
            reason = str(error).strip().rstrip(".")
            message = f"ExecuTorch cannot run it: {reason}."
            raise ModelError(message, "Try --engine eager.") from error
        return answer

    @contextmanager
    def context(self) -> Iterator[None]:
        if self.pool != _Loaded.pools:
            with streams.unheard():  # it tells everybody
                self.load()
        with torch.inference_mode():
            yield


def runtime() -> None:
    """Import it."""
    with _importing():
        import executorch.runtime  # noqa: F401


def load(
    model: bytes,
    inputs: Sequence[Tensor],
    *,
    threads: int,
    **_how: Any,
) -> Program:
    """Each call copies its inputs and outputs, as programs do that are made and run by default."""
    loaded = _Loaded(model, inputs, threads)
    return Program(loaded.call, loaded.context)


def arena(model: bytes, _inputs: Sequence[Tensor], **_how: Any) -> int:
    """What its compiler has planned, which is exact, and known without running it; weights are not in it."""
    with _importing():
        from executorch.exir._serialize._program import deserialize_pte_binary
    plans = deserialize_pte_binary(model).program.execution_plan
    # The first buffer of a plan stands for constants, and has no size of its own.
    return int(sum(size for plan in plans for size in plan.non_const_buffer_sizes[1:]))


@contextmanager
def _importing() -> Iterator[None]:
    """Its packages warn that they are experimental, and set environment variables."""
    with _kept(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            yield
        except (ImportError, OSError) as error:
            raise MissingPackage(
                f"executorch does not load: {str(error).strip().rstrip('.')}.",
                how_to_install(*PACKAGES),
            ) from error


def _kept() -> AbstractContextManager[None]:
    return switches.held({}, ("environment variables",))
