"""The switches of a process that decide how fast the same code runs, and what a network's code sets of them.

A file may set them when it is imported (``torch.backends.mkldnn.enabled = False``) or in ``forward``.
Left alone that holds for every network that is timed after it. So what is set is put back, and is in
force again whenever that network is used: each starts from the same switches, and keeps its own.
"""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, suppress
from functools import cache, partial
from operator import attrgetter
from typing import Any, NamedTuple

import torch
from torch.nn.modules import module as global_hooks

Values = Mapping[str, Any]


class Switch(NamedTuple):
    """One of them. ``told``: a reader must know when a network sets it; ``of_case``: the case, or who
    runs it, says it, whatever a file sets."""

    get: Callable[[], Any]
    set: Callable[[Any], Any]
    told: bool = True
    of_case: bool = False


def now() -> dict[str, Any]:
    """All of them. One that this PyTorch does not know is left out."""
    found = {}
    for name, switch in _switches().items():
        try:
            found[name] = switch.get()
        except (AttributeError, RuntimeError):  # of another version, or built without it
            continue
    return found


def changed(before: Values) -> dict[str, Any]:
    """What is not as it was ``before``: what it is now."""
    return {
        name: value for name, value in now().items() if name in before and before[name] != value
    }


def put(values: Values) -> None:
    """Set these; some decide others, and are set before them."""
    for name, switch in _switches().items():
        if name in values:
            switch.set(values[name])


def told(values: Values) -> dict[str, Any]:
    """Those of which a reader must know."""
    return {name: value for name, value in values.items() if _switches()[name].told}


@contextmanager
def kept() -> Iterator[dict[str, Any]]:
    """Whatever is set inside is put back; gives what they were."""
    before = now()
    try:
        yield before
    finally:
        put({name: before[name] for name in changed(before)})


def own(before: Values) -> dict[str, Any]:
    """What code that was just loaded has set. What the case decides is put back at once, and not
    among it."""
    found = changed(before)
    free = without_cases(found)
    put({name: before[name] for name in found.keys() - free.keys()})
    return free


def without_cases(values: Values) -> dict[str, Any]:
    """Those that no case decides."""
    return {name: value for name, value in values.items() if not _switches()[name].of_case}


@contextmanager
def held(values: Values, also: Iterable[str] = ()) -> Iterator[None]:
    """Inside, ``values`` are set; these and ``also`` are put back."""
    touched = {*values, *also}
    before = {name: s.get() for name, s in _switches().items() if name in touched}
    put(values)
    try:
        yield
    finally:
        put(before)


def holding(
    context: Callable[[], AbstractContextManager[Any]], values: Values, also: Iterable[str]
) -> Callable[[], AbstractContextManager[Any]]:
    """The context, with these switches around it; the very same one if there are none."""
    also = tuple(also)
    if not values and not also:
        return context

    @contextmanager
    def around() -> Iterator[None]:
        with held(values, also), context():
            yield

    return around


def said(values: Values) -> str:
    """``oneDNN off, float32 matmul precision medium``; of what has no short value its name."""
    return ", ".join(f"{name} {_word(value)}".rstrip() for name, value in values.items())


def _word(value: Any) -> str:
    first = value[0] if isinstance(value, tuple) else value
    if isinstance(first, bool):
        return "on" if first else "off"
    short = isinstance(first, (str, int, float, torch.dtype))
    return str(first).removeprefix("torch.") if short else ""


@cache
def _switches() -> dict[str, Switch]:
    return {**_PYTORCH, **_PRECISIONS, **_PYTHON}


def named(*names: str) -> tuple[Switch, ...]:
    """The switches of these names."""
    return tuple(_switches()[name] for name in names)


def _attribute(path: str) -> Switch:
    """``torch.backends.`` and what a user would write behind it."""
    holder, _, name = path.rpartition(".")
    owner = attrgetter(holder)
    return Switch(
        lambda: getattr(owner(torch.backends), name),
        lambda value: setattr(owner(torch.backends), name, value),
    )


def _inner(get: str, put: str) -> Switch:
    """Functions that PyTorch itself calls for it; another version may not have them."""

    def call(name: str, *value: Any) -> Any:
        return getattr(torch._C, name)(*value)  # noqa: SLF001

    return Switch(partial(call, get), partial(call, put))


def _swapped(name: str) -> Switch:
    """One that can only be read by being set."""

    def swap(value: bool) -> bool:  # noqa: FBT001  a setter
        return bool(getattr(torch._C, name)(value))  # noqa: SLF001

    def get() -> bool:
        value = swap(True)
        swap(value)
        return value

    return Switch(get, swap)


def _default_device() -> str | None:
    context = getattr(torch._GLOBAL_DEVICE_CONTEXT, "device_context", None)  # noqa: SLF001
    return (
        None if context is None else str(context.device)
    )  # "cpu" by choice is slower than by default


def _autocast(kind: str) -> Switch:
    def put_autocast(value: tuple[bool, torch.dtype]) -> None:
        torch.set_autocast_enabled(kind, value[0])
        torch.set_autocast_dtype(kind, value[1])

    return Switch(
        lambda: (torch.is_autocast_enabled(kind), torch.get_autocast_dtype(kind)), put_autocast
    )


def flushes_denormals() -> bool:
    """Are numbers too small for full precision taken for zero, on this thread? PyTorch does not tell."""
    return sys.float_info.min / 2 == 0.0


def _check_sparse(value: bool) -> None:  # noqa: FBT001  a setter
    checks = torch.sparse.check_sparse_tensor_invariants
    (checks.enable if value else checks.disable)()  # type: ignore[no-untyped-call]


_PYTORCH: dict[str, Switch] = {
    "threads": Switch(torch.get_num_threads, torch.set_num_threads, of_case=True),
    "default dtype": Switch(torch.get_default_dtype, torch.set_default_dtype),
    "default device": Switch(_default_device, torch.set_default_device),
    "gradients": Switch(torch.is_grad_enabled, torch.set_grad_enabled),
    "deterministic algorithms": Switch(
        lambda: (
            torch.are_deterministic_algorithms_enabled(),
            torch.is_deterministic_algorithms_warn_only_enabled(),
        ),
        lambda value: torch.use_deterministic_algorithms(value[0], warn_only=value[1]),
    ),
    "filling of new tensors": _inner(
        "_get_deterministic_fill_uninitialized_memory",
        "_set_deterministic_fill_uninitialized_memory",
    )._replace(told=False),
    "oneDNN": _attribute("mkldnn.enabled"),
    "oneDNN deterministic": _attribute("mkldnn.deterministic"),
    "NNPACK": _inner("_get_nnpack_enabled", "_set_nnpack_enabled"),
    "cuDNN": _attribute("cudnn.enabled"),
    "cuDNN benchmark": _attribute("cudnn.benchmark"),
    "cuDNN benchmark limit": _attribute("cudnn.benchmark_limit"),
    "cuDNN deterministic": _attribute("cudnn.deterministic"),
    "float16 sums": _attribute("cuda.matmul.allow_fp16_reduced_precision_reduction"),
    "bfloat16 sums": _attribute("cuda.matmul.allow_bf16_reduced_precision_reduction"),
    "quantized engine": _attribute("quantized.engine"),
    "attention fast path": Switch(
        torch.backends.mha.get_fastpath_enabled, torch.backends.mha.set_fastpath_enabled
    ),
    "flash attention": Switch(
        torch.backends.cuda.flash_sdp_enabled, torch.backends.cuda.enable_flash_sdp
    ),
    "memory-efficient attention": Switch(
        torch.backends.cuda.mem_efficient_sdp_enabled, torch.backends.cuda.enable_mem_efficient_sdp
    ),
    "attention by products": Switch(
        torch.backends.cuda.math_sdp_enabled, torch.backends.cuda.enable_math_sdp
    ),
    "cuDNN attention": Switch(
        torch.backends.cuda.cudnn_sdp_enabled, torch.backends.cuda.enable_cudnn_sdp
    ),
    "autocast": _autocast("cpu"),
    "autocast on cuda": _autocast("cuda"),
    "autocast cache": Switch(
        torch.is_autocast_cache_enabled, torch.set_autocast_cache_enabled, told=False
    ),
    "flushing of denormal numbers": Switch(flushes_denormals, torch.set_flush_denormal),
    "anomaly detection": Switch(
        lambda: (torch.is_anomaly_enabled(), torch.is_anomaly_check_nan_enabled()),
        lambda value: torch.autograd.set_detect_anomaly(*value),
    ),
    "checks of sparse tensors": Switch(
        torch.sparse.check_sparse_tensor_invariants.is_enabled, _check_sparse
    ),
    "profiling executor": _swapped("_jit_set_profiling_executor"),
    "profiling of scripts": _swapped("_jit_set_profiling_mode"),
    "optimising of scripts": _inner("_get_graph_executor_optimize", "_set_graph_executor_optimize"),
}


def _precision(backend: str, op: str) -> Switch:
    return Switch(
        lambda: torch._C._get_fp32_precision_getter(backend, op),  # noqa: SLF001
        lambda value: torch._C._set_fp32_precision_setter(backend, op, value),  # noqa: SLF001
        told=False,
    )


# In this order: setting the first changes the second ones, and the general one those of a backend.
_PRECISIONS: dict[str, Switch] = {
    "float32 matmul precision": Switch(
        torch.get_float32_matmul_precision, torch.set_float32_matmul_precision
    ),
    "float32 precision": _precision("generic", "all")._replace(told=True),
    **{
        f"float32 precision of {backend} {op}": _precision(backend, op)
        for backend in ("mkldnn", "cuda")
        for op in ("all", "matmul", "conv", "rnn")
    },
}


def _collect(value: bool) -> None:  # noqa: FBT001  a setter
    (gc.enable if value else gc.disable)()


def _refill(held_there: dict[Any, Any], content: Mapping[Any, Any]) -> None:
    held_there.clear()
    held_there.update(content)


_HOOKS = [
    hooks
    for name, hooks in vars(global_hooks).items()
    if name.startswith("_global_") and isinstance(hooks, dict)
]


def _put_hooks(contents: tuple[dict[Any, Any], ...]) -> None:
    for hooks, content in zip(_HOOKS, contents, strict=True):
        _refill(hooks, content)


def _put_environment(value: dict[str, str]) -> None:
    for name in os.environ.keys() - value.keys():
        del os.environ[name]
    os.environ.update(value)


def _working_directory() -> str | None:
    with suppress(OSError):  # it may be gone
        return os.getcwd()  # noqa: PTH109  a name, to be compared
    return None


def _go(folder: str | None) -> None:
    with suppress(OSError):
        if folder is not None:
            os.chdir(folder)


_PYTHON: dict[str, Switch] = {
    "working directory": Switch(_working_directory, _go, of_case=True),
    "hooks on all modules": Switch(lambda: tuple(map(dict, _HOOKS)), _put_hooks),
    "garbage collection": Switch(gc.isenabled, _collect, told=False),
    "thresholds of the garbage collection": Switch(
        gc.get_threshold, lambda value: gc.set_threshold(*value), told=False
    ),
    "switch interval": Switch(sys.getswitchinterval, sys.setswitchinterval, told=False),
    "recursion limit": Switch(sys.getrecursionlimit, sys.setrecursionlimit, told=False),
    "profile function": Switch(sys.getprofile, sys.setprofile),
    "environment variables": Switch(lambda: dict(os.environ), _put_environment, told=False),
    **(
        {
            "cores": Switch(
                partial(os.sched_getaffinity, 0), partial(os.sched_setaffinity, 0), of_case=True
            )
        }
        if hasattr(os, "sched_getaffinity")
        else {}
    ),
}
