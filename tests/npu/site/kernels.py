"""Host kernels of known length for the operators of torch_npu, in place of those that CANN would bring.

An operator is computed at once, by PyTorch's CPU kernel on the memory of the device, which on the
simulated runtime is memory of the host. Then its stream is kept busy for as long as the kernel is said to
take. What allocates, makes views or copies between host and device stays torch_npu's own.

    SIMCANN_KERNEL_US   length of every kernel in microseconds                          50
    SIMCANN_NO_KERNEL   operators that shall have no NPU kernel, as "hardswish,relu"    none

An operator without a kernel takes torch_npu's way to the CPU: its warning, or its error under
TORCH_NPU_FALLBACK_CPU_DISABLE=1. Many ATen operators have none in torch_npu 2.13 to begin with, such as
lgamma, hypot, digamma or igamma: they need no setting. PyTorch cannot take back a kernel that a library
has registered, so an operator of SIMCANN_NO_KERNEL becomes a call of a copy, ``simcann::<name>``, that
was only ever defined for the CPU: torch_npu's message says that name.
"""

from __future__ import annotations

import ctypes
import os
from collections import Counter

import torch
from torch.utils._pytree import tree_map

# How often each operator was launched, such as {"aten::relu": 3}.
launched: Counter[str] = Counter()

NATIVE = {
    # allocate
    "empty.memory_format", "empty_strided", "empty_like", "resize_", "_resize_output_",
    "storage_resize_",
    # make views
    "as_strided", "view", "_reshape_alias", "unfold", "_conj", "_neg_view", "set_",
    "set_.source_Storage", "set_.source_Storage_storage_offset", "set_.source_Tensor", "is_set_to",
    "_has_compatible_shallow_copy_type", "_has_same_storage_numel",
    # copy between host and device, or call what does
    "_copy_from_and_resize", "_local_scalar_dense", "_to_copy", "_foreach_copy_",
    # pinned memory, streams, assertions
    "is_pinned", "_pin_memory", "record_stream", "_assert_async",
}  # fmt: skip

_runtime = ctypes.CDLL("libascendcl.so")
_runtime.simcann_launch.argtypes = [ctypes.c_void_p, ctypes.c_double]
_runtime.simcann_launch.restype = None

_kernel_us = float(os.environ.get("SIMCANN_KERNEL_US", "50"))
_without_kernel = set(filter(None, os.environ.get("SIMCANN_NO_KERNEL", "").split(",")))
_libraries: list[torch.library.Library] = []  # what is registered lasts as long as these


def install() -> None:
    """Replace the kernels of all ATen operators that torch_npu has registered."""
    aten = torch.library.Library("aten", "IMPL")
    simcann = torch.library.Library("simcann", "DEF")
    _libraries.extend((aten, simcann))
    for name in _registered():
        operator = _operator(name)
        if operator is None or name in NATIVE or name == "copy_":
            continue
        if name.partition(".")[0] in _without_kernel:
            kernel = _copy_without_npu_kernel(simcann, operator)
        else:
            kernel = _on_host(operator)
        aten.impl(name, kernel, "PrivateUse1", allow_override=True)
    for name in ("convolution_overrideable", "convolution_backward_overrideable"):
        public = name.removesuffix("_overrideable")
        aten.impl(name, _on_host(_operator(public)), "PrivateUse1", allow_override=True)
    aten.impl("copy_", _copy(), "PrivateUse1", with_keyset=True, allow_override=True)


def launch(device: torch.device, microseconds: float = _kernel_us) -> None:
    """Keep the current stream of a device busy, as a kernel of this length would."""
    with torch.npu.device(device):  # a device has streams from the first time that it is set
        _runtime.simcann_launch(torch.npu.current_stream().npu_stream, microseconds)


def _registered() -> list[str]:
    """Names like ``add.Tensor``; torch_npu also registers some that PyTorch does not have."""
    names = torch._C._dispatch_get_registrations_for_dispatch_key("PrivateUse1")
    return [name.removeprefix("aten::") for name in names if name.startswith("aten::")]


def _operator(name):
    packet, _, overload = name.partition(".")
    try:
        return getattr(getattr(torch.ops.aten, packet), overload or "default")
    except AttributeError:
        return None


def _on_host(operator):
    """A kernel that runs the CPU's on the same memory, then keeps the stream busy."""

    def kernel(*args, **kwargs):
        given = []  # pairs: what was given, and the host's view of it
        devices = []  # that were asked for, as by torch.zeros(2, device="npu:1")

        def to_host(value):
            if isinstance(value, torch.device):
                devices.append(value)
                return torch.device("cpu")
            if not _on_npu(value):
                return value
            given.append((value, _host_view(value)))
            return given[-1][1]

        result = operator(*tree_map(to_host, args), **tree_map(to_host, kwargs))
        devices.extend(tensor.device for tensor, _ in given)
        device = devices[0] if devices else torch.device("npu")
        launched[operator.name()] += 1
        launch(device)

        def to_device(value):
            if not isinstance(value, torch.Tensor):
                return value
            for tensor, view in given:
                if value is view:  # in place, or into an out= argument
                    return tensor
            return _moved(value, device)

        return tree_map(to_device, result)

    return kernel


def _copy_without_npu_kernel(simcann, operator):
    schema = str(operator._schema).removeprefix("aten::")
    name = schema.partition("(")[0]
    simcann.define(schema)
    simcann.impl(name, operator, "CPU")
    packet, _, overload = name.partition(".")
    return getattr(getattr(torch.ops.simcann, packet), overload or "default")


def _copy():
    """Between host and device torch_npu's own; within a device it would need CANN's kernels."""
    native = torch.library.get_kernel("aten::copy_", "PrivateUse1")
    on_host = _on_host(torch.ops.aten.copy_.default)

    def copy_(keys, target, source, non_blocking=False):  # noqa: FBT002  PyTorch's signature
        if target.device == source.device:
            return on_host(target, source)
        plain = target.is_contiguous() and source.is_contiguous()
        if plain and target.dtype == source.dtype and target.shape == source.shape:
            return native.call_boxed(keys, target, source, non_blocking)
        # What differs in type or layout is brought over as it is, and changed where it then lies.
        moved = _moved(source.contiguous(), target.device)
        return target.copy_(moved)

    return copy_


def _on_npu(value):
    return isinstance(value, torch.Tensor) and value.device.type == "npu"


def _host_view(tensor):
    """A CPU tensor on the same memory."""
    storage = tensor.untyped_storage()
    if storage.nbytes() == 0:
        return torch.empty_strided(tensor.shape, tensor.stride(), dtype=tensor.dtype)
    memory = (ctypes.c_char * storage.nbytes()).from_address(storage.data_ptr())
    on_host = torch.frombuffer(memory, dtype=torch.uint8).untyped_storage()
    view = torch.empty(0, dtype=tensor.dtype)
    return view.set_(on_host, tensor.storage_offset(), tensor.shape, tensor.stride())


def _moved(tensor, device):
    """A copy on another device; the time of it is part of whatever made the tensor."""
    copy = torch.empty_strided(tensor.shape, tensor.stride(), dtype=tensor.dtype, device=device)
    host = _host_view(copy) if device.type == "npu" else copy
    host.copy_(_host_view(tensor) if _on_npu(tensor) else tensor)
    return copy
