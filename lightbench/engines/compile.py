"""PyTorch's compiler, torch.compile: kernels for exactly these shapes.

The first call compiles, for seconds to minutes; it is timed apart, as ``first_call_s``. PyTorch keeps
compiled kernels on disk as it does in any program, so that the next time the same network takes less
(TORCHINDUCTOR_FORCE_DISABLE_CACHES=1: the full time, always).
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from itertools import chain, repeat
from types import FunctionType
from typing import Any

import torch
from torch import nn
from torch._dynamo import config, exc

from lightbench.engines import NO_KEYWORDS, Context, Program, eager
from lightbench.errors import LightbenchError, MissingPackage, ModelError, NotAvailable
from lightbench.records import Mode
from lightbench.records.arguments import tensors_in
from lightbench.records.failure import explain_plainly

# What goes wrong in PyTorch, by the name of its exception -> what it is here, and the next step.
_MEANS: dict[str, tuple[type[LightbenchError], str, str]] = {
    "InvalidCxxCompiler": (
        MissingPackage,
        "torch.compile finds no C++ compiler that works",
        "Install g++, or name yours in the environment: CXX=clang++. Or try --engine eager.",
    ),
    "CppCompileError": (
        NotAvailable,
        "torch.compile cannot use this C++ compiler",
        "It needs g++ 9 or newer with Python's headers (python3-dev). Or try --engine eager.",
    ),
    "TritonMissing": (
        MissingPackage,
        "torch.compile needs triton for this device",
        "Install it: pip install triton. Or try --engine eager.",
    ),
    "GPUTooOldForTriton": (
        NotAvailable,
        "torch.compile does not know this device: triton is for newer ones",
        "Try --engine eager.",
    ),
    "FailOnRecompileLimitHit": (
        ModelError,
        "{network} is compiled anew call after call: something in it changes each time",
        "TORCH_LOGS=recompiles says what. Or try --engine eager.",
    ),
}

# Code that runs between two graphs is shared by all networks of a class, and so is this limit.
# Beyond it PyTorch would go on in eager, without a word.
_RECOMPILES = 64


def prepare(
    network: nn.Module,
    inputs: Sequence[Any],
    keywords: Mapping[str, Any] = NO_KEYWORDS,
    *,
    mode: Mode,
) -> Program:
    """As in eager, with the forward pass compiled, and for ``train`` its backward pass too. What cannot
    be compiled in one piece runs in several, with Python in between (graph breaks). On the meta
    device nothing runs, and nothing is compiled. Changes ``network``, and none of what the caller
    has compiled. Raises ModelError, and NotAvailable without what PyTorch compiles with: the latter
    also when the context is left."""
    if _is_meta(network, (inputs, keywords)):
        return eager.prepare(network, inputs, keywords, mode=mode)
    name = type(network).__name__
    with _compiling(name, nullcontext, quiet=True):
        _refuse_if_disabled()
        network.forward = torch.compile(_own_code(network.forward), dynamic=False)
    program = eager.prepare(network, inputs, keywords, mode=mode)
    # Quiet once: each change of the filters makes Python forget which warnings it has shown.
    quiet = chain([True], repeat(False))

    def compiling(context: Context) -> Context:
        return lambda: _compiling(name, context, quiet=next(quiet))

    return program.around(compiling)


def _is_meta(network: nn.Module, inputs: Any) -> bool:
    leaves = (*network.parameters(), *tensors_in(inputs))
    return any(x.is_meta for x in leaves)


def _refuse_if_disabled() -> None:
    """Then torch.compile does nothing, and what is called compiled would be eager."""
    if config.disable:
        raise NotAvailable(
            "torch.compile is switched off by TORCH_COMPILE_DISABLE.",
            "Unset it, or try --engine eager.",
        )


def _own_code(forward: Callable[..., Any]) -> Callable[..., Any]:
    """The same function with a code object of its own. PyTorch keeps what it compiles by code object,
    8 of each: without this the ninth network of a class, or of another width, would run in eager."""

    def call(*args: Any, **kwargs: Any) -> Any:
        return forward(*args, **kwargs)

    return FunctionType(
        call.__code__.replace(), call.__globals__, call.__name__, None, call.__closure__
    )


@contextmanager
def _compiling(name: str, context: Context, *, quiet: bool) -> Iterator[None]:
    """Around calls: what fails to compile is an error that says so, never a silent eager run."""
    strict = config.patch(
        suppress_errors=False, fail_on_recompile_limit_hit=True, recompile_limit=_RECOMPILES
    )
    with _quiet() if quiet else nullcontext(), strict, context():
        try:
            yield
        except (exc.TorchDynamoException, exc.FailOnRecompileLimitHit) as error:
            raise _explained(name, error) from error


def _explained(name: str, error: Exception) -> LightbenchError:
    inner = getattr(error, "inner_exception", error)
    for kind in (type(inner), type(error)):
        if kind.__name__ in _MEANS:
            means, message, hint = _MEANS[kind.__name__]
            return means(f"{message.format(network=name)}{_first_complaint(inner)}.", hint)
    reason = explain_plainly(f"{name} cannot be compiled", inner)
    if type(reason) is ModelError and not reason.hint:
        return ModelError(reason.message, "Try --engine eager.")
    return reason


def _first_complaint(error: BaseException) -> str:
    """Of a C++ compiler's output, the line that says what is wrong."""
    lines = str(getattr(error, "output", "")).splitlines()
    return next((f": {line.strip().rstrip('.')}" for line in lines if "error" in line), "")


@contextmanager
def _quiet() -> Iterator[None]:
    """PyTorch's compiler uses what PyTorch itself has deprecated: no news for those who run -W error."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        warnings.simplefilter("ignore", FutureWarning)
        warnings.filterwarnings("ignore", module=r"torch\._(dynamo|functorch|inductor)\b")
        yield
