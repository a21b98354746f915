"""PyTorch's compiler, as a call or ahead of time: what goes wrong in it, in words."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager

from lightbench.engines.support.exported import refused
from lightbench.errors import LightbenchError, MissingPackage, ModelError, NotAvailable

# What goes wrong in PyTorch, by the name of its exception -> what it is here, and the next step.
_MEANS: dict[str, tuple[type[LightbenchError], str, str]] = {
    "InvalidCxxCompiler": (
        MissingPackage,
        "{by} finds no C++ compiler that works",
        "Install g++, or name yours in the environment: CXX=clang++. Or try --engine eager.",
    ),
    "CppCompileError": (
        NotAvailable,
        "{by} cannot use this C++ compiler",
        "It needs g++ 9 or newer with Python's headers (python3-dev). Or try --engine eager.",
    ),
    "TritonMissing": (
        MissingPackage,
        "{by} needs triton for this device",
        "Install it: pip install triton. Or try --engine eager.",
    ),
    "GPUTooOldForTriton": (
        NotAvailable,
        "{by} does not know this device: triton is for newer ones",
        "Try --engine eager.",
    ),
    "FailOnRecompileLimitHit": (
        ModelError,
        "{network} is compiled anew call after call: something in it changes each time",
        "TORCH_LOGS=recompiles says what. Or try --engine eager.",
    ),
}


def explained(network: str, error: Exception, by: str) -> LightbenchError:
    """Why it cannot be compiled; ``by`` is the compiler, as users know it."""
    inner = getattr(error, "inner_exception", error)
    for kind in (type(inner), type(error)):
        if kind.__name__ in _MEANS:
            means, message, hint = _MEANS[kind.__name__]
            return means(
                f"{message.format(by=by, network=network)}{_first_complaint(inner)}.", hint
            )
    return refused(f"{network} cannot be compiled", inner)


def _first_complaint(error: BaseException) -> str:
    """Of a C++ compiler's output, the line that says what is wrong."""
    lines = str(getattr(error, "output", "")).splitlines()
    return next((f": {line.strip().rstrip('.')}" for line in lines if "error" in line), "")


@contextmanager
def quiet() -> Iterator[None]:
    """PyTorch's compiler uses what PyTorch itself has deprecated: no news for those who run -W error."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        warnings.simplefilter("ignore", FutureWarning)
        warnings.filterwarnings("ignore", module=r"torch\._(dynamo|functorch|inductor)\b")
        yield
