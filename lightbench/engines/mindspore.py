"""MindSpore on the CPU, in graph mode: its own networks, each a Cell, and none of PyTorch's."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, NoReturn

import torch
from torch import Tensor, nn

from lightbench.engines import Program
from lightbench.errors import UsageError

PACKAGES = ("mindspore",)
DTYPES = ("float32",)
READS = ("mindspore.nn.Cell",)

_THREADS: list[int] = []  # that this process has; MindSpore takes a number once


def convert(network: nn.Module, inputs: Sequence[Any], keywords: Mapping[str, Any]) -> NoReturn:  # noqa: ARG001
    """Raises UsageError: it has its own networks."""
    raise UsageError(
        f"mindspore runs its own networks, and {type(network).__name__} is one of PyTorch's.",
        "Name a file with a mindspore.nn.Cell: path/file.py:Net; or try --engine onnxruntime.",
    )


def runtime() -> None:
    """Import it."""
    import mindspore  # noqa: F401


def load(
    model: Any,
    inputs: Mapping[str, Tensor],
    *,
    threads: int,
    **_how: Any,
) -> Program:
    """A Cell in evaluation mode, compiled as a whole in its first call. Operators are started by one thread, since with
    more MindSpore tries in its first fifty calls which number is faster. What is in the inputs is handed over when
    the context is entered, outside the clock. Raises UsageError for another number of threads than before: a process
    has one."""
    import mindspore

    with _in_graph_mode():
        _take(threads)
    model.set_train(mode=False)
    given: list[Any] = []

    @contextmanager
    def context() -> Iterator[None]:
        given[:] = [mindspore.Tensor(x.numpy()) for x in inputs.values()]
        with _in_graph_mode(), torch.inference_mode():
            yield

    def call() -> list[Tensor]:
        # The numbers are asked for: before that they may not be there.
        return [torch.from_numpy(x.asnumpy()) for x in _tensors(model(*given))]

    return Program(call, context)


@contextmanager
def _in_graph_mode() -> Iterator[None]:
    import mindspore

    mode = mindspore.get_context("mode")
    mindspore.set_context(mode=mindspore.GRAPH_MODE)
    try:
        yield
    finally:
        mindspore.set_context(mode=mode)


def _take(threads: int) -> None:
    """Those of its pool, which kernels share: that many, and the one that starts them. MindSpore's own function for it
    takes no 0, with which all runs in the thread that calls."""
    import mindspore
    from mindspore._c_expression import RuntimeConf

    if _THREADS and [threads] != _THREADS:
        raise UsageError(
            f"mindspore has {_THREADS[0]} threads in this process, and takes no other number.",
            "Ask for each number of --threads in a run of its own.",
        )
    if not _THREADS:
        settings = RuntimeConf.get_instance()
        settings.set_op_threads_num(threads - 1)
        settings.set_dispatch_threads_num(1)
        one = mindspore.Tensor(torch.ones(1).numpy())
        mindspore.nn.ReLU()(one).asnumpy()  # makes the pool, and warns that it is small
        _THREADS.append(threads)


def _tensors(answer: Any) -> Iterator[Any]:
    """Of one tensor, or of those in tuples and lists."""
    if isinstance(answer, (tuple, list)):
        for one in answer:
            yield from _tensors(one)
    else:
        yield answer
