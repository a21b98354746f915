"""PyTorch's compiler, torch.compile: kernels for exactly these shapes.

The first call compiles, for seconds to minutes; it is timed apart, as ``first_call_s``. PyTorch keeps
compiled kernels on disk as it does in any program, so that the next time the same network takes less
(TORCHINDUCTOR_FORCE_DISABLE_CACHES=1: the full time, always).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from itertools import chain, repeat
from types import FunctionType
from typing import Any

import torch
from torch import nn
from torch._dynamo import config, exc

from lightbench.engines import NO_KEYWORDS, Context, Program, eager
from lightbench.engines.support import compiler
from lightbench.errors import NotAvailable
from lightbench.records import Mode
from lightbench.records.arguments import tensors_in

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
    with compiler.quiet() if quiet else nullcontext(), strict, context():
        try:
            yield
        except (exc.TorchDynamoException, exc.FailOnRecompileLimitHit) as error:
            raise compiler.explained(name, error, "torch.compile") from error
