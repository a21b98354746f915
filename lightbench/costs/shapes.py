"""Output of the hot operators on meta tensors, without asking PyTorch.

PyTorch's own meta kernels of batch norm, activations and pooling are written in Python and take
0.03 to 1.3 ms a call, more than the real network needs. These rules take a few microseconds. Each
one either returns exactly the shape, strides and dtype that the operator would, or
``NotImplemented`` for any unusual call: then PyTorch's kernel is asked.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

aten = torch.ops.aten
Shape = Callable[..., Any]

_META = torch.device("meta")  # a name would be read anew in every call
_CHANNELS_LAST = {4: torch.channels_last, 5: torch.channels_last_3d}


def _new(like: Tensor, shape: tuple[int, ...], layout: torch.memory_format) -> Tensor:
    return torch.empty(shape, dtype=like.dtype, device=_META, memory_format=layout)


def _is_channels_last(x: Tensor) -> bool:
    layout = _CHANNELS_LAST.get(x.dim())
    return layout is not None and x.is_contiguous(memory_format=layout)


def _layout(x: Tensor) -> torch.memory_format | None:
    """How an output that follows ``x`` is laid out; None if that is not obvious."""
    if x.is_contiguous():
        if _is_channels_last(x) and x.stride() != _strides(x.shape):
            return None  # one channel, or 1x1: both at once, and the strides are neither's own
        return torch.contiguous_format
    return _CHANNELS_LAST[x.dim()] if _is_channels_last(x) else None


def _strides(shape: torch.Size) -> tuple[int, ...]:
    strides = [1]
    for size in reversed(shape[1:]):
        strides.append(strides[-1] * size)
    return tuple(reversed(strides))


def same(x: Tensor, *_args: Any, **kwargs: Any) -> Any:
    """Activations and norms: one output like the input."""
    if kwargs or not x.is_floating_point():
        return NotImplemented
    if x.is_contiguous() or _is_channels_last(x):
        return torch.empty_strided(x.shape, x.stride(), dtype=x.dtype, device=_META)
    return NotImplemented


def inplace(x: Tensor, *_args: Any, **_kwargs: Any) -> Any:
    """In-place activations: the input itself."""
    return x


def binary(a: Tensor, b: Any, **kwargs: Any) -> Any:
    """Element-wise operators on contiguous operands of one rank, or an operand and a number."""
    if kwargs or not a.is_floating_point():
        return NotImplemented
    if isinstance(b, (int, float)):
        return same(a)
    if not isinstance(b, Tensor) or a.dtype != b.dtype or a.dim() != b.dim():
        return NotImplemented
    if a.shape == b.shape and a.stride() == b.stride():
        return same(a)
    if _layout(a) is not torch.contiguous_format or _layout(b) is not torch.contiguous_format:
        return NotImplemented
    shape = tuple(map(max, a.shape, b.shape))  # (n, c, 1, 1) * (n, c, h, w)
    fits = all(i in (n, 1) and j in (n, 1) for n, i, j in zip(shape, a.shape, b.shape, strict=True))
    return torch.empty(shape, dtype=a.dtype, device=_META) if fits else NotImplemented


def binary_inplace(a: Tensor, b: Any, **_kwargs: Any) -> Any:
    """``a += b`` where b has a's shape, or is a number."""
    if isinstance(b, Tensor) and (b.shape != a.shape or a.dtype != b.dtype):
        return NotImplemented
    return a


def conv2d(
    x: Tensor,
    w: Tensor,
    bias: Tensor | None = None,
    stride: Any = (1, 1),
    padding: Any = (0, 0),
    dilation: Any = (1, 1),
    groups: int = 1,
) -> Any:
    if x.dim() != 4 or x.dtype != w.dtype or (bias is not None and bias.dtype != w.dtype):
        return NotImplemented
    if x.shape[1] != w.shape[1] * groups or w.shape[0] % groups:
        return NotImplemented  # PyTorch says what is wrong
    layout = _layout(x)
    if layout is None or (layout is torch.contiguous_format and not w.is_contiguous()):
        return NotImplemented
    n, _, height, width = x.shape
    c_out, _, k_h, k_w = w.shape
    h_out = _positions(height, k_h, *_pairs(stride, padding, dilation, 0))
    w_out = _positions(width, k_w, *_pairs(stride, padding, dilation, -1))
    return _new(x, (n, c_out, h_out, w_out), layout) if min(h_out, w_out) > 0 else NotImplemented


def _pairs(stride: Any, padding: Any, dilation: Any, i: int) -> tuple[int, int, int]:
    return stride[i], padding[i], dilation[i]


def _positions(size: int, kernel: int, stride: int, padding: int, dilation: int = 1) -> int:
    """How often a window fits: the output size of a convolution or pooling."""
    return (size + 2 * padding - dilation * (kernel - 1) - 1) // stride + 1


def max_pool2d(
    x: Tensor,
    kernel: Any,
    stride: Any = (),
    padding: Any = (0, 0),
    dilation: Any = (1, 1),
    ceil_mode: bool = False,  # noqa: FBT001, FBT002
) -> Any:
    """Max pooling without ceil_mode, whose last window has a rule of its own."""
    layout = _layout(x) if x.dim() == 4 else None
    if ceil_mode or layout is None:
        return NotImplemented
    n, c, height, width = x.shape
    kernel = (*kernel, *kernel)[:2]
    stride = (*stride, *stride)[:2] or kernel
    padding, dilation = (*padding, *padding)[:2], (*dilation, *dilation)[:2]
    h_out = _positions(height, kernel[0], stride[0], padding[0], dilation[0])
    w_out = _positions(width, kernel[1], stride[1], padding[1], dilation[1])
    return _new(x, (n, c, h_out, w_out), layout) if min(h_out, w_out) > 0 else NotImplemented


def avg_pool2d(
    x: Tensor,
    kernel: Any,
    stride: Any = (),
    padding: Any = (0, 0),
    ceil_mode: bool = False,  # noqa: FBT001, FBT002
    *_args: Any,
) -> Any:
    """Average pooling: like max pooling without dilation."""
    return max_pool2d(x, kernel, stride, padding, (1, 1), ceil_mode)


def adaptive_avg_pool2d(x: Tensor, size: Any) -> Any:
    """Average pooling to a given size (a contiguous input: to 1x1 it is a mean, with its strides)."""
    if x.dim() != 4 or _layout(x) is not torch.contiguous_format:
        return NotImplemented
    return torch.empty((*x.shape[:2], *(*size, *size)[:2]), dtype=x.dtype, device=_META)


def mean(x: Tensor, dims: Any = None, keepdim: bool = False, **kwargs: Any) -> Any:  # noqa: FBT001, FBT002
    """Mean over some dimensions of a contiguous tensor."""
    if kwargs or not dims or not x.is_contiguous() or not x.is_floating_point():
        return NotImplemented
    gone = {d % x.dim() for d in dims}
    shape = tuple(1 if d in gone else s for d, s in enumerate(x.shape) if keepdim or d not in gone)
    return torch.empty(shape, dtype=x.dtype, device=_META)


def linear(x: Tensor, w: Tensor, bias: Tensor | None = None) -> Any:
    if x.dtype != w.dtype or x.shape[-1] != w.shape[-1] or w.dim() != 2 or not x.is_contiguous():
        return NotImplemented
    if bias is not None and (bias.dtype != w.dtype or bias.shape[0] != w.shape[0]):
        return NotImplemented
    return torch.empty((*x.shape[:-1], w.shape[0]), dtype=x.dtype, device=_META)


def bmm(a: Tensor, b: Tensor) -> Any:
    if a.dtype != b.dtype or a.dim() != 3 or b.dim() != 3 or a.shape[2] != b.shape[1]:
        return NotImplemented
    if a.shape[0] != b.shape[0]:
        return NotImplemented
    return torch.empty((a.shape[0], a.shape[1], b.shape[2]), dtype=a.dtype, device=_META)


def cat(tensors: list[Tensor], dim: int = 0) -> Any:
    """Concatenation of contiguous tensors of one dtype and rank."""
    first = tensors[0]
    rank, dtype = first.dim(), first.dtype
    dim %= rank
    total, rest = 0, (*first.shape[:dim], *first.shape[dim + 1 :])
    for x in tensors:
        if x.dtype != dtype or x.dim() != rank or not x.is_contiguous() or _layout(x) is None:
            return NotImplemented
        if (*x.shape[:dim], *x.shape[dim + 1 :]) != rest:
            return NotImplemented
        total += x.shape[dim]
    return torch.empty((*rest[:dim], total, *rest[dim:]), dtype=dtype, device=_META)


def layer_norm(x: Tensor, *_args: Any) -> Any:
    """Layer norm always returns a contiguous tensor."""
    return (
        torch.empty(x.shape, dtype=x.dtype, device=_META) if x.is_contiguous() else NotImplemented
    )


def softmax(x: Tensor, _dim: int, dtype: Any = None) -> Any:
    """Softmax, like layer norm, returns a contiguous tensor."""
    return layer_norm(x) if dtype is None and x.is_floating_point() else NotImplemented


def attention(q: Tensor, k: Tensor, v: Tensor, *args: Any, **_kwargs: Any) -> Any:
    """Scaled dot product attention on CPU: (N, H, L, E), laid out like the query.

    Where query, key, value or mask broadcast, the kernel is asked."""
    if q.dim() != 4 or not q.dtype == k.dtype == v.dtype:
        return NotImplemented
    if k.shape != v.shape or q.shape[:2] != k.shape[:2] or q.shape[-1] != k.shape[-1]:
        return NotImplemented
    if args and args[0] is not None and not _fits_in(args[0].shape, (*q.shape[:3], k.shape[2])):
        return NotImplemented
    if not q.stride(3) == k.stride(3) == v.stride(3) == 1 or not q.is_floating_point():
        return NotImplemented
    return torch.empty_like(q)


def _fits_in(shape: torch.Size, whole: tuple[int, ...]) -> bool:
    """Does a mask broadcast to the scores without making them more?"""
    if len(shape) > len(whole):
        return False
    return all(n in (1, m) for n, m in zip(reversed(shape), reversed(whole), strict=False))


def roll(x: Tensor, *_args: Any) -> Any:
    """Swin's shifted windows; roll always makes a contiguous copy."""
    return (
        torch.empty(x.shape, dtype=x.dtype, device=_META) if x.is_contiguous() else NotImplemented
    )


def contiguous(x: Tensor, **kwargs: Any) -> Any:
    """The tensor itself if it is contiguous already, else a copy."""
    if kwargs or x.is_contiguous():
        return NotImplemented if kwargs else x
    return torch.empty(x.shape, dtype=x.dtype, device=_META)


def lstm(x: Tensor, hidden: Any, _weights: Any, *settings: Any) -> Any:
    """(T, B, c) to (T, B, directions x hidden), and the last states like the first ones."""
    bidirectional, batch_first = settings[4], settings[5]
    if len(hidden) != 2 or x.dim() != 3 or not all(isinstance(h, Tensor) for h in hidden):
        return NotImplemented
    a, b = (1, 0) if batch_first else (0, 1)
    width = hidden[0].shape[-1] * (2 if bidirectional else 1)
    out = torch.empty((x.shape[a], x.shape[b], width), dtype=x.dtype, device=_META)
    last = (torch.empty(h.shape, dtype=h.dtype, device=_META) for h in hidden)
    return out.transpose(0, 1) if batch_first else out, *last


def gru(x: Tensor, hidden: Tensor, weights: Any, *settings: Any) -> Any:
    """As ``lstm``, with one state."""
    out = lstm(x, (hidden, hidden), weights, *settings)
    return out if out is NotImplemented else out[:2]


_UNARY = [
    "relu",
    "hardswish",
    "hardsigmoid",
    "sigmoid",
    "silu",
    "gelu",
    "tanh",
    "elu",
    "leaky_relu",
    "mish",
    "hardtanh",
]

SHAPES: dict[Any, Shape] = {
    **{getattr(aten, name).default: same for name in _UNARY},
    **{getattr(aten, f"{name}_").default: inplace for name in _UNARY},
    aten.batch_norm.default: same,
    aten.group_norm.default: layer_norm,
    aten.layer_norm.default: layer_norm,
    aten.softmax.int: softmax,
    **{getattr(aten, name).Tensor: binary for name in ("add", "sub", "mul", "div")},
    **{getattr(aten, f"{name}_").Tensor: binary_inplace for name in ("add", "sub", "mul", "div")},
    aten.conv2d.default: conv2d,
    aten.max_pool2d.default: max_pool2d,
    aten.avg_pool2d.default: avg_pool2d,
    aten.adaptive_avg_pool2d.default: adaptive_avg_pool2d,
    aten.mean.dim: mean,
    aten.linear.default: linear,
    aten.bmm.default: bmm,
    aten.cat.default: cat,
    aten.scaled_dot_product_attention.default: attention,
    aten.roll.default: roll,
    aten.contiguous.default: contiguous,
    aten.lstm.input: lstm,
    aten.gru.input: gru,
    aten.rnn_tanh.input: gru,
    aten.rnn_relu.input: gru,
}
