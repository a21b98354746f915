"""Our shape rules against PyTorch's own kernels: the same shape, strides and dtype, or no answer."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.nn import functional as F

from lightbench.costs.shapes import SHAPES

aten = torch.ops.aten
LAYOUTS = {"contiguous": torch.contiguous_format, "channels_last": torch.channels_last}

# Orders of (batch, heads, length, width) in memory: of their own, out of one projection, time first.
HEADS = ((0, 1, 2, 3), (0, 2, 1, 3), (2, 0, 1, 3))

size = st.integers(1, 5)
images = st.tuples(st.integers(1, 2), size, st.integers(1, 9), st.integers(1, 9))
layouts = st.sampled_from(list(LAYOUTS))
dtypes = st.sampled_from([torch.float32, torch.bfloat16, torch.float64, torch.int64])


def made(shape, layout="contiguous", dtype=torch.float32):
    x = torch.randn(shape).to(dtype)
    return x.contiguous(memory_format=LAYOUTS[layout]) if x.dim() == 4 else x


def meta(value):
    if isinstance(value, torch.Tensor):
        return torch.empty_strided(value.shape, value.stride(), dtype=value.dtype, device="meta")
    if isinstance(value, (list, tuple)):
        return type(value)(map(meta, value))
    return value


def looks(tensor):
    """Strides of dimensions of size 1 mean nothing, and kernels differ in them."""
    strides = [stride for n, stride in zip(tensor.shape, tensor.stride(), strict=True) if n > 1]
    return tuple(tensor.shape), strides, tensor.dtype


def agrees(operator, *args):
    """The rule gives what the kernel gives; True if it gave an answer at all."""
    answer = SHAPES[operator](*meta(args))
    if answer is NotImplemented:
        return False
    with torch.inference_mode():
        real = operator(*args)
    pairs = zip(answer, real, strict=True) if isinstance(answer, tuple) else [(answer, real)]
    for ours, theirs in pairs:
        if theirs.numel() > 0:
            assert looks(ours) == looks(theirs)
    return True


UNARY = [
    op
    for op, rule in SHAPES.items()
    if rule.__name__ in ("same", "inplace") and op != aten.batch_norm.default
]


@pytest.mark.parametrize("operator", UNARY, ids=str)
@settings(max_examples=30, deadline=None)
@given(shape=images, layout=layouts, dtype=dtypes)
def test_activations(operator, shape, layout, dtype):
    if not dtype.is_floating_point and operator != aten.relu.default:
        return
    agrees(operator, made(shape, layout, dtype))


@settings(max_examples=100, deadline=None)
@given(shape=images, layout=layouts)
def test_batch_norm(shape, layout):
    c = torch.ones(shape[1])
    agrees(aten.batch_norm.default, made(shape, layout), c, c, c, c, False, 0.1, 1e-5, True)


@pytest.mark.parametrize("name", ["add", "mul", "sub", "div"])
@settings(max_examples=100, deadline=None)
@given(
    shape=images,
    keep=st.tuples(*[st.booleans()] * 4),
    a=layouts,
    b=layouts,
    swap=st.booleans(),
    dtype=dtypes,
)
def test_binary_operators_broadcast(name, shape, keep, a, b, swap, dtype):
    other = tuple(n if k else 1 for n, k in zip(shape, keep, strict=True))
    x, y = made(shape, a), made(other, b, dtype).abs() + 1
    agrees(getattr(aten, name).Tensor, *((y, x) if swap else (x, y)))
    agrees(getattr(aten, name).Tensor, x, 2.0)
    if not swap and dtype == torch.float32:
        agrees(getattr(aten, f"{name}_").Tensor, x, y)


@settings(max_examples=200, deadline=None)
@given(
    shape=images,
    kernel=st.tuples(st.integers(1, 3), st.integers(1, 3)),
    stride=st.integers(1, 3),
    padding=st.integers(0, 2),
    dilation=st.integers(1, 2),
    groups=st.integers(1, 2),
    x_layout=layouts,
    w_layout=layouts,
)
def test_convolution(shape, kernel, stride, padding, dilation, groups, x_layout, w_layout):
    n, c, h, w = shape
    x, filters = made((n, c * groups, h, w), x_layout), made((2 * groups, c, *kernel), w_layout)
    extent = [
        2 * padding + size - dilation * (k - 1) - 1 for size, k in zip((h, w), kernel, strict=True)
    ]
    args = ([stride] * 2, [padding] * 2, [dilation] * 2, groups)
    if min(extent) < 0:
        assert SHAPES[aten.conv2d.default](*meta((x, filters, None)), *args) is NotImplemented
    else:
        agrees(aten.conv2d.default, x, filters, None, *args)


@settings(max_examples=200, deadline=None)
@given(
    shape=images,
    kernel=st.lists(st.integers(1, 3), min_size=1, max_size=2),
    stride=st.lists(st.integers(1, 3), max_size=2),
    padding=st.integers(0, 1),
    ceil=st.booleans(),
    layout=layouts,
)
def test_pooling(shape, kernel, stride, padding, ceil, layout):
    if padding > min(kernel) // 2 or min(shape[2:]) + 2 * padding < max(kernel):
        return
    x = made(shape, layout)
    agrees(aten.max_pool2d.default, x, kernel, stride, [padding] * 2, [1, 1], ceil)
    agrees(aten.avg_pool2d.default, x, kernel, stride, [padding] * 2, ceil)


@settings(max_examples=100, deadline=None)
@given(shape=images, out=st.tuples(st.integers(1, 3), st.integers(1, 3)), layout=layouts)
def test_adaptive_pooling_and_means(shape, out, layout):
    x = made(shape, layout)
    agrees(aten.adaptive_avg_pool2d.default, x, list(out))
    for dims in ([2, 3], [-1], [0, 1]):
        for keep in (False, True):
            agrees(aten.mean.dim, x, dims, keep)


@settings(max_examples=100, deadline=None)
@given(shape=st.lists(size, min_size=1, max_size=4), c=size)
def test_linear(shape, c):
    x = made(shape)
    agrees(aten.linear.default, x, made((c, shape[-1])), made((c,)))
    assert SHAPES[aten.linear.default](*meta((x, made((c, shape[-1] + 1))))) is NotImplemented


@settings(max_examples=100, deadline=None)
@given(shape=images, dim=st.integers(-4, 3), n=st.integers(1, 3), layout=layouts)
def test_concatenation(shape, dim, n, layout):
    agrees(aten.cat.default, [made(shape, layout) for _ in range(n)], dim)


@settings(max_examples=50, deadline=None)
@given(b=size, n=size, m=size, p=size, lengths=st.tuples(size, size), heads=st.sampled_from(HEADS))
def test_products_and_attention(b, n, m, p, lengths, heads):
    agrees(aten.bmm.default, made((b, n, m)), made((b, m, p)))
    sizes = ((b, n, length, m) for length in lengths)
    query, key = (
        made([size[i] for i in heads]).permute(*map(heads.index, range(4))) for size in sizes
    )
    agrees(aten.scaled_dot_product_attention.default, query, key, key)


@pytest.mark.parametrize(
    ("query", "key", "mask"),
    [
        ((1, 1, 4, 6), (3, 2, 4, 6), None),  # one query for all
        ((3, 2, 4, 6), (1, 2, 4, 6), None),
        ((1, 2, 4, 6), (1, 2, 4, 6), (3, 1, 4, 4)),  # a mask for each of three
    ],
)
def test_attention_that_broadcasts_has_the_shape_that_the_kernel_gives_it(query, key, mask):
    given = (made(query), made(key), made(key), None if mask is None else made(mask))
    assert SHAPES[aten.scaled_dot_product_attention.default](*meta(given)) is NotImplemented


@pytest.mark.parametrize(
    "operator",
    [aten.layer_norm.default, aten.group_norm.default, aten.roll.default, aten.softmax.int],
    ids=str,
)
@settings(max_examples=50, deadline=None)
@given(shape=images, layout=layouts)
def test_operators_that_keep_the_shape(operator, shape, layout):
    x = made(shape, layout)
    extra = {
        aten.layer_norm.default: (list(shape[1:]),),
        aten.group_norm.default: (1,),
        aten.roll.default: ([1], [2]),
        aten.softmax.int: (1,),
    }
    agrees(operator, x, *extra[operator])


@settings(max_examples=50, deadline=None)
@given(shape=images, layout=layouts, swap=st.booleans())
def test_contiguous(shape, layout, swap):
    x = made(shape, layout)
    agrees(aten.contiguous.default, x.transpose(1, 2) if swap else x)


@pytest.mark.parametrize("kind", [nn.LSTM, nn.GRU, nn.RNN])
@pytest.mark.parametrize("batch_first", [False, True])
@pytest.mark.parametrize("bidirectional", [False, True])
def test_recurrent_networks(kind, batch_first, bidirectional):
    network = kind(3, 4, num_layers=2, batch_first=batch_first, bidirectional=bidirectional)
    x = made((5, 2, 3))
    state = made((2 * (1 + bidirectional), 5 if batch_first else 2, 4))
    operator = {nn.LSTM: aten.lstm.input, nn.GRU: aten.gru.input, nn.RNN: aten.rnn_tanh.input}[kind]
    hidden = [state, state] if kind is nn.LSTM else state
    weights = [p.detach() for p in network._flat_weights]
    assert agrees(operator, x, hidden, weights, True, 2, 0.0, False, bidirectional, batch_first)


@pytest.mark.parametrize(
    "call",
    [
        lambda x, w: agrees(aten.relu.default, x),
        lambda x, w: agrees(aten.conv2d.default, x, w, None, [1, 1], [1, 1], [1, 1], 1),
        lambda x, w: agrees(aten.add.Tensor, x, x),
        lambda x, w: agrees(aten.mul.Tensor, x, x.mean((2, 3), keepdim=True)),
        lambda x, w: agrees(aten.max_pool2d.default, x, [2]),
        lambda x, w: agrees(aten.cat.default, [x, x], 1),
    ],
)
def test_the_usual_calls_have_an_answer(call):
    """A rule that never answers would pass every other test here, and make counting slow."""
    assert call(made((2, 4, 8, 8)), made((4, 4, 3, 3)))


def test_a_kernel_argument_that_changes_the_output_is_not_ignored():
    assert SHAPES[aten.relu.default](meta(made((2, 3)).to(torch.int64))) is NotImplemented
    assert SHAPES[aten.softmax.int](meta(made((2, 3))), 1, torch.float64) is NotImplemented
    assert F.softmax(made((2, 3)), 1, dtype=torch.float64).dtype == torch.float64
