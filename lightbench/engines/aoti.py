"""AOTInductor on the CPU: PyTorch's compiler ahead of time, a library that needs no Python."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch
from torch import Tensor, nn
from torch._inductor import config

from lightbench.engines import Program
from lightbench.engines.support import compiler, exported
from lightbench.process import switches

PACKAGES = ("torch",)
DTYPES = ("float32", "float64")
_BY = "AOTInductor"


def convert(network: nn.Module, inputs: Sequence[Any], keywords: Mapping[str, Any]) -> bytes:
    """A .pt2 file: machine code for this processor and as many threads as PyTorch has now. What is compiled lies in
    a folder that goes with it; PyTorch keeps headers and what it has tried of the compiler, as in any program. Raises
    ModelError, and NotAvailable without a C++ compiler."""
    name = type(network).__name__
    made = BytesIO()
    with compiler.quiet(), torch.no_grad(), TemporaryDirectory(prefix="lightbench_") as folder:
        program = exported.export(network, inputs, keywords)
        with config.patch({"aot_inductor.output_path": f"{folder}{os.sep}"}):
            try:
                torch._inductor.aoti_compile_and_package(program, package_path=made)  # noqa: SLF001
            except Exception as error:
                raise compiler.explained(name, error, _BY) from error
    return made.getvalue()


def made_with() -> str:
    """The compiler, and the threads that are told to it."""
    from torch._inductor import cpp_builder

    try:
        found = cpp_builder.get_cpp_compiler()
        return f"{found} {cpp_builder.get_compiler_version_info(found)} {torch.get_num_threads()}"
    except Exception as error:
        raise compiler.explained("it", error, _BY) from error


def runtime() -> None:
    """Import it: it is PyTorch's, and its memory is not told from that of the network."""
    import torch._inductor.package  # noqa: F401


def load(
    model: bytes,
    inputs: Sequence[Tensor],
    *,
    threads: int,
    **_how: Any,
) -> Program:
    """A library is loaded from a file, and a file that is loaded may be gone: nothing of it stays in the folder of
    temporary files, however the process ends."""
    with (
        TemporaryDirectory(prefix="lightbench_", ignore_cleanup_errors=True) as folder,
        switches.held({}, ("environment variables",)),
    ):
        os.environ["TMPDIR"] = folder  # where it is unpacked
        file = Path(folder, "model.pt2")
        file.write_bytes(model)
        single = threads == 1
        made = torch._inductor.aoti_load_package(str(file), run_single_threaded=single)  # noqa: SLF001
    run, given = made.loader.run, [x.detach() for x in inputs]

    def call() -> Sequence[Tensor]:
        return run(given)

    return Program(call, torch.inference_mode)
